package db

import (
	"context"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"

	"github.com/mattn/go-sqlite3"
)

// The settings of connections; docs/decisions/0002-databases.md has the measurements behind them.
const (
	statementCache  = 400       // prepared statements a connection keeps
	checkpointPages = 4_000     // pages of the write-ahead log that start a checkpoint
	walLimit        = 64 << 20  // bytes the write-ahead log file is cut back to after a checkpoint
	busyTimeout     = 10_000    // ms to wait for another process that writes
	writerCache     = -96 << 10 // KiB of page cache of the writer
	readerCache     = -8 << 10  // KiB of page cache of each reader
)

// liteConn is one connection with its prepared statements. It is used by one goroutine at a time.
type liteConn struct {
	c      *sqlite3.SQLiteConn
	cache  map[string]*liteStatement
	open   []*liteCursor
	broken bool // the file could not be read or written: a new connection may fare better
}

// liteStatement is a prepared statement.
type liteStatement struct {
	s      *sqlite3.SQLiteStmt
	inputs int
	reads  bool // it changes nothing, so it may be interrupted
	gives  bool // it answers with rows
	busy   bool // rows of it are open
	cached bool
	named  []sqldriver.NamedValue // arguments, used again at each run
}

// openLite opens a connection and asserts the settings that durability rests on.
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
	lite, ok := conn.(*sqlite3.SQLiteConn)
	if !ok {
		return nil, errors.New("open the database: the driver gave another kind of connection")
	}
	c := &liteConn{c: lite, cache: map[string]*liteStatement{}}
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
	if err := assertLite(c); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// assertLite checks the settings that durability rests on, and that the build can search.
