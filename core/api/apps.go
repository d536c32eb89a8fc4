package api

import (
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Defaults and strategies of Deployments and ReplicaSets, after
// pkg/apis/apps/v1/defaults.go and pkg/registry/apps/{deployment,replicaset}.

func defaultDeployment(obj Object) {
	spec := &obj.(*appsv1.Deployment).Spec
	setIfNil(&spec.Replicas, 1)
	setIfEmpty(&spec.Strategy.Type, appsv1.RollingUpdateDeploymentStrategyType)
	if spec.Strategy.Type == appsv1.RollingUpdateDeploymentStrategyType {
		if spec.Strategy.RollingUpdate == nil {
			spec.Strategy.RollingUpdate = &appsv1.RollingUpdateDeployment{}
		}
		setIfNil(&spec.Strategy.RollingUpdate.MaxUnavailable, intstr.FromString("25%"))
		setIfNil(&spec.Strategy.RollingUpdate.MaxSurge, intstr.FromString("25%"))
	}
	setIfNil(&spec.RevisionHistoryLimit, 10)
	setIfNil(&spec.ProgressDeadlineSeconds, 600)
	defaultPodSpec(&spec.Template.Spec)
}

func prepareDeploymentCreate(obj Object) {
	d := obj.(*appsv1.Deployment)
	d.Status = appsv1.DeploymentStatus{}
	d.Generation = 1
}

// prepareDeploymentUpdate counts annotations as a change too: they are copied
// to the ReplicaSets.
func prepareDeploymentUpdate(obj, old Object) {
	d, oldD := obj.(*appsv1.Deployment), old.(*appsv1.Deployment)
	d.Status = *oldD.Status.DeepCopy()
	same := equality.Semantic.DeepEqual(d.Spec, oldD.Spec) &&
		equality.Semantic.DeepEqual(d.Annotations, oldD.Annotations)
	d.Generation = nextGeneration(oldD.Generation, same)
}

func prepareDeploymentStatusUpdate(obj, old Object) {
	d, oldD := obj.(*appsv1.Deployment), old.(*appsv1.Deployment).DeepCopy()
	d.Spec = oldD.Spec
	d.Labels = oldD.Labels
	d.Generation = oldD.Generation
}

func deploymentWarnings(obj, old Object) []string {
	d := obj.(*appsv1.Deployment)
	if old != nil {
		if d.Generation == old.GetGeneration() {
			return nil
		}
		return templateWarnings(&d.Spec.Template)
	}
	return append(nameWarnings(d.Name, "Pod names and hostnames"), templateWarnings(&d.Spec.Template)...)
}

func defaultReplicaSet(obj Object) {
	spec := &obj.(*appsv1.ReplicaSet).Spec
	setIfNil(&spec.Replicas, 1)
	defaultPodSpec(&spec.Template.Spec)
}

func prepareReplicaSetCreate(obj Object) {
	rs := obj.(*appsv1.ReplicaSet)
	rs.Status = appsv1.ReplicaSetStatus{}
	rs.Generation = 1
}

func prepareReplicaSetUpdate(obj, old Object) {
	rs, oldRS := obj.(*appsv1.ReplicaSet), old.(*appsv1.ReplicaSet)
	rs.Status = *oldRS.Status.DeepCopy()
	rs.Generation = nextGeneration(oldRS.Generation, equality.Semantic.DeepEqual(rs.Spec, oldRS.Spec))
}

func prepareReplicaSetStatusUpdate(obj, old Object) {
	rs, oldRS := obj.(*appsv1.ReplicaSet), old.(*appsv1.ReplicaSet).DeepCopy()
	rs.Spec = oldRS.Spec
	rs.Generation = oldRS.Generation
}

func replicaSetWarnings(obj, old Object) []string {
	rs := obj.(*appsv1.ReplicaSet)
	if old != nil {
		if rs.Generation == old.GetGeneration() {
			return nil
		}
		return templateWarnings(&rs.Spec.Template)
	}
	return append(nameWarnings(rs.Name, "Pod names and hostnames"), templateWarnings(&rs.Spec.Template)...)
}
