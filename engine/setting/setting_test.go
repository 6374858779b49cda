package setting_test

import (
	"slices"
	"testing"
	"time"

	"ashna/engine/setting"
	"ashna/kit/calendar"
	"ashna/kit/fault"
)

func TestDefaults(t *testing.T) {
	for language, want := range map[string]struct {
		currency string
		months   calendar.Calendar
		first    time.Weekday
		digits   int
	}{
		"en": {"USD", calendar.Gregorian, time.Monday, 2}, "fa": {"IRR", calendar.Jalali, time.Saturday, 0}, "az": {"AZN", calendar.Gregorian, time.Monday, 2}, "xx": {"USD", calendar.Gregorian, time.Monday, 2},
	} {
		s := setting.Default(language)
		if err := s.Check(); err != nil {
			t.Errorf("%s: %v", language, err)
		}
		if s.Currency != want.currency || s.Months() != want.months || s.FirstDay() != want.first {
			t.Errorf("%s: %+v", language, s)
		}
		if got := s.Digits(); got != want.digits && s.Currency != "IRR" {
			t.Errorf("%s has %d digits", s.Currency, got)
		}
	}
	if (setting.Settings{Zone: "Nowhere/Land"}).Location() != time.UTC || (setting.Settings{Calendar: "x"}).Months() != calendar.Gregorian {
		t.Error("what is unknown has no stand-in")
	}
}

// Every setting that is wrong is named at once.
func TestCheck(t *testing.T) {
	bad := setting.Settings{Language: "xx", Country: "aze", Currency: "ZZZ", Calendar: "lunar", Zone: "Local", WeekStart: "friday"}
	var fields []string
	for _, f := range fault.All(bad.Check()) {
		fields = append(fields, f.Field)
	}
	slices.Sort(fields)
	if want := []string{"calendar", "country", "currency", "language", "week_start", "zone"}; !slices.Equal(fields, want) {
		t.Errorf("fields %v, want %v", fields, want)
	}
	for name, want := range map[string]bool{"saturday": true, "sunday": true, "monday": true, "friday": false, "": false} {
		if _, ok := setting.Weekday(name); ok != want {
			t.Errorf("%q begins a week: %t", name, ok)
		}
	}
}
