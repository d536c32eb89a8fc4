package grading

// Causes is what named causes come to.
type Causes struct {
	// Score is the F1 of precision and recall; an edge that holds but is not
	// direct counts half in both.
	Score float64
	// Wrong are the edges that do not hold, Far those that hold but are not
	// direct, Missing the direct ones that were not named.
	Wrong, Far, Missing [][2]int
}

// ScoreCauses holds edges (cause, effect), by the numbers of the events,
// against the partial order. Edges whose ends are no events are wrong.
func ScoreCauses(p Poset, edges [][2]int) Causes {
	var c Causes
	direct := map[[2]int]bool{}
	for _, e := range p.Direct() {
		direct[e] = true
	}
	named := map[[2]int]bool{}
	far := map[int]int{} // edges that hold from afar, by effect
	hits := 0
	for _, e := range edges {
		switch {
		case named[e]:
			continue
		case direct[e]:
			hits++
		case within(p, e) && p[e[0]][e[1]]:
			c.Far = append(c.Far, e)
			far[e[1]]++
		default:
			c.Wrong = append(c.Wrong, e)
		}
		named[e] = true
	}
	credit := float64(hits)
	for _, e := range p.Direct() {
		if named[e] {
			continue
		}
		c.Missing = append(c.Missing, e)
		if far[e[1]] > 0 { // a remote cause of the same effect stands in for it, by half
			far[e[1]]--
			credit += 0.5
		}
	}
	if len(direct) == 0 || len(named) == 0 {
		if len(direct) == len(named) {
			c.Score = 1
		}
		return c
	}
	precision := (float64(hits) + 0.5*float64(len(c.Far))) / float64(len(named))
	recall := credit / float64(len(direct))
	if precision+recall > 0 {
		c.Score = 2 * precision * recall / (precision + recall)
	}
	return c
}

func within(p Poset, e [2]int) bool {
	return e[0] >= 0 && e[1] >= 0 && e[0] < len(p) && e[1] < len(p)
}

// ScoreChoice is what a choice of events comes to: those that happen, less the
// wrong ones chosen, out of all that happen.
func ScoreChoice(right, wrong, all int) float64 {
	if all == 0 {
		return 0
	}
	return max(0, float64(right-wrong)/float64(all))
}
