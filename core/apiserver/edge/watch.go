package edge

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/apiserver"
	"github.com/tabernetes/tabernetes/core/rest"
)

// minWatch is the least time that a watch without timeoutSeconds is given;
// half of them get more (--min-request-timeout of the real API server).
const minWatch = 30 * time.Minute

// gatherEach is, for each watch that is open, the least time between two parts
// of a watch's stream. What happens meanwhile is sent together: a lone event goes
// at once, and of hundreds a second not each costs every one of hundreds of
// watches a record and a packet.
const (
	gatherEach = 100 * time.Microsecond
	gatherMost = 50 * time.Millisecond
)

// gather is that time now.
func (s *Server) gather() time.Duration {
	return min(time.Duration(s.watches.Load())*gatherEach, gatherMost)
}

// backlog holds the events that one client has not been sent yet. The world
// puts them in, the client's goroutine takes them out.
type backlog struct {
	shared  *encodings // the loop's goroutine's
	mu      sync.Mutex
	events  []*encoding
	spare   []*encoding // room for the next
	held    int         // what they weigh
	most    int         // how many may wait; 0 while the watch is being opened, for no bound
	heavy   int         // how much they may weigh
	cut     bool        // it did not keep up, nothing more is taken
	arrived chan struct{}
}

func (s *Server) newBacklog() *backlog {
	return &backlog{arrived: make(chan struct{}, 1), shared: &s.encodings}
}

func (b *backlog) put(ev apiserver.Event) {
	e := b.shared.of(ev)
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.cut:
		return
	case b.most > 0 && (len(b.events) >= b.most || b.held+e.weight > b.heavy):
		b.cut, b.events, b.spare, b.held = true, nil, nil, 0
	default:
		b.events, b.held = append(b.events, e), b.held+e.weight
		if len(b.events) > 1 {
			return // it has been told that there is something
		}
	}
	select {
	case b.arrived <- struct{}{}:
	default:
	}
}

// take returns what waits, until it is called again; cut where the client has
// fallen behind for good.
func (b *backlog) take() (events []*encoding, cut bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	events = b.events
	b.events, b.spare, b.held = b.spare[:0], events, 0
	return events, b.cut
}

// bound begins to count: what is there already, the state that the watch began
// with, is no bigger than the store.
func (b *backlog) bound(l *Limits) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.most, b.heavy = l.Behind+len(b.events), l.Held+b.held
}

// watch streams events until the client leaves, its time is up or it falls behind.
func (s *Server) watch(a *answerer, m rest.Message) {
	ctx, cancel := context.WithTimeout(a.request.Context(), watchTime(a.request))
	defer cancel()
	b := s.newBacklog()
	var stop func()
	var reply rest.Reply
	err := s.opts.Loop.Do(ctx, func() {
		stop, reply = s.opts.API.Open(m, b.put)
		b.bound(&s.opts.Limits)
	})
	if stop != nil {
		defer func() { _ = s.opts.Loop.Post(stop) }() // a world that has ended tells nobody any more
	}
	switch {
	case err != nil:
		a.status(statusOf(err))
		return
	case reply.Code != http.StatusOK:
		a.reply(reply)
		return
	}
	a.head(reply.Header)
	a.WriteHeader(http.StatusOK)
	s.stream(ctx, a, b, reply.Header["Content-Type"])
}

// watchTime is how long a watch lasts.
func watchTime(r *http.Request) time.Duration {
	if n, err := strconv.ParseInt(r.URL.Query().Get("timeoutSeconds"), 10, 32); err == nil && n > 0 {
		return time.Duration(n) * time.Second
	}
	return minWatch + time.Duration(rand.Int64N(int64(minWatch)))
}

func (s *Server) stream(ctx context.Context, a *answerer, b *backlog, media string) {
	out := newParts(a)
	defer out.end()
	if !out.push() {
		return
	}
	for {
		sent := time.Now()
		select {
		case <-b.arrived:
		case <-ctx.Done():
			return
		case <-s.opts.Loop.ended:
			return
		}
		if early := s.gather() - time.Since(sent); early > 0 {
			time.Sleep(early)
		}
		events, cut := b.take()
		last := false
		for i, e := range events {
			out.add(e.bytes())
			last = last || e.last
			events[i] = nil // sent, and nobody's memory any more
		}
		if cut {
			out.add(tooOld(media)) // the stream ends either way
		}
		if !out.push() || cut || last {
			return
		}
	}
}

// tooOld tells a client that it has fallen behind: it is to list again. In
// protobuf the end of the stream says so.
func tooOld(media string) []byte {
	if media != "application/json" {
		return nil
	}
	err := apierrors.NewResourceExpired("the watch did not keep up with what happened and was closed")
	status := err.ErrStatus
	status.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
	data := encodeStatus(&status)
	return append([]byte(`{"type":"ERROR","object":`+string(data[:len(data)-1])), "}\n"...)
}
