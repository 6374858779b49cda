package formula_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ashna/kit/fault"
	"ashna/kit/formula"
	"ashna/kit/formula/formulatest"
)

// law is two spellings that mean the same, with random parts in the places of {c} and {d} (conditions), {n}, {m} and {k} (numbers), and
// {p} and {q} (dates) of a deal, and {i}, {j} (a condition and a number) of an item.
type law struct{ one, other string }

var laws = []law{
	{"not ({c} and {d})", "not ({c}) or not ({d})"}, {"not ({c} or {d})", "not ({c}) and not ({d})"}, {"not not ({c})", "({c})"}, {"({c}) and ({d})", "({d}) and ({c})"},
	{"({c}) or ({d})", "({d}) or ({c})"}, {"({c}) and ({c} or {d})", "({c})"}, {"({c}) or not ({c})", "true"}, {"({c}) and not ({c})", "false"},
	{"(not not ({c})) = (not not ({d}))", "({c}) and ({d}) or not ({c}) and not ({d})"}, {"({c}) != ({d})", "not (({c}) = ({d}))"}, {"(not not ({c})) != true", "not ({c})"},
	{"{n} != {m}", "not ({n} = {m})"}, {"{n} > {m}", "{m} < {n}"}, {"{n} >= {m}", "{m} <= {n}"}, {"{n} = {m}", "{m} = {n}"},
	{"{n} <= {m}", "{n} < {m} or {n} = {m} and {n} is not empty"}, {"{n} < {m} or {n} = {m} or {n} > {m}", "({n} is empty) = ({m} is empty)"},
	{"{n} between {m} and {k}", "{n} >= {m} and {n} <= {k}"}, {"{n} not between {m} and {k}", "not ({n} >= {m} and {n} <= {k})"}, {"{n} in {m} .. {k}", "{n} between {m} and {k}"},
	{"{n} between {n} and {n}", "{n} is not empty"}, {"{p} between {q} and {p}", "{q} <= {p}"}, {"{p} > {q}", "not ({p} <= {q}) and {p} is not empty and {q} is not empty"},
	{"{n} in [1, 2.5, -7]", "{n} = 1 or {n} = 2.5 or {n} = -7"}, {"{n} not in [0, 40]", "not ({n} = 0 or {n} = 40)"}, {"{n} is empty", "{n} = empty"}, {"{n} is not empty", "{n} = {n} and {n} != empty"},
	{"{n} + {m} = {k}", "{m} + {n} = {k}"}, {"{n} * {m} = {k}", "{m} * {n} = {k}"}, {"{n} - {m} = {k}", "{n} + -{m} = {k}"}, {"-(-{n}) = {m}", "{n} = {m}"}, {"{n} - {n} = 0", "{n} is not empty"},
	{"{n} + 0 = {m}", "{n} = {m}"}, {"{n} * 1 = {m}", "{n} = {m}"}, {"{n} / 0 is empty", "true"}, {"coalesce({n}, {m}) = {k}", "if({n} is empty, {m}, {n}) = {k}"},
	{"coalesce({n}, {n}) = {m}", "{n} = {m}"}, {"if({c}, {n}, {m}) = {k}", "({c}) and {n} = {k} or not ({c}) and {m} = {k}"}, {"if({c}, {d}, not ({d}))", "(not not ({c})) = (not not ({d}))"},
	{"if({c}, {n}, {n}) = {m}", "{n} = {m}"}, {"if(not ({c}), {n}, {m}) = {k}", "if({c}, {m}, {n}) = {k}"}, {"round(round({n}, 2), 2) = {m}", "round({n}, 2) = {m}"},
	{"round(-{n}, 1) = {m}", "-round({n}, 1) = {m}"}, {"any(items, {i})", "count(items, {i}) > 0"}, {"any(items)", "any(items, true)"}, {"any(items, false)", "false"},
	{"count(items, {i}) + count(items, not ({i}))", "count(items)"}, {"not any(items, not ({i}))", "count(items, {i}) = count(items)"}, {"any(items, {i} or {h})", "any(items, {i}) or any(items, {h})"},
	{"min(items, {j}) = {n}", "-max(items, -{j}) = {n}"}, {"min(items, {j}) <= max(items, {j})", "any(items, {j} is not empty)"}, {"max(items, {j}, {i}) is empty", "not any(items, ({i}) and {j} is not empty)"},
	{"sum(items, {j}, {i}) = 0 and not any(items, {i})", "not any(items, {i})"}, {"count(items, {c:record})", "if({c}, count(items), 0)"}, {"any(record.items, {i})", "any(items, {i})"},
	{"name startsWith 'a' and name contains 'a'", "name startsWith 'a'"}, {"name endsWith 'b' and not name contains 'b'", "false"}, {"lower(lower(name)) = name", "true"},
	{"lower(name) = 'TEHRAN'", "name = 'tehran'"}, {"name in ['Tehran', 'کرمان']", "name = 'tehran' or name = 'كرمان'"}, {"tags contains 'ab'", "has(tags, 'AB')"}, {"name = ''", "name is empty"},
	{"length(name) >= 1", "name is not empty"}, {"closes_on + 1 > closes_on", "closes_on + 1 is not empty"}, {"closes_on - 7 = {p}", "closes_on + -7 = {p}"}, {"{p} - {q} > 0", "{p} > {q}"},
	{"created >= today() and created <= today()", "created = today()"}, {"created > today()", "created >= today() + 1"}, {"created < daysAgo(1)", "created <= daysAgo(2)"},
	{"created between daysAgo(3) and today()", "created >= daysAgo(3) and created <= today()"}, {"within(created, 'today')", "created = today()"}, {"within(closes_on, 'yesterday')", "closes_on = daysAgo(1)"},
	{"within(closes_on, 'this month')", "closes_on >= startOfMonth() and month(closes_on) = month(today()) and year(closes_on) = year(today())"}, {"company.id = company", "company = company.id"},
	{"record.name = name", "true"}, {"record = id", "true"}, {"company.parent.name is empty", "empty(company.parent.name)"}, {"owner = me()", "me() = owner"},
}

