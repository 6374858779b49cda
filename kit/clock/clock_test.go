package clock_test

import (
	"sync"
	"testing"
	"time"

	"ashna/kit/clock"
)

var noon = time.Date(2026, 3, 21, 12, 0, 0, 0, time.UTC)

func TestSystemIsTheMachine(t *testing.T) {
	before := time.Now()
	got := clock.System().Now()
	after := time.Now()
	if got.Before(before) || got.After(after) {
		t.Errorf("System().Now() = %v, not between %v and %v", got, before, after)
	}
	if got.Location() != time.UTC {
		t.Errorf("location = %v, want UTC", got.Location())
	}
}

func TestFakeMovesOnlyWhenTold(t *testing.T) {
	f := clock.NewFake(noon)
	for range 2 {
		if !f.Now().Equal(noon) {
			t.Fatalf("a new fake shows %v, want %v twice", f.Now(), noon)
		}
	}
	if got, want := f.Advance(90*time.Minute), noon.Add(90*time.Minute); !got.Equal(want) || !f.Now().Equal(want) {
		t.Errorf("after Advance: %v and %v, want %v", got, f.Now(), want)
	}
	f.Advance(-2 * time.Hour)
	if want := noon.Add(-30 * time.Minute); !f.Now().Equal(want) {
		t.Errorf("after going back: %v, want %v", f.Now(), want)
	}
	f.Set(noon)
	if !f.Now().Equal(noon) {
		t.Errorf("after Set: %v, want %v", f.Now(), noon)
	}
}

func TestFakeSpeaksUTC(t *testing.T) {
	tehran := time.FixedZone("+0330", 12600)
	f := clock.NewFake(noon.In(tehran))
	if f.Now().Location() != time.UTC {
		t.Errorf("NewFake keeps %v", f.Now().Location())
	}
	f.Set(noon.In(tehran))
	if f.Now() != noon {
		t.Errorf("Set keeps %v, want %v", f.Now(), noon)
	}
}

func TestZeroFakeIsUsable(t *testing.T) {
	var f clock.Fake
	if !f.Now().IsZero() {
		t.Errorf("zero fake shows %v", f.Now())
	}
}

func TestFakeInManyHands(t *testing.T) {
	f := clock.NewFake(noon)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 100 {
				f.Advance(time.Second)
				f.Now()
			}
		})
	}
	group.Wait()
	if want := noon.Add(800 * time.Second); !f.Now().Equal(want) {
		t.Errorf("after 800 steps: %v, want %v", f.Now(), want)
	}
}
