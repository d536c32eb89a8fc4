package edge_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/apiserver/edge"
)

type frame struct {
	Type   string
	Object metav1.PartialObjectMetadata
}

// frames reads a watch to its end.
func frames(t testing.TB, body io.Reader) (out []frame) {
	t.Helper()
	for lines := json.NewDecoder(body); ; {
		var f frame
		if err := lines.Decode(&f); err != nil {
			if err != io.EOF {
				t.Fatalf("after %d frames: %v", len(out), err)
			}
			return out
		}
		out = append(out, f)
	}
}

// TestWatchFromManyWriters: twenty clients write at once, and each of ten
// watches hears of every write once, in order.
func TestWatchFromManyWriters(t *testing.T) {
	const writers, each, watchers = 20, 10, 10
	e := serve(t, edge.Limits{})
	resp, body := e.send("GET", configMaps, "")
	var list metav1.PartialObjectMetadataList
	if err := json.Unmarshal(body, &list); err != nil || resp.StatusCode != 200 {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	heard := make([][]string, watchers)
	for i := range watchers {
		opened, err := e.client.Do(e.request("GET", configMaps+"?watch=1&timeoutSeconds=60&resourceVersion="+list.ResourceVersion, ""))
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			defer opened.Body.Close()
			for lines := json.NewDecoder(opened.Body); len(heard[i]) < writers*each; {
				var f frame
				if err := lines.Decode(&f); err != nil {
					t.Errorf("watch %d after %d: %v", i, len(heard[i]), err)
					return
				}
				heard[i] = append(heard[i], f.Type+" "+f.Object.GetName()+" "+f.Object.GetResourceVersion())
			}
		})
	}
	for w := range writers {
		all.Go(func() {
			for n := range each {
				if resp, body := e.send("POST", configMaps, configMap(fmt.Sprintf("w%d-%d", w, n), "")); resp.StatusCode != 201 {
					t.Errorf("%d %s", resp.StatusCode, body)
				}
			}
		})
	}
	all.Wait()
	seen := map[string]bool{}
	for _, h := range heard[0] {
		seen[strings.Fields(h)[1]] = true
	}
	if len(seen) != writers*each {
		t.Errorf("%d objects heard of, want %d", len(seen), writers*each)
	}
	for i := range heard {
		if got, want := fmt.Sprint(heard[i]), fmt.Sprint(heard[0]); got != want {
			t.Errorf("watch %d heard\n%s\nand watch 0\n%s", i, got, want)
		}
	}
}

