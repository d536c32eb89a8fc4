package driver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tabernetes/tabernetes/core/archive"
	"github.com/tabernetes/tabernetes/core/cluster"
	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/memory"
)

// Nowhere begins the names of databases that are in memory only: a page in
// somebody else's page, or a session that somebody else has shared.
const Nowhere = "memory:"

// session is all it takes to have a cluster again that began in this engine:
// seed and inputs, and what must have come out. It is what a shared link holds.
type session struct {
	Format int             `json:"format"`
	Seed   uint64          `json:"seed"`
	Nodes  int             `json:"nodes"`
	Inputs []cluster.Input `json:"inputs"`
	Steps  uint64          `json:"steps"`
	Time   time.Time       `json:"time"`
	Hash   string          `json:"hash"`
}

// What a session may ask for.
const (
	sessionFormat = 1
	maxSession    = 1 << 20 // bytes of JSON
	maxInputs     = 5_000
	maxSteps      = 2_000_000
	maxStart      = 100
	maxNodes      = 500
)

// maxShared is the largest cluster, as an archive, that is put into a link.
const maxShared = 48 << 10

// errTooLarge is told where a link would be too long to be one.
var errTooLarge = errors.New("this cluster is too large for a link: export it as a file instead")

// share answers with a session where the cluster began here, else with the
// cluster itself, as an archive.
func (d *Driver) share(from int, r shareRequest) error {
	out := sharedEvent{Type: "shared", ID: r.ID}
	var err error
	if d.restored || len(d.c.Inputs()) > maxInputs {
		out.Archive, err = d.small()
	} else {
		out.Session, err = d.session()
	}
	if err != nil {
		out.Error = err.Error()
	}
	d.opts.Send(from, out)
	return nil
}

func (d *Driver) session() (string, error) {
	data, err := json.Marshal(session{
		Format: sessionFormat, Seed: d.seed, Nodes: d.nodes,
		Inputs: d.c.Inputs(), Steps: d.c.Steps(), Time: d.c.Now(), Hash: d.c.Hash(),
	})
	if err == nil && len(data) > maxSession {
		err = errTooLarge
	}
	return string(data), err
}

func (d *Driver) small() ([]byte, error) {
	var file bytes.Buffer
	if err := d.c.Export(&file, program, ""); err != nil {
		return nil, err
	}
	if file.Len() > maxShared {
		return nil, errTooLarge
	}
	return file.Bytes(), nil
}

