package parity

import (
	"fmt"
	"strings"
)

// Compare tells how what was seen in a playing differs from what is recorded
// of a look: "never so: …" and "not so: …". before tells whether one write came
// before another in the playing.
func Compare(want []Fact, seen Seen) []string {
	var out []string
	known := map[string]bool{}
	for _, f := range want {
		if pair, ok := strings.CutPrefix(f.Text, "order "); ok {
			if a, b, _ := strings.Cut(pair, " < "); f.Min > 0 && !seen.before(a, b) {
				out = append(out, "not so: "+f.Text)
			}
			continue
		}
		known[f.Text] = true
		switch n := seen.Facts[f.Text]; {
		case f.Min > 0 && n == 0 && !passing(f.Text):
			out = append(out, "not so: "+f.String())
		case exact(f.Text) && n > 0 && (n < f.Min || n > f.Max):
			out = append(out, fmt.Sprintf("%d times: %s", n, f))
		}
	}
	for text := range seen.Facts {
		if !known[text] && !strings.HasPrefix(text, "order ") {
			out = append(out, "never so: "+text)
		}
	}
	return out
}

// passing are writes that come as often as there happen to be moments to
// report: those of a status. That each is made at some time is compared over
// all seeds (Missing).
func passing(text string) bool {
	return strings.HasPrefix(text, "write ") && strings.HasSuffix(text, "/status")
}

// exact tells whether the number of times is compared: not of what kwok does,
// nor of the scheduler's tries, which others' pods and nodes set off too.
func exact(text string) bool {
	return !passing(text) && !strings.HasPrefix(text, "write kubelet/") && !strings.Contains(text, "Warning FailedScheduling")
}

// Missing are recorded writes that none of several playings made.
func Missing(want []Fact, seen []Seen) []string {
	var out []string
	for _, f := range want {
		made := f.Min == 0 || !passing(f.Text)
		for _, s := range seen {
			made = made || s.Facts[f.Text] > 0
		}
		if !made {
			out = append(out, "not so: "+f.String())
		}
	}
	return out
}
