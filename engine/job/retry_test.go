package job

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"ashna/engine/db"
	"ashna/kit/clock"
)

func TestRetryUntilDead(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t))
		k := r.kind(Kind[note]{Name: "a", Max: 4}, func(context.Context, Job, note) error { return errTest })
		r.begin()
		id := r.add(k, "x", Options{})
		for try := 1; try < 4; try++ {
			if got := r.drive(); len(got) != 1 {
				t.Fatalf("try %d: ran %v", try, got)
			}
			e := r.get(id)
			wait := time.Duration(1<<try) * time.Second
			if e.State != Waiting || e.Attempt != try || e.Error != errTest.Error() || !e.RunAt.Equal(r.clock.Now().Add(wait)) {
				t.Fatalf("after try %d at %v: %+v", try, r.clock.Now(), e)
			}
			r.clock.Advance(wait - time.Microsecond)
			if got := r.drive(); got != nil {
				t.Fatalf("ran before the back-off was over: %v", got)
			}
			r.clock.Advance(time.Microsecond)
		}
		if got := r.drive(); len(got) != 1 {
			t.Fatalf("last try: %v", got)
		}
		if e := r.get(id); e.State != Dead || e.Attempt != 4 || e.Error != "it broke" || !e.EndedAt.Equal(r.clock.Now()) || e.Cancelled {
			t.Errorf("at the end: %+v", e)
		}
		if c := r.counts(); c.Dead != 1 || c.Ready+c.Planned+c.Running != 0 {
			t.Errorf("counts = %+v", c)
		}
		r.clock.Advance(DefaultRetention - time.Second)
		if r.drive(); r.rows() != 1 {
			t.Error("a dead job went before its time")
		}
		r.clock.Advance(beatEvery)
		if r.drive(); r.rows() != 0 {
			t.Error("a dead job stays for ever")
		}
	})
}

func TestSuccessAfterFailure(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t))
		var tries []int
		k := r.kind(Kind[note]{Name: "a"}, func(_ context.Context, j Job, _ note) error {
			tries = append(tries, j.Attempt)
			if j.Attempt < 3 {
				return fmt.Errorf("send: %w", errTest)
			}
			return nil
		})
		r.begin()
		r.add(k, "x", Options{})
		for range 3 {
			r.drive()
			r.clock.Advance(time.Hour)
		}
		if !slices.Equal(tries, []int{1, 2, 3}) || r.rows() != 0 {
			t.Errorf("tries = %v, %d rows left", tries, r.rows())
		}
	})
}

func TestLaterDoesNotCount(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t))
		wait := 10 * time.Minute
		k := r.kind(Kind[note]{Name: "a", Max: 1}, func(context.Context, Job, note) error { return fmt.Errorf("busy: %w", Later{wait}) })
		r.begin()
		id := r.add(k, "x", Options{})
		for range 3 {
			r.drive()
			if e := r.get(id); e.State != Waiting || e.Attempt != 0 || !e.RunAt.Equal(r.clock.Now().Add(10*time.Minute)) {
				t.Fatalf("put off: %+v", e)
			}
			r.clock.Advance(10 * time.Minute)
		}
		for _, c := range []struct{ given, want time.Duration }{{0, laterMin}, {-time.Hour, laterMin}, {1 << 62, laterMax}} {
			wait = c.given
			r.drive()
			if e := r.get(id); !e.RunAt.Equal(r.clock.Now().Add(c.want)) {
				t.Errorf("Later{%v}: due %v after %v, want %v", c.given, e.RunAt, r.clock.Now(), c.want)
			}
			r.clock.Advance(c.want)
		}
	})
}

func TestGiveIsDeadAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t))
		k := r.kind(Kind[note]{Name: "a"}, func(context.Context, Job, note) error { return fmt.Errorf("read: %w", Give{errTest}) })
		r.begin()
		id := r.add(k, "x", Options{})
		r.drive()
		if e := r.get(id); e.State != Dead || e.Attempt != 1 || e.Error != "read: it broke" {
			t.Errorf("given up: %+v", e)
		}
	})
}

func TestPanicIsAFailureThatSaysWhere(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t))
		k := r.kind(Kind[note]{Name: "a"}, func(_ context.Context, _ Job, n note) error {
			if n.Text == "exit" {
				runtime.Goexit()
			}
			panic("boom \x00\xff" + strings.Repeat("é", MaxError))
		})
		r.begin()
		id := r.add(k, "x", Options{})
		exit := r.add(k, "exit", Options{})
		r.drive()
		e := r.get(id)
		if e.State != Waiting || !strings.HasPrefix(e.Error, "panic: boom ") || len(e.Error) > MaxError || len(e.Error) < MaxError-8 || !utf8.ValidString(e.Error) {
			t.Errorf("after a panic: %s, %d bytes, %.40q", e.State, len(e.Error), e.Error)
		}
		if e := r.get(exit); e.State != Waiting || e.Error != errNoAnswer.Error() {
			t.Errorf("after the end of the goroutine: %+v", e)
		}
	})
}

