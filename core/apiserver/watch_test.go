package apiserver_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/rest"
	"github.com/tabernetes/tabernetes/core/store"
)

func configMap(name string, labels map[string]string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}
}

// relabel gives a config map one label, or none.
func relabel(w *world, name, value string) {
	w.Helper()
	w.must(&rest.Request{
		Verb: rest.Patch, Resource: configMaps, Namespace: "default", Name: name,
		Mutate: func(o api.Object) error { o.SetLabels(map[string]string{"x": value}); return nil },
	})
}

func remove(w *world, name string) {
	w.Helper()
	w.must(&rest.Request{Verb: rest.Delete, Resource: configMaps, Namespace: "default", Name: name})
}

// trimmed is events without their revisions.
func trimmed(events []string) []string {
	out := make([]string, len(events))
	for i, e := range events {
		out[i], _, _ = strings.Cut(e, "@")
	}
	return out
}

// TestWatchSelection: for a watch with a selector an object that begins to
// match is ADDED, one that ceases to is DELETED, in its last matching state.
func TestWatchSelection(t *testing.T) {
	w := newWorld(t)
	create(w, configMap("old", map[string]string{"x": "1"}))
	one := w.watching(configMaps, metav1.ListOptions{LabelSelector: "x=1"})
	named := w.watching(configMaps, metav1.ListOptions{FieldSelector: "metadata.name=b"})
	elsewhere := w.watching(configMaps, metav1.ListOptions{FieldSelector: "metadata.namespace=kube-system"})
	create(w, configMap("a", map[string]string{"x": "1"}))
	create(w, configMap("b", map[string]string{"x": "2"}))
	relabel(w, "b", "1")
	relabel(w, "a", "2")
	relabel(w, "a", "3")
	relabel(w, "a", "3") // changes nothing
	remove(w, "b")
	want := []string{"ADDED old", "ADDED a", "ADDED b", "DELETED a", "DELETED b"}
	if diff := cmp.Diff(want, trimmed(*one)); diff != "" {
		t.Errorf("x=1 (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"ADDED b", "MODIFIED b", "DELETED b"}, trimmed(*named)); diff != "" {
		t.Errorf("metadata.name=b (-want +got)\n%s", diff)
	}
	if len(*elsewhere) != 0 {
		t.Errorf("kube-system heard %v", *elsewhere)
	}
}

// TestWatchHistory: a watch from an earlier revision hears exactly what a
// watch that had been there heard.
func TestWatchHistory(t *testing.T) {
	w := newWorld(t)
	start := w.st.Revision()
	live := w.watching(configMaps, metav1.ListOptions{LabelSelector: "x in (1,2)", ResourceVersion: fmt.Sprint(start)})
	for _, name := range []string{"a", "b", "c"} {
		create(w, configMap(name, map[string]string{"x": "1"}))
	}
	relabel(w, "a", "3")
	remove(w, "b")
	relabel(w, "a", "2")
	remove(w, "c")
	for _, restarted := range []bool{false, true} {
		if restarted {
			w.restart()
		}
		for rev := int(start); rev <= int(w.st.Revision()); rev++ {
			again := w.watching(configMaps, metav1.ListOptions{LabelSelector: "x in (1,2)", ResourceVersion: fmt.Sprint(rev)})
			from := slices.IndexFunc(*live, func(e string) bool {
				var at int
				_, _ = fmt.Sscanf(e[strings.Index(e, "@"):], "@%d", &at)
				return at > rev
			})
			var want []string
			if from >= 0 {
				want = (*live)[from:]
			}
			if diff := cmp.Diff(want, *again); diff != "" {
				t.Errorf("from %d, restarted %v (-want +got)\n%s", rev, restarted, diff)
			}
		}
	}
}

func TestWatchTooOld(t *testing.T) {
	w := newWorld(t)
	create(w, configMap("a", nil))
	create(w, configMap("b", nil))
	if err := w.st.Compact(w.st.Revision()); err != nil {
		t.Fatal(err)
	}
	got := w.watching(configMaps, metav1.ListOptions{ResourceVersion: "3"})
	want := []string{fmt.Sprintf("ERROR too old resource version: 3 (%d)", w.st.CompactRevision()-1)}
	if diff := cmp.Diff(want, *got); diff != "" {
		t.Error(diff)
	}
	create(w, configMap("c", nil))
	if len(*got) != 1 {
		t.Errorf("the stream went on: %v", *got)
	}
	if got := w.watching(configMaps, metav1.ListOptions{ResourceVersion: fmt.Sprint(w.st.Revision() - 1)}); len(*got) != 1 {
		t.Errorf("what is retained was not told: %v", *got)
	}
}

// TestWatchList: with sendInitialEvents the present state ends with a bookmark.
func TestWatchList(t *testing.T) {
	w := newWorld(t)
	create(w, configMap("b", nil))
	create(w, configMap("a", nil))
	yes := true
	opts := metav1.ListOptions{
		SendInitialEvents: &yes, ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan, AllowWatchBookmarks: true,
	}
	var marks []string
	_, refused := w.Watch(&rest.Request{Verb: rest.Watch, Resource: configMaps, ListOptions: opts}, func(ev rest.WatchEvent) {
		obj := ev.Object.(*corev1.ConfigMap)
		marks = append(marks, fmt.Sprintf("%s %s %s", ev.Type, obj.Name, obj.Annotations["k8s.io/initial-events-end"]))
	})
	if refused != nil {
		t.Fatal(refused.Status())
	}
	create(w, configMap("c", nil))
	w.Bookmark() // nothing new to tell
	create(w, pod("p"))
	w.Bookmark()
	w.Bookmark()
	want := []string{"ADDED a ", "ADDED b ", "BOOKMARK  true", "ADDED c ", "BOOKMARK  "}
	if diff := cmp.Diff(want, marks); diff != "" {
		t.Error(diff)
	}
}

// TestWatchByNode: a kubelet's watch hears of its own pods only.
func TestWatchByNode(t *testing.T) {
	w := newWorld(t)
	mine := w.watching(pods, metav1.ListOptions{FieldSelector: "spec.nodeName=n1"})
	other := w.watching(pods, metav1.ListOptions{FieldSelector: "spec.nodeName=n2"})
	unbound := w.watching(pods, metav1.ListOptions{FieldSelector: "spec.nodeName="})
	create(w, pod("p"))
	bind(w, "p", "n1")
	w.must(&rest.Request{
		Verb: rest.Patch, Resource: pods, Subresource: "status", Namespace: "default", Name: "p",
		Mutate: func(o api.Object) error { o.(*corev1.Pod).Status.Phase = corev1.PodRunning; return nil },
	})
	w.must(&rest.Request{Verb: rest.Delete, Resource: pods, Namespace: "default", Name: "p", DeleteOptions: *metav1.NewDeleteOptions(0)})
	if diff := cmp.Diff([]string{"ADDED p", "MODIFIED p", "MODIFIED p", "DELETED p"}, trimmed(*mine)); diff != "" {
		t.Errorf("n1 (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"ADDED p", "DELETED p"}, trimmed(*unbound)); diff != "" {
		t.Errorf("unbound (-want +got)\n%s", diff)
	}
	if len(*other) != 0 {
		t.Errorf("n2 heard %v", *other)
	}
}

func bind(w *world, name, node string) {
	w.Helper()
	w.must(&rest.Request{
		Verb: rest.Create, Resource: pods, Subresource: "binding", Namespace: "default", Name: name,
		Object: &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Name: name}, Target: corev1.ObjectReference{Kind: "Node", Name: node}},
	})
}

