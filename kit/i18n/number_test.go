package i18n_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"ashna/kit/i18n"
	"ashna/kit/money"
)

// voices are the printers of every language with every set of digits.
func voices(t *testing.T) map[string]*i18n.Printer {
	t.Helper()
	b := house(t)
	all := map[string]*i18n.Printer{}
	for _, language := range i18n.Languages() {
		for name, digits := range map[string]i18n.Digits{"latin": i18n.LatinDigits, "persian": i18n.PersianDigits, "arabic": i18n.ArabicDigits} {
			l := i18n.DefaultLocale(language)
			l.Digits, l.Toman = digits, false
			all[language+" "+name] = b.For(l)
		}
	}
	return all
}

func TestNumbers(t *testing.T) {
	all := voices(t)
	cases := []struct {
		voice string
		v     int64
		scale int
		want  string
	}{
		{"en latin", 123456, 2, "1,234.56"}, {"en persian", 123456, 2, "۱٬۲۳۴٫۵۶"}, {"en arabic", 123456, 2, "١٬٢٣٤٫٥٦"},
		{"fa latin", 123456, 2, "1,234.56"}, {"fa persian", 123456, 2, "۱٬۲۳۴٫۵۶"}, {"fa arabic", 123456, 2, "١٬٢٣٤٫٥٦"},
		{"az latin", 123456, 2, "1.234,56"}, {"az persian", 123456, 2, "۱٬۲۳۴٫۵۶"}, {"az arabic", 123456, 2, "١٬٢٣٤٫٥٦"},
		{"en latin", 0, 0, "0"}, {"en latin", 999, 0, "999"}, {"en latin", 1000, 0, "1,000"}, {"en latin", 1234567, 0, "1,234,567"},
		{"en latin", -1234, 0, "-1,234"}, {"az latin", -1234, 0, "-1.234"}, {"fa persian", -1234, 0, "\u2066−۱٬۲۳۴\u2069"},
		{"fa latin", -1234, 0, "\u2066−1,234\u2069"}, {"en latin", 5, 3, "0.005"}, {"en latin", -5, 1, "-0.5"},
		{"en latin", math.MaxInt64, 0, "9,223,372,036,854,775,807"}, {"en latin", math.MinInt64, 0, "-9,223,372,036,854,775,808"},
		{"en latin", math.MinInt64, 18, "-9.223372036854775808"}, {"en latin", 15, -3, "15"}, {"en latin", 1, 99, "0.000000000000000001"},
	}
	for _, c := range cases {
		if got := all[c.voice].Decimal(c.v, c.scale); got != c.want {
			t.Errorf("%s %d/%d: got %q, want %q", c.voice, c.v, c.scale, got, c.want)
		}
	}
	if got := all["fa persian"].Number(1234567); got != "۱٬۲۳۴٬۵۶۷" {
		t.Errorf("got %q", got)
	}
}

// Property: whatever is written can be read back, in every language and every set of digits.
func TestNumbersAreReadBack(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 5))
	for voice, p := range voices(t) {
		for range 500 {
			v, scale := random.Int64N(money.MaxMinor)>>random.IntN(60), random.IntN(7)
			if random.IntN(2) == 0 {
				v = -v
			}
			text := p.Decimal(v, scale)
			plain := text
			if voice == "az latin" {
				plain = strings.NewReplacer(".", ",", ",", ".").Replace(text)
			}
			if got, err := money.ParseDecimal(plain, scale); err != nil || got != v {
				t.Fatalf("%s: %d with %d decimals is written %q and read %d, %v", voice, v, scale, text, got, err)
			}
		}
	}
}

func TestPercent(t *testing.T) {
	all := voices(t)
	cases := []struct {
		voice string
		v     int64
		scale int
		want  string
	}{
		{"en latin", 125, 1, "12.5%"}, {"az latin", 125, 1, "12,5%"}, {"fa persian", 125, 1, "۱۲٫۵٪"}, {"fa arabic", 125, 1, "١٢٫٥٪"}, {"fa latin", 125, 1, "12.5%"},
		{"en persian", 125, 1, "۱۲٫۵%"}, {"en latin", 1000, 1, "100%"}, {"en latin", 1200, 0, "1,200%"}, {"en latin", 0, 2, "0%"},
		{"en latin", -50, 1, "-5%"}, {"fa persian", -50, 1, "\u2066−۵٪\u2069"}, {"en latin", 33333, 3, "33.333%"},
	}
	for _, c := range cases {
		if got := all[c.voice].Percent(c.v, c.scale); got != c.want {
			t.Errorf("%s %d/%d: got %q, want %q", c.voice, c.v, c.scale, got, c.want)
		}
	}
}

