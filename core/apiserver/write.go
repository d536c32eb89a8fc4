package apiserver

import (
	"bytes"
	"errors"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/rest"
	"github.com/tabernetes/tabernetes/core/store"
)

// put stores obj as the successor of old (nil for a new object) and returns it
// as stored. What would change nothing writes nothing; a dry run answers what
// would have been stored.
func (s *Server) put(c *call, obj api.Object, old *item, dryRun bool, code int) (api.Object, error) {
	obj.SetResourceVersion("")
	value, err := api.EncodeStorage(obj)
	if err != nil {
		return nil, err
	}
	if old != nil && len(value) == len(old.value) && !bytes.Equal(value, old.value) && keepTimes(obj, old.object()) {
		if value, err = api.EncodeStorage(obj); err != nil {
			return nil, err
		}
	}
	if old != nil && bytes.Equal(value, old.value) {
		return old.object(), nil
	}
	if dryRun {
		return s.imagine(c.res, value, old)
	}
	key := c.shelf.prefix + objectKey(obj.GetNamespace(), obj.GetName())
	op := store.Op{Type: store.OpPut, Key: key, Value: value}
	if op.Lease, err = s.leaseFor(obj); err != nil {
		return nil, err
	}
	if isService(obj) {
		if err := s.addressesOf(c, obj, objectOf(old)); err != nil {
			return nil, err
		}
	}
	if err := s.commit(c, key, old, op, code); err != nil {
		return nil, err
	}
	it := c.shelf.find(obj.GetNamespace(), obj.GetName())
	if it.obj == nil && rarelyRead(obj) {
		obj.SetResourceVersion(strconv.FormatInt(it.rev, 10))
		return obj, nil
	}
	return it.object(), nil
}

// imagine is the answer of a dry run.
func (s *Server) imagine(res *api.Resource, value []byte, old *item) (api.Object, error) {
	obj, err := api.DecodeStored(res, value)
	if err == nil && old != nil {
		obj.SetResourceVersion(strconv.FormatInt(old.rev, 10))
	}
	return obj, err
}

// remove deletes an object and returns its last state, at the revision of its deletion.
func (s *Server) remove(c *call, it *item, dryRun bool) (api.Object, error) {
	if dryRun {
		return it.object(), nil
	}
	key := c.shelf.prefix + it.key
	if err := s.commit(c, key, it, store.Op{Type: store.OpDelete, Key: key}, codeOK); err != nil {
		return nil, err
	}
	if isService(it.object()) {
		if err := errors.Join(s.addressesOf(c, nil, it.object()), s.endpointsGo(c, it.object())); err != nil {
			return nil, err
		}
	}
	last := shallowCopy(it.object())
	last.SetResourceVersion(strconv.FormatInt(c.wrote, 10))
	return last, nil
}

// commit runs the one transaction of a write, on the condition that the key is
// still as old says.
func (s *Server) commit(c *call, key string, old *item, op store.Op, code int) error {
	var rev int64
	if old != nil {
		rev = old.rev
	}
	resp, err := s.st.Txn(store.Txn{
		If:     []store.Compare{{Key: key, Target: store.CompareMod, Result: store.Equal, Number: rev}},
		Then:   []store.Op{op},
		Origin: s.origin(c.Request, code),
	})
	if err != nil {
		return err
	}
	if !resp.Succeeded {
		return c.errModified()
	}
	c.wrote = int64(resp.Revision)
	return nil
}

// origin says in the log who made the write, why, and with which request.
func (s *Server) origin(req *rest.Request, code int) store.Origin {
	return store.Origin{
		Time: s.opts.Now(), Actor: req.Actor, Causes: req.Causes,
		Verb: req.Verb, Group: req.Resource.Group, Resource: req.Resource.Resource,
		Subresource: req.Subresource, Namespace: req.Namespace, Name: nameOf(req),
		Method: methodOf(req.Verb), Path: pathOf(req), Code: code,
	}
}

// nameOf is the name of the object that a request is about, as far as it is known.
func nameOf(req *rest.Request) string {
	if req.Name == "" {
		if obj, ok := req.Object.(metav1.Object); ok && obj != nil {
			return obj.GetName()
		}
	}
	return req.Name
}

// methodOf is the HTTP method of a verb.
func methodOf(verb string) string {
	switch verb {
	case rest.Create:
		return "POST"
	case rest.Update:
		return "PUT"
	case rest.Patch:
		return "PATCH"
	case rest.Delete, rest.DeleteCollection:
		return "DELETE"
	}
	return "GET"
}

// pathOf is a request's path without its query.
func pathOf(req *rest.Request) string {
	path := "/api/" + req.Resource.Version
	if req.Resource.Group != "" {
		path = "/apis/" + req.Resource.Group + "/" + req.Resource.Version
	}
	if req.Namespace != "" {
		path += "/namespaces/" + req.Namespace
	}
	path += "/" + req.Resource.Resource
	onCollection := req.Verb == rest.Create || req.Verb == rest.DeleteCollection
	if req.Name != "" && !onCollection || req.Subresource != "" {
		path += "/" + req.Name
	}
	if req.Subresource != "" {
		path += "/" + req.Subresource
	}
	return path
}

// eventLease is the store's lease that new events hang on. As upstream's
// pkg/storage/etcd3/lease_manager.go does, events of about a minute share one.
type eventLease struct {
	id      store.LeaseID
	expires time.Time
}

const eventLeaseReuse = time.Minute

// leaseFor is the lease that an object is stored with: one for an event, none for the rest.
func (s *Server) leaseFor(obj api.Object) (store.LeaseID, error) {
	if _, ok := obj.(*corev1.Event); !ok {
		return 0, nil
	}
	now, ttl := s.opts.Now(), s.opts.EventTTL
	reuse := min(ttl/20, eventLeaseReuse)
	if s.lease.id != 0 && !now.Add(ttl).After(s.lease.expires) && !now.Add(ttl+reuse).Before(s.lease.expires) {
		return s.lease.id, nil
	}
	granted, err := s.st.Grant(now, 0, int64((ttl+reuse)/time.Second))
	if err != nil {
		return 0, err
	}
	s.lease = eventLease{id: granted.ID, expires: now.Add(ttl + reuse)}
	return granted.ID, nil
}
