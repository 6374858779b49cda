package calendar_test

import (
	"testing"
	"time"

	"ashna/kit/calendar"
)

func TestPeriodOf(t *testing.T) {
	today := iso(t, "2026-03-25") // a Wednesday, 5 Farvardin 1405
	for _, c := range []struct {
		calendar       calendar.Calendar
		name, from, to string
	}{
		{calendar.Gregorian, "today", "2026-03-25", "2026-03-26"},
		{calendar.Gregorian, "yesterday", "2026-03-24", "2026-03-25"},
		{calendar.Gregorian, "tomorrow", "2026-03-26", "2026-03-27"},
		{calendar.Gregorian, "this_week", "2026-03-21", "2026-03-28"},
		{calendar.Gregorian, "last_week", "2026-03-14", "2026-03-21"},
		{calendar.Gregorian, "next_week", "2026-03-28", "2026-04-04"},
		{calendar.Gregorian, "this_month", "2026-03-01", "2026-04-01"},
		{calendar.Gregorian, "last_month", "2026-02-01", "2026-03-01"},
		{calendar.Gregorian, "next_month", "2026-04-01", "2026-05-01"},
		{calendar.Gregorian, "this_quarter", "2026-01-01", "2026-04-01"},
		{calendar.Gregorian, "last_quarter", "2025-10-01", "2026-01-01"},
		{calendar.Gregorian, "next_quarter", "2026-04-01", "2026-07-01"},
		{calendar.Gregorian, "this_year", "2026-01-01", "2027-01-01"},
		{calendar.Gregorian, "last_year", "2025-01-01", "2026-01-01"},
		{calendar.Gregorian, "next_year", "2027-01-01", "2028-01-01"},
		{calendar.Jalali, "this_week", "1405/01/01", "1405/01/08"},
		{calendar.Jalali, "this_month", "1405/01/01", "1405/02/01"},
		{calendar.Jalali, "last_month", "1404/12/01", "1405/01/01"},
		{calendar.Jalali, "next_month", "1405/02/01", "1405/03/01"},
		{calendar.Jalali, "this_quarter", "1405/01/01", "1405/04/01"},
		{calendar.Jalali, "last_quarter", "1404/10/01", "1405/01/01"},
		{calendar.Jalali, "next_quarter", "1405/04/01", "1405/07/01"},
		{calendar.Jalali, "this_year", "1405/01/01", "1406/01/01"},
		{calendar.Jalali, "last_year", "1404/01/01", "1405/01/01"},
		{calendar.Jalali, "next_year", "1406/01/01", "1407/01/01"},
	} {
		want := calendar.Period{From: in(t, c.calendar, c.from), To: in(t, c.calendar, c.to)}
		got, err := calendar.PeriodOf(c.name, today, c.calendar, time.Saturday)
		if err != nil || got != want {
			t.Errorf("%s in %v = %v to %v, %v, want %v to %v", c.name, c.calendar, got.From, got.To, err, want.From, want.To)
		}
	}
}

func TestPeriodOfRefuses(t *testing.T) {
	for _, name := range []string{"", "_", "this", "this_", "_week", "week", "this_day", "next_century", "THIS_WEEK", "this_week_", "this-week"} {
		_, err := calendar.PeriodOf(name, 0, calendar.Gregorian, time.Monday)
		refused(t, name, err, "period.unknown")
	}
}

