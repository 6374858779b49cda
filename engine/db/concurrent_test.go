package db

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ashna/kit/fault"
)

func TestAfterRunsOnlyAfterTheCommit(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		d, ctx := table(t, c), context.Background()
		signals, stop := d.Committed()
		defer stop()
		var order []string
		err := d.Write(ctx, func(tx *Tx) error {
			for _, name := range []string{"a", "b"} {
				tx.After(func() {
					if count(t, d) != 1 {
						t.Error("After was called before the commit could be seen")
					}
					order = append(order, name)
				})
			}
			return tx.Later(ctx, "INSERT INTO thing (id) VALUES (1)")
		})
		if err != nil || strings.Join(order, "") != "ab" {
			t.Errorf("%v %v", order, err)
		}
		select {
		case <-signals:
		default:
			t.Error("the commit was not signalled")
		}
		_ = d.Write(ctx, func(tx *Tx) error {
			tx.After(func() { t.Error("After was called without a commit") })
			return errTest
		})
		select {
		case <-signals:
			t.Error("a write that failed was signalled")
		default:
		}
		stop()
		stop()
		run(t, d, "DELETE FROM thing")
		select {
		case <-signals:
			t.Error("a signal came after stop")
		default:
		}
	})
}

func TestAPanicInAfterReachesItsCaller(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		d := table(t, c)
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic is lost")
				}
			}()
			_ = d.Write(context.Background(), func(tx *Tx) error {
				tx.After(func() { panic("boom") })
				return nil
			})
		}()
		run(t, d, "INSERT INTO thing (id) VALUES (1)")
	})
}

func TestAGoroutineThatEndsInsideAWriteUndoesIt(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		d, ctx := table(t, c), context.Background()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = d.Write(ctx, func(tx *Tx) error {
				_, _ = tx.Exec(ctx, "INSERT INTO thing (id) VALUES (1)")
				runtime.Goexit() // as t.FailNow does
				return nil
			})
			t.Error("the goroutine went on")
		}()
		<-ended
		run(t, d, "INSERT INTO thing (id) VALUES (2)")
		if n := count(t, d); n != 1 {
			t.Errorf("%d rows", n)
		}
	})
}

func TestWatchSeesOtherHandles(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		d, other := table(t, c), opened(t, c)
		signals, stop := d.Committed()
		defer stop()
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() { defer close(ended); d.Watch(ctx) }()
		<-signals // listening begins with a signal
		for i := range 3 {
			run(t, other, fmt.Sprintf("INSERT INTO thing (id) VALUES (%d)", i))
			deadline := time.After(5 * time.Second)
			select {
			case <-signals:
			case <-deadline:
				t.Fatal("the write of the other handle was not signalled")
			}
		}
		cancel()
		<-ended
	})
}

func TestWatchEndsWithTheDatabase(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		d := table(t, c)
		ended := make(chan struct{})
		go func() { defer close(ended); d.Watch(context.Background()) }()
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-ended:
		case <-time.After(5 * time.Second):
			t.Error("Watch goes on")
		}
	})
}

func TestTheLastAnnouncementIsMadeBeforeTheEnd(t *testing.T) {
	url := postgresURL(t)
	d := table(t, Config{URL: url})
	signals, stop := d.Committed()
	defer stop()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go d.Watch(ctx)
	<-signals
	for i := range 5 {
		other := opened(t, Config{URL: url})
		run(t, other, fmt.Sprintf("INSERT INTO thing (id) VALUES (%d)", i))
		if err := other.Close(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-signals:
		case <-time.After(5 * time.Second):
			t.Fatal("nothing was said")
		}
	}
}

func TestSnapshotsStandStill(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		d, ctx := table(t, c), context.Background()
		run(t, d, "INSERT INTO thing (id, n) VALUES (1, 1)")
		for _, still := range []bool{true, false} {
			read := d.Read
			if still {
				read = d.Snapshot
			}
			before := number(t, d, "SELECT n FROM thing")
			err := read(ctx, func(q Querier) error {
				for i := range 3 {
					row, _, err := One(ctx, q, "SELECT n FROM thing")
					if err != nil {
						return err
					}
					want := before
					if !still {
						want += int64(i)
					}
					if row.Int(0) != want {
						t.Errorf("still %v, statement %d: %d, want %d", still, i, row.Int(0), want)
					}
					run(t, d, "UPDATE thing SET n = n + 1")
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		}
	})
}

func TestReadingCannotWriteInASnapshot(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		d, ctx := table(t, c), context.Background()
		err := d.Snapshot(ctx, func(q Querier) error {
			return Each(ctx, q, "INSERT INTO thing (id) VALUES (1)", nil, func(Row) error { return nil })
		})
		if err == nil || count(t, d) != 0 {
			t.Errorf("a snapshot wrote: %v", err)
		}
	})
}

