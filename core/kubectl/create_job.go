package kubectl

import (
	"errors"
	"fmt"

	"github.com/spf13/pflag"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func createJobCommand() *Command {
	return &Command{
		Name:  "job",
		Short: "Create a job with the specified name",
		Usage: "NAME --image=image [--from=cronjob/name] -- [COMMAND] [args...]",
		Examples: `
			# A job
			kubectl create job my-job --image=busybox

			# With a command
			kubectl create job my-job --image=busybox -- date

			# From a cron job named "a-cronjob", now
			kubectl create job test-job --from=cronjob/a-cronjob`,
		Setup: setupCreateJob,
	}
}

func setupCreateJob(f *pflag.FlagSet) action {
	o := &sending{}
	o.add(f, "kubectl-create")
	image := f.String("image", "", "Image name to run.")
	from := f.String("from", "", "The name of the resource to create a Job from (only CronJob is supported).")
	return func(c *call, args []string) error {
		name, err := c.oneName(args)
		if err != nil {
			return err
		}
		command := args[1:]
		switch {
		case (*image == "") == (*from == ""):
			return errors.New("either --image or --from must be specified")
		case len(command) > 0 && *from != "":
			return errors.New("cannot specify --from and command")
		}
		job := &batchv1.Job{Spec: batchv1.JobSpec{Template: onePod(name, *image, command, corev1.RestartPolicyNever)}}
		if *from != "" {
			if job, err = c.jobFrom(*from); err != nil {
				return err
			}
		}
		job.TypeMeta = metav1.TypeMeta{APIVersion: "batch/v1", Kind: "Job"}
		job.Name, job.Namespace = name, c.givenNamespace()
		ns, _ := c.namespace()
		return o.post(c, "/apis/batch/v1/namespaces/"+ns+"/jobs", ns, job, "failed to create job")
	}
}

// onePod is a template of pods with one container.
func onePod(name, image string, command []string, restart corev1.RestartPolicy) corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{Spec: corev1.PodSpec{
		Containers:    []corev1.Container{{Name: name, Image: image, Command: command}},
		RestartPolicy: restart,
	}}
}

// jobFrom is the job that a cron job would make, with the cron job as its owner.
func (c *call) jobFrom(from string) (*batchv1.Job, error) {
	infos, err := c.query([]string{from}).infos()
	if err != nil {
		return nil, err
	}
	if len(infos) != 1 {
		return nil, errors.New("from must be an existing cronjob")
	}
	if kindName(infos[0].groupKind()) != "cronjob.batch" {
		return nil, fmt.Errorf("unknown object type *%s.%s", infos[0].Version, infos[0].Kind)
	}
	var cron batchv1.CronJob
	if err := typed(infos[0].obj, &cron); err != nil {
		return nil, err
	}
	annotations := map[string]string{"cronjob.kubernetes.io/instantiate": "manual"}
	for k, v := range cron.Spec.JobTemplate.Annotations {
		annotations[k] = v
	}
	controls := true
	return &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{
			Annotations: annotations, Labels: cron.Spec.JobTemplate.Labels,
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: "batch/v1", Kind: "CronJob", Name: cron.Name, UID: cron.UID, Controller: &controls,
			}},
		},
		Spec: cron.Spec.JobTemplate.Spec,
	}, nil
}

func createCronJobCommand() *Command {
	return &Command{
		Name: "cronjob", Aliases: []string{"cj"},
		Short: "Create a cron job with the specified name",
		Usage: "NAME --image=image --schedule='0/5 * * * ?' -- [COMMAND] [args...] [flags]",
		Examples: `
			# A cron job
			kubectl create cronjob my-job --image=busybox --schedule="*/1 * * * *"

			# With a command
			kubectl create cronjob my-job --image=busybox --schedule="*/1 * * * *" -- date`,
		Required: []string{"image", "schedule"},
		Setup:    setupCreateCronJob,
	}
}

func setupCreateCronJob(f *pflag.FlagSet) action {
	o := &sending{}
	o.add(f, "kubectl-create")
	image := f.String("image", "", "Image name to run.")
	schedule := f.String("schedule", "", "A schedule in the Cron format the job should be run with.")
	restart := f.String("restart", "", "job's restart policy. supported values: OnFailure, Never")
	return func(c *call, args []string) error {
		name, err := c.oneName(args)
		if err != nil {
			return err
		}
		if *restart == "" {
			*restart = string(corev1.RestartPolicyOnFailure)
		}
		cron := &batchv1.CronJob{TypeMeta: metav1.TypeMeta{APIVersion: "batch/v1", Kind: "CronJob"}}
		cron.Name, cron.Namespace = name, c.givenNamespace()
		cron.Spec.Schedule = *schedule
		cron.Spec.JobTemplate.Name = name
		cron.Spec.JobTemplate.Spec.Template = onePod(name, *image, args[1:], corev1.RestartPolicy(*restart))
		ns, _ := c.namespace()
		return o.post(c, "/apis/batch/v1/namespaces/"+ns+"/cronjobs", ns, cron, "failed to create cronjob")
	}
}
