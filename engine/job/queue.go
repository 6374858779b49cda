package job

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"ashna/engine/db"
	"ashna/kit/clock"
	"ashna/kit/ident"
)

// Settings of a queue. Only IDs must be given.
type Settings struct {
	// IDs makes the keys of jobs and the tokens of leases; processes on one database need sources with different nodes.
	IDs *ident.Source
	// Clock tells the time; the clock of the machine unless given.
	Clock clock.Clock
	// Workers is how many jobs run at once; DefaultWorkers when zero.
	Workers int
	// Grace is how long running jobs may go on when Run is told to end; DefaultGrace when zero.
	Grace time.Duration
	// Retention is how long dead jobs stay; DefaultRetention when zero.
	Retention time.Duration
	// Alone says that no other process runs jobs of this database, so that whatever a process before left running is freed at once.
	Alone bool
	// Chance spreads retries: a number from 0 up to 1. A random one unless given.
	Chance func() float64
	// Log hears of jobs that die and of turns that fail; nobody unless given.
	Log *slog.Logger
	// Observe hears of the end of each try, for metrics. It must be quick, and is called from many goroutines.
	Observe func(kind string, took time.Duration, err error)
}

// Queue adds and runs the jobs of one workspace. It is safe for concurrent use.
type Queue struct {
	db       *db.DB
	registry *Registry
	limited  []string // kinds with a limit
	set      Settings
	time     *steady

	ended   chan *try     // tries whose handler returned; as wide as there are workers, so nobody waits to report
	poked   chan struct{} // something is due now
	claimed atomic.Bool   // Run is on

	mu   sync.Mutex
	busy map[*try]bool // tries whose handler runs
}

// New makes a queue on a database that has the Tables. Without Run it only adds, lists and changes jobs.
func New(d *db.DB, r *Registry, s Settings) (*Queue, error) {
	if s.IDs == nil {
		return nil, errors.New("make a queue: IDs are missing")
	}
	if s.Workers < 0 || s.Grace < 0 || s.Retention < 0 {
		return nil, errors.New("make a queue: a negative setting")
	}
	s = s.filled()
	return &Queue{
		db: d, registry: r, limited: r.limited(), set: s, time: &steady{clock: s.Clock},
		ended: make(chan *try, s.Workers), poked: make(chan struct{}, 1), busy: map[*try]bool{},
	}, nil
}

// filled puts the defaults where nothing was set.
func (s Settings) filled() Settings {
	if s.Clock == nil {
		s.Clock = clock.System()
	}
	if s.Workers == 0 {
		s.Workers = DefaultWorkers
	}
	if s.Grace == 0 {
		s.Grace = DefaultGrace
	}
	if s.Retention == 0 {
		s.Retention = DefaultRetention
	}
	if s.Chance == nil {
		s.Chance = rand.Float64
	}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	if s.Observe == nil {
		s.Observe = func(string, time.Duration, error) {}
	}
	return s
}

// Poke makes the queue look for work now. It never waits.
func (q *Queue) Poke() {
	select {
	case q.poked <- struct{}{}:
	default:
	}
}

// steady is a time that never goes back, so that a clock set back neither hides jobs that were due nor keeps leases for ever. While
// the clock of the machine lags behind, it goes on by the machine's count of elapsed time.
type steady struct {
	clock clock.Clock
	mu    sync.Mutex
	read  time.Time // what the clock said last
	shown time.Time // what we said then
}

func (s *steady) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	read := s.clock.Now()
	next := s.shown.Add(max(0, read.Sub(s.read)))
	if s.shown.IsZero() || read.Round(0).After(next) {
		next = read.Round(0)
	}
	s.read, s.shown = read, next
	return next
}

// micros is the present in microseconds.
func (q *Queue) micros() int64 { return q.time.now().UnixMicro() }

// backoff is how long the job waits after a failed try: 2, 4, 8 … seconds and up to a tenth more, at most an hour.
func (q *Queue) backoff(attempt int) time.Duration {
	wait := time.Duration(1<<min(max(attempt, 1), 12)) * time.Second
	wait += time.Duration(q.set.Chance() * float64(wait) / 10)
	return min(wait, backoffMax)
}

// write runs a transaction of the queue itself, which ends also when its caller is told to stop.
func (q *Queue) write(ctx context.Context, do func(context.Context, *db.Tx) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), turnTime)
	defer cancel()
	return q.db.Write(ctx, func(tx *db.Tx) error { return do(ctx, tx) })
}
