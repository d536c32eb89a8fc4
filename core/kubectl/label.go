package kubectl

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/pflag"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/apimachinery/pkg/util/validation"
)

func labelCommand() *Command {
	return &Command{
		Name: "label", Group: groups[6],
		Short: "Update the labels on a resource",
		Long:  "Update the labels on a resource.\n\n A label key and value must begin with a letter or number, and may contain letters, numbers, hyphens, dots, and underscores, up to 63 characters each. With --overwrite existing labels may be changed.",
		Usage: "[--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [--resource-version=version]",
		Examples: `
			# Set a label
			kubectl label pods foo unhealthy=true

			# Change it
			kubectl label --overwrite pods foo status=unhealthy

			# Take it off
			kubectl label pods foo status-`,
		Setup: func(f *pflag.FlagSet) action {
			o := &metaOptions{}
			o.add(f, "kubectl-label", "labels")
			return o.label
		},
	}
}

func annotateCommand() *Command {
	return &Command{
		Name: "annotate", Group: groups[6],
		Short: "Update the annotations on a resource",
		Long:  "Update the annotations on one or more resources.\n\n " + suggestResources,
		Usage: "[--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [--resource-version=version]",
		Examples: `
			# Set an annotation
			kubectl annotate deployment web kubernetes.io/change-cause='image 1.27'

			# Take it off
			kubectl annotate deployment web description-`,
		Setup: func(f *pflag.FlagSet) action {
			o := &metaOptions{}
			o.add(f, "kubectl-annotate", "annotations")
			return o.annotate
		},
	}
}

// metaOptions are the flags of label and annotate.
type metaOptions struct {
	outputFlags
	dry                             dryRun
	overwrite, list, all, allSpaces bool
	labels, fields, version         string
	manager                         string
	files                           []string

	set    map[string]string
	order  []string // the keys of set as given
	remove []string
}

func (o *metaOptions) add(f *pflag.FlagSet, manager, what string) {
	o.outputFlags.add(f, generalFormatHelp)
	o.dry.add(f)
	f.BoolVar(&o.overwrite, "overwrite", false, "If true, allow "+what+" to be overwritten, otherwise reject updates that overwrite existing "+what+".")
	f.BoolVar(&o.list, "list", false, "If true, display the "+what+" for a given resource.")
	f.BoolVar(&o.all, "all", false, "Select all resources, in the namespace of the specified resource types")
	f.BoolVarP(&o.allSpaces, "all-namespaces", "A", false, "If true, check the specified action in all namespaces.")
	f.StringVar(&o.fields, "field-selector", "", "Selector (field query) to filter on, supports '=', '==', and '!='.(e.g. --field-selector key1=value1,key2=value2). The server only supports a limited number of field queries per type.")
	f.StringVar(&o.version, "resource-version", "", "If non-empty, the update will only succeed if this is the current resource-version for the object. Only valid when specifying a single resource.")
	f.StringVar(&o.manager, "field-manager", manager, "Name of the manager used to track field ownership.")
	addSelector(f, &o.labels)
	addFiles(f, &o.files, "identifying the resource to update the "+what)
}

func (o *metaOptions) query(c *call, resources []string) *query {
	q := c.query(resources).selector(o.labels).fieldSelector(o.fields)
	q.files, q.allIfType, q.allSpaces, q.latest = o.files, o.all, o.allSpaces, true
	return q
}

// check refuses what makes no sense; what is "label" or "annotation".
func (o *metaOptions) check(resources []string, what string) error {
	if o.list && o.format != "" {
		return errors.New("--list and --output may not be specified together")
	}
	if o.all && o.labels != "" {
		return errors.New("cannot set --all and --selector at the same time")
	}
	if o.all && o.fields != "" {
		return errors.New("cannot set --all and --field-selector at the same time")
	}
	if len(resources) == 0 && len(o.files) == 0 {
		return errors.New("one or more resources must be specified as <resource> <name> or <resource>/<name>")
	}
	if len(o.set) == 0 && len(o.remove) == 0 && !o.list {
		return fmt.Errorf("at least one %s update is required", what)
	}
	return nil
}

func (o *metaOptions) put(key, value string) {
	if o.set == nil {
		o.set = map[string]string{}
	}
	if _, ok := o.set[key]; !ok {
		o.order = append(o.order, key)
	}
	o.set[key] = value
}

func (o *metaOptions) parseLabels(pairs []string) error {
	for _, p := range pairs {
		parts := strings.Split(p, "=")
		switch {
		case len(parts) > 2:
			return fmt.Errorf("invalid label spec: %v", p)
		case len(parts) == 2:
			if errs := validation.IsValidLabelValue(parts[1]); len(errs) > 0 {
				return fmt.Errorf("invalid label value: %q: %s", p, strings.Join(errs, ";"))
			}
			o.put(parts[0], parts[1])
		case strings.HasSuffix(p, "-"):
			o.remove = append(o.remove, strings.TrimSuffix(p, "-"))
		default:
			return fmt.Errorf("unknown label spec: %v", p)
		}
	}
	for _, k := range o.remove {
		if _, ok := o.set[k]; ok {
			return errors.New("can not both modify and remove a label in the same command")
		}
	}
	return nil
}

func (o *metaOptions) label(c *call, args []string) error {
	if _, err := o.dry.check(""); err != nil {
		return err
	}
	resources, pairs, err := splitPairs(args, "label")
	if err != nil {
		return err
	}
	if err := o.parseLabels(pairs); err != nil {
		return err
	}
	if err := o.check(resources, "label"); err != nil {
		return err
	}
	q := o.query(c, resources)
	return q.visit(func(i *info) error { return o.labelOne(c, q, i) })
}

