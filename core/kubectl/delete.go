package kubectl

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/spf13/pflag"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func deleteCommand() *Command {
	return &Command{
		Name: "delete", Group: groups[1], Suggest: []string{"rm", "remove"},
		Short: "Delete resources by file names, stdin, resources and names, or by resources and label selector",
		Usage: "([-f FILENAME] | TYPE [(NAME | -l label | --all)])",
		Examples: `
			# One pod
			kubectl delete pod web-7887448d46-z44br

			# What a file describes
			kubectl delete -f web.yaml

			# Everything with a label
			kubectl delete pods,deployments -l app=web

			# At once, without the time to end well
			kubectl delete pod web --grace-period=0 --force`,
		Setup: setupDelete,
	}
}

type deleteOptions struct {
	all, allSpaces   bool
	force, now, wait bool
	ignoreNotFound   bool
	grace            int
	cascade, output  string
	labels, fields   string
	files            []string
	timeout          time.Duration
	dry              dryRun
	warnScope        bool
}

func setupDelete(f *pflag.FlagSet) action {
	o := &deleteOptions{}
	f.BoolVar(&o.all, "all", false, "Delete all resources, in the namespace of the specified resource types.")
	f.BoolVarP(&o.allSpaces, "all-namespaces", "A", false, "If present, list the requested object(s) across all namespaces. Namespace in current context is ignored even if specified with --namespace.")
	f.StringVar(&o.cascade, "cascade", "background", `Must be "background", "orphan", or "foreground". Selects the deletion cascading strategy for the dependents (e.g. Pods created by a ReplicationController). Defaults to background.`)
	f.Lookup("cascade").NoOptDefVal = "background"
	f.BoolVar(&o.force, "force", false, "If true, immediately remove resources from API and bypass graceful deletion. Note that immediate deletion of some resources may result in inconsistency or data loss and requires confirmation.")
	f.IntVar(&o.grace, "grace-period", -1, "Period of time in seconds given to the resource to terminate gracefully. Ignored if negative. Set to 1 for immediate shutdown. Can only be set to 0 when --force is true (force deletion).")
	f.BoolVar(&o.ignoreNotFound, "ignore-not-found", false, `Treat "resource not found" as a successful delete. Defaults to "true" when --all is specified.`)
	f.BoolVar(&o.now, "now", false, "If true, resources are signaled for immediate shutdown (same as --grace-period=1).")
	f.DurationVar(&o.timeout, "timeout", 0, "The length of time to wait before giving up on a delete, zero means determine a timeout from the size of the object")
	f.BoolVar(&o.wait, "wait", true, "If true, wait for resources to be gone before returning. This waits for finalizers.")
	f.StringVarP(&o.output, "output", "o", "", "Output mode. Use \"-o name\" for shorter output (resource/name).")
	f.StringVar(&o.fields, "field-selector", "", "Selector (field query) to filter on, supports '=', '==', and '!='.(e.g. --field-selector key1=value1,key2=value2). The server only supports a limited number of field queries per type.")
	addSelector(f, &o.labels)
	addFiles(f, &o.files, "containing the resource to delete.")
	o.dry.add(f)
	return o.run
}

func (o *deleteOptions) check(c *call) error {
	if o.all || o.labels != "" || o.fields != "" {
		if !c.flags.Changed("ignore-not-found") {
			o.ignoreNotFound = true
		}
	}
	if o.now {
		if o.grace != -1 {
			return errors.New("--now and --grace-period cannot be specified together")
		}
		o.grace = 1
	}
	if o.grace == 0 && !o.force {
		o.grace = 1
	}
	if o.force && o.grace < 0 {
		o.grace = 0
	}
	switch o.cascade {
	case "background", "foreground", "orphan":
	case "true":
		o.cascade = "background"
		c.warn("--cascade=true is deprecated (boolean value) and can be replaced with --cascade=background.")
	case "false":
		o.cascade = "orphan"
		c.warn("--cascade=false is deprecated (boolean value) and can be replaced with --cascade=orphan.")
	default:
		return fmt.Errorf(`invalid cascade value (%v). Must be "background", "foreground", or "orphan"`, o.cascade)
	}
	_, err := o.dry.check("")
	return err
}

// checkCombinations is what is refused only once the arguments are understood.
func (o *deleteOptions) checkCombinations(c *call) error {
	if o.output != "" && o.output != "name" {
		return fmt.Errorf("unexpected -o output mode: %v. We only support '-o name'", o.output)
	}
	if o.all && o.labels != "" {
		return errors.New("cannot set --all and --selector at the same time")
	}
	if o.all && o.fields != "" {
		return errors.New("cannot set --all and --field-selector at the same time")
	}
	if o.grace == 0 && o.force {
		c.warn("Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.")
	}
	if o.grace > 0 && o.force {
		return errors.New("--force and --grace-period greater than 0 cannot be specified together")
	}
	return nil
}

