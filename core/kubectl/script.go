package kubectl

import (
	"fmt"
	"regexp"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// MaxScript is the largest script taken, in bytes.
const MaxScript = 8 << 20

var hereDocument = regexp.MustCompile(`<<-?\s*["'\\]?([^\s"'<>|;&)]+)`)

// Split takes a script apart into the lines that would be typed at the
// console: a here-document, an open quote or a line ending in a backslash
// keeps several lines of text together. Blank lines and comments are dropped.
// What cannot be parsed stays in, to be refused when it is run.
func Split(script string) ([]string, error) {
	if len(script) > MaxScript {
		return nil, fmt.Errorf("the script is %d bytes long, more than the %d allowed", len(script), MaxScript)
	}
	var out []string
	var pending strings.Builder
	var until map[string]bool // the words that may end the here-documents under way
	for line := range strings.Lines(script) {
		if pending.Len() == 0 && ignorable(line) {
			continue
		}
		pending.WriteString(line)
		if until != nil && !until[strings.TrimSpace(line)] {
			continue
		}
		text := pending.String()
		if incomplete(text) {
			until = delimiters(text)
			continue
		}
		out = append(out, strings.TrimRight(text, "\n"))
		pending.Reset()
		until = nil
	}
	if pending.Len() > 0 {
		out = append(out, strings.TrimRight(pending.String(), "\n"))
	}
	return out, nil
}

func ignorable(line string) bool {
	line = strings.TrimSpace(line)
	return line == "" || strings.HasPrefix(line, "#")
}

func incomplete(text string) bool {
	if strings.HasSuffix(strings.TrimRight(text, "\n"), `\`) {
		return true
	}
	_, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(forgive(text)), "")
	return err != nil && (syntax.IsIncomplete(err) || strings.Contains(err.Error(), "unclosed here-document"))
}

// delimiters are the words after << in text; nil when there are none.
func delimiters(text string) map[string]bool {
	var words map[string]bool
	for _, m := range hereDocument.FindAllStringSubmatch(text, -1) {
		if words == nil {
			words = map[string]bool{}
		}
		words[m[1]] = true
	}
	return words
}
