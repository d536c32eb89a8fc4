package api

import (
	"reflect"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/tabernetes/tabernetes/core/managed"
)

// Shown is an object as clients see it: its managed fields, which are packed in
// the store and in the world, are written out. The object itself isn't changed.
func Shown(obj runtime.Object) runtime.Object {
	m, ok := obj.(metav1.Object)
	if !ok || len(m.GetManagedFields()) == 0 {
		return obj
	}
	v := reflect.ValueOf(obj)
	if v.Kind() != reflect.Pointer {
		return obj
	}
	out := reflect.New(v.Type().Elem())
	out.Elem().Set(v.Elem())
	shown := out.Interface().(runtime.Object)
	shown.(metav1.Object).SetManagedFields(managed.Expand(m.GetManagedFields()))
	return shown
}
