package main

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/tabernetes/tabernetes/core/parity"
)

const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
omitManagedFields: true
rules:
- {level: None, resources: [{group: coordination.k8s.io, resources: [leases]}, {resources: [events]}, {group: events.k8s.io}]}
- {level: RequestResponse, verbs: [create, update, patch, delete, deletecollection]}
`

const schedulerConfig = `apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
clientConnection: {kubeconfig: kubeconfig, qps: 10000, burst: 10000}
leaderElection: {leaderElect: false}
`

// judge is a running control plane.
type judge struct {
	options
	dir    string
	http   *http.Client
	server string
	procs  map[string]*exec.Cmd
	order  []string // of starting
	began  time.Time
	log    *audit
	frames *frames
}

const token = "admintoken"

// start starts the control plane in a folder of its own.
func start(o options) (_ *judge, err error) {
	dir, err := os.MkdirTemp("", "parity-")
	if err != nil {
		return nil, err
	}
	j := &judge{options: o, dir: dir, began: time.Now(), procs: map[string]*exec.Cmd{}, server: fmt.Sprintf("https://127.0.0.1:%d", o.port)}
	j.http = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer func() {
		if err != nil {
			j.stop()
		}
	}()
	if err := j.files(); err != nil {
		return nil, err
	}
	if err := j.components(); err != nil {
		return nil, err
	}
	if j.log, err = tail(filepath.Join(dir, "audit.log")); err != nil {
		return nil, err
	}
	j.frames, err = j.watch()
	return j, err
}

func (j *judge) files() error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	files := map[string][]byte{
		"sa.key":     pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
		"sa.pub":     pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}),
		"tokens.csv": []byte(token + `,admin,admin,"system:masters"` + "\n"),
		"audit.yaml": []byte(auditPolicy), "stages.yaml": []byte(stages()), "audit.log": nil,
		"scheduler.yaml": []byte(schedulerConfig + parity.Profiles),
		"kubeconfig": fmt.Appendf(nil, `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: %q, insecure-skip-tls-verify: true}}]
