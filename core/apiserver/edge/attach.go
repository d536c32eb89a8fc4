package edge

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tabernetes/tabernetes/core/apiserver"
	"github.com/tabernetes/tabernetes/core/rest"
)

// printsAgain is how often it is looked what an attached container has printed.
const printsAgain = 100 * time.Millisecond

// attach sends a client what a container prints from now on, until it ends.
// What the client types is thrown away: nothing there reads it.
func (s *Server) attach(a *answerer, m rest.Message) {
	var container string
	var reply rest.Reply
	err := s.opts.Loop.Do(a.request.Context(), func() { container, reply = s.opts.API.Attach(m) })
	switch {
	case err != nil:
		a.status(statusOf(err))
		return
	case reply.Code != http.StatusSwitchingProtocols:
		a.reply(reply)
		return
	}
	x, err := openSession(a)
	if err != nil {
		return // it has been told
	}
	defer x.close()
	if x.stdin != nil {
		drained(x.stdin)
	}
	path, _, _ := strings.Cut(m.Path, "?")
	// Who may attach need not be able to read logs: this is asked as the administrator.
	log := rest.Message{Method: http.MethodGet, Path: strings.TrimSuffix(strings.TrimSuffix(path, "/"), "/attach") + "/log?container=" + url.QueryEscape(container)}
	s.printLog(a, x, log, container)
	x.end([]byte(`{"metadata":{},"status":"Success"}`))
}

// printLog sends what comes to be in a log until its container has ended.
func (s *Server) printLog(a *answerer, x *session, log rest.Message, container string) {
	before := ""
	for first := true; ; first = false {
		more := s.runs(a.request, log, container)
		reply, err := s.do(a.request.Context(), log)
		if err != nil || reply.Code != http.StatusOK {
			return
		}
		now := string(reply.Body)
		if text := newIn(before, now); text != "" && !first && !x.write(append([]byte{apiserver.ChannelOut}, text...)) {
			return
		}
		if before = now; !more {
			return
		}
		select {
		case <-time.After(printsAgain):
		case <-x.gone:
			return
		case <-s.opts.Loop.ended:
			return
		}
	}
}
