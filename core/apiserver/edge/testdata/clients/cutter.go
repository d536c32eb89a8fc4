package main

import (
	"io"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"
)

// cutter is a network that cuts every watch off after a while.
type cutter struct {
	most        time.Duration
	opened, cut atomic.Int64
}

func (c *cutter) wrap(next http.RoundTripper) http.RoundTripper {
	return tripper(func(r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err != nil || r.URL.Query().Get("watch") == "" {
			return resp, err
		}
		c.opened.Add(1)
		body := &cutBody{ReadCloser: resp.Body}
		body.timer = time.AfterFunc(c.most/4+rand.N(c.most*3/4), func() {
			c.cut.Add(1)
			body.gone.Store(true)
			body.ReadCloser.Close()
		})
		resp.Body = body
		return resp, nil
	})
}

type tripper func(*http.Request) (*http.Response, error)

func (t tripper) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

type cutBody struct {
	io.ReadCloser
	timer *time.Timer
	gone  atomic.Bool
}

func (b *cutBody) Read(data []byte) (int, error) {
	n, err := b.ReadCloser.Read(data)
	if b.gone.Load() {
		return 0, io.ErrUnexpectedEOF // as of a connection that is gone: client-go watches again from where it was
	}
	return n, err
}

func (b *cutBody) Close() error {
	b.timer.Stop()
	return b.ReadCloser.Close()
}
