package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/tabernetes/tabernetes/lessons"
)

// foreign is a lesson in any cluster, by way of the kubectl on the PATH.
// Questions and checks on objects and on the console work there; what needs a
// trace or a hand on the components is said to be unavailable.
type foreign struct {
	*lessons.Examiner
	kubeconfig string
}

func newForeign(l *lessons.Lesson, kubeconfig string, out, errw io.Writer) (*foreign, error) {
	if _, err := exec.LookPath("kubectl"); err != nil {
		return nil, errors.New("--kubeconfig needs a kubectl on the PATH")
	}
	if _, err := os.Stat(kubeconfig); err != nil {
		return nil, err
	}
	f := &foreign{kubeconfig: kubeconfig}
	f.Examiner = lessons.Examine(l, f)
	start, err := lessons.ParseScript(l.Start)
	if err != nil {
		return nil, err
	}
	for _, d := range start {
		if d.Do != "type" {
			return nil, fmt.Errorf("this lesson begins with %q, which only the built-in cluster can do", d.Do)
		}
		fmt.Fprintf(out, "$ %s\n", d.With)
		if err := f.Type(d.With, out, errw); err != nil {
			return nil, err
		}
	}
	f.Examiner = lessons.Examine(l, f)
	return f, nil
}

// Objects lists with kubectl get -o json.
func (f *foreign) Objects(apiVersion, kind, namespace string) ([]map[string]any, error) {
	group, version, found := strings.Cut(apiVersion, "/")
	if !found {
		group, version = "", apiVersion
	}
	args := []string{"--kubeconfig", f.kubeconfig, "get", strings.ToLower(kind) + "." + version + "." + group, "-o", "json"}
	switch namespace {
	case "": // that of the kubeconfig's context
	case lessons.AllNamespaces:
		args = append(args, "--all-namespaces")
	default:
		args = append(args, "--namespace", namespace)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, "kubectl", args...)
	cmd.Stderr = &said
	data, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("kubectl get %s: %s", kind, strings.TrimSpace(said.String()))
	}
	var list struct {
		Items []map[string]any `json:"items"`
	}
	return list.Items, json.Unmarshal(data, &list)
}

// Type runs the line in a shell with the kubeconfig set, as the learner's own
// terminal would.
func (f *foreign) Type(line string, out, errw io.Writer) error {
	if !f.Lesson().Allowed(line) {
		return fmt.Errorf("this lesson uses only: %s", strings.Join(f.Lesson().Allow, ", "))
	}
	var said bytes.Buffer
	cmd := exec.Command("sh", "-c", line)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+f.kubeconfig)
	cmd.Stdout, cmd.Stderr = io.MultiWriter(out, &said), io.MultiWriter(errw, &said)
	err := cmd.Run()
	exit := 0
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		exit, err = failed.ExitCode(), nil
	}
	f.Typed(line, said.String(), exit)
	return err
}

// Deed waits in real time; hands on components are not for other clusters.
func (f *foreign) Deed(d lessons.Doing) error {
	if d.Do != "wait" {
		return fmt.Errorf(":%s is for the built-in cluster", d.Do)
	}
	wait, err := time.ParseDuration(d.With)
	if err == nil {
		time.Sleep(wait)
	}
	return err
}

func (f *foreign) Save() ([]byte, error) {
	return nil, errors.New("only a session in the built-in cluster can be handed in: another one's cannot be replayed")
}
