package strict

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"ashna/kit/fault"
)

func TestRead(t *testing.T) {
	deep := strings.Repeat("[", maxJSONDepth) + strings.Repeat("]", maxJSONDepth)
	for _, c := range []struct {
		in   string
		want any
	}{
		{` {"a" : [1, -0, 2.50, 1e3, true, false, null, {}], "b":""} `, map[string]any{
			"a": []any{json.Number("1"), json.Number("-0"), json.Number("2.50"), json.Number("1e3"), true, false, nil, map[string]any{}}, "b": "",
		}},
		{`"\"\\\/\b\f\n\r\t\u0041\u06A9\ud83d\ude00 😀"`, "\"\\/\b\f\n\r\tAک😀 😀"},
		{`"\ufffd"`, "\ufffd"},
		{`9223372036854775808`, json.Number("9223372036854775808")},
		{`[]`, []any{}},
		{"\t\r\n 1", json.Number("1")},
	} {
		got, err := Read([]byte(c.in))
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("Read(%s) = %#v, %v, want %#v", c.in, got, err, c.want)
		}
	}
	if _, err := Read([]byte(deep)); err != nil {
		t.Errorf("%d levels: %v", maxJSONDepth, err)
	}
}

func TestReadRefuses(t *testing.T) {
	for in, want := range map[string]struct{ key, field string }{
		``: {"request.json", ""}, ` `: {"request.json", ""}, `{`: {"request.json", ""}, `{"a"}`: {"request.json", ""}, `{"a":}`: {"request.json", ""},
		`{"a":1,}`: {"request.json", ""}, `[1,]`: {"request.json", ""}, `[1 2]`: {"request.json", ""}, `{} {}`: {"request.json", ""},
		`{a:1}`: {"request.json", ""}, `'a'`: {"request.json", ""}, `"a`: {"request.json", ""}, `"\x"`: {"request.json", ""}, `"\u12"`: {"request.json", ""},
		`"\u12g4"`: {"request.json", ""}, `"\u+123"`: {"request.json", ""}, "\"\n\"": {"request.json", ""}, `01`: {"request.json", ""}, `+1`: {"request.json", ""},
		`1.`: {"request.json", ""}, `.5`: {"request.json", ""}, `1e`: {"request.json", ""}, `-`: {"request.json", ""}, `1.e1`: {"request.json", ""},
		`NaN`: {"request.json", ""}, `nul`: {"request.json", ""}, `truee`: {"request.json", ""}, `//`: {"request.json", ""}, "\ufeff1": {"request.json", ""},
		`"\`: {"request.json", ""}, `"\u`: {"request.json", ""},
		`{"a":1,"a":2}`: {"request.repeated", "a"}, `{"b":{"a":1,"\u0061":2}}`: {"request.repeated", "b.a"},
		`{"name":"\u0000"}`: {"value.text_invalid", "name"}, "{\"name\":\"\x00\"}": {"value.text_invalid", "name"},
		`{"name":"\ud800"}`: {"value.text_invalid", "name"}, `{"name":"\ud800x"}`: {"value.text_invalid", "name"},
		`{"name":"\ud800\u0041"}`: {"value.text_invalid", "name"}, `{"name":"\udc00"}`: {"value.text_invalid", "name"},
		`{"name":"\ud800\ud800"}`: {"value.text_invalid", "name"}, "{\"name\":\"\xff\"}": {"value.text_invalid", "name"},
		"{\"name\":\"\\n\xff\"}": {"value.text_invalid", "name"}, "{\"name\":\"\xed\xa0\x80\"}": {"value.text_invalid", "name"},
		`{"list":[1,{"x":"\u0000"}]}`: {"value.text_invalid", "list.1.x"}, `{"\ud800":1}`: {"value.text_invalid", ""},
		strings.Repeat("[", maxJSONDepth+1): {"request.too_deep", ""}, strings.Repeat(`{"a":`, 100_000): {"request.too_deep", ""},
		`{"n":` + strings.Repeat("9", maxNumber+1) + `}`: {"value.number", "n"},
	} {
		got, err := Read([]byte(in))
		if one := fault.Of(err); one == nil || one.Kind != fault.Invalid || one.Key != want.key || one.Field != want.field {
			t.Errorf("Read(%.60q) = %v, %v, want %s at %q", in, got, err, want.key, want.field)
		}
	}
}

