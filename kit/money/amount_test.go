package money_test

import (
	"encoding/json"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"ashna/kit/money"
)

func azn(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "AZN"} }
func irr(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "IRR"} }

func TestParseAmount(t *testing.T) {
	for _, c := range []struct {
		text, currency, want string
		minor                int64
	}{
		{"1200.50", "AZN", "1200.50", 120050},
		{"۱٬۲۰۰٫۵", "AZN", "1200.50", 120050},
		{"-3", "AZN", "-3.00", -300},
		{"۱۲۵٬۰۰۰٬۰۰۰", "IRR", "125000000", 125000000},
		{"1.234", "KWD", "1.234", 1234},
		{"0", "JPY", "0", 0},
	} {
		got, err := money.Parse(c.text, c.currency)
		if err != nil || got.Minor != c.minor || got.Currency != c.currency || got.String() != c.want {
			t.Errorf("Parse(%q, %s) = %+v (%s), %v, want %d (%s)", c.text, c.currency, got, got, err, c.minor, c.want)
		}
	}
}

func TestParseAmountRefuses(t *testing.T) {
	for _, c := range []struct{ text, currency, key string }{
		{"1.5", "IRR", "value.decimals"},
		{"1.234", "USD", "value.decimals"},
		{"abc", "USD", "value.number"},
		{"92233720368547758.07", "USD", "value.range"},
		{"1", "usd", "money.currency_unknown"},
		{"1", "", "money.currency_unknown"},
	} {
		_, err := money.Parse(c.text, c.currency)
		refused(t, c.text+" "+c.currency, err, c.key)
	}
}

func TestAmountOfUnknownCurrencyShowsUnits(t *testing.T) {
	if got := (money.Amount{Minor: 120050, Currency: "???"}).String(); got != "120050" {
		t.Errorf("got %q", got)
	}
	if got := (money.Amount{}).String(); got != "0" {
		t.Errorf("the zero amount is %q", got)
	}
}

func TestAddSubNegCmp(t *testing.T) {
	sum, err := azn(120050).Add(azn(-50))
	if err != nil || sum != azn(120000) {
		t.Errorf("Add = %v, %v", sum, err)
	}
	difference, err := azn(100).Sub(azn(250))
	if err != nil || difference != azn(-150) || difference.Sign() != -1 {
		t.Errorf("Sub = %v, %v", difference, err)
	}
	negative, err := azn(-7).Neg()
	if err != nil || negative != azn(7) || negative.Sign() != 1 {
		t.Errorf("Neg = %v, %v", negative, err)
	}
	for _, c := range []struct {
		a, b money.Amount
		want int
	}{{azn(1), azn(2), -1}, {azn(2), azn(2), 0}, {azn(3), azn(-3), 1}} {
		if got, err := c.a.Cmp(c.b); err != nil || got != c.want {
			t.Errorf("%v.Cmp(%v) = %d, %v, want %d", c.a, c.b, got, err, c.want)
		}
	}
	if !azn(0).IsZero() || azn(1).IsZero() || azn(0).Sign() != 0 {
		t.Error("IsZero or Sign is wrong about zero")
	}
}

func TestCurrenciesDoNotMix(t *testing.T) {
	_, err := azn(1).Add(irr(1))
	refused(t, "Add", err, "money.currencies")
	_, err = azn(1).Sub(irr(1))
	refused(t, "Sub", err, "money.currencies")
	_, err = azn(0).Cmp(irr(0))
	refused(t, "Cmp", err, "money.currencies")
	_, err = money.Sum("AZN", azn(1), irr(1))
	refused(t, "Sum", err, "money.currencies")
}

func TestSum(t *testing.T) {
	if got, err := money.Sum("AZN", azn(1), azn(2), azn(-5)); err != nil || got != azn(-2) {
		t.Errorf("Sum = %v, %v", got, err)
	}
	if got, err := money.Sum("AZN"); err != nil || got != azn(0) {
		t.Errorf("the sum of none = %v, %v", got, err)
	}
	_, err := money.Sum("AZN", azn(money.MaxMinor), azn(1))
	refused(t, "Sum", err, "value.range")
}

func TestSumsNeverWrap(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	edges := []int64{0, 1, -1, money.MaxMinor, -money.MaxMinor, math.MaxInt64, math.MinInt64, 1 << 62, -1 << 62}
	pick := func() int64 {
		if r.IntN(2) == 0 {
			return edges[r.IntN(len(edges))]
		}
		return int64(r.Uint64())
	}
	limit := big.NewInt(money.MaxMinor)
	for range 20000 {
		a, b := pick(), pick()
		want := new(big.Int).Add(big.NewInt(a), big.NewInt(b))
		got, err := azn(a).Add(azn(b))
		if fits := want.CmpAbs(limit) <= 0; fits != (err == nil) || fits && got.Minor != want.Int64() {
			t.Fatalf("%d + %d = %v, %v, want %v", a, b, got, err, want)
		}
		want.Sub(big.NewInt(a), big.NewInt(b))
		got, err = azn(a).Sub(azn(b))
		fits := want.CmpAbs(limit) <= 0 && big.NewInt(b).CmpAbs(limit) <= 0
		if fits != (err == nil) || fits && got.Minor != want.Int64() {
			t.Fatalf("%d - %d = %v, %v, want %v", a, b, got, err, want)
		}
	}
	_, err := azn(math.MinInt64).Neg()
	refused(t, "Neg", err, "value.range")
}

func TestAmountJSON(t *testing.T) {
	type deal struct {
		Amount money.Amount `json:"amount"`
		Base   money.Amount `json:"base"`
	}
	data, err := json.Marshal(deal{Amount: azn(120050)})
	if want := `{"amount":{"amount":"1200.50","currency":"AZN"},"base":null}`; err != nil || string(data) != want {
		t.Fatalf("Marshal = %s, %v, want %s", data, err, want)
	}
	out := deal{Base: azn(9)}
	if err := json.Unmarshal(data, &out); err != nil || out.Amount != azn(120050) || out.Base != (money.Amount{}) {
		t.Errorf("read back %+v, %v", out, err)
	}
	for text, key := range map[string]string{
		`{"amount":1200.5,"currency":"AZN"}`:     "value.money",
		`"1200.5"`:                               "value.money",
		`[]`:                                     "value.money",
		`{"amount":"1200.555","currency":"AZN"}`: "value.decimals",
		`{"amount":"1","currency":"azn"}`:        "money.currency_unknown",
		`{}`:                                     "money.currency_unknown",
	} {
		amount := azn(3)
		refused(t, text, json.Unmarshal([]byte(text), &amount), key)
		if amount != azn(3) {
			t.Errorf("%s: a refused text changed the amount to %v", text, amount)
		}
	}
}
