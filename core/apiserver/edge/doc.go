// Package edge is the API server on the network: HTTP in front of a world that
// knows nothing of it. Real clients (kubectl, client-go, k9s, Helm, a browser)
// speak to it as to any Kubernetes.
//
// One goroutine owns the world (loop.go). Requests come from as many others as
// there are clients; each is looked over first (guard.go: the host it was sent
// to, where it came from, the token, how many there are already), becomes a
// rest.Message, and is handed to the loop, which does it between two slices of
// steps. What the world answers is immutable, so that it is put into bytes and
// sent by the client's own goroutine (answer.go). A watch (watch.go) is a
// bounded queue that the world fills and its client's goroutine empties; a
// client that does not keep up is cut off, and neither stops the world nor
// fills its memory. A write is answered once it is on disk. What all of it
// takes is measured in load.md. A command in a
// container (exec.go) is connected with its client the same way, over a
// WebSocket or SPDY (session.go).
//
// It follows k8s.io/apiserver v0.36 (pkg/server: filters, healthz, config;
// pkg/endpoints/handlers: watch.go, responsewriters). Left out: client
// certificates and every other way to authenticate but bearer tokens, audit,
// priority and fairness beyond one limit for all, watches over WebSocket, the
// /watch/ paths, and streams for port-forward and proxy, which are refused in
// words, as no container really runs. Attach sends what a container prints and
// gives it nothing to read.
package edge
