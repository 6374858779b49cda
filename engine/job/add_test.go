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

func TestJobLivesAndDiesWithItsTransaction(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t))
		k := r.kind(Kind[note]{Name: "mail.send"}, nil)
		r.begin()
		err := r.db.Write(r.ctx, func(tx *db.Tx) error {
			if _, _, err := Add(r.ctx, tx, r.queue, k, note{"lost"}, Options{}); err != nil {
				return err
			}
			return errTest
		})
		if !errors.Is(err, errTest) {
			t.Fatalf("error = %v", err)
		}
		if got := r.drive(); got != nil || r.rows() != 0 {
			t.Fatalf("a job that was rolled back ran: %v, %d rows", got, r.rows())
		}
		if len(r.queue.poked) != 0 {
			t.Error("a job that was rolled back woke the queue")
		}
		id := r.add(k, "kept", Options{Actor: 77})
		if len(r.queue.poked) != 1 {
			t.Error("the commit did not wake the queue")
		}
		if got := r.drive(); !slices.Equal(got, []string{"kept"}) {
			t.Fatalf("ran %v, want kept", got)
		}
		if r.rows() != 0 {
			t.Errorf("a finished job left %d rows", r.rows())
		}
		if _, err := r.queue.Get(r.ctx, id); !fault.Is(err, fault.NotFound) {
			t.Errorf("get a finished job: %v", err)
		}
	})
}

func TestHandlerHearsWhatWasAdded(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t))
		var got Job
		text := "سلام «دنیا» \x00 '); DROP TABLE job;--"
		var read note
		k := r.kind(Kind[note]{Name: "a", Max: 3}, func(_ context.Context, j Job, n note) error {
			got, read = j, n
			return nil
		})
		r.begin()
		id := r.add(k, text, Options{Actor: 42})
		r.drive()
		if got.ID != id || got.Kind != "a" || got.Attempt != 1 || got.Max != 3 || got.Actor != 42 {
			t.Errorf("job = %+v", got)
		}
		if read.Text != text {
			t.Errorf("argument = %q, want %q", read.Text, text)
		}
	})
}

func TestUniqueWhileItWaitsOrRuns(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t))
		entered, leave := make(chan bool), make(chan bool)
		k := r.kind(Kind[note]{Name: "a"}, func(context.Context, Job, note) error {
			entered <- true
			<-leave
			return nil
		})
		other := r.kind(Kind[note]{Name: "b"}, nil)
		r.begin()
		add := func(k Kind[note], unique string) (id ident.ID, added bool) {
			r.write(func(tx *db.Tx) (err error) {
				id, added, err = Add(r.ctx, tx, r.queue, k, note{unique}, Options{Unique: unique})
				return err
			})
			return id, added
		}
		first, added := add(k, "deal 1")
		if !added {
			t.Fatal("the first was not added")
		}
		if id, added := add(k, "deal 1"); added || id != first {
			t.Errorf("an equal one beside a waiting one: %v, %v, want %v, false", id, added, first)
		}
		r.turn()
		receive(t, entered)
		if id, added := add(k, "deal 1"); added || id != first {
			t.Errorf("an equal one beside a running one: %v, %v", id, added)
		}
		if _, added := add(other, "deal 1"); !added {
			t.Error("another kind was refused")
		}
		leave <- true
		r.reap()
		r.turn()
		r.reap()
		r.turn()
		if second, added := add(k, "deal 1"); !added || second == first {
			t.Errorf("after the end: %v, %v", second, added)
		}
		go func() { <-entered; leave <- true }()
		r.drive()
	})
}

func TestOneOfManyEqualAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t))
		k := r.kind(Kind[note]{Name: "a"}, nil)
		r.begin()
		const n = 16
		type answer struct {
			id    ident.ID
			added bool
			err   error
		}
		answers := make(chan answer, n)
		for range n {
			go func() {
				var a answer
				a.err = r.db.Write(r.ctx, func(tx *db.Tx) (err error) {
					a.id, a.added, err = Add(r.ctx, tx, r.queue, k, note{}, Options{Unique: "same"})
					return err
				})
				answers <- a
			}()
		}
		ids, added := map[ident.ID]bool{}, 0
		for range n {
			a := receive(t, answers)
			must(t, a.err)
			ids[a.id] = true
			if a.added {
				added++
			}
		}
		if added != 1 || len(ids) != 1 || r.rows() != 1 {
			t.Errorf("%d added, %d keys, %d rows: want one each", added, len(ids), r.rows())
		}
	})
}

