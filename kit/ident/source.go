package ident

import (
	"math/rand/v2"
	"sync"

	"ashna/kit/clock"
)

const (
	sequenceBits = 12
	nodeBits     = 10
	timeShift    = sequenceBits + nodeBits
	lastSequence = 1<<sequenceBits - 1
	lastNode     = 1<<nodeBits - 1
	// startMask bounds where the sequence of a millisecond starts, so that at least 3,073 keys fit before the next is borrowed.
	startMask = 1<<nodeBits - 1
	// latest is the last millisecond the clock may name; it leaves twelve days to borrow from, so that no key is ever negative.
	latest = 1<<41 - 1<<30
)

// Source makes keys. Inside one source they are strictly growing, also when the clock stands still or goes back: the source then
// stays at the last millisecond it saw, and borrows from the next one when a millisecond is full.
//
// Two processes that write to one database must have different nodes to be sure never to make the same key. Should two of them draw
// the same node, the sequence, which starts anew at a random place each millisecond, makes a collision rare; the primary key of the
// table refuses it.
type Source struct {
	clock clock.Clock
	node  int64
	seed  uint64

	mu       sync.Mutex
	millis   int64 // the millisecond of the last key
	sequence int64 // its sequence
}

// NewSource makes a source for one process. Only the lower 10 bits of the node count.
func NewSource(c clock.Clock, node uint16) *Source { return NewSeeded(c, node, rand.Uint64()) }

// NewSeeded makes a source whose sequences follow from a seed: with a clock that is fake, the same keys come out each time.
func NewSeeded(c clock.Clock, node uint16, seed uint64) *Source {
	return &Source{clock: c, node: int64(node & lastNode), seed: seed}
}

// RandomNode draws a node of 0 to 1,023, for a process that nobody gave one.
func RandomNode() uint16 { return uint16(rand.Uint32() & lastNode) }

// Next makes a key that is larger than all before it. It is safe for concurrent use and allocates nothing. A clock before 2020
// counts as the first millisecond of 2020, one after 25 August 2089 as that day.
func (s *Source) Next() ID {
	now := min(max(s.clock.Now().UnixMilli()-epoch, 1), latest)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case now > s.millis:
		s.enter(now)
	case s.sequence < lastSequence:
		s.sequence++
	default:
		s.enter(s.millis + 1)
	}
	return ID(s.millis<<timeShift | s.node<<sequenceBits | s.sequence)
}

// enter begins a millisecond at a place of its sequence that looks random: one round of the splitmix64 generator.
func (s *Source) enter(millis int64) {
	x := s.seed + uint64(millis)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	s.millis, s.sequence = millis, int64((x^x>>31)&startMask)
}
