package kubelet

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// stageFile is the part of a kwok Stage (kwok.x-k8s.io/v1alpha1, kwok v0.8.0,
// pkg/apis/v1alpha1/stage_types.go) that is taken: which pods it is for, after
// how long, and how containers end then. All else is an error that names it.
// In kwok a stage stands for a kubelet; here it changes what containers do, and
// everything else follows by itself.
type stageFile struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		ResourceRef struct {
			APIGroup string `json:"apiGroup"`
			Kind     string `json:"kind"`
		} `json:"resourceRef"`
		Selector struct {
			MatchLabels      map[string]string `json:"matchLabels"`
			MatchAnnotations map[string]string `json:"matchAnnotations"`
			MatchExpressions []stageExpression `json:"matchExpressions"`
		} `json:"selector"`
		Delay struct {
			DurationMilliseconds       int64 `json:"durationMilliseconds"`
			JitterDurationMilliseconds int64 `json:"jitterDurationMilliseconds"`
		} `json:"delay"`
		Next struct {
			StatusTemplate string `json:"statusTemplate"`
		} `json:"next"`
	} `json:"spec"`
}

type stageExpression struct {
	Key      string   `json:"key"`
	Operator string   `json:"operator"`
	Values   []string `json:"values"`
}

// stage is a Stage that was taken.
type stage struct {
	file stageFile
	ends []stageEnd
}

// stageEnd is how a container ends; name "" means every one.
type stageEnd struct {
	name, reason, message string
	exit                  int32
}

// stageStatus is the part of a status that a stage may state.
type stageStatus struct {
	ContainerStatuses []struct {
		Name  string `json:"name"`
		State struct {
			Terminated *struct {
				ExitCode int32  `json:"exitCode"`
				Reason   string `json:"reason"`
				Message  string `json:"message"`
			} `json:"terminated"`
		} `json:"state"`
	} `json:"containerStatuses"`
}

// CheckStage says what of a Stage is not understood here, nil for nothing.
func CheckStage(text string) error {
	_, err := parseStage(text)
	return err
}

func parseStage(text string) (*stage, error) {
	s := &stage{}
	if err := yaml.UnmarshalStrict([]byte(text), &s.file); err != nil {
		return nil, fmt.Errorf("this part of a Stage is not understood here: %w", err)
	}
	if s.file.APIVersion != "kwok.x-k8s.io/v1alpha1" || s.file.Kind != "Stage" || s.file.Spec.ResourceRef.Kind != "Pod" {
		return nil, fmt.Errorf("want a Stage of kwok.x-k8s.io/v1alpha1 for Pods, not a %s of %s for %ss", s.file.Kind, s.file.APIVersion, s.file.Spec.ResourceRef.Kind)
	}
	for _, e := range s.file.Spec.Selector.MatchExpressions {
		if _, err := e.matches(&corev1.Pod{}); err != nil {
			return nil, err
		}
	}
	if d := s.file.Spec.Delay; d.DurationMilliseconds < 0 || d.JitterDurationMilliseconds < 0 {
		return nil, fmt.Errorf("spec.delay: must not be below 0")
	}
	if strings.Contains(s.file.Spec.Next.StatusTemplate, "{{") {
		return nil, fmt.Errorf("spec.next.statusTemplate: {{ … }} can't be filled in here: write the status out")
	}
	var status stageStatus
	if err := yaml.UnmarshalStrict([]byte(s.file.Spec.Next.StatusTemplate), &status); err != nil {
		return nil, fmt.Errorf("spec.next.statusTemplate: only containerStatuses with a name and state.terminated are understood here: %w", err)
	}
	for _, c := range status.ContainerStatuses {
		if c.State.Terminated == nil {
			return nil, fmt.Errorf("spec.next.statusTemplate: containerStatuses need a state.terminated")
		}
		s.ends = append(s.ends, stageEnd{c.Name, c.State.Terminated.Reason, c.State.Terminated.Message, c.State.Terminated.ExitCode})
	}
	if len(s.ends) == 0 {
		return nil, fmt.Errorf("spec.next.statusTemplate: says of no container how it ends")
	}
	return s, nil
}

var stageKey = regexp.MustCompile(`^\.metadata\.(labels|annotations)\["([^"]+)"\]$`)

// matches tells whether an expression holds for a pod that runs.
func (e *stageExpression) matches(pod *corev1.Pod) (bool, error) {
	value, there := "", false
	switch m := stageKey.FindStringSubmatch(e.Key); {
	case m != nil && m[1] == "labels":
		value, there = pod.Labels[m[2]]
	case m != nil:
		value, there = pod.Annotations[m[2]]
	case e.Key == ".status.phase":
		value, there = string(corev1.PodRunning), true
	case e.Key == ".metadata.deletionTimestamp":
	default:
		return false, fmt.Errorf("spec.selector.matchExpressions: the key %s is not understood here: labels, annotations, .status.phase and .metadata.deletionTimestamp are", e.Key)
	}
	switch e.Operator {
	case "In":
		return there && slices.Contains(e.Values, value), nil
	case "NotIn":
		return !slices.Contains(e.Values, value), nil
	case "Exists":
		return there, nil
	case "DoesNotExist":
		return !there, nil
	}
	return false, fmt.Errorf("spec.selector.matchExpressions: there is no operator %q", e.Operator)
}

func (s *stage) selects(pod *corev1.Pod) bool {
	within := func(want, have map[string]string) bool {
		for key, value := range want {
			if got, ok := have[key]; !ok || got != value {
				return false
			}
		}
		return true
	}
	sel := &s.file.Spec.Selector
	if !within(sel.MatchLabels, pod.Labels) || !within(sel.MatchAnnotations, pod.Annotations) {
		return false
	}
	for _, e := range sel.MatchExpressions {
		if ok, err := e.matches(pod); err != nil || !ok {
			return false
		}
	}
	return true
}

// change has the stages change what a container of a pod does. As in kwok the
// jitter is the longest delay, when it is longer than the delay.
func change(p *plan, stages []*stage, pod *corev1.Pod, name string, dice *rand.Rand) {
	for _, s := range stages {
		if !s.selects(pod) {
			continue
		}
		delay, most := s.file.Spec.Delay.DurationMilliseconds, s.file.Spec.Delay.JitterDurationMilliseconds
		if most > delay {
			delay += dice.Int64N(most - delay)
		}
		for _, end := range s.ends {
			at := max(time.Duration(delay)*time.Millisecond, atOnce)
			if (end.name == "" || end.name == name) && (p.lasts < 0 || at < p.lasts) {
				p.lasts, p.exit, p.reason, p.message = at, end.exit, end.reason, end.message
			}
		}
	}
}
