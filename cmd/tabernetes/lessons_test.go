package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tabernetes/tabernetes/lessons"
)

// TestHomeworkInATerminal does the homework from the first line to the saved
// file, which is then graded to the score that the terminal had shown.
func TestHomeworkInATerminal(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ada.json")
	solution := homework(t).Solution
	var typed strings.Builder
	for line := range strings.Lines(solution) {
		if deed, ok := strings.CutPrefix(line, "#: "); ok {
			line = ":" + strings.Replace(deed, " = ", " ", 1)
		}
		typed.WriteString(line)
	}
	typed.WriteString(":next\n:next\n:next\n:save " + file + "\n:quit\nkubectl never typed\n")
	stdout, stderr, exit := tabernetes(t, typed.String(), "lessons", "run", "homework", "--student", "ada", "--lang", "zh-cn")
	if exit != 0 || stderr != "" {
		t.Fatalf("exit %d, %s", exit, stderr)
	}
	for _, want := range []string{"课后作业：从一个副本到三个", "deployment.apps/web scaled", "✓ 三个 Pod 在运行", "18 of 18 points"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("the terminal does not show %q", want)
		}
	}
	graded, _, exit := tabernetes(t, "", "grade", "--format", "json", file)
	var rows []row
	if err := json.Unmarshal([]byte(graded), &rows); err != nil || exit != 0 {
		t.Fatal(err, exit)
	}
	if rows[0].Status != "ok" || rows[0].Points != 18 || rows[0].Student != "ada" {
		t.Errorf("graded: %+v", rows[0])
	}
}

// TestATerminalHelpsAlong: a wrong answer earns its sentence, a hint is given,
// a mistake in a command of the lesson's is explained.
func TestATerminalHelpsAlong(t *testing.T) {
	in := ":answer who-writes kubectl\n:hint\n:hint\n:nonsense\n:answer nothing x\n" +
		"kubectl create configmap x --from-literal=a='b\nc'\n:wait 1s\n:hold scheduler\n:checks\n:back\n:text\n:help\n"
	stdout, stderr, exit := tabernetes(t, in, "lessons", "run", "ten-steps", "--lang", "en")
	if exit != 0 {
		t.Fatal(stderr)
	}
	for _, want := range []string{
		"kubectl never touches etcd", "Select the first cell", "There is no further hint", "configmap/x created",
		"Nobody has created a Deployment called web yet",
	} {
		if !strings.Contains(strings.Join(strings.Fields(stdout), " "), want) {
			t.Errorf("the terminal does not show %q:\n%s", want, stdout)
		}
	}
	for _, want := range []string{":nonsense: there is no such command", "there is no such question"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("%q is missing in %q", want, stderr)
		}
	}
}

// TestANewLessonVerifies, and a broken or stale one does not.
func TestANewLessonVerifies(t *testing.T) {
	dir := t.TempDir()
	if _, stderr, exit := tabernetes(t, "", "lessons", "new", "-C", dir, "07-mine"); exit != 0 {
		t.Fatal(stderr)
	}
	if _, stderr, exit := tabernetes(t, "", "lessons", "new", "-C", dir, "07-mine"); exit != 1 || !strings.Contains(stderr, "there already") {
		t.Errorf("written twice: exit %d, %s", exit, stderr)
	}
	verify := func(args ...string) (string, int) {
		out, _, exit := tabernetes(t, "", append([]string{"lessons", "verify", "-C", dir}, args...)...)
		return out, exit
	}
	if out, exit := verify(); exit != 0 || out != "07-mine: fine\n" {
		t.Errorf("exit %d, %s", exit, out)
	}
	en := filepath.Join(dir, "07-mine", "en.md")
	data, err := os.ReadFile(en)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "07-mine/en.md", append(data, "\nOne more hint.\n"...))
	if out, exit := verify("07-mine"); exit != 1 || !strings.Contains(out, "translates an earlier en.md") {
		t.Errorf("stale: exit %d, %s", exit, out)
	}
	if out, exit := verify("--stamp", "07-mine"); exit != 0 {
		t.Errorf("stamped: exit %d, %s", exit, out)
	}
	stampWithoutC(t, dir)
	out, _, _ := tabernetes(t, "", "lessons", "list", "-C", dir, "--lang", "zh-cn")
	if !strings.Contains(out, "mine") || !strings.Contains(out, "新的一课") {
		t.Errorf("list: %s", out)
	}
}

// stampWithoutC finds the course from a folder within its repository, and says
// so where there is none.
func stampWithoutC(t *testing.T, course string) {
	t.Helper()
	repository := t.TempDir()
	if err := os.CopyFS(filepath.Join(repository, "lessons", "content"), os.DirFS(course)); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Join(repository, "lessons"))
	zh := "content/07-mine/zh-cn.md"
	data, err := os.ReadFile(zh)
	if err != nil {
		t.Fatal(err)
	}
	write(t, ".", zh, []byte(strings.Replace(string(data), "of: ", "of: stale", 1)))
	if out, _, exit := tabernetes(t, "", "lessons", "verify", "--stamp", "07-mine"); exit != 0 || out != "07-mine: fine\n" {
		t.Errorf("exit %d, %s", exit, out)
	}
	t.Chdir(t.TempDir())
	if _, stderr, exit := tabernetes(t, "", "lessons", "verify", "--stamp", "07-mine"); exit != 2 || !strings.Contains(stderr, "name the course with -C") {
		t.Errorf("where there is no course: exit %d, %s", exit, stderr)
	}
}

// TestExportGivesNothingAway: what the page is sent before there is an engine
// has all there is to read, and no right answer.
func TestExportGivesNothingAway(t *testing.T) {
	dir := t.TempDir()
	if _, stderr, exit := tabernetes(t, "", "lessons", "export", "--out", dir); exit != 0 {
		t.Fatal(stderr)
	}
	var index []lessons.Card
	data, err := os.ReadFile(filepath.Join(dir, "index.en.json"))
	if err != nil || json.Unmarshal(data, &index) != nil || len(index) < 2 {
		t.Fatalf("index: %s, %v", data, err)
	}
	for _, card := range index {
		for _, lang := range lessons.Languages {
			data, err := os.ReadFile(filepath.Join(dir, card.ID+"."+lang+".json"))
			var page lessons.Page
			if err != nil || json.Unmarshal(data, &page) != nil || len(page.Steps) == 0 {
				t.Errorf("%s in %s: %v", card.ID, lang, err)
			}
			for _, secret := range []string{`"right"`, `"wrong"`, `"pairs"`, `"misconceptions"`, `"fail"`} {
				if strings.Contains(string(data), secret) {
					t.Errorf("%s in %s gives %s away", card.ID, lang, secret)
				}
			}
		}
	}
}
