package kubectl

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"sort"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	revisionAnnotation    = "deployment.kubernetes.io/revision"
	changeCauseAnnotation = "kubernetes.io/change-cause"
	podTemplateHash       = appsv1.DefaultDeploymentUniqueLabelKey
)

func revisionOf(annotations map[string]string) (int64, error) {
	v, ok := annotations[revisionAnnotation]
	if !ok {
		return 0, nil
	}
	return strconv.ParseInt(v, 10, 64)
}

func rolloutHistoryCommand() *Command {
	return &Command{
		Name: "history", Short: "View rollout history",
		Long:  "View previous rollout revisions and configurations.",
		Usage: "(TYPE NAME | TYPE/NAME) [flags]",
		Examples: `
			# The revisions of a deployment
			kubectl rollout history deployment/web

			# The pod template of the third
			kubectl rollout history deployment/web --revision=3`,
		Setup: func(f *pflag.FlagSet) action {
			o := &rolloutOptions{}
			o.add(f)
			o.outputFlags.add(f, generalFormatHelp)
			revision := f.Int64("revision", 0, "See the details, including podTemplate of the revision specified")
			return func(c *call, args []string) error { return o.history(c, args, *revision) }
		},
	}
}

func (o *rolloutOptions) history(c *call, args []string, revision int64) error {
	q, err := o.query(c, args)
	if err != nil {
		return err
	}
	if revision < 0 {
		return fmt.Errorf("revision must be a positive integer: %v", revision)
	}
	return q.visit(func(i *info) error {
		if kind, ok := keepsRevisions(i); ok {
			return o.revisionHistory(c, i, kind, revision)
		}
		if kindName(i.groupKind()) != "deployment.apps" {
			return notRollable(i, "error retrieving history for", "history viewer")
		}
		sets, err := c.revisions(i)
		if err != nil {
			return err
		}
		if o.format != "" {
			return o.historyObjects(c, sets, revision)
		}
		text, err := historyText(sets, revision)
		if err != nil {
			return err
		}
		with := ""
		if revision > 0 {
			with = fmt.Sprintf("with revision #%d", revision)
		}
		c.printf("%s/%s %s\n%s\n", i.kindName(), i.name, with, text)
		return nil
	})
}

func (o *rolloutOptions) historyObjects(c *call, sets []*revisionSet, revision int64) error {
	print, err := o.printer("")
	if err != nil {
		return err
	}
	found := false
	for _, s := range sets {
		if revision > 0 && s.revision != revision {
			continue
		}
		found = true
		if err := print(c, s.rs); err != nil {
			return err
		}
	}
	if revision > 0 && !found {
		return errors.New("unable to find the specified revision")
	}
	return nil
}

// revisionSet is a ReplicaSet of a Deployment with the revision that it holds.
type revisionSet struct {
	revision int64
	rs       *appsv1.ReplicaSet
}

// revisions reads the Deployment and the ReplicaSets it controls, by revision.
func (c *call) revisions(i *info) ([]*revisionSet, error) {
	_, sets, err := c.deploymentSets(i.path(), i.namespace, url.Values{})
	if err != nil {
		return nil, err
	}
	var list []*revisionSet
	for k := range sets {
		if v, err := revisionOf(sets[k].Annotations); err == nil {
			list = append(list, &revisionSet{v, &sets[k]})
		}
	}
	sort.SliceStable(list, func(a, b int) bool { return list[a].revision < list[b].revision })
	return list, nil
}

// deploymentSets reads a Deployment and the ReplicaSets that it controls.
func (c *call) deploymentSets(path, namespace string, query url.Values) (*appsv1.Deployment, []appsv1.ReplicaSet, error) {
	d := &appsv1.Deployment{}
	if err := c.into(path, nil, d); err != nil {
		return nil, nil, err
	}
	sets, err := c.replicaSets(d, namespace, query)
	return d, sets, err
}

