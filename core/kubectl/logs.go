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
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const logsUsage = "logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]"

func logsCommand() *Command {
	return &Command{
		Name: "logs", Group: groups[4],
		Short: "Print the logs for a container in a pod",
		Long:  "Print the logs for a container in a pod or specified resource. If the pod has only one container, the container name is optional.",
		Usage: strings.TrimPrefix(logsUsage, "logs "),
		Examples: `
			# What the only container of a pod wrote
			kubectl logs nginx

			# What a pod of the deployment wrote, as it comes
			kubectl logs -f deployment/web

			# What the container wrote before it was restarted
			kubectl logs -p nginx

			# The last 20 lines
			kubectl logs --tail=20 nginx`,
		Setup: setupLogs,
	}
}

// logsOptions are the flags of logs. Following asks again each second of the
// world's time, where the real one keeps a stream open.
type logsOptions struct {
	follow, previous, timestamps, all, allPods, prefix, ignore bool
	tail, limit                                                int64
	container, since, labels                                   string
	ago                                                        time.Duration
	then                                                       func(error) // in place of the command's end
}

func setupLogs(f *pflag.FlagSet) action {
	o := &logsOptions{}
	f.BoolVarP(&o.follow, "follow", "f", false, "Specify if the logs should be streamed.")
	f.BoolVarP(&o.previous, "previous", "p", false, "If true, print the logs for the previous instance of the container in a pod if it exists.")
	f.BoolVar(&o.timestamps, "timestamps", false, "Include timestamps on each line in the log output")
	f.BoolVar(&o.all, "all-containers", false, "Get all containers' logs in the pod(s).")
	f.BoolVar(&o.allPods, "all-pods", false, "Get logs from all pod(s). Sets prefix to true.")
	f.BoolVar(&o.prefix, "prefix", false, "Prefix each log line with the log source (pod name and container name)")
	f.BoolVar(&o.ignore, "ignore-errors", false, "If watching / following pod logs, allow for any errors that occur to be non-fatal")
	f.Int64Var(&o.tail, "tail", -1, "Lines of recent log file to display. Defaults to -1 with no selector, showing all log lines otherwise 10, if a selector is provided.")
	f.Int64Var(&o.limit, "limit-bytes", 0, "Maximum bytes of logs to return. Defaults to no limit.")
	f.StringVarP(&o.container, "container", "c", "", "Print the logs of this container")
	f.StringVar(&o.since, "since-time", "", "Only return logs after a specific date (RFC3339). Defaults to all logs. Only one of since-time / since may be used.")
	f.DurationVar(&o.ago, "since", 0, "Only return logs newer than a relative duration like 5s, 2m, or 3h. Defaults to all logs. Only one of since-time / since may be used.")
	addSelector(f, &o.labels)
	return o.run
}

// source is one container to read the log of.
type source struct {
	pod       *corev1.Pod
	container string
	printed   int // bytes, when following
}

func (o *logsOptions) run(c *call, args []string) error {
	usage := "expected '" + logsUsage + "'.\nPOD or TYPE/NAME is a required argument for the logs command"
	switch {
	case len(args) == 0 && o.labels == "", len(args) > 2:
		return c.usageError("%s", usage)
	case len(args) == 1 && o.labels != "":
		return c.usageError("only a selector (-l) or a POD name is allowed")
	case len(args) == 2 && o.container != "":
		return errors.New("only one of -c or an inline [CONTAINER] arg is allowed")
	case len(args) == 2:
		o.container = args[1]
	}
	o.prefix = o.prefix || o.allPods
	pods, err := o.pods(c, args)
	if err != nil {
		return err
	}
	if err := o.check(); err != nil {
		return err
	}
	var sources []*source
	for _, pod := range pods {
		more, err := o.sources(c, pod)
		if err != nil {
			return err
		}
		sources = append(sources, more...)
	}
	if !o.follow {
		for _, s := range sources {
			if err := o.print(c, s); err != nil {
				return err
			}
		}
		return nil
	}
	o.next(c, sources)
	return errLater
}

