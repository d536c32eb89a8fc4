package apiserver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/duration"
	"sigs.k8s.io/yaml"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/managed"
	"github.com/tabernetes/tabernetes/core/rest"
)

const (
	mediaJSON = "application/json"
	mediaYAML = "application/yaml"

	asTable       = "Table"
	asPartial     = "PartialObjectMetadata"
	asPartialList = "PartialObjectMetadataList"
)

// format is how an answer is to be written.
type format struct {
	media   string
	as      string // asTable, asPartial, asPartialList, or "" for the object itself
	version string // of that form: v1, or v1beta1 for those who still ask for it
	pretty  bool
	include metav1.IncludeObjectPolicy // what a table's rows carry
}

var plainFormat = format{media: mediaJSON, version: "v1"}

// mediaType is a Content-Type without its parameters.
func mediaType(header string) string {
	media, _, _ := strings.Cut(header, ";")
	return strings.ToLower(strings.TrimSpace(media))
}

// negotiate finds the first form in Accept that can be served
// (pkg/endpoints/handlers/negotiation). Weights are not looked at: no client
// of Kubernetes sends any.
func negotiate(m *message, verb string) (format, error) {
	f := plainFormat
	f.pretty = boolOption(m.query, "pretty") || m.query.Get("pretty") == "" && isBrowser(m.Header["User-Agent"])
	f.include = metav1.IncludeObjectPolicy(m.query.Get("includeObject"))
	accept := m.Header["Accept"]
	if strings.TrimSpace(accept) == "" {
		return f, nil
	}
	known := false
	for _, clause := range strings.Split(accept, ",") {
		media, as, version, ok := acceptClause(clause, verb)
		known = known || media != ""
		if verb == rest.Watch && media == mediaYAML {
			f.media = media // that of the error, if it comes to one
		}
		if ok {
			f.media, f.as = media, as
			if as != "" {
				f.version = version
			}
			return f, nil
		}
	}
	return f, errNotAcceptable(verb, known)
}

// acceptClause reads one part of an Accept header. media is "" where it is unknown.
func acceptClause(clause, verb string) (media, as, version string, ok bool) {
	params := strings.Split(clause, ";")
	switch media = strings.ToLower(strings.TrimSpace(params[0])); media {
	case "*/*", "application/*":
		media = mediaJSON
	case mediaJSON:
	case mediaProtobuf:
		if verb == verbDiscover {
			return media, "", "", false
		}
	case mediaYAML:
		if verb == rest.Watch {
			return media, "", "", false
		}
	default:
		return "", "", "", false
	}
	group := ""
	for _, p := range params[1:] {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		switch name {
		case "as":
			as = value
		case "g":
			group = value
		case "v":
			version = value
		}
	}
	switch as {
	case "":
		return media, "", "", true
	case asTable, asPartial, asPartialList:
		if media == mediaProtobuf && as == asTable {
			return media, as, version, false // a table has no protobuf
		}
		known := group == metav1.GroupName && (version == "v1" || version == "v1beta1")
		return media, as, version, known && verb != verbDiscover && verb != verbReview
	}
	return media, as, version, false
}

// kind is the type of what is shown in another form.
func (f *format) kind(name string) schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: metav1.GroupName, Version: f.version, Kind: name}
}

func errNotAcceptable(verb string, known bool) error {
	types := []string{mediaJSON, mediaYAML, mediaProtobuf}
	if verb == rest.Watch {
		types = []string{mediaJSON + streamWatch, mediaProtobuf + streamWatch}
	}
	if known || verb == rest.Watch {
		return &apierrors.StatusError{ErrStatus: metav1.Status{
			Status: metav1.StatusFailure, Code: codeNotAcceptable, Reason: metav1.StatusReasonNotAcceptable,
			Message: "only the following media types are accepted: " + strings.Join(types, ", "),
		}}
	}
	return plainError(codeNotAcceptable, metav1.StatusReasonNotAcceptable,
		"406: Not Acceptable\n\nAvailable representations: "+strings.Join(types, ", "))
}

// isBrowser tells whether a person is reading: those get indented JSON.
func isBrowser(agent string) bool {
	return strings.HasPrefix(agent, "curl") || strings.HasPrefix(agent, "Wget") || strings.HasPrefix(agent, "Mozilla/5.0")
}

