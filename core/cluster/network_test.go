package cluster

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tabernetes/tabernetes/core/network"
	"github.com/tabernetes/tabernetes/core/trace"
)

var rewrite = flag.Bool("rewrite", false, "write what the transcripts in testdata/network came to")

// TestNetworkTranscripts plays consoles that ask services from within pods: each
// line that begins with "$ " is typed, and what follows it is what is printed.
func TestNetworkTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/network/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got := play(t, string(want))
		if *rewrite {
			if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s:\n%s", file, diff)
		}
	}
}

func play(t *testing.T, transcript string) string {
	t.Helper()
	c := start(t, Options{Seed: 1})
	var out strings.Builder
	for line := range strings.Lines(transcript) {
		switch typed, is := strings.CutPrefix(line, "$ "); {
		case is:
			typed = strings.TrimSpace(typed)
			r, err := c.Run(typed)
			if err != nil {
				t.Fatalf("%s: %v", typed, err)
			}
			fmt.Fprintf(&out, "$ %s\n%s%s", typed, r.Stdout, r.Stderr)
			if r.Exit != 0 {
				fmt.Fprintf(&out, "[%d]\n", r.Exit)
			}
		case strings.HasPrefix(line, "#: "):
			do, with, _ := strings.Cut(strings.TrimSpace(line[3:]), " ")
			if err := c.Apply(Input{Do: Deed(do), With: with}, nil); err != nil {
				t.Fatal(err)
			}
			settle(t, c)
			out.WriteString(line)
		case strings.HasPrefix(line, "#"):
			out.WriteString(line)
		}
	}
	return out.String()
}

// TestRulesOutliveTheirProxy: without kube-proxy services lead where they led,
// to pods that are gone too; CoreDNS takes its names with it.
func TestRulesOutliveTheirProxy(t *testing.T) {
	c := start(t, Options{Seed: 1})
	run(t, c, "create deployment web --image=nginx")
	run(t, c, "expose deployment web --port=80")
	ask := func(want string) {
		t.Helper()
		from := network.Caller{Namespace: "default", Node: "node-1", IP: "10.244.1.99", ClusterDNS: true}
		o := c.network.Send(from, "web", 80, network.Request{Method: "GET", Path: "/"})
		if got := string(o.Failure); got != want {
			t.Errorf("the request came to %q (%s), want %q", got, o.To, want)
		}
	}
	deed := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		settle(t, c)
	}
	ask("")
	deed(c.Stop(network.ProxyActor))
	ask("")
	run(t, c, "delete pod -l app=web")
	ask("no-route")
	deed(c.Start(network.ProxyActor))
	ask("")
	deed(c.Stop(network.DNSActor))
	ask("no-dns")
	deed(c.Restart(network.DNSActor))
	deed(c.Start(network.DNSActor))
	ask("")
	run(t, c, "delete service web")
	ask("no-such-name")
}

// TestNetworkControllersRest: a second pass over an unchanged world, by
// controllers that have just started, writes nothing.
func TestNetworkControllersRest(t *testing.T) {
	c := start(t, Options{Seed: 1})
	run(t, c, "create deployment web --image=nginx")
	run(t, c, "expose deployment web --port=80 --type=LoadBalancer")
	pass(t, c, 12*time.Second)
	before := c.LastEntry()
	for _, actor := range []string{"service-controller", network.IngressActor, network.ProxyActor, network.DNSActor} {
		if err := c.Restart(actor); err != nil {
			t.Fatal(err)
		}
	}
	pass(t, c, time.Minute)
	for _, e := range c.Entries(before, 0) {
		if e.Type == trace.Write && (e.Actor == "service-controller" || strings.HasPrefix(e.Actor, "ingress")) {
			t.Errorf("%s wrote: %s %s %s", e.Actor, e.Verb, e.Resource, e.Name)
		}
	}
	if got := c.Traffic(); len(got) != 0 {
		t.Errorf("there was traffic: %+v", got)
	}
}
