package record_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/kit/fault"
	"ashna/testkit/enginetest"
)

// rowsOf prepares rows that are matched by the code of an account.
func rowsOf(w *enginetest.World, who *access.Viewer, patches ...record.Patch) (*meta.Entity, *meta.Attr, []record.ImportRow) {
	e, _ := who.Catalog.Object("account")
	match, _ := e.Attr("code")
	var list []record.ImportRow
	for i, p := range patches {
		list = append(list, w.Engine.PrepareImport(who, e, i+1, p, match, nil))
	}
	return e, match, list
}

// imported runs an import and writes what became of each row: new, changed, or what is wrong.
func imported(w *enginetest.World, who *access.Viewer, patches ...record.Patch) []string {
	w.Helper()
	e, match, list := rowsOf(w, who, patches...)
	var out []string
	err := w.Engine.Write(ctx, who, change.ViaImport, func(tx *record.Tx) error {
		results, err := tx.Import(ctx, who, e, match, list)
		out = nil
		for _, r := range results {
			switch {
			case r.Err != nil:
				out = append(out, fmt.Sprint(enginetest.Faults(r.Err)))
			case r.Created:
				out = append(out, "new")
			default:
				out = append(out, "changed")
			}
		}
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return out
}

func TestImport(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		sys := w.System()
		w.Create(sys, "account", record.Patch{"name": "There", "code": "old"})
		got := imported(w, sys,
			record.Patch{"name": "One", "code": "one"}, record.Patch{"name": "There now", "code": "OLD"}, record.Patch{"name": "", "code": "bad"},
			record.Patch{"name": "Late", "code": "bad"}, record.Patch{"name": "Late again", "code": "Bad"}, record.Patch{"name": "No code"},
			record.Patch{"name": "Circle", "code": "c", "above": "0000000000001"},
		)
		want := []string{"new", "changed", "[name value.required]", "new", "changed", "new", "[above value.reference]"}
		if !slices.Equal(got, want) {
			w.Errorf("rows %v\nwant %v", got, want)
		}
		if got := w.List(sys, "account", "", "name"); !slices.Equal(got, []string{"Late again", "No code", "One", "There now"}) {
			w.Errorf("accounts %v", got)
		}
		checkChain(w)
	})
}

// A row is prepared once and may be written more than once, when the database asks for the transaction again: nothing of the first try may
// stay with it.
func TestImportRunsAgain(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		sys := w.System()
		a := w.Create(sys, "account", record.Patch{"name": "A"})
		e := w.Entity("purchase")
		row := w.Engine.PrepareImport(sys, e, 1, record.Patch{"account": id(a), "amount": 1}, nil, nil)
		draft := w.Engine.Draft(sys, e, record.Patch{"account": id(a), "amount": 2})
		again := errors.New("again")
		serial := ""
		for i := range 3 {
			err := w.Try(sys, func(tx *record.Tx) error {
				results, err := tx.Import(ctx, sys, e, nil, []record.ImportRow{row})
				if err != nil || results[0].Err != nil {
					return errors.Join(err, results[0].Err)
				}
				r, err := tx.Save(ctx, sys, draft)
				if err != nil {
					return err
				}
				serial = r.Text("serial")
				if i < 2 {
					return again
				}
				return nil
			})
			if i < 2 && !errors.Is(err, again) || i == 2 && err != nil {
				w.Fatal(err)
			}
			if i == 1 {
				w.Create(sys, "purchase", record.Patch{"account": id(a)})
			}
		}
		if serial == "" {
			w.Error("no number")
		}
		checkNumbers(w, 3)
		if draft.New.ID() != 0 || len(draft.Faults()) != 0 {
			w.Error("a draft of a new record kept something of a transaction")
		}
	})
}

// ImportAll stops at the first row that is wrong and leaves nothing.
func TestImportAll(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		sys := w.System()
		before := w.Hash()
		e, match, list := rowsOf(w, sys, record.Patch{"name": "One", "code": "one"}, record.Patch{"name": "Two", "code": "two", "score": 1, "status": "closed"})
		err := w.Try(sys, func(tx *record.Tx) error {
			_, err := tx.ImportAll(ctx, sys, e, match, list)
			return err
		})
		refused(w.T, "the second row", err, "status value.rule")
		if w.Hash() != before {
			w.Error("something stayed")
		}
		w.Must(sys, func(tx *record.Tx) error {
			results, err := tx.ImportAll(ctx, sys, e, match, list[:1])
			if err == nil && (len(results) != 1 || !results[0].Created || results[0].Number != 1 || results[0].Record == 0) {
				err = fmt.Errorf("results %+v", results)
			}
			return err
		})
	})
}

// What one may not see is not matched, and nothing is imported without the right to.
func TestImportRights(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		sys := w.System()
		w.Create(sys, "account", record.Patch{"name": "Hidden", "region": "x", "code": "taken"})
		who := w.Member("m@example.com", nil, w.Role("own", `{"objects":{"*":{"rights":{"read":"own","create":"own","update":"own","import":"own"}}}}`))
		if got := imported(w, who, record.Patch{"name": "Mine", "code": "mine"}, record.Patch{"name": "Taken", "code": "taken"}, record.Patch{"name": "Mine now", "code": "mine"}); !slices.Equal(got, []string{"new", "[code value.duplicate]", "changed"}) {
			w.Errorf("rows %v", got)
		}
		without := w.Member("n@example.com", nil, w.Role("no_import", `{"objects":{"*":{"rights":{"read":"own","create":"own"}}}}`))
		e, match, list := rowsOf(w, without, record.Patch{"name": "x"})
		err := w.Try(without, func(tx *record.Tx) error {
			_, err := tx.Import(ctx, without, e, match, list)
			return err
		})
		kind(w.T, "without the right", err, fault.Denied)
	})
}

// A failure that is not of a row ends the import.
func TestImportEnds(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		sys := w.System()
		e, match, list := rowsOf(w, sys, record.Patch{"name": "x"})
		err := w.Try(sys, func(tx *record.Tx) error {
			ended, cancel := context.WithCancel(ctx)
			cancel()
			_, err := tx.Import(ended, sys, e, match, list)
			return err
		})
		if err == nil {
			w.Error("an import went on after its context ended")
		}
	})
}
