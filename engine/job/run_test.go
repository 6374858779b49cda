package job

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"ashna/engine/db"
	"ashna/kit/clock"
	"ashna/kit/ident"
)

// run starts Run and gives a function that ends it and waits.
func (r *rig) run() (stop func() error) {
	ctx, cancel := context.WithCancel(r.ctx)
	answer := make(chan error, 1)
	go func() { answer <- r.queue.Run(ctx) }()
	return func() error {
		cancel()
		return receive(r.T, answer)
	}
}

// live gives the rig the clock of the machine, for tests of Run.
func (r *rig) live(node uint16) *rig {
	r.set.Clock = clock.System()
	r.set.IDs = ident.NewSource(r.set.Clock, node)
	return r
}

func TestRunHearsAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t)).live(1)
		ran := make(chan string, 100)
		k := r.kind(Kind[note]{Name: "a"}, func(_ context.Context, _ Job, n note) error {
			ran <- n.Text
			return nil
		})
		r.begin()
		stop := r.run()
		began := time.Now()
		for i := range 20 { // one by one: each must wake the queue
			r.add(k, fmt.Sprint(i), Options{})
			if got := receive(t, ran); got != fmt.Sprint(i) {
				t.Fatalf("ran %s, want %d", got, i)
			}
		}
		if took := time.Since(began); took > 20*pollEvery/2 {
			t.Errorf("20 jobs took %v: they were not woken but found", took)
		}
		r.add(k, "planned", Options{At: time.Now().Add(100 * time.Millisecond)})
		if got := receive(t, ran); got != "planned" {
			t.Errorf("ran %s", got)
		}
		must(t, stop())
		if r.rows() != 0 {
			t.Errorf("%d rows left", r.rows())
		}
	})
}

func TestRunOnlyOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t)).live(1)
		k, entered, _ := r.sleeper("a", func(error) error { return nil })
		r.set.Grace = time.Millisecond
		r.begin()
		r.add(k, "x", Options{})
		stop := r.run()
		receive(t, entered)
		if err := r.queue.Run(r.ctx); err == nil || !strings.Contains(err.Error(), "already") {
			t.Errorf("the second Run: %v", err)
		}
		must(t, stop())
		stop = r.run() // and anew after the first ended
		must(t, stop())
	})
}

func TestStoppingWaitsAndPutsBack(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t)).live(1)
		r.set.Grace = 50 * time.Millisecond
		long, entered, causes := r.sleeper("long", func(cause error) error { return fmt.Errorf("copy: %w", cause) })
		short, leave := make(chan bool), make(chan bool)
		quick := r.kind(Kind[note]{Name: "short"}, func(context.Context, Job, note) error {
			short <- true
			<-leave
			return nil
		})
		r.begin()
		id := r.add(long, "x", Options{})
		stop := r.run()
		receive(t, entered)
		r.add(quick, "y", Options{})
		receive(t, short)
		go func() { leave <- true }()
		must(t, stop())
		if cause := receive(t, causes); !errors.Is(cause, ErrStopping) {
			t.Errorf("cause = %v", cause)
		}
		if e := r.get(id); e.State != Waiting || e.Attempt != 0 || e.Error != "" {
			t.Errorf("put back: %+v", e)
		}
		if r.rows() != 1 {
			t.Errorf("%d rows, want the one that was put back", r.rows())
		}
	})
}

func TestTwoProcessesRunEachJobOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		const jobs = 300
		first := newRig(t, open(t)).live(1)
		first.tally()
		second := newRig(t, open(t)).live(2) // on connections of its own
		var all sync.WaitGroup
		all.Add(jobs)
		var kind Kind[note]
		for _, r := range []*rig{first, second} {
			kind = r.kind(Kind[note]{Name: "a", Limit: 3}, func(ctx context.Context, _ Job, n note) error {
				defer all.Done()
				return r.db.Write(ctx, func(tx *db.Tx) error { return count(ctx, tx, n.Text) })
			})
			r.begin()
		}
		watching, stopWatching := context.WithCancel(first.ctx)
		var watchers sync.WaitGroup
		watchers.Go(func() { second.db.Watch(watching) })
		stops := []func() error{first.run(), second.run()}
		for i := range jobs {
			first.add(kind, fmt.Sprint(i), Options{Priority: i % 7})
		}
		ended := make(chan bool)
		go func() { all.Wait(); close(ended) }()
		receive(t, ended)
		for _, stop := range stops {
			must(t, stop())
		}
		stopWatching()
		watchers.Wait()
		times := first.times()
		for name, n := range times {
			if n != 1 {
				t.Errorf("job %s ran %d times", name, n)
			}
		}
		if len(times) != jobs || first.rows() != 0 {
			t.Errorf("%d of %d ran, %d rows left", len(times), jobs, first.rows())
		}
		t.Logf("the first process ran %d, the second %d", len(first.heard()), len(second.heard()))
	})
}

