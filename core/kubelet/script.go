package kubelet

import (
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"mvdan.cc/sh/v3/syntax"

	"github.com/tabernetes/tabernetes/core/network"
)

// maxScriptSteps bounds what a script may do before it is taken to go on for ever.
const maxScriptSteps = 5000

// script runs a shell script as far as lessons need: commands one after the
// other, && and ||, if, loops, variables, echo, sleep, date and exit. All else
// ends well at once.
type script struct {
	env    map[string]string
	at     time.Duration
	lines  []line
	steps  int
	code   int32
	done   bool // exit was called, or it never comes to an end
	plan   plan
	files  map[string]bool // what it has made, or removed
	tools  string          // which programs that make calls its image has, "" for all
	search string          // the pod's search list, for /etc/resolv.conf
	memo   *memo
	typed  bool // line by line, by somebody who is told what cannot be run
}

// runScript tells what sh -c does with a text. A text that is no script fails
// as sh does.
func runScript(text string, env map[string]string, tools string) plan {
	return planLive(&live{begin: func(s *script) { s.parse(text) }, env: env, tools: tools})
}

// planLive is what a script does, as far as that is known.
func planLive(l *live) plan {
	s := l.evaluate()
	switch {
	case s.memo.asks != nil:
		s.plan.live, s.plan.asks, s.plan.lasts = l, s.memo.asks, forever
	case s.plan.lasts != forever:
		s.plan.lasts, s.plan.exit = max(s.at, atOnce), s.code
	}
	s.plan.lines, s.plan.passed = s.lines, s.memo.passed
	l.forget(s.memo)
	return s.plan
}

// parse runs a text; one that is no script fails as it does in sh.
func (s *script) parse(text string) {
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), "")
	if err != nil {
		s.code, s.lines = 2, append(s.lines, line{after: s.at, text: "sh: syntax error", err: true})
		return
	}
	s.stmts(file.Stmts)
}

// make notes that a file is there from now on, or gone.
func (s *script) make(name string, exists bool) {
	s.files[name] = exists
	s.plan.files = append(s.plan.files, file{s.at, name, exists})
}

func (s *script) stmts(list []*syntax.Stmt) {
	for _, stmt := range list {
		if s.done {
			return
		}
		s.stmt(stmt)
	}
}

func (s *script) stmt(stmt *syntax.Stmt) {
	if s.steps++; s.steps > maxScriptSteps {
		s.forever()
		return
	}
	before := len(s.lines)
	s.command(stmt.Cmd)
	s.redirect(stmt.Redirs, before)
	if stmt.Negated {
		s.code = map[bool]int32{true: 1, false: 0}[s.code == 0]
	}
}

func (s *script) forever() { s.done, s.plan.lasts = true, forever }

func (s *script) command(cmd syntax.Command) {
	switch cmd := cmd.(type) {
	case *syntax.CallExpr:
		s.call(cmd)
	case *syntax.Block:
		s.stmts(cmd.Stmts)
	case *syntax.Subshell:
		s.stmts(cmd.Stmts)
	case *syntax.BinaryCmd:
		s.binary(cmd)
	case *syntax.IfClause:
		s.branch(cmd)
	case *syntax.WhileClause:
		s.while(cmd)
	case *syntax.ForClause:
		s.each(cmd)
	default:
		s.code = 0
	}
}

func (s *script) binary(cmd *syntax.BinaryCmd) {
	if cmd.Op == syntax.Pipe || cmd.Op == syntax.PipeAll {
		s.pipe(cmd)
		return
	}
	s.stmt(cmd.X)
	if s.done || cmd.Op == syntax.AndStmt && s.code != 0 || cmd.Op == syntax.OrStmt && s.code == 0 {
		return
	}
	s.stmt(cmd.Y)
}

func (s *script) branch(cmd *syntax.IfClause) {
	s.stmts(cmd.Cond)
	switch {
	case s.done:
	case s.code == 0:
		s.stmts(cmd.Then)
	case cmd.Else != nil:
		if len(cmd.Else.Cond) > 0 {
			s.branch(cmd.Else)
			return
		}
		s.stmts(cmd.Else.Then)
	}
}

// while runs a loop. One whose condition is plainly true is run once to see
// what a round prints and how long it takes, and then goes on for ever; one
// that makes calls goes on a round at a time.
func (s *script) while(cmd *syntax.WhileClause) {
	if endless(cmd) {
		before, from, used := s.lines, s.at, s.memo.used
		s.lines = nil
		s.stmts(cmd.Cond)
		s.stmts(cmd.Do)
		if again := s.memo.used > used || s.memo.rounds; s.done || again {
			if s.lines = append(before, s.lines...); !s.done {
				s.round(cmd, from)
			}
			return
		}
		for i := range s.lines {
			s.lines[i].after -= from
		}
		s.plan.every, s.plan.from, s.plan.loop = max(s.at-from, 10*ms), from, s.lines
		s.lines = before
		s.forever()
		return
	}
	for !s.done {
		s.stmts(cmd.Cond)
		if s.done || (s.code == 0) == cmd.Until {
			break
		}
		s.stmts(cmd.Do)
	}
	if !s.done {
		s.code = 0
	}
}

