package calendar_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"ashna/kit/calendar"
)

var both = []calendar.Calendar{calendar.Gregorian, calendar.Jalali}

func in(t *testing.T, c calendar.Calendar, text string) calendar.Day {
	t.Helper()
	day, err := calendar.Parse(c, text)
	if err != nil {
		t.Fatalf("Parse(%v, %q): %v", c, text, err)
	}
	return day
}

func TestAddMonths(t *testing.T) {
	for _, c := range []struct {
		calendar   calendar.Calendar
		from       string
		n          int
		want       string
		wantMonths bool
	}{
		{calendar.Gregorian, "2026-01-31", 1, "2026-02-28", true},
		{calendar.Gregorian, "2024-01-31", 1, "2024-02-29", true},
		{calendar.Gregorian, "2024-03-31", -1, "2024-02-29", true},
		{calendar.Gregorian, "2026-12-15", 1, "2027-01-15", true},
		{calendar.Gregorian, "2026-01-15", -1, "2025-12-15", true},
		{calendar.Gregorian, "2026-05-31", 0, "2026-05-31", true},
		{calendar.Gregorian, "2026-05-31", -5, "2025-12-31", true},
		{calendar.Gregorian, "2026-05-31", 1200, "2126-05-31", true},
		{calendar.Gregorian, "2024-02-29", 1, "2025-02-28", false},
		{calendar.Gregorian, "2024-02-29", 4, "2028-02-29", false},
		{calendar.Gregorian, "2024-02-29", -100, "1924-02-29", false},
		{calendar.Jalali, "1404/06/31", 1, "1404/07/30", true},
		{calendar.Jalali, "1404/11/30", 1, "1404/12/29", true},
		{calendar.Jalali, "1403/11/30", 1, "1403/12/30", true},
		{calendar.Jalali, "1404/12/29", 1, "1405/01/29", true},
		{calendar.Jalali, "1405/01/31", -1, "1404/12/29", true},
		{calendar.Jalali, "1403/12/30", 1, "1404/12/29", false},
		{calendar.Jalali, "1403/12/30", 5, "1408/12/30", false},
	} {
		day, want := in(t, c.calendar, c.from), in(t, c.calendar, c.want)
		got := day.AddYears(c.calendar, c.n)
		if c.wantMonths {
			got = day.AddMonths(c.calendar, c.n)
		}
		if got != want {
			y, m, d := got.YMD(c.calendar)
			t.Errorf("%s and %d (months %v) is %s, want %s", c.from, c.n, c.wantMonths, calendar.Format(y, m, d, '/'), c.want)
		}
	}
}

func TestShiftsStayInTheCalendar(t *testing.T) {
	day := iso(t, "2026-03-21")
	for _, c := range both {
		first, last := c.Days()
		for _, n := range []int{math.MaxInt, math.MinInt, 1 << 40, -1 << 40, 200_000, -200_000} {
			want := last
			if n < 0 {
				want = first
			}
			if got := day.AddMonths(c, n); got != want {
				t.Errorf("AddMonths(%v, %d) = %v, want %v", c, n, got, want)
			}
			if got := day.AddYears(c, n); got != want {
				t.Errorf("AddYears(%v, %d) = %v, want %v", c, n, got, want)
			}
		}
		for _, wild := range []calendar.Day{math.MinInt64, math.MaxInt64, calendar.MinDay, calendar.MaxDay} {
			for _, got := range []calendar.Day{wild.AddMonths(c, 0), wild.StartOfYear(c), wild.EndOfYear(c), wild.StartOfMonth(c), wild.EndOfQuarter(c)} {
				if got < first || got > last {
					t.Errorf("day %d is led to %d, outside of %v", int64(wild), int64(got), c)
				}
			}
		}
	}
	for n, want := range map[int]calendar.Day{math.MaxInt: calendar.MaxDay, math.MinInt: calendar.MinDay, 1: day + 1, -30: day - 30, 0: day} {
		if got := day.AddDays(n); got != want {
			t.Errorf("AddDays(%d) = %v, want %v", n, got, want)
		}
	}
}

// TestMonthsAddUp: shifting by months is shifting by years and months, and the day never grows.
func TestMonthsAddUp(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		c := both[r.IntN(2)]
		day := calendar.Day(r.IntN(60000) - 20000)
		n := r.IntN(4000) - 2000
		y, m, d := day.YMD(c)
		gy, gm, gd := day.AddMonths(c, n).YMD(c)
		if (gy*12+gm)-(y*12+m) != n {
			t.Fatalf("%v and %d months of %v is %d-%d", day, n, c, gy, gm)
		}
		if want := min(d, calendar.DaysIn(c, gy, gm)); gd != want {
			t.Fatalf("%v and %d months of %v is the day %d, want %d", day, n, c, gd, want)
		}
	}
}

