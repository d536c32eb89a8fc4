package driver

import (
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tabernetes/tabernetes/core/cluster"
	"github.com/tabernetes/tabernetes/core/trace"
	"github.com/tabernetes/tabernetes/lessons"
)

const twin = "../../site/src/engine/protocol.ts"

// fields returns the JSON names of a struct's fields, sorted, without "type".
func fields(v any) []string {
	var names []string
	for f := range reflect.TypeOf(v).Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "type" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

var (
	interfaces = regexp.MustCompile(`(?ms)^export interface (\w+) \{\n(.*?)^\}`)
	members    = regexp.MustCompile(`(?m)^  (\w+)\??:`)
	typeNames  = regexp.MustCompile(`(?m)^  type: '(\w+)';`)
	comments   = regexp.MustCompile(`(?s)/\*\*.*?\*/`)
)

// declared reads the interfaces of the TypeScript twin: their fields, without
// "type", by name; and by name the type that they announce.
func declared(t *testing.T) (shape map[string][]string, announces map[string]string) {
	t.Helper()
	source, err := os.ReadFile(twin)
	if err != nil {
		t.Fatal(err)
	}
	shape, announces = map[string][]string{}, map[string]string{}
	for _, m := range interfaces.FindAllStringSubmatch(string(source), -1) {
		name, body := m[1], comments.ReplaceAllString(m[2], "")
		shape[name] = []string{}
		for _, f := range members.FindAllStringSubmatch(body, -1) {
			if f[1] != "type" || name == "Entry" {
				shape[name] = append(shape[name], f[1])
			}
		}
		slices.Sort(shape[name])
		if tn := typeNames.FindStringSubmatch(body); tn != nil {
			announces[name] = tn[1]
		}
	}
	return shape, announces
}

// messages are all messages by the name of their TypeScript interface.
var messages = map[string]any{
	"BootRequest": bootRequest{}, "ExecRequest": execRequest{}, "InterruptRequest": interruptRequest{},
	"CompleteRequest": completeRequest{}, "EditedRequest": editedRequest{}, "PauseRequest": pauseRequest{},
	"PlayRequest": playRequest{}, "StepRequest": stepRequest{}, "StepWriteRequest": stepWriteRequest{},
	"SpeedRequest": speedRequest{}, "ComponentRequest": componentRequest{}, "OutsideRequest": outsideRequest{}, "ChangedRequest": changedRequest{},
	"ObjectRequest": objectRequest{}, "DrawnRequest": drawnRequest{}, "ResetRequest": resetRequest{},
	"UsageRequest": usageRequest{}, "ExportRequest": exportRequest{}, "ImportRequest": importRequest{}, "RoomRequest": roomRequest{},
	"LessonRequest": lessonRequest{}, "AnswerRequest": answerRequest{}, "HandInRequest": handInRequest{},
	"ShareRequest": shareRequest{},

	"LookRequest": lookRequest{}, "TraceRequest": traceRequest{}, "GroupsRequest": groupsRequest{}, "WhyRequest": whyRequest{},
	"GetRequest": getRequest{}, "WaitsRequest": waitsRequest{}, "ForkRequest": forkRequest{}, "AdvanceRequest": advanceRequest{},

	"LookedEvent": lookedEvent{}, "TracedEvent": tracedEvent{}, "GroupedEvent": groupedEvent{}, "WhyEvent": whyEvent{},
	"GotEvent": gotEvent{}, "WaitedEvent": waitedEvent{}, "ForkedEvent": forkedEvent{},

	"ReadyEvent": readyEvent{}, "FrameEvent": frameEvent{}, "OutputEvent": outputEvent{}, "DoneEvent": doneEvent{},
	"CompletedEvent": completedEvent{}, "ChangedEvent": changedEvent{}, "ObjectEvent": objectEvent{},
	"EditEvent": editEvent{}, "ClearEvent": clearEvent{}, "GoneEvent": goneEvent{}, "FailedEvent": failedEvent{},
	"UsageEvent": usageEvent{}, "ExportedEvent": exportedEvent{}, "ImportedEvent": importedEvent{}, "ResumedEvent": resumedEvent{},
	"OpenedEvent": openedEvent{}, "ChecksEvent": checksEvent{}, "KeptEvent": keptEvent{}, "HandedInEvent": handedInEvent{},
	"SharedEvent": sharedEvent{}, "TypedEvent": typedEvent{},
}

// fromWorker are the messages of the page's own scripts around the engine.
var fromWorker = []string{"ListeningEvent", "LostEvent", "ProgressEvent", "WaitingEvent"}

func TestProtocolTwin(t *testing.T) {
	shape, announces := declared(t)
	for name, message := range messages {
		if got, want := shape[name], fields(message); !slices.Equal(got, want) {
			t.Errorf("%s: the page has the fields %v, the engine %v", name, got, want)
		}
	}
	for name, announced := range announces {
		_, ours := messages[name]
		switch {
		case !ours && !slices.Contains(fromWorker, name):
			t.Errorf("%s is known to the page only", name)
		case strings.HasSuffix(name, "Request") && requests[announced] == nil:
			t.Errorf("%s: the engine takes no request of type %q", name, announced)
		}
		if want := strings.ToLower(name[:1]) + strings.TrimSuffix(strings.TrimSuffix(name[1:], "Request"), "Event"); announced != want {
			t.Errorf("%s announces %q, want %q", name, announced, want)
		}
	}
	var known []string
	for name, announced := range announces {
		if strings.HasSuffix(name, "Request") {
			known = append(known, announced)
		}
	}
	slices.Sort(known)
	if got := slices.Sorted(maps.Keys(requests)); !slices.Equal(got, known) {
		t.Errorf("the engine takes %v, the page sends %v", got, known)
	}
}

// TestProtocolTwinData compares what the messages carry. The page may leave
// out what it does not show.
func TestProtocolTwinData(t *testing.T) {
	shape, _ := declared(t)
	for name, data := range map[string]any{
		"ActorState": cluster.ActorState{}, "Overview": cluster.Overview{}, "NodeView": cluster.NodeView{},
		"PodView": cluster.PodView{}, "WorkloadView": cluster.WorkloadView{}, "Change": trace.Change{},
		"Verdict": trace.Verdict{}, "Traffic": trace.Traffic{}, "Way": trace.Way{}, "Entry": trace.Line{},
		"Answer": lessons.Answer{}, "CheckState": checkState{}, "Said": said{}, "Observed": observed{},
		"Prediction": lessons.Prediction{}, "Note": lessons.Note{},
		"NodeVerdict": trace.NodeVerdict{}, "Group": trace.Group{}, "Why": cluster.Why{}, "Waits": cluster.Waits{},
	} {
		have := fields(data)
		if name == "Entry" {
			have = append(have, "type")
		}
		for _, f := range shape[name] {
			if !slices.Contains(have, f) {
				t.Errorf("%s: the page expects a field %q, the engine has %v", name, f, have)
			}
		}
		if len(shape[name]) == 0 {
			t.Errorf("%s is not declared in %s", name, twin)
		}
	}
}

// TestActorsHaveNames: the page has a name for every component in every language.
func TestActorsHaveNames(t *testing.T) {
	c, err := cluster.New(cluster.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"en.ts", "zh-cn.ts"} {
		words, err := os.ReadFile("../../site/src/i18n/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range c.Actors() {
			name, _, _ := strings.Cut(a.Name, "/")
			if !strings.Contains(string(words), "'part."+name+"':") {
				t.Errorf("%s has no name for %s", file, a.Name)
			}
		}
	}
}
