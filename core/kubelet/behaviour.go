package kubelet

import (
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/tabernetes/tabernetes/core/network"
)

// plan is what a container does when it is run.
type plan struct {
	lasts   time.Duration // until it ends by itself; below 0: never
	exit    int32         // its exit code then
	reason  string        // instead of Completed or Error
	message string
	stop    time.Duration // how long it takes to end after SIGTERM; below 0: it ignores that
	lines   []line
	// every repeats the lines of loop, for ever, beginning at from.
	from, every time.Duration
	loop        []line

	serves []service
	files  []file
	// program is the image's own, version its version, host the name that it
	// gives itself.
	program, version, host string
	// live is the script that it runs where that makes calls, and asks the next
	// of them; lasts is not known before it has made all.
	live   *live
	asks   *ask
	passed []line // what it printed before its last round
	// memory is used from the start, in bytes, and grows every second up to
	// memoryMost (0: without end).
	memory, grows, memoryMost int64
}

// line is something printed, some time after the start (or the loop's start).
type line struct {
	after time.Duration
	text  string
	err   bool // to standard error
}

const forever time.Duration = -1

// has tells whether an image has a program: of those that make calls it has
// what its tools say, if it says anything.
func (e *entry) has(program string) bool {
	if slices.Contains(noNames, program) || strings.HasPrefix(program, "nosuch") || strings.HasPrefix(program, "no-such") {
		return false
	}
	return hasTool(e.tools, program)
}

func hasTool(tools, program string) bool {
	return !network.Knows(program) || tools == "" || slices.Contains(strings.Fields(tools), program)
}

// atOnce is how long a program takes that does nothing much.
const atOnce = 20 * time.Millisecond

// planOf tells what a container of a pod does: its own command if it has one,
// the image's otherwise.
// values are those that its variables take from ConfigMaps and Secrets.
func planOf(pod *corev1.Pod, c *corev1.Container, img *image, values fetched) plan {
	p := freePlan(pod, c, img, values)
	p.program, p.version, p.host = img.entry.binary, img.version, environment(pod, c, nil)["HOSTNAME"]
	p.limit(memoryLimit(pod, c))
	return p
}

// memoryLimit is what a container may use, 0 for any.
func memoryLimit(pod *corev1.Pod, c *corev1.Container) int64 {
	if q, ok := c.Resources.Limits[corev1.ResourceMemory]; ok {
		return q.Value()
	}
	if pod.Spec.Resources != nil {
		return pod.Spec.Resources.Limits.Memory().Value()
	}
	return 0
}

func freePlan(pod *corev1.Pod, c *corev1.Container, img *image, values fetched) plan {
	command := append(slices.Clone(c.Command), c.Args...)
	env := environment(pod, c, values)
	switch {
	case len(c.Command) > 0:
		return runCommand(expandAll(command, env), env, img)
	case len(c.Args) > 0 && img.entry.kind == shell:
		return runCommand(expandAll(c.Args, env), env, img)
	case len(c.Args) > 0 && network.Knows(img.entry.binary):
		words := expandAll(c.Args, env)
		if words[0] != img.entry.binary {
			words = append([]string{img.entry.binary}, words...)
		}
		return runCommand(words, env, img)
	}
	p := ownCommand(img, env)
	if len(c.Args) > 0 && img.entry.modes[c.Args[0]] != nil {
		p.serves = img.entry.modes[c.Args[0]]
	}
	return p
}

// ownCommand is what the image runs when the pod says nothing.
func ownCommand(img *image, env map[string]string) plan {
	e := img.entry
	switch {
	case e.kind != server:
		p := plan{lasts: atOnce, lines: img.lines}
		e.does(&p)
		return p
	case e.needs != "" && env[e.needs] == "":
		return plan{lasts: 10 * atOnce, exit: 1, lines: printed([]string{
			"Error: the image needs the environment variable " + e.needs + " and it is not set.",
		}, "")}
	}
	p := plan{lasts: forever, stop: e.stop, lines: img.lines}
	e.does(&p)
	return p
}

// printed are lines that come one after the other; {version} is filled in.
func printed(texts []string, version string) []line {
	lines := make([]line, len(texts))
	for i, text := range texts {
		lines[i] = line{after: time.Duration(i) * 2 * ms, text: strings.ReplaceAll(text, "{version}", version)}
	}
	return lines
}

// runCommand understands a few programs; any other runs until it is stopped if
// the image is a server's, and ends well at once if not.
func runCommand(words []string, env map[string]string, img *image) plan {
	program := path.Base(words[0])
	if !img.entry.has(program) {
		return plan{exit: 128, reason: "StartError", message: "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: \"" + words[0] + "\": executable file not found in $PATH"}
	}
	if program == img.entry.binary && img.entry.kind == server {
		return ownCommand(img, env)
	}
	if isShell(program) {
		if i := slices.Index(words, "-c"); i >= 0 && i+1 < len(words) {
			return runScript(words[i+1], env, img.entry.tools)
		}
		return plan{lasts: atOnce}
	}
	if network.Knows(program) {
		return planLive(&live{begin: func(s *script) { s.ask(append([]string{program}, words[1:]...)) }, env: env})
	}
	if p, known := simple(words, env); known {
		return p
	}
	if img.entry.kind == server {
		return plan{lasts: forever, stop: img.entry.stop, serves: img.entry.serves}
	}
	return plan{lasts: atOnce}
}

