package statefulset

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func setOf(n int32, change ...func(*appsv1.StatefulSet)) *appsv1.StatefulSet {
	s := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Name: "db", Namespace: "default", UID: "s", Generation: 2}}
	s.Spec.Replicas, s.Spec.ServiceName = &n, "db"
	s.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "db"}}
	s.Spec.Template.Labels = map[string]string{"app": "db"}
	s.Spec.UpdateStrategy = appsv1.StatefulSetUpdateStrategy{
		Type:          appsv1.RollingUpdateStatefulSetStrategyType,
		RollingUpdate: &appsv1.RollingUpdateStatefulSetStrategy{Partition: ptr.To[int32](0)},
	}
	for _, c := range change {
		c(s)
	}
	return s
}

// podsOf makes pods from words like "2o": the ordinal, then o for the old
// version, p for pending, u for running and not ready, d for being deleted,
// f for failed, n for lacking its label.
func podsOf(s *appsv1.StatefulSet, words ...string) []*corev1.Pod {
	var pods []*corev1.Pod
	for _, word := range words {
		var n int
		fmt.Sscanf(word, "%d", &n)
		revision := "new"
		if strings.Contains(word, "o") {
			revision = "old"
		}
		p := podOf(s, &s.Spec.Template, revision, n)
		p.UID, p.Status.Phase = types.UID(p.Name), corev1.PodRunning
		ready := corev1.ConditionTrue
		for _, letter := range word {
			switch letter {
			case 'p':
				p.Status.Phase, ready = corev1.PodPending, corev1.ConditionFalse
			case 'u':
				ready = corev1.ConditionFalse
			case 'd':
				p.DeletionTimestamp = &metav1.Time{Time: noon}
			case 'f':
				p.Status.Phase, ready = corev1.PodFailed, corev1.ConditionFalse
			case 'n':
				delete(p.Labels, appsv1.StatefulSetPodNameLabel)
			}
		}
		p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: ready, LastTransitionTime: metav1.NewTime(noon)}}
		pods = append(pods, p)
	}
	return pods
}

func seenOf(s *appsv1.StatefulSet, words ...string) observed {
	return observed{
		set: s, pods: podsOf(s, words...), now: noon, claims: map[string]*corev1.PersistentVolumeClaim{},
		current: version{"old", &s.Spec.Template}, update: version{"new", &s.Spec.Template},
	}
}

