package edge

import (
	"testing"
	"time"

	"github.com/tabernetes/tabernetes/core/apiserver"
	"github.com/tabernetes/tabernetes/core/cluster"
	"github.com/tabernetes/tabernetes/core/rest"
)

// TestEncodingsAreShared: watches that are told of one write in one form send
// the same bytes, made once; a table's are its watch's own.
func TestEncodingsAreShared(t *testing.T) {
	c, err := cluster.New(cluster.Options{Seed: 1, Nodes: 1, Start: time.Unix(1_700_000_000, 0).UTC()})
	if err != nil {
		t.Fatal(err)
	}
	const path = "/api/v1/namespaces/default/configmaps"
	server, shared := c.Server(), &encodings{}
	watched := func(accept string) *[]*encoding {
		var got []*encoding
		_, reply := server.Open(rest.Message{Method: "GET", Path: path + "?watch=1&resourceVersion=1", Header: rest.Header{"Accept": accept}},
			func(ev apiserver.Event) { got = append(got, shared.of(ev)) })
		if reply.Code != 200 {
			t.Fatalf("%s: %d %s", accept, reply.Code, reply.Body)
		}
		return &got
	}
	const table = "application/json;as=Table;g=meta.k8s.io;v=v1"
	first, second := watched("application/json"), watched("application/json")
	packed := watched("application/vnd.kubernetes.protobuf")
	rows, more := watched(table), watched(table)
	for _, name := range []string{"a", "b"} {
		reply := server.Do(rest.Message{
			Method: "POST", Path: path, Header: rest.Header{"Content-Type": "application/json"},
			Body: []byte(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"` + name + `"}}`),
		})
		if reply.Code != 201 {
			t.Fatalf("%d %s", reply.Code, reply.Body)
		}
	}
	for _, w := range []*[]*encoding{first, second, packed, rows, more} {
		if len(*w) != 2 || (*w)[0] == (*w)[1] {
			t.Fatalf("%d events, want two different ones", len(*w))
		}
	}
	for i := range 2 {
		switch {
		case (*first)[i] != (*second)[i]:
			t.Errorf("event %d is encoded for each watch", i)
		case (*first)[i] == (*packed)[i]:
			t.Errorf("event %d in JSON and in protobuf is one", i)
		case (*rows)[i] == (*more)[i]:
			t.Errorf("row %d is shared, and with it its age and columns", i)
		case &(*first)[i].bytes()[0] != &(*second)[i].bytes()[0]:
			t.Errorf("event %d has its bytes twice", i)
		}
	}
}
