package kubelet

import (
	"path"
	"slices"
	"strings"
	"time"

	"mvdan.cc/sh/v3/syntax"

	"github.com/tabernetes/tabernetes/core/sim"
)

// reader is what a command does that reads: a shell without a script takes its
// commands from there, one after the other, and cat gives back what comes.
type reader struct {
	shell  bool
	prompt string // "" without a terminal
	text   string // what came in and is not read yet
	ended  bool   // nothing more will come in
	idle   bool   // it waits for more
	code   int32  // of the last command
	busy   bool   // read is under way
}

// readerOf is nil for a command that does not read.
func readerOf(cmd Command, img *image) *reader {
	r := &reader{ended: !cmd.Input, idle: true}
	switch program := path.Base(cmd.Words[0]); {
	case isShell(program) && !slices.Contains(cmd.Words, "-c"):
		if r.shell = true; cmd.Terminal {
			r.prompt = "root@" + cmd.Pod.Name + ":/# "
			if img.entry.binary == "sh" {
				r.prompt = "/ # "
			}
		}
	case program == "cat" && len(cmd.Words) == 1:
	default:
		return nil
	}
	return r
}

// Input is what comes in for the command to read; end says that no more will.
func (x *Exec) Input(text string, end bool) {
	r := x.reader
	if r == nil || x.over || r.ended {
		return
	}
	r.text, r.ended = r.text+text, end
	if end || strings.Contains(text, "\n") {
		x.read()
	}
}

// Interrupt is Ctrl-C at the command's terminal: a shell goes on with the next
// line, anything else ends.
func (x *Exec) Interrupt() {
	if x.over {
		return
	}
	x.timer.Stop()
	if x.reader == nil || !x.reader.shell {
		x.end(exitInterrupted)
		return
	}
	x.reader.text, x.reader.idle, x.reader.code = "", true, exitInterrupted
	x.read()
}

const exitInterrupted = 130 // 128 and SIGINT

// read goes on with what came in, as far as that can be run.
func (x *Exec) read() {
	r := x.reader
	if r.busy {
		return
	}
	r.busy = true
	defer func() { r.busy = false }()
	for r.idle && !x.over {
		text, more := r.next()
		switch {
		case text != "":
			r.idle, x.told = false, 0
			x.live.at, x.live.answers, x.live.endless = x.c.Now().Sub(x.began), nil, false
			x.live.begin = func(s *script) { r.run(s, text) }
			x.goOn()
		case r.ended:
			x.end(r.code)
		default:
			if r.prompt != "" && more {
				x.out("> ", false)
			} else if r.prompt != "" {
				x.out(r.prompt, false)
			}
			x.linger()
			return
		}
	}
}

// How long a command may be that is read: lines and bytes.
const (
	mostLines = 200
	mostText  = 16 << 10
)

// next takes the first lines off what came in that are a whole command; more
// says that what is there is the beginning of one.
func (r *reader) next() (text string, more bool) {
	for lines, end := 1, 0; end < len(r.text); lines++ {
		i := strings.IndexByte(r.text[end:], '\n')
		if end += i + 1; i < 0 {
			if !r.ended {
				break
			}
			end = len(r.text)
		}
		last := end == len(r.text) && r.ended || lines == mostLines || end > mostText
		if more = r.shell && !last && incomplete(r.text[:end]); more {
			continue
		}
		text, r.text = r.text[:end], r.text[end:]
		return text, false
	}
	return "", more
}

func incomplete(text string) bool {
	_, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), "")
	return syntax.IsIncomplete(err)
}

// run runs what was read.
func (r *reader) run(s *script, text string) {
	if !r.shell {
		s.lines = append(s.lines, line{after: s.at, text: strings.TrimSuffix(text, "\n")})
		return
	}
	s.code, s.typed = r.code, true
	s.parse(text)
}

// finish ends a command that has run to its end; one that reads goes on with
// what comes next, unless it called exit.
func (x *Exec) finish(s *script) {
	r := x.reader
	if r == nil || s.done {
		x.end(s.code)
		return
	}
	x.live.env, x.live.files = s.env, s.files
	r.idle, r.code = true, s.code
	x.read()
}

// linger has a command that waits for something to read end with its container.
func (x *Exec) linger() { x.waitAs(sim.Idle, time.Second, x.linger) }
