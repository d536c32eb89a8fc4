package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// outside is the kubectl on the PATH, on a copy of the learner's kubeconfig
// whose namespace is the lesson's, in a folder of its own. It is the console's
// Files, too: they are files of that folder.
type outside struct {
	program   string
	namespace string
	dir       string
	root      *os.Root
	busy      atomic.Bool // a command of the learner's runs
}

const kubeconfigName = ".kubeconfig"

// newOutside copies the current context of a kubeconfig, with all it needs.
func newOutside(kubeconfig, namespace string) (*outside, error) {
	program, err := exec.LookPath("kubectl")
	if err != nil {
		return nil, errors.New("--kubeconfig needs a kubectl on the PATH, and there is none")
	}
	if program, err = filepath.Abs(program); err != nil {
		return nil, err
	}
	if _, err := os.Stat(kubeconfig); err != nil {
		return nil, err
	}
	o := &outside{program: program, namespace: namespace}
	if o.dir, err = os.MkdirTemp("", "tabernetes-lesson-"); err != nil {
		return nil, err
	}
	if o.root, err = os.OpenRoot(o.dir); err != nil {
		return nil, err
	}
	flat, err := o.output(time.Minute, "--kubeconfig", kubeconfig, "config", "view", "--raw", "--minify", "--flatten")
	if err == nil {
		err = o.root.WriteFile(kubeconfigName, []byte(flat), 0o600)
	}
	if err == nil {
		_, err = o.output(time.Minute, "config", "set-context", "--current", "--namespace", namespace)
	}
	if err != nil {
		o.remove()
		return nil, err
	}
	return o, nil
}

func (o *outside) remove() {
	o.root.Close()
	os.RemoveAll(o.dir)
}

func (o *outside) command(ctx context.Context, args []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, o.program, args...)
	cmd.Dir = o.dir
	cmd.Env = append(os.Environ(), "KUBECONFIG="+filepath.Join(o.dir, kubeconfigName))
	cmd.WaitDelay = time.Second
	return cmd
}

// output runs a command of ours; its error says what kubectl said.
func (o *outside) output(limit time.Duration, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := o.command(ctx, args)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		if text := strings.TrimSpace(said.String()); text != "" {
			err = errors.New(text)
		}
		return "", fmt.Errorf("kubectl %s: %w", args[0], err)
	}
	return string(out), nil
}

func (o *outside) get(args ...string) (string, error) {
	return o.output(30*time.Second, append([]string{"get"}, args...)...)
}

// makeNamespace makes it, and waits until pods may be created in it.
func (o *outside) makeNamespace() error {
	if _, err := o.output(time.Minute, "create", "namespace", o.namespace); err != nil {
		return err
	}
	for until := time.Now().Add(startTime); ; time.Sleep(glance) {
		_, err := o.get("serviceaccount", "default")
		if err == nil || time.Now().After(until) {
			return err
		}
	}
}

func (o *outside) deleteNamespace() error {
	_, err := o.output(time.Minute, "delete", "namespace", o.namespace, "--ignore-not-found", "--wait=false")
	return err
}

// run is the console's kubectl.
func (o *outside) run(args []string, in []byte, out, errw func(string)) int {
	o.busy.Store(true)
	defer o.busy.Store(false)
	ctx, cancel := context.WithTimeout(context.Background(), commandTime)
	defer cancel()
	cmd := o.command(ctx, args)
	var one sync.Mutex // out and errw are written to by a goroutine each
	cmd.Stdout, cmd.Stderr = printer{out, &one}, printer{errw, &one}
	switch {
	case in != nil:
		cmd.Stdin = bytes.NewReader(in)
	case len(args) > 0 && args[0] == "edit":
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	}
	err := cmd.Run()
	var failed *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &failed) && failed.Exited():
		return failed.ExitCode()
	case ctx.Err() != nil:
		errw(fmt.Sprintf("error: it took longer than %s\n", commandTime))
	}
	return 130
}

// printer is a function as a Writer.
type printer struct {
	print func(string)
	one   *sync.Mutex
}

func (p printer) Write(data []byte) (int, error) {
	p.one.Lock()
	defer p.one.Unlock()
	p.print(string(data))
	return len(data), nil
}

// Read, Write and Names make the folder the console's files.
func (o *outside) Read(name string) ([]byte, error) {
	f, err := o.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, 8<<20))
}

func (o *outside) Write(name string, data []byte) error {
	if name == kubeconfigName {
		return fs.ErrPermission
	}
	return o.root.WriteFile(name, data, 0o600)
}

func (o *outside) Names() []string {
	entries, _ := fs.ReadDir(o.root.FS(), ".")
	var names []string
	for _, e := range entries {
		if e.Name() != kubeconfigName {
			names = append(names, e.Name())
		}
	}
	return names
}
