package driver

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tabernetes/tabernetes/core/cluster"
	"github.com/tabernetes/tabernetes/lessons"
)

// lesson is what a driver does in place of a cluster of the learner's own: a
// cluster in memory, that a session of package lessons leads through. What the
// learner does goes to the session, which writes it down; the page keeps what
// was written down and hands it back after a reload.
type lesson struct {
	plan    *lessons.Lesson
	session *lessons.Session
	open    openedEvent
	// predictions are the questions whose truth is not known yet.
	predictions []*lessons.Check
	looked      *lessons.Result // the first of the results that were looked at last
	told        []byte          // what the tabs know of them
	done        map[string][]observed
	unkept      bool      // something was done that the page has not been given
	unsettled   bool      // the world has not come to rest since
	next        time.Time // when the page may be given the next
}

// touch is told that the learner has done something.
func (l *lesson) touch() { l.unkept, l.unsettled = true, true }

// keptEvery is how often the page is given what to keep, at most.
const keptEvery = 400 * time.Millisecond

// takeLesson opens a lesson, or joins the one that is open.
func (d *Driver) takeLesson(_ int, r lessonRequest) error {
	if !d.forLessons {
		return errors.New("lesson: this engine runs a cluster of its own; boot it for lessons")
	}
	if d.lesson != nil && !r.Anew {
		return nil
	}
	plan, err := lessons.Unpack([]byte(r.Pack))
	if err != nil {
		return fmt.Errorf("lesson: %w", err)
	}
	d.abandon()
	return d.openLesson(plan, r)
}

func (d *Driver) openLesson(plan *lessons.Lesson, r lessonRequest) error {
	opts := lessons.Options{Student: r.Student, Clear: d.clear, Edit: func(name string, content []byte, done func([]byte, bool)) {
		if d.lesson != nil { // not while it is being had again
			d.edit(name, content, done)
		}
	}}
	opened := openedEvent{Type: "opened", Lesson: plan.ID, Student: r.Student}
	session, err := resume(plan, r.Saved, opts)
	if err != nil {
		opened.Error = err.Error()
	}
	opened.Resumed = session != nil
	if session == nil {
		if session, err = lessons.Open(plan, opts); err != nil {
			return fmt.Errorf("lesson: %w", err)
		}
	}
	d.lesson = &lesson{plan: plan, session: session, open: opened, done: map[string][]observed{}}
	for _, c := range plan.Checks() {
		if c.Predict != nil {
			d.lesson.predictions = append(d.lesson.predictions, c)
		}
	}
	d.c, d.restored = session.Cluster(), opened.Resumed
	d.pace.play(d.opts.Now())
	return nil
}

// resume has a saved session again; nil where none was saved, or where it
// cannot be had again, which the error says.
func resume(plan *lessons.Lesson, saved string, opts lessons.Options) (*lessons.Session, error) {
	if saved == "" {
		return nil, nil
	}
	sub, err := lessons.DecodeSubmission([]byte(saved))
	if err != nil {
		return nil, err
	}
	return lessons.Resume(plan, sub, opts)
}

// moveOn takes one event of the world. In a lesson the checks are looked at
// when that makes it quiet.
func (d *Driver) moveOn() bool {
	if d.lesson != nil {
		_, any := d.lesson.session.Step()
		return any
	}
	_, any := d.c.Step()
	return any
}

// typing is what takes a console line.
func (d *Driver) typing() func(line string, out, errw func(string), done func(int)) (interrupt func()) {
	if d.lesson == nil {
		return d.c.Exec
	}
	d.lesson.touch()
	return func(line string, out, errw func(string), done func(int)) func() {
		stop := d.lesson.session.Type(line, out, errw, done)
		return func() { d.lesson.touch(); stop() }
	}
}

// hands is what does something to a component.
func (d *Driver) hands(action string) func(actor string) error {
	if d.lesson == nil {
		return map[string]func(string) error{
			"hold": d.c.Hold, "release": d.c.Release,
			"restart": d.c.Restart, "stop": d.c.Stop, "start": d.c.Start,
			"disconnect": d.c.Disconnect,
		}[action]
	}
	if !slices.Contains([]string{"hold", "release", "restart", "stop", "start", "disconnect"}, action) {
		return nil
	}
	return func(actor string) error {
		d.lesson.touch()
		return d.lesson.session.Deed(cluster.Deed(action), actor)
	}
}

