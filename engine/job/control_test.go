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
	"ashna/kit/ident"
)

// refused asserts the kind and the key of a refusal of a transaction.
func (r *rig) refused(what string, kind fault.Kind, key string, do func(tx *db.Tx) error) {
	r.Helper()
	err := r.db.Write(r.ctx, do)
	if f := fault.Of(err); f == nil || f.Kind != kind || f.Key != key {
		r.Errorf("%s: error = %v, want %v %s", what, err, kind, key)
	}
}

func TestCancelWaiting(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t))
		k := r.kind(Kind[note]{Name: "a"}, nil)
		r.begin()
		for _, at := range []time.Time{{}, start.Add(time.Hour)} {
			id := r.add(k, "x", Options{At: at})
			r.write(func(tx *db.Tx) error { return r.queue.Cancel(r.ctx, tx, id) })
			if e := r.get(id); e.State != Dead || !e.Cancelled || e.Error != "cancelled" {
				t.Errorf("cancelled: %+v", e)
			}
			r.refused("cancel twice", fault.Conflict, "job.ended", func(tx *db.Tx) error { return r.queue.Cancel(r.ctx, tx, id) })
		}
		r.clock.Advance(2 * time.Hour)
		if got := r.drive(); got != nil {
			t.Errorf("a cancelled job ran: %v", got)
		}
		if c := r.counts(); c.Dead != 0 {
			t.Errorf("cancelled jobs count as dead: %+v", c)
		}
		r.refused("cancel nothing", fault.NotFound, "job.unknown", func(tx *db.Tx) error { return r.queue.Cancel(r.ctx, tx, 12345) })
	})
}

// sleeper registers a kind that runs until its context ends, and then answers what end says.
func (r *rig) sleeper(name string, end func(cause error) error) (k Kind[note], entered chan ident.ID, causes chan error) {
	r.Helper()
	entered, causes = make(chan ident.ID, 16), make(chan error, 16)
	k = r.kind(Kind[note]{Name: name}, func(ctx context.Context, j Job, _ note) error {
		entered <- j.ID
		<-ctx.Done()
		causes <- context.Cause(ctx)
		return end(context.Cause(ctx))
	})
	return k, entered, causes
}

func TestCancelRunning(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t))
		k, entered, causes := r.sleeper("a", func(cause error) error { return fmt.Errorf("copy: %w", cause) })
		r.begin()
		id := r.add(k, "x", Options{})
		r.turn()
		receive(t, entered)
		err := r.db.Write(r.ctx, func(tx *db.Tx) error {
			if err := r.queue.Cancel(r.ctx, tx, id); err != nil {
				return err
			}
			return errTest
		})
		if !errors.Is(err, errTest) || r.get(id).Cancelled || len(causes) > 0 {
			t.Fatalf("a cancel that was rolled back: %v, %+v", err, r.get(id))
		}
		r.write(func(tx *db.Tx) error { return r.queue.Cancel(r.ctx, tx, id) })
		if cause := receive(t, causes); !errors.Is(cause, ErrCancelled) {
			t.Errorf("cause = %v", cause)
		}
		r.reap()
		r.drive()
		if e := r.get(id); e.State != Dead || !e.Cancelled || e.Error != "cancelled" {
			t.Errorf("after the cancel: %+v", e)
		}
	})
}

func TestCancelInAnotherProcess(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t))
		k, entered, causes := r.sleeper("a", func(cause error) error { return cause })
		r.begin()
		other := r.twin().begin()
		cancelled := func(id ident.ID) {
			t.Helper()
			if cause := receive(t, causes); !errors.Is(cause, ErrCancelled) {
				t.Errorf("cause = %v", cause)
			}
			r.reap()
			r.drive()
			if e := r.get(id); e.State != Dead || !e.Cancelled {
				t.Errorf("after the cancel: %+v", e)
			}
		}
		id := r.add(k, "heard by a look", Options{})
		r.turn()
		receive(t, entered)
		other.write(func(tx *db.Tx) error { return other.queue.Cancel(r.ctx, tx, id) })
		if len(causes) > 0 {
			t.Fatal("the other process knew without being told")
		}
		if _, err := r.loop.look(r.ctx); err != nil {
			t.Fatal(err)
		}
		cancelled(id)

		id = r.add(k, "heard by the heartbeat", Options{})
		r.turn()
		receive(t, entered)
		other.write(func(tx *db.Tx) error { return other.queue.Cancel(r.ctx, tx, id) })
		r.clock.Advance(beatEvery)
		r.turn()
		cancelled(id)
	})
}

func TestCancelLosesAgainstSuccessAndWinsAgainstRetry(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t))
		leave := make(chan error)
		entered := make(chan bool, 4)
		k := r.kind(Kind[note]{Name: "a"}, func(context.Context, Job, note) error { entered <- true; return <-leave })
		r.begin()
		other := r.twin().begin()
		for name, c := range map[string]struct {
			answer error
			want   State
		}{
			"success": {nil, Any}, "failure": {errTest, Dead}, "put off": {Later{time.Minute}, Dead},
		} {
			id := r.add(k, name, Options{})
			r.turn()
			receive(t, entered)
			other.write(func(tx *db.Tx) error { return other.queue.Cancel(r.ctx, tx, id) })
			leave <- c.answer
			r.reap()
			r.drive()
			e, err := r.queue.Get(r.ctx, id)
			if (c.want == Any) != fault.Is(err, fault.NotFound) || e.State != c.want || c.want == Dead && e.Error != "cancelled" {
				t.Errorf("%s: %+v, %v", name, e, err)
			}
		}
	})
}

