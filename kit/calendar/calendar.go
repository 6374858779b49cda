package calendar

import (
	"time"

	"ashna/kit/fault"
)

// Calendar is a way to count years and months. The zero Calendar is Gregorian.
type Calendar int

// The calendars.
const (
	Gregorian Calendar = iota // proleptic: also before its invention
	Jalali                    // the solar calendar of Iran
)

// String is the word of the calendar in settings and formulas: "gregorian" or "jalali".
func (c Calendar) String() string {
	if c == Jalali {
		return "jalali"
	}
	return "gregorian"
}

// ByName finds a calendar by its word; any other word is refused with "calendar.unknown".
func ByName(name string) (Calendar, error) {
	switch name {
	case "gregorian":
		return Gregorian, nil
	case "jalali":
		return Jalali, nil
	}
	return 0, fault.New(fault.Invalid, "calendar.unknown", "name", name)
}

// Years gives the first and the last year that lie in MinDay to MaxDay as a whole.
func (c Calendar) Years() (first, last int) {
	if c == Jalali {
		return 1, lastJalaliYear
	}
	return 1, 9999
}

// Days gives the first and the last day that the calendar names.
func (c Calendar) Days() (first, last Day) {
	if c == Jalali {
		return nowruz(1), nowruz(lastJalaliYear+1) - 1
	}
	return MinDay, MaxDay
}

// FromYMD finds the day of a year, month and day. What the calendar does not have, such as 31 April, 30 Esfand of a common year or the
// year 0, is refused with "value.date".
func FromYMD(c Calendar, y, m, d int) (Day, error) {
	first, last := c.Years()
	if y < first || y > last || m < 1 || m > 12 || d < 1 || d > DaysIn(c, y, m) {
		return 0, refusal()
	}
	return join(c, y, m, d), nil
}

func refusal() error { return fault.New(fault.Invalid, "value.date") }

// join is FromYMD for parts that are known to be right.
func join(c Calendar, y, m, d int) Day {
	if c == Jalali {
		return jalaliDay(y, m, d)
	}
	return Day(time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC).Unix() / secondsPerDay)
}

// YMD gives the year, month (1 to 12) and day (1 to 31) of a day. Of a day outside c.Days, such as one before the Jalali year 1, it
// gives three zeros.
func (d Day) YMD(c Calendar) (y, m, day int) {
	if first, last := c.Days(); d < first || d > last {
		return 0, 0, 0
	}
	if c == Jalali {
		return jalaliYMD(d)
	}
	year, month, day := time.Unix(int64(d)*secondsPerDay, 0).UTC().Date()
	return year, int(month), day
}

// DaysIn is the number of days of a month, 28 to 31; it is 0 for a month or year that the calendar does not have.
func DaysIn(c Calendar, y, m int) int {
	if first, last := c.Years(); y < first || y > last || m < 1 || m > 12 {
		return 0
	}
	if c == Jalali {
		return jalaliDaysIn(y, m)
	}
	return time.Date(y, time.Month(m)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// IsLeap says whether a year has 366 days. A year that the calendar does not have is no leap year.
func IsLeap(c Calendar, y int) bool {
	first, last := c.Years()
	if y < first || y > last {
		return false
	}
	if c == Jalali {
		return jalaliIsLeap(y)
	}
	return y%4 == 0 && (y%100 != 0 || y%400 == 0)
}

// clamp gives the nearest day that the calendar names.
func (c Calendar) clamp(d Day) Day {
	first, last := c.Days()
	return min(max(d, first), last)
}
