package apiserver

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/google/btree"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/tabernetes/tabernetes/core/api"
	apiextensionsv1 "github.com/tabernetes/tabernetes/core/apiextensions/v1"
	"github.com/tabernetes/tabernetes/core/store"
)

const registryRoot = "/registry/"

// folders are the resources whose keys do not follow their name, as
// pkg/registry and pkg/kubeapiserver/default_storage_factory_builder.go of
// Kubernetes have it.
var folders = map[schema.GroupResource]string{
	{Resource: "nodes"}:                                 "minions",
	{Resource: "services"}:                              "services/specs",
	{Resource: "endpoints"}:                             "services/endpoints",
	{Resource: "replicationcontrollers"}:                "controllers",
	{Group: "networking.k8s.io", Resource: "ingresses"}: "ingress",
}

// shelf is the current objects of one resource, decoded, in key order, and the
// watches on them.
type shelf struct {
	res    *api.Resource
	folder string // pods
	prefix string // /registry/pods/
	items  *btree.BTreeG[*item]
	watches
}

// item is one current object. It is decoded when a watch or a reader first
// wants it, which for most events is never, and then shared by all of them.
type item struct {
	key   string // below the shelf's prefix: default/web
	obj   api.Object
	rev   int64
	value []byte // as stored
	res   *api.Resource
	lease store.LeaseID
}

func newShelf(res *api.Resource) *shelf {
	folder := folderOf(res)
	return &shelf{
		res: res, folder: folder, prefix: registryRoot + folder + "/",
		items: btree.NewG(32, func(a, b *item) bool { return a.key < b.key }),
	}
}

func folderOf(res *api.Resource) string {
	if api.Lookup(res.GVR()) == nil || res.GVR() == definitionResource { // as apiextensions-apiserver has it
		return res.Group + "/" + res.Plural
	}
	if folder := folders[res.GroupResource()]; folder != "" {
		return folder
	}
	return res.Plural
}

// Key is where the store has an object: /registry/pods/default/web.
func Key(res *api.Resource, namespace, name string) string {
	return registryRoot + folderOf(res) + "/" + objectKey(namespace, name)
}

// objectKey is an object's key below its shelf's prefix.
func objectKey(namespace, name string) string {
	if namespace == "" {
		return name
	}
	return namespace + "/" + name
}

// find returns the current object, nil if there is none.
func (sh *shelf) find(namespace, name string) *item {
	it, _ := sh.items.Get(&item{key: objectKey(namespace, name)})
	return it
}

// each visits the objects of a namespace ("" for all) in key order, those
// above after only, until fn returns false.
func (sh *shelf) each(namespace, after string, fn func(*item) bool) {
	from := namespace
	if namespace != "" {
		from += "/"
	}
	if after > from {
		from = after
	}
	sh.items.AscendGreaterOrEqual(&item{key: from}, func(it *item) bool {
		if namespace != "" && !strings.HasPrefix(it.key, namespace+"/") {
			return false
		}
		return fn(it)
	})
}

// load fills the shelves from the store.
func (s *Server) load() error {
	if err := s.loadDefinitions(); err != nil {
		return err
	}
	all, err := s.st.Range(store.RangeRequest{Key: registryRoot, End: store.PrefixEnd(registryRoot)})
	if err != nil {
		return err
	}
	for i := range all.KVs {
		for _, sh := range s.shelvesOf(all.KVs[i].Key) {
			it := sh.item(&all.KVs[i])
			if err := it.decode(); err != nil {
				return fmt.Errorf("%s at revision %d: %w", all.KVs[i].Key, all.KVs[i].ModRevision, err)
			}
			if rarelyRead(it.obj) {
				it.obj = nil
			}
			sh.items.ReplaceOrInsert(it)
		}
	}
	return nil
}

// shelvesOf finds the shelves of a storage key: one for every version of its
// kind, none where that is not served.
func (s *Server) shelvesOf(key string) []*shelf {
	folder, rest, found := strings.Cut(strings.TrimPrefix(key, registryRoot), "/")
	if folder == "services" || strings.Contains(folder, ".") { // the folders with folders in them
		second, _, more := strings.Cut(rest, "/")
		folder, found = folder+"/"+second, more
	}
	if !found {
		return nil
	}
	return s.byKey[folder]
}

