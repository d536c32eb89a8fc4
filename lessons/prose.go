package lessons

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Languages that every lesson is written in, the first being the original.
var Languages = []string{"en", "zh-cn"}

// Prose is what a lesson says in one language.
type Prose struct {
	Title   string  `json:"title"`
	Summary string  `json:"summary"`
	Intro   []Block `json:"intro,omitempty"`
	// Of is the stamp of the original that this translates; "" for the original.
	Of     string                 `json:"-"`
	Stamp  string                 `json:"-"`
	Steps  map[string]*StepProse  `json:"steps"`
	Checks map[string]*CheckProse `json:"checks"`
}

// StepProse is a step's text.
type StepProse struct {
	Title string    `json:"title"`
	Text  []Block   `json:"text,omitempty"`
	Hints [][]Block `json:"hints,omitempty"`
}

// CheckProse is what is said about a check.
type CheckProse struct {
	Title string  `json:"title"`
	Text  []Block `json:"text,omitempty"`
	// Fail is the sentence for when it fails.
	Fail  []Span                `json:"fail,omitempty"`
	Parts map[string]*PartProse `json:"parts,omitempty"`
	Hints [][]Block             `json:"hints,omitempty"`
	// Then is told once it has passed: what it means, what to know besides.
	Then []Block `json:"then,omitempty"`
}

// PartProse is an option, an item or a block of a question.
type PartProse struct {
	Text []Span `json:"text"`
	// Wrong is said when it was chosen wrongly.
	Wrong []Span `json:"wrong,omitempty"`
}

// section is a heading with the lines below it.
type section struct {
	level int
	title string
	id    string
	line  int
	lines []string
}

var headingForm = regexp.MustCompile(`^(#{1,6}) +(.*?)(?: *\{#([^}]*)\})?$`)

// parseProse reads a language's Markdown:
//
//	---
//	title: …
//	summary: …
//	of: the original's stamp, in a translation
//	---
//	## A step's title {#step-id}
//	### A check's title {#check-id}
//	- {#option-id} an option, an item or a block
//	  > said when it is wrongly chosen
//
//	> said when the check fails
//
//	#### Hint
//	given on asking, one after the other; belongs to the check or step above
//
//	#### What it means {#then}
//	told once the check above has passed
func parseProse(data []byte) (*Prose, error) {
	if len(data) > MaxLessonFile {
		return nil, fmt.Errorf("%d bytes, more than the %d allowed", len(data), MaxLessonFile)
	}
	p := &Prose{Steps: map[string]*StepProse{}, Checks: map[string]*CheckProse{}}
	lines := strings.Split(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n")
	rest, err := p.front(lines)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(strings.Join(rest, "\n")))
	p.Stamp = hex.EncodeToString(sum[:6])
	var all faults
	b := builder{prose: p}
	for _, s := range sections(rest, len(lines)-len(rest)) {
		if err := b.add(s); err != nil {
			all.add(fmt.Sprintf("line %d", s.line), "%v", err)
		}
	}
	return p, errors.Join(all...)
}

// front reads the lines between the two ---.
func (p *Prose) front(lines []string) (rest []string, err error) {
	if lines[0] != "---" {
		return nil, errors.New("line 1: must be ---, the beginning of title and summary")
	}
	for i, line := range lines[1:] {
		if line == "---" {
			if p.Title == "" || p.Summary == "" {
				return nil, errors.New("title and summary are needed between the two ---")
			}
			return lines[i+2:], nil
		}
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch key {
		case "title":
			p.Title = value
		case "summary":
			p.Summary = value
		case "of":
			p.Of = value
		default:
			return nil, fmt.Errorf("line %d: unknown field %q (there are title, summary, of)", i+2, key)
		}
	}
	return nil, errors.New("the second --- is missing")
}

// sections takes the text apart at its headings; what stands before the first
// is a section of level 0.
func sections(lines []string, before int) []section {
	out := []section{{line: before + 1}}
	fenced := false
	for i, line := range lines {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
		}
		m := headingForm.FindStringSubmatch(line)
		if fenced || m == nil {
			last := &out[len(out)-1]
			last.lines = append(last.lines, line)
			continue
		}
		out = append(out, section{level: len(m[1]), title: m[2], id: m[3], line: before + i + 1})
	}
	return out
}

