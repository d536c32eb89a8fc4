// Package storetest is the one suite that every Log passes, and with it the
// store above: random operations against a model of a few lines, reopening
// after a crash, damage, compaction, watches, leases, limits. A Log's own test
// gives Run a Medium and is done.
package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tabernetes/tabernetes/core/store"
)

// Medium is where a Log keeps its bytes.
type Medium interface {
	// Open opens the log. It may be called again while an earlier Log is still
	// open: the process that held that one has crashed.
	Open() (store.Log, error)

	// Settle returns once done reports true; until then it lets the medium
	// work.
	Settle(done func() bool)
}

// Damageable is a Medium whose bytes can be spoiled.
type Damageable interface {
	Medium
	Places() int        // how many there are to spoil
	Flip(at int) Medium // a copy with bits flipped at a place
	Cut(at int) Medium  // a copy of what comes before a place
}

// Run runs the suite, each test on media of its own.
func Run(t *testing.T, medium func(t *testing.T) Medium) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, Medium)
	}{
		{"Model", testModel},
		{"Crash", testCrash},
		{"Damage", testDamage},
		{"Reopen", testReopen},
		{"ReadBack", testReadBack},
		{"CompactionReopen", testCompactionReopen},
		{"CompactAnywhere", testCompactAnywhere},
		{"LeaseReopen", testLeaseReopen},
		{"LargeValues", testLargeValues},
		{"Continues", testContinues},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, medium(t)) })
	}
}

// open opens a store on the medium.
func open(t *testing.T, m Medium, opts store.Options) *store.Store {
	t.Helper()
	s, err := tryOpen(m, opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func tryOpen(m Medium, opts store.Options) (*store.Store, error) {
	log, err := m.Open()
	if err != nil {
		return nil, err
	}
	return store.Open(log, opts)
}

// sync makes everything the store did durable.
func sync(t *testing.T, m Medium, s *store.Store) {
	t.Helper()
	var done bool
	var failed error
	s.Sync(func(err error) { done, failed = true, err })
	s.Flush()
	m.Settle(func() bool { return done })
	if failed != nil {
		t.Fatal(failed)
	}
}

// epoch is the virtual time that tests start at.
var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// origin is one that leaves no field empty.
func origin(rng *rand.Rand, rev store.Revision) store.Origin {
	o := store.Origin{
		Time: epoch.Add(time.Duration(rng.IntN(1e9)) * time.Microsecond), Actor: fmt.Sprintf("kubelet/node-%d", rng.IntN(5)),
		Verb: "update", Group: "apps", Resource: "deployments", Subresource: "status",
		Namespace: "default", Name: fmt.Sprintf("web-%d", rng.IntN(50)), Method: "PUT",
		Path: "/apis/apps/v1/namespaces/default/deployments/web/status", Code: 200 + rng.IntN(300), Note: "note",
	}
	for range rng.IntN(3) {
		o.Causes = append(o.Causes, 1+store.Revision(rng.Int64N(int64(rev))))
	}
	return o
}

// testReopen closes and opens with every field of an origin in use.
func testReopen(t *testing.T, m Medium) {
	s := open(t, m, store.Options{})
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range 200 {
		if _, err := s.Put(fmt.Sprintf("/k/%d", i%20), []byte{byte(i)}, origin(rng, s.Revision())); err != nil {
			t.Fatal(err)
		}
		if i%50 == 49 {
			sync(t, m, s)
		}
	}
	want, err := s.Records(0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put("/k/1", nil, store.Origin{}); !errors.Is(err, store.ErrStopped) {
		t.Errorf("put after Close: %v, want %v", err, store.ErrStopped)
	}
	again := open(t, m, store.Options{})
	got, err := again.Records(0, 0)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "records", got, want)
}

// testLargeValues fills several batches by size.
func testLargeValues(t *testing.T, m Medium) {
	s := open(t, m, store.Options{BatchBytes: 64 << 10})
	value := make([]byte, 30_000)
	rng := rand.New(rand.NewPCG(2, 2))
	for i := range value {
		value[i] = byte(rng.Uint32())
	}
	for i := range 40 {
		if _, err := s.Put(fmt.Sprintf("/big/%02d", i), value[i:], store.Origin{}); err != nil {
			t.Fatal(err)
		}
	}
	sync(t, m, s)
	if err := s.Compact(s.Revision() - 5); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put("/big/last", value, store.Origin{}); err != nil {
		t.Fatal(err)
	}
	sync(t, m, s)
	all := store.RangeRequest{Key: "/big/", End: store.PrefixEnd("/big/")}
	want, err := s.Range(all)
	if err != nil {
		t.Fatal(err)
	}
	got, err := open(t, m, store.Options{}).Range(all)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.EqualFunc(got.KVs, want.KVs, sameKV) || len(got.KVs) != 41 {
		t.Errorf("%d large values came back changed, of %d", len(got.KVs), len(want.KVs))
	}
}

// testContinues opens again and again, writing a little each time.
func testContinues(t *testing.T, m Medium) {
	for i := range 10 {
		s := open(t, m, store.Options{})
		if want := store.Revision(1 + 3*i); s.Revision() != want {
			t.Fatalf("opened at revision %d, want %d", s.Revision(), want)
		}
		for j := range 3 {
			if _, err := s.Put("/k", []byte{byte(i), byte(j)}, store.Origin{}); err != nil {
				t.Fatal(err)
			}
		}
		if i == 4 {
			if err := s.Compact(s.Revision()); err != nil {
				t.Fatal(err)
			}
		}
		sync(t, m, s)
	}
	kv, _ := open(t, m, store.Options{}).Get("/k")
	equal(t, "key", kv, store.KeyValue{Key: "/k", Value: []byte{9, 2}, CreateRevision: 2, ModRevision: 31, Version: 30})
}
