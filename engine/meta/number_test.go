package meta

import (
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"ashna/kit/fault"
	"ashna/kit/money"
)

// typed makes a decimal number as people and programs write it.
func typed(r *rand.Rand, exponent bool) string {
	s := []string{"", "", "-"}[r.IntN(3)] + strconv.FormatInt(r.Int64N(1<<r.IntN(40)+1), 10)
	if n := r.IntN(8); n > 0 {
		s += "."
		for range n {
			s += strconv.Itoa(r.IntN(10) * r.IntN(2))
		}
	}
	if exponent {
		s += []string{"e", "E", "e+", "E-", "e-"}[r.IntN(5)] + strconv.Itoa(r.IntN(9))
	}
	return s
}

// units is a number in units of 10^-decimals, when it is whole in them.
func units(s string, decimals int) (int64, bool) {
	n, _ := new(big.Rat).SetString(s)
	n.Mul(n, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(decimals)), nil)))
	return n.Num().Int64(), n.IsInt() && n.Num().IsInt64()
}

// beyond says whether a number is too large to be kept with these decimals.
func beyond(s string, decimals int) bool {
	n, _ := new(big.Rat).SetString(s)
	n.Mul(n, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(decimals)), nil)))
	return n.Abs(n).Cmp(new(big.Rat).SetInt64(money.MaxMinor)) > 0
}

// Numbers are exact: each is what exact fractions say, or it is refused for its decimals. A JSON number may end in zeros, a typed one not.
func TestNumbersAreExact(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 1))
	taken, refused := 0, 0
	for range 30_000 {
		exponent := r.IntN(3) == 0
		s, decimals := typed(r, exponent), r.IntN(7)
		want, whole := units(s, decimals)
		var in any = json.Number(s)
		if r.IntN(2) == 0 {
			in = s
			if _, fraction, _ := strings.Cut(s, "."); !exponent && len(fraction) > decimals {
				whole = false
			}
		}
		slots, err := NumberKind{Decimals: decimals}.Parse(nil, in)
		switch one := fault.Of(err); {
		case whole && (err != nil || slots[0] != want):
			t.Fatalf("%T %s with %d decimals = %v, %v, want %d", in, s, decimals, slots, err, want)
		case whole:
			taken++
		case one != nil && one.Key == "value.range" && beyond(s, decimals):
		case one == nil || one.Key != "value.decimals" || one.Params["max"] != decimals:
			t.Fatalf("%T %s with %d decimals = %v, %v", in, s, decimals, slots, err)
		default:
			refused++
		}
	}
	if taken < 5000 || refused < 5000 {
		t.Errorf("%d taken, %d refused", taken, refused)
	}
}

// An exponent that is written out is the same number without an exponent, and nothing else is touched.
func TestPlainDecimal(t *testing.T) {
	r := rand.New(rand.NewPCG(22, 2))
	for range 10_000 {
		s := typed(r, true)
		plain := plainDecimal(s)
		a, _ := new(big.Rat).SetString(s)
		b, ok := new(big.Rat).SetString(plain)
		if !ok || a.Cmp(b) != 0 || strings.ContainsAny(plain, "eE") || strings.Contains(plain, ".") && strings.HasSuffix(plain, "0") {
			t.Fatalf("%s is written out as %s", s, plain)
		}
	}
	for s, want := range map[string]string{
		"1e30": "1" + strings.Repeat("0", 30), "1e31": "1e31", "1e-30": "0." + strings.Repeat("0", 29) + "1", "1e-31": "1e-31", "12": "12", "": "", "e": "e", "1e": "1e",
		"e5": "e5", ".5e1": ".5e1", "1e1.5": "1e1.5", "1e1e1": "1e1e1", "--1e2": "--1e2", "+1e2": "+100", "1,000e2": "1,000e2", "۱e2": "۱e2", "1.50": "1.50", "1.5.0e1": "1.5.0e1",
		"hello": "hello", "0e5": "000000", "-0.5e0": "-0.5", strings.Repeat("1", 60) + "e1": strings.Repeat("1", 60) + "e1", " 5e1": "50",
	} {
		if got := plainDecimal(s); got != want {
			t.Errorf("plainDecimal(%q) = %q, want %q", s, got, want)
		}
	}
}

// What is written of a stored number is that number, with all the decimals of its field.
func TestNumbersAreWrittenExactly(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 3))
	for range 5000 {
		k := NumberKind{Decimals: r.IntN(7)}
		v := int64(r.Uint64()) >> r.IntN(64)
		raw := string(k.AppendJSON(nil, []any{v}))
		got, whole := units(raw, k.Decimals)
		if _, fraction, _ := strings.Cut(raw, "."); !whole || got != v || len(fraction) != k.Decimals || k.Text([]any{v}) != raw || !json.Valid([]byte(raw)) {
			t.Fatalf("%d with %d decimals is written %s", v, k.Decimals, raw)
		}
	}
}

