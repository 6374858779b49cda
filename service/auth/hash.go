package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"

	"ashna/kit/fault"
)

// Cost is what one password hash (argon2id) takes. The zero Cost is 64 MiB, 3 passes, 1 lane.
type Cost struct {
	Memory uint32 // KiB
	Passes uint32
	Lanes  uint8
}

const (
	defaultMemory = 64 << 10
	defaultPasses = 3
	saltBytes     = 16
	sumBytes      = 32
	// The limits of a hash that is read from the database.
	maxMemory = 4 << 20
	maxPasses = 64
	maxLanes  = 64
	// maxWaiting is how many wait for their turn to hash; each holds little more than its request.
	maxWaiting = 1_000
)

func (c Cost) orDefault() Cost {
	if c.Memory == 0 {
		c.Memory = defaultMemory
	}
	if c.Passes == 0 {
		c.Passes = defaultPasses
	}
	if c.Lanes == 0 {
		c.Lanes = 1
	}
	return c
}

// hasher makes password hashes, no more at once than it has slots, because each takes much memory and time.
type hasher struct {
	cost  Cost
	slots chan struct{}
	line  chan struct{}
	wait  time.Duration
	work  atomic.Int64 // hashes made so far
}

func newHasher(cost Cost, slots int, wait time.Duration) *hasher {
	if slots <= 0 {
		slots = runtime.GOMAXPROCS(0)
	}
	return &hasher{cost: cost.orDefault(), slots: make(chan struct{}, slots), line: make(chan struct{}, slots+maxWaiting), wait: wait}
}

// enter takes a slot and gives the function that gives it back. It waits for a bounded time in a bounded line; over either limit the
// answer is TooMany.
func (h *hasher) enter(ctx context.Context) (leave func(), err error) {
	busy := fault.New(fault.TooMany, "error.too_many", "seconds", int(h.wait.Seconds())+1)
	select {
	case h.line <- struct{}{}:
	default:
		return nil, busy
	}
	defer func() { <-h.line }()
	timer := time.NewTimer(h.wait)
	defer timer.Stop()
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots }, nil
	case <-timer.C:
		return nil, busy
	case <-ctx.Done():
		return nil, fault.Wrap(fault.Unavailable, "error.timeout", ctx.Err())
	}
}

// compute does the work. The caller has a slot.
func (h *hasher) compute(password string, salt []byte, c Cost, length int) []byte {
	h.work.Add(1)
	return argon2.IDKey([]byte(password), salt, c.Passes, c.Memory, c.Lanes, uint32(length))
}

// make hashes a password with a fresh salt and gives the text that is kept.
func (h *hasher) make(password string) string {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // it never fails: see crypto/rand
	return encodeHash(h.cost, salt, h.compute(password, salt, h.cost, sumBytes))
}

// matches says whether a password is the one of a kept text. An empty text matches nothing, and takes the same work.
func (h *hasher) matches(kept, password string) (bool, error) {
	if kept == "" {
		h.compute(password, make([]byte, saltBytes), h.cost, sumBytes)
		return false, nil
	}
	c, salt, want, err := decodeHash(kept)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(h.compute(password, salt, c, len(want)), want) == 1, nil
}

// outdated says whether a kept text was made at another cost than is wanted now.
func (h *hasher) outdated(kept string) bool {
	c, _, _, err := decodeHash(kept)
	return err == nil && c != h.cost
}

// encodeHash spells a hash in the PHC form: $argon2id$v=19$m=65536,t=3,p=1$salt$hash.
func encodeHash(c Cost, salt, sum []byte) string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.Memory, c.Passes, c.Lanes, b64(salt), b64(sum))
}

var errHash = errors.New("read password hash: it is not one of ours")

// decodeHash reads what encodeHash spells, and nothing that is out of bounds.
func decodeHash(kept string) (c Cost, salt, sum []byte, err error) {
	parts := strings.Split(kept, "$")
	if len(kept) > 300 || len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return Cost{}, nil, nil, errHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.Memory, &c.Passes, &c.Lanes); err != nil {
		return Cost{}, nil, nil, errHash
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	sum, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	sized := len(salt) >= 8 && len(salt) <= 64 && len(sum) >= 16 && len(sum) <= 64
	if err1 != nil || err2 != nil || !sized || !c.bounded() {
		return Cost{}, nil, nil, errHash
	}
	return c, salt, sum, nil
}

func (c Cost) bounded() bool {
	return c.Memory > 0 && c.Memory <= maxMemory && c.Passes > 0 && c.Passes <= maxPasses && c.Lanes > 0 && c.Lanes <= maxLanes
}
