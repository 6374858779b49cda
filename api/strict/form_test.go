package strict

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"ashna/kit/fault"
)

// given are values of every shape that a body can hold under a name.
func given() map[string]any {
	return map[string]any{
		"text": "x", "blank": "", "number": json.Number("7"), "negative": json.Number("-7"), "fraction": json.Number("1.5"), "exponent": json.Number("1e3"),
		"huge": json.Number("9223372036854775808"), "most": json.Number("9223372036854775807"), "least": json.Number("-9223372036854775808"),
		"yes": true, "no": false, "null": nil, "list": []any{"a", "b"}, "mixed": []any{"a", json.Number("1")}, "none": []any{}, "nulls": []any{nil},
		"object": map[string]any{"k": "v"}, "numbers": map[string]any{"k": json.Number("1")}, "nothing": map[string]any{}, "moment": "2026-03-20T09:00:00.5+03:30",
		"day": "2026-03-20", "digits": "7",
	}
}

// readers read each shape, and what they give where it is not theirs.
var readers = []struct {
	name  string
	read  func(f *Form, name string) any
	zero  any
	takes map[string]any
	key   string
}{
	{"Text", func(f *Form, n string) any { return f.Text(n) }, "", map[string]any{
		"text": "x", "blank": "", "moment": "2026-03-20T09:00:00.5+03:30", "day": "2026-03-20", "digits": "7",
	}, "value.type"},
	{"Yes", func(f *Form, n string) any { return f.Yes(n) }, false, map[string]any{"yes": true, "no": false}, "value.bool"},
	{"Number", func(f *Form, n string) any { return f.Number(n) }, int64(0), map[string]any{
		"number": int64(7), "negative": int64(-7), "most": int64(9223372036854775807), "least": int64(-9223372036854775808),
	}, "value.number"},
	{"Texts", func(f *Form, n string) any { return f.Texts(n) }, []string(nil), map[string]any{"list": []string{"a", "b"}, "none": []string{}}, "value.type"},
	{"Names", func(f *Form, n string) any { return f.Names(n) }, map[string]string(nil), map[string]any{
		"object": map[string]string{"k": "v"}, "nothing": map[string]string{},
	}, "value.type"},
}

// Each reader takes the shapes that are its own, gives its zero for what is missing or null, and notes one fault at the name for the rest.
func TestFormShapes(t *testing.T) {
	for _, r := range readers {
		for name := range given() {
			f := NewForm(map[string]any{name: given()[name]})
			got := r.read(f, name)
			want, takes := r.takes[name]
			switch {
			case takes || name == "null":
				if name == "null" {
					want = r.zero
				}
				if len(f.Faults) != 0 || !reflect.DeepEqual(got, want) {
					t.Errorf("%s of %s = %#v, %v, want %#v", r.name, name, got, f.Faults, want)
				}
			case len(f.Faults) != 1 || f.Faults[0].Field != name || f.Faults[0].Key != r.key || f.Faults[0].Kind != fault.Invalid:
				t.Errorf("%s of %s = %#v notes %v, want %s", r.name, name, got, f.Faults, r.key)
			case r.name != "Number" && !reflect.DeepEqual(got, r.zero):
				t.Errorf("%s of %s = %#v beside a fault", r.name, name, got)
			}
			if err := f.End(); (err == nil) != (len(f.Faults) == 0) || len(f.Faults) > 1 {
				t.Errorf("%s of %s: the name is left over: %v", r.name, name, err)
			}
		}
		f := NewForm(nil)
		if got := r.read(f, "absent"); !reflect.DeepEqual(got, r.zero) || f.End() != nil {
			t.Errorf("%s of nothing = %#v, %v", r.name, got, f.Faults)
		}
	}
}

func TestFormMoments(t *testing.T) {
	for text, want := range map[string]string{
		"2026-03-20T09:00:00Z": "2026-03-20T09:00:00Z", "2026-03-20T09:00:00.25+03:30": "2026-03-20T05:30:00.25Z", "2026-03-20T09:00:00-11:00": "2026-03-20T20:00:00Z",
		"2026-03-20": "!", "2026-03-20 09:00:00Z": "!", "2026-02-30T09:00:00Z": "!", "2026-03-20T25:00:00Z": "!", "2026-03-20T09:00:00": "!", "soon": "!", " ": "!",
		"2026-03-20T09:00:00Z ": "!", "": "",
	} {
		f := NewForm(map[string]any{"at": text})
		got := ""
		if at := f.Moment("at"); at != nil {
			got = at.UTC().Format(time.RFC3339Nano)
		}
		if len(f.Faults) > 0 {
			got = "!"
			if f.Faults[0].Key != "value.datetime" || f.Faults[0].Field != "at" || len(f.Faults) != 1 {
				t.Errorf("%q: %v", text, f.Faults)
			}
		}
		if got != want {
			t.Errorf("Moment(%q) = %s, want %s", text, got, want)
		}
	}
	f := NewForm(map[string]any{"at": true})
	if f.Moment("at") != nil || len(f.Faults) != 1 || f.Faults[0].Key != "value.type" || f.Faults[0].Params["want"] != "text" {
		t.Errorf("a moment that is a yes: %v", f.Faults)
	}
}

