package api

import (
	"testing"
	"time"
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

func TestTimeZone(t *testing.T) {
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	for name, want := range map[string]string{"UTC": "12", "Etc/UTC": "12", "Etc/GMT+5": "07", "Etc/GMT-9": "21"} {
		zone, err := TimeZone(name)
		if err != nil || noon.In(zone).Format("15") != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"Europe/Zurich", "Etc/GMT", "Etc/GMT+13", "Etc/GMTx", ""} {
		if _, err := TimeZone(name); (err == nil) != (name == "Etc/GMT") {
			t.Errorf("%s: %v", name, err)
		}
	}
	s, _ := ParseSchedule("0 9 * * *")
	zone, _ := TimeZone("Etc/GMT-9")
	if got := s.Next(noon.In(zone)).UTC(); got.Hour() != 0 {
		t.Errorf("nine o'clock in the far east is %v", got)
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
