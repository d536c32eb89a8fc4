package lessons

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tabernetes/tabernetes/lessons/chain"
)

// TestTheCourseKeepsItsPromises runs every lesson: see Verify.
func TestTheCourseKeepsItsPromises(t *testing.T) {
	folders, err := Folders(Embedded())
	if err != nil {
		t.Fatal(err)
	}
	if len(folders) < 2 {
		t.Fatalf("found only %v", folders)
	}
	for _, dir := range folders {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			faults, err := Verify(Embedded(), dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range faults {
				t.Error(f)
			}
		})
	}
}

// template is a course of one lesson that verifies, with changes to its files:
// "" removes one.
func template(changes map[string]func(string) string) fs.FS {
	files := Template("sample")
	for name, change := range changes {
		files[name] = change(files[name])
	}
	course := fstest.MapFS{}
	for name, text := range files {
		if text != "" {
			course["01-sample/"+name] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	return course
}

func replace(old, new string) func(string) string {
	return func(s string) string {
		if !strings.Contains(s, old) {
			panic("the template has no " + old)
		}
		return strings.Replace(s, old, new, 1)
	}
}

// TestVerifyFindsWhatIsBroken: each promise, broken, is told with its file.
func TestVerifyFindsWhatIsBroken(t *testing.T) {
	for name, c := range map[string]struct {
		file   string
		change func(string) string
		says   string
	}{
		"nothing":                {"lesson.yaml", func(s string) string { return s }, ""},
		"unknown field":          {"lesson.yaml", replace("minutes: 10", "minuets: 10"), `lesson.yaml: unknown field "minuets"`},
		"field in a check":       {"lesson.yaml", replace("right: [controller]", "rihgt: [controller]"), `unknown field "steps[0].checks[1].choice.rihgt"`},
		"twice":                  {"lesson.yaml", replace("minutes: 10", "minutes: 10\nminutes: 12"), `"minutes" already set`},
		"format":                 {"lesson.yaml", replace("format: 1", "format: 7"), "lesson.yaml: format: 7 is not 1"},
		"other id":               {"lesson.yaml", replace("id: sample", "id: simple"), `id: "simple", but the folder says "sample"`},
		"bad id":                 {"lesson.yaml", replace("id: web-exists", "id: Web_Exists"), `steps[0].checks[0].id: "Web_Exists" is not an id`},
		"id twice":               {"lesson.yaml", replace("id: who", "id: web-exists"), `steps[0].checks[1].id: "web-exists" is taken`},
		"no kind":                {"lesson.yaml", replace("      kind: Deployment\n", ""), "steps[0].checks[0].object.kind: is missing"},
		"unknown kind":           {"lesson.yaml", replace("kind: Deployment", "kind: Deployed"), "there is no kind Deployed in apps/v1"},
		"two kinds of check":     {"lesson.yaml", replace("    choice:", "    text: {right: [x]}\n    choice:"), "steps[0].checks[1]: has 2 of"},
		"no kind of check":       {"lesson.yaml", replace("  - id: who\n", "  - id: nothing\n  - id: who\n"), "steps[0].checks[1]: has 0 of"},
		"needs what is later":    {"lesson.yaml", replace("  - id: web-exists\n", "  - id: web-exists\n    needs: [who]\n"), `needs: "who" is no check before this one`},
		"right is no option":     {"lesson.yaml", replace("right: [controller]", "right: [kubelet]"), `choice.right: "kubelet" is no option`},
		"bad operator":           {"lesson.yaml", replace("name: web}", "name: {$like: web}}"), "unknown operator"},
		"passes at the start":    {"lesson.yaml", replace("kind: Deployment\n      metadata: {name: web}", "kind: Deployment\n    count: {min: 0}"), "web-exists passes before anything is done"},
		"too large":              {"lesson.yaml", func(s string) string { return s + strings.Repeat("#", MaxLessonFile) }, "more than the 262144 allowed"},
		"solution fails":         {"solution.txt", replace("create deployment web", "create deployment wep"), "solution.txt: web-exists: failed; Deployment web: wanted ≥ 1, found 0"},
		"wrong answer":           {"solution.txt", replace("controller", "kubectl"), "solution.txt: who: failed"},
		"answer to nothing":      {"solution.txt", replace("answer who", "answer whom"), "there is no such question"},
		"bad deed":               {"solution.txt", replace("#: answer", "#: anwser"), "there is no such deed"},
		"no solution":            {"solution.txt", func(string) string { return "" }, "solution.txt"},
		"mistake passes":         {"mistakes/kubectl-did-it.txt", replace("who = kubectl", "who = controller"), "#: fails who/kubectl: but it is passed"},
		"mistake of nothing":     {"mistakes/kubectl-did-it.txt", replace("#: fails who/kubectl\n", ""), "says nowhere what it fails"},
		"other sentence":         {"mistakes/kubectl-did-it.txt", replace("fails who/kubectl", "fails who/controller"), "it earns"},
		"check that never fails": {"mistakes/kubectl-did-it.txt", func(string) string { return "" }, "no mistake fails who"},
		"no title":               {"en.md", replace("title: A new lesson\n", ""), "en.md: title and summary are needed"},
		"no sentence":            {"en.md", replace("> There is no Deployment called web yet. Run the command above.\n", ""), "### {#web-exists}: the sentence for when it fails is missing"},
		"no word on an option":   {"en.md", replace("  > kubectl has created the Deployment, and nothing else.\n", ""), "- {#kubectl} is wrong, and has no sentence"},
		"option too many":        {"en.md", replace("- {#controller}", "- {#api} the API server\n- {#controller}"), "- {#api} is not in lesson.yaml"},
		"step too many":          {"en.md", func(s string) string { return s + "\n## Second {#second}\n" }, "## {#second}: lesson.yaml has no such step"},
		"two afterwords":         {"en.md", func(s string) string { return s + "\n#### So {#then}\nOne.\n\n#### So {#then}\nTwo.\n" }, "#### {#then}: is said once"},
		"afterword of a step":    {"en.md", func(s string) string { return s + "\n## Second {#second}\n\n#### So {#then}\nOne.\n" }, "#### {#then}: is said once, below a check"},
		"afterword lost":         {"en.md", func(s string) string { return s + "\n#### So {#then}\nOne.\n" }, "only one of the languages has {#then}"},
		"hint with an id":        {"en.md", func(s string) string { return s + "\n#### So {#so}\nOne.\n" }, "#### {#so}: below a check there are hints"},
		"unclosed fence":         {"en.md", func(s string) string { return s + "\n```yaml\n" }, "is never closed"},
		"bad link":               {"en.md", replace("What there is to see.", "[See](javascript:alert(1))."), "is neither https:// nor lesson:"},
		"stale translation":      {"en.md", replace("What there is to see.", "Look here."), "zh-cn.md: translates an earlier en.md"},
		"missing check":          {"zh-cn.md", replace("{#web-exists}", "{#wep-exists}"), "zh-cn.md: ### {#web-exists}: the check is missing"},
		"hint lost":              {"zh-cn.md", replace("#### 提示\n", ""), "0 hints, the original has 1"},
		"other command":          {"zh-cn.md", replace("deployment web --image=nginx", "deployment web --image=httpd"), "its commands to run differ"},
	} {
		t.Run(name, func(t *testing.T) {
			faults, err := Verify(template(map[string]func(string) string{c.file: c.change}), "01-sample")
			said := ""
			if err != nil {
				said = err.Error()
			}
			for _, f := range faults {
				said += f.String() + "\n"
			}
			if c.says == "" && said != "" || !strings.Contains(said, c.says) {
				t.Errorf("says %q, want %q", said, c.says)
			}
		})
	}
}

// TestTheSchemaIsOfTheseTypes: editors offer the fields that there are.
func TestTheSchemaIsOfTheseTypes(t *testing.T) {
	data, err := os.ReadFile("lesson.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Defs map[string]struct {
			Properties map[string]any `json:"properties"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(data, &schema); err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{
		Lesson{}, Cluster{}, Step{}, Check{}, chain.Pattern{}, Link{}, Console{}, Component{}, Choice{}, From{},
		Number{}, Text{}, Match{}, Order{}, Predict{}, PredictEvent{}, PredictWeights{},
	} {
		typ := reflect.TypeOf(v)
		want := fields(typ)
		got := slices.Sorted(maps.Keys(schema.Defs[typ.Name()].Properties))
		if !slices.Equal(got, want) {
			t.Errorf("%s: the schema has %v, the type %v", typ.Name(), got, want)
		}
	}
}

func fields(typ reflect.Type) []string {
	var out []string
	for i := range typ.NumField() {
		f := typ.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous:
			out = append(out, fields(f.Type)...)
		case f.IsExported() && name != "-":
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
