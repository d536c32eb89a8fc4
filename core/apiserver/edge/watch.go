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
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"

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

// hurryEvery is how many events may take the time that a client is given.
const hurryEvery = 64

// backlog holds the events that one client has not been sent yet. The world
// puts them in, the client's goroutine takes them out.
type backlog struct {
	mu      sync.Mutex
	events  []apiserver.Event
	held    int  // what they weigh
	most    int  // how many may wait; 0 while the watch is being opened, for no bound
	heavy   int  // how much they may weigh
	cut     bool // it did not keep up, nothing more is taken
	arrived chan struct{}
	scales  *scales
}

func (s *Server) newBacklog() *backlog {
	return &backlog{arrived: make(chan struct{}, 1), scales: &s.scales}
}

func (b *backlog) put(ev apiserver.Event) {
	weight := b.scales.weigh(ev.Object)
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.cut:
		return
	case b.most > 0 && (len(b.events) >= b.most || b.held+weight > b.heavy):
		b.cut, b.events, b.held = true, nil, 0
	default:
		b.events, b.held = append(b.events, ev), b.held+weight
	}
	select {
	case b.arrived <- struct{}{}:
	default:
	}
}

// take returns what waits; cut where the client has fallen behind for good.
func (b *backlog) take() (events []apiserver.Event, cut bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	events, b.events, b.held = b.events, nil, 0
	return events, b.cut
}

// bound begins to count: what is there already, the state that the watch began
// with, is no bigger than the store.
func (b *backlog) bound(l *Limits) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.most, b.heavy = l.Behind+len(b.events), l.Held+b.held
}

// scales weigh objects, each once where many watches are told of it in turn.
type scales struct {
	last   runtime.Object
	weight int
}

// unknownWeight is what an object weighs that does not know.
const unknownWeight = 4 << 10

func (s *scales) weigh(obj runtime.Object) int {
	if s.last == obj {
		return s.weight
	}
	s.last, s.weight = obj, unknownWeight
	if sized, ok := obj.(interface{ Size() int }); ok {
		s.weight = sized.Size()
	}
	return s.weight
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
	a.hurry()
	if !a.push() {
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
		for i := range events {
			if i%hurryEvery == 0 {
				a.hurry()
			}
			if _, err := a.Write(s.encodings.of(&events[i])); err != nil {
				return
			}
		}
		if cut {
			a.hurry()
			_, _ = a.Write(tooOld(media)) // the stream ends either way
		}
		if !a.push() || cut {
			return
		}
		if n := len(events); n > 0 && events[n-1].Type == watch.Error {
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
