package kubectl

import (
	"strings"
	"testing"
)

func TestForgive(t *testing.T) {
	for _, c := range []struct{ typed, meant string }{
		{"kubectl scale deployment web －－replicas＝３", "kubectl scale deployment web --replicas=3"},
		{"kubectl　get　pods", "kubectl get pods"},
		{"kubectl get pods —watch", "kubectl get pods --watch"},
		{"kubectl get pods –w", "kubectl get pods -w"},
		{"kubectl label pod x note=“你好，世界”", `kubectl label pod x note="你好，世界"`},
		{"kubectl get pods -o jsonpath=‘{.items}’", "kubectl get pods -o jsonpath='{.items}'"},
		{"kubectl annotate pod x note='全角：不变'", "kubectl annotate pod x note='全角：不变'"},
		{`kubectl annotate pod x note="a\"；b"；ls`, `kubectl annotate pod x note="a\"；b";ls`},
		{"kubectl get pods # 注释：不变", "kubectl get pods # 注释：不变"},
		{"cat ＞ a <<EOF\n内容：不变\nEOF\nkubectl　get　pods", "cat > a <<EOF\n内容：不变\nEOF\nkubectl get pods"},
	} {
		if got := forgive(c.typed); got != c.meant {
			t.Errorf("forgive(%q)\n got %q\nwant %q", c.typed, got, c.meant)
		}
	}
}

func TestParseLine(t *testing.T) {
	for _, c := range []struct {
		line string
		args string // of the first command, joined by |
		in   string
		err  string
	}{
		{line: `kubectl get pods -o 'jsonpath={.items[*].metadata.name}'`, args: "kubectl|get|pods|-o|jsonpath={.items[*].metadata.name}"},
		{line: `kubectl annotate pod x a="b c" d=e\ f`, args: "kubectl|annotate|pod|x|a=b c|d=e f"},
		{line: "kubectl apply -f - <<EOF\na: b\nEOF\n", args: "kubectl|apply|-f|-", in: "a: b\n"},
		{line: "kubectl apply -f - <<'EOF'\na: $b\nEOF\n", args: "kubectl|apply|-f|-", in: "a: $b\n"},
		{line: "kubectl set image deployment/web *=nginx", args: "kubectl|set|image|deployment/web|*=nginx"},
		{line: "kubectl get pods \\\n  -A", args: "kubectl|get|pods|-A"},
		{line: "kubectl get $KIND", err: "bash: shell variables ($NAME) are not supported in this console"},
		{line: "kubectl get $(date)", err: "bash: command substitution ($(…)) is not supported in this console"},
		{line: "kubectl get pods &", err: "bash: background jobs (&) are not supported in this console"},
		{line: "kubectl get pods 2>x", err: "bash: redirecting 2> is not supported in this console"},
		{line: "for i in a b; do ls; done", err: "bash: shell programming is not supported in this console"},
		{line: "A=b kubectl get pods", err: "bash: shell variables are not supported in this console"},
		{line: "kubectl get 'pods", err: "bash: syntax error: reached EOF without closing quote `'`"},
	} {
		list, err := parseLine(c.line)
		if c.err != "" {
			if err == nil || err.Error() != c.err {
				t.Errorf("%q: error %v, want %s", c.line, err, c.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", c.line, err)
			continue
		}
		first := list[0].(*simple)
		if got := strings.Join(first.args, "|"); got != c.args || string(first.in) != c.in {
			t.Errorf("%q: %s with %q", c.line, got, first.in)
		}
	}
}

func TestColumnsRemember(t *testing.T) {
	var c columns
	c.row("NAME", "READY")
	c.row("a-long-name", "1/1")
	want := "NAME          READY\na-long-name   1/1\n"
	if got := c.flush(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	c.row("b", "0/1")
	if got, want := c.flush(), "b             0/1\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"get", "get", 0}, {"gte", "get", 2}, {"scal", "scale", 1}, {"foo", "top", 2}, {"", "abc", 3}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestEndless(t *testing.T) {
	for line, want := range map[string]bool{
		"kubectl get pods -w":                            true,
		"kubectl get pods --watch=false":                 false,
		"k get po --watch-only":                          true,
		"kubectl create ns a && kubectl logs -f web":     true,
		"kubectl create -f web.yaml":                     false,
		"kubectl rollout status deployment/web -w":       false,
		"kubectl events --watch":                         true,
		"kubectl wait --for=condition=Ready pod/web":     false,
		"kubectl get pods -n kube-system -w | grep -c x": true,
		"kubectl get 'pods":                              false,
	} {
		if got := Endless(line); got != want {
			t.Errorf("Endless(%q) = %v", line, got)
		}
	}
}
