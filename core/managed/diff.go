package managed

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Diff is what differs between two objects: the fields that only the second
// has, those that differ, and those that only the first has.
type Diff struct {
	Added, Modified, Removed Set
}

// changed are the fields that the second object sets otherwise than the first.
func (d *Diff) changed() Set { return Union(d.Added, d.Modified) }

func (d *Diff) without(ignored Set) {
	d.Added, d.Modified, d.Removed = without(d.Added, ignored), without(d.Modified, ignored), without(d.Removed, ignored)
}

// owned leaves out what has no manager.
func (d *Diff) owned() {
	d.Added, d.Modified, d.Removed = minus(d.Added, nobodys), minus(d.Modified, nobodys), minus(d.Removed, nobodys)
}

// node is the difference of two values and of what is below them.
type node struct {
	Diff
	added, modified, removed bool
}

// take adds the difference of what is at a step below the value. Steps come in order.
func (n *node) take(step string, child *node) {
	if child.added || child.Added != nil {
		n.Added = append(n.Added, Elem{step, child.added, child.Added})
	}
	if child.modified || child.Modified != nil {
		n.Modified = append(n.Modified, Elem{step, child.modified, child.Modified})
	}
	if child.removed || child.Removed != nil {
		n.Removed = append(n.Removed, Elem{step, child.removed, child.Removed})
	}
}

func (n *node) empty() bool {
	return !n.added && !n.modified && !n.removed && n.Added == nil && n.Modified == nil && n.Removed == nil
}

// sort brings the steps into order where they did not come so.
func (n *node) sort() {
	for _, s := range []Set{n.Added, n.Modified, n.Removed} {
		if len(s) > 1 {
			slices.SortFunc(s, func(a, b Elem) int { return compareSteps(a.Name, b.Name) })
		}
	}
}

// presence marks the value itself, when only one side has it.
func (n *node) presence(a, b bool) {
	n.added, n.removed = !a, !b
}

// diff compares two values of the plan's type; one that is not valid is not there.
func (p *plan) diff(a, b reflect.Value) (n node) {
	a, b = deref(a), deref(b)
	isA, isB := a.IsValid(), b.IsValid()
	if isA && isB && (isNull(a) || isNull(b)) {
		return p.diffNull(a, b)
	}
	if p.kind == leaf || p.atomic() {
		if n.presence(isA, isB); isA && isB {
			n.modified = !p.equal(a, b)
		}
		return n
	}
	switch p.kind {
	case structure:
		p.diffFields(&n, a, b, nil)
	case mapping:
		p.diffMap(&n, a, b)
	case list:
		p.diffList(&n, a, b)
	}
	n.presence(isA, isB)
	return n
}

// diffNull compares values of which at least one is null: as if that had
// nothing in it, but that null and an empty value differ.
func (p *plan) diffNull(a, b reflect.Value) (n node) {
	if isNull(a) && isNull(b) {
		return n
	}
	if p.kind == leaf || p.atomic() || p.bare(a) && p.bare(b) {
		n.modified = true
		return n
	}
	if isNull(a) {
		n = p.diff(reflect.Value{}, b)
	} else {
		n = p.diff(a, reflect.Value{})
	}
	n.added, n.removed = false, false
	return n
}

func (p *plan) atomic() bool {
	return p.typ.Map != nil && p.typ.Map.Atomic || p.typ.List != nil && p.typ.List.Atomic
}

// bare tells whether there is nothing in a struct, map or list.
func (p *plan) bare(v reflect.Value) bool {
	if isNull(v) {
		return true
	}
	if p.kind != structure {
		return v.Len() == 0
	}
	for i := range p.fields {
		if p.fields[i].of(v).IsValid() {
			return false
		}
	}
	return true
}

func deref(v reflect.Value) reflect.Value {
	for v.IsValid() && v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	return v
}

func isNull(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice:
		return v.IsNil()
	}
	return false
}

// of is the field's value in a struct; not valid where JSON leaves it out.
func (f *planField) of(v reflect.Value) reflect.Value {
	if !v.IsValid() {
		return v
	}
	for _, i := range f.index {
		v = v.Field(i)
	}
	if f.omitEmpty && omitted(v) || f.omitZero && v.IsZero() {
		return reflect.Value{}
	}
	return v
}

