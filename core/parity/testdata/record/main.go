// Command record plays the scenarios of core/parity on a real control plane and
// writes what it saw under their looks. It starts the control plane itself, on
// loopback, from the folder with its binaries (kube-apiserver,
// kube-controller-manager, kube-scheduler, kubectl, etcd, kwok), and ends it.
//
//	go run . -bin FOLDER [-runs 4] [-more] [-only 'deployment/.*'] ..
//
// Each scenario is played several times in namespaces of its own, many at once;
// those that bring their own nodes one after the other. While they are, the
// control plane's processes are paused at random for moments: a component that
// falls behind shows orders that a calm machine never does, so fewer accidents
// pass for rules. With -more what is recorded already stays, and is held to the
// new playings; the scenarios with the fewest come first.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tabernetes/tabernetes/core/parity"
)

type options struct {
	bin, only      string
	runs, parallel int
	port           int
	fresh, more    bool
	quiet, atMost  time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.bin, "bin", os.Getenv("PARITY_BIN"), "folder with the control plane's binaries (PARITY_BIN)")
	flag.StringVar(&o.only, "only", "", "record only scenarios whose name matches")
	flag.BoolVar(&o.fresh, "fresh", false, "record only scenarios that have no facts yet")
	flag.BoolVar(&o.more, "more", false, "add to the playings that are recorded")
	flag.IntVar(&o.runs, "runs", 4, "how often each scenario is played")
	flag.IntVar(&o.parallel, "parallel", 12, "playings at the same time")
	flag.IntVar(&o.port, "port", 26443, "first of the ports used on loopback")
	flag.DurationVar(&o.quiet, "quiet", 2*time.Second, "all is over when nothing was written for this long")
	flag.DurationVar(&o.atMost, "for", time.Hour, "begin with no scenario after this time; -fresh goes on another time")
	flag.Parse()
	if o.bin == "" || flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: record -bin FOLDER [flags] TESTDATA")
		os.Exit(2)
	}
	if err := record(o, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// script is a file with the scenario in it.
type script struct {
	path, text string
	parity.Scenario
}

func scripts(o options, folder string) ([]script, error) {
	only, err := regexp.Compile("^(" + o.only + ")$")
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(folder, "*", "*.txt"))
	var out []script
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		name := filepath.Base(filepath.Dir(file)) + "/" + strings.TrimSuffix(filepath.Base(file), ".txt")
		s, err := parity.Parse(name, string(text))
		if err != nil {
			return nil, err
		}
		if o.only != "" && !only.MatchString(name) || o.fresh && recorded(s) {
			continue
		}
		out = append(out, script{file, string(text), s})
	}
	if o.more {
		slices.SortStableFunc(out, func(a, b script) int { return a.Playings - b.Playings })
	}
	return out, err
}

func recorded(s parity.Scenario) bool {
	for _, step := range s.Steps {
		if len(step.Facts) > 0 {
			return true
		}
	}
	return false
}

func record(o options, folder string) error {
	all, err := scripts(o, folder)
	if err != nil || len(all) == 0 {
		return errors.Join(err, fmt.Errorf("%d scenarios to record", len(all)))
	}
	j, err := start(o)
	if err != nil {
		return err
	}
	defer j.stop()
	go j.endWhenTold()
	if slices.ContainsFunc(all, func(s script) bool { return strings.HasPrefix(s.Name, "autoscaler/") }) {
		if err := j.serveMetrics(); err != nil {
			return err
		}
	}
	defer j.pauseAtRandom()()
	if err := j.together(all); err != nil {
		return err
	}
	return j.alone(all)
}

// together plays the scenarios that share the three usual nodes.
func (j *judge) together(all []script) error {
	if err := j.nodes(3); err != nil {
		return err
	}
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		errs  []error
	)
	slots := make(chan bool, j.parallel)
	for i, s := range all {
		if s.Alone() || j.late() {
			continue
		}
		runs, failed := make([][]parity.Seen, j.runs), make([]error, j.runs)
		var one sync.WaitGroup
		for n := range runs {
			slots <- true
			one.Go(func() {
				runs[n], failed[n] = j.play(s, fmt.Sprintf("p-%d-%d", i, n))
				<-slots
			})
		}
		group.Go(func() {
			one.Wait()
			err := s.write(runs, j.more, errors.Join(failed...))
			mu.Lock()
			errs = append(errs, err)
			mu.Unlock()
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// alone plays those that bring their own.
func (j *judge) alone(all []script) error {
	var errs []error
	cleared := false
	for i, s := range all {
		if !s.Alone() || j.late() {
			continue
		}
		if !cleared {
			cleared = true
			if err := j.clearNodes(); err != nil {
				return err
			}
		}
		var runs [][]parity.Seen
		var err error
		for n := range j.runs {
			var seen []parity.Seen
			seen, err = j.play(s, fmt.Sprintf("p-%d-%d", i, n))
			if err == nil {
				runs = append(runs, seen)
			}
			if err2 := j.clearNodes(); err != nil || err2 != nil {
				err = errors.Join(err, err2)
				break
			}
		}
		errs = append(errs, s.write(runs, j.more, err))
	}
	return errors.Join(errs...)
}

// write puts what the playings of a scenario saw into its file.
func (s script) write(runs [][]parity.Seen, more bool, err error) error {
	if err != nil {
		fmt.Fprintln(os.Stderr, "FAILED", s.Name, err)
		return err
	}
	more = more && recorded(s.Scenario)
	playings := len(runs)
	if more {
		playings += max(s.Playings, fewest)
	}
	var facts [][]parity.Fact
	for _, step := range s.Steps {
		if !step.Looks() {
			continue
		}
		var seen []parity.Seen
		for _, run := range runs {
			seen = append(seen, run[len(facts)])
		}
		if more {
			facts = append(facts, parity.More(step.Facts, seen))
		} else {
			facts = append(facts, parity.Of(seen))
		}
	}
	fmt.Println("recorded", s.Name)
	return os.WriteFile(s.path, []byte(parity.Rewrite(s.text, facts, playings)), 0o644)
}

// fewest is how often a scenario has been played whose file does not say.
const fewest = 2
