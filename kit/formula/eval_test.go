package formula_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ashna/kit/calendar"
	"ashna/kit/fault"
	"ashna/kit/formula"
	"ashna/kit/formula/formulatest"
	"ashna/kit/text"
)

// small is a world written by hand: values by object, id and field name.
type small map[string]map[int64]map[string]formula.Value

func (w small) record(object string, id int64) formula.Record {
	fields := formulatest.Shop()[object].Fields
	r := formula.Record{ID: id, Values: make([]formula.Value, len(fields))}
	for _, f := range fields {
		r.Values[f.Index] = w[object][id][f.Name]
	}
	return r
}

func (w small) Get(object string, id int64) (formula.Record, bool) {
	_, ok := w[object][id]
	return w.record(object, id), ok
}

func (w small) Inverse(object, field string, id int64) []formula.Record {
	var list []formula.Record
	for i := range int64(20) {
		if v := w[object][i][field]; v.Ok && v.Int == id {
			list = append(list, w.record(object, i))
		}
	}
	return list
}

func word(s string) formula.Value { return formula.Value{Ok: s != "", Text: text.Key(s), Raw: s} }

func set(s string) formula.Value { return formula.Value{Ok: true, Text: s, Raw: s} }

func day(s string) formula.Value {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return formula.Whole(t.Unix() / 86400)
}

func at(s string) formula.Value {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return formula.Whole(t.UnixMicro())
}

// shop is the world of the tests. The deal 1 has everything, the deal 2 nothing, and the deal 3 points to a company that is not there.
func shop() small {
	type m = map[string]formula.Value
	n := formula.Whole
	return small{
		"company": {
			1: m{"name": word("آکمه"), "region": word("Tehran"), "credit": n(500_00), "active": formula.Truth(true), "parent": n(2), "owner": n(7), "founded": day("2020-03-20")},
			2: m{"name": word("Parent"), "region": word("Baku")},
		},
		"deal": {
			1: m{"name": word("قرارداد كرمان"), "amount": n(1500_00), "probability": n(40), "score": n(2_500), "closes_on": day("2022-03-21"), "created": at("2022-03-21T20:30:00Z"),
				"company": n(1),
				"owner":   n(7),
				"won":     formula.Truth(true),
				"stage":   set("won"),
				"tags":    set("|tehran|vip|"),
				"about":   n(2)},
			2: {},
			3: m{"company": n(99), "amount": n(-1), "won": formula.Truth(false)},
			4: m{"company": n(1), "amount": n(250_00), "probability": n(10), "name": word("Other")},
		},
		"item": {
			1: m{"deal": n(1), "quantity": n(3), "price": n(10_00), "due": day("2022-01-05"), "note": word("a")},
			2: m{"deal": n(1), "quantity": n(1), "price": n(25_50)},
			3: m{"deal": n(1), "quantity": n(4), "due": day("2021-12-31"), "sent": at("2022-01-01T00:00:00Z")},
		},
		"user": {7: m{"name": word("Leyla"),
			"active": formula.Truth(true)}},
	}
}

func tehran(t testing.TB) *time.Location {
	zone, err := time.LoadLocation("Asia/Tehran")
	if err != nil {
		t.Skip("no time zones on this machine")
	}
	return zone
}

// env is 2022-03-22 01:00 in Tehran, a Tuesday, 1 Farvardin 1401 having been Monday.
func env(t testing.TB) *formula.Env {
	return &formula.Env{Now: time.Date(2022, 3, 21, 21, 30, 0, 0, time.UTC), Zone: tehran(t), WeekStart: time.Saturday, Me: 7, World: shop()}
}

