package calendar

import (
	"slices"
	"time"
)

// Weekend is a set of weekdays on which people do not work. The zero Weekend is empty.
type Weekend uint8

// NewWeekend makes the set of some weekdays.
func NewWeekend(days ...time.Weekday) Weekend {
	var w Weekend
	for _, day := range days {
		w |= 1 << floorMod(int64(day), 7)
	}
	return w
}

// Has says whether a weekday is in the set.
func (w Weekend) Has(day time.Weekday) bool { return w>>floorMod(int64(day), 7)&1 == 1 }

// Days lists the weekdays of the set, Sunday first.
func (w Weekend) Days() []time.Weekday {
	var days []time.Weekday
	for day := time.Sunday; day <= time.Saturday; day++ {
		if w.Has(day) {
			days = append(days, day)
		}
	}
	return days
}

// IsWeekend says whether the day is one of a weekend.
func (d Day) IsWeekend(w Weekend) bool { return w.Has(d.Weekday()) }

const (
	sunday         Weekend = 1 << time.Sunday
	thursday       Weekend = 1 << time.Thursday
	friday         Weekend = 1 << time.Friday
	saturday       Weekend = 1 << time.Saturday
	usual                  = saturday | sunday
	thursdayFriday         = thursday | friday
)

// weekends are the countries whose weekend is not Saturday and Sunday.
var weekends = map[string]Weekend{
	"AF": thursdayFriday, "IR": friday, "DJ": friday, "SO": friday,
	"BH": friday | saturday, "BD": friday | saturday, "DZ": friday | saturday, "EG": friday | saturday, "IL": friday | saturday,
	"IQ": friday | saturday, "JO": friday | saturday, "KW": friday | saturday, "LY": friday | saturday, "MV": friday | saturday,
	"OM": friday | saturday, "PS": friday | saturday, "QA": friday | saturday, "SA": friday | saturday, "SD": friday | saturday,
	"SY": friday | saturday, "YE": friday | saturday,
	"BN": friday | sunday, "NP": saturday, "IN": sunday, "UG": sunday,
}

// WeekendOf is the customary weekend of a country, given by its two capital letters of ISO 3166; Saturday and Sunday where nothing
// else is known. It is a default to start from: in Iran many offices rest on Thursday, too, and have a setting for it.
func WeekendOf(country string) Weekend {
	if w, ok := weekends[country]; ok {
		return w
	}
	return usual
}

// The countries whose calendars on the wall do not start with Monday, in the order of their codes.
var (
	saturdayFirst = []string{"AF", "BH", "DJ", "DZ", "EG", "IQ", "IR", "JO", "KW", "LY", "OM", "QA", "SD", "SY"}
	sundayFirst   = []string{
		"AG", "AS", "BD", "BR", "BS", "BT", "BW", "BZ", "CA", "CO", "DM", "DO", "ET", "GT", "GU", "HK", "HN", "ID", "IL", "IN", "JM",
		"JP", "KE", "KH", "KR", "LA", "MH", "MM", "MO", "MT", "MX", "MZ", "NI", "NP", "PA", "PE", "PH", "PK", "PR", "PT", "PY", "SA",
		"SG", "SV", "TH", "TT", "TW", "UM", "US", "VE", "VI", "WS", "YE", "ZA", "ZW",
	}
)

// WeekStartOf is the weekday with which weeks customarily start in a country, given by its two capital letters of ISO 3166; Monday
// where nothing else is known.
func WeekStartOf(country string) time.Weekday {
	if _, found := slices.BinarySearch(saturdayFirst, country); found {
		return time.Saturday
	}
	if _, found := slices.BinarySearch(sundayFirst, country); found {
		return time.Sunday
	}
	if country == "MV" {
		return time.Friday
	}
	return time.Monday
}
