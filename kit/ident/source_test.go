package ident_test

import (
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"ashna/kit/clock"
	"ashna/kit/ident"
)

var spring = time.Date(2026, 3, 20, 14, 45, 53, 0, time.UTC)

// growing draws n keys and fails unless each is larger than the one before.
func growing(t *testing.T, s *ident.Source, n int, last ident.ID) ident.ID {
	t.Helper()
	for range n {
		next := s.Next()
		if next <= last || next == math.MaxInt64 {
			t.Fatalf("after %d comes %d", int64(last), int64(next))
		}
		last = next
	}
	return last
}

func TestKeysGrowWhenTheClockStands(t *testing.T) {
	last := growing(t, ident.NewSource(clock.NewFake(spring), 1023), 20000, 0)
	if ahead := last.Time().Sub(spring); ahead < 4*time.Millisecond || ahead > 6*time.Millisecond {
		t.Errorf("20,000 keys in one millisecond are %v ahead, want 4 to 6 ms", ahead)
	}
}

func TestKeysGrowWhenTheClockGoesBack(t *testing.T) {
	fake := clock.NewFake(spring)
	s := ident.NewSource(fake, 0)
	last := growing(t, s, 100, 0)
	fake.Advance(-time.Hour)
	last = growing(t, s, 10000, last)
	fake.Set(spring.Add(-time.Millisecond))
	last = growing(t, s, 10, last)
	fake.Set(spring.Add(time.Second))
	last = growing(t, s, 10, last)
	if got, want := last.Time(), spring.Add(time.Second); got != want {
		t.Errorf("once the clock has caught up the key says %v, want %v", got, want)
	}
}

func TestLaterKeysAreLargerAcrossNodes(t *testing.T) {
	fake := clock.NewFake(spring)
	high := ident.NewSource(fake, 1023).Next()
	fake.Advance(time.Millisecond)
	if low := ident.NewSource(fake, 0).Next(); low <= high {
		t.Errorf("a later key of a lower node, %v, is not above %v", low, high)
	}
}

func TestKeysOfStrangeClocksArePositive(t *testing.T) {
	for _, at := range []time.Time{{}, time.Unix(0, 0), time.Date(2019, 12, 31, 0, 0, 0, 0, time.UTC),
		time.Date(2089, 9, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)} {
		growing(t, ident.NewSource(clock.NewFake(at), 1023), 10000, 0)
		growing(t, ident.NewSource(clock.NewFake(at), 0), 10000, 0)
	}
}

func TestEightHandsNeverDrawTheSameKey(t *testing.T) {
	const hands, each = 8, 20000
	s := ident.NewSource(clock.System(), 5)
	drawn := make([][]ident.ID, hands)
	var group sync.WaitGroup
	for hand := range drawn {
		group.Go(func() {
			keys := make([]ident.ID, each)
			for i := range keys {
				keys[i] = s.Next()
			}
			drawn[hand] = keys
		})
	}
	group.Wait()
	for hand, keys := range drawn {
		if !slices.IsSorted(keys) {
			t.Errorf("the keys of hand %d do not grow", hand)
		}
	}
	all := slices.Concat(drawn...)
	slices.Sort(all)
	if distinct := len(slices.Compact(all)); distinct != hands*each {
		t.Errorf("%d distinct keys of %d", distinct, hands*each)
	}
}

func TestNodesNeverShareAKey(t *testing.T) {
	fake := clock.NewFake(spring)
	seen := map[ident.ID]bool{}
	for node := range uint16(64) {
		s := ident.NewSource(fake, node)
		for range 5000 {
			id := s.Next()
			if seen[id] {
				t.Fatalf("node %d repeats %v", node, id)
			}
			seen[id] = true
		}
	}
}

func TestOnlyTenBitsOfTheNodeCount(t *testing.T) {
	fake := clock.NewFake(spring)
	a, b := ident.NewSeeded(fake, 3, 1), ident.NewSeeded(fake, 3+1024, 1)
	if x, y := a.Next(), b.Next(); x != y {
		t.Errorf("nodes 3 and 1027 differ: %v, %v", x, y)
	}
}

func TestSeedDecidesTheSequence(t *testing.T) {
	draw := func(seed uint64) (keys []ident.ID) {
		fake := clock.NewFake(spring)
		s := ident.NewSeeded(fake, 1, seed)
		for range 10 {
			keys = append(keys, s.Next())
			fake.Advance(time.Millisecond)
		}
		return keys
	}
	if !slices.Equal(draw(1), draw(1)) {
		t.Error("one seed gives two series")
	}
	if slices.Equal(draw(1), draw(2)) {
		t.Error("two seeds give one series")
	}
	starts := map[ident.ID]bool{}
	for _, id := range draw(3) {
		starts[id&0xfff] = true
	}
	if len(starts) < 5 {
		t.Errorf("the sequence starts at only %d places in ten milliseconds", len(starts))
	}
}

func TestRandomNodeStaysInRange(t *testing.T) {
	seen := map[uint16]bool{}
	for range 1000 {
		node := ident.RandomNode()
		if node > 1023 {
			t.Fatalf("node %d", node)
		}
		seen[node] = true
	}
	if len(seen) < 300 {
		t.Errorf("1,000 draws give only %d nodes", len(seen))
	}
}

func TestNextAllocatesNothing(t *testing.T) {
	s := ident.NewSource(clock.System(), 1)
	if n := testing.AllocsPerRun(1000, func() { s.Next() }); n != 0 {
		t.Errorf("%v allocations a key", n)
	}
}

func BenchmarkNext(b *testing.B) {
	s := ident.NewSource(clock.System(), 1)
	for b.Loop() {
		s.Next()
	}
}
