package db

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"ashna/kit/clock"
	"ashna/kit/fault"
)

// The shape of a group; docs/decisions/0002-databases.md has the measurements.
const (
	groupMax  = 64                   // writes that share one commit
	groupTime = 4 * time.Millisecond // no further write joins a group that is this old
	queueMax  = 4_096                // writes that may wait
)

// liteWriter owns the one writing connection of a SQLite file. Writes that wait share one commit, each in its own savepoint, so that one
// disk sync serves many. The function of each write runs in the goroutine that asked for it, while the writer waits.
type liteWriter struct {
	path    string
	clock   clock.Clock
	wait    time.Duration
	most    int           // writes of a group
	age     time.Duration // no further write joins an older group
	conn    *liteConn
	queue   chan *liteWrite
	closing chan struct{}
	ended   chan struct{}
}

// liteWrite is one write on its way: it waits until the writer takes it or its caller leaves, gets the transaction, gives it back with the
// error of its function, and hears what came of it.
type liteWrite struct {
	ctx   context.Context
	taken atomic.Bool // by the writer, or by the caller who left
	turn  chan *Tx
	back  chan error
	done  chan error
	tx    *Tx
	err   error
}

func startWriter(path string, conn *liteConn, c Config) *liteWriter {
	w := &liteWriter{
		path: path, clock: c.Clock, wait: c.Wait, most: groupMax, age: groupTime, conn: conn,
		queue: make(chan *liteWrite, queueMax), closing: make(chan struct{}), ended: make(chan struct{}),
	}
	go w.run()
	return w
}

// stop ends the writer after the writes that wait. Those that come later are refused.
func (w *liteWriter) stop() {
	close(w.closing)
	<-w.ended
}

// write queues a write and runs it when its turn comes. Nobody waits longer than for ctx or for the wait of the configuration; once the
// write runs, it is seen to its end.
func (w *liteWriter) write(ctx context.Context, do func(*Tx) error) (*Tx, error) {
	req := &liteWrite{ctx: ctx, turn: make(chan *Tx, 1), back: make(chan error, 1), done: make(chan error, 1)}
	if err := w.enter(req); err != nil {
		return nil, err
	}
	timer := time.NewTimer(w.wait)
	defer timer.Stop()
	left, expired := ctx.Done(), timer.C
	for {
		select {
		case tx := <-req.turn:
			tx.run(do, func(err error) { req.back <- err })
		case err := <-req.done:
			return req.tx, err
		case <-left:
			if req.taken.CompareAndSwap(false, true) {
				return nil, late(ctx.Err())
			}
			left = nil
		case <-expired:
			if req.taken.CompareAndSwap(false, true) {
				return nil, unavailable(fmt.Errorf("the writer was not free for %v", w.wait))
			}
			expired = nil
		case <-w.ended:
			return w.lastWord(req)
		}
	}
}

func (w *liteWriter) enter(req *liteWrite) error {
	if err := req.ctx.Err(); err != nil {
		return late(err)
	}
	select {
	case <-w.closing:
		return unavailable(errClosed)
	default:
	}
	select {
	case w.queue <- req:
		return nil
	default:
		return unavailable(errors.New("too many writes wait"))
	}
}

// lastWord is the answer after the writer ended: it answered, or never saw the write.
func (w *liteWriter) lastWord(req *liteWrite) (*Tx, error) {
	select {
	case err := <-req.done:
		return req.tx, err
	default:
		return nil, unavailable(errClosed)
	}
}

func (w *liteWriter) run() {
	defer close(w.ended)
	for {
		select {
		case req := <-w.queue:
			w.group(req)
		case <-w.closing:
			for {
				select {
				case req := <-w.queue:
					w.group(req)
				default:
					return
				}
			}
		}
	}
}

// group runs the first write and those that wait behind it, commits once and answers all. When one of them takes the others down, because
// the database undid everything or because it was too much for the disk, the others are run again, each in a commit of its own.
func (w *liteWriter) group(first *liteWrite) {
	members, cause := w.collect(first)
	if len(members) == 0 {
		return
	}
	again := cause != nil
	if cause == nil {
		cause = w.commit()
		again = cause != nil && !errors.Is(cause, ErrUnknown) && len(members) > 1
	}
	for _, m := range members {
		if m.err == nil && again {
			m.err = w.single(m)
		} else if m.err == nil {
			m.err = cause
		}
		m.done <- m.err
	}
}

