package file_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/file"
	"github.com/tabernetes/tabernetes/core/store/storetest"
)

// medium is a log file. Opening it again copies it first: the old process is
// gone but its lock is not.
type medium struct {
	t         *testing.T
	dir, path string
	n         *int // copies in dir
}

func (m *medium) Open() (store.Log, error) {
	data, err := os.ReadFile(m.path)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	m.write(data)
	return file.Open(m.path, file.Options{})
}

func (m *medium) write(data []byte) {
	*m.n++
	m.path = filepath.Join(m.dir, fmt.Sprintf("log-%d", *m.n))
	if err := os.WriteFile(m.path, data, 0o600); err != nil {
		m.t.Fatal(err)
	}
}

func (m *medium) Settle(func() bool) {}

func (m *medium) bytes() []byte {
	data, err := os.ReadFile(m.path)
	if err != nil {
		m.t.Fatal(err)
	}
	return data
}

func (m *medium) Places() int { return len(m.bytes()) }

func (m *medium) Flip(at int) storetest.Medium {
	data := m.bytes()
	data[at] ^= 0x41
	return m.copy(data)
}

func (m *medium) Cut(at int) storetest.Medium { return m.copy(m.bytes()[:at]) }

func (m *medium) copy(data []byte) storetest.Medium {
	c := &medium{t: m.t, dir: m.dir, n: m.n}
	c.write(data)
	return c
}

func TestLog(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Medium {
		dir := t.TempDir()
		return &medium{t: t, dir: dir, path: filepath.Join(dir, "log"), n: new(int)}
	})
}