// TestLaws evaluates both spellings of each law with random parts over random records.
func TestLaws(t *testing.T) {
	catalog := formulatest.Shop()
	for number, l := range laws {
		g := formulatest.New(catalog, uint64(500+number))
		w := formulatest.NewWorld(g.Rand, catalog, map[string]int{"company": 6, "deal": 14, "item": 26, "user": 3})
		tame(w, catalog)
		e := &formula.Env{Now: time.Date(2022, 3, 22, 21, 10, 0, 0, time.UTC), Zone: tehran(t), WeekStart: time.Saturday, Me: 2, World: w}
		held, tried := 0, 0
		for tried < 400 && held < 25 {
			tried++
			one, other := filled(g, l, tried%3)
			if strings.Contains(one+other, "000000000") || strings.Contains(one+other, "9223372036854775806") {
				continue
			}
			a, err := compile(one, formula.AnyValue())
			if err != nil {
				continue
			}
			b, err := compile(other, formula.AnyValue())
			if err != nil {
				continue
			}
			held++
			for _, r := range w.Records("deal") {
				x, _ := a.Eval(e, r)
				y, _ := b.Eval(e, r)
				if a.Type.Kind == formula.Bool && x.Holds() == y.Holds() {
					continue // an empty yes or no counts as no
				}
				if x != y {
					t.Errorf("deal %d: %s is %v, but %s is %v", r.ID, one, x, other, y)
					held = 1000
					break
				}
			}
		}
		if held < 10 {
			_, err := compile(l.one, formula.AnyValue())
			t.Errorf("%s and %s are compared only %d times: %v", l.one, l.other, held, err)
		}
	}
}

// tame makes the numbers of a world small, because a number that leaves its range is empty in one spelling and not in the other.
func tame(w *formulatest.World, catalog formulatest.Catalog) {
	for _, object := range catalog.Objects() {
		for _, r := range w.Records(object) {
			for _, f := range formulatest.Fields(catalog, object) {
				if v := &r.Values[f.Index]; f.Type.Kind == formula.Number {
					v.Int %= 1_000_000
				}
			}
		}
	}
}

// filled puts the same random parts into both spellings.
func filled(g *formulatest.Generator, l law, depth int) (one, other string) {
	condition := g.Condition("deal", depth)
	parts := []string{
		"{c:record}", condition, "{c}", condition, "{d}", g.Condition("deal", depth), "{n}", g.Number("deal", 0), "{m}", g.Number("deal", 0), "{k}", g.Number("deal", 0),
		"{p}", g.Date("deal", depth), "{q}", g.Date("deal", 0), "{i}", g.Condition("item", depth), "{h}", g.Condition("item", 0), "{j}", g.Number("item", 0),
	}
	if strings.Contains(l.one, "{c:record}") {
		parts[1], parts[3] = "record.won", "won"
	}
	replace := strings.NewReplacer(parts...)
	return replace.Replace(l.one), replace.Replace(l.other)
}

