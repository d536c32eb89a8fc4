package apiserver_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var (
	judge      = flag.String("judge", "", "record testdata/judge afresh from the API server at this address, e.g. https://127.0.0.1:16443")
	judgeFiles = flag.String("judge-files", "*.txt", "which transcripts to record afresh")
	judgeToken = flag.String("judge-token", "admintoken", "bearer token for -judge")
)

// TestRecord asks a real cluster, whose controllers run, the requests of the
// transcripts and writes its answers into them. Without -judge it checks that
// the transcripts are written as they would be recorded.
func TestRecord(t *testing.T) {
	files, err := filepath.Glob("testdata/judge/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no records", err)
	}
	ask := func(ex exchange) exchange { return ex }
	if *judge != "" {
		client := &http.Client{
			Timeout:   time.Minute,
			Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}},
		}
		ask = func(ex exchange) exchange { return askJudge(t, client, ex) }
		freshNamespace(t, ask)
	}
	for _, file := range files {
		before, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		fresh, err := filepath.Match(*judgeFiles, filepath.Base(file))
		if err != nil {
			t.Fatal(err)
		}
		fresh = fresh && *judge != ""
		var blocks []string
		for _, ex := range readExchanges(t, file) {
			if fresh {
				ex = ask(ex)
			}
			blocks = append(blocks, ex.String())
		}
		after := strings.Join(blocks, "\n---\n") + "\n"
		if *judge == "" && after != string(before) {
			t.Errorf("%s is not written as -judge would write it", file)
		}
		if fresh {
			if err := os.WriteFile(file, []byte(after), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// String is the exchange as transcripts have it.
func (ex exchange) String() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s %s\n", ex.message.Method, ex.message.Path)
	for _, name := range []string{"Content-Type", "Accept", "Impersonate-User", "Impersonate-Group", "Impersonate-Uid",
		"Impersonate-Extra-Acme.com%2fproject", "Impersonate-Extra-Scopes"} {
		if value := ex.message.Header[name]; value != "" && !(name == "Content-Type" && value == "application/json") {
			fmt.Fprintf(&out, "%s: %s\n", name, value)
		}
	}
	if len(ex.message.Body) > 0 {
		fmt.Fprintf(&out, "%s\n", ex.message.Body)
	}
	fmt.Fprintf(&out, "=> %s\n", ex.code)
	for _, w := range strings.Split(ex.warning, "\n") {
		if w != "" {
			fmt.Fprintf(&out, "Warning: %s\n", w)
		}
	}
	return strings.TrimSuffix(out.String()+ex.answer, "\n")
}

func askJudge(t *testing.T, client *http.Client, ex exchange) exchange {
	t.Helper()
	req, err := http.NewRequest(ex.message.Method, *judge+ex.message.Path, bytes.NewReader(ex.message.Body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range ex.message.Header {
		req.Header.Set(name, value)
	}
	req.Header.Set("Authorization", "Bearer "+*judgeToken)
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	ex.code = fmt.Sprint(resp.StatusCode)
	ex.warning = strings.Join(resp.Header.Values("Warning"), "\n")
	ex.answer = lineByLine(string(body))
	return ex
}

// lineByLine writes every JSON value of an answer on one line.
func lineByLine(body string) string {
	var lines []string
	for dec := json.NewDecoder(strings.NewReader(body)); ; {
		var value any
		if err := dec.Decode(&value); err == io.EOF {
			return strings.Join(lines, "\n")
		} else if err != nil {
			return strings.TrimRight(body, "\n")
		}
		var line bytes.Buffer
		enc := json.NewEncoder(&line)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(value); err != nil {
			return body
		}
		lines = append(lines, strings.TrimSpace(line.String()))
	}
}

// freshNamespace makes the namespace of the conversations anew and waits until
// the controllers have furnished it.
func freshNamespace(t *testing.T, ask func(exchange) exchange) {
	t.Helper()
	do := func(method, path, body string) string {
		return ask(readExchange(method+" "+path+"\n"+body, "")).code
	}
	for _, name := range []string{"convo", "convo-t"} {
		do("DELETE", "/api/v1/namespaces/"+name, "")
	}
	for start := time.Now(); do("GET", "/api/v1/namespaces/convo", "") != "404"; time.Sleep(time.Second) {
		if time.Since(start) > time.Minute {
			t.Fatal("the namespace convo does not go")
		}
	}
	do("POST", "/api/v1/namespaces", `{"metadata":{"name":"convo"}}`)
	for start := time.Now(); do("GET", "/api/v1/namespaces/convo/serviceaccounts/default", "") != "200"; time.Sleep(100 * time.Millisecond) {
		if time.Since(start) > time.Minute {
			t.Fatal("the namespace convo gets no service account")
		}
	}
}
