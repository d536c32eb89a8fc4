// Package file is a Log in one file: an 8-byte signature with the format's
// version, then frames (see package frame), a snapshot's before the records
// that follow it.
//
// What Append has answered is with the operating system and survives the death
// of the process; with Options.Sync it is on the disk. A frame cut short at the
// end of the file, as a crash leaves it, is dropped when the log is opened; any
// other damage is an error that names the record. Compact writes a new file
// beside the old one, syncs it and renames it over the old one. A full disk
// raises the store's alarm; Resume cuts off what the failed write left.
//
// The file is locked against a second process where the system has flock. Left
// out, against etcd's write-ahead log (server/storage/wal): segments, as
// compaction keeps the file near the size of the state.
package file

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/frame"
)

var signature = [8]byte{'t', 'a', 'b', 'n', 'l', 'o', 'g', frame.Version}

// Options choose how a file is kept.
type Options struct {
	Sync bool // fsync before an append is answered
}

// Log is an open log file.
type Log struct {
	path   string
	opts   Options
	f      *os.File
	size   int64 // of the whole frames
	frames []span
	buf    []byte
	err    error // after it nothing is written
}

// span is where the records of one frame are.
type span struct {
	first, last int64 // indexes
	off, len    int64
}

// Open opens the log at path, making it if it is not there.
func Open(path string, opts Options) (*Log, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lock(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("log %s: %w", path, err)
	}
	// Whoever compacted while we waited left a new file at path.
	mine, err1 := f.Stat()
	theirs, err2 := os.Stat(path)
	if err := errors.Join(err1, err2); err != nil || !os.SameFile(mine, theirs) {
		f.Close()
		return nil, fmt.Errorf("log %s: %w", path, errors.Join(errInUse, err))
	}
	return &Log{path: path, opts: opts, f: f}, nil
}

var errInUse = errors.New("in use by another process")

// Load implements store.Log.
func (l *Log) Load(into store.Loader) error {
	info, err := l.f.Stat()
	if err != nil {
		return err
	}
	end := info.Size()
	if end < int64(len(signature)) {
		return l.begin(end)
	}
	var sig [8]byte
	if _, err := l.f.ReadAt(sig[:], 0); err != nil {
		return err
	}
	switch {
	case [7]byte(sig[:7]) != [7]byte(signature[:7]):
		return fmt.Errorf("%w: %s is not a log", store.ErrCorrupt, l.path)
	case sig[7] > frame.Version:
		return fmt.Errorf("log %s was written by a newer version of this program: format %d, this one reads %d", l.path, sig[7], frame.Version)
	case sig[7] != frame.Version:
		return fmt.Errorf("%w: log %s has no format that there ever was: %d", store.ErrCorrupt, l.path, sig[7])
	}
	return l.read(into, end)
}

// begin makes a new log of an empty file, or of one that a crash left without
// a whole signature.
func (l *Log) begin(size int64) error {
	have := make([]byte, size)
	if _, err := l.f.ReadAt(have, 0); err != nil && size > 0 {
		return err
	}
	if string(have) != string(signature[:size]) {
		return fmt.Errorf("%w: %s is not a log", store.ErrCorrupt, l.path)
	}
	if _, err := l.f.WriteAt(signature[:], 0); err != nil {
		return full(err)
	}
	l.size = int64(len(signature))
	return nil
}

// read takes in the frames up to end and cuts off a torn one.
func (l *Log) read(into store.Loader, end int64) error {
	indexed := &spanner{Loader: into}
	r := frame.NewReader(indexed)
	l.size = int64(len(signature))
	for l.size < end {
		h, payload, torn, err := l.next(end)
		if err != nil {
			return err
		}
		if torn {
			break
		}
		indexed.last = h.Index - 1
		if err := r.Payload(h, payload); err != nil {
			return err
		}
		n := int64(frame.HeaderLen + h.Len)
		if h.Kind == frame.Records {
			l.frames = append(l.frames, span{h.Index, indexed.last, l.size, n})
		}
		l.size += n
	}
	if err := r.End(); err != nil {
		return err
	}
	if l.size < end {
		return l.f.Truncate(l.size)
	}
	return nil
}

// spanner notes the index of the last record read.
type spanner struct {
	store.Loader
	last int64
}

func (s *spanner) Record(r *store.Record) error {
	s.last = r.Index
	return s.Loader.Record(r)
}

