package money

import (
	"math/big"
	"slices"

	"ashna/kit/fault"
)

// Rounding says where a result goes that lies exactly between two minor units. Everything else goes to the nearer one.
type Rounding int

const (
	// HalfEven takes the even neighbour. Halves go up as often as down, so that sums over many converted amounts do not drift; it
	// is the rule for conversions and reports, and the zero value.
	HalfEven Rounding = iota
	// HalfUp takes the neighbour farther from zero, as tax offices and invoices do. It treats both signs alike, so that a credit
	// note cancels its invoice.
	HalfUp
)

// maxShares bounds the weights of one Allocate.
const maxShares = 10_000

// Mul gives the amount times a rate, in the same currency, rounded once. A product beyond MaxMinor is refused with "value.range".
func (a Amount) Mul(r Rate, rounding Rounding) (Amount, error) {
	return a.ratio(big.NewInt(r.num), big.NewInt(r.den()), rounding)
}

// Percent gives a rate of per cent of the amount: 18 of 50.00 is 9.00. It is rounded once. A result beyond MaxMinor is refused with
// "value.range".
func (a Amount) Percent(percent Rate, rounding Rounding) (Amount, error) {
	return a.ratio(big.NewInt(percent.num), product(percent.den(), 100), rounding)
}

// Convert gives the amount in another currency; the rate says how many major units of it (dollars, not cents) one major unit of the
// amount's currency is worth. The result is rounded once, half to even: converted amounts are summed in reports, and rounding halves
// always up would make the sums drift. A currency of the amount that Lookup does not know is refused with "money.currency_unknown", a
// result beyond MaxMinor with "value.range".
func (a Amount) Convert(rate Rate, to Currency) (Amount, error) {
	from, err := known(a.Currency)
	if err != nil {
		return Amount{}, err
	}
	num := product(rate.num, powers[clampScale(to.Digits)])
	den := product(rate.den(), powers[from.Digits])
	converted, err := a.ratio(num, den, HalfEven)
	if err != nil {
		return Amount{}, err
	}
	return Amount{Minor: converted.Minor, Currency: to.Code}, nil
}

// ratio gives the amount times num/den.
func (a Amount) ratio(num, den *big.Int, rounding Rounding) (Amount, error) {
	units := divide(new(big.Int).Mul(big.NewInt(a.Minor), num), den, rounding)
	if !units.IsInt64() {
		return Amount{}, outOfRange()
	}
	return a.with(units.Int64())
}

// divide gives num/den, den > 0, as the nearest whole number; it may change num.
func divide(num, den *big.Int, rounding Rounding) *big.Int {
	sign := int64(num.Sign())
	quotient, rest := new(big.Int).QuoRem(num.Abs(num), den, new(big.Int))
	half := rest.Lsh(rest, 1).Cmp(den)
	if half > 0 || half == 0 && (rounding == HalfUp || quotient.Bit(0) == 1) {
		quotient.Add(quotient, big.NewInt(1))
	}
	return quotient.Mul(quotient, big.NewInt(sign))
}

// Allocate splits the amount in proportion to weights. The parts have the order of the weights and sum to exactly the amount: each
// share is cut to whole minor units toward zero, and the units left over go one each to the shares that lost most, the earlier one
// first among equals. A weight of zero gets nothing.
//
// No weights, more than 10,000, a negative weight, and weights that are all zero are refused with "money.weights".
func (a Amount) Allocate(weights ...int64) ([]Amount, error) {
	total, err := weigh(weights)
	if err != nil {
		return nil, err
	}
	if _, err := a.Neg(); err != nil {
		return nil, err
	}
	parts := make([]Amount, len(weights))
	lost := make([]*big.Int, len(weights))
	left := int64(magnitude(a.Minor))
	for i, weight := range weights {
		share := product(int64(magnitude(a.Minor)), weight)
		share, lost[i] = share.QuoRem(share, total, new(big.Int))
		parts[i] = Amount{Minor: share.Int64(), Currency: a.Currency}
		left -= share.Int64()
	}
	for _, i := range mostFirst(lost)[:left] {
		parts[i].Minor++
	}
	if a.Minor < 0 {
		for i := range parts {
			parts[i].Minor = -parts[i].Minor
		}
	}
	return parts, nil
}

// weigh sums the weights, or refuses them.
func weigh(weights []int64) (*big.Int, error) {
	total := new(big.Int)
	valid := len(weights) <= maxShares
	for _, weight := range weights {
		valid = valid && weight >= 0
		total.Add(total, big.NewInt(weight))
	}
	if !valid || total.Sign() <= 0 {
		return nil, fault.New(fault.Invalid, "money.weights")
	}
	return total, nil
}

// mostFirst gives the indices of numbers from the largest to the smallest, equal ones in their order.
func mostFirst(numbers []*big.Int) []int {
	order := make([]int, len(numbers))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return numbers[j].Cmp(numbers[i]) })
	return order
}
