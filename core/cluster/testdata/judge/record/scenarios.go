package main

// A scenario is a state to reach and the one command whose consequences are
// recorded. POD stands for the name of a pod that runs when it starts.
type scenario struct {
	Name    string
	Setup   []string
	Command string
}

var scenarios = []scenario{
	{
		Name:    "create",
		Command: "create deployment web --image=nginx",
	},
	{
		Name:    "scale-up",
		Setup:   []string{"create deployment web --image=nginx"},
		Command: "scale deployment web --replicas=3",
	},
	{
		Name:    "scale-down",
		Setup:   []string{"create deployment web --image=nginx --replicas=3"},
		Command: "scale deployment web --replicas=1",
	},
	{
		Name:    "set-image",
		Setup:   []string{"create deployment web --image=nginx --replicas=3"},
		Command: "set image deployment/web nginx=nginx:1.27",
	},
	{
		Name: "rollout-undo",
		Setup: []string{
			"create deployment web --image=nginx --replicas=3",
			"set image deployment/web nginx=nginx:1.27",
		},
		Command: "rollout undo deployment/web",
	},
	{
		Name:    "delete-pod",
		Setup:   []string{"create deployment web --image=nginx --replicas=3"},
		Command: "delete pod POD",
	},
	{
		Name:    "delete-deployment",
		Setup:   []string{"create deployment web --image=nginx --replicas=3"},
		Command: "delete deployment web",
	},
	{
		Name:    "delete-foreground",
		Setup:   []string{"create deployment web --image=nginx --replicas=3"},
		Command: "delete deployment web --cascade=foreground",
	},
	{
		Name:    "delete-orphan",
		Setup:   []string{"create deployment web --image=nginx --replicas=3"},
		Command: "delete deployment web --cascade=orphan",
	},
	{
		Name:    "adopt",
		Setup:   []string{"create deployment web --image=nginx --replicas=3", "delete deployment web --cascade=orphan"},
		Command: "create deployment web --image=nginx --replicas=2",
	},
	{
		Name:    "rollout-restart",
		Setup:   []string{"create deployment web --image=nginx --replicas=2"},
		Command: "rollout restart deployment/web",
	},
	{
		Name: "resume",
		Setup: []string{
			"create deployment web --image=nginx --replicas=2",
			"rollout pause deployment/web",
			"set image deployment/web nginx=nginx:1.27",
		},
		Command: "rollout resume deployment/web",
	},
	{
		Name:    "pause",
		Setup:   []string{"create deployment web --image=nginx --replicas=2"},
		Command: "rollout pause deployment/web",
	},
	{
		Name: "recreate",
		Setup: []string{
			"create deployment web --image=nginx --replicas=2",
			`patch deployment web --type=merge -p {"spec":{"strategy":{"type":"Recreate","rollingUpdate":null}}}`,
		},
		Command: "set image deployment/web nginx=nginx:1.27",
	},
	{
		Name:    "create-namespace",
		Command: "create namespace NAMESPACE",
	},
	{
		Name:    "delete-namespace",
		Setup:   []string{"create deployment web --image=nginx --replicas=2"},
		Command: "delete namespace NAMESPACE",
	},
	{
		Name:    "daemonset-create",
		Command: "create -f daemonset.yaml",
	},
	{
		Name:    "daemonset-update",
		Setup:   []string{"create -f daemonset.yaml"},
		Command: "set image daemonset/agent agent=fluentd:v1.17",
	},
	{
		Name:    "daemonset-surge",
		Setup:   []string{"create -f daemonset-surge.yaml"},
		Command: "set image daemonset/agent agent=fluentd:v1.17",
	},
	{
		Name:    "daemonset-undo",
		Setup:   []string{"create -f daemonset.yaml", "set image daemonset/agent agent=fluentd:v1.17"},
		Command: "rollout undo daemonset/agent",
	},
	{
		Name:    "daemonset-delete-pod",
		Setup:   []string{"create -f daemonset.yaml"},
		Command: "delete pod POD",
	},
	{
		Name:    "daemonset-delete",
		Setup:   []string{"create -f daemonset.yaml"},
		Command: "delete daemonset agent",
	},
	{
		Name:    "statefulset-create",
		Command: "create -f statefulset.yaml",
	},
	{
		Name:    "statefulset-parallel",
		Command: "create -f statefulset-parallel.yaml",
	},
	{
		Name:    "statefulset-scale-up",
		Setup:   []string{"create -f statefulset.yaml"},
		Command: "scale statefulset db --replicas=5",
	},
	{
		Name:    "statefulset-scale-down",
		Setup:   []string{"create -f statefulset.yaml"},
		Command: "scale statefulset db --replicas=1",
	},
	{
		Name:    "statefulset-update",
		Setup:   []string{"create -f statefulset.yaml"},
		Command: "set image statefulset/db redis=redis:7.4",
	},
	{
		Name:    "statefulset-undo",
		Setup:   []string{"create -f statefulset.yaml", "set image statefulset/db redis=redis:7.4"},
		Command: "rollout undo statefulset/db",
	},
	{
		Name:    "statefulset-delete-pod",
		Setup:   []string{"create -f statefulset.yaml"},
		Command: "delete pod POD",
	},
	{
		Name:    "statefulset-delete",
		Setup:   []string{"create -f statefulset.yaml"},
		Command: "delete statefulset db",
	},
	{
		Name:    "job-create",
		Command: "create job hello --image=busybox -- sleep 1",
	},
	{
		Name:    "job-parallel",
		Command: "create -f job.yaml",
	},
	{
		Name:    "job-indexed",
		Command: "create -f job-indexed.yaml",
	},
	{
		Name:    "job-suspended",
		Command: "create -f job-suspended.yaml",
	},
	{
		Name:    "job-resume",
		Setup:   []string{"create -f job-suspended.yaml"},
		Command: `patch job count --type=merge -p {"spec":{"suspend":false}}`,
	},
	{
		Name:    "job-delete",
		Setup:   []string{"create job hello --image=busybox -- sleep 1"},
		Command: "delete job hello",
	},
	{
		Name:    "cronjob-create",
		Command: "create -f cronjob.yaml",
	},
	{
		Name:    "cronjob-run",
		Setup:   []string{"create -f cronjob.yaml"},
		Command: "create job now --from=cronjob/hello",
	},
	{
		Name:    "cronjob-delete",
		Setup:   []string{"create -f cronjob.yaml", "create job now --from=cronjob/hello"},
		Command: "delete cronjob hello",
	},
}
