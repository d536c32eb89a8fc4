// Command upstream has Kubernetes' own end-to-end tests run against
// `tabernetes serve`, and writes down how they went:
//
//	go run ./core/apiserver/edge/testdata/upstream -e2e /path/to/e2e.test -server .build/tabernetes > core/apiserver/edge/e2e.md
//
// e2e.test is `go test -c k8s.io/kubernetes/test/e2e` at v1.36.3, and no part of
// this repository. Which tests are run, area by area, and which cannot pass
// here for a reason stands in areas.txt. What an area came to is kept in a file
// of its own, so that -only runs some again and the table still has all.
package main

import (
	"bufio"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// plan is what areas.txt says.
type plan struct {
	areas   []area
	reasons []reason
}

// area is tests that are run together, against a cluster of their own.
type area struct{ name, focus string }

// reason says why tests whose names match are not run.
type reason struct {
	names *regexp.Regexp
	why   string
}

// outcome is how a test went: passed, failed, not applicable, or not run.
type outcome struct {
	Area, Name, How string
	Why             string `json:",omitempty"`
}

func main() {
	e2e := flag.String("e2e", "", "upstream's e2e.test")
	server := flag.String("server", ".build/tabernetes", "our binary")
	file := flag.String("areas", "core/apiserver/edge/testdata/upstream/areas.txt", "what to run")
	only := flag.String("only", "", "run the areas whose names match this alone; \"^$\" runs none and makes the table again")
	kept := flag.String("kept", ".build/upstream", "the folder for what each area came to")
	limit := flag.Duration("limit", 30*time.Minute, "for each area")
	flag.Parse()
	if err := run(*e2e, *server, *file, *only, *kept, *limit); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(e2e, server, file, only, kept string, limit time.Duration) error {
	if e2e == "" {
		return errors.New("-e2e names no binary")
	}
	p, err := readPlan(file)
	if err != nil {
		return err
	}
	chosen, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(kept, 0o777); err != nil {
		return err
	}
	for _, a := range p.areas {
		if !chosen.MatchString(a.name) {
			continue
		}
		got, err := p.test(a, e2e, server, limit)
		if err != nil {
			return fmt.Errorf("%s: %w", a.name, err)
		}
		if err := keep(a.file(kept), got); err != nil {
			return err
		}
	}
	all, err := p.kept(kept)
	if err != nil {
		return err
	}
	write(os.Stdout, all)
	return nil
}

// file is where what an area came to is kept.
func (a area) file(dir string) string {
	return filepath.Join(dir, strings.NewReplacer(" ", "-", ",", "", "'", "").Replace(strings.ToLower(a.name))+".json")
}

func keep(file string, got []outcome) error {
	data, err := json.MarshalIndent(got, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o666)
}

// kept reads what all areas came to, each when it was last run.
func (p *plan) kept(dir string) (all []outcome, err error) {
	for _, a := range p.areas {
		data, err := os.ReadFile(a.file(dir))
		if err != nil {
			return nil, fmt.Errorf("%s was never run: %w", a.name, err)
		}
		var got []outcome
		if err := json.Unmarshal(data, &got); err != nil {
			return nil, err
		}
		all = append(all, got...)
	}
	return all, nil
}

// readPlan reads areas.txt: "area NAME" and a pattern in the next line, "not
// here PATTERN" and why in the next line.
func readPlan(name string) (*plan, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p := &plan{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		lines.Scan()
		next := strings.TrimSpace(lines.Text())
		if area_, ok := strings.CutPrefix(text, "area "); ok {
			p.areas = append(p.areas, area{area_, next})
			continue
		}
		pattern, ok := strings.CutPrefix(text, "not here ")
		if !ok {
			return nil, fmt.Errorf("%s: %q is neither an area nor a reason", name, text)
		}
		names, err := regexp.Compile(pattern)
		if err != nil {
			return nil, err
		}
		p.reasons = append(p.reasons, reason{names, next})
	}
	return p, nil
}

// test runs an area and returns how each of its tests went.
func (p *plan) test(a area, e2e, server string, limit time.Duration) ([]outcome, error) {
	dir, err := os.MkdirTemp("", "upstream")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	config := filepath.Join(dir, "kubeconfig")
	serve := exec.Command(server, "serve", "--addr", "127.0.0.1:0", "--page-addr", "127.0.0.1:0", "--nodes", "4", "--kubeconfig", config)
	out, err := serve.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := serve.Start(); err != nil {
		return nil, err
	}
	defer func() { _ = serve.Process.Kill(); _ = serve.Wait() }() // nothing of it is kept
	for lines := bufio.NewScanner(out); lines.Scan() && !strings.Contains(lines.Text(), "Ctrl-C"); {
	}
	go func() { _, _ = io.Copy(io.Discard, out) }() // until it ends
	var skip []string
	for _, r := range p.reasons {
		skip = append(skip, "("+r.names.String()+")")
	}
	log, err := os.Create(filepath.Join(os.TempDir(), "upstream-"+strings.ReplaceAll(a.name, " ", "-")+".log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	fmt.Fprintf(os.Stderr, "%s: %s\n", a.name, log.Name())
	tests := exec.Command(e2e, "--provider=skeleton", "--kubeconfig="+config, "--allowed-not-ready-nodes=10",
		"--ginkgo.focus="+a.focus, "--ginkgo.skip="+strings.Join(skip, "|"), "--ginkgo.no-color",
		"--ginkgo.timeout="+limit.String(), "--report-dir="+dir)
	tests.Stdout, tests.Stderr = log, log
	failed := tests.Run() // the report says what
	got, err := p.read(a, filepath.Join(dir, "junit_01.xml"))
	if err != nil {
		return nil, errors.Join(failed, err)
	}
	return got, nil
}

// report is a JUnit report, as far as it matters.
type report struct {
	Cases []struct {
		Name    string `xml:"name,attr"`
		Status  string `xml:"status,attr"`
		Skipped *struct {
			Message string `xml:"message,attr"`
		} `xml:"skipped"`
		Failure *struct {
			Message string `xml:"message,attr"`
			Text    string `xml:",chardata"`
		} `xml:"failure"`
	} `xml:"testsuite>testcase"`
}

func (p *plan) read(a area, name string) ([]outcome, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var r report
	if err := xml.Unmarshal(data, &r); err != nil {
		return nil, err
	}
	focus, err := regexp.Compile(a.focus)
	if err != nil {
		return nil, err
	}
	var out []outcome
	for _, c := range r.Cases {
		test, ok := strings.CutPrefix(c.Name, "[It] ")
		if !ok || !focus.MatchString(test) {
			continue
		}
		o := outcome{Area: a.name, Name: test, How: c.Status}
		switch i := slices.IndexFunc(p.reasons, func(r reason) bool { return r.names.MatchString(test) }); {
		case i >= 0:
			o.How, o.Why = "not applicable", p.reasons[i].why
		case c.Status == "skipped" && c.Skipped != nil && strings.Contains(c.Skipped.Message, " - "):
			_, why, _ := strings.Cut(c.Skipped.Message, " - ")
			o.How, o.Why = "not applicable", "the test says: "+brief(why)
		case c.Status == "skipped":
			o.How, o.Why = "not run", "not reached in the time given"
		case c.Status != "passed":
			o.How = "failed"
			if c.Failure != nil {
				o.Why = brief(c.Failure.Message + " " + c.Failure.Text)
			}
		}
		out = append(out, o)
	}
	slices.SortFunc(out, func(x, y outcome) int { return strings.Compare(x.Name, y.Name) })
	return out, nil
}

// brief is the beginning of a failure's text, up to where in the code it was.
func brief(text string) string {
	text, _, _ = strings.Cut(strings.Join(strings.Fields(text), " "), " In [")
	words := []rune(strings.TrimPrefix(text, "[FAILED] "))
	return string(words[:min(len(words), 160)])
}

// write makes the table.
func write(w io.Writer, all []outcome) {
	count := map[string]int{}
	for _, o := range all {
		count[o.How]++
	}
	fmt.Fprintf(w, `# Kubernetes' own end-to-end tests

Tests of k8s.io/kubernetes/test/e2e v1.36.3 against %[1]stabernetes serve%[1]s: %d passed, %d failed, %d not applicable, %d not run. Made by

    make e2e-upstream E2E=/path/to/e2e.test

where e2e.test is what %[1]sgo test -c k8s.io/kubernetes/test/e2e%[1]s makes of that version. What is run, and why some of it cannot be, stands in [testdata/upstream/areas.txt](testdata/upstream/areas.txt).
`, "`", count["passed"], count["failed"], count["not applicable"], count["not run"])
	area := ""
	for _, o := range all {
		if o.Area != area {
			area = o.Area
			fmt.Fprintf(w, "\n## %s\n\n| test | | why |\n|---|---|---|\n", area)
		}
		clean := strings.NewReplacer("|", `\|`, "<", "&lt;")
		fmt.Fprintf(w, "| %s | %s | %s |\n", clean.Replace(o.Name), o.How, clean.Replace(o.Why))
	}
}
