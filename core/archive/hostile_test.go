package archive_test

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/tabernetes/tabernetes/core/archive"
	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/frame"
	"github.com/tabernetes/tabernetes/core/store/memory"
)

// taken is a file taken apart: info and frames.
func taken(t testing.TB, data []byte) (archive.Info, []byte) {
	t.Helper()
	n := binary.LittleEndian.Uint32(data[8:])
	var info archive.Info
	if err := json.Unmarshal(data[12:12+n], &info); err != nil {
		t.Fatal(err)
	}
	frames, err := io.ReadAll(flate.NewReader(bytes.NewReader(data[12+n : len(data)-32])))
	if err != nil {
		t.Fatal(err)
	}
	return info, frames
}

// made puts a file together, its checksum right.
func made(t testing.TB, info archive.Info, frames []byte) []byte {
	t.Helper()
	text, err := json.Marshal(info)
	if err != nil {
		t.Fatal(err)
	}
	return file1(string(text), deflated(t, frames))
}

func deflated(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestHostile is files that somebody made on purpose, checksums and all.
func TestHostile(t *testing.T) {
	info, frames := taken(t, export(t, cluster(t, memory.New(), 50)))
	with := func(change func(i *archive.Info)) archive.Info {
		i := info
		change(&i)
		return i
	}
	event := func(key string) []*store.Record {
		return []*store.Record{{Index: 1, Revision: 2, Events: []store.Event{{KV: store.KeyValue{Key: key}}}}}
	}
	one := archive.Info{Revision: 2, Oldest: 1, Records: 1}
	sized := func(i archive.Info, frames []byte) []byte {
		i.Bytes = int64(len(frames))
		return made(t, i, frames)
	}
	badFrame := bytes.Clone(frames)
	badFrame[frame.HeaderLen+5] ^= 1
	for name, test := range map[string]struct {
		data []byte
		want string
	}{
		"no info":            {file1("", nil), "its info is not readable"},
		"info of nothing":    {file1("{}", nil), "its info makes no sense"},
		"info of another":    {file1("[]", nil), "its info is not readable"},
		"info too long":      {file1(strings.Repeat(" ", 5000), nil), "its info is 5000 bytes long"},
		"info cut":           {sealed([]byte("tabclus\x01\xff\x00\x00\x00{}")), "its info is 255 bytes long"},
		"nothing":            {sealed([]byte("tabclus\x01")), "cut short"},
		"from the future":    {sealed([]byte("tabclus\x02\x00\x00\x00\x00")), "format is version 2, this program reads up to 1"},
		"not deflate":        {file1(`{"revision":2,"oldest":1,"records":1,"bytes":99}`, []byte("\xff\xff\xff\xff")), "does not unpack"},
		"more bytes":         {made(t, with(func(i *archive.Info) { i.Bytes++ }), frames), "bytes less than it says"},
		"fewer bytes":        {made(t, with(func(i *archive.Info) { i.Bytes -= 5 }), frames), "damaged header"},
		"a frame less said":  {made(t, info, append(bytes.Clone(frames), 0)), "something follows its end"},
		"more records":       {made(t, with(func(i *archive.Info) { i.Records++ }), frames), "and says"},
		"more keys":          {made(t, with(func(i *archive.Info) { i.Keys++ }), frames), "and says"},
		"another revision":   {made(t, with(func(i *archive.Info) { i.Revision++ }), frames), "and says 50 to"},
		"another oldest":     {made(t, with(func(i *archive.Info) { i.Oldest-- }), frames), "and says 49 to"},
		"upside down":        {made(t, with(func(i *archive.Info) { i.Oldest = i.Revision + 1 }), frames), "makes no sense"},
		"too much said":      {made(t, with(func(i *archive.Info) { i.Bytes = 1 << 40 }), frames), "more than is read"},
		"too many said":      {made(t, with(func(i *archive.Info) { i.Records = 1 << 40 }), frames), "more than is read"},
		"too many keys said": {made(t, with(func(i *archive.Info) { i.Keys = 1<<63 - 1 }), frames), "more than is read"},
		"frame changed":      {made(t, info, badFrame), "checksum does not match"},
		"header changed":     {made(t, info, append([]byte("X"), frames[1:]...)), "damaged header"},
		"no key":             {sized(one, frame.AppendRecords(nil, event(""))), `key ""`},
		"a gap":              {sized(one, frame.AppendRecords(nil, []*store.Record{{Index: 3, Revision: 2, Events: event("/k")[0].Events}})), "follows record 0"},
		"a future":           {sized(one, frame.AppendRecords(nil, []*store.Record{{Index: 1, Revision: 1 << 50, Events: event("/k")[0].Events}})), "follows record 0"},
		"half a snapshot":    {sized(one, halfSnapshot(t)), "the snapshot has 1 of 2 chunks"},
		"cut frame":          {sized(archive.Info{Revision: 2, Oldest: 1}, frames[:10]), "ends too early"},
	} {
		_, _, err := archive.Import(bytes.NewReader(test.data))
		if !errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
}

// halfSnapshot is the first of a snapshot's two chunks.
func halfSnapshot(t *testing.T) []byte {
	t.Helper()
	big := make([]byte, 1<<20)
	for b := range frame.Snapshots(store.Snapshot{Revision: 2, Index: 1, KVs: []store.KeyValue{
		{Key: "/a", Value: big, CreateRevision: 2, ModRevision: 2, Version: 1}, {Key: "/b", CreateRevision: 2, ModRevision: 2, Version: 1}}}) {
		return bytes.Clone(b)
	}
	return nil
}

// TestBoundedMemory has small files that would mean much.
func TestBoundedMemory(t *testing.T) {
	long := strings.Repeat("k", 1<<20)
	keys := [2]string{long + "1", long + "2"}
	var shared []store.Event // a megabyte each, a few bytes in the file
	for i := range 1000 {
		shared = append(shared, store.Event{KV: store.KeyValue{Key: keys[i%2]}})
	}
	var many []store.Event
	for range 200_000 {
		many = append(many, store.Event{KV: store.KeyValue{Key: "/k"}})
	}
	record := func(events []store.Event) []byte {
		return frame.AppendRecords(nil, []*store.Record{{Index: 1, Revision: 2, Events: events}})
	}
	lim := archive.Limits{File: 1 << 20, Bytes: 8 << 20, Entries: 100_000, Ratio: 100}
	for name, test := range map[string]struct {
		frames []byte
		want   string
	}{
		"shared strings": {record(shared), "more than may be read"},
		"many events":    {record(many), "more than may be read"},
		"zeros":          {make([]byte, 64<<20), "more than is read"},
	} {
		data := made(t, archive.Info{Revision: 2, Oldest: 1, Records: 1, Bytes: int64(len(test.frames))}, test.frames)
		test.frames = nil
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, err := archive.ImportWithin(bytes.NewReader(data), lim)
		runtime.ReadMemStats(&after)
		used := after.TotalAlloc - before.TotalAlloc
		if !errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
		if limit := uint64(40 << 20); used > limit {
			t.Errorf("%s: a file of %d bytes took %d bytes, more than %d", name, len(data), used, limit)
		}
	}
	endless := io.LimitReader(zeros{}, 1<<40)
	if _, _, err := archive.ImportWithin(endless, lim); !errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), "larger than the 1048576 bytes") {
		t.Errorf("endless file: %v", err)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// FuzzImport has any bytes, as a whole file and, with all checksums made right,
// as info and frames. Whatever is taken in exports and comes in again.
func FuzzImport(f *testing.F) {
	few := open(f, memory.New())
	for i := range 4 {
		if _, err := few.Put(fmt.Sprint("/k/", i%3), []byte("value"), store.Origin{Actor: "kubectl", Causes: []store.Revision{1}}); err != nil {
			f.Fatal(err)
		}
	}
	if err := few.Compact(3); err != nil {
		f.Fatal(err)
	}
	data := export(f, few)
	info, frames := taken(f, data)
	text, err := json.Marshal(info)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data, []byte{})
	f.Add(text, frames)
	f.Add([]byte(`{"revision":2,"oldest":1,"records":1}`), frame.AppendRecords(nil, []*store.Record{{Index: 1, Revision: 2, Events: []store.Event{{KV: store.KeyValue{Key: "/k"}}}}}))
	lim := archive.Limits{File: 1 << 18, Bytes: 1 << 20, Entries: 10_000, Ratio: 100}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		second = resealed(second)
		candidates := [][]byte{first, file1(string(first), deflated(t, second))}
		var i archive.Info
		if json.Unmarshal(first, &i) == nil {
			i.Bytes = int64(len(second))
			candidates = append(candidates, made(t, i, second))
		}
		for _, data := range candidates {
			log, _, err := archive.ImportWithin(bytes.NewReader(data), lim)
			if err != nil {
				if !errors.Is(err, store.ErrCorrupt) {
					t.Fatalf("refused as %v", err)
				}
				continue
			}
			out := export(t, open(t, log))
			again, _, err := archive.Import(bytes.NewReader(out))
			if err != nil {
				t.Fatalf("taken in, but what is exported then is not: %v", err)
			}
			if !bytes.Equal(export(t, open(t, again)), out) {
				t.Fatal("taken in, exported and taken in it is something else")
			}
		}
	})
}

// resealed makes the lengths and checksums of frames right, as far as there
// are frames.
func resealed(b []byte) []byte {
	b = bytes.Clone(b)
	table := crc32.MakeTable(crc32.Castagnoli)
	for at := 0; at+frame.HeaderLen <= len(b); {
		f := b[at:]
		n := min(uint64(binary.LittleEndian.Uint32(f[1:])), uint64(len(f)-frame.HeaderLen))
		payload := f[frame.HeaderLen:][:n]
		binary.LittleEndian.PutUint32(f[1:], uint32(n))
		binary.LittleEndian.PutUint32(f[13:], crc32.Checksum(payload, table))
		binary.LittleEndian.PutUint32(f[17:], crc32.Checksum(f[:17], table))
		at += frame.HeaderLen + len(payload)
	}
	return b
}
