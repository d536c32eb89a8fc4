package cluster

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tabernetes/tabernetes/core/network"
	"github.com/tabernetes/tabernetes/core/sim"
	"github.com/tabernetes/tabernetes/core/trace"
)

// trafficActor is under whose name requests are sent that no pod sends.
const trafficActor = "traffic"

// Bounds of one run of requests.
const (
	maxRate     = 1000 // a second
	maxRequests = 100_000
)

// How often a run is told of in the trace: at most so often, and the less often
// the longer it goes on.
const (
	tellEvery  = 250 * time.Millisecond
	tellPerAge = 1000
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

// trafficRun is a run of requests under way: one that was asked for, or all that
// a program of one pod sends to one place.
type trafficRun struct {
	Traffic
	place   int // among all runs, from 1
	from    string
	service string
	to      network.Location
	outside bool
	every   time.Duration
	left    int

	began time.Time
	ways  []trace.Way // since it was told of last
	next  time.Time   // when it may be told of again
	late  bool        // it is going to be told of at that time
	told  []int64     // its entries in the trace
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
	c.add(run)
	c.another(run)
	return nil
}

func parseTraffic(setting string) (*trafficRun, error) {
	run := &trafficRun{Traffic: Traffic{Lost: map[string]int{}}, from: "pods"}
	words := strings.Fields(setting)
	if len(words) > 0 && words[0] == "outside" {
		run.outside, run.from, words = true, words[0], words[1:]
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
			c.tell(run)
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
	c.came(run, c.network.Send(from, run.to.Host, run.to.Port, network.Request{
		Method: "GET", Path: run.to.Path, Host: run.to.Header(), Agent: trafficActor,
	}))
}

// heard takes in a request that a program sent, into the run of its pod.
func (c *Cluster) heard(from network.Caller, to network.Location, o network.Outcome) {
	who := cmp.Or(from.Pod, "outside")
	key := who + " " + to.Header()
	run := c.calls[key]
	if run == nil {
		run = &trafficRun{Traffic: Traffic{URL: to.Header(), Lost: map[string]int{}}, from: who, to: to}
		c.calls[key] = run
		c.add(run)
	}
	c.came(run, o)
}

// add gives a run its place.
func (c *Cluster) add(run *trafficRun) {
	c.sending = append(c.sending, run)
	run.place, run.began = len(c.sending), c.Now()
}

// came takes in what a request came to. The trace tells of it at once, or
// together with others a little later.
func (c *Cluster) came(run *trafficRun, o network.Outcome) {
	run.Sent++
	run.service = o.Service
	way := trace.Way{Pod: o.By, Node: o.Node, Lost: string(o.Failure)}
	if o.Failure == network.Answered && o.Status >= 500 {
		way.Lost = strconv.Itoa(o.Status)
	}
	if way.Lost == "" {
		run.Answered++
	} else {
		run.Lost[way.Lost]++
	}
	run.note(way)
	switch wait := run.next.Sub(c.Now()); {
	case wait <= 0:
		c.tell(run)
	case !run.late:
		run.late = true
		c.world.Process(trafficActor).Schedule(sim.Timer, sim.Idle, wait, "tell of requests to "+run.URL, func() {
			if run.late {
				c.tell(run)
			}
		})
	}
}

// note counts a request among those that went the same way.
func (run *trafficRun) note(way trace.Way) {
	for i := range run.ways {
		if w := &run.ways[i]; w.Pod == way.Pod && w.Node == way.Node && w.Lost == way.Lost {
			w.Count++
			return
		}
	}
	way.Count = 1
	run.ways = append(run.ways, way)
}

// tell puts what a run has come to into the trace.
func (c *Cluster) tell(run *trafficRun) {
	result := "sent"
	switch lost := slices.ContainsFunc(run.ways, func(w trace.Way) bool { return w.Lost != "" }); {
	case run.Over:
		result = "over"
	case lost:
		result = "lost"
	}
	c.rec.Add(trace.Entry{
		Type: trace.Decision, Actor: trafficActor, Verb: "request", Resource: "services", Name: run.to.Host,
		Verdict: &trace.Verdict{
			Action: "request", Subject: run.URL, Result: result,
			Message: fmt.Sprintf("%d of %d requests were answered", run.Answered, run.Sent),
			Traffic: &trace.Traffic{
				Run: run.place, From: run.from, Service: run.service, Sent: run.Sent, Answered: run.Answered,
				Lost: maps.Clone(run.Lost), Over: run.Over, Ways: run.ways,
			},
		},
	})
	run.told = append(run.told, c.rec.Last())
	run.ways, run.late = nil, false
	run.next = c.Now().Add(max(tellEvery, c.Now().Sub(run.began)/tellPerAge))
}

// What Requests tells of: so many runs, those that sent last, and the ways of
// requests for so long.
const (
	maxRuns = 10
	drawn   = time.Second
)

// Requests is what was told of the runs of requests up to a place of the trace:
// of each the last entry, after those of the second before it.
func (c *Cluster) Requests(until int64) []trace.Line {
	var runs [][]int64 // the places of their entries
	for _, run := range c.sending {
		n, found := slices.BinarySearch(run.told, until)
		if found {
			n++
		}
		if n > 0 {
			runs = append(runs, run.told[:n])
		}
	}
	slices.SortFunc(runs, func(a, b []int64) int { return cmp.Compare(a[len(a)-1], b[len(b)-1]) })
	out := []trace.Line{}
	for _, run := range runs[max(0, len(runs)-maxRuns):] {
		out = append(out, c.lately(run)...)
	}
	return out
}

// lately are the last of some entries of the trace, and those of the second before it.
func (c *Cluster) lately(seqs []int64) (out []trace.Line) {
	var last time.Time
	for _, seq := range slices.Backward(seqs) {
		e, kept := c.rec.Entry(seq)
		if !kept || e.Time.Before(last.Add(-drawn)) {
			break
		}
		if last.IsZero() {
			last = e.Time
		}
		out = append(out, e.Line())
	}
	slices.Reverse(out)
	return out
}
