package kubectl

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
)

func setCommand() *Command {
	return &Command{
		Name: "set", Group: groups[0],
		Short: "Set specific features on objects",
		Long:  "Configure application resources.\n\n These commands help you make changes to existing application resources.",
		Usage: "SUBCOMMAND", Missing: []string{"selector", "serviceaccount", "sa", "subject"},
		Sub: []*Command{setImageCommand(), setEnvCommand(), setResourcesCommand()},
	}
}

// setOptions are the flags that set commands share.
type setOptions struct {
	outputFlags
	dry     dryRun
	all     bool
	labels  string
	files   []string
	manager string
}

func (o *setOptions) add(f *pflag.FlagSet) {
	o.outputFlags.add(f, generalFormatHelp)
	o.dry.add(f)
	f.BoolVar(&o.all, "all", false, "Select all resources, in the namespace of the specified resource types")
	f.StringVar(&o.manager, "field-manager", "kubectl-set", "Name of the manager used to track field ownership.")
	addSelector(f, &o.labels)
	addFiles(f, &o.files, "identifying the resource to get from a server.")
	addRecord(f)
}

func (o *setOptions) infos(c *call, resources []string) ([]*info, error) {
	q := c.query(resources).selector(o.labels)
	q.files, q.allIfType, q.latest = o.files, o.all, true
	return q.infos()
}

// change alters the pod templates of infos; done is what is said of each.
func (o *setOptions) change(c *call, infos []*info, done, what string, edit func(*corev1.PodSpec) error) error {
	done, err := o.dry.check(done)
	if err != nil {
		return err
	}
	print, err := o.printer(done)
	if err != nil {
		return err
	}
	ch := &change{c: c, manager: o.manager, dry: o.dry, wrap: "failed to patch " + what + " to pod template", none: changed}
	ch.mutate = func(obj *object) error {
		if err := podSpec(obj, edit); err != nil {
			return err
		}
		c.record(obj)
		return nil
	}
	ch.done = func(i *info) error { return print(c, i.obj) }
	ch.wrong = func(i *info, err error) error {
		if agg, ok := err.(utilerrors.Aggregate); ok {
			return agg
		}
		return fmt.Errorf("error: %s/%s %v\n", i.Resource, i.name, err)
	}
	return ch.all(infos, nil)
}

func setImageCommand() *Command {
	return &Command{
		Name:  "image",
		Short: "Update the image of a pod template",
		Long:  "Update existing container image(s) of resources.\n\n Possible resources include (case insensitive):\n\n  pod (po), replicationcontroller (rc), deployment (deploy), daemonset (ds), statefulset (sts), cronjob (cj), replicaset (rs)",
		Usage: "(-f FILENAME | TYPE NAME) CONTAINER_NAME_1=CONTAINER_IMAGE_1 ... CONTAINER_NAME_N=CONTAINER_IMAGE_N",
		Examples: `
			# Another image for the container nginx of a deployment
			kubectl set image deployment/web nginx=nginx:1.27

			# For all its containers
			kubectl set image deployment/web *=nginx:1.27`,
		Setup: func(f *pflag.FlagSet) action {
			o := &setOptions{}
			o.add(f)
			return o.setImage
		},
	}
}

func (o *setOptions) setImage(c *call, args []string) error {
	resources, pairs, err := splitPairs(args, "image")
	if err != nil {
		return err
	}
	var names []string
	images := map[string]string{}
	for _, p := range pairs {
		name, image, found := strings.Cut(p, "=")
		if !found || name == "" {
			return fmt.Errorf("invalid image format: %s", p)
		}
		if _, ok := images[name]; !ok {
			names = append(names, name)
		}
		images[name] = image
	}
	infos, err := o.infos(c, resources)
	if err != nil {
		return err
	}
	var wrong []error
	if o.all && o.labels != "" {
		wrong = append(wrong, errors.New("cannot set --all and --selector at the same time"))
	}
	if len(images) == 0 {
		wrong = append(wrong, errors.New("at least one image update is required"))
	} else if _, all := images["*"]; all && len(images) > 1 {
		wrong = append(wrong, errors.New("all containers are already specified by *, but saw more than one container_name=container_image pairs"))
	}
	if len(wrong) > 0 {
		return aggregate(wrong)
	}
	var missing []error
	err = o.change(c, infos, "image updated", "image update", func(spec *corev1.PodSpec) error {
		for _, name := range names {
			if !setImages(spec, name, images[name]) {
				missing = append(missing, fmt.Errorf("error: unable to find container named %q", name))
			}
		}
		return nil
	})
	return aggregate(append(missing, flatten(err)...))
}