// TestConditions evaluates conditions for the deals 1 to 4. The answer has a 1 where it is true.
func TestConditions(t *testing.T) {
	cases := []struct{ source, want string }{
		// the two values of a condition and empty values
		{"amount > 1000", "1000"},
		{"not amount > 1000", "0111"},
		{"amount <= 1000", "0011"},
		{"amount = 1500", "1000"},
		{"amount != 1500", "0111"},
		{"amount = empty", "0100"},
		{"amount is empty", "0100"},
		{"amount != empty", "1011"},
		{"won", "1000"},
		{"not won", "0111"},
		{"won = false", "0010"},
		{"won is empty", "0101"},
		{"won = (amount > 1000)", "1010"},
		{"amount between -1 and 1500", "1011"},
		{"amount not between 0 and 1500", "0110"},
		{"amount in [250, 1500]", "1001"},
		{"amount not in [1500]", "0111"},
		{"amount in 250..1500", "1001"},
		{"score * 0 = 0", "1000"},
		{"name = ''", "0110"},
		{"tags = ''", "0111"},
		{"amount = ''", "0100"},
		{"'' != closes_on", "1000"},
		{"company = ''", "0100"},
		{"name != ''", "1001"},
		{"empty = empty", "1111"},
		{"empty(closes_on)", "0111"},
		{"coalesce(amount, 0) < 100", "0110"},
		{"probability / (probability - 40) is empty", "1110"},
		{"won and true or false", "1000"},
		{"false or won = true", "1000"},
		// texts by key
		{"name contains «کرمان»", "1000"},
		{"name contains 'كِرمان'", "1000"},
		{"name startsWith 'قرار'", "1000"},
		{"name endsWith 'مان'", "1000"},
		{"name startsWith 'مان'", "0000"},
		{"name endsWith 'قرار'", "0000"},
		{"name not contains 'x'", "1111"},
		{"name = 'OTHER'", "0001"},
		{"name in ['other', 'قرارداد کرمان']", "1001"},
		{"name not in ['other']", "1110"},
		{"stage = 'Won'", "1000"},
		{"stage != 'won'", "0111"},
		{"stage in ['new', 'won']", "1000"},
		{"lower(name) = 'OTHER'", "0001"},
		{"length(name) = 5", "0001"},
		{"length(name) = 13", "1000"},
		{"has(tags, 'VIP')", "1000"},
		{"tags contains 'tehran'", "1000"},
		{"has(tags, 'vi')", "0000"},
		{"not has(tags, 'vip')", "0111"},
		{"tags is empty", "0111"},
		// paths
		{"company.region = 'tehran'", "1001"},
		{"company.region is empty", "0110"},
		{"company is empty", "0100"},
		{"company.id is empty", "0110"},
		{"company.parent.region = 'Baku'", "1001"},
		{"coalesce(company.parent.region, 'x') = 'x'", "0110"},
		{"company.active", "1001"},
		{"company.owner = me()", "1001"},
		{"owner = me()", "1000"},
		{"id = '#1'", "1000"},
		{"record = id", "1111"},
		{"record.amount = amount", "1111"},
		{"about = company.parent", "1110"},
		{"company.parent.name != company.name", "1001"},
		// lists
		{"any(items)", "1000"},
		{"any(items, price > 20)", "1000"},
		{"any(items, price > 100)", "0000"},
		{"count(items) = 0", "0111"},
		{"count(items, price is empty) = 1", "1000"},
		{"sum(items, price * quantity) = 55.5", "1000"},
		{"sum(items, price) = 0", "0111"},
		{"any(company.deals, amount > record.amount)", "0001"},
		{"count(company.deals) = 2", "1001"},
		{"count(company.parent.deals) = 0", "1111"},
		{"min(items, price) = 10", "1000"},
		{"max(items, due) = '2022-01-05'", "1000"},
		{"max(items, price) is empty", "0111"},
		{"min(items, sent) < today()", "1000"},
		{"sum(items, quantity, price > 10) = 1", "1000"},
		{"any(items, any(deal.company.deals, any(items, price = 25.5) and id != record.id))", "0000"},
		{"any(company.deals, any(items, price = 25.5))", "1001"},
		// dates and moments; today is 2022-03-22
		{"closes_on = '2022-03-21'", "1000"},
		{"closes_on < today()", "1000"},
		{"closes_on = daysAgo(1)", "1000"},
		{"closes_on + 1 = today()", "1000"},
		{"today() - closes_on = 1", "1000"},
		{"created = today()", "1000"},
		{"created = daysAgo(1)", "0000"},
		{"created > daysAgo(1)", "1000"},
		{"created > today()", "0000"},
		{"created >= today()", "1000"},
		{"created < daysAhead(1)", "1000"},
		{"created <= daysAgo(1)", "0000"},
		{"today() <= created", "1000"},
		{"daysAgo(1) < created", "1000"},
		{"created < now()", "1000"},
		{"created != today()", "0111"},
		{"created = '2022-03-22T00:00:00+03:30'", "1000"},
		{"created between today() and today()", "1000"},
		{"created between daysAgo(3) and daysAgo(1)", "0000"},
		{"created between today() and now()", "1000"},
		{"created not between now() and today()", "1111"},
		{"closes_on between '2022-03-21' and empty", "0000"},
		{"probability between 0.5 and 40.25", "1001"},
		{"40 between probability and 40", "1001"},
		{"year(closes_on) = 2022 and month(closes_on) = 3 and day(closes_on) = 21", "1000"},
		{"year(closes_on, 'jalali') = 1401 and month(closes_on, 'jalali') = 1 and day(closes_on, 'jalali') = 1", "1000"},
		{"closes_on = startOfMonth('jalali')", "1000"},
		{"closes_on = startOfYear('jalali')", "1000"},
		{"closes_on > startOfMonth()", "1000"},
		{"within(closes_on, 'this week')", "1000"},
		{"within(closes_on, 'yesterday')", "1000"},
		{"within(closes_on, 'this_week')", "1000"},
		{"within(created, 'today')", "1000"},
		{"within(created, 'yesterday')", "0000"},
		{"not within(closes_on, 'last month')", "1111"},
		{"within(closes_on, 'this quarter')", "1000"},
		{"within(closes_on, 'next year')", "0000"},
		{"if(won, amount > 1, name = 'other')", "1001"},
	}
	e := env(t)
	for _, c := range cases {
		x, err := compile(c.source, formula.Condition())
		if err != nil {
			t.Errorf("%s: %v", c.source, err)
			continue
		}
		got := ""
		for id := range int64(4) {
			holds, err := x.Holds(e, shop().record("deal", id+1))
			if err != nil {
				t.Errorf("%s: %v", c.source, err)
			}
			got += map[bool]string{true: "1", false: "0"}[holds]
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.source, got, c.want)
		}
	}
}

