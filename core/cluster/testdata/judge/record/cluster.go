package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"sort"
	"strings"
	"sync"
	"time"
)

// object is a Kubernetes object as JSON decodes it.
type object = map[string]any

// cluster is the control plane that the kubeconfig names.
type cluster struct {
	server, token string
	http          *http.Client
}

// watched are the paths below /api or /apis whose objects a run follows.
var watched = []struct{ resource, prefix string }{
	{"deployments", "/apis/apps/v1"},
	{"replicasets", "/apis/apps/v1"},
	{"pods", "/api/v1"},
	{"daemonsets", "/apis/apps/v1"},
	{"statefulsets", "/apis/apps/v1"},
	{"controllerrevisions", "/apis/apps/v1"},
	{"jobs", "/apis/batch/v1"},
	{"cronjobs", "/apis/batch/v1"},
}

// manifests is the folder that the file names in commands are relative to.
const manifests = "../manifests"

// connect reads the current context through kubectl, which knows kubeconfig's rules.
func connect() (*cluster, error) {
	out, err := exec.Command("kubectl", "config", "view", "--raw", "--minify", "-o", "json").Output()
	if err != nil {
		return nil, fmt.Errorf("kubectl config view: %w", err)
	}
	var k struct {
		Clusters []struct {
			Cluster struct {
				Server   string `json:"server"`
				CAData   string `json:"certificate-authority-data"`
				Insecure bool   `json:"insecure-skip-tls-verify"`
			}
		}
		Users []struct{ User struct{ Token string } }
	}
	if err := json.Unmarshal(out, &k); err != nil {
		return nil, err
	}
	if len(k.Clusters) == 0 || len(k.Users) == 0 || k.Users[0].User.Token == "" {
		return nil, fmt.Errorf("the kubeconfig needs a cluster and a user with a token")
	}
	t := &tls.Config{InsecureSkipVerify: k.Clusters[0].Cluster.Insecure}
	if ca, _ := base64.StdEncoding.DecodeString(k.Clusters[0].Cluster.CAData); len(ca) > 0 {
		t.RootCAs = x509.NewCertPool()
		t.RootCAs.AppendCertsFromPEM(ca)
	}
	return &cluster{
		server: k.Clusters[0].Cluster.Server, token: k.Users[0].User.Token,
		http: &http.Client{Transport: &http.Transport{TLSClientConfig: t}},
	}, nil
}

// prepare makes the namespace and plays the scenario's set-up, waiting for quiet after each step.
func (c *cluster) prepare(ns string, s scenario, o options) error {
	if strings.HasPrefix(s.Command, "create namespace") {
		return nil
	}
	from, err := size(o.audit)
	if err != nil {
		return err
	}
	for _, command := range append([]string{"create namespace " + ns}, s.Setup...) {
		if err := c.kubectl(ns, command); err != nil {
			return err
		}
		if _, err := settle(o.audit, from, ns, o.quiet); err != nil {
			return err
		}
	}
	return nil
}

// kubectl runs one command line in a namespace.
func (c *cluster) kubectl(ns, command string) error {
	args := strings.Fields(strings.ReplaceAll(command, "NAMESPACE", ns))
	if args[1] != "namespace" {
		args = append([]string{"-n", ns}, args...)
	}
	cmd := exec.Command("kubectl", args...)
	cmd.Dir = manifests
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("kubectl %s: %w: %s", command, err, bytes.TrimSpace(out))
	}
	return nil
}

func (c *cluster) get(path string) (*http.Response, error) {
	req, err := http.NewRequest("GET", c.server+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	resp, err := c.http.Do(req)
	if err == nil && resp.StatusCode != http.StatusOK {
		b, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		return nil, fmt.Errorf("GET %s: %s: %s", path, resp.Status, b)
	}
	return resp, err
}

func (c *cluster) list(path string) (items []object, revision string, err error) {
	resp, err := c.get(path)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	var l struct {
		Metadata struct{ ResourceVersion string }
		Items    []object
	}
	err = json.NewDecoder(resp.Body).Decode(&l)
	return l.Items, l.Metadata.ResourceVersion, err
}

// frame is one watch event: an object at a revision.
type frame struct {
	Resource, Type string
	Object         object
}

// watcher collects the frames of a namespace until stop.
type watcher struct {
	initial []frame
	mu      sync.Mutex
	frames  []frame
	bodies  []io.Closer
	done    sync.WaitGroup
}

func (c *cluster) watch(ns string) (*watcher, error) {
	w := &watcher{}
	for _, r := range watched {
		path := r.prefix + "/namespaces/" + ns + "/" + r.resource
		items, revision, err := c.list(path)
		if err != nil {
			return nil, err
		}
		for _, o := range items {
			w.initial = append(w.initial, frame{r.resource, "ADDED", o})
		}
		resp, err := c.get(path + "?watch=true&resourceVersion=" + revision)
		if err != nil {
			return nil, err
		}
		w.bodies = append(w.bodies, resp.Body)
		w.done.Add(1)
		go w.read(r.resource, resp.Body)
	}
	return w, nil
}

func (w *watcher) read(resource string, body io.Reader) {
	defer w.done.Done()
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		f := frame{Resource: resource}
		if json.Unmarshal(lines.Bytes(), &f) == nil {
			w.mu.Lock()
			w.frames = append(w.frames, f)
			w.mu.Unlock()
		}
	}
}

// stop ends the watches and returns the frames in the order of their revisions.
func (w *watcher) stop() []frame {
	for _, b := range w.bodies {
		b.Close()
	}
	w.done.Wait()
	sort.SliceStable(w.frames, func(i, j int) bool { return revisionOf(w.frames[i].Object) < revisionOf(w.frames[j].Object) })
	return w.frames
}

func (w *watcher) anyPod() string {
	for _, f := range w.initial {
		if f.Resource == "pods" {
			return text(f.Object, "metadata", "name")
		}
	}
	return ""
}

// final lists the objects that a run leaves behind, normalised.
func (c *cluster) final(ns string, n names) (objects, error) {
	out := objects{}
	for _, r := range watched {
		items, _, err := c.list(r.prefix + "/namespaces/" + ns + "/" + r.resource)
		if err != nil {
			return nil, err
		}
		list := []object{}
		for _, o := range items {
			list = append(list, normalise(o, ns, n).(object))
		}
		sort.Slice(list, func(i, j int) bool { return text(list[i], "metadata", "name") < text(list[j], "metadata", "name") })
		out[r.resource] = list
	}
	return out, nil
}

func size(path string) (int64, error) {
	i, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return i.Size(), nil
}

// settle waits until the audit log is quiet about a namespace and returns its entries since from.
func settle(path string, from int64, ns string, quiet time.Duration) ([]entry, error) {
	var last []entry
	since, deadline := time.Now(), time.Now().Add(2*time.Minute)
	for time.Since(since) < quiet {
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("namespace %s does not come to rest", ns)
		}
		time.Sleep(200 * time.Millisecond)
		es, err := readAudit(path, from, ns)
		if err != nil {
			return nil, err
		}
		if len(es) != len(last) {
			last, since = es, time.Now()
		}
	}
	return last, nil
}
