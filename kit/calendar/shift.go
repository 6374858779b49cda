package calendar

import (
	"time"
)

// maxMonths bounds a shift; a larger one leaves every calendar anyhow.
const maxMonths = 200_000

// AddDays gives the day n days later, earlier when n is negative, but none beyond MinDay and MaxDay.
func (d Day) AddDays(n int) Day {
	const span = MaxDay - MinDay
	return min(max(d+min(max(Day(n), -span), span), MinDay), MaxDay)
}

// AddMonths gives the day n months later, earlier when n is negative. Where the month has no such day it is the last of the month: a
// month after 31 January is 28 or 29 February. The result stays within the days that the calendar names.
func (d Day) AddMonths(c Calendar, n int) Day {
	y, m, day := c.clamp(d).YMD(c)
	return c.inMonth(y, m+min(max(n, -maxMonths), maxMonths), day)
}

// AddYears gives the same day n years later, earlier when n is negative. 29 February and 30 Esfand become the last day of their month
// in a common year. The result stays within the days that the calendar names.
func (d Day) AddYears(c Calendar, n int) Day {
	const maxYears = maxMonths / 12
	return d.AddMonths(c, 12*min(max(n, -maxYears), maxYears))
}

// inMonth gives a day of a month, or the last one if the month is shorter. Months beyond 1 to 12 are of other years; beyond the
// calendar it gives the first or last day.
func (c Calendar) inMonth(y, m, day int) Day {
	months := int64(y)*12 + int64(m) - 1
	y, m = int(floorDiv(months, 12)), int(floorMod(months, 12))+1
	firstYear, lastYear := c.Years()
	firstDay, lastDay := c.Days()
	switch {
	case y < firstYear:
		return firstDay
	case y > lastYear:
		return lastDay
	}
	return join(c, y, m, min(day, DaysIn(c, y, m)))
}

// StartOfWeek is the first day of the week, where weeks start on the given weekday.
func (d Day) StartOfWeek(weekStart time.Weekday) Day {
	return d - Day(floorMod(int64(d.Weekday()-weekStart), 7))
}

// EndOfWeek is the last day of the week, where weeks start on the given weekday.
func (d Day) EndOfWeek(weekStart time.Weekday) Day { return d.StartOfWeek(weekStart) + 6 }

// StartOfMonth is the first day of the month.
func (d Day) StartOfMonth(c Calendar) Day { return d.startOf(c, 1) }

// EndOfMonth is the last day of the month.
func (d Day) EndOfMonth(c Calendar) Day { return d.endOf(c, 1) }

// StartOfQuarter is the first day of the three months 1–3, 4–6, 7–9 or 10–12 of the calendar.
func (d Day) StartOfQuarter(c Calendar) Day { return d.startOf(c, 3) }

// EndOfQuarter is the last day of the three months 1–3, 4–6, 7–9 or 10–12 of the calendar.
func (d Day) EndOfQuarter(c Calendar) Day { return d.endOf(c, 3) }

// StartOfYear is the first day of the year.
func (d Day) StartOfYear(c Calendar) Day { return d.startOf(c, 12) }

// EndOfYear is the last day of the year.
func (d Day) EndOfYear(c Calendar) Day { return d.endOf(c, 12) }

// Quarter is the quarter of the calendar's year, 1 to 4, or 0 of a day that the calendar does not name.
func (d Day) Quarter(c Calendar) int {
	_, m, _ := d.YMD(c)
	return (m + 2) / 3
}

// startOf is the first day of the span of months (a divisor of 12) that holds the day.
func (d Day) startOf(c Calendar, months int) Day {
	y, m, _ := c.clamp(d).YMD(c)
	return join(c, y, m-(m-1)%months, 1)
}

// endOf is the last day of the span of months that holds the day.
func (d Day) endOf(c Calendar, months int) Day {
	y, m, _ := d.startOf(c, months).YMD(c)
	m += months - 1
	return join(c, y, m, DaysIn(c, y, m))
}
