package kubectl

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// topCommand shows what pods and nodes use (pkg/cmd/top). Left out: swap.
func topCommand() *Command {
	return &Command{
		Name: "top", Group: groups[3],
		Short: "Display resource (CPU/memory) usage",
		Long:  "Display resource (CPU/memory) usage of nodes or pods. A pod's usage is known some time after it has started.",
		Usage: "[flags] [options]",
		Sub: []*Command{
			{
				Name: "node", Aliases: []string{"nodes", "no"}, Short: "Display resource (CPU/memory) usage of nodes",
				Long: "Display resource (CPU/memory) usage of nodes.", Usage: "[NAME | -l label]", Setup: setupTopNode,
			},
			{
				Name: "pod", Aliases: []string{"pods", "po"}, Short: "Display resource (CPU/memory) usage of pods",
				Long: "Display resource (CPU/memory) usage of pods.", Usage: "[NAME | -l label]", Setup: setupTopPod,
			},
		},
	}
}

// measured is a pod or a node with what it uses, as metrics.k8s.io answers.
type measured struct {
	metav1.ObjectMeta `json:"metadata"`
	Usage             corev1.ResourceList `json:"usage"`
	Containers        []struct {
		Name  string              `json:"name"`
		Usage corev1.ResourceList `json:"usage"`
	} `json:"containers"`
}

type topOptions struct {
	selector, fields, sortBy    string
	noHeaders, sum, containers  bool
	allNamespaces, withCapacity bool
	protobuf                    bool
}

func (o *topOptions) add(f *pflag.FlagSet) {
	f.StringVarP(&o.selector, "selector", "l", "", "Selector (label query) to filter on, supports '=', '==', '!=', 'in', 'notin'.")
	f.StringVar(&o.sortBy, "sort-by", "", "If non-empty, sort the list using specified field. The field can be either 'cpu' or 'memory'.")
	f.BoolVar(&o.noHeaders, "no-headers", false, "If present, print output without headers")
	f.BoolVar(&o.protobuf, "use-protocol-buffers", true, "Enables using protocol-buffers to access Metrics API.")
}

func setupTopNode(f *pflag.FlagSet) action {
	o := &topOptions{}
	o.add(f)
	f.BoolVar(&o.withCapacity, "show-capacity", false, "Print node resources based on Capacity instead of Allocatable(default) of the nodes.")
	return o.nodes
}

func setupTopPod(f *pflag.FlagSet) action {
	o := &topOptions{}
	o.add(f)
	f.StringVar(&o.fields, "field-selector", "", "Selector (field query) to filter on, supports '=', '==', and '!='.")
	f.BoolVar(&o.containers, "containers", false, "If present, print usage of containers within a pod.")
	f.BoolVarP(&o.allNamespaces, "all-namespaces", "A", false, "If present, list the requested object(s) across all namespaces. Namespace in current context is ignored even if specified with --namespace.")
	f.BoolVar(&o.sum, "sum", false, "Print the sum of the resource usage")
	return o.pods
}

const metricsPath = "/apis/metrics.k8s.io/v1beta1/"

// read reads metrics, of one object or of all that are selected.
func (o *topOptions) read(c *call, path string, args []string) ([]measured, error) {
	if o.sortBy != "" && o.sortBy != "cpu" && o.sortBy != "memory" {
		return nil, errors.New("--sort-by accepts only cpu or memory")
	}
	var list struct {
		Items []measured `json:"items"`
	}
	if len(args) > 0 {
		list.Items = make([]measured, 1)
		return list.Items, c.into(path+"/"+args[0], nil, &list.Items[0])
	}
	if err := c.into(path, o.query(), &list); err != nil {
		return nil, err
	}
	return list.Items, nil
}

func (o *topOptions) query() url.Values {
	query := url.Values{}
	if o.selector != "" {
		query.Set("labelSelector", o.selector)
	}
	if o.fields != "" {
		query.Set("fieldSelector", o.fields)
	}
	return query
}

// check refuses what can't be asked together.
func (o *topOptions) check(c *call, args []string) error {
	switch {
	case len(args) > 1:
		return c.usageError("Unexpected args: %v", args)
	case len(args) == 1 && (o.selector != "" || o.fields != ""):
		return errors.New("only one of NAME or selector can be provided")
	}
	return nil
}

func (o *topOptions) pods(c *call, args []string) error {
	if err := o.check(c, args); err != nil {
		return err
	}
	ns, _ := c.namespace()
	path := "namespaces/" + ns + "/pods"
	if o.allNamespaces {
		path = "pods"
	}
	pods, err := o.read(c, metricsPath+path, args)
	if err != nil {
		return err
	}
	if len(pods) == 0 {
		return o.nothing(c, path, ns)
	}
	o.printPods(c, pods)
	return nil
}

