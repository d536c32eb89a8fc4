package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/intstr"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Validation of the kinds that need little of it, after pkg/apis/<group>/validation.

var dataPath = field.NewPath("data")

func validateSecret(s *corev1.Secret) field.ErrorList {
	var errs field.ErrorList
	size := 0
	for _, key := range sortedKeys(s.Data) {
		errs = append(errs, invalid(dataPath.Key(key), key, utilvalidation.IsConfigMapKey(key))...)
		size += len(s.Data[key])
	}
	if size > corev1.MaxSecretSize {
		errs = append(errs, field.TooLong(dataPath, "", corev1.MaxSecretSize))
	}
	required := func(keys ...string) {
		for _, key := range keys {
			if _, ok := s.Data[key]; !ok {
				errs = append(errs, field.Required(dataPath.Key(key), ""))
			}
		}
	}
	switch s.Type {
	case corev1.SecretTypeServiceAccountToken:
		if s.Annotations[corev1.ServiceAccountNameKey] == "" {
			errs = append(errs, field.Required(metadataPath.Child("annotations").Key(corev1.ServiceAccountNameKey), ""))
		}
	case corev1.SecretTypeDockercfg:
		errs = append(errs, validateJSONData(s, corev1.DockerConfigKey)...)
	case corev1.SecretTypeDockerConfigJson:
		errs = append(errs, validateJSONData(s, corev1.DockerConfigJsonKey)...)
	case corev1.SecretTypeBasicAuth:
		_, user := s.Data[corev1.BasicAuthUsernameKey]
		if _, password := s.Data[corev1.BasicAuthPasswordKey]; !user && !password {
			required(corev1.BasicAuthUsernameKey, corev1.BasicAuthPasswordKey)
		}
	case corev1.SecretTypeSSHAuth:
		if len(s.Data[corev1.SSHAuthPrivateKey]) == 0 {
			errs = append(errs, field.Required(dataPath.Key(corev1.SSHAuthPrivateKey), ""))
		}
	case corev1.SecretTypeTLS:
		required(corev1.TLSCertKey, corev1.TLSPrivateKeyKey)
	}
	return errs
}

func validateJSONData(s *corev1.Secret, key string) field.ErrorList {
	data, ok := s.Data[key]
	if !ok {
		return field.ErrorList{field.Required(dataPath.Key(key), "")}
	}
	if err := json.Unmarshal(data, &map[string]any{}); err != nil {
		return field.ErrorList{field.Invalid(dataPath.Key(key), "<secret contents redacted>", err.Error())}
	}
	return nil
}

func validateSecretUpdate(s, old *corev1.Secret) field.ErrorList {
	const message = "field is immutable when `immutable` is set"
	errs := immutable(s.Type, old.Type, field.NewPath("type"))
	if old.Immutable != nil && *old.Immutable {
		if s.Immutable == nil || !*s.Immutable {
			errs = append(errs, field.Forbidden(field.NewPath("immutable"), message))
		}
		if !maps.EqualFunc(s.Data, old.Data, bytes.Equal) {
			errs = append(errs, field.Forbidden(dataPath, message))
		}
	}
	return append(errs, validateSecret(s)...)
}

func validateReplicationController(rc *corev1.ReplicationController) field.ErrorList {
	spec, p := &rc.Spec, specPath.Child("template")
	errs := notNegative(spec.MinReadySeconds, specPath.Child("minReadySeconds"))
	if labels.Set(spec.Selector).AsSelector().Empty() {
		errs = append(errs, field.Required(specPath.Child("selector"), ""))
	}
	errs = append(errs, notNegative(*spec.Replicas, specPath.Child("replicas"))...)
	if spec.Template == nil {
		return append(errs, field.Required(p, ""))
	}
	more := validateReplicaTemplate(labels.Set(spec.Selector).AsSelector(), spec.Template, p)
	for _, e := range more {
		e.Detail = strings.Replace(e.Detail, "in ReplicaSet is", "in ReplicationController is", 1)
	}
	return append(errs, more...)
}

func validateReplicationControllerUpdate(rc, _ *corev1.ReplicationController) field.ErrorList {
	return validateReplicationController(rc)
}

