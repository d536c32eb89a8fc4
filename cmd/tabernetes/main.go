// Command tabernetes runs the engine of the page natively: a script of console
// lines in, the chain of events out; or a real API endpoint for real clients,
// with the page beside it.
//
// It is an edge: it reads arguments and files, makes a cluster, steps it and
// prints. What a cluster does is in core, and how it is put on the network in
// core/apiserver/edge.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/pflag"
)

const usage = `tabernetes is Kubernetes small enough to watch: the engine of the page, at the command line.

Usage:
  tabernetes run [--seed N] [--nodes N] [-o text|json] [--from FILE] [--save FILE] [--data DIR] [SCRIPT|-]
  tabernetes serve [--addr 127.0.0.1:6443] [--kubeconfig FILE] [--data DIR] [--nodes N] [--speed 1x|…|max] [--page DIR]
  tabernetes lessons list|run|new|verify|preview|export [NAME]
  tabernetes grade [--format table|json|csv|gradescope|classroom50] FILE|DIR…
  tabernetes version

Commands:
  run      run a script of console lines in a fresh cluster and print the chain of events
  serve    be a Kubernetes API for kubectl and other real clients, with the page beside it
  lessons  the course: do a lesson here, or write one
  grade    run handed-in homework again and score it
  version  print the version
`

func main() { os.Exit(execute(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// execute runs one command line and returns its exit code: 0 when it did what
// was asked, 1 when it could not, 2 when it was asked wrongly.
func execute(args []string, in io.Reader, out, errw io.Writer) int {
	if len(args) == 0 {
		fmt.Fprint(errw, usage)
		return 2
	}
	var err error
	switch args[0] {
	case "run":
		err = run(args[1:], in, out)
	case "serve":
		err = serve(args[1:], out, errw)
	case "grade":
		err = gradeCommand(args[1:], out, errw)
	case "lessons":
		err = lessonsCommand(args[1:], in, out, errw)
	case "version", "--version":
		fmt.Fprintln(out, "tabernetes "+version())
	case "help", "-h", "--help":
		fmt.Fprint(out, usage)
	default:
		err = usageError{fmt.Errorf("unknown command %q", args[0])}
	}
	var wrong usageError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, pflag.ErrHelp):
		return 0
	case errors.As(err, &wrong):
		fmt.Fprintf(errw, "tabernetes: %v\nRun 'tabernetes help' for usage.\n", err)
		return 2
	}
	fmt.Fprintf(errw, "tabernetes: %v\n", err)
	return 1
}

// usageError is a mistake in the command line.
type usageError struct{ error }
