package kubectl

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/spf13/pflag"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

func scaleCommand() *Command {
	return &Command{
		Name: "scale", Group: groups[2], Required: []string{"replicas"},
		Short: "Set a new size for a deployment, replica set, or replication controller",
		Long: "Set a new size for a deployment, replica set, replication controller, or stateful set.\n\n" +
			" With --current-replicas or --resource-version the size is only set if that is what there is.",
		Usage: "[--resource-version=version] [--current-replicas=count] --replicas=COUNT (-f FILENAME | TYPE NAME)",
		Examples: `
			# Three replicas of the deployment web
			kubectl scale deployment web --replicas=3

			# If there are two now, make it three
			kubectl scale --current-replicas=2 --replicas=3 deployment/web`,
		Setup: setupScale,
	}
}

type scaleOptions struct {
	outputFlags
	dry               dryRun
	all               bool
	version           string
	current, replicas int
	timeout           time.Duration
	files             []string
	labels            string
}

func setupScale(f *pflag.FlagSet) action {
	o := &scaleOptions{}
	o.outputFlags.add(f, generalFormatHelp)
	o.dry.add(f)
	f.BoolVar(&o.all, "all", false, "Select all resources in the namespace of the specified resource types")
	f.StringVar(&o.version, "resource-version", "", "Precondition for resource version. Requires that the current resource version match this value in order to scale.")
	f.IntVar(&o.current, "current-replicas", -1, "Precondition for current size. Requires that the current size of the resource match this value in order to scale. -1 (default) for no condition.")
	f.IntVar(&o.replicas, "replicas", 0, "The new desired number of replicas. Required.")
	f.DurationVar(&o.timeout, "timeout", 0, "The length of time to wait before giving up on a scale operation, zero means don't wait. Any other values should contain a corresponding time unit (e.g. 1s, 2m, 3h).")
	addFiles(f, &o.files, "identifying the resource to set a new size")
	addRecord(f)
	addSelector(f, &o.labels)
	return o.run
}

func (o *scaleOptions) run(c *call, args []string) error {
	if o.replicas < 0 {
		return errors.New("The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0")
	}
	if o.current < -1 {
		return errors.New("The --current-replicas must specify an integer of -1 or greater")
	}
	done, err := o.dry.check("scaled")
	if err != nil {
		return err
	}
	print, err := o.printer(done)
	if err != nil {
		return err
	}
	q := c.query(args).selector(o.labels)
	q.files, q.allIfType = o.files, o.all
	infos, infoErr := q.infos()
	if len(infos) == 0 {
		if infoErr != nil {
			return infoErr
		}
		return errors.New("no objects passed to scale")
	}
	if o.version != "" && len(infos) > 1 {
		return errors.New("cannot use --resource-version with multiple resources")
	}
	o.next(c, infos, print, infoErr)
	return errLater
}

// next scales the first of infos and goes on with the others.
func (o *scaleOptions) next(c *call, infos []*info, print printer, end error) {
	if len(infos) == 0 {
		c.finish(end)
		return
	}
	i := infos[0]
	goOn := func(err error) {
		if err == nil {
			err = c.recordPatch(i)
		}
		if err == nil {
			err = print(c, i.obj)
		}
		if err != nil {
			c.finish(err)
			return
		}
		o.next(c, infos[1:], print, end)
	}
	if o.dry.client() {
		setReplicas(i.obj, int64(o.replicas))
		goOn(nil)
		return
	}
	if err := o.scale(c, i, 300); err != nil || o.timeout == 0 || o.dry != "none" {
		goOn(err)
		return
	}
	o.await(c, i, c.session.env.Now().Add(o.timeout), goOn)
}

func setReplicas(obj *object, replicas int64) {
	group := obj.GroupVersionKind().Group
	if group != "apps" && group != "" {
		return
	}
	if spec, ok := obj.Object["spec"].(map[string]any); ok {
		spec["replicas"] = replicas
	}
}

// scale writes the scale subresource, again on conflicts.
func (o *scaleOptions) scale(c *call, i *info, tries int) error {
	q := url.Values{}
	o.dry.set(q)
	for {
		w, err := o.request(c, i, q)
		if err != nil {
			return err
		}
		scaled, err := c.fetch(*w)
		if apierrors.IsConflict(err) && tries > 0 {
			tries--
			continue
		}
		if err != nil {
			return err
		}
		var s autoscalingv1.Scale
		if err := typed(scaled, &s); err != nil {
			return err
		}
		setReplicas(i.obj, int64(s.Spec.Replicas))
		return nil
	}
}

// request is a patch, or, where there are preconditions, an update of a scale
// that met them.
func (o *scaleOptions) request(c *call, i *info, q url.Values) (*wire, error) {
	if o.current == -1 && o.version == "" {
		body := fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, o.replicas)
		return &wire{method: "PATCH", path: i.path("scale"), query: q, contentType: mergeType, body: body}, nil
	}
	var s autoscalingv1.Scale
	if err := c.into(i.path("scale"), nil, &s); err != nil {
		return nil, err
	}
	if o.current != -1 && int(s.Spec.Replicas) != o.current {
		return nil, fmt.Errorf("Expected replicas to be %d, was %d", o.current, s.Spec.Replicas)
	}
	if o.version != "" && s.ResourceVersion != o.version {
		return nil, fmt.Errorf("Expected resource version to be %s, was %s", o.version, s.ResourceVersion)
	}
	s.Spec.Replicas = int32(o.replicas)
	body, err := json.Marshal(s)
	return &wire{method: "PUT", path: i.path("scale"), query: q, body: body}, err
}

// await looks every second whether there are as many replicas as wanted.
func (o *scaleOptions) await(c *call, i *info, until time.Time, then func(error)) {
	var s autoscalingv1.Scale
	if err := c.into(i.path("scale"), nil, &s); err != nil {
		then(err)
		return
	}
	if s.Spec.Replicas != int32(o.replicas) || s.Status.Replicas == s.Spec.Replicas {
		then(nil)
		return
	}
	if c.session.env.Now().After(until) {
		then(fmt.Errorf("timed out waiting for %q to be synced", i.name))
		return
	}
	c.stop = c.session.env.After(time.Second, func() { o.await(c, i, until, then) })
}
