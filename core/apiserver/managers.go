package apiserver

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/managed"
	"github.com/tabernetes/tabernetes/core/rest"
)

// Every write says who manages the fields that it sets (core/managed). It says
// so of what the client sent, with its defaults: what admission and the kind's
// strategy add belongs to nobody.

var (
	statusFields = managed.Of("f:status")
	specFields   = managed.Of("f:spec")
)

// fixedInStatus are the fields beside the spec that a kind's status subresource
// leaves as they are (GetResetFields in pkg/registry/…/strategy.go).
var fixedInStatus = map[schema.GroupResource][][]string{
	{Resource: "pods"}:                                       {{"f:metadata", "f:deletionTimestamp"}, {"f:metadata", "f:ownerReferences"}},
	{Group: "apps", Resource: "deployments"}:                 {{"f:metadata", "f:labels"}},
	{Group: "networking.k8s.io", Resource: "servicecidrs"}:   {{"f:metadata"}},
	{Group: "storage.k8s.io", Resource: "volumeattachments"}: {{"f:metadata"}},
	{Group: "resource.k8s.io", Resource: "resourceclaims"}:   {{"f:metadata"}},
}

// ignored are the fields that a write through the call's subresource cannot set.
func (c *call) ignored() managed.Set {
	switch c.Subresource {
	case "":
		if c.res.HasSubresource("status") {
			return statusFields
		}
	case "finalize":
		return statusFields
	case "status":
		fixed := specFields
		if c.res.Custom != nil {
			fixed = managed.Union(fixed, managed.Of("f:metadata"))
		}
		for _, path := range fixedInStatus[c.res.GroupResource()] {
			fixed = managed.Union(fixed, managed.Of(path...))
		}
		return fixed
	}
	return nil
}

// who is the manager that the call names, or the program that made it.
func (s *Server) who(c *call) managed.Who {
	name := ""
	switch c.Verb {
	case rest.Create:
		name = c.CreateOptions.FieldManager
	case rest.Update:
		name = c.UpdateOptions.FieldManager
	case rest.Patch:
		name = c.PatchOptions.FieldManager
	}
	if c.Subresource == "scale" {
		// Upstream loses the time on the way from the scale to its object.
		return managed.Who{Name: managed.FromUserAgent(name, c.UserAgent), APIVersion: c.res.APIVersion(), Subresource: c.Subresource}
	}
	return managed.Who{
		Name: managed.FromUserAgent(name, c.UserAgent), APIVersion: c.res.APIVersion(),
		Subresource: c.Subresource, Time: s.now(),
	}
}

// manage notes who set what in obj, which is to replace live; live is nil where
// there is none.
func (s *Server) manage(c *call, obj, live api.Object) {
	if c.managed {
		return
	}
	if live == nil {
		live = c.res.New()
	}
	s.keeper.Update(live, obj, c.types(), c.ignored(), s.who(c))
}

// types says how managers share the object; nil for kinds that are Go structs.
func (c *call) types() *managed.Type {
	if c.res.Custom == nil {
		return nil
	}
	return c.res.Custom.Types
}

// manageLate tells of the subresources of a pod that keep most of it as it is
// whatever was sent: what they set is seen only after that.
func (c *call) manageLate(obj api.Object) bool {
	_, pod := obj.(*corev1.Pod)
	return pod && (c.Subresource == "ephemeralcontainers" || c.Subresource == "resize")
}

// keepTimes takes back the times of managers where a write changed nothing
// else; it tells whether there was something to take back.
func keepTimes(obj, old metav1.Object) bool {
	if !managed.SameButTimes(obj.GetManagedFields(), old.GetManagedFields()) {
		return false
	}
	obj.SetManagedFields(old.GetManagedFields())
	return true
}
