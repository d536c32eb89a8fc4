package lessons

import (
	"fmt"
	"regexp"
	"strings"
)

// Block is a piece of prose. The forms are few, so that the page draws them
// itself and no HTML ever comes out of a lesson:
//
//	paragraph  Text
//	list       Items, numbered where Ordered
//	code       Code in the language Lang; "console" is click-to-run, a command a line
//	table      Rows, the first of them the head
//	note       Blocks, set apart (written as a quotation)
type Block struct {
	Type    string     `json:"type"`
	Text    []Span     `json:"text,omitempty"`
	Items   []Item     `json:"items,omitempty"`
	Ordered bool       `json:"ordered,omitempty"`
	Lang    string     `json:"lang,omitempty"`
	Code    string     `json:"code,omitempty"`
	Rows    [][][]Span `json:"rows,omitempty"`
	Blocks  []Block    `json:"blocks,omitempty"`
}

// Item is one of a list: its text, what hangs below it, and the id it was
// given with {#id}.
type Item struct {
	ID     string  `json:"id,omitempty"`
	Text   []Span  `json:"text"`
	Blocks []Block `json:"blocks,omitempty"`
}

// Span is a run of text: plain, code, strong, em, or a link to Href, which is
// an https address or "lesson:" and a lesson's id.
type Span struct {
	Kind string `json:"kind,omitempty"`
	Text string `json:"text"`
	Href string `json:"href,omitempty"`
}

// Plain is the text of spans without their kinds.
func Plain(spans []Span) string {
	var b strings.Builder
	for _, s := range spans {
		b.WriteString(s.Text)
	}
	return b.String()
}

// parseBlocks reads lines that hold no headings.
func parseBlocks(lines []string) ([]Block, error) {
	var out []Block
	for i := 0; i < len(lines); {
		line := lines[i]
		var b Block
		var n int
		var err error
		switch {
		case strings.TrimSpace(line) == "":
			i++
			continue
		case strings.HasPrefix(line, "```"):
			b, n, err = codeBlock(lines[i:])
		case strings.HasPrefix(line, ">"):
			b, n, err = noteBlock(lines[i:])
		case bullet(line) != "":
			b, n, err = listBlock(lines[i:])
		case strings.HasPrefix(line, "|"):
			b, n, err = tableBlock(lines[i:])
		default:
			b, n, err = paragraph(lines[i:])
		}
		if err != nil {
			return nil, err
		}
		out = append(out, b)
		i += n
	}
	return out, nil
}

func codeBlock(lines []string) (Block, int, error) {
	for n := 1; n < len(lines); n++ {
		if strings.HasPrefix(lines[n], "```") {
			return Block{Type: "code", Lang: strings.TrimSpace(lines[0][3:]), Code: strings.Join(lines[1:n], "\n")}, n + 1, nil
		}
	}
	return Block{}, 0, fmt.Errorf("%q is never closed", lines[0])
}

func noteBlock(lines []string) (Block, int, error) {
	var inner []string
	n := 0
	for ; n < len(lines) && strings.HasPrefix(lines[n], ">"); n++ {
		inner = append(inner, strings.TrimPrefix(strings.TrimPrefix(lines[n], ">"), " "))
	}
	blocks, err := parseBlocks(inner)
	return Block{Type: "note", Blocks: blocks}, n, err
}

var bulletForm = regexp.MustCompile(`^(-|[0-9]+\.) +`)

func bullet(line string) string { return bulletForm.FindString(line) }

var itemID = regexp.MustCompile(`^\{#([^}]*)\} *`)

// listBlock reads a list; what belongs to an item is indented as its text is.
func listBlock(lines []string) (Block, int, error) {
	b := Block{Type: "list", Ordered: lines[0][0] != '-'}
	n := 0
	for n < len(lines) && bullet(lines[n]) != "" {
		mark := bullet(lines[n])
		indent := strings.Repeat(" ", len(mark))
		own := []string{lines[n][len(mark):]}
		for n++; n < len(lines); n++ {
			if strings.HasPrefix(lines[n], indent) {
				own = append(own, lines[n][len(indent):])
			} else if strings.TrimSpace(lines[n]) == "" && n+1 < len(lines) && strings.HasPrefix(lines[n+1], indent) {
				own = append(own, "")
			} else {
				break
			}
		}
		item, err := listItem(own)
		if err != nil {
			return b, n, err
		}
		b.Items = append(b.Items, item)
	}
	return b, n, nil
}

