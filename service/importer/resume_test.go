package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/engine/record"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

// mixed makes a file of n rows of every sort: new ones, changes, keys that come again, rows with faults, rows that cannot be read.
func mixed(n int) string {
	r := rand.New(rand.NewPCG(5, 6))
	var b strings.Builder
	b.WriteString("name,email,code,score,firm.name,home_city\n")
	for i := range n {
		switch r.IntN(12) {
		case 0:
			fmt.Fprintf(&b, "Row %d,p%d@example.com,,x,,\n", i, i)
		case 1:
			fmt.Fprintf(&b, "Row %d,,,%d,Missing,\n", i, i)
		case 2:
			fmt.Fprintf(&b, "Row %d,p\"%d,,,,\n", i, i)
		case 3:
			fmt.Fprintf(&b, "Row %d,p%d@example.com,c%d,,,,beyond\n", i, i, i)
		case 4, 5:
			fmt.Fprintf(&b, "Row %d,p%d@example.com,,%d,Acme,\n", i, r.IntN(i+1), i)
		case 6:
			fmt.Fprintf(&b, "\"Row\n%d\",,c%d,%d,,Baku\n", i, r.IntN(n), i)
		default:
			fmt.Fprintf(&b, "Row %d,p%d@example.com,c%d,%d,Acme,Baku\n", i, i, n+i, i)
		}
	}
	return b.String()
}

// state is everything that an import leaves, without ids and times.
func (w *world) state(run Run) []string {
	w.Helper()
	lines := w.table("human", "name", "email", "code", "score", "double", "home", "version")
	lines = append(lines, w.table("firm", "name", "heads", "version")...)
	lines = append(lines, w.rejects(run)...)
	ops := map[string]int{}
	for _, c := range w.Changes() {
		if c.Object == "human" {
			ops[string(c.Op)]++
		}
	}
	hits, _, err := w.Engine.Search(context.Background(), w.System(), "Row", nil, 50, 0)
	if err != nil {
		w.Fatal(err)
	}
	return append(lines, fmt.Sprint(counts(run), run.State, ops, len(hits)))
}

// stopper makes writes fail, or a run stop, after some saves.
type stopper struct {
	left atomic.Int64
	err  error
	stop context.CancelFunc
}

func (s *stopper) rule() record.Rule {
	return record.Rule{Name: "test.stop", Object: "human", After: func(context.Context, *record.Tx, *record.Draft) error {
		if s.left.Add(-1) != 0 {
			return nil
		}
		if s.stop != nil {
			s.stop()
			return nil
		}
		return s.err
	}}
}

// TestARunGoesOnWhereItStopped stops a run at many places, in several ways, each time until it comes to its end: it leaves what a run leaves
// that nothing stopped.
func TestARunGoesOnWhereItStopped(t *testing.T) {
	const rows = 1_200
	file, spec := mixed(rows), Spec{Object: "humans", Format: "csv", Match: "email"}
	var whole []string
	lite(t, func(w *world) {
		w.Create(w.System(), "firm", record.Patch{"name": "Acme"})
		run := w.must(file, spec)
		if run.Failed < 100 || run.Updated < 50 || run.Created < 400 || run.Rows != rows {
			t.Fatalf("a poor file: %+v", run)
		}
		whole = w.state(run)
	})
	r := rand.New(rand.NewPCG(7, 8))
	for _, way := range []string{"cancelled", "failing", "between", "full"} {
		s := &stopper{err: fault.New(fault.Unavailable, "error.unavailable")}
		if way == "full" {
			s.err = fault.New(fault.Full, "error.full")
		}
		t.Run(way, func(t *testing.T) {
			places := everywhere
			if way == "between" || way == "full" {
				places = lite
			}
			places(t, func(w *world) {
				w.Create(w.System(), "firm", record.Patch{"name": "Acme"})
				run, stops := w.untilDone(s, way, r.Int64N(300)+50, file, spec)
				if stops < 2 || !run.Resumed {
					w.Errorf("it stopped %d times: %+v", stops, run)
				}
				w.same("a run that was stopped", w.state(run), whole)
			}, s.rule())
		})
	}
}

