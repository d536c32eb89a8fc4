package client_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/apiserver"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/sim"
	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/memory"
	"github.com/tabernetes/tabernetes/core/trace"
)

// bench is a world with an API server and nothing else.
type bench struct {
	t      *testing.T
	world  *sim.World
	store  *store.Store
	server *apiserver.Server
	rec    *trace.Recorder
}

func newBench(t *testing.T) *bench {
	t.Helper()
	w := sim.New(1, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	st, err := store.Open(memory.New(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server, err := apiserver.New(st, apiserver.Options{
		Now: w.Now, Rand: func(p string) *rand.Rand { return w.Rand(p) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Bootstrap(); err != nil {
		t.Fatal(err)
	}
	return &bench{t: t, world: w, store: st, server: server, rec: trace.NewRecorder(w.Now, nil)}
}

func (b *bench) client(actor string) *client.Client {
	return client.New(b.server, b.world.Process(actor), b.rec, client.DefaultTiming)
}

func (b *bench) settle() {
	b.t.Helper()
	if _, err := b.world.RunUntilQuiet(100_000); err != nil {
		b.t.Fatal(err)
	}
}

func configMap(name, value string) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
		Data:       map[string]string{"value": value},
	}
}

// put creates or changes a config map as the learner would.
func (b *bench) put(name, value string) {
	b.t.Helper()
	you := b.client("you")
	if _, err := client.Create(you, configMap(name, value)); apierrors.IsAlreadyExists(err) {
		_, err = client.Patch(you, "default", name, "", func(cm *corev1.ConfigMap) { cm.Data = map[string]string{"value": value} })
		if err != nil {
			b.t.Fatal(err)
		}
	} else if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) drop(name string) {
	b.t.Helper()
	if err := client.Delete[*corev1.ConfigMap](b.client("you"), "default", name, nil); err != nil {
		b.t.Fatal(err)
	}
}

// watchAll starts a view of config maps that keeps a diary.
func watchAll(c *client.Client) (*client.View[*corev1.ConfigMap], *[]string) {
	diary := &[]string{}
	note := func(what string, cm *corev1.ConfigMap) {
		*diary = append(*diary, fmt.Sprintf("%s %s=%s", what, cm.Name, cm.Data["value"]))
	}
	v := client.NewView[*corev1.ConfigMap](c, client.ViewOptions{Namespace: "default"})
	v.Index("value", func(cm *corev1.ConfigMap) []string { return []string{cm.Data["value"]} })
	v.Handle(client.Handlers[*corev1.ConfigMap]{
		Added:   func(cm *corev1.ConfigMap) { note("added", cm) },
		Updated: func(_, cm *corev1.ConfigMap) { note("updated", cm) },
		Deleted: func(cm *corev1.ConfigMap) { note("deleted", cm) },
	})
	v.Start()
	return v, diary
}

func wantDiary(t *testing.T, diary *[]string, want ...string) {
	t.Helper()
	if d := cmp.Diff(want, *diary); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	*diary = nil
}

func TestAViewIsStaleUntilItsDeliveriesArrive(t *testing.T) {
	b := newBench(t)
	b.put("a", "1")
	v, diary := watchAll(b.client("watcher"))
	if v.Synced() {
		t.Error("synced before anything has happened")
	}
	b.settle()
	wantDiary(t, diary, "added a=1")

	b.put("a", "2")
	b.put("b", "1")
	if cm, _ := v.Get("default", "a"); cm.Data["value"] != "1" {
		t.Error("the view knew of a write before it was told")
	}
	b.settle()
	wantDiary(t, diary, "updated a=2", "added b=1")
	b.drop("a")
	b.settle()
	wantDiary(t, diary, "deleted a=2")
	if got := v.By("value", "1"); len(got) != 1 || got[0].Name != "b" {
		t.Errorf("the index gives %v", got)
	}
	if got := v.By("value", "2"); got != nil {
		t.Errorf("the index still files %v", got)
	}
}

func TestABrokenWatchTakesUpWhereItWas(t *testing.T) {
	b := newBench(t)
	c := b.client("watcher")
	_, diary := watchAll(c)
	b.settle()
	b.put("a", "1")
	c.Disconnect() // a=1 is lost on its way
	b.put("a", "2")
	b.settle()
	wantDiary(t, diary, "added a=1", "updated a=2")
}

func TestAWatchWhoseHistoryIsGoneListsAgain(t *testing.T) {
	b := newBench(t)
	c := b.client("watcher")
	_, diary := watchAll(c)
	b.put("a", "1")
	b.put("b", "1")
	b.settle()
	wantDiary(t, diary, "added a=1", "added b=1")
	c.Disconnect()
	b.put("a", "2")
	b.drop("b")
	b.put("c", "1")
	if err := b.store.Compact(b.store.Revision()); err != nil {
		t.Fatal(err)
	}
	b.settle()
	slices.Sort(*diary)
	wantDiary(t, diary, "added c=1", "deleted b=1", "updated a=2")
}

func TestALoopMergesWhatAsksForTheSameKey(t *testing.T) {
	b := newBench(t)
	c := b.client("controller")
	v := client.NewView[*corev1.ConfigMap](c, client.ViewOptions{Namespace: "default"})
	type turn struct {
		key    string
		causes int
	}
	var turns []turn
	loop := c.NewLoop("reconcile", func(key string) error {
		turns = append(turns, turn{key, len(c.Causes())})
		return nil
	})
	add := func(cm *corev1.ConfigMap) { loop.Add(client.Key(cm)) }
	v.Handle(client.Handlers[*corev1.ConfigMap]{Added: add, Updated: func(_, cm *corev1.ConfigMap) { add(cm) }})
	v.Start()
	b.settle()
	b.world.Hold("controller")
	b.put("a", "1")
	b.put("a", "2")
	b.put("a", "3")
	b.world.Release("controller")
	b.settle()
	total := 0
	for _, tn := range turns {
		if tn.key != "default/a" {
			t.Errorf("a turn for %s", tn.key)
		}
		total += tn.causes
	}
	if total != 3 {
		t.Errorf("the turns %v have %d causes in all, want each of the 3 writes once", turns, total)
	}
}

func TestAFailedTurnIsTakenAgainWithItsCauses(t *testing.T) {
	b := newBench(t)
	c := b.client("controller")
	b.put("a", "1")
	v := client.NewView[*corev1.ConfigMap](c, client.ViewOptions{Namespace: "default"})
	var causes [][]int64
	loop := c.NewLoop("reconcile", func(string) error {
		causes = append(causes, c.Causes())
		if len(causes) < 3 {
			return errors.New("not yet")
		}
		return nil
	})
	v.Handle(client.Handlers[*corev1.ConfigMap]{Added: func(cm *corev1.ConfigMap) { loop.Add(client.Key(cm)) }})
	v.Start()
	b.settle()
	if len(causes) != 3 || len(causes[0]) != 1 || !slices.Equal(causes[0], causes[2]) {
		t.Errorf("turns with causes %v", causes)
	}
}

func TestWritesCarryTheirCauses(t *testing.T) {
	b := newBench(t)
	c := b.client("copier")
	v := client.NewView[*corev1.ConfigMap](c, client.ViewOptions{Namespace: "default"})
	loop := c.NewLoop("copy", func(key string) error {
		_, err := client.Create(c, configMap("copy", "x"))
		return err
	})
	v.Handle(client.Handlers[*corev1.ConfigMap]{Added: func(cm *corev1.ConfigMap) {
		if cm.Name == "original" {
			loop.Add(client.Key(cm))
		}
	}})
	v.Start()
	b.settle()
	b.put("original", "x")
	cause := b.store.Revision()
	b.settle()
	rec, err := b.store.Record(cause + 1)
	if err != nil {
		t.Fatal(err)
	}
	o := rec.Origin
	if o.Actor != "copier" || o.Name != "copy" || !slices.Equal(o.Causes, []store.Revision{cause}) {
		t.Errorf("origin %+v, want copier's, caused by %d", o, cause)
	}
}

func TestEventsAreCountedMergedAndRationed(t *testing.T) {
	b := newBench(t)
	c := b.client("reporter")
	b.put("a", "1")
	cm, err := client.Get[*corev1.ConfigMap](c, "default", "a")
	if err != nil {
		t.Fatal(err)
	}
	c.Event(cm, "Normal", "Same", "again")
	c.Event(cm, "Normal", "Same", "again")
	for i := range 40 {
		c.Event(cm, "Normal", "Different", fmt.Sprintf("number %d", i))
	}
	v := client.NewView[*corev1.Event](c, client.ViewOptions{Namespace: "default"})
	v.Start()
	b.settle()
	same, different, merged, counted := 0, 0, 0, int32(0)
	for _, ev := range v.List() {
		switch {
		case ev.Reason == "Same":
			same++
			counted = ev.Count
		case strings.HasPrefix(ev.Message, "(combined from similar events): "):
			merged++
		default:
			different++
		}
	}
	if same != 1 || counted != 2 {
		t.Errorf("a repeated event is there %d times with count %d", same, counted)
	}
	if different != 9 || merged != 1 {
		t.Errorf("%d different events and %d combined ones, want 9 and 1", different, merged)
	}
	if got := b.store.Revision(); got > 60 {
		t.Errorf("revision %d: 42 reports were not rationed to 25 writes", got)
	}
}

func TestABrokenWatchGoesOnWhereNothingHappenedMeanwhile(t *testing.T) {
	b := newBench(t)
	c := b.client("watcher")
	_, diary := watchAll(c)
	b.put("a", "1")
	b.settle()
	c.Disconnect()
	b.settle()
	b.put("a", "2")
	b.settle()
	c.Disconnect()
	b.settle()
	c.Disconnect()
	b.put("a", "3")
	b.settle()
	wantDiary(t, diary, "added a=1", "updated a=2", "updated a=3")
}
