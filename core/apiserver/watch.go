package apiserver

import (
	"fmt"
	"slices"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/rest"
	"github.com/tabernetes/tabernetes/core/store"
)

// watches are those on one shelf. What is watched by node (each kubelet's own
// pods) is found by node, so that a pod's write costs its own kubelet's watch
// and not everybody's.
type watches struct {
	general []*stream
	byNode  map[string][]*stream
}

// stream is one watch. Slices of streams are replaced, never changed in place:
// a watch may end while its shelf's are being told.
type stream struct {
	*filter
	sink      func(rest.WatchEvent)
	after     int64 // only later revisions are wanted
	told      int64 // the last revision sent
	bookmarks bool
	ended     bool
}

// change is one write as watches see it; a missing old or obj means that the
// object was created or deleted.
type change struct {
	old, obj api.Object
	rev      int64
	gone     api.Object // old at the revision of the change, made when first needed
}

// changeOf is the change from one item to another; either may be missing.
func changeOf(before, after *item, rev int64) change {
	c := change{rev: rev}
	if before != nil {
		c.old = before.object()
	}
	if after != nil {
		c.obj = after.object()
	}
	return c
}

// last is the old object's last state, at the revision that took it away.
func (c *change) last() api.Object {
	if c.gone == nil {
		c.gone = shallowCopy(c.old)
		c.gone.SetResourceVersion(strconv.FormatInt(c.rev, 10))
	}
	return c.gone
}

// watched tells whether anybody watches the shelf.
func (w *watches) watched() bool { return len(w.general)+len(w.byNode) > 0 }

// dispatch tells every watch that the change concerns.
func (w *watches) dispatch(c change) {
	for _, st := range w.general {
		st.tell(&c)
	}
	if len(w.byNode) == 0 {
		return
	}
	before, after := "", ""
	if c.old != nil {
		before = nodeOf(c.old)
		w.tellNode(before, &c)
	}
	if c.obj != nil {
		after = nodeOf(c.obj)
		if c.old == nil || after != before {
			w.tellNode(after, &c)
		}
	}
}

func (w *watches) tellNode(node string, c *change) {
	for _, st := range w.byNode[node] {
		st.tell(c)
	}
}

// tell passes a change on as the event it is for this watch: an object that
// begins to match is added to it, one that ceases to is deleted from it.
func (st *stream) tell(c *change) {
	if st.ended || c.rev <= st.after {
		return
	}
	was := c.old != nil && st.matches(c.old)
	is := c.obj != nil && st.matches(c.obj)
	switch {
	case is && was:
		st.send(watch.Modified, c.obj, c.rev)
	case is:
		st.send(watch.Added, c.obj, c.rev)
	case was:
		st.send(watch.Deleted, c.last(), c.rev)
	}
}

func (st *stream) send(kind watch.EventType, obj api.Object, rev int64) {
	st.told = rev
	st.sink(rest.WatchEvent{Type: kind, Object: obj, Revision: rev})
}

// bookmark tells a watch how far the world is.
func (st *stream) bookmark(rev int64, annotations map[string]string) {
	obj := st.res.New()
	obj.GetObjectKind().SetGroupVersionKind(st.res.GVK())
	obj.SetResourceVersion(strconv.FormatInt(rev, 10))
	obj.SetAnnotations(annotations)
	st.send(watch.Bookmark, obj, rev)
}

func (w *watches) add(st *stream) {
	if st.byNode {
		if w.byNode == nil {
			w.byNode = map[string][]*stream{}
		}
		w.byNode[st.node] = append(slices.Clip(w.byNode[st.node]), st)
		return
	}
	w.general = append(slices.Clip(w.general), st)
}

func (w *watches) remove(st *stream) {
	st.ended = true
	other := func(o *stream) bool { return o == st }
	if !st.byNode {
		w.general = slices.DeleteFunc(slices.Clone(w.general), other)
		return
	}
	if rest := slices.DeleteFunc(slices.Clone(w.byNode[st.node]), other); len(rest) > 0 {
		w.byNode[st.node] = rest
	} else {
		delete(w.byNode, st.node)
	}
}

// Watch streams the changes that match. History that is gone is not refused
// but told as an ERROR event (410 Expired) that ends the stream, as the real
// API server does.
func (s *Server) Watch(req *rest.Request, sink func(rest.WatchEvent)) (stop func(), refused *rest.Response) {
	c, st, err := s.newStream(req, sink)
	if err != nil {
		return nil, s.refuse(c.Request, err)
	}
	if !s.begin(c, st) {
		return func() {}, nil
	}
	c.shelf.add(st)
	return func() {
		if !st.ended {
			c.shelf.remove(st)
		}
	}, nil
}