// next reads the frame at l.size. It is torn if the file ends inside it, or if
// a crash of the machine left zeros where the system had made room but not
// written yet.
func (l *Log) next(end int64) (h frame.Header, payload []byte, torn bool, err error) {
	head := make([]byte, min(frame.HeaderLen, end-l.size))
	if _, err := l.f.ReadAt(head, l.size); err != nil {
		return h, nil, false, err
	}
	if len(head) < frame.HeaderLen {
		return h, nil, true, nil
	}
	h, ok := frame.ParseHeader(head)
	if !ok {
		zeros, err := l.onlyZeros(l.unwritten(), end)
		if err == nil && !zeros {
			err = fmt.Errorf("%w: %s: damaged header at byte %d, after log record %d", store.ErrCorrupt, l.path, l.size, l.lastIndex())
		}
		return h, nil, true, err
	}
	if int64(frame.HeaderLen+h.Len) > end-l.size {
		return h, nil, true, nil
	}
	if cap(l.buf) < h.Len {
		l.buf = make([]byte, h.Len)
	}
	payload = l.buf[:h.Len]
	if _, err := l.f.ReadAt(payload, l.size+frame.HeaderLen); err != nil {
		return h, nil, false, err
	}
	if !h.Intact(payload) && l.size+int64(frame.HeaderLen+h.Len) == end && zeroSector(payload) {
		return h, nil, true, nil
	}
	return h, payload, false, nil
}

func (l *Log) lastIndex() int64 {
	if len(l.frames) == 0 {
		return 0
	}
	return l.frames[len(l.frames)-1].last
}

// unwritten is where a torn header at l.size would stop being written: a disk
// writes whole sectors.
func (l *Log) unwritten() int64 {
	const sector = 512
	if next := (l.size/sector + 1) * sector; next < l.size+frame.HeaderLen {
		return next
	}
	return l.size
}

// onlyZeros reports whether the file holds nothing but zeros in [from, end).
func (l *Log) onlyZeros(from, end int64) (bool, error) {
	buf := make([]byte, 4096)
	for from < end {
		b := buf[:min(int64(len(buf)), end-from)]
		if _, err := l.f.ReadAt(b, from); err != nil {
			return false, err
		}
		for _, c := range b {
			if c != 0 {
				return false, nil
			}
		}
		from += int64(len(b))
	}
	return true, nil
}

// zeroSector reports whether 512 bytes in a row are zero: much what etcd takes
// for the mark of a torn write (server/storage/wal/decoder.go).
func zeroSector(b []byte) bool {
	run := 0
	for _, c := range b {
		run++
		if c != 0 {
			run = 0
		}
		if run == 512 {
			return true
		}
	}
	return false
}

// Append implements store.Log; it is done when it returns.
func (l *Log) Append(records []*store.Record, done func(error)) {
	if l.err == nil {
		l.buf = frame.AppendRecords(l.buf[:0], records)
		l.err = l.write(l.buf)
	}
	if l.err == nil {
		n := int64(len(l.buf))
		l.frames = append(l.frames, span{records[0].Index, records[len(records)-1].Index, l.size, n})
		l.size += n
	}
	done(l.err)
}

func (l *Log) write(b []byte) error {
	if _, err := l.f.WriteAt(b, l.size); err != nil {
		return full(err)
	}
	if l.opts.Sync {
		return full(l.f.Sync())
	}
	return nil
}

// full marks the errors of a full disk.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", store.ErrNoSpace, err)
	}
	return err
}

// Compact implements store.Log; it is done when it returns.
func (l *Log) Compact(snap store.Snapshot, done func(error)) {
	if l.err == nil {
		l.err = l.rewrite(snap)
	}
	done(l.err)
}

// rewrite replaces the file by one of the snapshot and the frames that hold
// records from it on.
func (l *Log) rewrite(snap store.Snapshot) error {
	f, err := os.OpenFile(l.path+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return full(err)
	}
	next := &Log{path: l.path, opts: l.opts, f: f}
	err = lock(f)
	if err == nil {
		err = next.fill(snap, l)
	}
	if err == nil {
		err = os.Rename(f.Name(), l.path)
	}
	if err != nil {
		f.Close()
		os.Remove(f.Name())
		return full(err)
	}
	l.f.Close()
	*l = *next
	return syncDir(filepath.Dir(l.path))
}

// fill writes the whole of a compacted log and syncs it.
func (l *Log) fill(snap store.Snapshot, old *Log) error {
	put := func(b []byte) error {
		_, err := l.f.WriteAt(b, l.size)
		l.size += int64(len(b))
		return err
	}
	if err := put(signature[:]); err != nil {
		return err
	}
	for b := range frame.Snapshots(snap) {
		if err := put(b); err != nil {
			return err
		}
	}
	for _, s := range old.frames {
		if s.last < snap.Index {
			continue
		}
		b := make([]byte, s.len)
		if _, err := io.ReadFull(io.NewSectionReader(old.f, s.off, s.len), b); err != nil {
			return err
		}
		s.off = l.size
		l.frames = append(l.frames, s)
		if err := put(b); err != nil {
			return err
		}
	}
	return l.f.Sync()
}

// syncDir makes a rename in dir last.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// Resume implements store.Resumer: what a failed write left behind the last
// whole frame is cut off.
func (l *Log) Resume(done func(error)) {
	if errors.Is(l.err, store.ErrNoSpace) {
		l.err = l.f.Truncate(l.size)
	}
	done(l.err)
}

// Size implements store.Sizer.
func (l *Log) Size() int64 { return l.size }

// Close implements store.Log.
func (l *Log) Close() error {
	if l.err == nil {
		l.err = os.ErrClosed
	}
	return l.f.Close()
}
