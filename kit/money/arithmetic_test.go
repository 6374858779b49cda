package money_test

import (
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"ashna/kit/money"
)

// nearest rounds a fraction by comparing it with the whole numbers on both sides, unlike the code under test.
func nearest(x *big.Rat, rounding money.Rounding) *big.Int {
	floor := new(big.Int).Div(x.Num(), x.Denom())
	ceiling := new(big.Int).Add(floor, big.NewInt(1))
	down := new(big.Rat).Sub(x, new(big.Rat).SetInt(floor))
	switch down.Cmp(big.NewRat(1, 2)) {
	case -1:
		return floor
	case 1:
		return ceiling
	}
	up := x.Sign() > 0
	if rounding == money.HalfEven {
		up = floor.Bit(0) == 1
	}
	if up {
		return ceiling
	}
	return floor
}

func TestConvert(t *testing.T) {
	for _, c := range []struct{ text, from, rate, to, want string }{
		{"100.00", "USD", "1.70", "AZN", "170.00"},
		{"1.00", "USD", "860000", "IRR", "860000"},
		{"1000000", "IRR", "0.000001162791", "USD", "1.16"},
		{"0.05", "USD", "0.1", "EUR", "0.00"},
		{"0.15", "USD", "0.1", "EUR", "0.02"},
		{"-0.15", "USD", "0.1", "EUR", "-0.02"},
		{"0.25", "USD", "0.1", "EUR", "0.02"},
		{"1", "JPY", "0.0015", "KWD", "0.002"},
		{"12.345", "KWD", "0", "USD", "0.00"},
		{"12.345", "KWD", "1", "KWD", "12.345"},
	} {
		amount, err := money.Parse(c.text, c.from)
		if err != nil {
			t.Fatal(err)
		}
		to, _ := money.Lookup(c.to)
		got, err := amount.Convert(rate(t, c.rate), to)
		if err != nil || got.String() != c.want || got.Currency != c.to {
			t.Errorf("%s %s at %s = %s %s, %v, want %s %s", c.text, c.from, c.rate, got, got.Currency, err, c.want, c.to)
		}
	}
}

func TestConvertByTheInverse(t *testing.T) {
	inverse, err := rate(t, "860000").Inverse()
	if err != nil {
		t.Fatal(err)
	}
	usd, _ := money.Lookup("USD")
	got, err := irr(860_000_000_000_000).Convert(inverse, usd)
	if err != nil || got.String() != "1000000000.00" {
		t.Errorf("the inverse rate loses: %v, %v", got, err)
	}
}

func TestConvertRefuses(t *testing.T) {
	rial, _ := money.Lookup("IRR")
	usd := money.Amount{Minor: money.MaxMinor / 2, Currency: "USD"}
	_, err := usd.Convert(rate(t, "860000"), rial)
	refused(t, "overflow", err, "value.range")
	_, err = money.Amount{Minor: 1, Currency: "???"}.Convert(money.One(), rial)
	refused(t, "unknown currency", err, "money.currency_unknown")
}

func TestPercentAndRounding(t *testing.T) {
	for _, c := range []struct {
		minor    int64
		percent  string
		even, up int64
	}{
		{5000, "18", 900, 900},
		{25, "10", 2, 3},
		{35, "10", 4, 4},
		{-25, "10", -2, -3},
		{-35, "10", -4, -4},
		{24, "10", 2, 2},
		{26, "10", 3, 3},
		{1, "50", 0, 1},
		{3, "50", 2, 2},
		{10000, "0.125", 12, 13},
		{12345, "0", 0, 0},
		{12345, "100", 12345, 12345},
		{12345, "250", 30862, 30863},
	} {
		even, err := azn(c.minor).Percent(rate(t, c.percent), money.HalfEven)
		if err != nil || even != azn(c.even) {
			t.Errorf("%s%% of %d half even = %d, %v, want %d", c.percent, c.minor, even.Minor, err, c.even)
		}
		up, err := azn(c.minor).Percent(rate(t, c.percent), money.HalfUp)
		if err != nil || up != azn(c.up) {
			t.Errorf("%s%% of %d half up = %d, %v, want %d", c.percent, c.minor, up.Minor, err, c.up)
		}
	}
}