// builder puts sections where they belong.
type builder struct {
	prose *Prose
	step  *StepProse
	check *CheckProse
}

func (b *builder) add(s section) error {
	blocks, err := parseBlocks(s.lines)
	if err != nil {
		return err
	}
	switch s.level {
	case 0:
		b.prose.Intro = blocks
	case 2:
		if s.id == "" || b.prose.Steps[s.id] != nil {
			return fmt.Errorf("## %s: a step needs an {#id} of its own", s.title)
		}
		b.step, b.check = &StepProse{Title: s.title, Text: blocks}, nil
		b.prose.Steps[s.id] = b.step
	case 3:
		if s.id == "" || b.prose.Checks[s.id] != nil {
			return fmt.Errorf("### %s: a check needs an {#id} of its own", s.title)
		}
		b.check = &CheckProse{Title: s.title, Parts: map[string]*PartProse{}}
		b.prose.Checks[s.id] = b.check
		return b.check.fill(blocks)
	case 4:
		return b.hint(s, blocks)
	default:
		return fmt.Errorf("%s %s: headings are ## for steps, ### for checks and #### for hints", strings.Repeat("#", s.level), s.title)
	}
	return nil
}

// afterwards is the id of what is told once a check has passed.
const afterwards = "then"

func (b *builder) hint(s section, blocks []Block) error {
	switch {
	case s.id == afterwards && (b.check == nil || b.check.Then != nil || len(blocks) == 0):
		return fmt.Errorf("#### {#%s}: is said once, below a check", afterwards)
	case s.id == afterwards:
		b.check.Then = blocks
	case s.id != "":
		return fmt.Errorf("#### {#%s}: below a check there are hints, without an id, and {#%s}", s.id, afterwards)
	case b.check != nil:
		b.check.Hints = append(b.check.Hints, blocks)
	case b.step != nil:
		b.step.Hints = append(b.step.Hints, blocks)
	default:
		return fmt.Errorf("#### %s: a hint belongs to a step or check above it", s.title)
	}
	return nil
}

// fill takes the failure sentence and the parts out of a check's blocks.
func (c *CheckProse) fill(blocks []Block) error {
	for _, block := range blocks {
		switch {
		case block.Type == "note":
			if c.Fail != nil {
				return errors.New("a check has one quotation, the sentence for when it fails")
			}
			c.Fail = sentence(block)
		case block.Type == "list" && block.Items[0].ID != "":
			for _, item := range block.Items {
				if item.ID == "" || c.Parts[item.ID] != nil {
					return fmt.Errorf("- %s: needs an {#id} of its own", Plain(item.Text))
				}
				part := &PartProse{Text: item.Text}
				for _, below := range item.Blocks {
					if below.Type != "note" || part.Wrong != nil {
						return fmt.Errorf("- {#%s}: below it there is one quotation at most, for when it is wrongly chosen", item.ID)
					}
					part.Wrong = sentence(below)
				}
				c.Parts[item.ID] = part
			}
		default:
			c.Text = append(c.Text, block)
		}
	}
	return nil
}

// sentence is the text of a quotation.
func sentence(note Block) []Span {
	var out []Span
	for _, b := range note.Blocks {
		if out != nil {
			out = append(out, Span{Text: " "})
		}
		out = append(out, b.Text...)
	}
	return out
}

// Stamp returns a translation's text with the stamp of the original it is of.
func Stamp(data []byte, stamp string) []byte {
	head, rest, _ := strings.Cut(strings.TrimPrefix(string(data), "---\n"), "---\n")
	var out strings.Builder
	for line := range strings.Lines(head) {
		if !strings.HasPrefix(line, "of:") {
			out.WriteString(line)
		}
	}
	return []byte("---\n" + out.String() + "of: " + stamp + "\n---\n" + rest)
}
