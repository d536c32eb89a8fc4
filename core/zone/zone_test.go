package zone

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // where the machine has no database
)

// Every name of the table is a zone, and in the years to come its clocks go as
// Go's own database says. This machine's may be of another year, in which a
// country or two decided otherwise; four zones follow the moon.
func TestAsGoSays(t *testing.T) {
	names, differ := 0, map[string]string{}
	for line := range strings.Lines(table) {
		for _, name := range strings.Fields(line)[1:] {
			names++
			ours, err := Load(name)
			if err != nil {
				t.Fatal(err)
			}
			if theirs, err := time.LoadLocation(name); err != nil {
				differ[name] = err.Error()
			} else if why := compare(ours, theirs); why != "" {
				differ[name] = why
			}
		}
	}
	if names < 590 || len(differ) > 10 {
		t.Errorf("of %d zones these differ: %v", names, differ)
	}
}

func compare(ours, theirs *time.Location) string {
	from := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	for at := from; at.Year() < 2029; at = at.Add(11 * time.Hour) {
		if a, b := at.In(ours).String(), at.In(theirs).String(); a != b {
			return a + ", for Go " + b
		}
	}
	return ""
}

// The two turns of the clock in a year, to the second.
func TestTurns(t *testing.T) {
	for _, c := range []struct{ zone, utc, before, after string }{
		{"Europe/Berlin", "2026-03-29T01:00:00Z", "01:59:59 CET", "03:00:00 CEST"},
		{"Europe/Berlin", "2026-10-25T01:00:00Z", "02:59:59 CEST", "02:00:00 CET"},
		{"America/New_York", "2026-11-01T06:00:00Z", "01:59:59 EDT", "01:00:00 EST"},
		{"US/Pacific", "2026-03-08T10:00:00Z", "01:59:59 PST", "03:00:00 PDT"},
		{"Australia/Lord_Howe", "2026-04-04T15:00:00Z", "01:59:59 +11", "01:30:00 +1030"},
		{"Pacific/Chatham", "2026-09-26T14:00:00Z", "02:44:59 +1245", "03:45:00 +1345"},
		{"Europe/Dublin", "2026-03-29T01:00:00Z", "00:59:59 GMT", "02:00:00 IST"},
		{"America/Havana", "2026-03-08T05:00:00Z", "23:59:59 CST", "01:00:00 CDT"},
		{"Africa/Cairo", "2026-04-23T22:00:00Z", "23:59:59 EET", "01:00:00 EEST"},
		{"America/Nuuk", "2026-03-29T01:00:00Z", "22:59:59 -02", "00:00:00 -01"},
		{"Asia/Kathmandu", "2026-01-01T00:00:00Z", "05:44:59 +0545", "05:45:00 +0545"},
		{"Etc/GMT+5", "2026-01-01T00:00:00Z", "18:59:59 -05", "19:00:00 -05"},
	} {
		zone, err := Load(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		at, _ := time.Parse(time.RFC3339, c.utc)
		const shown = "15:04:05 MST"
		if before, after := at.Add(-time.Second).In(zone).Format(shown), at.In(zone).Format(shown); before != c.before || after != c.after {
			t.Errorf("%s at %s: %s, then %s; want %s, then %s", c.zone, c.utc, before, after, c.before, c.after)
		}
	}
}

func TestUnknown(t *testing.T) {
	for _, name := range []string{"Europe/Züri", "europe/berlin", "Europe", "Europe/", "CET-1CEST,M3.5.0,M10.5.0/3", "Europe/Berlin Europe/Bern", "PST"} {
		if zone, err := Load(name); err == nil || err.Error() != "unknown time zone "+name {
			t.Errorf("%s: %v, %v", name, zone, err)
		}
	}
	if zone, err := Load("UTC"); err != nil || zone != time.UTC {
		t.Errorf("UTC is %v, %v", zone, err)
	}
}
