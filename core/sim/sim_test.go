package sim

import (
	"errors"
	"strings"
	"testing"
	"time"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// diary notes what ran, in order.
type diary struct{ notes []string }

func (d *diary) note(s string) func() { return func() { d.notes = append(d.notes, s) } }

func (d *diary) want(t *testing.T, want string) {
	t.Helper()
	if got := strings.Join(d.notes, " "); got != want {
		t.Errorf("ran %q, want %q", got, want)
	}
}

func TestEventsRunByTimeThenByOrderOfScheduling(t *testing.T) {
	w, d := New(1, start), &diary{}
	p := w.Process("a")
	p.Schedule(Timer, Work, 2*time.Second, "", d.note("late"))
	p.Schedule(Timer, Work, time.Second, "", d.note("first"))
	p.Schedule(Timer, Work, time.Second, "", d.note("second"))
	if n, err := w.RunUntilQuiet(10); n != 3 || err != nil {
		t.Fatalf("took %d steps, %v", n, err)
	}
	d.want(t, "first second late")
	if got := w.Now().Sub(start); got != 2*time.Second {
		t.Errorf("the clock moved by %v", got)
	}
}

func TestQuietDoesNotWaitForIdleEvents(t *testing.T) {
	w, d := New(1, start), &diary{}
	p := w.Process("a")
	var beat func()
	beat = func() { d.note("beat")(); p.Schedule(Timer, Idle, time.Second, "", beat) }
	p.Schedule(Timer, Idle, time.Second, "", beat)
	p.Schedule(Timer, Work, 2500*time.Millisecond, "", d.note("work"))
	if _, err := w.RunUntilQuiet(10); err != nil {
		t.Fatal(err)
	}
	d.want(t, "beat beat work")
	if !w.Quiet() {
		t.Error("a heartbeat alone keeps the world from being quiet")
	}
}

func TestRunUntilQuietIsBounded(t *testing.T) {
	w := New(1, start)
	p := w.Process("spinner")
	var spin func()
	spin = func() { p.Schedule(Turn, Work, 0, "spin", spin) }
	spin()
	_, err := w.RunUntilQuiet(100)
	if !errors.Is(err, ErrNotQuiet) || !strings.Contains(err.Error(), "spinner: spin") {
		t.Errorf("got %v", err)
	}
}

func TestAdvanceToTakesWhatIsDueAndSetsTheClock(t *testing.T) {
	w, d := New(1, start), &diary{}
	p := w.Process("a")
	p.Schedule(Timer, Idle, time.Second, "", d.note("due"))
	p.Schedule(Timer, Idle, 3*time.Second, "", d.note("later"))
	n, err := w.AdvanceTo(start.Add(2*time.Second), 10)
	if n != 1 || err != nil || w.Now() != start.Add(2*time.Second) {
		t.Errorf("%d steps, %v, clock at %v", n, err, w.Now())
	}
	d.want(t, "due")
}

func TestAHeldActorMissesNothing(t *testing.T) {
	w, d := New(1, start), &diary{}
	a, b := w.Process("a"), w.Process("b")
	a.Schedule(Delivery, Work, time.Second, "", d.note("a1"))
	b.Schedule(Delivery, Work, 2*time.Second, "", d.note("b1"))
	w.Hold("a")
	a.Schedule(Delivery, Work, time.Second, "", d.note("a2"))
	if _, err := w.RunUntilQuiet(10); err != nil {
		t.Fatal(err)
	}
	d.want(t, "b1")
	if !w.Held("a") {
		t.Error("a is not held")
	}
	w.Release("a")
	if w.Quiet() {
		t.Error("quiet with a's work under way")
	}
	w.RunUntilQuiet(10)
	d.want(t, "b1 a1 a2")
	if got := w.Now().Sub(start); got != 2*time.Second {
		t.Errorf("the clock went back to %v", got)
	}
}

func TestAKilledProcessDoesNothingMore(t *testing.T) {
	w, d := New(1, start), &diary{}
	old := w.Process("a")
	old.Schedule(Timer, Work, time.Second, "", d.note("old"))
	old.Kill()
	old.Schedule(Timer, Work, time.Second, "", d.note("ghost"))
	w.Process("a").Schedule(Timer, Work, 2*time.Second, "", d.note("new"))
	w.RunUntilQuiet(10)
	d.want(t, "new")
	if !w.Quiet() {
		t.Error("the dead process's work still counts")
	}
}

func TestACancelledEventDoesNotHappen(t *testing.T) {
	w, d := New(1, start), &diary{}
	p := w.Process("a")
	e := p.Schedule(Timer, Work, time.Second, "", d.note("cancelled"))
	w.Hold("a")
	p.Cancel(e)
	p.Cancel(e)
	w.Release("a")
	if !w.Quiet() {
		t.Error("a cancelled event counts as work")
	}
	if _, ok := w.Step(); ok {
		t.Error("a cancelled event was taken")
	}
	d.want(t, "")
}

func TestDiceFollowFromTheSeedAndThePurpose(t *testing.T) {
	roll := func(seed uint64, purpose string) uint64 { return New(seed, start).Rand(purpose).Uint64() }
	if roll(1, "uid") != roll(1, "uid") {
		t.Error("the same seed and purpose gave different dice")
	}
	if roll(1, "uid") == roll(2, "uid") || roll(1, "uid") == roll(1, "name") {
		t.Error("different seeds or purposes gave the same dice")
	}
}

// A hold in the middle of Kill and Cancel must not unbalance the count of work.
func TestKillWhileHeld(t *testing.T) {
	w, d := New(1, start), &diary{}
	p := w.Process("a")
	p.Schedule(Timer, Work, time.Second, "", d.note("x"))
	w.Hold("a")
	p.Kill()
	w.Release("a")
	if !w.Quiet() {
		t.Error("work of a killed process is still counted")
	}
	if _, ok := w.Next(); ok {
		t.Error("an event of a killed process is next")
	}
	d.want(t, "")
}
