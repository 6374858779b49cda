package db

import (
	"context"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/mattn/go-sqlite3"

	"ashna/kit/fault"
)

// FileName is the SQLite file inside the data folder.
const FileName = "ashna.db"

const (
	statementCache  = 400       // prepared statements a connection keeps
	checkpointPages = 4_000     // pages of the write-ahead log that start a checkpoint; docs/decisions has the measurement
	walLimit        = 64 << 20  // bytes the write-ahead log file is cut back to after a checkpoint
	busyTimeout     = 10_000    // ms to wait for another process that writes
	writerCache     = -96 << 10 // KiB of page cache of the writer
	readerCache     = -8 << 10  // KiB of page cache of each reader
)

// sqliteDB is a file with one writer, which many callers share, and a pool of readers.
type sqliteDB struct {
	path    string
	lock    *os.File
	readers chan *liteConn
	count   int
	writer  *liteWriter
	closing sync.Once
}

func openSQLite(c Config) (*sqliteDB, error) {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make data folder: %w", err)
	}
	d := &sqliteDB{path: filepath.Join(c.Dir, FileName)}
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

func (d *sqliteDB) connect(c Config) error {
	conn, err := openLite(d.path, false)
	if err != nil {
		return err
	}
	if err := assertLite(conn); err != nil {
		conn.close()
		return err
	}
	d.writer = startWriter(d.path, conn)
	d.count = c.Readers
	if d.count == 0 {
		d.count = max(4, 2*runtime.GOMAXPROCS(0))
	}
	d.readers = make(chan *liteConn, d.count)
	for range d.count {
		reader, err := openLite(d.path, true)
		if err != nil {
			return err
		}
		d.readers <- reader
	}
	return nil
}

// assertLite checks the settings that durability rests on, and that the build can search.
func assertLite(conn *liteConn) error {
	for _, want := range [][2]string{
		{"journal_mode", "wal"}, {"synchronous", "2"}, {"foreign_keys", "1"}, {"trusted_schema", "0"}, {"cell_size_check", "1"}, {"mmap_size", "0"},
	} {
		row, _, err := One(context.Background(), conn, "PRAGMA "+want[0])
		if err != nil {
			return err
		}
		if len(row) == 0 || fmt.Sprint(row[0]) != want[1] {
			return fmt.Errorf("database setting %s is %v, not %s: the data would not be safe", want[0], row, want[1])
		}
	}
	row, _, err := One(context.Background(), conn, "SELECT sqlite_compileoption_used('ENABLE_FTS5')")
	if err != nil {
		return err
	}
	if row.Int(0) != 1 {
		return errors.New("this build cannot search: build it with -tags sqlite_fts5, as make build does")
	}
	return nil
}

func (d *sqliteDB) dialect() *Dialect { return sqliteDialect }

func (d *sqliteDB) read(ctx context.Context, snapshot bool, do func(Querier) error) error {
	var conn *liteConn
	select {
	case conn = <-d.readers:
	case <-ctx.Done():
		return fault.Wrap(fault.Unavailable, "error.timeout", ctx.Err())
	}
	defer func() { d.readers <- conn }()
	if snapshot {
		if _, err := conn.exec("BEGIN", nil); err != nil {
			return err
		}
		defer func() { _, _ = conn.exec("ROLLBACK", nil) }()
	}
	return do(conn)
}

func (d *sqliteDB) write(ctx context.Context, do func(*Tx) error) error {
	return d.writer.write(ctx, do)
}

func (d *sqliteDB) announce() {}

// watch polls the counter that SQLite keeps of commits by other connections. A connection of its own sees those of the writer too, and
// an extra signal does no harm.
func (d *sqliteDB) watch(ctx context.Context, wake func()) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	conn, err := openLite(d.path, true)
	if err != nil {
		return
	}
	defer conn.close()
	last := int64(-1)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if row, ok, err := One(ctx, conn, "PRAGMA data_version"); err == nil && ok && row.Int(0) != last {
			last = row.Int(0)
			wake()
		}
	}
}