// omitted tells whether encoding/json leaves out a value marked omitempty.
func omitted(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Pointer, reflect.Interface:
		return v.IsNil()
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

// diffFields compares the fields of two structs, but for those that are skipped.
func (p *plan) diffFields(n *node, a, b reflect.Value, skip Set) {
	for i := range p.fields {
		f := &p.fields[i]
		if _, skipped := skip.below(f.step); skipped {
			continue
		}
		va, vb := f.of(a), f.of(b)
		if !va.IsValid() && !vb.IsValid() {
			continue
		}
		if child := f.plan.diff(va, vb); !child.empty() {
			n.take(f.step, &child)
		}
	}
}

func (p *plan) diffMap(n *node, a, b reflect.Value) {
	var keys []string
	if a.IsValid() {
		for _, k := range a.MapKeys() {
			keys = append(keys, k.String())
		}
	}
	if b.IsValid() {
		for _, k := range b.MapKeys() {
			if !a.IsValid() || !a.MapIndex(k).IsValid() {
				keys = append(keys, k.String())
			}
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		child := p.elem.diff(mapIndex(a, key), mapIndex(b, key))
		n.take("f:"+key, &child)
	}
}

func mapIndex(m reflect.Value, key string) reflect.Value {
	if !m.IsValid() {
		return m
	}
	v := m.MapIndex(reflect.ValueOf(key).Convert(m.Type().Key()))
	if v.IsValid() && v.Kind() == reflect.Struct { // quantities, which are read through their address
		at := reflect.New(v.Type()).Elem()
		at.Set(v)
		return at
	}
	return v
}

// diffList compares lists whose elements are told apart.
func (p *plan) diffList(n *node, a, b reflect.Value) {
	if p.sameOrder(a, b) {
		for i := range a.Len() {
			if child := p.elem.diff(a.Index(i), b.Index(i)); !child.empty() {
				n.take(p.step(a.Index(i)), &child)
			}
		}
		n.sort()
		return
	}
	before, after := p.index(a), p.index(b)
	for _, step := range before.order {
		child := p.diffElement(before.items[step], after.items[step])
		n.take(step, &child)
	}
	for _, step := range after.order {
		if before.items[step] == nil {
			child := p.diffElement(nil, after.items[step])
			n.take(step, &child)
		}
	}
	n.sort()
}

// diffElement compares what two lists have under one key. Several elements
// with the same key are owned as a whole.
func (p *plan) diffElement(before, after []reflect.Value) (n node) {
	only := func(items []reflect.Value) reflect.Value {
		if len(items) == 1 {
			return items[0]
		}
		return reflect.Value{}
	}
	switch {
	case len(before) <= 1 && len(after) <= 1:
		return p.elem.diff(only(before), only(after))
	case len(before) > 1 && len(after) > 1:
		n.modified = !slices.EqualFunc(before, after, func(a, b reflect.Value) bool { return p.elem.equal(deref(a), deref(b)) })
	case len(before) > 1:
		if len(after) > 0 {
			n = p.elem.diff(reflect.Value{}, after[0])
		}
		n.removed = true
	default:
		if len(before) > 0 {
			n = p.elem.diff(before[0], reflect.Value{})
		}
		n.added = true
	}
	return n
}

// indexed is a list by the steps to its elements.
type indexed struct {
	order []string
	items map[string][]reflect.Value
}

func (p *plan) index(v reflect.Value) indexed {
	ix := indexed{items: map[string][]reflect.Value{}}
	if !v.IsValid() {
		return ix
	}
	for i := range v.Len() {
		step := p.step(v.Index(i))
		if ix.items[step] == nil {
			ix.order = append(ix.order, step)
		}
		ix.items[step] = append(ix.items[step], v.Index(i))
	}
	return ix
}

// sameOrder tells whether both lists have the same elements at the same places,
// none twice.
func (p *plan) sameOrder(a, b reflect.Value) bool {
	if !a.IsValid() || !b.IsValid() || a.Len() != b.Len() || a.Len() > 16 {
		return false
	}
	for i := range a.Len() {
		if !p.sameKeys(a.Index(i), b.Index(i)) {
			return false
		}
		for j := range i {
			if p.sameKeys(a.Index(i), a.Index(j)) {
				return false
			}
		}
	}
	return true
}

func (p *plan) sameKeys(a, b reflect.Value) bool {
	a, b = deref(a), deref(b)
	if p.keys == nil {
		return a.Equal(b)
	}
	for _, k := range p.keys {
		x, y := deref(k.field.of(a)), deref(k.field.of(b))
		if x.IsValid() != y.IsValid() || x.IsValid() && !x.Equal(y) {
			return false
		}
	}
	return true
}

// step is the step to an element of a list.
func (p *plan) step(v reflect.Value) string {
	v = deref(v)
	if p.keys == nil {
		return valueStep(v.Interface())
	}
	keys := make([]key, 0, len(p.keys))
	for _, k := range p.keys {
		switch field := deref(k.field.of(v)); {
		case field.IsValid():
			keys = append(keys, key{k.name, field.Interface()})
		case k.fallback != nil:
			keys = append(keys, key{k.name, k.fallback})
		}
	}
	return keyStep(keys)
}

// equal compares two leaves, neither of them null.
func (p *plan) equal(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.String:
		return a.String() == b.String()
	case reflect.Bool:
		return a.Bool() == b.Bool()
	case reflect.Int32, reflect.Int64, reflect.Int:
		return a.Int() == b.Int()
	}
	if p.kind == leaf && a.CanAddr() && b.CanAddr() {
		switch x := a.Addr().Interface().(type) {
		case *metav1.Time:
			y := b.Addr().Interface().(*metav1.Time)
			return x.IsZero() == y.IsZero() && x.Unix() == y.Unix()
		case *metav1.MicroTime:
			y := b.Addr().Interface().(*metav1.MicroTime)
			return x.IsZero() == y.IsZero() && x.UnixMicro() == y.UnixMicro()
		case *resource.Quantity:
			return x.String() == b.Addr().Interface().(*resource.Quantity).String()
		case *intstr.IntOrString:
			return *x == *b.Addr().Interface().(*intstr.IntOrString)
		case json.Marshaler:
			return sameJSON(a, b)
		}
	}
	switch p.kind {
	case structure:
		return !slices.ContainsFunc(p.fields, func(f planField) bool { return !f.plan.same(f.of(a), f.of(b)) })
	case mapping:
		for keys := a.MapRange(); keys.Next(); {
			key := keys.Key().String()
			if !p.elem.same(mapIndex(a, key), mapIndex(b, key)) {
				return false
			}
		}
		return a.Len() == b.Len()
	case list:
		for i := range min(a.Len(), b.Len()) {
			if !p.elem.same(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return a.Len() == b.Len()
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}

// same compares two values of which either may be missing or null.
func (p *plan) same(a, b reflect.Value) bool {
	a, b = deref(a), deref(b)
	switch {
	case !a.IsValid() || !b.IsValid():
		return a.IsValid() == b.IsValid()
	case isNull(a) || isNull(b):
		return isNull(a) == isNull(b)
	}
	return p.equal(a, b)
}

func sameJSON(a, b reflect.Value) bool {
	x, errX := json.Marshal(a.Addr().Interface())
	y, errY := json.Marshal(b.Addr().Interface())
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// root is the plan of a kind: without the fields that belong to nobody.
func (ps plans) root(t reflect.Type) *plan {
	p := *ps.of(t)
	p.fields = slices.DeleteFunc(slices.Clone(p.fields), func(f planField) bool { return f.step == "f:apiVersion" || f.step == "f:kind" })
	for i := range p.fields {
		if p.fields[i].step == "f:metadata" {
			meta := *p.fields[i].plan
			meta.fields = slices.DeleteFunc(slices.Clone(meta.fields), func(f planField) bool {
				return nobodys.Has("f:metadata", f.step)
			})
			p.fields[i].plan = &meta
		}
	}
	return &p
}

// nobodys are the fields that have no manager (stripmeta.go upstream).
var nobodys = func() (s Set) {
	for _, name := range strings.Fields("creationTimestamp generation managedFields name namespace resourceVersion selfLink uid") {
		s = append(s, Elem{Name: "f:" + name, Member: true})
	}
	return Set{{Name: "f:apiVersion", Member: true}, {Name: "f:kind", Member: true}, {Name: "f:metadata", Member: true, Sub: s}}
}()
