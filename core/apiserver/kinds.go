package apiserver

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/tabernetes/tabernetes/core/api"
	apiextensionsv1 "github.com/tabernetes/tabernetes/core/apiextensions/v1"
	"github.com/tabernetes/tabernetes/core/rest"
	"github.com/tabernetes/tabernetes/core/store"
)

// Beside the kinds of the registry a server serves those that its cluster
// defines: as soon as a definition is established, in every version of it. Each
// version has a shelf of its own over the same keys, whose objects are read in
// that version; only the storage version is ever written
// (pkg/apiserver/customresource_handler.go of apiextensions-apiserver).

var definitionResource = schema.GroupVersionResource{
	Group: apiextensionsv1.Group, Version: apiextensionsv1.Version, Resource: "customresourcedefinitions",
}

// customKinds are the kinds that the cluster defines, by group, version and
// plural, in discovery's order.
type customKinds struct {
	all    []*api.Resource
	served []*api.Resource
}

func (k *customKinds) index() {
	slices.SortStableFunc(k.all, func(a, b *api.Resource) int {
		if c := strings.Compare(a.Group, b.Group); c != 0 {
			return c
		}
		return strings.Compare(a.Plural, b.Plural)
	})
	k.served = nil
	for _, r := range k.all {
		if r.Custom.Version.Served {
			k.served = append(k.served, r)
		}
	}
}

// lookup finds a resource that clients may ask for; nil where there is none.
func (s *Server) lookup(gvr schema.GroupVersionResource) *api.Resource {
	if r := api.Lookup(gvr); r != nil {
		return r
	}
	for _, r := range s.custom.served {
		if r.GVR() == gvr {
			return r
		}
	}
	return nil
}

// resourceOf is lookup for the world's own: the cleaning up of a kind goes
// through its storage version, served or not.
func (s *Server) resourceOf(gvr schema.GroupVersionResource) *api.Resource {
	if sh := s.shelves[gvr]; sh != nil {
		return sh.res
	}
	return s.lookup(gvr)
}

// LookupKind finds a resource by kind; nil where it isn't served.
func (s *Server) LookupKind(gvk schema.GroupVersionKind) *api.Resource {
	if r := api.LookupKind(gvk); r != nil {
		return r
	}
	for _, r := range s.custom.served {
		if r.GVK() == gvk {
			return r
		}
	}
	return nil
}

// isCustomGroup tells whether a path is one of a group that the cluster defines:
// what isn't there is answered with a line of text.
func (s *Server) isCustomGroup(path string) bool {
	group, _, _ := strings.Cut(strings.TrimPrefix(path, "/apis/"), "/")
	return slices.ContainsFunc(s.custom.served, func(r *api.Resource) bool { return r.Group == group })
}

// all are the resources served, in discovery's order.
func (s *Server) all() []*api.Resource {
	if len(s.custom.served) == 0 {
		return api.All()
	}
	return append(slices.Clone(api.All()), s.custom.served...)
}

// Stored are the resources that have objects of their own, those that the
// cluster defines among them, each in one version.
func (s *Server) Stored() []*api.Resource {
	out := api.Stored()
	for i, r := range s.custom.served {
		if i == 0 || s.custom.served[i-1].GroupResource() != r.GroupResource() {
			out = append(slices.Clip(out), r)
		}
	}
	return out
}

// isDefinition tells the shelf of definitions.
func (sh *shelf) isDefinition() bool { return sh.res.GVR() == definitionResource }

// loadDefinitions makes the shelves of what is defined in the store.
func (s *Server) loadDefinitions() error {
	prefix := s.shelves[definitionResource].prefix
	all, err := s.st.Range(store.RangeRequest{Key: prefix, End: store.PrefixEnd(prefix)})
	if err != nil {
		return err
	}
	for i := range all.KVs {
		obj, err := api.DecodeStorage(all.KVs[i].Value)
		if err != nil {
			return err
		}
		if crd := obj.(*apiextensionsv1.CustomResourceDefinition); crd.Is(apiextensionsv1.Established) {
			s.serveCustom(crd, false)
		}
	}
	return nil
}

// define follows a change of a definition; either may be nil.
func (s *Server) define(old, crd *apiextensionsv1.CustomResourceDefinition) {
	established := crd != nil && crd.Is(apiextensionsv1.Established)
	was := old != nil && old.Is(apiextensionsv1.Established)
	switch {
	case !established && was:
		s.endCustom(old)
	case established && !was:
		s.serveCustom(crd, true)
	case established && (!equality.Semantic.DeepEqual(old.Spec, crd.Spec) ||
		!equality.Semantic.DeepEqual(old.Status.AcceptedNames, crd.Status.AcceptedNames) ||
		old.Is(apiextensionsv1.Terminating) != crd.Is(apiextensionsv1.Terminating)):
		s.serveCustom(crd, true)
	}
}

