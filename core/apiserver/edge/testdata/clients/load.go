package main

import (
	"bytes"
	"context"
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
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// What measure puts on a server.
const (
	loadClients = 50
	loadWatches = 200
)

// alone is a client with connections of its own.
func alone(config *rest.Config) (kubernetes.Interface, error) {
	own := rest.CopyConfig(config)
	own.QPS = -1
	own.Dial = (&net.Dialer{}).DialContext // a dialer of its own keeps client-go from sharing connections
	return kubernetes.NewForConfig(own)
}

// measure writes from many clients at once while many watch all of it, and
// prints throughput, latency and memory.
func measure(period time.Duration, pids string) error {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var told atomic.Int64
	for i := range loadWatches {
		if err := watchAll(ctx, config, i, &told); err != nil {
			return err
		}
	}
	var mu sync.Mutex
	var all []time.Duration
	var failed error
	var writers sync.WaitGroup
	began := time.Now()
	for i := range loadClients {
		c, err := alone(config)
		if err != nil {
			return err
		}
		writers.Go(func() {
			took, err := write(ctx, c, fmt.Sprint("load-", i), began.Add(period))
			mu.Lock()
			defer mu.Unlock()
			all = append(all, took...)
			if err != nil {
				failed = err
			}
		})
	}
	writers.Wait()
	spent := time.Since(began)
	slices.Sort(all)
	at := func(percent int) time.Duration { return all[len(all)*percent/100].Round(100 * time.Microsecond) }
	time.Sleep(2 * time.Second) // for the last to be told
	fmt.Printf("%d clients, %d watches: %.0f writes/s, p50 %s, p99 %s; %d of %d notifications\n",
		loadClients, loadWatches, float64(len(all))/spent.Seconds(), at(50), at(99), told.Load(), int64(len(all))*loadWatches)
	for _, pid := range strings.FieldsFunc(pids, func(r rune) bool { return r == ',' }) {
		fmt.Printf("process %s: %s\n", pid, memory(pid))
	}
	return failed
}

func watchAll(ctx context.Context, config *rest.Config, i int, told *atomic.Int64) error {
	c, err := alone(config)
	if err != nil {
		return err
	}
	list, err := c.CoreV1().ConfigMaps("default").List(ctx, metav1.ListOptions{Limit: 1})
	if err != nil {
		return err
	}
	body, err := c.CoreV1().RESTClient().Get().Namespace("default").Resource("configmaps").SetHeader("Accept", "application/json").
		Param("watch", "true").Param("resourceVersion", list.ResourceVersion).Stream(ctx)
	if err != nil {
		return fmt.Errorf("watch %d: %w", i, err)
	}
	go count(body, told)
	return nil
}

// count counts a watch's lines and does not look into them, so that what is
// measured is the server and not what it takes to decode them.
func count(body io.ReadCloser, told *atomic.Int64) {
	defer body.Close()
	for part := make([]byte, 64<<10); ; {
		n, err := body.Read(part)
		told.Add(int64(bytes.Count(part[:n], []byte("\n"))))
		if err != nil {
			return // it was cut off, or the measurement has ended
		}
	}
}

// write creates one object and then updates it, over and over.
func write(ctx context.Context, c kubernetes.Interface, name string, end time.Time) (took []time.Duration, err error) {
	maps := c.CoreV1().ConfigMaps("default")
	m := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: name + "-"}, Data: map[string]string{"text": strings.Repeat("x", 500)}}
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

// memory is what a process has in memory.
func memory(pid string) string {
	status, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return err.Error()
	}
	for line := range bytes.Lines(status) {
		if bytes.HasPrefix(line, []byte("VmRSS")) {
			return strings.TrimSpace(string(line))
		}
	}
	return "unknown"
}
