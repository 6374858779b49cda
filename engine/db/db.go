// Package db connects to the database of a workspace, SQLite or PostgreSQL, and is the only place that knows which. Values are int64,
// string, []byte and nil on both; statements are written once, with $1, $2 … for their arguments.
package db

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"ashna/kit/clock"
	"ashna/kit/fault"
)

// Config says where a workspace lives.
type Config struct {
	Dir     string        // folder of the SQLite file and of the stored files
	URL     string        // postgres://…; empty for SQLite. The parameter schema names the PostgreSQL schema, "ashna" unless given
	Readers int           // connections for reading; a multiple of the cores unless given
	Serve   bool          // this process is the server of the folder: a second one is refused
	Wait    time.Duration // how long a caller waits for its turn before it hears Unavailable; 30 s unless given
	Clock   clock.Clock   // tells when a migration ran; that of the machine unless given
}

// waitDefault is long enough for a burst and short enough that a person who waits hears something.
const waitDefault = 30 * time.Second

// ErrUnknown is inside the Unavailable fault of a write whose commit was sent but not answered: it is on disk entirely or not at all, and
// only reading tells which. Other errors of Write mean that it left nothing.
var ErrUnknown = errors.New("the outcome of the commit is unknown")

// Querier runs statements: a connection for reading, or a transaction. It is used by one goroutine, and not after the function that got
// it returned. A statement may be run while the rows of another are still open.
type Querier interface {
	// Query runs a statement that answers with rows; the caller closes them.
	Query(ctx context.Context, text string, args ...any) (*Rows, error)
	// Dialect gives the differences of the database.
	Dialect() *Dialect
}

// driver is what each database brings.
type driver interface {
	read(ctx context.Context, snapshot bool, do func(Querier) error) error
	write(ctx context.Context, do func(*Tx) error) (*Tx, error)
	alone(ctx context.Context, do func() error) error
	watch(ctx context.Context, wake func())
	announce()
	dialect() *Dialect
	close() error
}

// DB is the database of one workspace. It is safe for concurrent use.
type DB struct {
	driver
	clock clock.Clock
	mu    sync.Mutex
	waits []chan struct{}
}

// Open connects, asserts the settings that durability rests on, and refuses a folder that another server holds.
func Open(ctx context.Context, c Config) (*DB, error) {
	if c.Wait <= 0 {
		c.Wait = waitDefault
	}
	if c.Clock == nil {
		c.Clock = clock.System()
	}
	opened, err := openDriver(ctx, c)
	if err != nil {
		return nil, err
	}
	return &DB{driver: opened, clock: c.Clock}, nil
}

func openDriver(ctx context.Context, c Config) (driver, error) {
	if c.URL != "" {
		d, err := openPostgres(ctx, c)
		if err != nil {
			return nil, err
		}
		return d, nil
	}
	d, err := openSQLite(c)
	if err != nil {
		return nil, err
	}
	return d, nil
}

// IsServer says whether a URL names a database server rather than a file.
func IsServer(url string) bool {
	return strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
}

// Close ends all connections; statements that still run, and writes that wait, are finished first. It may be called twice.
func (d *DB) Close() error { return d.driver.close() }

// Dialect gives the differences of the database.
func (d *DB) Dialect() *Dialect { return d.driver.dialect() }

// Read runs do with a connection for reading. Each statement sees what was committed when it began.
func (d *DB) Read(ctx context.Context, do func(Querier) error) error {
	return d.driver.read(ctx, false, do)
}

// Snapshot runs do with a connection on which all statements see the same state: that of the first one.
func (d *DB) Snapshot(ctx context.Context, do func(Querier) error) error {
	return d.driver.read(ctx, true, do)
}

// Write runs do in a transaction and returns after its commit is on disk. An error of do undoes everything it did, and so does an error of
// any statement, even one that do ignores. Write runs do again when another connection or another order may succeed, so do must not
// touch anything but the transaction, and must not call Write.
func (d *DB) Write(ctx context.Context, do func(*Tx) error) error {
	tx, err := d.driver.write(ctx, do)
	if err != nil {
		return err
	}
	d.signal()
	d.driver.announce()
	tx.committed()
	return nil
}

// Committed gives a channel that receives after commits of this process; signals that nobody takes are dropped. Stop ends it.
func (d *DB) Committed() (signals <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waits = append(d.waits, c)
	return c, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.waits = slices.DeleteFunc(d.waits, func(w chan struct{}) bool { return w == c })
	}
}

func (d *DB) signal() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.waits {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// Watch signals the channels of Committed when another process committed, until ctx ends. It polls where the database cannot tell.
func (d *DB) Watch(ctx context.Context) { d.driver.watch(ctx, d.signal) }

// pollEvery is how often a database that cannot tell is asked whether another process wrote.
const pollEvery = 200 * time.Millisecond

// late is the refusal of somebody who gave up waiting, or could not wait longer.
func late(err error) error { return fault.Wrap(fault.Unavailable, "error.timeout", err) }

// unavailable is the refusal when the database is closed, broken or busy.
func unavailable(err error) error { return fault.Wrap(fault.Unavailable, "error.unavailable", err) }

// errClosed is the cause when a database is used after Close.
var errClosed = errors.New("the database is closed")

// awaited takes from a channel of free things: until ctx or the wait ends, or the database closes.
func awaited[T any](ctx context.Context, free <-chan T, closing <-chan struct{}, wait time.Duration) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, late(err)
	}
	select {
	case <-closing:
		return none, unavailable(errClosed)
	default:
	}
	select {
	case one := <-free:
		return one, nil
	default:
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case one := <-free:
		return one, nil
	case <-closing:
		return none, unavailable(errClosed)
	case <-ctx.Done():
		return none, late(ctx.Err())
	case <-timer.C:
		return none, unavailable(fmt.Errorf("no connection was free for %v", wait))
	}
}
