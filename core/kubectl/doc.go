// Package kubectl is the console: kubectl's commands as functions over the
// API's wire form. It stands on rest.Transport and nothing else of the world,
// so it sends the requests that the real kubectl sends and can be judged
// against it, and its words, its tables and its exit codes are kubectl's.
//
// A Session parses a line (several commands joined by ; && || and |, comments,
// here-documents, redirects into the page's files) and runs it without ever
// blocking: a command that waits (rollout status, get -w, wait, delete, logs
// -f) keeps a watch or a timer and calls back when it is done.
//
// Where the facts come from: k8s.io/kubectl v0.36.3 pkg/cmd/*, pkg/describe,
// pkg/polymorphichelpers, and k8s.io/cli-runtime v0.36.3 pkg/resource,
// pkg/printers. Each command is one file named after it.
//
// Left out: plugins, kuberc, kustomize, URLs and directories behind -f,
// go-template output, -o kyaml, colours, the on-disk discovery cache (a session
// keeps one in memory) and its age limit, the OpenAPI download before apply and
// create (kubectl looks there whether the server validates fields; this one
// always does), apply --prune and --server-side, describers for kinds beyond
// pods, workloads, nodes, namespaces, configmaps, secrets and service accounts
// (others are described field by field), create's subcommands for other kinds,
// and everything that needs a stream in both directions (attach, cp,
// port-forward, proxy, debug). exec prints what comes, and
// has no terminal to type at. logs --follow asks again each second instead of
// keeping a stream open; a client-side dry run of patch has the server work it
// out.
//
// testdata/judge holds conversations with the real kubectl, which the tests
// play; testdata/differences.txt what is still answered otherwise, and why.
package kubectl
