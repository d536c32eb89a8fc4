package cluster

import (
	"strings"
	"testing"
	"time"

	"github.com/tabernetes/tabernetes/core/rest"
)

// TestShell types at a shell in a container, a line at a time, and reads what
// it prints: lines share their variables, a command may take several lines, and
// Ctrl-C goes back to the prompt.
func TestShell(t *testing.T) {
	c := start(t, Options{Seed: 1})
	run(t, c, "create deployment web --image=nginx")
	run(t, c, "expose deployment web --port=80")
	run(t, c, "run box --image=busybox -- sleep infinity")
	run(t, c, "wait --for=condition=Ready pod/box")
	var got strings.Builder
	sh, reply := c.server.Exec(rest.Message{Method: "POST", Path: "/api/v1/namespaces/default/pods/box/exec?command=sh&stdin=true&tty=true"}, func(frame []byte) {
		got.WriteString(string('0'+frame[0]) + string(frame[1:]))
	})
	if reply.Code != 101 {
		t.Fatal(reply.Code, string(reply.Body))
	}
	for _, step := range []struct{ typed, want string }{
		{"", "1/ # "},
		{"N=3\n", "1/ # "},
		{"echo one; echo $N\n", "1one\n13\n1/ # "},
		{"for i in a $N; do\n", "1> "},
		{"echo $i\n", "1> "},
		{"done\n", "1a\n13\n1/ # "},
		{"echo half", ""},
		{" a line\n", "1half a line\n1/ # "},
		{"nosuch\n", "1nosuch: no program really runs here; what can be had: wget, curl, nslookup, sh, echo, cat, env, hostname, date, sleep, seq, true and false\n1/ # "},
		{"wget -qO- http://web | grep -c h1\n", "11\n1/ # "},
		{"sleep 4; echo up\n", "1up\n1/ # "},
		{"echo 'open\n", "1> "},
		{"^C", "1/ # "},
		{"while true; do echo on; sleep 600; done\n", "1on\n"},
		{"^C", "1/ # "},
		{"exit 6\n", `3"command terminated with exit code 6","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"6"}]}`},
	} {
		if step.typed == "^C" {
			sh.Interrupt()
		} else {
			sh.Input(step.typed, false)
		}
		after(t, c, 5*time.Second)
		if is := got.String(); is != step.want && !(strings.HasPrefix(is, "3") && strings.Contains(is, step.want[1:])) {
			t.Errorf("%q: printed %q, want %q", step.typed, got.String(), step.want)
		}
		got.Reset()
	}
}

// after lets some time pass.
func after(t *testing.T, c *Cluster, d time.Duration) {
	t.Helper()
	if err := c.AdvanceTo(c.Now().Add(d), maxEvents); err != nil {
		t.Fatal(err)
	}
}

// TestShellReads: a script that is piped in is run to its end, and cat gives
// back what it is given.
func TestShellReads(t *testing.T) {
	c := start(t, Options{Seed: 1})
	run(t, c, "run box --image=busybox -- sleep infinity")
	run(t, c, "wait --for=condition=Ready pod/box")
	for _, x := range []struct{ command, given, want, exit string }{
		{"sh", "X=5\nif true; then\n echo $X\nfi\nfalse", "5\n", `"1"`},
		{"sh", "echo 'no end\n", "sh: syntax error\n", `"2"`},
		{"cat", "a\nb", "a\nb\n", "Success"},
		{"sh", "", "", "Success"},
		{"sh", strings.Repeat("(\n", 1000), "sh: syntax error\n", `"2"`},
		{"sh", strings.Repeat("\n", 100_000) + "exit 3", "", `"3"`},
	} {
		out, end := "", ""
		sh, reply := c.server.Exec(rest.Message{Method: "POST", Path: "/api/v1/namespaces/default/pods/box/exec?stdin=true&command=" + x.command}, func(frame []byte) {
			if frame[0] == 3 {
				end = string(frame[1:])
			} else {
				out += string(frame[1:])
			}
		})
		if reply.Code != 101 {
			t.Fatal(reply.Code, string(reply.Body))
		}
		sh.Input(x.given, true)
		after(t, c, time.Second)
		if !strings.HasPrefix(out, x.want) || x.want == "" && out != "" || !strings.Contains(end, x.exit) {
			t.Errorf("%s < %.40q: %q, %s", x.command, x.given, out, end)
		}
	}
}
