package kubectl

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func createQuotaCommand() *Command {
	return simpleCreate(Command{
		Name: "quota", Aliases: []string{"resourcequota"}, Short: "Create a quota with the specified name",
		Usage:    "NAME [--hard=key1=value1,key2=value2] [--scopes=Scope1,Scope2] [--dry-run=server|client|none]",
		Examples: "# A quota for two pods that ask for one cpu together\nkubectl create quota my-quota --hard=cpu=1,pods=2",
	}, "/api/v1/{ns}resourcequotas", "failed to create quota", func(f *pflag.FlagSet) func(*call, string) (any, error) {
		hard := f.String("hard", "", "A comma-delimited set of resource=quantity pairs that define a hard limit.")
		scopes := f.String("scopes", "", "A comma-delimited set of quota scopes that must all match each object tracked by the quota.")
		return func(c *call, name string) (any, error) {
			q := &corev1.ResourceQuota{}
			q.TypeMeta, q.ObjectMeta = named(c, "v1", "ResourceQuota", name, true)
			if *hard != "" {
				q.Spec.Hard = corev1.ResourceList{}
				for _, pair := range strings.Split(*hard, ",") {
					key, value, ok := strings.Cut(pair, "=")
					if !ok {
						return nil, fmt.Errorf("Invalid argument syntax %v, expected <resource>=<value>", pair)
					}
					amount, err := resource.ParseQuantity(value)
					if err != nil {
						return nil, err
					}
					q.Spec.Hard[corev1.ResourceName(key)] = amount
				}
			}
			for _, scope := range strings.FieldsFunc(*scopes, func(r rune) bool { return r == ',' }) {
				q.Spec.Scopes = append(q.Spec.Scopes, corev1.ResourceQuotaScope(scope))
			}
			return q, nil
		}
	})
}

func createPriorityClassCommand() *Command {
	return simpleCreate(Command{
		Name: "priorityclass", Aliases: []string{"pc"}, Short: "Create a priority class with the specified name",
		Usage:    "NAME --value=VALUE --global-default=BOOL [--dry-run=server|client|none]",
		Examples: "# A priority class named high-priority\nkubectl create priorityclass high-priority --value=1000 --description=\"high priority\"",
	}, "/apis/scheduling.k8s.io/v1/priorityclasses", "failed to create priorityclass", func(f *pflag.FlagSet) func(*call, string) (any, error) {
		value := f.Int32("value", 0, "the value of this priority class.")
		isDefault := f.Bool("global-default", false, "global-default specifies whether this PriorityClass should be considered as the default priority.")
		text := f.String("description", "", "description is an arbitrary string that usually provides guidelines on when this priority class should be used.")
		policy := f.String("preemption-policy", string(corev1.PreemptLowerPriority), "preemption-policy is the policy for preempting pods with lower priority.")
		return func(c *call, name string) (any, error) {
			pc := &schedulingv1.PriorityClass{Value: *value, GlobalDefault: *isDefault, Description: *text}
			pc.TypeMeta, pc.ObjectMeta = named(c, "scheduling.k8s.io/v1", "PriorityClass", name, false)
			p := corev1.PreemptionPolicy(*policy)
			pc.PreemptionPolicy = &p
			return pc, nil
		}
	})
}

func createBudgetCommand() *Command {
	return simpleCreate(Command{
		Name: "poddisruptionbudget", Aliases: []string{"pdb"}, Short: "Create a pod disruption budget with the specified name",
		Usage:    "NAME --selector=SELECTOR --min-available=N [--dry-run=server|client|none]",
		Examples: "# At least one of the pods with app=web stays available\nkubectl create poddisruptionbudget my-pdb --selector=app=web --min-available=1",
	}, "/apis/policy/v1/{ns}poddisruptionbudgets", "failed to create poddisruptionbudgets", func(f *pflag.FlagSet) func(*call, string) (any, error) {
		selector := f.String("selector", "", "A label selector to use for this budget. Only equality-based selector requirements are supported.")
		least := f.String("min-available", "", "The minimum number or percentage of available pods this budget requires.")
		most := f.String("max-unavailable", "", "The maximum number or percentage of unavailable pods this budget requires.")
		return func(c *call, name string) (any, error) {
			switch {
			case *selector == "":
				return nil, errors.New("a selector must be specified")
			case *least == "" && *most == "":
				return nil, errors.New("one of min-available or max-unavailable must be specified")
			case *least != "" && *most != "":
				return nil, errors.New("min-available and max-unavailable cannot be both specified")
			}
			b := &policyv1.PodDisruptionBudget{}
			b.TypeMeta, b.ObjectMeta = named(c, "policy/v1", "PodDisruptionBudget", name, true)
			match, err := metav1.ParseToLabelSelector(*selector)
			b.Spec.Selector = match
			if *least != "" {
				n := intstr.Parse(*least)
				b.Spec.MinAvailable = &n
			} else {
				n := intstr.Parse(*most)
				b.Spec.MaxUnavailable = &n
			}
			return b, err
		}
	})
}
