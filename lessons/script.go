package lessons

import (
	"fmt"
	"strings"
	"time"

	"github.com/tabernetes/tabernetes/core/kubectl"
)

// Doing is one line of a Script.
type Doing struct {
	// Do is type (a console line in With), one of the component deeds (hold,
	// release, stop, start, restart, disconnect; With is the component), pulls
	// (With is an image and how it comes: nginx 30s, nginx fail), requests (With
	// is a URL, a rate and a time: http://web 20/s 30s), wait
	// (With is a duration of virtual time), answer, order, causes, actors (For
	// is the check, With the value), or fails (For is a check that a mistake
	// must fail, With nothing).
	Do, For, With string
}

var scriptDeeds = map[string]bool{ // whether the deed is about a check
	"hold": false, "release": false, "stop": false, "start": false, "restart": false, "disconnect": false, "wait": false, "pulls": false, "requests": false,
	"answer": true, "order": true, "causes": true, "actors": true, "fails": true,
}

// ParseScript reads a script: console lines as they would be typed, and
// between them lines that begin with "#:" for what is not typed:
//
//	kubectl create deployment web --image=nginx
//	#: stop scheduler
//	kubectl scale deployment web --replicas=3
//	#: wait 30s
//	#: answer who-stores = api-server
//
// Other lines that begin with # are comments. A here-document must not hold a
// line that begins with "#:".
func ParseScript(text string) ([]Doing, error) {
	var out []Doing
	var pending strings.Builder
	flush := func() error {
		lines, err := kubectl.Split(pending.String())
		for _, line := range lines {
			out = append(out, Doing{Do: "type", With: line})
		}
		pending.Reset()
		return err
	}
	for line := range strings.Lines(text) {
		rest, is := strings.CutPrefix(line, "#:")
		if !is {
			pending.WriteString(line)
			continue
		}
		if err := flush(); err != nil {
			return nil, err
		}
		d, err := parseDoing(strings.TrimSpace(rest))
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	if err := flush(); err != nil {
		return nil, err
	}
	if len(out) > maxTyped {
		return nil, fmt.Errorf("%d lines, more than the %d allowed", len(out), maxTyped)
	}
	return out, nil
}

func parseDoing(line string) (Doing, error) {
	do, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	about, known := scriptDeeds[do]
	switch {
	case !known:
		return Doing{}, fmt.Errorf("#: %s: there is no such deed", line)
	case rest == "":
		return Doing{}, fmt.Errorf("#: %s: says not what", line)
	case do == "fails":
		return Doing{Do: do, For: rest}, nil
	case do == "wait":
		if d, err := time.ParseDuration(rest); err != nil || d < 0 || d > MaxWait {
			return Doing{}, fmt.Errorf("#: %s: is no time between 0 and %s", line, MaxWait)
		}
	case about:
		id, value, found := strings.Cut(rest, "=")
		if !found {
			return Doing{}, fmt.Errorf("#: %s: is not of the form %s CHECK = …", line, do)
		}
		return Doing{Do: do, For: strings.TrimSpace(id), With: strings.TrimSpace(value)}, nil
	}
	return Doing{Do: do, With: rest}, nil
}

// MaxWait is the longest time a script may wait at once.
const MaxWait = 24 * time.Hour