func TestConcurrentIncrementsAreExact(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		d, ctx := table(t, c), context.Background()
		run(t, d, "INSERT INTO thing (id, n) VALUES (1, 0)")
		const writers, each = 16, 200
		var group sync.WaitGroup
		var failed, after atomic.Int64
		for w := range writers {
			group.Go(func() {
				for i := range each {
					err := d.Write(ctx, func(tx *Tx) error {
						tx.After(func() { after.Add(1) })
						if i%2 == 0 {
							return tx.Later(ctx, "UPDATE thing SET n = n + 1 WHERE id = 1")
						}
						row, _, err := One(ctx, tx, "SELECT n FROM thing WHERE id = 1"+tx.Dialect().Lock)
						if err != nil {
							return err
						}
						if i%10 == 5 && w%4 == 0 { // and some that fail in the middle of the others
							if err := tx.Later(ctx, "UPDATE thing SET n = -1000 WHERE id = 1"); err != nil {
								return err
							}
							return errTest
						}
						_, err = tx.Exec(ctx, "UPDATE thing SET n = $1 WHERE id = 1", row.Int(0)+1)
						return err
					})
					if errors.Is(err, errTest) {
						failed.Add(1)
					} else if err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		want := writers*each - failed.Load()
		if got := number(t, d, "SELECT n FROM thing"); got != want || after.Load() != want || failed.Load() != 4*20 {
			t.Errorf("%d and %d calls of After, want %d; %d failed", got, after.Load(), want, failed.Load())
		}
	})
}

// held keeps the writer of a SQLite database busy until release is called, so that the writes behind it form one group.
func held(t *testing.T, d *DB) (release func()) {
	t.Helper()
	inside, free := make(chan struct{}), make(chan struct{})
	go func() {
		_ = d.Write(context.Background(), func(*Tx) error { close(inside); <-free; return nil })
	}()
	<-inside
	return sync.OnceFunc(func() { close(free) })
}

func queued(t *testing.T, d *DB, n int) {
	t.Helper()
	lite, ok := d.driver.(*sqliteDB)
	if !ok {
		t.Fatal("no writer to look at")
	}
	eventually(t, "writes are queued", func() bool { return len(lite.writer.queue) >= n })
}

func TestOneMemberDoesNotHarmItsGroup(t *testing.T) {
	d, ctx := table(t, Config{Dir: t.TempDir()}), context.Background()
	run(t, d, "CREATE TABLE child (id INTEGER PRIMARY KEY, thing INTEGER REFERENCES thing (id) DEFERRABLE INITIALLY DEFERRED)")
	bad := []func(*Tx) error{
		func(*Tx) error { return errTest },
		func(*Tx) error { panic("boom") },
		func(tx *Tx) error { _, err := tx.Exec(ctx, "SELECT wrong"); return err },
		func(tx *Tx) error {
			_, err := tx.Exec(ctx, "INSERT OR ROLLBACK INTO thing (id) VALUES (4)")
			return err
		}, // takes all down
		func(tx *Tx) error { _, err := tx.Exec(ctx, "INSERT INTO child VALUES (1, 4711)"); return err }, // noticed only by the commit
	}
	for i, do := range bad {
		run(t, d, "DELETE FROM thing")
		release := held(t, d)
		var group sync.WaitGroup
		errs := make([]error, 9)
		for m := range errs {
			group.Go(func() {
				errs[m] = d.Write(ctx, func(tx *Tx) error {
					if err := tx.Later(ctx, "INSERT INTO thing (id) VALUES ($1)", m); err != nil {
						return err
					}
					if m == 4 {
						return do(tx)
					}
					return nil
				})
			})
			queued(t, d, m+1)
		}
		release()
		group.Wait()
		for m, err := range errs {
			if (err != nil) != (m == 4) {
				t.Errorf("case %d, member %d: %v", i, m, err)
			}
		}
		if n := count(t, d); n != 8 {
			t.Errorf("case %d: %d rows, want 8", i, n)
		}
	}
}

func TestWaitingWritesLeaveWithTheirContext(t *testing.T) {
	d := table(t, Config{Dir: t.TempDir()})
	release := held(t, d)
	defer release()
	ctx, cancel := context.WithCancel(context.Background())
	heard := make(chan error)
	go func() {
		heard <- d.Write(ctx, func(*Tx) error { t.Error("a write ran that nobody waits for"); return nil })
	}()
	queued(t, d, 1)
	cancel()
	wantKind(t, <-heard, fault.Unavailable)
	release()
	run(t, d, "INSERT INTO thing (id) VALUES (1)")
	err := d.Write(ctx, func(*Tx) error { t.Error("ran with a context that was over"); return nil })
	wantKind(t, err, fault.Unavailable)
}

func TestNobodyWaitsForEver(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		c.Wait, c.Readers = 50*time.Millisecond, 1
		d, ctx := table(t, c), context.Background()
		// A write inside a write of the only writer, and of the last place: it must end, whatever it says.
		err := d.Write(ctx, func(*Tx) error {
			var nest func(n int) error
			nest = func(n int) error {
				if n == 0 {
					return nil
				}
				return d.Write(ctx, func(*Tx) error { return nest(n - 1) })
			}
			return nest(10)
		})
		wantKind(t, err, fault.Unavailable)
		var deep func(n int) error
		deep = func(n int) error {
			if n == 0 {
				return nil
			}
			return d.Read(ctx, func(Querier) error { return deep(n - 1) })
		}
		wantKind(t, deep(20), fault.Unavailable)
		run(t, d, "INSERT INTO thing (id) VALUES (1)")
		if count(t, d) != 1 {
			t.Error("the database is stuck")
		}
	})
}

