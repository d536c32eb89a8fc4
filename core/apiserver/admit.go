package apiserver

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/utils/ptr"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/rest"
)

// admit is what the validating half of the admission plugins has to say of an
// object that is valid: LimitRanger, PodSecurity, Priority,
// PersistentVolumeClaimResize and ResourceQuota, in their order. old is nil for a new object.
func (s *Server) admit(c *call, obj, old api.Object) error {
	if err := s.checkLimits(c, obj, old); err != nil {
		return err
	}
	if err := s.checkPodSecurity(c, obj, old); err != nil {
		return err
	}
	if err := s.checkPriorityDefault(c, obj); err != nil {
		return err
	}
	if err := s.checkGrowth(c, obj, old); err != nil {
		return err
	}
	return s.checkQuota(c, obj, old)
}

// admitChange is admit for an update; of a part of an object only for one that
// changes what limits and quotas count.
func (s *Server) admitChange(c *call, obj, old api.Object) error {
	switch c.Subresource {
	case "":
		return s.admit(c, obj, old)
	case "resize":
		if err := s.checkLimits(c, obj, old); err != nil {
			return err
		}
		return s.checkQuota(c, obj, old)
	}
	return nil
}

// checkGrowth lets only those claims ask for more whose class allows it
// (plugin/pkg/admission/storage/persistentvolume/resize).
func (s *Server) checkGrowth(c *call, obj, old api.Object) error {
	claim, ok := obj.(*corev1.PersistentVolumeClaim)
	if !ok || old == nil {
		return nil
	}
	before := old.(*corev1.PersistentVolumeClaim)
	if claim.Spec.Resources.Requests.Storage().Cmp(*before.Spec.Resources.Requests.Storage()) <= 0 {
		return nil
	}
	if before.Status.Phase != corev1.ClaimBound {
		return c.forbidden(obj, errors.New("Only bound persistent volume claims can be expanded"))
	}
	if name := api.ClaimClass(claim); name != "" {
		if it := s.shelves[storageClassResource].find("", name); it != nil && ptr.Deref(it.object().(*storagev1.StorageClass).AllowVolumeExpansion, false) {
			return nil
		}
	}
	return c.forbidden(obj, errors.New("only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize"))
}

// checkLimits holds pods and claims against the namespace's limit ranges.
func (s *Server) checkLimits(c *call, obj, old api.Object) error {
	switch obj.(type) {
	case *corev1.Pod:
		if old != nil && c.Subresource != "resize" {
			return nil
		}
	case *corev1.PersistentVolumeClaim:
		if old != nil && old.GetDeletionTimestamp() != nil {
			return nil
		}
	default:
		return nil
	}
	var err error
	s.shelves[limitResource].each(c.Namespace, "", func(it *item) bool {
		err = api.CheckLimits(it.object().(*corev1.LimitRange), obj)
		return err == nil
	})
	if err != nil {
		return c.forbidden(obj, err)
	}
	return nil
}

// securityLevel is what a namespace's label asks for in a mode, with the version as messages say it.
func securityLevel(ns *corev1.Namespace, mode string) (level, version string) {
	level = ns.Labels[api.PodSecurityLabel+mode]
	version = ns.Labels[api.PodSecurityLabel+mode+"-version"]
	if version == "" {
		version = "latest"
	}
	return level, version
}

// checkPodSecurity refuses pods that the namespace does not want, and warns of
// those, and of templates of those, that it would rather not have. An update
// counts where the pod's spec changes.
func (s *Server) checkPodSecurity(c *call, obj, old api.Object) error {
	template := api.TemplateOf(obj)
	pod, isPod := obj.(*corev1.Pod)
	if isPod {
		if before, ok := old.(*corev1.Pod); ok && equality.Semantic.DeepEqual(pod.Spec, before.Spec) {
			return nil
		}
		template = &corev1.PodTemplateSpec{ObjectMeta: pod.ObjectMeta, Spec: pod.Spec}
	}
	it := s.shelves[namespaceResource].find("", c.Namespace)
	if template == nil || it == nil {
		return nil
	}
	ns := it.object().(*corev1.Namespace)
	enforced, version := securityLevel(ns, "enforce")
	if isPod {
		if found := api.PodSecurityViolations(enforced, template); found != "" {
			return c.forbidden(obj, fmt.Errorf("violates PodSecurity %q: %s", enforced+":"+version, found))
		}
	}
	level, version := securityLevel(ns, "warn")
	if found := api.PodSecurityViolations(level, template); found != "" {
		c.warnings = append(c.warnings, fmt.Sprintf("would violate PodSecurity %q: %s", level+":"+version, found))
	}
	return nil
}

// checkPriorityDefault lets one priority class be the default.
func (s *Server) checkPriorityDefault(c *call, obj api.Object) error {
	class, ok := obj.(*schedulingv1.PriorityClass)
	if !ok || !class.GlobalDefault {
		return nil
	}
	if other := s.priorityClass(""); other != nil && other.Name != class.Name {
		return c.forbidden(obj, fmt.Errorf("PriorityClass %v is already marked as default. Only one default can exist", other.Name))
	}
	return nil
}

