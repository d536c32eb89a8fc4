package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// What measure puts on a server: clients that write one thing after the other,
// and hold watches beside that. A client has one connection for all it does, as
// client-go makes it.
const (
	loadClients = 50
	loadWatches = 4 // of each client
)

// load is what to measure, on the server of a kubeconfig.
type load struct {
	kubeconfig string
	period     time.Duration
	shared     bool  // all clients work in one namespace, so that every watch is told of every write
	processes  []int // the server's, to look at
}

// measured is what came of it.
type measured struct {
	spent    time.Duration
	took     []time.Duration // each write, sorted
	told     int64           // lines that the watches were sent
	expected int64
	cut      int64         // watches that the server ended
	late     time.Duration // from the last write to the last line
	memory   int64         // bytes, of the server, at its largest
	cpu, own time.Duration // the server's and our own, while it was written
}

// at is the time that so many percent of the writes took at most.
func (m *measured) at(percent int) time.Duration {
	return m.took[len(m.took)*percent/100].Round(100 * time.Microsecond)
}

func (m *measured) rate() float64 { return float64(len(m.took)) / m.spent.Seconds() }

func (m *measured) String() string {
	each := func(d time.Duration) time.Duration {
		return (d / time.Duration(len(m.took))).Round(time.Microsecond)
	}
	return fmt.Sprintf("%d clients, %d watches: %.0f writes/s, p50 %s, p99 %s; %d of %d notifications, the last after %s, %d watches cut off; %d MB; a write costs the server %s and its client %s",
		loadClients, loadClients*loadWatches, m.rate(), m.at(50), m.at(99),
		m.told, m.expected, m.late.Round(time.Millisecond), m.cut, m.memory>>20, each(m.cpu), each(m.own))
}

// writer is one of those that write, with a namespace to do it in.
type writer struct {
	kubernetes.Interface
	space string
}

// clients makes them, with their namespaces.
func (l *load) clients(ctx context.Context) ([]writer, error) {
	config, err := clientcmd.BuildConfigFromFlags("", l.kubeconfig)
	if err != nil {
		return nil, err
	}
	var all []writer
	for i := range loadClients {
		own := rest.CopyConfig(config)
		own.QPS = -1
		own.Dial = (&net.Dialer{}).DialContext // a dialer of its own keeps client-go from sharing connections
		c, err := kubernetes.NewForConfig(own)
		if err != nil {
			return nil, err
		}
		space := "default"
		if !l.shared {
			space = fmt.Sprint("load-", i)
			ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: space}}
			if _, err := c.CoreV1().Namespaces().Create(ctx, ns, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
				return nil, err
			}
		}
		all = append(all, writer{c, space})
	}
	return all, nil
}

// measure writes from many clients at once while many watch.
func (l *load) measure(ctx context.Context) (*measured, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	clients, err := l.clients(ctx)
	if err != nil {
		return nil, err
	}
	m := &measured{}
	for _, c := range clients {
		for range loadWatches {
			if err := c.watch(ctx, m); err != nil {
				return nil, err
			}
		}
	}
	time.Sleep(time.Second) // a server that has just begun settles
	use := l.use()
	if err := m.write(ctx, clients, l.period); err != nil {
		return nil, err
	}
	m.cpu, m.own, m.memory = l.use().cpu-use.cpu, l.use().own-use.own, l.use().memory
	m.expected = int64(len(m.took)) * loadWatches
	if l.shared {
		m.expected *= loadClients
	}
	m.settle()
	return m, nil
}

// write has all clients write for a while.
func (m *measured) write(ctx context.Context, clients []writer, period time.Duration) error {
	var mu sync.Mutex
	var failed error
	var writers sync.WaitGroup
	began := time.Now()
	for _, c := range clients {
		writers.Go(func() {
			took, err := c.write(ctx, began.Add(period))
			mu.Lock()
			defer mu.Unlock()
			m.took = append(m.took, took...)
			failed = errors.Join(failed, err)
		})
	}
	writers.Wait()
	m.spent = time.Since(began)
	slices.Sort(m.took)
	return failed
}

