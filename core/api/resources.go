package api

import (
	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/runtime"
)

// resources lists every kind served, in discovery's order.
func resources() []*Resource {
	return []*Resource{
		bindings(), componentStatuses(), configMaps(), endpoints(), events(), limitRanges(), namespaces(), nodes(),
		persistentVolumeClaims(), persistentVolumes(), pods(), podTemplates(), replicationControllers(),
		resourceQuotas(), secrets(), serviceAccounts(), services(),
		controllerRevisions(), daemonSets(), deployments(), replicaSets(), statefulSets(),
		newerEvents(),
		selfSubjectReviews(), tokenReviews(),
		localSubjectAccessReviews(), selfSubjectAccessReviews(), selfSubjectRulesReviews(), subjectAccessReviews(),
		horizontalPodAutoscalers(), olderAutoscalers(),
		cronJobs(), jobs(),
		ingressClasses(), ingresses(), ipAddresses(), networkPolicies(), serviceCIDRs(),
		podDisruptionBudgets(),
		clusterRoleBindings(), clusterRoles(), roleBindings(), roles(),
		csiDrivers(), csiNodes(), csiStorageCapacities(), storageClasses(), volumeAttachments(), volumeAttributesClasses(),
		customResourceDefinitions(),
		priorityClasses(),
		leases(),
		runtimeClasses(),
		endpointSlices(),
		nodeMetrics(), podMetrics(),
	}
}

func configMaps() *Resource {
	return &Resource{
		Version: "v1", Kind: "ConfigMap", Plural: "configmaps", Singular: "configmap",
		ShortNames: []string{"cm"}, Namespaced: true,
		New:     func() Object { return &corev1.ConfigMap{} },
		NewList: func() runtime.Object { return &corev1.ConfigMapList{} },

		Validate: validateConfigMap, ValidateUpdate: validateConfigMapUpdate,
		Columns: configMapColumns(), Row: configMapRow,
	}
}

func events() *Resource {
	return &Resource{
		Version: "v1", Kind: "Event", Plural: "events", Singular: "event",
		ShortNames: []string{"ev"}, Namespaced: true,
		New:     func() Object { return &corev1.Event{} },
		NewList: func() runtime.Object { return &corev1.EventList{} },

		CreatedByUpdate: true,
		Validate:        validateEvent, ValidateUpdate: validateEventUpdate,
		ValidateName: validatePathSegment,
		Columns:      eventColumns(), Row: eventRow, Fields: eventFields,
	}
}

func namespaces() *Resource {
	return &Resource{
		Version: "v1", Kind: "Namespace", Plural: "namespaces", Singular: "namespace",
		ShortNames: []string{"ns"}, Subresources: []string{"finalize", "status"}, ReturnsDeleted: true,
		Verbs:   []string{"create", "delete", "get", "list", "patch", "update", "watch"},
		New:     func() Object { return &corev1.Namespace{} },
		NewList: func() runtime.Object { return &corev1.NamespaceList{} },

		Default:       defaultNamespace,
		PrepareCreate: prepareNamespaceCreate, PrepareUpdate: prepareNamespaceUpdate,
		PrepareStatusUpdate: prepareNamespaceStatusUpdate,
		Validate:            validateNamespace, ValidateUpdate: validateNamespaceUpdate,
		ValidateStatusUpdate: validateNamespaceStatusUpdate,
		ValidateName:         validation.ValidateNamespaceName,
		Columns:              namespaceColumns(), Row: namespaceRow, Fields: namespaceFields,
	}
}

func nodes() *Resource {
	return &Resource{
		Version: "v1", Kind: "Node", Plural: "nodes", Singular: "node",
		ShortNames: []string{"no"}, Subresources: []string{"status"},
		New:     func() Object { return &corev1.Node{} },
		NewList: func() runtime.Object { return &corev1.NodeList{} },

		Default:       defaultNode,
		PrepareCreate: prepareNodeCreate, PrepareUpdate: prepareNodeUpdate,
		PrepareStatusUpdate: prepareNodeStatusUpdate,
		Validate:            validateNode, ValidateUpdate: validateNodeUpdate,
		ValidateStatusUpdate: validateNodeChange,
		Warnings:             nodeWarnings,
		Columns:              nodeColumns(), Row: nodeRow, Fields: nodeFields,
	}
}