func setImages(spec *corev1.PodSpec, name, image string) (found bool) {
	for _, list := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
		for i := range list {
			if name == "*" || list[i].Name == name {
				list[i].Image, found = image, true
			}
		}
	}
	return found
}

// matching are the containers that a name with * in it means.
func matching(spec *corev1.PodSpec, pattern string) []*corev1.Container {
	var list []*corev1.Container
	for i := range spec.Containers {
		if selects(pattern, spec.Containers[i].Name) {
			list = append(list, &spec.Containers[i])
		}
	}
	return list
}

func selects(pattern, name string) bool {
	head, tail, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == name
	}
	return len(name) >= len(head)+len(tail) && strings.HasPrefix(name, head) && strings.HasSuffix(name, tail)
}

func setEnvCommand() *Command {
	return &Command{
		Name:  "env",
		Short: "Update environment variables on a pod template",
		Usage: "RESOURCE/NAME KEY_1=VAL_1 ... KEY_N=VAL_N",
		Examples: `
			# Set a variable
			kubectl set env deployment/web STORAGE_DIR=/local

			# Take it out
			kubectl set env deployment/web STORAGE_DIR-

			# List what is set
			kubectl set env deployment/web --list`,
		Setup: func(f *pflag.FlagSet) action {
			o := &setOptions{}
			o.add(f)
			f.StringArrayP("env", "e", nil, "Specify a key-value pair for an environment variable to set into each container.")
			f.StringP("containers", "c", "*", "The names of containers in the selected pod templates to change - may use wildcards")
			f.Bool("list", false, "If true, display the environment and any changes in the standard format. this flag will removed when we have kubectl view env.")
			f.Bool("overwrite", true, "If true, allow environment to be overwritten, otherwise reject updates that overwrite existing environment.")
			return o.setEnv
		},
	}
}

func (o *setOptions) setEnv(c *call, args []string) error {
	resources, pairs, err := splitPairs(args, "env")
	if err != nil {
		return err
	}
	more, _ := c.flags.GetStringArray("env")
	containers, _ := c.flags.GetString("containers")
	list, _ := c.flags.GetBool("list")
	overwrite, _ := c.flags.GetBool("overwrite")
	pairs = append(pairs, more...)
	if len(resources) == 0 && len(o.files) == 0 {
		return errors.New("one or more resources must be specified as <resource> <name> or <resource>/<name>")
	}
	if len(pairs) == 0 && !list {
		return errors.New("at least one environment variable must be provided")
	}
	infos, err := o.infos(c, resources)
	if err != nil {
		return err
	}
	edit := func(spec *corev1.PodSpec) error {
		for _, container := range matching(spec, containers) {
			if err := editEnv(container, pairs, overwrite); err != nil {
				return err
			}
		}
		return nil
	}
	if list {
		return listEnv(c, infos, containers, edit)
	}
	return o.change(c, infos, "env updated", "env update", edit)
}

