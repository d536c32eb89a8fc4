// Package lessons is the course: its format, its checks, its grading, and the
// lessons themselves (content/), embedded.
//
// A lesson is data. lesson.yaml holds what no language changes: the cluster,
// its start state, the steps with their checks; beside it lies one prose file
// a language, en.md and zh-cn.md, with a sentence for everything that can go
// wrong; solution.txt, which passes; and mistakes/*.txt, each earning the
// sentences it names. AUTHORS.md says how to write one, lesson.schema.json lets
// editors help, Verify runs all of it.
//
// A Session is one learner at one lesson: it holds a cluster from core/cluster,
// which whoever drives it steps; Check looks at the cluster, the trace and the
// answers whenever asked. Save gives the session as a small file, Replay runs
// such a file again and finds the score anew. Nothing here reads a clock, a
// file or a network: the page, the command and the tests call the same
// functions.
//
// What an edge with a screen calls:
//
//	Page        what to show, before there is an engine (`lessons export` writes it)
//	Pack        what an engine without the course needs to do a lesson (Unpack)
//	Open        the cluster in its start state; Step in place of the cluster's
//	Type        a console line; Deed hold, release, stop, start, restart, and outside
//	            of the cluster pulls, requests; WriteFile
//	Answer      an answer; Results then, Told for their words, Observed to lay a
//	            run over its prediction, Truth for what had to be (Prepare
//	            finds it a world at a time, while the learner reads)
//	Save        the file to hand in; it is also how a session survives a reload:
//	            Resume runs it again to where it was
//
// Left out: drawing, and Markdown beyond the few forms that Block lists; both
// are the edges'. For scores see package grading, for causality package chain.
package lessons
