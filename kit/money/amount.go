// Package money computes with amounts of money, exchange rates and the decimal numbers of the product. Everything is exact: values
// are scaled integers, rates are fractions of integers, and where a result must be rounded the caller sees how. There is no floating
// point anywhere.
package money

import (
	"cmp"
	"encoding/json"
	"fmt"

	"ashna/kit/fault"
)

// Amount is a sum of money: Minor units (cents, qəpik, or whole rials) of a Currency, given by its ISO code. Amounts that this package
// makes lie within MaxMinor. The zero Amount is nothing of no currency.
type Amount struct {
	Minor    int64
	Currency string
}

// Parse reads an amount of a currency from decimal text such as "1200.50" or "۱٬۲۰۰٫۵", in every spelling that ParseDecimal takes and
// with its refusals. A currency that Lookup does not know is refused with "money.currency_unknown".
func Parse(text, currency string) (Amount, error) {
	c, err := known(currency)
	if err != nil {
		return Amount{}, err
	}
	minor, err := ParseDecimal(text, c.Digits)
	if err != nil {
		return Amount{}, err
	}
	return Amount{Minor: minor, Currency: c.Code}, nil
}

// String writes the amount as decimal text with all decimals of its currency and without the currency: "1200.50". An amount of an
// unknown currency shows its minor units.
func (a Amount) String() string {
	c, _ := Lookup(a.Currency)
	return FormatDecimal(a.Minor, c.Digits)
}

// IsZero says that the amount is nothing, of whatever currency.
func (a Amount) IsZero() bool { return a.Minor == 0 }

// Sign is -1, 0 or 1.
func (a Amount) Sign() int { return cmp.Compare(a.Minor, 0) }

// Add gives a + b. Different currencies are refused with "money.currencies", a sum beyond MaxMinor with "value.range".
func (a Amount) Add(b Amount) (Amount, error) {
	if err := a.sameCurrency(b); err != nil {
		return Amount{}, err
	}
	sum := a.Minor + b.Minor
	if b.Minor > 0 && sum < a.Minor || b.Minor < 0 && sum > a.Minor {
		return Amount{}, outOfRange()
	}
	return a.with(sum)
}

// Sub gives a - b. Different currencies are refused with "money.currencies", a difference beyond MaxMinor with "value.range".
func (a Amount) Sub(b Amount) (Amount, error) {
	negative, err := b.Neg()
	if err != nil {
		return Amount{}, err
	}
	return a.Add(negative)
}

// Neg gives the amount with the other sign. Only an amount that this package did not make can be beyond MaxMinor; it is refused with
// "value.range".
func (a Amount) Neg() (Amount, error) { return a.with(-a.Minor) }

// Cmp is -1, 0 or 1 as a is less than, equal to or more than b. Different currencies are refused with "money.currencies".
func (a Amount) Cmp(b Amount) (int, error) {
	if err := a.sameCurrency(b); err != nil {
		return 0, err
	}
	return cmp.Compare(a.Minor, b.Minor), nil
}

// Sum adds amounts of one currency. The sum of none is zero of that currency. Refusals are those of Add.
func Sum(currency string, amounts ...Amount) (Amount, error) {
	total := Amount{Currency: currency}
	for _, a := range amounts {
		var err error
		if total, err = total.Add(a); err != nil {
			return Amount{}, err
		}
	}
	return total, nil
}

// with gives minor units of the currency of a, or a refusal when they are beyond MaxMinor.
func (a Amount) with(minor int64) (Amount, error) {
	if magnitude(minor) > MaxMinor {
		return Amount{}, outOfRange()
	}
	return Amount{Minor: minor, Currency: a.Currency}, nil
}

func (a Amount) sameCurrency(b Amount) error {
	if a.Currency != b.Currency {
		return fault.New(fault.Invalid, "money.currencies", "a", a.Currency, "b", b.Currency)
	}
	return nil
}

func known(code string) (Currency, error) {
	c, ok := Lookup(code)
	if !ok {
		return Currency{}, fault.New(fault.Invalid, "money.currency_unknown", "code", code)
	}
	return c, nil
}

// document is the JSON form of an amount.
type document struct {
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

// MarshalJSON writes {"amount": "1200.50", "currency": "AZN"}; the zero Amount is null.
func (a Amount) MarshalJSON() ([]byte, error) {
	if a == (Amount{}) {
		return []byte("null"), nil
	}
	return json.Marshal(document{Amount: a.String(), Currency: a.Currency})
}

// UnmarshalJSON reads what MarshalJSON writes, with the amount in every spelling that Parse takes. A number in place of the text is an
// error, because a reader of JSON may already have rounded it.
func (a *Amount) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*a = Amount{}
		return nil
	}
	var d document
	if err := json.Unmarshal(data, &d); err != nil {
		return fault.Wrap(fault.Invalid, "value.money", fmt.Errorf("read amount: %w", err))
	}
	parsed, err := Parse(d.Amount, d.Currency)
	if err != nil {
		return err
	}
	*a = parsed
	return nil
}
