package db

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"ashna/kit/fault"
	"ashna/testkit"
)

// everywhere runs a test on both databases: each time with the configuration of an empty one.
func everywhere(t *testing.T, test func(t *testing.T, c Config)) {
	t.Run("sqlite", func(t *testing.T) { test(t, Config{Dir: t.TempDir()}) })
	t.Run("postgres", func(t *testing.T) { test(t, Config{URL: postgresURL(t)}) })
}

// postgresURL gives a schema of the test server, or skips when there is none on purpose.
func postgresURL(t testing.TB) string {
	t.Helper()
	url, ok := testkit.PostgresURL(t)
	if !ok {
		t.Skip("PostgreSQL is switched off")
	}
	return url
}

// opened opens a database and closes it when the test ends.
func opened(t testing.TB, c Config) *DB {
	t.Helper()
	d, err := Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return d
}

// table opens a database with the table thing(id, n, s, b).
func table(t testing.TB, c Config) *DB {
	t.Helper()
	d := opened(t, c)
	s := d.Dialect()
	run(t, d, fmt.Sprintf("CREATE TABLE thing (id %s, n %s, s %s, b %s)", s.Key, s.Int, s.Text, s.Bytes))
	return d
}

// run executes statements in one transaction.
func run(t testing.TB, d *DB, texts ...string) {
	t.Helper()
	if err := write(d, texts...); err != nil {
		t.Fatal(err)
	}
}

func write(d *DB, texts ...string) error {
	ctx := context.Background()
	return d.Write(ctx, func(tx *Tx) error {
		for _, text := range texts {
			if _, err := tx.Exec(ctx, text); err != nil {
				return err
			}
		}
		return nil
	})
}

// number reads one number.
func number(t testing.TB, d *DB, text string, args ...any) int64 {
	t.Helper()
	var n int64
	err := d.Read(context.Background(), func(q Querier) error {
		row, _, err := One(context.Background(), q, text, args...)
		if err == nil && row != nil {
			n = row.Int(0)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// count says how many rows the table thing has.
func count(t testing.TB, d *DB) int64 {
	t.Helper()
	return number(t, d, "SELECT count(*) FROM thing")
}

// eventually asks until something holds, for at most ten seconds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("%s: not within ten seconds", what)
}

func wantKind(t testing.TB, err error, kinds ...fault.Kind) {
	t.Helper()
	for _, k := range kinds {
		if fault.Is(err, k) {
			return
		}
	}
	t.Fatalf("got %v, want a fault of kind %v", err, kinds)
}

// eternal is a statement that never ends by itself.
func eternal(d *DB) string {
	if d.Dialect() == postgresDialect {
		return "SELECT count(pg_sleep(600))"
	}
	return "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
}

var errTest = errors.New("the test said no")

func openFiles(t testing.TB) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("open files cannot be counted here")
	}
	return len(list)
}
