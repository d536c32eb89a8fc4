package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/tabernetes/tabernetes/lessons"
)

// prose prints a lesson's text in a terminal.
type prose struct {
	out   io.Writer
	width int // in cells
}

func (t prose) title(text, line string) {
	fmt.Fprintf(t.out, "%s\n%s\n\n", text, strings.Repeat(line, cells(text)))
}

func (t prose) step(n, of int, p *lessons.StepProse) {
	t.title(fmt.Sprintf("%d/%d %s", n, of, p.Title), "-")
	t.text("", p.Text)
}

// check prints what a check asks for.
func (t prose) check(c *lessons.Check, p *lessons.CheckProse) {
	mark := "[ ]"
	if c.Question() {
		mark = " ? "
	}
	t.wrap(mark+" ", "    ", p.Title+"  ("+c.ID+")")
	t.text("    ", p.Text)
	for _, id := range c.Parts() {
		t.wrap("    "+id+": ", "      ", lessons.Plain(p.Parts[id].Text))
	}
	fmt.Fprintln(t.out)
}

// text prints blocks and an empty line after them.
func (t prose) text(indent string, blocks []lessons.Block) {
	t.blocks(indent, blocks)
	if len(blocks) > 0 {
		fmt.Fprintln(t.out)
	}
}

func (t prose) blocks(indent string, blocks []lessons.Block) {
	for i, b := range blocks {
		if i > 0 {
			fmt.Fprintln(t.out, strings.TrimRight(indent, " "))
		}
		switch b.Type {
		case "paragraph":
			t.wrap(indent, indent, lessons.Plain(b.Text))
		case "code":
			for line := range strings.Lines(b.Code + "\n") {
				if b.Lang == "console" {
					line = "$ " + line
				}
				fmt.Fprint(t.out, indent, "    ", line)
			}
		case "note":
			t.blocks(indent+"  | ", b.Blocks)
		case "list":
			t.list(indent, b)
		case "table":
			for _, row := range b.Rows {
				words := make([]string, len(row))
				for i, cell := range row {
					words[i] = lessons.Plain(cell)
				}
				t.wrap(indent, indent+"  ", strings.Join(words, " — "))
			}
		}
	}
}

func (t prose) list(indent string, b lessons.Block) {
	for i, item := range b.Items {
		mark := "- "
		if b.Ordered {
			mark = fmt.Sprintf("%d. ", i+1)
		}
		t.wrap(indent+mark, indent+"  ", lessons.Plain(item.Text))
		t.blocks(indent+"  ", item.Blocks)
	}
}

// wrap prints text within the width, the first line after first, others after rest.
func (t prose) wrap(first, rest, text string) {
	line, used := first, cells(first)
	word := func(w string) {
		if used+cells(w) > t.width && strings.TrimSpace(line) != strings.TrimSpace(rest) {
			fmt.Fprintln(t.out, strings.TrimRight(line, " "))
			line, used = rest, cells(rest)
			w = strings.TrimLeft(w, " ")
		}
		line, used = line+w, used+cells(w)
	}
	start := 0
	for i, r := range text { // a line may break after a space or a wide character
		end := i + len(string(r))
		next, _ := utf8.DecodeRuneInString(text[end:])
		if (r == ' ' || r >= wide) && !strings.ContainsRune(closing, next) {
			word(text[start:end])
			start = end
		}
	}
	word(text[start:])
	fmt.Fprintln(t.out, strings.TrimRight(line, " "))
}

// closing are marks that no line begins with.
const closing = "，。、；：！？）》」』”’,.;:!?)"

// wide is where the scripts begin whose characters take two cells.
const wide = 0x2E80

func cells(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r >= wide {
			n++
		}
	}
	return n
}
