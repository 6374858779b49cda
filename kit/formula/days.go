package formula

import (
	"time"

	"ashna/kit/calendar"
)

// The days of the language: the years 1 to 9999. A date outside is empty.
const (
	FirstDay = -719162 // 0001-01-01
	LastDay  = 2932896 // 9999-12-31
)

// The days whose year, month and day are known, so that a database may answer from a table: 1900-01-01 to 2100-12-31.
const (
	FirstPartDay = -25567
	LastPartDay  = 47846
)

// DayBounds gives the first instant of a day in the zone and that of the next day, in microseconds: a Moment m is within the day when
// from <= m < to. SQL compares with the same bounds, because midnight may be missing in a zone or come twice.
func (e *Env) DayBounds(day int64) (from, to int64) {
	return e.start(calendar.Day(day)), e.start(calendar.Day(day) + 1)
}

// dayValue keeps a day, empty outside the days of the language.
func dayValue(v Value) Value {
	if !v.Ok || v.Int < FirstDay || v.Int > LastDay {
		return Value{}
	}
	return v
}

// datePart gives the year, month or day of a date.
func datePart(op Op, day int64, cal calendar.Calendar) Value {
	if day < FirstPartDay || day > LastPartDay {
		return Value{}
	}
	y, m, d := calendar.Day(day).YMD(cal)
	switch op {
	case OpYear:
		return Whole(int64(y))
	case OpMonth:
		return Whole(int64(m))
	}
	return Whole(int64(d))
}

// at gives the value of a const.
func (c *Const) at(env *Env) Value {
	switch c.Source {
	case Now:
		return Whole(env.Now.UnixMicro())
	case Today:
		return dayValue(Whole(int64(env.today()) + c.Days))
	case MonthStart:
		return dayValue(Whole(int64(env.today().StartOfMonth(c.Calendar))))
	case YearStart:
		return dayValue(Whole(int64(env.today().StartOfYear(c.Calendar))))
	case PeriodStart, PeriodEnd:
		period, err := calendar.PeriodOf(c.Period, env.today(), c.Calendar, env.WeekStart)
		if err != nil {
			return Value{}
		}
		if c.Source == PeriodStart {
			return dayValue(Whole(int64(period.From)))
		}
		return dayValue(Whole(int64(period.To)))
	case Me:
		return Value{Ok: env.Me != 0, Int: env.Me}
	}
	return c.Value
}

// parseDay reads a date as it is written in a formula, "2026-03-21" in any digits.
func parseDay(s string) (int64, bool) {
	t, err := time.Parse(time.DateOnly, latin(s))
	if err != nil || t.Year() < 1 {
		return 0, false
	}
	return t.Unix() / 86400, true
}

// parseMoment reads an instant with its offset, "2026-03-21T14:30:00+03:30".
func parseMoment(s string) (int64, bool) {
	t, err := time.Parse(time.RFC3339, latin(s))
	if err != nil {
		return 0, false
	}
	t = t.UTC()
	if t.Year() < 1 || t.Year() > 9999 {
		return 0, false
	}
	return t.UnixMicro(), true
}

// latin makes the digits of a text Latin.
func latin(s string) string {
	b := make([]rune, 0, len(s))
	for _, r := range s {
		if d, ok := digit(r); ok {
			r = rune(d)
		}
		b = append(b, r)
	}
	return string(b)
}