func (w *world) untilDone(s *stopper, way string, every int64, file string, spec Spec) (Run, int) {
	w.Helper()
	for stops := range 200 {
		every += 67
		ctx, cancel := context.WithCancel(context.Background())
		progress := func(Run) {}
		s.stop = nil
		switch s.left.Store(every); way {
		case "cancelled":
			s.stop = cancel
		case "between":
			s.left.Store(1 << 40)
			progress = func(Run) { cancel() }
		}
		run, err := w.im.Import(ctx, w.System(), change.ViaImport, spec, strings.NewReader(file), progress)
		cancel()
		switch {
		case err == nil && run.State == Done:
			return run, stops
		case run.State == Failed || err != nil && !fault.Is(err, fault.Unavailable) && !fault.Is(err, fault.Full):
			w.Fatalf("%+v: %v", run, err)
		}
	}
	w.Fatal("it never came to its end")
	return Run{}, 0
}

func TestAnotherFileOrPersonOrSpecBeginsAnew(t *testing.T) {
	lite(t, func(w *world) {
		first := w.must("name\nA\n", Spec{})
		for _, c := range []struct {
			file string
			spec Spec
		}{{"name\nA\n", Spec{}}, {"name\nB\n", Spec{}}, {"name\nA\n", Spec{Map: map[string]string{"name": "name"}}}} {
			if run := w.must(c.file, c.spec); run.Resumed || run.ID == first.ID {
				t.Errorf("%q went on where %v ended: %+v", c.file, first.ID, run)
			}
		}
		ctx, cancel := context.WithCancel(context.Background())
		spec := Spec{Object: "humans", Format: "csv"}
		open, err := w.im.Import(ctx, w.System(), change.ViaImport, spec, strings.NewReader(people(2*stepRows)), func(Run) { cancel() })
		if err == nil || open.Rows != stepRows {
			t.Fatalf("%+v %v", open, err)
		}
		admin := w.User("admin@example.com", "administrator", nil)
		run, err := w.bringAs(admin, people(2*stepRows), Spec{})
		if err != nil || run.Resumed || run.ID == open.ID {
			t.Errorf("another person: %+v %v", run, err)
		}
		if run := w.must(people(2*stepRows), Spec{}); !run.Resumed || run.ID != open.ID {
			t.Errorf("the same person: %+v", run)
		}
	})
}

// TestOneRunIsCarriedOnOnce lets several carry on the same run at once: every row is there once.
func TestOneRunIsCarriedOnOnce(t *testing.T) {
	everywhere(t, func(w *world) {
		const rows = 4 * stepRows
		text := strings.ReplaceAll(people(rows), ",code", ",nick") // nothing unique would hold it back
		run, err := w.im.Begin(context.Background(), w.System(), Spec{Object: "humans", Format: "csv"}, "mark")
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		errs := make([]error, 3)
		for i := range errs {
			all.Go(func() {
				_, errs[i] = w.im.Continue(context.Background(), w.System(), change.ViaImport, run, strings.NewReader(text), nil)
			})
		}
		all.Wait()
		ended := 0
		for _, err := range errs {
			switch {
			case err == nil:
				ended++
			case !errors.Is(err, errTaken) || !fault.Is(err, fault.Conflict):
				t.Errorf("%v", err)
			}
		}
		for ended == 0 { // each may have taken a step from the others: what is left is carried on
			now, err := w.im.Status(context.Background(), w.System(), run.ID)
			if err != nil || now.State != Running {
				t.Fatalf("%+v %v", now, err)
			}
			if _, err = w.im.Continue(context.Background(), w.System(), change.ViaImport, now, strings.NewReader(text), nil); err != nil {
				t.Fatal(err)
			}
			ended++
		}
		now, err := w.im.Status(context.Background(), w.System(), run.ID)
		if err != nil || now.State != Done || counts(now) != [4]int64{rows, rows, 0, 0} {
			t.Errorf("%+v %v", now, err)
		}
		if n := len(w.table("human", "name")); n != rows {
			t.Errorf("%d people", n)
		}
		if _, err := w.im.Continue(context.Background(), w.System(), change.ViaImport, run, strings.NewReader(text), nil); !errors.Is(err, errTaken) {
			t.Errorf("a run that is done was carried on: %v", err)
		}
	})
}

