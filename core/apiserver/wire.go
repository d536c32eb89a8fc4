package apiserver

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/rbac"
	"github.com/tabernetes/tabernetes/core/rest"
	"github.com/tabernetes/tabernetes/core/store"
)

// maxBody is the largest request body, in bytes
// (MaxRequestBodyBytes of pkg/server/config.go).
const maxBody = 3 << 20

// message is a wire request taken apart.
type message struct {
	*rest.Message
	path  string
	query url.Values
	user  rbac.User // who it is from, once that is known
}

func parseMessage(m *rest.Message) (*message, error) {
	raw, query, _ := strings.Cut(m.Path, "?")
	path, err := url.PathUnescape(raw)
	if err != nil {
		return &message{Message: m, path: raw}, apierrors.NewBadRequest(err.Error())
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return &message{Message: m, path: path}, apierrors.NewBadRequest(err.Error())
	}
	return &message{Message: m, path: path, query: values}, nil
}

// Do answers one request in wire form.
func (s *Server) Do(m rest.Message) rest.Reply { return s.Begin(m)() }

// Begin does what a message asks. The function it returns writes the answer,
// for which it needs nothing of the world any more: what it reads is immutable.
// An edge calls it elsewhere, so that a long list holds nobody up.
func (s *Server) Begin(m rest.Message) (write func() rest.Reply) {
	written := func(r rest.Reply) func() rest.Reply { return func() rest.Reply { return r } }
	msg, err := parseMessage(&m)
	if err != nil {
		return written(s.refuseMessage(msg, plainFormat, err))
	}
	if reply, done := s.doPlain(msg); done {
		return written(reply)
	}
	rt, err := s.route(msg)
	if err == nil {
		err = s.mayDo(msg, &rt)
	}
	if apierrors.IsNotFound(err) && s.isCustomGroup(msg.path) {
		return written(s.pageNotFound(msg))
	}
	if err != nil {
		return written(s.refuseMessage(msg, plainFormat, err))
	}
	format, err := negotiate(msg, rt.shownAs())
	if err != nil && rt.subresource != "log" { // a log is text, whatever is asked for
		return written(s.refuseMessage(msg, format, err))
	}
	req, warnings, err := rt.request(msg)
	if err != nil {
		return written(s.refuseMessage(msg, format, err))
	}
	if rt.verb == rest.Watch {
		return written(s.glance(m))
	}
	c, ans, err := s.serve(req)
	warnings = append(warnings, c.warnings...)
	if err != nil {
		resp := s.refuse(c.Request, err)
		return written(reply(resp.Code, format, resp.Object, warnings))
	}
	now := s.opts.Now()
	return func() rest.Reply { return render(c, ans, format, warnings, now) }
}

// glance answers a watch as one whose time is up at once: with what it has to
// tell of the past and the present.
func (s *Server) glance(m rest.Message) rest.Reply {
	var body []byte
	stop, reply := s.Stream(m, func(data []byte, _ int64) { body = append(body, data...) })
	if reply.Code != codeOK {
		return reply
	}
	stop()
	reply.Body = body
	return reply
}

// Stream opens a watch in wire form, or runs a command in a container.
func (s *Server) Stream(m rest.Message, frame func(data []byte, revision int64)) (stop func(), answer rest.Reply) {
	if isExec(m.Path) {
		return s.execWhole(m, frame)
	}
	return s.Open(m, func(ev Event) { frame(ev.Encode(), ev.Revision) })
}

// Event is a watch's event on its way to be put into bytes, which needs nothing
// of the world: an edge does it elsewhere, one event of a watch after another.
type Event struct {
	rest.WatchEvent
	now    time.Time
	framer *framer
}

// Encode writes the event as its watch wants it.
func (e Event) Encode() []byte { return e.framer.frame(e.WatchEvent, e.now) }

// Form names how the event is written: events of equal Type, Object and Form
// have equal bytes. "" says that these bytes are like no other's.
func (e Event) Form() string {
	if e.framer.format.as == asTable {
		return "" // the first of a watch has the columns, and rows tell ages
	}
	return e.framer.form
}

