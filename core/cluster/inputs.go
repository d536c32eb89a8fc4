package cluster

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Deed is what can be done to a cluster from outside.
type Deed string

// The deeds. A restart is a stop and a start.
const (
	Type       Deed = "type"       // With is a console line
	Interrupt  Deed = "interrupt"  // With is the place among the inputs of the line interrupted
	Edit       Deed = "edit"       // With is what an editor was saved with, Place which editor
	Abandon    Deed = "abandon"    // an editor was closed without saving, Place which
	Hold       Deed = "hold"       // With is the component, here and below
	Release    Deed = "release"    //
	Stop       Deed = "stop"       //
	Start      Deed = "start"      //
	Disconnect Deed = "disconnect" //
	Requests   Deed = "requests"   // With is a URL, how many requests a second, and for how long: http://web 20/s 30s
	Pulls      Deed = "pulls"      // With is an image and how its registry answers from now on: nginx 30s
)

// Input is one deed, with when it was done: after how many events, and at what
// virtual time. Options and inputs are all it takes to have the same run again.
type Input struct {
	Steps uint64    `json:"steps"`
	Time  time.Time `json:"time"`
	Do    Deed      `json:"do"`
	With  string    `json:"with,omitempty"`
	Place int       `json:"place,omitempty"`
}

// Inputs are what has been done to the cluster from outside, in order.
func (c *Cluster) Inputs() []Input { return c.inputs }

// did notes a deed and returns its place.
func (c *Cluster) did(what Deed, with string) int {
	c.inputs = append(c.inputs, Input{Steps: c.Steps(), Time: c.Now(), Do: what, With: with})
	c.doneAt = append(c.doneAt, c.rec.Last())
	return len(c.inputs) - 1
}

// editor notes what comes back from the learner's editor; nil where there is
// none. It must come back after the step that opened it, as people's hands do.
func (c *Cluster) editor() func(string, []byte, func([]byte, bool)) {
	if c.opts.Edit == nil {
		return nil
	}
	return func(name string, content []byte, done func([]byte, bool)) {
		place := len(c.editors)
		answered := false
		c.editors = append(c.editors, func(edited []byte, saved bool) {
			if answered {
				return
			}
			answered = true
			what := Edit
			if !saved {
				what = Abandon
			}
			c.inputs[c.did(what, string(edited))].Place = place
			done(edited, saved)
		})
		c.opts.Edit(name, content, c.editors[place])
	}
}

// Errors of Apply beside those of the deeds themselves.
var (
	ErrDiverged = errors.New("the run is not the one recorded")
	ErrNoDeed   = errors.New("no such deed")
)

// Reach steps the world to where an input was done. Its error wraps
// ErrDiverged where the world has no such point: other inputs, another seed or
// another version came before. step takes one event; its error ends the run.
// nil stands for Step.
func (c *Cluster) Reach(in Input, step func() error) error {
	if step == nil {
		step = func() error { c.Step(); return nil }
	}
	if c.Steps() > in.Steps {
		return fmt.Errorf("%w: %d events had happened, it says %d", ErrDiverged, c.Steps(), in.Steps)
	}
	for c.Steps() < in.Steps {
		at, ok := c.NextAt()
		if !ok || at.After(in.Time) {
			return fmt.Errorf("%w: %d events happen until %s, it says %d", ErrDiverged, c.Steps(), in.Time.Format(time.RFC3339Nano), in.Steps)
		}
		if err := step(); err != nil {
			return err
		}
	}
	if in.Time.Before(c.Now()) {
		return fmt.Errorf("%w: it is %s, it says %s", ErrDiverged, c.Now().Format(time.RFC3339Nano), in.Time.Format(time.RFC3339Nano))
	}
	if c.Now().Equal(in.Time) {
		return nil // others may be due at this very time, and come after the input
	}
	if err := c.AdvanceTo(in.Time, 0); err != nil {
		return fmt.Errorf("%w: more than %d events happen before %s", ErrDiverged, in.Steps, in.Time.Format(time.RFC3339Nano))
	}
	return nil
}

// Apply does an input once Reach has come to it. out is given what a typed
// line writes and its end; it may be nil.
func (c *Cluster) Apply(in Input, out Output) error {
	if out == nil {
		out = silent{}
	}
	switch in.Do {
	case Type:
		c.Exec(in.With, out.Out, out.Err, out.Done)
		return nil
	case Interrupt:
		n, err := strconv.Atoi(in.With)
		if err != nil || c.typed[n] == nil {
			return fmt.Errorf("%w: no line has the place %q", ErrDiverged, in.With)
		}
		c.typed[n]()
		return nil
	case Edit, Abandon:
		if in.Place < 0 || in.Place >= len(c.editors) {
			return fmt.Errorf("%w: no editor %d is open", ErrDiverged, in.Place)
		}
		c.editors[in.Place]([]byte(in.With), in.Do == Edit)
		return nil
	}
	act, known := map[Deed]func(string) error{
		Hold: c.Hold, Release: c.Release, Stop: c.Stop, Start: c.Start, Disconnect: c.Disconnect,
		Pulls: c.Pulls, Requests: c.Send,
	}[in.Do]
	if !known {
		return fmt.Errorf("%w: %q", ErrNoDeed, in.Do)
	}
	return act(in.With)
}

// Output hears what a typed line comes to.
type Output interface {
	Out(text string)
	Err(text string)
	Done(exit int)
}

type silent struct{}

func (silent) Out(string) {}
func (silent) Err(string) {}
func (silent) Done(int)   {}
