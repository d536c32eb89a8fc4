package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// How many write at once, and how long each rests. Between two tries to watch,
// client-go waits for up to half a minute; what is written until then must be
// less than a server keeps of its history, or a short life is rightly missed.
const (
	writers = 5
	pause   = 100 * time.Millisecond
)

// work is what the writers did: the objects that the server said it created,
// and those it said are gone.
type work struct {
	all     sync.WaitGroup
	mu      sync.Mutex
	created map[types.UID]string
	deleted map[types.UID]bool
	updates int
	unsure  int // writes whose answer was lost
}

func startWriters(ctx context.Context, c kubernetes.Interface, period time.Duration) *work {
	w := &work{created: map[types.UID]string{}, deleted: map[types.UID]bool{}}
	end := time.Now().Add(period)
	for n := range writers {
		w.all.Go(func() {
			for i := 0; time.Now().Before(end); i++ {
				w.write(ctx, c, fmt.Sprintf("w%d-%d", n, i))
				time.Sleep(pause)
			}
		})
	}
	return w
}

func (w *work) wait() { w.all.Wait() }

// write gives one object a short life, or a long one.
func (w *work) write(ctx context.Context, c kubernetes.Interface, name string) {
	maps := c.CoreV1().ConfigMaps(space)
	made, err := maps.Create(ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"of": "writers"}},
	}, metav1.CreateOptions{})
	if w.note(err, func() { w.created[made.UID] = name }) {
		return
	}
	for i := range rand.N(4) {
		made.Data = map[string]string{"n": strconv.Itoa(i)}
		next, err := maps.Update(ctx, made, metav1.UpdateOptions{})
		if w.note(err, func() { w.updates++ }) {
			return
		}
		made = next
	}
	if rand.N(2) == 0 {
		err := maps.Delete(ctx, name, metav1.DeleteOptions{})
		w.note(err, func() { w.deleted[made.UID] = true })
	}
}

// note takes down an answer, or that there was none.
func (w *work) note(err error, then func()) (failed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.unsure++
		return true
	}
	then()
	return false
}

// witness is what informers tell.
type witness struct {
	stores []cache.Store
	mu     sync.Mutex
	faults []string
	alive  []map[types.UID]int64 // by informer: the last version told
	added  []map[types.UID]bool
	events int
}

// informerCount are the informers, each with watches of its own.
const informerCount = 4

func newWitness(ctx context.Context, config *rest.Config) (*witness, error) {
	w := &witness{}
	for i := range informerCount {
		c, err := kubernetes.NewForConfig(config)
		if err != nil {
			return nil, err
		}
		factory := informers.NewSharedInformerFactoryWithOptions(c, 0, informers.WithNamespace(space),
			informers.WithTweakListOptions(func(o *metav1.ListOptions) { o.LabelSelector = "of=writers" }))
		informer := factory.Core().V1().ConfigMaps().Informer()
		w.alive, w.added = append(w.alive, map[types.UID]int64{}), append(w.added, map[types.UID]bool{})
		if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    func(obj any) { w.told(i, "add", obj) },
			UpdateFunc: func(_, obj any) { w.told(i, "update", obj) },
			DeleteFunc: func(obj any) { w.told(i, "delete", obj) },
		}); err != nil {
			return nil, err
		}
		w.stores = append(w.stores, informer.GetStore())
		factory.Start(ctx.Done())
		factory.WaitForCacheSync(ctx.Done())
	}
	return w, nil
}

func (w *witness) told(i int, what string, obj any) {
	if gone, ok := obj.(cache.DeletedFinalStateUnknown); ok {
		obj = gone.Obj
	}
	m := obj.(*corev1.ConfigMap)
	version, _ := strconv.ParseInt(m.ResourceVersion, 10, 64)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events++
	last, alive := w.alive[i][m.UID]
	wrong := what == "add" && (alive || w.added[i][m.UID]) || what != "add" && !alive || version < last
	if wrong {
		w.faults = append(w.faults, fmt.Sprintf("informer %d was told %s of %s at %d after %d (alive: %t)", i, what, m.Name, version, last, alive))
	}
	w.alive[i][m.UID], w.added[i][m.UID] = version, true
	if what == "delete" {
		delete(w.alive[i], m.UID)
	}
}

// check compares the informers with the writers and with a list.
func (w *witness) check(work *work) func(context.Context, kubernetes.Interface) (string, error) {
	return func(ctx context.Context, c kubernetes.Interface) (string, error) {
		err := eventually(func() error {
			list, err := c.CoreV1().ConfigMaps(space).List(ctx, metav1.ListOptions{LabelSelector: "of=writers"})
			if err != nil {
				return err
			}
			return w.compare(work, list.Items)
		})
		w.mu.Lock()
		defer w.mu.Unlock()
		if err == nil && len(w.faults) > 0 {
			err = fmt.Errorf("%d events out of order, the first: %s", len(w.faults), w.faults[0])
		}
		said := fmt.Sprintf("informers: %d, told %d events of %d objects created, %d updates, %d deleted (%d writes without an answer)",
			informerCount, w.events, len(work.created), work.updates, len(work.deleted), work.unsure)
		return said, err
	}
}

func (w *witness) compare(work *work, list []corev1.ConfigMap) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for uid, name := range work.created {
		for i := range w.added {
			if !w.added[i][uid] {
				return fmt.Errorf("informer %d never heard of %s", i, name)
			}
		}
	}
	for i := range w.alive {
		if len(w.alive[i]) != len(list) {
			return fmt.Errorf("informer %d knows %d objects, the server %d", i, len(w.alive[i]), len(list))
		}
		for _, m := range list {
			if got := strconv.FormatInt(w.alive[i][m.UID], 10); got != m.ResourceVersion {
				return fmt.Errorf("informer %d has %s at %s, the server at %s", i, m.Name, got, m.ResourceVersion)
			}
		}
	}
	return nil
}
