package kubelet

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/sim"
	"github.com/tabernetes/tabernetes/core/trace"
)

// component is the kubelet's name in events.
const component = "kubelet"

type kubelet struct {
	c    *client.Client
	node *Node
	loop *client.Loop
	pods *client.View[*corev1.Pod]
	// catalogue is what authors add to the catalogue of images.
	catalogue *client.View[*corev1.ConfigMap]

	// manifests hold the static pods, statics those of this machine by key; kept
	// are the sandboxes of those whose mirror pods were deleted.
	manifests *client.View[*corev1.ConfigMap]
	statics   map[string]*corev1.Pod
	kept      map[string]*sandbox

	pressures [signals]pressure
	workers   map[string]*worker
	puller    puller
	dice      *rand.Rand
	self      *corev1.Node          // the node's object as last written
	lease     *coordinationv1.Lease // the same, nil when not known
}

// Start makes the process the kubelet of a machine. It registers the node and
// then watches the pods that are bound to it.
func Start(c *client.Client, node *Node) {
	k := &kubelet{
		c: c, node: node, workers: map[string]*worker{}, dice: c.Rand("machine"),
		statics: map[string]*corev1.Pod{}, kept: map[string]*sandbox{},
		puller: puller{coming: map[string]bool{}},
		pods:   client.NewView[*corev1.Pod](c, client.ViewOptions{FieldSelector: "spec.nodeName=" + node.Name}),
	}
	k.loop = c.NewLoop("sync pod", k.sync)
	k.pods.Handle(client.Handlers[*corev1.Pod]{
		Added:   func(pod *corev1.Pod) { k.loop.Add(client.Key(pod)) },
		Updated: func(_, pod *corev1.Pod) { k.updated(pod) },
		Deleted: func(pod *corev1.Pod) { k.loop.Add(client.Key(pod)) },
	})
	k.pods.OnSynced(k.sweep)
	k.readCatalogue()
	k.readManifests()
	c.After(0, sim.Work, "register "+node.Name, func() { k.register(firstRetry) })
}

// readCatalogue takes in what authors add to the catalogue of images, before
// the first pod. What can't be read is told of and changes nothing.
func (k *kubelet) readCatalogue() {
	k.catalogue = client.NewView[*corev1.ConfigMap](k.c, client.ViewOptions{
		Namespace: CatalogueNamespace, FieldSelector: "metadata.name=" + CatalogueName,
	})
	take := func(m *corev1.ConfigMap) {
		more, stages, err := authored(m)
		if err != nil {
			k.c.EventFrom(client.EventSource{Component: component, Host: k.node.Name}, m, corev1.EventTypeWarning, "InvalidCatalogue", err.Error())
			return
		}
		k.node.more, k.node.stages = more, stages
	}
	k.catalogue.Handle(client.Handlers[*corev1.ConfigMap]{
		Added: take, Updated: func(_, m *corev1.ConfigMap) { take(m) },
		Deleted: func(*corev1.ConfigMap) { k.node.more, k.node.stages = nil, nil },
	})
	k.catalogue.OnSynced(func() { k.manifests.Start() })
}

// authored is all that a catalogue's keys describe: lists of images, and kwok's
// Stages, one a key.
func authored(m *corev1.ConfigMap) (more map[string]entry, stages []*stage, err error) {
	more = map[string]entry{}
	for _, key := range slices.Sorted(maps.Keys(m.Data)) {
		var some map[string]entry
		if s := (*stage)(nil); isStage(m.Data[key]) {
			s, err = parseStage(m.Data[key])
			stages = append(stages, s)
		} else {
			some, err = ParseImages(m.Data[key])
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", key, err)
		}
		maps.Copy(more, some)
	}
	return more, stages, nil
}

func isStage(text string) bool {
	var kind metav1.TypeMeta
	return yaml.Unmarshal([]byte(text), &kind) == nil && kind.Kind == "Stage"
}

// updated leaves out what the kubelet has just written itself.
func (k *kubelet) updated(pod *corev1.Pod) {
	key := client.Key(pod)
	if w := k.workers[key]; w != nil && w.pod.UID == pod.UID && revision(pod) <= revision(w.pod) {
		return
	}
	k.loop.Add(key)
}

func revision(pod *corev1.Pod) int64 {
	n, _ := strconv.ParseInt(pod.ResourceVersion, 10, 64)
	return n
}

// sweep has the leftovers of pods cleared away that went while no kubelet ran.
func (k *kubelet) sweep() {
	for _, box := range k.node.sandboxes() {
		pod, ok := k.pods.Get(client.SplitKey(box.key))
		if !ok || pod.UID != box.uid {
			k.node.remove(box.uid)
		}
	}
}

// sync is one turn: it takes in a pod's newest version and does what is next.
func (k *kubelet) sync(key string) error {
	w := k.workers[key]
	pod, ok := k.pods.Get(client.SplitKey(key))
	if w != nil && (!ok || pod.UID != w.pod.UID) {
		w.leave()
		w = nil
	}
	if done, err := k.mirror(key, pod, ok); done || err != nil || !ok {
		return err
	}
	if w == nil {
		k.takeBack(key, pod)
		w = newWorker(k, key, pod)
		k.workers[key] = w
	}
	w.take(pod)
	return w.step()
}

// vary makes a time longer at random, by as much as the machine's config says.
func (k *kubelet) vary(d time.Duration) time.Duration {
	more := int64(d) / 100 * k.node.Config.Spread
	if more <= 0 {
		return d
	}
	return d + time.Duration(k.dice.Int64N(more+1))
}

// event reports something about a pod, or about one of its containers.
func (k *kubelet) event(pod *corev1.Pod, field, kind, reason, message string) {
	k.c.EventFrom(client.EventSource{Component: component, Host: k.node.Name, FieldPath: field}, pod, kind, reason, message)
}

func (k *kubelet) decided(pod *corev1.Pod, action, subject, result, message string) {
	k.c.Decided(pod, trace.Verdict{Action: action, Subject: subject, Result: result, Message: message})
}
