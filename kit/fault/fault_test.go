package fault_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"ashna/kit/fault"
)

// kinds are all kinds in their order, with their stable names.
var kinds = []struct {
	kind fault.Kind
	name string
}{
	{fault.Internal, "internal"}, {fault.Invalid, "invalid"}, {fault.Unauthenticated, "unauthenticated"}, {fault.Denied, "denied"},
	{fault.NotFound, "not_found"}, {fault.Conflict, "conflict"}, {fault.TooLarge, "too_large"}, {fault.TooMany, "too_many"},
	{fault.Unavailable, "unavailable"}, {fault.Full, "full"},
}

func TestKinds(t *testing.T) {
	seen := map[string]bool{}
	for i, k := range kinds {
		if int(k.kind) != i || k.kind.String() != k.name || seen[k.name] {
			t.Errorf("kind %d is %d, %q; want %q, once", i, k.kind, k.kind, k.name)
		}
		seen[k.name] = true
	}
	for _, odd := range []fault.Kind{-1, fault.Kind(len(kinds)), 1 << 30} {
		if odd.String() != "internal" {
			t.Errorf("the unknown kind %d calls itself %q, and might show more than an internal one", odd, odd)
		}
	}
}

// What nobody classified shows nothing.
func TestZeroIsInternal(t *testing.T) {
	var zero fault.Error
	if zero.Kind != fault.Internal || fault.KindOf(&zero) != fault.Internal || fault.KindOf(io.EOF) != fault.Internal || fault.KindOf(nil) != fault.Internal {
		t.Error("something unclassified has a kind")
	}
	if fault.Is(nil, fault.Internal) || fault.Is(io.EOF, fault.Internal) {
		t.Error("what is no fault is a fault of a kind")
	}
	if !fault.Is(&zero, fault.Internal) {
		t.Error("a fault without a kind is not internal")
	}
}

func TestMake(t *testing.T) {
	cause := io.ErrUnexpectedEOF
	cases := []struct {
		got  *fault.Error
		want fault.Error
	}{
		{fault.New(fault.Denied, "error.denied"), fault.Error{Kind: fault.Denied, Key: "error.denied"}},
		{fault.New(fault.TooLarge, "file.too_large", "max", 5), fault.Error{Kind: fault.TooLarge, Key: "file.too_large", Params: fault.Params{"max": 5}}},
		{fault.At("name", "value.required"), fault.Error{Kind: fault.Invalid, Key: "value.required", Field: "name"}},
		{fault.At("age", "value.range", "min", 1, "max", 9), fault.Error{Kind: fault.Invalid, Key: "value.range", Field: "age", Params: fault.Params{"min": 1, "max": 9}}},
		{fault.Wrap(fault.Full, "error.full", cause), fault.Error{Kind: fault.Full, Key: "error.full", Err: cause}},
		{fault.Wrap(fault.Full, "error.full", cause, "disk", "a"), fault.Error{Kind: fault.Full, Key: "error.full", Err: cause, Params: fault.Params{"disk": "a"}}},
		{fault.New(fault.Invalid, "x", "odd"), fault.Error{Kind: fault.Invalid, Key: "x", Params: fault.Params{}}},
		{fault.New(fault.Invalid, "x", 7, "seven", nil, "none"), fault.Error{Kind: fault.Invalid, Key: "x", Params: fault.Params{"7": "seven", "<nil>": "none"}}},
		{fault.New(fault.Invalid, "x", "a", 1, "a", 2), fault.Error{Kind: fault.Invalid, Key: "x", Params: fault.Params{"a": 2}}},
	}
	for _, c := range cases {
		g := *c.got
		if g.Kind != c.want.Kind || g.Key != c.want.Key || g.Field != c.want.Field || g.Err != c.want.Err || !maps.Equal(g.Params, c.want.Params) {
			t.Errorf("got %+v, want %+v", g, c.want)
		}
	}
}

func TestIn(t *testing.T) {
	for _, c := range []struct{ field, in, want string }{
		{"", "", ""}, {"city", "", "city"}, {"", "address", "address"}, {"city", "address", "address.city"}, {"city.name", "address", "address.city.name"},
	} {
		e := &fault.Error{Key: "k", Field: c.field, Params: fault.Params{"a": 1}}
		got := e.In(c.in)
		if got.Field != c.want || got.Key != "k" || got.Params["a"] != 1 {
			t.Errorf("%q in %q is %+v, want the field %q", c.field, c.in, got, c.want)
		}
		if e.Field != c.field || got == e {
			t.Errorf("blaming %q changed the fault itself to %q", c.in, e.Field)
		}
	}
}