func pods() *Resource {
	return &Resource{
		Version: "v1", Kind: "Pod", Plural: "pods", Singular: "pod",
		ShortNames: []string{"po"}, Categories: []string{"all"}, Namespaced: true, ReturnsDeleted: true,
		Subresources: []string{"binding", "ephemeralcontainers", "eviction", "log", "resize", "status"},
		New:          func() Object { return &corev1.Pod{} },
		NewList:      func() runtime.Object { return &corev1.PodList{} },

		Default:       defaultPod,
		PrepareCreate: preparePodCreate, PrepareUpdate: preparePodUpdate,
		PrepareStatusUpdate: preparePodStatusUpdate,
		Validate:            validatePod, ValidateUpdate: validatePodUpdate,
		ValidateStatusUpdate: validatePodStatusUpdate,
		Warnings:             podWarnings,
		Columns:              podColumns(), Row: podRow, Fields: podFields,
		GracePeriod: podGracePeriod,
	}
}

func serviceAccounts() *Resource {
	return &Resource{
		Version: "v1", Kind: "ServiceAccount", Plural: "serviceaccounts", Singular: "serviceaccount",
		ShortNames: []string{"sa"}, Namespaced: true, ReturnsDeleted: true, Subresources: []string{"token"},
		New:     func() Object { return &corev1.ServiceAccount{} },
		NewList: func() runtime.Object { return &corev1.ServiceAccountList{} },

		Columns: serviceAccountColumns(), Row: serviceAccountRow,
	}
}

func deployments() *Resource {
	return &Resource{
		Group: "apps", Version: "v1", Kind: "Deployment", Plural: "deployments", Singular: "deployment",
		ShortNames: []string{"deploy"}, Categories: []string{"all"}, Namespaced: true,
		Subresources: []string{"scale", "status"},
		New:          func() Object { return &appsv1.Deployment{} },
		NewList:      func() runtime.Object { return &appsv1.DeploymentList{} },

		Default:       defaultDeployment,
		PrepareCreate: prepareDeploymentCreate, PrepareUpdate: prepareDeploymentUpdate,
		PrepareStatusUpdate: prepareDeploymentStatusUpdate,
		Validate:            validateDeployment, ValidateUpdate: validateDeploymentUpdate,
		ValidateStatusUpdate: validateDeploymentStatusUpdate,
		Warnings:             deploymentWarnings,
		Columns:              deploymentColumns(), Row: deploymentRow,
	}
}

func replicaSets() *Resource {
	return &Resource{
		Group: "apps", Version: "v1", Kind: "ReplicaSet", Plural: "replicasets", Singular: "replicaset",
		ShortNames: []string{"rs"}, Categories: []string{"all"}, Namespaced: true,
		Subresources: []string{"scale", "status"},
		New:          func() Object { return &appsv1.ReplicaSet{} },
		NewList:      func() runtime.Object { return &appsv1.ReplicaSetList{} },

		Default:       defaultReplicaSet,
		PrepareCreate: prepareReplicaSetCreate, PrepareUpdate: prepareReplicaSetUpdate,
		PrepareStatusUpdate: prepareReplicaSetStatusUpdate,
		Validate:            validateReplicaSet, ValidateUpdate: validateReplicaSetUpdate,
		ValidateStatusUpdate: validateReplicaSetStatusUpdate,
		Warnings:             replicaSetWarnings,
		Columns:              replicaSetColumns(), Row: replicaSetRow,
	}
}

func leases() *Resource {
	return &Resource{
		Group: "coordination.k8s.io", Version: "v1", Kind: "Lease", Plural: "leases", Singular: "lease",
		Namespaced: true, CreatedByUpdate: true, NeedsVersion: true,
		New:     func() Object { return &coordinationv1.Lease{} },
		NewList: func() runtime.Object { return &coordinationv1.LeaseList{} },

		Validate: validateLease, ValidateUpdate: validateLeaseUpdate,
		Columns: leaseColumns(), Row: leaseRow,
	}
}
