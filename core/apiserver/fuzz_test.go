package apiserver_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tabernetes/tabernetes/core/rest"
)

// FuzzDo throws any message at a server that holds a few objects. Nothing may
// panic, every answer is well-formed, and the cache stays what the store holds.
func FuzzDo(f *testing.F) {
	files, err := filepath.Glob("testdata/judge/*.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		for _, ex := range readExchanges(f, file) {
			m := ex.message
			path := strings.ReplaceAll(m.Path, "/convo", "/default")
			f.Add(m.Method, path, m.Header["Content-Type"], m.Header["Accept"], m.Body)
		}
	}
	f.Add("GET", "/api/v1/pods?watch=1&resourceVersion=3&allowWatchBookmarks=1", "", "application/json;as=Table;g=meta.k8s.io;v=v1", []byte(nil))
	f.Add("POST", "/api/v1/namespaces/default/pods", "application/vnd.kubernetes.protobuf", "", protobufBody(f, pod("q"), "v1", "Pod"))
	f.Fuzz(func(t *testing.T, method, path, contentType, accept string, body []byte) {
		w := newWorld(t)
		create(w, pod("p"))
		create(w, deployment("web", 1))
		create(w, configMap("a", map[string]string{"x": "1"}))
		reply := w.Do(rest.Message{
			Method: method, Path: path, Body: body,
			Header: rest.Header{"Content-Type": contentType, "Accept": accept},
		})
		if reply.Code < 200 || reply.Code > 599 {
			t.Errorf("code %d", reply.Code)
		}
		if strings.HasPrefix(reply.Header["Content-Type"], "application/json") {
			for dec := json.NewDecoder(bytes.NewReader(reply.Body)); dec.More(); {
				var value any
				if err := dec.Decode(&value); err != nil {
					t.Fatalf("%v in %q", err, reply.Body)
				}
			}
		}
		if reply.Code >= 400 && reply.Revision != 0 {
			t.Errorf("refused with %d after writing revision %d", reply.Code, reply.Revision)
		}
	})
}
