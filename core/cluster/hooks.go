package cluster

import (
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/apiserver"
	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/trace"
)

// refused puts a request that the API server did not grant into the trace.
func (c *Cluster) refused(o store.Origin, status *metav1.Status) {
	if o.Code == 404 && o.Verb == "get" {
		return // asking whether something exists changes and decides nothing
	}
	e := trace.FromRecord(store.Record{Origin: o})
	e.Type, e.Reason, e.Message = trace.Refused, string(status.Reason), status.Message
	c.rec.Add(e)
}

// podLogs asks the kubelet of the pod's node, as the API server does.
func (c *Cluster) podLogs(req apiserver.LogRequest) ([]byte, error) {
	p, err := c.part("kubelet/" + req.Pod.Spec.NodeName)
	if err != nil {
		return nil, fmt.Errorf("the pod %s has no node yet", req.Pod.Name)
	}
	if p.proc == nil {
		return nil, fmt.Errorf("dial tcp: the kubelet of %s does not answer", req.Pod.Spec.NodeName)
	}
	return p.node.Logs(req.Pod, req.Container, req.Options, c.Now())
}

// podUsage asks the kubelet of the pod's node what its containers use.
func (c *Cluster) podUsage(pod *corev1.Pod) []apiserver.ContainerUsage {
	p, err := c.part("kubelet/" + pod.Spec.NodeName)
	if err != nil || p.proc == nil {
		return nil
	}
	var out []apiserver.ContainerUsage
	for _, u := range p.node.Usage(pod, c.Now()) {
		out = append(out, apiserver.ContainerUsage{Name: u.Container, CPU: u.CPU, Memory: u.Memory, Since: u.Since})
	}
	return out
}

// Object returns an object as YAML, as of a revision (0: now). The error is
// etcd's where the revision isn't kept, or says that there was no such object.
func (c *Cluster) Object(gvr schema.GroupVersionResource, namespace, name string, revision int64) ([]byte, error) {
	r := api.Lookup(gvr)
	if r == nil && strings.Contains(gvr.Group, ".") { // of a kind that is defined, or was
		r = &api.Resource{Group: gvr.Group, Version: gvr.Version, Plural: gvr.Resource}
	}
	if r == nil {
		return nil, fmt.Errorf("the server doesn't have a resource type %q", gvr.Resource)
	}
	got, err := c.store.Range(store.RangeRequest{Key: apiserver.Key(r, namespace, name), Revision: store.Revision(revision)})
	if err != nil {
		return nil, err
	}
	if len(got.KVs) == 0 {
		return nil, fmt.Errorf("%s %q not found", r.GroupResource(), name)
	}
	obj, err := api.DecodeStorage(got.KVs[0].Value)
	if err != nil {
		return nil, err
	}
	if acc, err := meta.Accessor(obj); err == nil {
		acc.SetResourceVersion(strconv.FormatInt(int64(got.KVs[0].ModRevision), 10))
	}
	return yaml.Marshal(obj)
}
