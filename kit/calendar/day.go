// Package calendar counts days. A Day has neither time nor zone; Gregorian and Jalali are two ways to show and to type it. The package
// also knows where a day begins in a time zone, which days are the weekend, and what "last month" means.
package calendar

import (
	"time"
)

// Day is a date as the number of days since 1970-01-01, negative before. Its valid values are MinDay to MaxDay, the years 1 to 9999 of
// the proleptic Gregorian calendar. The zero Day is 1970-01-01; a field that may be empty needs a mark of its own.
type Day int64

// The first and the last day there are.
const (
	MinDay Day = -719162 // 0001-01-01
	MaxDay Day = 2932896 // 9999-12-31
)

const secondsPerDay = 24 * 60 * 60

// Valid says whether the day is one of the years 1 to 9999.
func (d Day) Valid() bool { return d >= MinDay && d <= MaxDay }

// String writes the day as ISO 8601 does: "2026-03-21". A day that is not Valid is "0000-00-00".
func (d Day) String() string {
	y, m, day := d.YMD(Gregorian)
	return Format(y, m, day, '-')
}

// Format writes a year of at least four digits, a month and a day of two, with a separator between them.
func Format(y, m, d int, separator byte) string {
	out := make([]byte, 0, 10)
	out = appendPadded(out, y, 4)
	out = appendPadded(append(out, separator), m, 2)
	out = appendPadded(append(out, separator), d, 2)
	return string(out)
}

func appendPadded(out []byte, n, width int) []byte {
	if n < 0 {
		out, n = append(out, '-'), -n
	}
	digits := [20]byte{}
	at := len(digits)
	for ; n > 0 || len(digits)-at < width; n /= 10 {
		at--
		digits[at] = byte('0' + n%10)
	}
	return append(out, digits[at:]...)
}

// Weekday is the day of the week.
func (d Day) Weekday() time.Weekday {
	return time.Weekday(floorMod(int64(d)+int64(time.Thursday), 7)) // 1970-01-01 was a Thursday
}

// DayOf is the date that a calendar on the wall of a place shows at an instant. A nil location is UTC.
func DayOf(t time.Time, loc *time.Location) Day {
	_, offset := t.In(orUTC(loc)).Zone()
	return Day(floorDiv(t.Unix()+int64(offset), secondsPerDay))
}

// maxZoneSteps bounds the changes of a zone's offset that StartOfDay looks at; no zone has more than two in four days.
const maxZoneSteps = 8

// StartOfDay is the first instant of a day in a place. It is seldom not midnight: where clocks go forward at midnight the day starts at
// one o'clock, where they go back over midnight it starts at the earlier one. A day that a place skipped, as Samoa did on 2011-12-30,
// is empty and starts where the next one does. A nil location is UTC.
//
// The instants from StartOfDay(d) until StartOfDay(d+1) are the day d; DayOf agrees with it except where clocks went back from a few
// minutes after midnight into the day before (Newfoundland until 2011).
func StartOfDay(d Day, loc *time.Location) time.Time {
	loc = orUTC(loc)
	midnight := int64(d) * secondsPerDay
	from := time.Unix(midnight-2*secondsPerDay, 0).In(loc)
	for range maxZoneSteps {
		start, end := from.ZoneBounds()
		_, offset := from.Zone()
		candidate := time.Unix(midnight-int64(offset), 0).In(loc)
		if !start.IsZero() && candidate.Before(start) {
			candidate = start
		}
		if end.IsZero() || candidate.Before(end) {
			return candidate
		}
		from = end
	}
	return time.Unix(midnight, 0).In(loc)
}

func orUTC(loc *time.Location) *time.Location {
	if loc == nil {
		return time.UTC
	}
	return loc
}

// floorDiv is a/b rounded down, for b > 0.
func floorDiv(a, b int64) int64 {
	quotient := a / b
	if a%b < 0 {
		quotient--
	}
	return quotient
}

// floorMod is what floorDiv leaves, 0 to b-1.
func floorMod(a, b int64) int64 { return a - floorDiv(a, b)*b }
