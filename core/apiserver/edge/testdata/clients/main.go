// Command clients holds real clients against the API server that $KUBECONFIG
// names: client-go informers, leader election and a controller-runtime manager
// work for -for, while every watch is cut off again and again (and whoever runs
// it may end and restart the server as well). At the end nothing may have been
// missed, nothing told twice, no two leaders at once, and every parent must have
// its one child. It prints what it counted, and exits with 1 where something is
// wrong. With -load it measures how much a server takes.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// space is the namespace in which all of it happens.
const space = "clients"

func main() {
	period := flag.Duration("for", time.Minute, "how long to go on")
	cut := flag.Duration("cut", 2*time.Second, "how long a watch lives at most")
	measure := flag.Bool("load", false, "measure instead: 50 clients that write and 200 watches")
	shared := flag.Bool("shared", false, "with -load: every watch is told of every write, not of its own client's alone")
	pid := flag.Int("pid", 0, "with -load: the server's process, whose memory and CPU to tell")
	beside := flag.String("beside", "", "measure this tabernetes, in memory and with --data, and beside it the control plane in -bin")
	bin := flag.String("bin", "", "the folder of etcd and kube-apiserver for -beside")
	flag.Parse()
	klog.SetLogger(logr.Discard()) // every cut would be told
	log.SetLogger(logr.Discard())
	err := error(nil)
	ctx := context.Background()
	switch {
	case *beside != "":
		err = compare(ctx, *beside, *bin, *period)
	case *measure:
		l := &load{kubeconfig: os.Getenv("KUBECONFIG"), period: *period, shared: *shared, processes: []int{*pid}}
		var m *measured
		if m, err = l.measure(ctx); err == nil {
			fmt.Println(m)
		}
	default:
		err = run(*period, *cut)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(period, cut time.Duration) error {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		return err
	}
	config.QPS, config.Burst = 500, 1000
	plain, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: space}}
	if _, err := plain.CoreV1().Namespaces().Create(ctx, ns, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	shaken := rest.CopyConfig(config)
	cuts := &cutter{most: cut}
	shaken.Wrap(cuts.wrap)

	witness, err := newWitness(ctx, shaken)
	if err != nil {
		return err
	}
	election := startElection(ctx, shaken)
	manager, err := startManager(ctx, shaken)
	if err != nil {
		return err
	}
	work := startWriters(ctx, plain, period)
	work.wait()
	var failures []string
	for _, check := range []func(context.Context, kubernetes.Interface) (string, error){witness.check(work), election.check, manager.check} {
		said, err := check(ctx, plain)
		fmt.Println(said)
		if err != nil {
			failures = append(failures, err.Error())
		}
	}
	fmt.Printf("watches: %d opened, %d cut off\n", cuts.opened.Load(), cuts.cut.Load())
	if len(failures) > 0 {
		return fmt.Errorf("%q", failures)
	}
	return nil
}

// eventually tries until there is no error, for a minute.
func eventually(try func() error) (err error) {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if err = try(); err == nil {
			return nil
		}
	}
	return err
}
