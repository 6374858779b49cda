package job

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"ashna/engine/db"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Skipf("time zones of the system: %v", err)
	}
	return z
}

func TestNextSlot(t *testing.T) {
	berlin, tehran, baku, apia := zone(t, "Europe/Berlin"), zone(t, "Asia/Tehran"), zone(t, "Asia/Baku"), zone(t, "Pacific/Apia")
	daily := func(hour, minute int, z *time.Location) Schedule {
		return Schedule{Daily: &TimeOfDay{hour, minute}, Zone: z}
	}
	for _, c := range []struct {
		name        string
		s           Schedule
		after, want string
	}{
		{"within an hour", Schedule{Every: time.Hour}, "2026-03-21T10:20:00Z", "2026-03-21T11:00:00Z"},
		{"on the hour", Schedule{Every: time.Hour}, "2026-03-21T10:00:00Z", "2026-03-21T11:00:00Z"},
		{"seven minutes", Schedule{Every: 7 * time.Minute}, "1970-01-01T00:13:59Z", "1970-01-01T00:14:00Z"},
		{"later today", daily(7, 30, baku), "2026-03-21T00:00:00Z", "2026-03-21T03:30:00Z"},
		{"exactly now is past", daily(7, 30, baku), "2026-03-21T03:30:00Z", "2026-03-22T03:30:00Z"},
		{"half an hour off", daily(7, 30, tehran), "2026-03-21T00:00:00Z", "2026-03-21T04:00:00Z"},
		{"no zone", daily(7, 30, nil), "2026-03-21T08:00:00Z", "2026-03-22T07:30:00Z"},
		{"end of the year", daily(0, 0, baku), "2026-12-31T19:59:59Z", "2026-12-31T20:00:00Z"},
		{"before summer time", daily(2, 30, berlin), "2026-03-27T12:00:00Z", "2026-03-28T01:30:00Z"},
		{"a time that is left out", daily(2, 30, berlin), "2026-03-28T12:00:00Z", "2026-03-29T01:30:00Z"},
		{"the day after it", daily(2, 30, berlin), "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"},
		{"a time that comes twice", daily(2, 30, berlin), "2026-10-24T12:00:00Z", "2026-10-25T01:30:00Z"},
		{"after its second coming", daily(2, 30, berlin), "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"},
		{"a day that is left out", daily(9, 0, apia), "2011-12-29T19:00:00Z", "2011-12-30T19:00:00Z"},
	} {
		after, err := time.Parse(time.RFC3339, c.after)
		must(t, err)
		if got := c.s.Next(after).Format(time.RFC3339); got != c.want {
			t.Errorf("%s: Next(%s) = %s, want %s", c.name, c.after, got, c.want)
		}
	}
}

// Over years of every kind of change, a day has one slot, and slots go forward.
func TestDailySlotsOncePerDay(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 11))
	for _, name := range []string{"UTC", "Europe/Berlin", "Asia/Tehran", "Asia/Baku", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo"} {
		z := zone(t, name)
		for range 12 {
			s := Schedule{Daily: &TimeOfDay{random.IntN(24), random.IntN(60)}, Zone: z}
			at := time.Date(2014, 1, 1, 0, 0, 0, 0, z)
			first, days := s.Next(at), 0
			for at = first; at.Year() < 2024; days++ {
				next := s.Next(at)
				if gap := next.Sub(at); gap < 22*time.Hour || gap > 26*time.Hour {
					t.Fatalf("%s: after %v comes %v", s, at.In(z), next.In(z))
				}
				inside := at.Add(time.Duration(random.Int64N(int64(next.Sub(at)))))
				if got := s.Next(inside); !got.Equal(next) {
					t.Fatalf("%s: Next(%v) = %v, want %v", s, inside.In(z), got.In(z), next.In(z))
				}
				at = next
			}
			if want := int(at.Sub(first).Hours()/24 + 0.5); days != want {
				t.Errorf("%s: %d slots in %d days", s, days, want)
			}
		}
	}
}

