package kubectl

import (
	"time"

	"github.com/tabernetes/tabernetes/core/rest"
)

// Env is what a session stands on.
type Env struct {
	Transport rest.Transport
	// Now is the world's time.
	Now func() time.Time
	// After calls fn once, d later in the world's time, outside of any call
	// into this package. With d = 0 it means: next.
	After func(d time.Duration, fn func()) (cancel func())
	// Files may be nil: then there are no files.
	Files Files
	// Edit opens an editor and calls done once; saved is false when the
	// editor was closed without saving. nil: there is no editor.
	Edit func(name string, content []byte, done func(edited []byte, saved bool))
	// Server is the address that cluster-info shows.
	Server string
	// Clear empties the page's console; nil: clear does nothing.
	Clear func()
	// Outside runs curl or wget outside of the cluster: what it prints, its exit
	// code, and how long it takes. nil: there are no such programs.
	Outside func(words []string) (out, err string, exit int, takes time.Duration)
	// Halt is asked before each command; true ends the line, as Ctrl-C does.
	// Whoever bounds what a line may take has it; nil: lines run to their end.
	Halt func() bool
	// Kubectl runs another kubectl in place of this one, for lessons on other
	// clusters; nil: this one. in is nil where nothing is piped into it.
	Kubectl func(args []string, in []byte, out, err func(string)) (exit int)
}

// Session is one console: it remembers the namespace of its context and what
// discovery has told it.
type Session struct {
	env       Env
	namespace string
	found     *discovery
}

// NewSession returns a session in the namespace "default".
func NewSession(env Env) *Session {
	if env.Server == "" {
		env.Server = "https://127.0.0.1:6443"
	}
	return &Session{env: env, namespace: "default"}
}

// Namespace is that of the session's context.
func (s *Session) Namespace() string { return s.namespace }

// Run parses one console line, which may hold several commands and
// here-documents, and runs it. out and err get text as it is written; done is
// called exactly once, with the exit code of the last command, maybe before
// Run returns and maybe much later. interrupt ends the line with 130.
func (s *Session) Run(line string, out, err func(string), done func(exit int)) (interrupt func()) {
	x := &execution{session: s, out: out, err: err, done: done}
	list, perr := parseLine(line)
	if perr != nil {
		err(perr.Error() + "\n")
		x.end(2)
		return func() {}
	}
	x.list(list, 0, stdio{out: out}, x.end)
	return x.interrupt
}

// execution is one line being run.
type execution struct {
	session  *Session
	out, err func(string)
	done     func(int)
	ended    bool
	stop     func() // how to abandon the command that waits; nil when none does
}

func (x *execution) end(exit int) {
	if x.ended {
		return
	}
	x.ended = true
	x.stop = nil
	x.done(exit)
}

func (x *execution) interrupt() {
	if x.ended {
		return
	}
	if x.stop != nil {
		x.stop()
	}
	x.end(130)
}

// halted ends the line where it is not to go on.
func (x *execution) halted() bool {
	if x.session.env.Halt == nil || !x.session.env.Halt() {
		return false
	}
	x.interrupt()
	return true
}

// maxKept is how much output a pipe or a redirect holds, in bytes; what comes
// after that is dropped.
const maxKept = 64 << 20

// kept gathers output up to maxKept.
type kept []byte

func (k *kept) write(s string) {
	*k = append(*k, s[:min(len(s), maxKept-len(*k))]...)
}

// stdio is where a command reads and writes.
type stdio struct {
	in    []byte
	hasIn bool
	out   func(string)
}

// list runs statements one after the other.
func (x *execution) list(list []node, exit int, io stdio, then func(int)) {
	if x.ended {
		return
	}
	if len(list) == 0 {
		then(exit)
		return
	}
	x.node(list[0], io, func(exit int) { x.list(list[1:], exit, io, then) })
}

func (x *execution) node(n node, io stdio, then func(int)) {
	switch n := n.(type) {
	case *simple:
		x.simple(n, io, then)
	case *joined:
		x.joined(n, io, then)
	case group:
		x.list(n, 0, io, then)
	}
}

func (x *execution) joined(n *joined, io stdio, then func(int)) {
	if n.op == "|" {
		var text kept
		left := stdio{in: io.in, hasIn: io.hasIn, out: text.write}
		x.node(n.left, left, func(int) {
			x.node(n.right, stdio{in: text, hasIn: true, out: io.out}, then)
		})
		return
	}
	x.node(n.left, io, func(exit int) {
		if (exit == 0) == (n.op == "&&") {
			x.node(n.right, io, then)
			return
		}
		then(exit)
	})
}

// simple runs one command with its redirects.
func (x *execution) simple(n *simple, io stdio, then func(int)) {
	if x.ended || x.halted() {
		return
	}
	if n.hasIn {
		io.in, io.hasIn = n.in, true
	}
	if n.inFile != "" {
		data, err := x.session.read(n.inFile)
		if err != nil {
			x.err("bash: " + n.inFile + ": No such file or directory\n")
			then(1)
			return
		}
		io.in, io.hasIn = data, true
	}
	if n.outFile == "" {
		x.program(n.args, io, then)
		return
	}
	var text kept
	io.out = text.write
	x.program(n.args, io, func(exit int) {
		if err := x.session.write(n.outFile, text, n.appendTo); err != nil {
			x.err("bash: " + n.outFile + ": " + err.Error() + "\n")
			exit = 1
		}
		then(exit)
	})
}

// program finds what the first word names.
func (x *execution) program(args []string, io stdio, then func(int)) {
	if len(args) == 0 {
		then(0)
		return
	}
	if args[0] == "kubectl" || args[0] == "k" {
		x.kubectl(args[1:], io, then)
		return
	}
	if run, ok := tools[args[0]]; ok {
		run(x, args, io, then)
		return
	}
	x.err("bash: " + args[0] + ": command not found\n")
	if hint := toolHint(args); hint != "" {
		x.err(hint)
	}
	then(127)
}

// kubectl runs one command of kubectl. A command that finishes later goes on
// from the world's queue, never from within the delivery that finished it.
func (x *execution) kubectl(args []string, io stdio, then func(int)) {
	if x.session.env.Kubectl != nil {
		if !io.hasIn {
			io.in = nil
		}
		then(x.session.env.Kubectl(args, io.in, io.out, x.err))
		return
	}
	c := &call{session: x.session, stdin: io.in, hasStdin: io.hasIn, out: io.out, err: x.err}
	waiting, finished := false, false
	c.finish = func(err error) {
		if finished {
			return
		}
		finished = true
		x.stop = nil
		exit := c.report(err)
		if !waiting {
			then(exit)
			return
		}
		x.stop = x.session.env.After(0, func() {
			x.stop = nil
			then(exit)
		})
	}
	err := c.run(args)
	if err == errLater {
		if !finished {
			x.stop = func() {
				finished = true
				if c.stop != nil {
					c.stop()
				}
			}
		}
		waiting = true
		return
	}
	c.finish(err)
}
