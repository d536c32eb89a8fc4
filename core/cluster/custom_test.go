package cluster

import (
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/tabernetes/tabernetes/core/store/memory"
)

// gadgets is a manifest that defines a kind, and makes objects of it.
const gadgets = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: gadgets, kind: Gadget, shortNames: [gg], categories: [all]}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            description: What the gadget is to be.
            properties:
              size: {type: integer, minimum: 1, default: 3, description: How large.}
    additionalPrinterColumns:
    - {name: Size, type: integer, jsonPath: .spec.size}
`

const gadget = `apiVersion: example.com/v1
kind: Gadget
metadata: {name: one}
spec: {size: 5}
`

// shell types lines at a cluster whose files are fixed; each has time to do its work.
type shell struct {
	t *testing.T
	c *Cluster
}

type files map[string]string

func (f files) Read(name string) ([]byte, error) { return []byte(f[name]), nil }
func (f files) Write(string, []byte) error       { return nil }
func (f files) Names() []string                  { return nil }

var gadgetFiles = files{"crd.yaml": gadgets, "one.yaml": gadget, "both.yaml": gadgets + "---\n" + gadget}

func newShell(t *testing.T, opts Options) *shell {
	opts.Files = gadgetFiles
	return &shell{t, start(t, opts)}
}

// run is what a line says, and what it complains of.
func (s *shell) run(line string) string {
	s.t.Helper()
	r, err := s.c.Run(line)
	if err != nil {
		s.t.Fatalf("%s: %v", line, err)
	}
	settle(s.t, s.c)
	if err := s.c.server.Verify(); err != nil {
		s.t.Fatal(err)
	}
	return r.Stdout + r.Stderr
}

func (s *shell) expect(line string, parts ...string) {
	s.t.Helper()
	out := s.run(line)
	for _, part := range parts {
		if !strings.Contains(out, part) {
			s.t.Errorf("%s: no %q in:\n%s", line, part, out)
		}
	}
}

func TestAKindOfOnesOwn(t *testing.T) {
	s := newShell(t, Options{Seed: 1, Nodes: 1})
	s.expect("kubectl apply -f crd.yaml", "customresourcedefinition.apiextensions.k8s.io/gadgets.example.com created")
	s.expect("kubectl apply -f one.yaml", "gadget.example.com/one created")
	s.expect("kubectl get gadgets", "NAME", "SIZE", "one    5")
	s.expect("kubectl get gg/one -o yaml", "kind: Gadget", "size: 5")
	s.expect("kubectl get all", "gadget.example.com/one")
	s.expect("kubectl explain gadget.spec.size", "How large.", "<integer>")
	s.expect(`kubectl patch gadget one --type=merge -p '{"spec":{"size":0}}'`, "spec.size in body should be greater than or equal to 1")
	s.expect(`kubectl patch gadget one --type=merge -p '{"spec":{"size":7}}'`, "patched")
	s.expect("kubectl label gadget one a=b", "labeled")
	s.expect("kubectl describe gadget one", "Name:", "one", "Size:")
	s.expect("kubectl api-resources", "gadgets", "example.com/v1")
	s.expect("kubectl delete crd gadgets.example.com", "deleted")
	s.expect("kubectl get gadgets", "the server could not find the requested resource") // as discovery was
	s.expect("kubectl get gadgets", `the server doesn't have a resource type "gadgets"`)
	s.expect("kubectl apply -f both.yaml", "gadgets.example.com created", `no matches for kind "Gadget"`, "ensure CRDs are installed first")
	s.expect("kubectl apply -f both.yaml", "unchanged", "gadget.example.com/one created")
}

// TestCustomObjectsAreInTheTrace: their writes are told like any others.
func TestCustomObjectsAreInTheTrace(t *testing.T) {
	s := newShell(t, Options{Seed: 1, Nodes: 1})
	s.run("kubectl apply -f crd.yaml")
	s.run("kubectl apply -f one.yaml")
	s.run(`kubectl patch gadget one --type=merge -p '{"spec":{"size":7}}'`)
	var paths []string
	var last int64
	for _, e := range s.c.Entries(0, 100_000) {
		if e.Resource == "gadgets" && e.Revision > 0 && e.Verb != "added" && e.Verb != "modified" {
			last = e.Revision
			changes, err := s.c.Changes(e.Revision)
			if err != nil {
				t.Fatal(err)
			}
			for _, ch := range changes {
				paths = append(paths, ch.Path)
			}
		}
	}
	if !slices.Contains(paths, "spec.size") {
		t.Errorf("changed: %v", paths)
	}
	text, err := s.c.Object(schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "gadgets"}, "default", "one", last)
	if err != nil || !strings.Contains(string(text), "size: 7") {
		t.Errorf("%v\n%s", err, text)
	}
	s.run("kubectl delete crd gadgets.example.com")
	past, err := s.c.At(last)
	if err != nil {
		t.Fatal(err)
	}
	if r, _, err := past.Run("kubectl get gadgets"); err != nil || !strings.Contains(r.Stdout, "one    7") {
		t.Errorf("%v %s", err, r.Stdout)
	}
	_ = past.Overview()
	log := memory.New()
	if err := s.c.Fork(last, log, func(error) {}); err != nil {
		t.Fatal(err)
	}
	fork := newShell(t, Options{Seed: 1, Log: log})
	fork.expect("kubectl get gadgets", "one    7")
	s.expect("kubectl get gadgets", "the server could not find the requested resource")
}

