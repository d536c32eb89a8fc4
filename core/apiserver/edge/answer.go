package edge

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/rest"
)

// gzipFrom is the size from which on an answer is compressed for those who
// can read it (pkg/endpoints/handlers/responsewriters).
const gzipFrom = 128 << 10

// answerer sends one answer.
type answerer struct {
	http.ResponseWriter
	request  *http.Request
	control  *http.ResponseController
	patience time.Duration
}

// hurry gives the client until so long from now to take what comes next.
func (a *answerer) hurry() {
	_ = a.control.SetWriteDeadline(time.Now().Add(a.patience)) // a writer without deadlines is a test's
}

// push sends what was written so far, and tells whether the client took it.
// Then there is no hurry any more: over HTTP/2 a deadline ends a stream even
// where nothing is being written.
func (a *answerer) push() bool {
	err := a.control.Flush()
	_ = a.control.SetWriteDeadline(time.Time{}) // as in hurry
	return err == nil
}

// head copies a reply's header.
func (a *answerer) head(header rest.Header) {
	for name, value := range header {
		for _, v := range strings.Split(value, "\n") {
			a.Header().Add(name, v)
		}
	}
}

// reply sends a whole answer.
func (a *answerer) reply(r rest.Reply) {
	a.head(r.Header)
	a.Header().Set("X-Content-Type-Options", "nosniff")
	if len(r.Body) >= gzipFrom && strings.Contains(a.request.Header.Get("Accept-Encoding"), "gzip") {
		a.compressed(r)
		return
	}
	a.Header().Set("Content-Length", strconv.Itoa(len(r.Body)))
	a.WriteHeader(r.Code)
	for body := r.Body; len(body) > 0; {
		n := min(len(body), 1<<20)
		a.hurry()
		if _, err := a.Write(body[:n]); err != nil {
			return // the client is gone
		}
		body = body[n:]
	}
}

func (a *answerer) compressed(r rest.Reply) {
	a.Header().Set("Content-Encoding", "gzip")
	a.Header().Add("Vary", "Accept-Encoding")
	a.WriteHeader(r.Code)
	z, err := gzip.NewWriterLevel(a, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is one there is
	}
	for body := r.Body; len(body) > 0; {
		n := min(len(body), 1<<20)
		a.hurry()
		if _, err := z.Write(body[:n]); err != nil {
			return
		}
		body = body[n:]
	}
	_ = z.Close() // fails only where the client is gone
}

// status sends an error, as JSON: whoever asks for something else reads that too.
func (a *answerer) status(status *metav1.Status) {
	if status.Code == http.StatusTooManyRequests {
		a.Header().Set("Retry-After", "1")
	}
	a.reply(rest.Reply{Code: int(status.Code), Body: encodeStatus(status), Header: rest.Header{
		"Content-Type": "application/json", "Cache-Control": "no-cache, private",
	}})
}

func encodeStatus(status *metav1.Status) []byte {
	data, err := json.Marshal(status)
	if err != nil {
		panic(err) // a plain struct
	}
	return append(data, '\n')
}

func failure(code int, reason metav1.StatusReason, text string) *metav1.Status {
	return &metav1.Status{
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"},
		Status:   metav1.StatusFailure, Code: int32(code), Reason: reason, Message: text,
	}
}

func errTooMany() *metav1.Status {
	return failure(http.StatusTooManyRequests, metav1.StatusReasonTooManyRequests, "Too many requests, please try again later.")
}

// statusOf is an error of the loop or the log as clients are told.
func statusOf(err error) *metav1.Status {
	switch {
	case errors.Is(err, ErrEnded):
		return failure(http.StatusServiceUnavailable, metav1.StatusReasonServiceUnavailable, "apiserver is shutting down")
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return failure(http.StatusGatewayTimeout, metav1.StatusReasonTimeout, "the request was given up by its sender")
	}
	return failure(http.StatusInternalServerError, metav1.StatusReasonInternalError, "Internal error occurred: "+err.Error())
}
