// Package job is the durable queue of a workspace: work that is done after a commit, in the same database as what it is about. A job
// is added inside the caller's transaction, so it exists exactly when the change it belongs to does, and survives every crash.
//
// A job runs at least once. Whoever runs it holds a lease under a token; when the lease runs out, because the process died, another
// worker takes the job, and whatever the first one still answers changes nothing. So handlers must be idempotent, or write their
// effect and Job.Settle in one transaction, which happens exactly once.
package job

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ashna/kit/ident"
)

// Limits and defaults of the queue.
const (
	DefaultWorkers   = 8                   // jobs that run at once in one process
	DefaultTries     = 12                  // before a job is dead: a little over an hour with the back-off
	DefaultTimeout   = 10 * time.Minute    // for one try
	DefaultGrace     = 10 * time.Second    // that running jobs get when Run is told to end
	DefaultRetention = 90 * 24 * time.Hour // for dead jobs
	MaxArgs          = 256 << 10           // bytes of a job's arguments as JSON
	MaxResult        = 16 << 10            // bytes of a job's result as JSON
	MaxError         = 4 << 10             // bytes kept of an error; more is cut off
	MaxUnique        = 500                 // bytes of Options.Unique
	MaxNote          = 500                 // bytes kept of a note of progress; more is cut off
	MaxPriority      = 100                 // either side of 0
)

const (
	leaseTime    = 2 * time.Minute  // how long a silent worker keeps a job
	beatEvery    = 30 * time.Second // how often leases are extended and expired ones freed
	pollEvery    = 2 * time.Second  // how often an idle queue looks, should nobody wake it
	lookAfter    = 20 * time.Millisecond
	restTime     = time.Second      // after a turn that failed
	turnTime     = 30 * time.Second // for one transaction of the queue
	unknownDelay = time.Hour        // for a job whose kind this process does not know
	backoffMax   = time.Hour
	laterMin     = time.Second
	laterMax     = 366 * 24 * time.Hour
	progressGap  = 500 * time.Millisecond
	promoteBatch = 1_000 // planned jobs that one turn makes ready
	purgeBatch   = 5_000 // ended jobs that one turn removes
)

// Kind describes one sort of job. Its arguments travel as JSON, so A must survive that journey, and a released version must still
// read what the one before wrote.
type Kind[A any] struct {
	// Name is what the row says: small letters, digits, dots and underscores, at most 100. It is for ever.
	Name string
	// Timeout ends the context of one try; DefaultTimeout when zero.
	Timeout time.Duration
	// Max is the number of tries before the job is dead; DefaultTries when zero.
	Max int
	// Limit is how many run at once in this process; zero sets no limit of its own.
	Limit int
	// Keep is how long a finished job stays with its result; zero removes it at once.
	Keep time.Duration
	// Run does the work. Nil means done, Later puts off, Give makes the job dead; any other error, and a panic, is tried again.
	Run func(ctx context.Context, j Job, args A) error
}

// Options say how one job is to run. The zero value means at once, once, by nobody.
type Options struct {
	// At is the earliest instant; zero and the past mean now.
	At time.Time
	// Priority orders what is due: the lowest runs first, from -MaxPriority to MaxPriority.
	Priority int
	// Unique lets one job of its kind wait or run under this text at any time, at most MaxUnique bytes; empty sets no bound.
	Unique string
	// Actor is the user who caused the job, zero for the system.
	Actor ident.ID
}

// Job is what a handler is told about the try it makes. It is of use only until the handler returns.
type Job struct {
	ID      ident.ID
	Kind    string
	Attempt int // of this try: 1 for the first
	Max     int // tries altogether
	Actor   ident.ID

	try *try
}

// Later is what a handler returns to be called again after a time, without this try being counted. The time is held between a second
// and a year.
type Later struct{ For time.Duration }

// Error says for how long.
func (l Later) Error() string { return fmt.Sprintf("put off for %v", l.For) }

// Give is what a handler returns when trying again is useless: the job is dead at once.
type Give struct{ Err error }

// Error is that of the cause.
func (g Give) Error() string {
	if g.Err == nil {
		return "given up"
	}
	return g.Err.Error()
}

// Unwrap gives the cause.
func (g Give) Unwrap() error { return g.Err }

// The causes for which the context of a running job ends early; context.Cause tells them.
var (
	// ErrCancelled says that somebody cancelled the job.
	ErrCancelled = errors.New("cancelled")
	// ErrStopping says that the process ends; the job runs again later and the try does not count.
	ErrStopping = errors.New("the process is stopping")
	// ErrLost says that the lease of the try ran out or that the job is gone: what it does no longer counts.
	ErrLost = errors.New("the lease was lost")
)

var (
	errVanished = errors.New("the worker vanished")
	errNoAnswer = errors.New("the handler ended its goroutine without an answer")
)
