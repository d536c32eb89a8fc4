package kubectl

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/pflag"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utiljson "k8s.io/apimachinery/pkg/util/json"
)

const suggestResources = `Use "kubectl api-resources" for a complete list of supported resources.`

func getCommand() *Command {
	return &Command{
		Name: "get", Group: groups[1], Suggest: []string{"list", "ls"},
		Short: "Display one or many resources",
		Long: "Display one or many resources.\n\n Prints a table of the most important facts of each. " +
			"Without --namespace it shows what is in the context's namespace.\n\n" + suggestResources,
		Usage: "[(-o|--output=)json|yaml|name|jsonpath|custom-columns|wide] (TYPE[.VERSION][.GROUP] [NAME | -l label] | TYPE[.VERSION][.GROUP]/NAME ...) [flags]",
		Examples: `
			# All pods of the namespace
			kubectl get pods

			# The same, with the node of each
			kubectl get pods -o wide

			# One deployment, whole
			kubectl get deployment web -o yaml

			# Several kinds at once
			kubectl get deployments,replicasets,pods

			# Follow what happens
			kubectl get pods --watch

			# Pick fields
			kubectl get pods -o custom-columns=NAME:.metadata.name,NODE:.spec.nodeName
			kubectl get pod web -o jsonpath='{.status.phase}'`,
		Setup: setupGet,
	}
}

// getOptions are the flags of get (pkg/cmd/get/get.go).
type getOptions struct {
	outputFlags
	table          tableOptions
	watch          bool
	watchOnly      bool
	watchEvents    bool
	all            bool
	ignoreNotFound bool
	raw            string
	labels, fields string
	files          []string
	sort           string
	sub            string
	serverPrint    bool
	chunk          int64
}

func setupGet(f *pflag.FlagSet) action {
	o := &getOptions{}
	o.outputFlags.add(f, "Output format. One of: (json, yaml, kyaml, name, go-template, go-template-file, template, templatefile, jsonpath, jsonpath-as-json, jsonpath-file, custom-columns, custom-columns-file, wide).")
	f.BoolVarP(&o.watch, "watch", "w", false, "After listing/getting the requested object, watch for changes.")
	f.BoolVar(&o.watchOnly, "watch-only", false, "Watch for changes to the requested object(s), without listing/getting first.")
	f.BoolVar(&o.watchEvents, "output-watch-events", false, "Output watch event objects when --watch or --watch-only is used. Existing objects are output as initial ADDED events.")
	f.BoolVarP(&o.all, "all-namespaces", "A", false, "If present, list the requested object(s) across all namespaces. Namespace in current context is ignored even if specified with --namespace.")
	f.BoolVar(&o.ignoreNotFound, "ignore-not-found", false, "If set to true, suppresses NotFound error for specific objects that do not exist.")
	f.StringVar(&o.raw, "raw", "", "Raw URI to request from the server.")
	addSelector(f, &o.labels)
	f.StringVar(&o.fields, "field-selector", "", "Selector (field query) to filter on, supports '=', '==', and '!='.(e.g. --field-selector key1=value1,key2=value2). The server only supports a limited number of field queries per type.")
	addFiles(f, &o.files, "identifying the resource to get from a server.")
	f.BoolVar(&o.table.noHeaders, "no-headers", false, "When using the default or custom-column output format, don't print headers (default print headers).")
	f.BoolVar(&o.table.showLabels, "show-labels", false, "When printing, show all labels as the last column (default hide labels column)")
	f.StringSliceVarP(&o.table.labelColumns, "label-columns", "L", nil, "Accepts a comma separated list of labels that are going to be presented as columns. Names are case-sensitive. You can also use multiple flag options like -L label1 -L label2...")
	f.StringVar(&o.sort, "sort-by", "", "If non-empty, sort list types using this field specification.  The field specification is expressed as a JSONPath expression (e.g. '{.metadata.name}'). The field in the API resource specified by this JSONPath expression must be an integer or a string.")
	f.StringVar(&o.sub, "subresource", "", "If specified, gets the subresource of the requested object.")
	f.BoolVar(&o.serverPrint, "server-print", true, "If true, have the server return the appropriate table output. Supports extension APIs and CRDs.")
	f.Int64Var(&o.chunk, "chunk-size", 500, "Return large lists in chunks rather than all at once. Pass 0 to disable. This flag is beta and may change in the future.")
	show := f.Bool("show-kind", false, "If present, list the resource type for the requested object(s).")
	return func(c *call, args []string) error { return o.run(c, args, *show) }
}

