package meta

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"ashna/kit/fault"
	"ashna/kit/text"
)

// fill gives every setting that JSON keeps a value of its own.
func fill(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("s%d ی", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		list := reflect.MakeSlice(v.Type(), 2, 2)
		fill(list.Index(0), n)
		fill(list.Index(1), n)
		v.Set(list)
	case reflect.Map:
		value := reflect.New(v.Type().Elem()).Elem()
		fill(value, n)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf(fmt.Sprintf("k%d", *n)), value)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("json") != "-" {
				fill(v.Field(i), n)
			}
		}
		if f, ok := v.Addr().Interface().(*Field); ok {
			f.Kind = NumberKind{Decimals: *n % 7, Unit: "kg"}
		}
	default:
		panic("a setting of a kind that the test does not fill: " + v.Type().String())
	}
}

// Every setting of a declaration comes back from JSON, none is kept under another's name, and those that are not set are not written.
func TestDeclarationsAsJSON(t *testing.T) {
	for _, empty := range []any{&Object{}, &Field{}, &Rule{}, &View{}, &Item{}} {
		full := reflect.New(reflect.TypeOf(empty).Elem())
		n := 0
		fill(full.Elem(), &n)
		raw, err := json.Marshal(full.Interface())
		if err != nil {
			t.Fatal(err)
		}
		again := reflect.New(full.Type().Elem())
		if err := json.Unmarshal(raw, again.Interface()); err != nil || !reflect.DeepEqual(again.Interface(), full.Interface()) {
			t.Errorf("%T comes back as %+v, %v", empty, again.Elem(), err)
		}
		raw, err = json.Marshal(empty)
		if err != nil || len(raw) > len(`{"name":"","plural":"","must":"","kind":null}`) {
			t.Errorf("an empty %T is written %s, %v", empty, raw, err)
		}
	}
}

