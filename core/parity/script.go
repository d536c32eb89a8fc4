package parity

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Scenario is one script.
type Scenario struct {
	Name  string // the file's, with its folder: "deployment/scale-up"
	About string // the comment it begins with
	Steps []Step

	Playings int // that its facts are of, where the comment at its end says
}

// Step is one line of a script, with what is indented below it and, under a
// look or a show, the facts that were recorded.
type Step struct {
	Line  int // in the file, from 1
	Words []string
	Text  string // the line after its first word
	Body  string
	Facts []Fact
}

// Looks tells whether facts stand under the step.
func (s Step) Looks() bool { return s.Words[0] == "look" || s.Words[0] == "show" }

// Alone tells whether the scenario brings its own nodes, and so needs a
// cluster to itself.
func (s Scenario) Alone() bool {
	for _, step := range s.Steps {
		if step.Words[0] == "node" || step.Words[0] == "alone" {
			return true
		}
	}
	return false
}

// seenIn is the comment at a script's end.
var seenIn = regexp.MustCompile(`\n# Seen in (\d+) playings\.\n$`)

// Parse reads a script. A blank line ends the facts of a look.
func Parse(name, text string) (Scenario, error) {
	s := Scenario{Name: name}
	if m := seenIn.FindStringSubmatch(text); m != nil {
		s.Playings, _ = strconv.Atoi(m[1])
	}
	facts := false
	for i, line := range strings.Split(text, "\n") {
		last := len(s.Steps) - 1
		switch {
		case line == "":
			facts = false
		case facts && !strings.HasPrefix(line, "  "):
			f, err := parseFact(line)
			if err != nil {
				return s, fmt.Errorf("%s, line %d: %w", name, i+1, err)
			}
			s.Steps[last].Facts = append(s.Steps[last].Facts, f)
		case strings.HasPrefix(line, "#"):
			if len(s.Steps) == 0 {
				s.About = strings.TrimSpace(s.About + " " + strings.TrimSpace(line[1:]))
			}
		case strings.HasPrefix(line, "  ") && last >= 0:
			s.Steps[last].Body += line[2:] + "\n"
		default:
			_, rest, _ := strings.Cut(line, " ")
			step := Step{Line: i + 1, Words: strings.Fields(line), Text: rest}
			s.Steps = append(s.Steps, step)
			facts = step.Looks()
		}
	}
	if s.About == "" || len(s.Steps) == 0 {
		return s, fmt.Errorf("%s: a script begins with a comment that says what it shows, and has steps", name)
	}
	return s, nil
}

// Rewrite returns a script's text with the facts under its looks replaced by
// those of so many playings.
func Rewrite(text string, facts [][]Fact, playings int) string {
	text = seenIn.ReplaceAllString(text, "")
	var out []string
	look, skip := 0, false
	for _, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		if strings.HasPrefix(line, "  ") {
			out = append(out, line)
			continue
		}
		if skip && line != "" {
			continue
		}
		if skip {
			out, skip = append(out, lines(facts[look-1])...), false
		}
		out = append(out, line)
		if word, _, _ := strings.Cut(line, " "); word == "look" || word == "show" {
			look++
			skip = true
		}
	}
	if skip {
		out = append(out, lines(facts[look-1])...)
	}
	return fmt.Sprintf("%s\n\n# Seen in %d playings.\n", strings.Join(out, "\n"), playings)
}

func lines(facts []Fact) []string {
	out := make([]string, len(facts))
	for i, f := range facts {
		out[i] = f.String()
	}
	return out
}

// Split cuts a command line into words, as a shell does for quotes.
func Split(line string) []string {
	var words []string
	word, quote, open := "", rune(0), false
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word += string(r)
		case r == '\'' || r == '"':
			quote, open = r, true
		case r == ' ':
			if word != "" || open {
				words = append(words, word)
			}
			word, open = "", false
		default:
			word += string(r)
		}
	}
	if word != "" || open {
		words = append(words, word)
	}
	return words
}
