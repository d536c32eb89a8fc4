package api

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// webDeployment is what `kubectl create deployment web --image=nginx` sends.
func webDeployment() *appsv1.Deployment {
	labels := map[string]string{"app": "web"}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "default", Labels: labels},
		Spec: appsv1.DeploymentSpec{
			Replicas: ptr.To[int32](1),
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "nginx", Image: "nginx"}}},
			},
		},
	}
}

// The values are the real v1.36.3 controller's, as its ReplicaSets' names show.
func TestComputeHash(t *testing.T) {
	tests := []struct {
		name      string
		collision *int32
		change    func(*corev1.PodTemplateSpec)
		want      string
	}{
		{name: "create deployment web --image=nginx", want: "7887448d46", change: func(*corev1.PodTemplateSpec) {}},
		{name: "set image nginx=nginx:1.27", want: "5f57bf4468", change: func(t *corev1.PodTemplateSpec) {
			t.Spec.Containers[0].Image = "nginx:1.27"
		}},
		{name: "rollout restart", want: "745dd744bc", change: func(t *corev1.PodTemplateSpec) {
			t.Annotations = map[string]string{"kubectl.kubernetes.io/restartedAt": "2026-11-22T13:34:12Z"}
		}},
		{name: "rollout restart, then set image", want: "dd5577768", change: func(t *corev1.PodTemplateSpec) {
			t.Annotations = map[string]string{"kubectl.kubernetes.io/restartedAt": "2026-11-22T13:34:12Z"}
			t.Spec.Containers[0].Image = "nginx:1.28"
		}},
		{name: "create deployment bg --image=nginx", want: "669c74dcdf", change: func(t *corev1.PodTemplateSpec) {
			t.Labels = map[string]string{"app": "bg"}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := webDeployment()
			For(d).Default(d)
			tt.change(&d.Spec.Template)
			if got := ComputeHash(&d.Spec.Template, tt.collision); got != tt.want {
				t.Errorf("ComputeHash = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestComputeHashCollision(t *testing.T) {
	template := &webDeployment().Spec.Template
	seen := map[string]bool{ComputeHash(template, nil): true}
	for n := range int32(3) {
		hash := ComputeHash(template, ptr.To(n))
		if seen[hash] {
			t.Errorf("collision count %d gives %q again", n, hash)
		}
		seen[hash] = true
	}
}

func TestGenerateName(t *testing.T) {
	form := regexp.MustCompile(`^web-[bcdfghjklmnpqrstvwxz2456789]{5}$`)
	a, b := rand.New(rand.NewPCG(1, 2)), rand.New(rand.NewPCG(1, 2))
	for range 100 {
		name := GenerateName("web-", a)
		if !form.MatchString(name) {
			t.Fatalf("GenerateName = %q, want %v", name, form)
		}
		if again := GenerateName("web-", b); again != name {
			t.Fatalf("the same seed gave %q and %q", name, again)
		}
	}
	long := GenerateName(strings.Repeat("x", 80), a)
	if len(long) != 63 {
		t.Errorf("a long base gives %d letters, want 63", len(long))
	}
}