func endless(cmd *syntax.WhileClause) bool {
	if len(cmd.Cond) != 1 {
		return false
	}
	call, ok := cmd.Cond[0].Cmd.(*syntax.CallExpr)
	if !ok || len(call.Args) == 0 {
		return false
	}
	word := call.Args[0].Lit()
	if word == "sleep" {
		return !cmd.Until
	}
	return len(call.Args) == 1 && (!cmd.Until && (word == "true" || word == ":") || cmd.Until && word == "false")
}

func (s *script) each(cmd *syntax.ForClause) {
	loop, ok := cmd.Loop.(*syntax.WordIter)
	if !ok {
		return
	}
	for _, item := range s.words(loop.Items) {
		if s.done {
			return
		}
		s.env[loop.Name.Value] = item
		s.stmts(cmd.Do)
	}
}

func (s *script) call(cmd *syntax.CallExpr) {
	for _, a := range cmd.Assigns {
		if a.Name != nil && a.Value != nil {
			s.env[a.Name.Value] = strings.Join(s.words([]*syntax.Word{a.Value}), " ")
		}
	}
	s.code = 0
	words := s.words(cmd.Args)
	if len(words) == 0 {
		return
	}
	if words[0] == "exit" {
		s.exit(words[1:])
		return
	}
	if words[0] == "exec" && len(words) > 1 {
		words = words[1:]
	}
	if !s.run(words) && s.typed {
		s.unknown(words[0])
	}
}

// run runs one program; false for one that it can't tell what it does.
func (s *script) run(words []string) bool {
	if program := path.Base(words[0]); network.Knows(program) {
		if !hasTool(s.tools, program) {
			s.code, s.lines = 127, append(s.lines, line{after: s.at, text: "sh: " + words[0] + ": not found", err: true})
			return true
		}
		s.ask(append([]string{program}, words[1:]...))
		return true
	}
	if s.reading(words) || s.filing(words) {
		return true
	}
	p, known := simple(words, s.env)
	if !known {
		return false
	}
	for _, l := range p.lines {
		s.lines = append(s.lines, line{after: s.at + l.after, text: l.text})
	}
	s.code = p.exit
	if p.lasts == forever {
		s.forever()
		return true
	}
	if p.lasts > atOnce {
		s.at += p.lasts
	}
	return true
}

// reading does what shows a file or variables that are known here; false for
// any other command.
func (s *script) reading(words []string) bool {
	var texts []string
	switch path.Base(words[0]) {
	case "env", "printenv":
		if len(words) > 1 {
			texts = []string{s.env[words[1]]}
			break
		}
		for _, name := range slices.Sorted(maps.Keys(s.env)) {
			texts = append(texts, name+"="+s.env[name])
		}
	case "cat":
		if len(words) != 2 {
			return false
		}
		var known bool
		if texts, known = s.etc(words[1]); !known {
			return false
		}
	default:
		return false
	}
	for _, text := range texts {
		s.lines = append(s.lines, line{after: s.at, text: text})
	}
	return true
}

// filing does what commands do that are about files; false for any other.
func (s *script) filing(words []string) bool {
	switch words[0] {
	case "touch", "mkdir", "rm":
		for _, w := range words[1:] {
			if !strings.HasPrefix(w, "-") {
				s.make(w, words[0] != "rm")
			}
		}
		return true
	}
	missing := missingFile(words, s.files)
	if missing == "" {
		return false
	}
	s.code = 1
	if missing != " " {
		s.lines = append(s.lines, line{after: s.at, text: missing, err: true})
	}
	return true
}

func (s *script) exit(words []string) {
	s.done = true
	if len(words) > 0 {
		code, _ := strconv.Atoi(words[0])
		s.code = int32(code & 0xff)
	}
}

// words expands what it can: literals, quotes, $NAME and $(date).
func (s *script) words(list []*syntax.Word) []string {
	var out []string
	for _, w := range list {
		text, split := s.parts(w.Parts)
		if split {
			out = append(out, strings.Fields(text)...)
			continue
		}
		out = append(out, text)
	}
	return out
}

func (s *script) parts(parts []syntax.WordPart) (text string, split bool) {
	var b strings.Builder
	for _, part := range parts {
		switch part := part.(type) {
		case *syntax.Lit:
			b.WriteString(part.Value)
		case *syntax.SglQuoted:
			b.WriteString(part.Value)
		case *syntax.DblQuoted:
			inner, _ := s.parts(part.Parts)
			b.WriteString(inner)
		case *syntax.ParamExp:
			if part.Param != nil {
				b.WriteString(s.env[part.Param.Value])
				split = true
			}
		case *syntax.CmdSubst:
			b.WriteString(s.output(part.Stmts))
			split = true
		}
	}
	return b.String(), split
}

// output is what commands print, on one line.
func (s *script) output(list []*syntax.Stmt) string {
	inner := &script{env: s.env, files: s.files, at: s.at, tools: s.tools, memo: s.memo}
	inner.stmts(list)
	s.at, s.done = inner.at, s.done || s.memo.asks != nil
	texts := make([]string, len(inner.lines))
	for i, l := range inner.lines {
		texts[i] = l.text
	}
	return strings.Join(texts, " ")
}
