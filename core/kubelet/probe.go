package kubelet

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// probing is how one probe of a running container stands
// (pkg/kubelet/prober/worker.go). Probes that go on succeeding are not made one
// by one: only those that fail, or may change something, are steps of the world.
type probing struct {
	ok    bool // the result so far
	next  time.Time
	last  bool // of the probe made last
	count int  // how often in a row
	done  bool // no more probes of this run
}

// probes are those of one run; nil ones aren't asked for.
type probes struct{ startup, liveness, readiness *probing }

// complaint is a probe that failed.
type complaint struct {
	kind, output string
	at           time.Time
}

// newProbes begins the probes of a run: a container is not started before its
// startup probe has succeeded, not ready before its readiness probe, and alive
// until its liveness probe fails.
func newProbes(c *corev1.Container, started time.Time) *probes {
	p := &probes{}
	if c.StartupProbe != nil {
		p.startup = &probing{next: firstProbe(c.StartupProbe, started)}
		return p
	}
	p.begin(c, started, started)
	return p
}

// begin starts the two probes that wait for the container to have started.
func (p *probes) begin(c *corev1.Container, started, at time.Time) {
	first := func(probe *corev1.Probe) time.Time {
		if t := firstProbe(probe, started); t.After(at) {
			return t
		}
		return at
	}
	if c.LivenessProbe != nil {
		p.liveness = &probing{ok: true, next: first(c.LivenessProbe)}
	}
	if c.ReadinessProbe != nil {
		p.readiness = &probing{next: first(c.ReadinessProbe)}
	}
}

func firstProbe(p *corev1.Probe, started time.Time) time.Time {
	return started.Add(time.Duration(p.InitialDelaySeconds) * time.Second)
}

func period(p *corev1.Probe) time.Duration {
	return time.Duration(max(p.PeriodSeconds, 1)) * time.Second
}

// adoptProbes are those of a container that ran before the machine was new: what
// its status says of them holds until they are made again.
func adoptProbes(c *corev1.Container, status *corev1.ContainerStatus, started time.Time) *probes {
	p := newProbes(c, started)
	if p.startup != nil && status.Started != nil && *status.Started {
		p.startup.ok, p.startup.done = true, true
		p.begin(c, started, started)
	}
	if p.readiness != nil {
		p.readiness.ok = status.Ready
	}
	return p
}

// started tells whether the startup probe, if there is one, has succeeded.
func (p *probes) started() bool { return p == nil || p.startup == nil || p.startup.ok }

// ready tells whether the container may be sent requests.
func (p *probes) ready(c *corev1.Container) bool {
	return p.started() && (c.ReadinessProbe == nil || p != nil && p.readiness != nil && p.readiness.ok)
}

// verdict is what probes have come to: which one condemns the container.
type verdict struct {
	complaints []complaint
	condemned  string // "liveness", "startup" or nothing
	probe      *corev1.Probe
}

// observe makes the probes that are due until now. ip is the pod's address.
func (run *container) observe(c *corev1.Container, ip string, now time.Time) verdict {
	var v verdict
	p := run.probes
	if p == nil || !run.running() {
		return v
	}
	if p.startup != nil && !p.startup.ok {
		p.startup.advance(c.StartupProbe, run, c, ip, "Startup", now, &v)
		if !p.startup.ok {
			if p.startup.done {
				v.condemned, v.probe = "startup", c.StartupProbe
			}
			return v
		}
		p.begin(c, run.started, p.startup.next)
	}
	if p.readiness != nil {
		p.readiness.advance(c.ReadinessProbe, run, c, ip, "Readiness", now, &v)
	}
	if p.liveness != nil {
		p.liveness.advance(c.LivenessProbe, run, c, ip, "Liveness", now, &v)
		if !p.liveness.ok {
			v.condemned, v.probe = "liveness", c.LivenessProbe
		}
	}
	return v
}

// advance makes one probe after the other until now; the startup probe ends
// with its result, the liveness probe with a failure.
func (s *probing) advance(p *corev1.Probe, run *container, c *corev1.Container, ip, kind string, now time.Time, v *verdict) {
	for !s.done && !s.next.After(now) {
		ok, output := run.answer(p, c, ip, s.next)
		if !ok {
			v.complaints = append(v.complaints, complaint{kind, output, s.next})
		}
		if s.count == 0 || s.last != ok {
			s.last, s.count = ok, 0
		}
		s.count++
		switch {
		case ok && s.count >= int(max(p.SuccessThreshold, 1)):
			s.ok = true
			s.done = kind == "Startup"
		case !ok && s.count >= int(max(p.FailureThreshold, 1)):
			s.ok = false
			s.done = kind != "Readiness"
		}
		if !s.done {
			s.next = s.skip(p, run, c, ip)
		}
	}
}

