package i18n_test

import (
	"math"
	"testing"
	"time"

	"ashna/kit/calendar"
	"ashna/kit/i18n"
)

// in gives the printer of a language that counts by a calendar.
func in(t *testing.T, language string, c calendar.Calendar) *i18n.Printer {
	t.Helper()
	l := i18n.DefaultLocale(language)
	l.Calendar = c
	return house(t).For(l)
}

func TestDates(t *testing.T) {
	day := calendar.DayOf(time.Date(2027, 2, 11, 0, 0, 0, 0, time.UTC), time.UTC) // 22 Bahman 1405, a Thursday
	cases := []struct {
		language                 string
		calendar                 calendar.Calendar
		short, long, full, month string
	}{
		{"en", calendar.Gregorian, "11/02/2027", "11 February 2027", "Thursday 11 February 2027", "February 2027"},
		{"en", calendar.Jalali, "22/11/1405", "22 Bahman 1405", "Thursday 22 Bahman 1405", "Bahman 1405"},
		{"fa", calendar.Jalali, "۱۴۰۵/۱۱/۲۲", "۲۲ بهمن ۱۴۰۵", "پنجشنبه ۲۲ بهمن ۱۴۰۵", "بهمن ۱۴۰۵"},
		{"fa", calendar.Gregorian, "۲۰۲۷/۰۲/۱۱", "۱۱ فوریهٔ ۲۰۲۷", "پنجشنبه ۱۱ فوریهٔ ۲۰۲۷", "فوریهٔ ۲۰۲۷"},
		{"az", calendar.Gregorian, "11.02.2027", "11 fevral 2027", "11 fevral 2027, cümə axşamı", "fevral 2027"},
		{"az", calendar.Jalali, "22.11.1405", "22 bəhmən 1405", "22 bəhmən 1405, cümə axşamı", "bəhmən 1405"},
	}
	for _, c := range cases {
		p := in(t, c.language, c.calendar)
		got := [...]string{p.Date(day, i18n.Short), p.Date(day, i18n.Long), p.Date(day, i18n.Full), p.MonthYear(day)}
		if want := [...]string{c.short, c.long, c.full, c.month}; got != want {
			t.Errorf("%s %v:\n got %q\nwant %q", c.language, c.calendar, got, want)
		}
	}
}

