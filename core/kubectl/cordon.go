package kubectl

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

func cordonCommand() *Command {
	return cordonLike("cordon", "Mark node as unschedulable", true)
}

func uncordonCommand() *Command {
	return cordonLike("uncordon", "Mark node as schedulable", false)
}

func cordonLike(name, short string, on bool) *Command {
	return &Command{
		Name: name, Group: groups[3], Short: short, Usage: "NODE", Examples: "kubectl " + name + " node-1",
		Setup: func(f *pflag.FlagSet) action {
			var labels string
			var dry dryRun
			addSelector(f, &labels)
			dry.add(f)
			return func(c *call, args []string) error {
				if len(args) == 0 && labels == "" {
					return c.usageError("USAGE: %s NODE [flags]", name)
				}
				if len(args) > 0 && labels != "" {
					return errors.New("error: cannot specify both a node name and a --selector option")
				}
				mark, err := cordon(c, dry, name+"ed", on)
				if err != nil {
					return err
				}
				return nodes(c, args, labels).visit(mark)
			}
		},
	}
}

// nodes are those that arguments or a selector name.
func nodes(c *call, args []string, labels string) *query {
	q := c.query(append([]string{"nodes"}, args...)).selector(labels)
	if len(args) > 0 && strings.Contains(args[0], "/") {
		q.args = args
	}
	return q
}

// cordon is what cordoning or uncordoning does to a node.
func cordon(c *call, dry dryRun, done string, on bool) (func(*info) error, error) {
	done, err := dry.check(done)
	if err != nil {
		return nil, err
	}
	ch := &change{c: c, dry: dry, wrap: "error: unable to " + strings.TrimSuffix(done, "ed") + " node"}
	ch.mutate = func(obj *object) error {
		delete(spec(obj), "unschedulable")
		if on {
			spec(obj)["unschedulable"] = true
		}
		return nil
	}
	ch.done = func(i *info) error { return printName(c, i.obj, done) }
	ch.none = func(i *info) error { return printName(c, i.obj, "already "+done) }
	return ch.one, nil
}

func taintCommand() *Command {
	return &Command{
		Name: "taint", Group: groups[3],
		Short: "Update the taints on one or more nodes",
		Long:  "Update the taints on one or more nodes.\n\n A taint consists of a key, value, and effect: KEY=VALUE:EFFECT. The effect is NoSchedule, PreferNoSchedule or NoExecute.",
		Usage: "NODE NAME KEY_1=VAL_1:TAINT_EFFECT_1 ... KEY_N=VAL_N:TAINT_EFFECT_N",
		Examples: `
			# Keep pods away that don't tolerate it
			kubectl taint nodes node-1 dedicated=special-user:NoSchedule

			# Take it off
			kubectl taint nodes node-1 dedicated:NoSchedule-`,
		Setup: func(f *pflag.FlagSet) action {
			o := &taintOptions{}
			o.outputFlags.add(f, generalFormatHelp)
			o.dry.add(f)
			addSelector(f, &o.labels)
			f.BoolVar(&o.all, "all", false, "Select all nodes in the cluster")
			f.BoolVar(&o.overwrite, "overwrite", false, "If true, allow taints to be overwritten, otherwise reject taint updates that overwrite existing taints.")
			f.StringVar(&o.manager, "field-manager", "kubectl-taint", "Name of the manager used to track field ownership.")
			return o.run
		},
	}
}

type taintOptions struct {
	outputFlags
	dry            dryRun
	labels         string
	all, overwrite bool
	manager        string

	add, remove []corev1.Taint
}

func (o *taintOptions) run(c *call, args []string) error {
	if _, err := o.dry.check(""); err != nil {
		return err
	}
	var resources, specs []string
	for _, a := range args {
		isTaint := strings.ContainsAny(a, "=:") || strings.HasSuffix(a, "-")
		switch {
		case isTaint:
			specs = append(specs, a)
		case len(specs) == 0:
			resources = append(resources, a)
		default:
			return fmt.Errorf("all resources must be specified before taint changes: %s", a)
		}
	}
	if len(resources) == 0 {
		return errors.New("one or more resources must be specified as <resource> <name>")
	}
	if len(specs) == 0 {
		return errors.New("at least one taint update is required")
	}
	if err := o.parse(specs); err != nil {
		return c.usageError("%v", err)
	}
	m, err := c.mappingFor(resources[0])
	if err != nil {
		return err
	}
	if m.Kind != "Node" {
		return fmt.Errorf("invalid resource type %s, only node types are supported", resources[0])
	}
	if !o.all && o.labels == "" && len(resources) < 2 {
		return errors.New("at least one resource name must be specified since 'all' parameter is not set")
	}
	q := c.query(resources).selector(o.labels)
	q.all = o.all
	return q.visit(func(i *info) error { return o.one(c, i) })
}

