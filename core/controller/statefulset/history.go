package statefulset

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller"
)

// hashLabel is history.ControllerRevisionHashLabel.
const hashLabel = "controller.kubernetes.io/hash"

// history is a StatefulSet's revisions, oldest first, with the two that matter.
type history struct {
	all             []*appsv1.ControllerRevision
	current, update *appsv1.ControllerRevision
	collisions      int32
}

// history finds the revision of the present template, made or renumbered where
// need be, and that of the last complete roll-out (getStatefulSetRevisions).
func (ss *statefulSets) history(key string, s *appsv1.StatefulSet, selector labels.Selector) (*history, error) {
	h := &history{}
	if c := s.Status.CollisionCount; c != nil {
		h.collisions = *c
	}
	data, err := templatePatch(s)
	if err != nil {
		return nil, err
	}
	if h.all, err = ss.claimRevisions(key, s, selector); err != nil {
		return nil, err
	}
	next := int64(1)
	if n := len(h.all); n > 0 {
		next = h.all[n-1].Revision + 1
	}
	if h.update = newestWith(h.all, data); h.update == nil {
		h.update, err = ss.snapshot(key, s, data, next, &h.collisions)
	} else if !bytes.Equal(h.all[len(h.all)-1].Data.Raw, data) {
		h.update, err = ss.renumber(key, h.update, next)
	}
	if err != nil {
		return nil, err
	}
	h.current = h.update
	for _, r := range h.all {
		if r.Name == s.Status.CurrentRevision {
			h.current = r
		}
	}
	return h, nil
}

func newestWith(all []*appsv1.ControllerRevision, data []byte) *appsv1.ControllerRevision {
	for _, r := range slices.Backward(all) {
		if bytes.Equal(r.Data.Raw, data) {
			return r
		}
	}
	return nil
}

// claimRevisions returns the set's revisions by number, adopting orphans on the way.
func (ss *statefulSets) claimRevisions(key string, s *appsv1.StatefulSet, selector labels.Selector) ([]*appsv1.ControllerRevision, error) {
	all, err := controller.Claim(&controller.Claimant{
		Client: ss.c, Owner: s, Selector: selector,
		Wrote: func(revision int64) { ss.wroteRevisions.Note(key, revision) },
	}, append(ss.revisions.By(controller.ByOwner, string(s.UID)), ss.revisions.By(controller.ByOwner, controller.Orphans(s.Namespace))...))
	slices.SortStableFunc(all, func(a, b *appsv1.ControllerRevision) int {
		return cmp.Or(cmp.Compare(a.Revision, b.Revision), a.CreationTimestamp.Compare(b.CreationTimestamp.Time), strings.Compare(a.Name, b.Name))
	})
	return all, err
}

// templatePatch is what a revision keeps: the strategic merge patch that puts
// the template back. Equal templates give equal bytes.
func templatePatch(s *appsv1.StatefulSet) ([]byte, error) {
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

// snapshot stores the present template as a revision. Where its name is taken
// by another template, the collision count makes another name.
func (ss *statefulSets) snapshot(key string, s *appsv1.StatefulSet, data []byte, number int64, collisions *int32) (*appsv1.ControllerRevision, error) {
	first := api.HashRevision(data, *collisions)
	for {
		r, err := client.Create(ss.c, revision(s, data, number, first, api.HashRevision(data, *collisions)))
		if err == nil {
			ss.wroteRevisions.Note(key, controller.Revision(r))
		}
		if !apierrors.IsAlreadyExists(err) {
			return r, err
		}
		there, err := client.Get[*appsv1.ControllerRevision](ss.c, s.Namespace, s.Name+"-"+api.HashRevision(data, *collisions))
		if err != nil || bytes.Equal(there.Data.Raw, data) {
			return there, err
		}
		*collisions++
	}
}

// revision is a new one: its label keeps the hash that its name began with.
func revision(s *appsv1.StatefulSet, data []byte, number int64, label, hash string) *appsv1.ControllerRevision {
	marked := maps.Clone(s.Spec.Template.Labels)
	if marked == nil {
		marked = map[string]string{}
	}
	marked[hashLabel] = label
	return &appsv1.ControllerRevision{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.Namespace, Name: s.Name + "-" + hash, Labels: marked, Annotations: maps.Clone(s.Annotations),
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(s, api.For(s).GVK())},
		},
		Data: runtime.RawExtension{Raw: data}, Revision: number,
	}
}

func (ss *statefulSets) renumber(key string, r *appsv1.ControllerRevision, number int64) (*appsv1.ControllerRevision, error) {
	r = r.DeepCopy()
	r.Revision = number
	updated, err := client.Update(ss.c, r)
	if err == nil {
		ss.wroteRevisions.Note(key, controller.Revision(updated))
	}
	return updated, err
}

// observed is the beginning of what a pass knows.
func (h *history) observed(s *appsv1.StatefulSet) (observed, error) {
	current, err := versionOf(h.current)
	if err != nil {
		return observed{}, err
	}
	update, err := versionOf(h.update)
	return observed{set: s, current: current, update: update}, err
}

func versionOf(r *appsv1.ControllerRevision) (version, error) {
	var data struct {
		Spec struct{ Template corev1.PodTemplateSpec }
	}
	if err := json.Unmarshal(r.Data.Raw, &data); err != nil {
		return version{}, fmt.Errorf("revision %s: %w", r.Name, err)
	}
	return version{r.Name, &data.Spec.Template}, nil
}

// prune deletes the oldest revisions above the limit that are of no use any
// more. A negative limit keeps all.
func (ss *statefulSets) prune(s *appsv1.StatefulSet, h *history, pods []*corev1.Pod) error {
	for _, r := range superseded(h, pods, int(*s.Spec.RevisionHistoryLimit)) {
		err := client.Delete[*appsv1.ControllerRevision](ss.c, r.Namespace, r.Name, nil)
		if err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	return nil
}

func superseded(h *history, pods []*corev1.Pod, keep int) []*appsv1.ControllerRevision {
	live := map[string]bool{h.current.Name: true, h.update.Name: true}
	for _, pod := range pods {
		live[revisionOf(pod)] = true
	}
	old := slices.DeleteFunc(slices.Clone(h.all), func(r *appsv1.ControllerRevision) bool { return live[r.Name] })
	if keep < 0 || len(old) <= keep {
		return nil
	}
	return old[:len(old)-keep]
}
