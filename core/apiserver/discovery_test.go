package apiserver_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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

// TestDiscovery compares with what kube-apiserver v1.36.3 says of the groups
// that are served (testdata/discovery.json, a resource list a group version):
// the same resources with the same names, verbs and subresources, in the same
// order, but for the subresources that nobody answers here.
func TestDiscovery(t *testing.T) {
	w := newWorld(t)
	data, err := os.ReadFile("testdata/discovery.json")
	if err != nil {
		t.Fatal(err)
	}
	type resourceList struct {
		GroupVersion string
		Resources    []map[string]any
	}
	var recorded []resourceList
	if err := json.Unmarshal(data, &recorded); err != nil {
		t.Fatal(err)
	}
	for _, want := range recorded {
		path := "/apis/" + want.GroupVersion
		if want.GroupVersion == "v1" {
			path = "/api/v1"
		}
		want.Resources = slices.DeleteFunc(want.Resources, func(r map[string]any) bool {
			return slices.Contains(unansweredSubresources, r["name"].(string))
		})
		got := answer[resourceList](t, w, path, "application/json")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -Kubernetes +here\n%s", want.GroupVersion, diff)
		}
	}
	groups := answer[metav1.APIGroupList](t, w, "/apis", "")
	if len(recorded) != len(groups.Groups) { // which lacks the core's, and has metrics.k8s.io: that isn't kube-apiserver's own
		t.Errorf("%d groups are served, %d compared", len(groups.Groups), len(recorded))
	}
}

// unansweredSubresources need a network to the pod or node.
var unansweredSubresources = []string{
	"nodes/proxy", "pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "services/proxy",
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
	var all []string
	for _, group := range answer[metav1.APIGroupList](t, w, "/apis", "").Groups {
		for _, version := range group.Versions {
			all = append(all, names("/apis/"+version.GroupVersion, version.GroupVersion+" ")...)
		}
	}
	for root, want := range map[string][]string{"/api": names("/api/v1", "/v1 "), "/apis": all} {
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
