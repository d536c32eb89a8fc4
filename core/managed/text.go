package managed

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"unicode/utf8"
)

// JSON writes the set as fieldsV1 holds it: {"f:spec":{"f:replicas":{}}}.
func (s Set) JSON() []byte { return s.append(make([]byte, 0, 512), false) }

func (s Set) append(out []byte, member bool) []byte {
	out = append(out, '{')
	if member && len(s) > 0 {
		out = append(out, `".":{},`...)
	}
	for i := range s {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendQuoted(out, s[i].Name)
		out = append(out, ':')
		out = s[i].Sub.append(out, s[i].Member)
	}
	return append(out, '}')
}

// appendQuoted writes a string as JSON, without escapes for HTML.
func appendQuoted(out []byte, text string) []byte {
	out = append(out, '"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			out = append(out, '\\', byte(r))
		case r == '\n':
			out = append(out, '\\', 'n')
		case r == '\r':
			out = append(out, '\\', 'r')
		case r == '\t':
			out = append(out, '\\', 't')
		case r < ' ':
			out = append(out, '\\', 'u', '0', '0', "0123456789abcdef"[r>>4], "0123456789abcdef"[r&15])
		default:
			out = utf8.AppendRune(out, r)
		}
	}
	return append(out, '"')
}

var errFields = errors.New("not a set of fields")

// maxDepth is how deep a set may be nested that a client sends.
const maxDepth = 1000

// ParseSet reads fieldsV1, written out or packed.
func ParseSet(data []byte) (Set, error) {
	if len(data) > 0 && data[0] == packed {
		return unpack(data)
	}
	p := parser{rest: data}
	s, _ := p.set(0)
	p.space()
	if p.bad || len(p.rest) > 0 {
		return nil, errFields
	}
	return s, nil
}

// parser reads objects of objects.
type parser struct {
	rest []byte
	bad  bool
}

func (p *parser) space() {
	for len(p.rest) > 0 && (p.rest[0] == ' ' || p.rest[0] == '\n' || p.rest[0] == '\t' || p.rest[0] == '\r') {
		p.rest = p.rest[1:]
	}
}

// take takes one character if it comes next.
func (p *parser) take(c byte) bool {
	p.space()
	if len(p.rest) == 0 || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

func (p *parser) expect(c byte) { p.bad = p.bad || !p.take(c) }

// set reads one object; member tells that it has the field ".".
func (p *parser) set(depth int) (out Set, member bool) {
	p.expect('{')
	for !p.bad && !p.take('}') {
		if depth == maxDepth {
			p.bad = true
			return nil, false
		}
		if len(out) > 0 || member {
			p.expect(',')
		}
		name := p.name()
		p.expect(':')
		sub, self := p.set(depth + 1)
		if name == "." {
			member = true
			continue
		}
		if p.bad = p.bad || !validStep(name); p.bad {
			return nil, false
		}
		out = append(out, Elem{Name: name, Member: self || len(sub) == 0, Sub: sub})
	}
	return ordered(out), member
}

// ordered brings what was read into a set's order, each step once.
func ordered(s Set) Set {
	byStep := func(a, b Elem) int { return compareSteps(a.Name, b.Name) }
	for i := 1; i < len(s); i++ {
		if byStep(s[i-1], s[i]) >= 0 {
			slices.SortStableFunc(s, byStep)
			return slices.CompactFunc(s, func(a, b Elem) bool { return byStep(a, b) == 0 })
		}
	}
	return s
}

// name reads a string.
func (p *parser) name() string {
	p.expect('"')
	escaped := false
	for i, c := range p.rest {
		switch {
		case escaped:
			escaped = false
		case c == '\\':
			escaped = true
		case c == '"':
			quoted := p.rest[:i]
			p.rest = p.rest[i+1:]
			return p.unquote(quoted)
		}
	}
	p.bad = true
	return ""
}

func (p *parser) unquote(text []byte) string {
	for _, c := range text {
		if c == '\\' || c < ' ' || c >= utf8.RuneSelf {
			var s string
			p.bad = p.bad || json.Unmarshal(append(append([]byte{'"'}, text...), '"'), &s) != nil
			return s
		}
	}
	return string(text)
}

// validStep tells whether a step can be compared with others.
func validStep(step string) bool {
	if len(step) < 2 || step[1] != ':' {
		return false
	}
	switch step[0] {
	case 'f':
		return true
	case 'k':
		var fields map[string]any
		return json.Unmarshal([]byte(step[2:]), &fields) == nil && fields != nil
	case 'v':
		return json.Valid([]byte(step[2:]))
	case 'i':
		_, err := strconv.Atoi(step[2:])
		return err == nil
	}
	return false
}
