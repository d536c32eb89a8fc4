package kubectl

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

// printer writes one object.
type printer func(c *call, obj any) error

var generalFormats = []string{"go-template", "go-template-file", "json", "jsonpath", "jsonpath-as-json", "jsonpath-file", "kyaml", "name", "template", "templatefile", "yaml"}

const generalFormatHelp = "Output format. One of: (json, yaml, kyaml, name, go-template, go-template-file, template, templatefile, jsonpath, jsonpath-as-json, jsonpath-file)."

// outputFlags are -o and what goes with it.
type outputFlags struct {
	format      string
	managed     bool
	missingKeys bool
}

func (o *outputFlags) add(f *pflag.FlagSet, help string) {
	f.StringVarP(&o.format, "output", "o", "", help)
	f.BoolVar(&o.missingKeys, "allow-missing-template-keys", true, "If true, ignore any errors in templates when a field or map key is missing in the template. Only applies to golang and jsonpath output formats.")
	f.BoolVar(&o.managed, "show-managed-fields", false, "If true, keep the managedFields when printing objects in JSON or YAML format.")
}

// printer is for the -o given; done is what a command without -o says of an
// object ("created"), with "" for "name only".
func (o *outputFlags) printer(done string) (printer, error) {
	switch o.format {
	case "":
		return func(c *call, obj any) error { return printName(c, obj, done) }, nil
	case "name":
		return func(c *call, obj any) error { return printName(c, obj, "") }, nil
	}
	return o.dataPrinter(generalFormats)
}

// dataPrinter prints whole objects, or what a template picks of them.
func (o *outputFlags) dataPrinter(allowed []string) (printer, error) {
	format, arg, hasArg := strings.Cut(o.format, "=")
	switch format {
	case "json":
		return o.printJSON, nil
	case "yaml":
		first := true
		return func(c *call, obj any) error {
			if !first {
				c.out("---\n")
			}
			first = false
			return o.printYAML(c, obj)
		}, nil
	case "jsonpath", "jsonpath-as-json":
		if !hasArg || arg == "" {
			return nil, errors.New("template format specified but no template given")
		}
		return o.jsonpathPrinter(arg, format == "jsonpath-as-json")
	case "jsonpath-file", "go-template", "go-template-file", "template", "templatefile", "kyaml", "custom-columns-file":
		if slices.Contains(allowed, format) {
			return nil, fmt.Errorf("output format %q is not available in this console", format)
		}
	}
	return nil, fmt.Errorf("unable to match a printer suitable for the output format %q, allowed formats are: %s", o.format, strings.Join(allowed, ","))
}

func (o *outputFlags) printJSON(c *call, obj any) error {
	data, err := json.Marshal(o.visible(obj))
	if err != nil {
		return err
	}
	text, err := indentJSON(data)
	c.out(text + "\n")
	return err
}

func (o *outputFlags) printYAML(c *call, obj any) error {
	data, err := yaml.Marshal(o.visible(obj))
	if err != nil {
		return err
	}
	c.out(string(data))
	return nil
}

// visible is the object without what -o hides.
func (o *outputFlags) visible(obj any) any {
	u, ok := obj.(*object)
	if !ok {
		return obj
	}
	if o.managed {
		return u.Object
	}
	return withoutManaged(u.Object)
}

func withoutManaged(fields map[string]any) map[string]any {
	out := shallow(fields)
	if meta, ok := out["metadata"].(map[string]any); ok && meta["managedFields"] != nil {
		meta = shallow(meta)
		delete(meta, "managedFields")
		out["metadata"] = meta
	}
	if items, ok := out["items"].([]any); ok {
		list := make([]any, len(items))
		for i, item := range items {
			list[i] = item
			if m, ok := item.(map[string]any); ok {
				list[i] = withoutManaged(m)
			}
		}
		out["items"] = list
	}
	return out
}

func shallow(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

func indentJSON(data []byte) (string, error) {
	var v json.RawMessage = data
	out, err := json.MarshalIndent(v, "", "    ")
	return string(out), err
}

// printName prints "deployment.apps/web created".
func printName(c *call, obj any, done string) error {
	u, ok := obj.(*object)
	if !ok {
		var err error
		if u, err = untyped(obj); err != nil {
			return err
		}
	}
	if done != "" {
		done = " " + done
	}
	if items, ok := u.Object["items"].([]any); ok && strings.HasSuffix(u.GetKind(), "List") {
		for _, item := range items {
			if m, ok := item.(map[string]any); ok {
				if err := printName(c, &object{Object: m}, strings.TrimSpace(done)); err != nil {
					return err
				}
			}
		}
		return nil
	}
	name := u.GetName()
	if name == "" {
		name = "<unknown>"
	}
	c.printf("%s/%s%s\n", kindName(u.GroupVersionKind().GroupKind()), name, done)
	return nil
}

func kindName(gk schema.GroupKind) string { return strings.ToLower(gk.String()) }

// dryRun is the --dry-run flag.
type dryRun string

const dryRunHelp = `Must be "none", "server", or "client". If client strategy, only print the object that would be sent, without sending it. If server strategy, submit server-side request without persisting the resource.`

func (d *dryRun) add(f *pflag.FlagSet) {
	f.StringVar((*string)(d), "dry-run", "none", dryRunHelp)
	f.Lookup("dry-run").NoOptDefVal = "unchanged"
}

// check refuses unknown values, and says what goes behind "created".
func (d *dryRun) check(done string) (string, error) {
	switch *d {
	case "none":
		return done, nil
	case "client":
		return done + " (dry run)", nil
	case "server":
		return done + " (server dry run)", nil
	case "unchanged": // the flag without a value, as it once was
		*d = "client"
		return done + " (dry run)", nil
	}
	return "", fmt.Errorf(`Invalid dry-run value (%s). Must be "none", "server", or "client".`, *d)
}

func (d dryRun) client() bool { return d == "client" }

// set asks the server for a dry run in a request's query.
func (d dryRun) set(q map[string][]string) {
	if d == "server" {
		q["dryRun"] = []string{"All"}
	}
}