// item is what is stored under a key, not decoded yet.
func (sh *shelf) item(kv *store.KeyValue) *item {
	return &item{key: kv.Key[len(sh.prefix):], rev: int64(kv.ModRevision), value: kv.Value, lease: kv.Lease, res: sh.res}
}

// decode reads what is stored; the object's resourceVersion is its mod revision.
func (it *item) decode() error {
	obj, err := api.DecodeStored(it.res, it.value)
	if err != nil {
		return err
	}
	obj.SetResourceVersion(strconv.FormatInt(it.rev, 10))
	it.obj = obj
	return nil
}

// rarelyRead tells of objects that are written by the thousand and hardly ever
// looked at: they stay encoded until somebody does.
func rarelyRead(obj api.Object) bool {
	_, event := obj.(*corev1.Event)
	return event
}

// object is the item's object. What is in the cache has been read once before,
// by load, or was encoded here.
func (it *item) object() api.Object {
	if it.obj == nil {
		if err := it.decode(); err != nil {
			panic(fmt.Sprintf("apiserver: stored what it cannot read: %s: %v", it.key, err))
		}
	}
	return it.obj
}

// hear takes in one revision of the store and passes it on to the watches.
func (s *Server) hear(r store.WatchResponse) {
	for i := range r.Events {
		for _, sh := range s.shelvesOf(r.Events[i].KV.Key) {
			s.hearOn(sh, &r.Events[i], int64(r.Revision))
		}
	}
}

func (s *Server) hearOn(sh *shelf, ev *store.Event, rev int64) {
	var before, after *item
	if ev.Delete {
		before, _ = sh.items.Delete(&item{key: ev.KV.Key[len(sh.prefix):]})
	} else {
		after = sh.item(&ev.KV)
		before, _ = sh.items.ReplaceOrInsert(after)
	}
	if sh.isDefinition() {
		s.define(definitionOf(before), definitionOf(after))
	}
	if sh.watched() {
		sh.dispatch(changeOf(before, after, rev))
	}
}

func definitionOf(it *item) *apiextensionsv1.CustomResourceDefinition {
	if it == nil {
		return nil
	}
	return it.object().(*apiextensionsv1.CustomResourceDefinition)
}

// Verify returns an error if an object that the server has handed out was
// changed by whoever received it, or if the cache is not what the store holds.
// It is for tests: it encodes everything.
func (s *Server) Verify() error {
	for _, res := range s.Stored() {
		sh := s.shelves[res.GVR()]
		var err error
		sh.items.Ascend(func(it *item) bool {
			err = s.verify(sh, it)
			return err == nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// encoded is the object as it would be stored now.
func (it *item) encoded() ([]byte, error) {
	clean := shallowCopy(it.object())
	clean.SetResourceVersion("")
	return api.EncodeStorage(clean)
}

func (s *Server) verify(sh *shelf, it *item) error {
	value, err := it.encoded()
	if err != nil {
		return err
	}
	wanted := it.value
	if sh.res.Custom != nil { // what is served may have more defaults and fewer fields than what is stored
		fresh := &item{key: it.key, rev: it.rev, value: it.value, res: it.res}
		if wanted, err = fresh.encoded(); err != nil {
			return err
		}
	}
	stored, _ := s.st.Get(sh.prefix + it.key)
	switch {
	case string(value) != string(wanted):
		return fmt.Errorf("%s%s at revision %d was changed after it was stored", sh.prefix, it.key, it.rev)
	case string(stored.Value) != string(it.value) || int64(stored.ModRevision) != it.rev:
		return fmt.Errorf("%s%s is cached at revision %d, stored at %d", sh.prefix, it.key, it.rev, stored.ModRevision)
	case it.object().GetResourceVersion() != strconv.FormatInt(it.rev, 10):
		return fmt.Errorf("%s%s has resourceVersion %s at revision %d", sh.prefix, it.key, it.object().GetResourceVersion(), it.rev)
	}
	return nil
}

// nodeOf is the node that a pod is bound to, "" for everything else.
func nodeOf(obj api.Object) string {
	if pod, ok := obj.(*corev1.Pod); ok {
		return pod.Spec.NodeName
	}
	return ""
}
