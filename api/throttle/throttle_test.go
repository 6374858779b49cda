package throttle

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ashna/kit/clock"
)

func TestTake(t *testing.T) {
	c := clock.NewFake(time.Date(2026, 3, 20, 9, 0, 0, 0, time.UTC))
	th := New(c, 2, 3)
	for i := range 3 {
		if wait, ok := th.Take("a"); !ok || wait != 0 {
			t.Errorf("request %d waits %v", i, wait)
		}
	}
	for range 5 { // asking does not make the wait longer
		if wait, ok := th.Take("a"); ok || wait != 500*time.Millisecond {
			t.Errorf("over the share: %v %v", wait, ok)
		}
	}
	if _, ok := th.Take("b"); !ok {
		t.Error("another caller has no share of its own")
	}
	c.Advance(500 * time.Millisecond)
	if _, ok := th.Take("a"); !ok {
		t.Error("the share does not grow again")
	}
	if _, ok := th.Take("a"); ok {
		t.Error("the share grows too fast")
	}
}

func TestForgets(t *testing.T) {
	c := clock.NewFake(time.Date(2026, 3, 20, 9, 0, 0, 0, time.UTC))
	th := New(c, 0.001, 1)
	for i := range 3 * maxShares {
		if _, ok := th.Take(fmt.Sprint(i)); !ok {
			t.Fatalf("caller %d has no share", i)
		}
		if _, ok := th.Take("regular"); ok && i > 0 {
			t.Fatalf("after %d others a caller who comes all the time has a new share", i)
		}
	}
	if n := len(th.young) + len(th.old); n > 2*maxShares {
		t.Errorf("%d callers are remembered", n)
	}
}

func TestTogether(t *testing.T) {
	th := New(clock.NewFake(time.Date(2026, 3, 20, 9, 0, 0, 0, time.UTC)), 1, 50)
	var group sync.WaitGroup
	var served atomic.Int64
	for range 10 {
		group.Go(func() {
			for range 20 {
				if _, ok := th.Take("a"); ok {
					served.Add(1)
				}
			}
		})
	}
	if group.Wait(); served.Load() != 50 {
		t.Errorf("%d requests were served, want 50", served.Load())
	}
}
