package edge

import (
	"bufio"
	"sync"
	"time"
)

// partSize is how much of a watch's stream is sent in one go: what fits, with
// the nine bytes before it and the one behind, into one frame of HTTP/2 and one
// record of TLS, which both have 16 KiB. A byte more costs a second packet.
const partSize = 16<<10 - 9 - 1

// parts sends a watch's stream, part by part. A client has so long to take each
// of them; where nothing is under way, it has all the time. That is kept by a timer
// and not by a deadline for each, which costs a message to the connection's
// goroutine over HTTP/2, and would end streams on which nothing happens.
type parts struct {
	a     *answerer
	out   *bufio.Writer // only while there is something to send
	err   error         // the client is gone, or too slow
	timer *time.Timer
	mu    sync.Mutex
	ended bool
}

// writers are lent to watches that have something to send.
var writers = sync.Pool{New: func() any { return bufio.NewWriterSize(nil, partSize) }}

func newParts(a *answerer) *parts {
	p := &parts{a: a}
	p.timer = time.AfterFunc(a.patience, p.late)
	p.timer.Stop()
	return p
}

// late cuts off a client that did not take a part.
func (p *parts) late() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ended { // else there is no answer any more to cut off
		_ = p.a.control.SetWriteDeadline(time.Unix(1, 0)) // a writer without deadlines is a test's
	}
}

// Write implements io.Writer: it sends one part.
func (p *parts) Write(data []byte) (int, error) {
	p.timer.Reset(p.a.patience)
	return p.a.Write(data)
}

// add takes in a piece of the stream.
func (p *parts) add(data []byte) {
	if p.out == nil {
		p.out = writers.Get().(*bufio.Writer)
		p.out.Reset(p)
	}
	if _, err := p.out.Write(data); err != nil {
		p.err = err
	}
}

// push sends what was added so far, and tells whether the client took it.
func (p *parts) push() bool {
	p.timer.Reset(p.a.patience)
	if p.out != nil {
		if err := p.out.Flush(); err != nil {
			p.err = err
		}
		p.out.Reset(nil)
		writers.Put(p.out)
		p.out = nil
	}
	if p.err == nil {
		p.err = p.a.control.Flush()
	}
	p.timer.Stop()
	return p.err == nil
}

// end is for when nothing more is sent.
func (p *parts) end() {
	p.timer.Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
}