// TestWatchEnds: a watch's time is up when the client said, and then it has
// heard what there was; one of a revision that is gone ends with 410.
func TestWatchEnds(t *testing.T) {
	e := serve(t, edge.Limits{})
	e.send("POST", configMaps, configMap("a", ""))
	began := time.Now()
	resp, body := e.send("GET", configMaps+"?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Da", "")
	got := frames(t, strings.NewReader(string(body)))
	if took := time.Since(began); took < 900*time.Millisecond || took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
	if resp.StatusCode != 200 || len(got) != 1 || got[0].Type != "ADDED" || got[0].Object.GetName() != "a" {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	if err := e.loop.Do(context.Background(), func() {
		if err := e.cluster.Forget(0); err != nil {
			t.Error(err)
		}
	}); err != nil {
		t.Fatal(err)
	}
	_, body = e.send("GET", configMaps+"?watch=1&resourceVersion=2&timeoutSeconds=20", "")
	if got = frames(t, strings.NewReader(string(body))); len(got) != 1 || got[0].Type != "ERROR" || !strings.Contains(string(body), `"code":410`) {
		t.Errorf("%s", body)
	}
	if resp, body = e.send("GET", configMaps+"?watch=1&labelSelector=a%3D%3D%3D", ""); resp.StatusCode != 400 {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
}

// TestQuietWatchStays: a watch on which nothing happens for longer than a write
// may take goes on.
func TestQuietWatchStays(t *testing.T) {
	const patience = 200 * time.Millisecond
	e := serve(t, edge.Limits{Write: patience})
	opened, err := e.client.Do(e.request("GET", configMaps+"?watch=1&timeoutSeconds=60&fieldSelector=metadata.name%3Dlate", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Body.Close()
	time.Sleep(3 * patience)
	e.send("POST", configMaps, configMap("late", ""))
	line, err := bufio.NewReader(opened.Body).ReadString('\n')
	if err != nil || !strings.Contains(line, `"name":"late"`) {
		t.Errorf("%q %v (over %s)", line, err, opened.Proto)
	}
}

// stalled is a client that takes nothing until it is told to.
type stalled struct {
	head    http.Header
	wrote   chan struct{} // closed at the first byte
	release chan struct{}
	once    sync.Once
	mu      sync.Mutex
	written strings.Builder
}

func (s *stalled) Header() http.Header { return s.head }
func (s *stalled) WriteHeader(int)     {}
func (s *stalled) Flush()              {}
func (s *stalled) Write(data []byte) (int, error) {
	s.once.Do(func() { close(s.wrote) })
	<-s.release
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.written.Write(data)
}

// TestSlowWatcherIsCut: a client that stops reading holds nobody up, takes no
// more memory than its backlog, and is told to begin anew.
func TestSlowWatcherIsCut(t *testing.T) {
	const behind = 20
	e := serve(t, edge.Limits{Behind: behind})
	e.send("POST", configMaps, configMap("first", ""))
	slow := &stalled{head: http.Header{}, wrote: make(chan struct{}), release: make(chan struct{})}
	request := e.request("GET", configMaps+"?watch=1&timeoutSeconds=60", "")
	request.Host = "localhost"
	ended := make(chan struct{})
	go func() { e.handler.ServeHTTP(slow, request); close(ended) }()
	<-slow.wrote
	for i := range 3 * behind {
		if resp, body := e.send("POST", configMaps, configMap(fmt.Sprint("c", i), "")); resp.StatusCode != 201 {
			t.Fatalf("%d %s", resp.StatusCode, body)
		}
	}
	close(slow.release)
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		t.Fatal("the watch goes on")
	}
	got := frames(t, strings.NewReader(slow.written.String()))
	last := got[len(got)-1]
	if len(got) > behind || last.Type != "ERROR" || !strings.Contains(slow.written.String(), `"reason":"Expired"`) {
		t.Errorf("%d frames, the last %s", len(got), last.Type)
	}
}

// TestTooMany: what goes beyond the limits is asked to come again.
func TestTooMany(t *testing.T) {
	e := serve(t, edge.Limits{Watches: 1})
	opened, err := e.client.Do(e.request("GET", configMaps+"?watch=1&timeoutSeconds=60", ""))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(opened.Body).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	resp, body := e.send("GET", configMaps+"?watch=1", "")
	if resp.StatusCode != 429 || resp.Header.Get("Retry-After") != "1" || !strings.Contains(string(body), "TooManyRequests") {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	opened.Body.Close()
	for range 500 {
		if resp, _ = e.send("GET", configMaps+"?watch=1&timeoutSeconds=1", ""); resp.StatusCode == 200 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("the place of a watch that has ended is not free")
}

// TestFollowedLog: a log that is followed goes on until its pod has gone.
func TestFollowedLog(t *testing.T) {
	e := serve(t, edge.Limits{})
	const pods = "/api/v1/namespaces/default/pods"
	e.send("POST", pods, `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"nginx"}]}}`)
	for code := 0; code != 200; time.Sleep(5 * time.Millisecond) {
		resp, _ := e.send("GET", pods+"/p/log?container=c", "")
		code = resp.StatusCode
	}
	followed, err := e.client.Do(e.request("GET", pods+"/p/log?follow=true&tailLines=1", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer followed.Body.Close()
	if line, err := bufio.NewReader(followed.Body).ReadString('\n'); err != nil || line == "\n" {
		t.Fatal(line, err)
	}
	e.send("DELETE", pods+"/p?gracePeriodSeconds=0", "")
	if _, err := io.Copy(io.Discard, followed.Body); err != nil {
		t.Error(err)
	}
}

// TestHeavyBacklogIsCut: what waits for a slow client is bounded in bytes too.
func TestHeavyBacklogIsCut(t *testing.T) {
	e := serve(t, edge.Limits{Behind: 1000, Held: 100_000})
	e.send("POST", configMaps, configMap("first", ""))
	slow := &stalled{head: http.Header{}, wrote: make(chan struct{}), release: make(chan struct{})}
	request := e.request("GET", configMaps+"?watch=1&timeoutSeconds=60", "")
	request.Host = "localhost"
	ended := make(chan struct{})
	go func() { e.handler.ServeHTTP(slow, request); close(ended) }()
	<-slow.wrote
	for i := range 5 {
		e.send("POST", configMaps, configMap(fmt.Sprint("c", i), strings.Repeat("x", 30_000)))
	}
	close(slow.release)
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		t.Fatal("the watch goes on")
	}
	if !strings.Contains(slow.written.String(), `"reason":"Expired"`) {
		t.Error("150 kB waited where 100 may")
	}
}

// TestStuckWatcherIsCut: a client that has stopped reading is cut off when it
// has not taken a part of the stream for so long, whatever may wait for it.
func TestStuckWatcherIsCut(t *testing.T) {
	const patience = 300 * time.Millisecond
	e := serve(t, edge.Limits{Watches: 1, Write: patience, Behind: 1 << 20, Held: 1 << 30})
	opened, err := e.client.Do(e.request("GET", configMaps+"?watch=1&timeoutSeconds=60", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Body.Close()
	text := strings.Repeat("x", 200_000)
	for i := range 30 { // more than the network keeps for it
		if resp, body := e.send("POST", configMaps, configMap(fmt.Sprint("c", i), text)); resp.StatusCode != 201 {
			t.Fatalf("%d %s", resp.StatusCode, body)
		}
	}
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(patience) {
		if resp, _ := e.send("GET", configMaps+"?watch=1&timeoutSeconds=1&resourceVersion=1&fieldSelector=metadata.name%3Dnone", ""); resp.StatusCode == 200 {
			return
		}
	}
	t.Error("a watch that takes nothing keeps its place")
}
