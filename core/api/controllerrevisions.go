package api

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// ControllerRevisions: pkg/registry/apps/controllerrevision and
// pkg/apis/apps/validation. They keep the templates that DaemonSets and
// StatefulSets have had.

func controllerRevisions() *Resource {
	return &Resource{
		Group: "apps", Version: "v1", Kind: "ControllerRevision", Plural: "controllerrevisions", Singular: "controllerrevision",
		Namespaced: true,
		New:        func() Object { return &appsv1.ControllerRevision{} },
		NewList:    func() runtime.Object { return &appsv1.ControllerRevisionList{} },

		Validate: validateControllerRevision, ValidateUpdate: validateControllerRevisionUpdate,
		Columns: controllerRevisionColumns(), Row: controllerRevisionRow,
	}
}

func validateControllerRevision(obj Object) field.ErrorList {
	r := obj.(*appsv1.ControllerRevision)
	errs := validateRevisionNumber(r)
	p := field.NewPath("data")
	var v any
	if r.Data.Raw == nil {
		return append(errs, field.Required(p, "data is mandatory"))
	}
	if err := json.Unmarshal(r.Data.Raw, &v); err != nil {
		return append(errs, field.Invalid(p, "<value omitted>", fmt.Sprintf("error parsing data: %v", err)))
	}
	if v == nil {
		return append(errs, field.Required(p, "data is mandatory"))
	}
	if _, ok := v.(map[string]any); !ok {
		return append(errs, field.Required(p, "data must be a valid JSON object"))
	}
	return errs
}

func validateRevisionNumber(r *appsv1.ControllerRevision) field.ErrorList {
	return notNegatives(nil, namedInt{"revision", r.Revision})
}

func validateControllerRevisionUpdate(obj, old Object) field.ErrorList {
	r, oldR := obj.(*appsv1.ControllerRevision), old.(*appsv1.ControllerRevision)
	return append(validateRevisionNumber(r), immutable(r.Data, oldR.Data, field.NewPath("data"))...)
}

func controllerRevisionColumns() []metav1.TableColumnDefinition {
	return []metav1.TableColumnDefinition{
		nameColumn,
		column("Controller", "Controller of the object"),
		column("Revision", appsv1.ControllerRevision{}.SwaggerDoc()["revision"]),
		ageColumn,
	}
}

func controllerRevisionRow(obj Object, now time.Time) []any {
	r := obj.(*appsv1.ControllerRevision)
	return []any{r.Name, controllerOf(r), r.Revision, age(r.CreationTimestamp, now)}
}

// controllerOf names an object's controller: daemonset.apps/agent.
func controllerOf(obj metav1.Object) string {
	ref := metav1.GetControllerOf(obj)
	if ref == nil {
		return "<none>"
	}
	kind := ref.Kind
	if group, _, ok := strings.Cut(ref.APIVersion, "/"); ok {
		kind += "." + group
	}
	return strings.ToLower(kind) + "/" + ref.Name
}
