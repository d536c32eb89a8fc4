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

	"github.com/tabernetes/tabernetes/core/apiserver"
)

// guard decides whether a request is looked at at all.
type guard struct {
	token  [sha256.Size]byte
	tokens apiserver.Tokens
	hosts  []string
}

func newGuard(token string, tokens apiserver.Tokens, hosts []string) guard {
	return guard{sha256.Sum256([]byte(token)), tokens, append([]string{"localhost"}, hosts...)}
}

// public can be read without a token, as with the real API server's
// system:public-info-viewer.
var public = []string{"/healthz", "/livez", "/readyz", "/version"}

// check returns why a request is refused, nil where it is not. token is a
// service account's, well signed, where one is needed; the API finds out whether
// that account still is there.
func (g *guard) check(r *http.Request) (token string, refused *metav1.Status) {
	if !g.knows(r.Host) {
		return "", failure(http.StatusForbidden, metav1.StatusReasonForbidden, fmt.Sprintf(
			"the request was sent to %q, which is not a name of this server: use an address, localhost, or start it with that name in --addr", r.Host))
	}
	if !sameSite(r) {
		return "", failure(http.StatusForbidden, metav1.StatusReasonForbidden, "requests from pages of other sites are not answered")
	}
	if r.Method == http.MethodGet && slices.Contains(public, strings.TrimSuffix(r.URL.Path, "/")) {
		return "", nil
	}
	given, found := bearer(r.Header.Values("Authorization"))
	switch {
	case found && g.isAdmin(given):
		return "", nil
	case found && g.tokens != nil:
		if _, good := g.tokens.Claims(given); good {
			return given, nil
		}
	}
	return "", failure(http.StatusUnauthorized, metav1.StatusReasonUnauthorized, "Unauthorized")
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

// bearer is the token in the one Authorization header that there may be.
func bearer(headers []string) (token string, found bool) {
	if len(headers) != 1 {
		return "", false
	}
	kind, token, _ := strings.Cut(headers[0], " ")
	token = strings.TrimSpace(token)
	return token, token != "" && strings.EqualFold(kind, "Bearer")
}

// isAdmin compares a token in a time that tells nothing of the administrator's.
func (g *guard) isAdmin(token string) bool {
	given := sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(given[:], g.token[:]) == 1
}