// nothing tells pods of which nothing is known yet from no pods.
func (o *topOptions) nothing(c *call, path, ns string) error {
	var list struct {
		Items []corev1.Pod `json:"items"`
	}
	if err := c.into("/api/v1/"+path, o.query(), &list); err != nil {
		return err
	}
	for i := range list.Items {
		p := &list.Items[i]
		if age := c.session.env.Now().Sub(p.CreationTimestamp.Time); age > 2*time.Minute {
			return fmt.Errorf("Metrics not available for pod %s/%s, age: %s", p.Namespace, p.Name, age)
		}
	}
	switch {
	case len(list.Items) > 0:
		return errors.New("metrics not available yet")
	case o.allNamespaces:
		c.eprintf("No resources found\n")
	default:
		c.eprintf("No resources found in %s namespace.\n", ns)
	}
	return nil
}

// total is what a pod's containers use, or a node.
func (m *measured) total() corev1.ResourceList {
	if m.Usage != nil {
		return m.Usage
	}
	var cpu, memory resource.Quantity
	for _, c := range m.Containers {
		cpu.Add(*c.Usage.Cpu())
		memory.Add(*c.Usage.Memory())
	}
	return corev1.ResourceList{corev1.ResourceCPU: cpu, corev1.ResourceMemory: memory}
}

// sort puts the greediest first, or goes by name.
func (o *topOptions) sort(list []measured) {
	slices.SortStableFunc(list, func(a, b measured) int {
		by := 0
		if o.sortBy != "" {
			of := func(m *measured) int64 { q := m.total()[corev1.ResourceName(o.sortBy)]; return q.MilliValue() }
			by = cmp.Compare(of(&b), of(&a))
		}
		return cmp.Or(by, cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
}

func cores(l corev1.ResourceList) string { return fmt.Sprintf("%dm", l.Cpu().MilliValue()) }
func mebis(l corev1.ResourceList) string { return fmt.Sprintf("%dMi", l.Memory().Value()>>20) }

func (o *topOptions) printPods(c *call, pods []measured) {
	o.sort(pods)
	var t columns
	var lead []string
	if o.allNamespaces {
		lead = append(lead, "NAMESPACE")
	}
	if o.containers {
		lead = append(lead, "POD")
	}
	row := func(lead []string, cells ...string) { t.row(append(append(slices.Clone(lead), cells...), "")...) }
	if !o.noHeaders {
		row(lead, "NAME", "CPU(cores)", "MEMORY(bytes)")
	}
	all := measured{}
	for i := range pods {
		p := &pods[i]
		all.Containers = append(all.Containers, p.Containers...)
		var lead []string
		if o.allNamespaces {
			lead = append(lead, p.Namespace)
		}
		if !o.containers {
			row(lead, p.Name, cores(p.total()), mebis(p.total()))
			continue
		}
		for _, c := range p.Containers {
			row(append(slices.Clone(lead), p.Name), c.Name, cores(c.Usage), mebis(c.Usage))
		}
	}
	if o.sum {
		blank := make([]string, len(lead))
		row(blank, "", "________", "________")
		row(blank, "", cores(all.total()), mebis(all.total()))
	}
	c.out(t.flush())
}

func (o *topOptions) nodes(c *call, args []string) error {
	if err := o.check(c, args); err != nil {
		return err
	}
	nodes, err := o.read(c, metricsPath+"nodes", args)
	if err != nil {
		return err
	}
	if len(nodes) == 0 {
		return errors.New("metrics not available yet")
	}
	var list struct {
		Items []corev1.Node `json:"items"`
	}
	if err := c.into("/api/v1/nodes", nil, &list); err != nil {
		return err
	}
	room := map[string]corev1.ResourceList{}
	for i := range list.Items {
		if room[list.Items[i].Name] = list.Items[i].Status.Allocatable; o.withCapacity {
			room[list.Items[i].Name] = list.Items[i].Status.Capacity
		}
	}
	o.sort(nodes)
	var t columns
	if !o.noHeaders {
		t.row("NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)", "")
	}
	for i := range nodes {
		n, of := &nodes[i], room[nodes[i].Name]
		t.row(n.Name, cores(n.Usage), percent(n.Usage.Cpu().MilliValue(), of.Cpu().MilliValue()),
			mebis(n.Usage), percent(n.Usage.Memory().Value(), of.Memory().Value()), "")
	}
	c.out(t.flush())
	return nil
}

func percent(part, whole int64) string {
	if whole == 0 {
		return "0%"
	}
	return fmt.Sprintf("%d%%", part*100/whole)
}
