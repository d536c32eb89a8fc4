package main

import (
	"reflect"
	"strings"
	"testing"
)

// runOf makes a run from lines "actor verb resource name".
func runOf(lines ...string) run {
	var r run
	for _, l := range lines {
		f := strings.Fields(l)
		r.Writes = append(r.Writes, writeEntry{Actor: f[0], Verb: f[1], Resource: f[2], Name: f[3], Code: 200})
	}
	return r
}

const (
	patch   = "kubectl patch deployments/scale web"
	update  = "deployment-controller update replicasets web-1"
	create1 = "replicaset-controller create pods web-1-pod1"
	create2 = "replicaset-controller create pods web-1-pod2"
	bind1   = "scheduler create pods/binding web-1-pod1"
	status  = "deployment-controller update deployments/status web"
)

func TestCommonOrder(t *testing.T) {
	cases := []struct {
		name string
		runs []run
		want []pair
	}{
		{"a chain is reduced to its links", []run{runOf(patch, update, create1)},
			[]pair{{patch + " #1", update + " #1"}, {update + " #1", create1 + " #1"}}},
		{"what varies is no rule", []run{runOf(patch, update), runOf(update, patch)}, []pair{}},
		{"pods of one set are not related", []run{runOf(create1, create2, bind1)}, []pair{{create1 + " #1", bind1 + " #1"}}},
		{"a write that one run lacks is left out", []run{runOf(patch, update), runOf(patch)}, []pair{}},
		{"status writes are left out", []run{runOf(patch, status)}, []pair{}},
	}
	for _, c := range cases {
		if got := commonOrder(c.runs, false); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestLastIsNamedOnlyWhereTheNumberVaries(t *testing.T) {
	runs := []run{runOf(patch, status, status), runOf(patch, status, status, status)}
	want := []pair{{patch + " #1", status + " #1"}, {status + " #1", status + " #2"}, {status + " #1", status + " #last"}}
	if got := commonOrder(runs, true); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
