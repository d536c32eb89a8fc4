package kubelet

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// redirect takes what a statement wrote since before to where its redirections
// say: into files, whose content nobody keeps. 2>&1 joins standard error to
// where the output goes by then, >&2 the output to standard error.
func (s *script) redirect(list []*syntax.Redirect, before int) {
	aside := false // standard output goes elsewhere
	for _, r := range list {
		isErr := r.N != nil && r.N.Value == "2"
		name := strings.Join(s.words([]*syntax.Word{r.Word}), " ")
		switch r.Op {
		case syntax.RdrAll, syntax.AppAll:
			s.drop(before, func(line) bool { return true })
		case syntax.DplOut:
			if isErr && name == "1" && aside {
				s.drop(before, func(l line) bool { return l.err })
			} else if isErr && name == "1" {
				for i := min(before, len(s.lines)); i < len(s.lines); i++ {
					s.lines[i].err = false
				}
			} else if !isErr && name == "2" && !aside {
				for i := min(before, len(s.lines)); i < len(s.lines); i++ {
					s.lines[i].err = true
				}
			}
			continue
		case syntax.RdrOut, syntax.AppOut:
			s.drop(before, func(l line) bool { return l.err == isErr })
			aside = aside || !isErr
		default:
			continue
		}
		if name != "/dev/null" {
			s.make(name, true)
		}
	}
}

// drop forgets some of what was written since before.
func (s *script) drop(before int, is func(line) bool) {
	from := min(before, len(s.lines))
	kept := slices.DeleteFunc(slices.Clone(s.lines[from:]), is)
	s.lines = append(s.lines[:from:from], kept...)
}

// pipe runs a pipe: what its left side writes is read by a filter on the right,
// or by nobody.
func (s *script) pipe(cmd *syntax.BinaryCmd) {
	before := len(s.lines)
	s.stmt(cmd.X)
	from := min(before, len(s.lines))
	if s.memo.asks != nil {
		s.lines = s.lines[:from] // nothing comes out before all has gone in
		return
	}
	var read []string
	for _, l := range s.lines[from:] {
		if !l.err {
			read = append(read, strings.Split(l.text, "\n")...)
		}
	}
	s.drop(before, func(l line) bool { return !l.err })
	call, ok := cmd.Y.Cmd.(*syntax.CallExpr)
	if !ok {
		s.stmt(cmd.Y)
		return
	}
	words := s.words(call.Args)
	if len(words) == 0 {
		return
	}
	out, code, known := filter(words, read)
	if !known {
		s.stmt(cmd.Y)
		return
	}
	mark := len(s.lines)
	for _, text := range out {
		s.lines = append(s.lines, line{after: s.at, text: text})
	}
	s.code = code
	s.redirect(cmd.Y.Redirs, mark)
}

// filter is what a program writes that reads lines; known is false for any other.
func filter(words, read []string) (out []string, code int32, known bool) {
	flags, rest := "", []string(nil)
	for _, w := range words[1:] {
		if strings.HasPrefix(w, "-") {
			flags += w[1:]
			continue
		}
		rest = append(rest, w)
	}
	switch path.Base(words[0]) {
	case "cat":
		return read, 0, true
	case "grep":
		if len(rest) == 0 {
			return nil, 2, true
		}
		out = slices.DeleteFunc(read, func(l string) bool { return strings.Contains(l, rest[0]) == strings.Contains(flags, "v") })
		if len(out) == 0 {
			code = 1
		}
		if strings.Contains(flags, "c") {
			out = []string{strconv.Itoa(len(out))}
		}
		return out, code, true
	case "sort":
		slices.Sort(read)
		if strings.Contains(flags, "u") {
			read = slices.Compact(read)
		}
		return read, 0, true
	case "uniq":
		return unique(read, strings.Contains(flags, "c")), 0, true
	case "wc":
		return []string{strconv.Itoa(len(read))}, 0, strings.Contains(flags, "l")
	case "head":
		n, err := strconv.Atoi(strings.TrimPrefix(flags, "n"))
		if len(rest) > 0 && flags == "n" {
			n, err = strconv.Atoi(rest[0])
		}
		if err != nil {
			n = 10
		}
		return read[:min(n, len(read))], 0, true
	}
	return nil, 0, false
}

// unique leaves out what is repeated, and counts it if asked to.
func unique(read []string, count bool) []string {
	var out []string
	for i := 0; i < len(read); {
		n := 1
		for i+n < len(read) && read[i+n] == read[i] {
			n++
		}
		if count {
			out = append(out, fmt.Sprintf("%7d %s", n, read[i]))
		} else {
			out = append(out, read[i])
		}
		i += n
	}
	return out
}
