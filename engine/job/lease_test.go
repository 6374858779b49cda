package job

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ashna/engine/db"
	"ashna/kit/fault"
)

// tally makes a table in which handlers count what they did.
func (r *rig) tally() {
	r.write(func(tx *db.Tx) error {
		_, err := tx.Exec(r.ctx, "CREATE TABLE tally(name "+r.db.Dialect().Text+" PRIMARY KEY, times "+r.db.Dialect().Int+" NOT NULL)")
		return err
	})
}

func count(ctx context.Context, tx *db.Tx, name string) error {
	_, err := tx.Exec(ctx, `INSERT INTO tally(name, times) VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET times = tally.times + 1`, name)
	return err
}

func (r *rig) times() map[string]int64 {
	r.Helper()
	times := map[string]int64{}
	must(r.T, r.db.Read(r.ctx, func(q db.Querier) error {
		return db.Each(r.ctx, q, "SELECT name, times FROM tally", nil, func(row db.Row) error {
			times[row.Text(0)] = row.Int(1)
			return nil
		})
	}))
	return times
}

func TestLostWorker(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t))
		r.set.Workers = 1
		entered, leave := make(chan Job, 4), map[int]chan error{1: make(chan error), 2: make(chan error)}
		handler := func(_ context.Context, j Job, _ note) error {
			entered <- j
			return <-leave[j.Attempt]
		}
		kinds := []Kind[note]{r.kind(Kind[note]{Name: "a"}, handler), r.kind(Kind[note]{Name: "b", Keep: time.Hour}, handler)}
		r.begin()
		other := r.twin().begin()
		for i, answer := range []error{nil, nil, errTest, Later{time.Minute}, Give{errTest}, fmt.Errorf("end: %w", ErrStopping)} {
			name := fmt.Sprintf("stale answer %v", answer)
			id := r.add(kinds[i%2], name, Options{})
			r.turn() // this process claims, and is then silent: it stands for one that died
			receive(t, entered)
			other.turn()
			r.clock.Advance(leaseTime)
			other.turn()
			if len(other.queue.snapshot()) != 0 {
				t.Fatalf("%s: the job was taken while its lease held", name)
			}
			r.clock.Advance(beatEvery)
			other.turn()
			if second := receive(t, entered); second.ID != id || second.Attempt != 2 {
				t.Fatalf("%s: the second try = %+v", name, second)
			}
			r.refusedAsLost(r.queue.snapshot()[0])
			leave[1] <- answer
			r.reap()
			must(t, r.loop.turn(r.ctx, true))
			if e := r.get(id); e.State != Running || e.Attempt != 2 || e.Error != errVanished.Error() {
				t.Fatalf("%s changed the job: %+v", name, e)
			}
			leave[2] <- Give{errTest}
			other.reap()
			other.turn()
			if e := r.get(id); e.State != Dead || e.Error != "it broke" || e.Attempt != 2 {
				t.Errorf("%s: after the true answer: %+v", name, e)
			}
		}
	})
}

// refusedAsLost asserts that a try whose lease is gone can store nothing.
func (r *rig) refusedAsLost(t *try) {
	r.Helper()
	if err := t.job.Progress(r.ctx, 1, 2, "stale"); !errors.Is(err, ErrLost) {
		r.Errorf("progress of a lost try: %v", err)
	}
	if err := r.db.Write(r.ctx, func(tx *db.Tx) error { return t.job.Settle(r.ctx, tx) }); !errors.Is(err, ErrLost) {
		r.Errorf("settle of a lost try: %v", err)
	}
	if t.isSettled() {
		r.Error("a lost try counts as settled")
	}
}

func TestHeartbeatKeepsTheLease(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t))
		k, entered, causes := r.sleeper("a", func(error) error { return nil })
		r.begin()
		other := r.twin().begin()
		id := r.add(k, "x", Options{})
		r.turn()
		receive(t, entered)
		for range 20 {
			r.clock.Advance(beatEvery)
			r.turn()
			other.turn()
		}
		if len(other.queue.snapshot()) != 0 || len(causes) != 0 || r.get(id).Attempt != 1 {
			t.Errorf("a worker that lives lost its job: %+v", r.get(id))
		}
		r.queue.stopJob(id, nil)
		r.reap()
		r.turn()
	})
}

func TestLostLeaseEndsTheContext(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t))
		k, entered, causes := r.sleeper("a", func(cause error) error { return cause })
		r.begin()
		id := r.add(k, "x", Options{})
		r.turn()
		receive(t, entered)
		r.write(func(tx *db.Tx) error {
			_, err := tx.Exec(r.ctx, `DELETE FROM job WHERE id = $1`, int64(id))
			return err
		})
		r.clock.Advance(beatEvery)
		r.turn()
		if cause := receive(t, causes); !errors.Is(cause, ErrLost) {
			t.Errorf("cause = %v", cause)
		}
		r.reap()
		r.turn()
		if r.rows() != 0 {
			t.Error("the lost try wrote a row")
		}
	})
}

