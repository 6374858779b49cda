package calendar

// FiscalYear is the year of the books: twelve months of a calendar that begin on some day of it. The zero FiscalYear is the Gregorian
// year, and FiscalYear{Calendar: Jalali} the Jalali one.
type FiscalYear struct {
	Calendar   Calendar
	Month, Day int // where it begins; 0 counts as 1. A day that a month does not have is its last one.
}

// StartOf is the first day of the fiscal year that holds a day.
func (f FiscalYear) StartOf(d Day) Day { return f.startOfYear(f.YearOf(d)) }

// EndOf is the last day of the fiscal year that holds a day.
func (f FiscalYear) EndOf(d Day) Day { return f.PeriodOf(d).To - 1 }

// YearOf names the fiscal year that holds a day by the calendar year in which it begins: with a start on 1 July, 2026-03-21 is in the
// year 2025. It is 0 for a day before the first fiscal year that the calendar can name.
func (f FiscalYear) YearOf(d Day) int {
	d = f.Calendar.clamp(d)
	y, _, _ := d.YMD(f.Calendar)
	if d < f.startOfYear(y) {
		return y - 1
	}
	return y
}

// QuarterOf is the quarter of the fiscal year that holds a day, 1 to 4.
func (f FiscalYear) QuarterOf(d Day) int {
	d, year, quarter := f.Calendar.clamp(d), f.YearOf(d), 4
	for quarter > 1 && d < f.startOfMonth(year, 3*(quarter-1)) {
		quarter--
	}
	return quarter
}

// PeriodOf is the fiscal year that holds a day. At the edge of the calendar it is cut off.
func (f FiscalYear) PeriodOf(d Day) Period {
	year := f.YearOf(d)
	return Period{From: f.startOfYear(year), To: f.startOfMonth(year, 12)}
}

// QuarterPeriodOf is the quarter of the fiscal year that holds a day.
func (f FiscalYear) QuarterPeriodOf(d Day) Period {
	year, months := f.YearOf(d), 3*f.QuarterOf(d)
	return Period{From: f.startOfMonth(year, months-3), To: f.startOfMonth(year, months)}
}

func (f FiscalYear) startOfYear(year int) Day { return f.startOfMonth(year, 0) }

// startOfMonth is where the month after some whole months of a fiscal year begins.
func (f FiscalYear) startOfMonth(year, months int) Day {
	month, day := min(max(f.Month, 1), 12), min(max(f.Day, 1), 31)
	return f.Calendar.inMonth(year, month+months, day)
}
