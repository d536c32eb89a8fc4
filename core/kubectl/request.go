package kubectl

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/tabernetes/tabernetes/core/rest"
)

// Version is the release of kubectl whose behaviour this is.
const Version = "v1.36.3"

const (
	jsonType    = "application/json"
	acceptTable = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"
)

// object is what the server sent, field by field.
type object = unstructured.Unstructured

// wire is one request before it is a message.
type wire struct {
	method      string
	path        string
	query       url.Values
	accept      string
	contentType string
	body        []byte
}

func (c *call) message(w wire) rest.Message {
	path := w.path
	if q := w.query.Encode(); q != "" {
		path += "?" + q
	}
	accept := w.accept
	if accept == "" {
		accept = jsonType
	}
	header := rest.Header{"Accept": accept, "User-Agent": "kubectl/" + Version + " (js/wasm) kubernetes/tabernetes"}
	if w.body != nil {
		contentType := w.contentType
		if contentType == "" {
			contentType = jsonType
		}
		header["Content-Type"] = contentType
	}
	maps.Copy(header, c.impersonation())
	return rest.Message{Method: w.method, Path: path, Header: header, Body: w.body, Actor: "kubectl"}
}

// send does one request and returns the body of a successful answer.
func (c *call) send(w wire) ([]byte, error) {
	reply := c.session.env.Transport.Do(c.message(w))
	c.warnings(reply)
	c.verbose(w, reply.Code)
	if reply.Code == 404 && !bytes.HasPrefix(reply.Body, []byte("{")) {
		c.session.found = nil // a kind that is defined no longer
	}
	if reply.Code >= 400 || reply.Code == 0 {
		return nil, statusError(w, reply)
	}
	return reply.Body, nil
}

// fetch does one request whose answer is an object.
func (c *call) fetch(w wire) (*object, error) {
	body, err := c.send(w)
	if err != nil {
		return nil, err
	}
	return decode(body)
}

// get, post and patch are the common requests.
func (c *call) get(path string, query url.Values) (*object, error) {
	return c.fetch(wire{method: "GET", path: path, query: query})
}

// into reads path into a typed object.
func (c *call) into(path string, query url.Values, obj any) error {
	body, err := c.send(wire{method: "GET", path: path, query: query})
	if err != nil {
		return err
	}
	return utiljson.Unmarshal(body, obj)
}

// decode reads JSON as a server writes it: whole numbers stay whole.
func decode(body []byte) (*object, error) {
	fields := map[string]any{}
	if err := utiljson.Unmarshal(body, &fields); err != nil {
		return nil, err
	}
	return &object{Object: fields}, nil
}

// typed turns an object into a struct of k8s.io/api.
func typed(obj *object, into any) error {
	data, err := json.Marshal(obj.Object)
	if err != nil {
		return err
	}
	return utiljson.Unmarshal(data, into)
}

// untyped turns a struct of k8s.io/api into an object.
func untyped(obj any) (*object, error) {
	data, err := encode(obj)
	if err != nil {
		return nil, err
	}
	return decode(data)
}

// encode writes JSON on one line, as kubectl's encoders do.
func encode(obj any) ([]byte, error) {
	if o, ok := obj.(*object); ok {
		obj = o.Object
	}
	return json.Marshal(obj)
}

func (c *call) warnings(reply rest.Reply) {
	for _, line := range strings.Split(reply.Header["Warning"], "\n") {
		_, quoted, found := strings.Cut(line, `"`)
		if !found {
			continue
		}
		if end := strings.LastIndex(quoted, `"`); end >= 0 {
			quoted = quoted[:end]
		}
		c.warn(strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(quoted))
	}
}

