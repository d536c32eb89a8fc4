package kubectl

// root is kubectl itself. It is set once the commands can be listed; they
// look themselves up in it.
var root *Command

func init() {
	root = (&Command{
		Name:  "kubectl",
		Short: "kubectl controls the Kubernetes cluster manager",
		Long:  "kubectl controls the Kubernetes cluster manager.\n\n Find more information at: https://kubernetes.io/docs/reference/kubectl/",
		Usage: "[flags] [options]",
		Sub: []*Command{
			createCommand(), exposeCommand(), runCommand(), setCommand(),
			explainCommand(), getCommand(), editCommand(), deleteCommand(),
			rolloutCommand(), scaleCommand(), autoscaleCommand(),
			clusterInfoCommand(), topCommand(), cordonCommand(), uncordonCommand(), drainCommand(), taintCommand(),
			describeCommand(), logsCommand(), execCommand(), authCommand(), eventsCommand(),
			applyCommand(), patchCommand(), replaceCommand(), waitCommand(),
			labelCommand(), annotateCommand(),
			apiResourcesCommand(), apiVersionsCommand(), configCommand(), versionCommand(),
			optionsCommand(), helpCommand(),
		},
	}).adopt()
}
