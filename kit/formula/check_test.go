package formula_test

import (
	"slices"
	"strings"
	"testing"

	"ashna/kit/calendar"
	"ashna/kit/fault"
	"ashna/kit/formula"
	"ashna/kit/formula/formulatest"
)

// settings are those of the tests: ids are written "#5" here.
func settings() formula.Settings {
	return formula.Settings{BaseScale: 2, Old: true, ParseID: func(s string) (int64, bool) {
		if len(s) == 2 && s[0] == '#' {
			return int64(s[1] - '0'), true
		}
		return 0, false
	}}
}

func compile(source string, want formula.Want) (*formula.Expr, error) {
	return formula.Compile(formulatest.Shop(), "deal", source, want, settings())
}

var checkRefusals = []refusal{
	// names
	{"amont > 5", "formula.unknown_field_near", 1},
	{"x > 5", "formula.unknown_field", 1},
	{"company.nam = 'x'", "formula.unknown_field_near", 9},
	{"won and company.zzzzzz = 1", "formula.unknown_field", 17},
	{"items > 5", "formula.is_list", 1},
	{"company.deals = 5", "formula.is_list", 9},
	{"any(itms)", "formula.unknown_list", 5},
	{"any(amount)", "formula.not_list", 5},
	{"any(id)", "formula.not_list", 5},
	{"any(1 + 1)", "formula.needs_list", 7},
	{"any(record)", "formula.needs_list", 5},
	{"any(company.itms)", "formula.unknown_list", 13},
	{"fooo(1)", "formula.unknown_function", 1},
	{"cuont(items) = 1", "formula.unknown_function_near", 1},
	{"amount.x = 1", "formula.not_link", 8},
	{"about.name = 'x'", "formula.any_link", 7},
	{"company.parent.parent.parent.name = 'x'", "formula.too_many_steps", 30},
	{"today(1) = 2", "formula.arguments", 1},
	{"if(won, 1)", "formula.arguments", 1},
	{"empty() = 1", "formula.arguments", 1},
	{"between(1) = 1", "formula.arguments", 1},
	{"sum(items)", "formula.arguments", 1},
	// conditions
	{"amount", "formula.needs_condition", 1},
	{"amount and won", "formula.needs_condition", 1},
	{"not name", "formula.needs_condition", 5},
	{"'x'", "formula.needs_condition", 1},
	{"won or 5", "formula.needs_condition", 8},
	{"any(items, price)", "formula.needs_condition", 12},
	{"if(amount, 1, 2) = 1", "formula.needs_condition", 4},
	// comparisons
	{"name > 'x'", "formula.no_order", 6},
	{"won < true", "formula.no_order", 5},
	{"company >= company", "formula.no_order", 9},
	{"tags < tags", "formula.no_order", 6},
	{"empty < empty", "formula.no_order", 7},
	{"name = 5", "formula.types", 6},
	{"won = 'yes'", "formula.types", 5},
	{"amount = '5'", "formula.types", 8},
	{"closes_on = 5", "formula.types", 11},
	{"company = owner", "formula.types", 9},
	{"amount = probability", "formula.money_and_number", 8},
	{"tags = 'vip'", "formula.use_has", 6},
	{"'vip' != tags", "formula.use_has", 7},
	{"tags in ['vip']", "formula.use_has", 10},
	{"tags in [tags]", "formula.needs_fixed", 10},
	{"created > closes_on", "formula.fixed_day", 11},
	{"closes_on = created", "formula.fixed_day", 1},
	{"closes_on > '2026-13-01'", "formula.not_date", 13},
	{"closes_on = '2026-3-1'", "formula.not_date", 13},
	{"closes_on = '0000-01-01'", "formula.not_date", 13},
	{"closes_on = '2026-03-21T10:00:00Z'", "formula.not_date", 13},
	{"company = 'acme'", "formula.not_id", 11},
	{"stage = 'wonn'", "formula.unknown_choice", 9},
	{"stage in ['won', 'gone']", "formula.unknown_choice", 18},
	{"probability in [1, amount]", "formula.money_and_number", 20},
	{"probability in [1, score]", "formula.needs_fixed", 20},
	{"name in ['']", "formula.needs_fixed", 10},
	{"name in [empty]", "formula.needs_fixed", 10},
	{"created in [today()]", "formula.types", 13},
	{"name contains 5", "formula.needs_fixed", 15},
	{"name contains ''", "formula.needs_fixed", 15},
	{"name contains company.name", "formula.needs_fixed", 15},
	{"amount contains 'x'", "formula.needs", 1},
	{"tags startsWith 'x'", "formula.needs", 1},
	{"'x' is empty", "formula.needs_field", 1},
	{"empty(empty)", "formula.needs_field", 7},
	{"name between 'a' and 'b'", "formula.no_order", 6},
	{"created between closes_on and today()", "formula.fixed_day", 17},
	{"today() between created and now()", "formula.types", 17},
	{"amount between 5 and score", "formula.money_and_number", 8},
	{"tags between tags and tags", "formula.no_order", 6},
	// sets
	{"has(name, 'x')", "formula.needs", 5},
	{"has(tags, name)", "formula.needs_fixed", 11},
	{"has(tags, 'a|b')", "formula.not_member", 11},
	{"tags contains ' '", "formula.not_member", 15},
	// arithmetic
	{"amount * amount > 1", "formula.money_times_money", 8},
	{"5 / amount > 1", "formula.number_by_money", 3},
	{"amount + probability > 1", "formula.money_and_number", 8},
	{"name + 'x' = 'y'", "formula.types", 6},
	{"amount + empty > 1", "formula.empty_operand", 8},
	{"score % 2 = 1", "formula.whole_numbers", 7},
	{"amount % 2 = 1", "formula.whole_numbers", 8},
	{"closes_on + 0.5 = today()", "formula.whole_numbers", 13},
	{"closes_on + amount = today()", "formula.types", 11},
	{"closes_on + today() = today()", "formula.types", 11},
	{"created + 1 = now()", "formula.types", 9},
	{"5 + closes_on = today()", "formula.types", 3},
	{"closes_on - 'x' > 5", "formula.not_date", 13},
	{"-name = 'x'", "formula.needs", 1},
	{"score * score * score > 1", "formula.too_many_decimals", 15},
	{"score > 1.1234567", "formula.too_many_decimals", 9},
	{"score > 9223372036854775807", "formula.number_too_large", 9},
	{"score > 9223372036854775806", "formula.number_too_large", 9},
	{"probability > 99999999999999999999", "formula.number_too_large", 15},
	// functions
	{"coalesce(name, 5) = 'x'", "formula.types", 16},
	{"coalesce(created, today()) = now()", "formula.types", 19},
	{"coalesce(0, amount, score) = 1", "formula.money_and_number", 1},
	{"if(won, amount, score) = 1", "formula.money_and_number", 17},
	{"daysAgo(1.5) = today()", "formula.fixed_days", 9},
	{"daysAgo(probability) = today()", "formula.fixed_days", 9},
	{"daysAhead(100001) = today()", "formula.fixed_days", 11},
	{"daysAgo(-1) = today()", "formula.fixed_days", 9},
	{"year(created) = 2022", "formula.part_of_moment", 6},
	{"year(amount) = 2022", "formula.needs", 6},
	{"year(closes_on, 'lunar') = 1", "formula.calendar", 17},
	{"startOfYear(5) = today()", "formula.calendar", 13},
	{"within(closes_on, 'some day')", "formula.period", 19},
	{"within(closes_on, name)", "formula.period", 19},
	{"within(amount, 'today')", "formula.needs", 8},
	{"length(lower(name)) = 1", "formula.needs_field", 8},
	{"length(amount) = 1", "formula.needs", 8},
	{"lower(5) = 'x'", "formula.needs", 7},
	{"round(name) = 1", "formula.needs", 7},
	{"round(amount, probability) = 1", "formula.fixed_places", 15},
	{"round(amount, 9) = 1", "formula.fixed_places", 15},
	{"sum(items, note) = 1", "formula.needs", 12},
	{"avg(items, due) = 1", "formula.needs", 12},
	{"max(items, note) = 'x'", "formula.needs", 12},
	// lists
	{"any(items, any(deal.items, any(deal.items, any(deal.items))))", "formula.too_nested", 44},
	{strings.Repeat("any(items) or ", 8) + "any(items)", "formula.too_many_lists", 113},
	{"any(company.parent.parent.parent.deals)", "formula.too_many_steps", 34},
}

