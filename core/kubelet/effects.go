package kubelet

import (
	"path"
	"strings"
	"time"
)

// service is an answer that a running container gives on a port.
type service struct {
	port   int32  // 0 for any
	path   string // "" for any
	status int    // of HTTP
	body   string // {hostname} and {version} are filled in
	// from and until are how long after the start it is given; until 0: for ever.
	from, until time.Duration
}

// file is a file that is there or gone some time after the start.
type file struct {
	at     time.Duration
	name   string
	exists bool
}

// served is the answer on a port, nil when nobody listens. Path "" asks only
// for somebody who does. An exact path goes before one for any.
func (p *plan) served(port int32, path string, since time.Duration) *service {
	var best *service
	for i := range p.serves {
		s := &p.serves[i]
		if s.port != 0 && s.port != port || since < s.from || s.until > 0 && since >= s.until {
			continue
		}
		asked, _, _ := strings.Cut(path, "?")
		switch {
		case s.path != "" && path != "" && s.path != "/"+strings.TrimPrefix(asked, "/"):
		case best == nil || best.path == "" && s.path != "":
			best = s
		}
	}
	return best
}

// nextChange is when, after a time since the start, the container may begin to
// answer otherwise.
func (p *plan) nextChange(since time.Duration) (next time.Duration, ever bool) {
	at := func(t time.Duration) {
		if t > since && (!ever || t < next) {
			next, ever = t, true
		}
	}
	for i := range p.serves {
		at(p.serves[i].from)
		at(p.serves[i].until)
	}
	for i := range p.files {
		at(p.files[i].at)
	}
	return next, ever
}

// filesAt are the files that the container's script has made by a time.
func (p *plan) filesAt(since time.Duration) map[string]bool {
	there := map[string]bool{}
	for _, f := range p.files {
		if f.at <= since {
			there[f.name] = f.exists
		}
	}
	return there
}

// missingFile is what a program says that needs a file which isn't there, ""
// for any other. Files outside /tmp and /var are taken to be in the image.
func missingFile(words []string, there map[string]bool) string {
	program := path.Base(words[0])
	switch program {
	case "cat", "ls", "test", "[", "stat":
	default:
		return ""
	}
	for _, w := range words[1:] {
		own := strings.HasPrefix(w, "/tmp/") || strings.HasPrefix(w, "/var/")
		if _, known := there[w]; own && !there[w] || known && !there[w] {
			if program == "test" || program == "[" {
				return " "
			}
			return map[string]string{"cat": "cat: can't open '" + w + "'", "ls": "ls: " + w, "stat": "stat: can't stat '" + w + "'"}[program] +
				": No such file or directory"
		}
	}
	return ""
}

// memoryAt is how much memory is used some time after the start, in bytes.
func (p *plan) memoryAt(since time.Duration) int64 {
	used := p.memory + int64(float64(p.grows)*since.Seconds())
	if p.memoryMost > 0 {
		used = min(used, p.memoryMost)
	}
	return used
}

// limit ends a plan when it would use more memory than it may: the kernel
// kills the process, which ends with 137 (OOMKilled).
func (p *plan) limit(bytes int64) {
	if bytes <= 0 {
		return
	}
	var at time.Duration
	switch most := p.memoryMost; {
	case p.memory > bytes:
		at = atOnce
	case p.grows > 0 && (most == 0 || most > bytes):
		at = time.Duration(float64(bytes-p.memory) / float64(p.grows) * float64(time.Second))
	default:
		return
	}
	if p.lasts < 0 || at < p.lasts {
		p.lasts, p.exit, p.reason, p.message = max(at, atOnce), exitKilled, "OOMKilled", ""
	}
}
