package record_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"ashna/engine/access"
	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/kit/fault"
	"ashna/testkit/enginetest"
)

var ctx = context.Background()

func choice(codes ...string) meta.ChoiceKind {
	var k meta.ChoiceKind
	for _, c := range codes {
		k.Options = append(k.Options, meta.Option{Code: c})
	}
	return k
}

// objects is a small business: accounts with purchases with items, tickets and visits that are about something, and groups.
func objects() []meta.Object {
	return []meta.Object{
		{
			Name: "account", Plural: "accounts", Title: "name", Unique: [][]string{{"region", "place"}},
			Fields: []meta.Field{
				{Name: "name", Kind: meta.TextKind{Max: 100}, Required: true, Search: true},
				{Name: "code", Kind: meta.TextKind{Max: 40}, Unique: true, Search: true},
				{Name: "secret", Kind: meta.TextKind{Max: 100}, Search: true, Sensitive: true, Index: true},
				{Name: "region", Kind: meta.TextKind{Max: 40}},
				{Name: "place", Kind: meta.NumberKind{}},
				{Name: "status", Kind: choice("new", "active", "closed"), Default: "new", Index: true},
				{Name: "score", Kind: meta.NumberKind{}, Index: true},
				{Name: "double", Kind: meta.FormulaKind{Source: "score * 2", Result: meta.NumberKind{}}},
				{Name: "owed", Kind: meta.MoneyKind{}, Index: true},
				{Name: "since", Kind: meta.DateKind{}, Index: true},
				{Name: "above", Kind: meta.RefKind{To: "account", Inverse: "below", OnDelete: meta.Clear, Acyclic: true}},
				{Name: "groups", Kind: meta.ManyKind{Through: "membership", Near: "account", Far: "circle"}},
				{Name: "purchases_n", Kind: meta.RollupKind{List: "purchases", Function: meta.Count}},
				{Name: "spent", Kind: meta.RollupKind{List: "purchases", Function: meta.Sum, Field: "amount"}},
				{Name: "least", Kind: meta.RollupKind{List: "purchases", Function: meta.Min, Field: "amount"}},
				{Name: "most", Kind: meta.RollupKind{List: "purchases", Function: meta.Max, Field: "amount"}},
				{Name: "usual", Kind: meta.RollupKind{List: "purchases", Function: meta.Average, Field: "amount"}},
				{Name: "open_n", Kind: meta.RollupKind{List: "purchases", Function: meta.Count, Where: `state = "open"`}},
			},
			Rules:   []meta.Rule{{Name: "closed_owes", Must: `not (status = "closed" and score > 0)`, Field: "status", Labels: map[string]string{"en": "Closed accounts have no score."}}},
			Actions: []meta.Action{{Name: "bump", Input: []meta.Field{{Name: "by", Kind: meta.NumberKind{}, Required: true}}}, {Name: "peek", Reads: true}, {Name: "touch"}, {Name: "sum_up", Object: true}},
		},
		{
			Name: "purchase", Plural: "purchases", Title: "serial", Parent: "account",
			Fields: []meta.Field{
				{Name: "serial", Kind: meta.NumberingKind{Prefix: "P-"}},
				{Name: "account", Kind: meta.RefKind{To: "account", Inverse: "purchases", OnDelete: meta.Cascade}, Required: true},
				{Name: "amount", Kind: meta.NumberKind{}, Index: true},
				{Name: "state", Kind: choice("open", "done"), Default: "open"},
				{Name: "words", Kind: meta.TextKind{Max: 100}, Search: true},
				{Name: "pieces", Kind: meta.RollupKind{List: "items", Function: meta.Sum, Field: "count_of"}},
			},
		},
		{
			Name: "item", Plural: "items", Title: "what", Parent: "purchase",
			Fields: []meta.Field{
				{Name: "purchase", Kind: meta.RefKind{To: "purchase", Inverse: "items", OnDelete: meta.Cascade}, Required: true},
				{Name: "what", Kind: meta.TextKind{Max: 100}, Required: true, Search: true},
				{Name: "count_of", Kind: meta.NumberKind{}},
			},
		},
		{
			Name: "ticket", Plural: "tickets", Title: "subject",
			Fields: []meta.Field{
				{Name: "subject", Kind: meta.TextKind{Max: 100}, Required: true, Search: true},
				{Name: "account", Kind: meta.RefKind{To: "account", Inverse: "tickets"}},
			},
		},
		{
			Name: "visit", Plural: "visits", Title: "subject",
			Fields: []meta.Field{
				{Name: "subject", Kind: meta.TextKind{Max: 100}, Required: true, Search: true},
				{Name: "about", Kind: meta.AnyRefKind{To: []string{"account", "ticket"}, Inverse: "visits"}},
			},
		},
		{Name: "circle", Plural: "circles", Title: "name", Fields: []meta.Field{{Name: "name", Kind: meta.TextKind{Max: 100}, Required: true, Search: true}}},
		{
			Name: "membership", Plural: "memberships", NoTimeline: true, Unique: [][]string{{"account", "circle"}},
			Fields: []meta.Field{
				{Name: "account", Kind: meta.RefKind{To: "account", Inverse: "memberships", OnDelete: meta.Cascade}, Required: true},
				{Name: "circle", Kind: meta.RefKind{To: "circle", Inverse: "memberships", OnDelete: meta.Cascade}, Required: true},
			},
		},
	}
}

