package podautoscaler

import (
	"math"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
)

// downWindow is how long a smaller number must have been wanted before it is
// taken, unless the autoscaler says otherwise.
const downWindow = 300

// history is what was wanted and done lately. It is lost with a restart, as
// upstream's is.
type history struct {
	wanted []moment
	up     []moment
	down   []moment
}

// moment is a number of replicas, or of replicas more or less, and when.
type moment struct {
	n  int32
	at time.Time
}

// recall begins an autoscaler's history with what there is.
func (p *pass) recall(current int32) *history {
	h := p.past[p.key]
	if h == nil {
		h = &history{wanted: []moment{{current, p.now}}}
		p.past[p.key] = h
	}
	return h
}

// remember notes a change of scale, for the policies.
func (p *pass) remember(before, after int32) {
	h, b := p.past[p.key], p.hpa.Spec.Behavior
	switch {
	case b == nil:
	case after > before:
		h.up = append(since(h.up, p.now, longest(b.ScaleUp)), moment{after - before, p.now})
	default:
		h.down = append(since(h.down, p.now, longest(b.ScaleDown)), moment{before - after, p.now})
	}
}

func longest(r *autoscalingv2.HPAScalingRules) (seconds int32) {
	for _, policy := range r.Policies {
		seconds = max(seconds, policy.PeriodSeconds)
	}
	return seconds
}

// since are the moments of the last seconds.
func since(list []moment, now time.Time, seconds int32) []moment {
	var out []moment
	for _, m := range list {
		if m.at.After(now.Add(-time.Duration(seconds) * time.Second)) {
			out = append(out, m)
		}
	}
	return out
}

// normalise is the number of replicas to scale to: what is wanted, held back by
// what was wanted lately and by how fast the number may change, in bounds.
func (p *pass) normalise(current, wanted, least int32) int32 {
	h, b := p.past[p.key], p.hpa.Spec.Behavior
	steady, reason, message := wanted, "", ""
	if b == nil {
		steady, reason, message = h.steadyDown(wanted, p.now)
	} else {
		steady, reason, message = h.steady(current, wanted, windowOf(b.ScaleUp, 0), windowOf(b.ScaleDown, downWindow), p.now)
	}
	if steady == wanted {
		reason, message = "ReadyForNewScale", "recommended size matches current size"
	}
	p.condition(autoscalingv2.AbleToScale, corev1.ConditionTrue, reason, message)
	var desired int32
	if b == nil {
		desired, reason, message = bounded(current, steady, least, p.hpa.Spec.MaxReplicas)
	} else {
		desired, reason, message = h.limited(b, current, steady, least, p.hpa.Spec.MaxReplicas, p.now)
	}
	limited := corev1.ConditionTrue
	if desired == steady {
		limited = corev1.ConditionFalse
	}
	p.condition(autoscalingv2.ScalingLimited, limited, reason, message)
	return desired
}

func windowOf(r *autoscalingv2.HPAScalingRules, otherwise int32) int32 {
	return ptr.Deref(r.StabilizationWindowSeconds, otherwise)
}

const (
	lowest  = "recent recommendations were lower than current one, applying the lowest recent recommendation"
	highest = "recent recommendations were higher than current one, applying the highest recent recommendation"
)

// note adds to what was wanted, in the place of a moment that is of no use any more.
func (h *history) note(wanted int32, now, useless time.Time) {
	for i := len(h.wanted) - 1; i >= 0; i-- {
		if h.wanted[i].at.Before(useless) {
			h.wanted[i] = moment{wanted, now}
			return
		}
	}
	h.wanted = append(h.wanted, moment{wanted, now})
}

// steadyDown is the most that was wanted in the last minutes.
func (h *history) steadyDown(wanted int32, now time.Time) (int32, string, string) {
	cutoff := now.Add(-downWindow * time.Second)
	most := wanted
	for _, m := range h.wanted {
		if !m.at.Before(cutoff) {
			most = max(most, m.n)
		}
	}
	h.note(wanted, now, cutoff)
	return most, "ScaleDownStabilized", highest
}

