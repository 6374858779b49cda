package db

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// pgReader runs statements on one PostgreSQL connection.
type pgReader struct{ conn *pgx.Conn }

// Dialect is that of PostgreSQL.
func (r *pgReader) Dialect() *Dialect { return postgresDialect }

// Query runs a statement. The end of ctx cancels it.
func (r *pgReader) Query(ctx context.Context, text string, args ...any) (*Rows, error) {
	rows, err := r.conn.Query(ctx, text, args...)
	if err != nil {
		return nil, explain(text, err)
	}
	return &Rows{c: &pgCursor{rows: rows, text: text}}, nil
}

type pgCursor struct {
	rows   pgx.Rows
	text   string
	values []any
	end    func() error // of the batch the rows came with
}

func (c *pgCursor) next() (bool, error) {
	if !c.rows.Next() {
		err := c.rows.Err()
		if c.end != nil {
			if e := c.end(); err == nil {
				err = e
			}
			c.end = nil
		}
		return false, explain(c.text, err)
	}
	values, err := c.rows.Values()
	if err != nil {
		return false, explain(c.text, err)
	}
	for i, v := range values {
		values[i] = plain(v)
	}
	c.values = values
	return true, nil
}

func (c *pgCursor) row() []any { return c.values }

func (c *pgCursor) close() {
	c.rows.Close()
	if c.end != nil {
		_ = c.end()
	}
}

// pgSession is a transaction that sends statements nobody waits for together with the next one.
type pgSession struct {
	pgReader
	batch pgx.Batch
	sent  bool // something reached the server
}

func (s *pgSession) queue(text string, args []any) { s.batch.Queue(text, args...) }

func (s *pgSession) later(ctx context.Context, text string, args []any) error {
	s.queue(text, args)
	if s.batch.Len() >= 500 {
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

func (s *pgSession) flush(ctx context.Context) error {
	if s.batch.Len() == 0 {
		return nil
	}
	b := s.take()
	results := s.conn.SendBatch(ctx, b)
	for _, q := range b.QueuedQueries {
		if _, err := results.Exec(); err != nil {
			_ = results.Close()
			return explain(q.SQL, err)
		}
	}
	return explain("batch", results.Close())
}

func (s *pgSession) exec(ctx context.Context, text string, args []any) (int64, error) {
	s.queue(text, args)
	b := s.take()
	results := s.conn.SendBatch(ctx, b)
	var n int64
	for _, q := range b.QueuedQueries {
		tag, err := results.Exec()
		if err != nil {
			_ = results.Close()
			return 0, explain(q.SQL, err)
		}
		n = tag.RowsAffected()
	}
	return n, explain(text, results.Close())
}

// Query sends what waits together with this statement and reads its rows.
func (s *pgSession) Query(ctx context.Context, text string, args ...any) (*Rows, error) {
	if s.batch.Len() == 0 {
		s.sent = true
		return s.pgReader.Query(ctx, text, args...)
	}
	s.queue(text, args)
	b := s.take()
	results := s.conn.SendBatch(ctx, b)
	for _, q := range b.QueuedQueries[:len(b.QueuedQueries)-1] {
		if _, err := results.Exec(); err != nil {
			_ = results.Close()
			return nil, explain(q.SQL, err)
		}
	}
	rows, err := results.Query()
	if err != nil {
		_ = results.Close()
		return nil, explain(text, err)
	}
	return &Rows{c: &pgCursor{rows: rows, text: text, end: results.Close}}, nil
}

// insert copies many rows, and sends few as one statement.
func (s *pgSession) insert(ctx context.Context, table string, columns []string, rows [][]any) error {
	if len(rows) <= 4 {
		args := make([]any, 0, len(rows)*len(columns))
		for _, row := range rows {
			args = append(args, row...)
		}
		return s.later(ctx, InsertText(table, columns, len(rows)), args)
	}
	if err := s.flush(ctx); err != nil {
		return err
	}
	_, err := s.conn.CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromRows(rows))
	return explain("copy "+table, err)
}

// undo ends the transaction without a trace; a connection that does not answer is thrown away by the pool.
func (s *pgSession) undo(ctx context.Context) {
	if !s.sent {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if s.conn.PgConn().TxStatus() != 'I' {
		_, err := s.conn.Exec(ctx, "ROLLBACK")
		if err != nil {
			_ = s.conn.Close(ctx)
		}
	}
}