users: [{name: u, user: {token: %s}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
`, j.server, token),
	}
	for name, content := range files {
		err = errors.Join(err, os.WriteFile(filepath.Join(j.dir, name), content, 0o600))
	}
	return err
}

// components starts them all. Heartbeats are quick, so that a dead node is
// found dead within seconds; client rate limits are off.
func (j *judge) components() error {
	etcd, peer := fmt.Sprintf("http://127.0.0.1:%d", j.port+1), fmt.Sprintf("http://127.0.0.1:%d", j.port+2)
	fast := []string{"--kubeconfig=kubeconfig", "--leader-elect=false", "--bind-address=127.0.0.1", "--kube-api-qps=10000", "--kube-api-burst=10000"}
	err := errors.Join(
		j.run("etcd", "etcd", "--data-dir=etcd", "--unsafe-no-fsync", "--listen-client-urls="+etcd, "--advertise-client-urls="+etcd,
			"--listen-peer-urls="+peer, "--initial-advertise-peer-urls="+peer, "--initial-cluster=default="+peer),
		j.run("apiserver", "kube-apiserver", "--etcd-servers="+etcd, fmt.Sprintf("--secure-port=%d", j.port), "--bind-address=127.0.0.1",
			"--advertise-address=127.0.0.1", "--cert-dir=certs", "--service-account-issuer=https://kubernetes.default.svc",
			"--service-account-key-file=sa.pub", "--service-account-signing-key-file=sa.key", "--token-auth-file=tokens.csv",
			"--authorization-mode=RBAC", "--service-cluster-ip-range=10.96.0.0/16", "--allow-privileged=true",
			"--audit-policy-file=audit.yaml", "--audit-log-path=audit.log"))
	for range 90 {
		if _, e := j.get("/readyz"); e == nil {
			break
		}
		time.Sleep(500 * time.Millisecond)
	}
	if _, e := j.get("/readyz"); e != nil {
		return errors.Join(err, e)
	}
	kwok := []string{"--kubeconfig=kubeconfig", "--node-lease-duration-seconds=4", "--config=stages.yaml", "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node="}
	mortal := append([]string{}, kwok...)
	kwok[len(kwok)-1] += "fake"
	mortal[len(mortal)-1] += "mortal"
	return errors.Join(err,
		j.run("controllers", "kube-controller-manager", append(fast, fmt.Sprintf("--secure-port=%d", j.port+3), "--service-account-private-key-file=sa.key",
			"--use-service-account-credentials=false", "--node-monitor-grace-period=6s", "--node-monitor-period=1s")...),
		j.run("scheduler", "kube-scheduler", "--config=scheduler.yaml", "--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", j.port+4)),
		j.run("kwok", "kwok", kwok...), j.run("mortal", "kwok", mortal...))
}

func (j *judge) run(name, program string, args ...string) error {
	out, err := os.Create(filepath.Join(j.dir, name+".log"))
	if err != nil {
		return err
	}
	cmd := exec.Command(filepath.Join(j.bin, program), args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = j.dir, out, out
	if err := cmd.Start(); err != nil {
		return err
	}
	j.procs[name], j.order = cmd, append(j.order, name)
	return nil
}

// stop ends what was started, the last first, and removes its folder.
func (j *judge) stop() {
	for i := len(j.order) - 1; i >= 0; i-- {
		p := j.procs[j.order[i]]
		_ = p.Process.Signal(syscall.SIGCONT)
		_ = p.Process.Signal(syscall.SIGTERM)
		ended := make(chan error, 1)
		go func() { ended <- p.Wait() }()
		select {
		case <-ended:
		case <-time.After(3 * time.Second):
			_ = p.Process.Kill()
			<-ended
		}
	}
	_ = os.RemoveAll(j.dir)
}

// endWhenTold keeps an interrupted recording from leaving its processes behind.
func (j *judge) endWhenTold() {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGINT, syscall.SIGTERM)
	<-told
	j.stop()
	os.Exit(1)
}

// late tells whether no other scenario is to be begun.
func (j *judge) late() bool { return time.Since(j.began) > j.atMost }

// pauseAtRandom stops and continues components, one at a time, for up to a
// third of a second, until the returned function is called.
func (j *judge) pauseAtRandom() (stop func()) {
	end, ended := make(chan bool), make(chan bool)
	names := []string{"controllers", "scheduler", "kwok"}
	go func() {
		defer close(ended)
		for {
			select {
			case <-end:
				return
			case <-time.After(time.Duration(mathrand.IntN(400)) * time.Millisecond):
			}
			p := j.procs[names[mathrand.IntN(len(names))]].Process
			if p.Signal(syscall.SIGSTOP) == nil {
				time.Sleep(time.Duration(5+mathrand.IntN(300)) * time.Millisecond)
				_ = p.Signal(syscall.SIGCONT)
			}
		}
	}()
	return func() { close(end); <-ended }
}

func (j *judge) open(path string) (*http.Response, error) {
	req, err := http.NewRequest("GET", j.server+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := j.http.Do(req)
	if err == nil && resp.StatusCode != http.StatusOK {
		b, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		return nil, fmt.Errorf("GET %s: %s: %s", path, resp.Status, b)
	}
	return resp, err
}

func (j *judge) get(path string) ([]byte, error) {
	resp, err := j.open(path)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

// kubectl runs a command; its error tells only that it could not be run.
func (j *judge) kubectl(input string, args ...string) (parity.Said, error) {
	cmd := exec.Command(filepath.Join(j.bin, "kubectl"), args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+filepath.Join(j.dir, "kubeconfig"))
	cmd.Stdin = strings.NewReader(input)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = nil
	}
	return parity.Said{Out: out.String(), Err: errs.String(), Exit: cmd.ProcessState.ExitCode()}, err
}

// must is kubectl that has to go well.
func (j *judge) must(input string, args ...string) error {
	said, err := j.kubectl(input, args...)
	if err == nil && said.Exit != 0 {
		err = fmt.Errorf("kubectl %s: %s", strings.Join(args, " "), said.Err)
	}
	return err
}

// nodes makes the usual nodes.
func (j *judge) nodes(n int) error {
	for i := range n {
		m := parity.Machine{
			Name: fmt.Sprintf("node-%d", i+1), Room: map[string]string{"cpu": "8", "memory": "16Gi", "pods": "110"},
			Labels: map[string]string{"kubernetes.io/hostname": fmt.Sprintf("node-%d", i+1), "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"},
		}
		if err := j.must(m.Manifest(), "apply", "-f", "-"); err != nil {
			return err
		}
		if err := j.untainted(m.Name); err != nil {
			return err
		}
	}
	return nil
}

// untainted waits until a node is ready and has lost the taints of one that isn't.
func (j *judge) untainted(name string) error {
	return patiently(func() error {
		node, err := j.get("/api/v1/nodes/" + name)
		if err == nil && (!bytes.Contains(node, []byte(`"KubeletReady"`)) || bytes.Contains(node, []byte("node.kubernetes.io/"))) {
			err = fmt.Errorf("node %s stays tainted", name)
		}
		return err
	})
}

// patiently repeats a question for up to a minute.
func patiently(ask func() error) error {
	var err error
	for range 300 {
		if err = ask(); err == nil {
			return nil
		}
		time.Sleep(200 * time.Millisecond)
	}
	return err
}

// clearNodes deletes all nodes, and what scenarios leave behind outside namespaces.
func (j *judge) clearNodes() error {
	_ = j.procs["mortal"].Process.Signal(syscall.SIGCONT)
	_, _ = j.kubectl("", "delete", "node", "--all", "--wait=true", "--timeout=30s")
	for _, kind := range []string{"pv", "storageclass", "priorityclass"} {
		_, _ = j.kubectl("", "delete", kind, "-l", "made-by=transcript", "--wait=false")
	}
	return nil
}
