package managed

import (
	"slices"
)

// Set is a set of fields of one object, as a tree in the order in which it is
// written down. Sets are shared and never changed once they are made.
//
// That a Deployment's replicas and the image of its container "nginx" are in
// the set is
//
//	f:spec  f:replicas*
//	        f:template  f:spec  f:containers  k:{"name":"nginx"}*  f:image*
//
// where a star is Member: the container itself is in the set, too, and the
// template is not.
type Set []Elem

// Elem is one step of a path and what is below it.
type Elem struct {
	// Name is the step as it is written: f:NAME a field or key, k:{…} the
	// element of a list with these keys, v:VALUE that of a set, i:N by place.
	Name   string
	Member bool
	Sub    Set
}

// at finds the place of a step.
func (s Set) at(name string) (int, bool) {
	return slices.BinarySearchFunc(s, name, func(e Elem, name string) int { return compareSteps(e.Name, name) })
}

// below is what the set has below a step, and whether the step itself is in it.
func (s Set) below(name string) (Set, bool) {
	if i, found := s.at(name); found {
		return s[i].Sub, s[i].Member
	}
	return nil, false
}

// Has tells whether the field at the path is in the set.
func (s Set) Has(path ...string) bool {
	member := false
	for _, step := range path {
		s, member = s.below(step)
	}
	return member
}

// Of is the set of one field.
func Of(path ...string) Set {
	var s Set
	for i := len(path) - 1; i >= 0; i-- {
		s = Set{{Name: path[i], Member: i == len(path)-1, Sub: s}}
	}
	return s
}

func (e *Elem) empty() bool { return !e.Member && len(e.Sub) == 0 }

// zip walks two sets step by step; a or b is nil where a set lacks the step.
// What fn returns is the resulting set, without what is empty.
func zip(a, b Set, fn func(a, b *Elem) Elem) Set {
	var out Set
	keep := func(e Elem) {
		if !e.empty() {
			out = append(out, e)
		}
	}
	for len(a) > 0 || len(b) > 0 {
		order := 0
		switch {
		case len(a) == 0:
			order = 1
		case len(b) == 0:
			order = -1
		default:
			order = compareSteps(a[0].Name, b[0].Name)
		}
		switch {
		case order < 0:
			keep(fn(&a[0], nil))
			a = a[1:]
		case order > 0:
			keep(fn(nil, &b[0]))
			b = b[1:]
		default:
			keep(fn(&a[0], &b[0]))
			a, b = a[1:], b[1:]
		}
	}
	return out
}

// Union are the fields in either.
func Union(a, b Set) Set {
	if len(a) == 0 {
		return b
	}
	if len(b) == 0 {
		return a
	}
	return zip(a, b, func(a, b *Elem) Elem {
		switch {
		case a == nil:
			return *b
		case b == nil:
			return *a
		}
		return Elem{a.Name, a.Member || b.Member, Union(a.Sub, b.Sub)}
	})
}

// minus are the fields of a that are not in b.
func minus(a, b Set) Set {
	if len(b) == 0 {
		return a
	}
	return zip(a, b, func(a, b *Elem) Elem {
		switch {
		case a == nil:
			return Elem{}
		case b == nil:
			return *a
		}
		return Elem{a.Name, a.Member && !b.Member, minus(a.Sub, b.Sub)}
	})
}

// without are the fields of a that are neither in b nor below what is in b.
func without(a, b Set) Set {
	if len(b) == 0 {
		return a
	}
	return zip(a, b, func(a, b *Elem) Elem {
		switch {
		case a == nil || b != nil && b.Member:
			return Elem{}
		case b == nil:
			return *a
		}
		return Elem{a.Name, a.Member, without(a.Sub, b.Sub)}
	})
}

// common are the fields in both.
func common(a, b Set) Set {
	return zip(a, b, func(a, b *Elem) Elem {
		if a == nil || b == nil {
			return Elem{}
		}
		return Elem{a.Name, a.Member && b.Member, common(a.Sub, b.Sub)}
	})
}

// overlaps tells whether any field is in both.
func overlaps(a, b Set) bool {
	for len(a) > 0 && len(b) > 0 {
		switch order := compareSteps(a[0].Name, b[0].Name); {
		case order < 0:
			a = a[1:]
		case order > 0:
			b = b[1:]
		default:
			if a[0].Member && b[0].Member || overlaps(a[0].Sub, b[0].Sub) {
				return true
			}
			a, b = a[1:], b[1:]
		}
	}
	return false
}

// within tells whether every field of a is in b.
func within(a, b Set) bool {
	for _, e := range a {
		sub, member := b.below(e.Name)
		if e.Member && !member || !within(e.Sub, sub) {
			return false
		}
	}
	return true
}

// paths visits every field of the set, those of a level before those below.
func (s Set) paths(prefix []string, visit func(path []string)) {
	for i := range s {
		if s[i].Member {
			visit(append(prefix[:len(prefix):len(prefix)], s[i].Name))
		}
	}
	for i := range s {
		s[i].Sub.paths(append(prefix[:len(prefix):len(prefix)], s[i].Name), visit)
	}
}

// named is the set with the fields of structs that it only passes through: of
// a.b.c also a and b, unless they are keys of a map
// (EnsureNamedFieldsAreMembers upstream).
func named(s Set, t *Type) Set {
	out := make(Set, len(s))
	for i, e := range s {
		out[i] = e
		if len(e.Sub) == 0 {
			continue
		}
		var below *Type
		switch {
		case t == nil:
		case e.Name[0] == 'f' && t.Map != nil:
			field := t.Map.Fields[e.Name[2:]]
			if below = t.Map.Elem; field != nil {
				below = field
				out[i].Member = true
			}
		case e.Name[0] == 'k' && t.List != nil:
			below = t.List.Elem
		}
		out[i].Sub = named(e.Sub, below)
	}
	return out
}