// reply puts JSON, or what is protobuf already, into the form's media type.
func (f format) reply(code int, data []byte, warnings []string) rest.Reply {
	switch {
	case f.media == mediaProtobuf:
	case f.media == mediaYAML:
		if y, err := yaml.JSONToYAML(data); err == nil {
			data = y
		}
	case f.pretty:
		var out bytes.Buffer
		if json.Indent(&out, bytes.TrimSpace(data), "", "  ") == nil {
			data = out.Bytes()
		}
	}
	out := rest.Reply{Code: code, Body: data, Header: rest.Header{
		"Content-Type": f.media, "Cache-Control": "no-cache, private",
	}}
	if len(warnings) > 0 {
		out.Header["Warning"] = warningHeader(warnings)
	}
	return out
}

// encodeList writes a list item by item, so that nothing is copied into a typed list.
func encodeList(l *listing, f format, now time.Time) ([]byte, error) {
	switch f.as {
	case asTable:
		objs := make([]runtime.Object, len(l.items))
		for i, item := range l.items {
			objs[i] = item
		}
		return encodeTable(l.res, objs, &l.meta, f, now, true)
	case asPartial, asPartialList:
		return encodeItems(metav1.TypeMeta{Kind: asPartialList, APIVersion: metav1.GroupName + "/" + f.version}, l,
			func(obj api.Object) ([]byte, error) { return json.Marshal(f.partial(obj)) })
	}
	return encodeItems(metav1.TypeMeta{Kind: l.res.ListGVK().Kind, APIVersion: l.res.APIVersion()}, l,
		func(obj api.Object) ([]byte, error) {
			if l.res.Custom != nil {
				return json.Marshal(api.Shown(obj))
			}
			item := shallowCopy(obj)
			item.GetObjectKind().SetGroupVersionKind(schema.GroupVersionKind{})
			return json.Marshal(api.Shown(item))
		})
}

func encodeItems(kind metav1.TypeMeta, l *listing, item func(api.Object) ([]byte, error)) ([]byte, error) {
	var out bytes.Buffer
	listMeta, err := json.Marshal(&l.meta)
	if err != nil {
		return nil, err
	}
	if l.res.Custom != nil && l.meta.Continue == "" && kind.Kind != asPartialList {
		listMeta = append([]byte(`{"continue":"",`), listMeta[1:]...) // as unstructured lists are written
	}
	fmt.Fprintf(&out, `{"kind":%q,"apiVersion":%q,"metadata":%s,"items":[`, kind.Kind, kind.APIVersion, listMeta)
	for i, obj := range l.items {
		if i > 0 {
			out.WriteByte(',')
		}
		data, err := item(obj)
		if err != nil {
			return nil, err
		}
		out.Write(data)
	}
	out.WriteString("]}\n")
	return out.Bytes(), nil
}

// partial is an object's metadata alone.
func (f *format) partial(obj metav1.Object) *metav1.PartialObjectMetadata {
	p := meta.AsPartialObjectMetadata(obj)
	p.ManagedFields = managed.Expand(p.ManagedFields)
	p.SetGroupVersionKind(f.kind(asPartial))
	return p
}

func (f *format) encodePartial(obj runtime.Object) ([]byte, error) {
	m, err := meta.Accessor(obj)
	if err != nil {
		return api.EncodeJSON(obj)
	}
	data, err := json.Marshal(f.partial(m))
	return append(data, '\n'), err
}

// tableOf are the columns of an object and how its row is made: the
// resource's, or those of what a subresource shows.
func tableOf(res *api.Resource, obj runtime.Object) ([]metav1.TableColumnDefinition, func(now time.Time) []any) {
	switch o := obj.(type) {
	case *autoscalingv1.Scale:
		return scaleColumns, func(now time.Time) []any {
			age := duration.HumanDuration(now.Sub(o.CreationTimestamp.Time))
			return []any{o.Name, int64(o.Spec.Replicas), int64(o.Status.Replicas), age}
		}
	case api.Object:
		if res.Row != nil {
			return res.Columns, func(now time.Time) []any { return res.Row(o, now) }
		}
	}
	return nameAndAge, func(time.Time) []any {
		m, err := meta.Accessor(obj)
		if err != nil {
			return []any{"", ""}
		}
		return []any{m.GetName(), m.GetCreationTimestamp().UTC().Format(time.RFC3339)}
	}
}

