package apiserver_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/rest"
	"github.com/tabernetes/tabernetes/core/store"
)

// TestPages reads a list page by page: the pages are of one revision, whatever
// is written between them.
func TestPages(t *testing.T) {
	w := newWorld(t)
	for i := range 10 {
		create(w, configMap(fmt.Sprintf("cm-%d", i), map[string]string{"even": fmt.Sprint(i%2 == 0)}))
	}
	list := func(opts metav1.ListOptions) *corev1.ConfigMapList {
		return w.must(&rest.Request{Verb: rest.List, Resource: configMaps, Namespace: "default", ListOptions: opts}).Object.(*corev1.ConfigMapList)
	}
	names := func(selector string, limit int64, between func(page int)) (got []string) {
		opts := metav1.ListOptions{Limit: limit, LabelSelector: selector}
		for page := 0; ; page++ {
			l := list(opts)
			for _, item := range l.Items {
				got = append(got, item.Name)
			}
			if selector == "" && l.Continue != "" && int(*l.RemainingItemCount) != 10-len(got) {
				t.Errorf("after %d items %d remain", len(got), *l.RemainingItemCount)
			}
			if opts.Continue = l.Continue; l.Continue == "" {
				return got
			}
			between(page)
		}
	}
	all := []string{"cm-0", "cm-1", "cm-2", "cm-3", "cm-4", "cm-5", "cm-6", "cm-7", "cm-8", "cm-9"}
	for limit := int64(1); limit <= 11; limit++ {
		if diff := cmp.Diff(all, names("", limit, func(int) {})); diff != "" {
			t.Errorf("limit %d: %s", limit, diff)
		}
	}
	disturb := func(page int) {
		create(w, configMap(fmt.Sprintf("cm-5-%d", page), map[string]string{"even": "true"}))
		w.Serve(&rest.Request{Verb: rest.Delete, Resource: configMaps, Namespace: "default", Name: fmt.Sprintf("cm-%d", 9-page)})
	}
	before := w.st.Revision()
	if diff := cmp.Diff(all, names("", 3, disturb)); diff != "" {
		t.Errorf("with writes between pages: %s", diff)
	}
	exact := metav1.ListOptions{
		ResourceVersion: fmt.Sprint(before), ResourceVersionMatch: metav1.ResourceVersionMatchExact, LabelSelector: "even=true", Limit: 2,
	}
	first := list(exact)
	if len(first.Items) != 2 || first.ResourceVersion != fmt.Sprint(before) || first.Items[1].Name != "cm-2" {
		t.Errorf("at revision %d: %+v", before, first.ListMeta)
	}
}

// TestPagesExpire: a page whose revision is compacted is refused, with a token
// to go on from the present.
func TestPagesExpire(t *testing.T) {
	w := newWorld(t)
	for i := range 4 {
		create(w, configMap(fmt.Sprintf("cm-%d", i), nil))
	}
	req := &rest.Request{Verb: rest.List, Resource: configMaps, Namespace: "default", ListOptions: metav1.ListOptions{Limit: 2}}
	first := w.must(req).Object.(*corev1.ConfigMapList)
	create(w, configMap("cm-9", nil))
	if err := w.st.Compact(w.st.Revision()); err != nil {
		t.Fatal(err)
	}
	req.ListOptions.Continue = first.Continue
	resp := w.Serve(req)
	status := resp.Status()
	if resp.Code != 410 || status.Reason != metav1.StatusReasonExpired || status.ListMeta.Continue == "" {
		t.Fatalf("%d %+v", resp.Code, status)
	}
	req.ListOptions.Continue = status.ListMeta.Continue
	second := w.must(req).Object.(*corev1.ConfigMapList)
	if len(second.Items) != 2 || second.Items[0].Name != "cm-2" {
		t.Errorf("%+v", second)
	}
}

// TestFuture: revisions that are not there yet are not waited for.
func TestFuture(t *testing.T) {
	w := newWorld(t)
	for _, req := range []rest.Request{
		{Verb: rest.List, ListOptions: metav1.ListOptions{ResourceVersion: "1000"}},
		{Verb: rest.Get, Namespace: "default", Name: "x", ListOptions: metav1.ListOptions{ResourceVersion: "1000"}},
	} {
		req.Resource = configMaps
		resp := w.Serve(&req)
		want := fmt.Sprintf("Too large resource version: 1000, current: %d", w.st.Revision())
		if resp.Code != 504 || resp.Status().Message != "Timeout: "+want {
			t.Errorf("%s: %d %s", req.Verb, resp.Code, resp.Status().Message)
		}
	}
}

