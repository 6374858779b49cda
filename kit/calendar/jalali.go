package calendar

// The Jalali calendar begins its year on the day whose noon in Tehran is the first after the spring equinox. Kazimierz M. Borkowski
// computed the equinoxes for the years 1 to 3177 and described the leap years they make by a table ("The Persian calendar for 3000
// years", Earth, Moon and Planets 74, 1996): between two breaks every fourth year is a leap year, beginning with the first after the
// break, and every 33 years one of these gaps has five years in place of four. Only at a break does the pattern start anew.
//
// The table agrees with the dates published in Iran and with later equinoxes from 1178 to 1502; older years are computed backwards.
// After 3177 this package lets the last pattern run on, which is a convention and no astronomy.

// breaks are the years in which the pattern of leap years starts anew.
var breaks = [...]int{
	-61, 9, 38, 199, 426, 686, 756, 818, 1111, 1181, 1210, 1635, 2060, 2097, 2192, 2262, 2324, 2394, 2456,
}

const (
	// beforeFirstBreak is the day that would be 1 Farvardin of the year 0 if there had been no leap year since the first break.
	beforeFirstBreak = -492648
	// lastJalaliYear still ends before MaxDay.
	lastJalaliYear = 9377
	firstHalf      = 6 * 31 // the days of Farvardin to Shahrivar
)

// nowruz is the 1 Farvardin of a Jalali year, which is 1 to lastJalaliYear+1.
func nowruz(year int) Day {
	return Day(beforeFirstBreak + 365*year + jalaliLeaps(year))
}

// jalaliLeaps counts the leap years from the first break until the year before the given one.
func jalaliLeaps(year int) int {
	leaps, start := 0, breaks[0]
	for _, next := range breaks[1:] {
		span := next - start
		if year < next {
			return leaps + leapsSince(year-start, span)
		}
		leaps += span/33*8 + span%33/4
		start = next
	}
	return leaps + leapsSince(year-start, 0)
}

// leapsSince counts the leap years among the first n years after a break that is span years before the next one.
func leapsSince(n, span int) int {
	leaps := n/33*8 + (n%33+3)/4
	if span%33 == 4 && n == span-4 {
		leaps++ // the long gap of the last cycle waits for the break
	}
	return leaps
}

// jalaliYMD takes a day apart that is not before 1 Farvardin 1.
func jalaliYMD(d Day) (y, m, day int) {
	y = int(d-nowruz(1)) * 400 / 146097 // the years gone, or one less
	for nowruz(y+1) <= d {
		y++
	}
	n := int(d - nowruz(y))
	if n < firstHalf {
		return y, n/31 + 1, n%31 + 1
	}
	n -= firstHalf
	return y, n/30 + 7, n%30 + 1
}

// jalaliDay puts a day together; the month is 1 to 12.
func jalaliDay(y, m, d int) Day {
	days := (m - 1) * 31
	if m > 6 {
		days = firstHalf + (m-7)*30
	}
	return nowruz(y) + Day(days+d-1)
}

// jalaliDaysIn is the length of a month.
func jalaliDaysIn(y, m int) int {
	switch {
	case m <= 6:
		return 31
	case m < 12 || jalaliIsLeap(y):
		return 30
	}
	return 29
}

func jalaliIsLeap(y int) bool { return nowruz(y+1)-nowruz(y) == 366 }
