package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/tabernetes/tabernetes/core/cluster"
	"github.com/tabernetes/tabernetes/core/trace"
)

// form prints a run.
type form interface {
	// skip leaves out what has happened so far.
	skip(c *cluster.Cluster)
	// line prints what a console line came to.
	line(c *cluster.Cluster, r cluster.Result) error
	// end prints what comes last.
	end(c *cluster.Cluster) error
}

func formOf(name string, out io.Writer) (form, error) {
	switch name {
	case "text":
		return &textForm{out: out}, nil
	case "json":
		return &jsonForm{out: out}, nil
	}
	return nil, fmt.Errorf("--output: %q is not text or json", name)
}

// jsonForm prints one object a line, in the order of happening.
type jsonForm struct {
	out  io.Writer
	last int64
}

func (f *jsonForm) skip(c *cluster.Cluster) { f.last = c.LastEntry() }

func (f *jsonForm) line(c *cluster.Cluster, r cluster.Result) error {
	if err := f.entries(c); err != nil {
		return err
	}
	return f.print(struct {
		Type    string `json:"type"`
		Command string `json:"command"`
		Stdout  string `json:"stdout"`
		Stderr  string `json:"stderr"`
		Exit    int    `json:"exit"`
	}{"output", r.Command, r.Stdout, r.Stderr, r.Exit})
}

func (f *jsonForm) entries(c *cluster.Cluster) error {
	for _, e := range c.Entries(f.last, 0) {
		f.last = e.Seq
		if e.Type == trace.Write {
			changes, err := c.Changes(e.Revision)
			if err != nil {
				return err
			}
			e.Changed = trace.Paths(changes)
		}
		if err := f.print(e); err != nil {
			return err
		}
	}
	return nil
}

func (f *jsonForm) end(c *cluster.Cluster) error {
	if err := f.entries(c); err != nil {
		return err
	}
	return f.print(struct {
		Type string `json:"type"`
		Hash string `json:"hash"`
	}{"state", c.Hash()})
}

func (f *jsonForm) print(v any) error {
	enc := json.NewEncoder(f.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// textForm prints the console as a terminal would show it, and then the chain
// as a table, events and heartbeats left out.
type textForm struct {
	out   io.Writer
	first int64
}

func (f *textForm) skip(c *cluster.Cluster) { f.first = c.LastEntry() }

func (f *textForm) line(_ *cluster.Cluster, r cluster.Result) error {
	_, err := fmt.Fprintf(f.out, "$ %s\n%s%s", r.Command, r.Stdout, r.Stderr)
	if err == nil && r.Exit != 0 {
		_, err = fmt.Fprintf(f.out, "(exit %d)\n", r.Exit)
	}
	return err
}

func (f *textForm) end(c *cluster.Cluster) error {
	w := tabwriter.NewWriter(f.out, 0, 8, 2, ' ', 0)
	fmt.Fprint(w, "\nSTEP\tREV\tTIME\tACTOR\tWHAT\tOBJECT\tRESULT\tBECAUSE OF\n")
	for _, e := range c.Entries(f.first, 0) {
		if !told(e) {
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
			blankZero(int64(e.Step)), blankZero(revision(e)), e.Time[11:23], e.Actor, what(e), object(e), result(e), because(e))
	}
	return w.Flush()
}

// told says whether an entry belongs in the text: every step of the chain and
// every write but those of events and heartbeats.
func told(e trace.Line) bool {
	if e.Resource == "events" || e.Resource == "leases" {
		return false
	}
	return e.Step != 0 || e.Type == trace.Write || e.Type == trace.Refused
}

func revision(e trace.Line) int64 {
	if e.Type == trace.Write {
		return e.Revision
	}
	return 0
}

func what(e trace.Line) string {
	switch e.Type {
	case trace.Delivery:
		return "is told: " + e.Verb
	case trace.Decision:
		return strings.TrimSpace("decides: " + e.Verb + " " + e.Verdict.Subject)
	}
	w := e.Verb + " " + e.Resource
	if e.Subresource != "" {
		w += "/" + e.Subresource
	}
	return w
}

func object(e trace.Line) string {
	name := e.Name
	if e.Namespace != "" {
		name = e.Namespace + "/" + name
	}
	if e.Type == trace.Delivery {
		return e.Resource + " " + name
	}
	return name
}

func result(e trace.Line) string {
	switch {
	case e.Verdict != nil:
		return e.Verdict.Result
	case e.Type == trace.Refused:
		return fmt.Sprintf("%d %s", e.Code, e.Reason)
	}
	return blankZero(int64(e.Code))
}

func because(e trace.Line) string {
	words := make([]string, len(e.Causes))
	for i, c := range e.Causes {
		words[i] = fmt.Sprint(c)
	}
	return strings.Join(words, " ")
}

func blankZero(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}
