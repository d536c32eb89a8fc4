// Package zone knows the world's time zones by name, for schedules that are
// meant in local time.
//
// Of each zone only today's rule is kept (in winter this offset, in summer that
// one, from when to when), in the words of POSIX's TZ variable: with all 598
// names 4 KB in the engine, where Go's time/tzdata is 450. Left out is what
// such a rule cannot say: how clocks went in the past, and clocks that follow
// the moon (Morocco's in Ramadan, Gaza's).
//
// table.go is made from the time zone database that comes with Go, by
//
//	go generate ./core/zone
package zone

//go:generate go run ./testdata/make -o table.go

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// Load finds a zone by its name or one of its old names. The error is
// time.LoadLocation's. The name is not "Local", which is no zone of the world's.
func Load(name string) (*time.Location, error) {
	if name == "" || name == "UTC" {
		return time.UTC, nil
	}
	if rule, ok := find(name); ok {
		return time.LoadLocationFromTZData(name, tzif(rule))
	}
	return nil, fmt.Errorf("unknown time zone %s", name)
}

// find gives a zone's rule. Each line of the table is a rule and the zones that go by it.
func find(name string) (rule string, ok bool) {
	if strings.ContainsAny(name, " \n") {
		return "", false
	}
	for line := range strings.Lines(table) {
		rule, names, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		for each := range strings.SplitSeq(names, " ") {
			if each == name {
				return rule, true
			}
		}
	}
	return "", false
}

// tzif is a zone file (RFC 8536, version 2) that lists no change of the clocks:
// then the rule in its last line is asked about every time. A reader wants at
// least one kind of time, so there is one, which is never used.
func tzif(rule string) []byte {
	const kinds, letters = 1, len("UTC\x00")
	header := func(b []byte, counts ...uint32) []byte {
		b = append(b, "TZif2"...)
		b = append(b, make([]byte, 15)...)
		for _, n := range counts {
			b = binary.BigEndian.AppendUint32(b, n)
		}
		return b
	}
	b := header(nil, 0, 0, 0, 0, 0, 0)                // the old form, empty
	b = header(b, 0, 0, 0, 0, kinds, uint32(letters)) // the new one
	b = append(b, make([]byte, 6)...)                 // offset 0, no summer time, first name
	b = append(b, "UTC\x00"...)
	return append(b, "\n"+rule+"\n"...)
}
