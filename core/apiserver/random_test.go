package apiserver_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/rest"
)

// observer is a client that knows of pods what one watch has told it. It may
// lose its watch and go on from the last revision it heard of.
type observer struct {
	*world
	opts metav1.ListOptions
	seen map[string]string // name to resourceVersion
	rev  int64
	stop func()
}

func (o *observer) watch() {
	opts := o.opts
	if o.rev > 0 {
		opts.ResourceVersion = fmt.Sprint(o.rev)
	}
	var refused *rest.Response
	o.stop, refused = o.Watch(&rest.Request{Verb: rest.Watch, Resource: pods, ListOptions: opts}, o.hear)
	if refused != nil {
		o.Fatal(refused.Status())
	}
}

func (o *observer) hear(ev rest.WatchEvent) {
	obj, ok := ev.Object.(api.Object)
	if !ok {
		o.Fatalf("%s %+v", ev.Type, ev.Object)
	}
	_, known := o.seen[obj.GetName()]
	switch {
	case ev.Type == watch.Added && known, ev.Type == watch.Modified && !known, ev.Type == watch.Deleted && !known:
		o.Errorf("%+v: %s of %s, known %v", o.opts, ev.Type, obj.GetName(), known)
	case ev.Type == watch.Deleted:
		delete(o.seen, obj.GetName())
	default:
		o.seen[obj.GetName()] = obj.GetResourceVersion()
	}
	if o.rev > ev.Revision && ev.Type != watch.Added {
		o.Errorf("revision %d after %d", ev.Revision, o.rev)
	}
	o.rev = max(o.rev, ev.Revision)
}

// listed is what a list with the same selectors answers.
func (o *observer) listed() map[string]string {
	list := o.must(&rest.Request{Verb: rest.List, Resource: pods, ListOptions: o.opts}).Object.(*corev1.PodList)
	out := map[string]string{}
	for i := range list.Items {
		out[list.Items[i].Name] = list.Items[i].ResourceVersion
	}
	return out
}

// disturb does one random thing to one of a few pods; many are refused.
func disturb(w *world, dice *rand.Rand) {
	name := fmt.Sprintf("p-%d", dice.IntN(6))
	label := fmt.Sprint(dice.IntN(3))
	req := &rest.Request{Resource: pods, Namespace: "default", Name: name, Actor: "someone"}
	switch dice.IntN(7) {
	case 0, 1:
		p := pod(name)
		p.Labels = map[string]string{"x": label}
		if dice.IntN(3) == 0 {
			p.Finalizers = []string{"example.com/f"}
		}
		req.Verb, req.Object = rest.Create, p
	case 2:
		req.Verb, req.Subresource = rest.Create, "binding"
		req.Object = &corev1.Binding{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Target:     corev1.ObjectReference{Name: fmt.Sprintf("n-%d", dice.IntN(2))},
		}
	case 3:
		req.Verb = rest.Patch
		req.Mutate = func(o api.Object) error { o.SetLabels(map[string]string{"x": label}); return nil }
	case 4:
		req.Verb, req.Subresource = rest.Patch, "status"
		req.Mutate = func(o api.Object) error { o.(*corev1.Pod).Status.Message = label; return nil }
	case 5:
		req.Verb = rest.Delete
		if dice.IntN(2) == 0 {
			req.DeleteOptions = *metav1.NewDeleteOptions(0)
		}
	case 6:
		req.Verb = rest.Patch
		req.Mutate = func(o api.Object) error { o.SetFinalizers(nil); return nil }
	}
	w.Serve(req)
}

// TestWatchesAgree: whatever happens, what a watch has told is what a list
// answers, for every selector, through lost watches and restarts of the server.
func TestWatchesAgree(t *testing.T) {
	for seed := range uint64(60) {
		dice := rand.New(rand.NewPCG(seed, 7))
		w := newWorld(t)
		var observers []*observer
		for _, opts := range []metav1.ListOptions{
			{}, {LabelSelector: "x=1"}, {LabelSelector: "x!=1"}, {LabelSelector: "x in (0,2)"},
			{FieldSelector: "spec.nodeName=n-0"}, {FieldSelector: "spec.nodeName=n-1", LabelSelector: "x"},
			{FieldSelector: "spec.nodeName="}, {FieldSelector: "spec.nodeName!="},
			{FieldSelector: "metadata.name=p-1"}, {FieldSelector: "status.phase=Pending,metadata.namespace=default"},
		} {
			o := &observer{world: w, opts: opts, seen: map[string]string{}}
			o.watch()
			observers = append(observers, o)
		}
		for step := range 120 {
			disturb(w, dice)
			if dice.IntN(40) == 0 {
				w.restart()
				for _, o := range observers {
					o.watch()
				}
			}
			if o := observers[dice.IntN(len(observers))]; dice.IntN(4) == 0 {
				o.stop()
				disturb(w, dice)
				o.watch()
			}
			for _, o := range observers {
				if diff := cmp.Diff(o.listed(), o.seen); diff != "" {
					t.Fatalf("seed %d, step %d, %+v: (-listed +watched)\n%s", seed, step, o.opts, diff)
				}
			}
		}
	}
}
