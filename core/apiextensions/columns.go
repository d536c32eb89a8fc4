package apiextensions

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/client-go/util/jsonpath"

	v1 "github.com/tabernetes/tabernetes/core/apiextensions/v1"
)

// Columns are a kind's columns beside its name (pkg/registry/customresource/tableconvertor).
type Columns struct {
	columns []v1.CustomResourceColumnDefinition
	paths   []*jsonpath.JSONPath
}

// NewColumns reads a version's columns; where there are none, objects show their age.
func NewColumns(version *v1.CustomResourceDefinitionVersion) *Columns {
	list := version.AdditionalPrinterColumns
	if len(list) == 0 {
		list = []v1.CustomResourceColumnDefinition{{
			Name: "Age", Type: "date", Description: metav1.ObjectMeta{}.SwaggerDoc()["creationTimestamp"],
			JSONPath: ".metadata.creationTimestamp",
		}}
	}
	c := &Columns{}
	for _, col := range list {
		if path := parsePath(col.JSONPath); path != nil {
			c.columns, c.paths = append(c.columns, col), append(c.paths, path)
		}
	}
	return c
}

// parsePath reads a path; nil where it is none.
func parsePath(text string) *jsonpath.JSONPath {
	path := jsonpath.New("path").AllowMissingKeys(true)
	if path.Parse("{"+text+"}") != nil {
		return nil
	}
	return path
}

// Definitions are the columns of a table.
func (c *Columns) Definitions() []metav1.TableColumnDefinition {
	out := []metav1.TableColumnDefinition{{
		Name: "Name", Type: "string", Format: "name", Description: metav1.ObjectMeta{}.SwaggerDoc()["name"],
	}}
	for _, col := range c.columns {
		text := col.Description
		if text == "" {
			text = "Custom resource definition column (in JSONPath format): " + col.JSONPath
		}
		out = append(out, metav1.TableColumnDefinition{
			Name: col.Name, Type: col.Type, Format: col.Format, Description: text, Priority: col.Priority,
		})
	}
	return out
}

// Row are the cells of one object, given as decoded JSON.
func (c *Columns) Row(name string, content map[string]any, now time.Time) []any {
	cells := []any{name}
	for i, path := range c.paths {
		cells = append(cells, c.cell(path, c.columns[i].Type, content, now))
	}
	return cells
}

func (c *Columns) cell(path *jsonpath.JSONPath, kind string, content map[string]any, now time.Time) any {
	own := *path // it remembers where it was, and tables are written at the same time
	found, err := own.FindResults(content)
	if err != nil || len(found) == 0 || len(found[0]) == 0 {
		return nil
	}
	// A column of text shows all that the path finds, any other the first.
	v := found[0][0].Interface()
	switch kind {
	case "string":
		var text bytes.Buffer
		if own.PrintResults(&text, []reflect.Value{reflect.ValueOf(v)}) != nil {
			return nil
		}
		return text.String()
	case "integer":
		switch n := v.(type) {
		case int64:
			return n
		case float64:
			return int64(n)
		}
	case "number":
		if f, is := number(v); is {
			return f
		}
	case "boolean":
		if b, is := v.(bool); is {
			return b
		}
	case "date":
		return ageOf(v, now)
	}
	return nil
}

func ageOf(v any, now time.Time) any {
	text, isText := v.(string)
	if !isText {
		return nil
	}
	var at metav1.Time
	data, _ := json.Marshal(text) // a string
	if at.UnmarshalJSON(data) != nil {
		return "<invalid>"
	}
	if at.IsZero() {
		return "<unknown>"
	}
	return duration.HumanDuration(now.Sub(at.Time))
}

// Selectable gives what field selectors match; nil where a version has none.
func Selectable(version *v1.CustomResourceDefinitionVersion) func(content map[string]any) fields.Set {
	if len(version.SelectableFields) == 0 {
		return nil
	}
	paths := map[string]*jsonpath.JSONPath{}
	for _, f := range version.SelectableFields {
		paths[strings.TrimPrefix(f.JSONPath, ".")] = parsePath(f.JSONPath)
	}
	return func(content map[string]any) fields.Set {
		set := fields.Set{}
		for name, path := range paths {
			set[name] = ""
			if path == nil {
				continue
			}
			if found, err := path.FindResults(content); err == nil && len(found) > 0 && len(found[0]) > 0 {
				if v := found[0][0].Interface(); v != nil {
					set[name] = fmt.Sprint(v)
				}
			}
		}
		return set
	}
}