func TestObject(t *testing.T) {
	for _, in := range []string{`[]`, `1`, `null`, `"x"`} {
		if _, err := Object([]byte(in)); fault.Of(err) == nil || fault.Of(err).Key != "request.object" {
			t.Errorf("Object(%s): %v", in, err)
		}
	}
	if got, err := Object([]byte(`{"a":null}`)); err != nil || len(got) != 1 {
		t.Errorf("%v %v", got, err)
	}
}

func TestName(t *testing.T) {
	for in, want := range map[string]string{"a": "a", "a\x00b": "ab", "\xff": "?", strings.Repeat("ش", 100): strings.Repeat("ش", 30), strings.Repeat("x", 59) + "ش": strings.Repeat("x", 59)} {
		if got := Name(in); got != want || !utf8.ValidString(got) {
			t.Errorf("Name(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestForm(t *testing.T) {
	in, err := Object([]byte(`{"t":"x","e":"","y":true,"n":12,"m":"2026-03-20T09:00:00Z","l":["a","b"],"o":{"k":"v"},"z":null}`))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the values are not used up for who reads them again
		f := NewForm(in)
		if f.Needed("t") != "x" || f.Text("e") != "" || !f.Yes("y") || f.Number("n") != 12 || f.Moment("m").Year() != 2026 || len(f.Texts("l")) != 2 ||
			f.Names("o")["k"] != "v" || f.Text("z") != "" || f.Text("absent") != "" || f.Yes("absent") || f.Number("absent") != 0 ||
			f.Moment("absent") != nil || f.Texts("absent") != nil || f.Names("absent") != nil {
			t.Error("a value came out wrong")
		}
		if err := f.End(); err != nil {
			t.Errorf("end: %v", err)
		}
	}
	in, _ = Object([]byte(`{"t":1,"y":"yes","n":1.5,"m":"soon","l":["a",1],"o":{"k":1},"x":1}`))
	f := NewForm(in)
	_, _, _, _, _, _, _ = f.Needed("t"), f.Yes("y"), f.Number("n"), f.Moment("m"), f.Texts("l"), f.Names("o"), f.Needed("gone")
	want := map[string]string{
		"t": "value.type", "y": "value.bool", "n": "value.number", "m": "value.datetime", "l": "value.type", "o": "value.type", "gone": "value.required",
		"x": "value.unknown_field",
	}
	for _, one := range fault.All(f.End()) {
		if want[one.Field] != one.Key {
			t.Errorf("%s: %s, want %s", one.Field, one.Key, want[one.Field])
		}
		delete(want, one.Field)
	}
	if len(want) > 0 {
		t.Errorf("not noted: %v", want)
	}
}

// FuzzBody holds the reader to the standard library: what it accepts the library accepts with the same value, and what it refuses it refuses
// with a fault that has a kind and a key.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,-0.5e+3,"x\u00e9\ud83d\ude00",true,null]}`, `{"a":1,"a":2}`, `"\ud800"`, "\"\x00\"", `[[[[]]]]`, `{"name":"Ali","amount":{"amount":"1"}}`, `1 2`, `"\u0000"`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := Read(body)
		if err != nil {
			if one := fault.Of(err); one == nil || one.Kind != fault.Invalid || one.Key == "" {
				t.Fatalf("%q: %v", body, err)
			}
			return
		}
		d := json.NewDecoder(strings.NewReader(string(body)))
		d.UseNumber()
		var want any
		if err := d.Decode(&want); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: %#v, the library has %#v, %v", body, got, want, err)
		}
		if text, ok := got.(string); ok && (!utf8.ValidString(text) || strings.ContainsRune(text, 0)) {
			t.Fatalf("%q came through", text)
		}
	})
}
