package main

import (
	"slices"
	"strings"
	"testing"
)

const conversation = `# A comment.

-- a.yaml --
$ not a command
-- end --

$ kubectl get pods
stderr:
No resources found in default namespace.
exit: 0

$~ kubectl get 'a b' ""
$ kubectl version
`

func TestParseFindsItemsAndDropsAnswers(t *testing.T) {
	var got []string
	for _, it := range parse(conversation) {
		got = append(got, it.kind+" "+it.head+" "+it.body)
	}
	want := []string{
		"text # A comment. ",
		"file a.yaml $ not a command\n",
		"command $ kubectl get pods ",
		`command $~ kubectl get 'a b' "" `,
		"command $ kubectl version ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestSplit(t *testing.T) {
	got, err := split(`kubectl get 'a b' "" -o="x y" '$z'`)
	if want := []string{"kubectl", "get", "a b", "", "-o=x y", "$z"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := split(`kubectl 'get`); err == nil || !strings.Contains(err.Error(), "quote") {
		t.Errorf("an open quote gives %v", err)
	}
}