func isShell(program string) bool {
	return program == "sh" || program == "bash" || program == "ash" || program == "dash"
}

// simple is what one command does; known is false for programs it can't tell.
func simple(words []string, env map[string]string) (p plan, known bool) {
	switch path.Base(words[0]) {
	case "sleep":
		// As process 1, sleep has no handler for SIGTERM, and so ignores it.
		return plan{lasts: sleepTime(words[1:]), stop: forever}, true
	case "stress":
		p := plan{lasts: forever, stop: atOnce}
		if i := slices.Index(words, "--vm-bytes"); i >= 0 && i+1 < len(words) {
			if q, err := resource.ParseQuantity(strings.Replace(strings.ToUpper(words[i+1]), "M", "Mi", 1)); err == nil {
				p.memory = q.Value()
			}
		}
		return p, true
	case "pause":
		return plan{lasts: forever, stop: atOnce}, true
	case "tail":
		if slices.Contains(words, "-f") {
			return plan{lasts: forever, stop: forever}, true
		}
		return plan{lasts: atOnce}, true
	case "false":
		return plan{lasts: atOnce, exit: 1}, true
	case "true", ":":
		return plan{lasts: atOnce}, true
	case "echo":
		return plan{lasts: atOnce, lines: []line{{text: strings.Join(words[1:], " ")}}}, true
	case "seq":
		return plan{lasts: atOnce, lines: sequence(words[1:])}, true
	case "date":
		return plan{lasts: atOnce, lines: []line{{text: "{date}"}}}, true
	case "hostname":
		return plan{lasts: atOnce, lines: []line{{text: env["HOSTNAME"]}}}, true
	case "ls", "cat", "cp", "mv", "rm", "mkdir", "touch", "chmod", "printf", "pwd", "id", "env", "test", "nginx":
		return plan{lasts: atOnce}, path.Base(words[0]) != "nginx"
	}
	return plan{}, false
}

// sequence is what seq prints, within reason.
func sequence(words []string) []line {
	first, last := 1, 0
	if len(words) > 0 {
		last, _ = strconv.Atoi(words[len(words)-1])
	}
	if len(words) > 1 {
		first, _ = strconv.Atoi(words[0])
	}
	var out []line
	for i := first; i <= last && len(out) < maxScriptSteps; i++ {
		out = append(out, line{text: strconv.Itoa(i)})
	}
	return out
}

// sleepTime adds up what sleep is told: 5, 1.5, 2m, infinity.
func sleepTime(words []string) time.Duration {
	var sum time.Duration
	for _, w := range words {
		if strings.HasPrefix(w, "inf") {
			return forever
		}
		if strings.Trim(w, "0123456789.") == "" {
			w += "s"
		}
		if days, ok := strings.CutSuffix(w, "d"); ok {
			d, _ := time.ParseDuration(days + "h")
			sum += 24 * d
			continue
		}
		d, err := time.ParseDuration(w)
		if err != nil || d < 0 {
			return atOnce
		}
		sum += d
	}
	return max(sum, atOnce)
}

// environment is what the container's variables are worth that are known here.
func environment(pod *corev1.Pod, c *corev1.Container, values fetched) map[string]string {
	env := map[string]string{"HOSTNAME": pod.Name, "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	if pod.Spec.Hostname != "" {
		env["HOSTNAME"] = pod.Spec.Hostname
	}
	maps.Copy(env, values)
	for _, v := range c.Env {
		if _, found := values[v.Name]; found {
			continue
		}
		env[v.Name] = v.Value
		if v.ValueFrom != nil {
			env[v.Name] = fieldValue(pod, v.ValueFrom)
		}
	}
	return env
}

func fieldValue(pod *corev1.Pod, from *corev1.EnvVarSource) string {
	if from.FieldRef == nil {
		return "" // an optional one that isn't there, or a resource's amount
	}
	switch from.FieldRef.FieldPath {
	case "metadata.name":
		return pod.Name
	case "metadata.namespace":
		return pod.Namespace
	case "metadata.uid":
		return string(pod.UID)
	case "spec.nodeName":
		return pod.Spec.NodeName
	case "spec.serviceAccountName":
		return pod.Spec.ServiceAccountName
	}
	return ""
}

// expandAll puts variables written $(NAME) into a command, as the kubelet does.
func expandAll(words []string, env map[string]string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		for {
			before, rest, ok := strings.Cut(w, "$(")
			name, after, closed := strings.Cut(rest, ")")
			value, known := env[name]
			if !ok || !closed || !known {
				break
			}
			w = before + value + after
		}
		out[i] = w
	}
	return out
}
