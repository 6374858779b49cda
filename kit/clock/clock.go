// Package clock hands out the time. Code that needs the hour takes a Clock by argument, so that a test decides what time it is.
package clock

import (
	"sync"
	"time"
)

// Clock tells the present instant.
type Clock interface {
	// Now gives the present instant in UTC. It may go backwards when somebody sets the clock of the machine.
	Now() time.Time
}

// System is the clock of the machine.
func System() Clock { return system{} }

type system struct{}

// Now keeps the monotonic reading, so that the difference of two instants is right also when the wall clock is set in between.
func (system) Now() time.Time { return time.Now().UTC() }

// Fake is a clock that stands still until it is told to move. It is for tests, and safe for concurrent use. The zero Fake shows the
// zero time.
type Fake struct {
	mu  sync.Mutex
	now time.Time
}

// NewFake makes a clock that shows an instant.
func NewFake(now time.Time) *Fake { return &Fake{now: now.UTC()} }

// Now gives the instant the clock was last set to.
func (f *Fake) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

// Set moves the clock to an instant, forward or back.
func (f *Fake) Set(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = now.UTC()
}

// Advance moves the clock by a duration, back when it is negative, and gives the new instant.
func (f *Fake) Advance(by time.Duration) time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(by)
	return f.now
}