func TestCheckRefuses(t *testing.T) {
	for _, c := range checkRefusals {
		_, err := compile(c.source, formula.Condition())
		expect(t, c, err)
	}
}

// TestKeysAreComplete holds the published table of keys to the faults that really come: each has exactly its parameters.
func TestKeysAreComplete(t *testing.T) {
	table := map[string][]string{}
	for _, k := range formula.Keys() {
		if _, twice := table[k.Name]; twice || k.Model == "" {
			t.Errorf("%s is twice in the table, or has no sentence", k.Name)
		}
		table[k.Name] = k.Params
	}
	seen := map[string]bool{"formula.too_much_work": true, "formula.wrong_result": true}
	for _, c := range append(slices.Clone(parseRefusals), checkRefusals...) {
		_, err := compile(c.source, formula.Condition())
		one := fault.Of(err)
		if one == nil {
			continue // another test reports it
		}
		seen[one.Key] = true
		var got []string
		for name, v := range one.Params {
			if name != "column" {
				got = append(got, name)
			}
			if w, ok := v.(formula.Word); ok && table[w.MessageKey()] == nil && !hasKey(w.MessageKey()) {
				t.Errorf("%s: the word %s is not in the table", c.source, w)
			}
		}
		want := slices.Sorted(slices.Values(table[one.Key]))
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%.40s: %s has the parameters %v, the table says %v", c.source, one.Key, got, want)
		}
	}
	for name := range table {
		if !seen[name] && !strings.HasPrefix(name, "formula.kind.") {
			t.Errorf("no test gives %s", name)
		}
	}
}

