// Package db connects to the database of a workspace, SQLite or PostgreSQL, and is the only place that knows which. Values are int64,
// string, []byte and nil on both; statements are written once, with $1, $2 … for their arguments in the order of first use.
package db

import (
	"context"
	"strings"
	"sync"
	"time"
)

// Config says where a workspace lives.
type Config struct {
	Dir     string // folder of the SQLite file and of the stored files
	URL     string // postgres://…; empty for SQLite. The parameter schema names the PostgreSQL schema, "ashna" unless given
	Readers int    // connections for reading; a multiple of the cores unless given
	Serve   bool   // this process is the server of the folder: a second one is refused
}

// Querier runs statements: a connection for reading, or a transaction.
type Querier interface {
	// Query runs a statement that answers with rows; the caller closes them.
	Query(ctx context.Context, text string, args ...any) (*Rows, error)
	// Dialect gives the differences of the database.
	Dialect() *Dialect
}

// driver is what each database brings.
type driver interface {
	read(ctx context.Context, snapshot bool, do func(Querier) error) error
	write(ctx context.Context, do func(*Tx) error) error
	watch(ctx context.Context, wake func())
	announce()
	dialect() *Dialect
	close() error
}

// DB is the database of one workspace. It is safe for concurrent use.
type DB struct {
	driver
	mu    sync.Mutex
	waits []chan struct{}
}

// Open connects, asserts the settings that durability rests on, and refuses a folder that another server holds.
func Open(ctx context.Context, c Config) (*DB, error) {
	if c.URL != "" {
		d, err := openPostgres(ctx, c)
		if err != nil {
			return nil, err
		}
		return &DB{driver: d}, nil
	}
	d, err := openSQLite(c)
	if err != nil {
		return nil, err
	}
	return &DB{driver: d}, nil
}

// IsServer says whether a URL names a database server rather than a file.
func IsServer(url string) bool {
	return strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
}

// Close ends all connections; statements that still run are finished first.
func (d *DB) Close() error { return d.driver.close() }

// Dialect gives the differences of the database.
func (d *DB) Dialect() *Dialect { return d.driver.dialect() }

// Read runs do with a connection for reading. Each statement sees what was committed when it began.
func (d *DB) Read(ctx context.Context, do func(Querier) error) error {
	return d.driver.read(ctx, false, do)
}

// Snapshot runs do with a connection on which all statements see the same state.
func (d *DB) Snapshot(ctx context.Context, do func(Querier) error) error {
	return d.driver.read(ctx, true, do)
}

// Write runs do in a transaction and returns after its commit is on disk. On PostgreSQL do runs again when the database asks for a retry,
// so it must not touch anything but the transaction. An error of do undoes everything it did.
func (d *DB) Write(ctx context.Context, do func(*Tx) error) error {
	if err := d.driver.write(ctx, do); err != nil {
		return err
	}
	d.signal()
	d.driver.announce()
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
		for i, w := range d.waits {
			if w == c {
				d.waits = append(d.waits[:i:i], d.waits[i+1:]...)
				return
			}
		}
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
