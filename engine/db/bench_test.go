package db

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// benchPeople is the number of rows that the benchmarks choose from.
const benchPeople = 100_000

// benchmarked opens a database with a table of people, two indexes and a log.
func benchmarked(b *testing.B, c Config) *DB {
	b.Helper()
	d, ctx := opened(b, c), context.Background()
	s := d.Dialect()
	run(b, d,
		fmt.Sprintf("CREATE TABLE person (id %s, name %s, email %s, stage %s, score %s, version %s)", s.Key, s.Text, s.Text, s.Int, s.Int, s.Int),
		fmt.Sprintf("CREATE TABLE log (seq %s, object %s, record %s, fields %s)", s.Key, s.Text, s.Int, s.Text))
	err := d.Write(ctx, func(tx *Tx) error {
		rows := make([][]any, benchPeople)
		for i := range rows {
			rows[i] = []any{i, fmt.Sprint("Person number ", i), fmt.Sprint("person", i, "@example.org"), i % 7, i % 1_000, 1}
		}
		return tx.Insert(ctx, "person", []string{"id", "name", "email", "stage", "score", "version"}, rows)
	})
	if err != nil {
		b.Fatal(err)
	}
	run(b, d, "CREATE INDEX person_stage ON person (stage, id)", "CREATE INDEX person_score ON person (score, id)")
	if c.URL != "" {
		run(b, d, "ANALYZE person")
	}
	return d
}

// benchEverywhere runs a benchmark on both databases.
func benchEverywhere(b *testing.B, bench func(b *testing.B, d *DB)) {
	b.Run("sqlite", func(b *testing.B) { bench(b, benchmarked(b, Config{Dir: b.TempDir()})) })
	b.Run("postgres", func(b *testing.B) { bench(b, benchmarked(b, Config{URL: postgresURL(b)})) })
}