func (s *Server) newStream(req *rest.Request, sink func(rest.WatchEvent)) (*call, *stream, error) {
	c, err := s.resolve(req)
	if err == nil && (c.Subresource != "" || !c.res.Serves(rest.Watch)) {
		err = errMethodNotAllowed()
	}
	if err != nil {
		return c, nil, err
	}
	if c.form != nil {
		sink = reformed(c.form, sink)
	}
	opts := &c.ListOptions
	f, err := filterFor(c, opts)
	if err != nil {
		return c, nil, err
	}
	if err := invalidOptions("ListOptions", validateWatch(opts)); err != nil {
		return c, nil, err
	}
	after, err := parseRevision(opts.ResourceVersion)
	return c, &stream{filter: f, sink: sink, after: after, bookmarks: opts.AllowWatchBookmarks}, err
}

// validateWatch follows apimachinery's pkg/apis/meta/internalversion/validation.
func validateWatch(opts *metav1.ListOptions) (errs field.ErrorList) {
	matchPath := field.NewPath("resourceVersionMatch")
	match := opts.ResourceVersionMatch
	if opts.SendInitialEvents != nil && match != metav1.ResourceVersionMatchNotOlderThan {
		errs = append(errs, field.Forbidden(matchPath, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"))
	}
	if match == "" {
		return errs
	}
	if opts.SendInitialEvents == nil {
		errs = append(errs, field.Forbidden(matchPath, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"))
	}
	if match != metav1.ResourceVersionMatchNotOlderThan {
		errs = append(errs, field.NotSupported(matchPath, match, []string{string(metav1.ResourceVersionMatchNotOlderThan)}))
	}
	if opts.Continue != "" {
		errs = append(errs, field.Forbidden(matchPath, "resourceVersionMatch is forbidden when continue is provided"))
	}
	return errs
}

// begin sends what comes before the live events: the present state, or the
// history since a revision. It returns false where the stream has ended already.
func (s *Server) begin(c *call, st *stream) bool {
	opts := &c.ListOptions
	if initial := opts.SendInitialEvents; initial != nil && *initial || initial == nil && st.after == 0 {
		s.sendState(c, st)
		return true
	}
	if st.after == 0 {
		st.after = s.revision()
	}
	return st.after >= s.revision() || s.sendHistory(c, st)
}

// sendState sends every object that matches as ADDED, and then a bookmark that
// says so to those that want bookmarks.
func (s *Server) sendState(c *call, st *stream) {
	now := s.revision()
	c.shelf.each(st.namespace, "", func(it *item) bool {
		if st.matches(it.object()) {
			st.sink(rest.WatchEvent{Type: watch.Added, Object: it.object(), Revision: it.rev})
		}
		return true
	})
	st.after, st.told = now, now
	if st.bookmarks {
		st.bookmark(now, map[string]string{metav1.InitialEventsAnnotationKey: "true"})
	}
}

// sendHistory sends what has happened since the stream's revision.
func (s *Server) sendHistory(c *call, st *stream) bool {
	since := st.after
	lost := false
	root := c.shelf.prefix
	if st.namespace != "" {
		root += st.namespace + "/"
	}
	w, err := s.st.Watch(store.WatchRequest{
		Key: root, End: store.PrefixEnd(root), StartRevision: store.Revision(since + 1), PrevKV: true,
	}, func(r store.WatchResponse) {
		lost = lost || r.CompactRevision != 0 || !c.shelf.replay(st, r)
	})
	if err != nil {
		lost = true
	} else {
		w.Cancel()
	}
	if lost {
		status := statusOf(apierrors.NewResourceExpired(fmt.Sprintf(
			"too old resource version: %d (%d)", since, max(int64(s.st.CompactRevision())-1, 0))))
		st.sink(rest.WatchEvent{Type: watch.Error, Object: status, Revision: s.revision()})
		return false
	}
	st.after = max(st.after, s.revision())
	st.told = st.after
	return true
}

// replay tells one watch of one past revision; false where a previous state is gone.
func (sh *shelf) replay(st *stream, r store.WatchResponse) bool {
	for i := range r.Events {
		ev := &r.Events[i]
		var before, after *item
		if ev.Prev != nil {
			before = sh.item(ev.Prev)
		}
		if !ev.Delete {
			after = sh.item(&ev.KV)
		}
		for _, it := range []*item{before, after} {
			if it != nil && it.decode() != nil {
				return false
			}
		}
		if before == nil && after == nil {
			return false
		}
		ch := changeOf(before, after, int64(r.Revision))
		st.tell(&ch)
	}
	return true
}

// Bookmark sends a BOOKMARK to every watch that asked for them and has not
// heard of the current revision. The real API server does so about once a
// minute; here the world decides when.
func (s *Server) Bookmark() {
	now := s.revision()
	tell := func(streams []*stream) {
		for _, st := range streams {
			if st.bookmarks && !st.ended && max(st.told, st.after) < now {
				st.bookmark(now, nil)
			}
		}
	}
	for _, res := range append(slices.Clone(api.Stored()), s.custom.served...) {
		sh := s.shelves[res.GVR()]
		tell(sh.general)
		nodes := make([]string, 0, len(sh.byNode))
		for node := range sh.byNode {
			nodes = append(nodes, node)
		}
		slices.Sort(nodes)
		for _, node := range nodes {
			tell(sh.byNode[node])
		}
	}
}
