package db

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"ashna/kit/fault"
)

func TestValuesComeBackAsTheyWent(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 100_000)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	rows := [][]any{
		{1, int64(0), "", []byte{}},
		{2, int64(math.MaxInt64), "سلام دنیا ‌ نیم‌فاصله", []byte{0, 1, 0xff}},
		{3, int64(math.MinInt64), "Əliyev 𝄞 '\"\\ $1 ? %", noise},
		{4, nil, nil, nil},
		{5, int64(-1), strings.Repeat("ə", 50_000), []byte(nil)},
		{6, 42, "00123", []byte("00123")},
		{7, int64(1), "1e3", []byte("x")},
	}
	want := [][]any{}
	for _, r := range rows {
		row := slices.Clone(r)
		for i, v := range row {
			if n, ok := v.(int); ok {
				row[i] = int64(n)
			}
			if b, ok := v.([]byte); ok && b == nil {
				row[i] = nil
			}
		}
		want = append(want, row)
	}
	everywhere(t, func(t *testing.T, c Config) {
		d, ctx := table(t, c), context.Background()
		err := d.Write(ctx, func(tx *Tx) error {
			for _, r := range rows {
				if _, err := tx.Exec(ctx, "INSERT INTO thing (id, n, s, b) VALUES ($1, $2, $3, $4)", r...); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var got [][]any
		err = d.Read(ctx, func(q Querier) error {
			return Each(ctx, q, "SELECT id, n, s, b FROM thing ORDER BY id", nil, func(r Row) error {
				got = append(got, slices.Clone(r))
				return nil
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if i >= len(got) || !reflect.DeepEqual(got[i], want[i]) {
				t.Errorf("row %d came back different (%T)", i+1, got[min(i, len(got)-1)][3])
			}
		}
	})
}

func TestRowAccessors(t *testing.T) {
	r := Row{int64(7), "x", []byte("y"), nil}
	if r.Int(0) != 7 || r.Int(1) != 0 || r.Int(3) != 0 {
		t.Error("Int")
	}
	if r.Text(1) != "x" || r.Text(0) != "" || r.Text(3) != "" {
		t.Error("Text")
	}
	if string(r.Bytes(2)) != "y" || r.Bytes(1) != nil || r.Bytes(3) != nil {
		t.Error("Bytes")
	}
}

func TestBytesOutliveTheirRow(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		d, ctx := table(t, c), context.Background()
		run(t, d, "INSERT INTO thing (id, b) VALUES (1, NULL), (2, NULL), (3, NULL)")
		err := d.Write(ctx, func(tx *Tx) error {
			for i := range 3 {
				if err := tx.Later(ctx, "UPDATE thing SET b = $1 WHERE id = $2", bytes.Repeat([]byte{byte('a' + i)}, 20), i+1); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var kept [][]byte
		err = d.Read(ctx, func(q Querier) error {
			return Each(ctx, q, "SELECT b FROM thing ORDER BY id", nil, func(r Row) error {
				kept = append(kept, r.Bytes(0))
				return nil
			})
		})
		if err != nil || len(kept) != 3 || string(kept[0]) != strings.Repeat("a", 20) || string(kept[2]) != strings.Repeat("c", 20) {
			t.Errorf("%q %v", kept, err)
		}
	})
}

func TestNumbersOfQueriesAreInt64(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		d := table(t, c)
		run(t, d, "INSERT INTO thing (id, n) VALUES (1, 4), (2, 5), (3, NULL)")
		for text, want := range map[string]int64{
			"SELECT count(*) FROM thing": 3, "SELECT sum(n) FROM thing": 9, "SELECT max(n) FROM thing": 5, "SELECT 1": 1,
			"SELECT length(s) FROM (SELECT 'abc' AS s) AS x": 3, "SELECT n > 4 FROM thing WHERE id = 2": 1, "SELECT n > 4 FROM thing WHERE id = 1": 0,
			"SELECT sum(n) FROM thing WHERE n < 0": 0, "SELECT min(id) FROM thing WHERE n IS NULL": 3,
		} {
			var got any
			err := d.Read(context.Background(), func(q Querier) error {
				row, _, err := One(context.Background(), q, text)
				if err == nil {
					got = row[0]
				}
				return err
			})
			if err != nil || got != want && !(got == nil && want == 0) {
				t.Errorf("%s: %T %v %v, want %d", text, got, got, err, want)
			}
		}
	})
}

func TestOtherTypesAreRefused(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		d, ctx := table(t, c), context.Background()
		for _, v := range []any{true, 1.5, time.Time{}, int32(1), fault.Full, []string{"a"}} {
			err := d.Write(ctx, func(tx *Tx) error { return tx.Later(ctx, "INSERT INTO thing (id, n) VALUES (1, $1)", v) })
			if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%T", v)) {
				t.Errorf("%T: %v", v, err)
			}
		}
		if count(t, d) != 0 {
			t.Error("something was written")
		}
	})
}

func TestStatementsWithMistakes(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		d, ctx := table(t, c), context.Background()
		for _, bad := range []struct {
			text string
			args []any
		}{
			{"SELECT nothing FROM nowhere", nil},
			{"SELEC 1", nil},
			{"SELECT n FROM thing WHERE id = $1", nil},
			{"SELECT n FROM thing WHERE id = $1", []any{1, 2}},
			{"DELETE FROM thing; DELETE FROM thing", nil},
		} {
			read := d.Read(ctx, func(q Querier) error { return Each(ctx, q, bad.text, bad.args, func(Row) error { return nil }) })
			exec := d.Write(ctx, func(tx *Tx) error { _, err := tx.Exec(ctx, bad.text, bad.args...); return err })
			later := d.Write(ctx, func(tx *Tx) error { return tx.Later(ctx, bad.text, bad.args...) })
			for i, err := range []error{read, exec, later} {
				if err == nil || fault.Of(err) != nil {
					t.Errorf("%s (%d): %v, want an error that is no fault", bad.text, i, err)
				}
			}
		}
		if got := number(t, d, "SELECT $1 + 1", 1); got != 2 && c.URL == "" {
			t.Error("the connection does not work any more")
		}
	})
}