func TestEveryRefuses(t *testing.T) {
	run := func(context.Context, Job, note) error { return nil }
	r := NewRegistry()
	k := Kind[note]{Name: "a", Run: run}
	must(t, Register(r, k))
	hourly := Schedule{Every: time.Hour}
	must(t, Every(r, "taken", hourly, k, note{}))
	for name, err := range map[string]error{
		"taken":        Every(r, "taken", hourly, k, note{}),
		"bad name":     Every(r, "Not A Name", hourly, k, note{}),
		"unregistered": Every(r, "x", hourly, Kind[note]{Name: "b", Run: run}, note{}),
		"nothing":      Every(r, "x", Schedule{}, k, note{}),
		"both":         Every(r, "x", Schedule{Every: time.Hour, Daily: &TimeOfDay{}}, k, note{}),
		"too often":    Every(r, "x", Schedule{Every: time.Second - 1}, k, note{}),
		"negative":     Every(r, "x", Schedule{Every: -time.Hour}, k, note{}),
		"hour":         Every(r, "x", Schedule{Daily: &TimeOfDay{24, 0}}, k, note{}),
		"minute":       Every(r, "x", Schedule{Daily: &TimeOfDay{0, 60}}, k, note{}),
		"before":       Every(r, "x", Schedule{Daily: &TimeOfDay{-1, 0}}, k, note{}),
	} {
		if err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if got := (Schedule{Daily: &TimeOfDay{7, 5}}).String(); got != "daily 07:05 UTC" {
		t.Error(got)
	}
}

// nextAt gives what is stored of a schedule, as an instant and the text of its specification.
func (r *rig) nextAt(name string) (at time.Time, spec string) {
	r.Helper()
	must(r.T, r.db.Read(r.ctx, func(q db.Querier) error {
		row, found, err := db.One(r.ctx, q, `SELECT next_at, spec FROM schedule WHERE name = $1`, name)
		if err == nil && found {
			at, spec = time.UnixMicro(row.Int(0)), row.Text(1)
		}
		return err
	}))
	return at, spec
}

func TestScheduleRunsEachSlotOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t))
		k := r.kind(Kind[note]{Name: "a"}, nil)
		must(t, Every(r.reg, "sweep", Schedule{Every: time.Hour}, k, note{"slot"}))
		r.begin()
		other := r.twin().begin()
		both := func() int { return len(r.drive()) + len(other.drive()) + len(r.heard()) }
		if n := both(); n != 0 {
			t.Fatalf("%d ran before the first slot", n)
		}
		if at, _ := r.nextAt("sweep"); !at.Equal(start.Truncate(time.Hour).Add(time.Hour)) {
			t.Fatalf("next = %v", at)
		}
		total := 0
		for range 24 * 4 {
			r.clock.Advance(15 * time.Minute)
			total += both() + both()
		}
		if total != 24 {
			t.Errorf("%d runs in a day, want 24", total)
		}
	})
}

func TestScheduleCatchesUpOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		d := open(t)
		make1 := func(s Schedule) *rig {
			r := newRig(t, d)
			k := r.kind(Kind[note]{Name: "a"}, nil)
			must(t, Every(r.reg, "sweep", s, k, note{"slot"}))
			return r.begin()
		}
		r := make1(Schedule{Every: time.Hour})
		r.drive()
		r = make1(Schedule{Every: time.Hour}) // the process was stopped for a week
		r.clock.Advance(7 * 24 * time.Hour)
		if got := r.drive(); len(got) != 1 {
			t.Errorf("after a week ran %v, want one", got)
		}
		now := r.clock.Now()
		r = make1(Schedule{Daily: &TimeOfDay{3, 0}})
		r.clock.Set(now)
		if got := r.drive(); got != nil {
			t.Errorf("a changed schedule ran at once: %v", got)
		}
		at, spec := r.nextAt("sweep")
		if want := (Schedule{Daily: &TimeOfDay{3, 0}}).Next(now); !at.Equal(want) || spec != "daily 03:00 UTC" {
			t.Errorf("the changed schedule is stored as %v %q, want %v", at, spec, want)
		}
	})
}

func TestScheduleAndAClockThatGoesBack(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		d := open(t)
		again := func(now time.Time) *rig { // a new process, which has not seen the time before
			r := newRig(t, d)
			k := r.kind(Kind[note]{Name: "a"}, nil)
			must(t, Every(r.reg, "sweep", Schedule{Every: time.Hour}, k, note{"slot"}))
			r.clock.Set(now)
			return r.begin()
		}
		r := again(start)
		r.drive()
		r.clock.Advance(time.Hour)
		if got := r.drive(); len(got) != 1 {
			t.Fatalf("ran %v", got)
		}
		for _, back := range []time.Duration{time.Second, time.Hour, 5 * time.Hour} {
			r.clock.Set(start.Add(time.Hour - back))
			got, fresh := r.drive(), again(start.Add(time.Hour-back))
			for at := -back; at <= 0; at += 30 * time.Minute {
				got = append(got, fresh.drive()...)
				fresh.clock.Advance(30 * time.Minute)
			}
			if got != nil {
				t.Errorf("the slot ran again after the clock went back %v: %v", back, got)
			}
		}
		again(start.Add(10 * 365 * 24 * time.Hour)).drive() // a clock that was wrong by years
		r = again(start.Add(2 * time.Hour))
		r.drive()
		r.clock.Advance(time.Hour)
		if got := r.drive(); len(got) != 1 {
			t.Errorf("after the clock was mended ran %v, want one", got)
		}
	})
}

func TestScheduleWaitsForItsJob(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(testing.TB) *db.DB) {
		r := newRig(t, open(t))
		fails := true
		k := r.kind(Kind[note]{Name: "a"}, func(context.Context, Job, note) error {
			if fails {
				return Later{150 * time.Minute}
			}
			return nil
		})
		for i := range 3 {
			must(t, Every(r.reg, fmt.Sprint("sweep", i), Schedule{Every: time.Hour}, k, note{fmt.Sprint(i)}))
		}
		r.begin()
		r.drive()
		r.clock.Advance(time.Hour)
		got := r.drive()
		slices.Sort(got)
		if !slices.Equal(got, []string{"0", "1", "2"}) {
			t.Fatalf("ran %v", got)
		}
		r.clock.Advance(time.Hour)
		if got := r.drive(); got != nil || r.rows() != 3 {
			t.Errorf("beside jobs that wait: ran %v, %d rows", got, r.rows())
		}
		fails = false
		r.clock.Advance(2 * time.Hour)
		if got := r.drive(); len(got) != 3 || r.rows() != 0 {
			t.Errorf("then ran %v, %d rows", got, r.rows())
		}
	})
}
