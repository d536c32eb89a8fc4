package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tabernetes/tabernetes/core/trace"
)

// tabernetes runs a command line in this process.
func tabernetes(t *testing.T, in string, args ...string) (stdout, stderr string, exit int) {
	t.Helper()
	var out, errw bytes.Buffer
	exit = execute(args, strings.NewReader(in), &out, &errw)
	return out.String(), errw.String(), exit
}

// entries decodes a run's JSON lines of the trace.
func entries(t *testing.T, out string) []trace.Line {
	t.Helper()
	var all []trace.Line
	for line := range strings.Lines(out) {
		var e trace.Line
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		all = append(all, e)
	}
	return all
}

// TestTheTenSteps is the article this project grew from, run: one command, ten
// steps, each because of the one before.
func TestTheTenSteps(t *testing.T) {
	out, stderr, exit := tabernetes(t, "kubectl create deployment web --image=nginx\n", "run", "-o", "json", "-")
	if exit != 0 {
		t.Fatalf("exit %d: %s", exit, stderr)
	}
	all := entries(t, out)
	last := map[int]trace.Line{} // the last entry of each step so far
	for _, e := range all {
		if e.Step == 0 {
			continue
		}
		if e.Step > 1 && last[e.Step-1].Seq == 0 && last[e.Step].Seq == 0 {
			t.Errorf("step %d comes before step %d: %+v", e.Step, e.Step-1, e)
		}
		last[e.Step] = e
	}
	for step := 1; step <= 10; step++ {
		if last[step].Seq == 0 {
			t.Errorf("step %d did not happen", step)
		}
	}
	if last[3].Name != "web-7887448d46" {
		t.Errorf("the ReplicaSet is %s", last[3].Name)
	}
	chain := [][2]int{{3, 1}, {5, 3}, {7, 5}, {10, 7}} // a write and the one it is because of
	for _, c := range chain {
		if e, cause := last[c[0]], last[c[1]]; !contains(e.Causes, cause.Revision) {
			t.Errorf("step %d (%s %s) is because of %v, not of step %d's revision %d", c[0], e.Verb, e.Resource, e.Causes, c[1], cause.Revision)
		}
	}
	if end := all[len(all)-1]; end.Type != "state" {
		t.Errorf("the last line is of type %q", end.Type)
	}
}

func contains(causes []int64, rev int64) bool {
	for _, c := range causes {
		if c == rev {
			return true
		}
	}
	return false
}

// TestTheHomework: the change to three replicas updates the ReplicaSet that is
// there and makes no new one; two more pods come to run where the scheduler
// bound them.
func TestTheHomework(t *testing.T) {
	script := "kubectl create deployment web --image=nginx\nkubectl scale deployment web --replicas=3\n"
	out, stderr, exit := tabernetes(t, script, "run", "-o", "json")
	if exit != 0 {
		t.Fatalf("exit %d: %s", exit, stderr)
	}
	count := map[string]int{}
	bound, chosen := map[string]bool{}, map[string]string{}
	for _, e := range entries(t, out) {
		switch {
		case e.Type == trace.Decision && e.Verb == "schedule":
			chosen[e.Name] = e.Verdict.Result
		case e.Type == trace.Write && e.Subresource == "":
			count[e.Actor+" "+e.Verb+" "+e.Resource]++
		case e.Type == trace.Write && e.Subresource == "binding":
			bound[e.Name] = true
		}
	}
	for what, want := range map[string]int{
		"deployment-controller create replicasets": 1,
		"deployment-controller update replicasets": 1,
		"replicaset-controller create pods":        3,
	} {
		if count[what] != want {
			t.Errorf("%s: %d times, want %d", what, count[what], want)
		}
	}
	if len(bound) != 3 || len(chosen) != 3 {
		t.Errorf("bound %v, chosen %v", bound, chosen)
	}
}

func TestMistakesInTheCommandLine(t *testing.T) {
	for _, c := range []struct {
		args []string
		exit int
		says string
	}{
		{nil, 2, "Usage:"},
		{[]string{"frobnicate"}, 2, `unknown command "frobnicate"`},
		{[]string{"run", "--frob"}, 2, "unknown flag: --frob"},
		{[]string{"run", "-o", "xml"}, 2, `"xml" is not text or json`},
		{[]string{"run", "--nodes", "-3"}, 2, "--nodes: -3 is not between"},
		{[]string{"run", "a", "b"}, 2, "run takes one script, got 2"},
		{[]string{"run", "no-such-file"}, 1, "no-such-file"},
	} {
		_, stderr, exit := tabernetes(t, "", c.args...)
		if exit != c.exit || !strings.Contains(stderr, c.says) {
			t.Errorf("%v: exit %d, %q; want %d and %q", c.args, exit, stderr, c.exit, c.says)
		}
	}
}

// TestSameBytesInWebAssembly runs every script natively and as WebAssembly and
// compares every byte.
func TestSameBytesInWebAssembly(t *testing.T) {
	scripts, err := filepath.Glob("testdata/scripts/*.txt")
	if err != nil || len(scripts) < 20 {
		t.Fatalf("found %d scripts, %v", len(scripts), err)
	}
	runner := wasmRunner(t)
	for _, script := range scripts {
		t.Run(filepath.Base(script), func(t *testing.T) {
			t.Parallel()
			native, stderr, exit := tabernetes(t, "", "run", "-o", "json", "--seed", "7", script)
			if exit != 0 {
				t.Fatalf("exit %d: %s", exit, stderr)
			}
			wasm := runner(t, "run", "-o", "json", "--seed", "7", script)
			if native == wasm {
				return
			}
			a, b := strings.Split(native, "\n"), strings.Split(wasm, "\n")
			for i := range min(len(a), len(b)) {
				if a[i] != b[i] {
					t.Fatalf("line %d differs\nnative %s\nwasm   %s", i+1, a[i], b[i])
				}
			}
			t.Fatalf("%d lines natively, %d in WebAssembly", len(a), len(b))
		})
	}
}

// wasmRunner builds the command for js/wasm and returns how to run it, under Node.
func wasmRunner(t *testing.T) func(t *testing.T, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		t.Fatal("this test needs Node 20 or newer on the PATH")
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(t.TempDir(), "tabernetes.wasm")
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", binary, ".")
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	launcher := filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec_node.js")
	return func(t *testing.T, args ...string) string {
		// Most of a short run would be V8's optimising compiler, at work on what runs once.
		cmd := exec.Command("node", append([]string{"--stack-size=8192", "--liftoff-only", launcher, binary}, args...)...)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH")} // the shim has little room for the environment
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v\n%s", err, stderr.String())
		}
		return string(out)
	}
}