// quotaCharge is what an object adds to a quota.
type quotaCharge struct {
	quota *item
	used  corev1.ResourceList
}

// checkQuota refuses what a quota of the namespace has no room for, and notes
// in the call what is to be charged (pkg/admission/plugin/resourcequota of
// k8s.io/apiserver). A quota counts from when its controller has seen it.
func (s *Server) checkQuota(c *call, obj, old api.Object) error {
	if !c.res.Namespaced || old != nil && !c.countedOnUpdate(obj, old) {
		return nil
	}
	var err error
	s.shelves[quotaResource].each(c.Namespace, "", func(it *item) bool {
		quota := it.object().(*corev1.ResourceQuota)
		if !api.QuotaMatches(quota, obj) {
			return true
		}
		var charge corev1.ResourceList
		if charge, err = s.chargeFor(quota, c.res, obj, old); len(charge) > 0 {
			c.charges = append(c.charges, quotaCharge{it, charge})
		}
		return err == nil
	})
	if err != nil {
		c.charges = nil
		return c.forbidden(obj, err)
	}
	return nil
}

// countedOnUpdate: an update of others changes nothing that quotas count, and
// one of a pod only where it gets into the scope of others, or is resized.
func (c *call) countedOnUpdate(obj, old api.Object) bool {
	res := c.res
	if pod, ok := obj.(*corev1.Pod); ok {
		return c.Subresource == "resize" || api.IsTerminating(pod) != api.IsTerminating(old.(*corev1.Pod))
	}
	return res.Group == "" && (res.Plural == "services" || res.Plural == "persistentvolumeclaims")
}

// chargeFor is what a quota's use will be, of the names that change.
func (s *Server) chargeFor(quota *corev1.ResourceQuota, res *api.Resource, obj, old api.Object) (corev1.ResourceList, error) {
	names := api.QuotaConcerns(res, keysOf(quota.Status.Hard))
	if pod, ok := obj.(*corev1.Pod); ok {
		if err := api.QuotaMissing(pod, names); err != nil {
			return nil, fmt.Errorf("failed quota: %s: %w", quota.Name, err)
		}
	}
	usage := api.QuotaUsage(obj, s.opts.Now())
	before := corev1.ResourceList{}
	if old != nil && api.QuotaMatches(quota, old) {
		before = api.QuotaUsage(old, s.opts.Now())
	}
	requested, used, hard, after := corev1.ResourceList{}, corev1.ResourceList{}, corev1.ResourceList{}, corev1.ResourceList{}
	for _, name := range names {
		if _, known := quota.Status.Used[name]; !known {
			return nil, fmt.Errorf("status unknown for quota: %s, resources: %s", quota.Name, joinNames(names))
		}
		delta := usage[name].DeepCopy()
		delta.Sub(before[name])
		if delta.Sign() <= 0 {
			continue
		}
		total := quota.Status.Used[name].DeepCopy()
		total.Add(delta)
		after[name] = total
		if most := quota.Status.Hard[name]; total.Cmp(most) > 0 {
			requested[name], used[name], hard[name] = delta, quota.Status.Used[name], most
		}
	}
	if len(hard) > 0 {
		return nil, fmt.Errorf("exceeded quota: %s, requested: %s, used: %s, limited: %s",
			quota.Name, printList(requested), printList(used), printList(hard))
	}
	return after, nil
}

func keysOf(list corev1.ResourceList) []corev1.ResourceName {
	names := make([]corev1.ResourceName, 0, len(list))
	for name := range list {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func joinNames(names []corev1.ResourceName) string {
	words := make([]string, len(names))
	for i, name := range names {
		words[i] = string(name)
	}
	return strings.Join(words, ",")
}

// printList writes quantities by name: cpu=1,pods=2.
func printList(list corev1.ResourceList) string {
	var words []string
	for _, name := range keysOf(list) {
		q := list[name]
		words = append(words, string(name)+"="+q.String())
	}
	return strings.Join(words, ",")
}

// chargeQuotas writes what an admitted object uses into the quotas' status.
func (s *Server) chargeQuotas(c *call) error {
	for _, charge := range c.charges {
		quota := charge.quota.object().DeepCopyObject().(*corev1.ResourceQuota)
		if quota.Status.Used == nil {
			quota.Status.Used = corev1.ResourceList{}
		}
		for name, q := range charge.used {
			quota.Status.Used[name] = q
		}
		sh := s.shelves[quotaResource]
		if _, err := s.put(&call{res: sh.res, shelf: sh, Request: &rest.Request{
			Verb: rest.Update, Resource: quotaResource, Subresource: "status", Namespace: quota.Namespace, Name: quota.Name,
			Actor: bootstrapActor, Causes: c.Causes,
		}}, quota, charge.quota, false, codeOK); err != nil {
			return err
		}
	}
	c.charges = nil
	return nil
}
