package job

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// jobOf wants three successes of two pods at a time, and has begun a minute ago.
func jobOf(change ...func(*batchv1.Job)) *batchv1.Job {
	j := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "count", Namespace: "default", UID: "j"}}
	j.Spec.Completions, j.Spec.Parallelism, j.Spec.BackoffLimit = ptr.To[int32](3), ptr.To[int32](2), ptr.To[int32](2)
	j.Spec.Template.Spec.RestartPolicy = corev1.RestartPolicyNever
	j.Spec.Template.Spec.Containers = []corev1.Container{{Name: "c"}}
	j.Status.StartTime = ptr.To(metav1.NewTime(noon.Add(-time.Minute)))
	for _, c := range change {
		c(j)
	}
	return j
}

func inOrder(j *batchv1.Job)  { j.Spec.CompletionMode = ptr.To(batchv1.IndexedCompletion) }
func asleep(j *batchv1.Job)   { j.Spec.Suspend = ptr.To(true) }
func anyWill(j *batchv1.Job)  { j.Spec.Completions = nil }
func restarts(j *batchv1.Job) { j.Spec.Template.Spec.RestartPolicy = corev1.RestartPolicyOnFailure }
func byIndex(j *batchv1.Job) {
	inOrder(j)
	j.Spec.BackoffLimitPerIndex, j.Spec.BackoffLimit = ptr.To[int32](1), ptr.To[int32](1<<30)
}
func had(succeeded, failed int32) func(*batchv1.Job) {
	return func(j *batchv1.Job) { j.Status.Succeeded, j.Status.Failed = succeeded, failed }
}
func within1m(seconds int64) func(*batchv1.Job) {
	return func(j *batchv1.Job) { j.Spec.ActiveDeadlineSeconds = &seconds }
}
func done(indexes string) func(*batchv1.Job) {
	return func(j *batchv1.Job) { inOrder(j); j.Status.CompletedIndexes = indexes }
}
func policy(action batchv1.PodFailurePolicyAction) func(*batchv1.Job) {
	return func(j *batchv1.Job) {
		j.Spec.PodFailurePolicy = &batchv1.PodFailurePolicy{Rules: []batchv1.PodFailurePolicyRule{{
			Action: action, OnExitCodes: &batchv1.PodFailurePolicyOnExitCodesRequirement{Operator: batchv1.PodFailurePolicyOnExitCodesOpIn, Values: []int32{42}},
		}}}
	}
}
func enough(count int32, listed string) func(*batchv1.Job) {
	return func(j *batchv1.Job) {
		rule := batchv1.SuccessPolicyRule{SucceededCount: &count}
		if listed != "" {
			rule.SucceededIndexes = &listed
		}
		j.Spec.SuccessPolicy = &batchv1.SuccessPolicy{Rules: []batchv1.SuccessPolicyRule{rule}}
	}
}

// podsOf makes pods from words: a name, and after a colon letters: r running, s
// succeeded, f failed a minute ago with exit code 42, n lately, d being
// deleted, x without finalizer, a digit for its index, R restarted twice.
func podsOf(words ...string) []*corev1.Pod {
	var pods []*corev1.Pod
	for _, word := range words {
		name, letters, _ := strings.Cut(word, ":")
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(name), Finalizers: []string{batchv1.JobTrackingFinalizer}}}
		p.Status.Phase = corev1.PodPending
		ended := noon.Add(-time.Minute)
		if strings.Contains(letters, "n") {
			ended = noon.Add(-time.Second)
		}
		for _, letter := range letters {
			switch letter {
			case 'r':
				p.Status.Phase = corev1.PodRunning
				p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
			case 's', 'f':
				code := map[rune]int32{'s': 0, 'f': 42}[letter]
				p.Status.Phase = map[rune]corev1.PodPhase{'s': corev1.PodSucceeded, 'f': corev1.PodFailed}[letter]
				p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "c", State: corev1.ContainerState{
					Terminated: &corev1.ContainerStateTerminated{ExitCode: code, FinishedAt: metav1.NewTime(ended)}}}}
			case 'd':
				p.DeletionTimestamp = &metav1.Time{Time: noon}
			case 'x':
				p.Finalizers = nil
			case 'R':
				p.Status.ContainerStatuses = []corev1.ContainerStatus{{RestartCount: 2}}
			case '0', '1', '2', '3':
				p.Annotations = map[string]string{batchv1.JobCompletionIndexAnnotation: string(letter)}
			}
		}
		pods = append(pods, p)
	}
	return pods
}

