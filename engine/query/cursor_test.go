package query

import (
	"context"
	"encoding/base64"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"ashna/engine/access"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/kit/fault"
	"ashna/kit/formula"
)

func sortedBy(t testing.TB, e *meta.Entity, orders []Order) sorting {
	t.Helper()
	s, err := sortingOf(e, orders, Indexes(e), false)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestCursorRoundTrip writes and reads cursors with every kind of value.
func TestCursorRoundTrip(t *testing.T) {
	e := object(t, shop(t), "deal")
	bound := [cursorHash]byte{1, 2, 3}
	for _, c := range []struct {
		orders []Order
		values []any
	}{
		{nil, []any{int64(0), int64(1)}},
		{nil, []any{int64(math.MinInt64 + 1), int64(math.MaxInt64 - 1)}},
		{[]Order{{Attr: attr(t, e, "name")}}, []any{[]byte{0, 255, 1}, int64(7)}},
		{[]Order{{Attr: attr(t, e, "name")}}, []any{[]byte{}, int64(7)}},
		{[]Order{{Attr: attr(t, e, "name")}}, []any{nil, int64(7)}},
		{[]Order{{Attr: attr(t, e, "stage")}}, []any{"won", int64(5), int64(7)}},
		{[]Order{{Attr: attr(t, e, "stage")}, {Attr: attr(t, e, "amount"), Desc: true}}, []any{"تهران", nil, int64(7)}},
	} {
		s := sortedBy(t, e, c.orders)
		text := encodeCursor(bound, c.values)
		if strings.ContainsAny(text, "+/=") {
			t.Errorf("%s does not fit an address", text)
		}
		got, err := decodeCursor(bound, s.keys, text)
		if err != nil || !reflect.DeepEqual(got, c.values) {
			t.Errorf("%v came back as %v, %v", c.values, got, err)
		}
	}
}

// TestForeignCursors checks that a cursor of another list, or of nothing, is refused.
func TestForeignCursors(t *testing.T) {
	c := shop(t)
	e := object(t, c, "deal")
	q := noQuerier{everyDialect(t)[0]}
	base := List{Entity: e, Env: &formula.Env{Now: noon}, Rows: access.Rows{All: true}}
	p, err := base.prepare(q.d)
	if err != nil {
		t.Fatal(err)
	}
	own := encodeCursor(p.bound, []any{int64(1), int64(2)})
	other := func(change func(*List)) string {
		l := base
		change(&l)
		l.After = own
		_, err := Read(context.Background(), q, l)
		if f := fault.Of(err); f != nil {
			return f.Key
		}
		return fmt.Sprint(err)
	}
	if got := other(func(*List) {}); got != "test.asked" {
		t.Errorf("its own cursor: %s", got)
	}
	if got := other(func(l *List) { l.Rows = access.Rows{Me: 4} }); got != "test.asked" {
		t.Errorf("another viewer: %s", got)
	}
	for name, change := range map[string]func(*List){
		"object":  func(l *List) { l.Entity = object(t, c, "company") },
		"filter":  func(l *List) { l.Source = "won" },
		"order":   func(l *List) { l.Sort = []Order{{Attr: attr(t, e, "amount")}} },
		"upward":  func(l *List) { l.Sort = []Order{{Attr: attr(t, e, "changed_at")}} },
		"deleted": func(l *List) { l.Deleted = true },
	} {
		if got := other(change); got != keyCursor {
			t.Errorf("the cursor of another %s: %s", name, got)
		}
	}
	raw, _ := base64.RawURLEncoding.DecodeString(own)
	for name, text := range map[string]string{
		"no base64": "%%%", "short": "AQ", "cut": own[:len(own)-2], "longer": own + "AAAA", "huge": strings.Repeat("A", maxCursor+1),
		"another version":     base64.RawURLEncoding.EncodeToString(append([]byte{9}, raw[1:]...)),
		"a text for a number": encodeCursor(p.bound, []any{"x", int64(2)}), "no id": encodeCursor(p.bound, []any{int64(1), nil}),
		"a missing value": encodeCursor(p.bound, []any{int64(1)}),
	} {
		l := base
		l.After = text
		if _, err := Read(context.Background(), q, l); fault.Of(err) == nil || fault.Of(err).Key != keyCursor {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestForgedText checks that texts which a database refuses do not reach it.
func TestForgedText(t *testing.T) {
	e := object(t, shop(t), "deal")
	s := sortedBy(t, e, []Order{{Attr: attr(t, e, "stage")}})
	for _, text := range []string{"a\x00b", "\xff"} {
		if _, err := decodeCursor([cursorHash]byte{}, s.keys, encodeCursor([cursorHash]byte{}, []any{text, int64(1), int64(1)})); err == nil {
			t.Errorf("%q passed", text)
		}
	}
}

// FuzzCursor feeds any text as a cursor: it is refused, or its values fit the keys.
func FuzzCursor(f *testing.F) {
	e := object(f, shop(f), "deal")
	s := sortedBy(f, e, []Order{{Attr: attr(f, e, "stage")}, {Attr: attr(f, e, "name"), Desc: true}})
	bound := [cursorHash]byte{}
	f.Add(encodeCursor(bound, []any{"won", []byte("x"), int64(3)}))
	f.Add(encodeCursor(bound, []any{nil, nil, int64(3)}))
	f.Add("AQAAAAAAAAAAAg")
	f.Fuzz(func(t *testing.T, text string) {
		values, err := decodeCursor(bound, s.keys, text)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
			return
		}
		for i, k := range s.keys {
			if !fits(k, values[i]) {
				t.Fatalf("%q gives %v for %s", text, values[i], k.column)
			}
		}
		again, err := decodeCursor(bound, s.keys, encodeCursor(bound, values))
		if err != nil || !reflect.DeepEqual(values, again) {
			t.Fatalf("%v and %v: %v", values, again, err)
		}
	})
}

// TestOrders checks the complete order of lists and whether an index is in it.
func TestOrders(t *testing.T) {
	e := object(t, shop(t), "deal")
	orders := testOrders(t, e)
	want := []string{
		"changed_at DESC, id DESC exact", "changed_at DESC, id DESC exact", "changed_at DESC, id DESC exact", "changed_at DESC, id DESC exact",
		"changed_at ASC, id ASC exact",
		"amount ASC NULLS FIRST, id ASC exact", "amount DESC NULLS LAST, id DESC exact",
		"name_s ASC NULLS FIRST, id ASC exact", "name_s DESC NULLS LAST, id DESC exact",
		"stage ASC NULLS FIRST, changed_at ASC, id ASC exact", "stage DESC NULLS LAST, changed_at DESC, id DESC exact",
		"closes_on DESC NULLS LAST, id DESC exact", "seen_at ASC NULLS FIRST, id ASC none", "seen_at DESC NULLS LAST, id DESC none",
		"id ASC exact", "id DESC exact", "stage ASC NULLS FIRST, amount DESC NULLS LAST, id ASC ties",
		"stage DESC NULLS LAST, closes_on ASC NULLS FIRST, name_s ASC NULLS FIRST, id DESC ties",
		"won ASC NULLS FIRST, seen_at DESC NULLS LAST, id ASC none", "closes_on DESC NULLS LAST, amount ASC NULLS FIRST, id DESC ties",
		"company ASC NULLS FIRST, name_s DESC NULLS LAST, id ASC ties", "owner ASC, amount DESC NULLS LAST, id ASC ties",
		"changed_at ASC, amount DESC NULLS LAST, id ASC ties", "amount ASC NULLS FIRST, id ASC exact",
		"score DESC NULLS LAST, probability ASC NULLS FIRST, id DESC none",
	}
	for i, o := range orders {
		s := sortedBy(t, e, o)
		got := strings.ReplaceAll(strings.TrimPrefix(s.by(bare("t")), " ORDER BY "), "t.", "")
		switch {
		case s.exact:
			got += " exact"
		case s.walk != nil:
			got += " ties"
		default:
			got += " none"
		}
		if got != want[i] {
			t.Errorf("%s: %s, want %s", orderText(o), got, want[i])
		}
	}
}

// TestRefusedOrders checks the faults of orders that cannot be.
func TestRefusedOrders(t *testing.T) {
	c := shop(t)
	e := object(t, c, "company")
	for _, name := range []string{"notes", "tags", "address", "load", "shown"} {
		_, err := sortingOf(e, []Order{{Attr: attr(t, e, name)}}, Indexes(e), false)
		if f := fault.Of(err); f == nil || f.Key != keyNotSortable || f.Field != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := sortingOf(e, []Order{{}}, nil, false); !fault.Is(err, fault.Invalid) {
		t.Error("an order by nothing:", err)
	}
	many := make([]Order, maxKeys+1)
	if _, err := sortingOf(e, many, nil, false); !fault.Is(err, fault.Invalid) {
		t.Error("too many keys:", err)
	}
	twice := []Order{{Attr: attr(t, e, "name")}, {Attr: attr(t, e, "name"), Desc: true}}
	if s := sortedBy(t, e, twice); len(s.keys) != 2 {
		t.Error("a field that is named twice counts twice:", s.keys)
	}
}

// TestKeyset holds the conditions of what comes after a row to the order itself, for all directions and empty values, on both databases.
func TestKeyset(t *testing.T) {
	everywhere(t, func(t *testing.T, d *db.DB) {
		s := d.Dialect()
		exec(t, d, "CREATE TABLE thing (a "+s.Int+", b "+s.Text+", id "+s.Key+")")
		var rows [][]any
		for _, a := range []any{nil, int64(1), int64(2)} {
			for _, b := range []any{nil, "x", "y"} {
				for range 2 {
					rows = append(rows, []any{a, b, int64(len(rows) + 1)})
				}
			}
		}
		insert(t, d, "thing", []string{"a", "b", "id"}, rows)
		for mask := range 8 {
			order := sorting{keys: []key{
				{column: "a", storage: meta.Int, desc: mask&1 > 0, empty: true},
				{column: "b", storage: meta.Text, desc: mask&2 > 0, empty: true},
				{column: "id", storage: meta.Int, desc: mask&1 > 0},
			}}
			if mask&4 > 0 {
				order.keys = slices.Delete(order.keys, 1, 2)
			}
			all := read(t, d, "SELECT "+order.columns("t")+" FROM thing AS t"+order.by(bare("t")))
			for i, row := range all {
				for _, write := range []columnOf{bare("t"), loose("t", s)} {
					b := NewBuilder(s)
					text := "SELECT " + order.columns("t") + " FROM thing AS t WHERE " + either(order.after(b, write, row)) + order.by(bare("t"))
					got := read(t, d, text, b.Args(nil)...)
					if fmt.Sprint(got) != fmt.Sprint(all[i+1:]) {
						t.Fatalf("mask %d, after %v:\n%s\ngot  %v\nwant %v", mask, row, text, got, all[i+1:])
					}
				}
				b := NewBuilder(s)
				text := "SELECT count(*) FROM thing AS t WHERE " + either(order.notBefore(b, "t", row))
				if n := read(t, d, text, b.Args(nil)...)[0].Int(0); n < int64(len(all)-i) {
					t.Fatalf("mask %d: the bound leaves %d of %d rows after %v", mask, n, len(all)-i, row)
				}
			}
		}
	})
}