func (o *logsOptions) check() error {
	switch {
	case o.since != "" && o.ago != 0:
		return errors.New("at most one of `sinceTime` or `sinceSeconds` may be specified")
	case o.all && o.container != "":
		return fmt.Errorf("--all-containers=true should not be specified with container name %s", o.container)
	case o.limit < 0:
		return errors.New("--limit-bytes must be greater than 0")
	case o.ago < 0:
		return errors.New("--since must be greater than 0")
	case o.tail < -1:
		return errors.New("--tail must be greater than or equal to -1")
	}
	return nil
}

// pods are those meant: the one named, those selected, or one (all, with
// --all-pods) of a workload.
func (o *logsOptions) pods(c *call, args []string) ([]*corev1.Pod, error) {
	ns, _ := c.namespace()
	if o.labels != "" {
		list, err := c.pods(ns, url.Values{"labelSelector": {o.labels}})
		if err == nil && len(list) == 0 {
			c.noneFound()
		}
		return pointers(list), err
	}
	name := args[0]
	if !strings.Contains(name, "/") {
		name = "pods/" + name
	}
	infos, err := c.query([]string{name}).infos()
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("error from server (NotFound): %v in namespace %q", err, ns)
	}
	if err != nil {
		return nil, err
	}
	i := infos[0]
	if kindName(i.groupKind()) == "pod" {
		pod := &corev1.Pod{}
		return []*corev1.Pod{pod}, typed(i.obj, pod)
	}
	return o.podsOf(c, i)
}

func pointers(list []corev1.Pod) []*corev1.Pod {
	var out []*corev1.Pod
	for i := range list {
		out = append(out, &list[i])
	}
	return out
}

func (o *logsOptions) podsOf(c *call, i *info) ([]*corev1.Pod, error) {
	var labels metav1.LabelSelector
	fields, ok := spec(i.obj)["selector"].(map[string]any)
	if !ok || typed(&object{Object: fields}, &labels) != nil {
		return nil, fmt.Errorf("cannot get the logs from *%s: selector for %s not implemented", goType(i.obj), i.Kind)
	}
	selector, err := metav1.LabelSelectorAsSelector(&labels)
	if err != nil {
		return nil, err
	}
	list, err := c.pods(i.namespace, url.Values{"labelSelector": {selector.String()}})
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errTimedOut
	}
	pods := pointers(list)
	sort.SliceStable(pods, func(a, b int) bool { return logsFirst(pods[a], pods[b]) })
	if o.allPods || len(pods) == 1 {
		return pods, nil
	}
	c.eprintf("Found %v pods, using pod/%v\n", len(pods), pods[0].Name)
	return pods[:1], nil
}

// logsFirst orders pods by how likely it is that they have something to say
// (pkg/util/podutils, ByLogging).
func logsFirst(a, b *corev1.Pod) bool {
	if (a.Spec.NodeName == "") != (b.Spec.NodeName == "") {
		return a.Spec.NodeName != ""
	}
	rank := map[corev1.PodPhase]int{corev1.PodPending: 0, corev1.PodUnknown: 1, corev1.PodRunning: 2}
	if rank[a.Status.Phase] != rank[b.Status.Phase] {
		return rank[a.Status.Phase] > rank[b.Status.Phase]
	}
	if podReady(a) != podReady(b) {
		return podReady(a)
	}
	return a.CreationTimestamp.Before(&b.CreationTimestamp)
}