// clients shares b.N calls of do among n goroutines and reports how long they took, and the processor time of one.
func clients(b *testing.B, n int, do func(random *rand.Rand) error) {
	b.Helper()
	var left atomic.Int64
	left.Store(int64(b.N))
	took := make([][]time.Duration, n)
	var group sync.WaitGroup
	b.ResetTimer()
	cpu := processorTime()
	for c := range n {
		group.Go(func() {
			random := rand.New(rand.NewPCG(uint64(c), uint64(b.N)))
			for left.Add(-1) >= 0 {
				started := time.Now()
				if err := do(random); err != nil {
					b.Error(err)
					return
				}
				took[c] = append(took[c], time.Since(started))
			}
		})
	}
	group.Wait()
	b.StopTimer()
	cpu = processorTime() - cpu
	all := slices.Concat(took...)
	slices.Sort(all)
	if len(all) == 0 {
		return
	}
	b.ReportMetric(float64(len(all))/b.Elapsed().Seconds(), "ops/s")
	b.ReportMetric(float64(all[len(all)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(float64(all[len(all)*999/1000].Microseconds()), "p99.9-µs")
	b.ReportMetric(float64(all[len(all)-1].Microseconds()), "max-µs")
	b.ReportMetric(float64(cpu.Microseconds())/float64(len(all)), "cpu-µs/op")
}

// processorTime is what this process used; a server beside it is not in it.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// change is a small write: two indexed columns of a row, and a row of the log.
func change(d *DB, random *rand.Rand, seq *atomic.Int64) error {
	ctx, id := context.Background(), random.IntN(benchPeople)
	return d.Write(ctx, func(tx *Tx) error {
		err := tx.Later(ctx, "UPDATE person SET stage = $1, score = $2, version = version + 1 WHERE id = $3", random.IntN(7), random.IntN(1_000), id)
		if err != nil {
			return err
		}
		return tx.Later(ctx, "INSERT INTO log (seq, object, record, fields) VALUES ($1, $2, $3, $4)", seq.Add(1), "person", id,
			`{"stage":["new","won"],"score":[1,2]}`)
	})
}

func BenchmarkWrite(b *testing.B) {
	benchEverywhere(b, func(b *testing.B, d *DB) {
		var seq atomic.Int64
		for _, n := range []int{1, 4, 16, 64} {
			b.Run(fmt.Sprint("clients=", n), func(b *testing.B) {
				clients(b, n, func(random *rand.Rand) error { return change(d, random, &seq) })
			})
		}
	})
}

// BenchmarkCheckpoint varies the size of the log that starts a checkpoint.
func BenchmarkCheckpoint(b *testing.B) {
	for _, pages := range []int{1_000, 4_000, 8_000, 16_000} {
		d := benchmarked(b, Config{Dir: b.TempDir()})
		if _, err := d.driver.(*sqliteDB).writer.conn.exec(fmt.Sprint("PRAGMA wal_autocheckpoint = ", pages), nil); err != nil {
			b.Fatal(err)
		}
		var seq atomic.Int64
		for _, n := range []int{1, 16, 64} {
			b.Run(fmt.Sprint("pages=", pages, "/clients=", n), func(b *testing.B) {
				clients(b, n, func(random *rand.Rand) error { return change(d, random, &seq) })
			})
		}
	}
}

// BenchmarkGroup varies how many writes share a commit, and how long a group stays open.
func BenchmarkGroup(b *testing.B) {
	for _, g := range []struct {
		most int
		age  time.Duration
	}{{1, time.Millisecond}, {16, 4 * time.Millisecond}, {64, time.Millisecond}, {64, 4 * time.Millisecond}, {256, 16 * time.Millisecond}} {
		d := benchmarked(b, Config{Dir: b.TempDir()})
		err := d.Write(context.Background(), func(*Tx) error { // the writer waits meanwhile
			w := d.driver.(*sqliteDB).writer
			w.most, w.age = g.most, g.age
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		var seq atomic.Int64
		for _, n := range []int{4, 16, 64} {
			b.Run(fmt.Sprint("most=", g.most, "/age=", g.age, "/clients=", n), func(b *testing.B) {
				clients(b, n, func(random *rand.Rand) error { return change(d, random, &seq) })
			})
		}
	}
}

func BenchmarkPointRead(b *testing.B) {
	benchEverywhere(b, func(b *testing.B, d *DB) {
		for _, n := range []int{1, 16} {
			b.Run(fmt.Sprint("clients=", n), func(b *testing.B) {
				clients(b, n, func(random *rand.Rand) error {
					return d.Read(context.Background(), func(q Querier) error {
						_, found, err := One(context.Background(), q, "SELECT id, name, email, stage, score, version FROM person WHERE id = $1", random.IntN(benchPeople))
						if err == nil && !found {
							b.Error("no row")
						}
						return err
					})
				})
			})
		}
	})
}

func BenchmarkListOfFifty(b *testing.B) {
	benchEverywhere(b, func(b *testing.B, d *DB) {
		clients(b, 1, func(random *rand.Rand) error {
			return d.Read(context.Background(), func(q Querier) error {
				return Each(context.Background(), q, "SELECT id, name, email, stage, score, version FROM person WHERE stage = $1 AND id > $2 ORDER BY id LIMIT 50",
					[]any{random.IntN(7), random.IntN(benchPeople)}, func(Row) error { return nil })
			})
		})
	})
}

func BenchmarkInsertRows(b *testing.B) {
	benchEverywhere(b, func(b *testing.B, d *DB) {
		ctx := context.Background()
		var seq atomic.Int64
		for _, n := range []int{1, 4, 16, 49, 50, 200, 1_000} {
			b.Run(fmt.Sprint("rows=", n), func(b *testing.B) {
				clients(b, 1, func(*rand.Rand) error {
					rows := make([][]any, n)
					for i := range rows {
						rows[i] = []any{seq.Add(1), "person", i, `{"stage":["new","won"]}`}
					}
					return d.Write(ctx, func(tx *Tx) error { return tx.Insert(ctx, "log", []string{"seq", "object", "record", "fields"}, rows) })
				})
			})
		}
	})
}
