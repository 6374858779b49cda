package formula

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// odd gives an int64 that is often near an end or a power of two.
func odd(r *rand.Rand) int64 {
	switch r.IntN(4) {
	case 0:
		return int64(r.Uint64())
	case 1:
		return r.Int64N(2000) - 1000
	case 2:
		return 1<<r.IntN(63) + r.Int64N(3) - 1
	}
	return math.MaxInt64 - r.Int64N(3) - 1
}

// exact gives a big number as a value, empty at or beyond ±(2^63−1).
func exact(i *big.Int) Value {
	if i.CmpAbs(big.NewInt(math.MaxInt64)) >= 0 {
		return Value{}
	}
	return Whole(i.Int64())
}

func TestArithmeticIsExactOrEmpty(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	empties := 0
	for range 300_000 {
		a, b := odd(r), odd(r)
		if r.IntN(2) == 0 {
			a = -a
		}
		if r.IntN(2) == 0 {
			b = -b
		}
		x, y := big.NewInt(a), big.NewInt(b)
		for _, c := range []struct {
			op   string
			got  Value
			want *big.Int
		}{{"+", add(a, b), new(big.Int).Add(x, y)}, {"-", subtract(a, b), new(big.Int).Sub(x, y)}, {"*", multiply(a, b), new(big.Int).Mul(x, y)}} {
			if c.got != exact(c.want) {
				t.Fatalf("%d %s %d = %v, want %v", a, c.op, b, c.got, c.want)
			}
			if !c.got.Ok {
				empties++
			}
		}
		if b == 0 {
			if divide(a, b).Ok || modulo(a, b).Ok {
				t.Fatal("division by zero is not empty")
			}
			continue
		}
		quotient, rest := new(big.Int).QuoRem(x, y, new(big.Int))
		if divide(a, b) != Whole(quotient.Int64()) || modulo(a, b) != Whole(rest.Int64()) {
			t.Fatalf("%d / %d = %v rest %v", a, b, divide(a, b), modulo(a, b))
		}
	}
	if empties == 0 {
		t.Error("nothing overflowed: the test does not bite")
	}
}

func TestArithmeticAtTheEnds(t *testing.T) {
	low := int64(math.MinInt64)
	if divide(low, -1).Ok || modulo(low, -1) != Whole(0) || add(low, low).Ok || add(low, 0).Ok || subtract(0, low).Ok || multiply(low, 1).Ok || multiply(low, low).Ok {
		t.Error("the least int64 does not end in empty")
	}
	if multiply(7, 1317624576693539401).Ok || multiply(-7, 1317624576693539401).Ok || multiply(1, math.MaxInt64-1) != Whole(math.MaxInt64-1) {
		t.Error("a product at the end is not empty")
	}
	if multiply(low, 0) != Whole(0) || add(math.MaxInt64-1, 0) != Whole(math.MaxInt64-1) || add(math.MaxInt64, 0).Ok || subtract(-math.MaxInt64, 0).Ok {
		t.Error("the ends are wrong")
	}
}

func TestRoundIsHalfAwayFromZero(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 100_000 {
		i, places := odd(r), r.IntN(9)
		if r.IntN(2) == 0 {
			i = -i
		}
		p := big.NewInt(pow10(places))
		doubled := new(big.Int).Mul(big.NewInt(i), big.NewInt(2))
		half := new(big.Int).Set(p)
		if i < 0 {
			half.Neg(half)
		}
		want := new(big.Int).Quo(doubled.Add(doubled, half), p.Mul(p, big.NewInt(2)))
		if got := round(i, places); got != want.Int64() {
			t.Fatalf("round %d by %d is %d, want %v", i, places, got, want)
		}
	}
}

func TestTotalIsExactOrEmpty(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	limit := new(big.Int).Lsh(big.NewInt(1), 62)
	inside, outside := 0, 0
	for range 50_000 {
		var sum total
		want := new(big.Int)
		for range 1 + r.IntN(6) {
			i := odd(r)
			if r.IntN(2) == 0 {
				i = -i
			}
			sum.add(i)
			want.Add(want, big.NewInt(i))
		}
		got := sum.sum()
		if want.CmpAbs(limit) >= 0 {
			outside++
			if got.Ok {
				t.Fatalf("sum %v is %v", want, got)
			}
			continue
		}
		if inside++; got != Whole(want.Int64()) {
			t.Fatalf("sum %v is %v", want, got)
		}
	}
	if inside < 1000 || outside < 1000 {
		t.Errorf("%d inside, %d outside", inside, outside)
	}
	for _, c := range []struct {
		parts []int64
		want  Value
	}{{[]int64{-1 << 62}, Value{}}, {[]int64{-1 << 62, 1}, Whole(-1<<62 + 1)}, {[]int64{1 << 62}, Value{}}, {[]int64{1 << 62, -1}, Whole(1<<62 - 1)}, {nil, Whole(0)}} {
		var sum total
		for _, p := range c.parts {
			sum.add(p)
		}
		if sum.sum() != c.want {
			t.Errorf("sum of %v is %v", c.parts, sum.sum())
		}
	}
}

func TestAverage(t *testing.T) {
	cases := []struct {
		parts []int64
		scale int
		want  Value
	}{
		{nil, 2, Value{}},
		{[]int64{100, 101}, 2, Whole(10050)},
		{[]int64{1, 1, 2}, 0, Whole(13333)},
		{[]int64{-1, -1, -2}, 0, Whole(-13333)},
		{[]int64{123456, 1}, 6, Whole(617)},
		{[]int64{-123456, -1}, 6, Whole(-617)},
		{[]int64{12345}, 4, Whole(12345)},
		{[]int64{1 << 61}, 0, Value{}},
		{[]int64{1 << 61, 1 << 61}, 4, Value{}},
		{[]int64{1 << 61}, 4, Whole(1 << 61)},
	}
	for _, c := range cases {
		var sum total
		for _, p := range c.parts {
			sum.add(p)
		}
		if got := sum.average(c.scale); got != c.want {
			t.Errorf("average of %v at scale %d is %v, want %v", c.parts, c.scale, got, c.want)
		}
	}
}

func TestParseDay(t *testing.T) {
	for s, want := range map[string]int64{"1970-01-01": 0, "0001-01-01": FirstDay, "9999-12-31": LastDay, "1900-01-01": FirstPartDay, "2100-12-31": LastPartDay, "۱۹۷۰-۰۱-۰۲": 1} {
		if got, ok := parseDay(s); !ok || got != want {
			t.Errorf("%s: %d %v, want %d", s, got, ok, want)
		}
	}
	for _, s := range []string{"", "0000-01-01", "2022-02-30", "2022-2-3", " 2022-02-03", "10000-01-01", "2022-02-03T00:00:00Z", "-001-01-01"} {
		if _, ok := parseDay(s); ok {
			t.Errorf("%q is a date", s)
		}
	}
	for s, want := range map[string]int64{"1970-01-01T00:00:00Z": 0, "1970-01-01T03:30:00.000001+03:30": 1} {
		if got, ok := parseMoment(s); !ok || got != want {
			t.Errorf("%s: %d %v, want %d", s, got, ok, want)
		}
	}
	for _, s := range []string{"0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "1970-01-01 00:00", "x"} {
		if _, ok := parseMoment(s); ok {
			t.Errorf("%q is a moment", s)
		}
	}
}

func TestEnvForgetsDays(t *testing.T) {
	var e Env
	for d := range int64(10 * maxStarts) {
		e.DayBounds(d)
		if len(e.starts) > maxStarts {
			t.Fatalf("%d days are remembered", len(e.starts))
		}
	}
}
