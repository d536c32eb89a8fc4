package edge

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf8"
)

// terminal is what stands between a keyboard whose every key is sent and a
// command that reads lines, as a machine's pty in its usual mode: it shows what
// is typed, lets the line be mended, and makes a signal of Ctrl-C. Cursor keys
// do nothing.
type terminal struct {
	give      func(text string, end bool)
	interrupt func()
	echo      io.Writer // nil for none
	line      []byte
	escape    int // how far into a key's sequence, as in ESC [ A
}

// The keys that do something.
const (
	ctrlC, ctrlD, ctrlU = 3, 4, 21
	backspace, delete_  = 8, 127
	escape              = 27
)

// mostLine is how long a line may be that is typed (N_TTY's 4096 bytes).
const mostLine = 4096

// typed takes keys.
func (t *terminal) typed(keys string) {
	for i := range len(keys) {
		t.key(keys[i])
	}
}

func (t *terminal) key(k byte) {
	if t.inSequence(k) {
		return
	}
	switch k {
	case '\r', '\n':
		t.show("\r\n")
		t.give(string(t.line)+"\n", false)
		t.line = nil
	case ctrlC:
		t.show("^C\r\n")
		t.line = nil
		t.interrupt()
	case ctrlD:
		t.give(string(t.line), len(t.line) == 0)
		t.line = nil
	case ctrlU:
		for len(t.line) > 0 {
			t.erase()
		}
	case backspace, delete_:
		t.erase()
	default:
		if k >= ' ' && len(t.line) < mostLine {
			t.line = append(t.line, k)
			t.show(string([]byte{k}))
		}
	}
}

// inSequence tells whether a byte belongs to a key that sends several.
func (t *terminal) inSequence(k byte) bool {
	switch {
	case k == escape:
		t.escape = 1
	case t.escape == 1 && (k == '[' || k == 'O'):
		t.escape = 2
	case t.escape == 2 && k >= '@' && k <= '~', t.escape == 1:
		t.escape = 0
	case t.escape == 0:
		return false
	}
	return true
}

// erase takes the last character off the line.
func (t *terminal) erase() {
	if len(t.line) == 0 {
		return
	}
	last, size := utf8.DecodeLastRune(t.line)
	t.line = t.line[:len(t.line)-size]
	width := 1
	if last >= 0x1100 { // as good as always two columns wide
		width = 2
	}
	t.show(strings.Repeat("\b", width) + strings.Repeat(" ", width) + strings.Repeat("\b", width))
}

func (t *terminal) show(text string) {
	if t.echo != nil {
		_, _ = io.WriteString(t.echo, text) // fails only where the client is gone
	}
}

// shown is what is printed as a terminal takes it.
func shown(text []byte) []byte { return bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")) }
