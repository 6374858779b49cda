package money_test

import (
	"slices"
	"strings"
	"testing"

	"ashna/kit/money"
)

func TestLookup(t *testing.T) {
	for _, want := range []money.Currency{
		{"AED", 2, "AED"}, {"AZN", 2, "₼"}, {"CLF", 4, "CLF"}, {"EUR", 2, "€"}, {"IRR", 0, "﷼"}, {"JPY", 0, "¥"}, {"KWD", 3, "KWD"},
		{"TRY", 2, "₺"}, {"USD", 2, "$"}, {"ZWG", 2, "ZWG"},
	} {
		if got, ok := money.Lookup(want.Code); !ok || got != want {
			t.Errorf("Lookup(%s) = %v, %v, want %v", want.Code, got, ok, want)
		}
	}
	for _, code := range []string{"", "usd", "US", "USDT", "XXX", "XAU", "AAA", "ZZZ", "دلار"} {
		if got, ok := money.Lookup(code); ok || got != (money.Currency{}) {
			t.Errorf("Lookup(%q) = %v, %v, want nothing", code, got, ok)
		}
	}
}

func TestCurrencyTable(t *testing.T) {
	all := money.Currencies()
	if len(all) < 155 {
		t.Errorf("%d currencies, want at least 155", len(all))
	}
	byDigits := map[int][]string{}
	for i, c := range all {
		if len(c.Code) != 3 || strings.ToUpper(c.Code) != c.Code || c.Symbol == "" || strings.TrimSpace(c.Symbol) != c.Symbol {
			t.Errorf("odd row %+v", c)
		}
		if i > 0 && all[i-1].Code >= c.Code {
			t.Errorf("%s comes after %s", c.Code, all[i-1].Code)
		}
		if got, ok := money.Lookup(c.Code); !ok || got != c {
			t.Errorf("Lookup(%s) = %v, %v", c.Code, got, ok)
		}
		byDigits[c.Digits] = append(byDigits[c.Digits], c.Code)
	}
	for digits, codes := range map[int]string{
		0: "BIF CLP DJF GNF IRR ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
		3: "BHD IQD JOD KWD LYD OMR TND",
		4: "CLF UYW",
	} {
		if got := strings.Join(byDigits[digits], " "); got != codes {
			t.Errorf("currencies with %d decimals: %s, want %s", digits, got, codes)
		}
	}
	if sum := len(byDigits[0]) + len(byDigits[2]) + len(byDigits[3]) + len(byDigits[4]); sum != len(all) {
		t.Errorf("only %d of %d currencies have 0, 2, 3 or 4 decimals", sum, len(all))
	}
}

func TestCurrenciesIsACopy(t *testing.T) {
	all := money.Currencies()
	all[0].Digits = 9
	if slices.ContainsFunc(money.Currencies(), func(c money.Currency) bool { return c.Digits == 9 }) {
		t.Error("a caller can change the table")
	}
}