func TestJobThatKillsItsProcessDies(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t))
		k := r.kind(Kind[note]{Name: "a", Max: 3}, nil)
		cancelled := r.kind(Kind[note]{Name: "b"}, nil)
		r.begin()
		id := r.add(k, "x", Options{})
		stopped := r.add(cancelled, "y", Options{})
		r.write(func(tx *db.Tx) error { // as processes leave it that claimed and died
			_, err := tx.Exec(r.ctx, `UPDATE job SET state = 1, attempt = 3, token = 5, lease = $1`, start.UnixMicro()-1)
			return err
		})
		r.write(func(tx *db.Tx) error { return r.queue.Cancel(r.ctx, tx, stopped) })
		if got := r.drive(); got != nil {
			t.Errorf("ran %v", got)
		}
		if e := r.get(id); e.State != Dead || e.Error != "the worker vanished" || e.Cancelled {
			t.Errorf("after its last try: %+v", e)
		}
		if e := r.get(stopped); e.State != Dead || e.Error != "cancelled" || !e.Cancelled {
			t.Errorf("cancelled while nobody ran it: %+v", e)
		}
	})
}

func TestAloneFreesAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		for _, alone := range []bool{false, true} {
			r := newRig(t, open(t))
			r.set.Alone = alone
			k := r.kind(Kind[note]{Name: "a"}, nil)
			r.begin()
			id := r.add(k, "x", Options{})
			r.write(func(tx *db.Tx) error {
				_, err := tx.Exec(r.ctx, `UPDATE job SET state = 1, attempt = 1, token = 5, lease = $1`, start.Add(leaseTime).UnixMicro())
				return err
			})
			if got := r.drive(); (len(got) == 1) != alone {
				t.Errorf("alone %v: ran %v", alone, got)
			}
			if !alone {
				r.clock.Advance(leaseTime + beatEvery)
				r.drive()
			}
			if _, err := r.queue.Get(r.ctx, id); !fault.Is(err, fault.NotFound) {
				t.Errorf("alone %v: the job is left: %v", alone, err)
			}
		}
	})
}

func TestSettleInTheHandlersTransaction(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t))
		r.tally()
		k := r.kind(Kind[note]{Name: "a"}, func(ctx context.Context, j Job, n note) error {
			err := r.db.Write(ctx, func(tx *db.Tx) error {
				if err := count(ctx, tx, n.Text); err != nil {
					return err
				}
				if err := j.Settle(ctx, tx); err != nil {
					return err
				}
				if n.Text == "undone" && j.Attempt == 1 {
					return errTest
				}
				return nil
			})
			if n.Text == "fails afterwards" {
				return errTest
			}
			return err
		})
		r.begin()
		for _, text := range []string{"plain", "undone", "fails afterwards"} {
			r.add(k, text, Options{})
		}
		r.drive()
		if got := r.times(); len(got) != 2 || got["plain"] != 1 || got["fails afterwards"] != 1 {
			t.Errorf("after the first tries: %v", got)
		}
		if r.rows() != 1 {
			t.Errorf("%d rows, want the undone one", r.rows())
		}
		r.clock.Advance(time.Minute)
		r.drive()
		if got := r.times(); len(got) != 3 || got["undone"] != 1 || r.rows() != 0 {
			t.Errorf("at the end: %v, %d rows", got, r.rows())
		}
	})
}

func TestHeartbeatSparesASettledTry(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t))
		settled, leave, causes := make(chan bool), make(chan bool), make(chan error, 1)
		k := r.kind(Kind[note]{Name: "a"}, func(ctx context.Context, j Job, _ note) error {
			err := r.db.Write(ctx, func(tx *db.Tx) error { return j.Settle(ctx, tx) })
			settled <- true
			<-leave
			causes <- context.Cause(ctx)
			return err
		})
		r.begin()
		r.add(k, "x", Options{})
		r.turn()
		receive(t, settled)
		r.clock.Advance(beatEvery)
		r.turn()
		leave <- true
		if cause := receive(t, causes); cause != nil {
			t.Errorf("the context of a settled try ended: %v", cause)
		}
		r.reap()
		r.turn()
	})
}

