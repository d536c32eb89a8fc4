package kubectl

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"
)

func rolloutCommand() *Command {
	return &Command{
		Name: "rollout", Group: groups[2],
		Short: "Manage the rollout of a resource",
		Long:  "Manage the rollout of one or many resources.\n        \n Valid resource types include:\n\n  *  deployments\n  *  daemonsets\n  *  statefulsets",
		Usage: "SUBCOMMAND", HelpOnOut: true,
		Examples: `
			# Go back to the previous deployment
			kubectl rollout undo deployment/web

			# Follow a rollout until it is done
			kubectl rollout status deployment/web

			# Replace all pods by new ones of the same template
			kubectl rollout restart deployment/web`,
		Sub: []*Command{
			rolloutStatusCommand(), rolloutHistoryCommand(), rolloutUndoCommand(),
			rolloutChange("restart", "Restart a resource", "kubectl rollout restart deployment/web", restart),
			rolloutChange("pause", "Mark the provided resource as paused", "kubectl rollout pause deployment/web", pause),
			rolloutChange("resume", "Resume a paused resource", "kubectl rollout resume deployment/web", resume),
		},
	}
}

// rolloutOptions are the flags that rollout commands share.
type rolloutOptions struct {
	outputFlags
	labels string
	files  []string
}

func (o *rolloutOptions) add(f *pflag.FlagSet) {
	addSelector(f, &o.labels)
	addFiles(f, &o.files, "identifying the resource to get from a server.")
}

func (o *rolloutOptions) query(c *call, args []string) (*query, error) {
	if len(args) == 0 && len(o.files) == 0 {
		return nil, errors.New("required resource not specified")
	}
	q := c.query(args).selector(o.labels)
	q.files, q.allIfType, q.latest = o.files, true, true
	return q, nil
}

// noneFound is what rollout commands say when nothing matched.
func (c *call) noneFound() {
	ns, _ := c.namespace()
	c.eprintf("No resources found in %s namespace.\n", ns)
}

// rolloutVerb is one of restart, pause and resume.
type rolloutVerb struct {
	done    string
	mutate  func(obj *object, now time.Time) error
	nothing func(i *info) error
}

func rolloutChange(name, short, example string, verb rolloutVerb) *Command {
	return &Command{
		Name: name, Short: short, Usage: "RESOURCE", Examples: example,
		Setup: func(f *pflag.FlagSet) action {
			o := &rolloutOptions{}
			o.add(f)
			o.outputFlags.add(f, generalFormatHelp)
			manager := f.String("field-manager", "kubectl-rollout", "Name of the manager used to track field ownership.")
			return func(c *call, args []string) error { return verb.run(c, o, *manager, args) }
		},
	}
}

func (verb rolloutVerb) run(c *call, o *rolloutOptions, manager string, args []string) error {
	q, err := o.query(c, args)
	if err != nil {
		return err
	}
	print, err := o.printer(verb.done)
	if err != nil {
		return err
	}
	infos, err := q.infos()
	if err != nil && !q.started() {
		return err
	}
	errs := flatten(err)
	if len(infos) == 0 && len(errs) == 0 {
		c.noneFound()
		return nil
	}
	ch := &change{c: c, manager: manager, dry: "none", wrap: "failed to patch", none: verb.nothing}
	ch.mutate = func(obj *object) error { return verb.mutate(obj, c.session.env.Now()) }
	ch.done = func(i *info) error { return print(c, i.obj) }
	ch.wrong = func(i *info, err error) error {
		return fmt.Errorf("error: %s %q %v", i.GroupResource().String(), i.name, err)
	}
	return ch.all(infos, errs)
}

func isWorkload(obj *object, kinds ...string) bool {
	name := kindName(obj.GroupVersionKind().GroupKind())
	for _, k := range kinds {
		if name == k {
			return true
		}
	}
	return false
}

func spec(obj *object) map[string]any {
	s, _ := obj.Object["spec"].(map[string]any)
	if s == nil {
		s = map[string]any{}
		obj.Object["spec"] = s
	}
	return s
}

func child(m map[string]any, name string) map[string]any {
	sub, _ := m[name].(map[string]any)
	if sub == nil {
		sub = map[string]any{}
		m[name] = sub
	}
	return sub
}

var restart = rolloutVerb{
	done: "restarted",
	mutate: func(obj *object, now time.Time) error {
		if !isWorkload(obj, "deployment.apps", "daemonset.apps", "statefulset.apps") {
			return errors.New("restarting is not supported")
		}
		s := spec(obj)
		if paused, _ := s["paused"].(bool); paused {
			return errors.New("can't restart paused deployment (run rollout resume first)")
		}
		annotations := child(child(child(s, "template"), "metadata"), "annotations")
		annotations["kubectl.kubernetes.io/restartedAt"] = now.UTC().Format(time.RFC3339)
		return nil
	},
	nothing: func(i *info) error {
		return fmt.Errorf("failed to create patch for %v: if restart has already been triggered within the past second, please wait before attempting to trigger another", i.name)
	},
}

func changed(*info) error { return nil }

var pause = rolloutVerb{
	done: "paused",
	mutate: func(obj *object, _ time.Time) error {
		if !isWorkload(obj, "deployment.apps") {
			return errors.New("pausing is not supported")
		}
		if paused, _ := spec(obj)["paused"].(bool); paused {
			return errors.New("is already paused")
		}
		spec(obj)["paused"] = true
		return nil
	},
	nothing: changed,
}

var resume = rolloutVerb{
	done: "resumed",
	mutate: func(obj *object, _ time.Time) error {
		if !isWorkload(obj, "deployment.apps") {
			return errors.New("resuming is not supported")
		}
		if paused, _ := spec(obj)["paused"].(bool); !paused {
			return errors.New("is not paused")
		}
		delete(spec(obj), "paused")
		return nil
	},
	nothing: changed,
}
