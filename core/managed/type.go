package managed

import (
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Type says what a value may be and how it is shared by managers. A value whose
// type is not known may be several: then more than one of the parts are set.
type Type struct {
	Scalar Scalar
	Map    *Map
	List   *List
}

// Scalar is the kind of a scalar; "" for none.
type Scalar string

// The kinds of scalars.
const (
	String  Scalar = "string"
	Numeric Scalar = "numeric"
	Boolean Scalar = "boolean"
	Any     Scalar = "untyped"
)

// Map is a struct or a map. An atomic one is owned as a whole.
type Map struct {
	Fields   map[string]*Type
	Elem     *Type          // of keys that are not fields; nil: there are none
	Defaults map[string]any // of fields by which elements of lists are told apart
	Atomic   bool
}

// List is a list. One that is not atomic is a set of scalars, or a list whose
// elements are told apart by Keys.
type List struct {
	Elem   *Type
	Keys   []string
	Atomic bool
}

// Free is a value of which nothing is known, its maps shared key by key;
// atomicValue one that is owned as a whole.
var Free, atomicValue = freeTypes()

func freeTypes() (free, atomic *Type) {
	atomic = &Type{Scalar: Any}
	atomic.List = &List{Elem: atomic, Atomic: true}
	atomic.Map = &Map{Elem: atomic, Atomic: true}
	free = &Type{Scalar: Any, List: &List{Elem: atomic, Atomic: true}}
	free.Map = &Map{Elem: free}
	return free, atomic
}

// plan is how values of a Go type are walked: its Type, with where to find things.
type plan struct {
	typ    *Type
	kind   planKind
	fields []planField // of a struct, by JSON name
	elem   *plan       // of a map or list
	keys   []planKey   // of a list
}

type planKind int

const (
	leaf planKind = iota
	structure
	mapping
	list
)

type planField struct {
	step      string // f:NAME
	index     []int
	omitEmpty bool
	omitZero  bool
	plan      *plan
}

// planKey is a key of a list's elements: where the element has it, and what it is where it is missing.
type planKey struct {
	name     string
	field    planField
	fallback any
}

// special are the types whose JSON is not that of their Go struct.
var special = map[reflect.Type]*Type{
	reflect.TypeFor[metav1.Time]():          {Scalar: Any},
	reflect.TypeFor[metav1.MicroTime]():     {Scalar: Any},
	reflect.TypeFor[metav1.Duration]():      {Scalar: Any},
	reflect.TypeFor[intstr.IntOrString]():   {Scalar: Any},
	reflect.TypeFor[resource.Quantity]():    {Scalar: Any},
	reflect.TypeFor[runtime.RawExtension](): atomicValue,
	reflect.TypeFor[metav1.FieldsV1]():      Free,
}

// plans are the plans made so far.
type plans map[reflect.Type]*plan

// of is the plan of a type; pointers are seen through.
func (ps plans) of(t reflect.Type) *plan {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if p := ps[t]; p != nil {
		return p
	}
	p := &plan{}
	ps[t] = p
	if typ := special[t]; typ != nil {
		p.typ = typ
		return p
	}
	switch t.Kind() {
	case reflect.Struct:
		ps.structure(p, t)
	case reflect.Map:
		p.kind, p.elem = mapping, ps.of(t.Elem())
		p.typ = &Type{Map: &Map{Elem: p.elem.typ}}
	case reflect.Slice:
		ps.list(p, t)
	case reflect.Bool:
		p.typ = &Type{Scalar: Boolean}
	case reflect.String:
		p.typ = &Type{Scalar: String}
	default:
		p.typ = &Type{Scalar: Numeric}
	}
	return p
}

// list plans a list as it is by itself: owned as a whole.
func (ps plans) list(p *plan, t reflect.Type) {
	if t.Elem().Kind() == reflect.Uint8 {
		p.typ = &Type{Scalar: String}
		return
	}
	p.kind, p.elem = list, ps.of(t.Elem())
	p.typ = &Type{List: &List{Elem: p.elem.typ, Atomic: true}}
}

func (ps plans) structure(p *plan, t reflect.Type) {
	p.kind = structure
	p.typ = &Type{Map: &Map{Fields: map[string]*Type{}, Atomic: atomicStructs[TypeName(t)]}}
	ps.addFields(p, t, nil)
	slices.SortFunc(p.fields, func(a, b planField) int { return strings.Compare(a.step, b.step) })
}

func (ps plans) addFields(p *plan, t reflect.Type, index []int) {
	for i := range t.NumField() {
		sf := t.Field(i)
		name, options, _ := strings.Cut(sf.Tag.Get("json"), ",")
		if name == "-" || !sf.IsExported() {
			continue
		}
		at := append(slices.Clone(index), i)
		if name == "" && (sf.Anonymous || strings.Contains(options, "inline")) {
			ps.addFields(p, sf.Type, at)
			continue
		}
		f := planField{step: "f:" + name, index: at, plan: ps.field(t, name, sf.Type)}
		f.omitEmpty = strings.Contains(options, "omitempty")
		f.omitZero = strings.Contains(options, "omitzero")
		p.fields = append(p.fields, f)
		p.typ.Map.Fields[name] = f.plan.typ
		if def := defaultOf(t, name, sf.Type.Kind(), f.omitEmpty); def != nil {
			if p.typ.Map.Defaults == nil {
				p.typ.Map.Defaults = map[string]any{}
			}
			p.typ.Map.Defaults[name] = def
		}
	}
}

// defaultOf is what a scalar is that a list's element leaves out, where it is a
// key: nil where it then is no part of the key.
func defaultOf(t reflect.Type, name string, kind reflect.Kind, optional bool) any {
	if def := keyDefaults[TypeName(t)+"."+name]; def != "" {
		return def
	}
	switch {
	case optional:
	case kind == reflect.String:
		return ""
	case kind == reflect.Int32 || kind == reflect.Int64:
		return int64(0)
	}
	return nil
}

// field plans a field of a struct, which may share its lists and maps
// otherwise than its type does by itself.
func (ps plans) field(owner reflect.Type, name string, t reflect.Type) *plan {
	p := ps.of(t)
	share := Sharing(owner, name)
	if share == (Share{}) {
		return p
	}
	own := *p
	switch {
	case p.kind == list && !share.Atomic:
		own.typ = &Type{List: &List{Elem: p.elem.typ, Keys: share.keys()}}
		own.keys = ps.keys(t.Elem(), share.keys())
	case p.typ.Map != nil:
		typ := *p.typ.Map
		typ.Atomic = true
		own.typ = &Type{Map: &typ}
	}
	return &own
}

// keys finds the key fields of a list's elements, sorted by name.
func (ps plans) keys(t reflect.Type, names []string) (out []planKey) {
	for _, f := range ps.of(t).fields {
		name := f.step[2:]
		if slices.Contains(names, name) {
			k := planKey{name: name, field: f}
			if def, has := ps.of(t).typ.Map.Defaults[name]; has {
				k.fallback = def
			}
			out = append(out, k)
		}
	}
	return out
}