func (c *call) replicaSets(d *appsv1.Deployment, namespace string, query url.Values) ([]appsv1.ReplicaSet, error) {
	selector, err := metav1.LabelSelectorAsSelector(d.Spec.Selector)
	if err != nil {
		return nil, err
	}
	var list appsv1.ReplicaSetList
	query.Set("labelSelector", selector.String())
	if err := c.into("/apis/apps/v1/namespaces/"+namespace+"/replicasets", query, &list); err != nil {
		return nil, err
	}
	var owned []appsv1.ReplicaSet
	for _, rs := range list.Items {
		rs.APIVersion, rs.Kind = "apps/v1", "ReplicaSet"
		if owner := metav1.GetControllerOf(&rs); owner != nil && owner.UID == d.UID {
			owned = append(owned, rs)
		}
	}
	return owned, nil
}

func historyText(sets []*revisionSet, revision int64) (string, error) {
	if len(sets) == 0 {
		return "No rollout history found.", nil
	}
	rows := [][]string{{"REVISION", "CHANGE-CAUSE"}}
	for _, s := range sets {
		if revision > 0 && s.revision == revision {
			return templateText(s), nil
		}
		cause := s.rs.Annotations[changeCauseAnnotation]
		if cause == "" {
			cause = "<none>"
		}
		rows = append(rows, []string{strconv.FormatInt(s.revision, 10), cause})
	}
	if revision > 0 {
		return "", errors.New("unable to find the specified revision")
	}
	var b strings.Builder
	for _, row := range rows {
		fmt.Fprintf(&b, "%-10s%s\n", row[0], row[1])
	}
	return b.String(), nil
}

// templateText describes the pod template of a revision, tabs and all.
func templateText(s *revisionSet) string {
	template := s.rs.Spec.Template.DeepCopy()
	if cause := s.rs.Annotations[changeCauseAnnotation]; cause != "" {
		if template.Annotations == nil {
			template.Annotations = map[string]string{}
		}
		template.Annotations[changeCauseAnnotation] = cause
	}
	return describeTemplateText(template)
}

func rolloutUndoCommand() *Command {
	return &Command{
		Name: "undo", Short: "Undo a previous rollout",
		Long:  "Roll back to a previous rollout.",
		Usage: "(TYPE NAME | TYPE/NAME) [flags]",
		Examples: `
			# Back to the one before
			kubectl rollout undo deployment/web

			# Back to the third
			kubectl rollout undo deployment/web --to-revision=3`,
		Setup: func(f *pflag.FlagSet) action {
			o := &rolloutUndo{}
			o.add(f)
			o.outputFlags.add(f, generalFormatHelp)
			o.dry.add(f)
			f.Int64Var(&o.to, "to-revision", 0, "The revision to rollback to. Default to 0 (last revision).")
			return o.run
		},
	}
}

type rolloutUndo struct {
	rolloutOptions
	dry dryRun
	to  int64
}

func (o *rolloutUndo) run(c *call, args []string) error {
	q, err := o.query(c, args)
	if err != nil {
		return err
	}
	if _, err := o.dry.check(""); err != nil {
		return err
	}
	return q.visit(func(i *info) error {
		if _, ok := i.obj.GetAnnotations()[lastApplied]; ok {
			c.eprintf("Warning: resource %s/%s was previously managed with 'kubectl apply'. Rolling back will not update the %s annotation, which may cause unexpected behavior on future 'kubectl apply' operations. Consider using 'kubectl apply' with your previous configuration file instead.\n", i.Resource, i.name, lastApplied)
		}
		rollback := o.rollback
		if kind, ok := keepsRevisions(i); ok {
			rollback = func(c *call, i *info) (string, error) { return o.restore(c, i, kind) }
		} else if kindName(i.groupKind()) != "deployment.apps" {
			return notRollable(i, "error retrieving rollbacker for", "rollbacker")
		}
		result, err := rollback(c, i)
		if err != nil {
			return err
		}
		done, _ := o.dry.check(result)
		print, err := o.printer(done)
		if err != nil {
			return err
		}
		return print(c, i.obj)
	})
}

