package formula_test

import (
	"strings"
	"testing"
	"time"

	"ashna/kit/fault"
	"ashna/kit/formula"
	"ashna/kit/formula/formulatest"
)

// TestCanonical holds every construct and spelling of the grammar to its tree, seen through its one canonical text.
func TestCanonical(t *testing.T) {
	cases := []struct{ source, want string }{
		// spellings
		{"a=1", "a = 1"},
		{"a == 1", "a = 1"},
		{"a <> 1", "a != 1"},
		{"a≠1", "a != 1"},
		{"a ≤ 1", "a <= 1"},
		{"a ≥ 1", "a >= 1"},
		{"a && b || !c", "a and b or not c"},
		{"a = nil", "a = empty"},
		{"a is nil", "a is empty"},
		{"a is not nil", "a is not empty"},
		{"if(a، b، c)", "if(a, b, c)"},
		{"empty(a)", "a is empty"},
		{"not empty(a)", "a is not empty"},
		{"between(a, 1, 2)", "a between 1 and 2"},
		{"a in 1 .. 5", "a between 1 and 5"},
		{"a in 1..5", "a between 1 and 5"},
		{"a not in 1..5", "a not between 1 and 5"},
		{"a in ['x', «y», “z”]", `a in ["x", "y", "z"]`}, {"a not in [1,2]", "a not in [1, 2]"},
		{"not (a in [1])", "a not in [1]"},
		// texts
		{`a = "say \"hi\""`, `a = "say \"hi\""`}, {`a = 'it\'s'`, `a = "it's"`}, {`a = "back\\slash"`, `a = "back\\slash"`},
		{"name contains «آزمایش»", `name contains "آزمایش"`}, {`a = ""`, `a = ""`}, {"a = 'x\ny'", "a = \"x\ny\""},
		// numbers
		{"a = ۱۰۰۰", "a = 1000"},
		{"a = ١٢٫٥", "a = 12.5"},
		{"a = 5_000", "a = 5000"},
		{"a = ۵٬۰۰۰", "a = 5000"},
		{"a = 007", "a = 7"},
		{"a = 0.50", "a = 0.50"},
		{"a = 00", "a = 0"},
		{"a = -5", "a = -5"},
		{"a = --5", "a = --5"},
		// precedence
		{"not a > 5", "not a > 5"},
		{"not (a > 5)", "not a > 5"},
		{"(not a) = b", "(not a) = b"},
		{"not a and b", "not a and b"},
		{"not (a and b)", "not (a and b)"},
		{"a or b and c", "a or b and c"},
		{"(a or b) and c", "(a or b) and c"},
		{"a + b * c", "a + b * c"},
		{"(a + b) * c", "(a + b) * c"},
		{"a - (b - c)", "a - (b - c)"},
		{"(a - b) - c", "a - b - c"},
		{"-a * b", "-a * b"},
		{"-(a * b)", "-(a * b)"},
		{"a + 1 > b - 1", "a + 1 > b - 1"},
		{"(a = b) = c", "(a = b) = c"},
		{"a = (b = c)", "a = (b = c)"},
		{"a between 1 + 1 and 5 and b", "a between 1 + 1 and 5 and b"},
		{"(a is empty) is empty", "(a is empty) is empty"},
		{"not not a", "not not a"},
		{"a and (b and c)", "a and (b and c)"},
		{"not a is empty", "a is not empty"},
		{"between(a, b or c, 2)", "a between (b or c) and 2"},
		{"a not contains 'x' or b", `a not contains "x" or b`},
		// paths and calls
		{"record.a.b > c . d", "record.a.b > c.d"},
		{"f()", "f()"},
		{"f(a, g(b))", "f(a, g(b))"},
		{"قیمت > 5", "قیمت > 5"},
		{"a1_b = 2", "a1_b = 2"},
		{"true != false", "true != false"},
		{"empty(a, b)", "empty(a, b)"},
		{"a in [(1 = 2), -3, b + 1]", "a in [(1 = 2), -3, b + 1]"},
	}
	for _, c := range cases {
		n, err := formula.Parse(c.source)
		if err != nil {
			t.Errorf("%s: %v", c.source, err)
			continue
		}
		if got := n.String(); got != c.want {
			t.Errorf("%s: prints %s, want %s", c.source, got, c.want)
		}
		again, err := formula.Parse(n.String())
		if err != nil || !again.Equal(n) {
			t.Errorf("%s: %s parses to another tree (%v)", c.source, n, err)
		}
	}
}