func (o *taintOptions) parse(specs []string) error {
	for _, text := range specs {
		plain, remove := strings.CutSuffix(text, "-")
		t, err := parseTaint(plain)
		if err != nil {
			return err
		}
		if remove {
			o.remove = append(o.remove, corev1.Taint{Key: t.Key, Effect: t.Effect})
			continue
		}
		if t.Effect == "" {
			return fmt.Errorf("invalid taint spec: %v", text)
		}
		o.add = append(o.add, t)
	}
	return nil
}

func parseTaint(text string) (corev1.Taint, error) {
	pair, effect, hasEffect := strings.Cut(text, ":")
	key, value, _ := strings.Cut(pair, "=")
	t := corev1.Taint{Key: key, Value: value, Effect: corev1.TaintEffect(effect)}
	if strings.Contains(effect, ":") || strings.Contains(value, "=") {
		return t, fmt.Errorf("invalid taint spec: %v", text)
	}
	switch t.Effect {
	case corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute:
	default:
		if hasEffect {
			return t, fmt.Errorf("invalid taint effect: %v, unsupported taint effect", effect)
		}
		t.Key = pair
	}
	if errs := validation.IsValidLabelValue(t.Value); len(errs) > 0 {
		return t, fmt.Errorf("invalid taint spec: %v, %s", text, strings.Join(errs, "; "))
	}
	if errs := validation.IsQualifiedName(t.Key); len(errs) > 0 {
		return t, fmt.Errorf("invalid taint spec: %v, %s", text, strings.Join(errs, "; "))
	}
	return t, nil
}

func (o *taintOptions) one(c *call, i *info) error {
	word := ""
	ch := &change{c: c, manager: o.manager, dry: o.dry, wrap: "failed to patch"}
	ch.mutate = func(obj *object) error {
		return editTyped(obj, func(n *corev1.Node) (err error) {
			word, n.Spec.Taints, err = o.taints(n)
			return err
		})
	}
	show := func(i *info) error {
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
	ch.done, ch.none = show, show
	ch.wrong = func(_ *info, err error) error { return err }
	return ch.one(i)
}

// taints are those of the node once changed, and the word for it.
func (o *taintOptions) taints(n *corev1.Node) (word string, list []corev1.Taint, err error) {
	if !o.overwrite {
		var taken []string
		for _, t := range o.add {
			for _, old := range n.Spec.Taints {
				if old.MatchTaint(&t) {
					taken = append(taken, t.Key)
				}
			}
		}
		if len(taken) > 0 {
			return "", nil, fmt.Errorf("node %s already has %v taint(s) with same effect(s) and --overwrite is false", n.Name, strings.Join(taken, ","))
		}
	}
	list = append(list, o.add...)
	for _, old := range n.Spec.Taints {
		if !hasTaint(o.add, old) {
			list = append(list, old)
		}
	}
	added, removed := len(list) != len(n.Spec.Taints), false
	for _, t := range o.remove {
		kept := withoutTaint(list, t)
		if removed = len(kept) != len(list); !removed {
			err = fmt.Errorf("taint %q not found", t.ToString())
		}
		list = kept
	}
	switch {
	case added && removed, o.overwrite:
		return "modified", list, err
	case added:
		return "tainted", list, err
	}
	return "untainted", list, err
}

func hasTaint(list []corev1.Taint, t corev1.Taint) bool {
	for i := range list {
		if list[i].MatchTaint(&t) {
			return true
		}
	}
	return false
}

func withoutTaint(list []corev1.Taint, t corev1.Taint) (kept []corev1.Taint) {
	for i := range list {
		if list[i].Key != t.Key || t.Effect != "" && list[i].Effect != t.Effect {
			kept = append(kept, list[i])
		}
	}
	return kept
}