// serveCustom begins to serve what a definition defines, or goes on with it as
// it is defined now. read says that objects which are stored already are to be
// taken in.
func (s *Server) serveCustom(crd *apiextensionsv1.CustomResourceDefinition, read bool) {
	resources := api.CustomResources(crd)
	s.dropCustom(crd, func(sh *shelf) bool {
		return !slices.ContainsFunc(resources, func(r *api.Resource) bool { return r.GVR() == sh.res.GVR() })
	})
	var shelves []*shelf
	for _, r := range resources {
		sh := s.shelves[r.GVR()]
		if sh == nil {
			sh = newShelf(r)
			if read {
				s.fill(sh)
			}
		} else {
			sh.redefine(r)
		}
		s.shelves[r.GVR()] = sh
		shelves = append(shelves, sh)
		s.undocument(r)
	}
	s.byKey[shelves[0].folder] = shelves
	s.custom.all = append(s.custom.all, resources...)
	s.custom.index()
}

// undocument forgets the documents that tell of a resource.
func (s *Server) undocument(r *api.Resource) {
	delete(s.documents, r.GVK().GroupVersion())
	s.swagger = nil
}

// endCustom ends the serving of what a definition defined.
func (s *Server) endCustom(crd *apiextensionsv1.CustomResourceDefinition) {
	s.dropCustom(crd, func(*shelf) bool { return true })
	s.custom.index()
}

// dropCustom forgets a definition's resources and the shelves that gone tells.
func (s *Server) dropCustom(crd *apiextensionsv1.CustomResourceDefinition, gone func(*shelf) bool) {
	s.custom.all = slices.DeleteFunc(s.custom.all, func(r *api.Resource) bool {
		if r.Group != crd.Spec.Group || r.Plural != crd.Spec.Names.Plural {
			return false
		}
		s.undocument(r)
		if sh := s.shelves[r.GVR()]; gone(sh) {
			sh.end(s.revision())
			delete(s.shelves, r.GVR())
			delete(s.byKey, sh.folder)
		}
		return true
	})
}

// fill takes in what the store holds for a shelf.
func (s *Server) fill(sh *shelf) {
	found, err := s.st.Range(store.RangeRequest{Key: sh.prefix, End: store.PrefixEnd(sh.prefix)})
	if err != nil {
		return // the present can always be read
	}
	for i := range found.KVs {
		it := sh.item(&found.KVs[i])
		sh.items.ReplaceOrInsert(it)
	}
}

// redefine gives a shelf its resource as it is defined now: what is on it is
// read anew, and watches go on.
func (sh *shelf) redefine(r *api.Resource) {
	sh.res = r
	var items []*item
	sh.items.Ascend(func(it *item) bool {
		items = append(items, &item{key: it.key, rev: it.rev, value: it.value, lease: it.lease, res: r})
		return true
	})
	for _, it := range items {
		sh.items.ReplaceOrInsert(it)
	}
	for _, st := range sh.general {
		st.res = r
	}
}

// end ends the watches on a shelf that is served no longer.
func (sh *shelf) end(rev int64) {
	status := statusOf(apierrors.NewResourceExpired("the kind " + sh.res.Kind + " is no longer defined"))
	for _, st := range sh.general {
		st.ended = true
		st.sink(rest.WatchEvent{Type: watch.Error, Object: status, Revision: rev})
	}
	sh.general = nil
}

// terminateDefinition begins the end of a definition: its objects go first
// (pkg/registry/customresourcedefinition/etcd.go).
func (s *Server) terminateDefinition(c *call, it *item, dryRun bool) (runtime.Object, error) {
	crd := it.object().(*apiextensionsv1.CustomResourceDefinition).DeepCopy()
	now := s.now()
	crd.DeletionTimestamp = &now
	if !slices.Contains(crd.Finalizers, apiextensionsv1.CleanupFinalizer) {
		crd.Finalizers = append(crd.Finalizers, apiextensionsv1.CleanupFinalizer)
	}
	crd.SetCondition(apiextensionsv1.CustomResourceDefinitionCondition{
		Type: apiextensionsv1.Terminating, Status: "True", Reason: "InstanceDeletionPending",
		Message: "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
	}, now.Time)
	return s.put(c, crd, it, dryRun, codeOK)
}
