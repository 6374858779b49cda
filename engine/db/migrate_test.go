package db

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ashna/kit/clock"
)

// steps are migrations up to a version; each makes a table and writes a row into the one of the first.
func steps(upTo int) []Migration {
	var list []Migration
	for v := 1; v <= upTo; v++ {
		list = append(list, Migration{Version: v, Name: fmt.Sprint("step ", v), Statements: func(s *Dialect) []string {
			return []string{
				fmt.Sprintf("CREATE TABLE made%d (id %s, s %s)", v, s.Key, s.Text),
				fmt.Sprintf("INSERT INTO made1 VALUES (%d, 'x')", v),
			}
		}})
	}
	return list
}

func TestMigrate(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		fake := clock.NewFake(time.UnixMicro(1_700_000_000_000_001))
		c.Clock = fake
		d, ctx := opened(t, c), context.Background()
		var calls []string
		before := func(from, to int) error {
			calls = append(calls, fmt.Sprint(from, "-", to))
			return nil
		}
		if err := Migrate(ctx, d, nil, before); err != nil {
			t.Fatal(err)
		}
		for _, upTo := range []int{2, 2, 5, 5} {
			if err := Migrate(ctx, d, steps(upTo), before); err != nil {
				t.Fatal(err)
			}
		}
		if strings.Join(calls, " ") != "2-5" {
			t.Errorf("before was called for %v, want once, from 2 to 5", calls)
		}
		if n := number(t, d, "SELECT count(*) FROM made1"); n != 5 {
			t.Errorf("%d steps ran", n)
		}
		row, _, err := one(d, "SELECT count(*), max(version), min(at), max(name) FROM schema_version")
		if err != nil || row.Int(0) != 5 || row.Int(1) != 5 || row.Int(2) != 1_700_000_000_000_001 || row.Text(3) != "step 5" {
			t.Errorf("%v %v", row, err)
		}
		if err := Migrate(ctx, d, steps(6), nil); err != nil {
			t.Errorf("without a backup: %v", err)
		}
	})
}

func TestMigrateRefusesANewerDatabase(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		d, ctx := opened(t, c), context.Background()
		if err := Migrate(ctx, d, steps(3), nil); err != nil {
			t.Fatal(err)
		}
		run(t, d, "UPDATE schema_version SET program = 'v9.8.7'")
		err := Migrate(ctx, d, steps(2), func(int, int) error { t.Error("a backup was made"); return nil })
		var newer *NewerError
		if !errors.As(err, &newer) || newer.Database != 3 || newer.Program != 2 || newer.Name != "step 3" || !strings.Contains(err.Error(), "v9.8.7") {
			t.Errorf("%v", err)
		}
	})
}

func TestMigrateRefusesListsOutOfOrder(t *testing.T) {
	d := opened(t, Config{Dir: t.TempDir()})
	good := steps(2)
	for _, list := range [][]Migration{{good[1], good[0]}, {good[0], good[0]}, {{Version: 0, Statements: good[0].Statements}}, {{Version: 1}}} {
		if err := Migrate(context.Background(), d, list, nil); err == nil {
			t.Errorf("%v was taken", list)
		}
	}
}

func TestAMigrationThatFailsLeavesTheVersionBeforeIt(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		d, ctx := opened(t, c), context.Background()
		list := steps(4)
		list[2].Statements = func(s *Dialect) []string {
			return []string{"CREATE TABLE half (id " + s.Key + ")", "INSERT INTO half VALUES (1)", "SELECT wrong"}
		}
		err := Migrate(ctx, d, list, nil)
		if err == nil || !strings.Contains(err.Error(), "step 3") {
			t.Fatalf("%v", err)
		}
		if v := number(t, d, "SELECT max(version) FROM schema_version"); v != 2 {
			t.Errorf("version %d", v)
		}
		err = d.Read(ctx, func(q Querier) error {
			if there, err := hasTable(ctx, q, "half"); there || err != nil {
				t.Errorf("half a step is left: %v %v", there, err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		if err := Migrate(ctx, d, steps(4), func(int, int) error { return errTest }); !errors.Is(err, errTest) {
			t.Errorf("without a backup: %v", err)
		}
		if v := number(t, d, "SELECT max(version) FROM schema_version"); v != 2 {
			t.Errorf("version %d after a backup that failed", v)
		}
		if err := Migrate(ctx, d, steps(4), func(int, int) error { return nil }); err != nil || number(t, d, "SELECT count(*) FROM made1") != 4 {
			t.Errorf("the repaired step: %v", err)
		}
	})
}

func TestProcessesThatMigrateAtOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		ctx := context.Background()
		if err := Migrate(ctx, opened(t, c), steps(1), nil); err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		var backups atomic.Int64
		for range 4 {
			d := opened(t, c)
			group.Go(func() {
				err := Migrate(ctx, d, steps(8), func(from, _ int) error {
					backups.Add(1)
					if from != 1 {
						t.Errorf("a backup from version %d", from)
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if n := number(t, opened(t, c), "SELECT count(*) FROM made1"); n != 8 || backups.Load() != 1 {
			t.Errorf("%d steps ran, %d backups", n, backups.Load())
		}
	})
}

func TestMigrateGivesUpWaitingWithItsContext(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		d := opened(t, c)
		err := d.driver.alone(context.Background(), func() error {
			ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
			defer cancel()
			wantUnavailable(t, Migrate(ctx, d, steps(1), nil))
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		if err := Migrate(context.Background(), d, steps(1), nil); err != nil {
			t.Error(err)
		}
	})
}
