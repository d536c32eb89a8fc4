package kubectl

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strings"

	"github.com/spf13/pflag"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/yaml"
)

func patchCommand() *Command {
	return &Command{
		Name: "patch", Group: groups[5],
		Short: "Update fields of a resource",
		Long:  "Update fields of a resource using strategic merge patch, a JSON merge patch, or a JSON patch.\n\n JSON and YAML formats are accepted.",
		Usage: "(-f FILENAME | TYPE NAME) [-p PATCH|--patch-file FILE]",
		Examples: `
			# Make a node unschedulable
			kubectl patch node node-1 -p '{"spec":{"unschedulable":true}}'

			# Three replicas
			kubectl patch deployment web -p '{"spec":{"replicas":3}}'

			# With a JSON patch
			kubectl patch pod web --type=json -p='[{"op": "replace", "path": "/spec/containers/0/image", "value":"new image"}]'`,
		Setup: setupPatch,
	}
}

type patchOptions struct {
	outputFlags
	dry                   dryRun
	text, file, kind, sub string
	manager               string
	files                 []string
}

func setupPatch(f *pflag.FlagSet) action {
	o := &patchOptions{}
	o.outputFlags.add(f, generalFormatHelp)
	o.dry.add(f)
	f.StringVarP(&o.text, "patch", "p", "", "The patch to be applied to the resource JSON file.")
	f.StringVar(&o.file, "patch-file", "", "A file containing a patch to be applied to the resource.")
	f.StringVar(&o.kind, "type", "strategic", "The type of patch being provided; one of [json merge strategic]")
	f.StringVar(&o.manager, "field-manager", "kubectl-patch", "Name of the manager used to track field ownership.")
	f.StringVar(&o.sub, "subresource", "", "If specified, patch will operate on the subresource of the requested object.")
	addFiles(f, &o.files, "identifying the resource to update")
	return o.run
}

func (o *patchOptions) run(c *call, args []string) error {
	done, err := o.dry.check("patched")
	if err != nil {
		return err
	}
	contentType, body, err := o.patch(c)
	if err != nil {
		return err
	}
	q := c.query(args)
	q.files, q.sub = o.files, o.sub
	count := 0
	err = q.visit(func(i *info) error {
		count++
		return o.one(c, i, done, contentType, body)
	})
	if err == nil && count == 0 {
		return errors.New("no objects passed to patch")
	}
	return err
}

// patch is what to send, as JSON.
func (o *patchOptions) patch(c *call) (contentType string, body []byte, err error) {
	if o.text != "" && o.file != "" {
		return "", nil, errors.New("cannot specify --patch and --patch-file together")
	}
	if o.text == "" && o.file == "" {
		return "", nil, errors.New("must specify --patch or --patch-file containing the contents of the patch")
	}
	contentType = map[string]string{"json": jsonPatchType, "merge": mergeType, "strategic": strategicType, "": strategicType}[strings.ToLower(o.kind)]
	if contentType == "" {
		return "", nil, fmt.Errorf("--type must be one of [json merge strategic], not %q", o.kind)
	}
	text := []byte(o.text)
	if o.file != "" {
		if text, err = c.session.read(o.file); err != nil {
			return "", nil, fmt.Errorf("unable to read patch file: open %s: no such file or directory", o.file)
		}
	}
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		return contentType, text, nil
	}
	body, err = yaml.YAMLToJSON(text)
	if err != nil {
		return "", nil, fmt.Errorf("unable to parse %q: %v", o.text, err)
	}
	return contentType, body, nil
}

func (o *patchOptions) one(c *call, i *info, done, contentType string, body []byte) error {
	query := url.Values{"fieldManager": {o.manager}}
	o.dry.set(query)
	if o.dry.client() {
		// The server works the patch out; nothing is kept.
		query.Set("dryRun", "All")
	}
	var sub []string
	if o.sub != "" {
		sub = []string{o.sub}
	}
	obj, err := c.fetch(wire{method: "PATCH", path: i.path(sub...), query: query, contentType: contentType, body: body})
	if apierrors.IsUnsupportedMediaType(err) {
		return fmt.Errorf("%s is not supported by %s: %w", contentType, i.groupKind().WithVersion(i.Version), err)
	}
	if err != nil {
		return err
	}
	if reflect.DeepEqual(i.obj.Object, obj.Object) {
		done = strings.Replace(done, "patched", "patched (no change)", 1)
	}
	print, err := o.printer(done)
	if err != nil {
		return err
	}
	return print(c, obj)
}
