package kubectl

import (
	"errors"
	"fmt"
	"net/url"

	"github.com/spf13/pflag"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

func applyCommand() *Command {
	return &Command{
		Name: "apply", Group: groups[5],
		Short: "Apply a configuration to a resource by file name or stdin",
		Long: "Apply a configuration to a resource by file name or stdin. The resource name must be specified. " +
			"This resource will be created if it doesn't exist yet. To use 'apply', always create the resource initially with either 'apply' or 'create --save-config'.\n\n JSON and YAML formats are accepted.",
		Usage: "(-f FILENAME)",
		Examples: `
			# Make the cluster hold what a file describes
			kubectl apply -f web.yaml

			# The same, but let the server merge, and tell whose fields are whose
			kubectl apply --server-side -f web.yaml

			# The same for what follows
			kubectl apply -f - <<EOF`,
		Missing: []string{"edit-last-applied", "set-last-applied", "view-last-applied"},
		Setup:   setupApply,
	}
}

func setupApply(f *pflag.FlagSet) action {
	o := &sending{}
	o.outputFlags.add(f, generalFormatHelp)
	o.dry.add(f)
	addValidate(f, &o.validate)
	f.StringVar(&o.manager, "field-manager", clientSideManager, "Name of the manager used to track field ownership.")
	var server onServer
	f.BoolVar(&server.wanted, "server-side", false, "If true, apply runs in the server instead of the client.")
	f.BoolVar(&server.force, "force-conflicts", false, "If true, server-side apply will force the changes against conflicts.")
	addRecord(f)
	f.Bool("overwrite", true, "Automatically resolve conflicts between the modified and live configuration by using values from the modified configuration")
	var files []string
	var labels string
	addFiles(f, &files, "that contains the configuration to apply")
	addSelector(f, &labels)
	return func(c *call, args []string) error {
		if len(args) > 0 {
			return c.usageError("Unexpected args: %v", args)
		}
		if len(files) == 0 {
			return errors.New("must specify one of -f and -k")
		}
		if server.wanted && !f.Changed("field-manager") {
			o.manager = serverSideManager
		}
		return (&apply{c: c, sending: o, server: server}).run(files, labels)
	}
}

// apply is client-side apply (pkg/cmd/apply): a three-way merge of what was
// applied last, what is asked for now and what there is.
type apply struct {
	*sending
	c      *call
	query  url.Values
	server onServer
}

func (a *apply) run(files []string, labels string) error {
	if _, err := a.dry.check(""); err != nil {
		return err
	}
	if err := a.checkServer(); err != nil {
		return err
	}
	if _, err := a.printer(""); err != nil {
		return err
	}
	var err error
	if a.query, err = a.sending.query(); err != nil {
		return err
	}
	q := a.c.query(nil).selector(labels)
	q.files, q.validate = files, a.query.Get("fieldValidation") != "Ignore"
	infos, err := q.infos()
	if err != nil && !q.started() {
		return err
	}
	errs := flatten(err)
	if len(infos) == 0 && len(errs) == 0 {
		return errors.New("no objects passed to apply")
	}
	var results []any
	for _, i := range infos {
		done, err := a.one(i)
		if err == nil && (a.format == "" || a.format == "name") {
			err = a.print(i.obj, done)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		results = append(results, i.obj.Object)
	}
	if len(errs) > 0 {
		return aggregate(errs)
	}
	return a.printAll(infos, results)
}

func (a *apply) print(obj any, done string) error {
	done, err := a.dry.check(done)
	if err != nil {
		return err
	}
	print, err := a.printer(done)
	if err != nil {
		return err
	}
	return print(a.c, obj)
}

// printAll prints the results where -o asks for them: as a list when there
// are several.
func (a *apply) printAll(infos []*info, results []any) error {
	switch {
	case a.format == "" || a.format == "name":
		return nil
	case len(results) == 1:
		return a.print(infos[0].obj, "")
	}
	return a.print(&object{Object: map[string]any{
		"apiVersion": "v1", "kind": "List", "items": results, "metadata": map[string]any{"resourceVersion": ""},
	}}, "")
}

// describe names an object as errors do.
func (i *info) describe() string {
	gvk := i.groupKind().WithVersion(i.Version)
	return fmt.Sprintf("Resource: %q, GroupVersionKind: %q\nName: %q, Namespace: %q", i.GroupVersionResource.String(), gvk.String(), i.name, i.namespace)
}

func (a *apply) one(i *info) (done string, err error) {
	if i.name == "" && i.obj.GetGenerateName() != "" {
		return "", fmt.Errorf("from %s: cannot use generate name with apply", i.obj.GetGenerateName())
	}
	a.c.record(i.obj)
	if a.server.wanted {
		return a.oneOnServer(i)
	}
	text, err := configuration(i.obj)
	if err != nil {
		return "", err
	}
	modified := i.obj.DeepCopy()
	annotate(modified, lastApplied, text)
	live, err := a.live(i)
	switch {
	case apierrors.IsNotFound(err):
		i.obj = modified
		return "created", a.create(i)
	case err != nil:
		return "", sourced("retrieving current configuration of:\n"+i.describe()+"\nfrom server for:", i.source, err)
	}
	if _, ok := live.GetAnnotations()[lastApplied]; !ok {
		a.c.eprintf("Warning: resource %s/%s is missing the %s annotation which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.\n", i.Resource, i.name, lastApplied)
	}
	return a.patch(i, modified, live)
}

func (a *apply) live(i *info) (*object, error) {
	if i.name == "" {
		return nil, errors.New("resource name may not be empty")
	}
	return a.c.get(i.path(), nil)
}

func (a *apply) create(i *info) error {
	i.obj.Object = pruneNulls(i.obj.Object).(map[string]any)
	if a.dry.client() {
		return nil
	}
	obj, err := a.c.create(i, a.query)
	if err != nil {
		return sourced("creating", i.source, err)
	}
	i.obj = obj
	return nil
}

// pruneNulls takes fields that are null out.
func pruneNulls(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			if e == nil {
				delete(v, k)
			} else {
				pruneNulls(e)
			}
		}
	case []any:
		for _, e := range v {
			pruneNulls(e)
		}
	}
	return v
}

