package db

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/mattn/go-sqlite3"
)

// FileName is the SQLite file inside the data folder.
const FileName = "ashna.db"

const (
	minLibrary   = 3_051_003        // the first SQLite whose write-ahead log cannot lose pages when it is reset
	closeWait    = 30 * time.Second // how long Close waits for readers
	lockPoll     = 50 * time.Millisecond
	migrationKey = "migrate.lock"
)

// sqliteDB is a file with one writer, which many callers share, and a pool of readers.
type sqliteDB struct {
	dir     string
	path    string
	wait    time.Duration
	lock    *os.File
	readers chan *liteConn
	count   int // readers that exist
	writer  *liteWriter
	closing chan struct{}
	once    sync.Once
}

func openSQLite(c Config) (*sqliteDB, error) {
	if _, version, _ := sqlite3.Version(); version < minLibrary {
		return nil, fmt.Errorf("this build has SQLite %d, which can lose data: %d or later is needed", version, minLibrary)
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make data folder: %w", err)
	}
	d := &sqliteDB{dir: c.Dir, path: filepath.Join(c.Dir, FileName), wait: c.Wait, closing: make(chan struct{})}
	if c.Serve {
		lock, err := lockFolder(c.Dir)
		if err != nil {
			return nil, err
		}
		d.lock = lock
	}
	if err := d.connect(c); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// connect makes the file readable by its owner only, whatever the folder allows, and opens the writer and the readers.
func (d *sqliteDB) connect(c Config) error {
	f, err := os.OpenFile(d.path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("make database file: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("make database file: %w", err)
	}
	conn, err := openLite(d.path, false)
	if err != nil {
		return err
	}
	d.writer = startWriter(d.path, conn, c)
	count := c.Readers
	if count <= 0 {
		count = max(4, 2*runtime.GOMAXPROCS(0))
	}
	d.readers = make(chan *liteConn, count)
	for range count {
		reader, err := openLite(d.path, true)
		if err != nil {
			return err
		}
		d.readers <- reader
		d.count++
	}
	return nil
}

func (d *sqliteDB) dialect() *Dialect { return sqliteDialect }

func (d *sqliteDB) read(ctx context.Context, snapshot bool, do func(Querier) error) error {
	conn, err := awaited(ctx, d.readers, d.closing, d.wait)
	if err != nil {
		return err
	}
	defer d.giveBack(conn)
	if !snapshot {
		return do(conn)
	}
	if _, err := conn.exec("BEGIN", nil); err != nil {
		return err
	}
	defer func() {
		conn.settle() // the state is held as long as rows are open
		if _, err := conn.exec("ROLLBACK", nil); err != nil {
			conn.broken = true
		}
	}()
	return do(conn)
}

// giveBack puts a reader into the pool again, or a new one in the place of one that broke.
func (d *sqliteDB) giveBack(conn *liteConn) {
	conn.settle()
	if conn.broken {
		if fresh, err := openLite(d.path, true); err == nil {
			conn.close()
			conn = fresh
		}
	}
	d.readers <- conn
}

func (d *sqliteDB) write(ctx context.Context, do func(*Tx) error) (*Tx, error) {
	return d.writer.write(ctx, do)
}

func (d *sqliteDB) announce() {}

// alone runs do while no other process does the same on this folder.
func (d *sqliteDB) alone(ctx context.Context, do func() error) error {
	tick := time.NewTicker(lockPoll)
	defer tick.Stop()
	for {
		f, err := tryLock(filepath.Join(d.dir, migrationKey))
		if err == nil {
			defer func() { _ = f.Close() }()
			return do()
		}
		if !errors.Is(err, errHeld) {
			return err
		}
		select {
		case <-ctx.Done():
			return late(ctx.Err())
		case <-tick.C:
		}
	}
}

// watch polls the counter that SQLite keeps of commits by other connections. A connection of its own sees those of the writer too, and
// an extra signal does no harm.
func (d *sqliteDB) watch(ctx context.Context, wake func()) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	var conn *liteConn
	defer func() {
		if conn != nil {
			conn.close()
		}
	}()
	last := int64(-1)
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.closing:
			return
		case <-tick.C:
		}
		if conn == nil {
			fresh, err := openLite(d.path, true)
			if err != nil {
				continue
			}
			conn = fresh
		}
		row, ok, err := One(ctx, conn, "PRAGMA data_version")
		if err != nil {
			conn.close()
			conn, last = nil, -1
			continue
		}
		if ok && row.Int(0) != last {
			last = row.Int(0)
			wake()
		}
	}
}

// close finishes the writes that wait, then the readers, then the writer's connection: the last one moves the log into the file.
func (d *sqliteDB) close() error {
	var err error
	d.once.Do(func() {
		close(d.closing)
		if d.writer != nil {
			d.writer.stop()
		}
		err = d.closeReaders()
		if d.writer != nil {
			d.writer.conn.close()
		}
		if d.lock != nil {
			err = errors.Join(err, d.lock.Close())
		}
	})
	return err
}

func (d *sqliteDB) closeReaders() error {
	timer := time.NewTimer(closeWait)
	defer timer.Stop()
	for i := range d.count {
		select {
		case conn := <-d.readers:
			conn.close()
		case <-timer.C:
			return fmt.Errorf("close the database: %d readers did not end in %v", d.count-i, closeWait)
		}
	}
	return nil
}