func TestCompact(t *testing.T) {
	all := voices(t)
	cases := []struct {
		voice string
		v     int64
		scale int
		want  string
	}{
		{"en latin", 0, 0, "0"}, {"en latin", 999, 0, "999"}, {"en latin", 1000, 0, "1K"}, {"en latin", 1049, 0, "1K"}, {"en latin", 1050, 0, "1.1K"},
		{"en latin", 12345, 0, "12.3K"}, {"en latin", 364600, 0, "364.6K"}, {"en latin", 950000, 0, "950K"}, {"en latin", 999940, 0, "999.9K"},
		{"en latin", 999949, 0, "999.9K"}, {"en latin", 999950, 0, "1M"}, {"en latin", 999999, 0, "1M"}, {"en latin", 1_000_000, 0, "1M"},
		{"en latin", 2_500_000_000, 0, "2.5B"}, {"en latin", 999_950_000_000, 0, "1T"}, {"en latin", 1_200_000_000_000, 0, "1.2T"},
		{"en latin", math.MaxInt64, 0, "9,223,372T"}, {"en latin", math.MinInt64, 0, "-9,223,372T"},
		{"en latin", 1234567, 2, "12.3K"}, {"en latin", 99999, 2, "999.99"}, {"en latin", 99950, 2, "999.5"}, {"en latin", 999994, 3, "999.99"},
		{"en latin", 999995, 3, "1K"}, {"en latin", 999999, 3, "1K"}, {"en latin", 1, 2, "0.01"}, {"en latin", 15, 3, "0.02"}, {"en latin", 4, 3, "0"},
		{"en latin", math.MaxInt64, 18, "9.22"}, {"en latin", math.MaxInt64, 16, "922.34"}, {"en latin", math.MaxInt64, 15, "9.2K"},
		{"en latin", math.MaxInt64, 12, "9.2M"}, {"en latin", math.MaxInt64, 6, "9.2T"}, {"en latin", -12345, 0, "-12.3K"},
		{"az latin", 12345, 0, "12,3\u00a0min"}, {"az latin", 2_500_000, 0, "2,5\u00a0mln"}, {"az latin", 3_000_000_000, 0, "3\u00a0mlrd"},
		{"az latin", 3_100_000_000_000, 0, "3,1\u00a0trln"}, {"fa persian", 12345, 0, "۱۲٫۳\u00a0هزار"}, {"fa persian", 2_500_000, 0, "۲٫۵\u00a0میلیون"},
		{"fa persian", 364_600_000_000, 0, "۳۶۴٫۶\u00a0میلیارد"}, {"fa persian", 1_200_000_000_000, 0, "۱٫۲\u00a0هزار میلیارد"},
		{"fa persian", -12345, 0, "\u2066−۱۲٫۳\u00a0هزار\u2069"},
	}
	for _, c := range cases {
		if got := all[c.voice].Compact(c.v, c.scale); got != c.want {
			t.Errorf("%s %d/%d: got %q, want %q", c.voice, c.v, c.scale, got, c.want)
		}
	}
}

