package network

import (
	"fmt"
	"path"
	"strings"
	"time"
)

var wgetFlags = flagSet{valued: "OTUPotYHd", long: map[string]byte{
	"quiet": 'q', "output-document": 'O', "timeout": 'T', "user-agent": 'U', "header": 'H', "post-data": 'd',
	"spider": 's', "server-response": 'S', "tries": 't', "no-check-certificate": 'k',
}}

// wget is busybox's (networking/wget.c of 1.37).
func (n *Network) wget(p Program) Ran {
	var ran Ran
	flags, urls := wgetFlags.flags(p.Words[1:])
	if len(urls) == 0 {
		return ran.fail(1, "wget: missing URL")
	}
	for _, url := range urls {
		l, ok := ParseURL(url)
		if !ok {
			return ran.fail(1, "wget: not an http or ftp url: %s", url)
		}
		method := "GET"
		if flags['d'] != nil {
			method = "POST"
		}
		agent := "Wget"
		if flags['U'] != nil {
			agent = last(flags['U'])
		}
		o := n.call(p.From, l, Request{
			Method: method, Path: l.Path, Host: hostHeader(flags['H'], l.Header()), Agent: agent,
		})
		if _, quiet := flags['q']; !quiet && o.IP != "" {
			ran.err("Connecting to %s (%s)", l.Header(), join(o.IP, l.Port))
		}
		if limit := seconds(last(flags['T'])); limit > 0 && o.Took > limit {
			ran.Took += limit
			return ran.fail(1, "wget: download timed out")
		}
		ran.Took += o.Took
		if !ran.fetched(l, o, flags) {
			return ran
		}
	}
	return ran
}

// connectError is what the C library calls a failure to connect.
var connectError = map[Failure]string{
	Refused: "Connection refused", TimedOut: "Connection timed out", NoRoute: "No route to host",
}

// fetched writes what wget says of one answer; false ends it.
func (r *Ran) fetched(l Location, o Outcome, flags map[byte][]string) bool {
	switch {
	case o.Failure == NoName || o.Failure == NoDNS:
		r.fail(1, "wget: bad address '%s'", l.Header())
		return false
	case o.Failure != Answered:
		r.fail(1, "wget: can't connect to remote host (%s): %s", o.IP, connectError[o.Failure])
		return false
	}
	if _, show := flags['S']; show {
		for _, h := range headers(o.Response) {
			r.err("  %s", h)
		}
	}
	if o.Status < 200 || o.Status >= 400 {
		r.fail(1, "wget: server returned error: %s", statusLine(o.Status))
		return false
	}
	_, quiet := flags['q']
	if _, spider := flags['s']; spider {
		if !quiet {
			r.err("remote file exists")
		}
		return true
	}
	r.save(l, o, last(flags['O']), quiet)
	return true
}

// save writes what was fetched to where it is wanted; "" is a file named as the URL.
func (r *Ran) save(l Location, o Outcome, to string, quiet bool) {
	if to == "" {
		if to = path.Base(l.Path); to == "/" {
			to = "index.html"
		}
	}
	saving, saved := "saving to '"+to+"'", "'"+to+"' saved"
	if to == "-" {
		saving, saved = "writing to stdout", "written to stdout"
	}
	if !quiet {
		r.err("%s", saving)
	}
	if to == "-" {
		r.body(o.Body)
	}
	if !quiet {
		r.err("%s", progress(to, len(o.Body)))
		r.err("%s", saved)
	}
}

// body writes what was fetched.
func (r *Ran) body(text string) {
	if text != "" {
		r.out("%s", strings.TrimSuffix(text, "\n"))
	}
}

// progress is the bar of a download that is over.
func progress(name string, size int) string {
	return fmt.Sprintf("%-20.20s 100%% |%s| %5d  0:00:00 ETA", name, strings.Repeat("*", 32), size)
}

// soonest is the shorter of two limits, of which 0 is none.
func soonest(a, b time.Duration) time.Duration {
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}
