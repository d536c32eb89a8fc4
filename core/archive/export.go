package archive

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"

	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/frame"
)

// Export writes the store as an archive. Beside the store it needs memory for
// the packed file.
func Export(w io.Writer, s *store.Store, info Info) error {
	packed, counted, err := pack(s, flate.DefaultCompression)
	if err == nil && counted.Bytes > DefaultLimits.unpacked(int64(packed.Len())) {
		packed, counted, err = pack(s, flate.NoCompression)
	}
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	if int64(packed.Len()) > DefaultLimits.File-maxInfo-64 {
		return fmt.Errorf("export: %w", errTooLarge)
	}
	info.Revision, info.Oldest = s.Revision(), max(1, s.CompactRevision())
	info.Records, info.Keys, info.Bytes = counted.Records, counted.Keys, counted.Bytes
	text, err := json.Marshal(info)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	if len(text) > maxInfo {
		return fmt.Errorf("export: the cluster's name is too long")
	}
	head := append([]byte(signature), Version)
	head = binary.LittleEndian.AppendUint32(head, uint32(len(text)))
	sum := sha256.New()
	both := io.MultiWriter(w, sum)
	for _, part := range [][]byte{head, text, packed.Bytes()} {
		if _, err := both.Write(part); err != nil {
			return fmt.Errorf("export: %w", err)
		}
	}
	if _, err := w.Write(sum.Sum(nil)); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return nil
}

// pack writes the frames and counts what is in them.
func pack(s *store.Store, level int) (*bytes.Buffer, Info, error) {
	var out bytes.Buffer
	deflate, err := flate.NewWriter(&out, level)
	if err != nil {
		return nil, Info{}, err
	}
	p := &packer{w: deflate}
	err = s.Dump(p)
	if err == nil {
		err = p.flush()
	}
	if err == nil {
		err = deflate.Close()
	}
	return &out, p.counted, err
}

// A frame of records is closed at so many records or bytes.
const (
	frameRecords = 500
	frameBytes   = 1 << 20
)

// packer takes in what a store dumps, as a store.Loader.
type packer struct {
	w       io.Writer
	counted Info
	entries int64
	strings int64

	batch []*store.Record
	size  int
	buf   []byte
}

func (p *packer) Snapshot(snap store.Snapshot) error {
	for b := range frame.Snapshots(snap) {
		if err := p.write(b); err != nil {
			return err
		}
	}
	p.counted.Keys += int64(len(snap.KVs))
	p.entries += int64(len(snap.KVs) + len(snap.Leases))
	for i := range snap.KVs {
		p.strings += int64(len(snap.KVs[i].Key) + len(snap.KVs[i].Value))
	}
	return p.check()
}

func (p *packer) Record(r *store.Record) error {
	p.batch = append(p.batch, r)
	p.counted.Records++
	o := &r.Origin
	p.entries += int64(1 + len(r.Events) + len(r.Leases) + len(o.Causes))
	for _, s := range []string{o.Actor, o.Verb, o.Group, o.Resource, o.Subresource, o.Namespace, o.Name, o.Method, o.Path, o.Note} {
		p.strings += int64(len(s))
	}
	for i := range r.Events {
		n := len(r.Events[i].KV.Key) + len(r.Events[i].KV.Value)
		p.size += n
		p.strings += int64(n)
	}
	if len(p.batch) < frameRecords && p.size < frameBytes {
		return nil
	}
	return p.flush()
}

func (p *packer) flush() error {
	if len(p.batch) == 0 {
		return nil
	}
	p.buf = frame.AppendRecords(p.buf[:0], p.batch)
	p.batch, p.size = p.batch[:0], 0
	if err := p.write(p.buf); err != nil {
		return err
	}
	return p.check()
}

func (p *packer) write(b []byte) error {
	if len(b) > maxFrame {
		return errTooLarge
	}
	p.counted.Bytes += int64(len(b))
	_, err := p.w.Write(b)
	return err
}

// check holds what was packed against what can be read again.
func (p *packer) check() error {
	if p.counted.Bytes > DefaultLimits.Bytes || p.strings > DefaultLimits.Bytes || p.entries > DefaultLimits.Entries {
		return errTooLarge
	}
	return nil
}