func editEnv(container *corev1.Container, pairs []string, overwrite bool) error {
	for _, p := range pairs {
		name, value, set := strings.Cut(p, "=")
		if !set {
			name = strings.TrimSuffix(p, "-")
		}
		at := -1
		for i, e := range container.Env {
			if e.Name == name {
				at = i
			}
		}
		switch {
		case set && at < 0:
			container.Env = append(container.Env, corev1.EnvVar{Name: name, Value: value})
		case set && !overwrite:
			return fmt.Errorf("'%s' already has a value (%s), and --overwrite is false", name, container.Env[at].Value)
		case set:
			container.Env[at] = corev1.EnvVar{Name: name, Value: value}
		case at >= 0:
			container.Env = append(container.Env[:at:at], container.Env[at+1:]...)
		}
	}
	return nil
}

func listEnv(c *call, infos []*info, containers string, edit func(*corev1.PodSpec) error) error {
	for _, i := range infos {
		err := podSpec(i.obj, func(spec *corev1.PodSpec) error {
			if err := edit(spec); err != nil {
				return err
			}
			for _, container := range matching(spec, containers) {
				c.printf("# %s %s, container %s\n", i.Kind, i.name, container.Name)
				for _, e := range container.Env {
					if e.ValueFrom == nil {
						c.printf("%s=%s\n", e.Name, e.Value)
					} else {
						c.printf("# %s from another source\n", e.Name)
					}
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func setResourcesCommand() *Command {
	return &Command{
		Name:     "resources",
		Short:    "Update resource requests/limits on objects with pod templates",
		Usage:    "(-f FILENAME | TYPE NAME)  ([--limits=LIMITS & --requests=REQUESTS]",
		Examples: "# Limits and requests for all containers of a deployment\nkubectl set resources deployment web --limits=cpu=200m,memory=512Mi --requests=cpu=100m,memory=256Mi",
		Setup: func(f *pflag.FlagSet) action {
			o := &setOptions{}
			o.add(f)
			f.String("limits", "", "The resource requirement requests for this container.  For example, 'cpu=100m,memory=256Mi'.")
			f.String("requests", "", "The resource requirement requests for this container.  For example, 'cpu=100m,memory=256Mi'.")
			f.StringP("containers", "c", "*", "The names of containers in the selected pod templates to change, all containers are selected by default - may use wildcards")
			return o.setResources
		},
	}
}

func (o *setOptions) setResources(c *call, args []string) error {
	limitText, _ := c.flags.GetString("limits")
	requestText, _ := c.flags.GetString("requests")
	containers, _ := c.flags.GetString("containers")
	infos, err := o.infos(c, args)
	if err != nil {
		return err
	}
	if limitText == "" && requestText == "" {
		return errors.New("you must specify an update to requests or limits (in the form of --requests/--limits)")
	}
	limits, err := resourceList(limitText)
	if err != nil {
		return err
	}
	requests, err := resourceList(requestText)
	if err != nil {
		return err
	}
	return o.change(c, infos, "resource requirements updated", "limit update", func(spec *corev1.PodSpec) error {
		found := matching(spec, containers)
		if len(found) == 0 {
			return fmt.Errorf("unable to find container named %s", containers)
		}
		for _, container := range found {
			container.Resources.Limits = mergeList(container.Resources.Limits, limits)
			container.Resources.Requests = mergeList(container.Resources.Requests, requests)
		}
		return nil
	})
}

func mergeList(old, more corev1.ResourceList) corev1.ResourceList {
	if len(more) == 0 {
		return old
	}
	list := corev1.ResourceList{}
	for k, v := range old {
		list[k] = v
	}
	for k, v := range more {
		list[k] = v
	}
	return list
}

func resourceList(text string) (corev1.ResourceList, error) {
	if text == "" {
		return nil, nil
	}
	list := corev1.ResourceList{}
	for _, part := range strings.Split(text, ",") {
		name, amount, found := strings.Cut(part, "=")
		if !found {
			return nil, fmt.Errorf("Invalid argument syntax %v, expected <resource>=<value>", part)
		}
		q, err := resource.ParseQuantity(amount)
		if err != nil {
			return nil, err
		}
		list[corev1.ResourceName(name)] = q
	}
	return list, nil
}
