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
}
