package kubectl

import (
	"errors"
	"fmt"
	"maps"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/managed"
)

// onServer are the flags of server-side apply.
type onServer struct {
	wanted, force bool
}

// The managers of kubectl's two kinds of apply, and of the annotation that it
// keeps for the one when it goes over to the other.
const (
	serverSideManager = "kubectl"
	clientSideManager = "kubectl-client-side-apply"
	annotationManager = "kubectl-last-applied"
)

// checkServer refuses flags that contradict each other.
func (a *apply) checkServer() error {
	switch {
	case a.server.force && !a.server.wanted:
		return errors.New("--force-conflicts only works with --server-side")
	case a.server.wanted && a.dry.client():
		return errors.New("--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)")
	}
	return nil
}

const conflictAdvice = `%v
Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the ` + "`--force-conflicts`" + ` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts`

// oneOnServer sends the whole object for the server to apply.
func (a *apply) oneOnServer(i *info) (done string, err error) {
	body, err := encode(i.obj.Object)
	if err != nil {
		return "", err
	}
	obj, err := a.sendApply(i, body, a.manager)
	if apierrors.IsConflict(err) {
		return "", fmt.Errorf(conflictAdvice, err)
	}
	if err != nil {
		return "", err
	}
	i.obj = obj
	if a.manager == serverSideManager {
		a.keepAnnotation(i)
	}
	if a.migrate(i) {
		if obj, err := a.sendApply(i, body, a.manager); err != nil {
			a.c.eprintf("Warning: failed to re-apply configuration after performing Server-Side Apply migration. This is non-fatal and will be retried next time you apply. Error: %v\n", err)
		} else {
			i.obj = obj
		}
	}
	return "serverside-applied", nil
}

func (a *apply) sendApply(i *info, body []byte, manager string) (*object, error) {
	query := maps.Clone(a.query)
	query.Set("fieldManager", manager)
	query.Set("force", strconv.FormatBool(a.server.force))
	return a.c.fetch(wire{method: "PATCH", path: i.path(), query: query, contentType: "application/apply-patch+yaml", body: body})
}

var annotationField = []string{"f:metadata", "f:annotations", "f:" + lastApplied}

// keepAnnotation applies what client-side apply has noted under a name of its
// own, so that going over to server-side apply does not take it away.
func (a *apply) keepAnnotation(i *info) {
	text, noted := i.obj.GetAnnotations()[lastApplied]
	if !noted || len(managed.Owners(i.obj.GetManagedFields(), metav1.ManagedFieldsOperationApply, annotationField...)) > 0 {
		return
	}
	just := &object{}
	just.SetGroupVersionKind(i.obj.GroupVersionKind())
	just.SetName(i.obj.GetName())
	just.SetNamespace(i.obj.GetNamespace())
	just.SetAnnotations(map[string]string{lastApplied: text})
	body, err := encode(just.Object)
	if err == nil {
		var obj *object
		if obj, err = a.sendApply(i, body, annotationManager); err == nil {
			i.obj = obj
		}
	}
	if err != nil {
		a.c.eprintf("Warning: failed to migrate kubectl.kubernetes.io/last-applied-configuration for Server-Side Apply. This is non-fatal and will be retried next time you apply. Error: %v\n", err)
	}
}

// migrate makes what client-side apply managed the server-side applier's.
func (a *apply) migrate(i *info) bool {
	entries := i.obj.GetManagedFields()
	names := managed.Owners(entries, metav1.ManagedFieldsOperationUpdate, annotationField...)
	upgraded, changed := managed.Upgrade(entries, names, a.manager)
	if !changed {
		return false
	}
	body, err := encode([]map[string]any{
		{"op": "replace", "path": "/metadata/managedFields", "value": upgraded},
		{"op": "replace", "path": "/metadata/resourceVersion", "value": i.obj.GetResourceVersion()},
	})
	if err == nil {
		var obj *object
		query := maps.Clone(a.query)
		query.Del("fieldManager")
		obj, err = a.c.fetch(wire{method: "PATCH", path: i.path(), query: query, contentType: "application/json-patch+json", body: body})
		if err == nil {
			i.obj = obj
			return true
		}
	}
	a.c.eprintf("Warning: server rejected managed fields migration to Server-Side Apply. This is non-fatal and will be retried next time you apply. Error: %v\n", err)
	return false
}
