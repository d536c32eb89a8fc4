package kubectl

import (
	"errors"
	"fmt"
	"net/url"
	"sort"
	"strings"
	"time"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
)

func eventsCommand() *Command {
	return &Command{
		Name: "events", Group: groups[4],
		Short: "List events",
		Long:  "Display events.\n\n Prints a table of the most important information about events. You can request events for a namespace, for all namespace, or filtered to only those pertaining to a specified resource.",
		Usage: "[(-o|--output=)json|yaml|name|jsonpath] [--for TYPE/NAME] [--watch] [--types=Normal,Warning]",
		Examples: `
			# What happened lately
			kubectl events

			# To one pod, and what happens next
			kubectl events --for pod/web --watch

			# Only warnings
			kubectl events --types=Warning`,
		Setup: setupEvents,
	}
}

type eventsOptions struct {
	outputFlags
	watch, all, noHeaders bool
	object                string
	types                 []string
	table                 columns
	headed                bool
}

func setupEvents(f *pflag.FlagSet) action {
	o := &eventsOptions{}
	o.outputFlags.add(f, generalFormatHelp)
	f.BoolVarP(&o.watch, "watch", "w", false, "After listing the requested events, watch for more events.")
	f.BoolVarP(&o.all, "all-namespaces", "A", false, "If present, list the requested object(s) across all namespaces. Namespace in current context is ignored even if specified with --namespace.")
	f.StringVar(&o.object, "for", "", "Filter events to only those pertaining to the specified resource.")
	f.StringSliceVar(&o.types, "types", nil, "Output only events of given types.")
	f.BoolVar(&o.noHeaders, "no-headers", false, "When using the default output format, don't print headers.")
	return o.run
}

func (o *eventsOptions) run(c *call, _ []string) error {
	ns, _ := c.namespace()
	if o.all {
		ns = ""
	}
	query := url.Values{"limit": {"500"}}
	if o.object != "" {
		selector, err := eventsOf(c, o.object)
		if err != nil {
			return err
		}
		query.Set("fieldSelector", selector)
	}
	for _, t := range o.types {
		if !strings.EqualFold(t, "Normal") && !strings.EqualFold(t, "Warning") {
			return errors.New("valid --types are Normal or Warning")
		}
	}
	path := "/api/v1/events"
	if ns != "" {
		path = "/api/v1/namespaces/" + ns + "/events"
	}
	if o.watch {
		return o.follow(c, path, query)
	}
	list, err := c.listEvents(path, query)
	if err != nil {
		return err
	}
	return o.print(c, ns, list)
}

// eventsOf is the field selector for the events of TYPE/NAME.
func eventsOf(c *call, arg string) (string, error) {
	parts := strings.Split(arg, "/")
	if len(parts) == 1 {
		return "", errors.New("--for must be in resource/name form")
	}
	if len(parts) != 2 {
		return "", errors.New("arguments in resource/name form may not have more than one slash")
	}
	m, err := c.mappingFor(parts[0])
	if err != nil {
		return "", &exitError{err.Error(), 1}
	}
	return fmt.Sprintf("involvedObject.kind=%s,involvedObject.apiVersion=%s,involvedObject.name=%s", m.Kind, m.apiVersion(), parts[1]), nil
}

// listEvents reads events in chunks, oldest first.
func (c *call) listEvents(path string, query url.Values) ([]corev1.Event, error) {
	var all []corev1.Event
	for {
		var list corev1.EventList
		if err := c.into(path, query, &list); err != nil {
			return nil, err
		}
		all = append(all, list.Items...)
		if list.Continue == "" {
			break
		}
		query.Set("continue", list.Continue)
	}
	sort.SliceStable(all, func(i, j int) bool { return eventTime(&all[i]).Before(eventTime(&all[j])) })
	return all, nil
}

func eventTime(e *corev1.Event) time.Time {
	if e.Series != nil {
		return e.Series.LastObservedTime.Time
	}
	if !e.LastTimestamp.IsZero() {
		return e.LastTimestamp.Time
	}
	return e.EventTime.Time
}

func (o *eventsOptions) wants(e *corev1.Event) bool {
	for _, t := range o.types {
		if strings.EqualFold(t, e.Type) {
			return true
		}
	}
	return len(o.types) == 0
}

func (o *eventsOptions) print(c *call, ns string, list []corev1.Event) error {
	var kept []corev1.Event
	for _, e := range list {
		if o.wants(&e) {
			kept = append(kept, e)
		}
	}
	if len(kept) == 0 {
		if o.all {
			c.err("No events found.\n")
		} else {
			c.eprintf("No events found in %s namespace.\n", ns)
		}
		return nil
	}
	if o.format == "" {
		o.rows(c, kept)
		return nil
	}
	if o.format == "name" {
		return nil // upstream's printer of names takes no typed list, and says nothing
	}
	print, err := o.printer("")
	if err != nil {
		return err
	}
	for i := range kept {
		kept[i].APIVersion, kept[i].Kind = "v1", "Event"
	}
	all := corev1.EventList{Items: kept}
	all.APIVersion, all.Kind = "v1", "EventList"
	return print(c, &all)
}

func (o *eventsOptions) rows(c *call, list []corev1.Event) {
	var space []string
	if !o.noHeaders && !o.headed {
		o.headed = true
		if o.all {
			space = []string{"NAMESPACE"}
		}
		o.table.row(append(space, "LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE")...)
	}
	now := c.session.env.Now()
	for i := range list {
		e := &list[i]
		space = nil
		if o.all {
			space = []string{e.Namespace}
		}
		o.table.row(append(space, eventAge(e, now), e.Type, e.Reason, e.InvolvedObject.Kind+"/"+e.InvolvedObject.Name, strings.TrimSpace(e.Message))...)
	}
	c.out(o.table.flush())
}

// eventAge is when an event was seen, and how often.
func eventAge(e *corev1.Event, now time.Time) string {
	first := since(now, e.EventTime.Time)
	if e.EventTime.IsZero() {
		first = since(now, e.FirstTimestamp.Time)
	}
	switch {
	case e.Series != nil:
		return fmt.Sprintf("%s (x%d over %s)", since(now, e.Series.LastObservedTime.Time), e.Series.Count, first)
	case e.Count > 1:
		return fmt.Sprintf("%s (x%d over %s)", since(now, e.LastTimestamp.Time), e.Count, first)
	}
	return first
}

func (o *eventsOptions) follow(c *call, path string, query url.Values) error {
	query.Set("watch", "true")
	var print printer
	if o.format != "" {
		var err error
		if print, err = o.printer(""); err != nil {
			return err
		}
	}
	on := func(kind string, obj *object) bool {
		if kind == "ERROR" {
			c.finish(watchError(obj))
			return true
		}
		var e corev1.Event
		if kind == "DELETED" || kind == "BOOKMARK" || typed(obj, &e) != nil || !o.wants(&e) {
			return false
		}
		if print == nil {
			o.rows(c, []corev1.Event{e})
		} else if err := print(c, obj); err != nil {
			c.finish(err)
			return true
		}
		return false
	}
	stop, err := c.watch(wire{method: "GET", path: path, query: query}, on, func() { c.finish(nil) })
	if err != nil {
		return err
	}
	return c.later(stop)
}
