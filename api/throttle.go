package api

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxShares is how many callers a throttle remembers in each of its two generations.
const maxShares = 10_000

// throttle gives each caller a share of requests. It remembers a bounded number of callers: when the younger generation is full, the older
// one, of callers that did not come lately, is forgotten.
type throttle struct {
	rate  rate.Limit
	burst int
	mu    sync.Mutex
	young map[string]*rate.Limiter
	old   map[string]*rate.Limiter
}

func newThrottle(perSecond float64, burst int) *throttle {
	return &throttle{rate: rate.Limit(perSecond), burst: burst, young: map[string]*rate.Limiter{}}
}

// take takes one request of a caller; when none is left it says how long to wait.
func (t *throttle) take(key string) (wait time.Duration, ok bool) {
	l := t.share(key)
	now := machine().Now()
	reserved := l.ReserveN(now, 1)
	wait = reserved.DelayFrom(now)
	if wait <= 0 {
		return 0, true
	}
	reserved.CancelAt(now)
	return wait, false
}

func (t *throttle) share(key string) *rate.Limiter {
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

// network names the share of an address: all of an IPv6 customer's addresses are one.
func network(ip netip.Addr) string {
	if ip.Is6() {
		if p, err := ip.Prefix(64); err == nil {
			return p.String()
		}
	}
	return ip.String()
}
