// Package core holds no code of its own: it is the door to the engine below it,
// and the home of the test that keeps the engine's shape (which package may
// import which, and that nothing here starts a goroutine or reads a clock).
//
// The way of a write, and the order to read in: a request comes from kubectl
// or a component through client to apiserver, which puts it into store; store
// tells the watches; client delivers to the views of the components
// (controller, scheduler, kubelet), which compare what they see with what is
// wanted and write again. sim moves all of it, trace says what happened,
// cluster puts it together.
package core