func TestRevive(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t))
		fails := true
		k := r.kind(Kind[note]{Name: "a", Max: 2}, func(context.Context, Job, note) error {
			if fails {
				return Give{errTest}
			}
			return nil
		})
		r.begin()
		revive := func(id ident.ID) func(tx *db.Tx) error {
			return func(tx *db.Tx) error { return r.queue.Revive(r.ctx, tx, id) }
		}
		id := r.add(k, "x", Options{Unique: "u"})
		r.refused("revive a waiting one", fault.Conflict, "job.not_dead", revive(id))
		r.drive()
		equal := r.add(k, "y", Options{Unique: "u", At: start.Add(time.Hour)})
		r.refused("revive beside an equal one", fault.Conflict, "job.equal_waits", revive(id))
		if e := r.get(id); e.State != Dead {
			t.Fatalf("after the refusal: %+v", e)
		}
		r.write(func(tx *db.Tx) error { return r.queue.Cancel(r.ctx, tx, equal) })
		r.write(revive(id))
		if e := r.get(id); e.State != Waiting || e.Attempt != 0 || e.Error != "" || !e.EndedAt.IsZero() {
			t.Errorf("revived: %+v", e)
		}
		fails = false
		if got := r.drive(); !slices.Equal(got, []string{"x"}) {
			t.Errorf("ran %v", got)
		}
		r.refused("revive nothing", fault.NotFound, "job.unknown", revive(id))
		r.write(func(tx *db.Tx) error { return r.queue.Discard(r.ctx, tx, equal) })
	})
}

func TestDiscard(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t))
		k := r.kind(Kind[note]{Name: "a"}, func(context.Context, Job, note) error { return Give{errTest} })
		r.begin()
		id := r.add(k, "x", Options{})
		discard := func(tx *db.Tx) error { return r.queue.Discard(r.ctx, tx, id) }
		r.refused("discard a waiting one", fault.Conflict, "job.not_ended", discard)
		r.drive()
		r.write(discard)
		r.refused("discard twice", fault.NotFound, "job.unknown", discard)
		if r.rows() != 0 {
			t.Error("a row is left")
		}
	})
}

func TestListPages(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t))
		a := r.kind(Kind[note]{Name: "a"}, func(context.Context, Job, note) error { return Give{errTest} })
		b := r.kind(Kind[note]{Name: "b", Keep: time.Hour}, nil)
		r.begin()
		r.add(a, "1", Options{})
		r.add(b, "2", Options{})
		r.drive()
		for i := range 7 {
			kind := []Kind[note]{a, b}[i%2]
			r.add(kind, fmt.Sprint(3+i), Options{At: start.Add(time.Duration(i%3) * time.Hour)})
		}
		list := func(f Filter) []string {
			t.Helper()
			var texts []string
			for range 20 {
				page, err := r.queue.List(r.ctx, f)
				must(t, err)
				if f.Limit > 0 && len(page) > f.Limit {
					t.Fatalf("a page of %d, limit %d", len(page), f.Limit)
				}
				if len(page) == 0 {
					return texts
				}
				for _, e := range page {
					texts = append(texts, strings.TrimSuffix(strings.TrimPrefix(string(e.Args), `{"text":"`), `"}`))
					f.After = e.ID
				}
			}
			t.Fatal("the pages do not end")
			return nil
		}
		for _, c := range []struct {
			filter Filter
			want   string
		}{
			{Filter{}, "9 8 7 6 5 4 3 2 1"},
			{Filter{Limit: 2}, "9 8 7 6 5 4 3 2 1"},
			{Filter{State: Waiting, Limit: 3}, "9 8 7 6 5 4 3"},
			{Filter{State: Dead}, "1"},
			{Filter{State: Done, Limit: 1}, "2"},
			{Filter{State: Running}, ""},
			{Filter{Kind: "b", Limit: 2}, "8 6 4 2"},
			{Filter{Kind: "b", State: Waiting}, "8 6 4"},
			{Filter{Kind: "none"}, ""},
			{Filter{Limit: -5}, "9 8 7 6 5 4 3 2 1"},
			{Filter{Limit: MaxLimit + 1}, "9 8 7 6 5 4 3 2 1"},
		} {
			if got := strings.Join(list(c.filter), " "); got != c.want {
				t.Errorf("%+v: %q, want %q", c.filter, got, c.want)
			}
		}
		if _, err := r.queue.List(r.ctx, Filter{State: "odd"}); !fault.Is(err, fault.Invalid) {
			t.Errorf("odd state: %v", err)
		}
	})
}

func TestCounts(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t))
		r.set.Workers = 1
		k, entered, causes := r.sleeper("a", func(error) error { return Give{errTest} })
		r.begin()
		if c := r.counts(); c != (Counts{}) {
			t.Errorf("empty: %+v", c)
		}
		r.add(k, "1", Options{})
		r.add(k, "2", Options{})
		r.add(k, "3", Options{At: start.Add(time.Hour)})
		r.turn()
		first := receive(t, entered)
		r.clock.Advance(90 * time.Second)
		if c := r.counts(); c != (Counts{Ready: 1, Planned: 1, Running: 1, OldestAge: 90 * time.Second}) {
			t.Errorf("busy: %+v", c)
		}
		r.queue.stopJob(first, errTest)
		receive(t, causes)
		r.reap()
		r.turn()
		r.queue.stopJob(receive(t, entered), errTest)
		r.reap()
		r.turn()
		if c := r.counts(); c != (Counts{Planned: 1, Dead: 2}) {
			t.Errorf("after: %+v", c)
		}
	})
}
