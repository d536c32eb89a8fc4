// Package frame is the form that a store's log takes in bytes, wherever the
// bytes are kept: the file Log writes frames one after the other, the
// IndexedDB Log one a key. It knows nothing of where.
//
// A frame is a header and a payload. All fixed-width numbers are little-endian,
// checksums are CRC-32C:
//
//	offset  size
//	     0     1  kind: 'R' records, 'S' a chunk of a snapshot
//	     1     4  length of the payload
//	     5     8  index: of the first record, or of the record the snapshot is of
//	    13     4  checksum of the payload
//	    17     4  checksum of the 17 bytes before
//	    21        payload
//
// A payload is made of varints (encoding/binary's), byte strings with their
// length before them, and fields: strings written as what they share with the
// same field of the entry before. A field is 0 if it is the same as before,
// else 1 + the number of leading bytes shared, and then the rest as a byte
// string. For paths and keys in order this saves most of them.
//
// 'R': count of records, revision before the first; then each record: 1 if it
// makes a revision, else 0; origin; events; changes of leases. Of a put it
// holds key, value and lease; versions and what was there before follow from
// the records before it. 'S': number of the chunk, count of chunks, revision,
// leases, keys with all their numbers.
//
// Version 1. Whoever keeps frames keeps the version beside them: the file Log
// in its first bytes, the IndexedDB Log as the database's version.
package frame

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"iter"

	"github.com/tabernetes/tabernetes/core/store"
)

// Version is the version of the format.
const Version = 1

// HeaderLen is how many bytes come before the payload.
const HeaderLen = 21

// MaxLen is the longest payload that is read: far above what a store writes,
// and a bound on what a damaged length can ask for.
const MaxLen = 1 << 28

// Kinds of frames.
const (
	Records  = 'R'
	Snapshot = 'S'
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Header is what the first HeaderLen bytes of a frame say.
type Header struct {
	Kind  byte
	Len   int   // of the payload
	Index int64 // of the first record, or of the snapshot
	sum   uint32
}

// String names the frame for error messages.
func (h Header) String() string {
	if h.Kind == Snapshot {
		return fmt.Sprintf("snapshot at log record %d", h.Index)
	}
	return fmt.Sprintf("log records from %d on", h.Index)
}

// ParseHeader reads a frame's header. ok is false if its checksum does not
// hold, so that none of it can be believed.
func ParseHeader(b []byte) (h Header, ok bool) {
	if len(b) < HeaderLen || crc32.Checksum(b[:17], castagnoli) != binary.LittleEndian.Uint32(b[17:]) {
		return Header{}, false
	}
	h = Header{
		Kind:  b[0],
		Len:   int(binary.LittleEndian.Uint32(b[1:])),
		Index: int64(binary.LittleEndian.Uint64(b[5:])),
		sum:   binary.LittleEndian.Uint32(b[13:]),
	}
	return h, (h.Kind == Records || h.Kind == Snapshot) && h.Len <= MaxLen && h.Index >= 0
}

// Intact reports whether the payload is the one that the header was made for.
func (h Header) Intact(payload []byte) bool {
	return len(payload) == h.Len && crc32.Checksum(payload, castagnoli) == h.sum
}

// seal fills in the header of the frame whose first byte is dst[at].
func seal(dst []byte, at int, kind byte, index int64) []byte {
	f := dst[at:]
	f[0] = kind
	binary.LittleEndian.PutUint32(f[1:], uint32(len(f)-HeaderLen))
	binary.LittleEndian.PutUint64(f[5:], uint64(index))
	binary.LittleEndian.PutUint32(f[13:], crc32.Checksum(f[HeaderLen:], castagnoli))
	binary.LittleEndian.PutUint32(f[17:], crc32.Checksum(f[:17], castagnoli))
	return dst
}

// LastIndex is the index of the last record in a whole frame, or of the record
// that a snapshot is of. ok is false for what is no frame.
func LastIndex(b []byte) (last int64, ok bool) {
	h, ok := ParseHeader(b)
	if !ok || h.Kind == Snapshot {
		return h.Index, ok
	}
	n, size := binary.Uvarint(b[HeaderLen:])
	return h.Index + int64(n) - 1, size > 0
}

// AppendRecords appends one frame of one or more records in order.
func AppendRecords(dst []byte, records []*store.Record) []byte {
	at := len(dst)
	w := writer{b: append(dst, make([]byte, HeaderLen)...)}
	w.uint(uint64(len(records)))
	rev := records[0].Revision
	if len(records[0].Events) > 0 {
		rev--
	}
	w.uint(uint64(rev))
	for _, r := range records {
		w.record(r)
	}
	return seal(w.b, at, Records, records[0].Index)
}

// chunkBytes is about how long a chunk's payload becomes.
const chunkBytes = 1 << 20

// Snapshots returns the frames of a snapshot, one chunk each. A frame is valid
// until the next is asked for.
func Snapshots(snap store.Snapshot) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		chunks := cut(snap.KVs)
		var buf []byte
		for i, kvs := range chunks {
			w := writer{b: append(buf[:0], make([]byte, HeaderLen)...)}
			w.uint(uint64(i))
			w.uint(uint64(len(chunks)))
			w.uint(uint64(snap.Revision))
			if i == 0 {
				w.leases(snap.Leases)
			} else {
				w.leases(nil)
			}
			w.uint(uint64(len(kvs)))
			for j := range kvs {
				w.kv(&kvs[j])
			}
			buf = seal(w.b, 0, Snapshot, snap.Index)
			if !yield(buf) {
				return
			}
		}
	}
}

// cut divides the keys into chunks; there is at least one.
func cut(kvs []store.KeyValue) [][]store.KeyValue {
	var chunks [][]store.KeyValue
	from, size := 0, 0
	for i := range kvs {
		size += len(kvs[i].Key) + len(kvs[i].Value)
		if size >= chunkBytes {
			chunks = append(chunks, kvs[from:i+1])
			from, size = i+1, 0
		}
	}
	if from < len(kvs) || len(chunks) == 0 {
		chunks = append(chunks, kvs[from:])
	}
	return chunks
}