// TestNotIsTheExactOpposite holds rule one for random conditions over random records.
func TestNotIsTheExactOpposite(t *testing.T) {
	catalog := formulatest.Shop()
	g := formulatest.New(catalog, 11)
	w := formulatest.NewWorld(g.Rand, catalog, map[string]int{"company": 8, "deal": 20, "item": 30, "user": 4})
	e := &formula.Env{Now: time.Date(2022, 3, 22, 3, 0, 0, 0, time.UTC), World: w, Me: 2}
	mixed := 0
	for i := range 1500 {
		source := g.Condition("deal", i%5)
		x, err := compile(source, formula.Condition())
		if err != nil {
			continue
		}
		not, err := compile("not ("+source+")", formula.Condition())
		if err != nil {
			continue
		}
		trues := 0
		for _, r := range w.Records("deal") {
			a, _ := x.Holds(e, r)
			b, _ := not.Holds(e, r)
			if a == b {
				t.Fatalf("%s and its opposite are both %v", source, a)
			}
			if a {
				trues++
			}
		}
		if trues > 0 && trues < 20 {
			mixed++
		}
	}
	if mixed < 300 {
		t.Errorf("only %d conditions split the records: the test does not bite", mixed)
	}
}

// TestValues evaluates for the deal 1; a value in units of the type's scale, "-" for empty.
func TestValues(t *testing.T) {
	cases := []struct{ source, want string }{
		{"amount * probability / 100", "6000000"},
		{"amount / 7", "2142857"},
		{"-amount / 7", "-2142857"},
		{"amount / amount", "10000"},
		{"1 / 3", "3333"},
		{"-1 / 3", "-3333"},
		{"0.000001 / 3", "0"},
		{"score / 0.3", "83333"},
		{"score * score", "6250000"},
		{"amount + 0.125", "1500125"},
		{"amount - score * 0 * amount", "150000000"},
		{"7 % 3", "1"},
		{"-7 % 3", "-1"},
		{"7 % -3", "1"},
		{"probability % 7", "5"},
		{"7 % 0", "-"},
		{"1 / 0", "-"},
		{"amount / (probability - 40)", "-"},
		{"probability % (probability - 40)", "-"},
		{"-(-5)", "5"},
		{"--5", "5"},
		{"2 + 3 * 4", "14"},
		{"(2 + 3) * 4", "20"},
		{"10 - 4 - 3", "3"},
		{"9223372036854775806", "9223372036854775806"},
		{"9223372036854775806 + 1", "-"},
		{"-9223372036854775806 - 1", "-"},
		{"9223372036854775805 + 1", "9223372036854775806"},
		{"3037000500 * 3037000500", "-"},
		{"3037000499 * 3037000499", "9223372030926249001"},
		{"9223372036854775806 * -1", "-9223372036854775806"},
		{"probability + 9223372036854775806", "-"},
		{"probability * 1000000000000000 * 1000", "-"},
		{"round(2.5)", "3"},
		{"round(-2.5)", "-3"},
		{"round(2.4)", "2"},
		{"round(-2.4)", "-2"},
		{"round(2.449, 1)", "24"},
		{"round(2.45, 1)", "25"},
		{"round(-0.5)", "-1"},
		{"round(0.4999)", "0"},
		{"round(amount / 7)", "21429"},
		{"round(score, 2)", "250"},
		{"round(score, 5)", "2500"},
		{"round(score)", "3"},
		{"count(items)", "3"},
		{"sum(items, price)", "3550"},
		{"avg(items, price)", "177500"},
		{"avg(items, quantity)", "26666"},
		{"avg(items, -quantity)", "-26666"},
		{"avg(items, price, price > 100)", "-"},
		{"max(items, quantity)", "4"},
		{"min(items, -quantity)", "-4"},
		{"min(items, due)", shown{day("2021-12-31")}.show()},
		{"sum(items, 0)", "0"},
		{"sum(items, 4611686018427387904)", "-"},
		{"sum(items, 1537228672809129301)", "4611686018427387903"},
		{"sum(items, -1537228672809129301)", "-4611686018427387903"},
		{"sum(items, quantity * 576460752303423488)", "-"},
		{"avg(items, 1000000000000000000)", "-"},
		{"closes_on + 10", shown{day("2022-03-31")}.show()},
		{"closes_on - 21", shown{day("2022-02-28")}.show()},
		{"closes_on + 100000000000", "-"},
		{"closes_on + 2913824", "2932896"},
		{"closes_on + 2913825", "-"},
		{"closes_on - 738234", "-719162"},
		{"closes_on - 738235", "-"},
		{"closes_on - 9223372036854775806", "-"},
		{"closes_on - '2022-01-01'", "79"},
		{"'9999-12-31' - closes_on", "2913824"},
		{"today()", shown{day("2022-03-22")}.show()},
		{"daysAgo(22)", shown{day("2022-02-28")}.show()},
		{"startOfMonth()", shown{day("2022-03-01")}.show()},
		{"startOfYear()", shown{day("2022-01-01")}.show()},
		{"startOfMonth('jalali')", shown{day("2022-03-21")}.show()},
		{"coalesce(empty, probability, 3)", "40"},
		{"coalesce(probability, 0.5, 0.125)", "40000"},
		{"coalesce(empty, 0.5, probability, 0.125)", "500"},
		{"coalesce(probability % 0, probability, 0.125)", "40000"},
		{"if(won, probability, 0.5)", "400"},
		{"if(not won, probability, 0.5)", "5"},
		{"year('1899-12-31')", "-"},
		{"year('1900-01-01')", "1900"},
		{"year('2100-12-31', 'jalali')", "1479"},
		{"year('2101-01-01')", "-"},
		{"me()", "7"},
		{"id", "1"},
		{"company.parent", "2"},
		{"company.parent.parent", "-"},
		{"length(name)", "13"},
		{"won", "1"},
		{"amount > 5", "1"},
		{"empty", "-"},
	}
	e := env(t)
	for _, c := range cases {
		x, err := compile(c.source, formula.AnyValue())
		if err != nil {
			t.Errorf("%s: %v", c.source, err)
			continue
		}
		v, err := x.Eval(e, shop().record("deal", 1))
		if got := (shown{v}).show(); err != nil || got != c.want {
			t.Errorf("%s: %s (%v), want %s", c.source, got, err, c.want)
		}
	}
}

