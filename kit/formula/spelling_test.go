package formula_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"ashna/kit/fault"
	"ashna/kit/formula"
	"ashna/kit/formula/formulatest"
)

// TestColumnsMove puts white space before each source that is refused: the column of the fault moves by as many characters, and the key
// and the rest of its operands stay.
func TestColumnsMove(t *testing.T) {
	moved := 0
	for _, c := range append(slices.Clone(parseRefusals), checkRefusals...) {
		if c.key == "formula.too_long" || c.key == "formula.nothing" || !utf8.ValidString(c.source) {
			continue
		}
		for _, before := range []string{" ", "\n\t ", "\u00a0\u2003"} {
			_, err := compile(before+c.source, formula.Condition())
			one := fault.Of(err)
			if want := c.column + utf8.RuneCountInString(before); one == nil || one.Key != c.key || one.Params["column"] != want {
				t.Errorf("%.60q after %q: %v, want %s at %d", c.source, before, err, c.key, want)
			}
			moved++
		}
	}
	if moved < 300 {
		t.Errorf("only %d", moved)
	}
}

// TestSpacesAreFree writes random formulas with other white space around brackets, commas and operators: the tree stays.
func TestSpacesAreFree(t *testing.T) {
	g := formulatest.New(formulatest.Shop(), 71)
	tried := 0
	for i := range 1500 {
		source := g.Condition("deal", i%5)
		n, err := formula.Parse(source)
		if err != nil || strings.ContainsAny(source, `"'«`) {
			continue
		}
		tried++
		for _, wide := range []string{
			strings.NewReplacer("(", " ( ", ")", " )\n", ",", "\t,\r\n", "[", " [ ").Replace(source), strings.ReplaceAll(source, " ", "\u00a0 \n"),
			"\u2028" + source + "   ", strings.NewReplacer(", ", ",", " + ", "+", " * ", "*", " < ", "<", " = ", "=", " >= ", ">=").Replace(source),
		} {
			again, err := formula.Parse(wide)
			if one := fault.Of(err); one != nil && one.Key == "formula.too_long" {
				continue
			}
			if err != nil || !again.Equal(n) {
				t.Fatalf("%q is another tree than %q: %v", wide, source, err)
			}
		}
	}
	if tried < 500 {
		t.Errorf("only %d formulas", tried)
	}
}

// TestDigitsAreOne writes the digits of random formulas in other scripts: the canonical text stays.
func TestDigitsAreOne(t *testing.T) {
	g := formulatest.New(formulatest.Shop(), 72)
	other := func(zero rune) func(rune) rune {
		return func(r rune) rune {
			if r >= '0' && r <= '9' {
				return zero + r - '0'
			}
			return r
		}
	}
	tried := 0
	for i := range 600 {
		source := g.Number("item", i%4)
		n, err := formula.Parse(source)
		if err != nil || strings.Contains(source, `"`) {
			continue
		}
		tried++
		for _, zero := range []rune{'۰', '٠'} {
			again, err := formula.Parse(strings.ReplaceAll(strings.Map(other(zero), source), ".", "٫"))
			if strings.ContainsAny(source, "abcdefghijklmnopqrstuvwxyz") && strings.Contains(source, ".") {
				again, err = formula.Parse(strings.Map(other(zero), source))
			}
			if err != nil || again.String() != n.String() {
				t.Fatalf("%s with other digits is %v, %v", source, again, err)
			}
		}
	}
	if tried < 300 {
		t.Errorf("only %d formulas", tried)
	}
}

// TestNoBracketIsNeedless takes each pair of brackets out of canonical texts: what is left is another tree, or none.
func TestNoBracketIsNeedless(t *testing.T) {
	g := formulatest.New(formulatest.Shop(), 73)
	taken := 0
	for i := range 5000 {
		n, err := formula.Parse(g.Number("item", 2+i%4) + " > " + g.Number("item", i%4))
		if err != nil {
			continue
		}
		text := n.String()
		if strings.Contains(text, `"`) {
			continue // a bracket in a text is none
		}
		var open []int
		for at := range len(text) {
			switch text[at] {
			case '(':
				open = append(open, at)
			case ')':
				start := open[len(open)-1]
				open = open[:len(open)-1]
				if start > 0 && (unicode.IsLetter(rune(text[start-1]))) {
					continue // of a call
				}
				taken++
				without := text[:start] + text[start+1:at] + text[at+1:]
				if again, err := formula.Parse(without); err == nil && again.Equal(n) {
					t.Fatalf("%s needs no bracket at %d", text, start)
				}
			}
		}
	}
	if taken < 1000 {
		t.Errorf("only %d brackets", taken)
	}
}

