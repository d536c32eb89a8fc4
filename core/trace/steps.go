package trace

import "strings"

// Steps numbers the entries of a run with the ten steps behind a Deployment:
//
//	1      kubectl writes the Deployment through the API server
//	2, 3   the Deployment controller is told, and writes a ReplicaSet
//	4, 5   the ReplicaSet controller is told, and writes Pods
//	6, 7   the scheduler is told and chooses a node, and binds the Pod
//	8      the node's kubelet is told of the Pod bound to it
//	9, 10  it has the image pulled where the node lacks it, and starts the
//	       containers, which it reports
//
// Everything else (status, events, heartbeats) has number 0. Feed it every
// entry in order, from the first one of the run.
type Steps struct {
	wrote   map[int64]int   // the step of a write, by revision
	started map[string]bool // pods whose containers started and whose report is due
}

// NewSteps makes a projection that has seen nothing.
func NewSteps() *Steps {
	return &Steps{wrote: map[int64]int{}, started: map[string]bool{}}
}

// Number returns the entry's step, 0 for none.
func (s *Steps) Number(e *Entry) int {
	switch e.Type {
	case Write:
		n := s.write(e)
		if len(s.wrote) > MaxEntries {
			s.wrote = map[int64]int{} // of what is that old nothing more is delivered
		}
		if n != 0 {
			s.wrote[e.Revision] = n
		}
		return n
	case Delivery:
		return s.delivery(e)
	case Decision:
		return s.decision(e)
	}
	return 0
}

func (s *Steps) write(e *Entry) int {
	spec := e.Subresource == "" || e.Subresource == "scale"
	kind := e.Group + "/" + e.Resource
	switch {
	case kind == "apps/deployments" && spec && !strings.HasSuffix(e.Actor, "-controller") && e.Actor != "garbage-collector":
		return 1
	case kind == "apps/replicasets" && spec && e.Actor == "deployment-controller":
		return 3
	case kind == "/pods" && e.Subresource == "" && e.Actor == "replicaset-controller" && (e.Verb == "create" || e.Verb == "delete"):
		return 5
	case kind == "/pods" && e.Subresource == "binding":
		return 7
	case kind == "/pods" && e.Subresource == "status" && s.started[e.Namespace+"/"+e.Name] && strings.HasPrefix(e.Actor, "kubelet/"):
		delete(s.started, e.Namespace+"/"+e.Name)
		return 10
	}
	return 0
}

// delivery numbers the notifications that carry the writes of the chain to the
// component that acts on them.
func (s *Steps) delivery(e *Entry) int {
	switch wrote := s.wrote[e.Revision]; {
	case wrote == 1 && e.Resource == "deployments" && e.Actor == "deployment-controller":
		return 2
	case wrote == 3 && e.Resource == "replicasets" && e.Actor == "replicaset-controller":
		return 4
	case wrote == 5 && e.Verb == "added" && e.Actor == "scheduler":
		return 6
	case wrote == 7 && strings.HasPrefix(e.Actor, "kubelet/"):
		return 8
	}
	return 0
}

func (s *Steps) decision(e *Entry) int {
	switch e.Verb {
	case "schedule":
		return 6
	case "pull":
		return 9
	case "start":
		s.started[e.Namespace+"/"+e.Name] = true
		return 10
	}
	return 0
}
