package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// election is three candidates for one Lease; who leads steps down after a while.
type election struct {
	mu      sync.Mutex
	leading map[string]bool
	terms   int
	faults  []string
}

const (
	candidates = 3
	term       = 4 * time.Second
)

func startElection(ctx context.Context, config *rest.Config) *election {
	e := &election{leading: map[string]bool{}}
	for i := range candidates {
		name := fmt.Sprint("candidate-", i)
		go func() {
			for ctx.Err() == nil {
				e.candidate(ctx, config, name)
			}
		}()
	}
	return e
}

// candidate takes part until it has led, or lost.
func (e *election) candidate(ctx context.Context, config *rest.Config, name string) {
	c := kubernetes.NewForConfigOrDie(config)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	leaderelection.RunOrDie(ctx, leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta: metav1.ObjectMeta{Namespace: space, Name: "leader"}, Client: c.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: name},
		},
		ReleaseOnCancel: true,
		LeaseDuration:   6 * time.Second, RenewDeadline: 4 * time.Second, RetryPeriod: 500 * time.Millisecond,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(ctx context.Context) {
				e.begin(name)
				select {
				case <-time.After(term):
					e.end(name) // before the lease is released
					cancel()
				case <-ctx.Done():
				}
			},
			OnStoppedLeading: func() { e.end(name) },
		},
	})
}

func (e *election) begin(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.terms++
	for other, leads := range e.leading {
		if leads && other != name {
			e.faults = append(e.faults, name+" began to lead while "+other+" did")
		}
	}
	e.leading[name] = true
}

func (e *election) end(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.leading[name] = false
}

func (e *election) check(context.Context, kubernetes.Interface) (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	said := fmt.Sprintf("election: %d candidates, %d terms", candidates, e.terms)
	switch {
	case len(e.faults) > 0:
		return said, fmt.Errorf("%d times two led at once: %s", len(e.faults), e.faults[0])
	case e.terms < 2:
		return said, fmt.Errorf("leadership never changed hands")
	}
	return said, nil
}
