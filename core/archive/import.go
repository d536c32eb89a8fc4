package archive

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/frame"
	"github.com/tabernetes/tabernetes/core/store/memory"
)

// maxFrame is the longest frame that is read, header and all, in bytes: one
// revision may hold a delete of very many keys.
const maxFrame = 64 << 20

// readers know each version there ever was.
var readers = map[byte]func(body []byte, file int64, lim Limits) (*memory.Log, Info, error){
	1: readV1,
}

// Import reads an archive, within DefaultLimits. The log holds all of it and
// opens without error.
func Import(r io.Reader) (*memory.Log, Info, error) { return ImportWithin(r, DefaultLimits) }

// ImportWithin is Import with other limits.
func ImportWithin(r io.Reader, lim Limits) (*memory.Log, Info, error) {
	data, err := io.ReadAll(io.LimitReader(r, lim.File+1))
	if err != nil {
		return nil, Info{}, fmt.Errorf("import: %w", err)
	}
	log, info, err := read(data, lim)
	if err != nil {
		return nil, Info{}, fmt.Errorf("import: %w", err)
	}
	return log, info, nil
}

// read checks what is the same in every version: signature, version, checksum.
func read(data []byte, lim Limits) (*memory.Log, Info, error) {
	if int64(len(data)) > lim.File {
		return nil, Info{}, bad("it is larger than the %d bytes that are read", lim.File)
	}
	if !bytes.HasPrefix(data, []byte(signature)) {
		return nil, Info{}, bad("it does not start as one")
	}
	if len(data) < len(signature)+1+sha256.Size {
		return nil, Info{}, bad("it is cut short")
	}
	body, sum := data[:len(data)-sha256.Size], data[len(data)-sha256.Size:]
	reader, ok := readers[data[len(signature)]]
	if version := data[len(signature)]; !ok {
		return nil, Info{}, bad("its format is version %d, this program reads up to %d: it was made by a newer one, or is damaged", version, Version)
	}
	if is := sha256.Sum256(body); !bytes.Equal(is[:], sum) {
		return nil, Info{}, bad("its checksum does not match: it is cut short or was changed")
	}
	return reader(body[len(signature)+1:], int64(len(data)), lim)
}

// readV1 reads what follows the version, without the checksum.
func readV1(body []byte, file int64, lim Limits) (*memory.Log, Info, error) {
	info, packed, err := readInfo(body)
	if err != nil {
		return nil, info, err
	}
	switch {
	case info.Revision < 1 || info.Oldest < 1 || info.Oldest > info.Revision || info.Records < 0 || info.Keys < 0 || info.Bytes < 0:
		return nil, info, bad("its info makes no sense")
	case info.Bytes > lim.unpacked(file):
		return nil, info, bad("it says that %d bytes unpack to %d, more than is read", file, info.Bytes)
	case info.Records > lim.Entries || info.Keys > lim.Entries-info.Records:
		return nil, info, bad("it says that it holds %d records and %d keys, more than is read", info.Records, info.Keys)
	}
	c := &collector{log: memory.New(), info: info}
	if err := c.unpack(packed, lim); err != nil {
		return nil, info, err
	}
	if c.records != info.Records || c.keys != info.Keys {
		return nil, info, bad("it holds %d records and %d keys, and says %d and %d", c.records, c.keys, info.Records, info.Keys)
	}
	s, err := store.Open(c.log, store.Options{})
	if err != nil {
		return nil, info, fmt.Errorf("not a usable cluster file: %w", err)
	}
	if s.Revision() != info.Revision || max(1, s.CompactRevision()) != info.Oldest {
		return nil, info, bad("it holds revisions %d to %d, and says %d to %d", max(1, s.CompactRevision()), s.Revision(), info.Oldest, info.Revision)
	}
	return c.log, info, nil
}

func readInfo(body []byte) (info Info, rest []byte, err error) {
	if len(body) < 4 {
		return info, nil, bad("it is cut short")
	}
	n := binary.LittleEndian.Uint32(body)
	rest = body[4:]
	if n > maxInfo || int(n) > len(rest) {
		return info, nil, bad("its info is %d bytes long", n)
	}
	if err := json.Unmarshal(rest[:n], &info); err != nil {
		return info, nil, bad("its info is not readable: %v", err)
	}
	return info, rest[n:], nil
}

// collector takes in what is unpacked, as a store.Loader, and puts it into a
// log.
type collector struct {
	log           *memory.Log
	info          Info
	snap          *store.Snapshot
	records, keys int64
}

// unpack reads frames until there are no more, and no byte but those.
func (c *collector) unpack(packed []byte, lim Limits) error {
	src := bytes.NewReader(packed)
	stream := &io.LimitedReader{R: flate.NewReader(src), N: c.info.Bytes}
	frames := frame.NewReader(c)
	frames.Bound(lim.Entries, lim.Bytes)
	var buf []byte
	for {
		head := make([]byte, frame.HeaderLen)
		if _, err := io.ReadFull(stream, head); err == io.EOF {
			break
		} else if err != nil {
			return unreadable(err)
		}
		h, ok := frame.ParseHeader(head)
		if !ok || h.Len > maxFrame-frame.HeaderLen || int64(h.Len) > stream.N {
			return bad("a frame has a damaged header")
		}
		if cap(buf) < h.Len {
			buf = make([]byte, h.Len)
		}
		if _, err := io.ReadFull(stream, buf[:h.Len]); err != nil {
			return unreadable(err)
		}
		if err := frames.Payload(h, buf[:h.Len]); err != nil {
			return fmt.Errorf("not a usable cluster file: %w", err)
		}
	}
	if err := frames.End(); err != nil {
		return fmt.Errorf("not a usable cluster file: %w", err)
	}
	if stream.N > 0 {
		return bad("it unpacks to %d bytes less than it says", stream.N)
	}
	if n, err := stream.R.Read(make([]byte, 1)); n > 0 || err != io.EOF || src.Len() > 0 {
		return bad("something follows its end")
	}
	c.end()
	return nil
}

func unreadable(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return bad("its content ends too early")
	}
	return bad("its content does not unpack: %v", err)
}

// Snapshot joins the chunks. That they belong together is for store.Open to
// say, but for what only the first is asked.
func (c *collector) Snapshot(chunk store.Snapshot) error {
	c.keys += int64(len(chunk.KVs))
	if c.snap == nil {
		c.snap = &chunk
		return nil
	}
	if chunk.Index != c.snap.Index || chunk.Revision != c.snap.Revision || len(chunk.Leases) > 0 {
		return bad("its snapshot is made of parts that do not belong together")
	}
	c.snap.KVs = append(c.snap.KVs, chunk.KVs...)
	return nil
}

// Record passes records on; a snapshot comes before them.
func (c *collector) Record(r *store.Record) error {
	c.end()
	c.records++
	c.log.Append([]*store.Record{r}, func(error) {})
	return nil
}

// end puts the snapshot, if there is one, where it belongs.
func (c *collector) end() {
	if c.snap != nil && c.records == 0 {
		c.log.Compact(*c.snap, func(error) {})
		c.snap = nil
	}
}
