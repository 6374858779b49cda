package meta

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"ashna/kit/fault"
	"ashna/kit/text"
)

// num is a number as a JSON decoder gives it.
func num(s string) any { return json.Number(s) }

func testEnv() *Env {
	rates := map[string]string{"USD": "1.7", "EUR": "1.9051", "IRR": "0.000002"}
	return &Env{Country: "IR", Currency: "AZN", Language: "fa", Rate: func(c string) (string, bool) {
		rate, ok := rates[c]
		return rate, ok
	}}
}

func limits(low, high int64) NumberKind { return NumberKind{Min: &low, Max: &high} }

var testOptions = []Option{
	{Code: "new", Labels: map[string]string{"en": "New", "fa": "تازه"}, Tone: "blue"},
	{Code: "won", Labels: map[string]string{"en": "Won", "az": "Qazanılıb"}},
	{Code: "old", Labels: map[string]string{"en": "New"}, Retired: true},
	{Code: "b", Labels: map[string]string{"en": "a"}},
	{Code: "a"},
}

const idText, otherID = "01bcdefghjkmn", "01bcdefghjkmp"

// Each case is an input and either the text that a CSV file would have, or the key of the refusal after an exclamation mark.
func TestParse(t *testing.T) {
	cases := []struct {
		kind Kind
		in   any
		want string
	}{
		{TextKind{}, "  Ashna\t CRM\r\n", "Ashna CRM"},
		{TextKind{}, num("007"), "007"},
		{TextKind{}, " \u00a0 ", ""},
		{TextKind{}, "a\x01b", "ab"},
		{TextKind{}, true, "!value.type"},
		{TextKind{}, []any{"a"}, "!value.type"},
		{TextKind{}, map[string]any{"a": 1}, "!value.type"},
		{TextKind{}, "a\x00b", "!value.text_invalid"},
		{TextKind{}, "a\xed\xa0\x80b", "!value.text_invalid"},
		{TextKind{Max: 3}, "abcd", "!value.too_long"},
		{TextKind{Max: 3}, "آشن", "آشن"},
		{TextKind{Max: 3}, "آشنا", "!value.too_long"},
		{TextKind{Max: 3}, strings.Repeat(" ", 20) + "abc", "abc"},
		{TextKind{Pattern: "[A-Z]{3}"}, "USD", "USD"},
		{TextKind{Pattern: "[A-Z]{3}"}, "USDX", "!value.pattern"},
		{TextKind{Pattern: "a|b"}, "ab", "!value.pattern"},
		{TextKind{Pattern: "a|b"}, "b", "b"},
		{LongTextKind{}, "one\r\ntwo ", "one\ntwo "},
		{LongTextKind{}, " \n ", ""},
		{LongTextKind{Max: 2}, "abc", "!value.too_long"},
		{RichTextKind{}, "<p>hi</p>", "<p>hi</p>"},

		{NumberKind{}, "۱۲۳", "123"},
		{NumberKind{}, num("5.0"), "5"},
		{NumberKind{}, num("1e3"), "1000"},
		{NumberKind{}, "1.2E+3", "1200"},
		{NumberKind{}, "-4e0", "-4"},
		{NumberKind{}, int64(7), "7"},
		{NumberKind{}, "5.5", "!value.decimals"},
		{NumberKind{}, "5.0", "!value.decimals"},
		{NumberKind{}, num("1e-1"), "!value.decimals"},
		{NumberKind{}, num("1e400"), "!value.number"},
		{NumberKind{}, "0x1ep0", "!value.number"},
		{NumberKind{}, "12x", "!value.number"},
		{NumberKind{}, true, "!value.type"},
		{NumberKind{}, "9223372036854775806", "9223372036854775806"},
		{NumberKind{}, "9223372036854775807", "!value.range"},
		{NumberKind{}, "-9223372036854775807", "!value.range"},
		{NumberKind{Decimals: 2}, "1.5", "1.50"},
		{NumberKind{Decimals: 2}, num("1.50000"), "1.50"},
		{NumberKind{Decimals: 2}, num("12.345"), "!value.decimals"},
		{NumberKind{Decimals: 2}, "-0.07", "-0.07"},
		{limits(1, 5), "0", "!value.min"},
		{limits(1, 5), "6", "!value.max"},
		{limits(1, 5), "5", "5"},
		{PercentKind{}, "12.5 %", "12.50"},
		{PercentKind{}, "۱۲٪", "12.00"},
		{PercentKind{}, "100.01", "!value.max"},
		{PercentKind{}, "-1", "!value.min"},
		{PercentKind{}, "12%%", "!value.number"},
		{PercentKind{Wide: true}, num("-250"), "-250.00"},
		{RatingKind{}, num("5"), "5"},
		{RatingKind{}, "6", "!value.max"},
		{RatingKind{Max: 10}, "6", "6"},
		{DurationKind{}, num("90"), "90"},
		{DurationKind{}, "1:30", "5400"},
		{DurationKind{}, "۱:۳۰:۱۵", "5415"},
		{DurationKind{}, "1h30m", "5400"},
		{DurationKind{}, "-5", "!value.duration"},
		{DurationKind{}, "1:2:3:4", "!value.duration"},
		{DurationKind{}, "9999999999999", "!value.duration"},
		{DurationKind{}, true, "!value.duration"},
		{BoolKind{}, true, "true"},
		{BoolKind{}, false, "false"},
		{BoolKind{}, "بله", "true"},
		{BoolKind{}, "خیر", "false"},
		{BoolKind{}, "Hə", "true"},
		{BoolKind{}, "YANLIŞ", "false"},
		{BoolKind{}, "yanlış", "false"},
		{BoolKind{}, "Doğru", "true"},
		{BoolKind{}, num("1"), "true"},
		{BoolKind{}, "2", "!value.bool"},
		{BoolKind{}, []any{}, "!value.bool"},

		{DateKind{}, " 2026-03-21 ", "2026-03-21"},
		{DateKind{}, "2026-02-30", "!value.date"},
		{DateKind{}, num("20260321"), "!value.date"},
		{DateTimeKind{}, "2026-03-21T10:00:00+03:30", "2026-03-21T06:30:00Z"},
		{DateTimeKind{}, "2026-03-21T10:00:00.1234567Z", "2026-03-21T10:00:00.123456Z"},
		{DateTimeKind{}, "2026-03-21", "!value.datetime"},
		{DateTimeKind{}, "9999-12-31T23:59:59-05:00", "!value.datetime"},
		{DateTimeKind{}, "0001-01-01T00:00:00+05:00", "!value.datetime"},
		{DateTimeKind{}, "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
		{DateTimeKind{}, num("5"), "!value.datetime"},

		{MoneyKind{}, "1200.50", "1200.50 AZN"},
		{MoneyKind{}, "1200.50 usd", "1200.50 USD"},
		{MoneyKind{}, num("1200.50"), "1200.50 AZN"},
		{MoneyKind{}, map[string]any{"amount": "۱۲", "currency": "EUR"}, "12.00 EUR"},
		{MoneyKind{}, map[string]any{"amount": num("12.5"), "currency": nil, "base": "99"}, "12.50 AZN"},
		{MoneyKind{}, map[string]any{"currency": "EUR"}, ""},
		{MoneyKind{}, map[string]any{"amount": true}, "amount!value.type"},
		{MoneyKind{}, map[string]any{"amount": "1", "currency": num("5")}, "!value.currency"},
		{MoneyKind{}, map[string]any{"amount": "1", "total": "2"}, "!value.unknown_field"},
		{MoneyKind{}, "12 XXQ", "!value.currency"},
		{MoneyKind{}, "12 GBP", "!value.no_rate"},
		{MoneyKind{}, "12.555", "!value.decimals"},
		{MoneyKind{}, "abc", "!value.number"},
		{MoneyKind{}, "9223372036854775806", "!value.range"},
		{MoneyKind{Positive: true}, "-1", "!value.min"},
		{MoneyKind{}, "-1", "-1.00 AZN"},
		{MoneyKind{}, []any{}, "!value.type"},

		{ChoiceKind{Options: testOptions}, "won", "won"},
		{ChoiceKind{Options: testOptions}, " تازه ", "new"},
		{ChoiceKind{Options: testOptions}, "QAZANILIB", "won"},
		{ChoiceKind{Options: testOptions}, "NEW", "new"},
		{ChoiceKind{Options: testOptions}, "old", "old"},
		{ChoiceKind{Options: testOptions}, "A", "a"},
		{ChoiceKind{Options: testOptions}, "lost", "!value.choice"},
		{ChoiceKind{Options: testOptions}, []any{"won"}, "!value.type"},
		{MultiChoiceKind{Options: testOptions}, []any{"won", "new", "won"}, "new;won"},
		{MultiChoiceKind{Options: testOptions}, "won؛ New;", "new;won"},
		{MultiChoiceKind{Options: testOptions}, []any{}, ""},
		{MultiChoiceKind{Options: testOptions}, []any{"lost"}, "!value.choice"},
		{MultiChoiceKind{Options: testOptions}, true, "!value.type"},
		{TagsKind{}, "VIP; vip ;Tehran", "tehran;vip"},
		{TagsKind{}, []any{"a|b"}, "!value.tag"},
		{TagsKind{}, []any{"a;b"}, "!value.tag"},
		{TagsKind{}, []any{strings.Repeat("x", 61)}, "!value.tag"},
		{TagsKind{}, strings.Repeat("x;", 101) + "y", "!value.too_many"},

		{EmailKind{}, "Ali@Example.COM", "Ali@example.com"},
		{EmailKind{}, "ali@", "!value.email"},
		{PhoneKind{}, "0912 345 6789", "+989123456789"},
		{PhoneKind{}, "12", "!value.phone"},
		{URLKind{}, "example.com/x", "https://example.com/x"},
		{URLKind{}, "javascript:alert(1)", "!value.url"},
		{CodeKind{Scheme: NationalID}, "0499370899", "0499370899"},
		{CodeKind{Scheme: NationalID}, "0499370898", "!value.national_id"},
		{CodeKind{Scheme: EconomicCode}, "10380284790", "10380284790"},
		{CodeKind{Scheme: EconomicCode, Country: "AZ"}, "10380284790", "!value.company_id"},
		{CodeKind{Scheme: IBAN}, "AZ21 NABZ 0000 0000 1370 1000 1944", "AZ21NABZ00000000137010001944"},
		{CodeKind{Scheme: IBAN}, "AZ22NABZ00000000137010001944", "!value.iban"},
		{CodeKind{Scheme: Domain}, "https://www.Example.com/a", "example.com"},

		{RefKind{To: "x"}, idText, idText},
		{RefKind{To: "x"}, map[string]any{"id": idText, "title": "t"}, idText},
		{RefKind{To: "x"}, "", ""},
		{RefKind{To: "x"}, map[string]any{}, ""},
		{RefKind{To: "x"}, num("5"), "!value.id"},
		{RefKind{To: "x"}, "zzz", "!value.id"},
		{AnyRefKind{}, "deal:" + idText, "deal:" + idText},
		{AnyRefKind{}, map[string]any{"object": "deal", "id": idText}, "deal:" + idText},
		{AnyRefKind{}, map[string]any{"object": "de\x00al", "id": idText}, "!value.unknown_object"},
		{AnyRefKind{}, map[string]any{"object": "deal"}, "!value.id"},
		{AnyRefKind{}, idText, "!value.id"},
		{AnyRefKind{To: []string{"company"}}, "deal:" + idText, "!value.unknown_object"},
		{FileKind{}, idText, idText},
		{ManyKind{}, []any{idText, otherID, idText}, idText + ";" + otherID},
		{ManyKind{}, []any{map[string]any{"id": idText}}, idText},
		{ManyKind{}, idText + "; " + otherID, idText + ";" + otherID},
		{ManyKind{}, []any{"x"}, "!value.id"},

		{AddressKind{}, "12 Nizami St", `{"street":"12 Nizami St"}`},
		{AddressKind{}, map[string]any{"city": "Bakı", "country": "az"}, `{"city":"Bakı","country":"AZ"}`},
		{AddressKind{}, `{"city":"Bakı","country":"az"}`, `{"city":"Bakı","country":"AZ"}`},
		{AddressKind{}, `{not json`, `{"street":"{not json"}`},
		{AddressKind{}, map[string]any{"country": "Iran"}, "country!value.country"},
		{AddressKind{}, map[string]any{"planet": "x"}, "!value.unknown_field"},
		{AddressKind{}, map[string]any{"city": true}, "city!value.type"},
		{AddressKind{}, true, "street!value.type"},
		{GeoKind{}, "35.7,51.4", "35.700000,51.400000"},
		{GeoKind{}, map[string]any{"lat": num("-35.1234567891234567"), "lon": num("5.14e1")}, "-35.123456,51.400000"},
		{GeoKind{}, "۳۵٫۷,۵۱٫۴", "35.700000,51.400000"},
		{GeoKind{}, "91,0", "!value.geo"},
		{GeoKind{}, "0,-180.5", "!value.geo"},
		{GeoKind{}, "1.1234567x,2", "!value.geo"},
		{GeoKind{}, map[string]any{"lat": num("1")}, "!value.geo"},
		{GeoKind{}, []any{"1", "2"}, "!value.geo"},
		{NumberingKind{}, "C-0012", "C-0012"},
		{FormulaKind{Result: NumberKind{}}, "1", "!value.read_only"},
		{RollupKind{}, "1", "!value.read_only"},
		{JSONKind{}, `{"b": 1, "a": [true, null]}`, `{"a":[true,null],"b":1}`},
		{JSONKind{}, map[string]any{"b": num("1"), "a": "<x>"}, `{"a":"\u003cx\u003e","b":1}`},
		{JSONKind{}, "null", ""},
		{JSONKind{}, `"text"`, "!value.json"},
		{JSONKind{}, `{"a":1}{}`, "!value.json"},
		{JSONKind{}, "{\"a\":\"\xff\"}", "!value.json"},
		{JSONKind{}, `{`, "!value.json"},
		{JSONKind{Max: 5}, `{"a":123}`, "!value.too_long"},
	}
	for _, c := range cases {
		for _, kind := range []Kind{c.kind, prepare(c.kind)} {
			slots, err := kind.Parse(testEnv(), c.in)
			got := ""
			if err != nil {
				one := fault.Of(err)
				if one == nil || one.Kind != fault.Invalid {
					t.Fatalf("%s.Parse(%q): %v is no refusal of the input", kind.Type(), c.in, err)
				}
				got = one.Field + "!" + one.Key
			} else {
				got = kind.Text(slots)
			}
			if got != c.want {
				t.Errorf("%s.Parse(%#v) = %q, want %q", kind.Type(), c.in, got, c.want)
			}
		}
	}
}

func TestEmptyValues(t *testing.T) {
	for name, kind := range sampleKinds() {
		if computedKind(kind) {
			continue
		}
		for _, in := range []any{nil, "", "  \t\n"} {
			slots, err := kind.Parse(testEnv(), in)
			if err != nil {
				t.Errorf("%s.Parse(%q): %v", name, in, err)
				continue
			}
			if len(slots) != len(kind.Columns()) {
				t.Errorf("%s.Parse(%q) gives %d slots, want %d", name, in, len(slots), len(kind.Columns()))
			}
			if slices.ContainsFunc(slots, func(v any) bool { return v != nil }) {
				t.Errorf("%s.Parse(%q) = %v, want empty", name, in, slots)
			}
			if got := kind.Text(slots); got != "" {
				t.Errorf("%s.Text(empty) = %q", name, got)
			}
			if got := string(kind.AppendJSON(nil, slots)); got != "null" && got != "[]" {
				t.Errorf("%s.AppendJSON(empty) = %s", name, got)
			}
		}
	}
}

func TestMoneyKeepsTheBaseAmount(t *testing.T) {
	slots, err := MoneyKind{}.Parse(testEnv(), "100 USD")
	if err != nil || !slices.Equal(slots, []any{int64(17000), int64(10000), "USD", "1.7"}) {
		t.Errorf("100 USD = %v, %v", slots, err)
	}
	slots, err = MoneyKind{}.Parse(testEnv(), "5")
	if err != nil || !slices.Equal(slots, []any{int64(500), int64(500), "AZN", "1"}) {
		t.Errorf("5 = %v, %v", slots, err)
	}
	if v, ok := MoneyOf(slots); !ok || v.Minor != 500 || v.Currency != "AZN" {
		t.Errorf("MoneyOf = %v, %v", v, ok)
	}
	if _, ok := MoneyOf(blank(4)); ok {
		t.Error("an empty amount is an amount")
	}
	if _, err := (MoneyKind{}).Parse(&Env{Currency: "AZN"}, "1 USD"); fault.Of(err).Key != "value.no_rate" {
		t.Errorf("without rates: %v", err)
	}
}

// The limits of a number are compared without a product that could overflow.
func TestRangeNearTheEnds(t *testing.T) {
	const big = 9_223_372_036_854_775_000
	cases := []struct {
		value     int64
		low, high int64
		decimals  int
		want      string
	}{
		{5, -big, big, 6, ""},
		{maxInt, -big, big, 6, ""},
		{minInt, -big, big, 0, "value.min"},
		{maxInt, 0, big, 0, "value.max"},
		{-1, 0, 5, 2, "value.min"},
		{1, 0, 5, 2, ""},
		{500, 0, 5, 2, ""},
		{501, 0, 5, 2, "value.max"},
		{-501, -5, 5, 2, "value.min"},
		{-499, -5, -5, 2, "value.max"},
		{-500, -5, -5, 2, ""},
		{maxInt + 1, 0, big, 0, "value.range"},
		{minInt - 1, 0, big, 0, "value.range"},
	}
	for _, c := range cases {
		got := ""
		if err := inRange(c.value, &c.low, &c.high, c.decimals); err != nil {
			got = fault.Of(err).Key
		}
		if got != c.want {
			t.Errorf("inRange(%d, %d, %d, %d) = %q, want %q", c.value, c.low, c.high, c.decimals, got, c.want)
		}
	}
}

func TestCheckSettings(t *testing.T) {
	long := strings.Repeat("x", 501)
	cases := []struct {
		kind Checker
		want string
	}{
		{TextKind{Max: 1000, Pattern: "a+"}, ""}, {TextKind{Max: 1001}, "value.range"}, {TextKind{Max: -1}, "value.range"},
		{TextKind{Pattern: "("}, "value.pattern"}, {TextKind{Pattern: "a)|(b"}, "value.pattern"}, {TextKind{Pattern: long}, "value.too_long"},
		{LongTextKind{Max: 100_001}, "value.range"}, {LongTextKind{Max: 100_000}, ""}, {RichTextKind{LongTextKind{Max: -1}}, "value.range"},
		{NumberKind{Decimals: 6, Unit: "kg"}, ""}, {NumberKind{Decimals: 7}, "value.range"}, {limits(2, 1), "value.range"}, {limits(1, 1), ""},
		{NumberKind{Unit: strings.Repeat("k", 21)}, "value.too_long"}, {NumberKind{Unit: "k\x00"}, "value.text_invalid"},
		{RatingKind{Max: 11}, "value.range"}, {RatingKind{Max: 10}, ""},
		{ChoiceKind{}, "value.required"}, {ChoiceKind{Options: testOptions}, ""},
		{ChoiceKind{Options: []Option{{Code: "a"}, {Code: "a"}}}, "catalog.name_taken"},
		{ChoiceKind{Options: []Option{{Code: "A"}}}, "catalog.name_invalid"}, {ChoiceKind{Options: []Option{{Code: "a|b"}}}, "catalog.name_invalid"},
		{MultiChoiceKind{Options: []Option{{Code: "a", Tone: "gold"}}}, "value.choice"},
		{MultiChoiceKind{Options: make([]Option, maxOptions+1)}, "value.too_many"},
		{ChoiceKind{Options: []Option{{Code: "a", Labels: map[string]string{"en": strings.Repeat("x", 201)}}}}, "value.too_long"},
		{RefKind{OnDelete: "explode"}, "value.choice"}, {RefKind{OnDelete: Cascade}, ""},
		{NumberingKind{Prefix: "C-{year}-", Digits: 5}, ""}, {NumberingKind{Prefix: strings.Repeat("x", 21)}, "value.too_long"},
		{NumberingKind{Digits: 13}, "value.range"}, {NumberingKind{Start: -1}, "value.min"}, {NumberingKind{Prefix: "\x00"}, "value.text_invalid"},
		{FormulaKind{Source: "1"}, "value.required"}, {FormulaKind{Result: NumberKind{}}, "value.required"},
		{FormulaKind{Source: "1", Result: TagsKind{}}, "value.choice"}, {FormulaKind{Source: "1", Result: NumberKind{Decimals: 9}}, "value.range"},
		{RollupKind{Function: Count}, ""}, {RollupKind{Function: Sum}, "value.required"}, {RollupKind{Function: "median"}, "value.choice"},
		{JSONKind{Max: maxJSON + 1}, "value.range"}, {JSONKind{}, ""},
	}
	for _, c := range cases {
		got := ""
		if err := c.kind.Check(); err != nil {
			got = fault.Of(err).Key
		}
		if got != c.want {
			t.Errorf("%#v.Check() = %q, want %q", c.kind, got, c.want)
		}
	}
}

// What is called tidy is what the cleaner would make of it.
func TestTidy(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	tidied := 0
	check := func(s string) {
		if !tidy(s) {
			return
		}
		tidied++
		if clean, err := text.CleanLine(s); err != nil || clean != s {
			t.Fatalf("%q is called tidy, its clean form is %q, %v", s, clean, err)
		}
	}
	for a := range rune(0x3000) {
		check("x" + string(a) + "y")
		check(string(a))
		check(string(a) + "\u0654")
	}
	for range 20_000 {
		runes := make([]rune, 1+r.IntN(6))
		for i := range runes {
			runes[i] = []rune{rune(0x20 + r.IntN(0x60)), rune(0xA0 + r.IntN(0x200)), rune(0x600 + r.IntN(0x100)), alphabet[r.IntN(len(alphabet))]}[r.IntN(4)]
		}
		check(string(runes))
	}
	for _, s := range []string{"شبنم محمدی‌نژاد، ۱۲", "Şəbnəm Əliyeva", "plain"} {
		if !tidy(s) {
			t.Errorf("%q is not called tidy", s)
		}
	}
	if tidy("\xff") || tidy("a\xc3") || tidy(" a") || tidy("a  b") || tidy("a ") || tidied < 1000 {
		t.Errorf("something is tidy that is not, or %d texts say little", tidied)
	}
}

func TestNumbering(t *testing.T) {
	for _, c := range []struct {
		kind NumberingKind
		n    int64
		want string
	}{
		{NumberingKind{}, 7, "7"},
		{NumberingKind{Prefix: "C-", Digits: 4}, 7, "C-0007"},
		{NumberingKind{Prefix: "{year}/", Digits: 2}, 123, "1405/123"},
	} {
		if got := c.kind.Number(c.n, 1405); got != c.want {
			t.Errorf("%+v.Number(%d) = %q, want %q", c.kind, c.n, got, c.want)
		}
	}
}

func TestTerms(t *testing.T) {
	for _, c := range []struct {
		kind         Kind
		in           any
		words, parts string
	}{
		{TextKind{}, "Ali Reza", "Ali Reza", ""},
		{LongTextKind{}, "a\nb", "a\nb", ""},
		{RichTextKind{}, "<p class=\"x\">Fish &amp; chips</p><b", " Fish & chips  ", ""},
		{EmailKind{}, "a@b.com", "", "a@b.com"},
		{PhoneKind{}, "+989123456789", "", "989123456789"},
		{URLKind{}, "https://a.com", "", "https://a.com"},
		{CodeKind{Scheme: Domain}, "a.com", "", "a.com"},
		{TagsKind{}, "vip;new", " new vip ", ""},
		{AddressKind{}, map[string]any{"city": "Bakı", "country": "AZ"}, " Bakı   ", ""},
		{NumberingKind{}, "C-1", "", "C-1"},
	} {
		slots, err := c.kind.Parse(testEnv(), c.in)
		if err != nil {
			t.Fatal(err)
		}
		if words, parts := c.kind.(Searcher).Terms(slots); words != c.words || parts != c.parts {
			t.Errorf("%s.Terms = %q, %q, want %q, %q", c.kind.Type(), words, parts, c.words, c.parts)
		}
	}
}

// A key is empty for no text that is not, and is what formulas compare with.
func TestKeys(t *testing.T) {
	for _, kind := range []Keyed{TextKind{}, EmailKind{}, URLKind{}, CodeKind{}, NumberingKind{}} {
		if got := kind.Key("ŞƏBNƏM ي"); got != "şəbnəm ی" {
			t.Errorf("%T.Key = %q", kind, got)
		}
		if kind.Key("\u200b") == "" || kind.Key("") != "" {
			t.Errorf("%T: an invisible text has no key, or no text has one", kind)
		}
	}
}
