package driver

import (
	"testing"
	"time"

	"github.com/tabernetes/tabernetes/core/sim"
	"github.com/tabernetes/tabernetes/core/trace"
)

// fakeWorld is a queue of events at given virtual times.
type fakeWorld struct {
	now    time.Time
	events []time.Duration // after start
	start  time.Time
	quiet  bool
}

func newFakeWorld(quiet bool, events ...time.Duration) *fakeWorld {
	start := time.Unix(1000, 0)
	return &fakeWorld{now: start, start: start, quiet: quiet, events: events}
}

func (w *fakeWorld) Now() time.Time { return w.now }
func (w *fakeWorld) Quiet() bool    { return w.quiet }

func (w *fakeWorld) Next() (sim.Event, bool) {
	if len(w.events) == 0 {
		return sim.Event{}, false
	}
	return sim.Event{At: w.start.Add(w.events[0])}, true
}

func (w *fakeWorld) AdvanceTo(t time.Time, _ int) error {
	w.now = t
	return nil
}

func (w *fakeWorld) take() {
	w.now = w.start.Add(w.events[0])
	w.events = w.events[1:]
}

// play lets a pace run a world whose every event is the given entry, and
// returns the wall times at which they were taken.
func play(t *testing.T, p *pace, w *fakeWorld, entry trace.Line) []time.Duration {
	t.Helper()
	start := time.Unix(5_000_000, 0)
	now := start
	p.play(now)
	var taken []time.Duration
	for range 100_000 {
		wait := p.next(w, now)
		switch {
		case wait < 0 || len(w.events) == 0:
			return taken
		case wait == 0:
			w.take()
			taken = append(taken, now.Sub(start))
			p.took([]trace.Line{entry}, now)
		default:
			now = now.Add(wait)
		}
	}
	t.Fatal("the world did not come to its end")
	return nil
}

func steps(n int, every time.Duration) []time.Duration {
	out := make([]time.Duration, n)
	for i := range out {
		out[i] = time.Duration(i+1) * every
	}
	return out
}

func TestPaceGivesStepsTheirTime(t *testing.T) {
	step := trace.Line{Type: trace.Write, Resource: "pods", Step: 5}
	for _, test := range []struct {
		speed       Speed
		n           int
		least, most time.Duration
	}{
		{Watch, 10, 2500 * time.Millisecond, 4 * time.Second},
		{Slow, 10, 11 * time.Second, 14 * time.Second},
		{Once, 10, 0, 0},
		{Real, 10, 10 * time.Millisecond, 10 * time.Millisecond},
		// A thousand pods are five thousand steps: they take seconds, not minutes.
		{Watch, 5000, 5 * time.Second, 9 * time.Second},
	} {
		p := &pace{speed: test.speed}
		taken := play(t, p, newFakeWorld(false, steps(test.n, time.Millisecond)...), step)
		if len(taken) != test.n {
			t.Fatalf("%s: %d of %d events were taken", test.speed, len(taken), test.n)
		}
		if got := taken[len(taken)-1]; got < test.least || got > test.most {
			t.Errorf("%s: %d steps took %s, want %s to %s", test.speed, test.n, got, test.least, test.most)
		}
	}
}

func TestPaceShortensGaps(t *testing.T) {
	// The runtime pulls an image for a virtual minute.
	p := &pace{speed: Watch}
	taken := play(t, p, newFakeWorld(false, time.Minute), trace.Line{})
	if len(taken) != 1 || taken[0] > time.Second || taken[0] < 100*time.Millisecond {
		t.Errorf("a minute of work under way took %v of wall time", taken)
	}
}

func TestPaceWhenQuiet(t *testing.T) {
	for _, speed := range []Speed{Slow, Watch, Real, Once} {
		p := &pace{speed: speed}
		taken := play(t, p, newFakeWorld(true, 10*time.Second, 20*time.Second), trace.Line{})
		if len(taken) != 2 || taken[0] < 9999*time.Millisecond || taken[1] > 20100*time.Millisecond {
			t.Errorf("%s: events 10 and 20 virtual seconds away were taken after %v of wall time", speed, taken)
		}
	}
}

func TestPaceDoesNotCatchUpAfterSleep(t *testing.T) {
	p := &pace{speed: Real}
	w := newFakeWorld(true, time.Hour)
	now := time.Unix(5_000_000, 0)
	p.play(now)
	p.next(w, now)
	p.next(w, now.Add(8*time.Hour)) // the lid was closed
	if slept := w.now.Sub(w.start); slept > maxJump {
		t.Errorf("the world went on by %s while the machine slept", slept)
	}
}

func TestPaceStopped(t *testing.T) {
	p := &pace{speed: Once}
	if wait := p.next(newFakeWorld(false, 0), time.Unix(1, 0)); wait >= 0 {
		t.Errorf("a stopped world wants its next event after %s", wait)
	}
	if err := p.set("warp"); err == nil || p.speed != Once {
		t.Errorf("an unknown speed gave error %v and speed %q", err, p.speed)
	}
}