type shown struct{ formula.Value }

func (s shown) show() string {
	if !s.Ok {
		return "-"
	}
	return fmt.Sprint(s.Int)
}

func TestWantedScale(t *testing.T) {
	money := formula.Type{Kind: formula.Number, Scale: 2, Money: true}
	for source, want := range map[string]int64{"amount / 7": 214_29, "-amount / 7": -214_29, "5": 5_00, "2.345": 2_35, "-2.345": -2_35, "amount * 0.333": 499_50} {
		e, err := compile(source, formula.Of(money))
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		if v, _ := e.Eval(env(t), shop().record("deal", 1)); v != formula.Whole(want) {
			t.Errorf("%s: %v, want %d", source, v, want)
		}
	}
}

func TestTextValues(t *testing.T) {
	for source, want := range map[string]string{"name": "قرارداد كرمان", "lower(name)": "قرارداد کرمان", "'As Typed'": "As Typed", "coalesce(empty, company.region)": "Tehran", "stage": "won"} {
		e, err := compile(source, formula.AnyValue())
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		if v, _ := e.Eval(env(t), shop().record("deal", 1)); v.Raw != want {
			t.Errorf("%s: %q, want %q", source, v.Raw, want)
		}
	}
}

func TestOldRecord(t *testing.T) {
	cases := []struct {
		source string
		old    int64
		want   bool
	}{
		{"old.stage = stage", 1, true},
		{"old.stage = stage", 2, false},
		{"old.amount < amount", 4, true},
		{"old.company.region = 'tehran'", 4, true},
		{"old = id", 1, true},
		{"old.tags = tags", 1, true},
		{"any(items, old.amount = 250)", 4, true},
		{"any(old.items)", 4, false},
		{"any(old.items)", 1, true},
		{"old is empty", 0, true},
	}
	for _, c := range cases {
		e, err := compile(c.source, formula.Condition())
		if err != nil {
			t.Errorf("%s: %v", c.source, err)
			continue
		}
		v := env(t)
		if c.old != 0 {
			v.Old = shop().record("deal", c.old)
		}
		if got, _ := e.Holds(v, shop().record("deal", 1)); got != c.want {
			t.Errorf("%s with deal %d before: %v", c.source, c.old, got)
		}
	}
	a, _ := compile("old.stage = stage", formula.Condition())
	if got, _ := a.Holds(&formula.Env{Old: shop().record("deal", 2)}, shop().record("deal", 2)); !got {
		t.Error("two empties are a change")
	}
}

