package lessons

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tabernetes/tabernetes/lessons/grading"
)

// Answer is what a learner said to a question. Which field is filled follows
// from the question: Choose for a choice, Text for number and text, Pairs for
// a match, Order for an order; a prediction has Order, Causes and Actors.
type Answer struct {
	Choose []string          `json:"choose,omitempty"`
	Text   string            `json:"text,omitempty"`
	Pairs  map[string]string `json:"pairs,omitempty"`
	// Order lists items, or events as chain.Event writes them: "pod-created/2".
	Order []string `json:"order,omitempty"`
	// Causes are pairs of cause and effect.
	Causes [][2]string `json:"causes,omitempty"`
	// Actors say who does an event's block.
	Actors map[string]string `json:"actors,omitempty"`
}

// Bounds of an answer.
const (
	maxAnswerParts = 200
	maxAnswerText  = 500
)

// check tells what is wrong with the form of an answer to c.
func (a *Answer) check(c *Check) error {
	if !c.Question() {
		return fmt.Errorf("%s is no question", c.ID)
	}
	if max(len(a.Choose), len(a.Pairs), len(a.Order), len(a.Causes), len(a.Actors)) > maxAnswerParts {
		return fmt.Errorf("%s: the answer has more than %d parts", c.ID, maxAnswerParts)
	}
	if len(a.Text) > maxAnswerText {
		return fmt.Errorf("%s: the answer is longer than %d bytes", c.ID, maxAnswerText)
	}
	for _, chosen := range a.Choose {
		if c.Choice == nil || !slices.Contains(c.Choice.Options, chosen) {
			return fmt.Errorf("%s: %q is no option", c.ID, chosen)
		}
	}
	return nil
}

// ParseAnswer reads an answer as scripts and the terminal give it:
//
//	choice   a b          number, text  anything
//	match    a=x b=y      order         a b c
//
// and for a prediction, whose parts are given one after the other, the part
// that name (order, causes, actors) says: "a b c", "a>b a>c", "a:kubectl b:scheduler".
func (a *Answer) parse(c *Check, part, value string) error {
	words := strings.FieldsFunc(value, func(r rune) bool { return r == ' ' || r == ',' || r == '，' || r == '、' || r == '　' })
	switch {
	case c == nil || !c.Question():
		return errors.New("there is no such question")
	case part == "causes":
		for _, w := range words {
			from, to, found := strings.Cut(w, ">")
			if !found {
				return fmt.Errorf("%q is not of the form cause>effect", w)
			}
			a.Causes = append(a.Causes, [2]string{from, to})
		}
	case part == "actors":
		return pairs(&a.Actors, words, ":")
	case part == "order" || c.Order != nil || c.Predict != nil:
		a.Order = words
	case c.Choice != nil:
		a.Choose = words
	case c.Match != nil:
		return pairs(&a.Pairs, words, "=")
	default:
		a.Text = value
	}
	return a.check(c)
}

func pairs(into *map[string]string, words []string, mark string) error {
	if *into == nil {
		*into = map[string]string{}
	}
	for _, w := range words {
		left, right, found := strings.Cut(w, mark)
		if !found {
			return fmt.Errorf("%q is not of the form left%sright", w, mark)
		}
		(*into)[left] = right
	}
	return nil
}

// normal is a short text as answers are compared: full-width forms made
// narrow, lower case, no spaces around and single ones within, no full stop.
func normal(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r >= '！' && r <= '～':
			r -= 0xFEE0
		case r == '　' || r == '\u00a0':
			r = ' '
		case r == '。':
			r = '.'
		case r == '“' || r == '”':
			r = '"'
		case r == '‘' || r == '’':
			r = '\''
		case r == '—' || r == '–' || r == '−':
			r = '-'
		}
		b.WriteRune(r)
	}
	s = strings.Join(strings.Fields(strings.ToLower(b.String())), " ")
	return strings.Trim(s, " .\"'`")
}

// number reads a number as people type it.
func parseNumber(s string) (float64, error) {
	n, err := strconv.ParseFloat(strings.ReplaceAll(normal(s), ",", ""), 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return 0, fmt.Errorf("%q is not a number", s)
	}
	return n, nil
}

// choose scores a choice: each option rightly chosen or rightly left counts.
// wrong are the options that should not have been chosen.
func (q *Choice) score(chosen []string) (score float64, wrong []string) {
	right := 0
	for _, o := range q.Options {
		is, should := slices.Contains(chosen, o), slices.Contains(q.Right, o)
		switch {
		case is && !should:
			wrong = append(wrong, o)
		case is == should:
			right++
		}
	}
	if !q.Multiple {
		if len(wrong) == 0 && len(chosen) == 1 {
			return 1, nil
		}
		return 0, wrong
	}
	// Half right is what guessing gets, so only what goes beyond it counts.
	return max(0, 2*float64(right)/float64(len(q.Options))-1), wrong
}

func (q *Match) score(pairs map[string]string) float64 {
	right := 0
	for _, left := range q.Left {
		if pairs[left] == q.Pairs[left] {
			right++
		}
	}
	return float64(right) / float64(len(q.Left))
}

// poset is the order that the question requires.
func (q *Order) poset() grading.Poset {
	p := grading.NewPoset(len(q.Items))
	if q.After == nil {
		for i := range p {
			for j := i + 1; j < len(p); j++ {
				p[i][j] = true
			}
		}
		return p
	}
	for item, before := range q.After {
		for _, b := range before {
			p[slices.Index(q.Items, b)][slices.Index(q.Items, item)] = true
		}
	}
	p.Close()
	return p
}

func (q *Order) score(given []string) grading.Order {
	list := make([]int, len(given))
	for i, id := range given {
		list[i] = slices.Index(q.Items, id)
	}
	return grading.ScoreOrder(q.poset(), list)
}
