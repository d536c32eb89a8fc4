package kubectl

import (
	"errors"
	"net/url"
	"strings"
	"time"
)

// until follows one object until something is so: what upstream's
// client-go tools/watch UntilWithSync does. The answer comes through then, from
// the world's queue.
type until struct {
	c       *call
	info    *info
	timeout time.Duration // 0: none
	late    error         // the answer when the time is over
	// synced is told the object as it is (nil: there is none) before its events.
	synced func(obj *object) (done bool, err error)
	// event is told each change.
	event func(kind string, obj *object) (done bool, err error)
	then  func(obj *object, err error)

	initial  *object
	last     *object
	inSync   bool
	finished bool
	close    func()
	cancel   func()
}

// errTimedOut is how kubectl says that waiting took too long.
var errTimedOut = errors.New("timed out waiting for the condition")

func (u *until) start() {
	if u.timeout > 0 {
		u.cancel = u.c.session.env.After(u.timeout, func() { u.end(u.last, u.late) })
	}
	u.c.stop = u.abandon
	u.open()
}

func (u *until) abandon() {
	u.finished = true
	if u.close != nil {
		u.close()
	}
	if u.cancel != nil {
		u.cancel()
	}
}

func (u *until) end(obj *object, err error) {
	if u.finished {
		return
	}
	u.abandon()
	u.c.stop = u.c.session.env.After(0, func() {
		u.c.stop = nil
		u.then(obj, err)
	})
}

// open starts the watch, which begins with what there is.
func (u *until) open() {
	if u.finished {
		return
	}
	u.initial, u.inSync = nil, false
	w := wire{method: "GET", path: u.info.mapping.path(u.info.namespace, ""), query: url.Values{
		"allowWatchBookmarks":  {"true"},
		"fieldSelector":        {"metadata.name=" + u.info.name},
		"resourceVersionMatch": {"NotOlderThan"},
		"sendInitialEvents":    {"true"},
		"timeoutSeconds":       {"480"},
		"watch":                {"true"},
	}}
	stop, err := u.c.watch(w, u.frame, func() {
		u.cancelRetry(u.c.session.env.After(time.Second, u.open))
	})
	if err != nil {
		u.end(nil, err)
		return
	}
	if u.finished {
		stop()
		return
	}
	u.close = stop
}

// cancelRetry makes the pending reopening part of what abandon undoes.
func (u *until) cancelRetry(cancel func()) { u.close = cancel }

func (u *until) frame(kind string, obj *object) bool {
	if kind == "ERROR" {
		u.end(u.last, watchError(obj))
		return true
	}
	if kind == "BOOKMARK" {
		if u.inSync || obj.GetAnnotations()["k8s.io/initial-events-end"] != "true" {
			return u.finished
		}
		return u.sync()
	}
	if !u.inSync {
		u.initial = obj
		return false
	}
	return u.tell(kind, obj)
}

// sync is called once what there is has been told.
func (u *until) sync() bool {
	u.inSync = true
	first := u.last == nil
	if first && u.synced != nil {
		if done, err := u.synced(u.initial); done || err != nil {
			u.end(u.initial, err)
			return true
		}
	}
	switch {
	case u.initial == nil && !first:
		return u.tell("DELETED", u.last)
	case u.initial == nil:
		return false
	case first:
		return u.tell("ADDED", u.initial)
	case u.initial.GetResourceVersion() != u.last.GetResourceVersion():
		return u.tell("MODIFIED", u.initial)
	}
	return false
}

func (u *until) tell(kind string, obj *object) bool {
	u.last = obj
	done, err := u.event(kind, obj)
	if err != nil {
		u.end(obj, err)
		return true
	}
	if done {
		u.end(obj, nil)
	}
	return done
}

// timedOut is the error of a wait for one object.
func (i *info) timedOut() error {
	return errors.New(errTimedOut.Error() + " on " + strings.TrimSpace(i.Resource+"/"+i.name))
}