// TestWorkDoesNotMultiply nests what names a value in two comparisons as deep as it goes: the work must stay that of the parts.
func TestWorkDoesNotMultiply(t *testing.T) {
	for _, c := range []struct{ start, open, end string }{
		{"probability", "if(", " between 1 and 50, 40, 3)"},
		{"closes_on", "if(", " in '2022-01-01' .. today(), closes_on, today())"},
		{"closes_on", "if(within(", ", 'this week'), closes_on, today())"},
		{"created", "if(", " = today(), created, created)"},
		{"name", "if(", " startsWith 'x', name, name)"},
		{"probability", "coalesce(", " + 1, 3)"},
		{"probability", "-round(", " / 3, 2)"},
	} {
		source := strings.Repeat(c.open, 18) + c.start + strings.Repeat(c.end, 18)
		x, err := compile(source, formula.AnyValue())
		if err != nil {
			t.Errorf("%s: %v", c.end, err)
			continue
		}
		parts := 0
		x.Walk(func(*formula.Expr) bool { parts++; return parts < 10_000 })
		if parts > 2*formula.MaxParts {
			t.Errorf("%s: more than %d parts to walk", c.end, parts)
			continue
		}
		if _, err := x.Eval(env(t), shop().record("deal", 1)); err != nil {
			t.Error(err)
		}
	}
}

// many is a world where every list has the same long run of records.
type many struct{ list []formula.Record }

func (m many) Get(string, int64) (formula.Record, bool)       { return formula.Record{ID: 1}, true }
func (m many) Inverse(string, string, int64) []formula.Record { return m.list }

func TestFuel(t *testing.T) {
	e := &formula.Env{World: many{make([]formula.Record, 1200)}}
	for source, enough := range map[string]bool{"count(items) = 1200": true, "count(items, count(record.items, any(record.items, false)) = 1) = 5": false, "sum(items, count(record.items)) = 1": false} {
		x, err := compile(source, formula.Condition())
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		got, err := x.Holds(e, formula.Record{ID: 1})
		if enough && (err != nil || !got) || !enough && (!fault.Is(err, fault.TooLarge) || fault.Of(err).Key != "formula.too_much_work" || got) {
			t.Errorf("%s: %v %v", source, got, err)
		}
		if spent := time.Since(start); spent > 5*time.Second {
			t.Errorf("%s: %v", source, spent)
		}
	}
}

func TestShortRecordsAndNoWorld(t *testing.T) {
	for source, want := range map[string]bool{"amount is empty": true, "company.name is empty": true, "any(items)": false, "me() is empty": true, "created = today()": false, "record is empty": true} {
		x, err := compile(source, formula.Condition())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := x.Holds(&formula.Env{}, formula.Record{}); err != nil || got != want {
			t.Errorf("%s: %v %v", source, got, err)
		}
	}
}

