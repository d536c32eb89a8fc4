package grading

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// randomPoset draws a partial order over n events.
func randomPoset(dice *rand.Rand, n int) Poset {
	p := NewPoset(n)
	names := dice.Perm(n)
	for i := range n {
		for j := i + 1; j < n; j++ {
			p[names[i]][names[j]] = dice.IntN(3) == 0
		}
	}
	p.Close()
	return p
}

// inverted tells whether a pair of the list, restricted to the events in keep,
// stands the wrong way round.
func inverted(p Poset, list []int, keep uint) bool {
	for i, a := range list {
		for _, b := range list[i+1:] {
			if keep>>a&1 == 1 && keep>>b&1 == 1 && p[b][a] {
				return true
			}
		}
	}
	return false
}

// fewestByTrying tries every set of events to keep.
func fewestByTrying(p Poset, list []int) int {
	best := len(list)
	for keep := range uint(1) << len(p) {
		moved := 0
		for _, e := range list {
			if keep>>e&1 == 0 {
				moved++
			}
		}
		if moved < best && !inverted(p, list, keep) {
			best = moved
		}
	}
	return best
}

// TestFewestMovesAgainstTryingAll holds the matching against exhaustive
// search, in number and in what it names.
func TestFewestMovesAgainstTryingAll(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	for range 4000 {
		n := 1 + dice.IntN(8)
		p := randomPoset(dice, n)
		answer := dice.Perm(n)[:dice.IntN(n+1)]
		o := ScoreOrder(p, answer)
		if want := fewestByTrying(p, answer); len(o.Moved) != want {
			t.Fatalf("order %v, answer %v: %d to move, want %d", p, answer, len(o.Moved), want)
		}
		keep := ^uint(0)
		for _, m := range o.Moved {
			keep &^= 1 << m
		}
		if inverted(p, answer, keep) {
			t.Fatalf("order %v, answer %v: without %v it is still wrong", p, answer, o.Moved)
		}
		if right := len(o.Moved) == 0; right != (o.First < 0) && len(answer) == n {
			t.Fatalf("order %v, answer %v: %d to move, but the first impossible place is %d", p, answer, len(o.Moved), o.First)
		}
	}
}

// chain12 is the homework's order: four events in a row, then twice four.
func chain12() Poset {
	p := NewPoset(12)
	for _, e := range [][2]int{{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 6}, {6, 7}, {3, 8}, {8, 9}, {9, 10}, {10, 11}} {
		p[e[0]][e[1]] = true
	}
	p.Close()
	return p
}

func TestKnownOrders(t *testing.T) {
	for name, c := range map[string]struct {
		answer []int
		score  float64
		first  int
		lacks  []int
	}{
		"one pod after the other": {[]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, 1, -1, nil},
		"side by side":            {[]int{0, 1, 2, 3, 8, 4, 5, 9, 10, 6, 11, 7}, 1, -1, nil},
		"nothing":                 {nil, 0, -1, nil},
		"one missing":             {[]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 11.0 / 12, -1, nil},
		"one that never happens":  {[]int{0, 1, 2, -1, 3, 4, 5, 6, 7, 8, 9, 10, 11}, 11.0 / 12, -1, nil},
		"one twice":               {[]int{0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, 11.0 / 12, -1, nil},
		"runs before its binding": {[]int{0, 1, 2, 3, 4, 7, 5, 6, 8, 9, 10, 11}, 10.0 / 12, 5, []int{6}},
		"backwards":               {[]int{11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0}, 0, 0, []int{10}},
	} {
		o := ScoreOrder(chain12(), c.answer)
		if o.Score != c.score || o.First != c.first || !slices.Equal(o.Lacks, c.lacks) {
			t.Errorf("%s: score %v, first %d lacks %v; want %v, %d, %v", name, o.Score, o.First, o.Lacks, c.score, c.first, c.lacks)
		}
	}
}

func TestRandomOrdersScoreNearZero(t *testing.T) {
	dice := rand.New(rand.NewPCG(3, 4))
	var sum float64
	const n = 20_000
	for range n {
		sum += ScoreOrder(chain12(), dice.Perm(12)).Score
	}
	if mean := sum / n; mean > 0.08 {
		t.Errorf("a random order scores %.3f on average", mean)
	} else {
		t.Logf("a random order scores %.3f on average", mean)
	}
}

func TestCauses(t *testing.T) {
	p := chain12()
	all := p.Direct()
	if len(all) != 11 {
		t.Fatalf("%d direct edges, want 11: %v", len(all), all)
	}
	var closure [][2]int
	for a := range p {
		for b := range p {
			if p[a][b] {
				closure = append(closure, [2]int{a, b})
			}
		}
	}
	backwards := [][2]int{}
	for _, e := range all {
		backwards = append(backwards, [2]int{e[1], e[0]})
	}
	far := slices.Clone(all)
	far[10] = [2]int{0, 11} // the learner names the first cause of the last event
	for name, c := range map[string]struct {
		edges     [][2]int
		low, high float64
	}{
		"all":               {all, 1, 1},
		"none":              {nil, 0, 0},
		"backwards":         {backwards, 0, 0},
		"half":              {all[:6], 0.70, 0.71}, // precision 1, recall 6/11
		"one from afar":     {far, 0.954, 0.955},   // 10.5/11 in both
		"the whole closure": {closure, 0.60, 0.80}, // all are true, most not direct
		"with an invention": {append(slices.Clone(all), [2]int{-1, 3}), 0.95, 0.96},
	} {
		got := ScoreCauses(p, c.edges)
		if got.Score < c.low-1e-9 || got.Score > c.high+1e-9 {
			t.Errorf("%s: %.4f, want %v to %v", name, got.Score, c.low, c.high)
		}
	}
	if got := ScoreCauses(p, far); len(got.Far) != 1 || len(got.Missing) != 1 || len(got.Wrong) != 0 {
		t.Errorf("one from afar: %+v", got)
	}
}

func TestChoice(t *testing.T) {
	for _, c := range []struct {
		right, wrong, all int
		want              float64
	}{{12, 0, 12, 1}, {12, 6, 12, 0.5}, {0, 6, 12, 0}, {6, 0, 12, 0.5}, {0, 0, 0, 0}} {
		if got := ScoreChoice(c.right, c.wrong, c.all); got != c.want {
			t.Errorf("%d right, %d wrong of %d: %v, want %v", c.right, c.wrong, c.all, got, c.want)
		}
	}
}

func BenchmarkOrderOfTwelve(b *testing.B) {
	dice := rand.New(rand.NewPCG(5, 6))
	p := chain12()
	for b.Loop() {
		ScoreOrder(p, dice.Perm(12))
	}
}
