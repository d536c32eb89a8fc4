package kubectl

import (
	"errors"
	"fmt"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// node is a part of a parsed line: *simple, *joined or group.
type node interface{}

// simple is one command.
type simple struct {
	args     []string
	in       []byte // here-document
	hasIn    bool
	inFile   string // < file
	outFile  string // > file
	appendTo bool   // >> file
}

// joined is two commands with && || or | between them.
type joined struct {
	op          string
	left, right node
}

// group is commands one after the other.
type group []node

// parseLine splits what was typed into commands as a shell does. Expansions,
// background jobs and shell functions are not part of this console.
func parseLine(line string) ([]node, error) {
	parser := syntax.NewParser(syntax.Variant(syntax.LangBash))
	file, err := parser.Parse(strings.NewReader(forgive(line)), "")
	if err != nil {
		var perr syntax.ParseError
		if errors.As(err, &perr) {
			return nil, fmt.Errorf("bash: syntax error: %s", perr.Text)
		}
		return nil, fmt.Errorf("bash: syntax error: %v", err)
	}
	return statements(file.Stmts)
}

func statements(stmts []*syntax.Stmt) ([]node, error) {
	var list []node
	for _, s := range stmts {
		n, err := statement(s)
		if err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, nil
}

func unsupported(what string) error {
	return fmt.Errorf("bash: %s not supported in this console", what)
}

func statement(s *syntax.Stmt) (node, error) {
	if s.Background || s.Coprocess || s.Disown {
		return nil, unsupported("background jobs (&) are")
	}
	if s.Negated {
		return nil, unsupported("negation (!) is")
	}
	switch cmd := s.Cmd.(type) {
	case nil:
		return simpleCommand(nil, s.Redirs)
	case *syntax.CallExpr:
		if len(cmd.Assigns) > 0 {
			return nil, unsupported("shell variables are")
		}
		return simpleCommand(cmd.Args, s.Redirs)
	case *syntax.BinaryCmd:
		return binary(cmd)
	case *syntax.Block:
		list, err := statements(cmd.Stmts)
		return group(list), err
	case *syntax.Subshell:
		list, err := statements(cmd.Stmts)
		return group(list), err
	}
	return nil, unsupported("shell programming is")
}

func binary(cmd *syntax.BinaryCmd) (node, error) {
	if cmd.Op == syntax.PipeAll {
		return nil, unsupported("|& is")
	}
	left, err := statement(cmd.X)
	if err != nil {
		return nil, err
	}
	right, err := statement(cmd.Y)
	if err != nil {
		return nil, err
	}
	return &joined{op: cmd.Op.String(), left: left, right: right}, nil
}

func simpleCommand(words []*syntax.Word, redirs []*syntax.Redirect) (node, error) {
	n := &simple{}
	for _, w := range words {
		arg, err := word(w)
		if err != nil {
			return nil, err
		}
		n.args = append(n.args, arg)
	}
	for _, r := range redirs {
		if err := n.redirect(r); err != nil {
			return nil, err
		}
	}
	return n, nil
}

func (n *simple) redirect(r *syntax.Redirect) error {
	if r.N != nil {
		return unsupported(fmt.Sprintf("redirecting %s%s is", r.N.Value, r.Op))
	}
	target, err := word(r.Word)
	if err != nil {
		return err
	}
	switch r.Op {
	case syntax.Hdoc, syntax.DashHdoc:
		body, err := word(r.Hdoc)
		if r.Op == syntax.DashHdoc {
			body = dedent(body)
		}
		n.in, n.hasIn = []byte(body), true
		return err
	case syntax.WordHdoc:
		n.in, n.hasIn = []byte(target+"\n"), true
	case syntax.RdrIn:
		n.inFile = target
	case syntax.RdrOut, syntax.RdrClob:
		n.outFile = target
	case syntax.AppOut:
		n.outFile, n.appendTo = target, true
	default:
		return unsupported(fmt.Sprintf("the redirect %s is", r.Op))
	}
	return nil
}

func dedent(body string) string {
	lines := strings.Split(body, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimLeft(l, "\t")
	}
	return strings.Join(lines, "\n")
}

// word is the text of a word once quotes are taken off.
func word(w *syntax.Word) (string, error) {
	if w == nil {
		return "", nil
	}
	var b strings.Builder
	for _, part := range w.Parts {
		switch p := part.(type) {
		case *syntax.Lit:
			b.WriteString(unescape(p.Value, ""))
		case *syntax.SglQuoted:
			if p.Dollar {
				b.WriteString(ansiC(p.Value))
			} else {
				b.WriteString(p.Value)
			}
		case *syntax.DblQuoted:
			if err := doubleQuoted(&b, p); err != nil {
				return "", err
			}
		default:
			return "", unsupported(expansion(part))
		}
	}
	return b.String(), nil
}

func doubleQuoted(b *strings.Builder, q *syntax.DblQuoted) error {
	for _, part := range q.Parts {
		lit, ok := part.(*syntax.Lit)
		if !ok {
			return unsupported(expansion(part))
		}
		b.WriteString(unescape(lit.Value, "$`\"\\\n"))
	}
	return nil
}

func expansion(part syntax.WordPart) string {
	switch part.(type) {
	case *syntax.ParamExp:
		return "shell variables ($NAME) are"
	case *syntax.CmdSubst:
		return "command substitution ($(…)) is"
	}
	return "this shell expansion is"
}

// unescape takes backslashes off: all of them when only is empty, otherwise
// those before the characters of only, as within double quotes.
func unescape(s, only string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) || only != "" && !strings.ContainsRune(only, rune(s[i+1])) {
			b.WriteByte(s[i])
			continue
		}
		i++
		if s[i] != '\n' {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// ansiC is the text of $'…' for the escapes that people type.
func ansiC(s string) string {
	return strings.NewReplacer(`\n`, "\n", `\t`, "\t", `\'`, "'", `\"`, `"`, `\\`, `\`).Replace(s)
}
