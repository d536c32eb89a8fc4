// Package archive is a cluster as one file: what a learner keeps, sends to
// somebody or takes to another browser. It holds the snapshot at the compaction
// revision and every revision after it with who wrote it and why, so that the
// past can be looked at after the way through a file as before.
//
// Export writes a store; Import reads a file that anybody may have made, into a
// Log that store.Open takes; Restore fills an empty Log of another kind with
// it. An archive is a copy of what the store holds in memory, so it can be made
// when the log has failed.
//
// The format, version 1; numbers are little-endian:
//
//	offset  size
//	     0     7  "tabclus"
//	     7     1  version
//	     8     4  length of the info
//	    12        info: JSON, see Info
//	              frames as in version 1 of package frame, one after the other,
//	              as one deflate stream
//	   -32    32  SHA-256 of all bytes before
//
// A file is refused with an error that wraps store.ErrCorrupt and says what is
// wrong: not one of ours, of a newer version, cut short or changed (the
// checksum), at odds with its own info, above Limits, or holding what no store
// could have written. Memory stays within Limits whatever the file says: counts
// are checked before anything is made of them, and what is made is counted.
//
// A new version adds a reader to the table in import.go; readers stay, and
// testdata keeps a file of each version that must open for ever. Left out:
// encryption, and signatures: the checksum finds damage, not forgery. What the
// values mean is not looked at here but where the cluster starts.
package archive

import (
	"errors"
	"fmt"
	"time"

	"github.com/tabernetes/tabernetes/core/store"
)

// Version is the version that Export writes.
const Version = 1

// Extension is how archives' file names end.
const Extension = ".tabernetes"

const signature = "tabclus"

// Info is what an archive says about itself. The first fields are the
// exporter's to fill; Export counts the rest.
type Info struct {
	Program string    `json:"program,omitempty"` // what wrote it, with its version
	Name    string    `json:"name,omitempty"`    // of the cluster
	Seed    uint64    `json:"seed"`
	Nodes   int       `json:"nodes"` // that have a kubelet
	Time    time.Time `json:"time"`  // virtual, of the export

	Revision int64 `json:"revision"` // the head
	Oldest   int64 `json:"oldest"`   // the first revision that can be read
	Records  int64 `json:"records"`
	Keys     int64 `json:"keys"`  // in the snapshot
	Bytes    int64 `json:"bytes"` // of the frames
}

// Limits bound what Import makes of a file.
type Limits struct {
	File    int64 // bytes of the file
	Bytes   int64 // of the frames; and again of strings and values made of them
	Entries int64 // records, changes, keys, leases and causes together
	// Ratio is how many times its own length, above FreeBytes, a file may
	// unpack to. Export packs less tightly rather than go over it.
	Ratio int64
}

// DefaultLimits are what every archive that Export writes keeps to: some
// hundred thousand revisions.
var DefaultLimits = Limits{File: 256 << 20, Bytes: 512 << 20, Entries: 8 << 20, Ratio: 100}

// FreeBytes is what any file may unpack to, however short it is.
const FreeBytes = 16 << 20

// maxInfo is the longest info that is read, in bytes.
const maxInfo = 4096

// errTooLarge is what Export fails with.
var errTooLarge = errors.New("the cluster is too large for one file; compact its history first")

// bad is the error for a file that is refused.
func bad(format string, args ...any) error {
	return fmt.Errorf("not a usable cluster file: %w: %s", store.ErrCorrupt, fmt.Sprintf(format, args...))
}

func (l Limits) unpacked(file int64) int64 { return min(l.Bytes, max(FreeBytes, l.Ratio*file)) }
