package kubectl

import (
	"sort"
	"strings"

	"github.com/spf13/pflag"
)

// Endless tells whether a line holds a command that follows without an end of
// its own (get --watch, events --watch, logs --follow).
func Endless(line string) bool {
	list, err := parseLine(line)
	if err != nil {
		return false
	}
	endless := false
	eachSimple(list, func(n *simple) {
		if len(n.args) < 2 || n.args[0] != "kubectl" && n.args[0] != "k" {
			return
		}
		cmd, rest := find(root, n.args[1:])
		switch cmd.path() {
		case "kubectl get", "kubectl events", "kubectl logs":
			endless = endless || follows(cmd, rest)
		}
	})
	return endless
}

func eachSimple(list []node, fn func(*simple)) {
	for _, n := range list {
		switch n := n.(type) {
		case *simple:
			fn(n)
		case *joined:
			eachSimple([]node{n.left, n.right}, fn)
		case group:
			eachSimple(n, fn)
		}
	}
}

func follows(cmd *Command, args []string) bool {
	flags := commandFlags(cmd)
	if flags.Parse(args) != nil {
		return false
	}
	for _, name := range []string{"watch", "watch-only", "follow"} {
		if on, err := flags.GetBool(name); err == nil && on {
			return true
		}
	}
	return false
}

func commandFlags(cmd *Command) *pflag.FlagSet {
	flags := pflag.NewFlagSet(cmd.Name, pflag.ContinueOnError)
	flags.Usage = func() {}
	flags.SetOutput(discard{})
	if cmd.Setup != nil {
		cmd.Setup(flags)
	}
	globalFlags(flags)
	return flags
}

// Complete proposes how the word before cursor (a byte offset) could go on:
// whole words, sorted. Kinds and names come from the API server.
func (s *Session) Complete(line string, cursor int) []string {
	cursor = min(max(cursor, 0), len(line))
	words, current := completionWords(line[:cursor])
	if len(words) == 0 {
		return startingWith(current, append(sortedKeys(tools), "kubectl", "k"))
	}
	if words[0] != "kubectl" && words[0] != "k" {
		return s.completeFiles(current)
	}
	cmd, rest := find(root, words[1:])
	if strings.HasPrefix(current, "-") {
		return startingWith(current, flagWords(cmd))
	}
	if len(words) > 1 && (words[len(words)-1] == "-f" || words[len(words)-1] == "--filename") {
		return s.completeFiles(current)
	}
	c := s.quietCall(cmd, rest)
	if len(words) > 1 && (words[len(words)-1] == "-n" || words[len(words)-1] == "--namespace") {
		return startingWith(current, c.names("namespaces"))
	}
	if len(cmd.Sub) > 0 {
		if proposals := startingWith(current, subWords(cmd)); len(proposals) > 0 || cmd.Setup == nil {
			return proposals
		}
	}
	return c.completeResource(current)
}

// completionWords are the finished words of the last command and the one
// being typed.
func completionWords(text string) (words []string, current string) {
	text = forgive(text)
	if i := strings.LastIndexAny(text, ";|&\n"); i >= 0 {
		text = text[i+1:]
	}
	words = strings.Fields(text)
	if len(words) > 0 && !strings.HasSuffix(text, " ") {
		return words[:len(words)-1], words[len(words)-1]
	}
	return words, ""
}

func startingWith(prefix string, words []string) []string {
	var list []string
	seen := map[string]bool{}
	for _, w := range words {
		if strings.HasPrefix(w, prefix) && !seen[w] {
			seen[w] = true
			list = append(list, w)
		}
	}
	sort.Strings(list)
	return list
}

func subWords(cmd *Command) []string {
	var list []string
	for _, s := range cmd.Sub {
		if s.Short != "" || s.Name == "help" {
			list = append(list, s.Name)
		}
	}
	return list
}

func flagWords(cmd *Command) []string {
	var list []string
	commandFlags(cmd).VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		word := "--" + f.Name
		if f.NoOptDefVal == "" {
			word += "="
		}
		list = append(list, word)
	})
	return append(list, "--help")
}

func (s *Session) completeFiles(current string) []string {
	if s.env.Files == nil {
		return nil
	}
	return startingWith(current, s.env.Files.Names())
}

// quietCall is a call that only looks things up.
func (s *Session) quietCall(cmd *Command, args []string) *call {
	c := &call{session: s, cmd: cmd, out: func(string) {}, err: func(string) {}, finish: func(error) {}}
	c.flags = commandFlags(cmd)
	c.flags.ParseErrorsAllowlist.UnknownFlags = true
	_ = c.flags.Parse(args) // what is typed so far may be no whole flag yet
	return c
}

// completeResource proposes kinds, then names of the kind, and TYPE/NAME.
func (c *call) completeResource(current string) []string {
	args := c.flags.Args()
	if c.cmd.parent == nil || c.cmd.parent.Name == "create" || c.cmd.Name == "create" || c.cmd.Name == "apply" {
		return nil
	}
	if kind, _, found := strings.Cut(current, "/"); found {
		var list []string
		for _, name := range c.names(kind) {
			list = append(list, kind+"/"+name)
		}
		return startingWith(current, list)
	}
	if c.cmd.Name == "logs" {
		return startingWith(current, c.names("pods"))
	}
	if len(args) == 0 {
		return startingWith(current, c.kinds())
	}
	if c.cmd.Name == "explain" || c.cmd.Name == "config" {
		return nil
	}
	return startingWith(current, c.names(args[0]))
}

func (c *call) kinds() []string {
	found, err := c.discover()
	if err != nil {
		return nil
	}
	var list []string
	for _, m := range found.resources {
		if m.Preferred {
			list = append(list, m.Resource)
		}
	}
	return list
}

func (c *call) names(kind string) []string {
	m, err := c.mappingFor(kind)
	if err != nil {
		return nil
	}
	ns, _ := c.namespace()
	list, err := c.get(m.path(ns, ""), map[string][]string{"limit": {"500"}})
	if err != nil {
		return nil
	}
	var names []string
	_ = list.EachListItem(func(item runtimeObject) error { // what is no list has no names
		names = append(names, item.(*object).GetName())
		return nil
	})
	return names
}
