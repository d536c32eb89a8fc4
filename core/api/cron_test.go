package api

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tabernetes/tabernetes/core/zone"
)

func TestSchedule(t *testing.T) {
	from := time.Date(2026, 1, 30, 23, 58, 30, 0, time.UTC) // a Friday
	for _, c := range []struct{ schedule, want string }{
		{"* * * * *", "2026-01-30 23:59"},
		{"*/15 * * * *", "2026-01-31 00:00"},
		{"5/20 * * * *", "2026-01-31 00:05"},
		{"0 9-17/4 * * *", "2026-01-31 09:00"},
		{"30 8 1,15 * *", "2026-02-01 08:30"},
		{"0 0 31 * *", "2026-01-31 00:00"},
		{"0 0 30 * *", "2026-03-30 00:00"},
		{"0 12 * * mon-fri", "2026-02-02 12:00"},
		{"0 12 * * 0", "2026-02-01 12:00"},
		{"0 0 13 * FRI", "2026-02-06 00:00"}, // the 13th, or a Friday
		{"0 0 13 * ?", "2026-02-13 00:00"},
		{"0 0 1 jan,JUL *", "2026-07-01 00:00"},
		{"0 0 29 2 *", "2028-02-29 00:00"},
		{"0 0 30 2 *", "0001-01-01 00:00"},
		{"@hourly", "2026-01-31 00:00"},
		{"@weekly", "2026-02-01 00:00"},
		{"@yearly", "2027-01-01 00:00"},
		{"@every 90s", "2026-01-31 00:00"},
	} {
		s, err := ParseSchedule(c.schedule)
		if err != nil {
			t.Errorf("%s: %v", c.schedule, err)
			continue
		}
		if got := s.Next(from).Format("2006-01-02 15:04"); got != c.want {
			t.Errorf("%s: next is %s, want %s", c.schedule, got, c.want)
		}
	}
}

func TestScheduleErrors(t *testing.T) {
	for schedule, want := range map[string]string{
		"":                             "empty spec string",
		"* * *":                        "expected exactly 5 fields, found 3: [* * *]",
		"60 * * * *":                   "end of range (60) above maximum (59): 60",
		"* * 0 * *":                    "beginning of range (0) below minimum (1): 0",
		"5-3 * * * *":                  "beginning of range (5) beyond end of range (3): 5-3",
		"*/0 * * * *":                  "step of range should be a positive number: */0",
		"1-2-3 * * * *":                "too many hyphens: 1-2-3",
		"*/2/3 * * * *":                "too many slashes: */2/3",
		"x * * * *":                    `failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax`,
		"@fortnightly":                 "unrecognized descriptor: @fortnightly",
		"@every fortnight":             `failed to parse duration @every fortnight: time: invalid duration "fortnight"`,
		"99999999999999999999 * * * *": `failed to parse int from 99999999999999999999: strconv.Atoi: parsing "99999999999999999999": value out of range`,
	} {
		if _, err := ParseSchedule(schedule); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", schedule, err, want)
		}
	}
}

// testdata/schedules.txt says when the library that Kubernetes uses would run,
// around the turns of clocks; testdata/robfig wrote it.
func TestScheduleAsRobfig(t *testing.T) {
	facts, err := os.ReadFile("testdata/schedules.txt")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(facts)) {
		parts := strings.Split(strings.TrimSpace(line), " | ") // zone, schedule, from, times
		location, err := zone.Load(parts[0])
		if err != nil {
			t.Fatal(err)
		}
		s, err := ParseSchedule(parts[1])
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339, parts[2])
		if err != nil {
			t.Fatal(err)
		}
		at = at.In(location)
		var got []string
		for range strings.Fields(parts[3]) {
			at = s.Next(at)
			got = append(got, at.Format(time.RFC3339))
		}
		if text := strings.Join(got, " "); text != parts[3] {
			t.Errorf("%s %q after %s:\n%s, want\n%s", parts[0], parts[1], parts[2], text, parts[3])
		}
		n++
	}
	if n < 300 {
		t.Errorf("only %d facts", n)
	}
}

func FuzzSchedule(f *testing.F) {
	f.Add("*/5 1-3 * jan mon-fri")
	f.Add("@every 1h")
	from := time.Date(2026, 1, 30, 23, 58, 30, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSchedule(text)
		if err != nil {
			return
		}
		if next := s.Next(from); !next.IsZero() && !next.After(from) {
			t.Errorf("%q: %v comes after %v", text, next, from)
		}
	})
}
