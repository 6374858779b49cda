package calendar_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"ashna/kit/calendar"
	"ashna/kit/fault"
)

// refused fails unless err is an Invalid fault with the key.
func refused(t *testing.T, what string, err error, key string) {
	t.Helper()
	f := fault.Of(err)
	if f == nil || f.Kind != fault.Invalid || f.Key != key {
		t.Errorf("%s: error %v, want the fault %s", what, err, key)
	}
}

func iso(t *testing.T, text string) calendar.Day {
	t.Helper()
	day, err := calendar.ParseISO(text)
	if err != nil {
		t.Fatalf("ParseISO(%q): %v", text, err)
	}
	return day
}

// TestEveryGregorianDay walks from 1900 to 2100 by the rule of month lengths and compares both ways.
func TestEveryGregorianDay(t *testing.T) {
	lengths := [13]int{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}
	day, weekday := calendar.Day(-25567), time.Monday // 1900-01-01
	for year := 1900; year <= 2100; year++ {
		leap := year%4 == 0 && year != 1900 && year != 2100
		if calendar.IsLeap(calendar.Gregorian, year) != leap {
			t.Errorf("IsLeap(%d) = %v", year, !leap)
		}
		for month := 1; month <= 12; month++ {
			length := lengths[month]
			if leap && month == 2 {
				length = 29
			}
			if got := calendar.DaysIn(calendar.Gregorian, year, month); got != length {
				t.Fatalf("%d-%d has %d days, want %d", year, month, got, length)
			}
			for d := 1; d <= length; d++ {
				if gy, gm, gd := day.YMD(calendar.Gregorian); gy != year || gm != month || gd != d {
					t.Fatalf("day %d is %d-%d-%d, want %d-%d-%d", int64(day), gy, gm, gd, year, month, d)
				}
				if gregorian(t, year, month, d) != day || iso(t, day.String()) != day || day.Weekday() != weekday {
					t.Fatalf("%d-%d-%d does not read back, or is no %v", year, month, d, weekday)
				}
				day, weekday = day+1, (weekday+1)%7
			}
		}
	}
}

func TestKnownDays(t *testing.T) {
	for text, want := range map[string]calendar.Day{
		"1970-01-01": 0, "1969-12-31": -1, "2026-03-21": 20533, "0001-01-01": calendar.MinDay, "9999-12-31": calendar.MaxDay,
		"2000-02-29": 11016, "1582-10-10": -141432,
	} {
		day := iso(t, text)
		if day != want || day.String() != text || !day.Valid() {
			t.Errorf("%s is day %d (%v), want %d", text, int64(day), day, int64(want))
		}
	}
	if calendar.Day(0).Weekday() != time.Thursday || calendar.Day(-4).Weekday() != time.Sunday || calendar.MinDay.Weekday() != time.Monday {
		t.Error("weekdays are wrong")
	}
	for _, day := range []calendar.Day{calendar.MinDay - 1, calendar.MaxDay + 1} {
		if day.Valid() || day.String() != "0000-00-00" {
			t.Errorf("day %d is valid or has the text %v", int64(day), day)
		}
	}
}

func TestFromYMDRefuses(t *testing.T) {
	for _, c := range []struct{ y, m, d int }{
		{2025, 2, 29}, {1900, 2, 29}, {2024, 2, 30}, {2024, 4, 31}, {2024, 0, 1}, {2024, 13, 1}, {2024, 1, 0}, {2024, 1, 32}, {0, 1, 1},
		{10000, 1, 1}, {-1, 1, 1}, {1 << 62, 1, 1}, {2024, -1 << 62, 1}, {2024, 1, 1 << 62},
	} {
		day, err := calendar.FromYMD(calendar.Gregorian, c.y, c.m, c.d)
		refused(t, "FromYMD", err, "value.date")
		if day != 0 {
			t.Errorf("a refused date gives %v", day)
		}
	}
	for _, c := range []calendar.Calendar{calendar.Gregorian, calendar.Jalali} {
		if calendar.IsLeap(c, 0) || calendar.IsLeap(c, 10000) || calendar.DaysIn(c, 0, 1) != 0 || calendar.DaysIn(c, 1400, 13) != 0 {
			t.Errorf("%v knows a year or month that there is not", c)
		}
	}
}

