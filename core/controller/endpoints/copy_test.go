package endpoints

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// byHand are Endpoints of subsets in words: "1 2 !3 :80 :443" has the addresses
// 10.0.0.1 and 10.0.0.2, 10.0.0.3 that is not ready, and two ports.
func byHand(subsets ...string) *corev1.Endpoints {
	e := &corev1.Endpoints{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web", UID: "e",
		Labels: map[string]string{"tier": "back"}, Annotations: map[string]string{"note": "x", corev1.LastAppliedConfigAnnotation: "{}"}}}
	for _, words := range subsets {
		var s corev1.EndpointSubset
		for _, word := range strings.Fields(words) {
			var port int32
			if _, err := fmt.Sscanf(word, ":%d", &port); err == nil {
				s.Ports = append(s.Ports, corev1.EndpointPort{Port: port, Protocol: corev1.ProtocolTCP})
				continue
			}
			ip := strings.TrimPrefix(word, "!")
			if !strings.Contains(ip, ":") && ip != "x" {
				ip = "10.0.0." + ip
			}
			if a := (corev1.EndpointAddress{IP: ip}); word[0] == '!' {
				s.NotReadyAddresses = append(s.NotReadyAddresses, a)
			} else {
				s.Addresses = append(s.Addresses, a)
			}
		}
		e.Subsets = append(e.Subsets, s)
	}
	return e
}

// addressed is slices with their names and addresses, in the order of the names.
func addressed(list []*discoveryv1.EndpointSlice) string {
	var out []string
	for _, s := range list {
		var words []string
		for _, e := range s.Endpoints {
			word := strings.TrimPrefix(e.Addresses[0], "10.0.0.")
			if !*e.Conditions.Ready {
				word = "!" + word
			}
			words = append(words, word)
		}
		slices.Sort(words)
		for _, p := range s.Ports {
			words = append(words, fmt.Sprintf(":%d", *p.Port))
		}
		out = append(out, s.Name+"="+strings.Join(words, " "))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func TestCopyFollows(t *testing.T) {
	var have []*discoveryv1.EndpointSlice
	for _, c := range []struct {
		name   string
		e      *corev1.Endpoints
		writes string
		slices string
	}{
		{"nothing to copy", byHand(), "create 0 update 0 delete 0", ""},
		{"addresses without a port", byHand("1"), "create 1 update 0 delete 0", "web-0 0=1"},
		{"a port: the slice goes on as another", byHand("1 :80"), "create 0 update 1 delete 0", "web-0 0=1 :80"},
		{"one is not ready", byHand("1 !2 :80"), "create 0 update 1 delete 0", "web-0 0=!2 1 :80"},
		{"the same, said in two subsets", byHand("1 :80", "!2 :80"), "create 0 update 0 delete 0", "web-0 0=!2 1 :80"},
		{"both ready and not is not", byHand("1 2 :80", "!2 :80"), "create 0 update 0 delete 0", "web-0 0=!2 1 :80"},
		{"two subsets", byHand("1 :80", "2 :443"), "create 1 update 1 delete 0", "web-0 0=1 :80, web-1 0=2 :443"},
		{"the same address at both", byHand("1 :80", "1 :443"), "create 0 update 1 delete 1", "web-0 0=1 :80 :443"},
		{"another family", byHand("1 fd00::1 :80"), "create 1 update 1 delete 0", "web-0 0=1 :80, web-1 0=fd00::1 :80"},
		{"nothing left", byHand(), "create 0 update 0 delete 2", ""},
	} {
		got := copyOf(c.e, have)
		if w := writes(got.plan); w != c.writes {
			t.Errorf("%s: %s, want %s", c.name, w, c.writes)
		}
		have = apply(have, got.plan)
		if a := addressed(have); a != c.slices {
			t.Errorf("%s: %s, want %s", c.name, a, c.slices)
		}
		if again := writes(copyOf(c.e, have).plan); again != "create 0 update 0 delete 0" {
			t.Errorf("%s: a second pass writes: %s", c.name, again)
		}
	}
}

func TestCopyIsMarked(t *testing.T) {
	e := byHand("1 :80")
	s := copyOf(e, nil).create[0]
	if got := fmt.Sprint(s.Labels, s.Annotations, s.GenerateName, s.OwnerReferences[0].Kind, s.OwnerReferences[0].UID); got !=
		"map[endpointslice.kubernetes.io/managed-by:endpointslicemirroring-controller.k8s.io kubernetes.io/service-name:web tier:back] map[note:x]web-Endpointse" {
		t.Error(got)
	}
	s.Name = "web-1"
	for name, change := range map[string]func(*corev1.Endpoints){
		"a label":         func(e *corev1.Endpoints) { e.Labels["tier"] = "front" },
		"an annotation":   func(e *corev1.Endpoints) { e.Annotations["note"] = "y" },
		"others of late":  func(e *corev1.Endpoints) { e.UID = "f" },
		"a host's name":   func(e *corev1.Endpoints) { e.Subsets[0].Addresses[0].Hostname = "a" },
		"the pod's phase": func(e *corev1.Endpoints) { e.Subsets[0].Addresses[0].TargetRef = &corev1.ObjectReference{Name: "p"} },
	} {
		other := byHand("1 :80")
		change(other)
		if p := copyOf(other, []*discoveryv1.EndpointSlice{s}); writes(p.plan) != "create 0 update 1 delete 0" || p.update[0].Name != "web-1" {
			t.Errorf("%s: %s", name, writes(p.plan))
		}
	}
	twin := s.DeepCopy()
	twin.Name = "web-2"
	if p := copyOf(e, []*discoveryv1.EndpointSlice{s, twin}); writes(p.plan) != "create 0 update 0 delete 1" || p.delete[0].Name != "web-2" {
		t.Errorf("a second slice of the same: %s", writes(p.plan))
	}
}

func TestWhatIsNotCopied(t *testing.T) {
	many := []string{"x", ":80"}
	for i := range 1100 {
		many = append(many, fmt.Sprintf("fd00::%x", i+1))
	}
	c := copyOf(byHand(strings.Join(many, " ")), nil)
	if n := len(c.create[0].Endpoints); n != 1000 || c.invalid != 0 || c.left != 101 {
		t.Errorf("%d copied, %d invalid, %d left", n, c.invalid, c.left)
	}
	c = copyOf(byHand("1 x :80"), nil)
	if c.invalid != 1 || c.left != 1 || len(c.create[0].Endpoints) != 1 {
		t.Errorf("%d invalid, %d left", c.invalid, c.left)
	}
	for _, e := range []*corev1.Endpoints{
		{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{discoveryv1.LabelSkipMirror: "true"}}},
		{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{leaderElection: "{}"}}},
	} {
		if mirrored(e) {
			t.Errorf("%v are mirrored", e.ObjectMeta)
		}
	}
	if !mirrored(byHand()) {
		t.Error("those by hand are not")
	}
}
