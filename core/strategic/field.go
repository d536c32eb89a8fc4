// Package strategic applies strategic merge patches, the patches that know
// from the Go types' tags (patchStrategy, patchMergeKey) which lists are sets
// and by which key their elements are told apart.
//
// A patch is a partial object. Maps are merged, null removes a field, lists
// replace each other unless they are merge lists: then elements with the same
// key are merged and others added. Directives refine that: $patch (replace,
// delete), $setElementOrder/LIST, $deleteFromPrimitiveList/LIST, $retainKeys.
//
// It follows k8s.io/apimachinery v0.36 pkg/util/strategicpatch in what comes
// out, which a test holds it to; it is our own because that package brings
// OpenAPI and protobuf reflection with it, half a megabyte compressed in the
// browser. Left out: schemas from OpenAPI, hence patches of custom resources,
// which the API server refuses anyway.
package strategic

import (
	"reflect"
	"slices"
	"strings"
)

// Field says how a JSON field of an API type is patched. The zero Field is
// that of a field without a known type: maps merge, lists are replaced.
type Field struct {
	Type       reflect.Type // nil when unknown
	Merge      bool         // a list's elements are merged instead of replaced
	Replace    bool         // a map is replaced instead of merged
	RetainKeys bool         // fields that the patch doesn't name are dropped
	Key        string       // tells the elements of a merged list apart; "" for scalars
}

// Lookup finds the JSON field of a struct type, or of what it points to or is
// a list of.
func Lookup(t reflect.Type, name string) Field {
	for t != nil && (t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice) {
		t = t.Elem()
	}
	switch {
	case t == nil:
		return Field{}
	case t.Kind() == reflect.Map:
		return Field{Type: t.Elem()}
	case t.Kind() != reflect.Struct:
		return Field{}
	}
	for i := range t.NumField() {
		f := t.Field(i)
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if tag == "" && (f.Anonymous || strings.Contains(options, "inline")) {
			if found := Lookup(f.Type, name); found.Type != nil {
				return found
			}
		}
		if tag == name {
			return describe(f)
		}
	}
	return Field{}
}

func describe(f reflect.StructField) Field {
	strategies := strings.Split(f.Tag.Get("patchStrategy"), ",")
	return Field{
		Type: f.Type, Key: f.Tag.Get("patchMergeKey"),
		Merge:      slices.Contains(strategies, "merge"),
		Replace:    slices.Contains(strategies, "replace"),
		RetainKeys: slices.Contains(strategies, "retainKeys"),
	}
}
