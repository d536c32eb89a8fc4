package edge

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/tabernetes/tabernetes/core/rest"
)

// Go programs that speak protobuf send CustomResourceDefinitions that way too.
// The API server reads their JSON alone, so that the browser need not carry more:
// here one is made of the other, by the field numbers of
// k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1/generated.proto.

const (
	mediaProtobuf   = "application/vnd.kubernetes.protobuf"
	definitionsPath = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
)

// fieldKind is how a field is encoded: one of the kinds below, or the name of a message.
type fieldKind string

const (
	text    fieldKind = "text"
	number  fieldKind = "number"
	boolean fieldKind = "boolean"
	double  fieldKind = "double"
	data    fieldKind = "data" // bytes, base64 in JSON
)

// field is a field of a message: its JSON name, and how it is encoded; [] is
// before a list, {} before a map.
type field struct {
	json string
	kind fieldKind
}

// fields are a message's fields by number.
type fields map[protowire.Number]field

// definitionMessages are the messages of a definition, but for metadata and the
// unions of a schema with something else.
var definitionMessages = map[fieldKind]fields{
	"Definition": {1: {"metadata", "ObjectMeta"}, 2: {"spec", "Spec"}, 3: {"status", "Status"}},
	"Spec": {1: {"group", text}, 3: {"names", "Names"}, 4: {"scope", text}, 7: {"versions", "[]Version"},
		9: {"conversion", "Conversion"}, 10: {"preserveUnknownFields", boolean}},
	"Names": {1: {"plural", text}, 2: {"singular", text}, 3: {"shortNames", "[]text"}, 4: {"kind", text},
		5: {"listKind", text}, 6: {"categories", "[]text"}},
	"Version": {1: {"name", text}, 2: {"served", boolean}, 3: {"storage", boolean}, 4: {"schema", "Validation"},
		5: {"subresources", "Subresources"}, 6: {"additionalPrinterColumns", "[]Column"}, 7: {"deprecated", boolean},
		8: {"deprecationWarning", text}, 9: {"selectableFields", "[]Selectable"}},
	"Selectable": {1: {"jsonPath", text}},
	"Column": {1: {"name", text}, 2: {"type", text}, 3: {"format", text}, 4: {"description", text},
		5: {"priority", number}, 6: {"jsonPath", text}},
	"Conversion":   {1: {"strategy", text}, 2: {"webhook", "Webhook"}},
	"Webhook":      {2: {"clientConfig", "ClientConfig"}, 3: {"conversionReviewVersions", "[]text"}},
	"ClientConfig": {1: {"service", "Service"}, 2: {"caBundle", data}, 3: {"url", text}},
	"Service":      {1: {"namespace", text}, 2: {"name", text}, 3: {"path", text}, 4: {"port", number}},
	"Validation":   {1: {"openAPIV3Schema", "Schema"}},
	"Subresources": {1: {"status", "Nothing"}, 2: {"scale", "Scale"}},
	"Nothing":      {},
	"Scale":        {1: {"specReplicasPath", text}, 2: {"statusReplicasPath", text}, 3: {"labelSelectorPath", text}},
	"Status": {1: {"conditions", "[]Condition"}, 2: {"acceptedNames", "Names"}, 3: {"storedVersions", "[]text"},
		4: {"observedGeneration", number}},
	"Condition": {1: {"type", text}, 2: {"status", text}, 3: {"lastTransitionTime", "Time"}, 4: {"reason", text},
		5: {"message", text}, 6: {"observedGeneration", number}},
	"Schema": {1: {"id", text}, 2: {"$schema", text}, 3: {"$ref", text}, 4: {"description", text}, 5: {"type", text},
		6: {"format", text}, 7: {"title", text}, 8: {"default", "JSON"}, 9: {"maximum", double}, 10: {"exclusiveMaximum", boolean},
		11: {"minimum", double}, 12: {"exclusiveMinimum", boolean}, 13: {"maxLength", number}, 14: {"minLength", number},
		15: {"pattern", text}, 16: {"maxItems", number}, 17: {"minItems", number}, 18: {"uniqueItems", boolean},
		19: {"multipleOf", double}, 20: {"enum", "[]JSON"}, 21: {"maxProperties", number}, 22: {"minProperties", number},
		23: {"required", "[]text"}, 24: {"items", "Items"}, 25: {"allOf", "[]Schema"}, 26: {"oneOf", "[]Schema"},
		27: {"anyOf", "[]Schema"}, 28: {"not", "Schema"}, 29: {"properties", "{}Schema"}, 30: {"additionalProperties", "OrBool"},
		31: {"patternProperties", "{}Schema"}, 33: {"additionalItems", "OrBool"}, 34: {"definitions", "{}Schema"},
		35: {"externalDocs", "Docs"}, 36: {"example", "JSON"}, 37: {"nullable", boolean},
		38: {"x-kubernetes-preserve-unknown-fields", boolean}, 39: {"x-kubernetes-embedded-resource", boolean},
		40: {"x-kubernetes-int-or-string", boolean}, 41: {"x-kubernetes-list-map-keys", "[]text"},
		42: {"x-kubernetes-list-type", text}, 43: {"x-kubernetes-map-type", text}, 44: {"x-kubernetes-validations", "[]Rule"}},
	"Rule": {1: {"rule", text}, 2: {"message", text}, 3: {"messageExpression", text}, 4: {"reason", text},
		5: {"fieldPath", text}, 6: {"optionalOldSelf", boolean}},
	"Docs":   {1: {"description", text}, 2: {"url", text}},
	"Items":  {1: {"schema", "Schema"}, 2: {"schemas", "[]Schema"}},
	"OrBool": {1: {"allows", boolean}, 2: {"schema", "Schema"}},
}

