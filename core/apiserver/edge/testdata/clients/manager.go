package main

import (
	"context"
	"fmt"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

// manager is a controller-runtime manager that gives every ConfigMap of the
// writers a Secret of its own.
type manager struct {
	client     client.Client
	reconciles atomic.Int64
}

func startManager(ctx context.Context, config *rest.Config) (*manager, error) {
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Metrics: server.Options{BindAddress: "0"},
		Cache:   cache.Options{DefaultNamespaces: map[string]cache.Config{space: {}}},
	})
	if err != nil {
		return nil, err
	}
	m := &manager{client: mgr.GetClient()}
	if err := ctrl.NewControllerManagedBy(mgr).For(&corev1.ConfigMap{}).Owns(&corev1.Secret{}).Complete(m); err != nil {
		return nil, err
	}
	go func() {
		if err := mgr.Start(ctx); err != nil {
			panic(err)
		}
	}()
	mgr.GetCache().WaitForCacheSync(ctx)
	return m, nil
}

// Reconcile implements reconcile.Reconciler.
func (m *manager) Reconcile(ctx context.Context, r ctrl.Request) (ctrl.Result, error) {
	m.reconciles.Add(1)
	var parent corev1.ConfigMap
	if err := m.client.Get(ctx, r.NamespacedName, &parent); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if parent.Labels["of"] != "writers" {
		return ctrl.Result{}, nil
	}
	child := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: space, Name: parent.Name}}
	_, err := controllerutil.CreateOrUpdate(ctx, m.client, child, func() error {
		child.StringData = nil
		child.Data = map[string][]byte{"n": []byte(parent.Data["n"])}
		return controllerutil.SetControllerReference(&parent, child, m.client.Scheme())
	})
	if apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) || apierrors.IsInvalid(err) {
		return ctrl.Result{Requeue: true}, nil
	}
	return ctrl.Result{}, err
}

// check sees that every parent has its child, with the parent's data, and that
// the garbage collector has taken all others.
func (m *manager) check(ctx context.Context, c kubernetes.Interface) (string, error) {
	children := 0
	err := eventually(func() error {
		parents, err := c.CoreV1().ConfigMaps(space).List(ctx, metav1.ListOptions{LabelSelector: "of=writers"})
		if err != nil {
			return err
		}
		secrets, err := c.CoreV1().Secrets(space).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		found := map[string]*corev1.Secret{}
		for i := range secrets.Items {
			found[secrets.Items[i].Name] = &secrets.Items[i]
		}
		children = len(found)
		for _, p := range parents.Items {
			s := found[p.Name]
			if s == nil || string(s.Data["n"]) != p.Data["n"] || s.OwnerReferences[0].UID != p.UID {
				return fmt.Errorf("%s has not its Secret: %v", p.Name, s)
			}
		}
		if len(found) != len(parents.Items) {
			return fmt.Errorf("%d Secrets for %d ConfigMaps", len(found), len(parents.Items))
		}
		return nil
	})
	return fmt.Sprintf("manager: %d reconciles, %d children", m.reconciles.Load(), children), err
}