// sides are fields of a deal, one of each type, and what the checker is to make of a pair of them.
var sides = map[string]formula.Type{
	"name": {Kind: formula.Text}, "stage": {Kind: formula.Text, Choice: true}, "amount": {Kind: formula.Number, Scale: 2, Money: true}, "probability": {Kind: formula.Number},
	"score": {Kind: formula.Number, Scale: 3}, "closes_on": {Kind: formula.Date}, "created": {Kind: formula.Moment}, "company": {Kind: formula.Link, To: "company"},
	"owner": {Kind: formula.Link, To: "user"}, "about": {Kind: formula.Link}, "won": {Kind: formula.Bool}, "tags": {Kind: formula.Set},
}

// expected says how a pair of fields stands together in an operation: "" when it does, else the key of the fault.
func expected(op string, a, b formula.Type) string {
	number := a.Kind == formula.Number && b.Kind == formula.Number
	mixed := number && a.Money != b.Money
	switch op {
	case "+", "-", "*", "/", "%":
		return expectedSum(op, a, b, number, mixed)
	case "contains", "startsWith", "endsWith":
		if a.Kind == formula.Text || a.Kind == formula.Set && op == "contains" {
			return "formula.needs_fixed"
		}
		return "formula.needs"
	}
	links := a.Kind == formula.Link && b.Kind == formula.Link && (a.To == b.To || a.To == "" || b.To == "")
	dated := a.Kind == formula.Moment && b.Kind == formula.Date || a.Kind == formula.Date && b.Kind == formula.Moment
	switch {
	case mixed:
		return "formula.money_and_number"
	case dated:
		return "formula.fixed_day"
	case a.Kind != b.Kind || a.Kind == formula.Link && !links:
		return "formula.types"
	case op != "=" && op != "!=" && !number && a.Kind != formula.Date && a.Kind != formula.Moment:
		return "formula.no_order"
	}
	return ""
}

func expectedSum(op string, a, b formula.Type, number, mixed bool) string {
	switch {
	case op == "-" && a.Kind == formula.Date && b.Kind == formula.Date:
		return ""
	case (op == "+" || op == "-") && a.Kind == formula.Date && b.Kind == formula.Number && !b.Money:
		if b.Scale > 0 {
			return "formula.whole_numbers"
		}
		return ""
	case !number:
		return "formula.types"
	case op == "*" && a.Money && b.Money:
		return "formula.money_times_money"
	case op == "/" && b.Money && !a.Money:
		return "formula.number_by_money"
	case op == "%" && (a.Scale+b.Scale > 0):
		return "formula.whole_numbers"
	case mixed && (op == "+" || op == "-"):
		return "formula.money_and_number"
	}
	return ""
}

// TestEveryPairOfTypes holds each operator with each pair of types to the rules above, which share nothing with the checker.
func TestEveryPairOfTypes(t *testing.T) {
	taken := 0
	for _, op := range []string{"=", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "contains", "startsWith", "endsWith"} {
		for left, a := range sides {
			for right, b := range sides {
				source := fmt.Sprintf("%s %s %s", left, op, right)
				got := ""
				if _, err := compile(source, formula.AnyValue()); err != nil {
					got = fault.Of(err).Key
				} else {
					taken++
				}
				if want := expected(op, a, b); got != want {
					t.Errorf("%s: %q, want %q", source, got, want)
				}
			}
		}
	}
	if taken < 90 {
		t.Errorf("only %d pairs are taken", taken)
	}
}

// TestEmptyBesideEveryType compares each type with empty and with a field of its own that is empty.
func TestEmptyBesideEveryType(t *testing.T) {
	e := env(t)
	for name := range sides {
		for source, want := range map[string]bool{
			name + " = empty": true, "empty = " + name: true, name + " != empty": false, name + " is empty": true, name + " = " + name: true, name + " is not empty": false,
			"coalesce(" + name + ", " + name + ") is empty": true, "if(true, " + name + ", " + name + ") is empty": true,
		} {
			x, err := compile(source, formula.Condition())
			if err != nil {
				t.Errorf("%s: %v", source, err)
				continue
			}
			if got, _ := x.Holds(e, formula.Record{ID: 9}); got != want {
				t.Errorf("%s of an empty record: %v", source, got)
			}
		}
	}
}