// TestTwoBeginAtOnce lets several begin the same: they find one run.
func TestTwoBeginAtOnce(t *testing.T) {
	everywhere(t, func(w *world) {
		var all sync.WaitGroup
		ids, errs := make([]ident.ID, 6), make([]error, 6)
		for i := range ids {
			all.Go(func() {
				run, err := w.im.Begin(context.Background(), w.System(), Spec{Object: "humans", Format: "csv"}, "mark")
				ids[i], errs[i] = run.ID, err
			})
		}
		all.Wait()
		var found []ident.ID
		for i, err := range errs {
			switch {
			case err == nil:
				found = append(found, ids[i])
			case !errors.Is(err, errTaken):
				t.Error(err)
			}
		}
		if slices.Sort(found); len(slices.Compact(found)) != 1 {
			t.Errorf("runs %v, errors %v", found, errs)
		}
		err := w.DB.Write(context.Background(), func(tx *db.Tx) error {
			_, err := tx.Exec(context.Background(), "INSERT INTO import_run (id, mark, spec, state, line, created, updated, failed, actor, started_at, changed_at) "+
				"VALUES (1, 'mark', '{}', 'running', 0, 0, 0, 0, 0, 0, 0)")
			return err
		})
		var twice *db.UniqueError
		if !errors.As(err, &twice) {
			t.Errorf("the database takes a second run with the same mark: %v", err)
		}
	})
}

// TestARetryLeavesNoTrace lets the first try of every transaction of a step change its drafts and fail.
func TestARetryLeavesNoTrace(t *testing.T) {
	var tries atomic.Int64
	spoil := record.Rule{Name: "test.spoil", Object: "human", Before: func(_ context.Context, _ *record.Tx, d *record.Draft) error {
		if d.New.Text("name") == "Last" && tries.Add(1) == 1 {
			return fault.At("name", "value.pattern")
		}
		d.Set("name", d.New.Text("name")+"+")
		return nil
	}}
	everywhere(t, func(w *world) {
		tries.Store(0)
		run := w.must("name,score\nA,1\nB,2\nLast,3\n", Spec{})
		if counts(run) != [4]int64{3, 3, 0, 0} {
			t.Errorf("%+v", run)
		}
		w.same("people", w.table("human", "name", "score"), []string{"A+ | 1", "B+ | 2", "Last+ | 3"})
	}, spoil)
}

func TestTheErrorListIsBounded(t *testing.T) {
	lite(t, func(w *world) {
		var b strings.Builder
		b.WriteString("name,score\n")
		for i := range maxErrors + 700 {
			fmt.Fprintf(&b, "P%d,%s\n", i, []string{"x", "y\""}[i%2])
		}
		run := w.must(b.String(), Spec{})
		if run.Failed != maxErrors+700 {
			t.Errorf("%+v", run)
		}
		list, err := w.im.Errors(context.Background(), run.ID, 0, 1<<30)
		if err != nil || len(list) != maxErrors || list[maxErrors-1].Row != maxErrors {
			t.Errorf("%d kept: %v", len(list), err)
		}
		long := `{"name":"` + strings.Repeat("x", maxKept) + `"}` + "\n" + `{"name":"short","score":"y"}`
		run = w.must(long, Spec{Format: "jsonl"})
		list, err = w.im.Errors(context.Background(), run.ID, 0, 10)
		if err != nil || len(list) != 2 || list[0].Values != nil || list[1].Values == nil {
			t.Errorf("long row: %d %v", len(list), err)
		}
	})
}

// notSeekable is a file that cannot go back to its beginning.
type notSeekable struct{ io.Reader }

func (notSeekable) Seek(int64, int) (int64, error) { return 0, errors.New("no way back") }

func TestFilesThatCannotGoBack(t *testing.T) {
	lite(t, func(w *world) {
		if _, err := w.im.Import(context.Background(), w.System(), change.ViaImport, Spec{Object: "humans", Format: "csv"}, notSeekable{strings.NewReader("name\n")}, nil); err == nil {
			t.Error("it was read all the same")
		}
	})
}

// TestTables shows that the tables can be made on a database that has nothing else.
func TestTables(t *testing.T) {
	for _, text := range Tables(&db.Dialect{Key: "K", Int: "I", Text: "T"}) {
		if !strings.HasPrefix(text, "CREATE ") {
			t.Error(text)
		}
	}
}
