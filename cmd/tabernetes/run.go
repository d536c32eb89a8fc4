package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"

	"github.com/spf13/pflag"

	"github.com/tabernetes/tabernetes/core/cluster"
	"github.com/tabernetes/tabernetes/core/kubectl"
	"github.com/tabernetes/tabernetes/core/store"
)

// bootSteps bounds how many events a cluster may take to start.
const bootSteps = 5_000_000

// run is `tabernetes run`: each line of a script until quiet, what the console
// prints, and then the chain.
func run(args []string, in io.Reader, out io.Writer) error {
	flags := pflag.NewFlagSet("run", pflag.ContinueOnError)
	flags.SortFlags = false
	flags.SetOutput(out)
	seed := flags.Uint64("seed", 1, "what all chance follows from")
	nodes := flags.Int("nodes", 3, "how many nodes the cluster has")
	output := flags.StringP("output", "o", "text", "text or json (one object a line)")
	boot := flags.Bool("boot", false, "print how the cluster itself came up, too")
	var where place
	where.flags(flags)
	if err := flags.Parse(args); err != nil {
		if err == pflag.ErrHelp {
			return err
		}
		return usageError{err}
	}
	form, err := formOf(*output, out)
	if err != nil {
		return usageError{err}
	}
	if flags.NArg() > 1 {
		return usageError{fmt.Errorf("run takes one script, got %d", flags.NArg())}
	}
	if err := where.check(); err != nil {
		return usageError{err}
	}
	if *nodes < 0 || *nodes > cluster.MaxNodes {
		return usageError{fmt.Errorf("--nodes: %d is not between 0 and %d", *nodes, cluster.MaxNodes)}
	}
	lines, dir, err := script(flags.Arg(0), in)
	if err != nil {
		return err
	}
	if err := where.open(); err != nil {
		return err
	}
	as := identity{Seed: *seed, Nodes: *nodes}
	if where.had && !flags.Changed("seed") {
		as.Seed = where.told.Seed
	}
	if where.had && !flags.Changed("nodes") {
		as.Nodes = where.told.Nodes
	}
	c, err := start(as, where.log, folder(dir))
	if err != nil {
		return err
	}
	if err := where.started(as); err != nil {
		return err
	}
	if err := c.RunUntilQuiet(bootSteps); err != nil {
		return err
	}
	if !*boot {
		form.skip(c)
	}
	if err := play(c, lines, form); err != nil {
		return err
	}
	if err := form.end(c); err != nil {
		return err
	}
	return where.leave(c)
}

// start makes a cluster of so many nodes on a log; nil is memory.
func start(as identity, log store.Log, files kubectl.Files) (*cluster.Cluster, error) {
	if as.Nodes == 0 {
		as.Nodes = -1
	}
	return cluster.New(cluster.Options{Seed: as.Seed, Nodes: as.Nodes, Log: log, Retain: -1, Files: files})
}

// play runs the lines one after the other.
func play(c *cluster.Cluster, lines []string, form form) error {
	for _, line := range lines {
		r, err := c.Run(line)
		if err != nil {
			return fmt.Errorf("%s: %w", line, err)
		}
		c.Flush()
		if err := form.line(c, r); err != nil {
			return err
		}
	}
	return nil
}

// script reads and splits the named script; "" and "-" are standard input.
// dir is where the files it names are looked for.
func script(name string, in io.Reader) (lines []string, dir string, err error) {
	dir = "."
	if name != "" && name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, "", err
		}
		defer f.Close()
		in, dir = f, filepath.Dir(name)
	}
	data, err := io.ReadAll(io.LimitReader(bufio.NewReader(in), kubectl.MaxScript+1))
	if err != nil {
		return nil, "", err
	}
	lines, err = kubectl.Split(string(data))
	return lines, dir, err
}

// folder lets the console read the files beside a script. What the console
// writes stays in memory.
func folder(dir string) kubectl.Files { return &files{dir: dir, written: map[string][]byte{}} }

type files struct {
	dir     string
	written map[string][]byte
}

// maxFile bounds a file that a script names, in bytes.
const maxFile = 8 << 20

func (f *files) Read(name string) ([]byte, error) {
	if data, ok := f.written[name]; ok {
		return data, nil
	}
	file, err := os.Open(filepath.Join(f.dir, name))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("%s is larger than the %d bytes allowed", name, maxFile)
	}
	return data, err
}

func (f *files) Write(name string, data []byte) error {
	f.written[name] = data
	return nil
}

func (f *files) Names() []string {
	names := make([]string, 0, len(f.written))
	for name := range f.written {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