// TestOddMidnights compares moments with days where midnight is missing or comes twice, against the bounds that SQL takes.
func TestOddMidnights(t *testing.T) {
	for _, zone := range formulatest.Zones() {
		e := &formula.Env{Zone: zone}
		for d := calendar.Day(18000); d < 19800; d++ {
			from, to := e.DayBounds(int64(d))
			if from >= to || calendar.DayOf(time.UnixMicro(from), zone) != d || calendar.DayOf(time.UnixMicro(from-1), zone) >= d && d != calendar.DayOf(time.UnixMicro(from), zone) {
				t.Fatalf("%v day %d: %v to %v", zone, d, time.UnixMicro(from).In(zone), time.UnixMicro(to).In(zone))
			}
		}
	}
	zone := tehran(t)
	e := &formula.Env{Now: time.Date(2022, 3, 22, 12, 0, 0, 0, zone), Zone: zone}
	missing := time.Date(2022, 3, 21, 20, 30, 0, 0, time.UTC).UnixMicro() // 01:00 in Tehran, the first instant of 2022-03-22
	for source, want := range map[string]string{"created = today()": "011", "created >= today()": "011", "created < today()": "100", "created > daysAgo(1)": "011", "created <= daysAgo(1)": "100", "created != today()": "100"} {
		x, err := compile(source, formula.Condition())
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, m := range []int64{missing - 1, missing, missing + 1} {
			r := formula.Record{ID: 1, Values: make([]formula.Value, 6)}
			r.Values[5] = formula.Whole(m)
			holds, _ := x.Holds(e, r)
			got += map[bool]string{true: "1", false: "0"}[holds]
		}
		if got != want {
			t.Errorf("%s: %s, want %s", source, got, want)
		}
	}
}

func TestAt(t *testing.T) {
	e := env(t)
	for source, want := range map[string]formula.Value{"closes_on > today() - 2": day("2022-03-20"), "closes_on > '2022-01-01'": day("2022-01-01"), "created > now()": formula.Whole(e.Now.UnixMicro()), "probability = 2 + 3": formula.Whole(5)} {
		x, err := compile(source, formula.Condition())
		if err != nil {
			t.Fatal(err)
		}
		if right := x.Args[1]; !right.Fixed() || right.At(e) != want {
			t.Errorf("%s: %v, want %v", source, right.At(e), want)
		}
	}
	x, _ := compile("within(closes_on, 'this week')", formula.Condition())
	if from, to := x.Args[1].At(e), x.Args[2].At(e); from != day("2022-03-19") || to != day("2022-03-26") {
		t.Errorf("this week is %v to %v", from, to)
	}
}

func TestEnvRemembersManyDays(t *testing.T) {
	e := &formula.Env{Zone: tehran(t)}
	for d := range int64(500) {
		from, to := e.DayBounds(d)
		again, _ := e.DayBounds(d)
		next, _ := e.DayBounds(d + 1)
		if from != again || to != next {
			t.Fatalf("day %d: %d %d %d %d", d, from, to, again, next)
		}
	}
}

func TestUses(t *testing.T) {
	cases := map[string]string{
		"amount > 5 and amount < 9":                            "deal.amount",
		"company.parent.region = 'x'":                          "deal.company; company.parent via deal.company>; company.region via deal.company> company.parent>",
		"any(items, price > record.amount)":                    "item.deal via item.deal<; item.price via item.deal<; deal.amount",
		"sum(company.deals, amount, won) > 5":                  "deal.company; deal.company via deal.company> deal.company<; deal.won via deal.company> deal.company<; deal.amount via deal.company> deal.company<",
		"any(items, deal.company.active)":                      "item.deal via item.deal<; deal.company via item.deal< item.deal>; company.active via item.deal< item.deal> deal.company>",
		"old.amount = 5 and id = '#1' and today() = closes_on": "deal.amount; deal.closes_on",
		"within(closes_on, 'today')":                           "deal.closes_on",
	}
	for source, want := range cases {
		x, err := compile(source, formula.Condition())
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		var got []string
		for _, u := range x.Fields() {
			s := u.Object + "." + u.Field
			for i, h := range u.Hops {
				if i == 0 {
					s += " via"
				}
				s += " " + h.Object + "." + h.Field + map[bool]string{true: "<", false: ">"}[h.Back]
			}
			got = append(got, s)
		}
		if strings.Join(got, "; ") != want {
			t.Errorf("%s:\n got %s\nwant %s", source, strings.Join(got, "; "), want)
		}
	}
}