// TestKindsComeAndGo: objects of a kind that is defined are owned, own, are
// counted, and go with their namespace and their definition.
func TestKindsComeAndGo(t *testing.T) {
	s := newShell(t, Options{Seed: 2, Nodes: 1})
	s.run("kubectl create namespace x; kubectl create quota q --hard=count/gadgets.example.com=1 -n x")
	s.run("kubectl apply -f crd.yaml")
	s.run("kubectl apply -f one.yaml -n x")
	s.expect("kubectl get quota q -n x -o jsonpath='{.status.used}'", `"count/gadgets.example.com":"1"`)
	s.expect("kubectl get gadget one -n x -o json | cat", "one")
	s.run("kubectl apply -f one.yaml")
	uid := s.run("kubectl get gadget one -o jsonpath='{.metadata.uid}'")
	owned := func(name string) string {
		return `kubectl patch ` + name + ` --type=merge -p '{"metadata":{"ownerReferences":[{"apiVersion":"example.com/v1","kind":"Gadget","name":"one","uid":"` + uid + `"}]}}'`
	}
	s.run("kubectl create configmap of-one")
	s.run(owned("configmap of-one"))
	s.expect("kubectl get configmap of-one", "of-one")
	s.run("kubectl delete gadget one")
	s.expect("kubectl get configmap of-one", "not found")
	s.run("kubectl delete namespace x")
	pass(t, s.c, 30*time.Second)
	settle(t, s.c)
	s.expect("kubectl get gadgets -A", "No resources found")
	s.expect("kubectl get namespace x", "not found")
	s.run("kubectl apply -f one.yaml")
	s.run("kubectl delete crd gadgets.example.com")
	pass(t, s.c, 30*time.Second)
	s.expect("kubectl get crd", "No resources found")
}

// TestClustersDoNotShareKinds: what one cluster defines no other knows.
func TestClustersDoNotShareKinds(t *testing.T) {
	a, b := newShell(t, Options{Seed: 1, Nodes: -1}), newShell(t, Options{Seed: 1, Nodes: -1})
	before := len(b.c.server.Stored())
	a.run("kubectl apply -f crd.yaml")
	a.run("kubectl apply -f one.yaml")
	b.expect("kubectl get gadgets", "the server doesn't have a resource type")
	if n := len(b.c.server.Stored()); n != before || len(a.c.server.Stored()) != before+1 {
		t.Errorf("%d kinds, and %d where one is defined", n, len(a.c.server.Stored()))
	}
}

// TestCustomKindsAreKept: a cluster that is opened again serves them, the same
// inputs give the same bytes, and where nothing happens nothing is written.
func TestCustomKindsAreKept(t *testing.T) {
	log := memory.New()
	var hashes []string
	for _, l := range []*memory.Log{log, memory.New()} {
		s := newShell(t, Options{Seed: 3, Nodes: 1, Log: l})
		s.run("kubectl apply -f crd.yaml")
		s.run("kubectl apply -f one.yaml")
		hashes = append(hashes, content(t, s.c, 0))
		before := s.c.Revision()
		for _, actor := range []string{"crd-controller", "garbage-collector", "resourcequota-controller"} {
			if err := s.c.Restart(actor); err != nil {
				t.Fatal(err)
			}
		}
		settle(t, s.c)
		if s.c.Revision() != before {
			t.Errorf("%d revisions were written for nothing", s.c.Revision()-before)
		}
		s.c.Flush()
	}
	if hashes[0] != hashes[1] {
		t.Error("the same inputs gave other bytes")
	}
	again := newShell(t, Options{Seed: 3, Log: log})
	again.expect("kubectl get gadgets", "one    5")
	again.expect("kubectl delete gadget one", "deleted")
}