// What must be there is asked for once: a value of the wrong shape is not also missing.
func TestFormNeeded(t *testing.T) {
	for name, want := range map[string]string{"text": "", "blank": "value.required", "null": "value.required", "absent": "value.required", "yes": "value.type", "list": "value.type"} {
		f := NewForm(given())
		got := f.Needed(name)
		var keys []string
		for _, one := range f.Faults {
			if one.Field != name {
				t.Errorf("%s: a fault at %s", name, one.Field)
			}
			keys = append(keys, one.Key)
		}
		if strings.Join(keys, " ") != want || (got == "x") != (want == "") {
			t.Errorf("Needed(%s) = %q notes %v, want %q", name, got, keys, want)
		}
	}
}

// Names that nobody asked for are all refused, in order and shortened, after what was wrong with those that somebody did.
func TestFormEnd(t *testing.T) {
	long := strings.Repeat("ش", 100)
	f := NewForm(map[string]any{"z": nil, "a": "1", "m\x00n": true, long: nil, "read": json.Number("1"), "wrong": json.Number("1")})
	if f.Number("read") != 1 || f.Text("wrong") != "" {
		t.Error("a value came out wrong")
	}
	var got []string
	for _, one := range fault.All(f.End()) {
		if one.Key == "value.unknown_field" && one.Params["field"] != one.Field {
			t.Errorf("%s names %v", one.Field, one.Params["field"])
		}
		got = append(got, one.Field+" "+one.Key)
	}
	want := []string{"wrong value.type", "a value.unknown_field", "mn value.unknown_field", "z value.unknown_field", strings.Repeat("ش", 30) + " value.unknown_field"}
	if !slices.Equal(got, want) {
		t.Errorf("End says %q, want %q", got, want)
	}
}

func TestFormTakesOnce(t *testing.T) {
	in := map[string]any{"a": "x", "b": nil}
	f := NewForm(in)
	if v, ok := f.Take("a"); v != "x" || !ok {
		t.Errorf("Take = %v, %v", v, ok)
	}
	if v, ok := f.Take("a"); v != nil || ok {
		t.Errorf("a second Take = %v, %v", v, ok)
	}
	if v, ok := f.Take("b"); v != nil || ok {
		t.Errorf("Take of null = %v, %v", v, ok)
	}
	if err := f.End(); err != nil {
		t.Errorf("null that was taken is left: %v", err)
	}
	if len(in) != 2 {
		t.Errorf("the values of the body were used up: %v", in)
	}
	f = NewForm(map[string]any{})
	f.Refuse("amount", "value.min", "min", 3)
	if one := fault.Of(f.End()); one == nil || one.Field != "amount" || one.Params["min"] != 3 {
		t.Errorf("a refusal of the caller is lost: %v", f.Faults)
	}
}

// A name that comes back to the sender is short, valid and without NUL, whatever was sent, and stays itself when it was that already.
func TestNameIsHarmless(t *testing.T) {
	pieces := []string{"a", "ش", "😀", "\xff", "\xe2\x80", "\x00", "é", "\xf0\x9f\x98", " "}
	for i := range 6000 {
		var b strings.Builder
		for n := i; n > 0; n /= len(pieces) {
			b.WriteString(strings.Repeat(pieces[n%len(pieces)], 1+n%17))
		}
		in := b.String()
		got := Name(in)
		if len(got) > maxName || strings.ToValidUTF8(got, "") != got || strings.ContainsRune(got, 0) {
			t.Fatalf("Name(%q) = %q", in, got)
		}
		if Name(got) != got {
			t.Fatalf("Name(%q) = %q, and again %q", in, got, Name(got))
		}
		if fmt.Sprintf("%+q", in) == fmt.Sprintf("%+q", strings.ToValidUTF8(in, "")) && len(in) <= maxName && !strings.Contains(in, "\x00") && got != in {
			t.Fatalf("Name(%q) = %q", in, got)
		}
	}
}