func TestMoney(t *testing.T) {
	all := voices(t)
	toman := i18n.DefaultLocale(i18n.Persian)
	all["fa toman"] = house(t).For(toman)
	toman.Language, toman.Digits = i18n.English, i18n.LatinDigits
	all["en toman"] = house(t).For(toman)
	cases := []struct {
		voice    string
		minor    int64
		currency string
		short    bool
		want     string
	}{
		{"en latin", 123450, "USD", false, "$1,234.50"}, {"az latin", 123450, "USD", false, "1.234,50\u00a0$"}, {"fa persian", 123450, "USD", false, "۱٬۲۳۴٫۵۰\u00a0دلار"},
		{"en latin", 123450, "AZN", false, "₼1,234.50"}, {"az latin", 123450, "AZN", false, "1.234,50\u00a0₼"}, {"fa persian", 123450, "AZN", false, "۱٬۲۳۴٫۵۰\u00a0منات"},
		{"en latin", -123450, "USD", false, "-$1,234.50"}, {"az latin", -123450, "AZN", false, "-1.234,50\u00a0₼"},
		{"fa persian", -123450, "AZN", false, "\u2066−۱٬۲۳۴٫۵۰\u2069\u00a0منات"}, {"fa latin", 123450, "AZN", false, "1,234.50\u00a0منات"},
		{"fa persian", 125_000_000, "IRR", false, "۱۲۵٬۰۰۰٬۰۰۰\u00a0ریال"}, {"fa toman", 125_000_000, "IRR", false, "۱۲٬۵۰۰٬۰۰۰\u00a0تومان"},
		{"fa toman", 125, "IRR", false, "۱۲٫۵\u00a0تومان"}, {"fa toman", 120, "IRR", false, "۱۲\u00a0تومان"}, {"fa toman", 0, "IRR", false, "۰\u00a0تومان"},
		{"fa toman", -125, "IRR", false, "\u2066−۱۲٫۵\u2069\u00a0تومان"}, {"en toman", 125, "IRR", false, "12.5\u00a0toman"},
		{"fa toman", 123450, "AZN", false, "۱٬۲۳۴٫۵۰\u00a0منات"},
		{"en latin", 125, "IRR", false, "125\u00a0rial"}, {"az latin", 125000, "IRR", false, "125.000\u00a0rial"},
		{"fa toman", 3_646_000_000_000, "IRR", true, "۳۶۴٫۶\u00a0میلیارد\u00a0تومان"}, {"en latin", 1234567, "USD", true, "$12.3K"},
		{"az latin", 250_000_000, "AZN", true, "2,5\u00a0mln\u00a0₼"}, {"en latin", 95050, "USD", true, "$950.50"}, {"en latin", -1234567, "USD", true, "-$12.3K"},
		{"en latin", 5000, "JPY", false, "¥5,000"}, {"az latin", 5000, "JPY", false, "5.000\u00a0¥"}, {"en latin", 1234567, "KWD", false, "KWD\u00a01,234.567"},
		{"az latin", 1234567, "KWD", false, "1.234,567\u00a0KWD"}, {"fa persian", 1234567, "KWD", false, "۱٬۲۳۴٫۵۶۷\u00a0KWD"},
		{"en latin", 12345, "XQQ", false, "XQQ\u00a0123.45"}, {"en latin", 12345, "", false, "123.45"},
	}
	for _, c := range cases {
		if got := all[c.voice].Money(money.Amount{Minor: c.minor, Currency: c.currency}, c.short); got != c.want {
			t.Errorf("%s %d %s: got %q, want %q", c.voice, c.minor, c.currency, got, c.want)
		}
	}
}

func TestFileSize(t *testing.T) {
	all := voices(t)
	cases := []struct {
		voice string
		bytes int64
		want  string
	}{
		{"en latin", 0, "0\u00a0B"}, {"en latin", -5, "0\u00a0B"}, {"en latin", 1023, "1,023\u00a0B"}, {"en latin", 1024, "1\u00a0KB"}, {"en latin", 1536, "1.5\u00a0KB"},
		{"en latin", 1<<20 - 1, "1\u00a0MB"}, {"en latin", 1 << 20, "1\u00a0MB"}, {"en latin", 25 << 20, "25\u00a0MB"}, {"en latin", 3 << 29, "1.5\u00a0GB"},
		{"en latin", 1 << 40, "1\u00a0TB"}, {"en latin", math.MaxInt64, "8,388,608\u00a0TB"}, {"az latin", 1536, "1,5\u00a0KB"}, {"az latin", 7, "7\u00a0bayt"},
		{"fa persian", 1536, "۱٫۵\u00a0کیلوبایت"}, {"fa persian", 5 << 20, "۵\u00a0مگابایت"},
	}
	for _, c := range cases {
		if got := all[c.voice].FileSize(c.bytes); got != c.want {
			t.Errorf("%s %d: got %q, want %q", c.voice, c.bytes, got, c.want)
		}
	}
}
