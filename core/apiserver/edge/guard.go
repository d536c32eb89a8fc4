package edge

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// guard decides whether a request is looked at at all.
type guard struct {
	token [sha256.Size]byte
	hosts []string
}

func newGuard(token string, hosts []string) guard {
	return guard{sha256.Sum256([]byte(token)), append([]string{"localhost"}, hosts...)}
}

// public can be read without a token, as with the real API server's
// system:public-info-viewer.
var public = []string{"/healthz", "/livez", "/readyz", "/version"}

// check returns why a request is refused, nil where it is not.
func (g *guard) check(r *http.Request) *metav1.Status {
	if !g.knows(r.Host) {
		return failure(http.StatusForbidden, metav1.StatusReasonForbidden, fmt.Sprintf(
			"the request was sent to %q, which is not a name of this server: use an address, localhost, or start it with that name in --addr", r.Host))
	}
	if !sameSite(r) {
		return failure(http.StatusForbidden, metav1.StatusReasonForbidden, "requests from pages of other sites are not answered")
	}
	if r.Method == http.MethodGet && slices.Contains(public, strings.TrimSuffix(r.URL.Path, "/")) {
		return nil
	}
	if !g.admits(r.Header.Values("Authorization")) {
		return failure(http.StatusUnauthorized, metav1.StatusReasonUnauthorized, "Unauthorized")
	}
	return nil
}

// knows tells whether a Host header names this server. A page whose name was
// made to resolve to this machine (DNS rebinding) sends its own name; nobody can
// make an address resolve to another.
func (g *guard) knows(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.TrimSuffix(strings.TrimPrefix(strings.ToLower(name), "["), "]")
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	return slices.Contains(g.hosts, name)
}

// sameSite tells whether a request comes from no page at all, or from one that
// this very address has served.
func sameSite(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
	default:
		return false
	}
	origins := r.Header.Values("Origin")
	if len(origins) == 0 {
		return true
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	from, err := url.Parse(origins[0])
	return err == nil && len(origins) == 1 && from.Scheme == scheme && strings.EqualFold(from.Host, r.Host)
}

// admits compares a bearer token in a time that tells nothing of it.
func (g *guard) admits(headers []string) bool {
	if len(headers) != 1 {
		return false
	}
	kind, token, _ := strings.Cut(headers[0], " ")
	given := sha256.Sum256([]byte(strings.TrimSpace(token)))
	return subtle.ConstantTimeCompare(given[:], g.token[:]) == 1 && strings.EqualFold(kind, "Bearer")
}
