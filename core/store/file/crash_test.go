package file_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/file"
)

func open(path string) (*store.Store, error) {
	log, err := file.Open(path, file.Options{})
	if err != nil {
		return nil, err
	}
	return store.Open(log, store.Options{})
}

// fill writes some batches and returns the size of the file after each.
func fill(t *testing.T, path string) (sizes []int64) {
	t.Helper()
	s, err := open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i := range 5 {
		if _, err := s.Put("/k", fmt.Appendf(nil, "%d %s", i, strings.Repeat("x", 600)), store.Origin{}); err != nil {
			t.Fatal(err)
		}
		s.Flush()
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, info.Size())
	}
	return sizes
}

// What a crash can leave at the end of the file is dropped; the same anywhere
// else, or a whole batch with wrong bytes, is refused by name.
func TestTail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	sizes := fill(t, path)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	zeroed := func(from, to int64) []byte {
		b := append([]byte(nil), whole...)
		clear(b[from:to])
		return b
	}
	wrong := func(at int64) []byte {
		b := append([]byte(nil), whole...)
		b[at] ^= 1
		return b
	}
	end, last := sizes[4], sizes[3]
	for name, test := range map[string]struct {
		data []byte
		rev  store.Revision
		want string
	}{
		"whole":                           {whole, 6, ""},
		"cut in the last batch":           {whole[:end-1], 5, ""},
		"cut in the last header":          {whole[:last+7], 5, ""},
		"room made, nothing written":      {append(whole[:end:end], make([]byte, 5000)...), 6, ""},
		"last batch not written":          {zeroed(last, end), 5, ""},
		"last batch half written":         {zeroed(last+100, end), 5, ""},
		"last batch wrong":                {wrong(end - 1), 0, "log records from 5 on: checksum does not match"},
		"garbage behind":                  {append(whole[:end:end], "This is no frame, and has no end."...), 0, "damaged header at byte " + strconv.FormatInt(end, 10) + ", after log record 5"},
		"second batch half zeros":         {zeroed(sizes[0]+60, sizes[1]), 0, "log records from 2 on: checksum does not match"},
		"second header zeros":             {zeroed(sizes[0], sizes[0]+21), 0, "after log record 1"},
		"third batch gone":                {append(whole[:sizes[1]:sizes[1]], whole[sizes[2]:]...), 0, "log record 4 of revision 5 follows record 2 of revision 3"},
		"not a log":                       {[]byte("apiVersion: v1\nkind: Pod\n"), 0, "is not a log"},
		"short and not a log":             {[]byte("no"), 0, "is not a log"},
		"crashed while it was being made": {whole[:3], 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "log")
			if err := os.WriteFile(path, test.data, 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := open(path)
			if test.want != "" {
				if !errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), test.want) {
					t.Errorf("open: %v, want %s", err, test.want)
				}
				return
			}
			if err != nil || s.Revision() != test.rev {
				t.Fatalf("open: revision %v, %v; want %d", s, err, test.rev)
			}
			for range 2 { // and it goes on from there
				if _, err := s.Put("/short", nil, store.Origin{}); err != nil {
					t.Fatal(err)
				}
				s.Close()
				if s, err = open(path); err != nil {
					t.Fatal(err)
				}
			}
			s.Close()
		})
	}
}

func TestNewerVersion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte("tabnlog\x63"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := open(path); err == nil || !strings.Contains(err.Error(), "newer version of this program: format 99, this one reads 1") {
		t.Errorf("open: %v", err)
	}
}

// A file has one writer, before and after a compaction replaced it.
func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	s, err := open(path)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := open(path); err == nil || !strings.Contains(err.Error(), "in use by another process") {
			t.Errorf("second open: %v", err)
		}
		s.Put("/k", nil, store.Origin{})
		if err := s.Compact(s.Revision()); err != nil {
			t.Fatal(err)
		}
		s.Flush()
	}
	s.Close()
	if s, err = open(path); err != nil || s.CompactRevision() != 3 {
		t.Fatalf("open after close: %v", err)
	}
	s.Close()
}

// Compaction makes the file smaller, and leaves nothing beside it.
func TestCompactionShrinks(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "log")
	before := fill(t, path)[4]
	s, err := open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Compact(s.Revision()); err != nil {
		t.Fatal(err)
	}
	s.Flush()
	info, err := os.Stat(path)
	if err != nil || info.Size() > before/2 {
		t.Errorf("compacted from %d to %v bytes, %v", before, info.Size(), err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("left beside the log: %v", files)
	}
}

// A full disk is the space alarm.
func TestFullDisk(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Log("only Linux has /dev/full")
		return
	}
	if _, err := open("/dev/full"); !errors.Is(err, store.ErrNoSpace) {
		t.Errorf("open on a full disk: %v, want %v", err, store.ErrNoSpace)
	}
}

const childEnv = "TABERNETES_STORE_CHILD"

// TestMain is the writer that TestKill kills, when it is asked to be.
func TestMain(m *testing.M) {
	if path := os.Getenv(childEnv); path != "" {
		if err := write(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// write writes until it is killed, and says what is durable. Value i is
// written as revision i.
func write(path string) error {
	s, err := open(path)
	if err != nil {
		return err
	}
	for {
		for range 10 {
			next := s.Revision() + 1
			if _, err := s.Put(fmt.Sprintf("/k/%d", next%7), []byte(strconv.Itoa(int(next))), store.Origin{Actor: "kubectl"}); err != nil {
				return err
			}
		}
		if s.Revision()%500 < 10 {
			if err := s.Compact(s.Revision() - 5); err != nil {
				return err
			}
		}
		s.Flush()
		fmt.Println(s.Durable())
	}
}

// TestKill kills a writing process again and again: the file opens, holds all
// that was reported durable, and no gap.
func TestKill(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "log")
	for kill := range 15 {
		cmd := exec.Command(exe)
		cmd.Env = append(os.Environ(), childEnv+"="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		acked := 0
		for n := 0; lines.Scan(); n++ {
			acked, _ = strconv.Atoi(lines.Text())
			if n == 20+17*kill {
				cmd.Process.Kill() // what it has said since is still read
			}
		}
		cmd.Wait()
		s, err := open(path)
		if err != nil {
			t.Fatalf("kill %d: %v", kill, err)
		}
		if s.Revision() < store.Revision(acked) || acked == 0 {
			t.Fatalf("kill %d: revision %d, but %d was durable", kill, s.Revision(), acked)
		}
		records, err := s.Records(0, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			if v := string(r.Events[0].KV.Value); v != strconv.Itoa(int(r.Revision)) {
				t.Fatalf("kill %d: revision %d holds %q", kill, r.Revision, v)
			}
		}
		s.Close()
	}
}
