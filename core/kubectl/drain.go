package kubectl

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
)

func drainCommand() *Command {
	return &Command{
		Name: "drain", Group: groups[3], Short: "Drain node in preparation for maintenance",
		Long: "Drain node in preparation for maintenance.\n\n" +
			" The node is marked unschedulable, and its pods are evicted, as far as their disruption budgets allow. " +
			"Pods of DaemonSets stay, and have to be ignored with --ignore-daemonsets; pods that nobody would make anew are deleted only with --force, " +
			"and those that keep files in an emptyDir only with --delete-emptydir-data. Afterwards, kubectl uncordon makes the node schedulable again.",
		Usage: "NODE",
		Examples: `
			# Move everything off a node but the pods of DaemonSets
			kubectl drain node-1 --ignore-daemonsets

			# Pods that no controller stands behind, too: they are lost
			kubectl drain node-1 --force`,
		Setup: setupDrain,
	}
}

// drainOptions are drain's flags (k8s.io/kubectl pkg/cmd/drain and pkg/drain).
type drainOptions struct {
	dry                               dryRun
	force, ignoreDaemonSets, emptyDir bool
	delete                            bool // instead of evicting
	grace, skipAfter                  int
	chunk                             int64
	timeout                           time.Duration
	labels, podLabels                 string
}

func setupDrain(f *pflag.FlagSet) action {
	o := &drainOptions{}
	f.BoolVar(&o.force, "force", false, "Continue even if there are pods that do not declare a controller.")
	f.BoolVar(&o.ignoreDaemonSets, "ignore-daemonsets", false, "Ignore DaemonSet-managed pods.")
	f.BoolVar(&o.emptyDir, "delete-emptydir-data", false, "Continue even if there are pods using emptyDir (local data that will be deleted when the node is drained).")
	f.IntVar(&o.grace, "grace-period", -1, "Period of time in seconds given to each pod to terminate gracefully. If negative, the default value specified in the pod will be used.")
	f.DurationVar(&o.timeout, "timeout", 0, "The length of time to wait before giving up, zero means infinite")
	f.StringVar(&o.podLabels, "pod-selector", "", "Label selector to filter pods on the node")
	f.BoolVar(&o.delete, "disable-eviction", false, "Force drain to use delete, even if eviction is supported. This will bypass checking PodDisruptionBudgets, use with caution.")
	f.IntVar(&o.skipAfter, "skip-wait-for-delete-timeout", 0, "If pod DeletionTimestamp older than N seconds, skip waiting for the pod.  Seconds must be greater than 0 to skip.")
	f.Int64Var(&o.chunk, "chunk-size", 500, "Return large lists in chunks rather than all at once. Pass 0 to disable.")
	addSelector(f, &o.labels)
	o.dry.add(f)
	return o.run
}

func (o *drainOptions) run(c *call, args []string) error {
	if len(args) == 0 && !c.flags.Changed("selector") {
		return c.usageError("USAGE: drain NODE [flags]")
	}
	if len(args) > 0 && o.labels != "" {
		return c.usageError("error: cannot specify both a node name and a --selector option")
	}
	if _, err := labels.Parse(o.podLabels); err != nil {
		return errors.New("--pod-selector=<pod_selector> must be a valid label selector")
	}
	mark, err := cordon(c, o.dry, "cordoned", true)
	if err != nil {
		return err
	}
	o.dry.check("")
	infos, err := nodes(c, args, o.labels).infos()
	if err != nil {
		return err
	}
	for _, i := range infos {
		if err := mark(i); err != nil {
			c.eprintf("error: unable to cordon node %q: %v\n", i.name, err)
		}
	}
	o.next(c, infos, nil, nil)
	return errLater
}

// next drains the first of the nodes and goes on with the others.
func (o *drainOptions) next(c *call, infos []*info, pending []string, fatal []error) {
	if len(infos) == 0 {
		if len(pending) > 0 {
			c.eprintf("There are pending nodes to be drained:\n")
			for _, name := range pending {
				c.eprintf(" %s\n", name)
			}
		}
		c.finish(utilerrors.NewAggregate(fatal))
		return
	}
	i := infos[0]
	o.drain(c, i, func(err error) {
		if err == nil {
			done, _ := o.dry.check("drained")
			err = printName(c, i.obj, done)
		}
		if err != nil {
			c.eprintf("error: unable to drain node %q due to error: %s, continuing command...\n", i.name, err)
			pending, fatal = append(pending, i.name), append(fatal, err)
		}
		o.next(c, infos[1:], pending, fatal)
	})
}