// The way of a field through JSON does not depend on the order or the spelling of what came.
func TestFieldSpellings(t *testing.T) {
	want := Field{Name: "x", Kind: ChoiceKind{Options: []Option{{Code: "a"}}}, Required: true}
	for _, raw := range []string{
		`{"name":"x","kind":{"type":"choice","options":[{"code":"a"}]},"required":true}`, `{"required":true,"kind":{"options":[{"code":"a"}],"type":"choice"},"name":"x"}`,
		"{ \"kind\" : {\n\"type\":\"choice\" , \"options\":[ {\"code\" : \"a\"} ]} ,\"name\":\"\\u0078\",\"required\":true,\"help\":null}",
	} {
		var got Field
		if err := json.Unmarshal([]byte(raw), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %+v, %v", raw, got, err)
		}
	}
	for _, raw := range []string{
		`{"name":"x","kind":"text","Kinds":1}`, `{"name":5}`, `{"name":"x","kind":5}`, `{"name":"x","kind":{"type":"text","type2":1}}`, `{"name":"x","labels":"y"}`, `{"name":"x","required":"yes"}`,
		`{"name":"x","kind":{"type":"choice","options":[{"code":"a","color":"red"}]}}`, `{"name":"x","kind":["text"]}`, `{"name":"x","kind":{"type":5}}`, `{"name":"x","kind":{"type":"Text"}}`,
	} {
		got := Field{}
		if err := json.Unmarshal([]byte(raw), &got); err == nil || fault.Of(err) == nil || !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

// An option is found by its code before its label and in use before retired; random lists of options are held to a slow search.
func TestOptionsAreFound(t *testing.T) {
	r := rand.New(rand.NewPCG(41, 1))
	codes := []string{"a", "b", "new", "won", "x-1", "c+", "2"}
	labels := []string{"A", "B", "New", "NEW", "Won", "تازه", "Şəki", "şəki", "كرمان", "کرمان", "", "X-1", "  ", "2"}
	slow := func(options []Option, s string) string {
		for _, key := range []string{s, text.Key(s)} {
			for _, o := range options {
				if o.Code == key {
					return o.Code
				}
			}
			for _, retired := range []bool{false, true} {
				for _, o := range options {
					for _, label := range o.Labels {
						if o.Retired == retired && text.Key(label) == key && key != "" {
							return o.Code
						}
					}
				}
			}
		}
		return ""
	}
	found := 0
	for range 3000 {
		var options []Option
		for _, code := range codes {
			if r.IntN(2) == 0 {
				options = append(options, Option{Code: code, Retired: r.IntN(3) == 0, Labels: map[string]string{"en": labels[r.IntN(len(labels))]}})
			}
		}
		r.Shuffle(len(options), func(i, j int) { options[i], options[j] = options[j], options[i] })
		w := wordsOf(options)
		for _, s := range append(slices.Clone(labels), codes...) {
			want := slow(options, s)
			got, err := w.find(s)
			if got != want || (err == nil) != (want != "") {
				t.Fatalf("%q among %+v is %q, %v, want %q", s, options, got, err, want)
			}
			if err == nil {
				found++
			} else if one := fault.Of(err); one.Key != "value.choice" || one.Params["value"] != s {
				t.Fatalf("%q: %v", s, err)
			}
		}
	}
	if found < 5000 {
		t.Errorf("only %d found", found)
	}
}

// Shipped options never go away, whatever an overlay names, and the order is that of the overlay.
func TestOverlayOfRandomOptions(t *testing.T) {
	r := rand.New(rand.NewPCG(42, 2))
	list := func(from string) (options []Option) {
		for _, c := range from {
			if r.IntN(2) == 0 {
				options = append(options, Option{Code: string(c), Tone: Tones[r.IntN(len(Tones))]})
			}
		}
		r.Shuffle(len(options), func(i, j int) { options[i], options[j] = options[j], options[i] })
		return options
	}
	for range 2000 {
		shipped, change := list("abcdef"), list("defghi")
		merged := overlayOptions(shipped, change)
		if !reflect.DeepEqual(merged[:len(change)], append([]Option{}, change...)) && len(change) > 0 {
			t.Fatalf("%v over %v is %v", change, shipped, merged)
		}
		seen := map[string]bool{}
		for _, o := range merged {
			if seen[o.Code] {
				t.Fatalf("%s stands twice in %v", o.Code, merged)
			}
			seen[o.Code] = true
		}
		for _, o := range shipped {
			if !seen[o.Code] {
				t.Fatalf("%s is gone from %v", o.Code, merged)
			}
		}
		if again := overlayOptions(shipped, merged); !reflect.DeepEqual(again, merged) {
			t.Fatalf("twice %v is %v", merged, again)
		}
	}
}

// Sets are kept sorted, each member once, and come back from what is stored.
func TestSets(t *testing.T) {
	r := rand.New(rand.NewPCG(43, 3))
	for range 2000 {
		var members []string
		for range r.IntN(6) {
			members = append(members, string(rune('a'+r.IntN(5)))+strings.Repeat("ب", r.IntN(2)))
		}
		stored := joinSet(slices.Clone(members))
		want := slices.Compact(slices.Sorted(slices.Values(members)))
		got := SetOf(stored)
		if !slices.Equal(got, want) || (stored == nil) != (len(members) == 0) {
			t.Fatalf("%q is kept as %v and read as %q", members, stored, got)
		}
		if s, ok := stored.(string); ok && (s[0] != '|' || s[len(s)-1] != '|' || strings.Contains(s, "||")) {
			t.Fatalf("%q is kept as %q", members, s)
		}
		raw := appendSetJSON(nil, stored)
		var back []string
		if err := json.Unmarshal(raw, &back); err != nil || !slices.Equal(back, want) {
			t.Fatalf("%q is written %s", members, raw)
		}
	}
}

// A list of an inverse relation that finds both its names taken is refused at the link.
func TestNamesOfListsRunOut(t *testing.T) {
	gift := Object{Name: "gift", Plural: "gifts", Fields: []Field{ref("company", "company")}}
	for _, c := range []struct {
		taken []string
		list  string
	}{{nil, "gifts"}, {[]string{"gifts"}, "gifts_company"}, {[]string{"gifts_company"}, "gifts"}, {[]string{"gifts", "gifts_company"}, ""}} {
		s := good()
		s.Objects = append(s.Objects, gift)
		for _, name := range c.taken {
			s.Extensions = append(s.Extensions, Extension{Object: "company", Fields: []Field{str(name)}})
		}
		catalog, err := Compile(s)
		if c.list == "" {
			if one := fault.Of(err); one == nil || one.Kind != fault.Conflict || one.Key != "catalog.name_taken" || one.Field != "gift.company.inverse" || one.Params["name"] != "gifts_company" {
				t.Errorf("both names taken: %v", err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", c.taken, err)
		} else if _, ok := entity(t, catalog, "company").List(c.list); !ok {
			t.Errorf("with %q taken there is no list %s", c.taken, c.list)
		}
	}
}
