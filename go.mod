module github.com/tabernetes/tabernetes

go 1.26.0

require (
	github.com/distribution/reference v0.6.0 // image references, parsed as the container runtimes do
	github.com/go-logr/logr v1.4.3 // tabernetes serve: a logger that says nothing, for the streams below
	github.com/google/btree v1.1.3 // ordered indexes of the store, the server and the views
	github.com/google/gnostic-models v0.7.0 // OpenAPI v2 as protobuf, which Helm asks tabernetes serve for
	github.com/google/go-cmp v0.7.0 // tests: compares, and explains differences
	github.com/hack-pad/go-indexeddb v0.3.2 // the browser store
	github.com/rogpeppe/go-internal v1.15.0 // tests: txtar archives of recorded exchanges
	github.com/spf13/pflag v1.1.0 // flags as kubectl parses them, and the command's own
	golang.org/x/sync v0.19.0 // grading: a bounded group of goroutines
	google.golang.org/protobuf v1.36.12-0.20260120151049-f2248ac996af // the same
	gopkg.in/evanphx/json-patch.v4 v4.13.0 // JSON patch and merge patch, upstream's own choice
	k8s.io/api v0.36.3 // the types
	k8s.io/apimachinery v0.36.3 // their machinery: metadata, errors, selectors, validation
	k8s.io/client-go v0.36.3 // only util/jsonpath, for kubectl get -o jsonpath
	k8s.io/klog/v2 v2.140.0 // hands that logger to them
	k8s.io/streaming v0.36.3 // tabernetes serve: exec's streams over WebSockets and SPDY, as the real API server has them
	k8s.io/utils v0.0.0-20260210185600-b8788abfbbc2 // ptr
	mvdan.cc/sh/v3 v3.14.1 // the console's quotes and here-documents, parsed as a shell does
	sigs.k8s.io/json v0.0.0-20250730193827-2d320260d730 // strict decoding with upstream's errors
	sigs.k8s.io/structured-merge-diff/v6 v6.3.3 // tests: what our own field management is compared with
	sigs.k8s.io/yaml v1.6.0 // YAML as kubectl reads and writes it
)

require (
	github.com/davecgh/go-spew v1.1.2-0.20180830191138-d8f796af33cc // indirect
	github.com/fxamacker/cbor/v2 v2.9.0 // indirect
	github.com/go-openapi/jsonpointer v0.21.0 // indirect
	github.com/go-openapi/jsonreference v0.20.2 // indirect
	github.com/go-openapi/swag v0.23.0 // indirect
	github.com/hack-pad/safejs v0.1.0 // indirect
	github.com/josharian/intern v1.0.0 // indirect
	github.com/json-iterator/go v1.1.12 // indirect
	github.com/mailru/easyjson v0.7.7 // indirect
	github.com/moby/spdystream v0.5.1 // indirect
	github.com/modern-go/concurrent v0.0.0-20180306012644-bacd9c7ef1dd // indirect
	github.com/modern-go/reflect2 v1.0.3-0.20250322232337-35a7c28c31ee // indirect
	github.com/opencontainers/go-digest v1.0.0 // indirect
	github.com/x448/float16 v0.8.4 // indirect
	go.yaml.in/yaml/v2 v2.4.3 // indirect
	go.yaml.in/yaml/v3 v3.0.4 // indirect
	golang.org/x/net v0.49.0 // indirect
	golang.org/x/text v0.33.0 // indirect
	golang.org/x/tools v0.40.0 // indirect
	gopkg.in/inf.v0 v0.9.1 // indirect
	gopkg.in/yaml.v3 v3.0.1 // indirect
	k8s.io/kube-openapi v0.0.0-20260317180543-43fb72c5454a // indirect
	sigs.k8s.io/randfill v1.0.0 // indirect
)
