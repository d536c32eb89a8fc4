package api

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// BenchmarkCreatePod is what the API server does here for each pod it makes.
func BenchmarkCreatePod(b *testing.B) {
	d := webDeployment()
	For(d).Default(d)
	made := &corev1.Pod{Spec: d.Spec.Template.Spec}
	made.Name, made.Namespace = "web-7887448d46-abcde", "default"
	r := For(made)
	b.ReportAllocs()
	for b.Loop() {
		pod := made.DeepCopy()
		r.Default(pod)
		SetServiceAccount(pod)
		UseServiceAccount(pod, &corev1.ServiceAccount{}, "abcde")
		if err := SetPriority(pod, nil); err != nil {
			b.Fatal(err)
		}
		SetDefaultTolerations(pod)
		r.PrepareCreate(pod)
		if errs := append(ValidateMeta(r, pod), r.Validate(pod)...); len(errs) > 0 {
			b.Fatal(errs)
		}
		r.Warnings(pod, nil)
		if _, err := EncodeStorage(pod); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkComputeHash(b *testing.B) {
	d := webDeployment()
	For(d).Default(d)
	b.ReportAllocs()
	for b.Loop() {
		ComputeHash(&d.Spec.Template, nil)
	}
}
