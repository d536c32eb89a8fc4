package job

import (
	"slices"
	"strconv"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

// indexes is a set of completion indexes, sorted.
type indexes []int

func (ix indexes) has(n int) bool {
	_, found := slices.BinarySearch(ix, n)
	return found
}

func (ix indexes) with(more ...int) indexes {
	all := append(slices.Clone(ix), more...)
	slices.Sort(all)
	return slices.Compact(all)
}

// String writes a set as statuses have it: 0,2-4,7,8.
func (ix indexes) String() string {
	var parts []string
	for i := 0; i < len(ix); {
		j := i
		for j+1 < len(ix) && ix[j+1] == ix[j]+1 {
			j++
		}
		parts = append(parts, strconv.Itoa(ix[i]))
		switch {
		case j == i+1:
			parts = append(parts, strconv.Itoa(ix[j]))
		case j > i:
			parts[len(parts)-1] += "-" + strconv.Itoa(ix[j])
		}
		i = j + 1
	}
	return strings.Join(parts, ",")
}

// parseIndexes reads what String writes, up to the number of completions; what
// can't be read is passed over.
func parseIndexes(text string, completions int) indexes {
	var all indexes
	for _, part := range strings.Split(text, ",") {
		from, to, isRange := strings.Cut(part, "-")
		first, err := strconv.Atoi(from)
		if err != nil {
			continue
		}
		last := first
		if isRange {
			if last, err = strconv.Atoi(to); err != nil {
				continue
			}
		}
		for n := first; n <= last && n < completions; n++ {
			all = append(all, n)
		}
	}
	return all
}

func indexed(j *batchv1.Job) bool {
	return j.Spec.CompletionMode != nil && *j.Spec.CompletionMode == batchv1.IndexedCompletion
}

// limitedPerIndex tells whether failures are counted for each index.
func limitedPerIndex(j *batchv1.Job) bool { return j.Spec.BackoffLimitPerIndex != nil }

// indexOf is a pod's completion index, -1 where it has none.
func indexOf(pod *corev1.Pod) int {
	n, err := strconv.Atoi(pod.Annotations[batchv1.JobCompletionIndexAnnotation])
	if err != nil || n < 0 {
		return -1
	}
	return n
}

// within tells whether a pod has an index that the job has.
func within(j *batchv1.Job, pod *corev1.Pod) bool {
	n := indexOf(pod)
	return n >= 0 && n < int(*j.Spec.Completions)
}

func indexesOf(pods []*corev1.Pod) indexes {
	var all indexes
	for _, pod := range pods {
		if n := indexOf(pod); n >= 0 {
			all = append(all, n)
		}
	}
	return all.with()
}

// firstMissing are the lowest indexes, so many at most, that aren't in taken.
func firstMissing(taken indexes, count, completions int) []int {
	var out []int
	for n := 0; n < completions && len(out) < count; n++ {
		if !taken.has(n) {
			out = append(out, n)
		}
	}
	return out
}

// failures is how often a pod's index had failed when the pod was made; ignored
// are those failures that don't count.
func failures(pod *corev1.Pod) (counted, ignored int32) {
	return number(pod, batchv1.JobIndexFailureCountAnnotation), number(pod, batchv1.JobIndexIgnoredFailureCountAnnotation)
}

func number(pod *corev1.Pod, annotation string) int32 {
	n, err := strconv.ParseUint(pod.Annotations[annotation], 10, 31)
	if err != nil {
		return 0
	}
	return int32(n)
}