// Open opens a watch in wire form whose events are encoded by whoever takes
// them. sink is called as that of Watch.
func (s *Server) Open(m rest.Message, sink func(Event)) (stop func(), answer rest.Reply) {
	msg, err := parseMessage(&m)
	if err != nil {
		return nil, s.refuseMessage(msg, plainFormat, err)
	}
	rt, err := s.route(msg)
	if err == nil && rt.verb != rest.Watch {
		err = apierrors.NewBadRequest("not a watch: " + m.Path)
	}
	if err == nil {
		err = s.mayDo(msg, &rt)
	}
	if err != nil {
		return nil, s.refuseMessage(msg, plainFormat, err)
	}
	format, err := negotiate(msg, rt.verb)
	if err != nil {
		return nil, s.refuseMessage(msg, format, err)
	}
	req, _, err := rt.request(msg)
	if err != nil {
		return nil, s.refuseMessage(msg, format, err)
	}
	if format.media == mediaProtobuf && !api.HasProtobuf(rt.res.New()) {
		format.media = mediaJSON
	}
	f := &framer{format: format, res: s.lookup(req.Resource), form: format.media + format.as + format.version}
	stop, refused := s.Watch(req, func(ev rest.WatchEvent) { sink(Event{ev, s.opts.Now(), f}) })
	if refused != nil {
		return nil, reply(refused.Code, format, refused.Object, nil)
	}
	return stop, rest.Reply{Code: codeOK, Header: rest.Header{"Content-Type": format.streamType()}}
}

// refuseMessage answers a message that did not become a request.
func (s *Server) refuseMessage(m *message, f format, err error) rest.Reply {
	status := statusOf(err)
	if s.opts.Refused != nil {
		s.opts.Refused(store.Origin{
			Time: s.opts.Now(), Actor: m.Actor, Causes: m.Causes,
			Method: m.Method, Path: m.path, Code: int(status.Code),
		}, status)
	}
	return reply(int(status.Code), f, status, nil)
}

// reply sends one object as it is.
func reply(code int, f format, obj runtime.Object, warnings []string) rest.Reply {
	if f.media == mediaProtobuf {
		if data, err := encodeProtobuf(obj); err == nil {
			return f.reply(code, data, warnings)
		}
		f.media = mediaJSON
	}
	data, err := api.EncodeJSON(obj)
	if err != nil {
		data = []byte("{}\n")
	}
	return f.reply(code, data, warnings)
}

// render sends what a call came to in the form that was asked for.
func render(c *call, ans answer, f format, warnings []string, now time.Time) rest.Reply {
	var out rest.Reply
	switch {
	case ans.text != nil:
		out = textReply(ans.code, string(ans.text))
	default:
		data, f, err := encode(c, ans, f, now)
		if err != nil {
			status := statusOf(err)
			return reply(int(status.Code), f, status, warnings)
		}
		out = f.reply(ans.code, data, warnings)
	}
	out.Revision = c.wrote
	return out
}

// encode writes an answer, in JSON where it cannot be written as asked.
func encode(c *call, ans answer, f format, now time.Time) ([]byte, format, error) {
	if f.media == mediaProtobuf {
		if data, err := encodeAnswerProtobuf(ans, f); err == nil {
			return data, f, nil
		}
		f.media = mediaJSON
	}
	data, err := encodeJSON(c, ans, f, now)
	return data, f, err
}

func encodeJSON(c *call, ans answer, f format, now time.Time) ([]byte, error) {
	if ans.list != nil {
		return encodeList(ans.list, f, now)
	}
	if _, isStatus := ans.object.(*metav1.Status); !isStatus {
		switch f.as {
		case asTable:
			return encodeTable(c.shown(), []runtime.Object{ans.object}, nil, f, now, true)
		case asPartial, asPartialList:
			return f.encodePartial(ans.object)
		}
	}
	return api.EncodeJSON(ans.object)
}

func textReply(code int, text string) rest.Reply {
	return rest.Reply{
		Code: code, Body: []byte(text),
		Header: rest.Header{"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-cache, private"},
	}
}

// warningHeader puts warnings into Warning values: 299 - "text".
func warningHeader(warnings []string) string {
	quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", " ", "\r", " ")
	lines := make([]string, len(warnings))
	for i, w := range warnings {
		lines[i] = fmt.Sprintf(`299 - "%s"`, quote.Replace(w))
	}
	return strings.Join(lines, "\n")
}
