package money

import (
	"math/big"
	"strings"

	"ashna/kit/fault"
)

// RateDecimals is the number of decimals of a rate's text form.
const RateDecimals = 12

// Rate is an exact, non-negative ratio: an exchange rate, a tax rate in per cent, a share. It is kept as a reduced fraction, so that
// the inverse of a rate is exact, too, and equal rates are == to each other. The zero Rate is 0.
type Rate struct {
	num      int64 // never negative
	denLess1 int64 // the denominator less one, so that the zero value is 0/1
}

// ParseRate reads a rate from decimal text with up to RateDecimals decimals, in the spellings and with the refusals of ParseDecimal.
// A negative rate, and one whose digits without the zeros at the end of the fraction make a number above MaxMinor, is refused with
// "value.range".
func ParseRate(text string) (Rate, error) {
	n, ok := readNumber(text)
	if !ok {
		return Rate{}, fault.New(fault.Invalid, "value.number")
	}
	if len(n.fraction) > RateDecimals {
		return Rate{}, fault.New(fault.Invalid, "value.decimals", "max", RateDecimals)
	}
	n.fraction = strings.TrimRight(n.fraction, "0")
	mantissa, err := n.units(len(n.fraction))
	if err != nil {
		return Rate{}, err
	}
	return NewRate(mantissa, powers[len(n.fraction)])
}

// NewRate makes the rate num/den. A negative num, a den below 1 and parts above MaxMinor are refused with "value.range".
func NewRate(num, den int64) (Rate, error) {
	if num < 0 || den < 1 || num > MaxMinor || den > MaxMinor {
		return Rate{}, outOfRange()
	}
	divisor := gcd(num, den)
	return Rate{num: num / divisor, denLess1: den/divisor - 1}, nil
}

// One is the rate between a currency and itself.
func One() Rate { return Rate{num: 1} }

// IsZero says that the rate is 0.
func (r Rate) IsZero() bool { return r.num == 0 }

// IsExact says that String gives the whole rate, and nothing was rounded away.
func (r Rate) IsExact() bool { return powers[RateDecimals]%r.den() == 0 }

// String writes the rate as decimal text without needless zeros: "0.58". A rate that has more than RateDecimals decimals, as inverses
// often do, is shown rounded half to even; store the rate it was made from.
func (r Rate) String() string {
	units := divide(product(r.num, powers[RateDecimals]), big.NewInt(r.den()), HalfEven)
	whole, fraction := new(big.Int).QuoRem(units, big.NewInt(powers[RateDecimals]), new(big.Int))
	if fraction.Sign() == 0 {
		return whole.String()
	}
	scale, rest := RateDecimals, fraction.Int64()
	for rest%10 == 0 {
		scale, rest = scale-1, rest/10
	}
	return whole.String() + FormatDecimal(rest, scale)[1:]
}

// Inverse gives the exact rate in the other direction. The rate 0 has none and is refused with "money.rate_zero".
func (r Rate) Inverse() (Rate, error) {
	if r.num == 0 {
		return Rate{}, fault.New(fault.Invalid, "money.rate_zero")
	}
	return Rate{num: r.den(), denLess1: r.num - 1}, nil
}

// Cmp is -1, 0 or 1 as r is less than, equal to or more than s.
func (r Rate) Cmp(s Rate) int { return product(r.num, s.den()).Cmp(product(s.num, r.den())) }

// MarshalText writes the rate as String does.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a rate as ParseRate does.
func (r *Rate) UnmarshalText(text []byte) error {
	parsed, err := ParseRate(string(text))
	if err != nil {
		return err
	}
	*r = parsed
	return nil
}

func (r Rate) den() int64 { return r.denLess1 + 1 }

// gcd is the greatest common divisor of a >= 0 and b > 0.
func gcd(a, b int64) int64 {
	for a != 0 {
		a, b = b%a, a
	}
	return b
}

func product(a, b int64) *big.Int { return new(big.Int).Mul(big.NewInt(a), big.NewInt(b)) }
