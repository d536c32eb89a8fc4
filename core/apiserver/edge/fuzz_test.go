package edge_test

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tabernetes/tabernetes/core/apiserver/edge"
)

// FuzzRequest: whatever bytes come as a request, with the token or without, the
// server answers with a code of HTTP's and the world goes on. Watches are given
// a tenth of a second.
func FuzzRequest(f *testing.F) {
	for _, seed := range []string{
		"GET /api/v1/namespaces/default/pods?limit=1&continue=x HTTP/1.1\r\nHost: localhost\r\nAccept: application/json;as=Table;g=meta.k8s.io;v=v1\r\n\r\n",
		"GET /apis/apps/v1/deployments?watch=1&timeoutSeconds=1&allowWatchBookmarks=true HTTP/1.1\r\nHost: 127.0.0.1:6443\r\nAccept: application/vnd.kubernetes.protobuf\r\n\r\n",
		"POST /api/v1/namespaces/default/configmaps?dryRun=All HTTP/1.1\r\nHost: [::1]\r\nContent-Type: application/yaml\r\nContent-Length: 26\r\n\r\nmetadata: {name: a}\ndata: x",
		"PATCH /api/v1/nodes/node-1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json-patch+json\r\nContent-Length: 2\r\n\r\n[]",
		"GET /api/v1/namespaces/default/pods/x/log?follow=1&tailLines=-1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"POST /api/v1/namespaces/default/pods/x/exec?command=ls HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n",
		"GET /../..//api/%2e%2e/v1/%00?%zz=1 HTTP/1.1\r\nHost: evil.example\r\nOrigin: null\r\n\r\n",
		"GET /openapi/v3/apis/apps/v1 HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n",
	} {
		f.Add([]byte(seed), true)
		f.Add([]byte(seed), false)
	}
	e := serve(f, edge.Limits{})
	f.Fuzz(func(t *testing.T, data []byte, known bool) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(string(data))))
		if err != nil {
			return // net/http's own refusal
		}
		if known {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		w := httptest.NewRecorder()
		e.handler.ServeHTTP(w, r.WithContext(ctx))
		if w.Code < 200 || w.Code > 599 {
			t.Errorf("%d", w.Code)
		}
		if !known && w.Code < 400 && !strings.Contains("/healthz/livez/readyz/version/", r.URL.Path) {
			t.Errorf("%s was answered without a token: %d", r.URL, w.Code)
		}
		if err := e.loop.Do(context.Background(), func() {}); err != nil {
			t.Error(err)
		}
	})
}
