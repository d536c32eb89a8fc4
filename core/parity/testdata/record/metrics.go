package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A real control plane has no metrics of its own: its API server hands requests
// for metrics.k8s.io on to whoever is registered for them. Here that is this
// program. What pods use it makes up as our engine does (core/apiserver,
// metrics.go): the load that a Service's annotation says, shared by the ready
// pods, and what they use when idle.

const (
	loadAnnotation = "simulation.tabernetes.io/load"
	window         = 15 * time.Second // between two measurements
	idleCPU        = 1                // thousandths
	idleMemory     = 8 << 20
)

// The API server reaches us by a Service that is a name: one with an address
// would need endpoints, which cannot be on loopback.
const metricsManifest = `apiVersion: v1
kind: Service
metadata: {name: metrics, namespace: kube-system}
spec: {type: ExternalName, externalName: localhost}
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1beta1.metrics.k8s.io}
spec:
  group: metrics.k8s.io
  version: v1beta1
  insecureSkipTLSVerify: true
  groupPriorityMinimum: 100
  versionPriority: 100
  service: {name: metrics, namespace: kube-system, port: %d}
`

// serveMetrics begins to answer, and waits until the API server has noticed.
func (j *judge) serveMetrics() error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(24 * time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", j.port+5))
	if err != nil {
		return err
	}
	listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert}, PrivateKey: key}}})
	go func() { _ = http.Serve(listener, http.HandlerFunc(j.metrics)) }()
	if err := j.must(fmt.Sprintf(metricsManifest, j.port+5), "apply", "-f", "-"); err != nil {
		return err
	}
	return patiently(func() error { _, err := j.get("/apis/metrics.k8s.io/v1beta1/namespaces/default/pods"); return err })
}

func (j *judge) metrics(w http.ResponseWriter, r *http.Request) {
	var answer any
	var err error
	switch path := strings.TrimPrefix(r.URL.Path, "/apis/metrics.k8s.io/v1beta1"); {
	case path == r.URL.Path:
		http.NotFound(w, r)
		return
	case path == "":
		answer = object{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "metrics.k8s.io/v1beta1", "resources": []object{
			{"name": "pods", "singularName": "", "namespaced": true, "kind": "PodMetrics", "verbs": []string{"get", "list"}},
		}}
	default:
		namespace := strings.TrimSuffix(strings.TrimPrefix(path, "/namespaces/"), "/pods")
		answer, err = j.podMetrics(namespace, r.URL.Query().Get("labelSelector"))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

// podMetrics are what the selected pods use that have run for a while.
func (j *judge) podMetrics(namespace, selector string) (object, error) {
	work, err := j.shares(namespace)
	if err != nil {
		return nil, err
	}
	pods, err := j.list("/api/v1/namespaces/"+namespace+"/pods", selector)
	at := time.Now().Truncate(window)
	items := []object{}
	for _, pod := range pods {
		name, containers := text(pod, "metadata", "name"), []object{}
		statuses, _ := pod["status"].(object)["containerStatuses"].([]any)
		for i, s := range statuses {
			status, _ := s.(object)
			began, err := time.Parse(time.RFC3339, text(status, "state", "running", "startedAt"))
			if err != nil || began.After(at.Add(-window)) || text(pod, "status", "phase") != "Running" {
				containers = nil
				break
			}
			use := int64(idleCPU)
			if i == 0 {
				use += work[name]
			}
			containers = append(containers, object{"name": text(status, "name"), "usage": object{"cpu": fmt.Sprint(use, "m"), "memory": fmt.Sprint(idleMemory)}})
		}
		if len(containers) > 0 {
			items = append(items, object{
				"metadata":  object{"name": name, "namespace": namespace, "labels": pod["metadata"].(object)["labels"]},
				"timestamp": at.UTC().Format(time.RFC3339), "window": window.String(), "containers": containers,
			})
		}
	}
	return object{"kind": "PodMetricsList", "apiVersion": "metrics.k8s.io/v1beta1", "metadata": object{}, "items": items}, err
}

// shares is the work of each pod, by name.
func (j *judge) shares(namespace string) (map[string]int64, error) {
	services, err := j.list("/api/v1/namespaces/"+namespace+"/services", "")
	work := map[string]int64{}
	for _, s := range services {
		load, _ := strconv.ParseInt(strings.TrimSuffix(text(s, "metadata", "annotations", loadAnnotation), "m"), 10, 64)
		selector, _ := s["spec"].(object)["selector"].(object)
		var terms []string
		for k, v := range selector {
			terms = append(terms, fmt.Sprint(k, "=", v))
		}
		if load == 0 || len(terms) == 0 {
			continue
		}
		pods, err := j.list("/api/v1/namespaces/"+namespace+"/pods", strings.Join(terms, ","))
		if err != nil {
			return nil, err
		}
		var ready []string
		for _, pod := range pods {
			if text(pod, "metadata", "deletionTimestamp") == "" && isReady(pod) {
				ready = append(ready, text(pod, "metadata", "name"))
			}
		}
		for _, name := range ready {
			work[name] += load / int64(len(ready))
		}
	}
	return work, err
}

func isReady(pod object) bool {
	conditions, _ := pod["status"].(object)["conditions"].([]any)
	for _, c := range conditions {
		if condition, _ := c.(object); condition["type"] == "Ready" {
			return condition["status"] == "True"
		}
	}
	return false
}

func (j *judge) list(path, selector string) ([]object, error) {
	data, err := j.get(path + "?labelSelector=" + url.QueryEscape(selector))
	var list struct{ Items []object }
	if err == nil {
		err = json.Unmarshal(data, &list)
	}
	return list.Items, err
}