// definitionJSON puts the body of a message that brings a definition as
// protobuf into JSON; any other message stays as it is.
func definitionJSON(m rest.Message) rest.Message {
	path, _, _ := strings.Cut(m.Path, "?")
	if !strings.HasPrefix(path, definitionsPath) || !strings.HasPrefix(m.Header["Content-Type"], mediaProtobuf) || m.Method == "DELETE" {
		return m
	}
	inner, found := bytes.CutPrefix(m.Body, []byte("k8s\x00"))
	var unknown runtime.Unknown
	if !found || unknown.Unmarshal(inner) != nil || unknown.Kind != "CustomResourceDefinition" {
		return m // the API server says what is wrong
	}
	obj, err := readMessage(unknown.Raw, "Definition", 0)
	if err != nil {
		return m
	}
	crd := obj.(map[string]any)
	crd["apiVersion"], crd["kind"] = unknown.APIVersion, unknown.Kind
	body, err := json.Marshal(crd)
	if err != nil {
		return m
	}
	m.Body = body
	m.Header["Content-Type"] = "application/json"
	return m
}

// maxDepth bounds how deep schemas may be in each other.
const maxDepth = 200

var errDepth = errors.New("schemas are nested too deep")

// readMessage reads a message of a kind as decoded JSON.
func readMessage(b []byte, kind fieldKind, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errDepth
	}
	switch kind {
	case "ObjectMeta":
		meta := &metav1.ObjectMeta{}
		return meta, meta.Unmarshal(b)
	case "Time":
		at := &metav1.Time{}
		return at, at.Unmarshal(b)
	case "JSON":
		return readJSON(b)
	}
	known, out := definitionMessages[kind], map[string]any{}
	for len(b) > 0 {
		num, wire, n := protowire.ConsumeTag(b)
		if n < 0 {
			return nil, protowire.ParseError(n)
		}
		b = b[n:]
		size := protowire.ConsumeFieldValue(num, wire, b)
		if size < 0 {
			return nil, protowire.ParseError(size)
		}
		if f, ok := known[num]; ok {
			if err := f.read(out, wire, b[:size], depth); err != nil {
				return nil, fmt.Errorf("%s: %w", f.json, err)
			}
		}
		b = b[size:]
	}
	return union(kind, out), nil
}

// union is what stands for a schema or something else.
func union(kind fieldKind, m map[string]any) any {
	if kind != "Items" && kind != "OrBool" {
		return m
	}
	for _, name := range []string{"schema", "schemas", "allows"} {
		if v, there := m[name]; there {
			return v
		}
	}
	return false
}

// read reads one value of a field into a message.
func (f field) read(out map[string]any, wire protowire.Type, b []byte, depth int) error {
	if kind, list := strings.CutPrefix(string(f.kind), "[]"); list {
		v, err := readValue(wire, b, fieldKind(kind), depth)
		items, _ := out[f.json].([]any)
		out[f.json] = append(items, v)
		return err
	}
	if kind, isMap := strings.CutPrefix(string(f.kind), "{}"); isMap {
		entry := fields{1: {"key", text}, 2: {"value", fieldKind(kind)}}
		return f.readEntry(out, b, entry, depth)
	}
	v, err := readValue(wire, b, f.kind, depth)
	out[f.json] = v
	return err
}

// readEntry reads a key and its value.
func (f field) readEntry(out map[string]any, b []byte, entry fields, depth int) error {
	b, n := protowire.ConsumeBytes(b)
	if n < 0 {
		return protowire.ParseError(n)
	}
	pair := map[string]any{}
	for len(b) > 0 {
		num, wire, n := protowire.ConsumeTag(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		size := protowire.ConsumeFieldValue(num, wire, b)
		if size < 0 {
			return protowire.ParseError(size)
		}
		if f, ok := entry[num]; ok {
			if err := f.read(pair, wire, b[:size], depth); err != nil {
				return err
			}
		}
		b = b[size:]
	}
	m, _ := out[f.json].(map[string]any)
	if m == nil {
		m = map[string]any{}
		out[f.json] = m
	}
	key, _ := pair["key"].(string)
	m[key] = pair["value"]
	return nil
}

func readValue(wire protowire.Type, b []byte, kind fieldKind, depth int) (any, error) {
	switch wire {
	case protowire.VarintType:
		v, _ := protowire.ConsumeVarint(b)
		if kind == boolean {
			return v != 0, nil
		}
		return int64(v), nil
	case protowire.Fixed64Type:
		v, _ := protowire.ConsumeFixed64(b)
		return math.Float64frombits(v), nil
	case protowire.BytesType:
		v, _ := protowire.ConsumeBytes(b)
		switch kind {
		case text:
			return string(v), nil
		case data:
			return v, nil
		}
		return readMessage(v, kind, depth+1)
	}
	return nil, fmt.Errorf("wire type %d is of no field", wire)
}

// readJSON is the one field of a JSON value, as it stands there.
func readJSON(b []byte) (any, error) {
	for len(b) > 0 {
		num, wire, n := protowire.ConsumeTag(b)
		if n < 0 {
			return nil, protowire.ParseError(n)
		}
		size := protowire.ConsumeFieldValue(num, wire, b[n:])
		if size < 0 {
			return nil, protowire.ParseError(size)
		}
		if num == 1 && wire == protowire.BytesType {
			v, _ := protowire.ConsumeBytes(b[n:])
			if !json.Valid(v) {
				return nil, errors.New("not JSON")
			}
			return json.RawMessage(v), nil
		}
		b = b[n+size:]
	}
	return nil, nil
}
