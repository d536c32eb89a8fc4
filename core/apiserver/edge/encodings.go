package edge

import (
	"sync"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/tabernetes/tabernetes/core/apiserver"
)

// encoding is an event on its way to one client or to hundreds: it is put into
// bytes once, by the goroutine of the first that sends it.
type encoding struct {
	once   sync.Once
	event  apiserver.Event // until there are bytes
	data   []byte
	weight int  // of its object, as stored
	last   bool // nothing follows: the watch has failed
}

func (e *encoding) bytes() []byte {
	e.once.Do(func() {
		e.data = e.event.Encode()
		e.event = apiserver.Event{}
	})
	return e.data
}

// encodings finds the encoding of events that one watch after the other is told
// of. It is the loop's goroutine's.
type encodings struct {
	ring [8]shared // the newest; a write is few events, each to many watches
	next int
}

// shared is an encoding and what others must have in common with it to be the
// same. Objects are immutable and stay the same for all watches.
type shared struct {
	kind   watch.EventType
	object runtime.Object
	form   string
	*encoding
}

// unknownWeight is what an object weighs that does not know.
const unknownWeight = 4 << 10

func (s *encodings) of(ev apiserver.Event) *encoding {
	form := ev.Form()
	alone := form == "" || ev.Type == watch.Bookmark || ev.Type == watch.Error
	for i := range s.ring {
		if known := &s.ring[i]; !alone && known.object == ev.Object && known.kind == ev.Type && known.form == form {
			return known.encoding
		}
	}
	made := &encoding{event: ev, weight: unknownWeight, last: ev.Type == watch.Error}
	if sized, ok := ev.Object.(interface{ Size() int }); ok {
		made.weight = sized.Size()
	}
	if !alone {
		s.ring[s.next] = shared{ev.Type, ev.Object, form, made}
		s.next = (s.next + 1) % len(s.ring)
	}
	return made
}
