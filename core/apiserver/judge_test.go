package apiserver_test

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/rest"
)

// exchange is a request and the answer that Kubernetes v1.36.3 gave to it.
type exchange struct {
	message rest.Message
	code    string
	warning string
	answer  string
}

// readExchanges reads a transcript: blocks set apart by "---", each a request
// line, header lines, the body, "=> code", Warning lines and the answer.
func readExchanges(t testing.TB, file string) []exchange {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []exchange
	for _, block := range strings.Split(string(data), "\n---\n") {
		request, answer, found := strings.Cut(block, "\n=> ")
		if !found {
			t.Fatalf("%s: no answer in %q", file, block)
		}
		out = append(out, readExchange(request, strings.TrimSpace(answer)))
	}
	return out
}

var headerLine = regexp.MustCompile(`^([A-Z][A-Za-z0-9.%-]+): (.*)$`)

func readExchange(request, answer string) exchange {
	lines := strings.Split(request, "\n")
	var ex exchange
	ex.message.Method, ex.message.Path, _ = strings.Cut(lines[0], " ")
	ex.message.Header = rest.Header{"Content-Type": "application/json", "User-Agent": "kubectl/v1.36.3"}
	lines = lines[1:]
	for len(lines) > 0 && headerLine.MatchString(lines[0]) {
		m := headerLine.FindStringSubmatch(lines[0])
		ex.message.Header[m[1]] = m[2]
		lines = lines[1:]
	}
	ex.message.Body = []byte(strings.Join(lines, "\n"))
	ex.code, ex.answer, _ = strings.Cut(answer, "\n")
	for strings.HasPrefix(ex.answer, "Warning: ") {
		var line string
		line, ex.answer, _ = strings.Cut(ex.answer, "\n")
		ex.warning += strings.TrimPrefix(line, "Warning: ") + "\n"
	}
	ex.warning = strings.TrimSuffix(ex.warning, "\n")
	return ex
}

// volatile are the parts of an answer that no two clusters have in common.
var volatile = []struct {
	pattern     *regexp.Regexp
	replacement string
}{
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "UID"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`), "TIME"},
	{regexp.MustCompile(`kube-api-access-[a-z0-9]{5}`), "kube-api-access-XXXXX"},
	{regexp.MustCompile(`("resourceVersion\\*":\s*\\*")\d+`), "${1}RV"},
	{regexp.MustCompile(`(resourceVersion\\+":\\+")\d+`), "${1}RV"},
	{regexp.MustCompile(`(ResourceVersion in record \()\d+`), "${1}RV"},
	{regexp.MustCompile(`(resourceVersion: ")\d+`), "${1}RV"},
	{regexp.MustCompile(`("continue": *")[^"]+`), "${1}TOKEN"},
	{regexp.MustCompile(`"\d+s"`), `"AGE"`},
	{regexp.MustCompile(`10\.96\.[1-9]\d*\.\d+`), "THROWN-IP"},
	{regexp.MustCompile(`("(?:nodePort|healthCheckNodePort)":\s*)(?:30(?:08[6-9]|09\d|[1-9]\d\d)|3[12]\d{3})`), "${1}31234"},
}

// normal is an answer without what is volatile, as a value to compare.
func normal(answer string) any {
	answer = strings.TrimSpace(answer)
	for _, v := range volatile {
		answer = v.pattern.ReplaceAllString(answer, v.replacement)
	}
	var out []any
	for dec := json.NewDecoder(strings.NewReader(answer)); ; {
		var value any
		switch err := dec.Decode(&value); {
		case err == io.EOF:
			return out
		case err != nil:
			return answer
		}
		sortUnordered("", value)
		out = append(out, value)
	}
}

// sortUnordered puts into order what depends on more than the conversation: the
// causes of an apply's conflict, which upstream lists by a Go map, and the
// managers of fields, which are listed by the second of their last write.
func sortUnordered(name string, value any) {
	text := func(v any) string { data, _ := json.Marshal(v); return string(data) }
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			sortUnordered(name, inner)
		}
	case []any:
		for _, inner := range v {
			sortUnordered("", inner)
		}
		if name == "managedFields" || name == "causes" && strings.Contains(text(v), "FieldManagerConflict") {
			slices.SortFunc(v, func(a, b any) int { return strings.Compare(text(a), text(b)) })
		}
	}
}

func dropField(value any, name string) {
	switch v := value.(type) {
	case map[string]any:
		delete(v, name)
		for _, inner := range v {
			dropField(inner, name)
		}
	case []any:
		for _, inner := range v {
			dropField(inner, name)
		}
	}
}

// TestJudge replays conversations that were had with a real control plane
// (kube-apiserver v1.36.3, with its controllers running) and compares every
// answer.
func TestJudge(t *testing.T) {
	files, err := filepath.Glob("testdata/judge/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no records", err)
	}
	w := newWorld(t)
	w.must(&rest.Request{Verb: rest.Create, UserAgent: "kubectl/v1.36.3", Object: &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "convo"}}})
	w.must(&rest.Request{Verb: rest.Create, Namespace: "convo", Object: &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}})
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		managers := strings.Contains(string(text), `"managedFields":[`) // the oldest records are without
		for i, ex := range readExchanges(t, file) {
			t.Run(fmt.Sprintf("%s/%d", filepath.Base(file), i), func(t *testing.T) {
				got := w.Do(ex.message)
				request := fmt.Sprintf("%s %s\n%s", ex.message.Method, ex.message.Path, ex.message.Body)
				if code := fmt.Sprint(got.Code); code != ex.code {
					t.Errorf("%s\ncode %s, Kubernetes answered %s", request, code, ex.code)
				}
				if got := got.Header["Warning"]; got != ex.warning {
					t.Errorf("%s\nwarning %s, Kubernetes said %s", request, got, ex.warning)
				}
				is := normal(string(got.Body))
				if !managers {
					dropField(is, "managedFields")
				}
				if diff := cmp.Diff(normal(ex.answer), is); diff != "" {
					t.Errorf("%s\n(-Kubernetes +here)\n%s", request, diff)
				}
			})
		}
	}
}
