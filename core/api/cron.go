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
// zero time where there is none within five years. Where clocks are turned it
// does as that library: an hour that comes twice has its runs twice, one that
// is left out has none, and where midnight is left out the day may be missed.
func (s *Schedule) Next(t time.Time) time.Time {
	if s.every > 0 {
		return t.Add(s.every).Truncate(time.Second)
	}
	c := cursor{Time: t.Truncate(time.Second).Add(time.Second)}
	for last := c.Year() + maxYears; c.Year() <= last; {
		if s.toMonth(&c) && s.toDay(&c) && s.toHour(&c) && s.toMinute(&c) {
			return c.Time
		}
	}
	return time.Time{}
}

// cursor is a time on its way forward. With the first step what is smaller
// than the step is set to its beginning.
type cursor struct {
	time.Time
	moved bool
}

func (c *cursor) begin(at func() time.Time) {
	if !c.moved {
		c.moved, c.Time = true, at()
	}
}

// toMonth and those below go on to the next time whose month (day, hour,
// minute) is one of the schedule's. They give up where the larger unit changes
// on the way, which has to be looked at again then.
func (s *Schedule) toMonth(c *cursor) bool {
	for s.month&(1<<uint(c.Month())) == 0 {
		c.begin(func() time.Time { return time.Date(c.Year(), c.Month(), 1, 0, 0, 0, 0, c.Location()) })
		if c.Time = c.AddDate(0, 1, 0); c.Month() == time.January {
			return false
		}
	}
	return true
}

func (s *Schedule) toDay(c *cursor) bool {
	for !s.onDay(c.Time) {
		c.begin(func() time.Time {
			return time.Date(c.Year(), c.Month(), c.Day(), 0, 0, 0, 0, c.Location())
		})
		c.Time = c.AddDate(0, 0, 1)
		// Not midnight where the clocks are turned then.
		if hour := c.Hour(); hour > 12 {
			c.Time = c.Add(time.Duration(24-hour) * time.Hour)
		} else {
			c.Time = c.Add(time.Duration(-hour) * time.Hour)
		}
		if c.Day() == 1 {
			return false
		}
	}
	return true
}

func (s *Schedule) toHour(c *cursor) bool {
	for s.hour&(1<<uint(c.Hour())) == 0 {
		c.begin(func() time.Time {
			return time.Date(c.Year(), c.Month(), c.Day(), c.Hour(), 0, 0, 0, c.Location())
		})
		if c.Time = c.Add(time.Hour); c.Hour() == 0 {
			return false
		}
	}
	return true
}

func (s *Schedule) toMinute(c *cursor) bool {
	for s.minute&(1<<uint(c.Minute())) == 0 {
		c.begin(func() time.Time { return c.Truncate(time.Minute) })
		if c.Time = c.Add(time.Minute); c.Minute() == 0 {
			return false
		}
	}
	if c.Second() != 0 {
		c.moved, c.Time = true, c.Truncate(time.Minute).Add(time.Minute)
		return false
	}
	return true
}

// onDay: where both days are given, either will do.
func (s *Schedule) onDay(t time.Time) bool {
	day, weekday := s.day&(1<<uint(t.Day())) != 0, s.weekday&(1<<uint(t.Weekday())) != 0
	if s.anyDay || s.anyWeekday {
		return day && weekday
	}
	return day || weekday
}
