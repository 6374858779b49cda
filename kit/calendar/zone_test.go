package calendar_test

import (
	"testing"
	"time"

	"ashna/kit/calendar"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func TestStartOfDay(t *testing.T) {
	for _, c := range []struct{ zone, day, want, why string }{
		{"UTC", "2026-03-21", "2026-03-21T00:00:00Z", "no zone"},
		{"Asia/Tehran", "2026-03-21", "2026-03-21T00:00:00+03:30", "no summer time any more"},
		{"Asia/Tehran", "2022-03-22", "2022-03-22T01:00:00+04:30", "midnight is missing"},
		{"Asia/Tehran", "2022-09-21", "2022-09-21T00:00:00+04:30", "the day ends with a doubled hour"},
		{"Asia/Tehran", "2022-09-22", "2022-09-22T00:00:00+03:30", "the hour before midnight came twice"},
		{"Asia/Baku", "2015-03-29", "2015-03-29T00:00:00+04:00", "the change is at four"},
		{"America/Sao_Paulo", "2018-11-04", "2018-11-04T01:00:00-02:00", "midnight is missing"},
		{"America/Sao_Paulo", "2018-02-18", "2018-02-18T00:00:00-03:00", "the hour before midnight came twice"},
		{"Africa/Cairo", "2023-04-28", "2023-04-28T01:00:00+03:00", "midnight is missing"},
		{"Africa/Cairo", "2023-10-27", "2023-10-27T00:00:00+02:00", "the hour before midnight came twice"},
		{"Asia/Beirut", "2024-03-31", "2024-03-31T01:00:00+03:00", "midnight is missing"},
		{"America/Havana", "2023-11-05", "2023-11-05T00:00:00-04:00", "midnight comes twice, the first counts"},
		{"America/Havana", "2023-03-12", "2023-03-12T01:00:00-04:00", "midnight is missing"},
		{"America/St_Johns", "2006-10-29", "2006-10-29T00:00:00-02:30", "one minute later the clock goes back into the day before"},
		{"Pacific/Apia", "2011-12-29", "2011-12-29T00:00:00-10:00", "the day before the skipped one"},
		{"Pacific/Apia", "2011-12-30", "2011-12-31T00:00:00+14:00", "the skipped day"},
		{"Pacific/Apia", "2011-12-31", "2011-12-31T00:00:00+14:00", "the day after the skipped one"},
		{"Europe/Istanbul", "2026-01-01", "2026-01-01T00:00:00+03:00", "an ordinary day"},
	} {
		got := calendar.StartOfDay(iso(t, c.day), zone(t, c.zone))
		if text := got.Format(time.RFC3339); text != c.want {
			t.Errorf("%s in %s starts at %s, want %s: %s", c.day, c.zone, text, c.want, c.why)
		}
	}
	if got := calendar.StartOfDay(20533, nil); got != time.Date(2026, 3, 21, 0, 0, 0, 0, time.UTC) {
		t.Errorf("without a zone the day starts at %v", got)
	}
}

// TestStartOfDayBySearch looks for the first five minutes of each day that lies near a change of the clocks.
func TestStartOfDayBySearch(t *testing.T) {
	for _, name := range []string{
		"America/Sao_Paulo", "Africa/Cairo", "Asia/Tehran", "Asia/Beirut", "Pacific/Apia", "America/Havana", "America/St_Johns",
		"Asia/Baku", "Europe/Berlin", "Australia/Lord_Howe", "America/Asuncion", "Africa/Casablanca", "Asia/Amman", "Pacific/Kwajalein",
	} {
		loc := zone(t, name)
		at, until := time.Date(1990, 1, 1, 0, 0, 0, 0, loc), time.Date(2030, 1, 1, 0, 0, 0, 0, loc)
		for range 500 {
			_, change := at.ZoneBounds()
			if change.IsZero() || change.After(until) {
				break
			}
			around := calendar.DayOf(change, loc)
			for day := around - 1; day <= around+1; day++ {
				want := searchStart(day, loc)
				if got := calendar.StartOfDay(day, loc); !got.Equal(want) {
					t.Errorf("%v in %s starts at %v, want %v", day, name, got, want)
				}
			}
			at = change
		}
	}
}

func searchStart(day calendar.Day, loc *time.Location) time.Time {
	y, m, d := day.YMD(calendar.Gregorian)
	wanted := y*10000 + m*100 + d
	at := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC).Add(-30 * time.Hour)
	for {
		ly, lm, ld := at.In(loc).Date()
		if ly*10000+int(lm)*100+ld >= wanted {
			return at
		}
		at = at.Add(5 * time.Minute)
	}
}

func TestDayOfAgreesWithTheWall(t *testing.T) {
	for _, name := range []string{"UTC", "Asia/Tehran", "America/Sao_Paulo", "Pacific/Apia", "Pacific/Kiritimati", "Asia/Kathmandu"} {
		loc := zone(t, name)
		for at := time.Date(1899, 12, 31, 23, 7, 1, 0, time.UTC); at.Year() < 2101; at = at.Add(997 * time.Hour) {
			y, m, d := at.In(loc).Date()
			if got, want := calendar.DayOf(at, loc), gregorian(t, y, int(m), d); got != want {
				t.Fatalf("%v in %s is the day %v, want %v", at, name, got, want)
			}
		}
	}
	if got := calendar.DayOf(time.Unix(-1, 0), nil); got != -1 {
		t.Errorf("the second before 1970 is day %d", int64(got))
	}
}

// TestDaysPartTheInstants: every start is the first instant of its day, and the instant before belongs to an earlier one.
func TestDaysPartTheInstants(t *testing.T) {
	for _, name := range []string{"Asia/Tehran", "Africa/Cairo", "America/Havana", "Pacific/Apia", "Asia/Beirut", "Europe/London"} {
		loc := zone(t, name)
		for day := iso(t, "1995-01-01"); day < iso(t, "2027-01-01"); day++ {
			start := calendar.StartOfDay(day, loc)
			skipped := name == "Pacific/Apia" && day.String() == "2011-12-30"
			if got := calendar.DayOf(start, loc); got != day && !skipped {
				t.Fatalf("%v in %s starts on %v", day, name, got)
			}
			if got := calendar.DayOf(start.Add(-1), loc); got >= day {
				t.Fatalf("before %v in %s comes %v", day, name, got)
			}
		}
	}
}

func TestPeriodInstants(t *testing.T) {
	loc := zone(t, "America/Sao_Paulo")
	day := iso(t, "2018-11-04")
	from, until := calendar.Period{From: day, To: day + 1}.Instants(loc)
	if length := until.Sub(from); length != 23*time.Hour {
		t.Errorf("the day without midnight lasts %v", length)
	}
}