// Limits are in whole units and count themselves in, whatever the decimals.
func TestNumberLimits(t *testing.T) {
	low, high := int64(-3), int64(7)
	for decimals := range 7 {
		k := NumberKind{Decimals: decimals, Min: &low, Max: &high}
		least := "0." + strings.Repeat("0", max(decimals-1, 0)) + "1"
		for in, want := range map[string]string{"-3": "", "7": "", "0": "", "-4": "value.min", "8": "value.max", "-1000000": "value.min", "1000000": "value.max"} {
			checkKey(t, k, json.Number(in), want)
		}
		if decimals > 0 {
			checkKey(t, k, "-3"+least[1:], "value.min")
			checkKey(t, k, "7"+least[1:], "value.max")
			checkKey(t, k, "6"+least[1:], "")
		}
	}
	only := NumberKind{Min: &low}
	checkKey(t, only, "9223372036854775806", "")
	checkKey(t, only, "-5", "value.min")
	checkKey(t, NumberKind{Max: &high}, "-9223372036854775806", "")
}

// checkKey parses one input and looks at the key of the refusal, empty for none.
func checkKey(t *testing.T, k Kind, in any, want string) {
	t.Helper()
	got := ""
	if _, err := k.Parse(testEnv(), in); err != nil {
		got = fault.Of(err).Key
	}
	if got != want {
		t.Errorf("%s.Parse(%v) = %q, want %q", k.Type(), in, got, want)
	}
}

// A duration is the same in each of its spellings.
func TestDurationSpellings(t *testing.T) {
	r := rand.New(rand.NewPCG(24, 4))
	for range 2000 {
		h, m, s := r.Int64N(1000), r.Int64N(60), r.Int64N(60)
		want := h*3600 + m*60 + s
		for _, in := range []any{
			fmt.Sprintf("%d:%02d:%02d", h, m, s), fmt.Sprintf("%d:%d:%d", h, m, s), fmt.Sprintf("%dh%dm%ds", h, m, s), fmt.Sprintf(" %dH%dM%dS ", h, m, s), want, int(want),
			json.Number(strconv.FormatInt(want, 10)), strconv.FormatInt(want, 10), fmt.Sprintf("%dm%ds", h*60+m, s), fmt.Sprintf("%d.9s", want),
		} {
			if slots, err := (DurationKind{}).Parse(nil, in); err != nil || slots[0] != want {
				t.Fatalf("%v = %v, %v, want %d", in, slots, err, want)
			}
		}
	}
	const century = 100 * 366 * 86400
	for in, want := range map[any]string{
		int64(century): "", int64(century + 1): "value.duration", "1:2:3:4": "value.duration", ":": "value.duration", "1h-5m": "value.duration", "5 apples": "value.duration",
		"1d": "value.duration", "-1s": "value.duration", "1e3": "", json.Number("1.5"): "value.duration", "1:30h": "value.duration", strings.Repeat("1", 81): "value.duration", "0": "",
	} {
		checkKey(t, DurationKind{}, in, want)
	}
}

// A percent sign of any script may stand at the end, once and after a space, and changes nothing.
func TestPercentSigns(t *testing.T) {
	for _, number := range []string{"0", "12.5", "99.99", "100", "۱۲٫۵", "-3", "100.5", "x", "1.234"} {
		plain, refused := PercentKind{}.Parse(nil, number)
		for _, sign := range []string{"%", " %", "% ", "٪", " ٪", "\t%\n"} {
			got, err := PercentKind{}.Parse(nil, number+sign)
			if (err == nil) != (refused == nil) || err == nil && got[0] != plain[0] || err != nil && fault.Of(err).Key != fault.Of(refused).Key {
				t.Errorf("%q = %v, %v; without the sign %v, %v", number+sign, got, err, plain, refused)
			}
		}
	}
	checkKey(t, PercentKind{}, "%5", "value.number")
}

// Degrees are cut, not rounded, after a millionth; a place on the edge of the map is on it.
func TestDegrees(t *testing.T) {
	r := rand.New(rand.NewPCG(25, 5))
	million := new(big.Rat).SetInt64(1_000_000)
	for range 5000 {
		lat, lon := typedDegrees(r, 90), typedDegrees(r, 180)
		slots, err := GeoKind{}.Parse(nil, lat+", "+lon)
		if err != nil {
			t.Fatalf("%s, %s: %v", lat, lon, err)
		}
		for i, s := range []string{lat, lon} {
			n, _ := new(big.Rat).SetString(s)
			n.Mul(n, million)
			if want := new(big.Int).Quo(n.Num(), n.Denom()).Int64(); slots[i] != want {
				t.Fatalf("%s is kept as %v, want %d", s, slots[i], want)
			}
		}
	}
	for in, want := range map[string]string{
		"90,180": "", "-90,-180": "", "90.000001,0": "value.geo", "0,180.000001": "value.geo", "90.0000009,0": "", "1": "value.geo", ",": "value.geo", "1,": "value.geo",
		"1,2,3": "value.geo", "a,b": "value.geo", "1e1,2": "", "٣٥٫٥,1": "", "NaN,0": "value.geo", "0x1,0": "value.geo",
	} {
		checkKey(t, GeoKind{}, in, want)
	}
}