// readSession reads what a link holds, which may be anything.
func readSession(text string) (*session, error) {
	if len(text) > maxSession {
		return nil, fmt.Errorf("session: %d bytes, more than %d", len(text), maxSession)
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	s := new(session)
	if err := dec.Decode(s); err != nil {
		return nil, fmt.Errorf("session: %w", err)
	}
	switch {
	case s.Format != sessionFormat:
		return nil, fmt.Errorf("session: format %d is not known here, only %d", s.Format, sessionFormat)
	case s.Nodes < 0 || s.Nodes > maxNodes:
		return nil, fmt.Errorf("session: %d nodes, not 0 to %d", s.Nodes, maxNodes)
	case len(s.Inputs) > maxInputs:
		return nil, fmt.Errorf("session: %d inputs, more than %d", len(s.Inputs), maxInputs)
	case s.Steps > maxSteps:
		return nil, fmt.Errorf("session: %d events, more than %d", s.Steps, maxSteps)
	}
	return s, nil
}

// beginning is what a cluster begins with: how its log is filled, and what is done
// in it before any tab sees it.
type beginning struct {
	todo  []cluster.Input // of a session
	end   *session        // what the session must come to
	start []string        // lines to type, each to its end
	typed int             // lines told so far
	busy  bool            // a line of start has not ended
}

// prepare reads what a boot request wants the cluster to begin with. It changes
// r where that says otherwise.
func (d *Driver) prepare(r *bootRequest) (*beginning, error) {
	if len(r.Start) > maxStart {
		return nil, fmt.Errorf("start: %d lines, more than %d", len(r.Start), maxStart)
	}
	b := &beginning{start: r.Start}
	if r.Session == "" {
		return b, nil
	}
	s, err := readSession(r.Session)
	if err != nil {
		return nil, err
	}
	r.Seed, r.Nodes = s.Seed, s.Nodes
	b.todo, b.end = s.Inputs, s
	return b, nil
}

// openLog opens the log of a database: one in memory, filled from an archive
// where there is one, or the edge's.
func (d *Driver) openLog(r bootRequest) (store.Log, error) {
	if !strings.HasPrefix(r.Database, Nowhere) {
		return d.opts.Open(r.Database)
	}
	log := memory.New()
	if len(r.Archive) == 0 {
		return log, nil
	}
	file, _, err := archive.Import(bytes.NewReader(r.Archive))
	if err != nil {
		return nil, err
	}
	failed := archive.Restore(log, file, func(e error) { err = e })
	return log, errors.Join(failed, err)
}

// errLater ends a slice in the middle of a session.
var errLater = errors.New("later")

// proceed does what the cluster begins with until the slice is over, and says
// whether all of it is done.
func (b *beginning) proceed(d *Driver, over func() bool) (bool, error) {
	step := func() error {
		if over() {
			return errLater
		}
		d.moveOn()
		return nil
	}
	for len(b.todo) > 0 {
		in := b.todo[0]
		if err := b.reach(d, in, step); err != nil {
			return false, err
		}
		var out cluster.Output
		if in.Do == cluster.Type {
			place := strconv.Itoa(len(d.c.Inputs()))
			l := b.line(d, in.With)
			l.stop = func() { _ = d.c.Apply(cluster.Input{Do: cluster.Interrupt, With: place}, nil) }
			out = told{d, l}
		}
		if err := d.c.Apply(in, out); err != nil {
			return false, err
		}
		b.todo = b.todo[1:]
	}
	if b.end != nil {
		if err := b.check(d, step); err != nil {
			return false, err
		}
		if !d.c.Quiet() {
			d.pace.stop() // it was shared in the middle of something
		}
		return true, nil
	}
	return b.startLines(d, step)
}

// reach steps to where an input was done. No session reaches beyond its bound.
func (b *beginning) reach(d *Driver, in cluster.Input, step func() error) error {
	if in.Steps > maxSteps {
		return fmt.Errorf("session: an input after %d events, more than %d", in.Steps, maxSteps)
	}
	return d.c.Reach(in, step)
}

// check goes to the session's end, where the state must be the one it had.
func (b *beginning) check(d *Driver, step func() error) error {
	if err := b.reach(d, cluster.Input{Steps: b.end.Steps, Time: b.end.Time}, step); err != nil {
		return err
	}
	if d.c.Hash() != b.end.Hash {
		return fmt.Errorf("%w: its state is another", cluster.ErrDiverged)
	}
	return nil
}

// startLines types the lines of start, one after the other has ended and what it
// set off has come to rest.
func (b *beginning) startLines(d *Driver, step func() error) (bool, error) {
	for {
		for b.busy || !d.c.Quiet() {
			if err := step(); err != nil {
				return false, err
			}
		}
		if len(b.start) == 0 {
			return true, nil
		}
		b.busy = true
		l := b.line(d, b.start[0])
		out := told{d, l}
		l.stop = d.c.Exec(l.text, out.Out, out.Err, func(exit int) { b.busy = false; out.Done(exit) })
		b.start = b.start[1:]
	}
}

// line tells every tab of a line that none of them has typed. Such lines have
// negative ids, and every tab can interrupt them.
func (b *beginning) line(d *Driver, text string) *line {
	b.typed++
	l := &line{id: -b.typed, text: text}
	d.console.running = append(d.console.running, l)
	d.tell(typedEvent{"typed", l.id, text})
	return l
}

// told tells every tab what a line prints.
type told struct {
	d *Driver
	l *line
}

func (o told) Out(text string) { o.d.tell(outputEvent{"output", o.l.id, "out", text}) }
func (o told) Err(text string) { o.d.tell(outputEvent{"output", o.l.id, "err", text}) }

func (o told) Done(exit int) {
	o.d.console.ended(o.l)
	o.d.tell(doneEvent{"done", o.l.id, exit, o.d.c.Revision(), false})
}
