package kubectl

import (
	"bytes"
	"fmt"
	"reflect"
	"regexp"
	"sort"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/client-go/util/jsonpath"
)

// jsonpathPrinter prints what a JSONPath template picks
// (cli-runtime pkg/printers/jsonpath.go).
func (o *outputFlags) jsonpathPrinter(template string, asJSON bool) (printer, error) {
	template = strings.Trim(template, "\"'")
	if unquoted := strings.TrimPrefix(template, "="); unquoted != template {
		template = unquoted
	}
	path := jsonpath.New("out").AllowMissingKeys(o.missingKeys)
	if err := path.Parse(template); err != nil {
		return nil, fmt.Errorf("error parsing jsonpath %s, %w", template, err)
	}
	path.EnableJSONOutput(asJSON)
	return func(c *call, obj any) error {
		u, err := asObject(obj)
		if err != nil {
			return err
		}
		var b bounded
		if err := path.Execute(&b, u.Object); err != nil {
			return fmt.Errorf("error executing jsonpath %q: Error executing template: %v. Printing more information for debugging the template:\n"+
				"\ttemplate was:\n\t\t%v\n\tobject given to jsonpath engine was:\n\t\t%#v\n\n\n", template, err, template, u.Object)
		}
		c.out(b.String())
		return nil
	}, nil
}

// bounded takes no more than maxKept: nested ranges print without end.
type bounded struct{ bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxKept {
		return 0, fmt.Errorf("more than %d bytes", maxKept)
	}
	return b.Buffer.Write(p)
}

func asObject(obj any) (*object, error) {
	if u, ok := obj.(*object); ok {
		return u, nil
	}
	return untyped(obj)
}

var barePath = regexp.MustCompile(`^\{?(\.?[^{}]+)\}?$`)

// relaxed accepts x.y.z, .x.y.z, {x.y.z} and {.x.y.z} for {.x.y.z}.
func relaxed(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	m := barePath.FindStringSubmatch(path)
	if m == nil {
		return "", fmt.Errorf("unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'")
	}
	return "{." + strings.TrimPrefix(m[1], ".") + "}", nil
}

// customColumn is one HEADER:path of -o custom-columns.
type customColumn struct {
	header string
	path   *jsonpath.JSONPath
}

func parseCustomColumns(spec string) ([]customColumn, error) {
	if spec == "" {
		return nil, fmt.Errorf("custom-columns format specified but no custom columns given")
	}
	var list []customColumn
	for _, part := range strings.Split(spec, ",") {
		header, path, found := strings.Cut(part, ":")
		if !found {
			return nil, fmt.Errorf("unexpected custom-columns spec: %s, expected <header>:<json-path-expr>", part)
		}
		path, err := relaxed(path)
		if err != nil {
			return nil, err
		}
		p := jsonpath.New("column").AllowMissingKeys(true)
		if err := p.Parse(path); err != nil {
			return nil, err
		}
		list = append(list, customColumn{header, p})
	}
	return list, nil
}

// customColumnsPrinter prints one row an object.
func customColumnsPrinter(spec string, noHeaders bool) (printer, error) {
	list, err := parseCustomColumns(spec)
	if err != nil {
		return nil, err
	}
	var t columns
	return func(c *call, obj any) error {
		u, err := asObject(obj)
		if err != nil {
			return err
		}
		if !noHeaders {
			var row []string
			for _, col := range list {
				row = append(row, col.header)
			}
			t.row(row...)
			noHeaders = true
		}
		items := []any{u.Object}
		if u.IsList() {
			items, _ = u.Object["items"].([]any)
		}
		for _, item := range items {
			row, err := customRow(list, item)
			if err != nil {
				return err
			}
			t.row(row...)
		}
		c.out(t.flush())
		return nil
	}, nil
}

func customRow(list []customColumn, item any) ([]string, error) {
	var row []string
	for _, col := range list {
		values, err := col.path.FindResults(item)
		if err != nil {
			return nil, err
		}
		var texts []string
		for _, group := range values {
			for _, v := range group {
				texts = append(texts, fmt.Sprintf("%v", v.Interface()))
			}
		}
		if len(texts) == 0 {
			texts = []string{"<none>"}
		}
		row = append(row, strings.Join(texts, ","))
	}
	return row, nil
}

// sortBy orders indexes 0…n-1 by a field of the objects at gives
// (pkg/cmd/get/sorter.go).
func sortBy(field string, n int, at func(int) any) ([]int, error) {
	path, err := relaxed(field)
	if err != nil {
		path = field
	}
	parser := jsonpath.New("sorting").AllowMissingKeys(true)
	if err := parser.Parse(path); err != nil {
		return nil, fmt.Errorf("sorting error: %v", err)
	}
	order, values, found := make([]int, n), make([]any, n), false
	for i := range order {
		order[i] = i
		result, err := parser.FindResults(at(i))
		if err != nil {
			return nil, err
		}
		if len(result) > 0 && len(result[0]) > 0 {
			found = true
			values[i] = plain(result[0][0])
		}
	}
	if n > 0 && !found {
		return nil, fmt.Errorf("couldn't find any field with path %q in the list of objects", path)
	}
	sort.SliceStable(order, func(i, j int) bool { return less(values[order[i]], values[order[j]]) })
	return order, nil
}

func plain(v reflect.Value) any {
	if !v.IsValid() {
		return nil
	}
	return v.Interface()
}

func less(a, b any) bool {
	if a == nil || b == nil {
		return a == nil && b != nil
	}
	switch x := a.(type) {
	case int64:
		if y, ok := b.(int64); ok {
			return x < y
		}
	case float64:
		if y, ok := b.(float64); ok {
			return x < y
		}
	case string:
		y, ok := b.(string)
		if !ok {
			return false
		}
		qx, errX := resource.ParseQuantity(x)
		qy, errY := resource.ParseQuantity(y)
		if errX == nil && errY == nil {
			return qx.Cmp(qy) < 0
		}
		return x < y
	}
	return false
}
