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

// pods are the keys and values that are written. To make them is no work of the
// store's.
type pods struct {
	keys   []string
	values [][]byte
}

func makePods(n int) (p pods) {
	for i := range n {
		p.keys = append(p.keys, fmt.Sprintf("/registry/pods/default/web-7887448d46-%05d", i))
		p.values = append(p.values, make([]byte, valueSize))
	}
	return p
}

func (p *pods) put(b *testing.B, s *store.Store, i int) {
	if _, err := s.Put(p.keys[i], p.values[i], store.Origin{Actor: "replicaset-controller"}); err != nil {
		b.Fatal(err)
	}
}

// beside has the raw loop that the page offers under that name run once, so that
// both meet the same moments of the machine.
func beside(name string) func() {
	raw := js.Global().Get(name)
	if !raw.Truthy() {
		return func() {}
	}
	back := make(chan bool, 1)
	done := js.FuncOf(func(js.Value, []js.Value) any {
		back <- true
		return nil
	})
	return func() {
		raw.Invoke(done)
		<-back
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

// middle is the median.
func middle(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}

// BenchmarkSingle is one write, from the call to the answer.
func BenchmarkSingle(b *testing.B) {
	const warm = 100
	m, s := benchStore(b)
	p, raw := makePods(1000), beside("rawSingles")
	var times []time.Duration
	for i := 0; b.Loop(); i++ {
		if i%50 == 0 {
			raw()
		}
		start := time.Now()
		p.put(b, s, i%1000)
		answered(b, m, s)
		times = append(times, time.Since(start))
	}
	bytes := float64(s.Usage().LogBytes) / float64(len(times))
	times = times[min(warm, len(times)-1):]
	b.ReportMetric(float64(middle(times).Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(bytes, "B/write")
}

// BenchmarkBulk is 10,000 writes, from the first call to the last answer:
// through the store, which changes its map and history too, and the log alone,
// which packs what it is given.
func BenchmarkBulk(b *testing.B) {
	const n = 10_000
	report := func(b *testing.B, times []time.Duration, bytes int64) {
		b.ReportMetric(n/middle(times).Seconds(), "writes/s")
		b.ReportMetric(float64(bytes)/n/float64(len(times)), "B/write")
	}
	run := func(b *testing.B, m *medium, s *store.Store) {
		turn, p, raw := turn(), makePods(n), beside("rawBulk")
		var times []time.Duration
		for b.Loop() {
			raw()
			start := time.Now()
			for i := range n {
				p.put(b, s, i)
				if i%atOnce == atOnce-1 {
					s.Flush()
					turn()
					for len(m.loop) > 0 {
						(<-m.loop)()
					}
				}
			}
			answered(b, m, s)
			times = append(times, time.Since(start))
		}
		report(b, times, s.Usage().LogBytes)
	}
	b.Run("store", func(b *testing.B) {
		m, s := benchStore(b)
		run(b, m, s)
	})
	b.Run("memory", func(b *testing.B) {
		s, err := store.Open(free{}, store.Options{})
		if err != nil {
			b.Fatal(err)
		}
		run(b, &medium{loop: make(chan func(), 1)}, s)
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
		raw := beside("rawBulk")
		var times []time.Duration
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
		for b.Loop() {
			raw()
			start := time.Now()
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
			times = append(times, time.Since(start))
			for _, r := range records {
				r.Index += n
				r.Revision += n
			}
		}
		report(b, times, log.(store.Sizer).Size())
	})
}

// free is a Log that costs nothing and keeps nothing.
type free struct{}

func (free) Load(store.Loader) error                    { return nil }
func (free) Append(_ []*store.Record, done func(error)) { done(nil) }
func (free) Compact(_ store.Snapshot, done func(error)) { done(nil) }
func (free) Close() error                               { return nil }

// loader takes nothing.
type loader struct{}

func (loader) Snapshot(store.Snapshot) error { return nil }
func (loader) Record(*store.Record) error    { return nil }

// BenchmarkOpen opens 10,000 pods, from records and from a snapshot.
func BenchmarkOpen(b *testing.B) {
	for _, compacted := range []bool{false, true} {
		b.Run(fmt.Sprintf("compacted-%v", compacted), func(b *testing.B) {
			m, s := benchStore(b)
			p := makePods(10_000)
			for i := range 10_000 {
				p.put(b, s, i)
			}
			answered(b, m, s)
			if compacted {
				if err := s.Compact(s.Revision()); err != nil {
					b.Fatal(err)
				}
				p.put(b, s, 0)
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
