package kubectl

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"sort"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The rollouts of DaemonSets and StatefulSets, whose history is kept in
// ControllerRevisions (polymorphichelpers/history.go and rollback.go).

// keepsRevisions tells whether a kind's history is kept that way, and how
// upstream writes the kind when its object can't be read.
func keepsRevisions(i *info) (kind string, ok bool) {
	switch kindName(i.groupKind()) {
	case "daemonset.apps":
		return "DaemonSet", true
	case "statefulset.apps":
		return "StatefulSet", true
	}
	return "", false
}

// revised is an object with its revisions, oldest first.
type revised struct {
	obj       *object
	revisions []appsv1.ControllerRevision
}

func (c *call) revised(i *info, kind string) (*revised, error) {
	obj, err := c.get(i.path(), nil)
	if err != nil {
		return nil, fmt.Errorf("failed to retrieve %s %s: %v", kind, i.name, err)
	}
	var workload struct {
		Spec struct{ Selector *metav1.LabelSelector }
	}
	if err := typed(obj, &workload); err != nil {
		return nil, err
	}
	selector, err := metav1.LabelSelectorAsSelector(workload.Spec.Selector)
	if err != nil {
		return nil, fmt.Errorf("failed to create selector for %s %s: %v", kind, i.name, err)
	}
	var list appsv1.ControllerRevisionList
	q := url.Values{"labelSelector": {selector.String()}}
	if err := c.into("/apis/apps/v1/namespaces/"+i.namespace+"/controllerrevisions", q, &list); err != nil {
		return nil, fmt.Errorf("unable to find history controlled by %s %s: %v", kind, i.name, err)
	}
	r := &revised{obj: obj}
	for k := range list.Items {
		if metav1.IsControlledBy(&list.Items[k], obj) {
			r.revisions = append(r.revisions, list.Items[k])
		}
	}
	sort.SliceStable(r.revisions, func(a, b int) bool { return r.revisions[a].Revision < r.revisions[b].Revision })
	return r, nil
}

// template is the pod template that a revision puts back.
func template(r *appsv1.ControllerRevision) (map[string]any, error) {
	var data struct {
		Spec struct{ Template map[string]any }
	}
	if err := json.Unmarshal(r.Data.Raw, &data); err != nil {
		return nil, fmt.Errorf("unable to parse history %s", r.Name)
	}
	delete(data.Spec.Template, "$patch")
	return data.Spec.Template, nil
}

// asSets shows revisions as Deployments' histories are shown.
func (r *revised) asSets() ([]*revisionSet, error) {
	var list []*revisionSet
	for k := range r.revisions {
		content, err := template(&r.revisions[k])
		if err != nil {
			return nil, err
		}
		var pod corev1.PodTemplateSpec
		encoded, err := json.Marshal(content)
		if err == nil {
			err = json.Unmarshal(encoded, &pod)
		}
		if err != nil {
			return nil, fmt.Errorf("unable to parse history %s", r.revisions[k].Name)
		}
		rs := &appsv1.ReplicaSet{Spec: appsv1.ReplicaSetSpec{Template: pod}}
		rs.Annotations = map[string]string{changeCauseAnnotation: r.revisions[k].Annotations[changeCauseAnnotation]}
		list = append(list, &revisionSet{r.revisions[k].Revision, rs})
	}
	return list, nil
}

// revisionHistory is rollout history of a kind that keeps revisions.
func (o *rolloutOptions) revisionHistory(c *call, i *info, kind string, revision int64) error {
	r, err := c.revised(i, kind)
	if err != nil {
		return err
	}
	if o.format != "" {
		return o.revisionObjects(c, r, revision)
	}
	sets, err := r.asSets()
	if err != nil {
		return err
	}
	if revision > 0 {
		for _, s := range sets {
			delete(s.rs.Annotations, changeCauseAnnotation) // only the list shows it
		}
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
}

// revisionObjects prints the object as each revision had it.
func (o *rolloutOptions) revisionObjects(c *call, r *revised, revision int64) error {
	print, err := o.printer("")
	if err != nil {
		return err
	}
	found := false
	for k := range r.revisions {
		if revision > 0 && r.revisions[k].Revision != revision {
			continue
		}
		found = true
		content, err := template(&r.revisions[k])
		if err != nil {
			return err
		}
		was := r.obj.DeepCopy()
		spec(was)["template"] = content
		if err := print(c, was); err != nil {
			return err
		}
	}
	if revision > 0 && !found {
		return errors.New("unable to find the specified revision")
	}
	return nil
}

// restore is rollout undo of a kind that keeps revisions: a revision is the
// patch that puts its template back.
func (o *rolloutUndo) restore(c *call, i *info, kind string) (string, error) {
	if o.to < 0 {
		return "", fmt.Errorf("unable to find specified revision %v in history", o.to)
	}
	r, err := c.revised(i, kind)
	if err != nil {
		return "", err
	}
	to, err := r.pick(o.to)
	if err != nil {
		return "", err
	}
	if o.dry.client() {
		sets, err := (&revised{r.obj, []appsv1.ControllerRevision{*to}}).asSets()
		if err != nil {
			return "", err
		}
		return "will roll back to " + describeTemplateText(&sets[0].rs.Spec.Template), nil
	}
	now := r.obj.DeepCopy()
	content := child(spec(now), "template")
	content["$patch"] = "replace"
	present, err := json.Marshal(map[string]any{"spec": map[string]any{"template": content}})
	if err != nil {
		return "", err
	}
	if bytes.Equal(present, to.Data.Raw) {
		return fmt.Sprintf("skipped rollback (current template already matches revision %d)", o.to), nil
	}
	q := url.Values{}
	o.dry.set(q)
	if _, err := c.fetch(wire{method: "PATCH", path: i.path(), query: q, contentType: strategicType, body: to.Data.Raw}); err != nil {
		return "", fmt.Errorf("failed restoring revision %d: %v", o.to, err)
	}
	return "rolled back", nil
}

// pick finds a revision; 0 means the one before the newest.
func (r *revised) pick(to int64) (*appsv1.ControllerRevision, error) {
	if to == 0 {
		if len(r.revisions) <= 1 {
			return nil, errors.New("no last revision to roll back to")
		}
		return &r.revisions[len(r.revisions)-2], nil
	}
	for k := range r.revisions {
		if r.revisions[k].Revision == to {
			return &r.revisions[k], nil
		}
	}
	return nil, fmt.Errorf("unable to find specified revision %v in history", to)
}
