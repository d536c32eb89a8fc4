// Package trace is what happened, as values: every write with its actor and
// causes, every refused request, every delivery, every decision.
//
// Writes come from the store's log, whose records carry their Origin
// (FromRecord, Changes). What leaves no revision (refusals, deliveries,
// decisions) is interleaved with them, in the order of happening, by a bounded
// Recorder. Steps numbers the ten steps of the chain behind a Deployment;
// everything that draws, tells or grades a chain stands on these entries.
//
// Left out: deliveries and decisions do not survive a reload of the page, as a
// real cluster's do not survive a restart; writes do.
package trace

import (
	"time"
)

// Type is the type of an entry, in the words of the JSON form.
type Type string

// The types of entry.
const (
	Write    Type = "write"
	Refused  Type = "refused"
	Delivery Type = "delivery"
	Decision Type = "decision"
)

// Entry is one thing that happened.
type Entry struct {
	Seq  int64 // place in the order of happening, from 1
	Type Type
	Time time.Time // virtual

	// Actor wrote, was refused, was told, or decided.
	Actor string
	// Revision is the write's own, or the one delivered; 0 for the others.
	Revision int64
	// Verb is the request's; for a delivery it is the watch event's type in
	// lower case (added, modified, deleted).
	Verb                         string
	Group, Resource, Subresource string
	Namespace, Name              string
	// Method and Path are the request line of a write or refusal.
	Method, Path string
	// Code is the HTTP status of a write or refusal; Reason and Message say why it was refused.
	Code            int
	Reason, Message string
	// Causes are the revisions whose delivery woke the actor.
	Causes []int64
	// Verdict is a decision's content.
	Verdict *Verdict
	// Step is the entry's number in the chain behind a Deployment, 0 for none.
	Step int
}

// Verdict is what an actor decided without writing it anywhere: the
// scheduler's choice of a node, the kubelet's pull of an image.
type Verdict struct {
	// Action is schedule, pull, create, start, kill, ….
	Action string `json:"action"`
	// Result is what came of it: the node chosen, "pulled", "present", "failed", ….
	Result string `json:"result"`
	// Subject is what it is about besides the pod: an image, a container.
	Subject string `json:"subject,omitempty"`
	Message string `json:"message,omitempty"`
	// Nodes is the scheduler's table, in the order it looked at them. It is
	// dropped from older decisions to bound memory.
	Nodes []NodeVerdict `json:"nodes,omitempty"`
	// Filters are the scheduler's filters that had something to say, in their
	// order: a node passed all of them before the one that its row names.
	Filters []string `json:"filters,omitempty"`
	// Nominated is the node that is to become the pod's once the Victims,
	// pods as namespace/name, have gone.
	Nominated string   `json:"nominated,omitempty"`
	Victims   []string `json:"victims,omitempty"`
	// Traffic is what requests came to, those of a short while together.
	Traffic *Traffic `json:"traffic,omitempty"`
}

// Traffic is a run of requests, of one caller to one place: what it came to up
// to here, and on which ways those went that the run's last entry did not tell of.
type Traffic struct {
	Run int `json:"run"` // its place among all runs, from 1
	// From is who asks: a pod as namespace/name, "pods" for pods on all nodes in
	// turn, "outside".
	From string `json:"from"`
	// Service is the last one on the way, namespace/name; "" where there was none.
	Service  string         `json:"service,omitempty"`
	Sent     int            `json:"sent"`
	Answered int            `json:"answered"`
	Lost     map[string]int `json:"lost,omitempty"` // by reason
	Over     bool           `json:"over,omitempty"`
	Ways     []Way          `json:"ways,omitempty"`
}

// Way is where some requests went: to a pod, namespace/name, or to nobody.
type Way struct {
	Pod  string `json:"pod,omitempty"`
	Node string `json:"node,omitempty"`
	// Lost is why they were not answered, "" where they were.
	Lost  string `json:"lost,omitempty"`
	Count int    `json:"count"`
}

// NodeVerdict is one row of the scheduler's table.
type NodeVerdict struct {
	Node string `json:"node"`
	// Plugin filtered the node out for Reason; both are empty when it passed.
	Plugin string `json:"plugin,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Scores are the plugins' weighted scores, in plugin order; Total is their sum.
	Scores []Score `json:"scores,omitempty"`
	Total  int64   `json:"total"`
}

// Score is one plugin's verdict on a node: normalised to 0–100, times weight.
type Score struct {
	Plugin string `json:"plugin"`
	Score  int64  `json:"score"`
	Weight int64  `json:"weight"`
}