// options are those of every test: the objects, their actions, and rules that the name of an account asks for.
func options() record.Options {
	bump := func(ctx context.Context, tx *record.Tx, call record.Call) (any, error) {
		return tx.Update(ctx, tx.Who(), call.Record.Entity, call.Record.ID(), record.Patch{"score": call.Record.Int("score") + call.Input["by"][0].(int64)}, 0)
	}
	quiet := func(context.Context, *record.Tx, record.Call) (any, error) { return "done", nil }
	return record.Options{
		Objects: objects(),
		Actions: []record.Action{{Object: "account", Name: "bump", Do: bump}, {Object: "account", Name: "peek", Do: quiet}, {Object: "account", Name: "touch", Do: quiet}, {Object: "account", Name: "sum_up", Do: quiet}},
		Rules:   []record.Rule{{Name: "tests", Object: "account", Before: oddAccount, After: oddAfter}},
	}
}

func oddAccount(_ context.Context, _ *record.Tx, d *record.Draft) error {
	switch d.New.Text("name") {
	case "wide":
		d.Set("owed", int64(1))
	case "unknown":
		d.Set("no_such_field", "x")
	case "refused":
		d.Refuse("code", "value.required")
		d.Refuse("region", "value.required")
	}
	return nil
}

// oddAfter saves the account again, without end, when its name asks for it.
func oddAfter(ctx context.Context, tx *record.Tx, d *record.Draft) error {
	switch d.New.Text("name") {
	case "endless":
		_, err := tx.Update(ctx, tx.System(), d.Entity(), d.New.ID(), record.Patch{"score": d.New.Int("score") + 1}, 0)
		return err
	case "twice":
		if d.New.Int("score") == 0 {
			_, err := tx.Update(ctx, tx.System(), d.Entity(), d.New.ID(), record.Patch{"score": 7, "code": "found-" + d.New.ID().String()}, 0)
			return err
		}
	}
	return nil
}

func everywhere(t *testing.T, do func(w *enginetest.World)) {
	enginetest.Everywhere(t, options(), do)
}

// refused compares what is wrong with what is expected, as "field key".
func refused(t *testing.T, what string, err error, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got := enginetest.Faults(err); !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func kind(t *testing.T, what string, err error, want fault.Kind) {
	t.Helper()
	if !fault.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

// logged compares what the log has after a place with the beginnings of lines.
func logged(w *enginetest.World, after int64, want ...string) {
	w.Helper()
	got := w.Log(after)
	same := len(got) == len(want)
	for i := range min(len(got), len(want)) {
		same = same && strings.HasPrefix(got[i], want[i])
	}
	if !same {
		w.Errorf("the log has\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// try runs a transaction of a viewer that writes one thing and gives its error.
func try(w *enginetest.World, who *access.Viewer, object string, do func(tx *record.Tx, e *meta.Entity) error) error {
	e, ok := who.Catalog.Object(object)
	if !ok {
		w.Fatalf("no object %s", object)
	}
	return w.Try(who, func(tx *record.Tx) error { return do(tx, e) })
}

func create(w *enginetest.World, who *access.Viewer, object string, patch record.Patch) error {
	return try(w, who, object, func(tx *record.Tx, e *meta.Entity) error {
		_, err := tx.Create(ctx, who, e, patch)
		return err
	})
}

func update(w *enginetest.World, who *access.Viewer, r *record.Record, patch record.Patch, version int64) error {
	return try(w, who, r.Entity.Name, func(tx *record.Tx, e *meta.Entity) error {
		_, err := tx.Update(ctx, who, e, r.ID(), patch, version)
		return err
	})
}

func remove(w *enginetest.World, who *access.Viewer, r *record.Record) error {
	return try(w, who, r.Entity.Name, func(tx *record.Tx, e *meta.Entity) error { return tx.Delete(ctx, who, e, r.ID(), 0) })
}

func restore(w *enginetest.World, who *access.Viewer, r *record.Record) error {
	return try(w, who, r.Entity.Name, func(tx *record.Tx, e *meta.Entity) error {
		_, err := tx.Restore(ctx, who, e, r.ID())
		return err
	})
}

func purge(w *enginetest.World, who *access.Viewer, r *record.Record) error {
	return try(w, who, r.Entity.Name, func(tx *record.Tx, e *meta.Entity) error { return tx.Purge(ctx, who, e, r.ID()) })
}

func id(r *record.Record) string { return r.ID().String() }

func ids(list ...*record.Record) []any {
	out := []any{}
	for _, r := range list {
		out = append(out, id(r))
	}
	return out
}
