package db

import (
	"context"
	"fmt"
	"strings"
	"time"

	"ashna/kit/fault"
)

const (
	groupMax  = 64                   // writes that share one commit
	groupTime = 4 * time.Millisecond // no further write joins a group that is this old
	queueMax  = 4_096                // writes that may wait
)

// liteWriter is the one writer of a SQLite file. Writes that wait share one commit, each in its own savepoint, so that one disk sync
// serves many.
type liteWriter struct {
	path  string
	conn  *liteConn
	queue chan *liteWrite
	ended chan struct{}
	open  bool // a transaction is open
}

type liteWrite struct {
	ctx  context.Context
	do   func(*Tx) error
	tx   *Tx
	err  error
	done chan struct{}
}

func startWriter(path string, conn *liteConn) *liteWriter {
	w := &liteWriter{path: path, conn: conn, queue: make(chan *liteWrite, queueMax), ended: make(chan struct{})}
	go w.run()
	return w
}

// stop ends the writer after the writes that wait.
func (w *liteWriter) stop() {
	close(w.queue)
	<-w.ended
}

func (w *liteWriter) write(ctx context.Context, do func(*Tx) error) error {
	req := &liteWrite{ctx: ctx, do: do, done: make(chan struct{})}
	select {
	case w.queue <- req:
	default:
		return fault.New(fault.Unavailable, "error.unavailable")
	}
	<-req.done
	return req.err
}

func (w *liteWriter) run() {
	defer close(w.ended)
	for req := range w.queue {
		w.group(req)
	}
	w.conn.close()
}

// group runs the first write and those that wait behind it, commits once and answers all.
func (w *liteWriter) group(first *liteWrite) {
	started := time.Now()
	members := []*liteWrite{first}
	if err := w.begin(); err != nil {
		first.err = err
		close(first.done)
		return
	}
	w.one(first)
	for len(members) < groupMax && time.Since(started) < groupTime {
		next := w.waiting()
		if next == nil {
			break
		}
		members = append(members, next)
		w.one(next)
	}
	err := w.commit()
	for _, m := range members {
		if m.err == nil && err != nil {
			m.err = err
		}
		if m.err == nil {
			m.tx.committed()
		}
		close(m.done)
	}
}

func (w *liteWriter) waiting() *liteWrite {
	select {
	case req := <-w.queue:
		return req
	default:
		return nil
	}
}

func (w *liteWriter) begin() error {
	_, err := w.conn.exec("BEGIN IMMEDIATE", nil)
	if err != nil && w.reopen() == nil {
		_, err = w.conn.exec("BEGIN IMMEDIATE", nil)
	}
	w.open = err == nil
	return err
}

// one runs a write in its savepoint.
func (w *liteWriter) one(m *liteWrite) {
	if !w.open {
		m.err = fault.New(fault.Unavailable, "error.unavailable")
		return
	}
	if err := m.ctx.Err(); err != nil {
		m.err = fault.Wrap(fault.Unavailable, "error.timeout", err)
		return
	}
	if _, m.err = w.conn.exec("SAVEPOINT one", nil); m.err != nil {
		return
	}
	m.tx = &Tx{session: liteSession{w.conn}}
	m.err = guard(m.tx, m.do)
	if m.err == nil {
		_, m.err = w.conn.exec("RELEASE one", nil)
		return
	}
	if _, err := w.conn.exec("ROLLBACK TO one", nil); err != nil {
		w.open = false // the database itself rolled everything back: the commit will fail and say so to all
		return
	}
	_, _ = w.conn.exec("RELEASE one", nil)
}

// guard turns a panic of a write into an error, so that the writer lives on and the transaction is undone.
func guard(tx *Tx, do func(*Tx) error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic in a transaction: %v", r)
		}
	}()
	return do(tx)
}

func (w *liteWriter) commit() error {
	_, err := w.conn.exec("COMMIT", nil)
	w.open = false
	if err == nil {
		return nil
	}
	if _, undo := w.conn.exec("ROLLBACK", nil); undo != nil {
		_ = w.reopen()
	}
	if fault.Of(err) == nil {
		err = fault.Wrap(fault.Unavailable, "error.unavailable", err)
	}
	return err
}

// reopen takes a new connection after one that failed in a way it may not recover from.
func (w *liteWriter) reopen() error {
	conn, err := openLite(w.path, false)
	if err != nil {
		return err
	}
	w.conn.close()
	w.conn = conn
	return nil
}

// liteSession is a transaction on the writer's connection.
type liteSession struct{ *liteConn }

func (s liteSession) exec(_ context.Context, text string, args []any) (int64, error) {
	return s.liteConn.exec(text, args)
}

func (s liteSession) later(_ context.Context, text string, args []any) error {
	_, err := s.liteConn.exec(text, args)
	return err
}

func (s liteSession) flush(context.Context) error { return nil }

// insert runs one prepared statement for each row: without a network between, that is the fastest way.
func (s liteSession) insert(_ context.Context, table string, columns []string, rows [][]any) error {
	text := InsertText(table, columns, 1)
	for _, row := range rows {
		if _, err := s.liteConn.exec(text, row); err != nil {
			return err
		}
	}
	return nil
}

// InsertText is the statement that inserts n rows.
func InsertText(table string, columns []string, n int) string {
	var b strings.Builder
	b.WriteString("INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES ")
	arg := 0
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('(')
		for j := range columns {
			if j > 0 {
				b.WriteString(", ")
			}
			arg++
			fmt.Fprintf(&b, "$%d", arg)
		}
		b.WriteByte(')')
	}
	return b.String()
}