// TestEveryCharacter puts each character of the lower planes alone, between names and behind a number: the parser ends with a tree that
// prints to itself, or with a fault that has a column inside the source.
func TestEveryCharacter(t *testing.T) {
	marks := map[rune]bool{}
	for r := rune(0); r < 0x3000; r++ {
		for _, source := range []string{string(r), "a" + string(r) + "b", "a " + string(r) + " 1", "1" + string(r), "'" + string(r) + "' = a", string(r) + "a"} {
			n, err := formula.Parse(source)
			if err != nil {
				column, ok := fault.Of(err).Params["column"].(int)
				if !ok || column < 1 || column > utf8.RuneCountInString(source)+1 {
					t.Fatalf("%q: %v", source, err)
				}
				continue
			}
			if source == "a "+string(r)+" 1" && r > ' ' {
				marks[r] = true
			}
			if again, err := formula.Parse(n.String()); err != nil || !again.Equal(n) {
				t.Fatalf("%q prints %s, %v", source, n, err)
			}
		}
	}
	for _, r := range "=<>+-*/%≤≥≠" {
		if !marks[r] {
			t.Errorf("%q stands between two values no more", r)
		}
		delete(marks, r)
	}
	for r := range marks {
		if !unicode.IsSpace(r) {
			t.Errorf("%q stands between two values", r)
		}
	}
}

// TestNumbersAsWritten holds numbers to their limits: digits, decimals and separators.
func TestNumbersAsWritten(t *testing.T) {
	for source, want := range map[string]string{
		"1": "1", "1_000_000": "1000000", "1_0": "10", "0.123456": "0.123456", "000.5": "0.5", "9223372036854775806": "9223372036854775806", "۱٬۰۰۰٫۵": "1000.5", "1.0": "1.0",
		"1..2": "", "1.": "", ".5": "", "1.2.3": "", "1__0": "", "_1": "_1", "1_": "", "1٬": "", "1,000": "", "١٢٣": "123", "1a": "", "0x1": "", "1e3": "", "٫5": "",
	} {
		n, err := formula.Parse(source)
		if (err == nil) != (want != "") || err == nil && n.String() != want {
			t.Errorf("%q is %v, %v, want %q", source, n, err, want)
		}
	}
	for decimals := range 9 {
		source := "1." + strings.Repeat("5", decimals+1)
		x, err := compile(source, formula.AnyValue())
		if (err == nil) != (decimals+1 <= formula.MaxDecimals) || err == nil && x.Type.Scale != decimals+1 {
			t.Errorf("%s: %v", source, err)
		}
	}
}

// TestEveryWordOfTheTable spells each fault and kind in English as the table says: no operand is left out or unknown.
func TestEveryWordOfTheTable(t *testing.T) {
	for _, k := range formula.Keys() {
		rest := k.Model
		for _, name := range append(slices.Clone(k.Params), "column") {
			if name != "column" && !strings.Contains(rest, "{"+name+"}") && name != "name" && name != "op" && name != "field" {
				t.Errorf("%s does not say its %s: %s", k.Name, name, k.Model)
			}
			rest = strings.ReplaceAll(rest, "{"+name+"}", "")
		}
		if strings.ContainsAny(rest, "{}") || !strings.HasPrefix(k.Name, "formula.") || strings.TrimSpace(k.Model) != k.Model {
			t.Errorf("%s: %q", k.Name, k.Model)
		}
	}
	keys := formula.Keys()
	keys[0].Name = "changed"
	if formula.Keys()[0].Name == "changed" {
		t.Error("the table can be changed from outside")
	}
}

// TestMarksHaveTheirWidth puts a wrong character behind each mark, in one piece: its column counts the characters of the mark.
func TestMarksHaveTheirWidth(t *testing.T) {
	for _, mark := range []string{"=", "==", "!=", "<>", "<=", ">=", "<", ">", "≤", "≥", "≠", "+", "-", "*", "/", "%", "&&", "||", " and ", " or ", "=!", "=(", " in [", " in 1.."} {
		_, err := formula.Parse("نام" + mark + "#")
		if one := fault.Of(err); one == nil || one.Key != "formula.character" || one.Params["column"] != 4+utf8.RuneCountInString(mark) {
			t.Errorf("behind %q: %v", mark, err)
		}
	}
}
