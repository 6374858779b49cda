package fault

import (
	"encoding/json"
	"io"
	"reflect"
	"testing"
)

func TestKindsAreKeptByName(t *testing.T) {
	names := map[Kind]string{
		Internal: "internal", Invalid: "invalid", Unauthenticated: "unauthenticated", Denied: "denied", NotFound: "not_found",
		Conflict: "conflict", TooLarge: "too_large", TooMany: "too_many", Unavailable: "unavailable", Full: "full",
	}
	if len(names) != len(kindNames) {
		t.Errorf("%d kinds, %d names", len(names), len(kindNames))
	}
	for k, want := range names {
		if k.String() != want {
			t.Errorf("kind %d is called %s, want %s", k, k, want)
		}
		var back Kind
		text, err := k.MarshalText()
		if err == nil {
			err = back.UnmarshalText(text)
		}
		if err != nil || back != k {
			t.Errorf("%s came back as %s: %v", k, back, err)
		}
	}
	for _, k := range []Kind{-1, Full + 1, 1 << 40} {
		if k.String() != "internal" {
			t.Errorf("kind %d is called %s: what nobody classified is internal", int(k), k)
		}
	}
	var k Kind
	if err := k.UnmarshalText([]byte("odd")); err == nil {
		t.Error("an unknown kind was read")
	}
}

func TestFaultsAreKeptAsJSON(t *testing.T) {
	list := List{
		Wrap(Conflict, "value.duplicate", io.EOF, "field", "email", "max", 200, "ratio", 1.5, "big", uint64(1)<<63, "names", []string{"a", "b"}).In("email"),
		New(TooMany, "error.too_many", "mixed", []any{"a", true}, "yes", true, "none", nil),
		{Kind: Denied, Key: "error.denied"},
	}
	text, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	var back List
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	want := List{
		{Kind: Conflict, Key: "value.duplicate", Field: "email", Params: Params{
			"field": "email", "max": int64(200), "ratio": 1.5, "big": float64(1 << 63), "names": []string{"a", "b"},
		}},
		{Kind: TooMany, Key: "error.too_many", Params: Params{"mixed": []any{"a", true}, "yes": true, "none": nil}},
		{Kind: Denied, Key: "error.denied"},
	}
	if !reflect.DeepEqual(back, want) {
		t.Errorf("%s came back as %#v", text, back)
	}
	for _, bad := range []string{`{"kind":"odd"}`, `{"kind":3}`, `{"kind":"denied","params":[]}`, `{"kind":"denied","params":{"a":}}`} {
		var e Error
		if err := json.Unmarshal([]byte(bad), &e); err == nil {
			t.Errorf("%s was read as %v", bad, &e)
		}
	}
}
