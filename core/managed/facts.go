package managed

import (
	"path"
	"reflect"
	"strings"
)

// Share is how managers share a list or a map, where that is not the rule: lists
// are atomic, maps and structs are shared key by key.
type Share struct {
	// Atomic maps and structs are owned as a whole.
	Atomic bool
	// Set are lists of scalars that are each owned by themselves.
	Set bool
	// Keys are the fields that tell a list's elements apart, joined by commas.
	Keys string
}

func (s Share) keys() []string {
	if s.Keys == "" {
		return nil
	}
	return strings.Split(s.Keys, ",")
}

// Sharing is what upstream's API says of a field of a struct, by the markers
// listType, listMapKey, mapType and structType of k8s.io/api v0.36, which the
// Go types do not carry.
func Sharing(owner reflect.Type, field string) Share {
	return sharing[TypeName(owner)+"."+field]
}

// AtomicStruct tells of a struct that is owned as a whole wherever it stands.
func AtomicStruct(t reflect.Type) bool { return atomicStructs[TypeName(t)] }

// TypeName is a type as facts are kept of it: core/v1.Container.
func TypeName(t reflect.Type) string {
	dir, version := path.Split(t.PkgPath())
	return path.Base(dir) + "/" + version + "." + t.Name()
}

var sharing = map[string]Share{
	"admissionregistration/v1.MutatingAdmissionPolicySpec.matchConditions":            {Keys: "name"},
	"admissionregistration/v1.MutatingWebhook.matchConditions":                        {Keys: "name"},
	"admissionregistration/v1.MutatingWebhookConfiguration.webhooks":                  {Keys: "name"},
	"admissionregistration/v1.ValidatingAdmissionPolicyBindingSpec.validationActions": {Set: true},
	"admissionregistration/v1.ValidatingAdmissionPolicySpec.matchConditions":          {Keys: "name"},
	"admissionregistration/v1.ValidatingAdmissionPolicySpec.variables":                {Keys: "name"},
	"admissionregistration/v1.ValidatingAdmissionPolicyStatus.conditions":             {Keys: "type"},
	"admissionregistration/v1.ValidatingWebhook.matchConditions":                      {Keys: "name"},
	"admissionregistration/v1.ValidatingWebhookConfiguration.webhooks":                {Keys: "name"},
	"apiextensions/v1.CustomResourceDefinitionStatus.conditions":                      {Keys: "type"},
	"apps/v1.DaemonSetStatus.conditions":                                              {Keys: "type"},
	"apps/v1.DeploymentStatus.conditions":                                             {Keys: "type"},
	"apps/v1.ReplicaSetStatus.conditions":                                             {Keys: "type"},
	"apps/v1.StatefulSetStatus.conditions":                                            {Keys: "type"},
	"autoscaling/v2.HorizontalPodAutoscalerStatus.conditions":                         {Keys: "type"},
	"batch/v1.PodFailurePolicyOnExitCodesRequirement.values":                          {Set: true},
	"batch/v1.UncountedTerminatedPods.failed":                                         {Set: true},
	"batch/v1.UncountedTerminatedPods.succeeded":                                      {Set: true},
	"certificates/v1.CertificateSigningRequestStatus.conditions":                      {Keys: "type"},
	"core/v1.ComponentStatus.conditions":                                              {Keys: "type"},
	"core/v1.Container.env":                                                           {Keys: "name"},
	"core/v1.Container.ports":                                                         {Keys: "containerPort,protocol"},
	"core/v1.Container.volumeDevices":                                                 {Keys: "devicePath"},
	"core/v1.Container.volumeMounts":                                                  {Keys: "mountPath"},
	"core/v1.ContainerRestartRuleOnExitCodes.values":                                  {Set: true},
	"core/v1.ContainerStatus.allocatedResourcesStatus":                                {Keys: "name"},
	"core/v1.ContainerStatus.volumeMounts":                                            {Keys: "mountPath"},
	"core/v1.EphemeralContainer.env":                                                  {Keys: "name"},
	"core/v1.EphemeralContainer.ports":                                                {Keys: "containerPort,protocol"},
	"core/v1.EphemeralContainer.volumeDevices":                                        {Keys: "devicePath"},
	"core/v1.EphemeralContainer.volumeMounts":                                         {Keys: "mountPath"},
	"core/v1.NamespaceStatus.conditions":                                              {Keys: "type"},
	"core/v1.NodeAllocatableResourceClaimStatus.containers":                           {Set: true},
	"core/v1.NodeSpec.podCIDRs":                                                       {Set: true},
	"core/v1.NodeStatus.addresses":                                                    {Keys: "type"},
	"core/v1.NodeStatus.conditions":                                                   {Keys: "type"},
	"core/v1.PersistentVolumeClaimStatus.conditions":                                  {Keys: "type"},
	"core/v1.PodSpec.containers":                                                      {Keys: "name"},
	"core/v1.PodSpec.ephemeralContainers":                                             {Keys: "name"},
	"core/v1.PodSpec.hostAliases":                                                     {Keys: "ip"},
	"core/v1.PodSpec.imagePullSecrets":                                                {Keys: "name"},
	"core/v1.PodSpec.initContainers":                                                  {Keys: "name"},
	"core/v1.PodSpec.nodeSelector":                                                    {Atomic: true},
	"core/v1.PodSpec.resourceClaims":                                                  {Keys: "name"},
	"core/v1.PodSpec.schedulingGates":                                                 {Keys: "name"},
	"core/v1.PodSpec.topologySpreadConstraints":                                       {Keys: "topologyKey,whenUnsatisfiable"},
	"core/v1.PodSpec.volumes":                                                         {Keys: "name"},
	"core/v1.PodStatus.conditions":                                                    {Keys: "type"},
	"core/v1.PodStatus.podIPs":                                                        {Keys: "ip"},
	"core/v1.PodStatus.resourceClaimStatuses":                                         {Keys: "name"},
	"core/v1.ReplicationControllerSpec.selector":                                      {Atomic: true},
	"core/v1.ReplicationControllerStatus.conditions":                                  {Keys: "type"},
	"core/v1.ResourceRequirements.claims":                                             {Keys: "name"},
	"core/v1.ResourceStatus.resources":                                                {Keys: "resourceID"},
	"core/v1.ServiceAccount.secrets":                                                  {Keys: "name"},
	"core/v1.ServiceSpec.ports":                                                       {Keys: "port,protocol"},
	"core/v1.ServiceSpec.selector":                                                    {Atomic: true},
	"core/v1.ServiceStatus.conditions":                                                {Keys: "type"},
	"discovery/v1.Endpoint.addresses":                                                 {Set: true},
	"meta/v1.ObjectMeta.finalizers":                                                   {Set: true},
	"meta/v1.ObjectMeta.ownerReferences":                                              {Keys: "uid"},
	"networking/v1.ServiceCIDRStatus.conditions":                                      {Keys: "type"},
	"node/v1.Scheduling.nodeSelector":                                                 {Atomic: true},
	"policy/v1.PodDisruptionBudgetStatus.conditions":                                  {Keys: "type"},
	"resource/v1.AllocatedDeviceStatus.conditions":                                    {Keys: "type"},
	"resource/v1.ResourceClaimStatus.devices":                                         {Keys: "driver,device,pool,shareID"},
	"resource/v1.ResourceClaimStatus.reservedFor":                                     {Keys: "uid"},
	"storage/v1.CSIDriverSpec.volumeLifecycleModes":                                   {Set: true},
	"storage/v1.CSINodeSpec.drivers":                                                  {Keys: "name"},
}