func addSelector(f *pflag.FlagSet, labels *string) {
	f.StringVarP(labels, "selector", "l", "", "Selector (label query) to filter on, supports '=', '==', '!=', 'in', 'notin'.(e.g. -l key1=value1,key2=value2,key3 in (value3)). Matching objects must satisfy all of the specified label constraints.")
}

func addFiles(f *pflag.FlagSet, files *[]string, what string) {
	f.StringSliceVarP(files, "filename", "f", nil, "Filename, directory, or URL to files "+what)
}

func (o *getOptions) human() bool { return o.format == "" || o.format == "wide" }

func (o *getOptions) run(c *call, args []string, showKind bool) error {
	if o.raw != "" {
		return o.getRaw(c, args)
	}
	if o.watchEvents && !o.watch && !o.watchOnly {
		return errors.New("--output-watch-events option can only be used with --watch or --watch-only")
	}
	if o.watch && o.sort != "" {
		c.err("warning: --watch requested, --sort-by will be ignored for watch events received\n")
	}
	if !o.watch && !o.watchOnly && len(args) == 0 && len(o.files) == 0 {
		c.eprintf("You must specify the type of resource to get. %s\n\n", suggestResources)
		return c.usageError("Required resource not specified.\nUse \"kubectl explain <resource>\" for a detailed description of that resource (e.g. kubectl explain pods).")
	}
	if o.table.showLabels && !o.human() {
		return fmt.Errorf("--show-labels option cannot be used with %s printer", o.format)
	}
	q := o.query(c, args)
	if o.watch || o.watchOnly {
		return o.follow(c, q)
	}
	if !o.human() {
		return o.generic(c, q)
	}
	return o.tables(c, q, showKind)
}

func (o *getOptions) query(c *call, args []string) *query {
	q := c.query(args).selector(o.labels).fieldSelector(o.fields)
	q.allSpaces, q.allIfType, q.latest, q.sub = o.all, true, true, o.sub
	q.explicit = q.explicit && !o.all
	q.files, q.limit = o.files, o.chunk
	if o.ignoreNotFound {
		q.ignore = apierrors.IsNotFound
	}
	if o.human() {
		q.accept = acceptTable
		q.keepLists = true
	}
	if o.sort != "" {
		q.limit = 0
		if o.human() {
			q.include = "Object"
		}
	}
	o.table.wide = o.format == "wide"
	return q
}

func (o *getOptions) getRaw(c *call, args []string) error {
	if len(args) > 0 {
		return errors.New("arguments may not be passed when --raw is specified")
	}
	if o.watch || o.watchOnly || o.labels != "" {
		return errors.New("--raw may not be specified with other flags that filter the server request or alter the output")
	}
	if o.format != "" {
		return errors.New("--raw and --output are mutually exclusive")
	}
	u, err := url.ParseRequestURI(o.raw)
	if err != nil {
		return fmt.Errorf("--raw must be a valid URL path: %v", err)
	}
	body, err := c.send(wire{method: "GET", path: u.Path, query: u.Query()})
	c.out(string(body))
	return err
}

// tables prints what the server laid out.
func (o *getOptions) tables(c *call, q *query, showKind bool) error {
	infos, err := q.infos()
	errs := flatten(err)
	if err != nil && len(infos) == 0 && !q.started() {
		return err
	}
	if o.sort != "" {
		if infos, err = o.sortTables(infos); err != nil {
			return err
		}
	}
	kinds := showKind || severalKinds(infos)
	namespaced, written := !o.all, false
	var p *tablePrinter
	var last *mapping
	for _, i := range infos {
		namespaced = namespaced && i.Namespaced
		if last != i.mapping {
			if p != nil {
				written = o.flush(c, p, written) || written
			}
			p = o.tablePrinter(i.mapping, kinds)
			last = i.mapping
		}
		table, err := o.decodeTable(i)
		if err != nil {
			return err
		}
		p.add(table, "")
	}
	if p != nil {
		written = o.flush(c, p, written) || written
	}
	if !written && !o.ignoreNotFound && len(errs) == 0 {
		if namespaced {
			c.eprintf("No resources found in %s namespace.\n", q.namespace)
		} else {
			c.err("No resources found\n")
		}
	}
	return aggregate(errs)
}

// flush prints what p holds, with an empty line before it when something has
// been printed already.
func (o *getOptions) flush(c *call, p *tablePrinter, written bool) bool {
	text := p.columns.flush()
	if text == "" {
		return false
	}
	if written && !o.table.noHeaders {
		text = "\n" + text
	}
	c.out(text)
	return true
}

