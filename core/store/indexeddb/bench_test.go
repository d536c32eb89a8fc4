//go:build js && wasm

package indexeddb

import (
	"fmt"
	"slices"
	"syscall/js"
	"testing"
	"time"

	"github.com/tabernetes/tabernetes/core/store"
)

// How many writes are made between two turns of the event loop, about what the
// engine's worker does in one of its slices, and how large they are: what an
// API server makes of a Pod.
const (
	atOnce    = 500
	valueSize = 800
)

func benchStore(b *testing.B) (*medium, *store.Store) {
	databases++
	m := &medium{name: fmt.Sprintf("%s-%d-%d", b.Name(), databases, time.Now().UnixNano()), loop: make(chan func(), 1000)}
	log, err := m.Open()
	if err != nil {
		b.Fatal(err)
	}
	s, err := store.Open(log, store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	return m, s
}

func putPod(b *testing.B, s *store.Store, i int) {
	_, err := s.Put(fmt.Sprintf("/registry/pods/default/web-7887448d46-%05d", i), make([]byte, valueSize), store.Origin{Actor: "replicaset-controller"})
	if err != nil {
		b.Fatal(err)
	}
}

// answered waits until all that was written is safe.
func answered(b *testing.B, m *medium, s *store.Store) {
	if err := await(m, func(done func(error)) { s.Sync(done); s.Flush() }); err != nil {
		b.Fatal(err)
	}
}

// turn lets the browser have its turn, as the engine's worker does.
func turn() func() {
	channel := js.Global().Get("MessageChannel").New()
	back := make(chan bool, 1)
	channel.Get("port1").Set("onmessage", js.FuncOf(func(js.Value, []js.Value) any {
		back <- true
		return nil
	}))
	port := channel.Get("port2")
	return func() {
		port.Call("postMessage", js.Null())
		<-back
	}
}

// BenchmarkSingle is one write, from the call to the answer.
func BenchmarkSingle(b *testing.B) {
	m, s := benchStore(b)
	var times []time.Duration
	for i := 0; b.Loop(); i++ {
		start := time.Now()
		putPod(b, s, i%1000)
		answered(b, m, s)
		times = append(times, time.Since(start))
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(s.Usage().LogBytes)/float64(len(times)), "B/write")
}

// BenchmarkBulk is 10,000 writes, from the first call to the last answer:
// through the store, which changes its map and history too, and the log alone,
// which packs what it is given.
func BenchmarkBulk(b *testing.B) {
	const n = 10_000
	report := func(b *testing.B, bytes int64) {
		b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "writes/s")
		b.ReportMetric(float64(bytes)/float64(n)/float64(b.N), "B/write")
	}
	b.Run("store", func(b *testing.B) {
		m, s := benchStore(b)
		turn := turn()
		for b.Loop() {
			for i := range n {
				putPod(b, s, i)
				if i%atOnce == atOnce-1 {
					s.Flush()
					turn()
					for len(m.loop) > 0 {
						(<-m.loop)()
					}
				}
			}
			answered(b, m, s)
		}
		report(b, s.Usage().LogBytes)
	})
	b.Run("log", func(b *testing.B) {
		m, _ := benchStore(b)
		log, err := m.Open()
		if err != nil {
			b.Fatal(err)
		}
		if err := log.Load(loader{}); err != nil {
			b.Fatal(err)
		}
		var records []*store.Record
		for i := range n {
			records = append(records, &store.Record{
				Index: int64(i + 1), Revision: store.Revision(i + 2),
				Origin: store.Origin{Actor: "replicaset-controller"},
				Events: []store.Event{{KV: store.KeyValue{
					Key:   fmt.Sprintf("/registry/pods/default/web-7887448d46-%05d", i),
					Value: make([]byte, valueSize),
				}}},
			})
		}
		for round := 0; b.Loop(); round++ {
			left := 0
			for batch := range slices.Chunk(records, atOnce) {
				left++
				log.Append(batch, func(err error) {
					if err != nil {
						b.Error(err)
					}
					left--
				})
			}
			m.Settle(func() bool { return left == 0 })
			for _, r := range records {
				r.Index += n
				r.Revision += n
			}
		}
		report(b, log.(store.Sizer).Size())
	})
}

// loader takes nothing.
type loader struct{}

func (loader) Snapshot(store.Snapshot) error { return nil }
func (loader) Record(*store.Record) error    { return nil }

// BenchmarkOpen opens 10,000 pods, from records and from a snapshot.
func BenchmarkOpen(b *testing.B) {
	for _, compacted := range []bool{false, true} {
		b.Run(fmt.Sprintf("compacted-%v", compacted), func(b *testing.B) {
			m, s := benchStore(b)
			for i := range 10_000 {
				putPod(b, s, i)
			}
			answered(b, m, s)
			if compacted {
				if err := s.Compact(s.Revision()); err != nil {
					b.Fatal(err)
				}
				putPod(b, s, 0)
				answered(b, m, s)
			}
			for b.Loop() {
				log, err := m.Open()
				if err != nil {
					b.Fatal(err)
				}
				if s, err = store.Open(log, store.Options{}); err != nil {
					b.Fatal(err)
				}
				s.Close()
			}
		})
	}
}