func TestDecide(t *testing.T) {
	for _, c := range []struct {
		name string
		job  *batchv1.Job
		pods string
		want string // what is done; = then how it ends
	}{
		{"the first", jobOf(), "", "create 2"},
		{"enough at a time", jobOf(), "a:r b:r", ""},
		{"the next", jobOf(), "a:s b:r", "create 1 count a"},
		{"not more than are needed", jobOf(had(2, 0)), "a:sx b:sx c:r", ""},
		{"complete", jobOf(had(2, 0)), "c:s", "count c = Complete CompletionsReached"},
		{"too many", jobOf(had(2, 0)), "c:r d:r", "drop c"},
		{"one success is enough", jobOf(anyWill), "a:s b:r", "count a"},
		{"and then the rest ends", jobOf(anyWill), "a:sx b:s", "count b = Complete CompletionsReached"},
		{"suspended", jobOf(asleep), "a:r b:r", "drop a,b"},
		{"a failure is tried again", jobOf(), "a:f b:r", "create 1 count a"},
		{"after a while", jobOf(), "a:fn b:r", "count a wait 9s"},
		{"one that is being deleted has failed", jobOf(), "a:rd b:r", "count a wait 10s"},
		{"too many failures", jobOf(had(0, 2)), "a:f b:r", "remove b count a,b = Failed BackoffLimitExceeded"},
		{"restarts count too", jobOf(restarts), "a:rR b:r", "remove a,b count a,b = Failed BackoffLimitExceeded"},
		{"time is up", jobOf(within1m(60)), "a:r", "remove a count a = Failed DeadlineExceeded"},
		{"time is left", jobOf(within1m(90)), "a:r b:r", "wait 30s"},

		{"indexed", jobOf(inOrder), "", "create 0,1"},
		{"indexed: the next", jobOf(inOrder), "a:s0 b:r1", "create 2 count a"},
		{"indexed: a gap", jobOf(done("1")), "c:r2", "create 0"},
		{"indexed: again", jobOf(inOrder), "a:f0 b:r1", "create 0 count a"},
		{"indexed: twice the same", jobOf(inOrder), "a:r0 b:r0", "drop a"},
		{"indexed: complete", jobOf(done("0,1")), "c:s2", "count c = Complete CompletionsReached"},
		{"indexed: a second success doesn't count", jobOf(done("0")), "a:s0 b:r1", "create 2 count a"},

		{"by index: again", jobOf(byIndex), "a:f0 b:r1", "create 0"},
		{"by index: after a while", jobOf(byIndex), "a:f0n b:r1 c:s2", "count c wait 9s"},
		{"by index: the failed one may go once it is replaced", jobOf(byIndex), "a:f0 d:r0 b:r1", "count a"},

		{"policy: ignored", jobOf(had(0, 2), policy(batchv1.PodFailurePolicyActionIgnore)), "a:f b:r", "create 1 count a"},
		{"policy: fails the job", jobOf(policy(batchv1.PodFailurePolicyActionFailJob)), "a:f b:r", "remove b count a,b = Failed PodFailurePolicy"},
		{"policy: waits for a pod to end", jobOf(policy(batchv1.PodFailurePolicyActionCount)), "a:rd b:r", ""},
		{"success policy: enough", jobOf(inOrder, enough(1, "")), "a:s0 b:r1", "remove b count a,b = Complete SuccessPolicy"},
		{"success policy: not these", jobOf(inOrder, enough(1, "2")), "a:s0 b:r1", "create 2 count a"},
	} {
		p := decide(observed{job: c.job, pods: podsOf(strings.Fields(c.pods)...), now: noon})
		if got := said(p); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func said(p *pass) string {
	var words []string
	say := func(what, text string) {
		if text != "" {
			words = append(words, what+" "+text)
		}
	}
	say("remove", names(p.remove))
	say("drop", names(p.drop))
	if n := len(p.create); n > 0 && p.create[0] == noIndex {
		say("create", fmt.Sprint(n))
	} else {
		say("create", strings.Trim(strings.ReplaceAll(fmt.Sprint(p.create), " ", ","), "[]"))
	}
	say("count", names(p.count))
	if p.recheck > 0 {
		say("wait", p.recheck.String())
	}
	if p.end != nil {
		say("=", string(p.end.Type)+" "+p.end.Reason)
	}
	return strings.Join(words, " ")
}

func names(pods []*corev1.Pod) string {
	var all []string
	for _, p := range pods {
		all = append(all, p.Name)
	}
	slices.Sort(all)
	return strings.Join(all, ",")
}

func TestFailedIndexes(t *testing.T) {
	pods := podsOf("a:f0", "b:s1", "c:s2")
	pods[0].Annotations[batchv1.JobIndexFailureCountAnnotation] = "1"
	p := decide(observed{job: jobOf(byIndex), pods: pods, now: noon})
	if p.end == nil || p.end.Reason != batchv1.JobReasonFailedIndexes || *p.status.FailedIndexes != "0" || p.status.CompletedIndexes != "1,2" {
		t.Errorf("%+v %+v", p.end, p.status)
	}
}

// TestCounting goes through the three steps in which an end is counted.
func TestCounting(t *testing.T) {
	j := jobOf(had(1, 0))
	pods := podsOf("a:s", "b:r")
	p := decide(observed{job: j, pods: pods, now: noon})
	if diff := cmp.Diff([]types.UID{"a"}, p.status.UncountedTerminatedPods.Succeeded); diff != "" || p.status.Succeeded != 1 || !p.write {
		t.Fatalf("noted: %+v", p.status)
	}
	j.Status = p.status
	if p = decide(observed{job: j, pods: pods, now: noon}); p.succeeded != 2 || len(p.status.UncountedTerminatedPods.Succeeded) != 1 {
		t.Fatalf("noted twice: %+v", p.status)
	}
	pods[0].Finalizers = nil
	p = decide(observed{job: j, pods: pods, now: noon})
	if p.status.Succeeded != 2 || p.status.UncountedTerminatedPods.Succeeded != nil {
		t.Fatalf("counted: %+v", p.status)
	}
	j.Status = p.status
	if p = decide(observed{job: j, pods: pods, now: noon}); p.succeeded != 2 || p.write {
		t.Fatalf("counted twice: %+v", p.status)
	}
}

func TestIndexes(t *testing.T) {
	for text, want := range map[string]string{"": "", "0": "0", "0,1": "0,1", "0-2": "0-2", "0,2-4,7,8": "0,2-4,7,8", "1,x,3": "1,3", "2-9": "2-9", "8-20": "8,9"} {
		if got := parseIndexes(text, 10).String(); got != want {
			t.Errorf("%s became %s, want %s", text, got, want)
		}
	}
	if got := firstMissing(indexes{0, 2, 3}, 2, 6); !slices.Equal(got, []int{1, 4}) {
		t.Errorf("missing %v", got)
	}
}

func TestBackoff(t *testing.T) {
	b := backoff{}.after(nil, podsOf("a:f", "b:f"))
	if b.failures != 2 || b.left(noon) != 0 || b.left(noon.Add(-time.Minute)) != 20*time.Second {
		t.Errorf("%+v", b)
	}
	for n, want := range map[int32]time.Duration{0: 0, 1: 10 * time.Second, 4: 80 * time.Second, 7: 10 * time.Minute, 90: 10 * time.Minute} {
		if got := (backoff{n, noon}).left(noon); got != want {
			t.Errorf("%d failures: %v, want %v", n, got, want)
		}
	}
	if b = b.after(podsOf("c:sn"), podsOf("d:f")); b.failures != 0 {
		t.Errorf("after a success: %+v", b)
	}
}

func TestPodFor(t *testing.T) {
	j := jobOf(byIndex)
	p := &pass{observed: observed{job: j}, delayed: map[int]*corev1.Pod{2: podsOf("a:f2")[0]}}
	pod := p.podFor(2)
	if pod.GenerateName != "count-2-" || pod.Spec.Hostname != "count-2" || !tracked(pod) || indexOf(pod) != 2 || !metav1.IsControlledBy(pod, j) {
		t.Errorf("%+v", pod)
	}
	if counted, _ := failures(pod); counted != 1 || pod.Spec.Containers[0].Env[0].Name != "JOB_COMPLETION_INDEX" {
		t.Errorf("%+v", pod)
	}
	if len(j.Spec.Template.Spec.Containers[0].Env) > 0 {
		t.Error("the template was changed")
	}
}
