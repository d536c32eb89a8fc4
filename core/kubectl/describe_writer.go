package kubectl

import (
	"fmt"
	"sort"
	"strings"
	"text/tabwriter"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"
)

// sheet is a description being written: lines of tab-separated cells, indented
// by level, that are aligned in the end (pkg/describe, PrefixWriter).
type sheet struct {
	b   strings.Builder
	now time.Time
}

// line writes one line, level deep.
func (s *sheet) line(level int, format string, args ...any) {
	s.text(level, format+"\n", args...)
}

func (s *sheet) text(level int, format string, args ...any) {
	s.b.WriteString(strings.Repeat("  ", level))
	fmt.Fprintf(&s.b, format, args...)
}

// cut ends what has been written so far: columns don't reach beyond it.
func (s *sheet) cut() { s.b.WriteString("\f") }

// aligned is the finished text.
func (s *sheet) aligned() string {
	var out strings.Builder
	for _, part := range strings.Split(s.b.String(), "\f") {
		w := tabwriter.NewWriter(&out, 0, 8, 2, ' ', 0)
		fmt.Fprint(w, part)
		w.Flush()
	}
	return out.String()
}

// labels writes "Title:  k=v" with one pair a line.
func (s *sheet) labels(title string, labels map[string]string) {
	s.lines(title, pairs(labels, "="))
}

func pairs(m map[string]string, between string) []string {
	var list []string
	for _, k := range sortedKeys(m) {
		list = append(list, k+between+m[k])
	}
	return list
}

// lines writes a title with values below each other, or <none>.
func (s *sheet) lines(title string, values []string) {
	s.text(0, "%s:\t", title)
	if len(values) == 0 {
		s.line(0, "<none>")
		return
	}
	for i, v := range values {
		if i > 0 {
			s.text(0, "\t")
		}
		s.line(0, "%s", v)
	}
}

// maxAnnotation is how long an annotation may be to stand on one line.
const maxAnnotation = 140

func (s *sheet) annotations(title string, annotations map[string]string) {
	var values []string
	for _, k := range sortedKeys(annotations) {
		if k == lastApplied {
			continue
		}
		v := strings.TrimSuffix(annotations[k], "\n")
		if len(v)+len(k)+2 <= maxAnnotation && !strings.Contains(v, "\n") {
			values = append(values, k+": "+v)
			continue
		}
		values = append(values, k+":")
		for _, line := range strings.Split(v, "\n") {
			if len(line) > maxAnnotation-2 {
				line = line[:maxAnnotation-2] + "..."
			}
			values = append(values, "  "+line)
		}
	}
	s.lines(title, values)
}

func (s *sheet) tolerations(title string, tolerations []corev1.Toleration) {
	list := append([]corev1.Toleration{}, tolerations...)
	sort.SliceStable(list, func(i, j int) bool { return list[i].Key < list[j].Key })
	var values []string
	for _, t := range list {
		text := t.Key
		if t.Value != "" {
			text += "=" + t.Value
		}
		if t.Effect != "" {
			text += ":" + string(t.Effect)
		}
		if t.Operator == corev1.TolerationOpExists && t.Value == "" {
			if text != "" {
				text += " "
			}
			text += "op=Exists"
		}
		if t.TolerationSeconds != nil {
			text += fmt.Sprintf(" for %ds", *t.TolerationSeconds)
		}
		values = append(values, text)
	}
	s.lines(title, values)
}

// since is how long ago a time was, as kubectl says it.
func since(now, t time.Time) string {
	if t.IsZero() {
		return "<unknown>"
	}
	return duration.HumanDuration(now.Sub(t))
}

func date(t metav1.Time) string { return t.UTC().Format(time.RFC1123Z) }

func orNone(s string) string {
	if s == "" {
		return "<none>"
	}
	return s
}

func controller(obj metav1.Object) string {
	if ref := metav1.GetControllerOf(obj); ref != nil {
		return ref.Kind + "/" + ref.Name
	}
	return ""
}