func TestText(t *testing.T) {
	cause := errors.New("boom")
	for _, c := range []struct {
		err  error
		want string
	}{
		{fault.New(fault.Denied, "error.denied"), "error.denied"},
		{fault.At("name", "value.too_long", "max", 5, "got", "é"), "name: value.too_long got=é max=5"},
		{fault.Wrap(fault.Full, "error.full", cause), "error.full: boom"},
		{fault.Wrap(fault.Full, "error.full", fmt.Errorf("write x: %w", cause), "b", 2, "a", 1).In("file"), "file: error.full a=1 b=2: write x: boom"},
		{fault.List{}, ""},
		{fault.List{fault.At("a", "k")}, "a: k"},
		{fault.List{fault.At("a", "k"), fault.New(fault.Denied, "l")}, "a: k; l"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// The text of a fault does not depend on the order of a map.
func TestTextIsStable(t *testing.T) {
	var pairs []any
	for i := range 26 {
		pairs = append(pairs, string(rune('a'+(i*7)%26)), i)
	}
	first := fault.New(fault.Invalid, "k", pairs...).Error()
	for range 20 {
		if got := fault.New(fault.Invalid, "k", pairs...).Error(); got != first {
			t.Fatalf("once %q, then %q", first, got)
		}
	}
	if names := strings.Fields(first)[1:]; len(names) != 26 || !slices.IsSorted(names) {
		t.Errorf("operands %v", names)
	}
}

func TestCauses(t *testing.T) {
	one := fault.Wrap(fault.Full, "error.full", fmt.Errorf("write: %w", io.ErrShortWrite))
	two := fault.At("a", "k")
	deep := fmt.Errorf("save company 7: %w", fault.List{two, one})
	if !errors.Is(deep, io.ErrShortWrite) {
		t.Error("the cause of the second fault of a list is lost")
	}
	if errors.Is(deep, io.EOF) {
		t.Error("a cause is there that nobody gave")
	}
	if two.Unwrap() != nil {
		t.Error("a fault without a cause has one")
	}
	var found *fault.Error
	if !errors.As(deep, &found) || found != two {
		t.Errorf("the first fault inside is %v", found)
	}
}

func TestAddAndOr(t *testing.T) {
	var l fault.List
	if l.Or() != nil {
		t.Error("no faults are an error")
	}
	l.Add(nil)
	if len(l) != 0 {
		t.Fatal("nil is a fault")
	}
	a, b, c := fault.At("a", "k"), fault.At("b", "k"), fault.New(fault.Denied, "d")
	l.Add(a)
	l.Add(fmt.Errorf("check: %w", fault.List{b, c}))
	l.Add(fmt.Errorf("deep: %w", a))
	l.Add(io.EOF)
	if len(l) != 5 || l[0] != a || l[1] != b || l[2] != c || l[3] != a {
		t.Fatalf("list %v", l)
	}
	if last := l[4]; last.Kind != fault.Internal || last.Key != "error.internal" || !errors.Is(last, io.EOF) {
		t.Errorf("any other error became %+v", last)
	}
	if err := l.Or(); err == nil || err.Error() != l.Error() {
		t.Errorf("faults are %v", err)
	}
}

func TestLookInto(t *testing.T) {
	a, b := fault.At("a", "k"), fault.New(fault.Denied, "d")
	for _, c := range []struct {
		name string
		err  error
		of   *fault.Error
		all  int
		kind fault.Kind
	}{
		{"nothing", nil, nil, 0, fault.Internal},
		{"another error", io.EOF, nil, 0, fault.Internal},
		{"a fault", b, b, 1, fault.Denied},
		{"a fault inside", fmt.Errorf("x: %w", b), b, 1, fault.Denied},
		{"a list", fault.List{a, b}, a, 2, fault.Invalid},
		{"a list inside", fmt.Errorf("x: %w", fault.List{b, a}), b, 2, fault.Denied},
		{"an empty list", fault.List{}, nil, 0, fault.Internal},
		{"joined with another error", errors.Join(io.EOF, b), b, 1, fault.Denied},
		{"a fault that wraps a fault", fault.Wrap(fault.Conflict, "c", b), nil, 1, fault.Conflict},
	} {
		of := fault.Of(c.err)
		if c.of != nil && of != c.of || c.of == nil && c.all == 0 && of != nil {
			t.Errorf("%s: the first fault is %v", c.name, of)
		}
		if got := fault.All(c.err); len(got) != c.all {
			t.Errorf("%s: faults %v", c.name, got)
		}
		if got := fault.KindOf(c.err); got != c.kind {
			t.Errorf("%s: kind %v, want %v", c.name, got, c.kind)
		}
		for _, k := range kinds {
			if got, want := fault.Is(c.err, k.kind), c.all > 0 && c.kind == k.kind; got != want {
				t.Errorf("%s: is %v: %v", c.name, k.name, got)
			}
		}
	}
}

// However faults are added, alone, in lists or deep inside, none is lost, none is added, and their order stays.
func TestNothingIsLost(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	for range 500 {
		var want, l fault.List
		for range r.IntN(8) {
			batch := make(fault.List, r.IntN(4))
			for i := range batch {
				batch[i] = fault.New(kinds[r.IntN(len(kinds))].kind, fmt.Sprint("k", r.IntN(100)))
			}
			var err error = batch.Or()
			if len(batch) == 1 && r.IntN(2) == 0 {
				err = batch[0]
			}
			for range r.IntN(3) {
				if err != nil {
					err = fmt.Errorf("step: %w", err)
				}
			}
			l.Add(err)
			want = append(want, batch...)
		}
		if !slices.Equal(l, want) {
			t.Fatalf("list %v, want %v", l, want)
		}
		if all := fault.All(l.Or()); !slices.Equal(all, want) {
			t.Fatalf("all of %v are %v", want, all)
		}
	}
}
