package kubectl

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// podRunningTimeout is how long run waits for its pod (--pod-running-timeout).
const podRunningTimeout = time.Minute

// attachTo prints what the pod's container writes until it ends, and ends with
// its exit code. Where the real one attaches to the container and shows its log
// up to then, this one goes on reading the log.
func (o *runOptions) attachTo(c *call, i *info) error {
	end := func(err error) {
		if o.remove {
			if _, failed := o.deletion().delete(c, i); err == nil {
				err = failed
			}
		}
		c.finish(err)
	}
	o.await(c, i, podRunningTimeout, func(pod *corev1.Pod) bool {
		return podCompleted(pod) || pod.Status.Phase == corev1.PodRunning && podReady(pod)
	}, func(pod *corev1.Pod, err error) {
		if err != nil {
			end(err)
			return
		}
		if !podCompleted(pod) && !o.quiet {
			c.err("All commands and output from this session will be recorded in container logs, including credentials and sensitive information passed through the command prompt.\n" +
				"If you don't see a command prompt, try pressing enter.\n")
		}
		logs := &logsOptions{tail: -1, then: func(err error) {
			if err != nil || !o.exits() {
				end(err)
				return
			}
			o.await(c, i, podRunningTimeout, podCompleted, func(pod *corev1.Pod, err error) {
				if err == nil {
					err = exitOfPod(pod)
				}
				end(err)
			})
		}}
		logs.next(c, []*source{{pod: pod, container: pod.Spec.Containers[0].Name}})
	})
	return errLater
}

func podCompleted(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// exits tells whether the pod comes to an end by itself.
func (o *runOptions) exits() bool {
	return o.restart == string(corev1.RestartPolicyNever) || o.restart == string(corev1.RestartPolicyOnFailure)
}

func (o *runOptions) deletion() *deleteOptions {
	return &deleteOptions{grace: -1, cascade: "background", ignoreNotFound: true, dry: "none"}
}

// await follows the pod until something is so.
func (o *runOptions) await(c *call, i *info, limit time.Duration, so func(*corev1.Pod) bool, then func(*corev1.Pod, error)) {
	pod := &corev1.Pod{}
	(&until{
		c: c, info: i, timeout: limit, late: errTimedOut,
		event: func(kind string, obj *object) (bool, error) {
			*pod = corev1.Pod{}
			if kind == "DELETED" {
				return false, fmt.Errorf("pods %q not found", i.name)
			}
			err := typed(obj, pod)
			return err == nil && so(pod), err
		},
		then: func(_ *object, err error) { then(pod, err) },
	}).start()
}

// exitOfPod is how the command ends whose pod has.
func exitOfPod(pod *corev1.Pod) error {
	if pod.Status.Phase == corev1.PodSucceeded {
		return nil
	}
	if len(pod.Status.ContainerStatuses) > 0 {
		if t := pod.Status.ContainerStatuses[0].State.Terminated; t != nil && t.ExitCode != 0 {
			return &exitError{fmt.Sprintf("pod %s/%s terminated (%s)\n%s", pod.Namespace, pod.Name, t.Reason, t.Message), int(t.ExitCode)}
		}
	}
	return fmt.Errorf("pod %s/%s failed with unknown exit code", pod.Namespace, pod.Name)
}
