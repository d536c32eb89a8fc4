package network

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Letters beyond those of curl's own flags stand for its long ones.
var curlFlags = flagSet{valued: "owHmXdAucbeTyUxCtr\x01", long: map[string]byte{
	"silent": 's', "show-error": 'S', "fail": 'f', "include": 'i', "head": 'I', "output": 'o', "write-out": 'w',
	"header": 'H', "max-time": 'm', "request": 'X', "data": 'd', "user-agent": 'A', "location": 'L', "insecure": 'k',
	"connect-timeout": '\x01', "verbose": 'v', "retry": 'r', "no-progress-meter": '\x02',
}}

// curl is that of 8.17, as far as the flags that people try on a service.
func (n *Network) curl(p Program) Ran {
	var ran Ran
	flags, urls := curlFlags.flags(p.Words[1:])
	if len(urls) == 0 {
		return ran.fail(2, "curl: (2) no URL specified")
	}
	for _, url := range urls {
		n.transfer(&ran, p.From, url, flags)
	}
	return ran
}

func (n *Network) transfer(ran *Ran, from Caller, url string, flags map[byte][]string) {
	_, silent := flags['s']
	_, loud := flags['S']
	complain := func(exit int32, format string, args ...any) {
		if ran.Exit = exit; !silent || loud {
			ran.err("curl: ("+strconv.Itoa(int(exit))+") "+format, args...)
		}
	}
	l, ok := ParseURL(url)
	if !ok {
		complain(3, "URL rejected: Malformed input to a URL function")
		return
	}
	o := n.call(from, l, asked(l, flags))
	limit := soonest(seconds(last(flags['m'])), seconds(last(flags['\x01'])))
	if limit > 0 && o.Took > limit {
		o.Took = limit
		if o.Failure != NoDNS {
			o.Failure = TimedOut
		}
	}
	ran.Took += o.Took
	if exit, text := curlError(l, o, limit); exit != 0 {
		complain(exit, "%s", text)
	} else {
		ran.received(o, flags, silent, complain)
	}
	if format := last(flags['w']); format != "" {
		ran.writeOut(format, o)
	}
}

// curlError is curl's code and sentence for a failure, 0 for none; limit is
// the time that it was given.
func curlError(l Location, o Outcome, limit time.Duration) (exit int32, text string) {
	ms := o.Took.Milliseconds()
	connect := fmt.Sprintf("Failed to connect to %s port %d after %d ms: Could not connect to server", l.Host, l.Port, ms)
	switch o.Failure {
	case Answered:
		return 0, ""
	case NoDNS:
		if o.Took == limit {
			return 28, fmt.Sprintf("Resolving timed out after %d milliseconds", ms)
		}
		return 6, "Could not resolve host: " + l.Host
	case NoName:
		return 6, "Could not resolve host: " + l.Host
	case TimedOut:
		if o.Took == limit {
			return 28, fmt.Sprintf("Connection timed out after %d milliseconds", ms)
		}
		return 28, connect
	}
	return 7, connect
}

// asked is the request that flags make.
func asked(l Location, flags map[byte][]string) Request {
	method := "GET"
	if flags['d'] != nil {
		method = "POST"
	}
	if flags['I'] != nil {
		method = "HEAD"
	}
	if x := last(flags['X']); x != "" {
		method = x
	}
	agent := "curl/8.17.0"
	if a := last(flags['A']); a != "" {
		agent = a
	}
	return Request{Method: method, Path: l.Path, Host: hostHeader(flags['H'], l.Header()), Agent: agent}
}

func (r *Ran) received(o Outcome, flags map[byte][]string, silent bool, complain func(int32, string, ...any)) {
	if _, fail := flags['f']; fail && o.Status >= 400 {
		complain(22, "The requested URL returned error: %d", o.Status)
		return
	}
	if !silent && flags['I'] == nil && flags['\x02'] == nil {
		size := len(o.Body)
		r.err("  %% Total    %% Received %% Xferd  Average Speed  Time    Time    Time   Current")
		r.err("                                 Dload  Upload  Total   Spent   Left   Speed")
		r.err("100 %6d 100 %6d   0      0 %6d      0                              0", size, size, size*1000/max(int(o.Took/time.Millisecond), 1))
	}
	if flags['i'] != nil || flags['I'] != nil {
		r.out("%s\n", strings.Join(headers(o.Response), "\n"))
	}
	if flags['I'] == nil && last(flags['o']) == "" {
		r.body(o.Body)
	}
}

// writeOut writes what -w asks for, on a line of its own.
func (r *Ran) writeOut(format string, o Outcome) {
	code := "000"
	if o.Failure == Answered {
		code = strconv.Itoa(o.Status)
	}
	text := strings.NewReplacer("%{http_code}", code, "%{response_code}", code, "%{remote_ip}", o.IP,
		"%{time_total}", strconv.FormatFloat(o.Took.Seconds(), 'f', 6, 64), `\n`, "\n", `\t`, "\t").Replace(format)
	r.out("%s", strings.TrimSuffix(text, "\n"))
}