func (o *deleteOptions) run(c *call, args []string) error {
	if err := o.check(c); err != nil {
		return err
	}
	if o.all && (o.labels != "" || o.fields != "") {
		return errors.New("setting 'all' parameter but found a non empty selector. ")
	}
	q := c.query(args).selector(o.labels).fieldSelector(o.fields)
	q.all, q.allSpaces, q.files, q.lazy = o.all, o.allSpaces, o.files, true
	if o.ignoreNotFound {
		q.ignore = apierrors.IsNotFound
	}
	o.warnScope = q.explicit && !o.allSpaces
	if _, err := q.targets(); err != nil {
		return err
	}
	if err := o.checkCombinations(c); err != nil {
		return err
	}
	var deleted []deletion
	err := q.visit(func(i *info) error {
		d, err := o.delete(c, i)
		deleted = append(deleted, d)
		return err
	})
	if err != nil {
		return err
	}
	if len(deleted) == 0 {
		c.out("No resources found\n")
		return nil
	}
	if !o.wait || o.dry != "none" {
		return nil
	}
	o.await(c, deleted)
	return errLater
}

// deletion is an object on its way out.
type deletion struct {
	*info
	uid string
}

func (o *deleteOptions) delete(c *call, i *info) (deletion, error) {
	d := deletion{info: i}
	if o.warnScope && !i.Namespaced {
		c.warn("deleting cluster-scoped resources, not scoped to the provided namespace")
		o.warnScope = false
	}
	if o.dry.client() {
		o.print(c, i)
		return d, nil
	}
	policy := metav1.DeletionPropagation(map[string]string{"background": "Background", "foreground": "Foreground", "orphan": "Orphan"}[o.cascade])
	options := metav1.DeleteOptions{PropagationPolicy: &policy}
	if o.grace >= 0 {
		seconds := int64(o.grace)
		options.GracePeriodSeconds = &seconds
	}
	query := url.Values{}
	if o.dry == "server" {
		options.DryRun = []string{metav1.DryRunAll}
		o.dry.set(query)
	}
	options.Kind, options.APIVersion = "DeleteOptions", i.apiVersion()
	if i.Group == "" {
		options.APIVersion = "v1"
	}
	body, err := json.Marshal(options)
	if err != nil {
		return d, err
	}
	answer, err := c.fetch(wire{method: "DELETE", path: i.path(), query: query, body: append(body, '\n')})
	if err != nil {
		return d, sourced("deleting", i.source, err)
	}
	o.print(c, i)
	d.uid = string(answer.GetUID())
	if answer.GetKind() == "Status" {
		var status metav1.Status
		if typed(answer, &status) == nil && status.Details != nil {
			d.uid = string(status.Details.UID)
		}
	}
	return d, nil
}

func (o *deleteOptions) print(c *call, i *info) {
	if o.output == "name" {
		c.printf("%s/%s\n", i.kindName(), i.name)
		return
	}
	done := "deleted"
	if o.grace == 0 {
		done = "force deleted"
	}
	if i.Namespaced {
		done += " from " + i.namespace + " namespace"
	}
	done, _ = o.dry.check(done)
	c.printf("%s %q %s\n", i.kindName(), i.name, done)
}

// await waits for one deletion after the other.
func (o *deleteOptions) await(c *call, list []deletion) {
	for len(list) > 0 {
		d := list[0]
		list = list[1:]
		live, err := c.get(d.path(), nil)
		if apierrors.IsNotFound(err) || err == nil && d.uid != "" && string(live.GetUID()) != d.uid {
			continue
		}
		if apierrors.IsForbidden(err) || apierrors.IsMethodNotSupported(err) {
			break
		}
		if err != nil {
			c.finish(err)
			return
		}
		untilDeleted(c, d.info, d.uid, o.timeout, func(_ *object, err error) {
			if err != nil {
				c.finish(err)
				return
			}
			o.await(c, list)
		})
		return
	}
	c.finish(nil)
}

// untilDeleted waits for an object to be gone, or to be another of the name.
func untilDeleted(c *call, i *info, uid string, timeout time.Duration, then func(*object, error)) {
	u := &until{c: c, info: i, timeout: timeout, late: i.timedOut(), then: then}
	u.synced = func(obj *object) (bool, error) {
		return obj == nil || uid != "" && string(obj.GetUID()) != uid, nil
	}
	u.event = func(kind string, _ *object) (bool, error) { return kind == "DELETED", nil }
	u.start()
}
