package cluster

import (
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/tabernetes/tabernetes/core/apiserver"
	"github.com/tabernetes/tabernetes/core/kubelet"
	"github.com/tabernetes/tabernetes/core/network"
)

// What leads around the API server: from it to a kubelet, from pod to pod.

// machines are the nodes as the network knows them.
func (c *Cluster) machines() []network.Machine {
	var all []network.Machine
	for _, p := range c.parts {
		if p.node != nil {
			all = append(all, p.node)
		}
	}
	return all
}

// runs tells whether a component would answer now.
func (c *Cluster) runs(actor string) bool {
	p, err := c.part(actor)
	return err == nil && p.proc != nil && !c.world.Held(actor)
}

// podExec has the kubelet of the pod's node run a command.
func (c *Cluster) podExec(req apiserver.ExecRequest, out func(text string, err bool), done func(error)) (apiserver.Program, error) {
	p, err := c.part("kubelet/" + req.Pod.Spec.NodeName)
	if err != nil {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("pod %s does not have a host assigned", req.Pod.Name))
	}
	if p.proc == nil || c.world.Held(p.actor) {
		return nil, apierrors.NewInternalError(fmt.Errorf("error dialing backend: dial tcp %s:10250: connect: connection refused", p.node.Address()))
	}
	cmd := kubelet.Command{Pod: req.Pod, Container: req.Container, Words: req.Command, Input: req.Input, Terminal: req.Terminal}
	x, err := p.node.Exec(p.client, cmd, out, func(err error) {
		var exit kubelet.ExitError
		if errors.As(err, &exit) {
			err = apiserver.ExitStatus(exit.Error(), exit.Code)
		}
		done(err)
	})
	if err != nil {
		return nil, err // and no Program that is a nil Exec
	}
	return x, nil
}

// outsideProgram runs the console's own curl and wget, which are outside of the
// cluster; nil in a past, where nothing answers.
func (c *Cluster) outsideProgram() func([]string) (out, err string, exit int, takes time.Duration) {
	if c.network == nil {
		return nil
	}
	return func(words []string) (out, err string, exit int, takes time.Duration) {
		ran := c.network.Run(network.Program{Words: words, From: network.Outside})
		for _, p := range ran.Printed {
			if p.Err {
				err += p.Text + "\n"
				continue
			}
			out += p.Text + "\n"
		}
		return out, err, int(ran.Exit), ran.Took
	}
}