// refusal is a source and the fault it must give.
type refusal struct {
	source string
	key    string
	column int
}

// parseRefusals are the mistakes of form. Columns count characters, not bytes.
var parseRefusals = []refusal{
	{"", "formula.nothing", 1},
	{"  \n", "formula.nothing", 1},
	{"(a = 1", "formula.open_bracket", 1},
	{"نام = (a + 1", "formula.open_bracket", 7},
	{"a in [1, 2", "formula.open_bracket", 6},
	{"count(deals", "formula.open_bracket", 6},
	{"a = 1)", "formula.unexpected", 6},
	{"a b", "formula.unexpected", 3},
	{"a = and", "formula.unexpected", 5},
	{"نام نام", "formula.unexpected", 5},
	{"a = not b", "formula.unexpected", 5},
	{"a.5", "formula.unexpected", 3},
	{"a.and = 1", "formula.unexpected", 3},
	{"f(a,)", "formula.unexpected", 5},
	{"f(,a)", "formula.unexpected", 3},
	{"(a, b)", "formula.unexpected", 3},
	{"* 3", "formula.unexpected", 1},
	{"a in [1,]", "formula.unexpected", 9},
	{"a not = b", "formula.unexpected", 3},
	{"a not is empty", "formula.unexpected", 3},
	{"contains(a, 'x')", "formula.unexpected", 1},
	{"between", "formula.unexpected", 1},
	{"a = 'x' 'y'", "formula.unexpected", 9},
	{"a 'and' b", "formula.unexpected", 3},
	{"1 2", "formula.unexpected", 3},
	{"- not a", "formula.unexpected", 3},
	{"a =", "formula.unexpected_end", 4},
	{"not", "formula.unexpected_end", 4},
	{"a.", "formula.unexpected_end", 3},
	{"a is", "formula.unexpected_end", 5},
	{"a between 1", "formula.unexpected_end", 12},
	{"a not", "formula.unexpected", 3},
	{"a is full", "formula.expected", 6},
	{"a between 1 or 2", "formula.expected", 13},
	{"a = 'x", "formula.unclosed_text", 5},
	{"a = «x\"", "formula.unclosed_text", 5},
	{`a = "x\`, "formula.unclosed_text", 5},
	{`«آ» = "`, "formula.unclosed_text", 7},
	{"a = #", "formula.character", 5},
	{"a; b", "formula.character", 2},
	{"a & b", "formula.character", 3},
	{"5a", "formula.character", 2},
	{"5_", "formula.character", 2},
	{"a = 'x\x00'", "formula.character", 7},
	{"1e5", "formula.character", 2},
	{"0x1F", "formula.character", 2},
	{"a[0]", "formula.list_place", 2},
	{"1 < a < 5", "formula.chained", 7},
	{"a = b = c", "formula.chained", 7},
	{"a is empty is empty", "formula.chained", 12},
	{"a = b in [c]", "formula.chained", 7},
	{"[1] = a", "formula.list_place", 1},
	{"a = [1]", "formula.list_place", 5},
	{"a in 5", "formula.in_needs_list", 6},
	{"a in []", "formula.in_needs_list", 6},
	{"a = '\xff'", "formula.not_text", 1},
	{"a in [" + strings.Repeat("1,", 200) + "1]", "formula.too_many_members", 6},
	{strings.Repeat("(", 41) + "a" + strings.Repeat(")", 41), "formula.too_deep", 41},
	{strings.Repeat("a or ", 150) + "a", "formula.too_many_parts", 748},
	{"a" + strings.Repeat(".a", 300), "formula.too_many_parts", 601},
	{strings.Repeat(" ", 4001), "formula.too_long", 4001},
}

func expect(t *testing.T, c refusal, err error) {
	t.Helper()
	one := fault.Of(err)
	switch {
	case one == nil:
		t.Errorf("%.60s: error %v, want %s", c.source, err, c.key)
	case one.Key != c.key || one.Params["column"] != c.column || one.Kind != fault.Invalid:
		t.Errorf("%.60s: %v, want %s at column %d", c.source, one, c.key, c.column)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range parseRefusals {
		_, err := formula.Parse(c.source)
		expect(t, c, err)
	}
}

// TestHostile gives sources made to exhaust a parser or a checker; each must end in a message at once.
func TestHostile(t *testing.T) {
	sources := map[string]string{
		"brackets":        strings.Repeat("(", 1000),
		"closed brackets": strings.Repeat("(", 1000) + "1" + strings.Repeat(")", 1000),
		"minus signs":     strings.Repeat("-", 3000) + "1",
		"nots":            strings.Repeat("not ", 900) + "won",
		"a lot of or":     strings.Repeat("won or ", 100_000) + "won",
		"sums":            strings.Repeat("1+", 1900) + "1",
		"lists":           "amount in " + strings.Repeat("[", 2000),
		"calls":           strings.Repeat("if(", 1300),
		"dots":            strings.Repeat("company.", 450) + "name",
		"quotes":          strings.Repeat(`"`, 3999),
		"backslashes":     `"` + strings.Repeat(`\`, 3998),
		"digits":          strings.Repeat("9", 3999),
		"decimals":        "1." + strings.Repeat("9", 3900),
		"any":             strings.Repeat("any(items, ", 300) + "true" + strings.Repeat(")", 300),
		"a long name":     strings.Repeat("x", 3999),
		"ranges":          strings.Repeat("1..", 1300),
		"is empty":        "a" + strings.Repeat(" is empty", 400),
		"marks":           strings.Repeat("\u0301", 1900),
	}
	for name, source := range sources {
		start := time.Now()
		_, err := formula.Compile(formulatest.Shop(), "deal", source, formula.AnyValue(), formula.Settings{})
		if err == nil || fault.Of(err) == nil {
			t.Errorf("%s: accepted, or no fault: %v", name, err)
		}
		if spent := time.Since(start); spent > 200*time.Millisecond {
			t.Errorf("%s: %v is too long", name, spent)
		}
	}
}

// TestLimitsAreReachable holds what is just inside the limits.
func TestLimitsAreReachable(t *testing.T) {
	for name, source := range map[string]string{
		"depth":   strings.Repeat("(", 39) + "1" + strings.Repeat(")", 39),
		"parts":   strings.Repeat("a or ", 149) + "a",
		"members": "a in [" + strings.Repeat("1,", 199) + "1]",
		"length":  "a" + strings.Repeat(" ", 3999),
	} {
		if _, err := formula.Parse(source); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	g := formulatest.New(formulatest.Shop(), 7)
	read := 0
	for i := range 4000 {
		source := g.Condition("deal", i%6)
		n, err := formula.Parse(source)
		if err != nil {
			continue // over a limit
		}
		read++
		again, err := formula.Parse(n.String())
		if err != nil || !again.Equal(n) || again.String() != n.String() {
			t.Fatalf("%s prints as %s, which parses otherwise: %v", source, n, err)
		}
	}
	if read < 3500 {
		t.Errorf("only %d of 4000 random formulas were read", read)
	}
}

func TestEqualSeesDifferences(t *testing.T) {
	sources := []string{"a = 1", "a = 2", "a != 1", "b = 1", "a.b = 1", "a", "a is empty", "f(a)", "f(a, a)", "g(a)", "a = '1'", "not a", "-a", "true", "empty"}
	for i, x := range sources {
		for j, y := range sources {
			a, _ := formula.Parse(x)
			b, _ := formula.Parse(y)
			if a.Equal(b) != (i == j) {
				t.Errorf("%s and %s: Equal is %v", x, y, a.Equal(b))
			}
		}
	}
}

func TestReserved(t *testing.T) {
	for _, name := range []string{"and", "or", "not", "is", "in", "between", "contains", "startsWith", "endsWith", "true", "false", "empty", "nil", "id", "record", "old"} {
		if !formula.Reserved(name) {
			t.Errorf("%s is not reserved", name)
		}
	}
	for _, name := range []string{"amount", "And", "ids", "count"} {
		if formula.Reserved(name) {
			t.Errorf("%s is reserved", name)
		}
	}
}
