package kubelet

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// maxLogLines bounds a log: the oldest lines of a container that prints for
// ever are gone, as on a real machine whose logs are rotated.
const maxLogLines = 2000

type logLine struct {
	at   time.Time
	text string
}

// Logs returns what a container has printed until now. options are those of
// the log subresource: previous, tailLines, timestamps, sinceSeconds,
// limitBytes. Errors are the API server's, in the kubelet's words.
func (n *Node) Logs(pod *corev1.Pod, name string, options map[string]string, now time.Time) ([]byte, error) {
	box := n.boxes[pod.UID]
	run := box.find(name)
	if options["previous"] == "true" {
		if run == nil || run.last == nil {
			return nil, apierrors.NewBadRequest(fmt.Sprintf("previous terminated container %q in pod %q not found", name, pod.Name))
		}
		run = run.last
	}
	if run == nil {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("container %q in pod %q is waiting to start: %s", name, pod.Name, waitingReason(pod, name)))
	}
	return render(run.log(now), options, now), nil
}

func waitingReason(pod *corev1.Pod, name string) string {
	for _, list := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for i := range list {
			w := list[i].State.Waiting
			if list[i].Name != name || w == nil {
				continue
			}
			if w.Reason == "ErrImagePull" || w.Reason == "ImagePullBackOff" || w.Reason == "InvalidImageName" || w.Reason == "ErrImageNeverPull" {
				return "trying and failing to pull image"
			}
			return w.Reason
		}
	}
	return "ContainerCreating"
}

// log is everything the container has printed, oldest first.
func (c *container) log(now time.Time) []logLine {
	end := now
	if c.exited() {
		end = c.finished
	}
	var out []logLine
	add := func(from time.Time, lines []line) {
		for _, l := range lines {
			if at := from.Add(l.after); !at.After(end) {
				out = append(out, logLine{at, fill(l.text, at)})
			}
		}
	}
	add(c.started, c.plan.lines)
	if len(c.printed) > 0 {
		for _, l := range c.printed {
			if !l.at.After(end) {
				out = append(out, l)
			}
		}
		slices.SortStableFunc(out, func(a, b logLine) int { return a.at.Compare(b.at) })
	}
	if len(c.plan.loop) == 0 {
		return out
	}
	begin := c.started.Add(c.plan.from)
	rounds := int64(end.Sub(begin)) / int64(c.plan.every)
	for r := max(rounds-maxLogLines, 0); r <= rounds && !end.Before(begin); r++ {
		add(begin.Add(time.Duration(r)*c.plan.every), c.plan.loop)
	}
	return out
}

// fill writes the time into a line, in the program's own form.
func fill(text string, at time.Time) string {
	if !strings.Contains(text, "{") {
		return text
	}
	at = at.UTC()
	return strings.NewReplacer(
		"{date}", at.Format("Mon Jan _2 15:04:05 UTC 2006"),
		"{nginx}", at.Format("2006/01/02 15:04:05"),
		"{apache}", at.Format("Mon Jan 02 15:04:05.000000 2006"),
		"{redis}", at.Format("02 Jan 2006 15:04:05.000"),
		"{tomcat}", at.Format("02-Jan-2006 15:04:05.000"),
		"{iso}", at.Format("2006-01-02T15:04:05.000Z"),
	).Replace(text)
}

func render(lines []logLine, options map[string]string, now time.Time) []byte {
	if s, err := strconv.ParseInt(options["sinceSeconds"], 10, 64); err == nil {
		since := now.Add(-time.Duration(s) * time.Second)
		for len(lines) > 0 && lines[0].at.Before(since) {
			lines = lines[1:]
		}
	}
	if n, err := strconv.Atoi(options["tailLines"]); err == nil && n >= 0 && n < len(lines) {
		lines = lines[len(lines)-n:]
	}
	var out []byte
	for _, l := range lines {
		if options["timestamps"] == "true" {
			out = l.at.UTC().AppendFormat(out, time.RFC3339Nano)
			out = append(out, ' ')
		}
		out = append(append(out, l.text...), '\n')
	}
	if n, err := strconv.Atoi(options["limitBytes"]); err == nil && n > 0 && n < len(out) {
		out = out[:n]
	}
	return out
}
