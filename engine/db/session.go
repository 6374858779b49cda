package db

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

const (
	batchMax   = 500              // statements that travel together
	keptMax    = 10_000           // rows of one statement that are kept while another one runs
	copyMin    = 200              // rows from which copying takes less than inserting
	chunkRows  = 8                // rows of one insert statement
	commitTime = 30 * time.Second // how long a commit may take
	undoTime   = 3 * time.Second  // how long a connection may take to undo before it is thrown away
)

// pgReader runs statements on one PostgreSQL connection.
type pgReader struct {
	conn  *pgx.Conn
	open  *pgCursor                       // rows that were not read to their end
	renew func(ctx context.Context) error // takes another connection, where that does no harm
}

// Dialect is that of PostgreSQL.
func (r *pgReader) Dialect() *Dialect { return postgresDialect }

// Query runs a statement. The end of ctx cancels it. A connection that was lost since its last use is replaced, and a plan that another
// process made stale is made anew, where no transaction forbids it.
func (r *pgReader) Query(ctx context.Context, text string, args ...any) (*Rows, error) {
	if err := r.settle(); err != nil {
		return nil, err
	}
	c, err := r.start(ctx, text, args)
	if err != nil && r.renew != nil && ctx.Err() == nil {
		switch {
		case r.conn.IsClosed():
			if err := r.renew(ctx); err != nil {
				return nil, err
			}
			c, err = r.start(ctx, text, args)
		case stale(err):
			c, err = r.start(ctx, text, args)
		}
	}
	if err != nil {
		return nil, err
	}
	return &Rows{c: c}, nil
}

func (r *pgReader) start(ctx context.Context, text string, args []any) (*pgCursor, error) {
	rows, err := r.conn.Query(ctx, text, args...)
	if err != nil {
		return nil, explain(text, err)
	}
	return r.take(rows, text, nil)
}

// take makes the cursor of a result and reads its first row, so that errors of the statement come at once.
func (r *pgReader) take(rows pgx.Rows, text string, end func() error) (*pgCursor, error) {
	c := &pgCursor{rows: rows, text: text, end: end}
	c.ahead = c.fetch()
	if c.err != nil {
		return nil, c.err
	}
	r.open = c
	return c, nil
}

// settle reads the rows that are still open into memory, so that the connection is free for the next statement.
func (r *pgReader) settle() error {
	if r.open == nil {
		return nil
	}
	err := r.open.keep()
	r.open = nil
	return err
}

// close ends the rows that somebody forgot.
func (r *pgReader) close() {
	if r.open != nil {
		_ = r.open.close()
		r.open = nil
	}
}

