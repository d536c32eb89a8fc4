package kubectl

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/pflag"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/util/jsonpath"
)

func waitCommand() *Command {
	return &Command{
		Name: "wait", Group: groups[5],
		Short: "Wait for a specific condition on one or many resources",
		Usage: "([-f FILENAME] | resource.group/resource.name | resource.group [(-l label | --all)]) [--for=create|--for=delete|--for condition=available|--for=jsonpath='{}'[=value]]",
		Examples: `
			# Until a deployment is available
			kubectl wait --for=condition=Available deployment/web

			# Until a pod runs
			kubectl wait --for=jsonpath='{.status.phase}'=Running pod/web

			# Until a pod is gone
			kubectl wait --for=delete pod/web --timeout=60s`,
		Setup: setupWait,
	}
}

type waitOptions struct {
	outputFlags
	conditions     []string
	timeout        time.Duration
	all, allSpaces bool
	labels, fields string
	files          []string
	print          printer
	visited        int
}

func setupWait(f *pflag.FlagSet) action {
	o := &waitOptions{}
	o.outputFlags.add(f, generalFormatHelp)
	f.StringArrayVar(&o.conditions, "for", nil, "The condition to wait on: [create|delete|condition=condition-name[=condition-value]|jsonpath='{JSONPath expression}'=[JSONPath value]]. The default condition-value is true. Condition values are compared after Unicode simple case folding, which is a more general form of case-insensitivity.")
	f.DurationVar(&o.timeout, "timeout", 30*time.Second, "The length of time to wait before giving up. Zero means check once and don't wait, negative means wait for a week.")
	f.BoolVar(&o.all, "all", false, "Select all resources in the namespace of the specified resource types")
	f.BoolVarP(&o.allSpaces, "all-namespaces", "A", false, "If present, list the requested object(s) across all namespaces. Namespace in current context is ignored even if specified with --namespace.")
	f.StringVar(&o.fields, "field-selector", "", "Selector (field query) to filter on, supports '=', '==', and '!='.")
	addSelector(f, &o.labels)
	addFiles(f, &o.files, "identifying the resource.")
	return o.run
}

// condition is one --for; nil check means deletion.
type condition struct {
	deleted, created bool
	check            func(obj *object) (bool, error)
}

func parseConditions(texts []string) ([]condition, error) {
	var list []condition
	for _, text := range texts {
		switch lower := strings.ToLower(text); {
		case lower == "delete":
			list = append(list, condition{deleted: true})
		case lower == "create":
			list = append(list, condition{created: true})
		case strings.HasPrefix(text, "condition="):
			name, value, found := strings.Cut(strings.TrimPrefix(text, "condition="), "=")
			if !found {
				value = "true"
			}
			list = append(list, condition{check: func(obj *object) (bool, error) { return conditionMet(obj, name, value), nil }})
		case strings.HasPrefix(text, "jsonpath="):
			check, err := jsonpathCondition(strings.TrimPrefix(text, "jsonpath="))
			if err != nil {
				return nil, err
			}
			list = append(list, condition{check: check})
		default:
			return nil, fmt.Errorf("unrecognized condition: %q", text)
		}
	}
	if list == nil {
		return nil, fmt.Errorf("unrecognized condition: %q", texts)
	}
	return list, nil
}

func conditionMet(obj *object, name, value string) bool {
	status, _ := obj.Object["status"].(map[string]any)
	conditions, _ := status["conditions"].([]any)
	for _, e := range conditions {
		cond, _ := e.(map[string]any)
		if typ, _ := cond["type"].(string); !strings.EqualFold(typ, name) {
			continue
		}
		observed, ok := cond["observedGeneration"].(int64)
		if !ok {
			observed, ok = status["observedGeneration"].(int64)
		}
		if ok && observed < obj.GetGeneration() {
			return false
		}
		is, _ := cond["status"].(string)
		return strings.EqualFold(is, value)
	}
	return false
}

// jsonpathCondition is PATH or PATH=VALUE.
func jsonpathCondition(text string) (func(*object) (bool, error), error) {
	const hidden = "\x00"
	parts := strings.Split(strings.ReplaceAll(text, "==", hidden), "=")
	if len(parts) > 2 {
		return nil, errors.New("jsonpath wait format must be --for=jsonpath='{.status.readyReplicas}'=3 or --for=jsonpath='{.status.readyReplicas}'")
	}
	path, err := relaxed(strings.ReplaceAll(parts[0], hidden, "=="))
	if err != nil {
		return nil, err
	}
	value := ""
	if len(parts) == 2 {
		if value = strings.Trim(parts[1], `'"`); value == "" {
			return nil, errors.New("jsonpath wait has to have a value after equal sign, like --for=jsonpath='{.status.readyReplicas}'=3")
		}
	}
	if path == "" {
		return nil, errors.New("jsonpath expression cannot be empty")
	}
	p := jsonpath.New("wait").AllowMissingKeys(true)
	if err := p.Parse(path); err != nil {
		return nil, err
	}
	return func(obj *object) (bool, error) { return jsonpathMet(p, obj, value) }, nil
}

