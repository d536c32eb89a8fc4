package podautoscaler

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/rest"
)

// findTarget reads the scale of what the autoscaler is for.
func (p *pass) findTarget() error {
	ref := &p.hpa.Spec.ScaleTargetRef
	gv, err := schema.ParseGroupVersion(ref.APIVersion)
	if err != nil {
		return err
	}
	p.target = api.LookupKind(gv.WithKind(ref.Kind))
	if p.target == nil {
		for _, r := range api.All() {
			if r.Group == gv.Group && r.Kind == ref.Kind {
				p.target = r
			}
		}
	}
	if p.target == nil {
		return fmt.Errorf("no matches for kind %q in group %q", ref.Kind, gv.Group)
	}
	resp, err := p.c.Do(p.request(rest.Get))
	if err != nil {
		return err
	}
	scale, ok := resp.Object.(*autoscalingv1.Scale)
	if !ok {
		return errors.New("the server could not find the requested resource")
	}
	p.scale = scale.DeepCopy()
	return nil
}

func (p *pass) request(verb string) *rest.Request {
	return &rest.Request{Verb: verb, Resource: p.target.GVR(), Subresource: "scale", Namespace: p.hpa.Namespace, Name: p.hpa.Spec.ScaleTargetRef.Name}
}

func (p *pass) writeScale(replicas int32) error {
	req := p.request(rest.Update)
	scale := p.scale.DeepCopy()
	scale.Spec.Replicas = replicas
	req.Object = scale
	_, err := p.c.Do(req)
	return err
}

// selector is the target's, which no other autoscaler may share pods with.
func (p *pass) selector() (labels.Selector, error) {
	fail := func(event, reason, why, message string) error {
		p.warn(event, why)
		p.condition(autoscalingv2.ScalingActive, corev1.ConditionFalse, reason, message)
		return errors.New(why)
	}
	text := p.scale.Status.Selector
	if text == "" {
		return nil, fail("SelectorRequired", "InvalidSelector", "selector is required", "the HPA target's scale is missing a selector")
	}
	selector, err := labels.Parse(text)
	if err != nil {
		why := fmt.Sprintf("couldn't convert selector into a corresponding internal selector object: %v", err)
		return nil, fail("InvalidSelector", "InvalidSelector", why, why)
	}
	p.selectors[p.key] = selector
	pods, err := p.pods(selector)
	if err != nil {
		return nil, err
	}
	if rivals := p.rivals(pods); len(rivals) > 1 {
		why := fmt.Sprintf("pods by selector %v are controlled by multiple HPAs: %v", text, rivals)
		return nil, fail("AmbiguousSelector", "AmbiguousSelector", why, why)
	}
	return selector, nil
}

// rivals are the autoscalers whose targets select some of the pods.
func (p *pass) rivals(pods []*corev1.Pod) []string {
	var out []string
	for key, selector := range p.selectors {
		selects := func(pod *corev1.Pod) bool { return selector.Matches(labels.Set(pod.Labels)) }
		if strings.HasPrefix(key, p.hpa.Namespace+"/") && slices.ContainsFunc(pods, selects) {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return out
}

func list[T runtime.Object](p *pass, gvr schema.GroupVersionResource, selector labels.Selector) ([]T, error) {
	resp, err := p.c.Do(&rest.Request{Verb: rest.List, Resource: gvr, Namespace: p.hpa.Namespace,
		ListOptions: metav1.ListOptions{LabelSelector: selector.String()}})
	if err != nil {
		return nil, err
	}
	var out []T
	err = meta.EachListItem(resp.Object, func(o runtime.Object) error {
		out = append(out, o.(T))
		return nil
	})
	return out, err
}

func (p *pass) pods(selector labels.Selector) ([]*corev1.Pod, error) {
	return list[*corev1.Pod](p, api.Of[*corev1.Pod]().GVR(), selector)
}

// sample is what a pod uses, in thousandths.
type sample struct {
	value  int64
	at     time.Time
	window time.Duration
}

// usage is what the pods use of a resource, or one container of each.
func (p *pass) usage(resource corev1.ResourceName, container string, selector labels.Selector) (map[string]sample, error) {
	metrics, err := list[*api.PodMetrics](p, api.Of[*api.PodMetrics]().GVR(), selector)
	if err != nil {
		return nil, fmt.Errorf("unable to fetch metrics from resource metrics API: %w", err)
	}
	if len(metrics) == 0 {
		return nil, errors.New("no metrics returned from resource metrics API")
	}
	out := map[string]sample{}
	for _, m := range metrics {
		sum, found := int64(0), false
		for _, c := range m.Containers {
			if q, ok := c.Usage[resource]; ok && (container == "" || container == c.Name) {
				sum, found = sum+q.MilliValue(), true
			}
		}
		if found {
			out[m.Name] = sample{sum, m.Timestamp.Time, m.Window.Duration}
		}
	}
	return out, nil
}