// settle waits until the watches have been told, or nothing comes any more.
func (m *measured) settle() {
	began := time.Now()
	last := began
	for told := int64(-1); time.Since(last) < 2*time.Second; time.Sleep(time.Millisecond) {
		if now := atomic.LoadInt64(&m.told); now > told {
			told, last = now, time.Now()
		}
		if told >= m.expected {
			break
		}
	}
	m.late = last.Sub(began)
}

// watch has a watch counted. One that the server ends is opened again, as an
// informer does.
func (w writer) watch(ctx context.Context, m *measured) error {
	body, err := w.open(ctx)
	if err != nil {
		return err
	}
	go func() {
		for err == nil {
			m.count(body)
			if ctx.Err() != nil {
				return // the measurement has ended
			}
			atomic.AddInt64(&m.cut, 1)
			body, err = w.open(ctx)
		}
	}()
	return nil
}

// open opens a watch of what happens from now on.
func (w writer) open(ctx context.Context) (io.ReadCloser, error) {
	list, err := w.CoreV1().ConfigMaps(w.space).List(ctx, metav1.ListOptions{Limit: 1})
	if err != nil {
		return nil, err
	}
	return w.CoreV1().RESTClient().Get().Namespace(w.space).Resource("configmaps").SetHeader("Accept", "application/json").
		Param("watch", "true").Param("resourceVersion", list.ResourceVersion).Stream(ctx)
}

// count counts a watch's lines and does not look into them, so that what is
// measured is the server and not what it takes to decode them.
func (m *measured) count(body io.ReadCloser) {
	defer body.Close()
	for part := make([]byte, 256<<10); ; {
		n, err := body.Read(part)
		atomic.AddInt64(&m.told, int64(bytes.Count(part[:n], []byte("\n"))))
		if err != nil {
			return
		}
	}
}

// write creates one object and then updates it, over and over.
func (w writer) write(ctx context.Context, end time.Time) (took []time.Duration, err error) {
	maps := w.CoreV1().ConfigMaps(w.space)
	m := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "load-"}, Data: map[string]string{"text": strings.Repeat("x", 500)}}
	for i := 0; time.Now().Before(end); i++ {
		began := time.Now()
		if i == 0 {
			m, err = maps.Create(ctx, m, metav1.CreateOptions{})
		} else {
			m.Data["n"] = strconv.Itoa(i)
			m, err = maps.Update(ctx, m, metav1.UpdateOptions{})
		}
		if err != nil {
			return took, err
		}
		took = append(took, time.Since(began))
	}
	return took, nil
}

// usage is what processes have used.
type usage struct {
	cpu, own time.Duration // the server's, and ours
	memory   int64         // the server's most so far
}

// use is what the server's processes and we have used so far, as Linux tells;
// elsewhere it stays 0.
func (l *load) use() (u usage) {
	u.own = cpuOf(os.Getpid())
	for _, pid := range l.processes {
		u.cpu += cpuOf(pid)
		u.memory += peakOf(pid)
	}
	return u
}

// cpuOf reads the 14th and 15th field of /proc/PID/stat: hundredths of a second.
func cpuOf(pid int) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, found := strings.Cut(string(stat), ") ") // the name may hold spaces
	fields := strings.Fields(rest)
	if err != nil || !found || len(fields) < 13 {
		return 0
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	if errors.Join(err1, err2) != nil {
		return 0
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}

// peakOf is the most memory that a process has had, in bytes.
func peakOf(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(status) {
		if fields := strings.Fields(string(line)); len(fields) == 3 && fields[0] == "VmHWM:" {
			n, _ := strconv.ParseInt(fields[1], 10, 64) // 0 where it is no number
			return n << 10
		}
	}
	return 0
}