func assertLite(conn *liteConn) error {
	for _, want := range [][2]string{
		{"journal_mode", "wal"}, {"synchronous", "2"}, {"foreign_keys", "1"}, {"trusted_schema", "0"}, {"cell_size_check", "1"},
	} {
		row, _, err := One(context.Background(), conn, "PRAGMA "+want[0])
		if err != nil {
			return err
		}
		if len(row) == 0 || fmt.Sprint(row[0]) != want[1] {
			return fmt.Errorf("database setting %s is %v, not %s: the data would not be safe", want[0], row, want[1])
		}
	}
	// Without support for mapping there is no such setting, and nothing to fear.
	if row, ok, err := One(context.Background(), conn, "PRAGMA mmap_size"); err != nil || ok && row.Int(0) != 0 {
		return errors.Join(fmt.Errorf("database setting mmap_size is %v, not 0: the data would not be safe", row), err)
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

func (c *liteConn) close() {
	c.settle()
	for _, s := range c.cache {
		_ = s.s.Close()
	}
	clear(c.cache)
	_ = c.c.Close()
}

// settle closes the rows that somebody forgot, which would hold an old state of the file.
func (c *liteConn) settle() {
	for len(c.open) > 0 {
		_ = c.open[len(c.open)-1].close()
	}
}

// Dialect is that of SQLite.
func (c *liteConn) Dialect() *Dialect { return sqliteDialect }

// statement gives the prepared statement of a text. One whose rows are open is not disturbed: a second one is made for the moment.
func (c *liteConn) statement(text string) (*liteStatement, error) {
	known, ok := c.cache[text]
	if ok && !known.busy {
		return known, nil
	}
	translated, err := translate(text)
	if err != nil {
		return nil, err
	}
	prepared, err := c.c.Prepare(translated)
	if err != nil {
		return nil, c.explain(text, err)
	}
	s, isOurs := prepared.(*sqlite3.SQLiteStmt)
	if !isOurs {
		return nil, fmt.Errorf("run %q: the driver gave another kind of statement", short(text))
	}
	made := &liteStatement{s: s, inputs: s.NumInput(), reads: s.Readonly(), cached: !ok}
	made.gives = givesRows(text, made.reads)
	if made.cached {
		c.makeRoom()
		c.cache[text] = made
	}
	return made, nil
}

// makeRoom drops some statement that is not in use when the cache is full.
func (c *liteConn) makeRoom() {
	if len(c.cache) < statementCache {
		return
	}
	for text, s := range c.cache {
		if !s.busy {
			_ = s.s.Close()
			delete(c.cache, text)
			return
		}
	}
}

// release ends the use of a statement; one that was made for the moment goes.
func (s *liteStatement) release() {
	s.busy = false
	if !s.cached {
		_ = s.s.Close()
	}
}

func (s *liteStatement) args(text string, args []any) ([]sqldriver.NamedValue, error) {
	if len(args) != s.inputs {
		return nil, fmt.Errorf("run %q: %d arguments for %d places", short(text), len(args), s.inputs)
	}
	if cap(s.named) < len(args) {
		s.named = make([]sqldriver.NamedValue, len(args))
	}
	named := s.named[:len(args)]
	for i, v := range args {
		if n, ok := v.(int); ok {
			v = int64(n)
		}
		named[i] = sqldriver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return named, nil
}

// exec runs a statement to its end and says how many rows it changed, or gave when it answers with rows.
func (c *liteConn) exec(text string, args []any) (int64, error) {
	s, err := c.statement(text)
	if err != nil {
		return 0, err
	}
	if s.gives {
		return c.drain(s, text, args)
	}
	defer s.release()
	named, err := s.args(text, args)
	if err != nil {
		return 0, err
	}
	result, err := s.s.ExecContext(context.Background(), named)
	if err != nil {
		return 0, c.explain(text, err)
	}
	return result.RowsAffected()
}

// run runs a statement to its end for its effect alone. The driver binds all arguments of a query in one crossing into C, of an execution
// each in its own: for a row of sixty columns that is most of the time.
func (c *liteConn) run(text string, args []any) error {
	s, err := c.statement(text)
	if err != nil {
		return err
	}
	if s.gives {
		_, err := c.drain(s, text, args)
		return err
	}
	defer s.release()
	named, err := s.args(text, args)
	if err != nil {
		return err
	}
	rows, err := s.s.QueryContext(context.Background(), named)
	if err != nil {
		return c.explain(text, err)
	}
	return rows.Close()
}

func (c *liteConn) drain(s *liteStatement, text string, args []any) (int64, error) {
	rows, err := c.query(context.Background(), s, text, args)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	n := int64(0)
	for rows.Next() {
		n++
	}
	return n, rows.Err()
}

// Query runs a statement on this connection. The end of ctx interrupts it, unless it writes: interrupting a write would undo the whole
// transaction, and with it what others wrote.
func (c *liteConn) Query(ctx context.Context, text string, args ...any) (*Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, late(err)
	}
	s, err := c.statement(text)
	if err != nil {
		return nil, err
	}
	if !s.reads {
		ctx = context.WithoutCancel(ctx)
	}
	return c.query(ctx, s, text, args)
}

func (c *liteConn) query(ctx context.Context, s *liteStatement, text string, args []any) (*Rows, error) {
	named, err := s.args(text, args)
	if err != nil {
		s.release()
		return nil, err
	}
	rows, err := s.s.QueryContext(ctx, named)
	if err != nil {
		s.release()
		return nil, c.explain(text, err)
	}
	cur := &liteCursor{conn: c, statement: s, rows: rows, text: text, values: make([]sqldriver.Value, len(rows.Columns()))}
	cur.plain = make([]any, len(cur.values))
	s.busy = true
	c.open = append(c.open, cur)
	return &Rows{c: cur}, nil
}

// explain classifies an error and notes that the connection may be broken.
func (c *liteConn) explain(text string, err error) error {
	var lite sqlite3.Error
	if errors.As(err, &lite) && slices.Contains(brokenCodes, lite.Code) {
		c.broken = true
	}
	return explain(text, err)
}

// brokenCodes are errors after which a new connection may do better.
var brokenCodes = []sqlite3.ErrNo{sqlite3.ErrIoErr, sqlite3.ErrCorrupt, sqlite3.ErrNotADB, sqlite3.ErrCantOpen, sqlite3.ErrProtocol, sqlite3.ErrNomem}

type liteCursor struct {
	conn      *liteConn
	statement *liteStatement
	rows      sqldriver.Rows
	text      string
	values    []sqldriver.Value
	plain     []any
	closed    bool
}

func (l *liteCursor) next() (bool, error) {
	if l.closed {
		return false, fmt.Errorf("run %q: the rows were read after their connection was given back", short(l.text))
	}
	err := l.rows.Next(l.values)
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	if err != nil {
		return false, l.conn.explain(l.text, err)
	}
	for i, v := range l.values {
		l.plain[i] = plain(v)
	}
	return true, nil
}

func (l *liteCursor) row() []any { return l.plain }

// close gives the statement back. An error of its last step was told already.
func (l *liteCursor) close() error {
	if l.closed {
		return nil
	}
	l.closed = true
	_ = l.rows.Close()
	l.statement.release()
	if i := slices.Index(l.conn.open, l); i >= 0 {
		l.conn.open = slices.Delete(l.conn.open, i, i+1)
	}
	return nil
}
