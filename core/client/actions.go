package client

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/api"
)

// seriesGap is after how long the same event begins anew instead of
// continuing a series (tools/events, finishTime).
const seriesGap = 6 * time.Minute

// seriesRefresh is how often a series that goes on is written.
const seriesRefresh = 30 * time.Minute

// ActionEvent reports something about an object in the shape of
// events.k8s.io/v1, as core/v1 shows it: an action and the time of the event
// instead of a source, a count and first and last times
// (k8s.io/client-go/tools/events; the scheduler reports this way). component
// is upstream's name of the reporter. The same event again makes it a series,
// which is written at its second and then once every half hour at most.
func (c *Client) ActionEvent(component string, obj api.Object, kind, reason, action, note string) {
	c.act(component, c.newEvent(obj, kind, reason, note), action)
}

// ActionEventOn is ActionEvent about an object that something was done to for
// the sake of another.
func (c *Client) ActionEventOn(component string, obj, related api.Object, kind, reason, action, note string) {
	ev := c.newEvent(obj, kind, reason, note)
	ref := c.newEvent(related, kind, reason, note).InvolvedObject
	ev.Related = &ref
	c.act(component, ev, action)
}

func (c *Client) act(component string, ev *corev1.Event, action string) {
	ev.FirstTimestamp, ev.LastTimestamp, ev.Count = metav1.Time{}, metav1.Time{}, 0
	ev.EventTime, ev.Action = metav1.NewMicroTime(c.Now()), action
	ev.ReportingController, ev.ReportingInstance = component, component+"-control-plane"
	c.events.init()
	key := strings.Join([]string{eventObject(ev), ev.InvolvedObject.ResourceVersion, ev.Type, ev.Reason, action}, "|")
	if sent := c.events.sent[key]; sent != nil && c.Now().Sub(sent.last.Time) < seriesGap && c.continueSeries(ev, sent) {
		return
	}
	ev.Name = fmt.Sprintf("%s.%x", ev.InvolvedObject.Name, c.events.id(c.Now()))
	sent := &sentEvent{name: ev.Name, count: 1, last: metav1.NewTime(c.Now())}
	if _, err := Create(c, ev); err == nil {
		c.events.sent[key] = sent
	}
}

// continueSeries counts a repetition; false when the event is gone.
func (c *Client) continueSeries(ev *corev1.Event, sent *sentEvent) bool {
	sent.count++
	sent.last = metav1.NewTime(c.Now())
	if sent.count > 2 && c.Now().Sub(sent.written) < seriesRefresh {
		return true
	}
	sent.written = c.Now()
	series := &corev1.EventSeries{Count: sent.count, LastObservedTime: metav1.NewMicroTime(c.Now())}
	_, err := Patch(c, ev.Namespace, sent.name, "", func(old *corev1.Event) { old.Series = series })
	return err == nil
}
