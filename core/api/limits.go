package api

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
)

// What a LimitRange does to a new pod and whether it lets an object in, after
// plugin/pkg/admission/limitranger.

// limitAnnotation tells what was set.
const limitAnnotation = "kubernetes.io/limit-ranger"

// ApplyLimitDefaults gives a pod's containers the requests and limits that they
// leave out.
func ApplyLimitDefaults(lr *corev1.LimitRange, pod *corev1.Pod) {
	requests, limits := corev1.ResourceList{}, corev1.ResourceList{}
	for _, item := range lr.Spec.Limits {
		if item.Type == corev1.LimitTypeContainer {
			maxOverwrite(requests, item.DefaultRequest)
			maxOverwrite(limits, item.Default)
		}
	}
	var said []string
	set := func(list []corev1.Container, kind string) {
		for i := range list {
			c := &list[i]
			for _, part := range []struct {
				name     string
				list     *corev1.ResourceList
				defaults corev1.ResourceList
			}{{"request", &c.Resources.Requests, requests}, {"limit", &c.Resources.Limits, limits}} {
				if names := fillIn(part.list, part.defaults); len(names) > 0 {
					said = append(said, fmt.Sprintf("%s %s for %s %s", strings.Join(names, ", "), part.name, kind, c.Name))
				}
			}
		}
	}
	set(pod.Spec.Containers, "container")
	set(pod.Spec.InitContainers, "init container")
	if len(said) > 0 {
		pod.Annotations = merged(pod.Annotations, map[string]string{limitAnnotation: "LimitRanger plugin set: " + strings.Join(said, "; ")})
	}
}

func maxOverwrite(into, from corev1.ResourceList) {
	for name, q := range from {
		into[name] = q.DeepCopy()
	}
}

// fillIn adds what a list lacks and returns the names, sorted.
func fillIn(list *corev1.ResourceList, defaults corev1.ResourceList) []string {
	var names []string
	for _, name := range sortedKeys(defaults) {
		if _, ok := (*list)[name]; !ok {
			if *list == nil {
				*list = corev1.ResourceList{}
			}
			(*list)[name] = defaults[name].DeepCopy()
			names = append(names, string(name))
		}
	}
	return names
}

// CheckLimits says in what a pod or claim goes beyond a LimitRange.
func CheckLimits(lr *corev1.LimitRange, obj Object) error {
	var errs []error
	for _, item := range lr.Spec.Limits {
		switch o := obj.(type) {
		case *corev1.Pod:
			if item.Type == corev1.LimitTypeContainer {
				for _, c := range slices.Concat(o.Spec.Containers, o.Spec.InitContainers) {
					errs = append(errs, checkBounds(&item, c.Resources.Requests, c.Resources.Limits)...)
				}
			}
			if item.Type == corev1.LimitTypePod {
				errs = append(errs, checkBounds(&item, PodRequests(&o.Spec), PodLimits(&o.Spec))...)
			}
		case *corev1.PersistentVolumeClaim:
			if item.Type == corev1.LimitTypePersistentVolumeClaim {
				errs = append(errs, checkClaimBounds(&item, o.Spec.Resources.Requests)...)
			}
		}
	}
	return utilerrors.NewAggregate(errs)
}

func checkBounds(item *corev1.LimitRangeItem, requests, limits corev1.ResourceList) []error {
	var errs []error
	for _, name := range sortedKeys(item.Min) {
		errs = append(errs, checkLeast(item, name, requests, limits))
	}
	for _, name := range sortedKeys(item.Max) {
		least := item.Max[name]
		limit, hasLimit := limits[name]
		request, hasRequest := requests[name]
		switch {
		case !hasLimit:
			errs = append(errs, fmt.Errorf("maximum %s usage per %s is %s.  No limit is specified", name, item.Type, least.String()))
		case limit.Cmp(least) > 0:
			errs = append(errs, fmt.Errorf("maximum %s usage per %s is %s, but limit is %s", name, item.Type, least.String(), limit.String()))
		case hasRequest && request.Cmp(least) > 0:
			errs = append(errs, fmt.Errorf("maximum %s usage per %s is %s, but request is %s", name, item.Type, least.String(), request.String()))
		}
	}
	for _, name := range sortedKeys(item.MaxLimitRequestRatio) {
		errs = append(errs, checkRatio(item, name, requests[name], limits[name]))
	}
	return errs
}

func checkLeast(item *corev1.LimitRangeItem, name corev1.ResourceName, requests, limits corev1.ResourceList) error {
	least := item.Min[name]
	request, hasRequest := requests[name]
	limit, hasLimit := limits[name]
	switch {
	case !hasRequest:
		return fmt.Errorf("minimum %s usage per %s is %s.  No request is specified", name, item.Type, least.String())
	case request.Cmp(least) < 0:
		return fmt.Errorf("minimum %s usage per %s is %s, but request is %s", name, item.Type, least.String(), request.String())
	case hasLimit && limit.Cmp(least) < 0:
		return fmt.Errorf("minimum %s usage per %s is %s, but limit is %s", name, item.Type, least.String(), limit.String())
	}
	return nil
}

func checkRatio(item *corev1.LimitRangeItem, name corev1.ResourceName, request, limit resource.Quantity) error {
	most := item.MaxLimitRequestRatio[name]
	say := func(what string) error {
		return fmt.Errorf("%s max limit to request ratio per %s is %s, but %s", name, item.Type, most.String(), what)
	}
	if request.IsZero() {
		return say("no request is specified or request is 0")
	}
	if limit.IsZero() {
		return say("no limit is specified or limit is 0")
	}
	if ratio := limit.AsApproximateFloat64() / request.AsApproximateFloat64(); ratio > most.AsApproximateFloat64() {
		return say(fmt.Sprintf("provided ratio is %f", ratio))
	}
	return nil
}

func checkClaimBounds(item *corev1.LimitRangeItem, requests corev1.ResourceList) []error {
	var errs []error
	for _, name := range sortedKeys(item.Min) {
		errs = append(errs, checkLeast(item, name, requests, nil))
	}
	for _, name := range sortedKeys(item.Max) {
		most := item.Max[name]
		request, ok := requests[name]
		if !ok {
			errs = append(errs, fmt.Errorf("maximum %s usage per %s is %s.  No request is specified", name, item.Type, most.String()))
		} else if request.Cmp(most) > 0 {
			errs = append(errs, fmt.Errorf("maximum %s usage per %s is %s, but request is %s", name, item.Type, most.String(), request.String()))
		}
	}
	return errs
}