func TestLiteralsAreNotTouched(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		d, ctx := table(t, c), context.Background()
		err := d.Write(ctx, func(tx *Tx) error {
			return tx.Later(ctx, `INSERT INTO thing (id, n, s) VALUES ($1, 3, 'US$1; don''t ?1 /* $2 */ -- $3')`, 1)
		})
		if err != nil {
			t.Fatal(err)
		}
		err = d.Read(ctx, func(q Querier) error {
			row, _, err := One(ctx, q, `SELECT s AS "a$1" /* $9 */ FROM thing WHERE id = $2 AND n >= $1 -- $8`, 3, 1)
			if err == nil && row.Text(0) != "US$1; don't ?1 /* $2 */ -- $3" {
				t.Errorf("%q", row.Text(0))
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestExecCountsRows(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		d, ctx := table(t, c), context.Background()
		err := d.Write(ctx, func(tx *Tx) error {
			for _, s := range []struct {
				text string
				want int64
			}{
				{"INSERT INTO thing (id, n, s) VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 2, 'c')", 3},
				{"UPDATE thing SET n = 5 WHERE n = 1", 2},
				{"UPDATE thing SET n = 5 WHERE n = 77", 0},
				{"UPDATE thing SET s = 'it is RETURNING' WHERE id < 3", 2},
				{"UPDATE thing SET n = n + 1 WHERE id < 3 RETURNING id", 2},
				{"WITH x AS (SELECT 3 AS id) DELETE FROM thing WHERE id IN (SELECT id FROM x)", 1},
				{"INSERT INTO thing (id) VALUES (1) ON CONFLICT DO NOTHING", 0},
				{"DELETE FROM thing", 2},
			} {
				n, err := tx.Exec(ctx, s.text)
				if err != nil {
					return err
				}
				if n != s.want {
					t.Errorf("%s: %d rows, want %d", s.text, n, s.want)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestQueryInsideATransactionSeesItsWrites(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		d, ctx := table(t, c), context.Background()
		err := d.Write(ctx, func(tx *Tx) error {
			if err := tx.Later(ctx, "INSERT INTO thing (id, n) VALUES (1, 10)"); err != nil {
				return err
			}
			row, found, err := One(ctx, tx, "UPDATE thing SET n = n + 1 WHERE id = $1 RETURNING n", 1)
			if err != nil || !found || row.Int(0) != 11 {
				t.Errorf("returning: %v %v %v", row, found, err)
			}
			row, found, err = One(ctx, tx, "SELECT n FROM thing WHERE id = $1", 1)
			if err != nil || !found || row.Int(0) != 11 {
				t.Errorf("select: %v %v %v", row, found, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		_, found, err := one(d, "SELECT n FROM thing WHERE id = 99")
		if err != nil || found {
			t.Errorf("an absent row: %v %v", found, err)
		}
	})
}

func one(d *DB, text string) (row Row, found bool, err error) {
	err = d.Read(context.Background(), func(q Querier) error {
		row, found, err = One(context.Background(), q, text)
		return err
	})
	return row, found, err
}

func TestLaterKeepsTheOrder(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		d, ctx := table(t, c), context.Background()
		run(t, d, "INSERT INTO thing (id, s) VALUES (1, '')")
		err := d.Write(ctx, func(tx *Tx) error {
			for i := range 1_203 {
				if err := tx.Later(ctx, "UPDATE thing SET n = $1, s = s || $2 WHERE id = 1", i, string(rune('a'+i%26))); err != nil {
					return err
				}
				if i == 700 {
					if err := tx.Flush(ctx); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		row, _, err := one(d, "SELECT n, s FROM thing")
		want := strings.Repeat("abcdefghijklmnopqrstuvwxyz", 47)[:1_203]
		if err != nil || row.Int(0) != 1_202 || row.Text(1) != want {
			t.Errorf("%v %v", row, err)
		}
	})
}

func TestErrorsOfLaterComeAtTheLatestWithTheCommit(t *testing.T) {
	for name, touch := range map[string]func(context.Context, *Tx) error{
		"commit": func(context.Context, *Tx) error { return nil },
		"flush":  func(ctx context.Context, tx *Tx) error { return tx.Flush(ctx) },
		"exec": func(ctx context.Context, tx *Tx) error {
			_, err := tx.Exec(ctx, "DELETE FROM thing WHERE id = 55")
			return err
		},
		"query": func(ctx context.Context, tx *Tx) error { _, _, err := One(ctx, tx, "SELECT 1"); return err },
		"insert": func(ctx context.Context, tx *Tx) error {
			return tx.Insert(ctx, "thing", []string{"id"}, [][]any{{101}, {102}, {103}, {104}, {105}, {106}})
		},
		"ignored": func(ctx context.Context, tx *Tx) error { _ = tx.Flush(ctx); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			everywhere(t, func(t *testing.T, c Config) {
				d, ctx := table(t, c), context.Background()
				run(t, d, "INSERT INTO thing (id) VALUES (7)")
				err := d.Write(ctx, func(tx *Tx) error {
					for id := 1; id < 10; id++ { // the seventh of nine fails
						if tx.Later(ctx, "INSERT INTO thing (id) VALUES ($1)", id) != nil {
							break
						}
					}
					return touch(ctx, tx)
				})
				var unique *UniqueError
				if !errors.As(err, &unique) {
					t.Errorf("got %v, want the UniqueError", err)
				}
				if n := count(t, d); n != 1 {
					t.Errorf("%d rows are left, want 1", n)
				}
			})
		})
	}
}

func TestInsertManyRows(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		d, ctx := table(t, c), context.Background()
		next := 0
		for _, n := range []int{0, 1, 4, 5, 7, 8, 9, 20, copyMin - 1, copyMin, 1_000} {
			rows := make([][]any, n)
			for i := range rows {
				next++
				rows[i] = []any{next, next * 2, fmt.Sprint("s", next), []byte{byte(next)}}
				if next%3 == 0 {
					rows[i][2] = nil
				}
			}
			before := count(t, d)
			if err := d.Write(ctx, func(tx *Tx) error { return tx.Insert(ctx, "thing", []string{"id", "n", "s", "b"}, rows) }); err != nil {
				t.Fatalf("%d rows: %v", n, err)
			}
			if got := count(t, d) - before; got != int64(n) {
				t.Errorf("%d rows were written, want %d", got, n)
			}
		}
		if wrong := number(t, d, "SELECT count(*) FROM thing WHERE n <> 2 * id OR length(b) <> 1 OR (id % 3 = 0) <> (s IS NULL)"); wrong != 0 {
			t.Errorf("%d rows are wrong", wrong)
		}
		err := d.Write(ctx, func(tx *Tx) error { return tx.Insert(ctx, "thing", []string{"id", "n"}, [][]any{{1}}) })
		if err == nil {
			t.Error("a short row was taken")
		}
	})
}

func TestUniqueAndReferenceErrors(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		d, ctx := opened(t, c), context.Background()
		s := d.Dialect()
		run(t, d,
			fmt.Sprintf("CREATE TABLE team (id %s, name %s)", s.Key, s.Text),
			fmt.Sprintf("CREATE TABLE person (id %s, team %s REFERENCES team (id), email %s, code %s)", s.Key, s.Int, s.Text, s.Text),
			"CREATE UNIQUE INDEX person_email ON person (email, team)",
			"CREATE UNIQUE INDEX person_lower ON person (lower(code))",
			"INSERT INTO team VALUES (1, 'a')", "INSERT INTO person VALUES (1, 1, 'a@b', 'X')")
		for _, u := range []struct {
			text    string
			columns []string
			index   string
		}{
			{"INSERT INTO person VALUES (1, NULL, NULL, NULL)", []string{"id"}, "person_pkey"},
			{"INSERT INTO person VALUES (2, 1, 'a@b', 'Y')", []string{"email", "team"}, "person_email"},
			{"INSERT INTO person VALUES (2, 1, 'c', 'x')", nil, "person_lower"},
		} {
			err := write(d, u.text)
			var unique *UniqueError
			if !errors.As(err, &unique) {
				t.Errorf("%s: %v", u.text, err)
				continue
			}
			named := slices.Equal(unique.Columns, u.columns) && unique.Columns != nil || unique.Index == u.index
			if !named || unique.Table != "person" && u.columns != nil || unique.Unwrap() == nil || unique.Error() == "" {
				t.Errorf("%s: %+v", u.text, unique)
			}
			if fault.Of(err) != nil {
				t.Error("a double value is not a fault before the engine named the field")
			}
		}
		for _, text := range []string{"INSERT INTO person VALUES (3, 99, 'z', 'z')", "DELETE FROM team", "UPDATE person SET team = 5"} {
			err := write(d, text)
			var reference *ReferenceError
			if !errors.As(err, &reference) || reference.Unwrap() == nil || !strings.HasPrefix(reference.Error(), "reference: ") {
				t.Errorf("%s: %v", text, err)
			}
		}
		rows := make([][]any, 200) // enough to be copied
		for i := range rows {
			rows[i] = []any{100 + i, 1, fmt.Sprint("m", i%150), nil}
		}
		err := d.Write(ctx, func(tx *Tx) error { return tx.Insert(ctx, "person", []string{"id", "team", "email", "code"}, rows) })
		var unique *UniqueError
		if !errors.As(err, &unique) || unique.Table != "person" {
			t.Errorf("copied rows: %v", err)
		}
	})
}

func TestRollbackLeavesNothing(t *testing.T) {
	boom := map[string]func(context.Context, *Tx) error{
		"error": func(context.Context, *Tx) error { return errTest },
		"panic": func(context.Context, *Tx) error { panic("boom") },
		"statement": func(ctx context.Context, tx *Tx) error {
			_, err := tx.Exec(ctx, "INSERT INTO thing (id) VALUES (1)")
			return err
		},
		"swallowed": func(ctx context.Context, tx *Tx) error { _, _ = tx.Exec(ctx, "SELECT wrong"); return nil },
		"swallowed, then used": func(ctx context.Context, tx *Tx) error {
			_, _ = tx.Exec(ctx, "SELECT wrong")
			if err := tx.Later(ctx, "INSERT INTO thing (id) VALUES (77)"); err == nil {
				return errors.New("a transaction went on after an error")
			}
			return nil
		},
		"open rows": func(ctx context.Context, tx *Tx) error {
			rows, err := tx.Query(ctx, "SELECT id FROM thing ORDER BY id")
			if err != nil || !rows.Next() {
				return err
			}
			return errTest
		},
	}
	for name, do := range boom {
		t.Run(name, func(t *testing.T) {
			everywhere(t, func(t *testing.T, c Config) {
				d, ctx := table(t, c), context.Background()
				run(t, d, "INSERT INTO thing (id, n) VALUES (1, 1)")
				called := false
				err := d.Write(ctx, func(tx *Tx) error {
					tx.After(func() { called = true })
					if err := tx.Later(ctx, "UPDATE thing SET n = 2"); err != nil {
						return err
					}
					if _, err := tx.Exec(ctx, "INSERT INTO thing (id, n) VALUES (2, 2), (3, 3)"); err != nil {
						return err
					}
					return do(ctx, tx)
				})
				if err == nil || called {
					t.Errorf("err %v, After called %v", err, called)
				}
				if name == "panic" && !strings.Contains(err.Error(), "boom") {
					t.Errorf("the panic is lost: %v", err)
				}
				if n, sum := count(t, d), number(t, d, "SELECT sum(n) FROM thing"); n != 1 || sum != 1 {
					t.Errorf("%d rows with the sum %d are left", n, sum)
				}
				run(t, d, "INSERT INTO thing (id) VALUES (9)") // the connection still works
			})
		})
	}
}

func TestATransactionCannotEndItself(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		d, ctx := table(t, c), context.Background()
		for _, text := range []string{"COMMIT", " rollback", "/* x */ BEGIN", "ROLLBACK TO nowhere", "RELEASE nowhere", "END"} {
			err := d.Write(ctx, func(tx *Tx) error {
				if err := tx.Later(ctx, "INSERT INTO thing (id) VALUES (1)"); err != nil {
					return err
				}
				_, _ = tx.Exec(ctx, text)
				return nil
			})
			if err == nil || count(t, d) != 0 {
				t.Errorf("%s: %v", text, err)
			}
		}
	})
}

func TestTryUndoesOnlyItsPart(t *testing.T) {
	failures := map[string]func(context.Context, *Tx) error{
		"error": func(context.Context, *Tx) error { return errTest },
		"statement": func(ctx context.Context, tx *Tx) error {
			_, err := tx.Exec(ctx, "INSERT INTO thing (id) VALUES (1)")
			return err
		},
		"swallowed": func(ctx context.Context, tx *Tx) error { _, _ = tx.Exec(ctx, "SELECT wrong"); return nil },
		"put off":   func(ctx context.Context, tx *Tx) error { return tx.Later(ctx, "INSERT INTO thing (id) VALUES (1)") },
		"put off and failed": func(ctx context.Context, tx *Tx) error {
			_ = tx.Later(ctx, "INSERT INTO thing (id) VALUES (1)")
			return errTest
		},
		"open rows": func(ctx context.Context, tx *Tx) error {
			rows, err := tx.Query(ctx, "SELECT id FROM thing")
			if err == nil && rows.Next() {
				err = errTest
			}
			return err
		},
		"nested": func(ctx context.Context, tx *Tx) error {
			return tx.Try(ctx, func() error { _, err := tx.Exec(ctx, "INSERT INTO thing (id) VALUES (1)"); return err })
		},
	}
	for name, fail := range failures {
		t.Run(name, func(t *testing.T) {
			everywhere(t, func(t *testing.T, c Config) {
				d, ctx := table(t, c), context.Background()
				after := ""
				err := d.Write(ctx, func(tx *Tx) error {
					tx.After(func() { after += "a" })
					if err := tx.Later(ctx, "INSERT INTO thing (id) VALUES (1)"); err != nil {
						return err
					}
					err := tx.Try(ctx, func() error {
						tx.After(func() { after += "b" })
						if err := tx.Later(ctx, "INSERT INTO thing (id) VALUES (2)"); err != nil {
							return err
						}
						return fail(ctx, tx)
					})
					if err == nil {
						t.Error("the failure is lost")
					}
					err = tx.Try(ctx, func() error {
						tx.After(func() { after += "c" })
						_ = tx.Try(ctx, func() error { return fail(ctx, tx) })
						return tx.Later(ctx, "INSERT INTO thing (id) VALUES (3)")
					})
					if err != nil {
						return err
					}
					return tx.Later(ctx, "INSERT INTO thing (id) VALUES (4)")
				})
				if err != nil {
					t.Fatal(err)
				}
				if n, sum := count(t, d), number(t, d, "SELECT sum(id) FROM thing"); n != 3 || sum != 8 || after != "ac" {
					t.Errorf("%d rows with the sum %d, after %q", n, sum, after)
				}
			})
		})
	}
}

func TestATransactionIsOverAfterItsFunction(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		d, ctx := table(t, c), context.Background()
		var kept *Tx
		if err := d.Write(ctx, func(tx *Tx) error { kept = tx; return tx.Later(ctx, "INSERT INTO thing (id) VALUES (1)") }); err != nil {
			t.Fatal(err)
		}
		if _, err := kept.Exec(ctx, "DELETE FROM thing"); !errors.Is(err, errEnded) {
			t.Errorf("exec: %v", err)
		}
		if err := kept.Flush(ctx); !errors.Is(err, errEnded) {
			t.Errorf("flush: %v", err)
		}
		if count(t, d) != 1 {
			t.Error("the row is gone")
		}
	})
}

func TestStatementsWhileRowsAreOpen(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		d, ctx := table(t, c), context.Background()
		run(t, d, "INSERT INTO thing (id, n) VALUES (1, 10), (2, 20), (3, 30)")
		same := "SELECT id, n FROM thing ORDER BY id"
		pairs := 0
		nested := func(q Querier) error {
			return Each(ctx, q, same, nil, func(outer Row) error {
				return Each(ctx, q, same, nil, func(inner Row) error {
					pairs++
					if outer.Int(1) != 10*outer.Int(0) || inner.Int(1) != 10*inner.Int(0) {
						t.Errorf("%v %v", outer, inner)
					}
					return nil
				})
			})
		}
		if err := d.Read(ctx, nested); err != nil || pairs != 9 {
			t.Errorf("read: %d pairs, %v", pairs, err)
		}
		if err := d.Snapshot(ctx, nested); err != nil || pairs != 18 {
			t.Errorf("snapshot: %d pairs, %v", pairs, err)
		}
		err := d.Write(ctx, func(tx *Tx) error {
			if err := tx.Later(ctx, "UPDATE thing SET n = n"); err != nil {
				return err
			}
			return Each(ctx, tx, same, nil, func(r Row) error {
				_, err := tx.Exec(ctx, "UPDATE thing SET s = $1 WHERE id = $2", fmt.Sprint(r.Int(1)), r.Int(0))
				return err
			})
		})
		if err != nil || number(t, d, "SELECT count(*) FROM thing WHERE s = '10' OR s = '20' OR s = '30'") != 3 {
			t.Errorf("write: %v", err)
		}
	})
}

func TestForgottenRowsDoNoHarm(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		c.Readers = 2
		d, ctx := table(t, c), context.Background()
		run(t, d, "INSERT INTO thing (id) VALUES (1), (2), (3)")
		var forgotten []*Rows
		for range 20 {
			err := d.Read(ctx, func(q Querier) error {
				rows, err := q.Query(ctx, "SELECT id FROM thing")
				if err == nil && !rows.Next() {
					t.Error("no row")
				}
				forgotten = append(forgotten, rows)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, r := range forgotten {
			for range 3 {
				r.Next() // must not panic, and must not read from somebody else's connection
			}
			r.Close()
			r.Close()
		}
		run(t, d, "DELETE FROM thing")
	})
}

func TestManyStatementsInTheCache(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		c.Readers = 1
		d, ctx := table(t, c), context.Background()
		err := d.Read(ctx, func(q Querier) error {
			return Each(ctx, q, "SELECT 1 UNION SELECT 2 UNION SELECT 3", nil, func(Row) error {
				for i := range 2 * statementCache {
					row, _, err := One(ctx, q, fmt.Sprintf("SELECT %d + 1", i))
					if err != nil || row.Int(0) != int64(i)+1 {
						return fmt.Errorf("%d: %v %w", i, row, err)
					}
				}
				return nil
			})
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestAnotherHandleChangesTheTables(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		c.Readers = 2
		d, other, ctx := table(t, c), opened(t, c), context.Background()
		run(t, d, "INSERT INTO thing (id, n, s) VALUES (1, 2, 'x')")
		read := func() (width int) {
			err := d.Read(ctx, func(q Querier) error {
				row, _, err := One(ctx, q, "SELECT * FROM thing")
				width = len(row)
				return err
			})
			if err != nil {
				t.Errorf("read: %v", err)
			}
			return width
		}
		update := func() {
			err := d.Write(ctx, func(tx *Tx) error {
				row, _, err := One(ctx, tx, "UPDATE thing SET n = n + 1 RETURNING *")
				if err == nil && row.Int(0) != 1 {
					t.Errorf("%v", row)
				}
				return err
			})
			if err != nil {
				t.Errorf("write: %v", err)
			}
		}
		for i := range 4 {
			if width := read(); width != 4+i {
				t.Errorf("%d columns, want %d", width, 4+i)
			}
			update()
			run(t, other, fmt.Sprintf("ALTER TABLE thing ADD COLUMN extra%d %s", i, d.Dialect().Int))
		}
	})
}

func TestTablesAndRowsInOneTransaction(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		d, ctx := table(t, c), context.Background()
		err := d.Write(ctx, func(tx *Tx) error {
			for _, text := range []string{
				"CREATE TABLE made (a " + d.Dialect().Int + ")", "INSERT INTO made VALUES (1)", "ALTER TABLE made ADD COLUMN b " + d.Dialect().Int,
				"UPDATE made SET b = 2", "CREATE INDEX made_b ON made (b)",
			} {
				if err := tx.Later(ctx, text); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || number(t, d, "SELECT b FROM made") != 2 {
			t.Error(err)
		}
	})
}

func TestManyRowsFromOneQuery(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		d, ctx := table(t, c), context.Background()
		rows := make([][]any, keptMax+100)
		for i := range rows {
			rows[i] = []any{i, i}
		}
		if err := d.Write(ctx, func(tx *Tx) error { return tx.Insert(ctx, "thing", []string{"id", "n"}, rows) }); err != nil {
			t.Fatal(err)
		}
		sum := int64(0)
		err := d.Read(ctx, func(q Querier) error {
			return Each(ctx, q, "SELECT n FROM thing", nil, func(r Row) error { sum += r.Int(0); return nil })
		})
		if n := int64(len(rows)); err != nil || sum != n*(n-1)/2 {
			t.Errorf("%d %v", sum, err)
		}
		err = d.Read(ctx, func(q Querier) error {
			return Each(ctx, q, "SELECT n FROM thing", nil, func(Row) error { return errTest })
		})
		if !errors.Is(err, errTest) {
			t.Errorf("leaving early: %v", err)
		}
		err = d.Read(ctx, func(q Querier) error {
			return Each(ctx, q, "SELECT n FROM thing", nil, func(Row) error { _, _, err := One(ctx, q, "SELECT 1"); return err })
		})
		if (err != nil) != (d.Dialect() == postgresDialect) {
			t.Errorf("more open rows than are kept: %v", err)
		}
	})
}
