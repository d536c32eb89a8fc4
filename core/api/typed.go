package api

import (
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// The hooks of a Resource take any Object. The functions here make them of
// functions on one Go type, so that a kind's file has no assertions in it.

// typed gives a resource the constructors of its Go types.
func typed[O, L any, PO interface {
	*O
	Object
}, PL interface {
	*L
	runtime.Object
}](r *Resource) *Resource {
	r.New = func() Object { return PO(new(O)) }
	r.NewList = func() runtime.Object { return PL(new(L)) }
	return r
}

// on is a hook of one object.
func on[T Object](f func(T)) func(Object) { return func(obj Object) { f(obj.(T)) } }

// over is a hook of an object and the one it replaces.
func over[T Object](f func(obj, old T)) func(obj, old Object) {
	return func(obj, old Object) { f(obj.(T), old.(T)) }
}

// check validates one object.
func check[T Object](f func(T) field.ErrorList) func(Object) field.ErrorList {
	return func(obj Object) field.ErrorList { return f(obj.(T)) }
}

// recheck validates an object that replaces another.
func recheck[T Object](f func(obj, old T) field.ErrorList) func(obj, old Object) field.ErrorList {
	return func(obj, old Object) field.ErrorList { return f(obj.(T), old.(T)) }
}

// row makes the cells of one object.
func row[T Object](f func(T, time.Time) []any) func(Object, time.Time) []any {
	return func(obj Object, now time.Time) []any { return f(obj.(T), now) }
}

// labelled gives what field selectors match.
func labelled[T Object](f func(T) fields.Set) func(Object) fields.Set {
	return func(obj Object) fields.Set { return f(obj.(T)) }
}

// warn gives warnings; old is T's zero value for a new object.
func warn[T Object](f func(obj, old T) []string) func(obj, old Object) []string {
	return func(obj, old Object) []string {
		before, _ := old.(T)
		return f(obj.(T), before)
	}
}

// parted makes the hooks of a kind that has a spec and a status: a new object
// begins without a status, an update of it keeps the status and one of its
// status keeps the spec. counts says that its generation counts the specs.
func parted[T Object, S, U any](r *Resource, counts bool, spec func(T) *S, status func(T) *U) *Resource {
	r.PrepareCreate = func(obj Object) {
		var none U
		*status(obj.(T)) = none
		if counts {
			obj.SetGeneration(1)
		}
	}
	r.PrepareUpdate = func(obj, old Object) {
		before := old.DeepCopyObject().(T)
		*status(obj.(T)) = *status(before)
		if counts {
			obj.SetGeneration(nextGeneration(old.GetGeneration(), equality.Semantic.DeepEqual(spec(obj.(T)), spec(before))))
		}
	}
	r.PrepareStatusUpdate = func(obj, old Object) {
		*spec(obj.(T)) = *spec(old.DeepCopyObject().(T))
	}
	return r
}

// counted makes the hooks of a kind that has a spec alone, which its generation counts.
func counted[T Object, S any](r *Resource, spec func(T) *S) *Resource {
	r.PrepareCreate = func(obj Object) { obj.SetGeneration(1) }
	r.PrepareUpdate = func(obj, old Object) {
		same := equality.Semantic.DeepEqual(spec(obj.(T)), spec(old.(T)))
		obj.SetGeneration(nextGeneration(old.GetGeneration(), same))
	}
	return r
}
