package crd

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	apiextensionsv1 "github.com/tabernetes/tabernetes/core/apiextensions/v1"
	"github.com/tabernetes/tabernetes/core/rest"
	"github.com/tabernetes/tabernetes/core/sim"
)

// patience is how long objects are left to go before they are looked for again.
const patience = 5 * time.Second

func terminating(status, reason, message string) condition {
	return condition{Type: apiextensionsv1.Terminating, Status: status, Reason: reason, Message: message}
}

// toBeCleaned tells of a definition that is to go and waits for its objects.
func toBeCleaned(crd *definition) bool {
	return crd.DeletionTimestamp != nil && slices.Contains(crd.Finalizers, apiextensionsv1.CleanupFinalizer)
}

// clean deletes a definition's objects, and lets it go when there are none left.
func (d *controller) clean(crd *definition) error {
	crd = crd.DeepCopy()
	under := terminating("True", "InstanceDeletionInProgress", "CustomResource deletion is in progress")
	if c := crd.Condition(under.Type); c == nil || c.Reason != under.Reason {
		crd.SetCondition(under, d.c.Now())
		written, err := d.write(crd)
		if err != nil || written == nil {
			return err
		}
		crd = written.DeepCopy()
	}
	done := terminating("False", "NeverEstablished", "resource was never established")
	if crd.Is(apiextensionsv1.Established) {
		left, err := d.deleteObjects(crd)
		if err != nil {
			return err
		}
		if left {
			d.loop.AddAfter(crd.Name, patience, sim.Idle)
			return nil
		}
		done = terminating("False", "InstanceDeletionCompleted", "removed all instances")
	}
	crd.SetCondition(done, d.c.Now())
	crd.Finalizers = slices.DeleteFunc(crd.Finalizers, func(f string) bool { return f == apiextensionsv1.CleanupFinalizer })
	_, err := d.write(crd)
	return err
}

// deleteObjects deletes all objects of a kind; left says that some are still there.
func (d *controller) deleteObjects(crd *definition) (left bool, err error) {
	gvr := schema.GroupVersionResource{Group: crd.Spec.Group, Version: crd.StorageVersion(), Resource: crd.Status.AcceptedNames.Plural}
	namespaces, _, err := d.objects(gvr)
	if err != nil {
		return false, err
	}
	for _, ns := range namespaces {
		if _, err := d.c.Do(&rest.Request{Verb: rest.DeleteCollection, Resource: gvr, Namespace: ns}); err != nil {
			return false, err
		}
	}
	if len(namespaces) == 0 {
		return false, nil
	}
	_, n, err := d.objects(gvr)
	return n > 0, err
}

// objects are the namespaces with objects of a kind in which something is not
// being deleted yet, and how many objects there are.
func (d *controller) objects(gvr schema.GroupVersionResource) (namespaces []string, n int, err error) {
	resp, err := d.c.Do(&rest.Request{Verb: rest.List, Resource: gvr})
	if err != nil {
		return nil, 0, err
	}
	err = meta.EachListItem(resp.Object, func(o runtime.Object) error {
		obj := o.(metav1.Object)
		n++
		if !slices.Contains(namespaces, obj.GetNamespace()) {
			namespaces = append(namespaces, obj.GetNamespace())
		}
		return nil
	})
	return namespaces, n, err
}
