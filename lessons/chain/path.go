package chain

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
)

// Path leads to a field of an object.
type Path []part

// part is one step into an object: a field, an index, or a namesake.
type part struct {
	field, key, name string
	index            int
}

var pathForm = regexp.MustCompile(`^\.?(?:([A-Za-z][A-Za-z0-9]*)|\[([0-9]+)\]|\[(name|type|key)=([^\]]+)\]|\['([^']+)'\])`)

// ParsePath reads status.conditions[type=Ready].status,
// metadata.labels['app.kubernetes.io/name'], spec.containers[0].image.
func ParsePath(s string) (Path, error) {
	var out Path
	for rest := s; rest != ""; {
		m := pathForm.FindStringSubmatch(rest)
		if m == nil {
			return nil, fmt.Errorf("%q cannot be read from %q on", s, rest)
		}
		p := part{field: m[1] + m[5], key: m[3], name: m[4], index: -1}
		if m[2] != "" {
			p.index, _ = strconv.Atoi(m[2])
		}
		out = append(out, p)
		rest = rest[len(m[0]):]
	}
	if len(out) == 0 {
		return nil, errors.New("is empty")
	}
	return out, nil
}

// In follows the path into maps and lists; nil where it leads nowhere.
func (path Path) In(v any) any {
	for _, p := range path {
		if p.field != "" {
			m, _ := v.(map[string]any)
			v = m[p.field]
			continue
		}
		list, _ := v.([]any)
		v = nil
		for i, e := range list {
			m, _ := e.(map[string]any)
			if i == p.index || p.key != "" && m[p.key] == p.name {
				v = e
				break
			}
		}
	}
	return v
}