func TestMulAgreesWithBig(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	limit := big.NewInt(money.MaxMinor)
	for range 20000 {
		minor, num, den := someValue(r)>>r.IntN(40), r.Int64N(2000), 1+r.Int64N(1<<(1+r.IntN(20)))
		if r.IntN(3) == 0 {
			den = 2 // halves are the interesting case
		}
		by, err := money.NewRate(num, den)
		if err != nil {
			t.Fatal(err)
		}
		exact := new(big.Rat).Mul(new(big.Rat).SetInt64(minor), big.NewRat(num, den))
		for _, rounding := range []money.Rounding{money.HalfEven, money.HalfUp} {
			want := nearest(exact, rounding)
			got, err := azn(minor).Mul(by, rounding)
			if fits := want.CmpAbs(limit) <= 0; fits != (err == nil) || fits && got.Minor != want.Int64() {
				t.Fatalf("%d × %d/%d (rounding %d) = %v, %v, want %v", minor, num, den, rounding, got.Minor, err, want)
			}
		}
	}
}

func minors(parts []money.Amount) []int64 {
	out := make([]int64, len(parts))
	for i, p := range parts {
		out[i] = p.Minor
	}
	return out
}

func TestAllocate(t *testing.T) {
	for _, c := range []struct {
		minor   int64
		weights []int64
		want    []int64
	}{
		{100, []int64{1, 1, 1}, []int64{34, 33, 33}},
		{-100, []int64{1, 1, 1}, []int64{-34, -33, -33}},
		{5, []int64{3, 7}, []int64{2, 3}},
		{10, []int64{0, 1, 0, 2}, []int64{0, 3, 0, 7}},
		{2, []int64{1, 1, 1, 1}, []int64{1, 1, 0, 0}},
		{0, []int64{4, 5}, []int64{0, 0}},
		{7, []int64{9}, []int64{7}},
		{money.MaxMinor, []int64{1<<63 - 1, 1<<63 - 1}, []int64{money.MaxMinor / 2, money.MaxMinor / 2}},
	} {
		got, err := azn(c.minor).Allocate(c.weights...)
		if err != nil || !slices.Equal(minors(got), c.want) {
			t.Errorf("%d by %v = %v, %v, want %v", c.minor, c.weights, minors(got), err, c.want)
		}
	}
}

func TestAllocateRefuses(t *testing.T) {
	for _, weights := range [][]int64{nil, {0}, {0, 0}, {1, -1}, {2, -1}, {-1}, make([]int64, 10001)} {
		_, err := azn(100).Allocate(weights...)
		refused(t, "weights", err, "money.weights")
	}
	_, err := azn(-1 << 63).Allocate(1)
	refused(t, "amount", err, "value.range")
	most := slices.Repeat([]int64{1}, 10000)
	if parts, err := azn(9999).Allocate(most...); err != nil || parts[9998].Minor != 1 || parts[9999].Minor != 0 {
		t.Errorf("10,000 weights: %v", err)
	}
}

func TestAllocateIsExactAndFair(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	for range 5000 {
		amount := azn(someValue(r))
		weights := make([]int64, 1+r.IntN(12))
		total := new(big.Int)
		for i := range weights {
			weights[i] = r.Int64N(1 << r.IntN(40))
			total.Add(total, big.NewInt(weights[i]))
		}
		if total.Sign() == 0 {
			continue
		}
		parts, err := amount.Allocate(weights...)
		if err != nil {
			t.Fatal(err)
		}
		if sum, err := money.Sum("AZN", parts...); err != nil || sum != amount {
			t.Fatalf("%v by %v sums to %v, %v", amount, weights, sum, err)
		}
		for i, p := range parts {
			share := new(big.Rat).SetFrac(new(big.Int).Mul(big.NewInt(amount.Minor), big.NewInt(weights[i])), total)
			off := share.Sub(share, new(big.Rat).SetInt64(p.Minor))
			if off.Abs(off).Cmp(big.NewRat(1, 1)) >= 0 {
				t.Fatalf("%v by %v gives %v: part %d is a unit or more off", amount, weights, minors(parts), i)
			}
		}
	}
}