// TestEventsExpire: events hang on leases; their end is told to watches, all
// those of one lease.
func TestEventsExpire(t *testing.T) {
	w := newWorld(t)
	events := corev1.SchemeGroupVersion.WithResource("events")
	got := w.watching(events, metav1.ListOptions{})
	for _, name := range []string{"a", "b"} {
		create(w, &corev1.Event{
			ObjectMeta:     metav1.ObjectMeta{Name: name, Namespace: "default"},
			InvolvedObject: corev1.ObjectReference{Kind: "Pod", Namespace: "default", Name: "p"},
		})
	}
	expire := func(after time.Duration) {
		w.now = w.now.Add(after)
		if _, err := w.st.Expire(w.now, store.Origin{}); err != nil {
			t.Fatal(err)
		}
	}
	expire(59 * time.Minute)
	if len(*got) != 2 {
		t.Fatalf("before its time: %v", *got)
	}
	expire(3 * time.Minute)
	if diff := cmp.Diff([]string{"ADDED a", "ADDED b", "DELETED a", "DELETED b"}, trimmed(*got)); diff != "" {
		t.Error(diff)
	}
	create(w, &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Name: "c", Namespace: "default"},
		InvolvedObject: corev1.ObjectReference{Kind: "Pod", Namespace: "default", Name: "p"},
	})
}

// TestStopInside: a watch may end while events are being handed out.
func TestStopInside(t *testing.T) {
	w := newWorld(t)
	var heard [3]int
	var stops [3]func()
	for i := range stops {
		stops[i], _ = w.Watch(&rest.Request{Verb: rest.Watch, Resource: configMaps}, func(rest.WatchEvent) {
			heard[i]++
			for _, stop := range stops {
				stop()
			}
		})
	}
	create(w, configMap("a", nil))
	create(w, configMap("b", nil))
	if heard != [3]int{1, 0, 0} {
		t.Errorf("heard %v", heard)
	}
}
