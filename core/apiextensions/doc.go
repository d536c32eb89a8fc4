// Package apiextensions knows what the schema of a CustomResourceDefinition
// means: whether a definition is a good one, and for objects of its kind which
// fields are dropped, which are filled in, what is wrong with their values, how
// managers share them and what a table shows of them. It works on decoded JSON
// and knows nothing of requests or storage; core/api makes resources of it.
//
// Compile turns a version's schema into a Schema (schema.go), whose methods are
// Default, Prune (shape.go), Check (value.go, formats.go, lists.go) and Shares
// (shares.go); Columns and Fields (columns.go) follow paths into objects.
// ValidateDefinition (definition.go, definition_schema.go, structural.go) holds
// a definition to the rules.
//
// It follows k8s.io/apiextensions-apiserver v0.36.3 (pkg/apis/apiextensions/validation,
// pkg/apiserver/schema, pkg/apiserver/validation, pkg/registry/customresource) and
// the part of k8s.io/kube-openapi's pkg/validation that these use, with their words.
//
// Left out: rules in the Common Expression Language (x-kubernetes-validations)
// are stored and shown but neither compiled nor evaluated, of which a warning
// tells whoever defines them; conversion by webhook, likewise; the formats
// bsonobjectid, creditcard, isbn, isbn10, isbn13, ssn and rgbcolor, which take
// anything; and the ratcheting of values inside allOf, anyOf, oneOf and not.
package apiextensions
