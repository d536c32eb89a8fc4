package kubectl

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strings"

	"github.com/spf13/pflag"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/yaml"
)

func editCommand() *Command {
	return &Command{
		Name: "edit", Group: groups[1],
		Short: "Edit a resource on the server",
		Long:  "Edit a resource from the editor. What is saved is sent as a patch of what was changed; if the server refuses it, the editor opens again with the reasons.",
		Usage: "(RESOURCE/NAME | -f FILENAME)",
		Examples: `
			# A deployment
			kubectl edit deployment/web`,
		Setup: setupEdit,
	}
}

type editOptions struct {
	outputFlags
	files    []string
	validate string
	manager  string
	showDiff bool
}

func setupEdit(f *pflag.FlagSet) action {
	o := &editOptions{}
	o.outputFlags.add(f, generalFormatHelp)
	addValidate(f, &o.validate)
	f.StringVar(&o.manager, "field-manager", "kubectl-edit", "Name of the manager used to track field ownership.")
	f.BoolVar(&o.showDiff, "output-patch", false, "Output the patch if the resource is edited.")
	addFiles(f, &o.files, "to use to edit the resource")
	return o.run
}

// editing is one object, or a list of them, in the editor.
type editing struct {
	*editOptions
	c       *call
	infos   []*info
	shown   []byte // as last opened
	reasons []string
	failed  bool
}

func (o *editOptions) run(c *call, args []string) error {
	if _, err := o.printer(""); err != nil {
		return err
	}
	q := c.query(args)
	q.files, q.allIfType, q.latest = o.files, true, true
	infos, err := q.infos()
	if err != nil {
		return err
	}
	if len(infos) == 0 {
		return errors.New("edit cancelled, no objects found")
	}
	if c.session.env.Edit == nil {
		return errors.New("no editor here")
	}
	e := &editing{editOptions: o, c: c, infos: infos}
	text, err := e.text()
	if err != nil {
		return err
	}
	e.open(text)
	return errLater
}

const editHeader = `# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit. If an error occurs while saving this file will be
# reopened with the relevant failures.
#
`

// text is what the objects look like in the editor.
func (e *editing) text() ([]byte, error) {
	var shown any = withoutManaged(e.infos[0].obj.Object)
	if len(e.infos) > 1 {
		var items []any
		for _, i := range e.infos {
			items = append(items, withoutManaged(i.obj.Object))
		}
		shown = map[string]any{"apiVersion": "v1", "kind": "List", "metadata": map[string]any{}, "items": items}
	}
	return yaml.Marshal(shown)
}

// open shows body below the header and the reasons why it comes again.
func (e *editing) open(body []byte) {
	header := editHeader
	if len(e.reasons) > 0 {
		header += "# " + strings.Join(e.reasons, "\n# ") + "\n#\n"
	}
	e.shown = append([]byte(header), body...)
	e.c.session.env.Edit(editFile, e.shown, func(edited []byte, saved bool) {
		if !saved {
			edited = e.shown
		}
		e.saved(edited)
	})
}

// stripped is a text without its comments.
func stripped(text []byte) string {
	var kept []string
	for _, l := range strings.Split(string(text), "\n") {
		if !strings.HasPrefix(strings.TrimSpace(l), "#") {
			kept = append(kept, l)
		}
	}
	return strings.TrimSpace(strings.Join(kept, "\n"))
}

func (e *editing) saved(edited []byte) {
	body := stripped(edited)
	same := body == stripped(e.shown)
	switch {
	case same && e.failed:
		e.fail(body, errors.New("Edit cancelled, no valid changes were saved."))
		return
	case same:
		e.c.err("Edit cancelled, no changes made.\n")
		e.c.finish(nil)
		return
	case body == "":
		e.c.err("Edit cancelled, saved file was empty.\n")
		e.c.finish(nil)
		return
	}
	e.reasons = nil
	objects, err := documents([]byte(body), "edited-file", false)
	if err == nil && len(objects) == 0 {
		err = errors.New("no object found")
	}
	if err != nil {
		e.c.eprintf("error: %s is invalid\n", e.infos[0].quoted())
		e.again(body, e.infos[0].quoted()+" was not valid:",
			fmt.Sprintf("* <nil>: Invalid value: \"The edited file failed validation\": %v", err))
		return
	}
	e.apply(body, objects)
}

