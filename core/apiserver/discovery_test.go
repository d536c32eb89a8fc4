package apiserver_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tabernetes/tabernetes/core/rest"
)

// answer asks for a path and reads the JSON that comes back.
func answer[T any](t *testing.T, w *world, path, accept string) (out T) {
	t.Helper()
	reply := w.Do(rest.Message{Method: "GET", Path: path, Header: rest.Header{"Accept": accept}})
	if reply.Code != 200 {
		t.Fatalf("%s: %d %s", path, reply.Code, reply.Body)
	}
	if err := json.Unmarshal(reply.Body, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestDiscovery compares with what kube-apiserver v1.36.3 says of the same kinds.
func TestDiscovery(t *testing.T) {
	w := newWorld(t)
	got := answer[struct {
		GroupVersion string
		Resources    []map[string]any
	}](t, w, "/apis/apps/v1", "application/json")
	all := []any{"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}
	part := []any{"get", "patch", "update"}
	want := []map[string]any{
		{"name": "controllerrevisions", "singularName": "controllerrevision", "namespaced": true, "kind": "ControllerRevision", "verbs": all},
		{"name": "daemonsets", "singularName": "daemonset", "namespaced": true, "kind": "DaemonSet", "verbs": all,
			"shortNames": []any{"ds"}, "categories": []any{"all"}},
		{"name": "daemonsets/status", "singularName": "", "namespaced": true, "kind": "DaemonSet", "verbs": part},
		{"name": "deployments", "singularName": "deployment", "namespaced": true, "kind": "Deployment", "verbs": all,
			"shortNames": []any{"deploy"}, "categories": []any{"all"}},
		{"name": "deployments/scale", "singularName": "", "namespaced": true, "group": "autoscaling", "version": "v1", "kind": "Scale", "verbs": part},
		{"name": "deployments/status", "singularName": "", "namespaced": true, "kind": "Deployment", "verbs": part},
		{"name": "replicasets", "singularName": "replicaset", "namespaced": true, "kind": "ReplicaSet", "verbs": all,
			"shortNames": []any{"rs"}, "categories": []any{"all"}},
		{"name": "replicasets/scale", "singularName": "", "namespaced": true, "group": "autoscaling", "version": "v1", "kind": "Scale", "verbs": part},
		{"name": "replicasets/status", "singularName": "", "namespaced": true, "kind": "ReplicaSet", "verbs": part},
		{"name": "statefulsets", "singularName": "statefulset", "namespaced": true, "kind": "StatefulSet", "verbs": all,
			"shortNames": []any{"sts"}, "categories": []any{"all"}},
		{"name": "statefulsets/scale", "singularName": "", "namespaced": true, "group": "autoscaling", "version": "v1", "kind": "Scale", "verbs": part},
		{"name": "statefulsets/status", "singularName": "", "namespaced": true, "kind": "StatefulSet", "verbs": part},
	}
	if diff := cmp.Diff(want, got.Resources); diff != "" || got.GroupVersion != "apps/v1" {
		t.Error(diff)
	}
}

// TestAggregatedDiscovery: the one document says the same as the many.
func TestAggregatedDiscovery(t *testing.T) {
	w := newWorld(t)
	type subresource struct {
		Subresource  string
		ResponseKind struct{ Group, Version, Kind string }
		Verbs        []string
	}
	type document struct {
		Kind  string
		Items []struct {
			Metadata struct{ Name string }
			Versions []struct {
				Version   string
				Resources []struct {
					Resource, Scope string
					Verbs           []string
					Subresources    []subresource
				}
			}
		}
	}
	accept := "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
	names := func(path, prefix string) (many []string) {
		list := answer[struct{ Resources []struct{ Name string } }](t, w, path, "")
		for _, r := range list.Resources {
			many = append(many, prefix+r.Name)
		}
		return many
	}
	for root, want := range map[string][]string{
		"/api":  names("/api/v1", "/v1 "),
		"/apis": append(append(names("/apis/apps/v1", "apps/v1 "), names("/apis/batch/v1", "batch/v1 ")...), names("/apis/coordination.k8s.io/v1", "coordination.k8s.io/v1 ")...),
	} {
		doc := answer[document](t, w, root, accept)
		var got []string
		for _, group := range doc.Items {
			for _, version := range group.Versions {
				for _, r := range version.Resources {
					name := group.Metadata.Name + "/" + version.Version + " " + r.Resource
					got = append(got, name)
					for _, sub := range r.Subresources {
						got = append(got, name+"/"+sub.Subresource)
					}
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" || doc.Kind != "APIGroupDiscoveryList" {
			t.Errorf("%s: %s", root, diff)
		}
	}
}

// TestLimits: what is too large is refused before it is looked at.
func TestLimits(t *testing.T) {
	w := newWorld(t)
	body := `{"metadata":{"name":"big"},"data":{"k":"` + strings.Repeat("x", 3<<20) + `"}}`
	reply := w.Do(rest.Message{Method: "POST", Path: "/api/v1/namespaces/default/configmaps", Body: []byte(body)})
	if reply.Code != 413 || !strings.Contains(string(reply.Body), "Request entity too large: limit is 3145728") {
		t.Errorf("%d %s", reply.Code, reply.Body)
	}
	body = `{"metadata":{"name":"big"},"data":{"k":"` + strings.Repeat("x", 2<<20) + `"}}`
	reply = w.Do(rest.Message{Method: "POST", Path: "/api/v1/namespaces/default/configmaps", Body: []byte(body)})
	if reply.Code < 400 {
		t.Errorf("a config map of 2 MiB was taken: %d", reply.Code)
	}
	patch := "[" + strings.TrimSuffix(strings.Repeat(`{"op":"test","path":"/kind","value":"ConfigMap"},`, 10_001), ",") + "]"
	create(w, configMap("a", nil))
	reply = w.Do(rest.Message{
		Method: "PATCH", Path: "/api/v1/namespaces/default/configmaps/a", Body: []byte(patch),
		Header: rest.Header{"Content-Type": "application/json-patch+json"},
	})
	if reply.Code != 413 || !strings.Contains(string(reply.Body), "The allowed maximum operations in a JSON patch is 10000, got 10001") {
		t.Errorf("%d %s", reply.Code, reply.Body)
	}
}

// TestVersion: the version is Kubernetes' and says whose program answers.
func TestVersion(t *testing.T) {
	v := answer[struct{ Major, Minor, GitVersion string }](t, newWorld(t), "/version", "")
	if v.Major != "1" || v.Minor != "36" || v.GitVersion != "v1.36.3+tabernetes" {
		t.Errorf("%+v", v)
	}
}
