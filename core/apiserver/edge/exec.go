package edge

import (
	"io"
	"net/http"
	"sync"

	"github.com/tabernetes/tabernetes/core/apiserver"
	"github.com/tabernetes/tabernetes/core/rest"
)

// How much of a command's output may wait for its client, and how much input it
// may be given in all, in bytes.
const (
	mostPrinted = 1 << 20
	mostInput   = 3 << 20
)

// printed holds what a command has printed and its client has not been sent.
// The world puts it in, the client's goroutine takes it out.
type printed struct {
	mu      sync.Mutex
	frames  [][]byte
	held    int
	cut     bool // the client did not keep up
	arrived chan struct{}
}

func (p *printed) put(frame []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held += len(frame); p.held > mostPrinted {
		p.cut, p.frames = true, nil
	} else {
		p.frames = append(p.frames, frame)
	}
	select {
	case p.arrived <- struct{}{}:
	default:
	}
}

func (p *printed) take() (frames [][]byte, cut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	frames, p.frames, p.held = p.frames, nil, 0
	return frames, p.cut
}

// exec runs a command in a container and connects its client with it. What the
// API server refuses is answered as any refusal; what the kubelet does, on the
// session, as upstream does over a WebSocket.
func (s *Server) exec(a *answerer, m rest.Message) {
	out := &printed{arrived: make(chan struct{}, 1)}
	var program apiserver.Program
	var reply rest.Reply
	err := s.opts.Loop.Do(a.request.Context(), func() { program, reply = s.opts.API.Exec(m, out.put) })
	if program != nil {
		defer func() { _ = s.opts.Loop.Post(program.Stop) }() // a world that has ended runs nothing any more
	}
	switch {
	case err != nil:
		a.status(statusOf(err))
		return
	case reply.Code != http.StatusSwitchingProtocols && reply.Code < http.StatusInternalServerError:
		a.reply(reply)
		return
	}
	x, err := openSession(a)
	if err != nil {
		return // it has been told
	}
	defer x.close()
	if program == nil {
		x.end(reply.Body)
		return
	}
	if x.stdin != nil {
		go s.read(x, program)
	}
	s.print(x, out)
}

// read gives a command what its client sends, until there is no more.
func (s *Server) read(x *session, program apiserver.Program) {
	give := func(text string, end bool) { _ = s.opts.Loop.Post(func() { program.Input(text, end) }) } // as in exec
	t := &terminal{give: give, echo: x.out, interrupt: func() { _ = s.opts.Loop.Post(program.Interrupt) }}
	for had, buffer := 0, make([]byte, 32<<10); ; {
		n, err := x.stdin.Read(buffer)
		if had += n; err != nil || had > mostInput {
			break
		}
		if text := string(buffer[:n]); x.tty {
			t.typed(text)
		} else if n > 0 {
			give(text, false)
		}
	}
	give("", true)
	_, _ = io.Copy(io.Discard, x.stdin) // so that the rest of the connection is read
}

// print sends a client what its command prints, until that has ended.
func (s *Server) print(x *session, out *printed) {
	for {
		select {
		case <-out.arrived:
		case <-x.gone:
			return
		case <-s.opts.Loop.ended:
			return
		}
		frames, cut := out.take()
		if cut {
			return
		}
		for _, f := range frames {
			if f[0] == apiserver.ChannelStatus {
				x.end(f[1:])
				return
			}
			if !x.write(f) {
				return
			}
		}
	}
}
