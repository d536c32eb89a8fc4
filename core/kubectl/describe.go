package kubectl

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

func describeCommand() *Command {
	return &Command{
		Name: "describe", Group: groups[4], Suggest: []string{"inspect"},
		Short: "Show details of a specific resource or group of resources",
		Long: "Show details of a specific resource or group of resources.\n\n Print a detailed description of the selected resources, including related resources such as events or controllers. " +
			"You may select a single object by name, all objects of that type, provide a name prefix, or label selector.\n\n" + suggestResources,
		Usage: "(-f FILENAME | TYPE [NAME_PREFIX | -l label] | TYPE/NAME)",
		Examples: `
			# A node
			kubectl describe nodes node-1

			# A pod
			kubectl describe pods/nginx

			# All pods whose names begin so
			kubectl describe pods web

			# By label
			kubectl describe pods -l app=web`,
		Setup: setupDescribe,
	}
}

type describeOptions struct {
	files      []string
	labels     string
	all        bool
	showEvents bool
	chunk      int64
}

func setupDescribe(f *pflag.FlagSet) action {
	o := &describeOptions{}
	addFiles(f, &o.files, "containing the resource to describe")
	addSelector(f, &o.labels)
	f.BoolVarP(&o.all, "all-namespaces", "A", false, "If present, list the requested object(s) across all namespaces. Namespace in current context is ignored even if specified with --namespace.")
	f.BoolVar(&o.showEvents, "show-events", true, "If true, display events related to the described object.")
	f.Int64Var(&o.chunk, "chunk-size", 500, "Return large lists in chunks rather than all at once. Pass 0 to disable. This flag is beta and may change in the future.")
	return o.run
}

func (o *describeOptions) run(c *call, args []string) error {
	if len(args) == 0 && len(o.files) == 0 {
		return fmt.Errorf("You must specify the type of resource to describe. %s\n", suggestResources)
	}
	q := c.query(args).selector(o.labels)
	q.files, q.allSpaces, q.allIfType, q.limit = o.files, o.all, true, o.chunk
	infos, err := q.infos()
	if err != nil && !q.started() {
		return err
	}
	if (err != nil || len(infos) > 1) && !c.flags.Changed("show-events") {
		o.showEvents = false
	}
	if apierrors.IsNotFound(err) && len(args) == 2 {
		return o.byPrefix(c, err, args[0], args[1])
	}
	errs, seen := flatten(err), map[string]bool{}
	first := true
	for _, i := range infos {
		text, err := o.describe(c, i)
		if err != nil {
			if !seen[err.Error()] {
				seen[err.Error()] = true
				errs = append(errs, err)
			}
			continue
		}
		if !first {
			text = "\n\n" + text
		}
		first = false
		c.out(text)
	}
	if len(infos) == 0 && len(errs) == 0 {
		if o.all {
			c.err("No resources found\n")
		} else {
			c.noneFound()
		}
	}
	return aggregate(errs)
}

// byPrefix describes what begins with a name that nothing has.
func (o *describeOptions) byPrefix(c *call, notFound error, kind, prefix string) error {
	q := c.query([]string{kind})
	q.allIfType, q.oneType, q.limit = true, true, o.chunk
	infos, err := q.infos()
	if err != nil {
		return err
	}
	found := false
	for _, i := range infos {
		if !strings.HasPrefix(i.name, prefix) {
			continue
		}
		found = true
		text, err := o.describe(c, i)
		if err != nil {
			return err
		}
		c.out(text + "\n")
	}
	if !found {
		return notFound
	}
	return nil
}

// describer writes what there is to say of one object, which it reads anew.
type describer struct {
	*sheet
	c      *call
	info   *info
	events bool
	chunk  int64
}

func (o *describeOptions) describe(c *call, i *info) (string, error) {
	d := &describer{sheet: &sheet{now: c.session.env.Now()}, c: c, info: i, events: o.showEvents, chunk: o.chunk}
	if err := d.write(); err != nil {
		return "", err
	}
	return d.aligned(), nil
}

func (d *describer) write() error {
	switch kindName(d.info.groupKind()) {
	case "pod":
		return d.pod()
	case "deployment.apps":
		return d.deployment()
	case "replicaset.apps":
		return d.replicaSet()
	case "daemonset.apps":
		return d.daemonSet()
	case "statefulset.apps":
		return d.statefulSet()
	case "cronjob.batch":
		return d.cronJob()
	case "job.batch":
		return d.job()
	case "persistentvolumeclaim":
		return d.claim()
	case "persistentvolume":
		return d.persistentVolume()
	case "storageclass.storage.k8s.io":
		return d.storageClass()
	case "horizontalpodautoscaler.autoscaling":
		return d.autoscaler()
	case "node":
		return d.node()
	case "namespace":
		return d.namespace()
	case "configmap":
		return d.configMap()
	case "service":
		return d.service()
	case "secret":
		return d.secret()
	case "serviceaccount":
		return d.serviceAccount()
	case "role.rbac.authorization.k8s.io", "clusterrole.rbac.authorization.k8s.io":
		return d.role()
	case "rolebinding.rbac.authorization.k8s.io", "clusterrolebinding.rbac.authorization.k8s.io":
		return d.roleBinding()
	}
	return d.generic()
}

// read reads the object into a typed form.
func (d *describer) read(obj any) error { return d.c.into(d.info.path(), nil, obj) }

// chunks is the query of a list that may be long.
func (d *describer) chunks() url.Values {
	q := url.Values{}
	if d.chunk > 0 {
		q.Set("limit", fmt.Sprint(d.chunk))
	}
	return q
}

// searchEvents reads the events of an object. An empty kind or uid matches all.
func (d *describer) searchEvents(namespace, name, kind, uid string) []corev1.Event {
	terms := []string{"involvedObject.name=" + name, "involvedObject.namespace=" + namespace}
	if kind != "" {
		terms = append(terms, "involvedObject.kind="+kind)
	}
	if uid != "" {
		terms = append(terms, "involvedObject.uid="+uid)
	}
	q := d.chunks()
	q.Set("fieldSelector", strings.Join(terms, ","))
	path := "/api/v1/events"
	if namespace != "" {
		path = "/api/v1/namespaces/" + namespace + "/events"
	}
	list, err := d.c.listEvents(path, q)
	if err != nil {
		return nil
	}
	return list
}

// writeEvents reads and writes the events of the object described.
func (d *describer) writeEvents(kind, uid string) {
	if d.events {
		d.eventTable(d.searchEvents(d.info.namespace, d.info.name, kind, uid))
	}
}

func (d *describer) eventTable(list []corev1.Event) {
	if len(list) == 0 {
		d.line(0, "Events:\t<none>")
		return
	}
	d.cut()
	d.line(0, "Events:\n  Type\tReason\tAge\tFrom\tMessage")
	d.line(1, "----\t------\t----\t----\t-------")
	for i := range list {
		e := &list[i]
		source := e.Source.Component
		if source == "" {
			source = e.ReportingController
		}
		message := strings.TrimSpace(e.Message)
		if e.InvolvedObject.FieldPath != "" {
			message = e.InvolvedObject.FieldPath + ": " + message
		}
		d.line(1, "%v\t%v\t%s\t%v\t%v", e.Type, e.Reason, eventAge(e, d.now), source, message)
	}
}