func (o *metaOptions) labelOne(c *call, q *query, i *info) error {
	if o.version != "" && !q.single {
		return errors.New("--resource-version may only be used with a single resource")
	}
	labels := i.obj.GetLabels()
	if o.list {
		listMeta(c, q, i, "labels", labels)
		return nil
	}
	if !o.dry.client() {
		for _, k := range o.remove {
			if _, ok := labels[k]; !ok {
				c.printf("label %q not found.\n", k)
			}
		}
	}
	if !o.overwrite {
		if err := o.overwrites(labels); err != nil {
			return err
		}
	}
	patch, word := o.labelPatch(labels)
	if err := o.send(c, i, "labels", patch); err != nil {
		return err
	}
	return o.print(c, i, word)
}

// labelPatch is what changes, and the word for it.
func (o *metaOptions) labelPatch(labels map[string]string) (patch map[string]any, word string) {
	patch = map[string]any{}
	added, removed := false, false
	for k, v := range o.set {
		if old, ok := labels[k]; !ok || old != v {
			patch[k], added = v, true
		}
	}
	for _, k := range o.remove {
		if _, ok := labels[k]; ok {
			patch[k], removed = nil, true
		}
	}
	switch {
	case added && removed:
		return patch, "modified"
	case added:
		return patch, "labeled"
	case removed:
		return patch, "unlabeled"
	}
	return patch, "not labeled"
}

func (o *metaOptions) overwrites(labels map[string]string) error {
	var errs []error
	for _, k := range o.order {
		if old, ok := labels[k]; ok && old != o.set[k] {
			errs = append(errs, fmt.Errorf("'%s' already has a value (%s), and --overwrite is false", k, old))
		}
	}
	return utilerrors.NewAggregate(errs)
}

func (o *metaOptions) print(c *call, i *info, word string) error {
	done, err := o.dry.check(word)
	if err != nil {
		return err
	}
	print, err := o.printer(done)
	if err != nil {
		return err
	}
	return print(c, i.obj)
}

func listMeta(c *call, q *query, i *info, what string, values map[string]string) {
	space := ""
	if !q.single {
		space = " "
		c.printf("Listing %s for %s.%s/%s:\n", what, i.Kind, i.Group, i.name)
	}
	for _, k := range sortedKeys(values) {
		c.printf("%s%s=%s\n", space, k, values[k])
	}
}

// send patches metadata.labels or metadata.annotations.
func (o *metaOptions) send(c *call, i *info, field string, patch map[string]any) error {
	metadata := map[string]any{}
	if len(patch) > 0 {
		metadata[field] = patch
	}
	if o.version != "" && len(patch) > 0 {
		metadata["resourceVersion"] = o.version
	}
	if o.dry.client() {
		own := child(child(i.obj.Object, "metadata"), field)
		for k, v := range patch {
			if v == nil {
				delete(own, k)
			} else {
				own[k] = v
			}
		}
		return nil
	}
	fields := map[string]any{}
	if len(metadata) > 0 {
		fields["metadata"] = metadata
	}
	if len(fields) == 0 && field == "labels" {
		return nil
	}
	body, err := encode(fields)
	if err != nil {
		return err
	}
	query := url.Values{"fieldManager": {o.manager}}
	o.dry.set(query)
	obj, err := c.fetch(wire{method: "PATCH", path: i.path(), query: query, contentType: mergeType, body: body})
	if err == nil {
		i.obj = obj
	}
	return err
}

func (o *metaOptions) annotate(c *call, args []string) error {
	if _, err := o.dry.check(""); err != nil {
		return err
	}
	resources, pairs, err := splitPairs(args, "annotation")
	if err != nil {
		return err
	}
	var both []string
	for _, p := range pairs {
		if k, v, found := strings.Cut(p, "="); found && k != "" {
			o.put(k, v)
		} else {
			o.remove = append(o.remove, strings.TrimSuffix(p, "-"))
		}
	}
	if err := o.check(resources, "annotation"); err != nil {
		return err
	}
	for _, k := range o.remove {
		if _, ok := o.set[k]; ok {
			both = append(both, k)
		}
	}
	if len(both) > 0 {
		return fmt.Errorf("can not both modify and remove the following annotation(s) in the same command: %s", strings.Join(both, ", "))
	}
	q := o.query(c, resources)
	return q.visit(func(i *info) error { return o.annotateOne(c, q, i) })
}

func (o *metaOptions) annotateOne(c *call, q *query, i *info) error {
	if o.version != "" && !q.single {
		return errors.New("--resource-version may only be used with a single resource")
	}
	annotations := i.obj.GetAnnotations()
	if o.list {
		listMeta(c, q, i, "annotations", annotations)
		return nil
	}
	var taken []string
	for _, k := range o.order {
		if old, ok := annotations[k]; ok && old != o.set[k] && k != changeCauseAnnotation {
			taken = append(taken, fmt.Sprintf("'%s' already has a value (%s)", k, old))
		}
	}
	if len(taken) > 0 && !o.overwrite {
		return fmt.Errorf("--overwrite is false but found the following declared annotation(s): %s", strings.Join(taken, "; "))
	}
	patch := map[string]any{}
	for k, v := range o.set {
		if old, ok := annotations[k]; !ok || old != v {
			patch[k] = v
		}
	}
	for _, k := range o.remove {
		if _, ok := annotations[k]; ok {
			patch[k] = nil
		}
	}
	if err := o.send(c, i, "annotations", patch); err != nil {
		return err
	}
	return o.print(c, i, "annotated")
}