func jsonpathMet(p *jsonpath.JSONPath, obj *object, value string) (bool, error) {
	results, err := p.FindResults(obj.Object)
	if err != nil || len(results) == 0 || len(results[0]) == 0 {
		return false, err
	}
	if len(results) > 1 {
		return false, errors.New("given jsonpath expression matches more than one list")
	}
	if len(results[0]) > 1 {
		return false, errors.New("given jsonpath expression matches more than one value")
	}
	if value == "" {
		return true, nil
	}
	found := results[0][0].Interface()
	switch found.(type) {
	case map[string]any, []any:
		return false, errors.New("jsonpath leads to a nested object or list which is not supported")
	}
	return strings.TrimSpace(fmt.Sprint(found)) == strings.TrimSpace(value), nil
}

func (o *waitOptions) run(c *call, args []string) error {
	var err error
	if o.print, err = o.printer("condition met"); err != nil {
		return err
	}
	conditions, err := parseConditions(o.conditions)
	if err != nil {
		return err
	}
	if o.timeout < 0 {
		o.timeout = 168 * time.Hour
	}
	q := func() *query {
		q := c.query(args).selector(o.labels).fieldSelector(o.fields)
		q.all, q.allSpaces, q.files, q.latest = o.all, o.allSpaces, o.files, true
		return q
	}
	o.created(c, q, conditions, c.session.env.Now().Add(o.timeout))
	return errLater
}

// created, for --for=create, looks twice a second whether there is something.
func (o *waitOptions) created(c *call, q func() *query, conditions []condition, deadline time.Time) {
	waits := false
	for _, cond := range conditions {
		waits = waits || cond.created
	}
	query := q()
	for _, cond := range conditions {
		if cond.deleted {
			query.ignore = apierrors.IsNotFound
		}
	}
	infos, err := query.infos()
	if waits && (apierrors.IsNotFound(err) || err == nil && len(infos) == 0) {
		if !c.session.env.Now().Before(deadline) {
			c.finish(errTimedOut)
			return
		}
		c.stop = c.session.env.After(500*time.Millisecond, func() { o.created(c, q, conditions, deadline) })
		return
	}
	if err != nil {
		c.finish(err)
		return
	}
	var steps []waitStep
	for _, i := range infos {
		for _, cond := range conditions {
			steps = append(steps, waitStep{i, cond})
		}
	}
	if len(infos) == 0 && query.ignore == nil {
		c.finish(errors.New("no matching resources found"))
		return
	}
	o.next(c, steps, nil, deadline)
}

type waitStep struct {
	*info
	condition
}

// next waits for the first step and goes on with the others.
func (o *waitOptions) next(c *call, steps []waitStep, errs []error, deadline time.Time) {
	if len(steps) == 0 {
		c.finish(aggregate(errs))
		return
	}
	s := steps[0]
	then := func(obj *object, err error) {
		if err == nil {
			if obj == nil {
				obj = s.info.obj
			}
			err = o.print(c, obj)
		}
		if err != nil {
			errs = append(errs, err)
		}
		o.next(c, steps[1:], errs, deadline)
	}
	if s.condition.created {
		then(s.info.obj, nil)
		return
	}
	left := deadline.Sub(c.session.env.Now())
	if o.timeout == 0 {
		then(o.once(c, s))
		return
	}
	if left <= 0 {
		then(nil, s.info.timedOut())
		return
	}
	if s.condition.deleted {
		untilDeleted(c, s.info, string(s.info.obj.GetUID()), left, then)
		return
	}
	untilMet(c, s.info, s.check, left, then)
}

// once checks without waiting.
func (o *waitOptions) once(c *call, s waitStep) (*object, error) {
	live, err := c.get(s.info.path(), nil)
	if s.condition.deleted && apierrors.IsNotFound(err) {
		return s.info.obj, nil
	}
	if err != nil {
		return nil, err
	}
	if s.check != nil {
		met, err := s.check(live)
		if met || err != nil {
			return live, err
		}
	}
	return nil, fmt.Errorf("condition not met for %s/%s", s.info.Resource, s.info.name)
}

func untilMet(c *call, i *info, check func(*object) (bool, error), timeout time.Duration, then func(*object, error)) {
	u := &until{c: c, info: i, timeout: timeout, late: i.timedOut(), then: then}
	u.synced = func(obj *object) (bool, error) {
		if obj == nil {
			return true, apierrors.NewNotFound(i.GroupResource(), i.name)
		}
		return false, nil
	}
	u.event = func(kind string, obj *object) (bool, error) {
		if kind == "DELETED" {
			return false, nil
		}
		return check(obj)
	}
	u.start()
}
