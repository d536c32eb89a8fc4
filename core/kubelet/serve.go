package kubelet

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tabernetes/tabernetes/core/network"
)

// NodeName is the machine's name, for the network.
func (n *Node) NodeName() string { return n.Name }

// Serve answers a request that has come to one of the machine's addresses: by
// the first container there that listens on the port. One that has been asked
// to stop has closed its ports, unless it ignores that.
func (n *Node) Serve(ip string, port int32, r network.Request, now time.Time) (answer network.Response, there, heard bool) {
	there = ip == n.Address()
	for _, box := range n.boxesAt(ip) {
		if there = true; box.host != 0 {
			answer.By = box.key
		}
		for _, run := range box.containers {
			if s := run.listens(port, r.Path, now); s != nil {
				answer := run.reply(s, r)
				answer.By = box.key
				run.note(r, answer, now)
				return answer, true, true
			}
		}
	}
	return answer, there, false
}

// boxesAt are the sandboxes with an address: one, or those in the machine's own network.
func (n *Node) boxesAt(ip string) []*sandbox {
	var out []*sandbox
	for _, box := range n.boxes {
		if box.ip == ip {
			out = append(out, box)
		}
	}
	slices.SortFunc(out, func(a, b *sandbox) int { return cmp.Compare(a.key+string(a.uid), b.key+string(b.uid)) })
	return out
}

// listens finds what a container answers at a time, nil if it does not listen.
func (c *container) listens(port int32, path string, now time.Time) *service {
	if end, ends := c.end(); !c.running() || ends && !end.After(now) || !c.termAt.IsZero() && !c.termAt.After(now) {
		return nil
	}
	return c.plan.served(port, path, now.Sub(c.started))
}

// reply is what a container's program sends back.
func (c *container) reply(s *service, r network.Request) network.Response {
	path, _, _ := strings.Cut(r.Path, "?")
	known := servers[c.plan.program]
	body := cmp.Or(s.body, known.front, "{hostname} answers {path}\n")
	if s.body == "" && s.status >= 400 {
		body = network.StatusText(s.status) + "\n"
		if known.front != "" {
			body = network.StatusPage(s.status, network.StatusText(s.status))
		}
	}
	fill := strings.NewReplacer("{hostname}", c.plan.host, "{path}", path, "{version}", c.plan.version, "{from}", r.From, "{host}", r.Host)
	return network.Response{Status: s.status, Server: fill.Replace(known.name), Body: fill.Replace(body)}
}

// webServer is what is known of a program that serves HTTP.
type webServer struct {
	name  string // as it names itself in answers
	front string // its front page
	log   string // how it logs a request
}

const (
	commonLog   = `%[1]s - - [%[2]s] "%[3]s %[4]s HTTP/1.1" %[5]d %[6]d`
	combinedLog = commonLog + ` "-" "%[7]s"`
)

var servers = map[string]webServer{
	"nginx": {"nginx/{version}", "<!DOCTYPE html>\n<html>\n<head>\n<title>Welcome to nginx!</title>\n</head>\n<body>\n<h1>Welcome to nginx!</h1>\n<p>The web server is installed and answers.</p>\n</body>\n</html>\n",
		combinedLog + ` "-"`},
	"httpd-foreground":   {"Apache/{version} (Unix)", "<html><body><h1>It works!</h1></body></html>\n", commonLog},
	"apache2-foreground": {"Apache", "<html><body><h1>It works!</h1></body></html>\n", combinedLog},
}

// note has a request in the container's log.
func (c *container) note(r network.Request, a network.Response, now time.Time) {
	form := servers[c.plan.program].log
	if form == "" {
		form = `%[1]s "%[3]s %[4]s" %[5]d`
	}
	text := fmt.Sprintf(form+"%.0[7]s", r.From, now.UTC().Format("02/Jan/2006:15:04:05 +0000"), r.Method, r.Path, a.Status, len(a.Body), r.Agent)
	c.keep(logLine{now, text})
}

// keep adds to what the container printed, of which the oldest goes.
func (c *container) keep(l logLine) {
	c.printed = append(c.printed, l)
	if over := len(c.printed) - maxLogLines; over > maxLogLines/4 {
		c.printed = slices.Clone(c.printed[over:])
	}
}
