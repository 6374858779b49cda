package record_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"

	"ashna/engine/change"
	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/kit/fault"
	"ashna/testkit/enginetest"
)

// Everything that is wrong with a record comes back at once, and nothing of it is written.
func TestEveryBadFieldAtOnce(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		sys := w.System()
		taken := w.Create(sys, "account", record.Patch{"name": "A", "code": "x1", "region": "north", "place": json.Number("1")})
		before := w.Hash()
		cases := []struct {
			name   string
			object string
			patch  record.Patch
			want   []string
		}{
			{"all kinds", "account", record.Patch{"name": " ", "status": "nosuch", "score": "many", "since": "yesterday", "nosuch": 1, "above": "bad id", "double": 4, "owed": "1 XXX"},
				[]string{"name value.required", "status value.choice", "score value.number", "since value.date", "nosuch value.unknown_field", "above value.id", "double value.read_only", "owed value.currency"}},
			{"links to nothing", "account", record.Patch{"name": "B", "above": "0000000000001", "owner": "0000000000001"},
				[]string{"above value.reference", "owner value.reference"}},
			{"a rule of the catalog", "account", record.Patch{"name": "B", "status": "closed", "score": 3}, []string{"status value.rule"}},
			{"a rule of the program", "account", record.Patch{"name": "refused", "above": "0000000000001"},
				[]string{"code value.required", "region value.required", "above value.reference"}},
			{"a wrong count of slots", "account", record.Patch{"name": "wide"}, []string{"owed error.internal"}},
			{"a field that is none", "account", record.Patch{"name": "unknown"}, []string{"no_such_field error.internal"}},
			{"one unique field", "account", record.Patch{"name": "B", "code": "X1"}, []string{"code value.duplicate"}},
			{"two fields together", "account", record.Patch{"name": "B", "region": "North", "place": 1}, []string{"region value.duplicate", "place value.duplicate"}},
			{"rules without end", "account", record.Patch{"name": "endless"}, []string{"record.too_deep"}},
			{"links over nothing", "account", record.Patch{"name": "B", "groups": []any{"0000000000001"}}, []string{"groups value.reference"}},
			{"a part without its parent", "purchase", record.Patch{"amount": 1}, []string{"account value.required"}},
			{"a target of another object", "visit", record.Patch{"subject": "v", "about": map[string]any{"object": "ticket", "id": id(taken)}}, []string{"about value.reference"}},
		}
		for _, c := range cases {
			refused(w.T, c.name, create(w, sys, c.object, c.patch), c.want...)
		}
		refused(w.T, "a circle", update(w, sys, taken, record.Patch{"above": id(taken)}, 0), "above value.cycle")
		if w.Hash() != before {
			w.Error("something was written")
		}
	})
}

func TestCircles(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		sys := w.System()
		var chain []*record.Record
		for i := range 6 {
			patch := record.Patch{"name": fmt.Sprint("level ", i)}
			if i > 0 {
				patch["above"] = id(chain[i-1])
			}
			chain = append(chain, w.Create(sys, "account", patch))
		}
		for i := range chain {
			refused(w.T, fmt.Sprint("the top below level ", i), update(w, sys, chain[0], record.Patch{"above": id(chain[i])}, 0), "above value.cycle")
		}
		w.Update(sys, chain[5], record.Patch{"above": id(chain[0])})
	})
}

func TestVersions(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		sys := w.System()
		a := w.Create(sys, "account", record.Patch{"name": "A"})
		if a.Version() != 1 {
			w.Fatalf("version %d of a new record", a.Version())
		}
		b := w.Update(sys, a, record.Patch{"score": 1})
		err := update(w, sys, a, record.Patch{"score": 2}, a.Version())
		kind(w.T, "an old version", err, fault.Conflict)
		refused(w.T, "an old version", err, "record.stale")
		if got := fault.Of(err).Params["version"]; got != b.Version() {
			w.Errorf("the fault tells version %v, want %d", got, b.Version())
		}
		last := w.Last()
		if c := w.Update(sys, b, record.Patch{"score": 1, "name": "A"}); c.Version() != b.Version() {
			w.Error("saving without a change made a version")
		}
		logged(w, last)
	})
}

