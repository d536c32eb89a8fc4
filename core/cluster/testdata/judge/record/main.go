// Command record asks a real Kubernetes control plane what it does for each
// scenario of the chain and writes the answer as one JSON transcript a scenario.
//
// It drives the cluster with kubectl, watches the scenario's namespace, reads
// the API server's audit log and joins the two: the audit log knows who wrote,
// the watches know at which revision. Each scenario runs several times in a
// fresh namespace, because real interleavings vary; what holds in every run is
// what a transcript claims.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

type options struct {
	audit, out, only, version, pause string
	runs, keep, parallel             int
	quiet                            time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.audit, "audit-log", "", "the API server's audit log (level RequestResponse for writes)")
	flag.StringVar(&o.out, "out", "..", "folder for the transcripts")
	flag.StringVar(&o.only, "only", "", "record only this scenario")
	flag.StringVar(&o.version, "version", "v1.36.3", "version of the control plane, written into the transcripts")
	flag.IntVar(&o.runs, "runs", 24, "runs of each scenario")
	flag.IntVar(&o.keep, "keep", 6, "runs written out in full")
	flag.IntVar(&o.parallel, "parallel", 3, "runs at the same time: a busy cluster interleaves more widely")
	flag.StringVar(&o.pause, "pause", "", "process ids of components to pause at random for moments while recording")
	flag.DurationVar(&o.quiet, "quiet", 2*time.Second, "a scenario is over when its namespace saw no write for this long")
	flag.Parse()
	if err := record(o); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func record(o options) error {
	c, err := connect()
	if err != nil {
		return err
	}
	stop, err := pauseAtRandom(o.pause)
	if err != nil {
		return err
	}
	defer stop()
	for _, s := range scenarios {
		if o.only != "" && o.only != s.Name {
			continue
		}
		t := transcript{Scenario: s.Name, Kubernetes: o.version, Setup: s.Setup, Command: s.Command}
		results, err := runAll(c, o, s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		for _, r := range results {
			t.Runs = append(t.Runs, r.run)
			t.addFinal(r.final)
		}
		t.derive(o.keep)
		fmt.Printf("%-18s %d runs: %d kinds of write, %d pairs in order\n", s.Name, len(results), len(t.Writes), len(t.Order))
		if err := write(filepath.Join(o.out, s.Name+".json"), t); err != nil {
			return err
		}
	}
	return nil
}

type result struct {
	run   run
	final objects
	err   error
}

// runAll plays a scenario o.runs times, o.parallel at a time.
func runAll(c *cluster, o options, s scenario) ([]result, error) {
	out := make([]result, o.runs)
	slots := make(chan bool, o.parallel)
	var all sync.WaitGroup
	for i := range out {
		slots <- true
		all.Go(func() {
			ns := fmt.Sprintf("judge-%s-%d-%s", s.Name, i, time.Now().UTC().Format("150405"))
			out[i].run, out[i].final, out[i].err = runOnce(c, o, s, ns)
			<-slots
		})
	}
	all.Wait()
	for i, r := range out {
		if r.err != nil {
			return nil, fmt.Errorf("run %d: %w", i+1, r.err)
		}
	}
	return out, nil
}

// runOnce plays one scenario in a namespace of its own and returns its run and
// the normalised objects that it ends with.
func runOnce(c *cluster, o options, s scenario, ns string) (run, objects, error) {
	if err := c.prepare(ns, s, o); err != nil {
		return run{}, objects{}, err
	}
	defer c.kubectl(ns, "delete namespace "+ns+" --wait=false")
	w, err := c.watch(ns)
	if err != nil {
		return run{}, objects{}, err
	}
	from, err := size(o.audit)
	if err != nil {
		return run{}, objects{}, err
	}
	command := s.Command
	if strings.Contains(command, "POD") {
		command = strings.ReplaceAll(command, "POD", w.anyPod())
	}
	if err := c.kubectl(ns, command); err != nil {
		return run{}, objects{}, err
	}
	entries, err := settle(o.audit, from, ns, o.quiet)
	if err != nil {
		return run{}, objects{}, err
	}
	frames := w.stop()
	names := nameObjects(w.initial, frames)
	final, err := c.final(ns, names)
	return join(entries, frames, names), final, err
}

func write(path string, t transcript) error {
	b, err := json.MarshalIndent(t, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(compact(b), '\n'), 0o644)
}
