package i18n_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"ashna/kit/calendar"
	"ashna/kit/fault"
	"ashna/kit/i18n"
	"ashna/kit/money"
)

// with joins the texts of the house with one pattern that shows its parameter x.
func with(t testing.TB, language string) *i18n.Printer {
	t.Helper()
	b, err := i18n.New(i18n.House(), same(`{"a.show": "{x}", "a.size": "{x:size}", "a.wait": "{x:duration}", "a.plain": "{x:plain}"}`))
	if err != nil {
		t.Fatal(err)
	}
	return b.For(i18n.DefaultLocale(language))
}

// word is a key type of another package.
type word string

func (w word) MessageKey() string { return string(w) }

// celsius names itself.
type celsius float32

func (c celsius) String() string { return fmt.Sprintf("%.1f degrees", float32(c)) }

func TestParameters(t *testing.T) {
	day, err := calendar.FromYMD(calendar.Jalali, 1405, 11, 22)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2027, 2, 11, 11, 0, 0, 0, time.UTC)
	cases := []struct {
		language string
		value    any
		want     string
	}{
		{"en", "Ali", "Ali"},
		{"en", "علی", "\u2068علی\u2069"},
		{"az", "Şəhla 12", "Şəhla 12"},
		{"fa", "علی ۱۲", "علی ۱۲"},
		{"fa", "Ali", "\u2068Ali\u2069"},
		{"fa", "شرکت ABC", "\u2068شرکت ABC\u2069"},
		{"fa", "12-34", "12-34"},
		{"fa", i18n.Text("Ali"), "Ali"},
		{"fa", i18n.Key("cal.jalali.01"), "فروردین"},
		{"az", word("cal.jalali.02"), "ordibehişt"},
		{"fa", []i18n.Key{"cal.jalali.01", "cal.jalali.02", "cal.jalali.03"}, "فروردین، اردیبهشت و خرداد"},
		{"fa", []string{"الف", "ب", "Ali"}, "الف، ب و \u2068Ali\u2069"},
		{"en", []string{}, ""},
		{"en", true, "yes"}, {"fa", false, "خیر"}, {"az", true, "bəli"},
		{"fa", day, "۱۴۰۵/۱۱/۲۲"}, {"en", day, "11/02/2027"}, {"az", day, "11.02.2027"},
		{"fa", at, "۱۴۰۵/۱۱/۲۲، ۱۴:۳۰"}, {"az", at, "11.02.2027, 15:00"}, {"en", at, "11/02/2027, 11:00"},
		{"en", 90 * time.Minute, "1 hour 30 minutes"},
		{"az", money.Amount{Minor: 123450, Currency: "AZN"}, "1.234,50\u00a0₼"},
		{"en", i18n.Bytes(1536), "1.5\u00a0KB"},
		{"en", 12.5, "12.5"}, {"fa", 12.5, "۱۲٫۵"}, {"az", -0.25, "-0,25"},
		{"fa", int8(-5), "\u2066−۵\u2069"}, {"en", uint16(65535), "65,535"},
		{"en", celsius(36.6), "36.6 degrees"},
		{"en", nil, "<nil>"},
		{"fa", fault.At("x", "value.required"), "این فیلد را پر کنید."},
	}
	for _, c := range cases {
		if got := with(t, c.language).Say("a.show", "x", c.value); got != c.want {
			t.Errorf("%s %T %v: got %q, want %q", c.language, c.value, c.value, got, c.want)
		}
	}
}

func TestHints(t *testing.T) {
	cases := []struct{ language, key, want string }{
		{"en", "a.size", "12.1\u00a0KB"}, {"fa", "a.size", "۱۲٫۱\u00a0کیلوبایت"},
		{"en", "a.wait", "3 hours 25 minutes"}, {"fa", "a.wait", "۳ ساعت و ۲۵ دقیقه"}, {"az", "a.wait", "3 saat 25 dəqiqə"},
		{"en", "a.plain", "12345"}, {"fa", "a.plain", "۱۲۳۴۵"}, {"en", "a.show", "12,345"},
	}
	for _, c := range cases {
		if got := with(t, c.language).Say(c.key, "x", 12345); got != c.want {
			t.Errorf("%s %s: got %q, want %q", c.language, c.key, got, c.want)
		}
	}
}