func hasKey(name string) bool {
	return slices.ContainsFunc(formula.Keys(), func(k formula.Key) bool { return k.Name == name })
}

func TestFaultsNameTheirOperands(t *testing.T) {
	_, err := compile("amont > 5", formula.Condition())
	if one := fault.Of(err); one.Params["near"] != "amount" || one.Params["field"] != "amont" || one.Params["object"] != "deal" {
		t.Errorf("got %v", one)
	}
	_, err = compile("amount = name", formula.Condition())
	if one := fault.Of(err); one.Params["left"] != formula.Word("formula.kind.money") || one.Params["right"] != formula.Word("formula.kind.text") || one.Params["op"] != "=" {
		t.Errorf("got %v", one)
	}
}

// hidden is the shop without a field.
type hidden struct{ formulatest.Catalog }

func (h hidden) Field(object, name string) (formula.Field, bool) {
	if name == "amount" {
		return formula.Field{}, false
	}
	return h.Catalog.Field(object, name)
}

func (h hidden) Names(object string) []string {
	return slices.DeleteFunc(h.Catalog.Names(object), func(n string) bool { return n == "amount" })
}

func TestHiddenFieldIsAMissingOne(t *testing.T) {
	for _, name := range []string{"amount", "amounx"} {
		_, err := formula.Compile(hidden{formulatest.Shop()}, "deal", name+" > 5", formula.Condition(), settings())
		one := fault.Of(err)
		if one == nil || !strings.HasPrefix(one.Key, "formula.unknown_field") || one.Params["field"] != name || one.Params["near"] == "amount" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCheckAllGivesEveryFaultOnce(t *testing.T) {
	n, err := formula.Parse("x > 5 and name = 3 and won or y + z * 2 > 1 or any(items, q = 1 and price = 1) or name in [5, 'a', 6] or if(w, 1, 2) = 1")
	if err != nil {
		t.Fatal(err)
	}
	_, err = formula.CheckAll(formulatest.Shop(), "deal", n, formula.Condition(), settings())
	var got []string
	for _, one := range fault.All(err) {
		got = append(got, strings.TrimPrefix(one.Key, "formula."))
	}
	want := "unknown_field types unknown_field unknown_field unknown_field types unknown_field"
	if strings.Join(got, " ") != want {
		t.Errorf("got %s\nwant %s", strings.Join(got, " "), want)
	}
	many, _ := formula.Parse(strings.TrimSuffix(strings.Repeat("q = 1 or ", 40), " or "))
	if _, err = formula.CheckAll(formulatest.Shop(), "deal", many, formula.Condition(), settings()); len(fault.All(err)) != formula.MaxFaults {
		t.Errorf("%d faults", len(fault.All(err)))
	}
	good, _ := formula.Parse("won")
	if e, err := formula.CheckAll(formulatest.Shop(), "deal", good, formula.Condition(), settings()); err != nil || e == nil {
		t.Errorf("a good formula: %v", err)
	}
}

func TestAccepts(t *testing.T) {
	for _, source := range []string{
		"amount > 1000 and company.region in [\"Tehran\", \"Baku\"] and closes_on < daysAgo(30)",
		"amount between 5_000 and 20_000 and not (name contains «آزمایش»)", "won is empty and closes_on < today()", "created = today()",
		`count(items, price > 5 and due >= startOfYear("jalali")) = 0`, `coalesce(name, company.name) = "تهران"`, "sum(items, price, quantity > 1) >= 0.8 * amount",
		"any(items, price > record.amount)", "if(company.active, amount * probability / 100, 0.00) > 5", "company.parent.name != company.name",
		"old.stage = stage", "id = '#5'", "company.id = company", "record = id", "owner = me()", "owner in [me(), '#3']", "about = company", "tags = old.tags", "tags contains 'vip'",
		"created > '2026-03-21'", "created >= '2026-03-21T10:00:00+03:30'", "created between '2026-03-01' and today() - 1", "closes_on = '۲۰۲۶-۰۳-۲۱'", "closes_on - '2026-03-21' > 5",
		"'2026-03-21' - closes_on > 5", "within(created, 'this month')", "max(items, due) < today()", "avg(items, price) > 10", "amount = empty", "empty = name", "'x' = name",
		"coalesce(empty, 'x', name) = 'y'", "won = (amount > 5)", "stage = 'WON'", "stage != empty", "any(record.items)", "any(old.items)", "any(company.parent.parent.deals)",
		"round(amount / 3) = round(score, 1) * amount", "1 = 1", "'a' in ['A']", "day(closes_on, 'jalali') = 1", "amount * 0.8 > 5 / 2",
	} {
		if _, err := compile(source, formula.Condition()); err != nil {
			t.Errorf("%s: %v", source, err)
		}
	}
}

func TestOldNeedsPermission(t *testing.T) {
	s := settings()
	s.Old = false
	_, err := formula.Compile(formulatest.Shop(), "deal", "old.stage = stage", formula.Condition(), s)
	if fault.Of(err) == nil || fault.Of(err).Key != "formula.unknown_field" {
		t.Errorf("got %v", err)
	}
}

func TestWant(t *testing.T) {
	number := func(scale int, money bool) formula.Type {
		return formula.Type{Kind: formula.Number, Scale: scale, Money: money}
	}
	cases := []struct {
		source string
		want   formula.Type
		key    string
	}{
		{"amount * probability / 100", number(2, true), ""},
		{"5", number(2, true), ""},
		{"0.555", number(2, true), ""},
		{"score", number(0, false), ""},
		{"probability", number(2, false), ""},
		{"empty", number(2, true), ""},
		{"probability", number(2, true), "formula.wrong_result"},
		{"amount", number(2, false), "formula.wrong_result"},
		{"name", number(0, false), "formula.wrong_result"},
		{"'x'", formula.Type{Kind: formula.Text}, ""},
		{"'2026-03-21'", formula.Type{Kind: formula.Date}, ""},
		{"'x'", formula.Type{Kind: formula.Date}, "formula.not_date"},
		{"closes_on", formula.Type{Kind: formula.Moment}, "formula.wrong_result"},
		{"company", formula.Type{Kind: formula.Link, To: "company"}, ""},
		{"owner", formula.Type{Kind: formula.Link, To: "company"}, "formula.wrong_result"},
		{"won", formula.Type{Kind: formula.Bool}, ""},
		{"5", formula.Type{Kind: formula.Bool}, "formula.needs_condition"},
		{"empty", formula.Type{Kind: formula.Bool}, ""},
		{"tags", formula.Type{Kind: formula.Set}, ""},
		{"x + 1", number(0, false), "formula.unknown_field"},
	}
	for _, c := range cases {
		e, err := compile(c.source, formula.Of(c.want))
		switch {
		case c.key != "" && (fault.Of(err) == nil || fault.Of(err).Key != c.key):
			t.Errorf("%s as %v: %v, want %s", c.source, c.want, err, c.key)
		case c.key == "" && err != nil:
			t.Errorf("%s as %v: %v", c.source, c.want, err)
		case c.key == "" && c.want.Kind == formula.Number && e.Type != c.want:
			t.Errorf("%s as %v: has type %v", c.source, c.want, e.Type)
		}
	}
}

func TestTypes(t *testing.T) {
	cases := map[string]formula.Type{
		"amount * 0.5":             {Kind: formula.Number, Scale: 3, Money: true},
		"amount / amount":          {Kind: formula.Number, Scale: 4},
		"amount / 2":               {Kind: formula.Number, Scale: 4, Money: true},
		"probability + 0.125":      {Kind: formula.Number, Scale: 3},
		"closes_on - today()":      {Kind: formula.Number},
		"closes_on + 1":            {Kind: formula.Date},
		"'x'":                      {Kind: formula.Text},
		"avg(items, price)":        {Kind: formula.Number, Scale: 4, Money: true},
		"max(items, sent)":         {Kind: formula.Moment},
		"count(items)":             {Kind: formula.Number},
		"round(amount / 3)":        {Kind: formula.Number, Scale: 2, Money: true},
		"round(score, 1)":          {Kind: formula.Number, Scale: 1},
		"round(score, 5)":          {Kind: formula.Number, Scale: 3},
		"coalesce(amount, 0.125)":  {Kind: formula.Number, Scale: 3, Money: true},
		"if(won, 1, 0.5)":          {Kind: formula.Number, Scale: 1},
		"coalesce(about, company)": {Kind: formula.Link},
		"me()":                     {Kind: formula.Link, To: "user"},
		"record":                   {Kind: formula.Link, To: "deal"},
		"lower(stage)":             {Kind: formula.Text, Choice: true},
		"coalesce(stage, name)":    {Kind: formula.Text},
		"2 * 3.5":                  {Kind: formula.Number, Scale: 1},
	}
	for source, want := range cases {
		e, err := compile(source, formula.AnyValue())
		if err != nil || e.Type != want {
			t.Errorf("%s: %v (%v), want %v", source, e, err, want)
		}
	}
}

// TestTree looks at what a compiler to SQL needs to know.
func TestTree(t *testing.T) {
	e, err := compile("company.owner.name = 'x'", formula.Condition())
	if err != nil {
		t.Fatal(err)
	}
	path := e.Args[0]
	var objects []string
	for _, s := range path.Steps {
		objects = append(objects, s.Object+"."+s.Field.Name)
	}
	if e.Op != formula.OpEqual || strings.Join(objects, " ") != "deal.company company.owner user.name" || path.Level != 0 || path.Fixed() || !e.Args[1].Fixed() || !e.Args[1].IsLiteral() {
		t.Errorf("path %v, %+v", objects, e)
	}
	e, err = compile("any(company.deals, amount > record.amount) and any(items, price > 5)", formula.Condition())
	if err != nil {
		t.Fatal(err)
	}
	a, b := e.Args[0].Loop, e.Args[1].Loop
	if a.Owner != "company" || a.Name != "deals" || a.List != (formula.List{Object: "deal", Field: "company"}) || a.Level != 1 || len(a.Base.Steps) != 2 || a.Base.Steps[1].Field.Index != formula.IDIndex {
		t.Errorf("loop %+v", a)
	}
	if !a.Where.Outer(1) || b.Where.Outer(1) || b.What.Outer(1) || b.Base.Level != 0 || len(b.Base.Steps) != 1 {
		t.Errorf("outer is wrong: %+v %+v", a, b)
	}
	e, err = compile("created > today() - 2 * 3", formula.Condition())
	if err != nil || !e.Args[1].Fixed() || e.Args[1].IsLiteral() || !e.Args[1].Args[1].IsLiteral() || e.Args[1].Args[1].Const.Value.Int != 6 {
		t.Errorf("fixed day: %+v %v", e, err)
	}
	e, _ = compile("stage != 'Won'", formula.Condition())
	if e.Op != formula.OpNot || e.Args[0].Op != formula.OpEqual || e.Args[0].Args[1].Const.Value.Text != "won" {
		t.Errorf("not equal: %+v", e)
	}
	e, _ = compile("has(tags, 'VIP')", formula.Condition())
	if e.Op != formula.OpHas || e.Args[1].Const.Value.Text != "|vip|" {
		t.Errorf("has: %+v", e)
	}
	e, _ = formula.Compile(formulatest.Shop(), "deal", "year(closes_on)", formula.AnyValue(), formula.Settings{Calendar: calendar.Jalali})
	if e.Calendar != calendar.Jalali {
		t.Errorf("calendar: %+v", e)
	}
}

func TestFunctionsAreListed(t *testing.T) {
	names := formula.Functions()
	if !slices.IsSorted(names) || len(names) != 25 {
		t.Errorf("%d functions: %v", len(names), names)
	}
	for _, p := range formula.Periods() {
		if _, err := compile("within(closes_on, '"+p+"')", formula.Condition()); err != nil {
			t.Errorf("%s: %v", p, err)
		}
	}
}
