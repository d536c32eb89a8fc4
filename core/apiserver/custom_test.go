package apiserver_test

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/cluster"
	"github.com/tabernetes/tabernetes/core/rest"
)

// TestCustom has the conversations of testdata/custom, which are about kinds
// that are defined in them, with a whole cluster: its controllers are given the
// time to do what they do after each request.
func TestCustom(t *testing.T) {
	files, err := filepath.Glob("testdata/custom/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no records", err)
	}
	if *judge != "" {
		recordCustom(t)
	}
	for _, file := range files {
		c, err := cluster.New(cluster.Options{Seed: 1, Nodes: -1})
		if err != nil {
			t.Fatal(err)
		}
		settle := func() {
			if err := c.RunUntilQuiet(20_000); err != nil {
				t.Fatal(err)
			}
		}
		resp := c.Server().Serve(&rest.Request{
			Verb: rest.Create, UserAgent: "kubectl/v1.36.3", Resource: corev1.SchemeGroupVersion.WithResource("namespaces"),
			Object: &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "convo"}},
		})
		if s := resp.Status(); s != nil {
			t.Fatal(s.Message)
		}
		settle()
		for i, ex := range readExchanges(t, file) {
			name := fmt.Sprintf("%s/%d", strings.TrimSuffix(filepath.Base(file), ".txt"), i)
			t.Run(name, func(t *testing.T) { compareCustom(t, ex, c.Server().Do(ex.message)) })
			settle()
			if err := c.Server().Verify(); err != nil {
				t.Fatal(name, err)
			}
		}
	}
}

// recordCustom has the conversations with the real cluster that -judge names,
// whose controllers are given time too, and writes them down.
func recordCustom(t *testing.T) {
	files, err := filepath.Glob("testdata/custom/" + *judgeFiles)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	freshNamespace(t, func(ex exchange) exchange { return askJudge(t, client, ex) })
	for _, file := range files {
		var blocks []string
		for _, ex := range readExchanges(t, file) {
			if ex = askJudge(t, client, ex); ex.code == "429" { // its storage is being set up
				time.Sleep(2 * time.Second)
				ex = askJudge(t, client, ex)
			}
			if !strings.Contains(ex.message.Path, "dryRun") && ex.message.Method != "GET" {
				time.Sleep(700 * time.Millisecond)
			}
			blocks = append(blocks, ex.String())
		}
		if err := os.WriteFile(file, []byte(strings.Join(blocks, "\n---\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func compareCustom(t *testing.T, ex exchange, got rest.Reply) {
	t.Helper()
	request := fmt.Sprintf("%s %s\n%s", ex.message.Method, ex.message.Path, ex.message.Body)
	if code := fmt.Sprint(got.Code); code != ex.code {
		t.Errorf("%s\ncode %s, Kubernetes answered %s", request, code, ex.code)
	}
	if got := withoutOurs(got.Header["Warning"]); got != ex.warning {
		t.Errorf("%s\nwarning %s, Kubernetes said %s", request, got, ex.warning)
	}
	want, is := normal(ex.answer), normal(string(got.Body))
	for _, v := range []any{want, is} {
		sortInvalid(v)
	}
	if diff := cmp.Diff(want, is); diff != "" {
		t.Errorf("%s\n(-Kubernetes +here)\n%s", request, diff)
	}
}

// withoutOurs leaves out the warnings that Kubernetes has no reason for.
func withoutOurs(header string) string {
	lines := slices.DeleteFunc(strings.Split(header, "\n"), func(line string) bool {
		return strings.Contains(line, "by this server")
	})
	return strings.Join(lines, "\n")
}

// goValue is a schema as upstream's errors show it: by the fields of a Go type that is not ours.
var goValue = regexp.MustCompile(`Invalid value: \{".*\}: only`)

// sortInvalid puts the causes of a 422 into order, which in Kubernetes follows
// that of maps where several fields are wrong.
func sortInvalid(v any) {
	values, _ := v.([]any) // nil where the answer is text
	for _, one := range values {
		status, _ := one.(map[string]any)
		details, _ := status["details"].(map[string]any)
		causes, _ := details["causes"].([]any)
		if status["reason"] != "Invalid" {
			continue
		}
		var lines []string
		for _, cause := range causes {
			c := cause.(map[string]any)
			c["message"] = goValue.ReplaceAllString(c["message"].(string), "Invalid value: only")
			data, _ := json.Marshal(c)
			lines = append(lines, string(data))
		}
		slices.Sort(lines)
		details["causes"] = lines
		if head, _, found := strings.Cut(status["message"].(string), " is invalid: "); found {
			status["message"] = head
		}
	}
}
