package money_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"ashna/kit/fault"
	"ashna/kit/money"
)

// refused fails unless err is an Invalid fault with the key.
func refused(t *testing.T, what string, err error, key string) {
	t.Helper()
	f := fault.Of(err)
	if f == nil || f.Kind != fault.Invalid || f.Key != key {
		t.Errorf("%s: error %v, want the fault %s", what, err, key)
	}
}

func TestParseDecimal(t *testing.T) {
	for _, c := range []struct {
		text  string
		scale int
		want  int64
	}{
		{"0", 0, 0},
		{"-0", 2, 0},
		{"12", 2, 1200},
		{"12.5", 2, 1250},
		{"12.50", 2, 1250},
		{"+12.05", 2, 1205},
		{"-12.05", 2, -1205},
		{"−12.05", 2, -1205},
		{".5", 1, 5},
		{"-.5", 1, -5},
		{"0007", 0, 7},
		{"  7\t\n", 0, 7},
		{"1,200.50", 2, 120050},
		{"1,234,567", 0, 1234567},
		{"1_234_567", 0, 1234567},
		{"1 234 567", 0, 1234567},
		{"1\u00a0234\u202f567", 0, 1234567},
		{"12\u2009345.6", 1, 123456},
		{"۱۲۰۰٫۵۰", 2, 120050},
		{"١٢٠٠٫٥٠", 2, 120050},
		{"۱٬۲۰۰٬۰۰۰", 0, 1200000},
		{"۱,۲۰۰", 0, 1200},
		{"\u200e−\u200e۱۲٬۵۰۰٫۷۵", 2, -1250075},
		{"\u2066-۵\u2069", 0, -5},
		{"۱2٣", 0, 123},
		{"9223372036854775806", 0, math.MaxInt64 - 1},
		{"-9223372036854775806", 0, -math.MaxInt64 + 1},
		{"9.223372036854775806", 18, math.MaxInt64 - 1},
		{"00000000000000000000000000000000000000001", 0, 1},
		{"5", -3, 5},
		{"0.000000000000000001", 40, 1},
	} {
		if got, err := money.ParseDecimal(c.text, c.scale); err != nil || got != c.want {
			t.Errorf("ParseDecimal(%q, %d) = %d, %v, want %d", c.text, c.scale, got, err, c.want)
		}
	}
}

func TestParseDecimalRefuses(t *testing.T) {
	for key, texts := range map[string][]string{
		"value.number": {
			"", " ", "-", "+", ".", "-.", "5.", "1.2.3", "--5", "+-5", "- 5", "5-", "1e5", "0x10", "NaN", "Inf", "½", "५", "x", "1.5x",
			"12,34", "1,23", "1200,50", "1,2345", "1234,567", ",123", "1,,234", "1,234,", "1, 234", "1,234 567", "1_234,567", "1  234",
			"1.234,5", "0.123,456", "1.2 3", "1 .5", "1'234", "1,234.", "۱،۲۰۰", "\xff1", "1\x00", strings.Repeat("1", 129),
		},
		"value.decimals": {"1.000", "1.500", "1.234", "0.001", "1,234.567"},
		"value.range": {
			"92233720368547758.07", "-92233720368547758.07", "92233720368547758.08", "-92233720368547758.08", "100000000000000000",
			"18446744073709551616", "99999999999999999999999999999", strings.Repeat("9", 100),
		},
	} {
		for _, text := range texts {
			got, err := money.ParseDecimal(text, 2)
			refused(t, text, err, key)
			if got != 0 {
				t.Errorf("a refused text %q gives %d", text, got)
			}
		}
	}
	_, err := money.ParseDecimal("1.234", 2)
	if got := fault.Of(err).Params["max"]; got != 2 {
		t.Errorf("the refusal says max = %v, want 2", got)
	}
}

func TestFormatDecimal(t *testing.T) {
	for _, c := range []struct {
		value int64
		scale int
		want  string
	}{
		{0, 0, "0"},
		{0, 2, "0.00"},
		{5, 2, "0.05"},
		{-5, 2, "-0.05"},
		{50, 1, "5.0"},
		{1250, 2, "12.50"},
		{-120050, 2, "-1200.50"},
		{1, 18, "0.000000000000000001"},
		{1, 40, "0.000000000000000001"},
		{15, -1, "15"},
		{math.MaxInt64, 0, "9223372036854775807"},
		{math.MinInt64, 0, "-9223372036854775808"},
		{math.MinInt64, 18, "-9.223372036854775808"},
		{math.MinInt64, 2, "-92233720368547758.08"},
	} {
		if got := money.FormatDecimal(c.value, c.scale); got != c.want {
			t.Errorf("FormatDecimal(%d, %d) = %q, want %q", c.value, c.scale, got, c.want)
		}
	}
}

// someValue draws values of every size, so that small ones are not rare.
func someValue(r *rand.Rand) int64 {
	value := r.Int64N(1 << (1 + r.IntN(62)))
	if r.IntN(2) == 0 {
		return -value
	}
	return value
}

// disguise writes ASCII decimal text as a person might: other digits, groups, marks of direction.
func disguise(r *rand.Rand, text string) string {
	sign, text := text[:len(text)-len(strings.TrimPrefix(text, "-"))], strings.TrimPrefix(text, "-")
	whole, fraction, pointed := strings.Cut(text, ".")
	if group := []string{"", ",", "_", " ", "٬", "\u00a0"}[r.IntN(6)]; group != "" {
		for at := len(whole) - 3; at > 0; at -= 3 {
			whole = whole[:at] + group + whole[at:]
		}
	}
	point := ""
	if pointed {
		point = []string{".", "٫"}[r.IntN(2)]
	}
	zero := []rune{'0', '۰', '٠'}[r.IntN(3)]
	spelled := strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' {
			return zero + c - '0'
		}
		return c
	}, whole+point+fraction)
	return []string{"", " ", "\u200e"}[r.IntN(3)] + sign + spelled + []string{"", "\n", "\u200f"}[r.IntN(3)]
}

func TestEverySpellingReadsBack(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 50000 {
		value, scale := someValue(r), r.IntN(19)
		text := disguise(r, money.FormatDecimal(value, scale))
		if got, err := money.ParseDecimal(text, scale); err != nil || got != value {
			t.Fatalf("ParseDecimal(%q, %d) = %d, %v, want %d", text, scale, got, err, value)
		}
	}
}

func TestFormatDecimalAgreesWithBig(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 20000 {
		value, scale := int64(r.Uint64()), r.IntN(19)
		tenth := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)
		want := new(big.Rat).SetFrac(big.NewInt(value), tenth).FloatString(scale)
		if got := money.FormatDecimal(value, scale); got != want {
			t.Fatalf("FormatDecimal(%d, %d) = %q, want %q", value, scale, got, want)
		}
	}
}

func FuzzParseDecimal(f *testing.F) {
	for _, seed := range []string{"1,200.50", "۱٬۲۰۰٫۵", "-.5", "1 234", "9223372036854775806", "1e9", "5."} {
		f.Add(seed, 2)
	}
	f.Fuzz(func(t *testing.T, text string, scale int) {
		value, err := money.ParseDecimal(text, scale)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("%q: error %v is no refusal", text, err)
			}
			return
		}
		if value == math.MaxInt64 || value < -math.MaxInt64+1 {
			t.Fatalf("%q gives the forbidden %d", text, value)
		}
		if again, err := money.ParseDecimal(money.FormatDecimal(value, scale), scale); err != nil || again != value {
			t.Fatalf("%q: %d does not read back: %d, %v", text, value, again, err)
		}
	})
}
