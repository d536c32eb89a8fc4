package kubectl

import (
	"errors"
	"net/url"

	"github.com/spf13/pflag"
)

func replaceCommand() *Command {
	return &Command{
		Name: "replace", Group: groups[5],
		Short:    "Replace a resource by file name or stdin",
		Long:     "Replace a resource by file name or stdin.\n\n JSON and YAML formats are accepted. If replacing an existing resource, the complete resource spec must be provided.",
		Usage:    "-f FILENAME",
		Examples: "# A pod, by what a file says\nkubectl replace -f pod.yaml",
		Setup: func(f *pflag.FlagSet) action {
			o := &sending{}
			o.add(f, "kubectl-replace")
			var files []string
			addFiles(f, &files, "The files that contain the configurations to replace.")
			return func(c *call, args []string) error { return o.replace(c, args, files) }
		},
	}
}

func (o *sending) replace(c *call, args, files []string) error {
	if len(args) > 0 {
		return c.usageError("Unexpected args: %v", args)
	}
	if len(files) == 0 {
		return errors.New("must specify one of -f and -k")
	}
	done, err := o.dry.check("replaced")
	if err != nil {
		return err
	}
	print, err := o.printer(done)
	if err != nil {
		return err
	}
	query, err := o.query()
	if err != nil {
		return err
	}
	q := c.query(nil)
	q.files, q.validate = files, query.Get("fieldValidation") != "Ignore"
	return q.visit(func(i *info) error {
		if o.saveConfig || i.obj.GetAnnotations()[lastApplied] != "" {
			text, err := configuration(i.obj)
			if err != nil {
				return sourced("replacing", i.source, err)
			}
			annotate(i.obj, lastApplied, text)
		}
		if o.dry.client() {
			return print(c, i.obj)
		}
		obj, err := c.put(i, query)
		if err != nil {
			return sourced("replacing", i.source, err)
		}
		return print(c, obj)
	})
}

// put updates an object, whatever its version was, unless it says one.
func (c *call) put(i *info, query url.Values) (*object, error) {
	if i.obj.GetResourceVersion() == "" {
		live, err := c.get(i.path(), nil)
		if err != nil {
			return nil, err
		}
		i.obj.SetResourceVersion(live.GetResourceVersion())
	}
	body, err := encode(i.obj)
	if err != nil {
		return nil, err
	}
	return c.fetch(wire{method: "PUT", path: i.path(), query: query, body: append(body, '\n')})
}