// A client may send back the whole record as it read it; what it may not write must be as it is.
func TestEcho(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		sys := w.System()
		a := w.Create(sys, "account", record.Patch{"name": "A", "score": 4, "owed": "12.50 USD", "since": "2026-01-02"})
		w.Create(sys, "purchase", record.Patch{"account": id(a), "amount": 5})
		now := w.Get(sys, "account", a.ID())
		var patch record.Patch
		d := json.NewDecoder(bytes.NewReader(now.AppendJSON(nil, now.Entity.Fields)))
		d.UseNumber()
		if err := d.Decode(&patch); err != nil {
			w.Fatal(err)
		}
		if err := update(w, sys, a, patch, 0); err != nil {
			w.Errorf("sent back as it was read: %v", err)
		}
		if again := w.Get(sys, "account", a.ID()); again.Version() != now.Version() {
			w.Error("a record that was sent back got a new version")
		}
		for field, value := range map[string]any{"double": 9, "version": 9, "spent": 9, "created_at": "2020-01-01T00:00:00Z", "id": "0000000000001"} {
			refused(w.T, field, update(w, sys, a, record.Patch{field: value}, 0), field+" value.read_only")
		}
	})
}

// The log says of every field what it was and what it is.
func TestLog(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		who := w.User("a@example.com", "administrator", nil)
		x, y := w.Create(who, "circle", record.Patch{"name": "X"}), w.Create(who, "circle", record.Patch{"name": "Y"})
		last := w.Last()
		a := w.Create(who, "account", record.Patch{"name": "A", "score": 2, "groups": ids(x)})
		list := w.Changes()[last:]
		if len(list) != 2 || list[0].Actor != who.User || list[0].Via != change.ViaAPI || list[0].At != enginetest.Start.UnixMicro() ||
			list[0].Version != 1 || list[0].Record != a.ID() || list[0].Tx != list[1].Tx {
			w.Errorf("changes %+v", list)
		}
		var fields map[string][2]any
		if err := json.Unmarshal(list[0].Fields, &fields); err != nil {
			w.Fatal(err)
		}
		if fields["name"] != [2]any{nil, "A"} || fields["double"] != [2]any{nil, 4.0} || fmt.Sprint(fields["groups"]) != fmt.Sprintf("[<nil> [%s]]", id(x)) {
			w.Errorf("fields %v", fields)
		}
		last = w.Last()
		a = w.Update(who, a, record.Patch{"groups": ids(y), "score": nil})
		logged(w, last, fmt.Sprintf(`update account {"score":[2,null],"double":[4,null],"groups":[["%s"],["%s"]]}`, id(x), id(y)),
			"delete membership", "create membership")
		last = w.Last()
		b := w.Update(who, a, record.Patch{"groups": ids(x, y)})
		if b.Version() != a.Version()+1 {
			w.Error("changed links make no version")
		}
		logged(w, last, fmt.Sprintf(`update account {"groups":[["%s"],["%s","%s"]]}`, id(y), id(x), id(y)), "create membership")
		last = w.Last()
		w.Update(who, b, record.Patch{"groups": ids(y, x)})
		logged(w, last)
		lines, err := w.Engine.Timeline(ctx, who, a.Entity, a.ID(), 0, 100)
		if err != nil || len(lines) != 3 || lines[0].Op != change.Update || lines[2].Op != change.Create {
			w.Errorf("timeline %v, %v", lines, err)
		}
	})
}

// A record that is made and changed in one transaction has one entry in the search.
func TestSavedTwiceInOneTransaction(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		sys := w.System()
		a := w.Create(sys, "account", record.Patch{"name": "twice"})
		if got := w.Get(sys, "account", a.ID()); got.Int("score") != 7 || got.Version() != 2 {
			w.Errorf("score %d, version %d", got.Int("score"), got.Version())
		}
		if hits := find(w, "found "+id(a)); !slices.Equal(hits, []string{"twice"}) {
			w.Errorf("found %v", hits)
		}
		w.Must(sys, func(tx *record.Tx) error {
			b, err := tx.Create(ctx, sys, w.Entity("account"), record.Patch{"name": "gone at once"})
			if err != nil {
				return err
			}
			if err := tx.Delete(ctx, sys, b.Entity, b.ID(), 0); err != nil {
				return err
			}
			return tx.Purge(ctx, sys, b.Entity, b.ID())
		})
		if hits := find(w, "gone at once"); len(hits) > 0 {
			w.Errorf("found %v", hits)
		}
	})
}