func (d *sqliteDB) close() error {
	var err error
	d.closing.Do(func() {
		if d.writer != nil {
			d.writer.stop()
		}
		for range cap(d.readers) {
			select {
			case conn := <-d.readers:
				conn.close()
			case <-time.After(5 * time.Second):
			}
		}
		if d.lock != nil {
			err = d.lock.Close()
		}
	})
	return err
}

// liteConn is one connection with its prepared statements.
type liteConn struct {
	c     *sqlite3.SQLiteConn
	cache map[string]*sqlite3.SQLiteStmt
}

func openLite(path string, readOnly bool) (*liteConn, error) {
	options := url.Values{
		"_journal_mode": {"WAL"}, "_synchronous": {"FULL"}, "_foreign_keys": {"1"}, "_busy_timeout": {fmt.Sprint(busyTimeout)}, "_mutex": {"no"},
	}
	cache := writerCache
	if readOnly {
		options.Set("_query_only", "1")
		cache = readerCache
	}
	conn, err := (&sqlite3.SQLiteDriver{}).Open("file:" + (&url.URL{Path: path}).EscapedPath() + "?" + options.Encode())
	if err != nil {
		return nil, explain("open", err)
	}
	c := &liteConn{c: conn.(*sqlite3.SQLiteConn), cache: map[string]*sqlite3.SQLiteStmt{}}
	for _, pragma := range []string{
		"trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0", "temp_store = MEMORY",
		fmt.Sprintf("cache_size = %d", cache), fmt.Sprintf("wal_autocheckpoint = %d", checkpointPages),
		fmt.Sprintf("journal_size_limit = %d", walLimit),
	} {
		if _, err := c.c.Exec("PRAGMA "+pragma, nil); err != nil {
			c.close()
			return nil, explain(pragma, err)
		}
	}
	return c, nil
}

func (c *liteConn) close() {
	for _, s := range c.cache {
		_ = s.Close()
	}
	_ = c.c.Close()
}

// Dialect is that of SQLite.
func (c *liteConn) Dialect() *Dialect { return sqliteDialect }

// statement gives the prepared statement of a text, with $1 written as ?1.
func (c *liteConn) statement(text string) (*sqlite3.SQLiteStmt, error) {
	if s, ok := c.cache[text]; ok {
		return s, nil
	}
	if len(c.cache) >= statementCache {
		for old, s := range c.cache {
			_ = s.Close()
			delete(c.cache, old)
			break
		}
	}
	prepared, err := c.c.Prepare(strings.ReplaceAll(text, "$", "?"))
	if err != nil {
		return nil, explain(text, err)
	}
	s := prepared.(*sqlite3.SQLiteStmt)
	c.cache[text] = s
	return s, nil
}

func liteArgs(args []any) []sqldriver.NamedValue {
	named := make([]sqldriver.NamedValue, len(args))
	for i, v := range args {
		if n, ok := v.(int); ok {
			v = int64(n)
		}
		named[i] = sqldriver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return named
}

func (c *liteConn) exec(text string, args []any) (int64, error) {
	s, err := c.statement(text)
	if err != nil {
		return 0, err
	}
	result, err := s.ExecContext(context.Background(), liteArgs(args))
	if err != nil {
		return 0, explain(text, err)
	}
	n, err := result.RowsAffected()
	return n, err
}

// Query runs a statement on this connection. The end of ctx interrupts it.
func (c *liteConn) Query(ctx context.Context, text string, args ...any) (*Rows, error) {
	s, err := c.statement(text)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(ctx, liteArgs(args))
	if err != nil {
		return nil, explain(text, err)
	}
	cur := &liteCursor{rows: rows, text: text}
	cur.values = make([]sqldriver.Value, len(rows.Columns()))
	cur.plain = make([]any, len(cur.values))
	return &Rows{c: cur}, nil
}

type liteCursor struct {
	rows   sqldriver.Rows
	text   string
	values []sqldriver.Value
	plain  []any
}

func (l *liteCursor) next() (bool, error) {
	err := l.rows.Next(l.values)
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	if err != nil {
		return false, explain(l.text, err)
	}
	for i, v := range l.values {
		l.plain[i] = plain(v)
	}
	return true, nil
}

func (l *liteCursor) row() []any { return l.plain }

func (l *liteCursor) close() { _ = l.rows.Close() }