// TestArityOfEveryFunction calls each function with every number of arguments up to twelve.
func TestArityOfEveryFunction(t *testing.T) {
	arity := map[string][2]int{
		"any": {1, 2}, "count": {1, 2}, "sum": {2, 3}, "min": {2, 3}, "max": {2, 3}, "avg": {2, 3}, "coalesce": {2, 10}, "if": {3, 3}, "empty": {1, 1}, "between": {3, 3}, "within": {2, 2},
		"has": {2, 2}, "length": {1, 1}, "lower": {1, 1}, "round": {1, 2}, "year": {1, 2}, "month": {1, 2}, "day": {1, 2}, "now": {0, 0}, "today": {0, 0}, "me": {0, 0},
		"daysAgo": {1, 1}, "daysAhead": {1, 1}, "startOfMonth": {0, 1}, "startOfYear": {0, 1},
	}
	if len(arity) != len(formula.Functions()) {
		t.Errorf("functions: %q", formula.Functions())
	}
	for _, name := range formula.Functions() {
		limits, known := arity[name]
		if !known {
			t.Errorf("%s() is not in the table", name)
		}
		for n := range 13 {
			source := "   " + name + "(" + strings.TrimSuffix(strings.Repeat("name, ", n), ", ") + ")"
			_, err := compile(source, formula.AnyValue())
			one := fault.Of(err)
			refused := one != nil && one.Key == "formula.arguments"
			if refused != (n < limits[0] || n > limits[1]) {
				t.Errorf("%s: %v", source, err)
			}
			if refused && (one.Params["column"] != 4 || one.Params["name"] != name || one.Params["min"] != limits[0] || one.Params["max"] != limits[1] || one.Params["n"] != n) {
				t.Errorf("%s: %v", source, one)
			}
		}
		for _, typo := range []string{name + "x", name[:len(name)-1], "x" + name} {
			_, err := compile(typo+"(name)", formula.AnyValue())
			if one := fault.Of(err); one == nil || len(name) > 3 && one.Key != "formula.unknown_function_near" || !strings.HasPrefix(one.Key, "formula.unknown_function") {
				t.Errorf("%s(): %v", typo, err)
			}
		}
	}
}

// TestPeriodsMeet holds the periods to each other: the last ends where this begins, this where the next begins, and shorter ones lie in
// longer ones, on every day of two years in both calendars.
func TestPeriodsMeet(t *testing.T) {
	bounds := func(e *formula.Env, period string) (from, to int64) {
		x, err := compile("within(closes_on, '"+period+"')", formula.Condition())
		if err != nil {
			t.Fatal(err)
		}
		return x.Args[1].At(e).Int, x.Args[2].At(e).Int
	}
	seen := map[string]bool{"today": true, "yesterday": true, "tomorrow": true}
	for day := 0; day < 730; day += 3 {
		e := &formula.Env{Now: time.Date(2023, 12, 30+day, 12, 0, 0, 0, time.UTC), WeekStart: time.Weekday(day % 7)}
		today, tomorrow := bounds(e, "today")
		if before, end := bounds(e, "yesterday"); end != today || before != today-1 || tomorrow != today+1 {
			t.Fatalf("day %d: yesterday is %d to %d, today %d to %d", day, before, end, today, tomorrow)
		}
		if from, to := bounds(e, "tomorrow"); from != tomorrow || to != tomorrow+1 {
			t.Fatalf("day %d: tomorrow is %d to %d", day, from, to)
		}
		for unit, lengths := range map[string][2]int64{"week": {7, 7}, "month": {28, 31}, "quarter": {90, 92}, "year": {365, 366}} {
			_, last := bounds(e, "last "+unit)
			from, to := bounds(e, "this "+unit)
			next, end := bounds(e, "next_"+unit)
			seen["last "+unit], seen["this "+unit], seen["next "+unit] = true, true, true
			if last != from || to != next || today < from || today >= to || to-from < lengths[0] || to-from > lengths[1] || end-next < lengths[0] || end-next > lengths[1] {
				t.Fatalf("day %d: last %s ends %d, this is %d to %d, next %d to %d", today, unit, last, from, to, next, end)
			}
		}
	}
	for _, name := range formula.Periods() {
		if !seen[name] {
			t.Errorf("the period %s is not looked at", name)
		}
	}
}
