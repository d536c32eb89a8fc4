package lessons

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kjson "sigs.k8s.io/json"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/cluster"
	"github.com/tabernetes/tabernetes/core/rest"
)

// World is where a lesson's objects are: the engine, or any cluster.
type World interface {
	// Objects lists what there is of a kind in a namespace: "" means the one
	// that the console is in, AllNamespaces all. The objects are shared: they
	// must not be changed.
	Objects(apiVersion, kind, namespace string) ([]map[string]any, error)
}

// AllNamespaces asks a World for the objects of every namespace.
const AllNamespaces = "*"

// engine is a World over a cluster of ours.
type engine struct {
	c *cluster.Cluster
	// decoded keeps the objects of the last listing by kind, so that only what
	// has changed since is decoded again.
	decoded map[string]map[objectKey]map[string]any
}

type objectKey struct{ uid, version string }

func newEngine(c *cluster.Cluster) *engine {
	return &engine{c: c, decoded: map[string]map[objectKey]map[string]any{}}
}

// Objects lists through the API server, as a client would.
func (e *engine) Objects(apiVersion, kind, namespace string) ([]map[string]any, error) {
	gv, err := schema.ParseGroupVersion(apiVersion)
	if err != nil {
		return nil, err
	}
	r := e.c.Server().LookupKind(gv.WithKind(kind))
	if r == nil {
		return nil, fmt.Errorf("there is no kind %s in %s", kind, apiVersion)
	}
	switch {
	case namespace == AllNamespaces || !r.Namespaced:
		namespace = ""
	case namespace == "":
		namespace = metav1.NamespaceDefault
	}
	resp := e.c.Server().Serve(&rest.Request{Verb: rest.List, Resource: r.GVR(), Namespace: namespace, Actor: "lesson"})
	if s := resp.Status(); s != nil {
		return nil, fmt.Errorf("list %s: %s", r.Plural, s.Message)
	}
	known, now := e.decoded[kind+namespace], map[objectKey]map[string]any{}
	var out []map[string]any
	err = meta.EachListItem(resp.Object, func(o runtime.Object) error {
		m := o.(metav1.Object)
		key := objectKey{string(m.GetUID()), m.GetResourceVersion()}
		obj := known[key]
		if obj == nil {
			var err error
			if obj, err = tree(o); err != nil {
				return err
			}
			obj["apiVersion"], obj["kind"] = apiVersion, kind
		}
		now[key] = obj
		out = append(out, obj)
		return nil
	})
	e.decoded[kind+namespace] = now
	return out, err
}

// tree is an object as maps, lists and scalars.
func tree(obj runtime.Object) (map[string]any, error) {
	data, err := api.EncodeJSON(obj)
	if err != nil {
		return nil, err
	}
	var out map[string]any
	return out, kjson.UnmarshalCaseSensitivePreserveInts(data, &out)
}
