package kubectl

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func explainCommand() *Command {
	return &Command{
		Name: "explain", Group: groups[1],
		Short: "Get documentation for a resource",
		Long:  "Describe fields and structure of various resources.\n\n This command describes the fields associated with each supported API resource. Fields are identified via a simple JSONPath identifier:\n\n    <type>.<fieldName>[.<fieldName>]\n\n" + suggestResources,
		Usage: "TYPE [--recursive=FALSE|TRUE] [--api-version=api-version-group] [-o|--output=plaintext]",
		Examples: `
			# What a pod is made of
			kubectl explain pods

			# All of it
			kubectl explain pods --recursive

			# One field
			kubectl explain pods.spec.containers`,
		Setup: setupExplain,
	}
}

type explainOptions struct {
	recursive       bool
	version, output string
}

func setupExplain(f *pflag.FlagSet) action {
	o := &explainOptions{}
	f.BoolVar(&o.recursive, "recursive", false, "When true, print the name of all the fields recursively. Otherwise, print the available fields with their description.")
	f.StringVar(&o.version, "api-version", "", "Use given api-version (group/version) of the resource.")
	f.StringVarP(&o.output, "output", "o", "plaintext", "Format in which to render the schema. Valid values are: (plaintext).")
	return o.run
}

func (o *explainOptions) run(c *call, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("You must specify the type of resource to explain. %s\n", suggestResources)
	}
	if len(args) > 1 {
		return errors.New("We accept only this format: explain RESOURCE\n")
	}
	m, path, err := o.resource(c, args[0])
	if err != nil {
		return err
	}
	gvr := m.GroupVersionResource
	if o.version != "" {
		gv, err := schema.ParseGroupVersion(o.version)
		if err != nil {
			return err
		}
		gvr = gv.WithResource(m.Resource)
	}
	doc, err := c.openAPI(gvr)
	if err != nil {
		return err
	}
	if o.output != "plaintext" {
		return fmt.Errorf("unrecognized format: %s", o.output)
	}
	gvk := gvr.GroupVersion().WithKind(m.Kind)
	e := &explanation{c: c, schemas: child(child(doc, "components"), "schemas"), recursive: o.recursive}
	root := e.kind(gvk)
	if root == nil {
		return &exitError{fmt.Sprintf("error: GVR (%v) not found in OpenAPI schema", gvr.String()), 1}
	}
	if gvk.Group != "" {
		c.printf("GROUP:      %s\n", gvk.Group)
	}
	c.printf("KIND:       %s\nVERSION:    %s\n\n", gvk.Kind, gvk.Version)
	return e.write(root, path)
}

// resource splits deployments.apps.spec.replicas into the resource and the
// path of a field.
func (o *explainOptions) resource(c *call, arg string) (*mapping, []string, error) {
	words := strings.Split(strings.Trim(arg, "."), ".")
	m, err := c.mappingFor(words[0])
	if err != nil {
		return nil, nil, &exitError{err.Error(), 1}
	}
	path := words[1:]
	if group, rest := strings.Split(m.Group, "."), path; m.Group != "" && words[0] == m.Resource && len(rest) >= len(group) && slices.Equal(rest[:len(group)], group) {
		path = rest[len(group):]
	}
	return m, path, nil
}

// openAPI reads the document of a group version.
func (c *call) openAPI(gvr schema.GroupVersionResource) (map[string]any, error) {
	index, err := c.get("/openapi/v3", url.Values{"timeout": {"32s"}})
	if err != nil {
		return nil, fmt.Errorf("failed to fetch list of groupVersions: %w", err)
	}
	path := "apis/" + gvr.Group + "/" + gvr.Version
	if gvr.Group == "" {
		path = "api/" + gvr.Version
	}
	entry, ok := child(index.Object, "paths")[path].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("couldn't find resource for %q", gvr.String())
	}
	relative, _ := entry["serverRelativeURL"].(string)
	u, err := url.Parse(relative)
	if err != nil {
		return nil, err
	}
	query := u.Query()
	query.Set("timeout", "32s")
	doc, err := c.get(u.Path, query)
	if err != nil {
		return nil, fmt.Errorf("failed to fetch openapi schema for %s: %w", path, err)
	}
	return doc.Object, nil
}

// explanation writes what a schema says, in the layout of upstream's
// pkg/explain/v2 plain text.
type explanation struct {
	c         *call
	schemas   map[string]any
	recursive bool
}

// kind is the schema of a kind.
func (e *explanation) kind(gvk schema.GroupVersionKind) map[string]any {
	for _, name := range sortedKeys(e.schemas) {
		s, _ := e.schemas[name].(map[string]any)
		kinds, _ := s["x-kubernetes-group-version-kind"].([]any)
		for _, k := range kinds {
			k, _ := k.(map[string]any)
			if k["kind"] == gvk.Kind && k["group"] == gvk.Group && k["version"] == gvk.Version {
				return s
			}
		}
	}
	return nil
}

// inner are the schemas that a schema is made of: a reference, the elements of
// a list or a map, alternatives.
func (e *explanation) inner(s map[string]any) (list []map[string]any) {
	if ref, ok := s["$ref"].(string); ok {
		if target, ok := e.schemas[ref[strings.LastIndex(ref, "/")+1:]].(map[string]any); ok {
			return e.inner(target)
		}
	}
	list = append(list, s)
	all, _ := s["allOf"].([]any)
	for _, name := range []any{s["items"], s["additionalProperties"]} {
		all = append(all, name)
	}
	for _, a := range all {
		if sub, ok := a.(map[string]any); ok {
			list = append(list, e.inner(sub)...)
		}
	}
	return list
}

