package cluster

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tabernetes/tabernetes/core/kubectl"
	"github.com/tabernetes/tabernetes/core/rest"
	"github.com/tabernetes/tabernetes/core/sim"
)

// MaxLine is the longest console line taken, here-documents included, in bytes.
const MaxLine = 4 << 20

// kubectlActor is the name under which the console acts.
const kubectlActor = "kubectl"

func (c *Cluster) openConsole() {
	c.you = c.world.Process(kubectlActor)
	c.session = kubectl.NewSession(kubectl.Env{
		Transport: wire{c},
		Now:       c.world.Now,
		After: func(d time.Duration, fn func()) func() {
			class := sim.Idle // deadlines and polling: the world may be quiet meanwhile
			if d == 0 {
				class = sim.Work
			}
			e := c.you.Schedule(sim.Timer, class, d, "kubectl waits", fn)
			return func() { c.you.Cancel(e) }
		},
		Files:   c.opts.Files,
		Edit:    c.editor(),
		Clear:   c.opts.Clear,
		Outside: c.outsideProgram(),
		Halt:    c.opts.Halt,
	})
}

// wire is the console's connection: calls are answered at once, notifications
// take their way through the world's queue as everyone's do.
type wire struct{ c *Cluster }

func (w wire) Do(m rest.Message) rest.Reply {
	m.Actor = kubectlActor
	if w.c.still && m.Method != "GET" {
		return w.c.refusePast()
	}
	return w.c.server.Do(m)
}

func (w wire) Stream(m rest.Message, frame func([]byte, int64)) (func(), rest.Reply) {
	m.Actor = kubectlActor
	if w.c.still && m.Method != "GET" {
		return nil, w.c.refusePast()
	}
	stopped := false
	stop, reply := w.c.server.Stream(m, func(data []byte, revision int64) {
		w.c.you.Schedule(sim.Delivery, sim.Work, w.c.opts.Timing.Delivery, "kubectl is told", func() {
			if !stopped {
				frame(data, revision)
			}
		})
	})
	if stop == nil {
		return nil, reply
	}
	return func() { stopped = true; stop() }, reply
}

// Exec types a line at the console. It runs in the world's next steps: out and
// errw get what it writes, done its exit code, once. interrupt is Ctrl-C.
func (c *Cluster) Exec(line string, out, errw func(string), done func(exit int)) (interrupt func()) {
	if len(line) > MaxLine {
		errw(fmt.Sprintf("error: the line is %d bytes long, more than the %d allowed\n", len(line), MaxLine))
		done(1)
		return func() {}
	}
	n := c.did(Type, line)
	var running func()
	interrupted := false
	c.you.Schedule(sim.Input, sim.Work, 0, firstLine(line), func() {
		if interrupted {
			done(130)
			return
		}
		running = c.session.Run(line, out, errw, done)
	})
	interrupt = func() {
		c.did(Interrupt, strconv.Itoa(n))
		interrupted = true
		if running != nil {
			running()
		}
	}
	c.typed[n] = interrupt
	return interrupt
}

// Complete proposes how the word at cursor could go on.
func (c *Cluster) Complete(line string, cursor int) []string { return c.session.Complete(line, cursor) }

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// Result is what a console line came to.
type Result struct {
	Command, Stdout, Stderr string
	Exit                    int
}

// How long Run lets a line go on: events, and the virtual time that a command
// which waits (rollout status, wait, delete) is given after the world is quiet.
const (
	maxEvents = 20_000_000
	maxWait   = 20 * time.Minute
)

// Run types a line, runs the world until it is quiet and returns what the
// line came to. A command that waits for something is given more virtual time;
// one that follows without end (get -w, logs -f) is interrupted when the world
// is quiet.
func (c *Cluster) Run(line string) (Result, error) {
	r := Result{Command: line}
	done := false
	interrupt := c.Exec(line,
		func(s string) { r.Stdout += s }, func(s string) { r.Stderr += s },
		func(exit int) { r.Exit, done = exit, true })
	if err := c.RunUntilQuiet(maxEvents); err != nil {
		interrupt()
		return r, err
	}
	if !done && !kubectl.Endless(line) {
		c.waitFor(&done)
	}
	if !done {
		interrupt()
	}
	if err := c.RunUntilQuiet(maxEvents); err != nil {
		return r, err
	}
	if !done {
		return r, errors.New("the command did not end when interrupted")
	}
	return r, nil
}

// waitFor steps through the idle events too, until done or maxWait is over.
func (c *Cluster) waitFor(done *bool) {
	limit := c.Now().Add(maxWait)
	for n := 0; !*done && n < maxEvents; n++ {
		if at, ok := c.NextAt(); !ok || at.After(limit) {
			return
		}
		c.world.Step()
	}
}
