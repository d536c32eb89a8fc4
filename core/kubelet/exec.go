package kubelet

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/network"
	"github.com/tabernetes/tabernetes/core/sim"
)

// Command is what is to be run in a running container.
type Command struct {
	Pod       *corev1.Pod
	Container string
	Words     []string
	Input     bool // it is given something to read
	Terminal  bool // what it prints is read, and what it reads typed, at a terminal
}

// ExitError is how a command ended that did not end well.
type ExitError struct{ Code int32 }

func (e ExitError) Error() string {
	return fmt.Sprintf("command terminated with exit code %d", e.Code)
}

// Exec is a command under way.
type Exec struct {
	c     *client.Client
	node  *Node
	cmd   Command
	run   *container
	live  *live
	began time.Time
	out   func(text string, err bool)
	done  func(error)

	script *script
	told   int // lines written of those that the script has printed
	timer  *client.Timer
	over   bool
	reader *reader // of what it is given to read; nil where it reads nothing
}

// Exec runs a command in a container: out hears what it prints, done once how
// it ended: nil, an ExitError, or why it could not be run. c is that of the
// machine's kubelet. It is not run if an error is returned.
func (n *Node) Exec(c *client.Client, cmd Command, out func(text string, err bool), done func(error)) (*Exec, error) {
	run := n.boxes[cmd.Pod.UID].find(cmd.Container)
	if !run.running() {
		return nil, apierrors.NewInternalError(fmt.Errorf("unable to upgrade connection: container not found (%q)", cmd.Container))
	}
	x := &Exec{c: c, node: n, cmd: cmd, run: run, began: c.Now(), out: out, done: done}
	img, err := resolve(run.image, n.more)
	if err != nil {
		return nil, apierrors.NewInternalError(err)
	}
	if program := path.Base(cmd.Words[0]); !img.entry.has(program) {
		return nil, apierrors.NewInternalError(fmt.Errorf("error executing command in container: failed to exec in container: failed to start exec: "+
			"OCI runtime exec failed: exec failed: unable to start container process: exec: %q: executable file not found in $PATH", cmd.Words[0]))
	}
	x.live = &live{
		begin: x.begin, env: x.env(), files: run.plan.filesAt(c.Now().Sub(run.started)), tools: img.entry.tools, rounds: true,
		search: strings.Join(network.Search(n.caller(cmd.Pod, n.boxes[cmd.Pod.UID])), " "),
	}
	if x.reader = readerOf(cmd, img); x.reader != nil {
		x.read()
		return x, nil
	}
	x.goOn()
	return x, nil
}

// Stop gives the command up.
func (x *Exec) Stop() {
	x.over = true
	x.timer.Stop()
}

// env is the environment of the container's programs.
func (x *Exec) env() map[string]string {
	spec := specOf(x.cmd.Pod, x.cmd.Container)
	if spec == nil {
		return nil
	}
	return environment(x.cmd.Pod, spec, nil)
}

// begin runs the command: a shell's script, or a single program.
func (x *Exec) begin(s *script) {
	words := x.cmd.Words
	if !isShell(path.Base(words[0])) {
		if !s.run(words) {
			s.unknown(words[0])
		}
		return
	}
	if i := slices.Index(words, "-c"); i+1 < len(words) {
		s.parse(words[i+1])
	}
}

// goOn takes the script as far as it goes at this time.
func (x *Exec) goOn() {
	now := x.c.Now().Sub(x.began)
	for {
		x.script = x.live.evaluate()
		a := x.script.memo.asks
		if a == nil || a.at > now || x.node.Network == nil {
			break
		}
		box := x.node.boxes[x.cmd.Pod.UID]
		x.live.tell(x.node.Network, x.node.caller(x.cmd.Pod, box), oldLookup(x.run.image), a, now)
	}
	x.write(now)
}

// write writes what has been printed by now, and waits for the next thing to come.
func (x *Exec) write(now time.Duration) {
	s := x.script
	lines := append(slices.Clone(s.memo.passed), s.lines...)
	for ; x.told < len(lines) && lines[x.told].after <= now; x.told++ {
		x.out(fill(lines[x.told].text, x.began.Add(lines[x.told].after))+"\n", lines[x.told].err)
	}
	next := s.at
	switch a, m := s.memo.asks, s.memo.marked; {
	case x.told < len(lines):
		x.wait(lines[x.told].after-now, func() { x.write(x.c.Now().Sub(x.began)) })
	case a != nil:
		x.wait(a.at-now, x.goOn)
	case m != nil: // the next round
		x.wait(m.at-now, func() {
			x.live.forget(x.script.memo)
			x.told = 0
			x.goOn()
		})
	case s.plan.lasts == forever:
		x.wait(365*24*time.Hour, func() { x.end(exitKilled) })
	case next > now:
		x.wait(next-now, func() { x.finish(s) })
	default:
		x.finish(s)
	}
}

// wait goes on after a while, if the container runs then.
func (x *Exec) wait(d time.Duration, fn func()) { x.waitAs(class(d), d, fn) }

func (x *Exec) waitAs(c sim.Class, d time.Duration, fn func()) {
	x.timer.Stop()
	x.timer = x.c.After(max(d, 0), c, "exec in "+client.Key(x.cmd.Pod), func() {
		switch {
		case x.over:
		case !x.run.running() || x.node.boxes[x.cmd.Pod.UID] == nil:
			x.end(exitKilled)
		default:
			fn()
		}
	})
}

func (x *Exec) end(code int32) {
	if x.over {
		return
	}
	x.over = true
	if code != 0 {
		x.done(ExitError{code})
		return
	}
	x.done(nil)
}

// simulated are the programs that a command may name.
const simulated = "wget, curl, nslookup, sh, echo, cat, env, hostname, date, sleep, seq, true and false"

// unknown says that a program is not run here.
func (s *script) unknown(program string) {
	s.code = 127
	s.lines = append(s.lines, line{after: s.at, text: program + ": no program really runs here; what can be had: " + simulated, err: true})
}

// etc are files that every container has.
func (s *script) etc(name string) ([]string, bool) {
	switch name {
	case "/etc/hostname":
		return []string{s.env["HOSTNAME"]}, true
	case "/etc/resolv.conf":
		return []string{"search " + s.search, "nameserver " + network.Nameserver, "options ndots:5"}, true
	}
	return nil, false
}
