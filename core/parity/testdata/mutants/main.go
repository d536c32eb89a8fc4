// Command mutants plants faults in the engine, one at a time, and sees who
// notices: the worlds of core/cluster (TestWorlds), whose invariants know
// nothing of how things are done, and the scenarios of core/parity, which know
// what a real control plane does. A fault that neither notices is a hole in both.
//
//	go run . [-only 'job/.*'] [-seeds 150] ../../MUTANTS.md
//
// The faults are listed in faults.list. The tree is not touched: the compiler is
// given the changed file in place of the real one (go test -overlay). The table
// is written to the file named; rows of faults that were not tried stay.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
)

type options struct {
	root, only string
	under      []string
	seeds      int
	check      bool
}

func main() {
	var o options
	under := flag.String("under", "", "a command under which builds and tests are run (nice, a queue)")
	flag.StringVar(&o.only, "only", "", "try only the faults whose name matches")
	flag.IntVar(&o.seeds, "seeds", 150, "worlds that are lived through, until one goes wrong")
	flag.BoolVar(&o.check, "check", false, "only see whether the faults can be planted")
	flag.Parse()
	o.under = strings.Fields(*under)
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: mutants [flags] TABLE.md")
		os.Exit(2)
	}
	if err := try(o, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// try tries the faults and writes the table after each, so that what is known
// is kept when it is interrupted.
func try(o options, table string) error {
	root, err := filepath.Abs("../../../..")
	if err != nil {
		return err
	}
	o.root = root
	only, err := regexp.Compile("^(" + o.only + ")$")
	if err != nil {
		return err
	}
	faults, err := read("faults.list", root)
	if err != nil {
		return err
	}
	rows, err := rowsOf(table)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	told := make(chan os.Signal, 1)
	signal.Notify(told, os.Interrupt)
	var errs []error
	for _, f := range faults {
		if o.only != "" && !only.MatchString(f.name) {
			continue
		}
		if err := o.tryOne(f, dir); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", f.name, err))
			continue
		}
		if o.check {
			continue
		}
		rows[f.name] = f.row()
		if err := write(table, faults, rows); err != nil {
			return err
		}
		if len(told) > 0 {
			return fmt.Errorf("interrupted after %s", f.name)
		}
	}
	return errors.Join(append(errs, write(table, faults, rows))...)
}

// tryOne plants a fault and says who notices; that nobody does is no error, for
// the table tells.
func (o options) tryOne(f *fault, dir string) error {
	if err := o.plant(f, dir); err != nil || o.check {
		return err
	}
	if err := o.judge(f, dir); err != nil {
		return err
	}
	fmt.Printf("%s\n  worlds:    %s\n  scenarios: %s %s\n", f.name, f.worlds, f.scenarios, f.own)
	return nil
}
