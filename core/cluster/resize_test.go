package cluster

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tabernetes/tabernetes/core/rest"
)

// resizedPod makes a pod with a policy of restarting for memory, on a machine
// of eight cpus.
func resizedPod(t *testing.T, c *Cluster, name, cpu string) {
	t.Helper()
	body := fmt.Sprintf(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":%q},"spec":{"nodeName":"node-1","terminationGracePeriodSeconds":1,"containers":[{"name":"web","image":"nginx",
		"resizePolicy":[{"resourceName":"cpu","restartPolicy":"NotRequired"},{"resourceName":"memory","restartPolicy":"RestartContainer"}],
		"resources":{"requests":{"cpu":%q,"memory":"64Mi"},"limits":{"cpu":"16","memory":"128Mi"}}}]}}`, name, cpu)
	reply := c.server.Do(rest.Message{Method: "POST", Path: "/api/v1/namespaces/default/pods", Header: rest.Header{"Content-Type": "application/json"}, Body: []byte(body)})
	if reply.Code != 201 {
		t.Fatal(string(reply.Body))
	}
	after(t, c, 20*time.Second)
}

func resize(c *Cluster, name, resources string) rest.Reply {
	return c.server.Do(rest.Message{
		Method: "PATCH", Path: "/api/v1/namespaces/default/pods/" + name + "/resize", Header: rest.Header{"Content-Type": "application/strategic-merge-patch+json"},
		Body: []byte(`{"spec":{"containers":[{"name":"web","resources":` + resources + `}]}}`),
	})
}

// sizeOf is how a pod stands: what its container has and was promised of a
// resource, how often it was started again, and the conditions of its resize.
func sizeOf(t *testing.T, c *Cluster, name string, of corev1.ResourceName) string {
	t.Helper()
	var out string
	each(c, func(p *corev1.Pod) {
		if p.Name != name {
			return
		}
		st := p.Status.ContainerStatuses[0]
		has, promised := st.Resources.Requests[of], st.AllocatedResources[of]
		out = fmt.Sprintf("%s %s, %d restarts", has.String(), promised.String(), st.RestartCount)
		for _, cond := range p.Status.Conditions {
			if strings.HasPrefix(string(cond.Type), "PodResize") {
				out += fmt.Sprintf("; %s %s %s", cond.Type, cond.Reason, cond.Message)
			}
		}
	})
	return out
}

// TestResize: a running pod gets other resources without a restart or with one
// as its policy says, and waits while its machine has no room.
func TestResize(t *testing.T) {
	c := start(t, Options{Seed: 1, Nodes: 1})
	resizedPod(t, c, "a", "1")
	is := func(name string, of corev1.ResourceName, want string) {
		t.Helper()
		if got := sizeOf(t, c, name, of); got != want {
			t.Errorf("%s: %s\nwant %s", name, got, want)
		}
	}
	is("a", corev1.ResourceCPU, "1 1, 0 restarts")
	if reply := resize(c, "a", `{"requests":{"cpu":"1500m"}}`); reply.Code != 200 {
		t.Fatal(string(reply.Body))
	}
	after(t, c, 150*time.Millisecond)
	is("a", corev1.ResourceCPU, "1 1500m, 0 restarts; PodResizeInProgress  ")
	after(t, c, 5*time.Second)
	is("a", corev1.ResourceCPU, "1500m 1500m, 0 restarts")

	resize(c, "a", `{"requests":{"memory":"96Mi"}}`)
	after(t, c, 20*time.Second)
	is("a", corev1.ResourceMemory, "96Mi 96Mi, 1 restarts")

	resizedPod(t, c, "b", "6")
	resize(c, "a", `{"requests":{"cpu":"3"}}`)
	after(t, c, 5*time.Second)
	is("a", corev1.ResourceCPU, "1500m 1500m, 1 restarts; PodResizePending Deferred Node didn't have enough resource: cpu, requested: 3000, used: 6000, capacity: 8000")
	run(t, c, "delete pod b")
	after(t, c, 10*time.Second)
	is("a", corev1.ResourceCPU, "3 3, 1 restarts")
	r, err := c.Run("kubectl events --for pod/a")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"ResizeStarted", "ResizeCompleted", "ResizeDeferred", `{"containers":[{"name":"web","resources":{"limits":{"cpu":"16","memory":"128Mi"},"requests":{"cpu":"3","memory":"96Mi"}}}],"generation":4`} {
		if !strings.Contains(r.Stdout, want) {
			t.Errorf("no %s in\n%s", want, r.Stdout)
		}
	}
}

// TestResizeIsRefused: what may not change, in the words of kube-apiserver v1.36.3.
func TestResizeIsRefused(t *testing.T) {
	c := start(t, Options{Seed: 1, Nodes: 1})
	resizedPod(t, c, "a", "1")
	for _, x := range []struct{ resources, says string }{
		{`{"requests":{"cpu":"16","memory":"128Mi"}}`, `spec: Invalid value: \"Burstable\": Pod QOS Class may not change as a result of resizing`},
		{`{"limits":{"cpu":null}}`, `spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed`},
		{`{"requests":{"ephemeral-storage":"1Gi"}}`, `spec: Forbidden: only cpu and memory resources are mutable`},
		{`{"requests":{"cpu":"17"}}`, `must be less than or equal to cpu limit of 16`},
	} {
		reply := resize(c, "a", x.resources)
		if reply.Code != 422 || !strings.Contains(string(reply.Body), x.says) {
			t.Errorf("%s: %d %s", x.resources, reply.Code, reply.Body)
		}
	}
	reply := c.server.Do(rest.Message{
		Method: "PATCH", Path: "/api/v1/namespaces/default/pods/a/resize", Header: rest.Header{"Content-Type": "application/json-patch+json"},
		Body: []byte(`[{"op":"add","path":"/spec/containers/-","value":{"name":"more","image":"nginx"}}]`),
	})
	if !strings.Contains(string(reply.Body), "spec.containers: Forbidden: containers may not be added or removed on resize") {
		t.Errorf("%s", reply.Body)
	}
	run(t, c, "create quota q --hard=requests.cpu=2")
	after(t, c, 5*time.Second)
	if reply := resize(c, "a", `{"requests":{"cpu":"3"}}`); reply.Code != 403 || !strings.Contains(string(reply.Body), "exceeded quota: q, requested: requests.cpu=2, used: requests.cpu=1, limited: requests.cpu=2") {
		t.Errorf("%d %s", reply.Code, reply.Body)
	}
}
