package cluster

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// run types a kubectl command that has to go well.
func run(t *testing.T, c *Cluster, line string) {
	t.Helper()
	r, err := c.Run("kubectl " + line)
	if err != nil || r.Exit != 0 {
		t.Fatalf("kubectl %s: exit %d, %v\n%s%s", line, r.Exit, err, r.Stdout, r.Stderr)
	}
}

// manifests are the files in testdata/judge/manifests, for kubectl's -f.
type manifests struct{}

func (manifests) Read(name string) ([]byte, error) {
	return os.ReadFile(filepath.Join("testdata", "judge", "manifests", name))
}

func (manifests) Write(string, []byte) error { return errors.ErrUnsupported }

func (manifests) Names() []string { return nil }

// paper is the one file there is: what somebody has written last.
type paper struct{ text *string }

func (p paper) Read(string) ([]byte, error) { return []byte(*p.text), nil }
func (p paper) Write(string, []byte) error  { return os.ErrPermission }
func (p paper) Names() []string             { return nil }
