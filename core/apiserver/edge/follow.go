package edge

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tabernetes/tabernetes/core/rest"
)

// lookAgain is how often a followed log is looked at.
const lookAgain = time.Second

// follow streams a container's log until the container has ended.
func (s *Server) follow(a *answerer, m rest.Message) {
	path, query, _ := strings.Cut(m.Path, "?")
	asked, err := url.ParseQuery(query)
	if err != nil {
		s.answer(a, m) // which says what is wrong
		return
	}
	reply, err := s.do(a.request.Context(), m)
	if err != nil || reply.Code != http.StatusOK {
		if err != nil {
			a.status(statusOf(err))
		} else {
			a.reply(reply)
		}
		return
	}
	whole := m
	for _, part := range []string{"tailLines", "sinceSeconds", "sinceTime", "limitBytes"} {
		asked.Del(part)
	}
	whole.Path = path + "?" + asked.Encode()
	before, err := s.do(a.request.Context(), whole)
	if err != nil {
		a.status(statusOf(err))
		return
	}
	a.head(reply.Header)
	a.WriteHeader(http.StatusOK)
	s.tail(a, whole, string(reply.Body), string(before.Body), asked.Get("container"))
}

// tail sends the first text and then whatever a log has more than before.
func (s *Server) tail(a *answerer, m rest.Message, first, before, container string) {
	more := first
	for {
		a.hurry()
		if _, err := a.Write([]byte(more)); err != nil || !a.push() {
			return
		}
		if !s.runs(a.request, m, container) {
			return
		}
		select {
		case <-time.After(lookAgain):
		case <-a.request.Context().Done():
			return
		case <-s.opts.Loop.ended:
			return
		}
		reply, err := s.do(a.request.Context(), m)
		if err != nil || reply.Code != http.StatusOK {
			return
		}
		now := string(reply.Body)
		more, before = newIn(before, now), now
	}
}

// newIn is what a log has more than before. Its oldest lines may be gone.
func newIn(before, now string) string {
	if strings.HasPrefix(now, before) {
		return now[len(before):]
	}
	last := before[strings.LastIndexByte(strings.TrimSuffix(before, "\n"), '\n')+1:]
	if i := strings.LastIndex(now, last); i >= 0 {
		return now[i+len(last):]
	}
	return now
}

// runs tells whether a container may still print.
func (s *Server) runs(r *http.Request, m rest.Message, container string) bool {
	path, _, _ := strings.Cut(m.Path, "?")
	m.Path = strings.TrimSuffix(strings.TrimSuffix(path, "/"), "/log")
	m.Header = rest.Header{"Accept": "application/json"}
	reply, err := s.do(r.Context(), m)
	var pod corev1.Pod
	if err != nil || reply.Code != http.StatusOK || json.Unmarshal(reply.Body, &pod) != nil {
		return false
	}
	for _, status := range append(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses...) {
		if status.Name == container || container == "" && len(pod.Spec.Containers) == 1 && status.Name == pod.Spec.Containers[0].Name {
			return status.State.Terminated == nil
		}
	}
	return pod.Status.Phase == corev1.PodPending || pod.Status.Phase == corev1.PodRunning
}