// patch sends what must change; a conflict is tried again with the newer
// object, five times in all.
func (a *apply) patch(i *info, modified, live *object) (done string, err error) {
	body, err := a.patchOnce(i, modified, live)
	for range 5 {
		if !apierrors.IsConflict(err) {
			break
		}
		if live, err = a.c.get(i.path(), nil); err != nil {
			return "", err
		}
		body, err = a.patchOnce(i, modified, live)
	}
	if err != nil {
		err = sourced("patching", i.source, err)
		return "", sourced(fmt.Sprintf("applying patch:\n%s\nto:\n%s\nfor:", body, i.describe()), i.source, err)
	}
	if i.obj.GetDeletionTimestamp() != nil {
		a.c.eprintf("Warning: Detected changes to resource %s which is currently being deleted.\n", i.name)
	}
	if string(body) == "{}" {
		return "unchanged", nil
	}
	return "configured", nil
}

func (a *apply) patchOnce(i *info, modified, live *object) ([]byte, error) {
	original := &object{Object: map[string]any{}}
	if text, ok := live.GetAnnotations()[lastApplied]; ok {
		var err error
		if original, err = decode([]byte(text)); err != nil {
			return nil, err
		}
	}
	fields, contentType := diff(i.groupKind(), original.Object, modified.Object, live.Object)
	body, err := encode(fields)
	if err != nil || string(body) == "{}" || a.dry.client() {
		i.obj = live
		return body, err
	}
	obj, err := a.c.fetch(wire{method: "PATCH", path: i.path(), query: a.query, contentType: contentType, body: body})
	if err == nil {
		i.obj = obj
	}
	return body, err
}