func typedDegrees(r *rand.Rand, limit int) string {
	s := []string{"", "-"}[r.IntN(2)] + strconv.Itoa(r.IntN(limit))
	if n := r.IntN(12); n > 0 {
		s += "."
		for range n {
			s += strconv.Itoa(r.IntN(10))
		}
	}
	return s
}

// The base amount is the amount times the rate of the day in exact fractions, rounded once, half to even.
func TestMoneyBaseIsExact(t *testing.T) {
	r := rand.New(rand.NewPCG(26, 6))
	env := testEnv()
	digits := func(code string) int {
		c, _ := money.Lookup(code)
		return c.Digits
	}
	halves := 0
	for range 20_000 {
		code := []string{"USD", "EUR", "IRR", "AZN"}[r.IntN(4)]
		minor := r.Int64N(1<<r.IntN(44)+1) - r.Int64N(1000)
		text := money.FormatDecimal(minor, digits(code))
		slots, err := MoneyKind{}.Parse(env, map[string]any{"amount": text, "currency": code})
		if err != nil {
			t.Fatal(text, code, err)
		}
		rate := "1"
		if code != "AZN" {
			rate, _ = env.Rate(code)
		}
		base, _ := new(big.Rat).SetString(text)
		factor, _ := new(big.Rat).SetString(rate)
		base.Mul(base, factor).Mul(base, new(big.Rat).SetInt64(100))
		want, rest := new(big.Int).DivMod(base.Num(), base.Denom(), new(big.Int))
		switch twice := rest.Lsh(rest, 1).Cmp(base.Denom()); {
		case twice > 0 || twice == 0 && want.Bit(0) == 1:
			want.Add(want, big.NewInt(1))
			fallthrough
		case twice == 0:
			if twice == 0 {
				halves++
			}
		}
		if slots[moneyBase] != want.Int64() || slots[moneyMinor] != minor || slots[moneyCurrency] != code || slots[moneyRate] != rate {
			t.Fatalf("%s %s is kept as %v, the base amount should be %v", text, code, slots, want)
		}
	}
	if halves < 100 {
		t.Errorf("only %d halves: the test does not bite", halves)
	}
}

// An amount is the same however it comes, and what is not an amount names the part at fault.
func TestMoneySpellings(t *testing.T) {
	for _, in := range []any{
		"1250.5 USD", "1250.50 usd", " 1,250.50  USD ", "۱۲۵۰٫۵ USD", map[string]any{"amount": "1250.5", "currency": "usd"}, map[string]any{"amount": json.Number("1250.500"), "currency": " USD "},
		map[string]any{"amount": json.Number("1.2505e3"), "currency": "USD", "base": "ignored"},
	} {
		slots, err := MoneyKind{}.Parse(testEnv(), in)
		if v, ok := MoneyOf(append(slots, blank(4)...)[:4]); err != nil || !ok || v.Minor != 125050 || v.Currency != "USD" || slots[moneyBase] != int64(212585) {
			t.Errorf("%v = %v, %v", in, slots, err)
		}
	}
	for _, c := range []struct {
		in   any
		want string
	}{
		{"12.345 USD", "!value.decimals"}, {"USD", "!value.number"}, {"12 US", "!value.number"}, {"12 U5D", "!value.number"}, {"12 QQQ", "!value.currency"}, {"1200.50 GBP", "!value.no_rate"},
		{map[string]any{"amount": "1", "currency": true}, "currency!value.type"}, {map[string]any{"amount": []any{}, "currency": "USD"}, "amount!value.type"},
		{map[string]any{"amount": "1", "vat": "1", "tax": "2"}, "!value.unknown_field"}, {true, "!value.type"}, {json.Number("1e99"), "!value.number"}, {int64(5), "!value.type"},
	} {
		_, err := MoneyKind{}.Parse(testEnv(), c.in)
		if one := fault.Of(err); one == nil || one.Field+"!"+one.Key != c.want {
			t.Errorf("%v: %v, want %s", c.in, err, c.want)
		}
	}
	_, err := MoneyKind{}.Parse(testEnv(), map[string]any{"amount": "1", "vat": "1", "tax": "2"})
	if one := fault.Of(err); one.Params["field"] != "tax" {
		t.Errorf("of two unknown parts %v is named", one.Params["field"])
	}
	bad := testEnv()
	bad.Rate = func(string) (string, bool) { return "cheap", true }
	checkEnv(t, bad, "1 USD", "value.number")
	bad.Rate = func(string) (string, bool) { return "9223372036854775", true }
	checkEnv(t, bad, "922337203685477 USD", "value.range")
}

func checkEnv(t *testing.T, env *Env, in any, want string) {
	t.Helper()
	if _, err := (MoneyKind{}).Parse(env, in); fault.Of(err) == nil || fault.Of(err).Key != want {
		t.Errorf("%v: %v, want %s", in, err, want)
	}
}
