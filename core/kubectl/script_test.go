package kubectl

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplit(t *testing.T) {
	script := `# a comment
kubectl create deployment web --image=nginx

kubectl apply -f - <<EOF
kind: ConfigMap
# stays, it is data

EOF
kubectl annotate deploy web note="two
lines"
kubectl get pods \
  -o wide
kubectl get 'oops
`
	want := []string{
		"kubectl create deployment web --image=nginx",
		"kubectl apply -f - <<EOF\nkind: ConfigMap\n# stays, it is data\n\nEOF",
		"kubectl annotate deploy web note=\"two\nlines\"",
		"kubectl get pods \\\n  -o wide",
		"kubectl get 'oops",
	}
	got, err := Split(script)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestSplitRefusesHugeScripts(t *testing.T) {
	if _, err := Split(string(make([]byte, MaxScript+1))); err == nil {
		t.Error("a script above MaxScript was taken")
	}
}