// verbose is what -v=6 and above say of a request.
func (c *call) verbose(w wire, code int) {
	if c.flags == nil {
		return
	}
	if v, err := c.flags.GetInt("v"); err != nil || v < 6 {
		return
	}
	now := c.session.env.Now()
	m := c.message(w)
	c.eprintf("I%s       1 round_trippers.go:632] \"Response\" verb=\"%s\" url=\"%s%s\" status=\"%d\"\n",
		now.UTC().Format("0102 15:04:05.000000"), m.Method, c.session.env.Server, m.Path, code)
}

// statusError is the error that a refused request means.
func statusError(w wire, reply rest.Reply) error {
	var status metav1.Status
	if bytes.HasPrefix(bytes.TrimSpace(reply.Body), []byte("{")) && json.Unmarshal(reply.Body, &status) == nil && status.Kind == "Status" {
		return &apierrors.StatusError{ErrStatus: status}
	}
	if reply.Code == 0 {
		return fmt.Errorf("Unable to connect to the server: no answer to %s %s", w.method, w.path)
	}
	return &apierrors.StatusError{ErrStatus: genericStatus(w, reply)}
}

// genericStatus is for answers that are not a Status
// (apimachinery pkg/api/errors, NewGenericServerResponse).
func genericStatus(w wire, reply rest.Reply) metav1.Status {
	status := metav1.Status{Status: metav1.StatusFailure, Code: int32(reply.Code)}
	switch reply.Code {
	case 404:
		status.Reason, status.Message = metav1.StatusReasonNotFound, "the server could not find the requested resource"
	case 405:
		status.Reason, status.Message = metav1.StatusReasonMethodNotAllowed, "the server does not allow this method on the requested resource"
	case 400:
		status.Reason, status.Message = metav1.StatusReasonBadRequest, "the server rejected our request for an unknown reason"
	case 503:
		status.Reason, status.Message = metav1.StatusReasonServiceUnavailable, "the server is currently unable to handle the request"
	default:
		status.Message = fmt.Sprintf("the server responded with the status code %d but did not return more details", reply.Code)
	}
	return status
}

// watchEvent is one frame of a watch.
type watchEvent struct {
	Type   string          `json:"type"`
	Object json.RawMessage `json:"object"`
}

// watch opens a stream of events. on is called for each and says whether it
// has seen enough; ended is called when the server ends the stream, which it
// says with an empty frame, or when --request-timeout does.
func (c *call) watch(w wire, on func(kind string, obj *object) bool, ended func()) (stop func(), err error) {
	s := &stream{}
	if c.limit > 0 {
		w.query.Set("timeout", c.limit.String())
		s.forget = c.session.env.After(c.limit, func() {
			if !s.stopped {
				s.stop()
				ended()
			}
		})
	}
	closeStream, reply := c.session.env.Transport.Stream(c.message(w), func(data []byte, _ int64) {
		switch {
		case s.stopped:
		case len(data) == 0:
			s.stop()
			ended()
		case c.frame(data, on):
			s.stop()
		}
	})
	c.warnings(reply)
	c.verbose(w, reply.Code)
	if reply.Code >= 400 {
		s.stop()
		return s.stop, statusError(w, reply)
	}
	s.close = closeStream
	if s.stopped {
		s.stop()
	}
	return s.stop, nil
}

// stream is an open watch. It may be stopped from within its own events, even
// before the call that opens it has returned.
type stream struct {
	stopped       bool
	close, forget func()
}

func (s *stream) stop() {
	s.stopped = true
	for _, end := range []*func(){&s.close, &s.forget} {
		if *end != nil {
			(*end)()
			*end = nil
		}
	}
}

func (c *call) frame(data []byte, on func(kind string, obj *object) bool) bool {
	var event watchEvent
	if err := json.Unmarshal(data, &event); err != nil {
		return false
	}
	obj, err := decode(event.Object)
	return err == nil && on(event.Type, obj)
}

// watchError is the error that an ERROR event of a watch carries.
func watchError(obj *object) error {
	var status metav1.Status
	if err := typed(obj, &status); err != nil {
		return err
	}
	return &apierrors.StatusError{ErrStatus: status}
}