func find(w *enginetest.World, words string) []string {
	w.Helper()
	hits, _, err := w.Engine.Search(ctx, w.System(), words, nil, 50, 0)
	if err != nil {
		w.Fatal(err)
	}
	var titles []string
	for _, h := range hits {
		titles = append(titles, h.Title)
	}
	return titles
}

// What fails in a part of a transaction leaves nothing of that part: no row, no change, no entry of the search.
func TestTry(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		sys := w.System()
		w.Create(sys, "account", record.Patch{"name": "First", "code": "one"})
		last := w.Last()
		w.Must(sys, func(tx *record.Tx) error {
			e := w.Entity("account")
			for i, code := range []string{"two", "one", "three", "two"} {
				err := tx.Try(ctx, func() error {
					_, err := tx.Create(ctx, sys, e, record.Patch{"name": fmt.Sprint("Row", i), "code": code})
					return err
				})
				if want := code == "one" || i == 3; want != (err != nil) {
					w.Errorf("row %d: %v", i, err)
				}
				if err != nil {
					refused(w.T, code, err, "code value.duplicate")
				}
			}
			return nil
		})
		logged(w, last, `create account {"name":[null,"Row0"]`, `create account {"name":[null,"Row2"]`)
		if got := w.List(sys, "account", "", "code"); !slices.Equal(got, []string{"First", "Row2", "Row0"}) {
			w.Errorf("accounts %v", got)
		}
		if hits := find(w, "row1"); len(hits) > 0 {
			w.Errorf("found %v", hits)
		}
		boom := errors.New("boom")
		if err := w.Try(sys, func(tx *record.Tx) error {
			if _, err := tx.Create(ctx, sys, w.Entity("account"), record.Patch{"name": "undone"}); err != nil {
				return err
			}
			return boom
		}); !errors.Is(err, boom) {
			w.Errorf("error %v", err)
		}
		logged(w, last, "create account", "create account")
	})
}

func TestSetDerived(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		sys := w.System()
		a := w.Create(sys, "account", record.Patch{"name": "A", "score": 1})
		last := w.Last()
		w.Must(sys, func(tx *record.Tx) error { return tx.SetDerived(ctx, a, map[string][]any{"score": {int64(5)}}) })
		if got := w.Get(sys, "account", a.ID()); got.Int("double") != 10 || got.Version() != 1 {
			w.Errorf("double %d, version %d", got.Int("double"), got.Version())
		}
		logged(w, last, `derive account {"score":[1,5],"double":[2,10]}`)
		for _, bad := range []map[string][]any{{"score": {}}, {"owed": {int64(1)}}, {"nosuch": {int64(1)}}} {
			if err := w.Try(sys, func(tx *record.Tx) error { return tx.SetDerived(ctx, a, bad) }); err == nil {
				w.Errorf("%v was taken", bad)
			}
		}
	})
}

func TestActions(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		admin, viewer := w.User("a@example.com", "administrator", nil), w.User("v@example.com", "viewer", nil)
		a := w.Create(admin, "account", record.Patch{"name": "A", "score": 1})
		act := func(r *record.Record, name string, input record.Patch) error {
			return try(w, admin, "account", func(tx *record.Tx, e *meta.Entity) error {
				_, err := tx.Act(ctx, admin, e, r.ID(), name, input)
				return err
			})
		}
		if err := act(a, "bump", record.Patch{"by": 4}); err != nil || w.Get(admin, "account", a.ID()).Int("score") != 5 {
			w.Errorf("bump: %v", err)
		}
		refused(w.T, "bad input", act(a, "bump", record.Patch{"by": "x", "nosuch": 1}), "by value.number", "nosuch value.unknown_field", "by value.required")
		refused(w.T, "no input", act(a, "bump", nil), "by value.required")
		refused(w.T, "no such action", act(a, "nosuch", nil), "action.unknown")
		refused(w.T, "of the object", act(a, "sum_up", nil), "action.unknown")
		for name, want := range map[string]fault.Kind{"bump": fault.Denied, "peek": -1} {
			err := try(w, viewer, "account", func(tx *record.Tx, e *meta.Entity) error {
				_, err := tx.Act(ctx, viewer, e, a.ID(), name, record.Patch{})
				return err
			})
			if want >= 0 && !fault.Is(err, want) || want < 0 && err != nil {
				w.Errorf("a viewer does %s: %v", name, err)
			}
		}
		w.Delete(admin, a)
		refused(w.T, "on a deleted record", act(a, "bump", record.Patch{"by": 1}), "record.deleted")
	})
}
