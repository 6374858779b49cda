package auth

import (
	"crypto/sha256"
	"sync"
	"time"
)

const (
	cacheTime = time.Second // a session that was revoked by another process lives no longer than this
	cacheSize = 10_000      // sessions; a full cache is emptied
)

// cache remembers for a moment which sessions are valid, so that a page of twenty requests asks the database once.
type cache struct {
	mu      sync.Mutex
	epoch   int64 // grows when the cache is cleared, so that nothing read before is put in after
	entries map[[sha256.Size]byte]cached
}

type cached struct {
	who Identity
	at  time.Time
}

func newCache() *cache { return &cache{entries: map[[sha256.Size]byte]cached{}} }

// get finds a session that was put in less than a second ago. Epoch is to be given to put.
func (c *cache) get(hash []byte, now time.Time) (who Identity, found bool, epoch int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[[sha256.Size]byte(hash)]
	age := now.Sub(e.at)
	return e.who, ok && age >= 0 && age < cacheTime, c.epoch
}

// put remembers a session that was read since get gave the epoch.
func (c *cache) put(hash []byte, who Identity, now time.Time, epoch int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if epoch != c.epoch {
		return
	}
	if len(c.entries) >= cacheSize {
		clear(c.entries)
	}
	c.entries[[sha256.Size]byte(hash)] = cached{who, now}
}

// clear forgets everything; it is called after a commit that ended sessions.
func (c *cache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	clear(c.entries)
}
