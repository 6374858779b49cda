package i18n

import (
	"strings"

	"ashna/kit/fault"
	"ashna/kit/money"
)

const rial = "IRR"

// Money writes an amount with its currency, in the place and the words of the language: "$1,234.50", «۱٬۲۳۴٫۵۰ منات»,
// "1.234,50 ₼". Short amounts are compact: "$12.3K". Rial is toman when the locale says so; toman has a decimal only when it is not
// zero. A currency without a pattern shows its symbol or its code.
func (p *Printer) Money(a money.Amount, short bool) string {
	c, known := money.Lookup(a.Currency)
	scale, name := c.Digits, strings.ToLower(a.Currency)
	if !known {
		scale = 2
	}
	v, keep := a.Minor, scale
	if a.Currency == rial {
		keep = 0
		if p.locale.Toman {
			scale, name = scale+1, "toman"
		}
	}
	v, scale = trimZeros(v, scale, keep)
	number := p.unsigned(v, scale)
	if compact, ok := p.compact(v, scale); short && ok {
		number = compact
	}
	// In a language from right to left the sign belongs to the digits alone: around the whole it would turn the order of the words.
	if p.locale.RightToLeft() {
		return p.priced(name, a.Currency, c.Symbol, p.signed(v < 0, number))
	}
	return p.signed(v < 0, p.priced(name, a.Currency, c.Symbol, number))
}

// priced puts a number beside its currency: by the pattern of the currency, by its symbol, or by its code.
func (p *Printer) priced(name, code, symbol, number string) string {
	params := fault.Params{"amount": Text(number), "symbol": Text(symbol)}
	switch {
	case code == "":
		return number
	case p.Has("format.money." + name):
		return p.say("format.money."+name, params)
	case symbol != "" && symbol != code:
		return p.say("format.money.symbol", params)
	}
	params["currency"] = Text(tidy(code))
	return p.say("format.money.code", params)
}