// TestDeletion: grace, finalizers and what the store sees of each.
func TestDeletion(t *testing.T) {
	w := newWorld(t)
	del := func(name string, opts metav1.DeleteOptions) *rest.Response {
		return w.must(&rest.Request{Verb: rest.Delete, Resource: pods, Namespace: "default", Name: name, DeleteOptions: opts})
	}
	present := func(name string) bool {
		return w.Serve(&rest.Request{Verb: rest.Get, Resource: pods, Namespace: "default", Name: name}).Code == 200
	}
	create(w, pod("unbound"))
	del("unbound", metav1.DeleteOptions{})
	if present("unbound") {
		t.Error("a pod without a node waits for a kubelet")
	}

	create(w, pod("bound"))
	bind(w, "bound", "n1")
	marked := del("bound", metav1.DeleteOptions{}).Object.(*corev1.Pod)
	if *marked.DeletionGracePeriodSeconds != 30 || marked.DeletionTimestamp.Sub(w.now).Seconds() > 30 || marked.Generation != 2 {
		t.Errorf("marked %+v", marked.ObjectMeta)
	}
	rev := w.st.Revision()
	del("bound", metav1.DeleteOptions{})
	if w.st.Revision() != rev {
		t.Error("a second deletion wrote")
	}
	resp := del("bound", *metav1.NewDeleteOptions(5))
	if got := resp.Object.(*corev1.Pod); *got.DeletionGracePeriodSeconds != 5 {
		t.Errorf("not shortened: %+v", got.ObjectMeta)
	}
	rev = w.st.Revision()
	del("bound", *metav1.NewDeleteOptions(0))
	if present("bound") || w.st.Revision() != rev+2 {
		t.Errorf("the kubelet's deletion: present %v, %d revisions", present("bound"), w.st.Revision()-rev)
	}

	kept := pod("kept")
	kept.Finalizers = []string{"example.com/keep"}
	create(w, kept)
	del("kept", *metav1.NewDeleteOptions(0))
	if !present("kept") {
		t.Fatal("a finalizer was ignored")
	}
	w.must(&rest.Request{Verb: rest.Patch, Resource: pods, Namespace: "default", Name: "kept",
		Mutate: func(o api.Object) error { o.SetFinalizers(nil); return nil }})
	if present("kept") {
		t.Error("the last finalizer went, the pod stayed")
	}
}

// TestPropagation: the policies become the finalizers that the garbage collector works on.
func TestPropagation(t *testing.T) {
	w := newWorld(t)
	for policy, want := range map[metav1.DeletionPropagation][]string{
		metav1.DeletePropagationForeground: {"foregroundDeletion"},
		metav1.DeletePropagationOrphan:     {"orphan"},
		metav1.DeletePropagationBackground: nil,
	} {
		create(w, deployment("web", 1))
		w.must(&rest.Request{Verb: rest.Delete, Resource: deployments, Namespace: "default", Name: "web",
			DeleteOptions: metav1.DeleteOptions{PropagationPolicy: &policy}})
		resp := w.Serve(&rest.Request{Verb: rest.Get, Resource: deployments, Namespace: "default", Name: "web"})
		if (resp.Code == 404) != (want == nil) {
			t.Errorf("%s: %d", policy, resp.Code)
			continue
		}
		if want == nil {
			continue
		}
		obj := resp.Object.(api.Object)
		if diff := cmp.Diff(want, obj.GetFinalizers()); diff != "" || obj.GetGeneration() != 2 || obj.GetDeletionTimestamp() == nil {
			t.Errorf("%s: %s", policy, diff)
		}
		w.must(&rest.Request{Verb: rest.Patch, Resource: deployments, Namespace: "default", Name: "web",
			Mutate: func(o api.Object) error { o.SetFinalizers(nil); return nil }})
	}
}