// nameAndAge are upstream's default columns (pkg/registry/rest/table.go of the
// generic API server), scaleColumns a Scale's (pkg/printers/internalversion).
var (
	nameAndAge = []metav1.TableColumnDefinition{
		{Name: "Name", Type: "string", Format: "name", Description: metav1.ObjectMeta{}.SwaggerDoc()["name"]},
		{Name: "Created At", Type: "date", Description: metav1.ObjectMeta{}.SwaggerDoc()["creationTimestamp"]},
	}
	scaleColumns = []metav1.TableColumnDefinition{
		{Name: "Name", Type: "string", Description: metav1.ObjectMeta{}.SwaggerDoc()["name"]},
		{Name: "Desired", Type: "integer", Description: autoscalingv1.ScaleSpec{}.SwaggerDoc()["replicas"]},
		{Name: "Available", Type: "integer", Description: autoscalingv1.ScaleStatus{}.SwaggerDoc()["replicas"]},
		{Name: "Age", Type: "string", Description: metav1.ObjectMeta{}.SwaggerDoc()["creationTimestamp"]},
	}
)

// table makes the table of objects of one type.
func (f *format) table(res *api.Resource, objs []runtime.Object, now time.Time) (*metav1.Table, error) {
	t := &metav1.Table{ColumnDefinitions: res.Columns, Rows: []metav1.TableRow{}}
	t.SetGroupVersionKind(f.kind(asTable))
	for _, obj := range objs {
		m, err := meta.Accessor(obj)
		if err != nil {
			return nil, err
		}
		columns, cells := tableOf(res, obj)
		t.ColumnDefinitions = columns
		row := metav1.TableRow{Cells: cells(now)}
		if own, ok := obj.(api.Object); ok {
			row.Conditions = api.RowConditions(own)
		}
		switch f.include {
		case metav1.IncludeNone:
		case metav1.IncludeObject:
			row.Object.Object = api.Shown(obj)
		default:
			row.Object.Object = f.partial(m)
		}
		t.Rows = append(t.Rows, row)
	}
	return t, nil
}

func encodeTable(res *api.Resource, objs []runtime.Object, list *metav1.ListMeta, f format, now time.Time, columns bool) ([]byte, error) {
	t, err := f.table(res, objs, now)
	if err != nil {
		return nil, err
	}
	if list != nil {
		t.ListMeta = *list
	} else if m, err := meta.Accessor(objs[0]); err == nil {
		t.ResourceVersion = m.GetResourceVersion()
	}
	if !columns {
		t.ColumnDefinitions = nil
	}
	data, err := json.Marshal(t)
	return append(data, '\n'), err
}

// framer writes the events of one watch, one after the other.
type framer struct {
	format format
	res    *api.Resource
	form   string // the format, as a name
	begun  bool   // the columns have been sent
}

// frame is one line of a watch, {"type":"ADDED","object":{…}}, or its protobuf.
func (f *framer) frame(ev rest.WatchEvent, now time.Time) []byte {
	if f.format.media == mediaProtobuf {
		return f.frameProtobuf(ev)
	}
	data, err := f.object(ev.Object, now)
	if err != nil {
		ev.Type = "ERROR"
		data, _ = api.EncodeJSON(statusOf(err))
	}
	out := make([]byte, 0, len(data)+40)
	out = append(out, `{"type":"`...)
	out = append(out, ev.Type...)
	out = append(out, `","object":`...)
	out = append(out, bytes.TrimSpace(data)...)
	return append(out, "}\n"...)
}

func (f *framer) object(obj runtime.Object, now time.Time) ([]byte, error) {
	if _, failed := obj.(*metav1.Status); failed {
		return api.EncodeJSON(obj)
	}
	switch f.format.as {
	case asTable:
		columns := !f.begun
		f.begun = true
		return encodeTable(f.res, []runtime.Object{obj}, nil, f.format, now, columns)
	case asPartial, asPartialList:
		return f.format.encodePartial(obj)
	}
	return api.EncodeJSON(obj)
}
