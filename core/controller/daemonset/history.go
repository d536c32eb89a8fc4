package daemonset

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller"
)

const hashLabel = appsv1.ControllerRevisionHashLabelKey

// history returns the revision of the present template, made or renumbered
// where need be, and those of others (constructHistory in update.go).
func (ds *daemonSets) history(key string, s *appsv1.DaemonSet) (now *appsv1.ControllerRevision, old []*appsv1.ControllerRevision, err error) {
	data, err := templatePatch(s)
	if err != nil {
		return nil, nil, err
	}
	all, err := ds.claimRevisions(key, s)
	if err != nil {
		return nil, nil, err
	}
	var same []*appsv1.ControllerRevision
	next := int64(1)
	for _, r := range all {
		if bytes.Equal(r.Data.Raw, data) {
			same = append(same, r)
			continue
		}
		old = append(old, r)
		next = max(next, r.Revision+1)
	}
	if len(same) == 0 {
		now, err = ds.snapshot(key, s, data, next)
		return now, old, err
	}
	now, err = ds.keepOne(key, s, same)
	if err != nil || now.Revision >= next {
		return now, old, err
	}
	renumbered := now.DeepCopy()
	renumbered.Revision = next
	updated, err := client.Update(ds.c, renumbered)
	if err == nil {
		ds.wroteRevisions.Note(key, controller.Revision(updated))
	}
	return now, old, err
}

func (ds *daemonSets) claimRevisions(key string, s *appsv1.DaemonSet) ([]*appsv1.ControllerRevision, error) {
	selector, err := metav1.LabelSelectorAsSelector(s.Spec.Selector)
	if err != nil {
		return nil, err
	}
	return controller.Claim(&controller.Claimant{
		Client: ds.c, Owner: s, Selector: selector,
		Wrote: func(revision int64) { ds.wroteRevisions.Note(key, revision) },
	}, append(ds.revisions.By(controller.ByOwner, string(s.UID)), ds.revisions.By(controller.ByOwner, controller.Orphans(s.Namespace))...))
}

// templatePatch is what a revision keeps: the strategic merge patch that puts
// the template back. Equal templates give equal bytes.
func templatePatch(s *appsv1.DaemonSet) ([]byte, error) {
	encoded, err := json.Marshal(&s.Spec.Template)
	if err != nil {
		return nil, err
	}
	var template map[string]any
	if err := json.Unmarshal(encoded, &template); err != nil {
		return nil, err
	}
	template["$patch"] = "replace"
	return json.Marshal(map[string]any{"spec": map[string]any{"template": template}})
}

// snapshot stores the present template as a revision. One of that name and
// content may be there already, unseen; other content means that two templates
// have the same hash, which the collision count is for.
func (ds *daemonSets) snapshot(key string, s *appsv1.DaemonSet, data []byte, number int64) (*appsv1.ControllerRevision, error) {
	hash := api.ComputeHash(&s.Spec.Template, s.Status.CollisionCount)
	labels := map[string]string{hashLabel: hash}
	for k, v := range s.Spec.Template.Labels {
		if k != hashLabel {
			labels[k] = v
		}
	}
	annotations := map[string]string{}
	for k, v := range s.Annotations {
		annotations[k] = v
	}
	r, err := client.Create(ds.c, &appsv1.ControllerRevision{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.Namespace, Name: s.Name + "-" + hash, Labels: labels, Annotations: annotations,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(s, api.For(s).GVK())},
		},
		Data: runtime.RawExtension{Raw: data}, Revision: number,
	})
	if apierrors.IsAlreadyExists(err) {
		return ds.collided(s, data, s.Name+"-"+hash, err)
	}
	if err == nil {
		ds.wroteRevisions.Note(key, controller.Revision(r))
	}
	return r, err
}

// collided returns the revision that has the name if it has the content too.
func (ds *daemonSets) collided(s *appsv1.DaemonSet, data []byte, name string, exists error) (*appsv1.ControllerRevision, error) {
	there, err := client.Get[*appsv1.ControllerRevision](ds.c, s.Namespace, name)
	if err != nil {
		return nil, err
	}
	if bytes.Equal(there.Data.Raw, data) {
		return there, nil
	}
	fresh, err := client.Get[*appsv1.DaemonSet](ds.c, s.Namespace, s.Name)
	if err != nil {
		return nil, err
	}
	count := int32(0)
	if c := fresh.Status.CollisionCount; c != nil {
		count = *c
	}
	if was := s.Status.CollisionCount; count != 0 && (was == nil || *was != count) {
		return nil, fmt.Errorf("found a stale collision count of DaemonSet %q while processing; will retry until it is updated", s.Name)
	}
	count++
	fresh = fresh.DeepCopy()
	fresh.Status.CollisionCount = &count
	if _, err := client.UpdateStatus(ds.c, fresh); err != nil {
		return nil, err
	}
	return nil, exists
}

// keepOne returns the newest of several revisions of one template, after the
// pods of the others have been given its hash and the others have gone.
func (ds *daemonSets) keepOne(key string, s *appsv1.DaemonSet, same []*appsv1.ControllerRevision) (*appsv1.ControllerRevision, error) {
	keep := slices.MaxFunc(same, func(a, b *appsv1.ControllerRevision) int { return int(a.Revision - b.Revision) })
	if len(same) == 1 {
		return keep, nil
	}
	hash := keep.Labels[hashLabel]
	for _, pod := range ds.pods.By(controller.ByOwner, string(s.UID)) {
		if pod.Labels[hashLabel] == hash {
			continue
		}
		patched, err := client.Patch(ds.c, pod.Namespace, pod.Name, "", func(p *corev1.Pod) {
			p.Labels[hashLabel] = hash
		})
		if err != nil {
			return nil, err
		}
		ds.wrotePods.Note(key, controller.Revision(patched))
	}
	for _, r := range same {
		if r == keep {
			continue
		}
		if err := client.Delete[*appsv1.ControllerRevision](ds.c, r.Namespace, r.Name, nil); err != nil {
			return nil, err
		}
	}
	return keep, nil
}

// prune deletes the oldest revisions above the limit that no pod is of.
func (ds *daemonSets) prune(s *appsv1.DaemonSet, old []*appsv1.ControllerRevision, pods []*corev1.Pod) error {
	for _, r := range superseded(old, pods, int(*s.Spec.RevisionHistoryLimit)) {
		if err := client.Delete[*appsv1.ControllerRevision](ds.c, r.Namespace, r.Name, nil); err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("failed to clean up revisions of DaemonSet: %w", err)
		}
	}
	return nil
}

// superseded are the revisions to go, oldest first.
func superseded(old []*appsv1.ControllerRevision, pods []*corev1.Pod, keep int) []*appsv1.ControllerRevision {
	extra := len(old) - keep
	live := map[string]bool{}
	for _, pod := range pods {
		live[pod.Labels[hashLabel]] = true
	}
	old = slices.Clone(old)
	slices.SortStableFunc(old, func(a, b *appsv1.ControllerRevision) int { return int(a.Revision - b.Revision) })
	var out []*appsv1.ControllerRevision
	for _, r := range old {
		if len(out) < extra && !live[r.Labels[hashLabel]] {
			out = append(out, r)
		}
	}
	return out
}