// rollback puts the template of an earlier ReplicaSet back
// (polymorphichelpers/rollback.go).
func (o *rolloutUndo) rollback(c *call, i *info) (string, error) {
	if o.to < 0 {
		return "", fmt.Errorf("unable to find specified revision %v in history", o.to)
	}
	d, sets, err := c.deploymentSets(i.path(), i.namespace, url.Values{})
	if err != nil {
		return "", fmt.Errorf("failed to retrieve Deployment %s: %v", i.name, err)
	}
	s, err := pickRevision(d.Name, sets, o.to)
	if err != nil {
		return "", err
	}
	if o.dry.client() {
		return describeTemplateText(&s.rs.Spec.Template), nil
	}
	if d.Spec.Paused {
		return "", errors.New("you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again")
	}
	if sameTemplate(&s.rs.Spec.Template, &d.Spec.Template) {
		return fmt.Sprintf("skipped rollback (current template already matches revision %d)", o.to), nil
	}
	template := s.rs.Spec.Template.DeepCopy()
	delete(template.Labels, podTemplateHash)
	body, err := json.Marshal([]any{
		jsonPatch{"replace", "/spec/template", template},
		jsonPatch{"replace", "/metadata/annotations", keptAnnotations(d, s.rs)},
	})
	if err != nil {
		return "", err
	}
	q := url.Values{}
	o.dry.set(q)
	if _, err := c.fetch(wire{method: "PATCH", path: i.path(), query: q, contentType: jsonPatchType, body: body}); err != nil {
		return "", fmt.Errorf("failed restoring revision %d: %v", o.to, err)
	}
	return "rolled back", nil
}

type jsonPatch struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// pickRevision is the ReplicaSet of a revision, or of the one before the
// newest when to is 0.
func pickRevision(name string, sets []appsv1.ReplicaSet, to int64) (*revisionSet, error) {
	var list []*revisionSet
	for k := range sets {
		if v, err := revisionOf(sets[k].Annotations); err == nil {
			if to > 0 && v == to {
				return &revisionSet{v, &sets[k]}, nil
			}
			list = append(list, &revisionSet{v, &sets[k]})
		}
	}
	if to > 0 {
		return nil, fmt.Errorf("unable to find specified revision %v in history", to)
	}
	if len(list) < 2 {
		return nil, fmt.Errorf("no rollout history found for deployment %q", name)
	}
	sort.SliceStable(list, func(a, b int) bool { return list[a].revision > list[b].revision })
	return list[1], nil
}

func sameTemplate(a, b *corev1.PodTemplateSpec) bool {
	a, b = a.DeepCopy(), b.DeepCopy()
	delete(a.Labels, podTemplateHash)
	delete(b.Labels, podTemplateHash)
	x, errX := untyped(a)
	y, errY := untyped(b)
	return errX == nil && errY == nil && reflect.DeepEqual(x.Object, y.Object)
}

// keptAnnotations are the Deployment's own and the ReplicaSet's others.
func keptAnnotations(d *appsv1.Deployment, rs *appsv1.ReplicaSet) map[string]string {
	own := map[string]bool{
		lastApplied: true, revisionAnnotation: true,
		"deployment.kubernetes.io/revision-history": true,
		"deployment.kubernetes.io/desired-replicas": true,
		"deployment.kubernetes.io/max-replicas":     true,
		appsv1.DeprecatedRollbackTo:                 true,
	}
	kept := map[string]string{}
	for k, v := range d.Annotations {
		if own[k] {
			kept[k] = v
		}
	}
	for k, v := range rs.Annotations {
		if !own[k] {
			kept[k] = v
		}
	}
	return kept
}

// notRollable is the error for kinds that have no rollouts: upstream tells
// those that have pods from the rest.
func notRollable(i *info, retrieving, what string) error {
	switch kindName(i.groupKind()) {
	case "pod", "replicationcontroller", "replicaset.apps", "job.batch", "cronjob.batch":
		return fmt.Errorf("no %s has been implemented for %q", what, i.groupKind().String())
	}
	return fmt.Errorf("%s %q, no visitor method exists for {%s %s}", retrieving, i.groupKind().String(), i.Group, i.Kind)
}