func TestAtItsTime(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t))
		k := r.kind(Kind[note]{Name: "a"}, nil)
		r.begin()
		r.add(k, "tomorrow", Options{At: start.Add(24 * time.Hour)})
		r.add(k, "soon", Options{At: start.Add(time.Minute)})
		r.add(k, "yesterday", Options{At: start.Add(-24 * time.Hour)})
		if got := r.drive(); !slices.Equal(got, []string{"yesterday"}) {
			t.Fatalf("at first ran %v", got)
		}
		if want := start.Add(time.Minute).UnixMicro(); r.loop.planned != want {
			t.Errorf("next planned = %d, want %d", r.loop.planned, want)
		}
		if c := r.counts(); c.Planned != 2 || c.Ready != 0 {
			t.Errorf("counts = %+v", c)
		}
		r.clock.Advance(time.Minute - time.Microsecond)
		if got := r.drive(); got != nil {
			t.Fatalf("a microsecond early ran %v", got)
		}
		r.clock.Advance(time.Microsecond)
		if got := r.drive(); !slices.Equal(got, []string{"soon"}) {
			t.Fatalf("in time ran %v", got)
		}
		r.clock.Advance(24 * time.Hour)
		if got := r.drive(); !slices.Equal(got, []string{"tomorrow"}) {
			t.Fatalf("on the next day ran %v", got)
		}
		if r.loop.planned != 0 {
			t.Errorf("next planned = %d, want none", r.loop.planned)
		}
	})
}

func TestPriorityThenAge(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t))
		r.set.Workers = 1
		k := r.kind(Kind[note]{Name: "a"}, nil)
		r.begin()
		for i, p := range []int{5, 0, -3, 0, 100, -100} {
			r.clock.Advance(time.Second)
			r.add(k, fmt.Sprint(i), Options{Priority: p})
		}
		if got := r.drive(); !slices.Equal(got, []string{"5", "2", "1", "3", "0", "4"}) {
			t.Errorf("order = %v", got)
		}
	})
}

func TestAddRefuses(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t))
		k := r.kind(Kind[note]{Name: "a"}, nil)
		r.begin()
		for name, c := range map[string]struct {
			kind Kind[note]
			text string
			o    Options
			want fault.Kind
		}{
			"unknown kind":   {kind: Kind[note]{Name: "b"}},
			"long arguments": {kind: k, text: strings.Repeat("x", MaxArgs), want: fault.TooLarge},
			"low priority":   {kind: k, o: Options{Priority: -MaxPriority - 1}},
			"high priority":  {kind: k, o: Options{Priority: MaxPriority + 1}},
			"long unique":    {kind: k, o: Options{Unique: strings.Repeat("x", MaxUnique+1)}},
			"zero in unique": {kind: k, o: Options{Unique: "a\x00b"}},
			"broken unique":  {kind: k, o: Options{Unique: "a\xffb"}},
			"bad actor":      {kind: k, o: Options{Actor: -1}},
		} {
			err := r.db.Write(r.ctx, func(tx *db.Tx) error {
				_, _, err := Add(r.ctx, tx, r.queue, c.kind, note{c.text}, c.o)
				return err
			})
			if err == nil || fault.KindOf(err) != c.want {
				t.Errorf("%s: error = %v, want kind %v", name, err, c.want)
			}
		}
		err := r.db.Write(r.ctx, func(tx *db.Tx) error {
			_, _, err := Add(r.ctx, tx, r.queue, k, note{strings.Repeat("x", MaxArgs-100)}, Options{Unique: strings.Repeat("é", MaxUnique/2)})
			return err
		})
		if err != nil {
			t.Errorf("just within the limits: %v", err)
		}
	})
}

func TestRegisterRefuses(t *testing.T) {
	run := func(context.Context, Job, note) error { return nil }
	r := NewRegistry()
	must(t, Register(r, Kind[note]{Name: "mail.send_2", Run: run}))
	for name, k := range map[string]Kind[note]{
		"taken":    {Name: "mail.send_2", Run: run},
		"empty":    {Run: run},
		"capitals": {Name: "Mail", Run: run},
		"space":    {Name: "a b", Run: run},
		"digit":    {Name: "1a", Run: run},
		"long":     {Name: strings.Repeat("a", 101), Run: run},
		"no run":   {Name: "a"},
		"timeout":  {Name: "a", Run: run, Timeout: -1},
		"max":      {Name: "a", Run: run, Max: -1},
		"limit":    {Name: "a", Run: run, Limit: -1},
		"keep":     {Name: "a", Run: run, Keep: -1},
	} {
		if err := Register(r, k); err == nil {
			t.Errorf("%s: registered", name)
		}
	}
	if k := r.kinds["mail.send_2"]; k.max != DefaultTries || k.timeout != DefaultTimeout || k.lane() != "" {
		t.Errorf("defaults = %+v", k)
	}
}

func TestNewRefusesAndFills(t *testing.T) {
	ids := ident.NewSource(nil, 1)
	for name, s := range map[string]Settings{
		"no ids": {}, "workers": {IDs: ids, Workers: -1}, "grace": {IDs: ids, Grace: -1}, "retention": {IDs: ids, Retention: -1},
	} {
		if _, err := New(nil, NewRegistry(), s); err == nil {
			t.Errorf("%s: made", name)
		}
	}
	q, err := New(nil, NewRegistry(), Settings{IDs: ids})
	must(t, err)
	if s := q.set; s.Workers != DefaultWorkers || s.Grace != DefaultGrace || s.Retention != DefaultRetention || s.Clock == nil || s.Log == nil {
		t.Errorf("settings = %+v", s)
	}
	if c := q.set.Chance(); c < 0 || c >= 1 {
		t.Errorf("chance = %v", c)
	}
}
