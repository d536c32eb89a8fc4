package kubectl

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

func autoscaleCommand() *Command {
	return &Command{
		Name: "autoscale", Group: groups[2], Required: []string{"max"},
		Short: "Auto-scale a deployment, replica set, stateful set, or replication controller",
		Usage: "(-f FILENAME | TYPE NAME | TYPE/NAME) [--min=MINPODS] --max=MAXPODS [--cpu=CPU] [--memory=MEMORY]",
		Examples: `
			# Between 2 and 10 pods, as many as keep each at 80% of its cpu
			kubectl autoscale deployment web --min=2 --max=10 --cpu=80%`,
		Setup: setupAutoscale,
	}
}

type autoscaleOptions struct {
	sending
	least, most, percent int32
	cpu, memory, name    string
	files                []string
}

func setupAutoscale(f *pflag.FlagSet) action {
	o := &autoscaleOptions{}
	o.sending.add(f, "kubectl-autoscale")
	f.Int32Var(&o.least, "min", -1, "The lower limit for the number of pods that can be set by the autoscaler. If it's not specified or negative, the server will apply a default value.")
	f.Int32Var(&o.most, "max", -1, "The upper limit for the number of pods that can be set by the autoscaler. Required.")
	f.Int32Var(&o.percent, "cpu-percent", -1, "The target average CPU utilization (represented as a percent of requested CPU) over all the pods. If it's not specified or negative, a default autoscaling policy will be used.")
	f.StringVar(&o.cpu, "cpu", "", "Target CPU utilization over all the pods, as a percent of the requested CPU or as an amount.")
	f.StringVar(&o.memory, "memory", "", "Target memory utilization over all the pods, as a percent of the requested memory or as an amount.")
	f.StringVar(&o.name, "name", "", "The name for the newly created object. If not specified, the name of the input resource will be used.")
	addFiles(f, &o.files, "identifying the resource to autoscale.")
	return o.run
}

func (o *autoscaleOptions) run(c *call, args []string) error {
	switch {
	case o.most < 1:
		return errors.New("--max=MAXPODS is required and must be at least 1, max: " + strconv.Itoa(int(o.most)))
	case o.most < o.least:
		return fmt.Errorf("--max=MAXPODS must be larger or equal to --min=MINPODS, max: %d, min: %d", o.most, o.least)
	}
	q := c.query(args)
	q.files = o.files
	infos, err := q.infos()
	if err != nil {
		return err
	}
	done, err := o.dry.check("autoscaled")
	if err != nil {
		return err
	}
	for _, i := range infos {
		if !i.scales() {
			return fmt.Errorf("cannot autoscale a %s: %s does not implement a scale subresource", i.Kind, i.Kind)
		}
		hpa, err := o.autoscaler(c, i)
		if err != nil {
			return err
		}
		if err := o.postAs(c, "/apis/autoscaling/v2/namespaces/"+i.namespace+"/horizontalpodautoscalers", hpa, done); err != nil {
			return err
		}
	}
	return nil
}

// scales tells whether an object is of a kind that has a size.
func (i *info) scales() bool {
	switch kindName(i.groupKind()) {
	case "deployment.apps", "replicaset.apps", "statefulset.apps", "replicationcontroller":
		return true
	}
	return false
}

func (o *autoscaleOptions) autoscaler(c *call, i *info) (*autoscalingv2.HorizontalPodAutoscaler, error) {
	hpa := &autoscalingv2.HorizontalPodAutoscaler{
		TypeMeta:   metav1.TypeMeta{APIVersion: "autoscaling/v2", Kind: "HorizontalPodAutoscaler"},
		ObjectMeta: metav1.ObjectMeta{Name: o.name, Namespace: c.givenNamespace()},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: i.apiVersion(), Kind: i.Kind, Name: i.name},
			MaxReplicas:    o.most,
		},
	}
	if hpa.Name == "" {
		hpa.Name = i.name
	}
	if o.least >= 0 {
		hpa.Spec.MinReplicas = &o.least
	}
	if o.percent >= 0 && o.cpu == "" {
		o.cpu = strconv.Itoa(int(o.percent)) + "%"
	}
	for _, m := range []struct {
		name corev1.ResourceName
		text string
	}{{corev1.ResourceCPU, o.cpu}, {corev1.ResourceMemory, o.memory}} {
		if m.text == "" {
			continue
		}
		percent, isPercent := strings.CutSuffix(m.text, "%")
		n, err := strconv.ParseInt(percent, 10, 32)
		if !isPercent || err != nil {
			return nil, fmt.Errorf("invalid value %q for --%s: a percentage such as 80%% is expected", m.text, m.name)
		}
		hpa.Spec.Metrics = append(hpa.Spec.Metrics, autoscalingv2.MetricSpec{
			Type: autoscalingv2.ResourceMetricSourceType,
			Resource: &autoscalingv2.ResourceMetricSource{Name: m.name, Target: autoscalingv2.MetricTarget{
				Type: autoscalingv2.UtilizationMetricType, AverageUtilization: ptr.To(int32(n)),
			}},
		})
	}
	return hpa, nil
}
