package cluster

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/tabernetes/tabernetes/core/network"
	"github.com/tabernetes/tabernetes/core/sim"
	"github.com/tabernetes/tabernetes/core/trace"
)

// trafficActor is under whose name requests are sent that no pod sends.
const trafficActor = "traffic"

// Bounds of one run of requests, and how many of the lost ones are in the trace.
const (
	maxRate     = 1000 // a second
	maxRequests = 100_000
	maxLost     = 100
)

// Traffic is a run of requests sent to a URL, and what they came to.
type Traffic struct {
	URL      string `json:"url"`
	Sent     int    `json:"sent"`
	Answered int    `json:"answered"`
	// Lost is how many were not answered, or with 500 and above, by the reason:
	// refused, timed-out, no-route, no-such-name, no-dns, or the status.
	Lost map[string]int `json:"lost,omitempty"`
	Over bool           `json:"over"`
}

// Missed is how many requests were lost in all.
func (t *Traffic) Missed() int { return t.Sent - t.Answered }

// Traffic lists the runs of requests so far, in the order in which they began.
func (c *Cluster) Traffic() []Traffic {
	out := make([]Traffic, len(c.traffic))
	for i, r := range c.traffic {
		out[i] = r.Traffic
		out[i].Lost = maps.Clone(r.Lost)
	}
	return out
}

// trafficRun is a run of requests under way.
type trafficRun struct {
	Traffic
	to      network.Location
	outside bool
	every   time.Duration
	left    int
}

// Send sends requests while the world goes on: "http://web 20/s 30s" from pods
// of the namespace default on all nodes in turn, "outside http://… 20/s 30s"
// from outside of the cluster. Each comes at a time of its own by chance.
func (c *Cluster) Send(setting string) error {
	run, err := parseTraffic(setting)
	if err != nil {
		return err
	}
	c.did(Requests, setting)
	c.traffic = append(c.traffic, run)
	c.another(run)
	return nil
}

func parseTraffic(setting string) (*trafficRun, error) {
	run := &trafficRun{Traffic: Traffic{Lost: map[string]int{}}}
	words := strings.Fields(setting)
	if len(words) > 0 && words[0] == "outside" {
		run.outside, words = true, words[1:]
	}
	if len(words) != 3 {
		return nil, fmt.Errorf("%q is not of the form [outside] URL N/s DURATION", setting)
	}
	run.URL = words[0]
	var ok bool
	if run.to, ok = network.ParseURL(run.URL); !ok {
		return nil, fmt.Errorf("%q is no URL", run.URL)
	}
	rate, err := strconv.Atoi(strings.TrimSuffix(words[1], "/s"))
	if err != nil || rate < 1 || rate > maxRate {
		return nil, fmt.Errorf("%q is no rate from 1/s to %d/s", words[1], maxRate)
	}
	lasts, err := time.ParseDuration(words[2])
	run.every = time.Second / time.Duration(rate)
	run.left = int(lasts / run.every)
	if err != nil || run.left < 1 || run.left > maxRequests {
		return nil, fmt.Errorf("%q at %d/s is not between 1 and %d requests", words[2], rate, maxRequests)
	}
	return run, nil
}

// another has the next request sent in its time.
func (c *Cluster) another(run *trafficRun) {
	dice := c.world.Rand(trafficActor)
	early := time.Duration(dice.Int64N(int64(run.every)))
	p := c.world.Process(trafficActor)
	p.Schedule(sim.Timer, sim.Idle, early, "request "+run.URL, func() { c.request(run) })
	p.Schedule(sim.Timer, sim.Idle, run.every, "send more to "+run.URL, func() {
		if run.left--; run.left > 0 {
			c.another(run)
			return
		}
		// The end is work, so that whoever looks when the world has come to rest sees it.
		p.Schedule(sim.Timer, sim.Work, 0, "no more to "+run.URL, func() {
			run.Over = true
			c.tell(run, "over", fmt.Sprintf("%d of %d requests were answered", run.Answered, run.Sent))
		})
	})
}

// request sends one.
func (c *Cluster) request(run *trafficRun) {
	from := network.Outside
	if all := c.machines(); !run.outside && len(all) > 0 {
		m := all[run.Sent%len(all)]
		from = network.Caller{Namespace: "default", Node: m.NodeName(), IP: m.Address(), ClusterDNS: true}
	}
	o := c.network.Send(from, run.to.Host, run.to.Port, network.Request{
		Method: "GET", Path: run.to.Path, Host: run.to.Header(), Agent: trafficActor,
	})
	run.Sent++
	reason := string(o.Failure)
	if o.Failure == network.Answered && o.Status >= 500 {
		reason = strconv.Itoa(o.Status)
	}
	if reason == "" {
		run.Answered++
		return
	}
	run.Lost[reason]++
	if run.Missed() <= maxLost {
		c.tell(run, "lost", strings.TrimSpace(reason+" "+o.To))
	}
}

// tell puts something about a run into the trace.
func (c *Cluster) tell(run *trafficRun, result, message string) {
	c.rec.Add(trace.Entry{
		Type: trace.Decision, Actor: trafficActor, Verb: "request", Resource: "services", Name: run.to.Host,
		Verdict: &trace.Verdict{Action: "request", Subject: run.URL, Result: result, Message: message},
	})
}
