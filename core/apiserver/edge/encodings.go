package edge

import (
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/tabernetes/tabernetes/core/apiserver"
)

// encodings remembers the bytes of the last events, so that what two hundred
// watches are told is written once.
type encodings struct {
	mu   sync.Mutex
	byID map[encodingID]*encoding
	ring [rememberEncodings]encodingID
	next int
}

// How many are remembered, and how long each may be.
const (
	rememberEncodings = 512
	rememberLength    = 64 << 10
)

// encodingID tells events with equal bytes from others. Objects are immutable
// and stay the same for all watches.
type encodingID struct {
	kind   watch.EventType
	object runtime.Object
	form   string
}

type encoding struct {
	once sync.Once
	data []byte
}

func (e *encodings) of(ev *apiserver.Event) []byte {
	form := ev.Form()
	if form == "" || ev.Type == watch.Bookmark || ev.Type == watch.Error {
		return ev.Encode()
	}
	id := encodingID{ev.Type, ev.Object, form}
	known := e.find(id)
	known.once.Do(func() { known.data = ev.Encode() })
	if len(known.data) > rememberLength {
		e.forget(id)
	}
	return known.data
}

func (e *encodings) forget(id encodingID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.byID, id)
	if i := slices.Index(e.ring[:], id); i >= 0 {
		e.ring[i] = encodingID{}
	}
}

func (e *encodings) find(id encodingID) *encoding {
	e.mu.Lock()
	defer e.mu.Unlock()
	if known := e.byID[id]; known != nil {
		return known
	}
	if e.byID == nil {
		e.byID = make(map[encodingID]*encoding, rememberEncodings)
	}
	delete(e.byID, e.ring[e.next])
	e.ring[e.next], e.next = id, (e.next+1)%rememberEncodings
	made := &encoding{}
	e.byID[id] = made
	return made
}