var atomicStructs = map[string]bool{
	"admissionregistration/v1.MatchResources":          true,
	"admissionregistration/v1.NamedRuleWithOperations": true,
	"admissionregistration/v1.ParamKind":               true,
	"admissionregistration/v1.ParamRef":                true,
	"admissionregistration/v1.Variable":                true,
	"autoscaling/v1.CrossVersionObjectReference":       true,
	"core/v1.ConfigMapKeySelector":                     true,
	"core/v1.EndpointAddress":                          true,
	"core/v1.EndpointPort":                             true,
	"core/v1.FileKeySelector":                          true,
	"core/v1.LocalObjectReference":                     true,
	"core/v1.NodeSelector":                             true,
	"core/v1.NodeSelectorTerm":                         true,
	"core/v1.ObjectFieldSelector":                      true,
	"core/v1.ObjectReference":                          true,
	"core/v1.ResourceFieldSelector":                    true,
	"core/v1.ScopeSelector":                            true,
	"core/v1.SecretKeySelector":                        true,
	"core/v1.SecretReference":                          true,
	"core/v1.TopologySelectorTerm":                     true,
	"core/v1.TypedLocalObjectReference":                true,
	"discovery/v1.EndpointPort":                        true,
	"meta/v1.LabelSelector":                            true,
	"meta/v1.OwnerReference":                           true,
	"networking/v1.ServiceBackendPort":                 true,
	"rbac/v1.RoleRef":                                  true,
	"rbac/v1.Subject":                                  true,
}

// keyDefaults are the defaults of fields that are keys of a list.
var keyDefaults = map[string]string{
	"core/v1.ContainerPort.protocol": "TCP",
	"core/v1.ServicePort.protocol":   "TCP",
}
