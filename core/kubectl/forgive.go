package kubectl

import "strings"

// forgive puts the full-width forms that Chinese and Japanese input methods
// produce (－－replicas＝３, “…”, the ideographic space) and the dashes and
// quotes that editors "correct" back into ASCII. What stands in quotes and in
// the body of a here-document is left as it is.
func forgive(line string) string {
	lines := strings.SplitAfter(line, "\n")
	var b strings.Builder
	end := ""
	var quote rune
	for _, l := range lines {
		if end != "" {
			b.WriteString(l)
			if strings.TrimLeft(strings.TrimSuffix(l, "\n"), "\t") == end {
				end = ""
			}
			continue
		}
		var plain string
		plain, quote = forgiveLine(l, quote)
		b.WriteString(plain)
		if quote == 0 {
			end = heredocEnd(plain)
		}
	}
	return b.String()
}

// heredocEnd is the word that ends the here-document begun in line, or "".
func heredocEnd(line string) string {
	_, rest, found := strings.Cut(line, "<<")
	if !found || strings.HasPrefix(rest, "<") {
		return ""
	}
	rest = strings.TrimLeft(strings.TrimPrefix(rest, "-"), " \t")
	if i := strings.IndexAny(rest, " \t\n;&|>"); i >= 0 {
		rest = rest[:i]
	}
	return strings.Trim(rest, `'"\`)
}

// forgiveLine does one line, beginning and ending inside quote (0: in none).
func forgiveLine(line string, quote rune) (string, rune) {
	var b strings.Builder
	escaped := false
	for i, r := range line {
		if quote != 0 {
			if closes(r, quote) && !escaped {
				b.WriteRune(quote)
				quote, escaped = 0, false
				continue
			}
			b.WriteRune(r)
			escaped = r == '\\' && quote == '"' && !escaped
			continue
		}
		if escaped {
			b.WriteRune(r)
			escaped = false
			continue
		}
		if r == '#' && (i == 0 || strings.ContainsAny(line[i-1:i], " \t;")) {
			b.WriteString(line[i:])
			break
		}
		text := plainForm(r)
		b.WriteString(text)
		if text == `"` || text == "'" {
			quote = rune(text[0])
		}
		escaped = text == `\`
	}
	return b.String(), quote
}

func closes(r, quote rune) bool {
	if quote == '"' {
		return r == '"' || r == '”' || r == '“' || r == '＂'
	}
	return r == '\'' || r == '’' || r == '‘' || r == '＇'
}

func plainForm(r rune) string {
	switch {
	case r >= '！' && r <= '～':
		return string(r - 0xFEE0)
	case r == '\u3000' || r == '\u00a0':
		return " "
	case r == '“' || r == '”':
		return `"`
	case r == '‘' || r == '’':
		return "'"
	case r == '—':
		return "--"
	case r == '–':
		return "-"
	case r == '。':
		return "."
	case r == '、':
		return ","
	}
	return string(r)
}
