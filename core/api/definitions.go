package api

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tabernetes/tabernetes/core/apiextensions"
	apiextensionsv1 "github.com/tabernetes/tabernetes/core/apiextensions/v1"
)

// customResourceDefinitions are the definitions of kinds
// (pkg/registry/customresourcedefinition and pkg/apis/apiextensions/v1/defaults.go
// of apiextensions-apiserver). What they define is made in custom.go.
func customResourceDefinitions() *Resource {
	type crd = *apiextensionsv1.CustomResourceDefinition
	return &Resource{
		Group: apiextensionsv1.Group, Version: apiextensionsv1.Version, Kind: "CustomResourceDefinition",
		Plural: "customresourcedefinitions", Singular: "customresourcedefinition",
		ShortNames: []string{"crd", "crds"}, Categories: []string{"api-extensions"},
		Subresources: []string{"status"}, NeedsVersion: true, ReturnsDeleted: true,
		New:     func() Object { return &apiextensionsv1.CustomResourceDefinition{} },
		NewList: func() runtime.Object { return &apiextensionsv1.CustomResourceDefinitionList{} },

		Default:             on(defaultDefinition),
		PrepareCreate:       on(prepareDefinition),
		PrepareUpdate:       over(prepareDefinitionUpdate),
		PrepareStatusUpdate: over(func(crd, old crd) { crd.Spec = old.DeepCopy().Spec }),
		Validate:            check(func(c crd) field.ErrorList { return apiextensions.ValidateDefinition(c, nil) }),
		ValidateUpdate:      recheck(apiextensions.ValidateDefinition),
		ValidateStatusUpdate: recheck(func(crd, _ crd) field.ErrorList {
			return apiextensions.ValidateStatus(crd)
		}),
		ValidateName: validatePathSegment,
		Warnings:     warn(apiextensions.Warnings),
		Columns:      createdColumns, Row: createdRow,
	}
}

func defaultDefinition(crd *apiextensionsv1.CustomResourceDefinition) {
	names := &crd.Spec.Names
	if names.Singular == "" {
		names.Singular = strings.ToLower(names.Kind)
	}
	if names.ListKind == "" && names.Kind != "" {
		names.ListKind = names.Kind + "List"
	}
	if crd.Spec.Conversion == nil {
		crd.Spec.Conversion = &apiextensionsv1.CustomResourceConversion{Strategy: "None"}
	}
	if w := crd.Spec.Conversion.Webhook; w != nil && w.ClientConfig != nil && w.ClientConfig.Service != nil && w.ClientConfig.Service.Port == nil {
		port := int32(443)
		w.ClientConfig.Service.Port = &port
	}
	if len(crd.Status.StoredVersions) == 0 {
		noteStored(crd)
	}
}

// noteStored adds the storage version to those that objects may be stored as.
func noteStored(crd *apiextensionsv1.CustomResourceDefinition) {
	if v := crd.StorageVersion(); v != "" && !slices.Contains(crd.Status.StoredVersions, v) {
		crd.Status.StoredVersions = append(crd.Status.StoredVersions, v)
	}
}

func prepareDefinition(crd *apiextensionsv1.CustomResourceDefinition) {
	crd.Status = apiextensionsv1.CustomResourceDefinitionStatus{}
	crd.SetGeneration(1)
	noteStored(crd)
}

func prepareDefinitionUpdate(crd, old *apiextensionsv1.CustomResourceDefinition) {
	crd.Status = old.DeepCopy().Status
	crd.SetGeneration(nextGeneration(old.Generation, equality.Semantic.DeepEqual(crd.Spec, old.Spec)))
	noteStored(crd)
}
