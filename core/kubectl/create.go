package kubectl

import (
	"errors"
	"fmt"
	"hash/fnv"
	"net/url"
	"strings"

	"github.com/spf13/pflag"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func createCommand() *Command {
	return &Command{
		Name: "create", Group: groups[0],
		Short: "Create a resource from a file or from stdin",
		Long:  "Create a resource from a file or from stdin.\n\n JSON and YAML formats are accepted.",
		Usage: "-f FILENAME",
		Examples: `
			# Create what a file describes
			kubectl create -f pod.yaml

			# Create what follows
			kubectl create -f - <<EOF`,
		Sub: []*Command{createDeploymentCommand(), createNamespaceCommand(), createConfigMapCommand(), createServiceAccountCommand(), createJobCommand(), createCronJobCommand(),
			createServiceCommand(), createSecretCommand(), createQuotaCommand(), createPriorityClassCommand(), createBudgetCommand(),
			createRoleCommand(), createClusterRoleCommand(), createRoleBindingCommand(), createClusterRoleBindingCommand(), createTokenCommand()},
		Missing: []string{"ingress", "ing"},
		Setup:   setupCreate,
	}
}

// sending are the flags of commands that make an object.
type sending struct {
	outputFlags
	dry        dryRun
	validate   string
	manager    string
	saveConfig bool
}

func (o *sending) add(f *pflag.FlagSet, manager string) {
	o.outputFlags.add(f, generalFormatHelp)
	o.dry.add(f)
	addValidate(f, &o.validate)
	f.StringVar(&o.manager, "field-manager", manager, "Name of the manager used to track field ownership.")
	addRecord(f)
	f.BoolVar(&o.saveConfig, "save-config", false, "If true, the configuration of current object will be saved in its annotation. Otherwise, the annotation will be unchanged. This flag is useful when you want to perform kubectl apply on this object in the future.")
}

func addValidate(f *pflag.FlagSet, validate *string) {
	f.StringVar(validate, "validate", "strict", `Must be one of: strict (or true), warn, ignore (or false). "true" or "strict" will use a schema to validate the input and fail the request if invalid. "warn" will warn about unknown or duplicate fields without blocking the request. "false" or "ignore" will not perform any schema validation, silently dropping any unknown or duplicate fields.`)
	f.Lookup("validate").NoOptDefVal = "strict"
}

// directive is the server's name for a value of --validate.
func directive(validate string) (string, error) {
	switch validate {
	case "strict", "true", "":
		return "Strict", nil
	case "warn":
		return "Warn", nil
	case "ignore", "false":
		return "Ignore", nil
	}
	return "", fmt.Errorf(`invalid - validate option %q; must be one of: strict (or true), warn, ignore (or false)`, validate)
}

// query is that of a request which creates.
func (o *sending) query() (url.Values, error) {
	d, err := directive(o.validate)
	q := url.Values{"fieldManager": {o.manager}, "fieldValidation": {d}}
	o.dry.set(q)
	return q, err
}

// post creates obj and prints what came of it. wrap, if any, puts words before
// the server's error.
func (o *sending) post(c *call, plural, namespace string, obj any, wrap string) error {
	done, err := o.dry.check("created")
	if err != nil {
		return err
	}
	print, err := o.printer(done)
	if err != nil {
		return err
	}
	q, err := o.query()
	if err != nil {
		return err
	}
	if o.saveConfig {
		if obj, err = saved(obj); err != nil {
			return err
		}
	}
	if o.dry.client() {
		return print(c, obj)
	}
	body, err := encode(obj)
	if err != nil {
		return err
	}
	created, err := c.fetch(wire{method: "POST", path: plural, query: q, body: append(body, '\n')})
	if err != nil {
		if wrap == "" {
			return err
		}
		return fmt.Errorf("%s: %v", wrap, err)
	}
	return print(c, created)
}

const lastApplied = corev1.LastAppliedConfigAnnotation

// saved is obj with itself in the last-applied annotation.
func saved(obj any) (any, error) {
	text, err := encode(obj)
	if err != nil {
		return nil, err
	}
	u, err := decode(text)
	if err != nil {
		return nil, err
	}
	annotate(u, lastApplied, string(text)+"\n")
	return u, nil
}

// configuration is what the last-applied annotation says of an object.
func configuration(u *object) (string, error) {
	u = u.DeepCopy()
	annotations := u.GetAnnotations()
	delete(annotations, lastApplied)
	meta, _ := u.Object["metadata"].(map[string]any)
	if meta == nil {
		meta = map[string]any{}
		u.Object["metadata"] = meta
	}
	kept := map[string]any{}
	for k, v := range annotations {
		kept[k] = v
	}
	meta["annotations"] = kept
	data, err := encode(u)
	return string(data) + "\n", err
}

func annotate(u *object, key, value string) {
	annotations := u.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[key] = value
	u.SetAnnotations(annotations)
}

func setupCreate(f *pflag.FlagSet) action {
	o := &sending{}
	o.add(f, "kubectl-create")
	var files []string
	var labels string
	addFiles(f, &files, "to use to create the resource")
	addSelector(f, &labels)
	return func(c *call, args []string) error {
		if len(args) > 0 {
			return c.usageError("Unexpected args: %v", args)
		}
		if len(files) == 0 {
			return errors.New("must specify one of -f and -k")
		}
		return o.createFiles(c, files, labels)
	}
}

func (o *sending) createFiles(c *call, files []string, labels string) error {
	done, err := o.dry.check("created")
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
	q := c.query(nil).selector(labels)
	q.files, q.validate = files, query.Get("fieldValidation") != "Ignore"
	count := 0
	err = q.visit(func(i *info) error {
		if o.saveConfig {
			text, err := configuration(i.obj)
			if err != nil {
				return sourced("creating", i.source, err)
			}
			annotate(i.obj, lastApplied, text)
		}
		c.record(i.obj)
		if !o.dry.client() {
			obj, err := c.create(i, query)
			if err != nil {
				return sourced("creating", i.source, err)
			}
			i.obj = obj
		}
		count++
		return print(c, i.obj)
	})
	if err == nil && count == 0 {
		return errors.New("no objects passed to create")
	}
	return err
}

// create posts an object that came from a file.
func (c *call) create(i *info, query url.Values) (*object, error) {
	body, err := encode(i.obj)
	if err != nil {
		return nil, err
	}
	return c.fetch(wire{method: "POST", path: i.mapping.path(i.namespace, ""), query: query, body: append(body, '\n')})
}

// oneName takes the NAME argument of a create command.
func (c *call) oneName(args []string) (string, error) {
	n := len(args)
	if dash := c.flags.ArgsLenAtDash(); dash >= 0 {
		n = dash
	}
	if n != 1 {
		return "", c.usageError("exactly one NAME is required, got %d", n)
	}
	return args[0], nil
}

// givenNamespace is the namespace for metadata: only when it was given.
func (c *call) givenNamespace() string {
	if ns, explicit := c.namespace(); explicit {
		return ns
	}
	return ""
}

func createDeploymentCommand() *Command {
	return &Command{
		Name: "deployment", Aliases: []string{"deploy"}, Required: []string{"image"},
		Short: "Create a deployment with the specified name",
		Usage: "NAME --image=image -- [COMMAND] [args...]",
		Examples: `
			# A deployment that runs nginx
			kubectl create deployment web --image=nginx

			# With three replicas
			kubectl create deployment web --image=nginx --replicas=3

			# With a command of its own
			kubectl create deployment clock --image=busybox -- date

			# Only show what would be sent
			kubectl create deployment web --image=nginx --dry-run=client -o yaml`,
		Setup: setupCreateDeployment,
	}
}

func setupCreateDeployment(f *pflag.FlagSet) action {
	o := &sending{}
	o.add(f, "kubectl-create")
	images := f.StringSlice("image", nil, "Image names to run. A deployment can have multiple images set for multi-container pod.")
	port := f.Int32("port", -1, "The containerPort that this deployment exposes.")
	replicas := f.Int32P("replicas", "r", 1, "Number of replicas to create. Default is 1.")
	return func(c *call, args []string) error {
		name, err := c.oneName(args)
		if err != nil {
			return err
		}
		command := args[1:]
		if len(*images) > 1 && len(command) > 0 {
			return errors.New("cannot specify multiple --image options and command")
		}
		d := deployment(name, *images, command, *replicas, *port)
		d.Namespace = c.givenNamespace()
		ns, _ := c.namespace()
		return o.post(c, "/apis/apps/v1/namespaces/"+ns+"/deployments", ns, d, "failed to create deployment")
	}
}

func deployment(name string, images, command []string, replicas, port int32) *appsv1.Deployment {
	labels := map[string]string{"app": name}
	d := &appsv1.Deployment{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
	}
	d.Spec.Replicas = &replicas
	d.Spec.Selector = &metav1.LabelSelector{MatchLabels: labels}
	d.Spec.Template.Labels = labels
	for _, image := range images {
		d.Spec.Template.Spec.Containers = append(d.Spec.Template.Spec.Containers,
			corev1.Container{Name: containerName(image), Image: image, Command: command})
	}
	if port >= 0 && len(images) > 0 {
		d.Spec.Template.Spec.Containers[0].Ports = []corev1.ContainerPort{{ContainerPort: port}}
	}
	return d
}

// containerName is the last word of an image's name. A name with characters
// that container names can't have gets five more, as kubectl gives it; ours
// follow from the image, so that the world stays the same when run again.
func containerName(image string) string {
	parts := strings.Split(image, "/")
	name, _, _ := strings.Cut(parts[len(parts)-1], ":")
	name, _, _ = strings.Cut(name, "@")
	if !strings.ContainsAny(name, "_.") {
		return name
	}
	h := fnv.New64a()
	h.Write([]byte(image))
	const alphabet = "bcdfghjklmnpqrstvwxz2456789"
	suffix, sum := "", h.Sum64()
	for range 5 {
		suffix += string(alphabet[sum%uint64(len(alphabet))])
		sum /= uint64(len(alphabet))
	}
	return strings.NewReplacer("_", "-", ".", "-").Replace(name) + "-" + suffix
}

func createNamespaceCommand() *Command {
	return &Command{
		Name: "namespace", Aliases: []string{"ns"},
		Short:    "Create a namespace with the specified name",
		Usage:    "NAME [--dry-run=server|client|none]",
		Examples: "# A namespace named my-namespace\nkubectl create namespace my-namespace",
		Setup: func(f *pflag.FlagSet) action {
			o := &sending{}
			o.add(f, "kubectl-create")
			return func(c *call, args []string) error {
				name, err := c.oneName(args)
				if err != nil {
					return err
				}
				ns := &corev1.Namespace{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"}}
				ns.Name = name
				return o.post(c, "/api/v1/namespaces", "", ns, "")
			}
		},
	}
}

func createServiceAccountCommand() *Command {
	return &Command{
		Name: "serviceaccount", Aliases: []string{"sa"},
		Short:    "Create a service account with the specified name",
		Usage:    "NAME [--dry-run=server|client|none]",
		Examples: "# A service account named my-service-account\nkubectl create serviceaccount my-service-account",
		Setup: func(f *pflag.FlagSet) action {
			o := &sending{}
			o.add(f, "kubectl-create")
			return func(c *call, args []string) error {
				name, err := c.oneName(args)
				if err != nil {
					return err
				}
				sa := &corev1.ServiceAccount{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ServiceAccount"}}
				sa.Name, sa.Namespace = name, c.givenNamespace()
				ns, _ := c.namespace()
				return o.post(c, "/api/v1/namespaces/"+ns+"/serviceaccounts", ns, sa, "failed to create serviceaccount")
			}
		},
	}
}
