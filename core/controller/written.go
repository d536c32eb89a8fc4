package controller

import (
	"errors"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Written are the newest revisions that a controller itself wrote for each of
// its objects, by the object's key. A pass over an object waits until a view
// has seen them, so that it never does a thing twice because the news of the
// first time is still on its way.
//
// Example: three pods are created as revisions 21, 22 and 23. Until the pods'
// watch has delivered revision 23, every pass for their owner ends at once: a
// view at 22 shows two pods and would ask for a third again.
//
// It follows pkg/controller/util/consistency of Kubernetes v1.36.3.
type Written map[string]int64

// ErrBehind makes a loop try again after a back-off: usually the awaited
// notification comes first, but a watch that broke may never deliver it.
var ErrBehind = errors.New("the view has not yet seen the last write")

// Note remembers a write for key.
func (w Written) Note(key string, revision int64) { w[key] = max(w[key], revision) }

// Behind tells whether a view that has seen everything up to revision seen
// lacks a write for key.
func (w Written) Behind(key string, seen int64) bool {
	if w[key] > seen {
		return true
	}
	delete(w, key)
	return false
}

// Revision is the revision that an object was written at.
func Revision(obj metav1.Object) int64 {
	n, _ := strconv.ParseInt(obj.GetResourceVersion(), 10, 64)
	return n
}
