package kubectl_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// TestAnyLine types lines made of words at random: each must come to exactly
// one end, and none may bring the console down.
func TestAnyLine(t *testing.T) {
	words := strings.Fields(`kubectl k get create apply delete scale set image env resources rollout status history undo
		restart pause resume label annotate edit patch describe logs events explain wait run config cordon taint replace
		deployment deploy/web web pods pod/x nodes node-1 ns default cm sa all -A -w -o yaml json name wide jsonpath={.items[*]}
		custom-columns=A:.a jsonpath={ --image=nginx --replicas=2 --replicas= -l app=web app= = - -- --dry-run=client
		--dry-run=server -f web.yaml - nope.yaml --all --force a=b a- a-- :NoSchedule a=b:NoSchedule --for=delete --for=condition=x
		--for=jsonpath={.a}=b --timeout=1s -p {} [] {"a":1} --type=json --type=merge --sort-by=.a --show-labels --watch-only
		-n team-a --from-literal=a=b -c x --tail=1 -v=9 --help pods.spec / a/b/c , deploy,pods '' "" --revision=1 --to-revision=1
		--subresource=scale --raw /version --field-selector=a=b --no-headers ; && || | # > out.txt < in.txt cat echo sleep 1`)
	dice := rand.New(rand.NewPCG(3, 4))
	p := newPlayer(t)
	p.files["web.yaml"] = []byte("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n")
	p.ask("kubectl create deployment web --image=nginx --replicas=2")
	for range 4000 {
		parts := []string{"kubectl"}
		for range 1 + dice.IntN(7) {
			parts = append(parts, words[dice.IntN(len(words))])
		}
		line, ends := strings.Join(parts, " "), 0
		interrupt := p.c.Exec(line, func(string) {}, func(string) {}, func(int) { ends++ })
		p.pass(100 * time.Millisecond)
		interrupt()
		p.pass(100 * time.Millisecond)
		if ends != 1 {
			t.Fatalf("%q ended %d times", line, ends)
		}
	}
}
