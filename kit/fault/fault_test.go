package fault

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"testing"
)

func TestKindNames(t *testing.T) {
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

func TestZeroErrorIsInternal(t *testing.T) {
	if KindOf(&Error{}) != Internal || KindOf(io.EOF) != Internal || KindOf(nil) != Internal {
		t.Error("what nobody classified is not internal")
	}
}

func TestMakers(t *testing.T) {
	for _, c := range []struct {
		got  *Error
		want Error
		text string
	}{
		{New(Denied, "error.denied"), Error{Kind: Denied, Key: "error.denied"}, "error.denied"},
		{New(TooLarge, "x.y", "max", 3, "n", "z"), Error{Kind: TooLarge, Key: "x.y", Params: Params{"max": 3, "n": "z"}}, "x.y max=3 n=z"},
		{New(Invalid, "x.y", "max"), Error{Kind: Invalid, Key: "x.y", Params: Params{}}, "x.y"},
		{New(Invalid, "x.y", 7, 8), Error{Kind: Invalid, Key: "x.y", Params: Params{"7": 8}}, "x.y 7=8"},
		{At("name", "value.required"), Error{Kind: Invalid, Key: "value.required", Field: "name"}, "name: value.required"},
		{Wrap(Full, "error.full", io.EOF, "a", 1), Error{Kind: Full, Key: "error.full", Params: Params{"a": 1}, Err: io.EOF}, "error.full a=1: EOF"},
	} {
		if !reflect.DeepEqual(*c.got, c.want) {
			t.Errorf("got %#v, want %#v", *c.got, c.want)
		}
		if c.got.Error() != c.text {
			t.Errorf("it reads %q, want %q", c.got.Error(), c.text)
		}
	}
}

func TestIn(t *testing.T) {
	inner := At("city", "value.too_long")
	for _, c := range []struct{ have, field, want string }{
		{"", "", ""}, {"", "a", "a"}, {"a", "", "a"}, {"city", "address", "address.city"}, {"b.c", "a", "a.b.c"},
	} {
		e := &Error{Field: c.have}
		if got := e.In(c.field); got.Field != c.want || e.Field != c.have {
			t.Errorf("%q in %q: %q, and the first is now %q", c.have, c.field, got.Field, e.Field)
		}
	}
	if inner.In("address"); inner.Field != "city" {
		t.Error("In changed its receiver")
	}
}

func TestUnwrap(t *testing.T) {
	e := Wrap(Unavailable, "error.unavailable", fmt.Errorf("dial: %w", io.ErrUnexpectedEOF))
	list := List{At("a", "x.y"), e}
	for _, err := range []error{e, fmt.Errorf("read: %w", e), list, fmt.Errorf("read: %w", list)} {
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%v does not hold its cause", err)
		}
	}
	var one *Error
	if !errors.As(fmt.Errorf("save: %w", list), &one) || one != list[0] {
		t.Errorf("the first of a list: %v", one)
	}
}

func TestList(t *testing.T) {
	var none List
	if none.Or() != nil || none.Error() != "" {
		t.Error("an empty list is an error")
	}
	list := List{At("a", "x.y"), New(Denied, "z.z")}
	if list.Or() == nil || list.Error() != "a: x.y; z.z" {
		t.Errorf("list %q", list.Or())
	}
	var got List
	got.Add(nil)
	got.Add(list[0])
	got.Add(fmt.Errorf("read: %w", list[1]))
	got.Add(fmt.Errorf("save: %w", list))
	got.Add(io.EOF)
	want := List{list[0], list[1], list[0], list[1], {Kind: Internal, Key: "error.internal", Err: io.EOF}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestLooking(t *testing.T) {
	denied, odd := New(Denied, "error.denied"), At("a", "x.y")
	for _, c := range []struct {
		name string
		err  error
		kind Kind
		of   *Error
		all  List
	}{
		{"nothing", nil, Internal, nil, nil},
		{"no fault", io.EOF, Internal, nil, nil},
		{"one", denied, Denied, denied, List{denied}},
		{"wrapped", fmt.Errorf("save: %w", denied), Denied, denied, List{denied}},
		{"list: the first decides", List{odd, denied}, Invalid, odd, List{odd, denied}},
		{"wrapped list", fmt.Errorf("save: %w", List{denied, odd}), Denied, denied, List{denied, odd}},
		{"empty list", List{}, Internal, nil, List{}},
		{"joined", errors.Join(io.EOF, odd), Invalid, odd, List{odd}},
		{"a fault with a fault as cause", Wrap(Unavailable, "e.u", denied), Unavailable, nil, nil},
	} {
		if got := KindOf(c.err); got != c.kind {
			t.Errorf("%s: kind %s, want %s", c.name, got, c.kind)
		}
		if c.name != "a fault with a fault as cause" {
			if got := Of(c.err); got != c.of {
				t.Errorf("%s: of %v, want %v", c.name, got, c.of)
			}
			if got := All(c.err); !slices.Equal(got, c.all) {
				t.Errorf("%s: all %v, want %v", c.name, got, c.all)
			}
		}
		for k := range kindNames {
			if got, want := Is(c.err, Kind(k)), c.kind == Kind(k) && len(All(c.err)) > 0; got != want {
				t.Errorf("%s is %s: %v", c.name, Kind(k), got)
			}
		}
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
