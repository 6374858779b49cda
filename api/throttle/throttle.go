// Package throttle gives each caller a share of requests, and remembers only so many callers.
package throttle

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"ashna/kit/clock"
)

// maxShares is how many callers a throttle remembers in each of its two generations.
const maxShares = 10_000

// Throttle gives each caller a share of requests. It remembers a bounded number of callers: when the younger generation is full, the older
// one, of callers that did not come lately, is forgotten.
type Throttle struct {
	clock clock.Clock
	rate  rate.Limit
	burst int
	mu    sync.Mutex
	young map[string]*rate.Limiter
	old   map[string]*rate.Limiter
}

// New makes a throttle with a rate in requests a second, and how many may come at once.
func New(c clock.Clock, perSecond float64, burst int) *Throttle {
	return &Throttle{clock: c, rate: rate.Limit(perSecond), burst: burst, young: map[string]*rate.Limiter{}}
}

// Take takes one request of a caller; when none is left it says how long to wait.
func (t *Throttle) Take(key string) (wait time.Duration, ok bool) {
	l := t.share(key)
	now := t.clock.Now()
	reserved := l.ReserveN(now, 1)
	wait = reserved.DelayFrom(now)
	if wait <= 0 {
		return 0, true
	}
	reserved.CancelAt(now)
	return wait, false
}

func (t *Throttle) share(key string) *rate.Limiter {
	t.mu.Lock()
	defer t.mu.Unlock()
	if l, ok := t.young[key]; ok {
		return l
	}
	if len(t.young) >= maxShares {
		t.old, t.young = t.young, map[string]*rate.Limiter{}
	}
	l, ok := t.old[key]
	if !ok {
		l = rate.NewLimiter(t.rate, t.burst)
	}
	t.young[key] = l
	return l
}