// field finds a field of a schema, or of what it is made of.
func (e *explanation) field(s map[string]any, name string) map[string]any {
	for _, part := range e.inner(s) {
		if properties, ok := part["properties"].(map[string]any); ok {
			if f, ok := properties[name].(map[string]any); ok {
				return f
			}
		}
	}
	return nil
}

func (e *explanation) write(s map[string]any, path []string) error {
	for i, name := range path {
		if s = e.field(s, name); s == nil {
			return fmt.Errorf("field %q does not exist", path[len(path)-1])
		}
		if i == len(path)-1 {
			e.c.printf("FIELD: %s <%s>\n%s\n\n", name, e.typeName(s), enumLong(s))
		}
	}
	text := ""
	for _, part := range e.inner(s) {
		if d, _ := part["description"].(string); d != "" {
			text += d + "\n"
		}
	}
	if text == "" {
		text = "<empty>"
	}
	e.c.out("DESCRIPTION:\n" + setIn(wrap(text, 76), 4) + "\n")
	if list := e.fieldList(s, 1, nil); list != "" {
		e.c.out("FIELDS:\n" + list)
	}
	e.c.out("\n")
	return nil
}

func (e *explanation) fieldList(s map[string]any, level int, seen []string) string {
	if ref, ok := s["$ref"].(string); ok {
		if slices.Contains(seen, ref) {
			return ""
		}
		seen = append(slices.Clip(seen), ref)
		s, _ = e.schemas[ref[strings.LastIndex(ref, "/")+1:]].(map[string]any)
	}
	var b strings.Builder
	properties, _ := s["properties"].(map[string]any)
	required, _ := s["required"].([]any)
	for _, name := range sortedKeys(properties) {
		f, _ := properties[name].(map[string]any)
		b.WriteString(e.fieldText(name, f, slices.Contains(required, any(name)), level))
		if e.recursive {
			b.WriteString(e.fieldList(f, level+1, seen))
		}
	}
	all, _ := s["allOf"].([]any)
	for _, a := range append(append([]any{}, all...), s["items"], s["additionalProperties"]) {
		if sub, ok := a.(map[string]any); ok {
			b.WriteString(e.fieldList(sub, level, seen))
		}
	}
	return b.String()
}

func (e *explanation) fieldText(name string, f map[string]any, required bool, level int) string {
	space := strings.Repeat("  ", level)
	text := space + name + "\t<" + e.typeName(f) + ">"
	if required {
		text += " -required-"
	}
	text += enumShort(f, space) + "\n"
	if e.recursive {
		return text
	}
	doc, _ := f["description"].(string)
	if doc == "" {
		doc = "<no description>"
	}
	return text + setIn(wrap(doc, 78-2*level), 2*level+2) + "\n\n"
}

// typeName guesses what people call the type of a schema.
func (e *explanation) typeName(s map[string]any) string {
	if items, ok := s["items"].(map[string]any); ok {
		return "[]" + e.typeName(items)
	}
	if values, ok := s["additionalProperties"].(map[string]any); ok {
		return "map[string]" + e.typeName(values)
	}
	if all, ok := s["allOf"].([]any); ok && len(all) == 1 && s["properties"] == nil {
		if only, ok := all[0].(map[string]any); ok {
			return e.typeName(only)
		}
	}
	typ, _ := s["type"].(string)
	if ref, ok := s["$ref"].(string); ok {
		name := ref[strings.LastIndex(ref, "/")+1:]
		target, _ := e.schemas[name].(map[string]any)
		if typ, _ = target["type"].(string); typ == "" || typ == "object" {
			return name[strings.LastIndex(name, ".")+1:]
		}
	}
	if typ == "" || typ == "object" {
		return "Object"
	}
	return typ
}

func enumValues(s map[string]any) (values []string) {
	list, _ := s["enum"].([]any)
	for _, v := range list {
		if v == "" {
			v = `""`
		}
		values = append(values, fmt.Sprint(v))
	}
	return values
}

func enumLong(s map[string]any) string {
	values := enumValues(s)
	if len(values) == 0 {
		return ""
	}
	return "ENUM:\n    " + strings.Join(values, "\n    ")
}

func enumShort(s map[string]any, space string) string {
	values := enumValues(s)
	if len(values) == 0 {
		return ""
	}
	if len(values) > 4 {
		values = append(values[:4:4], "....")
	}
	return "\n" + space + "enum: " + strings.Join(values, ", ")
}

// wrap breaks lines at width; spaces between words stay as they are.
func wrap(text string, width int) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i] = wrapLine(l, width)
	}
	return strings.Join(lines, "\n")
}

func wrapLine(line string, width int) string {
	var b strings.Builder
	column, space := 0, ""
	for line != "" {
		word := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
		if word != "" {
			space, line = word, line[len(word):]
			continue
		}
		if i := strings.IndexAny(line, " \t"); i >= 0 {
			word = line[:i]
		} else {
			word = line
		}
		line = line[len(word):]
		if column+len(space)+len(word) > width && column+len(space) > 1 {
			b.WriteByte('\n')
			column, space = 0, ""
		}
		b.WriteString(space + word)
		column += len(space) + len(word)
		space = ""
	}
	if column+len(space) <= width {
		b.WriteString(space)
	}
	return b.String()
}

func setIn(text string, in int) string {
	space := strings.Repeat(" ", in)
	return space + strings.ReplaceAll(text, "\n", "\n"+space)
}
