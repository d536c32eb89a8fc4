package kubectl

import (
	"fmt"
	"net/url"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// change is a command that alters objects with a strategic merge patch:
// rollout pause, resume and restart, and the set commands.
type change struct {
	c       *call
	manager string
	dry     dryRun
	// mutate alters the object; an error stands for this object alone.
	mutate func(obj *object) error
	// done is what is printed for a changed object; none what is said when
	// there was nothing to change.
	done  func(i *info) error
	none  func(i *info) error
	wrong func(i *info, err error) error
	wrap  string // words before the server's error
}

func (ch *change) all(infos []*info, errs []error) error {
	for _, i := range infos {
		if err := ch.one(i); err != nil {
			errs = append(errs, err)
		}
	}
	return aggregate(errs)
}

func (ch *change) one(i *info) error {
	before := i.obj.DeepCopy()
	if err := ch.mutate(i.obj); err != nil {
		return ch.wrong(i, err)
	}
	fields, contentType := diff(i.groupKind(), before.Object, i.obj.Object, before.Object)
	if len(fields) == 0 {
		return ch.none(i)
	}
	if ch.dry.client() {
		return ch.done(i)
	}
	body, err := encode(fields)
	if err != nil {
		return err
	}
	q := url.Values{"fieldManager": {ch.manager}}
	ch.dry.set(q)
	obj, err := ch.c.fetch(wire{method: "PATCH", path: i.path(), query: q, contentType: contentType, body: body})
	if err != nil {
		return fmt.Errorf("%s: %v", ch.wrap, err)
	}
	i.obj = obj
	return ch.done(i)
}

// podSpec finds the pod template of an object and puts back what edit made of
// it.
func podSpec(obj *object, edit func(*corev1.PodSpec) error) error {
	var parent map[string]any
	switch kindName(obj.GroupVersionKind().GroupKind()) {
	case "pod":
		parent = obj.Object
	case "deployment.apps", "replicaset.apps", "daemonset.apps", "statefulset.apps", "replicationcontroller", "job.batch":
		parent = child(spec(obj), "template")
	case "cronjob.batch":
		parent = child(child(child(spec(obj), "jobTemplate"), "spec"), "template")
	default:
		return fmt.Errorf("the object is not a pod or does not have a pod template: *%s", goType(obj))
	}
	t := &corev1.PodSpec{}
	if err := typed(&object{Object: child(parent, "spec")}, t); err != nil {
		return err
	}
	if err := edit(t); err != nil {
		return err
	}
	u, err := untyped(t)
	if err != nil {
		return err
	}
	parent["spec"] = u.Object
	return nil
}

func editTyped[T any](obj *object, edit func(*T) error) error {
	t := new(T)
	if err := typed(obj, t); err != nil {
		return err
	}
	if err := edit(t); err != nil {
		return err
	}
	u, err := untyped(t)
	if err != nil {
		return err
	}
	obj.Object = u.Object
	return nil
}

// goType is what Go calls the type of an object in upstream's messages.
func goType(obj *object) string {
	gvk := obj.GroupVersionKind()
	return gvk.Version + "." + gvk.Kind
}

// splitPairs splits TYPE NAME … KEY=VALUE … KEY-.
func splitPairs(args []string, what string) (resources, pairs []string, err error) {
	for _, a := range args {
		pair := isPair(a)
		switch {
		case pair:
			pairs = append(pairs, a)
		case len(pairs) == 0:
			resources = append(resources, a)
		default:
			return nil, nil, fmt.Errorf("all resources must be specified before %s changes: %s", what, a)
		}
	}
	return resources, pairs, nil
}

// isPair tells KEY=VALUE and KEY- from resources and names.
func isPair(arg string) bool {
	return strings.Contains(arg, "=") && arg[0] != '=' || strings.HasSuffix(arg, "-") && arg != "-"
}
