package client

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/rest"
)

// The bounds of client-go's event correlator (tools/record/events_cache.go):
// similar events of one object are merged after so many within the interval,
// and one object's events are let through at a burst and then a slow rate.
const (
	similarBeforeMerging = 10
	similarInterval      = 10 * time.Minute
	objectBurst          = 25
	objectInterval       = 5 * time.Minute
	eventCacheSize       = 4096
)

// eventLog remembers what a component has reported, to count instead of repeat.
type eventLog struct {
	sent    map[string]*sentEvent
	similar map[string]*similarEvents
	budgets map[string]*eventBudget
	lastID  int64
}

type sentEvent struct {
	name  string
	count int32
	last  metav1.Time // when it was reported last

	written time.Time // of a series: when it was written last
}

type similarEvents struct {
	messages []string // different ones, similarBeforeMerging at most
	last     time.Time
}

// eventBudget is a token bucket kept as time: an event costs objectInterval.
type eventBudget struct {
	have time.Duration
	last time.Time
}

// Event reports something about an object, as a core/v1 Event: kind is Normal
// or Warning. Repetitions raise the count of the event that is there.
func (c *Client) Event(obj api.Object, kind, reason, message string) {
	c.EventFrom(EventSource{Component: c.Actor()}, obj, kind, reason, message)
}

// EventSource is who reports an event, where it isn't simply the actor.
type EventSource struct {
	Component, Host string // upstream's name of the component; the kubelet adds its node
	FieldPath       string // the part of the object, e.g. spec.containers{nginx}
}

// EventFrom is Event with its source spelled out.
func (c *Client) EventFrom(from EventSource, obj api.Object, kind, reason, message string) {
	ev := c.newEvent(obj, kind, reason, message)
	ev.InvolvedObject.FieldPath = from.FieldPath
	ev.Source = corev1.EventSource{Component: from.Component, Host: from.Host}
	ev.ReportingController, ev.ReportingInstance = from.Component, from.Host
	c.report(ev)
}

func (c *Client) newEvent(obj api.Object, kind, reason, message string) *corev1.Event {
	r := api.For(obj)
	namespace := obj.GetNamespace()
	if namespace == "" {
		namespace = metav1.NamespaceDefault
	}
	now := metav1.NewTime(c.Now())
	return &corev1.Event{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace},
		InvolvedObject: corev1.ObjectReference{
			Kind: r.Kind, APIVersion: r.APIVersion(), Namespace: obj.GetNamespace(), Name: obj.GetName(),
			UID: obj.GetUID(), ResourceVersion: obj.GetResourceVersion(),
		},
		Reason: reason, Message: message, Type: kind,
		FirstTimestamp: now, LastTimestamp: now, Count: 1,
	}
}

func (c *Client) report(ev *corev1.Event) {
	c.events.init()
	object := eventObject(ev)
	kind := strings.Join([]string{object, ev.Type, ev.Reason}, "|")
	key := kind + "|" + ev.Message
	if c.events.mergeSimilar(kind, ev.Message, c.Now()) {
		ev.Message = "(combined from similar events): " + ev.Message
		key = kind
	}
	if !c.events.spend(object, c.Now()) {
		return
	}
	if sent := c.events.sent[key]; sent != nil && c.repeat(ev, sent) {
		return
	}
	ev.Name = fmt.Sprintf("%s.%x", ev.InvolvedObject.Name, c.events.id(c.Now()))
	if _, err := Create(c, ev); err == nil {
		c.events.sent[key] = &sentEvent{name: ev.Name, count: 1, last: ev.LastTimestamp}
	}
}

// repeat raises the count of an event that was sent before; false when it is gone.
func (c *Client) repeat(ev *corev1.Event, sent *sentEvent) bool {
	sent.count++
	sent.last = ev.LastTimestamp
	_, err := object[*corev1.Event](c, &rest.Request{
		Verb: rest.Patch, Namespace: ev.Namespace, Name: sent.name, PatchType: "application/strategic-merge-patch+json",
		Mutate: func(obj api.Object) error {
			old := obj.(*corev1.Event)
			old.Count, old.LastTimestamp, old.Message = sent.count, ev.LastTimestamp, ev.Message
			return nil
		},
	})
	return err == nil
}

func eventObject(ev *corev1.Event) string {
	o := ev.InvolvedObject
	return strings.Join([]string{ev.Source.Component, ev.Source.Host, o.Kind, o.Namespace, o.Name, string(o.UID), o.FieldPath}, "|")
}

// init makes the caches, and empties them when they have grown too large.
func (l *eventLog) init() {
	if l.sent == nil || len(l.sent) > eventCacheSize {
		l.sent = map[string]*sentEvent{}
	}
	if l.similar == nil || len(l.similar) > eventCacheSize {
		l.similar = map[string]*similarEvents{}
	}
	if l.budgets == nil || len(l.budgets) > eventCacheSize {
		l.budgets = map[string]*eventBudget{}
	}
}

// mergeSimilar tells whether an object has had so many different messages for
// one reason lately that they are to be combined.
func (l *eventLog) mergeSimilar(kind, message string, now time.Time) bool {
	s := l.similar[kind]
	if s == nil || now.Sub(s.last) > similarInterval {
		s = &similarEvents{}
		l.similar[kind] = s
	}
	s.last = now
	if len(s.messages) < similarBeforeMerging && !slices.Contains(s.messages, message) {
		s.messages = append(s.messages, message)
	}
	return len(s.messages) >= similarBeforeMerging
}

// spend takes one event from an object's budget; false when it is used up.
func (l *eventLog) spend(object string, now time.Time) bool {
	b := l.budgets[object]
	if b == nil {
		b = &eventBudget{have: objectBurst * objectInterval, last: now}
		l.budgets[object] = b
	}
	b.have = min(b.have+now.Sub(b.last), objectBurst*objectInterval)
	b.last = now
	if b.have < objectInterval {
		return false
	}
	b.have -= objectInterval
	return true
}

// id returns a number for an event's name: the virtual time in nanoseconds,
// made unique within the component.
func (l *eventLog) id(now time.Time) int64 {
	l.lastID = max(l.lastID+1, now.UnixNano())
	return l.lastID
}
