package edge_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tabernetes/tabernetes/core/apiserver/edge"
)

// TestRecordedAnswers sends the requests that were recorded with a real
// kube-apiserver over TLS, and compares codes, reasons and messages. Whole
// answers are compared by core/apiserver's own test, in a world without
// controllers; here they run, and what is to be seen is that nothing is lost
// between the core and the wire.
func TestRecordedAnswers(t *testing.T) {
	files, err := filepath.Glob("../testdata/judge/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no records", err)
	}
	e := serve(t, edge.Limits{})
	if resp, body := e.send("POST", "/api/v1/namespaces", `{"metadata":{"name":"convo"}}`); resp.StatusCode != 201 {
		t.Fatalf("%s", body)
	}
	compared := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range strings.Split(string(text), "\n---\n") {
			question, answer, found := strings.Cut(record, "\n=> ")
			if !found {
				continue
			}
			code, answer, _ := strings.Cut(answer, "\n")
			compared += e.compare(t, question, strings.TrimSpace(code), answer)
		}
	}
	if compared < 60 {
		t.Errorf("only %d answers were compared", compared)
	}
}

var (
	headerName = regexp.MustCompile(`^[A-Z][A-Za-z]+(-[A-Z][A-Za-z]+)*$`)
	// volatile is what no two servers have in common: uids, times and revisions.
	volatile = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:]+Z|resourceVersion[\\":]+\d+|record \(\d+\)`)
)

// refusal is what a refused request says, in any order of fields.
type refusal struct{ Reason, Message string }

// compare sends a request and compares a refusal; it returns 1 where that was right.
func (e *endpoint) compare(t *testing.T, question, code, answer string) int {
	t.Helper()
	head, rest, _ := strings.Cut(strings.TrimSpace(question), "\n")
	method, path, _ := strings.Cut(head, " ")
	header := []string{"User-Agent", "kubectl/v1.36.3"} // it becomes a field manager's name
	lines := strings.Split(rest, "\n")
	for len(lines) > 0 {
		name, value, ok := strings.Cut(lines[0], ": ")
		if !ok || !headerName.MatchString(name) {
			break
		}
		header, lines = append(header, name, value), lines[1:]
	}
	if strings.Contains(head, "watch=") {
		return 0
	}
	resp, body := e.send(method, path, strings.Join(lines, "\n"), header...)
	var want, got refusal
	if code < "400" || json.Unmarshal([]byte(answer), &want) != nil {
		return 0 // what succeeds depends on what came before, and when
	}
	err := json.Unmarshal(body, &got)
	for _, r := range []*refusal{&want, &got} {
		r.Message, _, _ = strings.Cut(volatile.ReplaceAllString(r.Message, "VOLATILE"), "\n") // a whole Pod may follow
	}
	if err != nil || resp.Status[:3] != code || got != want {
		t.Errorf("%s\n%s %s\nKubernetes answered %s %+v", question, resp.Status, body, code, want)
		return 0
	}
	return 1
}
