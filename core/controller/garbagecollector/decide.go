package garbagecollector

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tabernetes/tabernetes/core/api"
)

// state is what has become of an owner.
type state int

const (
	solid    state = iota // it exists
	dangling              // it is gone
	waiting               // it is being deleted and waits for its dependents
)

type owner struct {
	ref   metav1.OwnerReference
	state state
}

// observed is what a pass knows about an object.
type observed struct {
	obj        api.Object
	owners     []owner
	dependents []api.Object
}

// decision is what is to be done about an object, in the order of the fields.
type decision struct {
	examine   []api.Object                // dependents to look at next
	orphan    []api.Object                // dependents that lose their reference to the object
	finalizer string                      // to be taken off the object
	drop      []types.UID                 // owners whose references are to be dropped
	unblock   bool                        // make the object hold up none of its owners
	delete    *metav1.DeletionPropagation // how to delete the object; nil for not at all
}

func decide(seen observed) decision {
	switch {
	case isOrphaning(seen.obj):
		return decision{orphan: seen.dependents, finalizer: metav1.FinalizerOrphanDependents}
	case isCollecting(seen.obj):
		return decideForeground(seen)
	case seen.obj.GetDeletionTimestamp() != nil || len(seen.owners) == 0:
		return decision{}
	}
	gone, going := seen.with(dangling), seen.with(waiting)
	if len(gone)+len(going) < len(seen.owners) {
		// Another owner keeps it. The waiting ones must be dropped too, or they
		// would wait for ever.
		return decision{drop: append(gone, going...)}
	}
	if len(going) > 0 && len(seen.dependents) > 0 {
		return decision{unblock: slices.ContainsFunc(seen.dependents, collecting), delete: policy(metav1.DeletePropagationForeground)}
	}
	return decision{delete: policy(asFinalizersSay(seen.obj))}
}

// decideForeground lets an owner go when no dependent that blocks it is left.
func decideForeground(seen observed) decision {
	var blocking, next []api.Object
	for _, dependent := range seen.dependents {
		if blocks(dependent, seen.obj.GetUID()) {
			blocking = append(blocking, dependent)
			if !isCollecting(dependent) {
				next = append(next, dependent)
			}
		}
	}
	if len(blocking) == 0 {
		return decision{finalizer: metav1.FinalizerDeleteDependents}
	}
	return decision{examine: next}
}

func blocks(dependent api.Object, uid types.UID) bool {
	return slices.ContainsFunc(dependent.GetOwnerReferences(), func(ref metav1.OwnerReference) bool {
		return ref.UID == uid && ref.BlockOwnerDeletion != nil && *ref.BlockOwnerDeletion
	})
}

func (seen observed) with(s state) []types.UID {
	var uids []types.UID
	for _, o := range seen.owners {
		if o.state == s {
			uids = append(uids, o.ref.UID)
		}
	}
	return uids
}

func collecting(obj api.Object) bool { return isCollecting(obj) }

// asFinalizersSay honours a way of deletion that is already written on the object.
func asFinalizersSay(obj api.Object) metav1.DeletionPropagation {
	switch {
	case slices.Contains(obj.GetFinalizers(), metav1.FinalizerOrphanDependents):
		return metav1.DeletePropagationOrphan
	case slices.Contains(obj.GetFinalizers(), metav1.FinalizerDeleteDependents):
		return metav1.DeletePropagationForeground
	}
	return metav1.DeletePropagationBackground
}

func policy(p metav1.DeletionPropagation) *metav1.DeletionPropagation { return &p }
