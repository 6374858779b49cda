package job

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ashna/engine/db"
	"ashna/kit/clock"
	"ashna/kit/ident"
)

func benchBoth(b *testing.B, bench func(b *testing.B, d *db.DB)) {
	b.Run("file", func(b *testing.B) { bench(b, openTables(b, db.Config{Dir: b.TempDir()})) })
	b.Run("server", func(b *testing.B) { bench(b, openTables(b, db.Config{URL: serverURL(b)})) })
}

// benchQueue makes a queue whose kind calls do.
func benchQueue(b *testing.B, d *db.DB, workers int, do func()) (*Queue, Kind[note]) {
	reg := NewRegistry()
	k := Kind[note]{Name: "a", Run: func(context.Context, Job, note) error { do(); return nil }}
	must(b, Register(reg, k))
	q, err := New(d, reg, Settings{IDs: ident.NewSource(clock.System(), 1), Workers: workers})
	must(b, err)
	return q, k
}

func start1(b *testing.B, q *Queue) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- q.Run(ctx) }()
	b.Cleanup(func() {
		cancel()
		must(b, <-ended)
	})
}

// BenchmarkRun measures jobs that do nothing, from a full queue.
func BenchmarkRun(b *testing.B) {
	benchBoth(b, func(b *testing.B, d *db.DB) {
		var left atomic.Int64
		left.Store(int64(b.N))
		ended := make(chan bool)
		q, k := benchQueue(b, d, 50, func() {
			if left.Add(-1) == 0 {
				close(ended)
			}
		})
		for done := 0; done < b.N; done += 1_000 {
			must(b, d.Write(context.Background(), func(tx *db.Tx) error {
				for range min(1_000, b.N-done) {
					if _, _, err := Add(context.Background(), tx, q, k, note{"x"}, Options{}); err != nil {
						return err
					}
				}
				return nil
			}))
		}
		b.ResetTimer()
		start1(b, q)
		<-ended
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
	})
}

// BenchmarkAddAndRun measures 16 writers that add a job each transaction, while the jobs run.
func BenchmarkAddAndRun(b *testing.B) {
	benchBoth(b, func(b *testing.B, d *db.DB) {
		var ran sync.WaitGroup
		ran.Add(b.N)
		q, k := benchQueue(b, d, 50, ran.Done)
		start1(b, q)
		var next atomic.Int64
		var group sync.WaitGroup
		b.ResetTimer()
		for range 16 {
			group.Go(func() {
				for next.Add(1) <= int64(b.N) {
					err := d.Write(context.Background(), func(tx *db.Tx) error {
						_, _, err := Add(context.Background(), tx, q, k, note{"x"}, Options{})
						return err
					})
					if err != nil {
						b.Error(err)
					}
				}
			})
		}
		group.Wait()
		ran.Wait()
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
	})
}

// BenchmarkCommitToStart measures how long one job waits in a queue at rest.
func BenchmarkCommitToStart(b *testing.B) {
	benchBoth(b, func(b *testing.B, d *db.DB) {
		began := make(chan time.Time)
		q, k := benchQueue(b, d, 8, func() { began <- time.Now() })
		start1(b, q)
		var wait time.Duration
		for b.Loop() {
			must(b, d.Write(context.Background(), func(tx *db.Tx) error {
				_, _, err := Add(context.Background(), tx, q, k, note{"x"}, Options{})
				return err
			}))
			committed := time.Now()
			wait += max(0, (<-began).Sub(committed))
		}
		b.ReportMetric(float64(wait.Microseconds())/float64(b.N), "µs-to-start")
	})
}
