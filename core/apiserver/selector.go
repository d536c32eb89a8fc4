package apiserver

import (
	"fmt"
	"reflect"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"

	"github.com/tabernetes/tabernetes/core/api"
)

// nodeField is the field selector by which each kubelet sees its own pods: it
// is matched before anything else, and watches are indexed by it.
const nodeField = "spec.nodeName"

// filter is what a list or watch wants to see of a shelf.
type filter struct {
	res       *api.Resource
	namespace string // "" for all
	name      string // "" for all
	node      string
	byNode    bool // node is asked for, maybe as ""
	labels    labels.Selector
	fields    fields.Requirements // what is not in name, namespace and node
	empty     bool                // nothing was selected: remainingItemCount can be told
	never     bool                // nothing can match
}

// filterFor reads the selectors of a list or watch.
func filterFor(c *call, opts *metav1.ListOptions) (*filter, error) {
	f := &filter{res: c.res, namespace: c.Namespace, name: c.Name, empty: true}
	if opts.LabelSelector != "" {
		sel, err := labels.Parse(opts.LabelSelector)
		if err != nil {
			return nil, apierrors.NewBadRequest(err.Error())
		}
		if !sel.Empty() {
			f.labels, f.empty = sel, false
		}
	}
	sel, err := fields.ParseSelector(opts.FieldSelector)
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	for _, r := range sel.Requirements() {
		if c.form != nil && c.form.Form.Label != nil {
			r.Field = c.form.Form.Label(r.Field)
		}
		if err := checkField(c.res, r.Field); err != nil {
			return nil, err
		}
		f.empty = false
		f.require(r)
	}
	return f, nil
}

// require adds one condition on a field.
func (f *filter) require(r fields.Requirement) {
	equal := r.Operator != selection.NotEquals
	switch {
	case equal && r.Field == "metadata.name":
		f.never = f.never || f.name != "" && f.name != r.Value
		f.name = r.Value
		f.never = f.never || r.Value == ""
	case equal && r.Field == "metadata.namespace" && r.Value != "":
		f.never = f.never || f.namespace != "" && f.namespace != r.Value || !f.res.Namespaced
		f.namespace = r.Value
	case equal && r.Field == nodeField && !f.byNode:
		f.node, f.byNode = r.Value, true
	default:
		f.fields = append(f.fields, r)
	}
}

// checkField refuses a field that the kind cannot be selected by, in the words
// of its upstream conversion function.
func checkField(res *api.Resource, name string) error {
	if name == "metadata.name" || name == "metadata.namespace" {
		return nil
	}
	if res.Fields == nil && res.Custom == nil {
		return apierrors.NewBadRequest(fmt.Sprintf(
			"%q is not a known field selector: only %q, %q", name, "metadata.name", "metadata.namespace"))
	}
	if res.Fields == nil || !res.Fields(res.New()).Has(name) {
		return apierrors.NewBadRequest("field label not supported: " + name)
	}
	return nil
}

// matches tells whether the object is among those wanted.
func (f *filter) matches(obj api.Object) bool {
	switch {
	case f.never,
		f.namespace != "" && obj.GetNamespace() != f.namespace,
		f.name != "" && obj.GetName() != f.name,
		f.byNode && nodeOf(obj) != f.node,
		f.labels != nil && !f.labels.Matches(labels.Set(obj.GetLabels())):
		return false
	}
	if len(f.fields) == 0 {
		return true
	}
	set := fields.Set{}
	if f.res.Fields != nil {
		set = f.res.Fields(obj)
	}
	for _, r := range f.fields {
		if (fieldOf(obj, set, r.Field) == r.Value) != (r.Operator != selection.NotEquals) {
			return false
		}
	}
	return true
}

func fieldOf(obj api.Object, set fields.Set, name string) string {
	switch name {
	case "metadata.name":
		return obj.GetName()
	case "metadata.namespace":
		return obj.GetNamespace()
	}
	return set[name]
}

// newLike is an empty value of an object's type.
func newLike(obj api.Object) api.Object {
	if custom, ok := obj.(*api.Custom); ok {
		return api.For(custom).New()
	}
	return reflect.New(reflect.TypeOf(obj).Elem()).Interface().(api.Object)
}

// shallowCopy is a copy whose metadata fields can be set while all else stays shared.
func shallowCopy(obj api.Object) api.Object {
	v := reflect.ValueOf(obj).Elem()
	out := reflect.New(v.Type())
	out.Elem().Set(v)
	return out.Interface().(api.Object)
}
