package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/tabernetes/tabernetes/core/archive"
	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/file"
	"github.com/tabernetes/tabernetes/core/store/memory"
)

// TestHistoryIsBounded runs a cluster for a virtual day: what it keeps, in
// memory and on disk, stays what the policy says.
func TestHistoryIsBounded(t *testing.T) {
	const retain = 400
	log, err := file.Open(filepath.Join(t.TempDir(), "log"), file.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(Options{Log: log, Retain: retain})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Run("kubectl create deployment web --image=nginx --replicas=3"); err != nil {
		t.Fatal(err)
	}
	var first int64
	for hour := range 24 {
		if err := c.AdvanceTo(c.Now().Add(time.Hour), 1_000_000); err != nil {
			t.Fatal(err)
		}
		c.Flush()
		u := c.Usage()
		if u.Revisions > 2*retain+100 || u.Revision-u.Oldest > 2*retain+100 {
			t.Fatalf("after %d hours: %+v", hour+1, u)
		}
		if hour == 5 {
			first = u.LogBytes
		}
		if hour > 5 && u.LogBytes > 3*first {
			t.Fatalf("after %d hours the log takes %d bytes, after six it took %d", hour+1, u.LogBytes, first)
		}
	}
	if u := c.Usage(); u.Revision < 5*retain {
		t.Errorf("only %d revisions in a day: this proves nothing", u.Revision)
	}
	if err := c.Forget(10); err != nil {
		t.Fatal(err)
	}
	if u := c.Usage(); u.Revision-u.Oldest != 10 {
		t.Errorf("all but 10 revisions forgotten: %+v", u)
	}
	if err := c.Forget(10); err != nil {
		t.Errorf("nothing to forget: %v", err)
	}
}

// TestExport has a cluster go on elsewhere.
func TestExport(t *testing.T) {
	c, err := New(Options{Seed: 3, Nodes: 2})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Run("kubectl create deployment web --image=nginx"); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := c.Export(&out, "test", "mine"); err != nil {
		t.Fatal(err)
	}
	log, info, err := archive.Import(&out)
	if err != nil {
		t.Fatal(err)
	}
	if info.Name != "mine" || info.Seed != 3 || info.Nodes != 2 || !info.Time.Equal(c.Now()) || info.Revision != c.Revision() {
		t.Errorf("%+v", info)
	}
	again, err := New(Options{Seed: info.Seed, Nodes: info.Nodes, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	r, err := again.Run("kubectl get deployment web -o jsonpath={.status.readyReplicas}")
	if err != nil || r.Stdout != "1" {
		t.Errorf("%+v, %v", r, err)
	}
	if got, err := again.Changes(info.Revision); err != nil || len(got) == 0 {
		t.Errorf("what the last write changed is not known any more: %v, %v", got, err)
	}
}

// bounded is a memory log that is full while it is told to be.
type bounded struct {
	*memory.Log
	full bool
	err  error
}

func (l *bounded) Append(records []*store.Record, done func(error)) {
	if l.full && l.err == nil {
		l.err = fmt.Errorf("%w: the quota is used up", store.ErrNoSpace)
	}
	if l.err != nil {
		done(l.err)
		return
	}
	l.Log.Append(records, done)
}

func (l *bounded) Resume(done func(error)) {
	l.err = nil
	done(nil)
}

// TestNoSpace fills the disk under a running cluster: it says so in etcd's
// words, keeps what it has, can leave as a file, and goes on once there is
// room.
func TestNoSpace(t *testing.T) {
	log := &bounded{Log: memory.New()}
	c, err := New(Options{Log: log})
	if err != nil {
		t.Fatal(err)
	}
	run := func(line string) Result {
		t.Helper()
		r, err := c.Run(line)
		if err != nil {
			t.Fatal(err)
		}
		c.Flush()
		return r
	}
	if r := run("kubectl create deployment web --image=nginx"); r.Exit != 0 || c.Err() != nil {
		t.Fatalf("%+v, %v", r, c.Err())
	}
	log.full = true
	run("kubectl create configmap unanswered --from-literal=a=b")
	var answer error
	c.OnDurable(func(err error) { answer = err })
	if !errors.Is(answer, store.ErrNoSpace) || !errors.Is(c.Err(), store.ErrNoSpace) {
		t.Fatalf("answered %v; %v", answer, c.Err())
	}
	if r := run("kubectl create configmap refused --from-literal=a=b"); r.Exit != 1 || r.Stderr != "error: failed to create configmap: etcdserver: mvcc: database space exceeded: the quota is used up\n" {
		t.Errorf("%+v", r)
	}
	if r := run("kubectl get deployment web -o name"); r.Stdout != "deployment.apps/web\n" {
		t.Errorf("reads do not go on: %+v", r)
	}
	var out bytes.Buffer
	if err := c.Export(&out, "test", ""); err != nil {
		t.Fatal(err)
	}
	imported, _, err := archive.Import(&out)
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range []store.Log{log, imported} {
		saved := source == imported
		again, err := New(Options{Log: source})
		if err != nil {
			t.Fatal(err)
		}
		r, err := again.Run("kubectl get configmap unanswered -o name")
		if err != nil || (r.Exit == 0) != saved {
			t.Errorf("exported %v: %+v, %v", saved, r, err)
		}
	}
	log.full = false
	answer = errors.New("not answered")
	c.Disarm(func(err error) { answer = err })
	if answer != nil || c.Err() != nil || c.Durable() != c.Revision() {
		t.Fatalf("disarm: %v; %v; durable %d of %d", answer, c.Err(), c.Durable(), c.Revision())
	}
	if r := run("kubectl create configmap later --from-literal=a=b"); r.Exit != 0 {
		t.Errorf("%+v", r)
	}
	again, err := New(Options{Log: log})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := again.Run("kubectl get configmap unanswered later -o name"); err != nil || r.Exit != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestSetRetain has the policy changed while the cluster runs.
func TestSetRetain(t *testing.T) {
	c, err := New(Options{Retain: -1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Run("kubectl create deployment web --image=nginx --replicas=5"); err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []int64{0, -2} {
		if err := c.SetRetain(wrong); err == nil {
			t.Errorf("%d revisions are kept", wrong)
		}
	}
	if u := c.Usage(); c.Retain() != -1 || u.Oldest != 1 || u.Revision < 50 {
		t.Fatalf("policy %d, %+v", c.Retain(), u)
	}
	if err := c.SetRetain(10); err != nil {
		t.Fatal(err)
	}
	if u := c.Usage(); c.Retain() != 10 || u.Oldest != u.Revision-10 {
		t.Errorf("after the policy is 10: %+v", u)
	}
	if err := c.SetRetain(1000); err != nil {
		t.Fatal(err)
	}
	if u := c.Usage(); u.Oldest != u.Revision-10 {
		t.Errorf("after the policy is 1000: %+v", u)
	}
	if _, err := New(Options{Retain: -2}); err == nil {
		t.Error("a cluster that keeps -2 revisions")
	}
}