func said(p *plan) string {
	var words []string
	for _, st := range p.steps {
		word := string(st.do) + " " + st.pod.Name
		if st.do == createPod && revisionOf(st.pod) == "old" {
			word += " old"
		}
		for _, c := range st.create {
			word += " +" + c.Name
		}
		for _, c := range st.update {
			word += " ~" + c.Name
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

func parallel(s *appsv1.StatefulSet) { s.Spec.PodManagementPolicy = appsv1.ParallelPodManagement }
func onDelete(s *appsv1.StatefulSet) {
	s.Spec.UpdateStrategy = appsv1.StatefulSetUpdateStrategy{Type: appsv1.OnDeleteStatefulSetStrategyType}
}
func from(n int32) func(*appsv1.StatefulSet) {
	return func(s *appsv1.StatefulSet) { s.Spec.UpdateStrategy.RollingUpdate.Partition = &n }
}
func patient(s *appsv1.StatefulSet) { s.Spec.MinReadySeconds = 10 }
func dying(s *appsv1.StatefulSet)   { s.DeletionTimestamp = &metav1.Time{Time: noon} }
func startAt5(s *appsv1.StatefulSet) {
	s.Spec.Ordinals = &appsv1.StatefulSetOrdinals{Start: 5}
}

func TestDecide(t *testing.T) {
	for _, c := range []struct {
		name string
		set  *appsv1.StatefulSet
		pods string
		want string
	}{
		{"the first", setOf(3), "", "create db-0"},
		{"waits for the first", setOf(3), "0p", ""},
		{"waits until it is ready", setOf(3), "0u", ""},
		{"waits until it is available", setOf(3, patient), "0", ""},
		{"the second", setOf(3), "0", "create db-1"},
		{"a gap", setOf(3), "0 2", "create db-1"},
		{"waits for one that is being deleted", setOf(3), "0d 1 2", ""},
		{"a failed one", setOf(3), "0f 1 2", "delete db-0"},
		{"a failed one that is being deleted", setOf(3), "0fd 1 2", ""},
		{"all there", setOf(3), "0 1 2", ""},
		{"none of a set that is being deleted", setOf(3, dying), "0", ""},
		{"counted from five", setOf(2, startAt5), "5", "create db-6"},
		{"one that lost its label", setOf(1), "0n", "update db-0"},

		{"the last goes", setOf(1), "0 1 2", "delete db-2"},
		{"the next only when it is gone", setOf(1), "0 1 2d", ""},
		{"not while one before it isn't ready", setOf(1), "0u 1 2", ""},
		{"not while another to go isn't ready", setOf(1), "0 1u 2", "delete db-2"},
		{"one to go that isn't ready goes if it is the first", setOf(1), "0 1 2u", "delete db-2"},
		{"two to go that aren't ready", setOf(1), "0 1u 2u", ""},
		{"to none", setOf(0), "0 1", "delete db-1"},

		{"parallel: all at once", setOf(3, parallel), "", "create db-0, create db-1, create db-2"},
		{"parallel: waits for nobody", setOf(3, parallel), "0p", "create db-1, create db-2"},
		{"parallel: all go at once", setOf(1, parallel), "0u 1 2", "delete db-2, delete db-1"},
		{"parallel: updates one by one", setOf(3, parallel), "0o 1o 2o", "delete db-2"},

		{"update: the last first", setOf(3), "0o 1o 2o", "delete db-2"},
		{"update: waits for it to go", setOf(3), "0o 1o 2od", ""},
		{"update: makes it anew", setOf(3), "0o 1o", "create db-2"},
		{"update: waits for it", setOf(3), "0o 1o 2u", ""},
		{"update: the next", setOf(3), "0o 1o 2", "delete db-1"},
		{"update: done", setOf(3), "0 1 2", ""},
		{"update: first what isn't ready", setOf(3), "0o 1ou 2o", ""},
		{"update: down to the partition", setOf(3, from(2)), "0o 1o 2", ""},
		{"update: below the partition the old version", setOf(3, from(2)), "1o 2", "create db-0 old"},
		{"update: on delete", setOf(3, onDelete), "0o 1o 2o", ""},
		{"update: on delete, the new version", setOf(3, onDelete), "0o 1o", "create db-2"},
	} {
		if got := said(decide(seenOf(c.set, strings.Fields(c.pods)...))); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func withClaim(whenDeleted, whenScaled appsv1.PersistentVolumeClaimRetentionPolicyType) func(*appsv1.StatefulSet) {
	return func(s *appsv1.StatefulSet) {
		s.Spec.VolumeClaimTemplates = []corev1.PersistentVolumeClaim{{ObjectMeta: metav1.ObjectMeta{Name: "data", Labels: map[string]string{"own": "yes"}}}}
		s.Spec.PersistentVolumeClaimRetentionPolicy = &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{
			WhenDeleted: whenDeleted, WhenScaled: whenScaled,
		}
	}
}

const (
	keepIt = appsv1.RetainPersistentVolumeClaimRetentionPolicyType
	dropIt = appsv1.DeletePersistentVolumeClaimRetentionPolicyType
)

func TestClaims(t *testing.T) {
	for _, c := range []struct {
		name   string
		set    *appsv1.StatefulSet
		pods   string
		claims []string // name, and after a space who owns it
		want   string
	}{
		{"made with the pod", setOf(1, withClaim(keepIt, keepIt)), "", nil, "create db-0 +data-db-0"},
		{"found", setOf(1, withClaim(keepIt, keepIt)), "", []string{"data-db-0"}, "create db-0"},
		{"made while the pod is pending", setOf(1, withClaim(keepIt, keepIt)), "0p", nil, " db-0 +data-db-0"},
		{"not made for a pod that runs", setOf(1, withClaim(keepIt, keepIt)), "0", nil, ""},
		{"given to the set", setOf(1, withClaim(dropIt, keepIt)), "0", []string{"data-db-0"}, " db-0 ~data-db-0"},
		{"given already", setOf(1, withClaim(dropIt, keepIt)), "0", []string{"data-db-0 set"}, ""},
		{"taken back", setOf(1, withClaim(keepIt, keepIt)), "0", []string{"data-db-0 set"}, " db-0 ~data-db-0"},
		{"given to a pod that goes", setOf(0, withClaim(dropIt, dropIt)), "0", []string{"data-db-0 set"}, " db-0 ~data-db-0, delete db-0"},
		{"kept when scaled", setOf(0, withClaim(dropIt, keepIt)), "0", []string{"data-db-0 set"}, "delete db-0"},
		{"of an earlier pod", setOf(1, withClaim(keepIt, dropIt)), "", []string{"data-db-0 earlier"}, ""},
		{"of somebody else", setOf(1, withClaim(dropIt, keepIt)), "0", []string{"data-db-0 other"}, ""},
	} {
		seen := seenOf(c.set, strings.Fields(c.pods)...)
		for _, word := range c.claims {
			name, owner, _ := strings.Cut(word, " ")
			claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: name}}
			switch owner {
			case "set":
				claim.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(c.set, appsv1.SchemeGroupVersion.WithKind("StatefulSet"))}
			case "earlier":
				p := podsOf(c.set, "0")[0]
				p.UID = "earlier"
				claim.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(p, podKind)}
			case "other":
				claim.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: "x", UID: "x", Controller: ptr.To(true)}}
			}
			seen.claims[name] = claim
		}
		if got := said(decide(seen)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestPodOf(t *testing.T) {
	s := setOf(1, withClaim(keepIt, keepIt))
	s.Spec.Template.Spec.Volumes = []corev1.Volume{{Name: "data"}, {Name: "tmp"}}
	p := podOf(s, &s.Spec.Template, "db-abc", 2)
	want := map[string]string{
		"app": "db", "apps.kubernetes.io/pod-index": "2", "controller-revision-hash": "db-abc", "statefulset.kubernetes.io/pod-name": "db-2",
	}
	if diff := cmp.Diff(want, p.Labels); diff != "" || p.Name != "db-2" || p.Spec.Hostname != "db-2" || p.Spec.Subdomain != "db" {
		t.Errorf("%s %+v\n%s", p.Name, p.Spec, diff)
	}
	if v := p.Spec.Volumes; len(v) != 2 || v[0].PersistentVolumeClaim.ClaimName != "data-db-2" || v[1].Name != "tmp" {
		t.Errorf("volumes %+v", v)
	}
	claim := claimOf(s, &s.Spec.VolumeClaimTemplates[0], 2)
	if diff := cmp.Diff(map[string]string{"own": "yes", "app": "db"}, claim.Labels); diff != "" || claim.Namespace != "default" {
		t.Errorf("claim %+v", claim.ObjectMeta)
	}
}

func TestStatus(t *testing.T) {
	s := setOf(4, patient)
	seen := seenOf(s, "0o", "1od", "2u", "3")
	seen.now = noon.Add(time.Minute)
	seen.pods[3].Status.Conditions[0].LastTransitionTime = metav1.NewTime(noon.Add(55 * time.Second))
	got := decide(seen).status(1)
	want := appsv1.StatefulSetStatus{
		ObservedGeneration: 2, CollisionCount: ptr.To[int32](1), CurrentRevision: "old", UpdateRevision: "new",
		Replicas: 4, ReadyReplicas: 3, AvailableReplicas: 2, CurrentReplicas: 1, UpdatedReplicas: 2,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if done := decide(seenOf(setOf(2), "0", "1")).status(0); done.CurrentRevision != "new" || done.CurrentReplicas != 2 {
		t.Errorf("when all are updated: %+v", done)
	}
	if next := decide(seenOf(setOf(2), "0o", "1o")).status(0); next.CurrentReplicas != 1 {
		t.Errorf("when one is taken away: %+v", next)
	}
}

func TestSuperseded(t *testing.T) {
	h := &history{}
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		h.all = append(h.all, &appsv1.ControllerRevision{ObjectMeta: metav1.ObjectMeta{Name: name}})
	}
	h.current, h.update = h.all[2], h.all[4]
	p := podsOf(setOf(1), "0")
	p[0].Labels[appsv1.StatefulSetRevisionLabel] = "a"
	for keep, want := range map[int][]string{0: {"b", "d"}, 1: {"b"}, 2: nil, -1: nil} {
		var got []string
		for _, r := range superseded(h, p, keep) {
			got = append(got, r.Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("keeping %d: %v go, want %v", keep, got, want)
		}
	}
}

func TestOrdinal(t *testing.T) {
	for name, want := range map[string]int{"db-0": 0, "db-12": 12, "my-db-3": 3, "db": -1, "db-x": -1, "db-99999999999": -1, "db--1": 1} {
		if _, n := ordinal(name); n != want {
			t.Errorf("%s: %d, want %d", name, n, want)
		}
	}
}