func TestPanicNamesTheHandler(t *testing.T) {
	tr := &try{kind: &kind{timeout: time.Minute, run: func(context.Context, Job, string) error { panic("boom") }}, ctx: context.Background()}
	err := tr.call()
	if err == nil || !strings.Contains(err.Error(), "retry_test.go") {
		t.Errorf("error = %v", err)
	}
}

func TestTimeoutEndsTheTry(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t))
		k := r.kind(Kind[note]{Name: "a", Timeout: time.Millisecond}, func(ctx context.Context, _ Job, _ note) error {
			<-ctx.Done()
			return ctx.Err()
		})
		r.begin()
		id := r.add(k, "x", Options{})
		r.drive()
		if e := r.get(id); e.State != Waiting || e.Attempt != 1 || e.Error != context.DeadlineExceeded.Error() {
			t.Errorf("after the timeout: %+v", e)
		}
	})
}

func TestArgumentsThatCannotBeRead(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t))
		k := r.kind(Kind[note]{Name: "a"}, nil)
		r.begin()
		id := r.add(k, "x", Options{})
		r.write(func(tx *db.Tx) error {
			_, err := tx.Exec(r.ctx, `UPDATE job SET args = '{"text": 5}'`)
			return err
		})
		if got := r.drive(); got != nil {
			t.Errorf("ran with %v", got)
		}
		if e := r.get(id); e.State != Dead || !strings.HasPrefix(e.Error, "read arguments: ") {
			t.Errorf("job = %+v", e)
		}
	})
}

func TestUnknownKindIsPutOff(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t))
		k := r.kind(Kind[note]{Name: "new.kind"}, nil)
		r.begin()
		old := newRig(t, r.db).begin()
		id := r.add(k, "x", Options{})
		old.drive()
		if e := r.get(id); e.State != Waiting || e.Attempt != 0 || !e.RunAt.Equal(start.Add(unknownDelay)) {
			t.Fatalf("put off: %+v", e)
		}
		r.clock.Advance(unknownDelay)
		if got := r.drive(); !slices.Equal(got, []string{"x"}) {
			t.Errorf("who knows it ran %v", got)
		}
	})
}

func TestBackoff(t *testing.T) {
	chance := 0.0
	q := &Queue{set: Settings{Chance: func() float64 { return chance }}}
	for attempt, want := range map[int]time.Duration{
		-1: 2 * time.Second, 0: 2 * time.Second, 1: 2 * time.Second, 2: 4 * time.Second, 11: 2048 * time.Second, 12: time.Hour, 13: time.Hour, 1 << 40: time.Hour,
	} {
		if got := q.backoff(attempt); got != want {
			t.Errorf("backoff(%d) = %v, want %v", attempt, got, want)
		}
	}
	chance = 0.5
	if got := q.backoff(10); got != 1024*time.Second+51200*time.Millisecond {
		t.Errorf("with chance: %v", got)
	}
	chance = 0.999
	if got := q.backoff(12); got != time.Hour {
		t.Errorf("at most: %v", got)
	}
}

func TestGiveAndLaterSpeak(t *testing.T) {
	if got := (Give{errTest}).Error(); got != "it broke" {
		t.Error(got)
	}
	if got := (Give{}).Error(); got != "given up" {
		t.Error(got)
	}
	if !errors.Is(Give{errTest}, errTest) {
		t.Error("Give hides its cause")
	}
	if got := (Later{time.Hour}).Error(); got != "put off for 1h0m0s" {
		t.Error(got)
	}
}

func TestBounded(t *testing.T) {
	for _, c := range []struct {
		text  string
		limit int
		want  string
	}{
		{"short", 10, "short"}, {"", 3, ""}, {"a\x00b", 10, "ab"}, {"abcdef", 3, "abc"}, {"aéé", 4, "aé"}, {"\xff\xfea", 9, "a"}, {"سلام", 5, "سل"},
	} {
		if got := bounded(c.text, c.limit); got != c.want {
			t.Errorf("bounded(%q, %d) = %q, want %q", c.text, c.limit, got, c.want)
		}
	}
}

func TestSteadyTimeNeverGoesBack(t *testing.T) {
	fake := clock.NewFake(start)
	s := &steady{clock: fake}
	want := func(at time.Duration) {
		t.Helper()
		if got := s.now(); !got.Equal(start.Add(at)) {
			t.Errorf("now = start %+v, want start %+v", got.Sub(start), at)
		}
	}
	want(0)
	fake.Advance(time.Minute)
	want(time.Minute)
	fake.Advance(-time.Hour)
	want(time.Minute) // stands instead of going back
	fake.Advance(10 * time.Second)
	want(70 * time.Second) // and goes on with what elapses
	fake.Advance(-time.Hour)
	want(70 * time.Second)
	fake.Advance(time.Hour)
	want(70*time.Second + time.Hour)
	for range 100 {
		fake.Advance(time.Second)
	}
	want(170*time.Second + time.Hour)
}

func TestSteadyTimeFollowsAClockThatJumpsAhead(t *testing.T) {
	s := &steady{clock: clock.System()}
	first := s.now()
	s.shown = s.shown.Add(-time.Hour) // as if the clock of the machine had been set ahead since
	if got := s.now(); got.Before(first) {
		t.Errorf("now = %v, before %v", got, first)
	}
}