// collect begins a transaction and runs members in it. Its error says that the transaction is gone.
func (w *liteWriter) collect(first *liteWrite) ([]*liteWrite, error) {
	if !first.taken.CompareAndSwap(false, true) {
		if first = w.waiting(); first == nil {
			return nil, nil
		}
	}
	members := []*liteWrite{first}
	if err := w.begin(); err != nil {
		first.err = err
		return members, err
	}
	started := w.clock.Now()
	for next := first; next != nil; next = w.waiting() {
		if next != first {
			members = append(members, next)
		}
		if err := w.one(next); err != nil {
			return members, err
		}
		if age := w.clock.Now().Sub(started); len(members) >= w.most || age >= w.age || age < 0 {
			break
		}
	}
	return members, nil
}

// waiting takes the next write whose caller is still there.
func (w *liteWriter) waiting() *liteWrite {
	for {
		select {
		case req := <-w.queue:
			if req.taken.CompareAndSwap(false, true) {
				return req
			}
		default:
			return nil
		}
	}
}

// single runs a write in a transaction of its own.
func (w *liteWriter) single(m *liteWrite) error {
	if err := w.begin(); err != nil {
		return err
	}
	if err := w.one(m); err != nil {
		return err
	}
	if m.err != nil {
		w.rollback()
		return m.err
	}
	return w.commit()
}

// begin starts a transaction, on a new connection when the old one is broken.
func (w *liteWriter) begin() error {
	if w.conn.broken {
		if err := w.reopen(); err != nil {
			return err
		}
	}
	_, err := w.conn.exec("BEGIN IMMEDIATE", nil)
	return err
}

// one runs a write in its savepoint and leaves the write's error in it. The error of one itself says that the whole transaction is gone.
func (w *liteWriter) one(m *liteWrite) error {
	if err := m.ctx.Err(); err != nil {
		m.err = late(err)
		return nil
	}
	if _, m.err = w.conn.exec("SAVEPOINT one", nil); m.err != nil {
		return w.lose(m.err)
	}
	m.tx = &Tx{session: liteSession{w.conn}}
	m.turn <- m.tx
	m.err = <-m.back
	w.conn.settle()
	if w.conn.c.AutoCommit() { // some errors make SQLite undo the whole transaction by itself
		if m.err == nil {
			m.err = errors.New("the transaction was ended by a statement in it")
		}
		return m.err
	}
	if m.err != nil {
		if _, err := w.conn.exec("ROLLBACK TO one", nil); err != nil {
			return w.lose(err)
		}
	}
	if _, err := w.conn.exec("RELEASE one", nil); err != nil {
		if m.err == nil {
			m.err = err
		}
		return w.lose(err)
	}
	return nil
}

// lose undoes the transaction and passes the reason on.
func (w *liteWriter) lose(err error) error {
	w.rollback()
	return err
}

// commit makes the transaction durable. Without room, or with a link to nothing, it is undone for certain; other errors leave the outcome
// unknown until the log is read again.
func (w *liteWriter) commit() error {
	_, err := w.conn.exec("COMMIT", nil)
	if err == nil {
		return nil
	}
	w.rollback()
	if fault.Is(err, fault.Full) || isReference(err) {
		return err
	}
	return unavailable(fmt.Errorf("%w: %w", ErrUnknown, err))
}

func isReference(err error) bool {
	var reference *ReferenceError
	return errors.As(err, &reference)
}

// rollback undoes the transaction, or throws the connection away.
func (w *liteWriter) rollback() {
	if w.conn.c.AutoCommit() {
		return
	}
	if _, err := w.conn.exec("ROLLBACK", nil); err != nil {
		w.conn.broken = true
	}
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

func (s liteSession) exec(ctx context.Context, text string, args []any) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, late(err)
	}
	return s.liteConn.exec(text, args)
}

func (s liteSession) later(ctx context.Context, text string, args []any) error {
	if err := ctx.Err(); err != nil {
		return late(err)
	}
	return s.liteConn.run(text, args)
}

func (s liteSession) flush(context.Context) error { return nil }

func (s liteSession) discard() {}

// insert runs one prepared statement for each row: without a network between, that is the fastest way.
func (s liteSession) insert(ctx context.Context, table string, columns []string, rows [][]any) error {
	text := InsertText(table, columns, 1)
	for _, row := range rows {
		if err := s.later(ctx, text, row); err != nil {
			return err
		}
	}
	return nil
}
