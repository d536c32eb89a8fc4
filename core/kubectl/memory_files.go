package kubectl

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
)

// Files are the named texts that -f, cat and redirects reach.
type Files interface {
	Read(name string) ([]byte, error)
	Write(name string, data []byte) error
	// Names lists what there is, sorted.
	Names() []string
}

// MemoryFiles are files in memory, by name: at most 100, of a megabyte each.
type MemoryFiles map[string][]byte

const (
	maxFiles    = 100
	maxFileSize = 1 << 20
)

// Read is a file's content, which the caller does not change, or fs.ErrNotExist.
func (f MemoryFiles) Read(name string) ([]byte, error) {
	data, ok := f[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return data, nil
}

// Write puts a file there, in place of one of that name.
func (f MemoryFiles) Write(name string, data []byte) error {
	if _, ok := f[name]; !ok && len(f) >= maxFiles || len(data) > maxFileSize {
		return errors.New("No space left on device")
	}
	f[name] = slices.Clone(data)
	return nil
}

// Names lists the files, sorted.
func (f MemoryFiles) Names() []string { return slices.Sorted(maps.Keys(f)) }
