package money_test

import (
	"encoding/json"
	"math/big"
	"math/rand/v2"
	"testing"

	"ashna/kit/money"
)

func rate(t *testing.T, text string) money.Rate {
	t.Helper()
	r, err := money.ParseRate(text)
	if err != nil {
		t.Fatalf("ParseRate(%q): %v", text, err)
	}
	return r
}

func TestRateText(t *testing.T) {
	for text, want := range map[string]string{
		"1":                      "1",
		"0":                      "0",
		"1.70":                   "1.7",
		"0.588235":               "0.588235",
		"1,135,000":              "1135000",
		"۱٬۱۳۵٬۰۰۰٫۵":            "1135000.5",
		"98000000000.5":          "98000000000.5",
		"1500000.000000000000":   "1500000",
		"0.000000000001":         "0.000000000001",
		"999999.999999999999":    "999999.999999999999",
		"000.10":                 "0.1",
		"9223372036854775806":    "9223372036854775806",
		"0.100000000001":         "0.100000000001",
		"9223372036854775806.00": "9223372036854775806",
	} {
		r := rate(t, text)
		if got := r.String(); got != want || !r.IsExact() {
			t.Errorf("ParseRate(%q).String() = %q (exact %v), want %q", text, got, r.IsExact(), want)
		}
		if rate(t, want) != r {
			t.Errorf("%q and %q are different rates", text, want)
		}
	}
}

func TestRateRefuses(t *testing.T) {
	for text, key := range map[string]string{
		"":                        "value.number",
		"1,7":                     "value.number",
		"0.0000000000001":         "value.decimals",
		"1.0000000000000":         "value.decimals",
		"-1":                      "value.range",
		"9223372036854775807":     "value.range",
		"12345678.123456789012":   "value.range",
		"99999999999999999999999": "value.range",
	} {
		_, err := money.ParseRate(text)
		refused(t, text, err, key)
	}
	for _, parts := range [][2]int64{{-1, 1}, {1, 0}, {1, -1}, {1<<63 - 1, 1}, {1, 1<<63 - 1}} {
		_, err := money.NewRate(parts[0], parts[1])
		refused(t, "NewRate", err, "value.range")
	}
}

func TestRateInverse(t *testing.T) {
	r := rate(t, "860000")
	inverse, err := r.Inverse()
	if err != nil || inverse.String() != "0.000001162791" || inverse.IsExact() {
		t.Errorf("Inverse = %v (exact %v), %v", inverse, inverse.IsExact(), err)
	}
	if back, err := inverse.Inverse(); err != nil || back != r {
		t.Errorf("the inverse of the inverse is %v, %v", back, err)
	}
	if quarter, err := rate(t, "4").Inverse(); err != nil || quarter != rate(t, "0.25") {
		t.Errorf("the inverse of 4 is %v, %v", quarter, err)
	}
	_, err = money.Rate{}.Inverse()
	refused(t, "inverse of zero", err, "money.rate_zero")
}

func TestZeroRateIsZero(t *testing.T) {
	var zero money.Rate
	if zero != rate(t, "0.00") || !zero.IsZero() || zero.String() != "0" || !zero.IsExact() {
		t.Errorf("the zero rate is %v", zero)
	}
	if money.One() != rate(t, "1.0") || money.One().IsZero() {
		t.Errorf("One is %v", money.One())
	}
}

func TestRateCmp(t *testing.T) {
	third, err := money.NewRate(2, 6)
	if err != nil {
		t.Fatal(err)
	}
	if third.String() != "0.333333333333" {
		t.Errorf("a third is %v", third)
	}
	if c := third.Cmp(rate(t, "0.333333333333")); c != 1 {
		t.Errorf("Cmp of a third and its text = %d, want 1", c)
	}
	if c := rate(t, "0.5").Cmp(rate(t, "0.50")); c != 0 {
		t.Errorf("Cmp of equals = %d", c)
	}
	if c := rate(t, "9223372036854775805").Cmp(rate(t, "9223372036854775806")); c != -1 {
		t.Errorf("Cmp of large rates = %d", c)
	}
}

func TestRateJSON(t *testing.T) {
	data, err := json.Marshal(map[string]money.Rate{"rate": rate(t, "1.70")})
	if err != nil || string(data) != `{"rate":"1.7"}` {
		t.Fatalf("Marshal = %s, %v", data, err)
	}
	var out map[string]money.Rate
	if err := json.Unmarshal(data, &out); err != nil || out["rate"] != rate(t, "1.7") {
		t.Errorf("read back %v, %v", out, err)
	}
	refused(t, "bad rate", json.Unmarshal([]byte(`{"rate":"x"}`), &out), "value.number")
}

func TestRateStringRoundsHalfEven(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	trillion := new(big.Rat).SetInt64(1_000_000_000_000)
	for range 5000 {
		num, den := 1+r.Int64N(1<<(1+r.IntN(61))), 1+r.Int64N(1<<(1+r.IntN(61)))
		made, err := money.NewRate(num, den)
		if err != nil {
			t.Fatal(err)
		}
		shown, ok := new(big.Rat).SetString(made.String())
		if !ok {
			t.Fatalf("%d/%d shows %q", num, den, made)
		}
		units := new(big.Rat).Mul(new(big.Rat).SetFrac64(num, den), trillion)
		want := nearest(units, money.HalfEven)
		if got := shown.Mul(shown, trillion); !got.IsInt() || got.Num().Cmp(want) != 0 {
			t.Fatalf("%d/%d shows %q, want %v units", num, den, made, want)
		}
	}
}
