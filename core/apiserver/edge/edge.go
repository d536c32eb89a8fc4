package edge

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/tabernetes/tabernetes/core/apiserver"
	"github.com/tabernetes/tabernetes/core/rest"
)

// API is what the edge serves. It is called on the loop's goroutine.
type API interface {
	// Begin does what a message asks; what it returns writes the answer, anywhere.
	Begin(rest.Message) (write func() rest.Reply)
	// Open opens a watch, as (*apiserver.Server).Open does.
	Open(m rest.Message, sink func(apiserver.Event)) (stop func(), answer rest.Reply)
	// Attach says whether a client may follow a container's output, and which
	// that is, as (*apiserver.Server).Attach does.
	Attach(m rest.Message) (container string, answer rest.Reply)
	// Exec runs a command in a container, as (*apiserver.Server).Exec does.
	Exec(m rest.Message, frame func([]byte)) (p apiserver.Program, answer rest.Reply)
}

// Options are what a Server stands on. Loop, API and Token are needed.
type Options struct {
	Loop *Loop
	API  API
	// Token is the administrator's.
	Token string
	// Tokens are those of service accounts, which the API knows too; nil where
	// the administrator's alone opens anything.
	Tokens apiserver.Tokens
	// Hosts are the names, beside localhost and addresses, under which the
	// server may be spoken to.
	Hosts []string
	// Limits may be the zero value.
	Limits Limits
}

// Limits bound what clients can take. 0 means the default, which is written
// beside each.
type Limits struct {
	Requests int           // at a time, watches not counted: 400
	Watches  int           // at a time: 2000
	Behind   int           // events that wait for a slow watcher: 10000
	Held     int           // bytes, as stored, of the objects in them: 8 MiB
	Write    time.Duration // for a part of an answer to be taken: 10 s
}

func (l *Limits) complete() {
	set := func(n *int, otherwise int) {
		if *n == 0 {
			*n = otherwise
		}
	}
	set(&l.Requests, 400)
	set(&l.Watches, 2000)
	set(&l.Behind, 10_000)
	set(&l.Held, 8<<20)
	if l.Write == 0 {
		l.Write = 10 * time.Second
	}
}

// Server answers HTTP requests with the API of a world.
type Server struct {
	opts      Options
	guard     guard
	requests  chan struct{} // a place for each request under way
	watches   atomic.Int64
	encodings encodings // the loop's goroutine's
}

var _ http.Handler = (*Server)(nil)

// New makes a server.
func New(opts Options) *Server {
	opts.Limits.complete()
	return &Server{
		opts: opts, guard: newGuard(opts.Token, opts.Tokens, opts.Hosts),
		requests: make(chan struct{}, opts.Limits.Requests),
	}
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := &answerer{ResponseWriter: w, request: r, control: http.NewResponseController(w), patience: s.opts.Limits.Write}
	bearer, status := s.guard.check(r)
	if status != nil {
		a.status(status)
		return
	}
	m, status := message(a, r)
	m.Token = bearer
	if status != nil {
		a.status(status)
		return
	}
	what := purposeOf(r)
	if what == watching || what == following || what == attaching || what == running {
		if s.watches.Add(1) > int64(s.opts.Limits.Watches) {
			s.watches.Add(-1)
			a.status(errTooMany())
			return
		}
		defer s.watches.Add(-1)
		switch what {
		case watching:
			s.watch(a, m)
		case following:
			s.follow(a, m)
		case attaching:
			s.attach(a, m)
		default:
			s.exec(a, m)
		}
		return
	}
	select {
	case s.requests <- struct{}{}:
		defer func() { <-s.requests }()
	default:
		a.status(errTooMany())
		return
	}
	if what == streaming {
		s.refuseStream(a, m)
		return
	}
	s.answer(a, m)
}

// answer does one request and sends what comes of it, once that is on disk.
func (s *Server) answer(a *answerer, m rest.Message) {
	given, status := timeGiven(a.request)
	if status != nil {
		a.status(status)
		return
	}
	ctx, cancel := context.WithTimeout(a.request.Context(), given)
	defer cancel()
	reply, err := s.do(ctx, definitionJSON(m))
	if err != nil {
		a.status(statusOf(err))
		return
	}
	a.reply(s.openID(a.request, openAPI(a.request, reply)))
}

// do hands a message to the world. A reply to a write comes when it is on disk.
func (s *Server) do(ctx context.Context, m rest.Message) (rest.Reply, error) {
	var write func() rest.Reply
	safe := make(chan error, 1)
	changes := m.Method != http.MethodGet
	err := s.opts.Loop.Do(ctx, func() {
		write = s.opts.API.Begin(m)
		if changes {
			s.opts.Loop.world.OnDurable(func(err error) { safe <- err })
		}
	})
	if err != nil {
		return rest.Reply{}, err
	}
	if changes {
		select {
		case err = <-safe:
		case <-s.opts.Loop.ended:
			err = ErrEnded
		}
	}
	if err != nil {
		return rest.Reply{}, err
	}
	return write(), nil
}