// steady keeps the number between the least that was wanted in the one window,
// and the most in the other.
func (h *history) steady(current, wanted, upSeconds, downSeconds int32, now time.Time) (int32, string, string) {
	upCut, downCut := now.Add(-time.Duration(upSeconds)*time.Second), now.Add(-time.Duration(downSeconds)*time.Second)
	up, down := wanted, wanted
	for _, m := range h.wanted {
		if m.at.After(upCut) {
			up = min(up, m.n)
		}
		if m.at.After(downCut) {
			down = max(down, m.n)
		}
	}
	useless := upCut
	if downCut.Before(upCut) {
		useless = downCut
	}
	h.note(wanted, now, useless)
	steady := min(max(current, up), down)
	if wanted >= current {
		return steady, "ScaleUpStabilized", lowest
	}
	return steady, "ScaleDownStabilized", highest
}

const (
	withinRange = "the desired count is within the acceptable range"
	tooMany     = "the desired replica count is more than the maximum replica count"
	tooFew      = "the desired replica count is less than the minimum replica count"
	tooFastUp   = "the desired replica count is increasing faster than the maximum scale rate"
	tooFastDown = "the desired replica count is decreasing faster than the maximum scale rate"
)

// bounded keeps a number within the autoscaler's bounds, and within twice what
// there is, or four.
func bounded(current, n, least, most int32) (int32, string, string) {
	fast := max(2*current, 4)
	switch {
	case n < least:
		return least, "TooFewReplicas", tooFew
	case most > fast && n > fast:
		return fast, "ScaleUpLimit", tooFastUp
	case n > most:
		return most, "TooManyReplicas", tooMany
	}
	return n, "DesiredWithinRange", withinRange
}

// limited is bounded by the autoscaler's own policies.
func (h *history) limited(b *autoscalingv2.HorizontalPodAutoscalerBehavior, current, n, least, most int32, now time.Time) (int32, string, string) {
	switch {
	case n > current:
		fast := max(h.limit(b.ScaleUp, current, 1, now), current)
		switch {
		case most > fast && n > fast:
			return fast, "ScaleUpLimit", tooFastUp
		case n > most:
			return most, "TooManyReplicas", tooMany
		}
	case n < current:
		fast := min(h.limit(b.ScaleDown, current, -1, now), current)
		switch {
		case least < fast && n < fast:
			return fast, "ScaleDownLimit", tooFastDown
		case n < least:
			return least, "TooFewReplicas", tooFew
		}
	}
	return n, "DesiredWithinRange", withinRange
}

// limit is how far the policies let the number go, up (1) or down (-1): from
// where it was when each one's period began.
func (h *history) limit(r *autoscalingv2.HPAScalingRules, current int32, way int32, now time.Time) int32 {
	selected := ptr.Deref(r.SelectPolicy, autoscalingv2.MaxChangePolicySelect)
	if selected == autoscalingv2.DisabledPolicySelect {
		return current
	}
	farthest := (selected == autoscalingv2.MaxChangePolicySelect) == (way > 0)
	result := int32(math.MinInt32)
	if !farthest {
		result = math.MaxInt32
	}
	for _, policy := range r.Policies {
		start := current - sum(since(h.up, now, policy.PeriodSeconds)) + sum(since(h.down, now, policy.PeriodSeconds))
		n := start + way*policy.Value
		if policy.Type == autoscalingv2.PercentScalingPolicy {
			share := float64(start) * (1 + float64(way*policy.Value)/100)
			if n = int32(share); way > 0 {
				n = int32(math.Ceil(share))
			}
		}
		if farthest {
			result = max(result, n)
		} else {
			result = min(result, n)
		}
	}
	return result
}

func sum(list []moment) (n int32) {
	for _, m := range list {
		n += m.n
	}
	return n
}