// rollback ends a transaction without a trace; a connection that does not answer is thrown away.
func (r *pgReader) rollback(ctx context.Context) {
	r.close()
	if r.conn.IsClosed() || r.conn.PgConn().TxStatus() == 'I' {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	if _, err := r.conn.Exec(ctx, "ROLLBACK", pgx.QueryExecModeSimpleProtocol); err != nil {
		_ = r.conn.Close(ctx)
	}
}

// pgCursor is a result that is read from the connection, one row ahead of the reader.
type pgCursor struct {
	rows   pgx.Rows
	text   string
	end    func() error // of the batch the rows came with
	values []any        // the current row
	ahead  []any        // the next row, nil at the end
	kept   [][]any      // rows after the next one that were read to free the connection
	err    error
	over   bool // nothing more comes from the connection
}

func (c *pgCursor) next() (bool, error) {
	if c.ahead == nil {
		return false, c.err
	}
	c.values = c.ahead
	if len(c.kept) > 0 {
		c.ahead, c.kept = c.kept[0], c.kept[1:]
	} else {
		c.ahead = c.fetch()
	}
	return true, nil
}

func (c *pgCursor) row() []any { return c.values }

// fetch reads one row, nil at the end and after an error.
func (c *pgCursor) fetch() []any {
	if c.over {
		return nil
	}
	if !c.rows.Next() {
		c.finish()
		return nil
	}
	values, err := plainRow(c.rows)
	if err != nil {
		c.finish()
		c.err = explain(c.text, err)
	}
	return values
}

// finish ends the result, and the batch that it came with.
func (c *pgCursor) finish() {
	if c.over {
		return
	}
	c.over = true
	c.rows.Close()
	err := c.rows.Err()
	if c.end != nil {
		if e := c.end(); err == nil {
			err = e
		}
	}
	c.err = explain(c.text, err)
}

// keep reads the rest into memory.
func (c *pgCursor) keep() error {
	for !c.over {
		row := c.fetch()
		if row == nil {
			break
		}
		if len(c.kept) == keptMax {
			c.finish()
			c.err = fmt.Errorf("run %q: more than %d rows are open while another statement runs", short(c.text), keptMax)
			return c.err
		}
		c.kept = append(c.kept, row)
	}
	return nil // an error of the rows is told to who reads them
}

func (c *pgCursor) close() error {
	c.finish()
	c.ahead, c.kept = nil, nil
	return c.err
}

// plainRow decodes a row. What a row may hold is decoded here, without the detour over the type map.
func plainRow(rows pgx.Rows) ([]any, error) {
	fields, raw := rows.FieldDescriptions(), rows.RawValues()
	values := make([]any, len(raw))
	for i, b := range raw {
		if b == nil {
			continue
		}
		known := false
		if values[i], known = plainValue(&fields[i], b); known {
			continue
		}
		all, err := rows.Values()
		if err != nil {
			return nil, err
		}
		for j, v := range all {
			values[j] = plain(v)
		}
		break
	}
	return values, nil
}

func plainValue(field *pgconn.FieldDescription, b []byte) (any, bool) {
	if field.Format == pgtype.TextFormatCode {
		if field.DataTypeOID == pgtype.TextOID {
			return string(b), true
		}
		return nil, false
	}
	switch {
	case field.DataTypeOID == pgtype.Int8OID && len(b) == 8:
		return int64(binary.BigEndian.Uint64(b)), true
	case field.DataTypeOID == pgtype.Int4OID && len(b) == 4:
		return int64(int32(binary.BigEndian.Uint32(b))), true
	case field.DataTypeOID == pgtype.TextOID:
		return string(b), true
	case field.DataTypeOID == pgtype.ByteaOID:
		return append([]byte{}, b...), true
	}
	return nil, false
}

// pgSession is a transaction that sends statements nobody waits for together with the next one.
type pgSession struct {
	pgReader
	batch pgx.Batch
	sent  bool // something reached the server
}

func (s *pgSession) queue(text string, args []any) { s.batch.Queue(text, args...) }

func (s *pgSession) later(ctx context.Context, text string, args []any) error {
	if defines(text) {
		_, err := s.exec(ctx, text, args)
		return err
	}
	s.queue(text, args)
	if s.batch.Len() >= batchMax {
		return s.flush(ctx)
	}
	return nil
}

func (s *pgSession) take() *pgx.Batch {
	b := s.batch
	s.batch = pgx.Batch{}
	s.sent = true
	return &b
}

// send sends what was queued, reads the results of all but the last statement, and gives the number of the one that failed.
func (s *pgSession) send(ctx context.Context) (results pgx.BatchResults, last string, failed int, err error) {
	if err := s.settle(); err != nil {
		return nil, "", 0, err
	}
	b := s.take()
	n := len(b.QueuedQueries) - 1
	last = b.QueuedQueries[n].SQL
	results = s.conn.SendBatch(ctx, b)
	for i, q := range b.QueuedQueries[:n] {
		if _, err := results.Exec(); err != nil {
			_ = results.Close()
			return nil, last, i, explainBatch(b, q.SQL, i, err)
		}
	}
	return results, last, n, nil
}

// explainBatch names the statement that failed; before the first one ran, any may have been refused.
func explainBatch(b *pgx.Batch, text string, i int, err error) error {
	if i == 0 && len(b.QueuedQueries) > 1 {
		text = "one of " + text
		for _, q := range b.QueuedQueries[1:min(8, len(b.QueuedQueries))] {
			text += "; " + q.SQL
		}
	}
	return explain(text, err)
}

func (s *pgSession) flush(ctx context.Context) error {
	if s.batch.Len() == 0 {
		return nil
	}
	_, _, _, err := s.last(ctx)
	return err
}

// discard forgets what was queued. The begin is never among it, because a savepoint was sent before.
func (s *pgSession) discard() { s.batch = pgx.Batch{} }

// last sends what was queued and gives the tag of its last statement, and the number of statements that succeeded.
func (s *pgSession) last(ctx context.Context) (tag pgconn.CommandTag, done, of int, err error) {
	of = s.batch.Len()
	results, text, failed, err := s.send(ctx)
	if err != nil {
		return tag, failed, of, err
	}
	tag, err = results.Exec()
	if err != nil {
		_ = results.Close()
		return tag, failed, of, explain(text, err)
	}
	return tag, of, of, explain(text, results.Close())
}

func (s *pgSession) exec(ctx context.Context, text string, args []any) (int64, error) {
	if defines(text) { // a definition is not worth a prepared statement, and may come only once
		if err := s.flush(ctx); err != nil {
			return 0, err
		}
		if err := s.settle(); err != nil {
			return 0, err
		}
		tag, err := s.conn.Exec(ctx, text, append([]any{pgx.QueryExecModeExec}, args...)...)
		return tag.RowsAffected(), explain(text, err)
	}
	s.queue(text, args)
	tag, _, _, err := s.last(ctx)
	return tag.RowsAffected(), err
}

// Query sends what waits together with this statement and reads its rows.
func (s *pgSession) Query(ctx context.Context, text string, args ...any) (*Rows, error) {
	if s.batch.Len() == 0 {
		return s.pgReader.Query(ctx, text, args...)
	}
	s.queue(text, args)
	results, _, _, err := s.send(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := results.Query()
	if err != nil {
		_ = results.Close()
		return nil, explain(text, err)
	}
	c, err := s.pgReader.take(rows, text, results.Close)
	if err != nil {
		return nil, err
	}
	return &Rows{c: c}, nil
}

// insert copies many rows, and sends fewer in statements of a few rows each, so that there are few texts to prepare.
func (s *pgSession) insert(ctx context.Context, table string, columns []string, rows [][]any) error {
	if len(rows) >= copyMin {
		return s.copyRows(ctx, table, columns, rows)
	}
	for part := range slices.Chunk(rows, chunkRows) {
		if len(part) == chunkRows {
			if err := s.later(ctx, InsertText(table, columns, len(part)), slices.Concat(part...)); err != nil {
				return err
			}
			continue
		}
		one := InsertText(table, columns, 1)
		for _, row := range part {
			if err := s.later(ctx, one, row); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *pgSession) copyRows(ctx context.Context, table string, columns []string, rows [][]any) error {
	if err := s.flush(ctx); err != nil {
		return err
	}
	if err := s.settle(); err != nil {
		return err
	}
	_, err := s.conn.CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromRows(rows))
	return explain("copy "+table, err)
}

// commit sends what waits together with the commit. The end of ctx no longer matters then, because it would leave the outcome open. It is
// open too when the connection breaks before the commit is answered: only an error of an earlier statement tells that it did not happen.
func (s *pgSession) commit(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return late(err)
	}
	s.close()
	if !s.sent && s.batch.Len() == 1 {
		return nil // nothing but the begin
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTime)
	defer cancel()
	s.queue("COMMIT", nil)
	tag, done, of, err := s.last(ctx)
	switch {
	case done == of && tag.String() == "COMMIT":
		return nil // whatever befell the connection afterwards
	case err == nil:
		return errors.New("commit: the database undid the transaction, because a statement in it had failed")
	case s.conn.IsClosed() && (done == of-1 || lostConnection(err) || ctx.Err() != nil):
		return unavailable(fmt.Errorf("%w: %w", ErrUnknown, err))
	}
	return err
}