// quoted names an object as deployments.apps "web".
func (i *info) quoted() string { return fmt.Sprintf("%s %q", i.GroupResource().String(), i.name) }

// keep stores what was edited where it isn't lost.
func (e *editing) keep(body string) bool {
	return e.c.session.write(editFile, []byte(body+"\n"), false) == nil
}

// fail gives up, keeping what was edited.
func (e *editing) fail(body string, err error) {
	if e.keep(body) {
		e.c.eprintf("A copy of your changes has been stored to %q\n", editFile)
	}
	e.c.finish(err)
}

const editFile = "kubectl-edit.yaml"

func (e *editing) again(body string, reasons ...string) {
	e.failed, e.reasons = true, append(e.reasons, reasons...)
	e.open([]byte(body + "\n"))
}

func (e *editing) apply(body string, objects []*object) {
	hopeless := false
	for _, obj := range objects {
		if _, err := e.c.mappingOf(obj.GroupVersionKind()); err != nil {
			e.again(body, fmt.Sprintf("The edited file had a syntax error: %v", err))
			return
		}
		i := e.original(obj)
		if i == nil {
			e.fail(body, errors.New("no original object found: uid must not be changed"))
			return
		}
		if obj.GetName() != i.obj.GetName() || obj.GetKind() != i.obj.GetKind() || obj.GetAPIVersion() != i.obj.GetAPIVersion() {
			e.fail(body, errors.New("At least one of apiVersion, kind and name was changed"))
			return
		}
		if err := e.patch(i, obj); err != nil {
			hopeless = e.refused(i, err) || hopeless
		}
	}
	switch {
	case len(e.reasons) > 0:
		e.again(body)
	case hopeless:
		if e.keep(body) {
			e.c.eprintf("You can run `kubectl replace -f %s` to try this update again.\n", editFile)
		}
		e.c.finish(errExit)
	default:
		e.c.finish(nil)
	}
}

// original is the object that was edited into obj.
func (e *editing) original(obj *object) *info {
	for _, i := range e.infos {
		if i.obj.GetUID() == obj.GetUID() {
			return i
		}
	}
	return nil
}

// refused notes why the server refused; it tells whether editing again is of
// no use.
func (e *editing) refused(i *info, err error) (hopeless bool) {
	what := i.quoted()
	switch {
	case apierrors.IsInvalid(err):
		var causes []string
		if s, ok := err.(*apierrors.StatusError); ok && s.ErrStatus.Details != nil {
			for _, cause := range s.ErrStatus.Details.Causes {
				causes = append(causes, "* "+cause.Field+": "+strings.ReplaceAll(cause.Message, "\n", "\n# "))
			}
		}
		e.reasons = append(append(e.reasons, what+" was not valid:"), causes...)
		e.c.eprintf("error: %s is invalid\n", what)
		return false
	case apierrors.IsNotFound(err):
		e.c.eprintf("error: %s could not be found on the server\n", what)
	default:
		e.c.eprintf("error: %s could not be patched: %v\n", what, err)
	}
	return true
}

func (e *editing) patch(i *info, obj *object) error {
	before, after := withoutManaged(i.obj.Object), withoutManaged(obj.Object)
	if reflect.DeepEqual(before, after) {
		return e.print(obj, "skipped")
	}
	fields, contentType := diff(i.groupKind(), before, after, before)
	body, err := encode(fields)
	if err != nil {
		return err
	}
	if e.showDiff {
		e.c.printf("Patch: %s\n", body)
	}
	d, err := directive(e.validate)
	if err != nil {
		return err
	}
	query := url.Values{"fieldManager": {e.manager}, "fieldValidation": {d}}
	patched, err := e.c.fetch(wire{method: "PATCH", path: i.path(), query: query, contentType: contentType, body: body})
	if err != nil {
		return err
	}
	i.obj = patched
	return e.print(patched, "edited")
}

func (e *editing) print(obj *object, done string) error {
	print, err := e.printer(done)
	if err != nil {
		return err
	}
	return print(e.c, obj)
}