func listItem(lines []string) (Item, error) {
	var item Item
	if m := itemID.FindStringSubmatch(lines[0]); m != nil {
		item.ID = m[1]
		lines[0] = lines[0][len(m[0]):]
	}
	blocks, err := parseBlocks(lines)
	if err != nil {
		return item, err
	}
	if len(blocks) > 0 && blocks[0].Type == "paragraph" {
		item.Text, blocks = blocks[0].Text, blocks[1:]
	}
	item.Blocks = blocks
	return item, nil
}

var ruleForm = regexp.MustCompile(`^\|[ :|-]+\|$`)

func tableBlock(lines []string) (Block, int, error) {
	b := Block{Type: "table"}
	n := 0
	for ; n < len(lines) && strings.HasPrefix(lines[n], "|"); n++ {
		line := strings.TrimSpace(lines[n])
		if n == 1 && ruleForm.MatchString(line) {
			continue
		}
		var row [][]Span
		for _, cell := range strings.Split(strings.Trim(line, "|"), "|") {
			spans, err := parseSpans(strings.TrimSpace(cell))
			if err != nil {
				return b, n, err
			}
			row = append(row, spans)
		}
		if len(b.Rows) > 0 && len(row) != len(b.Rows[0]) {
			return b, n, fmt.Errorf("%q has %d cells, the head has %d", line, len(row), len(b.Rows[0]))
		}
		b.Rows = append(b.Rows, row)
	}
	return b, n, nil
}

func paragraph(lines []string) (Block, int, error) {
	n := 0
	text := ""
	for ; n < len(lines); n++ {
		line := strings.TrimSpace(lines[n])
		if line == "" || n > 0 && (strings.HasPrefix(line, "```") || line[0] == '>' || line[0] == '|' || bullet(lines[n]) != "") {
			break
		}
		text = glue(text, line)
	}
	spans, err := parseSpans(text)
	return Block{Type: "paragraph", Text: spans}, n, err
}

// glue joins two lines of a paragraph: with a space, but without one between
// characters of scripts that know none.
func glue(a, b string) string {
	if a == "" {
		return b
	}
	last := []rune(a)[len([]rune(a))-1]
	if last >= 0x2E80 && []rune(b)[0] >= 0x2E80 {
		return a + b
	}
	return a + " " + b
}

var spanForm = regexp.MustCompile("`([^`]+)`" + `|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|\[([^\]]+)\]\(([^)]+)\)`)

// parseSpans reads `code`, **strong**, *em* and [text](address).
func parseSpans(s string) ([]Span, error) {
	var out []Span
	for s != "" {
		m := spanForm.FindStringSubmatchIndex(s)
		if m == nil {
			return append(out, Span{Text: s}), nil
		}
		if m[0] > 0 {
			out = append(out, Span{Text: s[:m[0]]})
		}
		group := func(n int) string {
			if m[2*n] < 0 {
				return ""
			}
			return s[m[2*n]:m[2*n+1]]
		}
		span := Span{Text: group(1) + group(2) + group(3) + group(4), Href: group(5)}
		switch {
		case m[2] >= 0:
			span.Kind = "code"
		case m[4] >= 0:
			span.Kind = "strong"
		case m[6] >= 0:
			span.Kind = "em"
		default:
			span.Kind = "link"
			if !strings.HasPrefix(span.Href, "https://") && !strings.HasPrefix(span.Href, "lesson:") {
				return nil, fmt.Errorf("the link %q is neither https:// nor lesson:", span.Href)
			}
		}
		out = append(out, span)
		s = s[m[1]:]
	}
	return out, nil
}