func validatePodTemplate(t *corev1.PodTemplate) field.ErrorList {
	return validateTemplate(&t.Template, field.NewPath("template"))
}

func validatePodTemplateUpdate(t, _ *corev1.PodTemplate) field.ErrorList {
	return validatePodTemplate(t)
}

func validatePodDisruptionBudget(b *policyv1.PodDisruptionBudget) field.ErrorList {
	spec := &b.Spec
	var errs field.ErrorList
	if spec.MinAvailable != nil && spec.MaxUnavailable != nil {
		errs = append(errs, field.Invalid(specPath, internalBudget{spec.MinAvailable, spec.Selector, spec.MaxUnavailable, spec.UnhealthyPodEvictionPolicy},
			"minAvailable and maxUnavailable cannot be both set"))
	}
	for _, f := range []struct {
		name  string
		value *intstr.IntOrString
	}{{"minAvailable", spec.MinAvailable}, {"maxUnavailable", spec.MaxUnavailable}} {
		if f.value != nil {
			errs = append(errs, validateIntOrPercent(*f.value, specPath.Child(f.name))...)
			if f.value.Type == intstr.String && intOrPercent(*f.value) > 100 {
				errs = append(errs, field.Invalid(specPath.Child(f.name), *f.value, "must not be greater than 100%"))
			}
		}
	}
	errs = append(errs, validateSelector(spec.Selector, specPath.Child("selector"))...)
	if policy := spec.UnhealthyPodEvictionPolicy; policy != nil {
		errs = append(errs, supported(*policy, specPath.Child("unhealthyPodEvictionPolicy"), policyv1.AlwaysAllow, policyv1.IfHealthyBudget)...)
	}
	return errs
}

// internalBudget prints a budget as upstream's internal type does, without JSON names.
type internalBudget struct {
	MinAvailable               *intstr.IntOrString
	Selector                   any
	MaxUnavailable             *intstr.IntOrString
	UnhealthyPodEvictionPolicy *policyv1.UnhealthyPodEvictionPolicyType
}

func validatePodDisruptionBudgetUpdate(b, _ *policyv1.PodDisruptionBudget) field.ErrorList {
	return validatePodDisruptionBudget(b)
}

func validatePodDisruptionBudgetStatusUpdate(b, _ *policyv1.PodDisruptionBudget) field.ErrorList {
	p, s := field.NewPath("status"), &b.Status
	errs := metavalidation.ValidateConditions(s.Conditions, p.Child("conditions"))
	return append(errs, notNegatives(p, namedInt{"disruptionsAllowed", int64(s.DisruptionsAllowed)},
		namedInt{"currentHealthy", int64(s.CurrentHealthy)}, namedInt{"desiredHealthy", int64(s.DesiredHealthy)},
		namedInt{"expectedPods", int64(s.ExpectedPods)})...)
}

// highestUserPriority is the most that a class of one's own may be worth.
const highestUserPriority = 1_000_000_000

