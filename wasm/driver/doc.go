// Package driver is the engine as the page sees it: requests in, events out,
// and between them slices of a few milliseconds in which it steps a cluster.
// It decides how fast the world goes; what happens in it is core's alone.
//
// It knows nothing of JavaScript, so it is tested natively; the bridge beside
// it (package main) carries its messages over postMessage. Wall time comes in
// through Options and only paces: no state depends on it.
//
// In place of a cluster it can run a lesson (lessons.go), whose cluster is in
// memory and whose results it tells as they change.
//
// Left out: more than one cluster at a time, and more than one page.
package driver