// answer answers one of the lesson's questions.
func (d *Driver) answer(_ int, r answerRequest) error {
	if d.lesson == nil {
		return errors.New("answer: there is no lesson")
	}
	d.lesson.touch()
	return d.lesson.session.Answer(r.Check, r.Answer)
}

// handIn answers with the file to hand in, as things are now.
func (d *Driver) handIn(from int, r handInRequest) error {
	if d.lesson == nil {
		return errors.New("handIn: there is no lesson")
	}
	file, err := d.lesson.session.Save(program).Encode()
	if err != nil {
		return err
	}
	d.opts.Send(from, handedInEvent{"handedIn", r.ID, string(file)})
	return nil
}

// teach does what a lesson wants between the events of its world: tells how
// the checks stand, gives the page what to keep, and finds out, a world at a
// time, what is right. idle tells that nothing else is due now. It returns
// after how long it wants to be called again.
func (d *Driver) teach(idle bool) time.Duration {
	if d.lesson == nil || !d.ready {
		return forever
	}
	l := d.lesson
	l.tell(d)
	if l.unsettled && d.c.Quiet() {
		l.unsettled, l.unkept = false, true
	}
	if idle && len(l.predictions) > 0 {
		if l.plan.Prepare(l.predictions[0]) {
			l.predictions = l.predictions[1:]
		}
		return 0
	}
	return l.keep(d)
}

// tell tells every tab how the checks stand, if that is news.
func (l *lesson) tell(d *Driver) {
	results := l.session.Results()
	if l.looked == &results[0] {
		return
	}
	l.looked = &results[0]
	checks := l.checks()
	data, err := json.Marshal(checks)
	if err != nil || bytes.Equal(data, l.told) {
		return
	}
	l.told, l.unkept = data, true
	d.tell(checks)
}

// keep gives the page what to keep, if there is anything new and it is time.
func (l *lesson) keep(d *Driver) time.Duration {
	now := d.opts.Now()
	switch {
	case !l.unkept:
		return forever
	case now.Before(l.next):
		return l.next.Sub(now)
	}
	l.unkept, l.next = false, now.Add(keptEvery)
	data, err := json.Marshal(l.session.Save(program))
	if err == nil {
		d.tell(keptEvent{"kept", string(data)})
	}
	return forever
}

// greet tells a tab that has just come what the others know.
func (l *lesson) greet(d *Driver, to int) {
	d.opts.Send(to, l.open)
	d.opts.Send(to, l.checks())
	l.unkept = true
}

// checks is how the checks stand, with what is said about them.
func (l *lesson) checks() checksEvent {
	score := l.session.Score()
	out := checksEvent{
		Type: "checks", Points: score.Points, Of: score.Of,
		Answers: l.session.Answers(), Observed: map[string][]observed{},
	}
	for _, r := range l.session.Results() {
		state := checkState{Check: r.Check, Status: r.Status, Score: r.Score, Points: r.Points, Prediction: r.Prediction, Said: map[string]said{}}
		for _, lang := range lessons.Languages {
			told := l.plan.Told(lang, r)
			state.Said[lang] = said{told.Say, told.Notes, told.DetailsSaid}
		}
		out.Results = append(out.Results, state)
		if c := l.plan.Check(r.Check); c.Predict != nil {
			out.Observed[r.Check] = l.observed(c)
		}
	}
	return out
}

// observed is what has happened of a prediction's events, in order. Once all
// have, what happens later changes nothing about it.
func (l *lesson) observed(c *lessons.Check) []observed {
	if done := l.done[c.ID]; done != nil {
		return done
	}
	out := []observed{}
	for event, seq := range l.session.Observed(c) {
		for _, e := range l.session.Cluster().Entries(seq-1, 1) {
			out = append(out, observed{event, seq, e.Actor, e.Revision, e.Name})
		}
	}
	slices.SortFunc(out, func(a, b observed) int { return cmp.Compare(a.Seq, b.Seq) })
	if !slices.Contains(l.predictions, c) { // else Truth would take long
		if truth, err := l.plan.Truth(c); err == nil && len(out) == len(truth.Events) {
			l.done[c.ID] = out
		}
	}
	return out
}
