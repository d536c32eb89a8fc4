package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// subject is a server to be measured: what it is called, and how to start it in
// an empty folder, with a kubeconfig there.
type subject struct {
	name  string
	start func(dir string) (*running, error)
}

// running is its processes.
type running struct{ processes []*exec.Cmd }

// begin starts a program in a folder.
func (r *running) begin(dir, program string, args ...string) error {
	out, err := os.Create(filepath.Join(dir, filepath.Base(program)+".log"))
	if err != nil {
		return err
	}
	defer out.Close() // the process has its own
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, out
	if err := cmd.Start(); err != nil {
		return err
	}
	r.processes = append(r.processes, cmd)
	return nil
}

// end ends what was started, the last first.
func (r *running) end() {
	for i := len(r.processes) - 1; i >= 0; i-- {
		cmd := r.processes[i]
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		late := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait() // how it ended says nothing of what was measured
		late.Stop()
	}
}

func (r *running) pids() (all []int) {
	for _, cmd := range r.processes {
		all = append(all, cmd.Process.Pid)
	}
	return all
}

// kubeconfigFile is where a subject's kubeconfig is, in its folder.
const kubeconfigFile = "kubeconfig"

// ours is `tabernetes serve` with some more arguments.
func ours(binary string, args ...string) func(dir string) (*running, error) {
	return func(dir string) (*running, error) {
		r := &running{}
		args := append([]string{"serve", "--addr", "127.0.0.1:0", "--page-addr", "127.0.0.1:0", "--kubeconfig", kubeconfigFile}, args...)
		return r, r.begin(dir, binary, args...)
	}
}

// theirs is etcd and kube-apiserver alone: no controller takes them any time.
func theirs(bin string) func(dir string) (*running, error) {
	return func(dir string) (*running, error) {
		ports, err := freePorts(3)
		if err != nil {
			return nil, err
		}
		server, etcd, peer := fmt.Sprintf("https://127.0.0.1:%d", ports[0]), fmt.Sprintf("http://127.0.0.1:%d", ports[1]), fmt.Sprintf("http://127.0.0.1:%d", ports[2])
		if err := accounts(dir, server); err != nil {
			return nil, err
		}
		r := &running{}
		return r, errors.Join(
			r.begin(dir, filepath.Join(bin, "etcd"), "--data-dir=etcd", "--listen-client-urls="+etcd, "--advertise-client-urls="+etcd,
				"--listen-peer-urls="+peer, "--initial-advertise-peer-urls="+peer, "--initial-cluster=default="+peer),
			r.begin(dir, filepath.Join(bin, "kube-apiserver"), "--etcd-servers="+etcd, fmt.Sprint("--secure-port=", ports[0]), "--bind-address=127.0.0.1",
				"--advertise-address=127.0.0.1", "--cert-dir=certs", "--service-account-issuer=https://kubernetes.default.svc",
				"--service-account-key-file=sa.pub", "--service-account-signing-key-file=sa.key", "--token-auth-file=tokens.csv",
				"--authorization-mode=RBAC", "--service-cluster-ip-range=10.96.0.0/16"))
	}
}

// accounts writes what kube-apiserver and its clients know each other by.
func accounts(dir, server string) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		"sa.key":     pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
		"sa.pub":     pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}),
		"tokens.csv": []byte("load,admin,admin,system:masters\n"),
		kubeconfigFile: fmt.Appendf(nil, `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: %q, insecure-skip-tls-verify: true}}]
users: [{name: u, user: {token: load}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
`, server),
	} {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	return err
}

// freePorts are ports that nobody listens on.
func freePorts(n int) (ports []int, err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // together, so that none is given twice
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// ready waits until the server of a kubeconfig answers, and has its namespaces.
func ready(ctx context.Context, kubeconfig string) error {
	return eventually(func() error {
		config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
		if err != nil {
			return err
		}
		c, err := kubernetes.NewForConfig(config)
		if err != nil {
			return err
		}
		if _, err = c.CoreV1().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx); err != nil {
			return err
		}
		_, err = c.CoreV1().Namespaces().Get(ctx, "default", metav1.GetOptions{})
		return err
	})
}

// compare measures all subjects one after the other, on this machine, and
// prints one table.
func compare(ctx context.Context, binary, bin string, period time.Duration) error {
	binary, err := filepath.Abs(binary)
	if err != nil {
		return err
	}
	subjects := []subject{{"tabernetes serve", ours(binary)}, {"tabernetes serve --data", ours(binary, "--data", "data")}}
	if bin != "" {
		subjects = append(subjects, subject{"etcd and kube-apiserver", theirs(bin)})
	}
	fmt.Printf("%d processors; %d clients, %d watches, %s each\n\n", runtime.NumCPU(), loadClients, loadClients*loadWatches, period)
	fmt.Println("| each watch hears of | server | writes/s | p50 | p99 | memory | notifications/s | watches cut off | CPU of a write: server, client |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|")
	for _, shared := range []bool{false, true} {
		for _, s := range subjects {
			m, err := s.measure(ctx, period, shared)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			fmt.Println(m.row(s.name, shared))
		}
	}
	return nil
}

func (s *subject) measure(ctx context.Context, period time.Duration, shared bool) (*measured, error) {
	dir, err := os.MkdirTemp("", "load")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	r, err := s.start(dir)
	if r != nil {
		defer r.end()
	}
	if err != nil {
		return nil, err
	}
	l := &load{kubeconfig: filepath.Join(dir, kubeconfigFile), period: period, shared: shared, processes: r.pids()}
	if err := ready(ctx, l.kubeconfig); err != nil {
		return nil, err
	}
	return l.measure(ctx)
}

// row is what was measured as a row of the table.
func (m *measured) row(name string, shared bool) string {
	hears := "its client's writes"
	if shared {
		hears = "all writes"
	}
	n := time.Duration(len(m.took))
	return fmt.Sprintf("| %s | %s | %.0f | %s | %s | %d MB | %.0f | %d | %s, %s |", hears, name, m.rate(), m.at(50), m.at(99),
		m.memory>>20, float64(m.told)/(m.spent+m.late).Seconds(), m.cut,
		(m.cpu / n).Round(time.Microsecond), (m.own / n).Round(time.Microsecond))
}