func podReady(p *corev1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

func containerNames(p *corev1.Pod) (all []string) {
	for _, c := range p.Spec.InitContainers {
		all = append(all, c.Name)
	}
	for _, c := range p.Spec.Containers {
		all = append(all, c.Name)
	}
	return all
}

// outOf lists a pod's containers as messages do.
func outOf(p *corev1.Pod) string {
	var names []string
	for _, c := range p.Spec.Containers {
		names = append(names, c.Name)
	}
	for _, c := range p.Spec.EphemeralContainers {
		names = append(names, c.Name+" (ephem)")
	}
	for _, c := range p.Spec.InitContainers {
		names = append(names, c.Name+" (init)")
	}
	return strings.Join(names, ", ")
}

func (o *logsOptions) sources(c *call, pod *corev1.Pod) ([]*source, error) {
	names := containerNames(pod)
	if o.all {
		var list []*source
		for _, name := range names {
			list = append(list, &source{pod: pod, container: name})
		}
		return list, nil
	}
	name := o.container
	if name == "" {
		name = pod.Annotations["kubectl.kubernetes.io/default-container"]
	}
	if name == "" {
		name = pod.Spec.Containers[0].Name
		if len(names) > 1 && !o.allPods {
			c.eprintf("Defaulted container %q out of: %s\n", name, outOf(pod))
		}
	}
	for _, n := range names {
		if n == name {
			return []*source{{pod: pod, container: name}}, nil
		}
	}
	return nil, fmt.Errorf("container %s is not valid for pod %s out of: %s", name, pod.Name, outOf(pod))
}

func (o *logsOptions) query(container string) url.Values {
	q := url.Values{"container": {container}}
	if o.follow {
		q.Set("follow", "true")
	}
	if o.previous {
		q.Set("previous", "true")
	}
	if o.timestamps {
		q.Set("timestamps", "true")
	}
	if o.since != "" {
		q.Set("sinceTime", o.since)
	}
	if o.ago != 0 {
		q.Set("sinceSeconds", fmt.Sprint(int64(o.ago.Round(time.Second).Seconds())))
	}
	if o.limit != 0 {
		q.Set("limitBytes", fmt.Sprint(o.limit))
	}
	switch {
	case o.tail != -1:
		q.Set("tailLines", fmt.Sprint(o.tail))
	case o.labels != "":
		q.Set("tailLines", "10")
	}
	return q
}

func (o *logsOptions) read(c *call, s *source, q url.Values) (string, error) {
	path := "/api/v1/namespaces/" + s.pod.Namespace + "/pods/" + s.pod.Name + "/log"
	body, err := c.send(wire{method: "GET", path: path, query: q, accept: "application/json, */*"})
	return string(body), err
}

func (o *logsOptions) print(c *call, s *source) error {
	text, err := o.read(c, s, o.query(s.container))
	if err != nil && o.ignore {
		c.out("error: " + err.Error() + "\n")
		return nil
	}
	o.write(c, s, text)
	return err
}

func (o *logsOptions) write(c *call, s *source, text string) {
	if o.prefix && text != "" {
		prefix := "[pod/" + s.pod.Name + "/" + s.container + "] "
		lines := strings.SplitAfter(text, "\n")
		text = ""
		for _, l := range lines {
			if l != "" {
				text += prefix + l
			}
		}
	}
	if text != "" {
		c.out(text)
	}
}

// next prints what is new of each source, and looks again in a second, until
// all containers have ended.
func (o *logsOptions) next(c *call, sources []*source) {
	var alive []*source
	for _, s := range sources {
		q := o.query(s.container)
		if s.printed > 0 {
			q.Del("tailLines")
		}
		text, err := o.read(c, s, q)
		if err != nil && s.printed == 0 && !o.ignore {
			o.end(c, err)
			return
		}
		if s.printed == 0 {
			o.write(c, s, text)
			s.printed = o.whole(c, s, text)
		} else if len(text) > s.printed {
			o.write(c, s, text[s.printed:])
			s.printed = len(text)
		}
		if err == nil && o.running(c, s) {
			alive = append(alive, s)
		}
	}
	if len(alive) == 0 {
		o.end(c, nil)
		return
	}
	c.stop = c.session.env.After(time.Second, func() { o.next(c, alive) })
}

// end is called once nothing more is followed.
func (o *logsOptions) end(c *call, err error) {
	if o.then != nil {
		o.then(err)
		return
	}
	c.finish(err)
}

// whole is how long the log was in all when its tail was printed.
func (o *logsOptions) whole(c *call, s *source, text string) int {
	q := o.query(s.container)
	if q.Get("tailLines") != "" {
		q.Del("tailLines")
		if all, err := o.read(c, s, q); err == nil {
			return max(len(all), 1)
		}
	}
	return max(len(text), 1)
}

func (o *logsOptions) running(c *call, s *source) bool {
	var pod corev1.Pod
	if err := c.into("/api/v1/namespaces/"+s.pod.Namespace+"/pods/"+s.pod.Name, nil, &pod); err != nil {
		return false
	}
	for _, status := range append(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses...) {
		if status.Name == s.container {
			return status.State.Terminated == nil
		}
	}
	return pod.Status.Phase == corev1.PodPending || pod.Status.Phase == corev1.PodRunning
}