func TestMonthNames(t *testing.T) {
	for _, c := range []calendar.Calendar{calendar.Gregorian, calendar.Jalali} {
		for _, language := range i18n.Languages() {
			p, seen := in(t, language, c), map[string]bool{}
			for m := 1; m <= 12; m++ {
				seen[p.MonthName(m)] = true
			}
			if len(seen) != 12 || seen[""] {
				t.Errorf("%s %v: %d names", language, c, len(seen))
			}
			if p.MonthName(0) != "" || p.MonthName(13) != "" {
				t.Error("a month that there is not has a name")
			}
		}
	}
	// The sound at the end decides: «مه» ends in a spoken h and stays as it is.
	fa := in(t, "fa", calendar.Gregorian)
	for month, want := range map[time.Month]string{time.January: "ژانویهٔ ۲۰۲۷", time.May: "مه ۲۰۲۷", time.July: "ژوئیهٔ ۲۰۲۷", time.August: "اوت ۲۰۲۷"} {
		if got := fa.MonthYear(calendar.DayOf(time.Date(2027, month, 5, 0, 0, 0, 0, time.UTC), time.UTC)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestWeekdays(t *testing.T) {
	for language, want := range map[string][2]string{"en": {"Monday", "Mon"}, "fa": {"دوشنبه", "د"}, "az": {"bazar ertəsi", "B.e."}} {
		p := house(t).For(i18n.DefaultLocale(language))
		if got := [2]string{p.WeekdayName(time.Monday), p.WeekdayShort(time.Monday)}; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		seen := map[string]bool{}
		for w := time.Sunday; w <= time.Saturday; w++ {
			seen[p.WeekdayName(w)], seen[p.WeekdayShort(w)] = true, true
		}
		if len(seen) != 14 || p.WeekdayName(7) != "" || p.WeekdayShort(-1) != "" {
			t.Errorf("%s: the names of weekdays are %v", language, seen)
		}
	}
}

func TestTimeIsThatOfTheZone(t *testing.T) {
	at := time.Date(2027, 2, 11, 20, 45, 0, 0, time.UTC)
	for language, want := range map[string][2]string{
		"en": {"20:45", "11/02/2027, 20:45"}, "fa": {"۰۰:۱۵", "۱۴۰۵/۱۱/۲۳، ۰۰:۱۵"}, "az": {"00:45", "12.02.2027, 00:45"},
	} {
		p := house(t).For(i18n.DefaultLocale(language))
		if got := [2]string{p.Time(at), p.DateTime(at)}; got != want {
			t.Errorf("%s: got %q, want %q", language, got, want)
		}
	}
}

func TestRelative(t *testing.T) {
	now := time.Date(2027, 2, 11, 12, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	cases := []struct {
		distance   time.Duration
		en, fa, az string
	}{
		{0, "just now", "همین حالا", "indicə"},
		{-59 * time.Second, "just now", "همین حالا", "indicə"},
		{59 * time.Second, "just now", "همین حالا", "indicə"},
		{-time.Minute, "1 minute ago", "۱ دقیقه پیش", "1 dəqiqə əvvəl"},
		{-59 * time.Minute, "59 minutes ago", "۵۹ دقیقه پیش", "59 dəqiqə əvvəl"},
		{time.Hour, "in 1 hour", "۱ ساعت دیگر", "1 saat sonra"},
		{23*time.Hour + 59*time.Minute, "in 23 hours", "۲۳ ساعت دیگر", "23 saat sonra"},
		{-3 * day, "3 days ago", "۳ روز پیش", "3 gün əvvəl"},
		{29 * day, "in 29 days", "۲۹ روز دیگر", "29 gün sonra"},
		{30 * day, "in 1 month", "۱ ماه دیگر", "1 ay sonra"},
		{-364 * day, "12 months ago", "۱۲ ماه پیش", "12 ay əvvəl"},
		{-800 * day, "2 years ago", "۲ سال پیش", "2 il əvvəl"},
		{15 * time.Minute, "in 15 minutes", "۱۵ دقیقهٔ دیگر", "15 dəqiqə sonra"},
	}
	for _, c := range cases {
		for language, want := range map[string]string{"en": c.en, "fa": c.fa, "az": c.az} {
			if got := house(t).For(i18n.DefaultLocale(language)).Relative(now.Add(c.distance), now); got != want {
				t.Errorf("%s %v: got %q, want %q", language, c.distance, got, want)
			}
		}
	}
}

func TestDuration(t *testing.T) {
	cases := []struct {
		d          time.Duration
		en, fa, az string
	}{
		{0, "0 seconds", "۰ ثانیه", "0 saniyə"},
		{900 * time.Millisecond, "0 seconds", "۰ ثانیه", "0 saniyə"},
		{time.Second, "1 second", "۱ ثانیه", "1 saniyə"},
		{90 * time.Second, "1 minute 30 seconds", "۱ دقیقه و ۳۰ ثانیه", "1 dəqiqə 30 saniyə"},
		{2*time.Hour + 5*time.Minute + 59*time.Second, "2 hours 5 minutes", "۲ ساعت و ۵ دقیقه", "2 saat 5 dəqiqə"},
		{2*time.Hour + 59*time.Second, "2 hours", "۲ ساعت", "2 saat"},
		{24 * time.Hour, "1 day", "۱ روز", "1 gün"},
		{49 * time.Hour, "2 days 1 hour", "۲ روز و ۱ ساعت", "2 gün 1 saat"},
		{-time.Minute, "minus 1 minute", "منفی ۱ دقیقه", "mənfi 1 dəqiqə"},
		{math.MinInt64, "minus 106,751 days 23 hours", "منفی ۱۰۶٬۷۵۱ روز و ۲۳ ساعت", "mənfi 106.751 gün 23 saat"},
	}
	for _, c := range cases {
		for language, want := range map[string]string{"en": c.en, "fa": c.fa, "az": c.az} {
			if got := house(t).For(i18n.DefaultLocale(language)).Duration(c.d); got != want {
				t.Errorf("%s %v: got %q, want %q", language, c.d, got, want)
			}
		}
	}
}
