package job

import (
	"fmt"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

// verdict is what a job's failure policy makes of a failed pod.
type verdict struct {
	message string // of a failure that fails the job
	ignored bool   // it doesn't count
	index   bool   // it fails its index
}

// judge finds the first rule that matches (matchPodFailurePolicy); without one
// the failure counts.
func judge(j *batchv1.Job, pod *corev1.Pod) verdict {
	if j.Spec.PodFailurePolicy == nil {
		return verdict{}
	}
	for i, rule := range j.Spec.PodFailurePolicy.Rules {
		what := matches(&rule, pod)
		if what == "" {
			continue
		}
		switch rule.Action {
		case batchv1.PodFailurePolicyActionIgnore:
			return verdict{ignored: true}
		case batchv1.PodFailurePolicyActionFailIndex:
			return verdict{index: true}
		case batchv1.PodFailurePolicyActionCount:
			return verdict{}
		case batchv1.PodFailurePolicyActionFailJob:
			return verdict{message: fmt.Sprintf("%s matching FailJob rule at index %d", what, i)}
		}
	}
	return verdict{}
}

// matches says what of a pod a rule matches; "" for nothing.
func matches(rule *batchv1.PodFailurePolicyRule, pod *corev1.Pod) string {
	if on := rule.OnExitCodes; on != nil {
		for _, s := range slices.Concat(pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses) {
			ended := s.State.Terminated
			if ended == nil || ended.ExitCode == 0 || on.ContainerName != nil && *on.ContainerName != s.Name {
				continue
			}
			if slices.Contains(on.Values, ended.ExitCode) == (on.Operator == batchv1.PodFailurePolicyOnExitCodesOpIn) {
				return fmt.Sprintf("Container %s for pod %s/%s failed with exit code %d", s.Name, pod.Namespace, pod.Name, ended.ExitCode)
			}
		}
		return ""
	}
	for _, c := range pod.Status.Conditions {
		for _, pattern := range rule.OnPodConditions {
			if c.Type == pattern.Type && c.Status == pattern.Status {
				return fmt.Sprintf("Pod %s/%s has condition %s", pod.Namespace, pod.Name, c.Type)
			}
		}
	}
	return ""
}

// successRule tells whether enough indexes have succeeded for the job's success
// policy, and by which rule.
func successRule(j *batchv1.Job, done indexes) (message string, met bool) {
	if j.Spec.SuccessPolicy == nil || len(done) == 0 {
		return "", false
	}
	for i, rule := range j.Spec.SuccessPolicy.Rules {
		count, needed := len(done), -1
		if rule.SucceededIndexes != nil {
			listed := parseIndexes(*rule.SucceededIndexes, int(*j.Spec.Completions))
			if len(listed) == 0 {
				continue
			}
			needed, count = len(listed), 0
			for _, n := range listed {
				if done.has(n) {
					count++
				}
			}
		}
		if count == needed || rule.SucceededCount != nil && count >= int(*rule.SucceededCount) {
			return fmt.Sprintf("Matched rules at index %d", i), true
		}
	}
	return "", false
}
