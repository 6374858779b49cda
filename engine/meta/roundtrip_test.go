package meta

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"ashna/kit/calendar"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

// sampleKinds is a kind of every type with settings that do not stand in the way.
func sampleKinds() map[string]Kind {
	samples := map[string]Kind{
		"number": NumberKind{Decimals: 3}, "choice": ChoiceKind{Options: testOptions}, "multi_choice": MultiChoiceKind{Options: testOptions},
		"link": RefKind{To: "company"}, "links": ManyKind{Through: "t", Near: "a", Far: "b"}, "rating": RatingKind{Max: 7},
		"percent": PercentKind{Wide: true}, "formula": FormulaKind{Source: "1", Result: NumberKind{Decimals: 2}},
		"rollup": RollupKind{List: "deals", Function: Count}, "autonumber": NumberingKind{Prefix: "C-", Digits: 5},
	}
	for _, name := range KindTypes() {
		if samples[name] == nil {
			k, err := UnmarshalKind(json.RawMessage(`"` + name + `"`))
			if err != nil {
				panic("no sample for a kind: " + err.Error())
			}
			samples[name] = k
		}
	}
	return samples
}

func computedKind(k Kind) bool {
	switch k.(type) {
	case FormulaKind, RollupKind:
		return true
	}
	return false
}

// alphabet has what breaks texts: quotes, signs of HTML and CSV, the three alphabets, marks, half-spaces, control characters.
var alphabet = []rune("abz AZ09\"'\\<>&,;|{}[]:%\n\t\r\u0001\u007f\u00a0\u2028\u200c\u200bşəıİğيیكک۱٣éé́😀\ufffd")