// Everything at once, for the race detector: adding, cancelling, listing, progress and settling, beside two processes that run.
func TestEverythingAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t)).live(1)
		other := newRig(t, r.db).live(2)
		var k Kind[note]
		for _, each := range []*rig{r, other} {
			k = each.kind(Kind[note]{Name: "a", Limit: 2, Keep: time.Hour}, func(ctx context.Context, j Job, n note) error {
				if err := j.Progress(ctx, 1, 1, n.Text); err != nil {
					return err
				}
				if n.Text == "settles" {
					return each.db.Write(ctx, func(tx *db.Tx) error { return j.Settle(ctx, tx) })
				}
				return j.Answer(n)
			})
			must(t, Every(each.reg, "sweep", Schedule{Every: time.Second}, k, note{"slot"}))
			each.begin()
		}
		stops := []func() error{r.run(), other.run()}
		var group sync.WaitGroup
		for w := range 4 {
			group.Go(func() {
				for i := range 20 {
					id := r.add(k, []string{"settles", "answers"}[i%2], Options{})
					if i%5 == w {
						_ = r.db.Write(r.ctx, func(tx *db.Tx) error { return other.queue.Cancel(r.ctx, tx, id) })
					}
					if _, err := r.queue.List(r.ctx, Filter{Limit: 3}); err != nil {
						t.Error(err)
					}
					r.counts()
				}
			})
		}
		group.Wait()
		for deadline := time.Now().Add(patience); ; {
			if c := r.counts(); c.Ready+c.Planned+c.Running == 0 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("the queue does not come to rest: %+v", r.counts())
			}
			time.Sleep(5 * time.Millisecond)
		}
		for _, stop := range stops {
			must(t, stop())
		}
		if n := r.rows(); n < 80 {
			t.Errorf("%d rows, want 80 kept or cancelled ones and more", n)
		}
	})
}

func TestTroubleIsLoggedAndOutlived(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, openTables(t, db.Config{Dir: dir})).live(1)
	var log syncBuffer
	r.set.Log = slog.New(slog.NewTextHandler(&log, nil))
	ran := make(chan bool, 1)
	k := r.kind(Kind[note]{Name: "a", Max: 1}, func(context.Context, Job, note) error {
		ran <- true
		return errTest
	})
	var observed []string
	r.set.Observe = func(kind string, took time.Duration, err error) {
		observed = append(observed, fmt.Sprint(kind, took >= 0, err))
	}
	r.begin()
	exec := func(text string) {
		r.write(func(tx *db.Tx) error { _, err := tx.Exec(r.ctx, text); return err })
	}
	exec("ALTER TABLE job RENAME TO hidden")
	stop := r.run()
	for deadline := time.Now().Add(patience); !strings.Contains(log.String(), "turn of the job queue"); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("trouble was not logged")
		}
	}
	exec("ALTER TABLE hidden RENAME TO job")
	r.add(k, "x", Options{})
	receive(t, ran)
	must(t, stop())
	if text := log.String(); !strings.Contains(text, "job is dead") || !strings.Contains(text, "it broke") {
		t.Errorf("log = %s", text)
	}
	if len(observed) != 1 || observed[0] != "atrue it broke" {
		t.Errorf("observed %v", observed)
	}
}

// syncBuffer is a buffer that a log writes while a test reads.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestRestingQueueWritesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t))
		k := r.kind(Kind[note]{Name: "a"}, nil)
		limited := r.kind(Kind[note]{Name: "b", Limit: 1}, nil)
		must(t, Every(r.reg, "sweep", Schedule{Every: time.Hour}, k, note{}))
		r.begin()
		r.add(k, "x", Options{})
		r.add(limited, "y", Options{At: start.Add(20 * time.Minute)})
		r.drive()
		commits, stop := r.db.Committed()
		defer stop()
		for range 10 {
			if due, err := r.loop.look(r.ctx); due || err != nil {
				t.Fatalf("look = %v, %v", due, err)
			}
			if s := r.loop.sleep(); s <= 0 || s > pollEvery {
				t.Fatalf("sleep = %v", s)
			}
			r.clock.Advance(2 * time.Second)
		}
		if len(commits) != 0 {
			t.Error("a look committed something")
		}
		r.clock.Advance(20 * time.Minute)
		r.loop.upkeepAt, r.loop.slotAt = 1<<62, 1<<62
		if due, err := r.loop.look(r.ctx); !due || err != nil {
			t.Errorf("when a planned job is due: %v, %v", due, err)
		}
	})
}

func TestSleepUntilTheNext(t *testing.T) {
	r := newRig(t, openTables(t, db.Config{Dir: t.TempDir()})).begin()
	now := start.UnixMicro()
	far := now + int64(1e12)
	for name, c := range map[string]struct {
		loop loop
		want time.Duration
	}{
		"nothing":           {loop{slotAt: far, upkeepAt: far}, pollEvery},
		"planned soon":      {loop{slotAt: far, upkeepAt: far, planned: now + 5_000}, 5 * time.Millisecond},
		"planned, but busy": {loop{slotAt: far, upkeepAt: far, planned: now + 5_000, hungry: true}, pollEvery},
		"planned late":      {loop{slotAt: far, upkeepAt: far, planned: far}, pollEvery},
		"a slot":            {loop{slotAt: now + 1_000, upkeepAt: far}, time.Millisecond},
		"overdue upkeep":    {loop{slotAt: far, upkeepAt: now - 5}, 0},
	} {
		c.loop.queue = r.queue
		if got := c.loop.sleep(); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