func (o *drainOptions) drain(c *call, i *info, then func(error)) {
	list, warning, err := o.leaving(c, i.name)
	if err != nil {
		then(err)
		return
	}
	if warning != "" {
		c.warn(warning)
	}
	if o.dry.client() {
		for _, p := range list {
			c.printf("evicting pod %s/%s (dry run)\n", p.Namespace, p.Name)
		}
		then(nil)
		return
	}
	e := &eviction{drainOptions: o, c: c, began: c.session.env.Now()}
	for _, p := range list {
		e.pods = append(e.pods, &leaver{pod: p})
	}
	e.then = func(err error) {
		if err != nil {
			o.tellLeft(c, i.name, err)
		}
		then(err)
	}
	e.step()
}

// tellLeft names the pods that are still on a node.
func (o *drainOptions) tellLeft(c *call, node string, err error) {
	list, _, failed := o.leaving(c, node)
	if len(list) > 0 {
		c.eprintf("There are pending pods in node %q when an error occurred: %v\n", node, err)
		for _, p := range list {
			c.eprintf("pod/%s\n", p.Name)
		}
	}
	if failed != nil {
		c.eprintf("Following errors occurred while getting the list of pods to delete:\n%s", failed)
	}
}

// leaving are a node's pods that have to go, with a warning about some of them.
func (o *drainOptions) leaving(c *call, node string) (list []corev1.Pod, warning string, err error) {
	q := url.Values{"fieldSelector": {"spec.nodeName=" + node}}
	if o.podLabels != "" {
		q.Set("labelSelector", o.podLabels)
	}
	if o.chunk > 0 {
		q.Set("limit", fmt.Sprint(o.chunk))
	}
	all, err := c.pods("", q)
	if err != nil {
		return nil, "", utilerrors.NewAggregate([]error{err})
	}
	var warnings, errs byMessage
	for _, p := range all {
		v := o.judge(c, &p)
		name := p.Namespace + "/" + p.Name
		if v.warning != "" {
			warnings.add(v.warning, name)
		}
		if v.failure != "" {
			errs.add(v.failure, name)
		}
		if v.goes {
			list = append(list, p)
		}
	}
	var failed []error
	for _, text := range errs.lines() {
		failed = append(failed, errors.New("cannot delete "+text))
	}
	return list, strings.Join(warnings.lines(), "; "), utilerrors.NewAggregate(failed)
}

// verdict is whether a pod goes, and what there is to say about that.
type verdict struct {
	goes             bool
	warning, failure string
}

// judge is pkg/drain's filters one after the other.
func (o *drainOptions) judge(c *call, p *corev1.Pod) verdict {
	v := verdict{goes: true}
	ended := p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
	if o.skips(c, p) {
		return verdict{}
	}
	owner := metav1.GetControllerOf(p)
	if owner != nil && owner.Kind == "DaemonSet" && owner.APIVersion == "apps/v1" && !ended {
		_, err := c.get("/apis/apps/v1/namespaces/"+p.Namespace+"/daemonsets/"+owner.Name, nil)
		switch {
		case err != nil && o.force && isNotFound(err):
			v.warning = err.Error()
		case err != nil:
			return verdict{failure: err.Error()}
		case !o.ignoreDaemonSets:
			return verdict{failure: "DaemonSet-managed Pods (use --ignore-daemonsets to ignore)"}
		default:
			return verdict{warning: "ignoring DaemonSet-managed Pods"}
		}
	}
	if _, mirror := p.Annotations[corev1.MirrorPodAnnotationKey]; mirror {
		return verdict{}
	}
	if keepsFiles(p) && !ended && !o.emptyDir {
		return verdict{failure: "Pods with local storage (use --delete-emptydir-data to override)"}
	}
	switch {
	case ended || owner != nil:
		return verdict{goes: true}
	case !o.force:
		return verdict{failure: "Pods that declare no controller (use --force to override)"}
	}
	return verdict{goes: true, warning: "deleting Pods that declare no controller"}
}

func (o *drainOptions) skips(c *call, p *corev1.Pod) bool {
	return o.skipAfter > 0 && p.DeletionTimestamp != nil &&
		c.session.env.Now().Sub(p.DeletionTimestamp.Time) > time.Duration(o.skipAfter)*time.Second
}

func keepsFiles(p *corev1.Pod) bool {
	for _, v := range p.Spec.Volumes {
		if v.EmptyDir != nil {
			return true
		}
	}
	return false
}

// byMessage are names under what is said about them, in the order in which it
// was first said.
type byMessage struct {
	order []string
	names map[string][]string
}

func (b *byMessage) add(message, name string) {
	if b.names == nil {
		b.names = map[string][]string{}
	}
	if b.names[message] == nil {
		b.order = append(b.order, message)
	}
	b.names[message] = append(b.names[message], name)
}

func (b *byMessage) lines() []string {
	var out []string
	for _, m := range b.order {
		out = append(out, m+": "+strings.Join(b.names[m], ", "))
	}
	return out
}
