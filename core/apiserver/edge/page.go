package edge

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Tabs is the engine as the page's tabs see it. It is called on the loop's
// goroutine, and answers through (*Page).Send.
type Tabs interface {
	Handle(tab int, message []byte)
	Leave(tab int)
}

// Page serves the site, and is the line between its tabs and the engine that
// the API server stands on: what a client does in a terminal is seen there.
//
//	GET  /engine/events            {"tab":7}, then what the engine says, a line each
//	POST /engine/say?tab=7         what the tab says, a line each
//
// The token goes in a header that no other site's page can send, never in a
// cookie. Blank lines say that the line is still there.
type Page struct {
	loop  *Loop
	files http.Handler
	index []byte
	guard guard
	Tabs  Tabs // set before the first request

	mu   sync.Mutex
	tabs map[int]*outbox
	last int
}

// Bounds of a tab's line.
const (
	maxTabs    = 64
	maxUnsent  = 16 << 20 // bytes
	maxSaid    = 24 << 20 // bytes of one POST: a whole cluster may be in it
	stillThere = 10 * time.Second
)

// servedMark tells the page that it is served by this server, and so has an
// engine at the other end of a line instead of in a worker.
const servedMark = `<meta name="tabernetes-served" content="1" />`

// NewPage serves the site in files, whose entry is index.html.
func NewPage(loop *Loop, files fs.FS, token string, hosts []string) (*Page, error) {
	index, err := fs.ReadFile(files, "index.html")
	if err != nil {
		return nil, fmt.Errorf("the page: %w", err)
	}
	marked := bytes.Replace(index, []byte("<head>"), []byte("<head>\n    "+servedMark), 1)
	if len(marked) == len(index) {
		return nil, errors.New("the page: index.html has no <head>")
	}
	return &Page{
		loop: loop, files: http.FileServerFS(files), index: marked,
		guard: newGuard(token, nil, hosts), tabs: map[int]*outbox{},
	}, nil
}

// ServeHTTP implements http.Handler.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := &answerer{ResponseWriter: w, request: r, control: http.NewResponseController(w), patience: 30 * time.Second}
	a.Header().Set("X-Content-Type-Options", "nosniff")
	a.Header().Set("Referrer-Policy", "no-referrer")
	engine := strings.HasPrefix(r.URL.Path, "/engine/")
	if _, status := p.guard.check(r); status != nil && (engine || status.Code != http.StatusUnauthorized) {
		a.status(status)
		return
	}
	switch {
	case r.URL.Path == "/engine/events" && r.Method == http.MethodGet:
		p.events(a)
	case r.URL.Path == "/engine/say" && r.Method == http.MethodPost:
		p.say(a)
	case engine:
		http.NotFound(w, r)
	case r.URL.Path == "/" || r.URL.Path == "/index.html":
		a.Header().Set("Content-Type", "text/html; charset=utf-8")
		a.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(p.index) // fails only where the client is gone
	default:
		p.files.ServeHTTP(w, r)
	}
}

// Send gives an event to a tab. It is the engine's, on the loop's goroutine.
func (p *Page) Send(tab int, event any) {
	p.mu.Lock()
	box := p.tabs[tab]
	p.mu.Unlock()
	if box == nil {
		return
	}
	data, err := json.Marshal(event)
	if err != nil {
		panic("page: " + err.Error()) // events are plain structs
	}
	box.put(append(data, '\n'))
}

// events is the way to one tab, for as long as it is open.
func (p *Page) events(a *answerer) {
	tab, box := p.join()
	if box == nil {
		a.status(errTooMany())
		return
	}
	defer func() {
		p.mu.Lock()
		delete(p.tabs, tab)
		p.mu.Unlock()
		_ = p.loop.Post(func() { p.Tabs.Leave(tab) }) // an ended loop has no tabs
	}()
	a.Header().Set("Content-Type", "application/x-ndjson")
	a.Header().Set("Cache-Control", "no-store")
	box.put(fmt.Appendf(nil, "{\"tab\":%d}\n", tab))
	beat := time.NewTicker(stillThere)
	defer beat.Stop()
	for {
		data, cut := box.take()
		a.hurry()
		if _, err := a.Write(data); err != nil || cut || !a.push() {
			return
		}
		select {
		case <-box.arrived:
		case <-beat.C:
			box.put([]byte("\n"))
		case <-a.request.Context().Done():
			return
		case <-p.loop.ended:
			return
		}
	}
}

func (p *Page) join() (int, *outbox) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.tabs) >= maxTabs {
		return 0, nil
	}
	p.last++
	box := &outbox{arrived: make(chan struct{}, 1)}
	p.tabs[p.last] = box
	return p.last, box
}

// say is what a tab says, in order.
func (p *Page) say(a *answerer) {
	tab, err := strconv.Atoi(a.request.URL.Query().Get("tab"))
	p.mu.Lock()
	known := p.tabs[tab] != nil
	p.mu.Unlock()
	if err != nil || !known {
		a.status(failure(http.StatusGone, "Gone", "there is no such tab"))
		return
	}
	_ = a.control.SetReadDeadline(time.Now().Add(bodyTime)) // where it can't be set, the request's own time is the bound
	body, err := io.ReadAll(http.MaxBytesReader(a, a.request.Body, maxSaid))
	if err != nil {
		a.status(failure(http.StatusBadRequest, "BadRequest", err.Error()))
		return
	}
	err = p.loop.Do(a.request.Context(), func() {
		lines := bufio.NewReader(bytes.NewReader(body))
		for {
			line, err := lines.ReadBytes('\n')
			if line = bytes.TrimSpace(line); len(line) > 0 {
				p.Tabs.Handle(tab, line)
			}
			if err != nil {
				return
			}
		}
	})
	if err != nil {
		a.status(statusOf(err))
		return
	}
	a.WriteHeader(http.StatusNoContent)
}

// outbox holds what a tab has not been sent yet.
type outbox struct {
	mu      sync.Mutex
	data    []byte
	cut     bool // it did not keep up
	arrived chan struct{}
}

func (b *outbox) put(data []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.cut || len(b.data)+len(data) > maxUnsent {
		b.cut, b.data = true, nil
	} else {
		b.data = append(b.data, data...)
	}
	select {
	case b.arrived <- struct{}{}:
	default:
	}
}

func (b *outbox) take() (data []byte, cut bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	data, b.data = b.data, nil
	return data, b.cut
}
