package kubectl

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"
	appsv1 "k8s.io/api/apps/v1"
)

func rolloutStatusCommand() *Command {
	return &Command{
		Name: "status", Short: "Show the status of the rollout",
		Long:     "Show the status of the rollout.\n\n By default it follows the rollout until it is done; with --watch=false it only says how it stands.",
		Usage:    "(TYPE NAME | TYPE/NAME) [flags]",
		Examples: "kubectl rollout status deployment/web",
		Setup:    setupRolloutStatus,
	}
}

type rolloutStatus struct {
	rolloutOptions
	watch    bool
	revision int64
	timeout  time.Duration
}

func setupRolloutStatus(f *pflag.FlagSet) action {
	o := &rolloutStatus{}
	o.add(f)
	f.BoolVarP(&o.watch, "watch", "w", true, "Watch the status of the rollout until it's done.")
	f.Int64Var(&o.revision, "revision", 0, "Pin to a specific revision for showing its status. Defaults to 0 (last revision).")
	f.DurationVar(&o.timeout, "timeout", 0, "The length of time to wait before ending watch, zero means never. Any other values should contain a corresponding time unit (e.g. 1s, 2m, 3h).")
	return o.run
}

func (o *rolloutStatus) run(c *call, args []string) error {
	q, err := o.query(c, args)
	if err != nil {
		return err
	}
	if o.revision < 0 {
		return fmt.Errorf("revision must be a positive integer: %v", o.revision)
	}
	infos, err := q.infos()
	if err != nil && !q.started() {
		return err
	}
	if len(infos) == 0 && err == nil {
		c.noneFound()
		return nil
	}
	o.next(c, infos, flatten(err))
	return errLater
}

// next follows the first of infos and goes on with the others.
func (o *rolloutStatus) next(c *call, infos []*info, errs []error) {
	if len(infos) == 0 {
		c.finish(aggregate(errs))
		return
	}
	i := infos[0]
	then := func(_ *object, err error) {
		if err != nil {
			errs = append(errs, err)
		}
		o.next(c, infos[1:], errs)
	}
	status := statusOf(kindName(i.groupKind()))
	if status == nil {
		then(nil, fmt.Errorf("no status viewer has been implemented for %v", i.groupKind()))
		return
	}
	u := &until{c: c, info: i, timeout: o.timeout, late: errTimedOut, then: then}
	u.event = func(kind string, obj *object) (bool, error) {
		if kind == "DELETED" {
			return true, errors.New("object has been deleted")
		}
		text, done, err := status(obj, o.revision)
		if err != nil {
			return false, err
		}
		c.out(text)
		return done || !o.watch, nil
	}
	u.start()
}

// statusOf is how rollouts of a kind stand (polymorphichelpers/rollout_status.go).
func statusOf(kind string) func(obj *object, revision int64) (string, bool, error) {
	switch kind {
	case "deployment.apps":
		return deploymentStatus
	case "daemonset.apps":
		return daemonSetStatus
	case "statefulset.apps":
		return statefulSetStatus
	}
	return nil
}

