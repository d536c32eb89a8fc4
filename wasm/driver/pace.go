package driver

import (
	"fmt"
	"time"

	"github.com/tabernetes/tabernetes/core/sim"
	"github.com/tabernetes/tabernetes/core/trace"
)

// Speed says how fast the world goes.
type Speed string

// The speeds. While no work is under way all of them let the virtual clock go
// as fast as the wall's; they differ in how work goes.
const (
	// Slow gives each of the ten steps more than a second.
	Slow Speed = "slow"
	// Watch gives each of the ten steps a third of a second, and less to what
	// follows when there is much of it: a learner sees the first chain step by
	// step, and a thousand pods still take seconds.
	Watch Speed = "watch"
	// Real is the world's own time.
	Real Speed = "real"
	// Once goes as fast as can be.
	Once Speed = "once"
)

// stepTime is what one of the ten steps takes at a speed, in wall time.
var stepTime = map[Speed]time.Duration{
	Slow: 1300 * time.Millisecond, Watch: 330 * time.Millisecond, Real: 0, Once: 0,
}

// Parts of stepTime, in percent, that other entries take, and the number of
// steps after which they begin to go by faster.
const (
	otherWrite = 25
	event      = 8
	patience   = 12
)

// beat is how often the clocks are compared while nothing happens.
const beat = time.Second

// maxJump is the longest wall time that one look at the clock may show: a
// machine that slept does not make the world run to catch up.
const maxJump = 2 * time.Second

// pace decides when the next event of the world is due in wall time.
type pace struct {
	playing bool
	speed   Speed
	factor  float64   // by how much Real is faster than the wall's clock; 0 means by none
	wall    time.Time // when the clocks were last compared
	hold    time.Time // wall time before which nothing happens
	steps   int       // of the ten, since the learner last did something
	waited  bool      // the gap before the next event has been paid for
}

// world is what pace needs to know of the cluster.
type world interface {
	Now() time.Time
	Quiet() bool
	Next() (sim.Event, bool)
	AdvanceTo(t time.Time, limit int) error
}

func (p *pace) set(s Speed) error {
	if _, known := stepTime[s]; !known {
		return fmt.Errorf("unknown speed %q", s)
	}
	p.speed = s
	p.hold = time.Time{}
	return nil
}

func (p *pace) stop() { p.playing = false }

func (p *pace) play(now time.Time) {
	p.playing = true
	p.wall, p.hold = now, time.Time{}
}

// hurried tells whether work goes on as fast as can be.
func (p *pace) hurried(w world) bool { return p.playing && p.speed == Once && !w.Quiet() }

// begin is told that the learner has done something: its first steps go slowly.
func (p *pace) begin() { p.steps = 0 }

// next returns 0 when the next event may be taken now, else how long it has to
// wait; negative when nothing is going to happen by itself.
func (p *pace) next(w world, now time.Time) time.Duration {
	if !p.playing {
		return forever
	}
	e, any := w.Next()
	if w.Quiet() || p.speed == Real {
		return p.flow(w, e, any, now)
	}
	p.wall = now
	if p.speed == Once || !any {
		return 0
	}
	return p.paced(e.At.Sub(w.Now()), now)
}

// flow moves the virtual clock as far as the wall's has moved, or to the next
// event if that comes first.
func (p *pace) flow(w world, e sim.Event, any bool, now time.Time) time.Duration {
	target := w.Now().Add(p.virtual(max(0, min(now.Sub(p.wall), maxJump))))
	if any && !e.At.After(target) {
		p.wall = p.wall.Add(p.real(e.At.Sub(w.Now())))
		if now.Sub(p.wall) > maxJump {
			p.wall = now.Add(-maxJump)
		}
		return 0
	}
	p.wall = now
	// Nothing is due until target, so this only sets the clock.
	if err := w.AdvanceTo(target, 0); err != nil || !any {
		return beat
	}
	return min(max(p.real(e.At.Sub(target)), time.Millisecond), beat)
}

// virtual is how far the world's clock goes while the wall's goes so far, and
// real the other way round.
func (p *pace) virtual(wall time.Duration) time.Duration {
	if p.speed != Real || p.factor == 0 {
		return wall
	}
	return time.Duration(float64(wall) * p.factor)
}

func (p *pace) real(virtual time.Duration) time.Duration {
	if p.speed != Real || p.factor == 0 {
		return virtual
	}
	return time.Duration(float64(virtual) / p.factor)
}

// paced shortens the gap before the next event to what a watcher has patience for.
func (p *pace) paced(gap time.Duration, now time.Time) time.Duration {
	if !p.waited {
		p.waited = true
		p.wait(min(gap/2, 2*p.stepTime()), now)
	}
	if wait := p.hold.Sub(now); wait > 0 {
		return wait
	}
	return 0
}

// took is told what an event came to.
func (p *pace) took(entries []trace.Line, now time.Time) {
	p.waited = false
	var most time.Duration
	for i := range entries {
		most = max(most, p.worth(&entries[i]))
	}
	p.wait(most, now)
}

func (p *pace) worth(e *trace.Line) time.Duration {
	whole := p.stepTime()
	switch {
	case e.Step > 0:
		p.steps++
		return whole
	case e.Type == trace.Write && e.Resource == "events":
		return whole * event / 100
	case e.Type == trace.Write || e.Type == trace.Refused:
		return whole * otherWrite / 100
	}
	return 0
}

// stepTime falls with the square of the steps gone by, so that any number of
// them takes no more than about patience * 1.6 first ones.
func (p *pace) stepTime() time.Duration {
	n := p.steps / patience
	full := stepTime[p.speed]
	if n == 0 {
		return full
	}
	rest := int64(p.steps) * int64(p.steps) / (patience * patience)
	return full / time.Duration(1+rest)
}

func (p *pace) wait(d time.Duration, now time.Time) {
	if p.hold.Before(now) {
		p.hold = now
	}
	p.hold = p.hold.Add(d)
}
