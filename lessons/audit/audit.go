// Package audit reads an API server's audit log as the trace that a lesson's
// chain checks look at: who wrote what, in order.
//
// The log is what kube-apiserver writes with --audit-log-path: one
// audit.k8s.io/v1 Event a line. Level RequestResponse for create, update, patch
// and delete tells all that a log can tell; from lower levels the fields that a
// write changed, and generated names, are missing. The names of the components
// come from the user agents, as the real programs set them
// (k8s.io/kubernetes cmd/kube-controller-manager/app, v1.36.3), and from their
// service accounts.
//
// What no audit log holds: because of what something was written, what was
// notified to whom, what was decided. Checks that ask for it are said to be
// beyond it (lessons.Result.Beyond). Left out: reads, leases, dry runs, writes
// that changed nothing, and whatever concerns other namespaces.
package audit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"

	"github.com/tabernetes/tabernetes/core/trace"
)

// maxLine bounds what is read of one event, in bytes; longer ones are passed over.
const maxLine = 8 << 20

// Log follows an audit log from where it ended when it was opened. It is a
// lessons.Trace.
type Log struct {
	name      string
	file      *os.File
	in        *bufio.Reader
	pending   []byte // an event whose line is not finished yet
	tooLong   bool   // the pending line is passed over
	namespace string
	objects   *objects
	steps     *trace.Steps
	seq       int64
	changed   map[int64][]trace.Change // by Seq
	unknown   map[int64]bool
}

// Open begins behind the last event that the log holds now. namespace is the
// lesson's; in the trace it is called default, as lessons do.
func Open(name, namespace string) (*Log, error) {
	l := &Log{name: name, namespace: namespace, objects: newObjects(), steps: trace.NewSteps()}
	if err := l.open(io.SeekEnd); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *Log) open(whence int) error {
	f, err := os.Open(l.name)
	if err != nil {
		return err
	}
	if _, err := f.Seek(0, whence); err != nil {
		f.Close()
		return err
	}
	if l.file != nil {
		l.file.Close()
	}
	l.file, l.in, l.pending, l.tooLong = f, bufio.NewReaderSize(f, 1<<16), nil, false
	return nil
}

// Close closes the file.
func (l *Log) Close() error { return l.file.Close() }

// Whole is false: see the package's comment.
func (l *Log) Whole() bool { return false }

// Changes are what a write among the last More changed.
func (l *Log) Changes(e *trace.Line) ([]trace.Change, bool) {
	return l.changed[e.Seq], !l.unknown[e.Seq]
}

// More are the writes and refusals that have come since it was last asked.
func (l *Log) More() ([]trace.Line, error) {
	l.changed, l.unknown = map[int64][]trace.Change{}, map[int64]bool{}
	var out []trace.Line
	for {
		err := l.read(&out)
		if !errors.Is(err, io.EOF) {
			return out, err
		}
		if l.sameFile() {
			return out, nil
		}
		// The API server has renamed the file and begun a new one.
		if err := l.open(io.SeekStart); err != nil {
			return out, err
		}
	}
}

func (l *Log) sameFile() bool {
	now, err := os.Stat(l.name)
	if err != nil {
		return true // between the old file and the new one
	}
	open, err := l.file.Stat()
	return err != nil || os.SameFile(now, open)
}

// read takes events until the file ends, which is io.EOF.
func (l *Log) read(out *[]trace.Line) error {
	for {
		text, err := l.in.ReadSlice('\n')
		if len(l.pending)+len(text) > maxLine {
			l.pending, l.tooLong = nil, true
		}
		if !l.tooLong {
			l.pending = append(l.pending, text...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			return err
		}
		line, skip := l.pending, l.tooLong
		l.pending, l.tooLong = nil, false
		var e event
		if skip || len(bytes.TrimSpace(line)) == 0 || json.Unmarshal(line, &e) != nil {
			continue
		}
		if entry, ok := l.entry(&e); ok {
			*out = append(*out, entry)
		}
	}
}

// entry is an event as an entry of the trace, if it is one.
func (l *Log) entry(e *event) (trace.Line, bool) {
	if !e.writes() || e.ObjectRef.Namespace != "" && e.ObjectRef.Namespace != l.namespace {
		return trace.Line{}, false
	}
	namespace := e.ObjectRef.Namespace
	if namespace != "" {
		namespace = "default"
	}
	entry := trace.Entry{
		Seq: l.seq + 1, Type: trace.Write, Time: e.StageTimestamp, Actor: e.actor(l.objects),
		Verb: e.Verb, Group: e.ObjectRef.APIGroup, Resource: e.ObjectRef.Resource, Subresource: e.ObjectRef.Subresource,
		Namespace: namespace, Name: e.name(), Path: e.RequestURI, Code: e.ResponseStatus.Code, Revision: e.revision(),
	}
	if entry.Code >= 400 {
		entry.Type, entry.Reason, entry.Message, entry.Revision = trace.Refused, e.ResponseStatus.Reason, e.ResponseStatus.Message, 0
	} else {
		changes, known, nothing := l.objects.write(e)
		if nothing {
			return trace.Line{}, false
		}
		l.changed[entry.Seq], l.unknown[entry.Seq] = changes, !known
	}
	entry.Step = l.steps.Number(&entry)
	l.seq++
	return entry.Line(), true
}
