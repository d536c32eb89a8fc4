package parity

import (
	"slices"
	"strings"
	"testing"
)

// TestMore: further playings weaken what is recorded, and add what they saw.
func TestMore(t *testing.T) {
	writes := func(names ...string) map[string]int {
		out := map[string]int{}
		for i, n := range names {
			out["kubectl "+n+" #1"] = i + 1
		}
		return out
	}
	a, b, c := "create pods web", "patch pods web", "delete pods web"
	recorded := Of([]Seen{
		{Tally{"always": 2, "often": 1, "never again": 1}, writes(a, b, c)},
		{Tally{"always": 3, "often": 1, "never again": 1}, writes(a, b, c)},
	})
	got := More(recorded, []Seen{
		{Tally{"always": 4, "often": 1, "new": 1}, writes(a, c, b)},
		{Tally{"always": 1, "new": 2}, writes(a, b, c)},
	})
	want := []string{
		"always (1 to 4 times)", "~ never again", "~ new (up to 2 times)", "~ often",
		// that a came before c followed from the two others, and stays
		"order kubectl create pods web #1 < kubectl patch pods web #1",
		"order kubectl create pods web #1 < kubectl delete pods web #1",
	}
	if text := lines(got); !slices.Equal(text, want) {
		t.Errorf("it comes to\n%s", strings.Join(text, "\n"))
	}
}

// TestRewrite: a script whose facts are written anew keeps the rest, and says
// of how many playings they are.
func TestRewrite(t *testing.T) {
	const script = "# Shows it.\n\nkubectl get pods\n  indented\nlook\nold\n\nshow kubectl get x\n"
	facts := [][]Fact{{{"new", 1, 1}}, {{"said", 0, 3}}}
	const want = "# Shows it.\n\nkubectl get pods\n  indented\nlook\nnew\n\nshow kubectl get x\n~ said (up to 3 times)\n\n# Seen in 4 playings.\n"
	once := Rewrite(script, facts, 9)
	if twice := Rewrite(once, facts, 4); twice != want {
		t.Errorf("it is\n%s", twice)
	}
	s, err := Parse("x", once)
	if err != nil || s.Playings != 9 || len(s.Steps) != 3 || len(s.Steps[2].Facts) != 1 {
		t.Error(s, err)
	}
}
