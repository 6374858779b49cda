package change_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/kit/ident"
	"ashna/testkit"
)

var ctx = context.Background()

// everywhere runs a test on both databases, with the tables of the log only.
func everywhere(t *testing.T, do func(t *testing.T, d *db.DB)) {
	open := func(t *testing.T, c db.Config) *db.DB {
		d, err := db.Open(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		exec(t, d, change.Tables(d.Dialect())...)
		return d
	}
	t.Run("sqlite", func(t *testing.T) { do(t, open(t, db.Config{Dir: t.TempDir()})) })
	t.Run("postgres", func(t *testing.T) {
		url, ok := testkit.PostgresURL(t)
		if !ok {
			t.Skip("PostgreSQL tests are off")
		}
		do(t, open(t, db.Config{URL: url}))
	})
}

func exec(t *testing.T, d *db.DB, texts ...string) {
	t.Helper()
	err := d.Write(ctx, func(tx *db.Tx) error {
		for _, text := range texts {
			if _, err := tx.Exec(ctx, text); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// some makes n changes of one transaction.
func some(n int) []change.Change {
	list := make([]change.Change, n)
	for i := range list {
		list[i] = change.Change{
			At: int64(1_000 + i), Actor: 5, Via: change.ViaAPI, Object: "deal", Record: ident.ID(i%3 + 1), Version: int64(i + 1), Op: change.Update,
			Fields: json.RawMessage(fmt.Sprintf(`{"stage":["a%d","b"]}`, i)),
		}
	}
	return list
}

func add(t *testing.T, d *db.DB, list []change.Change) {
	t.Helper()
	if err := d.Write(ctx, func(tx *db.Tx) error { return change.Append(ctx, tx, list) }); err != nil {
		t.Fatal(err)
	}
}

func read[T any](t *testing.T, d *db.DB, do func(q db.Querier) (T, error)) T {
	t.Helper()
	var out T
	err := d.Read(ctx, func(q db.Querier) (err error) {
		out, err = do(q)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func verify(t *testing.T, d *db.DB) ([]change.Broken, int64) {
	t.Helper()
	var rows int64
	broken := read(t, d, func(q db.Querier) (found []change.Broken, err error) {
		found, rows, err = change.Verify(ctx, q)
		return found, err
	})
	return broken, rows
}

func TestAppendAndRead(t *testing.T) {
	everywhere(t, func(t *testing.T, d *db.DB) {
		if last := read(t, d, func(q db.Querier) (int64, error) { return change.Last(ctx, q) }); last != 0 {
			t.Errorf("an empty log ends at %d", last)
		}
		if broken, rows := verify(t, d); len(broken) != 0 || rows != 0 {
			t.Errorf("an empty log: %v, %d", broken, rows)
		}
		add(t, d, nil)
		first, second := some(3), some(2)
		add(t, d, first)
		add(t, d, second)
		for i, c := range append(slices.Clone(first), second...) {
			wantTx := int64(1)
			if i >= 3 {
				wantTx = 4
			}
			if c.Seq != int64(i+1) || c.Tx != wantTx || len(c.Hash) != 32 {
				t.Errorf("change %d: seq %d tx %d", i, c.Seq, c.Tx)
			}
		}
		all := read(t, d, func(q db.Querier) ([]change.Change, error) { return change.Since(ctx, q, 1, 3) })
		if len(all) != 3 || all[0].Seq != 2 || string(all[0].Fields) != string(first[1].Fields) || all[0].Via != change.ViaAPI || all[0].Actor != 5 || all[0].At != 1_001 {
			t.Errorf("since 1: %+v", all)
		}
		of := read(t, d, func(q db.Querier) ([]change.Change, error) { return change.Of(ctx, q, 1, 0, 10) })
		if len(of) != 2 || of[0].Seq != 4 || of[1].Seq != 1 {
			t.Errorf("of record 1: %+v", of)
		}
		if of = read(t, d, func(q db.Querier) ([]change.Change, error) { return change.Of(ctx, q, 1, 4, 10) }); len(of) != 1 || of[0].Seq != 1 {
			t.Errorf("of record 1 before 4: %+v", of)
		}
		if broken, rows := verify(t, d); len(broken) != 0 || rows != 5 {
			t.Errorf("%v, %d rows", broken, rows)
		}
	})
}

// The last look before a change is written can stop it, and sees what is committed.
func TestAppendIf(t *testing.T) {
	everywhere(t, func(t *testing.T, d *db.DB) {
		exec(t, d, "CREATE TABLE flag (n "+d.Dialect().Int+")", "INSERT INTO flag VALUES (7)")
		stop := errors.New("stop")
		seen := int64(0)
		look := func(n int64) error {
			seen = n
			return stop
		}
		for range 2 { // of an empty log, and of one with a change
			err := d.Write(ctx, func(tx *db.Tx) error { return change.AppendIf(ctx, tx, some(1), "SELECT n FROM flag", look) })
			if !errors.Is(err, stop) || seen != 7 {
				t.Errorf("saw %d, error %v", seen, err)
			}
			add(t, d, some(1))
		}
		if _, rows := verify(t, d); rows != 2 {
			t.Errorf("%d rows", rows)
		}
	})
}

// Whoever edits, removes, adds or moves a row of the log is found out; only the tail can be cut without a trace, which is why the last hash
// is kept elsewhere too.
func TestTampering(t *testing.T) {
	everywhere(t, func(t *testing.T, d *db.DB) {
		for range 4 {
			add(t, d, some(5))
		}
		rounds := 500 // on each of the two databases
		r := rand.New(rand.NewPCG(11, 11))
		for i := range rounds {
			texts, what := tamper(r, d.Dialect())
			missed := false
			undo := errors.New("undo")
			err := d.Write(ctx, func(tx *db.Tx) error {
				for _, text := range texts {
					if _, err := tx.Exec(ctx, text); err != nil {
						return fmt.Errorf("%s: %w", text, err)
					}
				}
				broken, _, err := change.Verify(ctx, tx)
				if err != nil {
					return err
				}
				missed = len(broken) == 0
				return undo
			})
			if !errors.Is(err, undo) {
				t.Fatalf("round %d, %s: %v", i, what, err)
			}
			if missed {
				t.Errorf("round %d: nobody noticed that somebody %s", i, what)
			}
		}
		if broken, rows := verify(t, d); len(broken) != 0 || rows != 20 {
			t.Errorf("after all was undone: %v, %d", broken, rows)
		}
		exec(t, d, "DELETE FROM changes WHERE seq > 15")
		if broken, rows := verify(t, d); len(broken) != 0 || rows != 15 {
			t.Errorf("a cut tail: %v, %d rows: its absence is known only from outside", broken, rows)
		}
	})
}

// tamper writes statements that falsify a log of 20 rows.
func tamper(r *rand.Rand, d *db.Dialect) (texts []string, what string) {
	seq := 1 + r.IntN(19) // the last row can be cut unseen
	other := 1 + r.IntN(19)
	for other == seq {
		other = 1 + r.IntN(19)
	}
	switch r.IntN(6) {
	case 0:
		column := []string{"tx", "at", "actor", "cause", "depth", "record", "version"}[r.IntN(7)]
		return []string{fmt.Sprintf("UPDATE changes SET %s = %s + %d WHERE seq = %d", column, column, 1+r.IntN(9), seq)}, "edited the number " + column
	case 1:
		column := []string{"via", "object", "op", "fields"}[r.IntN(4)]
		return []string{fmt.Sprintf("UPDATE changes SET %s = %s || ' ' WHERE seq = %d", column, column, seq)}, "edited the text " + column
	case 2:
		return []string{fmt.Sprintf("DELETE FROM changes WHERE seq = %d", seq)}, "removed a row"
	case 3:
		texts = []string{fmt.Sprintf("DELETE FROM changes WHERE seq = %d", seq)}
		for s := seq + 1; s <= 20; s++ {
			texts = append(texts, fmt.Sprintf("UPDATE changes SET seq = %d WHERE seq = %d", s-1, s))
		}
		return texts, "removed a row and closed the gap"
	case 4:
		return []string{
			fmt.Sprintf("UPDATE changes SET seq = -1 WHERE seq = %d", seq), fmt.Sprintf("UPDATE changes SET seq = %d WHERE seq = %d", seq, other),
			fmt.Sprintf("UPDATE changes SET seq = %d WHERE seq = -1", other),
		}, "swapped two rows"
	}
	return []string{fmt.Sprintf("UPDATE changes SET hash = (SELECT hash FROM changes WHERE seq = %d) WHERE seq = %d", other, seq)}, "copied a hash"
}

// Fields that read alike when they are put behind each other have different hashes.
func TestHashKeepsFieldsApart(t *testing.T) {
	everywhere(t, func(t *testing.T, d *db.DB) {
		pairs := [][2]change.Change{
			{{Object: "ab", Op: "c"}, {Object: "a", Op: "bc"}}, {{Record: 1, Version: 11}, {Record: 11, Version: 1}}, {{Fields: []byte("1:x")}, {Object: "1:x"}},
		}
		for _, p := range pairs {
			var sums []string
			for _, c := range p {
				list := []change.Change{c}
				_ = d.Write(ctx, func(tx *db.Tx) error {
					if err := change.Append(ctx, tx, list); err != nil {
						return err
					}
					return context.Canceled
				})
				sums = append(sums, string(list[0].Hash))
			}
			if sums[0] == sums[1] || sums[0] == "" {
				t.Errorf("%+v and %+v have one hash", p[0], p[1])
			}
		}
	})
}

func TestMatch(t *testing.T) {
	c := change.Change{Object: "deal", Op: change.Create}
	for _, x := range []struct {
		m    change.Match
		want bool
	}{
		{change.Match{}, true}, {change.Match{Objects: []string{"deal"}}, true}, {change.Match{Objects: []string{"lead"}}, false},
		{change.Match{Ops: []change.Op{change.Create}}, true}, {change.Match{Ops: []change.Op{change.Delete}}, false},
		{change.Match{Objects: []string{"deal"}, Ops: []change.Op{change.Delete}}, false},
	} {
		if got := x.m.Wants(c); got != x.want {
			t.Errorf("%+v wants it: %t", x.m, got)
		}
	}
}

// Eight writers at once; a reader sees each change once and in order, with a crash in every third step, and two readers of one name share
// the work without doing it twice.
func TestReadersMissNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, d *db.DB) {
		add(t, d, some(3)) // from before the reader began: not for it
		exec(t, d, "CREATE TABLE seen (n "+d.Dialect().Key+", seq "+d.Dialect().Int+" NOT NULL)")
		if err := change.Begin(ctx, d, "test"); err != nil {
			t.Fatal(err)
		}
		var calls int
		var mu sync.Mutex
		crash := errors.New("crash")
		reader := change.Reader{Name: "test", Match: change.Match{Objects: []string{"deal"}}, Do: func(ctx context.Context, tx *db.Tx, list []change.Change) error {
			for _, c := range list {
				if _, err := tx.Exec(ctx, "INSERT INTO seen (n, seq) SELECT coalesce(max(n), 0) + 1, $1 FROM seen", c.Seq); err != nil {
					return err
				}
			}
			mu.Lock()
			defer mu.Unlock()
			if calls++; calls%3 == 0 {
				return crash
			}
			return nil
		}}
		done := make(chan struct{})
		var writing, reading sync.WaitGroup
		for range 8 {
			writing.Go(func() {
				for range 25 {
					if err := d.Write(ctx, func(tx *db.Tx) error { return change.Append(ctx, tx, some(2)) }); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for range 2 {
			reading.Go(func() {
				for {
					n, err := change.Step(ctx, d, reader)
					if err != nil && !errors.Is(err, crash) {
						t.Error(err)
						return
					}
					select {
					case <-done:
						if n == 0 && err == nil {
							return
						}
					default:
					}
				}
			})
		}
		writing.Wait()
		close(done)
		reading.Wait()
		seen := read(t, d, func(q db.Querier) (list []int64, err error) {
			err = db.Each(ctx, q, "SELECT seq FROM seen ORDER BY n", nil, func(r db.Row) error {
				list = append(list, r.Int(0))
				return nil
			})
			return list, err
		})
		for i, seq := range seen {
			if seq != int64(i+4) {
				t.Fatalf("place %d has change %d", i, seq)
			}
		}
		if len(seen) != 400 {
			t.Errorf("saw %d changes, want 400", len(seen))
		}
		if broken, rows := verify(t, d); len(broken) != 0 || rows != 403 {
			t.Errorf("%v, %d rows", broken, rows)
		}
	})
}

// A new reader begins at the end of the log; changes that it does not want move its place without work.
func TestReaderBegins(t *testing.T) {
	everywhere(t, func(t *testing.T, d *db.DB) {
		add(t, d, some(2))
		var got []int64
		reader := change.Reader{Name: "late", Match: change.Match{Objects: []string{"lead"}}, Do: func(_ context.Context, _ *db.Tx, list []change.Change) error {
			for _, c := range list {
				got = append(got, c.Seq)
			}
			return nil
		}}
		if n, err := change.Step(ctx, d, reader); n != 0 || err != nil {
			t.Errorf("the first step: %d, %v", n, err)
		}
		list := some(3)
		list[1].Object = "lead"
		add(t, d, list)
		if n, err := change.Step(ctx, d, reader); n != 3 || err != nil || !slices.Equal(got, []int64{4}) {
			t.Errorf("%d changes, got %v, %v", n, got, err)
		}
		if n, err := change.Step(ctx, d, reader); n != 0 || err != nil {
			t.Errorf("at the end: %d, %v", n, err)
		}
		if err := change.Begin(ctx, d, "late"); err != nil {
			t.Error(err)
		}
	})
}

// Follow reacts at once to commits, tries again after a failure, and returns when it is told to.
func TestFollow(t *testing.T) {
	everywhere(t, func(t *testing.T, d *db.DB) {
		if err := change.Begin(ctx, d, "follow"); err != nil {
			t.Fatal(err)
		}
		got := make(chan int64, 10)
		failed := false
		reader := change.Reader{Name: "follow", Do: func(_ context.Context, tx *db.Tx, list []change.Change) error {
			if !failed {
				failed = true
				return errors.New("the first time it fails")
			}
			for _, c := range list {
				tx.After(func() { got <- c.Seq })
			}
			return nil
		}}
		stop, cancel := context.WithCancel(ctx)
		var log logged
		var running sync.WaitGroup
		running.Go(func() { change.Follow(stop, d, reader, log.logger()) })
		add(t, d, some(1))
		select {
		case seq := <-got:
			if seq != 1 {
				t.Errorf("change %d", seq)
			}
		case <-time.After(20 * time.Second):
			t.Error("nothing came")
		}
		cancel()
		running.Wait()
		if text := log.text(); !strings.Contains(text, "the first time it fails") {
			t.Errorf("the log says %q", text)
		}
	})
}
