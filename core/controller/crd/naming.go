package crd

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"

	apiextensionsv1 "github.com/tabernetes/tabernetes/core/apiextensions/v1"
)

type condition = apiextensionsv1.CustomResourceDefinitionCondition

var (
	accepted   = condition{Type: apiextensionsv1.NamesAccepted, Status: "True", Reason: "NoConflicts", Message: "no conflicts found"}
	refused    = condition{Type: apiextensionsv1.Established, Status: "False", Reason: "NotAccepted", Message: "not all names are accepted"}
	installing = condition{Type: apiextensionsv1.Established, Status: "False", Reason: "Installing",
		Message: "the initial names have been accepted"}
	established = condition{Type: apiextensionsv1.Established, Status: "True", Reason: "InitialNamesAccepted",
		Message: "the initial names have been accepted"}
)

// named tells whether a definition has the names that it wants.
func named(crd *definition) bool {
	return equality.Semantic.DeepEqual(crd.Spec.Names, crd.Status.AcceptedNames)
}

// toBeEstablished tells of a definition that has its names and is not served yet.
func toBeEstablished(crd *definition) bool {
	return crd.Is(apiextensionsv1.NamesAccepted) && !crd.Is(apiextensionsv1.Established)
}

// name gives a definition the names that are free, and says which are not.
func (d *controller) name(crd *definition) error {
	names, verdict := decideNames(crd, d.taken(crd.Spec.Group))
	before := crd.Condition(verdict.Type)
	same := before != nil && before.Status == verdict.Status && before.Reason == verdict.Reason && before.Message == verdict.Message
	if same && equality.Semantic.DeepEqual(names, crd.Status.AcceptedNames) {
		return nil
	}
	next := crd.DeepCopy()
	next.Status.AcceptedNames = names
	next.SetCondition(verdict, d.c.Now())
	switch {
	case crd.Is(apiextensionsv1.Established):
	case verdict.Status == "True":
		next.SetCondition(installing, d.c.Now())
	case crd.Condition(apiextensionsv1.Established) == nil:
		next.SetCondition(refused, d.c.Now())
	}
	written, err := d.write(next)
	if err == nil && written != nil {
		d.reconsider(crd.Name)
	}
	return err
}

// used are the names that the definitions of a group have.
type used struct{ resources, kinds []string }

func (d *controller) taken(group string) (u used) {
	for _, other := range d.all.List() {
		if other.Spec.Group != group {
			continue
		}
		if mine := d.written[other.Name]; mine != nil {
			other = mine
		}
		names := &other.Status.AcceptedNames
		u.resources = append(append(u.resources, names.Plural, names.Singular), names.ShortNames...)
		u.kinds = append(u.kinds, names.Kind, names.ListKind)
	}
	return u
}

// decideNames takes over each name that is the definition's own or free. Of
// what is not the condition names the last. It is pure.
func decideNames(crd *definition, u used) (apiextensionsv1.CustomResourceDefinitionNames, condition) {
	want, have := &crd.Spec.Names, &crd.Status.AcceptedNames
	names, verdict := *have, accepted
	conflict := func(reason string, err error) {
		verdict = condition{Type: apiextensionsv1.NamesAccepted, Status: "False", Reason: reason, Message: err.Error()}
	}
	one := func(reason, want, have string, used []string, into *string) {
		if err := free(want, have, used); err != nil {
			conflict(reason, err)
			return
		}
		*into = want
	}
	one("PluralConflict", want.Plural, have.Plural, u.resources, &names.Plural)
	one("SingularConflict", want.Singular, have.Singular, u.resources, &names.Singular)
	if !slices.Equal(want.ShortNames, have.ShortNames) {
		var errs []error
		for _, name := range want.ShortNames {
			if !slices.Contains(have.ShortNames, name) {
				errs = append(errs, free(name, "", u.resources))
			}
		}
		if err := utilerrors.NewAggregate(errs); err != nil {
			conflict("ShortNamesConflict", err)
		} else {
			names.ShortNames = want.ShortNames
		}
	}
	one("KindConflict", want.Kind, have.Kind, u.kinds, &names.Kind)
	one("ListKindConflict", want.ListKind, have.ListKind, u.kinds, &names.ListKind)
	names.Categories = want.Categories
	return names, verdict
}

func free(want, have string, used []string) error {
	if want == have || !slices.Contains(used, want) {
		return nil
	}
	return fmt.Errorf("%q is already in use", want)
}
