package edge

import (
	"net/http"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/rest"
)

// stream is a subresource that carries bytes to and from a machine.
type stream struct {
	object string // the path of its object
	sub    string
	said   string
}

// streamOf finds out whether a path is such a subresource.
func streamOf(parts []string) (stream, bool) {
	parts = slices.DeleteFunc(slices.Clone(parts), func(p string) bool { return p == "" })
	if len(parts) < 5 || parts[0] != "api" {
		return stream{}, false
	}
	kind, at := parts[2], 4
	if kind == "namespaces" && len(parts) > 6 {
		kind, at = parts[4], 6
	}
	st := stream{object: "/" + strings.Join(parts[:min(at, len(parts))], "/")}
	if at >= len(parts) {
		return st, false
	}
	st.sub = parts[at]
	switch kind + "/" + st.sub {
	case "pods/exec", "pods/attach":
	case "pods/portforward":
		st.said = "no container of this cluster really runs, so no port of it can be reached"
	case "pods/proxy", "services/proxy", "nodes/proxy":
		st.said = "no container of this cluster really runs, so there is nothing to pass requests on to"
	default:
		return stream{}, false
	}
	return st, true
}

// refuseStream answers what would need a real machine: that the object is not
// there, or else that nothing in it runs.
func (s *Server) refuseStream(a *answerer, m rest.Message) {
	path, _, _ := strings.Cut(m.Path, "?")
	st, _ := streamOf(strings.Split(path, "/"))
	m.Method, m.Path, m.Body = http.MethodGet, st.object, nil
	header := rest.Header{"Accept": "application/json", "User-Agent": m.Header["User-Agent"]}
	for name, value := range m.Header {
		if strings.HasPrefix(name, "Impersonate-") {
			header[name] = value
		}
	}
	m.Header = header
	reply, err := s.do(a.request.Context(), m)
	switch {
	case err != nil:
		a.status(statusOf(err))
	case reply.Code != http.StatusOK:
		a.reply(reply)
	default:
		a.status(failure(http.StatusNotImplemented, metav1.StatusReasonUnknown, st.said))
	}
}