func TestCalendarNames(t *testing.T) {
	for _, c := range []calendar.Calendar{calendar.Gregorian, calendar.Jalali} {
		if got, err := calendar.ByName(c.String()); err != nil || got != c {
			t.Errorf("ByName(%v) = %v, %v", c, got, err)
		}
	}
	_, err := calendar.ByName("lunar")
	refused(t, "lunar", err, "calendar.unknown")
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		calendar   calendar.Calendar
		text, want string
	}{
		{calendar.Jalali, "1405/01/01", "2026-03-21"},
		{calendar.Jalali, "1405/01/02", "2026-03-22"},
		{calendar.Jalali, "1405-1-2", "2026-03-22"},
		{calendar.Jalali, "۱۴۰۵/۱/۲", "2026-03-22"},
		{calendar.Jalali, " \u200f۱۴۰۵/۰۱/۰۲\u200e ", "2026-03-22"},
		{calendar.Jalali, "١٤٠٣-١٢-٣٠", "2025-03-20"},
		{calendar.Jalali, "1405.1.2", "2026-03-22"},
		{calendar.Gregorian, "2026-03-21", "2026-03-21"},
		{calendar.Gregorian, "2026/3/1", "2026-03-01"},
		{calendar.Gregorian, "21.03.2026", "2026-03-21"},
		{calendar.Gregorian, "1.3.2026", "2026-03-01"},
		{calendar.Gregorian, "\u00a0۲۰۲۴-۰۲-۲۹\n", "2024-02-29"},
	} {
		if got, err := calendar.Parse(c.calendar, c.text); err != nil || got.String() != c.want {
			t.Errorf("Parse(%v, %q) = %v, %v, want %s", c.calendar, c.text, got, err, c.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{
		"", " ", "2026", "2026-03", "2026-03-21-1", "2026-03/21", "21/03/2026", "03-21-2026", "26-03-21", "02026-03-21", "2026-003-21",
		"2026-3-021", "2026--21", "2026-03-", "-026-03-21", "+026-03-21", "2026-+3-21", "2026-03-2x", "2026 03 21", "2026- 3-21",
		"20260321", "2026-13-01", "2026-02-29", "0000-01-01", "२०२६-०३-२१", "2026-03-21T00:00:00Z", "2026-1é-1", "1.2.26",
		strings.Repeat("2026-03-21", 10),
	} {
		_, err := calendar.Parse(calendar.Gregorian, text)
		refused(t, text, err, "value.date")
	}
	for _, text := range []string{"", "2026-3-21", "2026/03/21", "۲۰۲۶-۰۳-۲۱", " 2026-03-21", "2026-03-21 ", "2026-02-30", "20x6-03-21"} {
		_, err := calendar.ParseISO(text)
		refused(t, text, err, "value.date")
	}
}

func TestDayJSON(t *testing.T) {
	data, err := json.Marshal(map[string]calendar.Day{"due": 20533})
	if err != nil || string(data) != `{"due":"2026-03-21"}` {
		t.Fatalf("Marshal = %s, %v", data, err)
	}
	var out map[string]calendar.Day
	if err := json.Unmarshal(data, &out); err != nil || out["due"] != 20533 {
		t.Errorf("read back %v, %v", out, err)
	}
	refused(t, "bad day", json.Unmarshal([]byte(`{"due":"2026-02-30"}`), &out), "value.date")
}

func TestFormat(t *testing.T) {
	for _, c := range []struct {
		y, m, d   int
		separator byte
		want      string
	}{{1405, 1, 2, '/', "1405/01/02"}, {7, 12, 31, '-', "0007-12-31"}, {12345, 1, 1, '.', "12345.01.01"}, {-5, 1, 1, '-', "-0005-01-01"}} {
		if got := calendar.Format(c.y, c.m, c.d, c.separator); got != c.want {
			t.Errorf("Format = %q, want %q", got, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"1405/01/02", "21.03.2026", "۱۴۰۵-۱۲-۲۹", "9999-12-31", "0001.1.1", "//", "1-1-1"} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, text string, inJalali bool) {
		c := calendar.Gregorian
		if inJalali {
			c = calendar.Jalali
		}
		day, err := calendar.Parse(c, text)
		if err != nil {
			refused(t, text, err, "value.date")
			return
		}
		y, m, d := day.YMD(c)
		if again, err := calendar.Parse(c, calendar.Format(y, m, d, '/')); err != nil || again != day || !day.Valid() {
			t.Fatalf("%q is %v, which reads back as %v, %v", text, day, again, err)
		}
	})
}