// TestOrigin: every write and every refusal says who, why and how.
func TestOrigin(t *testing.T) {
	w := newWorld(t)
	obj := deployment("web", 1)
	resp := w.must(&rest.Request{Verb: rest.Create, Namespace: "default", Object: obj, Actor: "kubectl", Causes: []int64{3, 4}})
	record, err := w.st.Record(store.Revision(resp.Revision))
	if err != nil {
		t.Fatal(err)
	}
	want := store.Origin{
		Time: w.now, Actor: "kubectl", Causes: []store.Revision{3, 4}, Verb: "create", Group: "apps", Resource: "deployments",
		Namespace: "default", Name: "web", Method: "POST", Path: "/apis/apps/v1/namespaces/default/deployments", Code: 201,
	}
	if diff := cmp.Diff(want, record.Origin); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff("/registry/deployments/default/web", record.Events[0].KV.Key); diff != "" {
		t.Error(diff)
	}
	w.Serve(&rest.Request{Verb: rest.Create, Resource: deployments, Namespace: "default", Object: deployment("web", 1)})
	w.Do(rest.Message{Method: "GET", Path: "/apis/apps/v1/namespaces/default/deployments/nope?x=1"})
	w.Do(rest.Message{Method: "GET", Path: "/nowhere"})
	wantRefused := []string{
		"409 POST /apis/apps/v1/namespaces/default/deployments AlreadyExists",
		"404 GET /apis/apps/v1/namespaces/default/deployments/nope NotFound",
		"404 GET /nowhere NotFound",
	}
	if diff := cmp.Diff(wantRefused, w.refused); diff != "" {
		t.Error(diff)
	}
}

// TestNothingToDo: an update that changes nothing writes nothing.
func TestNothingToDo(t *testing.T) {
	w := newWorld(t)
	d := create(w, deployment("web", 1))
	rev := w.st.Revision()
	again := d.DeepCopy()
	again.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "x"}}
	resp := w.must(&rest.Request{Verb: rest.Update, Namespace: "default", Name: "web", Object: again})
	if resp.Revision != 0 || w.st.Revision() != rev || resp.Object != api.Object(d) {
		t.Errorf("revision %d after %d", w.st.Revision(), rev)
	}
	for _, dry := range []*rest.Request{
		{Verb: rest.Create, Object: deployment("dry", 1), CreateOptions: metav1.CreateOptions{DryRun: []string{"All"}}},
		{Verb: rest.Update, Name: "web", Object: deployment("web", 7), UpdateOptions: metav1.UpdateOptions{DryRun: []string{"All"}}},
		{Verb: rest.Patch, Name: "web", Resource: deployments, PatchOptions: metav1.PatchOptions{DryRun: []string{"All"}},
			Mutate: func(o api.Object) error { o.SetLabels(map[string]string{"a": "b"}); return nil }},
		{Verb: rest.Delete, Name: "web", Resource: deployments, DeleteOptions: metav1.DeleteOptions{DryRun: []string{"All"}}},
		{Verb: rest.DeleteCollection, Resource: deployments, DeleteOptions: metav1.DeleteOptions{DryRun: []string{"All"}}},
	} {
		dry.Namespace = "default"
		if resp := w.must(dry); resp.Revision != 0 || w.st.Revision() != rev {
			t.Errorf("dry %s wrote", dry.Verb)
		}
	}
}

// TestGeneratedNames: names that are taken are thrown anew.
func TestGeneratedNames(t *testing.T) {
	w := newWorld(t)
	seen := map[string]bool{}
	for range 100 {
		p := pod("")
		p.GenerateName = "web-7887448d46-"
		got := create(w, p)
		if len(got.Name) != len(got.GenerateName)+5 || seen[got.Name] {
			t.Errorf("name %q", got.Name)
		}
		seen[got.Name] = true
	}
}

// TestRestart: a new server over the same store answers the same.
func TestRestart(t *testing.T) {
	w := newWorld(t)
	create(w, deployment("web", 1))
	create(w, pod("p"))
	bind(w, "p", "n1")
	ask := func() (out []string) {
		for _, path := range []string{"/apis/apps/v1/deployments", "/api/v1/pods", "/api/v1/namespaces", "/api/v1/namespaces/default/pods/p"} {
			out = append(out, string(w.Do(rest.Message{Method: "GET", Path: path}).Body))
		}
		return out
	}
	before := ask()
	w.restart()
	if diff := cmp.Diff(before, ask()); diff != "" {
		t.Error(diff)
	}
}
