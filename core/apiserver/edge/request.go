package edge

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tabernetes/tabernetes/core/rest"
)

// Bounds of a request.
const (
	maxBody  = 3 << 20          // as the real API server
	bodyTime = 30 * time.Second // for the body to arrive
	maxPath  = 64 << 10         // path and query
)

// message reads an HTTP request into a message; a status says why not.
func message(a *answerer, r *http.Request) (rest.Message, *metav1.Status) {
	path := r.URL.EscapedPath()
	if r.URL.RawQuery != "" {
		path += "?" + r.URL.RawQuery
	}
	if len(path) > maxPath {
		return rest.Message{}, failure(http.StatusRequestURITooLong, metav1.StatusReasonBadRequest, fmt.Sprintf("the path and its query are longer than the %d bytes allowed", maxPath))
	}
	m := rest.Message{Method: r.Method, Path: path, Header: rest.Header{"Host": r.Host}, Actor: actorOf(r.UserAgent())}
	for name, values := range r.Header {
		if name != "Authorization" && name != "Cookie" {
			m.Header[name] = strings.Join(values, between(name))
		}
	}
	if r.Method == http.MethodHead {
		m.Method = http.MethodGet // the body is left out on the way
	}
	if r.Body == nil || r.Method == http.MethodGet {
		return m, nil
	}
	_ = a.control.SetReadDeadline(time.Now().Add(bodyTime)) // where it can't be set, the request's own time is the bound
	body, err := io.ReadAll(http.MaxBytesReader(a.ResponseWriter, r.Body, maxBody))
	_ = a.control.SetReadDeadline(time.Time{})
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return m, failure(http.StatusRequestEntityTooLarge, metav1.StatusReasonRequestEntityTooLarge,
			fmt.Sprintf("Request entity too large: limit is %d", maxBody))
	case err != nil:
		return m, failure(http.StatusBadRequest, metav1.StatusReasonBadRequest, "the body did not arrive: "+err.Error())
	}
	m.Body = body
	return m, nil
}

// longest is how long a request may take (--request-timeout of the real API server).
const longest = time.Minute

// timeGiven is how long the sender wants to wait: the option timeout.
func timeGiven(r *http.Request) (time.Duration, *metav1.Status) {
	text := r.URL.Query().Get("timeout")
	if text == "" {
		return longest, nil
	}
	given, err := time.ParseDuration(text)
	if err != nil {
		return 0, failure(http.StatusBadRequest, metav1.StatusReasonBadRequest, "invalid timeout specified in the request URL - "+err.Error())
	}
	if given <= 0 || given > longest {
		given = longest
	}
	return given, nil
}

// between is what rest.Header puts between the values of a field.
func between(name string) string {
	if strings.HasPrefix(name, "Impersonate-") {
		return "\n"
	}
	return ","
}

// actorOf names whoever sends in the trace, by what it says of itself: kubectl
// by its name, as the console is, and others as client/NAME, so that none can
// pass as a component.
//
//	kubectl/v1.36.3 (linux/amd64) kubernetes/2b8a9c3   kubectl
//	Helm/3.18.4                                        client/helm
func actorOf(agent string) string {
	name, _, _ := strings.Cut(agent, "/")
	name, _, _ = strings.Cut(name, " ")
	name = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '.', r == '_':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return -1
	}, name)
	switch {
	case name == "kubectl":
		return name
	case name == "":
		return "client"
	}
	return "client/" + name[:min(len(name), 40)]
}

// purpose is how a request is to be answered.
type purpose int

const (
	plain     purpose = iota
	watching          // a watch
	following         // a log, followed
	running           // exec
	attaching         // attach
	streaming         // port-forward, proxy
)

func purposeOf(r *http.Request) purpose {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	query := r.URL.Query()
	on := func(name string) bool {
		v, there := query[name]
		return there && v[0] != "0" && !strings.EqualFold(v[0], "false")
	}
	if st, ok := streamOf(parts); ok {
		switch st.sub {
		case "exec":
			return running
		case "attach":
			return attaching
		}
		return streaming
	}
	if r.Method != http.MethodGet {
		return plain
	}
	n := len(parts)
	switch {
	case n == 7 && parts[0] == "api" && parts[4] == "pods" && parts[6] == "log" && on("follow"):
		return following
	case n > 2 && (parts[0] == "api" || parts[0] == "apis") && on("watch") && isCollection(parts):
		return watching
	}
	return plain
}

// isCollection tells whether a path names a collection, not an object in it:
// api/v1/pods, apis/apps/v1/namespaces/x/deployments.
func isCollection(parts []string) bool {
	rest := parts[2:]
	if parts[0] == "apis" {
		rest = parts[min(3, len(parts)):]
	}
	if len(rest) > 2 && rest[0] == "namespaces" {
		rest = rest[2:]
	}
	return len(rest) == 1
}
