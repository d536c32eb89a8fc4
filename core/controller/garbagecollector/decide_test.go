package garbagecollector

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tabernetes/tabernetes/core/api"
)

func object(name string, change ...func(*corev1.ConfigMap)) *corev1.ConfigMap {
	m := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(name)}}
	for _, c := range change {
		c(m)
	}
	return m
}

func deleted(finalizers ...string) func(*corev1.ConfigMap) {
	return func(m *corev1.ConfigMap) {
		m.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)}
		m.Finalizers = finalizers
	}
}

func finalizer(f string) func(*corev1.ConfigMap) {
	return func(m *corev1.ConfigMap) { m.Finalizers = []string{f} }
}

func blocking(owner string) func(*corev1.ConfigMap) {
	yes := true
	return func(m *corev1.ConfigMap) {
		m.OwnerReferences = []metav1.OwnerReference{{UID: types.UID(owner), BlockOwnerDeletion: &yes}}
	}
}

func say(d decision) string {
	var words []string
	add := func(format string, args ...any) { words = append(words, fmt.Sprintf(format, args...)) }
	for _, o := range d.examine {
		add("examine %s", o.GetName())
	}
	for _, o := range d.orphan {
		add("orphan %s", o.GetName())
	}
	if d.finalizer != "" {
		add("take off %s", d.finalizer)
	}
	if len(d.drop) > 0 {
		add("drop %v", d.drop)
	}
	if d.unblock {
		add("unblock")
	}
	if d.delete != nil {
		add("delete %s", *d.delete)
	}
	return strings.Join(words, ", ")
}

func TestDecide(t *testing.T) {
	foreground, orphan := metav1.FinalizerDeleteDependents, metav1.FinalizerOrphanDependents
	child := object("child")
	for _, c := range []struct {
		name       string
		obj        *corev1.ConfigMap
		owners     []state
		dependents []api.Object
		want       string
	}{
		{"no owner", object("x"), nil, nil, ""},
		{"an owner", object("x"), []state{solid}, nil, ""},
		{"its owner is gone", object("x"), []state{dangling}, []api.Object{child}, "delete Background"},
		{"all its owners are gone", object("x"), []state{dangling, dangling}, nil, "delete Background"},
		{"one of its owners is gone", object("x"), []state{solid, dangling}, nil, "drop [o1]"},
		{"one waits, one is gone, one stays", object("x"), []state{waiting, dangling, solid}, nil, "drop [o1 o0]"},
		{"its owner waits", object("x"), []state{waiting}, nil, "delete Background"},
		{"its owner waits and it has dependents", object("x"), []state{waiting}, []api.Object{child}, "delete Foreground"},
		{"in a circle", object("x"), []state{waiting}, []api.Object{object("y", deleted(foreground))}, "unblock, delete Foreground"},
		{"told to orphan", object("x", finalizer(orphan)), []state{dangling}, nil, "delete Orphan"},
		{"told to wait", object("x", finalizer(foreground)), []state{dangling}, nil, "delete Foreground"},
		{"being deleted already", object("x", deleted("other")), []state{dangling}, nil, ""},
		{"orphaning", object("x", deleted(orphan)), nil, []api.Object{child}, "orphan child, take off orphan"},
		{"collecting", object("x", deleted(foreground)), nil, []api.Object{object("y", blocking("x")), object("z")}, "examine y"},
		{"collecting, on the way", object("x", deleted(foreground)), nil,
			[]api.Object{object("y", blocking("x"), deleted(foreground))}, ""},
		{"collecting, done but for one that does not block", object("x", deleted(foreground)), nil,
			[]api.Object{object("z")}, "take off foregroundDeletion"},
	} {
		seen := observed{obj: c.obj, dependents: c.dependents}
		for i, s := range c.owners {
			seen.owners = append(seen.owners, owner{metav1.OwnerReference{UID: types.UID(fmt.Sprint("o", i))}, s})
		}
		if got := say(decide(seen)); got != c.want {
			t.Errorf("%s: decided %q, want %q", c.name, got, c.want)
		}
	}
}
