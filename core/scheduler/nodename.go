package scheduler

// nodeName keeps the one node that a pod names itself (plugins/nodename).
var nodeName = filter{
	name:    "NodeName",
	prepare: func(c *cycle) bool { return c.pod.Spec.NodeName != "" },
	check: func(c *cycle, n *NodeInfo) *refusal {
		if c.pod.Spec.NodeName == n.Node.Name {
			return nil
		}
		return &refusal{[]string{"node(s) didn't match the requested node name"}, true}
	},
	helps: anyNewNode,
}
