package archive_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tabernetes/tabernetes/core/archive"
	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/file"
	"github.com/tabernetes/tabernetes/core/store/memory"
	"github.com/tabernetes/tabernetes/core/store/storetest"
)

// medium is a place that is left, each time it is opened, through an archive:
// the suite of the Logs then holds for what comes out of one.
type medium struct {
	t   *testing.T
	log *memory.Log
}

func (m *medium) Open() (store.Log, error) {
	s, err := store.Open(m.log, store.Options{})
	if err != nil {
		return nil, err
	}
	m.log, _, err = archive.Import(bytes.NewReader(export(m.t, s)))
	return m.log, err
}

func (m *medium) Settle(func() bool) {}

func TestLog(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Medium { return &medium{t, memory.New()} })
}

func open(t testing.TB, log store.Log) *store.Store {
	t.Helper()
	s, err := store.Open(log, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func export(t testing.TB, s *store.Store) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := archive.Export(&out, s, archive.Info{Program: "tabernetes test", Name: "my cluster", Seed: 7, Nodes: 3, Time: epoch}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// cluster is a store with some history, compacted at a revision (0: not, -1: the head), and
// leases granted, used and gone.
func cluster(t testing.TB, log store.Log, compact store.Revision) *store.Store {
	t.Helper()
	rng := rand.New(rand.NewPCG(5, 5))
	s := open(t, log)
	for i := range 120 {
		o := store.Origin{Time: epoch.Add(time.Duration(i) * time.Second), Actor: "kubelet/node-1", Causes: []store.Revision{s.Revision()},
			Verb: "update", Resource: "pods", Namespace: "default", Name: fmt.Sprint("web-", i%7), Method: "PUT", Path: "/api/v1/namespaces/default/pods/web", Code: 200}
		op := store.Op{Type: store.OpPut, Key: fmt.Sprint("/registry/pods/default/web-", i%7), Value: fmt.Appendf(nil, "%d %d", i, rng.Uint64())}
		switch {
		case i%20 == 3:
			if _, err := s.Grant(epoch, store.LeaseID(i), 600); err != nil {
				t.Fatal(err)
			}
			op.Lease = store.LeaseID(i)
		case i%40 == 33:
			if _, err := s.Revoke(store.LeaseID(i-10), o); err != nil {
				t.Fatal(err)
			}
		case i%9 == 5:
			op = store.Op{Type: store.OpDelete, Key: op.Key}
		}
		if _, err := s.Txn(store.Txn{Then: []store.Op{op}, Origin: o}); err != nil {
			t.Fatal(err)
		}
	}
	if compact < 0 {
		compact = s.Revision()
	}
	if compact > 0 {
		if err := s.Compact(compact); err != nil {
			t.Fatal(err)
		}
	}
	s.Flush()
	return s
}

// same holds everything that can be read of two stores against each other:
// every retained revision, whole; who wrote it and what was there before; what
// cannot be read any more; leases and their keys.
func same(t testing.TB, got, want *store.Store) {
	t.Helper()
	if got.Revision() != want.Revision() || got.CompactRevision() != want.CompactRevision() {
		t.Fatalf("revisions %d to %d, want %d to %d", got.CompactRevision(), got.Revision(), want.CompactRevision(), want.Revision())
	}
	opts := []cmp.Option{cmpopts.EquateEmpty(), cmpopts.IgnoreFields(store.Record{}, "Index", "Leases")}
	for rev := store.Revision(1); rev <= want.Revision()+1; rev++ {
		req := store.RangeRequest{Key: "\x00", End: store.FromKey, Revision: rev}
		a, aErr := got.Range(req)
		b, bErr := want.Range(req)
		ra, raErr := got.Record(rev)
		rb, rbErr := want.Record(rev)
		if d := cmp.Diff(b, a, opts...) + cmp.Diff(rb, ra, opts...); d != "" || !errors.Is(aErr, bErr) || !errors.Is(raErr, rbErr) {
			t.Fatalf("revision %d: %v, want %v; record: %v, want %v; (-want +got)\n%s", rev, aErr, bErr, raErr, rbErr, d)
		}
	}
	if d := cmp.Diff(want.Leases(), got.Leases(), opts...); d != "" {
		t.Fatalf("leases (-want +got)\n%s", d)
	}
	for _, l := range want.Leases() {
		a, _ := got.TimeToLive(epoch, l.ID)
		b, _ := want.TimeToLive(epoch, l.ID)
		if d := cmp.Diff(b.Keys, a.Keys, opts...); d != "" {
			t.Fatalf("keys of lease %d (-want +got)\n%s", l.ID, d)
		}
	}
}

// TestRoundTrip exports, imports, restores into a file, and opens that.
func TestRoundTrip(t *testing.T) {
	for _, compact := range []store.Revision{0, 1, 2, 50, 60, -1} {
		want := cluster(t, memory.New(), compact)
		data := export(t, want)
		if again := export(t, want); !bytes.Equal(data, again) {
			t.Error("the same store exports as different bytes")
		}
		log, info, err := archive.Import(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if info.Name != "my cluster" || info.Seed != 7 || info.Nodes != 3 || !info.Time.Equal(epoch) || info.Revision != want.Revision() {
			t.Errorf("info %+v", info)
		}
		same(t, open(t, log), want)

		path := filepath.Join(t.TempDir(), "log")
		to, err := file.Open(path, file.Options{})
		if err != nil {
			t.Fatal(err)
		}
		answers := 0
		if err := archive.Restore(to, log, func(err error) {
			if answers++; err != nil {
				t.Error(err)
			}
		}); err != nil || answers != 1 {
			t.Fatalf("restore: %v, answered %d times", err, answers)
		}
		if err := to.Close(); err != nil {
			t.Fatal(err)
		}
		if to, err = file.Open(path, file.Options{}); err != nil {
			t.Fatal(err)
		}
		s := open(t, to)
		same(t, s, want)
		s.Put("/k", nil, store.Origin{})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if to, err = file.Open(path, file.Options{}); err != nil {
			t.Fatal(err)
		}
		if err := archive.Restore(to, log, func(error) { t.Error("answered") }); !errors.Is(err, archive.ErrNotEmpty) {
			t.Errorf("restored over another cluster: %v", err)
		}
	}
}

// A cluster whose log is full can still leave, with what is not on disk.
func TestExportAfterFailure(t *testing.T) {
	s := open(t, &full{Log: memory.New()})
	if _, err := s.Put("/k", []byte("only in memory"), store.Origin{}); err != nil {
		t.Fatal(err)
	}
	s.Flush()
	if !errors.Is(s.Err(), store.ErrNoSpace) {
		t.Fatal(s.Err())
	}
	log, _, err := archive.Import(bytes.NewReader(export(t, s)))
	if err != nil {
		t.Fatal(err)
	}
	same(t, open(t, log), s)
}

type full struct{ *memory.Log }

func (full) Append(_ []*store.Record, done func(error)) { done(store.ErrNoSpace) }

// What packs too well is packed less, so that it can be read again.
func TestPacksWithinTheRatio(t *testing.T) {
	s := open(t, memory.New())
	zeros := make([]byte, 1<<20)
	for i := range 24 {
		if _, err := s.Put(fmt.Sprint("/zeros/", i), zeros, store.Origin{}); err != nil {
			t.Fatal(err)
		}
	}
	log, _, err := archive.Import(bytes.NewReader(export(t, s)))
	if err != nil {
		t.Fatal(err)
	}
	if u, want := open(t, log).Usage(), s.Usage(); u.Bytes != want.Bytes || u.Keys != 24 {
		t.Errorf("%+v, want %+v", u, want)
	}
}

var write = flag.Bool("write", false, "write testdata's file of the newest version, if there is none yet")

// TestEveryVersionOpens opens testdata's file of each version there ever was.
// A file that is there is never written again.
func TestEveryVersionOpens(t *testing.T) {
	want := cluster(t, memory.New(), 50)
	for version := 1; version <= archive.Version; version++ {
		path := filepath.Join("testdata", fmt.Sprintf("v%d%s", version, archive.Extension))
		data, err := os.ReadFile(path)
		if os.IsNotExist(err) && version == archive.Version && *write {
			data, err = export(t, want), nil
			if err := os.WriteFile(path, data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		if data[7] != byte(version) {
			t.Errorf("%s is of version %d", path, data[7])
		}
		log, info, err := archive.Import(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if info.Name != "my cluster" || info.Nodes != 3 || info.Seed != 7 || info.Oldest != 50 {
			t.Errorf("%s: %+v", path, info)
		}
		same(t, open(t, log), want)
		log, _, err = archive.Import(bytes.NewReader(export(t, open(t, log)))) // upgraded
		if err != nil {
			t.Fatal(err)
		}
		same(t, open(t, log), want)
	}
}

// TestDamage spoils a file everywhere: it is always refused, for the reason
// that is to be expected there.
func TestDamage(t *testing.T) {
	data := export(t, cluster(t, memory.New(), 50))
	refused := func(what string, spoilt []byte, want string) {
		t.Helper()
		_, _, err := archive.Import(bytes.NewReader(spoilt))
		if !errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), want) {
			t.Fatalf("%s: %v, want %s", what, err, want)
		}
	}
	for at := range data {
		want := "checksum does not match"
		switch {
		case at < 7:
			want = "does not start as one"
		case at == 7:
			want = "made by a newer one"
		}
		for _, bit := range []byte{1, 0x80} {
			spoilt := bytes.Clone(data)
			spoilt[at] ^= bit
			refused(fmt.Sprint("flipped at ", at), spoilt, want)
		}
	}
	for n := range data {
		want := "checksum does not match"
		switch {
		case n < 7:
			want = "does not start as one"
		case n < 40:
			want = "cut short"
		}
		refused(fmt.Sprint("cut at ", n), data[:n], want)
	}
	refused("with a tail", append(bytes.Clone(data), 0), "checksum does not match")
}

// sealed gives a file a right checksum.
func sealed(body []byte) []byte {
	sum := sha256.Sum256(body)
	return append(bytes.Clone(body), sum[:]...)
}

// file1 is a file of version 1 with a right checksum.
func file1(info string, packed []byte) []byte {
	b := append([]byte("tabclus"), 1)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(info)))
	return sealed(append(append(b, info...), packed...))
}