func TestReadsGoOnWhileAllWritesWait(t *testing.T) {
	url := postgresURL(t)
	d, other, ctx := table(t, Config{URL: url, Readers: 4, Wait: 5 * time.Second}), opened(t, Config{URL: url}), context.Background()
	run(t, d, "INSERT INTO thing (id, n) VALUES (1, 0)")
	var group sync.WaitGroup
	err := other.Write(ctx, func(tx *Tx) error {
		if _, err := tx.Exec(ctx, "UPDATE thing SET n = 1"); err != nil {
			return err
		}
		for range 30 {
			group.Go(func() {
				err := d.Write(ctx, func(tx *Tx) error { _, err := tx.Exec(ctx, "UPDATE thing SET n = n + 1"); return err })
				if err != nil {
					t.Error(err)
				}
			})
		}
		pg := d.driver.(*postgresDB)
		eventually(t, "all places are taken", func() bool { return len(pg.writing) == 0 })
		if n := number(t, d, "SELECT n FROM thing"); n != 0 {
			t.Errorf("read %d", n)
		}
		return nil
	})
	group.Wait()
	if n := number(t, d, "SELECT n FROM thing"); err != nil || n != 31 {
		t.Errorf("%d %v", n, err)
	}
}

func TestALockThatIsNotFreedEndsInUnavailable(t *testing.T) {
	url := postgresURL(t)
	d, ctx := table(t, Config{URL: url, Wait: 100 * time.Millisecond}), context.Background()
	run(t, d, "INSERT INTO thing (id, n) VALUES (1, 0)")
	err := d.Write(ctx, func(tx *Tx) error {
		if _, err := tx.Exec(ctx, "UPDATE thing SET n = 1"); err != nil {
			return err
		}
		wantKind(t, write(d, "UPDATE thing SET n = 2"), fault.Unavailable)
		return nil
	})
	if err != nil || number(t, d, "SELECT n FROM thing") != 1 {
		t.Error(err)
	}
}

