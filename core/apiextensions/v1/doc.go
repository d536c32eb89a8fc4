package v1

// What kubectl explain says of the fields, by their names; "" is the type itself.

// SwaggerDoc describes a definition.
func (CustomResourceDefinition) SwaggerDoc() map[string]string {
	return map[string]string{
		"":       "CustomResourceDefinition defines a kind that the API server serves beside its own. Its name is the plural and the group: gadgets.example.com.",
		"spec":   "spec says what the kind is called, in which versions there are objects of it, and how they have to look",
		"status": "status says which names the kind has got, and whether it is served",
	}
}

// SwaggerDoc describes what is wanted.
func (CustomResourceDefinitionSpec) SwaggerDoc() map[string]string {
	return map[string]string{
		"":                      "CustomResourceDefinitionSpec says what a kind is to be",
		"group":                 "group is the API group of the kind, a domain: objects are at /apis/<group>/<version>",
		"names":                 "names are what the kind is called in paths, manifests and at the command line",
		"scope":                 "scope is Namespaced or Cluster",
		"versions":              "versions are those in which there are objects of the kind. One of them is that in which they are stored.",
		"conversion":            "conversion says how objects get from one version to another. None changes the apiVersion and nothing else.",
		"preserveUnknownFields": "preserveUnknownFields must be false: set x-kubernetes-preserve-unknown-fields in a schema instead",
	}
}

// SwaggerDoc describes the names of a kind.
func (CustomResourceDefinitionNames) SwaggerDoc() map[string]string {
	return map[string]string{
		"":           "CustomResourceDefinitionNames are the names of a kind",
		"plural":     "plural is the name in paths, in lower case: /apis/<group>/<version>/.../<plural>",
		"singular":   "singular is the name for one object; without one it is the kind in lower case",
		"shortNames": "shortNames are abbreviations for the command line",
		"kind":       "kind is what objects carry in their field kind",
		"listKind":   "listKind is the kind of lists; without one it is the kind followed by List",
		"categories": "categories are the groups of kinds that this one belongs to, such as all",
	}
}

// SwaggerDoc describes a version.
func (CustomResourceDefinitionVersion) SwaggerDoc() map[string]string {
	return map[string]string{
		"":                         "CustomResourceDefinitionVersion is one version of a kind",
		"name":                     "name of the version: v1, v1beta1",
		"served":                   "served says that clients may use the version",
		"storage":                  "storage says that objects are stored in this version. It is true for exactly one.",
		"deprecated":               "deprecated has every answer carry a warning",
		"deprecationWarning":       "deprecationWarning is the text of that warning",
		"schema":                   "schema says how objects have to look; what it does not know is dropped",
		"subresources":             "subresources are the status and the scale of objects",
		"additionalPrinterColumns": "additionalPrinterColumns are the columns of tables beside the name. Without any there is the age.",
		"selectableFields":         "selectableFields are those by which objects can be selected",
	}
}

// SwaggerDoc describes the status of a definition.
func (CustomResourceDefinitionStatus) SwaggerDoc() map[string]string {
	return map[string]string{
		"":               "CustomResourceDefinitionStatus is what has become of a definition",
		"conditions":     "conditions are what is to be said of the definition: NamesAccepted, Established, Terminating",
		"acceptedNames":  "acceptedNames are the names that the kind has; another kind may have had one that was wanted",
		"storedVersions": "storedVersions are all versions in which objects were ever stored. None of them can be taken out of spec.versions.",
	}
}
