package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tabernetes/tabernetes/core/archive"
	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/file"
	"github.com/tabernetes/tabernetes/core/store/memory"
)

// do runs a script with flags and returns what it printed; it must succeed.
func do(t *testing.T, in string, args ...string) string {
	t.Helper()
	out, stderr, exit := tabernetes(t, in, append([]string{"run"}, args...)...)
	if exit != 0 {
		t.Fatalf("run %v: exit %d: %s", args, exit, stderr)
	}
	return out
}

// TestSaveAndFrom has a cluster go through a file: the same objects, nodes and
// history, and the controllers go on with it.
func TestSaveAndFrom(t *testing.T) {
	saved := filepath.Join(t.TempDir(), "web"+archive.Extension)
	do(t, "kubectl create deployment web --image=nginx --replicas=2\n", "--nodes", "4", "--seed", "9", "--save", saved)
	again := filepath.Join(t.TempDir(), "again"+archive.Extension)
	look := "kubectl get deployments,nodes -o name\n"
	out := do(t, look, "--from", saved, "--save", again)
	for _, want := range []string{"deployment.apps/web", "node/node-4"} {
		if !strings.Contains(out, want+"\n") {
			t.Errorf("%s is not there:\n%s", want, out)
		}
	}
	if got := do(t, look, "--from", again); got != out {
		t.Errorf("through a second file it is another cluster:\n%s\n%s", got, out)
	}
	first, second := imported(t, saved), imported(t, again)
	if second.Revision() < first.Revision() {
		t.Fatalf("revision %d became %d", first.Revision(), second.Revision())
	}
	for rev := store.Revision(1); rev <= first.Revision(); rev++ {
		all := store.RangeRequest{Key: "\x00", End: store.FromKey, Revision: rev}
		a, aErr := first.Range(all)
		b, bErr := second.Range(all)
		if aErr != nil || bErr != nil || len(a.KVs) != len(b.KVs) {
			t.Fatalf("revision %d: %d keys, %v; then %d keys, %v", rev, len(a.KVs), aErr, len(b.KVs), bErr)
		}
	}
	out = do(t, "kubectl scale deployment web --replicas=3\nkubectl get pods\n", "--from", saved)
	if n := strings.Count(out, "1/1     Running"); n != 3 {
		t.Errorf("%d pods run, want 3:\n%s", n, out)
	}
}

func imported(t *testing.T, path string) *store.Store {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	log, _, err := archive.Import(f)
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(log, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestData keeps a cluster in a folder over several runs.
func TestData(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	do(t, "kubectl create deployment web --image=nginx\n", "--data", dir, "--nodes", "2")
	out := do(t, "kubectl scale deployment web --replicas=2\nkubectl get pods\nkubectl get nodes -o name\n", "--data", dir)
	if strings.Count(out, "1/1     Running") != 2 || strings.Count(out, "node/node-") != 2 {
		t.Errorf("the second run has another cluster:\n%s", out)
	}
	saved := filepath.Join(t.TempDir(), "c"+archive.Extension)
	do(t, "", "--save", saved)
	_, stderr, exit := tabernetes(t, "", "run", "--data", dir, "--from", saved)
	if exit != 1 || !strings.Contains(stderr, "there is a cluster there already") {
		t.Errorf("exit %d: %s", exit, stderr)
	}
	other := t.TempDir()
	do(t, "kubectl create namespace mine\n", "--data", other, "--from", saved)
	if out := do(t, "kubectl get namespace mine -o name\n", "--data", other); !strings.Contains(out, "namespace/mine") {
		t.Errorf("what was imported into a folder is not there: %s", out)
	}
}

// TestBadFiles has files that are no clusters: one sentence each, exit 1.
func TestBadFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	saved := filepath.Join(dir, "good"+archive.Extension)
	do(t, "", "--save", saved)
	good, err := os.ReadFile(saved)
	if err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	do(t, "", "--data", data)
	log, err := os.ReadFile(filepath.Join(data, dataLog))
	if err != nil {
		t.Fatal(err)
	}
	log[len(log)/2] ^= 1
	if err := os.WriteFile(filepath.Join(data, dataLog), log, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--from", filepath.Join(dir, "nothing")}, "no such file"},
		{[]string{"--from", write("text", []byte("apiVersion: v1\n"))}, "it does not start as one"},
		{[]string{"--from", write("half", good[:len(good)/2])}, "checksum does not match"},
		{[]string{"--from", write("garbage", garbage(t, "/registry/pods/default/web", "not a pod"))}, "/registry/pods/default/web"},
		{[]string{"--from", write("magic", garbage(t, "/registry/pods/default/web", "k8s\x00not a pod"))}, "/registry/pods/default/web"},
		{[]string{"--from", write("other", garbage(t, "/registry/minions/x", ""))}, "/registry/minions/x"},
		{[]string{"--data", data}, "etcdserver: corrupt cluster"},
		{[]string{"--save", filepath.Join(dir, "no", "folder")}, "no such file"},
	} {
		_, stderr, exit := tabernetes(t, "", append([]string{"run"}, test.args...)...)
		if exit != 1 || !strings.Contains(stderr, test.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%v: exit %d: %s", test.args, exit, stderr)
		}
	}
}

// garbage is a sound archive whose one value is no object.
func garbage(t *testing.T, key, value string) []byte {
	t.Helper()
	s, err := store.Open(memory.New(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(key, []byte(value), store.Origin{Actor: "kubectl"}); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := archive.Export(&out, s, archive.Info{Nodes: 1}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// --retain bounds the history that a folder keeps, and is remembered there.
func TestRetain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	oldest := func() (kept store.Revision) {
		log, err := file.Open(filepath.Join(dir, dataLog), file.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s, err := store.Open(log, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		return s.Revision() - max(1, s.CompactRevision())
	}
	do(t, "kubectl create deployment web --image=nginx\n", "--data", dir, "--retain", "-1")
	all := oldest()
	do(t, "kubectl create configmap one\n", "--data", dir)
	if n := oldest(); n <= all {
		t.Errorf("%d revisions are kept, of %d before", n, all)
	}
	for _, asked := range [][]string{{"--retain", "7"}, nil} { // and then as before
		do(t, "kubectl create configmap two || kubectl delete configmap two\n", append([]string{"--data", dir}, asked...)...)
		if n := oldest(); n != 7 {
			t.Errorf("%d revisions are kept, want 7", n)
		}
	}
	for _, wrong := range [][]string{{"--retain", "-2", "--data", dir}, {"--retain", "7"}} {
		if _, stderr, exit := tabernetes(t, "", append([]string{"run"}, wrong...)...); exit != 2 || !strings.Contains(stderr, "--retain") {
			t.Errorf("%v: exit %d, %s", wrong, exit, stderr)
		}
	}
}

// A folder of a newer version is refused, and left as it is.
func TestNewerData(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	do(t, "kubectl create configmap one\n", "--data", dir)
	path := filepath.Join(dir, dataLog)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before[7] = 9
	if err := os.WriteFile(path, before, 0o600); err != nil {
		t.Fatal(err)
	}
	_, stderr, exit := tabernetes(t, "", "run", "--data", dir)
	if exit == 0 || !strings.Contains(stderr, "newer version of this program: format 9, this one reads 1") {
		t.Errorf("exit %d: %s", exit, stderr)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the log was changed: %v", err)
	}
}
