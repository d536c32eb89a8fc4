// Package crd looks after CustomResourceDefinitions: it accepts the names of a
// definition where no other has them (naming.go), says that it is established,
// from when on its kind is served, and when it is deleted deletes its objects
// and lets it go when the last is gone (cleanup.go).
//
// In Kubernetes these are three controllers within kube-apiserver, under whose
// name their writes are managed: pkg/controller/status/naming_controller.go,
// pkg/controller/establish and pkg/controller/finalizer of
// apiextensions-apiserver v0.36.3. Left out: the conditions NonStructuralSchema
// and KubernetesAPIApprovalPolicyConformant, of which validation lets nothing
// through that would be said; the condition InstanceDeletionCheck, which upstream
// writes when objects have not gone after a minute: here they are looked for on.
package crd

import (
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	apiextensionsv1 "github.com/tabernetes/tabernetes/core/apiextensions/v1"
	"github.com/tabernetes/tabernetes/core/client"
)

type definition = apiextensionsv1.CustomResourceDefinition

type controller struct {
	c    *client.Client
	all  *client.View[*definition]
	loop *client.Loop
	// written are definitions as they were last written here, until the view has
	// them: two of one turn after the other must not be given the same name.
	written map[string]*definition
}

// Start runs the controller with c.
func Start(c *client.Client) {
	d := &controller{c: c, all: client.NewView[*definition](c, client.ViewOptions{}), written: map[string]*definition{}}
	d.loop = c.NewLoop("establish definition", d.sync)
	d.loop.Needs(d.all)
	d.all.Handle(client.Handlers[*definition]{
		Added:   d.changed,
		Updated: func(_, crd *definition) { d.changed(crd) },
		Deleted: func(crd *definition) {
			delete(d.written, crd.Name)
			d.reconsider(crd.Name)
		},
	})
	d.all.Start()
}

// changed asks for a turn where there may be something to do.
func (d *controller) changed(crd *definition) {
	if mine := d.written[crd.Name]; mine != nil && mine.ResourceVersion == crd.ResourceVersion {
		delete(d.written, crd.Name)
	}
	if needed(crd) {
		d.loop.Add(crd.Name)
	}
}

// reconsider asks for turns of all others of a definition's group: a name may
// have become free.
func (d *controller) reconsider(name string) {
	_, group, _ := strings.Cut(name, ".")
	for _, other := range d.all.List() {
		if other.Spec.Group == group && other.Name != name && needed(other) {
			d.loop.Add(other.Name)
		}
	}
}

// needed tells whether a definition is not as it should be.
func needed(crd *definition) bool {
	return toBeCleaned(crd) || !named(crd) || toBeEstablished(crd)
}

// sync takes one step with one definition.
func (d *controller) sync(name string) error {
	crd, ok := d.all.Get("", name)
	if !ok {
		return nil
	}
	switch {
	case toBeCleaned(crd):
		return d.clean(crd)
	case !named(crd):
		return d.name(crd)
	case toBeEstablished(crd):
		crd = crd.DeepCopy()
		crd.SetCondition(established, d.c.Now())
		_, err := d.write(crd)
		return err
	}
	return nil
}

// write writes a status. One that came too late is of no account: its
// definition will be heard of again.
func (d *controller) write(crd *definition) (*definition, error) {
	written, err := client.UpdateStatus(d.c, crd)
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil, nil
	}
	if err == nil && written != nil {
		d.written[written.Name] = written
	}
	return written, err
}
