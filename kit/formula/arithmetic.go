package formula

import (
	"math"
	"math/bits"
)

// The decimals of a quotient and of an average.
const quotientScale = 4

// pow10 gives ten to the power of n, for n from 0 to 18.
func pow10(n int) int64 {
	r := int64(1)
	for range n {
		r *= 10
	}
	return r
}

// whole makes a value of a result, empty at or beyond ±(2^63−1).
func whole(i int64) Value {
	if i == math.MaxInt64 || i <= -math.MaxInt64 {
		return Value{}
	}
	return Whole(i)
}

func add(a, b int64) Value {
	r := a + b
	if a > 0 && b > 0 && r < 0 || a < 0 && b < 0 && r >= 0 {
		return Value{}
	}
	return whole(r)
}

func subtract(a, b int64) Value {
	r := a - b
	if a >= 0 && b < 0 && r < 0 || a < 0 && b > 0 && r >= 0 {
		return Value{}
	}
	return whole(r)
}

// magnitude is the distance from zero, also of the least int64.
func magnitude(i int64) uint64 {
	if i < 0 {
		return uint64(-i)
	}
	return uint64(i)
}

func multiply(a, b int64) Value {
	high, low := bits.Mul64(magnitude(a), magnitude(b))
	if high != 0 || low >= math.MaxInt64 {
		return Value{}
	}
	if (a < 0) != (b < 0) {
		return Whole(-int64(low))
	}
	return Whole(int64(low))
}

func divide(a, b int64) Value {
	if b == 0 || b == -1 && a == math.MinInt64 {
		return Value{}
	}
	return Whole(a / b)
}

func modulo(a, b int64) Value {
	if b == 0 {
		return Value{}
	}
	if b == -1 {
		return Whole(0)
	}
	return Whole(a % b)
}

// round takes places decimals off, half away from zero; places is from 0 to 18.
func round(i int64, places int) int64 {
	if places == 0 {
		return i
	}
	p := pow10(places)
	return i/p + (i%p)/(p/2)
}

// total is a sum of up to 2^31 numbers that cannot overflow on its way.
type total struct {
	high, low int64 // the sum is high × 2^32 + low
	n         int64
}

func (t *total) add(i int64) {
	t.high += i >> 32
	t.low += i & math.MaxUint32
	t.n++
}

// sum gives the exact sum, empty at or beyond ±2^62.
func (t *total) sum() Value {
	high := t.high + t.low>>32
	if high >= 1<<30 || high < -1<<30 {
		return Value{}
	}
	s := high<<32 + t.low&math.MaxUint32
	if s == -1<<62 {
		return Value{}
	}
	return Whole(s)
}

// average gives the mean in quotientScale decimals of numbers with scale decimals, truncated toward zero.
func (t *total) average(scale int) Value {
	s := t.sum()
	if t.n == 0 || !s.Ok {
		return Value{}
	}
	if scale > quotientScale {
		return divide(s.Int, t.n*pow10(scale-quotientScale))
	}
	raised := multiply(s.Int, pow10(quotientScale-scale))
	if !raised.Ok {
		return raised
	}
	return divide(raised.Int, t.n)
}
