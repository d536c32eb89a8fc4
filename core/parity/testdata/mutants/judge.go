package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// patience is how long a test may take; with many a fault it never ends.
const patience = 5 * time.Minute

// plant has the compiler see a fault, and tells whether it compiles.
func (o options) plant(f *fault, dir string) error {
	if f.broken != nil {
		return f.broken
	}
	changed, overlay := filepath.Join(dir, "changed.go"), filepath.Join(dir, "overlay.json")
	what, _ := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(o.root, f.file): changed}})
	if err := errors.Join(os.WriteFile(changed, []byte(f.text), 0o644), os.WriteFile(overlay, what, 0o644)); err != nil {
		return err
	}
	build := o.command(context.Background(), o.root, "go", "build", "-overlay", overlay, "./"+filepath.Dir(f.file))
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("it does not compile: %s", out)
	}
	return nil
}

// near are the folders of scenarios that a fault shows in first.
var near = map[string]string{
	"replicaset": "replicaset|deployment", "cronjob": "cronjob|job", "ttlafterfinished": "job", "garbagecollector": "garbage|deployment",
	"disruption": "budget|drain", "endpoints": "service", "resourcequota": "quota", "serviceaccount": "account", "rootca": "account",
	"podgc": "node", "nodelifecycle": "node", "tainteviction": "node", "podautoscaler": "autoscaler", "persistentvolume": "volume|scheduler",
	"volumeprotection": "volume|scheduler", "roleaggregation": "role", "kubelet": "pod|job|node",
}

// judge says how the worlds and the scenarios notice the fault that is planted;
// where neither does, whether the package's own tests do.
func (o options) judge(f *fault, dir string) (err error) {
	area := filepath.Dir(f.name)
	if folders := near[area]; folders != "" {
		area = folders
	}
	if f.worlds, err = o.notice(dir, "core/cluster", "^TestWorlds$", firstWorld); err != nil {
		return err
	}
	f.scenarios, err = o.notice(dir, "core/parity", "^TestScenarios$/^("+area+")$", failed)
	if err == nil && f.scenarios == nobody && f.worlds == nobody {
		f.scenarios, err = o.notice(dir, "core/parity", "^TestScenarios$", failed)
	}
	if f.own = ""; err == nil && f.scenarios == nobody && f.worlds == nobody {
		f.own, err = o.notice(dir, filepath.Dir(f.file), ".", failed)
	}
	return err
}

// build builds a package's tests, if it has any, with the fault in it.
func (o options) build(dir, pkg string) error {
	_ = os.Remove(binary(dir, pkg))
	build := o.command(context.Background(), o.root, "go", "test", "-c", "-vet=off", "-overlay", filepath.Join(dir, "overlay.json"), "-o", binary(dir, pkg), "./"+pkg)
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("it does not compile: %s", out)
	}
	return nil
}

func binary(dir, pkg string) string { return filepath.Join(dir, filepath.Base(pkg)+".test") }

// notice runs a test, and returns what its output says; one that hangs or
// panics has noticed too.
func (o options) notice(dir, pkg, test string, read func(*bufio.Scanner) string) (string, error) {
	if err := o.build(dir, pkg); err != nil {
		return "", err
	}
	if _, none := os.Stat(binary(dir, pkg)); none != nil {
		return nobody, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	run := o.command(ctx, filepath.Join(o.root, pkg), binary(dir, pkg), "-test.run", test, "-test.v", "-test.timeout", patience.String())
	run.Env = append(os.Environ(), fmt.Sprint("TABERNETES_SEEDS=", o.seeds))
	pipe, err := run.StdoutPipe()
	if err != nil {
		return "", err
	}
	run.Stderr = run.Stdout
	if err := run.Start(); err != nil {
		return "", err
	}
	lines := bufio.NewScanner(pipe)
	lines.Buffer(nil, 1<<24)
	said := read(lines)
	if said != nobody {
		cancel() // the rest is no matter
	}
	err = run.Wait()
	switch {
	case said != nobody || err == nil:
		return said, nil
	case ctx.Err() != nil:
		return "it does not come to an end", nil
	}
	return fmt.Sprintf("it ends with %v", err), nil
}

func (o options) command(ctx context.Context, dir string, args ...string) *exec.Cmd {
	args = append(append([]string{}, o.under...), args...)
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.WaitDelay = dir, time.Second
	return cmd
}

var world = regexp.MustCompile(`seed (\d+): (.*)`)

// firstWorld is the first world that has gone wrong. What is read is up to
// there: the others need not be lived through.
func firstWorld(lines *bufio.Scanner) string {
	for lines.Scan() {
		if m := world.FindStringSubmatch(lines.Text()); m != nil {
			return fmt.Sprintf("world %s: %s", m[1], short(m[2]))
		}
		if strings.HasPrefix(lines.Text(), "panic: ") {
			return short(lines.Text())
		}
	}
	return nobody
}

var test = regexp.MustCompile(`--- FAIL: (?:TestScenarios/)?(\S+) `)

// failed is the first scenario, or other test, that has come out otherwise.
func failed(lines *bufio.Scanner) string {
	for lines.Scan() {
		if m := test.FindStringSubmatch(lines.Text()); m != nil && m[1] != "TestScenarios" {
			return m[1]
		}
		if strings.HasPrefix(lines.Text(), "panic: ") {
			return short(lines.Text())
		}
	}
	return nobody
}

// short is a message for a table: without revisions and identities, cut.
func short(s string) string {
	s = regexp.MustCompile(`revision \d+: |\*?\b(v1|apps|batch)\.`).ReplaceAllString(s, "")
	s = strings.ReplaceAll(s, "|", "/")
	if r := []rune(s); len(r) > 110 {
		s = string(r[:110]) + "…"
	}
	return s
}
