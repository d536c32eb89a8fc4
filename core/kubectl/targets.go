package kubectl

import (
	"errors"
	"strings"
)

// targets works out from arguments and flags what is to be visited.
func (q *query) targets() ([]target, error) {
	args := combinations(q.args)
	if len(q.files) > 0 {
		return q.fileTargets(args)
	}
	if hasSlash(args) {
		return q.pairTargets(args)
	}
	if len(args) == 0 {
		if q.labels != nil || q.fields != nil || q.all {
			return nil, errors.New("at least one resource must be specified to use a selector")
		}
		return nil, errNothingNamed
	}
	types, err := q.types(args[0])
	if err != nil {
		return nil, err
	}
	names := args[1:]
	if q.labels != nil || q.fields != nil || q.all || q.allIfType && len(names) == 0 {
		return q.collectionTargets(types, names)
	}
	return q.nameTargets(types, names)
}

// types expands categories and splits at commas.
func (q *query) types(arg string) ([]string, error) {
	var types []string
	seen := map[string]bool{}
	for _, word := range strings.Split(arg, ",") {
		expanded, err := q.c.category(word)
		if err != nil {
			return nil, err
		}
		if len(expanded) == 0 {
			expanded = []string{word}
		}
		for _, t := range expanded {
			if !seen[t] {
				seen[t] = true
				types = append(types, t)
			}
		}
	}
	return types, nil
}

func (q *query) mappings(types []string) ([]*mapping, error) {
	if len(types) > 1 && q.oneType {
		return nil, errors.New("you may only specify a single resource type")
	}
	var list []*mapping
	seen := map[*mapping]bool{}
	for _, t := range types {
		m, err := q.c.mappingFor(t)
		if err != nil {
			return nil, err
		}
		if !seen[m] {
			seen[m] = true
			list = append(list, m)
		}
	}
	return list, nil
}

func (q *query) collectionTargets(types, names []string) ([]target, error) {
	if len(names) > 0 {
		return nil, errors.New("name cannot be provided when a selector is specified")
	}
	mappings, err := q.mappings(types)
	if err != nil {
		return nil, err
	}
	var list []target
	for _, m := range mappings {
		ns := q.namespace
		if !m.Namespaced || q.allSpaces {
			ns = ""
		}
		list = append(list, target{&info{mapping: m, namespace: ns}, true})
	}
	return list, nil
}

func (q *query) nameTargets(types, names []string) ([]target, error) {
	if len(names) == 0 {
		if _, err := q.mappings(types); err != nil {
			return nil, err
		}
		return nil, errors.New("resource(s) were provided, but no name was specified")
	}
	if len(types) > 1 {
		return nil, errors.New("you must specify only one resource")
	}
	mappings, err := q.mappings(types)
	if err != nil {
		return nil, err
	}
	q.single = len(names) == 1
	var list []target
	for _, name := range names {
		t, err := q.named(mappings[0], name)
		if err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	return list, nil
}

func (q *query) named(m *mapping, name string) (target, error) {
	if m.Namespaced && q.allSpaces {
		return target{}, errors.New("a resource cannot be retrieved by name across all namespaces")
	}
	if name == "" {
		return target{}, errors.New("resource name may not be empty")
	}
	i := &info{mapping: m, name: name}
	if m.Namespaced {
		i.namespace = q.namespace
	}
	return target{i, false}, nil
}

// pairTargets are arguments of the form TYPE/NAME.
func (q *query) pairTargets(args []string) ([]target, error) {
	var list []target
	types := map[*mapping]bool{}
	if q.labels != nil || q.fields != nil || q.all {
		return nil, errors.New("selectors and the all flag cannot be used when passing resource/name arguments")
	}
	for _, arg := range args {
		parts := strings.Split(arg, "/")
		if len(parts) == 1 {
			return nil, errors.New("there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'")
		}
		if len(parts) != 2 {
			return nil, errors.New("arguments in resource/name form may not have more than one slash")
		}
		if parts[0] == "" || parts[1] == "" || strings.Contains(parts[0], ",") {
			return nil, errors.New("arguments in resource/name form must have a single resource and name")
		}
		m, err := q.c.mappingFor(parts[0])
		if err != nil {
			return nil, err
		}
		types[m] = true
		t, err := q.named(m, parts[1])
		if err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	if len(types) > 1 && q.oneType {
		return nil, errors.New("you may only specify a single resource type")
	}
	q.single = len(list) == 1
	return list, nil
}

func hasSlash(args []string) bool {
	for _, a := range args {
		if strings.Contains(a, "/") {
			return true
		}
	}
	return false
}

// combinations turns "po,rs a b" into po/a po/b rs/a rs/b.
func combinations(args []string) []string {
	if len(args) < 2 {
		return args
	}
	types := strings.Split(args[0], ",")
	if len(types) < 2 {
		return args
	}
	var list []string
	for _, t := range types {
		for _, name := range args[1:] {
			list = append(list, t+"/"+name)
		}
	}
	return list
}
