package api

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// PriorityClasses and RuntimeClasses: pkg/registry/scheduling/priorityclass and
// pkg/registry/node/runtimeclass.

func priorityClasses() *Resource {
	doc := schedulingv1.PriorityClass{}.SwaggerDoc()
	return typed[schedulingv1.PriorityClass, schedulingv1.PriorityClassList](&Resource{
		Group: "scheduling.k8s.io", Version: "v1", Kind: "PriorityClass", Plural: "priorityclasses", Singular: "priorityclass",
		Validate: check(validatePriorityClass), ValidateUpdate: recheck(validatePriorityClassUpdate),
		ShortNames:    []string{"pc"},
		Default:       on(func(c *schedulingv1.PriorityClass) { setIfNil(&c.PreemptionPolicy, corev1.PreemptLowerPriority) }),
		PrepareCreate: func(obj Object) { obj.SetGeneration(1) },
		Columns: []metav1.TableColumnDefinition{
			nameColumn, integer("Value", doc["value"]), boolean("Global-Default", doc["globalDefault"]), ageColumn,
			column("PreemptionPolicy", doc["preemptionPolicy"]),
		},
		Row: row(func(c *schedulingv1.PriorityClass, now time.Time) []any {
			policy := ""
			if c.PreemptionPolicy != nil {
				policy = string(*c.PreemptionPolicy)
			}
			return []any{c.Name, int64(c.Value), c.GlobalDefault, age(c.CreationTimestamp, now), policy}
		}),
	})
}

func boolean(name, description string) metav1.TableColumnDefinition {
	return metav1.TableColumnDefinition{Name: name, Type: "boolean", Description: description}
}

func runtimeClasses() *Resource {
	return typed[nodev1.RuntimeClass, nodev1.RuntimeClassList](&Resource{
		Group: "node.k8s.io", Version: "v1", Kind: "RuntimeClass", Plural: "runtimeclasses", Singular: "runtimeclass",
		Validate: check(validateRuntimeClass), ValidateUpdate: recheck(validateRuntimeClassUpdate),
		CreatedByUpdate: true, NeedsVersion: true,
		Default: on(func(c *nodev1.RuntimeClass) {
			if c.Overhead != nil {
				roundUp(c.Overhead.PodFixed)
			}
		}),
		Columns: []metav1.TableColumnDefinition{nameColumn, column("Handler", metaDoc["handler"]), ageColumn},
		Row: row(func(c *nodev1.RuntimeClass, now time.Time) []any {
			return []any{c.Name, c.Handler, age(c.CreationTimestamp, now)}
		}),
	})
}