// skip is when the next probe is to be made: after a period, or, while all is
// well, when the container's answer may change. Far in the future means never.
func (s *probing) skip(p *corev1.Probe, run *container, c *corev1.Container, ip string) time.Time {
	next := s.next.Add(period(p))
	if !s.ok || !s.last {
		return next
	}
	change, ever := run.plan.nextChange(s.next.Sub(run.started))
	if !ever {
		return s.next.Add(100 * 365 * 24 * time.Hour)
	}
	if wait := run.started.Add(change).Sub(next); wait > 0 {
		next = next.Add((wait + period(p) - 1) / period(p) * period(p))
	}
	return next
}

// moments are when the probes have to be looked at again. Those that bring good
// news are work under way; the others come as they may.
func (run *container) probeMoments(c *corev1.Container, ip string, at func(time.Time, bool)) {
	p := run.probes
	if p == nil {
		return
	}
	each := func(s *probing, spec *corev1.Probe) {
		if s != nil && !s.done {
			ok, _ := run.answer(spec, c, ip, s.next)
			at(s.next, ok && !s.ok)
		}
	}
	each(p.startup, c.StartupProbe)
	each(p.readiness, c.ReadinessProbe)
	each(p.liveness, c.LivenessProbe)
}

// answer is what a probe made at a time finds (pkg/probe/{http,tcp,exec,grpc}).
func (run *container) answer(p *corev1.Probe, c *corev1.Container, ip string, at time.Time) (ok bool, output string) {
	since := at.Sub(run.started)
	switch {
	case p.HTTPGet != nil:
		return run.plan.httpAnswer(p.HTTPGet, c, ip, since)
	case p.TCPSocket != nil:
		port := portOf(p.TCPSocket.Port, c)
		if run.plan.served(port, "", since) == nil {
			return false, fmt.Sprintf("dial tcp %s:%d: connect: connection refused", ip, port)
		}
	case p.GRPC != nil:
		if run.plan.served(p.GRPC.Port, "", since) == nil {
			return false, fmt.Sprintf("timeout: failed to connect service \"%s:%d\" within %ds: context deadline exceeded", ip, p.GRPC.Port, max(p.TimeoutSeconds, 1))
		}
	case p.Exec != nil:
		return run.plan.execAnswer(p.Exec.Command, since)
	}
	return true, ""
}

func portOf(port intstr.IntOrString, c *corev1.Container) int32 {
	if port.Type == intstr.Int {
		return port.IntVal
	}
	i := slices.IndexFunc(c.Ports, func(p corev1.ContainerPort) bool { return p.Name == port.StrVal })
	if i < 0 {
		return 0
	}
	return c.Ports[i].ContainerPort
}

func (p *plan) httpAnswer(get *corev1.HTTPGetAction, c *corev1.Container, ip string, since time.Duration) (bool, string) {
	port, host, scheme := portOf(get.Port, c), get.Host, "http"
	if host == "" {
		host = ip
	}
	if get.Scheme == corev1.URISchemeHTTPS {
		scheme = "https"
	}
	s := p.served(port, get.Path, since)
	if s == nil {
		return false, fmt.Sprintf("Get \"%s://%s:%d/%s\": dial tcp %s:%d: connect: connection refused", scheme, host, port, strings.TrimPrefix(get.Path, "/"), host, port)
	}
	if s.status >= 200 && s.status < 400 {
		return true, ""
	}
	return false, fmt.Sprintf("HTTP probe failed with statuscode: %d", s.status)
}

// execAnswer is how a command ends in the running container: those that look
// for files find what the container's own script has made by then.
func (p *plan) execAnswer(command []string, since time.Duration) (bool, string) {
	if len(command) == 0 {
		return true, ""
	}
	if isShell(path.Base(command[0])) {
		s := &script{env: map[string]string{}, files: p.filesAt(since), memo: &memo{}}
		if i := slices.Index(command, "-c"); i >= 0 && i+1 < len(command) {
			s.parse(command[i+1])
		}
		texts := make([]string, len(s.lines))
		for i, l := range s.lines {
			texts[i] = l.text
		}
		return s.code == 0, strings.Join(texts, "\n")
	}
	if missing := missingFile(command, p.filesAt(since)); missing != "" {
		return false, missing
	}
	if known, ok := simple(command, nil); ok {
		return known.exit == 0, ""
	}
	return true, ""
}