// A text of a person may carry anything; what it does must end inside its own place.
func TestHostileTexts(t *testing.T) {
	p := with(t, "en")
	for in, want := range map[string]string{
		"a\nb\x00c\td":         "a b c d",
		"bad \xff bytes":       "bad \uFFFD bytes",
		"\u2069escape":         "escape",
		"\u202Eevil":           "evil",
		"\u2066open":           "open",
		"\u2068closed\u2069":   "\u2068closed\u2069",
		"{name}":               "{name}",
		"\u202Aone\u202C":      "\u202Aone\u202C",
		"\u202Cwrong\u202A":    "wrong",
		"\u2066שלום\u2069 abc": "\u2068\u2066שלום\u2069 abc\u2069",
	} {
		if got := p.Say("a.show", "x", in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	long := p.Say("a.show", "x", strings.Repeat("ə", 1000))
	if n := utf8.RuneCountInString(long); n != 301 || !strings.HasSuffix(long, "…") {
		t.Errorf("a long text is %d characters", n)
	}
	if got := p.Say("a.show", "x", strings.Repeat("ə", 300)); strings.HasSuffix(got, "…") {
		t.Error("a text of 300 characters is cut")
	}
}

func FuzzSay(f *testing.F) {
	f.Add("a\u2069b", "fa")
	f.Add("\u202eאב", "en")
	p := map[string]*i18n.Printer{"fa": with(f, "fa"), "en": with(f, "en")}
	f.Fuzz(func(t *testing.T, text, language string) {
		printer := p[language]
		if printer == nil {
			printer = p["en"]
		}
		got := printer.Say("a.show", "x", text)
		depth := 0
		for _, r := range got {
			switch r {
			case '\u2066', '\u2067', '\u2068':
				depth++
			case '\u2069':
				depth--
			}
			if depth < 0 {
				t.Fatalf("%q leaves its place: %q", text, got)
			}
		}
		if depth != 0 || !utf8.ValidString(got) || utf8.RuneCountInString(got) > 303 {
			t.Fatalf("%q gives %q", text, got)
		}
	})
}

func TestSayTakesPairsOrParams(t *testing.T) {
	p := with(t, "en")
	if a, b := p.Say("a.show", "x", 5), p.Say("a.show", fault.Params{"x": 5}); a != "5" || b != "5" {
		t.Errorf("got %q and %q", a, b)
	}
	if got := p.Say("a.show", "x"); got != "{x}" {
		t.Errorf("a name without a value: got %q", got)
	}
}

func TestList(t *testing.T) {
	for language, want := range map[string][]string{
		"en": {"", "a", "a and b", "a, b and c", "a, b, c and d"},
		"az": {"", "a", "a və b", "a, b və c", "a, b, c və d"},
	} {
		p := with(t, language)
		for n, text := range want {
			if got := p.List([]string{"a", "b", "c", "d"}[:n]); got != text {
				t.Errorf("%s: got %q, want %q", language, got, text)
			}
		}
	}
	if got := with(t, "fa").List([]string{"الف", "ب", "پ"}); got != "الف، ب و پ" {
		t.Errorf("got %q", got)
	}
}

func TestLocale(t *testing.T) {
	b := house(t)
	got := b.For(i18n.Locale{Language: "tlh"}).Locale()
	if got.Language != i18n.English || got.Zone != time.UTC {
		t.Errorf("got %+v", got)
	}
	fa, az := i18n.DefaultLocale("fa"), i18n.DefaultLocale("az")
	if fa.Calendar != calendar.Jalali || fa.Digits != i18n.PersianDigits || fa.WeekStart != time.Saturday || !fa.Toman || !fa.RightToLeft() {
		t.Errorf("fa: %+v", fa)
	}
	if az.Calendar != calendar.Gregorian || az.Digits != i18n.LatinDigits || az.WeekStart != time.Monday || az.RightToLeft() {
		t.Errorf("az: %+v", az)
	}
	noon := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	if a, b := noon.In(fa.Zone).Format("15:04"), noon.In(az.Zone).Format("15:04"); a != "15:30" || b != "16:00" {
		t.Errorf("noon is %s in Tehran and %s in Baku", a, b)
	}
}