func deploymentStatus(obj *object, revision int64) (string, bool, error) {
	var d appsv1.Deployment
	if err := typed(obj, &d); err != nil {
		return "", false, err
	}
	if revision > 0 {
		running, err := revisionOf(d.Annotations)
		if err != nil {
			return "", false, fmt.Errorf("cannot get the revision of deployment %q: %v", d.Name, err)
		}
		if running != revision {
			return "", false, fmt.Errorf("desired revision (%d) is different from the running revision (%d)", revision, running)
		}
	}
	if d.Generation > d.Status.ObservedGeneration {
		return "Waiting for deployment spec update to be observed...\n", false, nil
	}
	for _, cond := range d.Status.Conditions {
		if cond.Type == appsv1.DeploymentProgressing && cond.Reason == "ProgressDeadlineExceeded" {
			return "", false, fmt.Errorf("deployment %q exceeded its progress deadline", d.Name)
		}
	}
	waiting := fmt.Sprintf("Waiting for deployment %q rollout to finish: ", d.Name)
	s := d.Status
	switch {
	case d.Spec.Replicas != nil && s.UpdatedReplicas < *d.Spec.Replicas:
		return waiting + fmt.Sprintf("%d out of %d new replicas have been updated...\n", s.UpdatedReplicas, *d.Spec.Replicas), false, nil
	case s.Replicas > s.UpdatedReplicas:
		return waiting + fmt.Sprintf("%d old replicas are pending termination...\n", s.Replicas-s.UpdatedReplicas), false, nil
	case s.AvailableReplicas < s.UpdatedReplicas:
		return waiting + fmt.Sprintf("%d of %d updated replicas are available...\n", s.AvailableReplicas, s.UpdatedReplicas), false, nil
	}
	return fmt.Sprintf("deployment %q successfully rolled out\n", d.Name), true, nil
}

func daemonSetStatus(obj *object, _ int64) (string, bool, error) {
	var d appsv1.DaemonSet
	if err := typed(obj, &d); err != nil {
		return "", false, err
	}
	if d.Spec.UpdateStrategy.Type != appsv1.RollingUpdateDaemonSetStrategyType {
		return "", true, errors.New("rollout status is only available for RollingUpdate strategy type")
	}
	if d.Generation > d.Status.ObservedGeneration {
		return "Waiting for daemon set spec update to be observed...\n", false, nil
	}
	s, waiting := d.Status, fmt.Sprintf("Waiting for daemon set %q rollout to finish: ", d.Name)
	switch {
	case s.UpdatedNumberScheduled < s.DesiredNumberScheduled:
		return waiting + fmt.Sprintf("%d out of %d new pods have been updated...\n", s.UpdatedNumberScheduled, s.DesiredNumberScheduled), false, nil
	case s.NumberAvailable < s.DesiredNumberScheduled:
		return waiting + fmt.Sprintf("%d of %d updated pods are available...\n", s.NumberAvailable, s.DesiredNumberScheduled), false, nil
	}
	return fmt.Sprintf("daemon set %q successfully rolled out\n", d.Name), true, nil
}

func statefulSetStatus(obj *object, _ int64) (string, bool, error) {
	var d appsv1.StatefulSet
	if err := typed(obj, &d); err != nil {
		return "", false, err
	}
	if d.Spec.UpdateStrategy.Type != appsv1.RollingUpdateStatefulSetStrategyType {
		return "", true, errors.New("rollout status is only available for RollingUpdate strategy type")
	}
	s, replicas := d.Status, int32(0)
	if d.Spec.Replicas != nil {
		replicas = *d.Spec.Replicas
	}
	if s.ObservedGeneration == 0 || d.Generation > s.ObservedGeneration {
		return "Waiting for statefulset spec update to be observed...\n", false, nil
	}
	if s.ReadyReplicas < replicas {
		return fmt.Sprintf("Waiting for %d pods to be ready...\n", replicas-s.ReadyReplicas), false, nil
	}
	if rolling := d.Spec.UpdateStrategy.RollingUpdate; rolling != nil {
		if rolling.Partition != nil && s.UpdatedReplicas < replicas-*rolling.Partition {
			return fmt.Sprintf("Waiting for partitioned roll out to finish: %d out of %d new pods have been updated...\n", s.UpdatedReplicas, replicas-*rolling.Partition), false, nil
		}
		return fmt.Sprintf("partitioned roll out complete: %d new pods have been updated...\n", s.UpdatedReplicas), true, nil
	}
	if s.UpdateRevision != s.CurrentRevision {
		return fmt.Sprintf("waiting for statefulset rolling update to complete %d pods at revision %s...\n", s.UpdatedReplicas, s.UpdateRevision), false, nil
	}
	return fmt.Sprintf("statefulset rolling update complete %d pods at revision %s...\n", s.CurrentReplicas, s.CurrentRevision), true, nil
}
