package kubectl

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
)

// info is one thing that a command works on: an object or, when it came from
// a request for a whole collection, a list or a table of them.
type info struct {
	*mapping
	namespace, name string
	obj             *object // nil until it has been read
	source          string  // the file it came from
}

// path is the object's address.
func (i *info) path(sub ...string) string {
	return i.mapping.path(i.namespace, i.name, sub...)
}

// query says which things a command is about, in the terms of kubectl's
// arguments (cli-runtime pkg/resource, Builder).
type query struct {
	c         *call
	namespace string
	explicit  bool // the namespace was given: files must agree
	allSpaces bool
	files     []string
	labels    *string
	fields    *string
	all       bool // every object of the types
	allIfType bool // a type alone means all of it
	latest    bool // objects in files are read from the server
	lazy      bool // objects named by arguments are not read
	oneType   bool
	stopEarly bool // the first error ends it
	limit     int64
	sub       string
	accept    string
	include   string // includeObject, for tables
	args      []string
	keepLists bool // collections stay one info
	ignore    func(error) bool

	validate bool // files are checked as for sending

	visiting bool    // targets are known
	mistakes []error // in files whose other documents are whole
	single   bool    // one object was asked for by name
}

var errNothingNamed = errors.New(`You must provide one or more resources by argument or filename.
Example resource specifications include:
   '-f rsrc.yaml'
   '--filename=rsrc.json'
   '<resource> <name>'
   '<resource>'`)

// query starts one in the command's namespace.
func (c *call) query(args []string) *query {
	ns, explicit := c.namespace()
	return &query{c: c, namespace: ns, explicit: explicit, limit: 500, args: args}
}

// selector sets the label selector when there is one.
func (q *query) selector(labels string) *query {
	if labels = strings.TrimSpace(labels); labels != "" {
		q.labels = &labels
	}
	return q
}

func (q *query) fieldSelector(fields string) *query {
	if fields = strings.TrimSpace(fields); fields != "" {
		q.fields = &fields
	}
	return q
}

// infos visits everything and returns what was found.
func (q *query) infos() ([]*info, error) {
	var list []*info
	err := q.visit(func(i *info) error {
		list = append(list, i)
		return nil
	})
	return list, err
}

// target is one visit to be made: an info to read, or a collection.
type target struct {
	*info
	collection bool
}

// visit calls fn for each thing in turn, reading it just before. Errors are
// collected, unless stopEarly.
func (q *query) visit(fn func(*info) error) error {
	targets, err := q.targets()
	if err != nil {
		return err
	}
	q.visiting = true
	var errs []error
	for _, t := range targets {
		err := q.visitTarget(t, fn)
		if err != nil && q.stopEarly {
			return err
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	err = aggregate(append(errs, q.mistakes...))
	if q.ignore != nil && err != nil {
		err = utilerrors.FilterOut(err, q.ignore)
	}
	return err
}

func (q *query) visitTarget(t target, fn func(*info) error) error {
	if t.collection {
		return q.visitCollection(t.info, fn)
	}
	if t.info.obj == nil && !q.lazy || t.info.source != "" && q.latest {
		obj, err := q.read(t.info)
		if err != nil {
			return err
		}
		t.info.obj = obj
	}
	return fn(t.info)
}

func (q *query) read(i *info) (*object, error) {
	var sub []string
	if q.sub != "" {
		sub = []string{q.sub}
	}
	w := wire{method: "GET", path: i.path(sub...), query: url.Values{}, accept: q.accept}
	if q.include != "" {
		w.query.Set("includeObject", q.include)
	}
	obj, err := q.c.fetch(w)
	if apierrors.IsNotFound(err) && i.namespace != "" && i.namespace != "default" {
		// Perhaps it is the namespace that isn't there.
		if _, nsErr := q.c.get("/api/v1/namespaces/"+i.namespace, nil); apierrors.IsNotFound(nsErr) {
			return nil, nsErr
		}
	}
	return obj, err
}

// visitCollection reads a collection in chunks.
func (q *query) visitCollection(of *info, fn func(*info) error) error {
	w := wire{method: "GET", path: of.mapping.path(of.namespace, ""), query: q.listQuery(), accept: q.accept}
	for {
		list, err := q.c.fetch(w)
		if err != nil {
			return q.listError(of.mapping, err)
		}
		if err := q.visitList(of, list, fn); err != nil {
			return err
		}
		next := list.GetContinue()
		if next == "" {
			return nil
		}
		w.query.Set("continue", next)
	}
}

func (q *query) listQuery() url.Values {
	v := url.Values{}
	if q.labels != nil && *q.labels != "" {
		v.Set("labelSelector", *q.labels)
	}
	if q.fields != nil && *q.fields != "" {
		v.Set("fieldSelector", *q.fields)
	}
	if q.limit > 0 {
		v.Set("limit", strconv.FormatInt(q.limit, 10))
	}
	if q.include != "" {
		v.Set("includeObject", q.include)
	}
	return v
}

// listError says what was looked for when the server refused a selector.
func (q *query) listError(m *mapping, err error) error {
	s, ok := err.(*apierrors.StatusError)
	if !ok || !apierrors.IsBadRequest(err) && !apierrors.IsNotFound(err) {
		return err
	}
	if q.labels == nil && q.fields == nil {
		return err
	}
	status := s.ErrStatus
	status.Message = fmt.Sprintf("Unable to find %q that match label selector %q, field selector %q: %v",
		m.GroupVersionResource.String(), deref(q.labels), deref(q.fields), status.Message)
	return &apierrors.StatusError{ErrStatus: status}
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (q *query) visitList(of *info, list *object, fn func(*info) error) error {
	if q.keepLists || !list.IsList() {
		return fn(&info{mapping: of.mapping, namespace: of.namespace, obj: list})
	}
	var errs []error
	err := list.EachListItem(func(item runtimeObject) error {
		obj := item.(*object)
		if obj.GetKind() == "" {
			obj.SetAPIVersion(of.apiVersion())
			obj.SetKind(of.Kind)
		}
		one := &info{mapping: of.mapping, namespace: obj.GetNamespace(), name: obj.GetName(), obj: obj}
		if err := fn(one); err != nil {
			errs = append(errs, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return aggregate(errs)
}