var systemPriorities = map[string]int32{"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}

func validatePriorityClass(c *schedulingv1.PriorityClass) field.ErrorList {
	var errs field.ErrorList
	if strings.HasPrefix(c.Name, "system-") {
		if err := notSystemPriority(c); err != "" {
			errs = append(errs, field.Forbidden(metadataPath.Child("name"),
				"priority class names with 'system-' prefix are reserved for system use only. error: "+err))
		}
	} else if c.Value > highestUserPriority {
		errs = append(errs, field.Forbidden(field.NewPath("value"),
			fmt.Sprintf("maximum allowed value of a user defined priority is %d", highestUserPriority)))
	}
	if c.PreemptionPolicy != nil {
		errs = append(errs, oneOf(*c.PreemptionPolicy, field.NewPath("preemptionPolicy"), corev1.PreemptLowerPriority, corev1.PreemptNever)...)
	}
	return errs
}

// notSystemPriority says why a class is not one of the two built in.
func notSystemPriority(c *schedulingv1.PriorityClass) string {
	value, known := systemPriorities[c.Name]
	switch {
	case !known:
		return c.Name + " is not a known system priority class"
	case c.Value != value:
		return fmt.Sprintf("value of %v PriorityClass must be %v", c.Name, value)
	case c.GlobalDefault:
		return fmt.Sprintf("globalDefault of %v PriorityClass must be false", c.Name)
	}
	return ""
}

func validatePriorityClassUpdate(c, old *schedulingv1.PriorityClass) field.ErrorList {
	var errs field.ErrorList
	if c.Value != old.Value {
		errs = append(errs, field.Forbidden(field.NewPath("value"), "may not be changed in an update."))
	}
	return append(errs, immutable(c.PreemptionPolicy, old.PreemptionPolicy, field.NewPath("preemptionPolicy"))...)
}

func validateRuntimeClass(c *nodev1.RuntimeClass) field.ErrorList {
	errs := validateDNSLabel(c.Handler, field.NewPath("handler"))
	if c.Overhead != nil {
		for _, name := range sortedKeys(c.Overhead.PodFixed) {
			errs = append(errs, validateAmount(name, c.Overhead.PodFixed[name], field.NewPath("overhead", "podFixed").Key(string(name)))...)
		}
	}
	if c.Scheduling != nil {
		p := field.NewPath("scheduling")
		errs = append(errs, validateLabels(c.Scheduling.NodeSelector, p.Child("nodeSelector"))...)
		errs = append(errs, validateTolerations(c.Scheduling.Tolerations, p.Child("tolerations"))...)
	}
	return errs
}

func validateRuntimeClassUpdate(c, old *nodev1.RuntimeClass) field.ErrorList {
	return append(validateRuntimeClass(c), immutable(c.Handler, old.Handler, field.NewPath("handler"))...)
}

func validateStorageClass(c *storagev1.StorageClass) field.ErrorList {
	p := field.NewPath("provisioner")
	var errs field.ErrorList
	if c.Provisioner == "" {
		errs = append(errs, field.Required(p, ""))
	} else {
		errs = append(errs, validateQualifiedName(strings.ToLower(c.Provisioner), p)...)
	}
	if policy := c.ReclaimPolicy; policy != nil && *policy != "" {
		errs = append(errs, supported(*policy, field.NewPath("reclaimPolicy"), corev1.PersistentVolumeReclaimDelete, corev1.PersistentVolumeReclaimRetain)...)
	}
	if mode := c.VolumeBindingMode; mode != nil {
		errs = append(errs, supported(*mode, field.NewPath("volumeBindingMode"), storagev1.VolumeBindingImmediate, storagev1.VolumeBindingWaitForFirstConsumer)...)
	}
	return errs
}

func validateStorageClassUpdate(c, old *storagev1.StorageClass) field.ErrorList {
	errs := immutable(c.Parameters, old.Parameters, field.NewPath("parameters"))
	errs = append(errs, immutable(c.Provisioner, old.Provisioner, field.NewPath("provisioner"))...)
	errs = append(errs, immutable(c.ReclaimPolicy, old.ReclaimPolicy, field.NewPath("reclaimPolicy"))...)
	return append(errs, immutable(c.VolumeBindingMode, old.VolumeBindingMode, field.NewPath("volumeBindingMode"))...)
}

func validatePersistentVolume(pv *corev1.PersistentVolume) field.ErrorList {
	spec := &pv.Spec
	modes, capacity := specPath.Child("accessModes"), specPath.Child("capacity")
	var errs field.ErrorList
	if len(spec.AccessModes) == 0 {
		errs = append(errs, field.Required(modes, ""))
	}
	errs = append(errs, validateAccessModes(spec.AccessModes, modes)...)
	if len(spec.Capacity) == 0 {
		errs = append(errs, field.Required(capacity, ""))
	}
	if _, ok := spec.Capacity[corev1.ResourceStorage]; !ok || len(spec.Capacity) > 1 {
		errs = append(errs, field.NotSupported(capacity, spec.Capacity, []corev1.ResourceName{corev1.ResourceStorage}))
	}
	for _, name := range sortedKeys(spec.Capacity) {
		size := spec.Capacity[name]
		if size.Value() < 0 {
			errs = append(errs, field.Invalid(capacity.Key(string(name)), size.Value(), "must be a valid resource quantity"))
		}
		if size.Sign() <= 0 {
			errs = append(errs, field.Invalid(capacity.Key(string(name)), size.String(), "must be greater than zero"))
		}
	}
	errs = append(errs, supported(spec.PersistentVolumeReclaimPolicy, specPath.Child("persistentVolumeReclaimPolicy"),
		corev1.PersistentVolumeReclaimDelete, corev1.PersistentVolumeReclaimRecycle, corev1.PersistentVolumeReclaimRetain)...)
	if spec.PersistentVolumeSource == (corev1.PersistentVolumeSource{}) {
		errs = append(errs, field.Required(specPath, "must specify a volume type"))
	}
	if path := spec.HostPath; path != nil && path.Path == "" {
		errs = append(errs, field.Required(specPath.Child("hostPath", "path"), ""))
	}
	if spec.Local != nil && spec.NodeAffinity == nil {
		errs = append(errs, field.Required(specPath.Child("nodeAffinity"), "Local volume requires node affinity"))
	}
	if spec.StorageClassName != "" {
		errs = append(errs, validateDNSSubdomain(spec.StorageClassName, specPath.Child("storageClassName"))...)
	}
	if mode := spec.VolumeMode; mode != nil {
		errs = append(errs, supported(*mode, specPath.Child("volumeMode"), corev1.PersistentVolumeBlock, corev1.PersistentVolumeFilesystem)...)
	}
	return errs
}

func validatePersistentVolumeUpdate(pv, old *corev1.PersistentVolume) field.ErrorList {
	errs := validatePersistentVolume(pv)
	if !equality.Semantic.DeepEqual(pv.Spec.PersistentVolumeSource, old.Spec.PersistentVolumeSource) {
		errs = append(errs, field.Forbidden(specPath.Child("persistentvolumesource"), "spec.persistentvolumesource is immutable after creation"))
	}
	return append(errs, immutable(pv.Spec.VolumeMode, old.Spec.VolumeMode, field.NewPath("volumeMode"))...)
}

func validateAccessModes(list []corev1.PersistentVolumeAccessMode, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	one, others := false, false
	for _, mode := range list {
		wrong := supported(mode, p, accessModes...)
		errs = append(errs, wrong...)
		one = one || mode == corev1.ReadWriteOncePod
		others = others || mode != corev1.ReadWriteOncePod && len(wrong) == 0
	}
	if one && others {
		errs = append(errs, field.Forbidden(p, "may not use ReadWriteOncePod with other access modes"))
	}
	return errs
}

func validateEndpoints(ep *corev1.Endpoints) field.ErrorList {
	var errs field.ErrorList
	for i, subset := range ep.Subsets {
		p := field.NewPath("subsets").Index(i)
		if len(subset.Addresses)+len(subset.NotReadyAddresses) == 0 {
			errs = append(errs, field.Required(p, "must specify `addresses` or `notReadyAddresses`"))
		}
		errs = append(errs, validateEndpointAddresses(subset.Addresses, p.Child("addresses"))...)
		errs = append(errs, validateEndpointAddresses(subset.NotReadyAddresses, p.Child("notReadyAddresses"))...)
		for j, port := range subset.Ports {
			at := p.Child("ports").Index(j)
			if port.Name == "" && len(subset.Ports) > 1 {
				errs = append(errs, field.Required(at.Child("name"), ""))
			} else if port.Name != "" {
				errs = append(errs, validateDNSLabel(port.Name, at.Child("name"))...)
			}
			errs = append(errs, invalid(at.Child("port"), port.Port, utilvalidation.IsValidPortNum(int(port.Port)))...)
			errs = append(errs, oneOf(port.Protocol, at.Child("protocol"), corev1.ProtocolSCTP, corev1.ProtocolTCP, corev1.ProtocolUDP)...)
		}
	}
	return errs
}

func validateEndpointAddresses(list []corev1.EndpointAddress, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, address := range list {
		at := p.Index(i)
		errs = append(errs, utilvalidation.IsValidIPForLegacyField(at.Child("ip"), address.IP, strictIPs, nil)...)
		errs = append(errs, validateEndpointIP(address.IP, at.Child("ip"))...)
		if address.Hostname != "" {
			errs = append(errs, validateDNSLabel(address.Hostname, at.Child("hostname"))...)
		}
		if address.NodeName != nil {
			errs = append(errs, validateDNSSubdomain(*address.NodeName, at.Child("nodeName"))...)
		}
	}
	return errs
}

func validateEndpointsUpdate(ep, _ *corev1.Endpoints) field.ErrorList { return validateEndpoints(ep) }

func validateAutoscaler(h *autoscalingv2.HorizontalPodAutoscaler) field.ErrorList {
	spec := &h.Spec
	least, most := specPath.Child("minReplicas"), specPath.Child("maxReplicas")
	var errs field.ErrorList
	if spec.MinReplicas != nil && *spec.MinReplicas < 1 {
		errs = append(errs, field.Invalid(least, *spec.MinReplicas, "must be greater than or equal to 1"))
	}
	if spec.MaxReplicas == 0 {
		errs = append(errs, field.Required(most, "must be set and greater than 0"))
	} else if spec.MaxReplicas < 0 {
		errs = append(errs, field.Invalid(most, spec.MaxReplicas, "must be greater than or equal to 1"))
	}
	if spec.MinReplicas != nil && spec.MaxReplicas < *spec.MinReplicas {
		errs = append(errs, field.Invalid(most, spec.MaxReplicas, "must be greater than or equal to `minReplicas`"))
	}
	errs = append(errs, validateScaleTarget(spec.ScaleTargetRef, specPath.Child("scaleTargetRef"))...)
	for i := range spec.Metrics {
		errs = append(errs, validateMetric(&spec.Metrics[i], specPath.Child("metrics").Index(i))...)
	}
	if spec.MinReplicas != nil && *spec.MinReplicas == 0 && !slices.ContainsFunc(spec.Metrics, func(m autoscalingv2.MetricSpec) bool {
		return m.Type == autoscalingv2.ObjectMetricSourceType || m.Type == autoscalingv2.ExternalMetricSourceType
	}) {
		errs = append(errs, field.Forbidden(specPath.Child("metrics"),
			"must specify at least one Object or External metric to support scaling to zero replicas"))
	}
	if b := spec.Behavior; b != nil {
		errs = append(errs, validateScalingRules(b.ScaleUp, specPath.Child("behavior", "scaleUp"))...)
		errs = append(errs, validateScalingRules(b.ScaleDown, specPath.Child("behavior", "scaleDown"))...)
	}
	return errs
}

func validateAutoscalerUpdate(h, _ *autoscalingv2.HorizontalPodAutoscaler) field.ErrorList {
	return validateAutoscaler(h)
}

func validateAutoscalerStatusUpdate(h, _ *autoscalingv2.HorizontalPodAutoscaler) field.ErrorList {
	return notNegatives(field.NewPath("status"), namedInt{"currentReplicas", int64(h.Status.CurrentReplicas)},
		namedInt{"desiredReplicas", int64(h.Status.DesiredReplicas)})
}

func validateScaleTarget(ref autoscalingv2.CrossVersionObjectReference, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, f := range []struct{ name, value string }{{"kind", ref.Kind}, {"name", ref.Name}} {
		if f.value == "" {
			errs = append(errs, field.Required(p.Child(f.name), ""))
		} else {
			errs = append(errs, invalid(p.Child(f.name), f.value, validatePathSegment(f.value, false))...)
		}
	}
	gv, err := schema.ParseGroupVersion(ref.APIVersion)
	switch {
	case err != nil:
		errs = append(errs, field.Invalid(p.Child("apiVersion"), ref.APIVersion, err.Error()))
	case gv.Group == "" && ref.Kind != "ReplicationController":
		errs = append(errs, field.Invalid(p.Child("apiVersion"), ref.APIVersion, "apiVersion must specify API group"))
	}
	return errs
}

var metricSources = []autoscalingv2.MetricSourceType{
	autoscalingv2.ContainerResourceMetricSourceType, autoscalingv2.ExternalMetricSourceType, autoscalingv2.ObjectMetricSourceType,
	autoscalingv2.PodsMetricSourceType, autoscalingv2.ResourceMetricSourceType,
}

// validateMetric checks that a metric has the source that its type says, and a target.
func validateMetric(m *autoscalingv2.MetricSpec, p *field.Path) field.ErrorList {
	if m.Type == "" {
		return field.ErrorList{field.Required(p.Child("type"), "must specify a metric source type")}
	}
	errs := supported(m.Type, p.Child("type"), metricSources...)
	name := strings.ToLower(string(m.Type)[:1]) + string(m.Type)[1:]
	missing := func(there bool) {
		if !there {
			errs = append(errs, field.Required(p.Child(name), "must populate information for the given metric source"))
		}
	}
	switch m.Type {
	case autoscalingv2.ObjectMetricSourceType:
		missing(m.Object != nil)
	case autoscalingv2.PodsMetricSourceType:
		missing(m.Pods != nil)
	case autoscalingv2.ExternalMetricSourceType:
		missing(m.External != nil)
	case autoscalingv2.ResourceMetricSourceType:
		missing(m.Resource != nil)
		if m.Resource != nil {
			errs = append(errs, validateResourceTarget(string(m.Resource.Name), &m.Resource.Target, p.Child("resource"))...)
		}
	case autoscalingv2.ContainerResourceMetricSourceType:
		missing(m.ContainerResource != nil)
		if m.ContainerResource != nil {
			errs = append(errs, validateResourceTarget(string(m.ContainerResource.Name), &m.ContainerResource.Target, p.Child("containerResource"))...)
		}
	default:
		errs = append(errs, errs[0]) // upstream checks the type twice
	}
	return errs
}

func validateResourceTarget(name string, target *autoscalingv2.MetricTarget, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	at := p.Child("target")
	if name == "" {
		errs = append(errs, field.Required(p.Child("name"), "must specify a resource name"))
	}
	if target.Type == "" {
		errs = append(errs, field.Required(at.Child("type"), "must specify a metric target type"))
	}
	if n := target.AverageUtilization; n != nil && *n < 1 {
		errs = append(errs, field.Invalid(at.Child("averageUtilization"), *n, "must be greater than 0"))
	}
	switch {
	case target.AverageUtilization == nil && target.AverageValue == nil:
		errs = append(errs, field.Required(at.Child("averageUtilization"), "must set either a target raw value or a target utilization"))
	case target.AverageUtilization != nil && target.AverageValue != nil:
		errs = append(errs, field.Forbidden(at.Child("averageValue"), "may not set both a target raw value and a target utilization"))
	}
	return errs
}

func validateScalingRules(rules *autoscalingv2.HPAScalingRules, p *field.Path) field.ErrorList {
	if rules == nil {
		return nil
	}
	var errs field.ErrorList
	at := p.Child("stabilizationWindowSeconds")
	if n := rules.StabilizationWindowSeconds; n != nil && *n < 0 {
		errs = append(errs, field.Invalid(at, n, "must be greater than or equal to zero"))
	} else if n != nil && *n > 3600 {
		errs = append(errs, field.Invalid(at, n, "must be less than or equal to 3600"))
	}
	if s := rules.SelectPolicy; s != nil {
		errs = append(errs, supported(*s, p.Child("selectPolicy"),
			autoscalingv2.DisabledPolicySelect, autoscalingv2.MaxChangePolicySelect, autoscalingv2.MinChangePolicySelect)...)
	}
	if len(rules.Policies) == 0 {
		errs = append(errs, field.Required(p.Child("policies"), "must specify at least one Policy"))
	}
	for i, policy := range rules.Policies {
		at := p.Child("policies").Index(i)
		errs = append(errs, supported(policy.Type, at.Child("type"), autoscalingv2.PercentScalingPolicy, autoscalingv2.PodsScalingPolicy)...)
		if policy.Value <= 0 {
			errs = append(errs, field.Invalid(at.Child("value"), policy.Value, "must be greater than zero"))
		}
		if policy.PeriodSeconds <= 0 {
			errs = append(errs, field.Invalid(at.Child("periodSeconds"), policy.PeriodSeconds, "must be greater than zero"))
		} else if policy.PeriodSeconds > 1800 {
			errs = append(errs, field.Invalid(at.Child("periodSeconds"), policy.PeriodSeconds, "must be less than or equal to 1800"))
		}
	}
	return errs
}
