package network

import (
	"maps"
	"slices"

	"github.com/tabernetes/tabernetes/core/client"
)

// StartDNS runs CoreDNS with c. Unlike kube-proxy's rules, its answers end
// with it: what it knows is in its memory.
func (n *Network) StartDNS(c *client.Client) {
	z, known := newZone(), false
	changed := map[string]bool{}
	var w *watcher
	w = watch(c, "", func(key string) {
		if !known {
			changed[key] = true
			return
		}
		s, all := w.get(key)
		z.set(key, s, all)
	})
	w.start(func() {
		for _, key := range slices.Sorted(maps.Keys(changed)) {
			s, all := w.get(key)
			z.set(key, s, all)
		}
		known, n.zone = true, z
	})
}