func (o *getOptions) tablePrinter(m *mapping, withKind bool) *tablePrinter {
	p := &tablePrinter{tableOptions: o.table}
	p.withNamespace = o.all && m.Namespaced
	if withKind {
		p.kind = m.kindName()
	}
	return p
}

func severalKinds(infos []*info) bool {
	for _, i := range infos {
		if i.mapping != infos[0].mapping {
			return true
		}
	}
	return false
}

// decodeTable reads the server's table; a server that sent an object instead
// gets the two columns that every object has.
func (o *getOptions) decodeTable(i *info) (*metav1.Table, error) {
	table := &metav1.Table{}
	if !isTable(i.obj) {
		return plainTable(i.obj)
	}
	data, err := encode(i.obj)
	if err != nil {
		return nil, err
	}
	return table, utiljson.Unmarshal(data, table)
}

func plainTable(obj *object) (*metav1.Table, error) {
	table := &metav1.Table{ColumnDefinitions: []metav1.TableColumnDefinition{
		{Name: "Name", Type: "string", Format: "name"}, {Name: "Created At", Type: "date"},
	}}
	add := func(obj *object) error {
		raw, err := encode(obj)
		row := metav1.TableRow{Cells: []any{obj.GetName(), obj.GetCreationTimestamp().UTC().Format("2006-01-02T15:04:05Z")}}
		row.Object.Raw = raw
		table.Rows = append(table.Rows, row)
		return err
	}
	if !obj.IsList() {
		return table, add(obj)
	}
	err := obj.EachListItem(func(item runtimeObject) error { return add(item.(*object)) })
	return table, err
}

// sortTables orders the rows of the table. Several tables are ordered among
// each other, by fields of the tables themselves: upstream's own oddity, as is
// that a single table without the field is shown as none.
func (o *getOptions) sortTables(infos []*info) ([]*info, error) {
	if len(infos) != 1 {
		order, err := sortBy(o.sort, len(infos), func(k int) any { return infos[k].obj.Object })
		if err != nil {
			return nil, err
		}
		return ordered(infos, order), nil
	}
	rows, _ := infos[0].obj.Object["rows"].([]any)
	order, err := sortBy(o.sort, len(rows), func(k int) any {
		row, _ := rows[k].(map[string]any)
		return row["object"]
	})
	if err != nil {
		infos[0].obj.Object["rows"] = []any{}
		return infos, nil
	}
	infos[0].obj.Object["rows"] = ordered(rows, order)
	return infos, nil
}

func ordered[T any](list []T, order []int) []T {
	sorted := make([]T, len(list))
	for at, from := range order {
		sorted[at] = list[from]
	}
	return sorted
}

// generic prints whole objects.
func (o *getOptions) generic(c *call, q *query) error {
	q.keepLists = false
	infos, err := q.infos()
	if err != nil && (q.single || !q.started()) {
		return err
	}
	errs := flatten(err)
	if len(infos) == 0 && o.ignoreNotFound {
		return aggregate(errs)
	}
	print, err := o.objectPrinter()
	if err != nil {
		return err
	}
	if q.single && len(infos) == 1 {
		return print(c, infos[0].obj)
	}
	items := make([]any, 0, len(infos))
	for _, i := range infos {
		items = append(items, i.obj.Object)
	}
	if o.sort != "" {
		order, err := sortBy(o.sort, len(items), func(k int) any { return items[k] })
		if err != nil {
			return err
		}
		items = ordered(items, order)
	}
	list := &object{Object: map[string]any{
		"apiVersion": "v1", "kind": "List", "items": items, "metadata": map[string]any{"resourceVersion": ""},
	}}
	if err := print(c, list); err != nil {
		errs = append(errs, err)
	}
	return aggregate(errs)
}

func (o *getOptions) objectPrinter() (printer, error) {
	if o.format == "name" {
		return func(c *call, obj any) error { return printName(c, obj, "") }, nil
	}
	if spec, ok := strings.CutPrefix(o.format, "custom-columns"); ok && (spec == "" || spec[0] == '=') {
		return customColumnsPrinter(strings.TrimPrefix(spec, "="), o.table.noHeaders)
	}
	return o.dataPrinter(getFormats)
}

var getFormats = []string{"custom-columns", "custom-columns-file", "go-template", "go-template-file", "json", "jsonpath", "jsonpath-as-json", "jsonpath-file", "kyaml", "name", "template", "templatefile", "wide", "yaml"}
