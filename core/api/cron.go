package api

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Schedule is when a CronJob runs: five fields, as crontab(5) and
// github.com/robfig/cron/v3 read them (minute, hour, day of the month, month,
// day of the week), or @hourly and the like, or @every with a duration. Errors
// are in that library's words.
type Schedule struct {
	minute, hour, day, month, weekday uint64 // a bit a value
	anyDay, anyWeekday                bool   // written as * or ?
	every                             time.Duration
}

// cronField is a field's bounds and the names that it takes.
type cronField struct {
	min, max uint
	names    []string // the first stands for min
}

var cronFields = []cronField{
	{0, 59, nil}, {0, 23, nil}, {1, 31, nil},
	{1, 12, []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
	{0, 6, []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
}

var cronNames = map[string]string{
	"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
	"@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}

// ParseSchedule reads a schedule.
func ParseSchedule(text string) (*Schedule, error) {
	if text == "" {
		return nil, fmt.Errorf("empty spec string")
	}
	if strings.HasPrefix(text, "@") {
		return parseDescriptor(text)
	}
	words := strings.Fields(text)
	if len(words) != len(cronFields) {
		return nil, fmt.Errorf("expected exactly 5 fields, found %d: %v", len(words), words)
	}
	s := &Schedule{anyDay: starts(words[2]), anyWeekday: starts(words[4])}
	for i, into := range []*uint64{&s.minute, &s.hour, &s.day, &s.month, &s.weekday} {
		for _, part := range strings.Split(words[i], ",") {
			bits, err := cronFields[i].bits(part)
			if err != nil {
				return nil, err
			}
			*into |= bits
		}
	}
	return s, nil
}

// starts tells whether a field has a star in one of its parts.
func starts(field string) bool {
	for _, part := range strings.Split(field, ",") {
		from, _, _ := strings.Cut(part, "/")
		if from == "*" || from == "?" {
			return true
		}
	}
	return false
}

func parseDescriptor(text string) (*Schedule, error) {
	if rest, ok := strings.CutPrefix(text, "@every "); ok {
		d, err := time.ParseDuration(rest)
		if err != nil {
			return nil, fmt.Errorf("failed to parse duration %s: %s", text, err)
		}
		return &Schedule{every: max(d.Truncate(time.Second), time.Second)}, nil
	}
	if fields, ok := cronNames[text]; ok {
		return ParseSchedule(fields)
	}
	return nil, fmt.Errorf("unrecognized descriptor: %s", text)
}

// bits reads one part of a field: *, n, n-m, each with /step.
func (f cronField) bits(part string) (uint64, error) {
	sides := strings.Split(part, "/")
	limits := strings.Split(sides[0], "-")
	from, to := f.min, f.max
	single := len(limits) == 1
	var err error
	if limits[0] != "*" && limits[0] != "?" {
		if from, err = f.value(limits[0]); err != nil {
			return 0, err
		}
		switch len(limits) {
		case 1:
			to = from
		case 2:
			if to, err = f.value(limits[1]); err != nil {
				return 0, err
			}
		default:
			return 0, fmt.Errorf("too many hyphens: %s", part)
		}
	}
	step := uint(1)
	switch len(sides) {
	case 1:
	case 2:
		if step, err = cronNumber(sides[1]); err != nil {
			return 0, err
		}
		if single {
			to = f.max
		}
	default:
		return 0, fmt.Errorf("too many slashes: %s", part)
	}
	return f.between(from, to, step, part)
}

func (f cronField) between(from, to, step uint, part string) (uint64, error) {
	switch {
	case from < f.min:
		return 0, fmt.Errorf("beginning of range (%d) below minimum (%d): %s", from, f.min, part)
	case to > f.max:
		return 0, fmt.Errorf("end of range (%d) above maximum (%d): %s", to, f.max, part)
	case from > to:
		return 0, fmt.Errorf("beginning of range (%d) beyond end of range (%d): %s", from, to, part)
	case step == 0:
		return 0, fmt.Errorf("step of range should be a positive number: %s", part)
	}
	bits := uint64(0)
	for n := from; n <= to; n += step {
		bits |= 1 << n
	}
	return bits, nil
}

func (f cronField) value(text string) (uint, error) {
	for i, name := range f.names {
		if strings.EqualFold(name, text) {
			return f.min + uint(i), nil
		}
	}
	return cronNumber(text)
}

func cronNumber(text string) (uint, error) {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("failed to parse int from %s: %s", text, err)
	}
	if n < 0 {
		return 0, fmt.Errorf("negative number (%d) not allowed: %s", n, text)
	}
	return uint(n), nil
}

// maxYears is how far Next looks: a schedule may name a day that there isn't.
const maxYears = 5

// Next is the first time after t that the schedule names, in t's time zone; the
// zero time where there is none within five years.
func (s *Schedule) Next(t time.Time) time.Time {
	if s.every > 0 {
		return t.Add(s.every).Truncate(time.Second)
	}
	t = t.Truncate(time.Minute).Add(time.Minute)
	for limit := t.AddDate(maxYears, 0, 0); !t.After(limit); {
		year, month, day := t.Date()
		switch {
		case s.month&(1<<uint(month)) == 0:
			t = time.Date(year, month+1, 1, 0, 0, 0, 0, t.Location())
		case !s.onDay(t):
			t = time.Date(year, month, day+1, 0, 0, 0, 0, t.Location())
		case s.hour&(1<<uint(t.Hour())) == 0:
			t = time.Date(year, month, day, t.Hour()+1, 0, 0, 0, t.Location())
		case s.minute&(1<<uint(t.Minute())) == 0:
			t = t.Add(time.Minute)
		default:
			return t
		}
	}
	return time.Time{}
}

// onDay: where both days are given, either will do.
func (s *Schedule) onDay(t time.Time) bool {
	day, weekday := s.day&(1<<uint(t.Day())) != 0, s.weekday&(1<<uint(t.Weekday())) != 0
	if s.anyDay || s.anyWeekday {
		return day && weekday
	}
	return day || weekday
}

// TimeZone finds the zones that need no table of summer times: UTC and its
// names, and Etc/GMT+5 and the like (which is five hours west). The time zone
// database would take a tenth of the page's payload.
func TimeZone(name string) (*time.Location, error) {
	switch name {
	case "UTC", "Etc/UTC", "GMT", "Etc/GMT", "Etc/UCT", "UCT", "Zulu", "Etc/Zulu", "Universal", "Etc/Universal", "Greenwich", "Etc/Greenwich":
		return time.UTC, nil
	}
	if offset, ok := strings.CutPrefix(name, "Etc/GMT"); ok {
		n, err := strconv.Atoi(offset)
		if err == nil && n >= -14 && n <= 12 && (strings.HasPrefix(offset, "+") || strings.HasPrefix(offset, "-")) {
			return time.FixedZone(name, -n*60*60), nil
		}
	}
	return nil, fmt.Errorf("unknown time zone %s", name)
}
