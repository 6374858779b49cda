package meta

import (
	"encoding/json"
	"slices"
	"strings"

	"ashna/kit/fault"
	"ashna/kit/formula"
	"ashna/kit/money"
	"ashna/kit/text"
)

// MoneyKind is an amount in a currency, with its worth in the base currency of the workspace beside it. The base amount is the
// one that filters, sorts and sums; the rate of the day stays with it.
type MoneyKind struct {
	Positive bool `json:"positive,omitempty"` // below zero is refused
}

// Slots of a money value.
const (
	moneyBase     = iota // minor units of the base currency: what formulas see
	moneyMinor           // minor units of the currency
	moneyCurrency        // ISO 4217 code
	moneyRate            // decimal text: base units for one unit of the currency
)

// Type is "money".
func (MoneyKind) Type() string { return "money" }

// Columns are the base amount, the amount in minor units, its currency and the rate.
func (MoneyKind) Columns() []Column {
	return []Column{{"", Int}, {"_minor", Int}, {"_currency", Text}, {"_rate", Text}}
}

// Parse reads {"amount": "1200.50", "currency": "AZN"}, a bare amount in the base currency, or the text "1200.50 AZN".
func (k MoneyKind) Parse(env *Env, in any) ([]any, error) {
	if empty(in) {
		return blank(4), nil
	}
	amount, code, err := moneyInput(in)
	if err != nil || empty(amount) {
		return blank(4), err
	}
	if code == "" {
		code = env.Currency
	}
	code = strings.ToUpper(code)
	if _, known := money.Lookup(code); !known {
		return nil, fault.New(fault.Invalid, "value.currency")
	}
	v, err := money.Parse(amount, code)
	if err != nil {
		return nil, err
	}
	if k.Positive && v.Minor < 0 {
		return nil, fault.New(fault.Invalid, "value.min", "min", int64(0))
	}
	return moneySlots(env, v)
}

func moneyInput(in any) (amount, code string, err error) {
	switch v := in.(type) {
	case map[string]any:
		if err := onlyParts(v, "amount", "currency", "base"); err != nil {
			return "", "", err
		}
		// The base amount of a read may be sent back; it is computed anew.
		if part := v["currency"]; !empty(part) {
			if code, err = textOf(part); err != nil {
				return "", "", fault.Of(err).In("currency")
			}
		}
		if part := v["amount"]; !empty(part) {
			if amount, err = decimalText(part); err != nil {
				return "", "", fault.Of(err).In("amount")
			}
		}
		return amount, strings.TrimSpace(code), nil
	case string:
		s := strings.TrimSpace(v)
		if i := strings.LastIndexByte(s, ' '); i > 0 && len(s)-i == 4 && isLetters(s[i+1:]) {
			return strings.TrimSpace(s[:i]), s[i+1:], nil
		}
		return s, "", nil
	case json.Number:
		amount, err = decimalText(v)
		return amount, "", err
	}
	return "", "", wrongType("money")
}

// onlyParts refuses a value in parts that has a part of another name.
func onlyParts(value map[string]any, parts ...string) error {
	unknown := ""
	for name := range value {
		if !slices.Contains(parts, name) && (unknown == "" || name < unknown) {
			unknown = name
		}
	}
	if unknown == "" {
		return nil
	}
	return fault.New(fault.Invalid, "value.unknown_field", "field", text.Truncate(unknown, 60))
}

func isLetters(s string) bool {
	for _, c := range []byte(s) {
		if c|0x20 < 'a' || c|0x20 > 'z' {
			return false
		}
	}
	return true
}

// moneySlots computes the base amount with the rate of the day.
func moneySlots(env *Env, v money.Amount) ([]any, error) {
	if v.Currency == env.Currency {
		return []any{v.Minor, v.Minor, v.Currency, "1"}, nil
	}
	worth, known := "", false
	if env.Rate != nil {
		worth, known = env.Rate(v.Currency)
	}
	if !known {
		return nil, fault.New(fault.Invalid, "value.no_rate", "currency", v.Currency, "base", env.Currency)
	}
	rate, err := money.ParseRate(worth)
	if err != nil {
		return nil, err
	}
	currency, _ := money.Lookup(env.Currency)
	base, err := v.Convert(rate, currency)
	if err != nil {
		return nil, err
	}
	return []any{base.Minor, v.Minor, v.Currency, worth}, nil
}

// MoneyOf gives the amount in its own currency; false when the value is empty.
func MoneyOf(slots []any) (money.Amount, bool) {
	minor, ok := slots[moneyMinor].(int64)
	return money.Amount{Minor: minor, Currency: slotText(slots[moneyCurrency])}, ok
}

// AppendJSON writes the amount as exact text with its currency.
func (MoneyKind) AppendJSON(dst []byte, slots []any) []byte {
	v, ok := MoneyOf(slots)
	if !ok {
		return appendNull(dst)
	}
	dst = append(dst, `{"amount":"`...)
	dst = append(dst, v.String()...)
	dst = append(dst, `","currency":"`...)
	dst = append(dst, v.Currency...)
	return append(dst, `"}`...)
}

// Text is "1200.50 AZN".
func (MoneyKind) Text(slots []any) string {
	if v, ok := MoneyOf(slots); ok {
		return v.String() + " " + v.Currency
	}
	return ""
}

// Formula is money in the base currency.
func (MoneyKind) Formula() formula.Type { return formula.Type{Kind: formula.Number, Money: true} }
