package calendar

import (
	"strings"
	"time"

	"ashna/kit/fault"
)

// Period is a run of days from From until the day before To. It is empty when To is not after From.
type Period struct{ From, To Day }

// Days is the number of days in the period, never negative.
func (p Period) Days() int { return int(max(p.To-p.From, 0)) }

// Has says whether a day is in the period.
func (p Period) Has(d Day) bool { return d >= p.From && d < p.To }

// Instants gives the instants from which and until which (exclusive) the period lasts in a place.
func (p Period) Instants(loc *time.Location) (from, until time.Time) {
	return StartOfDay(p.From, loc), StartOfDay(p.To, loc)
}

// span is a unit of the names of periods: where the one that holds a day begins, and where the nth after it begins.
type span struct {
	start func(Day) Day
	shift func(start Day, n int) Day
}

var directions = map[string]int{"last": -1, "this": 0, "next": 1}

// PeriodOf finds a period by its name, seen from today: "today", "yesterday", "tomorrow", or "this_", "last_" or "next_" and one of
// "week", "month", "quarter" and "year". Months, quarters and years are those of the calendar; weeks start on weekStart. Any other name
// is refused with "period.unknown". At the edge of the calendar a period is cut off.
func PeriodOf(name string, today Day, c Calendar, weekStart time.Weekday) (Period, error) {
	switch name {
	case "today":
		return dayPeriod(today), nil
	case "yesterday":
		return dayPeriod(today - 1), nil
	case "tomorrow":
		return dayPeriod(today + 1), nil
	}
	which, unit, _ := strings.Cut(name, "_")
	steps, known := directions[which]
	of, found := spanOf(unit, c, weekStart)
	if !known || !found {
		return Period{}, fault.New(fault.Invalid, "period.unknown", "name", name)
	}
	start := of.start(today)
	return Period{From: of.shift(start, steps), To: of.shift(start, steps+1)}, nil
}

// PeriodNames lists the names that PeriodOf knows, in the order of a menu.
func PeriodNames() []string {
	names := []string{"today", "yesterday", "tomorrow"}
	for _, unit := range []string{"week", "month", "quarter", "year"} {
		names = append(names, "this_"+unit, "last_"+unit, "next_"+unit)
	}
	return names
}

func dayPeriod(d Day) Period { return Period{From: d, To: d + 1} }

func spanOf(unit string, c Calendar, weekStart time.Weekday) (span, bool) {
	months := func(each int) span {
		return span{
			start: func(d Day) Day { return d.startOf(c, each) },
			shift: func(start Day, n int) Day { return start.AddMonths(c, n*each) },
		}
	}
	switch unit {
	case "week":
		return span{
			start: func(d Day) Day { return d.StartOfWeek(weekStart) },
			shift: func(start Day, n int) Day { return start.AddDays(7 * n) },
		}, true
	case "month":
		return months(1), true
	case "quarter":
		return months(3), true
	case "year":
		return months(12), true
	}
	return span{}, false
}