func TestProgressAndKeptResult(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t))
		shown, leave := make(chan error), make(chan bool)
		k := r.kind(Kind[note]{Name: "import", Keep: time.Hour}, func(ctx context.Context, j Job, n note) error {
			shown <- j.Progress(ctx, 1, 200, "first\x00"+strings.Repeat("x", MaxNote))
			<-leave
			shown <- j.Progress(ctx, 2, 200, "too soon")
			<-leave
			shown <- j.Progress(ctx, 200, 200, "last")
			<-leave
			if err := j.Answer(make([]int, MaxResult)); !errors.Is(err, errTooLong) {
				return Give{fmt.Errorf("a long result: %w", err)}
			}
			if err := j.Answer(map[string]int{"created": 198}); err != nil {
				return err
			}
			if n.Text == "settles" {
				return r.db.Write(ctx, func(tx *db.Tx) error { return j.Settle(ctx, tx) })
			}
			return nil
		})
		r.begin()
		for _, text := range []string{"returns", "settles"} {
			id := r.add(k, text, Options{})
			r.turn()
			must(t, receive(t, shown))
			if e := r.get(id); e.State != Running || e.Done != 1 || e.Total != 200 || len(e.Note) != MaxNote || !strings.HasPrefix(e.Note, "firstx") {
				t.Fatalf("shown: %+v", e)
			}
			leave <- true
			must(t, receive(t, shown))
			if e := r.get(id); e.Done != 1 {
				t.Errorf("within half a second: %+v", e)
			}
			leave <- true
			must(t, receive(t, shown))
			if e := r.get(id); e.Done != 200 || e.Note != "last" {
				t.Errorf("the last one: %+v", e)
			}
			leave <- true
			r.reap()
			r.turn()
			if e := r.get(id); e.State != Done || string(e.Result) != `{"created":198}` || !e.EndedAt.Equal(r.clock.Now()) || e.Done != 200 || e.Error != "" {
				t.Errorf("%s: kept %+v", text, e)
			}
			r.clock.Advance(time.Hour + beatEvery)
			r.turn()
			if _, err := r.queue.Get(r.ctx, id); !fault.Is(err, fault.NotFound) {
				t.Errorf("after its time: %v", err)
			}
		}
	})
}

func TestLimitOfAKind(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t))
		r.set.Workers = 6
		leave, entered := make(chan bool), make(chan string, 32)
		slow := r.kind(Kind[note]{Name: "slow", Limit: 2}, func(_ context.Context, _ Job, n note) error {
			entered <- n.Text
			<-leave
			return nil
		})
		quick := r.kind(Kind[note]{Name: "quick"}, nil)
		r.begin()
		for i := range 5 {
			r.add(slow, fmt.Sprint("slow", i), Options{Priority: -1})
		}
		for i := range 3 {
			r.add(quick, fmt.Sprint("quick", i), Options{})
		}
		r.turn()
		first := []string{receive(t, entered), receive(t, entered)}
		slices.Sort(first)
		if !slices.Equal(first, []string{"slow0", "slow1"}) {
			t.Fatalf("began %v", first)
		}
		for len(r.queue.snapshot()) > 2 {
			r.loop.collect(receive(t, r.queue.ended))
		}
		r.turn()
		for len(r.queue.snapshot()) > 2 {
			r.loop.collect(receive(t, r.queue.ended))
		}
		r.turn()
		if got := r.queue.snapshot(); len(got) != 2 || r.counts().Ready != 3 {
			t.Fatalf("%d run, counts %+v: want 2 slow ones and 3 waiting", len(got), r.counts())
		}
		if due, err := r.loop.look(r.ctx); err != nil || due {
			t.Errorf("look: %v, %v: a lane that is full is not due", due, err)
		}
		leave <- true
		r.loop.collect(receive(t, r.queue.ended))
		if due, err := r.loop.look(r.ctx); err != nil || !due {
			t.Errorf("look: %v, %v: a lane with room is due", due, err)
		}
		close(leave)
		r.reap()
		r.drive()
		if r.rows() != 0 {
			t.Errorf("%d rows left", r.rows())
		}
	})
}

func TestLanesFollowTheLimits(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		free := newRig(t, open(t)) // a process of a version without the limit
		k := free.kind(Kind[note]{Name: "a"}, nil)
		free.begin()
		free.drive()
		for i := range 6 {
			free.add(k, fmt.Sprint(i), Options{})
		}
		bound := newRig(t, free.db)
		most, now, gate := 0, 0, make(chan bool, 16)
		limited := bound.kind(Kind[note]{Name: "a", Limit: 1}, func(context.Context, Job, note) error {
			bound.mu.Lock()
			now++
			most = max(most, now)
			bound.mu.Unlock()
			<-gate
			bound.mu.Lock()
			now--
			bound.mu.Unlock()
			return nil
		})
		bound.begin()
		bound.turn()
		if got := len(bound.queue.snapshot()); got != 1 {
			t.Fatalf("%d run, the limit is 1", got)
		}
		gate <- true
		bound.reap()
		bound.turn()
		gate <- true
		bound.reap()
		bound.turn()
		gate <- true
		bound.reap()
		must(t, bound.loop.turn(bound.ctx, true))
		if most != 1 {
			t.Errorf("%d ran at once", most)
		}
		bound.add(limited, "6", Options{})
		if got := free.drive(); len(got) == 4 {
			t.Errorf("the old version found the lane before it looked: %v", got)
		}
		free.clock.Advance(beatEvery)
		free.drive()
		if free.rows() != 0 {
			t.Errorf("%d jobs are left in a lane that nobody serves", free.rows())
		}
	})
}
