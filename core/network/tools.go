package network

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Program is a program that makes calls, as it was run.
type Program struct {
	Words []string // its name first
	From  Caller
	// OldLookup has nslookup talk as that of busybox before 1.29.
	OldLookup bool
}

// Printed is text that a program wrote, whole lines.
type Printed struct {
	Text string
	Err  bool // to standard error
}

// Ran is what became of a program.
type Ran struct {
	Printed []Printed
	Exit    int32
	Took    time.Duration
}

func (r *Ran) out(format string, args ...any) {
	r.Printed = append(r.Printed, Printed{Text: fmt.Sprintf(format, args...)})
}

func (r *Ran) err(format string, args ...any) {
	r.Printed = append(r.Printed, Printed{fmt.Sprintf(format, args...), true})
}

func (r *Ran) fail(exit int32, format string, args ...any) Ran {
	r.err(format, args...)
	r.Exit = exit
	return *r
}

// Knows tells whether Run knows a program.
func Knows(program string) bool {
	return program == "wget" || program == "curl" || program == "nslookup"
}

// Run runs a program that Knows knows, all at once: what it sees is the network
// of this moment.
func (n *Network) Run(p Program) Ran {
	switch p.Words[0] {
	case "wget":
		return n.wget(p)
	case "curl":
		return n.curl(p)
	}
	return n.nslookup(p)
}

// flagSet says of a program's flags which take a value: letters, and long names.
type flagSet struct {
	valued string
	long   map[string]byte // the letter that a long name stands for; upper bit: it takes a value
}

// flags takes a program's flags apart: by letter, and what is no flag. -qO- and
// -q -O - are the same.
func (s flagSet) flags(words []string) (given map[byte][]string, rest []string) {
	given = map[byte][]string{}
	for i := 0; i < len(words); i++ {
		w := words[i]
		switch {
		case w == "--":
			return given, append(rest, words[i+1:]...)
		case strings.HasPrefix(w, "--"):
			name, value, has := strings.Cut(w[2:], "=")
			letter := s.long[name]
			if !has && strings.IndexByte(s.valued, letter) >= 0 && i+1 < len(words) {
				i++
				value = words[i]
			}
			given[letter] = append(given[letter], value)
		case len(w) > 1 && w[0] == '-':
			for j := 1; j < len(w); j++ {
				value := ""
				takes := strings.IndexByte(s.valued, w[j]) >= 0
				if takes && j+1 < len(w) {
					value = w[j+1:]
				} else if takes && i+1 < len(words) {
					i++
					value = words[i]
				}
				given[w[j]] = append(given[w[j]], value)
				if takes {
					break
				}
			}
		default:
			rest = append(rest, w)
		}
	}
	return given, rest
}

func last(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[len(values)-1]
}

// seconds reads a time limit, 0 where there is none.
func seconds(text string) time.Duration {
	s, err := strconv.ParseFloat(text, 64)
	if err != nil || s < 0 {
		return 0
	}
	return time.Duration(s * float64(time.Second))
}

// Location is a URL taken apart.
type Location struct {
	Host string
	Port int32
	Path string
	// Given says that the port was written out.
	Given bool
}

// ParseURL reads http://host:port/path as wget and curl do, which need no
// scheme. ok is false for one they would not take.
func ParseURL(url string) (l Location, ok bool) {
	scheme, rest, found := strings.Cut(url, "://")
	if !found {
		scheme, rest = "http", url
	}
	l.Port = map[string]int32{"http": 80, "https": 443}[scheme]
	host, path, _ := strings.Cut(rest, "/")
	l.Path = "/" + path
	if h, port, has := strings.Cut(host, ":"); has {
		p, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return l, false
		}
		host, l.Port, l.Given = h, int32(p), true
	}
	l.Host = host
	return l, l.Port != 0 && host != ""
}

// Header is what stands in the Host header for a location.
func (l Location) Header() string {
	if l.Given {
		return join(l.Host, l.Port)
	}
	return l.Host
}

// hostHeader is a Host header among those given with -H or --header.
func hostHeader(headers []string, otherwise string) string {
	for _, h := range headers {
		if name, value, ok := strings.Cut(h, ":"); ok && strings.EqualFold(name, "Host") {
			return strings.TrimSpace(value)
		}
	}
	return otherwise
}

// statusTexts are those of the answers that servers here give: net/http, which
// has them all, is too large a thing to carry along for them.
var statusTexts = map[int]string{
	200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 301: "Moved Permanently", 302: "Found", 304: "Not Modified",
	400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 409: "Conflict",
	418: "I'm a teapot", 429: "Too Many Requests", 500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway",
	503: "Service Unavailable", 504: "Gateway Timeout",
}

// StatusText is what a status is called, "" for one that is called nothing here.
func StatusText(status int) string { return statusTexts[status] }

// statusLine is the first line of an answer.
func statusLine(status int) string {
	return fmt.Sprintf("HTTP/1.1 %d %s", status, StatusText(status))
}

// headers are an answer's, as far as they are known.
func headers(r Response) []string {
	out := []string{statusLine(r.Status)}
	if r.Server != "" {
		out = append(out, "Server: "+r.Server)
	}
	kind := "text/plain"
	if strings.HasPrefix(r.Body, "<") {
		kind = "text/html"
	}
	return append(out, "Content-Type: "+kind, "Content-Length: "+strconv.Itoa(len(r.Body)), "Connection: close")
}

// StatusPage is the page that nginx shows for a status.
func StatusPage(status int, text string) string {
	return fmt.Sprintf("<html>\n<head><title>%d %s</title></head>\n<body>\n<center><h1>%d %s</h1></center>\n<hr><center>nginx</center>\n</body>\n</html>\n", status, text, status, text)
}