// TestPeriodsMeet: from every day of twelve years, each last period ends where this one starts, and this one ends where the next one starts.
func TestPeriodsMeet(t *testing.T) {
	names := calendar.PeriodNames()
	if len(names) != 15 {
		t.Fatalf("%d names of periods", len(names))
	}
	get := func(name string, today calendar.Day, c calendar.Calendar) calendar.Period {
		p, err := calendar.PeriodOf(name, today, c, time.Monday)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for _, c := range both {
		for today := iso(t, "2019-12-01"); today < iso(t, "2031-12-01"); today++ {
			if p := get("today", today, c); !p.Has(today) || p.Days() != 1 {
				t.Fatalf("today is %v", p)
			}
			for i := 3; i < len(names); i += 3 {
				this, last, next := get(names[i], today, c), get(names[i+1], today, c), get(names[i+2], today, c)
				if !this.Has(today) || last.To != this.From || next.From != this.To || last.Days() == 0 || next.Days() == 0 {
					t.Fatalf("on %v in %v: %s %v, last %v, next %v", today, c, names[i], this, last, next)
				}
			}
		}
	}
}

func TestPeriodSet(t *testing.T) {
	p := calendar.Period{From: 10, To: 13}
	for day, want := range map[calendar.Day]bool{9: false, 10: true, 12: true, 13: false} {
		if p.Has(day) != want {
			t.Errorf("Has(%d) = %v", int64(day), !want)
		}
	}
	if p.Days() != 3 || (calendar.Period{}).Days() != 0 || (calendar.Period{From: 5, To: 1}).Days() != 0 {
		t.Error("Days is wrong")
	}
}

func TestFiscalYears(t *testing.T) {
	july := calendar.FiscalYear{Month: 7}
	mehr := calendar.FiscalYear{Calendar: calendar.Jalali, Month: 7, Day: 1}
	april6 := calendar.FiscalYear{Month: 4, Day: 6}
	leap := calendar.FiscalYear{Month: 2, Day: 29}
	for _, c := range []struct {
		fiscal                      calendar.FiscalYear
		day                         string
		year, quarter               int
		start, end, quarterFrom, to string
	}{
		{calendar.FiscalYear{}, "2026-03-21", 2026, 1, "2026-01-01", "2026-12-31", "2026-01-01", "2026-04-01"},
		{july, "2026-06-30", 2025, 4, "2025-07-01", "2026-06-30", "2026-04-01", "2026-07-01"},
		{july, "2026-07-01", 2026, 1, "2026-07-01", "2027-06-30", "2026-07-01", "2026-10-01"},
		{april6, "2026-04-05", 2025, 4, "2025-04-06", "2026-04-05", "2026-01-06", "2026-04-06"},
		{april6, "2026-07-06", 2026, 2, "2026-04-06", "2027-04-05", "2026-07-06", "2026-10-06"},
		{leap, "2026-02-27", 2025, 4, "2025-02-28", "2026-02-27", "2025-11-29", "2026-02-28"},
		{leap, "2028-02-29", 2028, 1, "2028-02-29", "2029-02-27", "2028-02-29", "2028-05-29"},
		{calendar.FiscalYear{Calendar: calendar.Jalali}, "2026-03-20", 1404, 4, "2025-03-21", "2026-03-20", "2025-12-22", "2026-03-21"},
		{calendar.FiscalYear{Calendar: calendar.Jalali}, "2026-03-21", 1405, 1, "2026-03-21", "2027-03-20", "2026-03-21", "2026-06-22"},
		{mehr, "2026-03-21", 1404, 3, "2025-09-23", "2026-09-22", "2026-03-21", "2026-06-22"},
	} {
		day := iso(t, c.day)
		if got := c.fiscal.YearOf(day); got != c.year {
			t.Errorf("%+v: %s is in the year %d, want %d", c.fiscal, c.day, got, c.year)
		}
		if got := c.fiscal.StartOf(day).String(); got != c.start {
			t.Errorf("%+v: the year of %s starts at %s, want %s", c.fiscal, c.day, got, c.start)
		}
		if got := c.fiscal.EndOf(day).String(); got != c.end {
			t.Errorf("%+v: the year of %s ends at %s, want %s", c.fiscal, c.day, got, c.end)
		}
		if got := c.fiscal.QuarterOf(day); got != c.quarter {
			t.Errorf("%+v: %s is in quarter %d, want %d", c.fiscal, c.day, got, c.quarter)
		}
		want := calendar.Period{From: iso(t, c.quarterFrom), To: iso(t, c.to)}
		if got := c.fiscal.QuarterPeriodOf(day); got != want {
			t.Errorf("%+v: the quarter of %s is %v to %v, want %v to %v", c.fiscal, c.day, got.From, got.To, want.From, want.To)
		}
	}
}

// TestFiscalQuartersPartTheYear holds for every start of a year in both calendars.
func TestFiscalQuartersPartTheYear(t *testing.T) {
	for _, c := range both {
		for start := range 12 * 31 {
			f := calendar.FiscalYear{Calendar: c, Month: start/31 + 1, Day: start%31 + 1}
			for day := iso(t, "2023-01-01"); day < iso(t, "2029-01-01"); day += 7 {
				year, quarter := f.PeriodOf(day), f.QuarterPeriodOf(day)
				if !year.Has(day) || !quarter.Has(day) || quarter.From < year.From || quarter.To > year.To {
					t.Fatalf("%+v on %v: year %v, quarter %v", f, day, year, quarter)
				}
				if n := year.Days(); n < 363 || n > 368 {
					t.Fatalf("%+v on %v: a year of %d days", f, day, n)
				}
				if (f.QuarterOf(day) == 1) != (quarter.From == year.From) || (f.QuarterOf(day) == 4) != (quarter.To == year.To) {
					t.Fatalf("%+v on %v: quarter %d from %v", f, day, f.QuarterOf(day), quarter.From)
				}
			}
		}
	}
}

func TestFiscalYearAtTheEdges(t *testing.T) {
	for _, c := range both {
		f := calendar.FiscalYear{Calendar: c, Month: 12, Day: 99}
		for _, day := range []calendar.Day{calendar.MinDay, calendar.MaxDay, -1 << 63, 1<<63 - 1} {
			first, last := c.Days()
			if got := f.StartOf(day); got < first || got > last {
				t.Errorf("%+v: the year of day %d starts at %d", f, int64(day), int64(got))
			}
			if q := f.QuarterOf(day); q < 1 || q > 4 {
				t.Errorf("%+v: day %d is in quarter %d", f, int64(day), q)
			}
		}
	}
}