// TestStartsAndEnds walks every day of 200 years and finds the borders by looking at the neighbours.
func TestStartsAndEnds(t *testing.T) {
	keys := map[string]func(y, m int) int{
		"month":   func(y, m int) int { return y*12 + m - 1 },
		"quarter": func(y, m int) int { return y*4 + (m-1)/3 },
		"year":    func(y, _ int) int { return y },
	}
	for _, c := range both {
		for unit, key := range keys {
			start, end := calendar.Day.StartOfMonth, calendar.Day.EndOfMonth
			switch unit {
			case "quarter":
				start, end = calendar.Day.StartOfQuarter, calendar.Day.EndOfQuarter
			case "year":
				start, end = calendar.Day.StartOfYear, calendar.Day.EndOfYear
			}
			of := func(day calendar.Day) int {
				y, m, _ := day.YMD(c)
				return key(y, m)
			}
			last := start(iso(t, "1900-01-01"), c)
			before := of(last)
			for day := last; day < 47847; day++ {
				if now := of(day); now != before {
					before, last = now, day
				}
				if got := start(day, c); got != last {
					t.Fatalf("%s of %v in %v starts at %v, want %v", unit, day, c, got, last)
				}
				if got := end(day, c); of(got) != before || of(got+1) == before {
					t.Fatalf("%s of %v in %v ends at %v", unit, day, c, got)
				}
			}
		}
	}
}

func TestQuarter(t *testing.T) {
	for text, want := range map[string]int{"1405/1/1": 1, "1405/3/31": 1, "1405/4/1": 2, "1405/9/30": 3, "1405/10/1": 4, "1405/12/29": 4} {
		if got := in(t, calendar.Jalali, text).Quarter(calendar.Jalali); got != want {
			t.Errorf("%s is in quarter %d, want %d", text, got, want)
		}
	}
	if got := calendar.MinDay.Quarter(calendar.Jalali); got != 0 {
		t.Errorf("a day before the calendar is in quarter %d", got)
	}
}

func TestWeeks(t *testing.T) {
	for weekStart := time.Sunday; weekStart <= time.Saturday; weekStart++ {
		for day := calendar.Day(-1000); day < 1000; day++ {
			start, end := day.StartOfWeek(weekStart), day.EndOfWeek(weekStart)
			if start.Weekday() != weekStart || start > day || day > end || end-start != 6 {
				t.Fatalf("the week of %v from %v on is %v to %v", day, weekStart, start, end)
			}
		}
	}
}

func TestWeekends(t *testing.T) {
	for country, want := range map[string][]time.Weekday{
		"IR": {time.Friday}, "AZ": {time.Sunday, time.Saturday}, "TR": {time.Sunday, time.Saturday}, "AE": {time.Sunday, time.Saturday},
		"SA": {time.Friday, time.Saturday}, "AF": {time.Thursday, time.Friday}, "NP": {time.Saturday}, "": {time.Sunday, time.Saturday},
	} {
		w := calendar.WeekendOf(country)
		if w != calendar.NewWeekend(want...) {
			t.Errorf("the weekend of %q is %v, want %v", country, w.Days(), want)
		}
		if got := w.Days(); len(got) != len(want) || got[0] != want[0] {
			t.Errorf("the days of the weekend of %q are %v, want %v", country, got, want)
		}
	}
	iran := calendar.NewWeekend(time.Thursday, time.Friday)
	for day, want := range map[string]bool{"2026-03-19": true, "2026-03-20": true, "2026-03-21": false, "2026-03-22": false} {
		if got := iso(t, day).IsWeekend(iran); got != want {
			t.Errorf("%s is a weekend: %v, want %v", day, got, want)
		}
	}
	var none calendar.Weekend
	if none.Has(time.Friday) || none.Days() != nil || calendar.NewWeekend(-1) != calendar.NewWeekend(time.Saturday) {
		t.Error("an empty weekend has days, or a weekday out of range is not taken modulo 7")
	}
}

func TestWeekStarts(t *testing.T) {
	for country, want := range map[string]time.Weekday{
		"IR": time.Saturday, "AF": time.Saturday, "SY": time.Saturday, "AZ": time.Monday, "TR": time.Monday, "DE": time.Monday, "": time.Monday,
		"US": time.Sunday, "AG": time.Sunday, "ZW": time.Sunday, "IL": time.Sunday, "MV": time.Friday,
	} {
		if got := calendar.WeekStartOf(country); got != want {
			t.Errorf("weeks in %q start on %v, want %v", country, got, want)
		}
	}
}