func TestDeadlocksAreRunAgain(t *testing.T) {
	d, ctx := table(t, Config{URL: postgresURL(t)}), context.Background()
	run(t, d, "INSERT INTO thing (id, n) VALUES (1, 0), (2, 0)")
	var group, both sync.WaitGroup
	both.Add(2)
	var runs atomic.Int64
	for w := range 2 {
		group.Go(func() {
			first := true
			err := d.Write(ctx, func(tx *Tx) error {
				runs.Add(1)
				for i := range 2 {
					if _, err := tx.Exec(ctx, "UPDATE thing SET n = n + 1 WHERE id = $1", 1+(i+w)%2); err != nil {
						return err
					}
					if first { // now each has what the other wants
						first = false
						both.Done()
						both.Wait()
					}
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if sum := number(t, d, "SELECT sum(n) FROM thing"); sum != 4 || runs.Load() < 3 {
		t.Errorf("sum %d, want 4; %d runs, want at least 3", sum, runs.Load())
	}
}

func TestCancellingALongRead(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		c.Readers = 1
		d := table(t, c)
		for name, read := range map[string]func(context.Context, func(Querier) error) error{
			"read": d.Read, "snapshot": d.Snapshot,
			"write": func(ctx context.Context, do func(Querier) error) error {
				return d.Write(ctx, func(tx *Tx) error { return do(tx) })
			},
		} {
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
			started := time.Now()
			err := read(ctx, func(q Querier) error { _, _, err := One(ctx, q, eternal(d)); return err })
			cancel()
			wantKind(t, err, fault.Unavailable)
			if !errors.Is(err, context.DeadlineExceeded) && c.URL == "" {
				t.Errorf("%s: the cause is lost: %v", name, err)
			}
			if time.Since(started) > 3*time.Second {
				t.Errorf("%s took %v", name, time.Since(started))
			}
			wantKind(t, read(ctx, func(Querier) error { t.Error("ran"); return nil }), fault.Unavailable)
			run(t, d, "DELETE FROM thing")
			if count(t, d) != 0 {
				t.Error("reading does not work any more")
			}
		}
		if c.URL != "" {
			eventually(t, "the server ended the statements", func() bool {
				return number(t, d, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT count(pg_sleep(600%' AND state = 'active' AND application_name = 'ashna' AND query NOT LIKE '%activity%'") == 0
			})
		}
	})
}

func TestACancelledWriteLeavesNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		d := table(t, c)
		ctx, cancel := context.WithCancel(context.Background())
		err := d.Write(ctx, func(tx *Tx) error {
			if _, err := tx.Exec(ctx, "INSERT INTO thing (id) VALUES (1)"); err != nil {
				return err
			}
			if err := tx.Later(ctx, "INSERT INTO thing (id) VALUES (2)"); err != nil {
				return err
			}
			cancel()
			_, err := tx.Exec(ctx, "INSERT INTO thing (id) VALUES (3)")
			return err
		})
		wantKind(t, err, fault.Unavailable)
		if errors.Is(err, ErrUnknown) {
			t.Error("nothing was sent, so nothing is unknown")
		}
		if count(t, d) != 0 {
			t.Error("rows are left")
		}
	})
}

func TestClosingWhileWritesWait(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		for round := range 5 {
			one := c
			if c.URL == "" {
				one.Dir = t.TempDir()
			}
			d, err := Open(context.Background(), one)
			if err != nil {
				t.Fatal(err)
			}
			s := d.Dialect()
			if err := write(d, fmt.Sprintf("CREATE TABLE closing%d (id %s)", round, s.Key)); err != nil {
				t.Fatal(err)
			}
			var group sync.WaitGroup
			var written atomic.Int64
			for w := range 8 {
				group.Go(func() {
					for i := range 1_000 {
						err := write(d, fmt.Sprintf("INSERT INTO closing%d VALUES (%d)", round, w*1_000+i))
						if err == nil {
							written.Add(1)
							continue
						}
						wantUnavailable(t, err)
						return
					}
				})
				group.Go(func() {
					for range 1_000 {
						if err := d.Read(context.Background(), func(q Querier) error { _, _, err := One(context.Background(), q, "SELECT 1"); return err }); err != nil {
							wantUnavailable(t, err)
							return
						}
					}
				})
			}
			time.Sleep(time.Duration(round) * 3 * time.Millisecond)
			if err := d.Close(); err != nil {
				t.Error(err)
			}
			if err := d.Close(); err != nil {
				t.Error(err)
			}
			group.Wait()
			wantUnavailable(t, write(d, "SELECT 1"))
			again := opened(t, one)
			if n := number(t, again, fmt.Sprintf("SELECT count(*) FROM closing%d", round)); n != written.Load() {
				t.Errorf("%d rows, but %d writes were confirmed", n, written.Load())
			}
		}
	})
}

func wantUnavailable(t *testing.T, err error) {
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v, want Unavailable", err)
	}
}

func TestNothingLeaks(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		table(t, c)
		goroutines, files := 0, 0
		for round := range 10 {
			if round == 4 { // what the first openings load may stay
				goroutines, files = runtime.NumGoroutine(), openFiles(t)
			}
			d, err := Open(context.Background(), c)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
			_ = d.Read(ctx, func(q Querier) error { _, _, err := One(ctx, q, eternal(d)); return err })
			cancel()
			_ = write(d, "SELECT wrong")
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
		}
		eventually(t, "everything is given back", func() bool {
			return runtime.NumGoroutine() <= goroutines+1 && openFiles(t) <= files+1
		})
	})
}