func randomText(r *rand.Rand, most int) string {
	runes := make([]rune, r.IntN(most+1))
	for i := range runes {
		runes[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(runes)
}

// pick gives an input that most kinds of the type take. A new type without an entry is tried with random texts and numbers, so that it
// is covered from the first day.
func pick(r *rand.Rand, name string) any {
	from := func(list ...any) any { return list[r.IntN(len(list))] }
	digits := func() string { return ident.ID(r.Int64N(1 << 40)).String() }
	id := func() string { return "0" + digits()[1:12] + "1" }
	switch name {
	case "number", "percent", "rating", "duration":
		return from(json.Number("3"), json.Number("2.5"), "12.25", "1e2", r.IntN(7), "-4")
	case "bool":
		return from(true, false, "yes", "خیر", json.Number("1"))
	case "date":
		return calendar.Day(r.Int64N(3_600_000) - 719_000).String()
	case "datetime":
		return calendar.Day(r.Int64N(3_600_000)-719_000).String() + from("T00:00:00Z", "T23:59:59.999999+05:30", "T12:00:00.5-11:00").(string)
	case "money":
		return from("12.5", "-7 USD", "3.99 EUR", map[string]any{"amount": json.Number("100"), "currency": "IRR"}, map[string]any{"amount": "5"})
	case "choice":
		return from("new", "won", "Qazanılıb", "old")
	case "multi_choice":
		return from([]any{"won", "new"}, "a;b", []any{}, "old")
	case "tags":
		return from([]any{randomText(r, 12), "vip"}, "a;b؛c", randomText(r, 30))
	case "link", "user", "file", "image":
		return from(id(), map[string]any{"id": id()})
	case "links":
		return from([]any{id(), id()}, id()+";"+id(), []any{})
	case "any_link":
		return from("deal:"+id(), map[string]any{"object": "c_visit", "id": id()})
	case "email":
		return from("a.b@example.com", "x+1@Bücher.example", "ali@شرکت.ایران")
	case "phone":
		return from("09123456789", "+994 50 123 45 67", "021-88776655")
	case "url":
		return from("example.com", "http://a.example/x?y=<b>&z=\"", "https://xn--bcher-kva.example/")
	case "national_id":
		return "0499370899"
	case "economic_code":
		return "10380284790"
	case "iban":
		return "AZ21NABZ00000000137010001944"
	case "domain":
		return from("www.Example.com", "شرکت.ایران")
	case "address":
		return from(randomText(r, 40), map[string]any{"street": randomText(r, 40), "city": randomText(r, 9), "country": "ir"})
	case "geo":
		return from("35.7,51.4", map[string]any{"lat": json.Number("-0.000001"), "lon": json.Number("180")})
	case "json":
		return from(map[string]any{randomText(r, 5): []any{randomText(r, 9), nil, true, json.Number("1.50")}}, `[1, {"b": "<", "a": 2}]`, "false")
	}
	return from(randomText(r, 40), json.Number("12"), "plain")
}

// decoded reads JSON as the edge does.
func decoded(t *testing.T, raw []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("not JSON: %q: %v", raw, err)
	}
	return v
}

// What a kind has taken comes back the same from a CSV cell and from the answer of the API, whatever the kind.
func TestRoundTrip(t *testing.T) {
	env := testEnv()
	for name, sample := range sampleKinds() {
		if computedKind(sample) {
			continue
		}
		for _, kind := range []Kind{sample, prepare(sample)} {
			r := rand.New(rand.NewPCG(7, 11))
			taken := 0
			for range 400 {
				in := pick(r, name)
				slots, err := kind.Parse(env, in)
				if err != nil {
					if !fault.Is(err, fault.Invalid) {
						t.Fatalf("%s.Parse(%q): %v", name, in, err)
					}
					continue
				}
				taken++
				clean(t, kind, in, slots)
				cell := kind.Text(slots)
				if again, err := kind.Parse(env, cell); err != nil || !slices.Equal(again, slots) {
					t.Fatalf("%s: %q gives %q, its text %q gives %q, %v", name, in, slots, cell, again, err)
				}
				raw := kind.AppendJSON(nil, slots)
				if again, err := kind.Parse(env, decoded(t, raw)); err != nil || !slices.Equal(again, slots) {
					t.Fatalf("%s: %q gives %q, its JSON %s gives %q, %v", name, in, slots, raw, again, err)
				}
				if prefixed := kind.AppendJSON([]byte("x"), slots); string(prefixed) != "x"+string(raw) {
					t.Fatalf("%s.AppendJSON does not append: %s", name, prefixed)
				}
			}
			if taken < 50 {
				t.Errorf("%s takes only %d of 400 inputs: give pick an entry for it", name, taken)
			}
		}
	}
}

// clean looks that slots hold what columns can keep.
func clean(t *testing.T, kind Kind, in any, slots []any) {
	t.Helper()
	name, columns := kind.Type(), kind.Columns()
	if name != "links" && len(slots) != len(columns) {
		t.Fatalf("%s.Parse(%q) gives %d slots for %d columns", name, in, len(slots), len(columns))
	}
	for i, v := range slots {
		switch v := v.(type) {
		case nil:
		case int64:
			if name != "links" && columns[i].Storage != Int || v < minInt || v > maxInt {
				t.Fatalf("%s.Parse(%q): slot %d is %d", name, in, i, v)
			}
		case string:
			if columns[i].Storage != Text || v == "" || strings.ContainsRune(v, 0) || strings.ToValidUTF8(v, "") != v {
				t.Fatalf("%s.Parse(%q): slot %d is %q", name, in, i, v)
			}
		default:
			t.Fatalf("%s.Parse(%q): slot %d is a %T", name, in, i, v)
		}
	}
}

// hostile are inputs that nobody sends by mistake.
func hostile() []any {
	deep := any("x")
	for range 2_000 {
		deep = map[string]any{"id": deep}
		deep = []any{deep}
	}
	nested := any(map[string]any{"id": "x"})
	for range 500 {
		nested = map[string]any{"id": nested}
	}
	long := strings.Repeat("a", 1<<20)
	return []any{
		"\x00", "a\x00b", long, strings.Repeat("؛", 1<<18), strings.Repeat("1", 1<<20), strings.Repeat("|", 1<<20), strings.Repeat("\u0301", 1<<18),
		"\xed\xa0\x80", "\xff\xfe", "\xf0\x9f", json.Number(long), json.Number("1e999999999"), json.Number("-1e-999999999"), json.Number("NaN"),
		json.Number("9223372036854775807"), json.Number("-9223372036854775808"), json.Number(strings.Repeat("9", 400)),
		nested, deep, []any{nil, nil}, []any{[]any{}}, []any{map[string]any{}}, map[string]any{"": nil}, map[string]any{long: long},
		map[string]any{"amount": map[string]any{}}, map[string]any{"object": map[string]any{}, "id": 5}, map[string]any{"id": long},
		map[string]any{"lat": nil, "lon": nil}, make([]any, 100_000), struct{}{}, 1.5, float32(2), []string{"a"}, map[string]string{"a": "b"},
		strings.Repeat("[", 100_000), strings.Repeat(`{"a":`, 100_000), "{" + long, "1e1e1e1", "e", "-e5", ".e", "..", "+-1", "1e+30", "1e-30",
		"=cmd|' /C calc'!A0", "'; DROP TABLE users; --", "<script>alert(1)</script>", "\u202e\u2066", "{}", "[]", "null", "0", "-0", "true",
		"2026-03-21T10:00:00,5Z", "-0001-01-01", "99999-01-01", ":", "::", "h", "1:", ":1", ",", ";;;", "@", "a@b@c", "http://", "https://[::1",
	}
}

func TestHostileInput(t *testing.T) {
	env := testEnv()
	for name, kind := range sampleKinds() {
		for i, in := range hostile() {
			slots, err := prepare(kind).Parse(env, in)
			if err != nil {
				one := fault.Of(err)
				if one == nil || one.Kind != fault.Invalid {
					t.Errorf("%s, input %d: %v", name, i, err)
				} else if len(one.Error()) > 2_000 {
					t.Errorf("%s, input %d: a refusal of %d bytes", name, i, len(one.Error()))
				}
				continue
			}
			clean(t, kind, i, slots)
			decoded(t, kind.AppendJSON(nil, slots))
			if len(kind.Text(slots)) > 2<<20 {
				t.Errorf("%s, input %d is kept whole", name, i)
			}
		}
	}
}

func FuzzParseCell(f *testing.F) {
	for i := range KindTypes() {
		f.Add(uint8(i), "12")
		f.Add(uint8(i), "{\"a\":1}")
	}
	kinds, names := sampleKinds(), KindTypes()
	f.Fuzz(func(t *testing.T, which uint8, cell string) {
		name := names[int(which)%len(names)]
		kind := kinds[name]
		slots, err := kind.Parse(testEnv(), cell)
		if err != nil {
			return
		}
		clean(t, kind, cell, slots)
		again, err := kind.Parse(testEnv(), kind.Text(slots))
		if err != nil || !slices.Equal(again, slots) {
			t.Fatalf("%s: %q gives %q and then %q, %v", name, cell, slots, again, err)
		}
	})
}

func TestAppendText(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	texts := []string{"", "plain", "\xff", "a\xc3", "\xe2\x80", "\xe2\x80\xa8", "\u2028\u2029", "\ufffd", "\b\f\n\r\t\v\x1f\x7f"}
	for c := range 0x100 {
		texts = append(texts, string([]byte{'a', byte(c), 'z'}))
	}
	for range 3_000 {
		raw := make([]byte, r.IntN(20))
		for i := range raw {
			raw[i] = byte(r.Uint32())
		}
		texts = append(texts, string(raw), randomText(r, 30))
	}
	for _, s := range texts {
		want, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := AppendText(nil, s); !bytes.Equal(got, want) {
			t.Fatalf("AppendText(%q) = %s, want %s", s, got, want)
		}
	}
}
