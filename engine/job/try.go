package job

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"ashna/engine/db"
	"ashna/kit/ident"
)

// try is one run of a job under one token.
type try struct {
	queue    *Queue
	job      Job
	kind     *kind // nil when this process does not know it
	args     string
	token    int64
	priority int64
	runAt    int64
	began    time.Time
	stop     context.CancelCauseFunc
	ctx      context.Context // ends with the cause of a cancelled try

	mu      sync.Mutex
	settled bool      // the job ended in a transaction of the handler
	result  string    // JSON, empty when there is none
	shown   time.Time // when progress was stored last

	err error // how the handler ended; read after it was reported
}

// start runs the handler in a goroutine of its own, which reports its end. The context of Run does not reach it: stopping has a grace.
func (q *Queue) start(ctx context.Context, t *try) {
	t.queue, t.job.try = q, t
	t.began = q.time.now()
	t.ctx, t.stop = context.WithCancelCause(context.WithoutCancel(ctx))
	q.mu.Lock()
	q.busy[t] = true
	q.mu.Unlock()
	go t.run()
}

func (t *try) run() {
	t.err = errNoAnswer
	defer func() {
		t.stop(nil)
		t.queue.ended <- t
	}()
	t.err = t.call()
}

// call calls the handler with its timeout. A panic is a failure that tells where.
func (t *try) call() (err error) {
	if t.kind == nil {
		return Later{unknownDelay}
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	ctx, cancel := context.WithTimeout(t.ctx, t.kind.timeout)
	defer cancel()
	return t.kind.run(ctx, t.job, t.args)
}

// snapshot gives the tries whose handlers run.
func (q *Queue) snapshot() []*try {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := make([]*try, 0, len(q.busy))
	for t := range q.busy {
		list = append(list, t)
	}
	return list
}

// kindsOf counts tries by kind.
func kindsOf(list []*try) map[string]int {
	count := map[string]int{}
	for _, t := range list {
		count[t.job.Kind]++
	}
	return count
}

// stopJob ends the context of a job that runs in this process.
func (q *Queue) stopJob(id ident.ID, cause error) {
	for _, t := range q.snapshot() {
		if t.job.ID == id {
			t.stop(cause)
		}
	}
}

func (t *try) isSettled() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.settled
}

func (t *try) answer() any {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.result == "" {
		return nil
	}
	return t.result
}

// Settle ends the job inside a transaction of its handler, so that what the transaction writes happens exactly once. It belongs at the
// end of the handler's last transaction, because the queue waits for a row that a transaction holds; what the handler returns afterwards
// is only logged. ErrLost says that the try no longer counts: return it from the transaction, so that its writes are undone.
func (j Job) Settle(ctx context.Context, tx *db.Tx) error {
	n, err := j.try.finish(ctx, tx, j.try.queue.micros())
	if err != nil {
		return fmt.Errorf("settle job %s: %w", j.ID, err)
	}
	if n == 0 {
		return fmt.Errorf("settle job %s: %w", j.ID, ErrLost)
	}
	tx.After(func() {
		j.try.mu.Lock()
		defer j.try.mu.Unlock()
		j.try.settled = true
	})
	return nil
}

// finish writes a success: the row goes, or stays for as long as the kind says.
func (t *try) finish(ctx context.Context, tx *db.Tx, now int64) (int64, error) {
	if t.kind.keep == 0 {
		return tx.Exec(ctx, `DELETE FROM job WHERE id = $1 AND token = $2`, int64(t.job.ID), t.token)
	}
	return tx.Exec(ctx, keepJob, t.keepArgs(now)...)
}

const keepJob = `UPDATE job SET state = 3, token = 0, cancel = 0, error = NULL, result = $1, done_at = $2, expires_at = $3 WHERE id = $4 AND token = $5`

func (t *try) keepArgs(now int64) []any {
	return []any{t.answer(), now, now + t.kind.keep.Microseconds(), int64(t.job.ID), t.token}
}

// Progress stores how far the job is, for whoever watches it: done of total, in a unit of the job's own, and a note of at most
// MaxNote bytes. It may be called often: within half a second of the last one that was stored only done = total is. ErrLost says
// that the try no longer counts and the handler may as well return.
func (j Job) Progress(ctx context.Context, done, total int64, note string) error {
	if !j.try.mayShow(done == total) {
		return nil
	}
	err := j.try.queue.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE job SET done = $1, total = $2, note = $3 WHERE id = $4 AND token = $5`,
			done, total, bounded(note, MaxNote), int64(j.ID), j.try.token)
		if err == nil && n == 0 {
			err = ErrLost
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("store progress of job %s: %w", j.ID, err)
	}
	return nil
}

func (t *try) mayShow(last bool) bool {
	now := t.queue.time.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if !last && !t.shown.IsZero() && now.Sub(t.shown) < progressGap {
		return false
	}
	t.shown = now
	return true
}

// Answer sets the result that is kept with the finished job when its kind has Keep: any value that is at most MaxResult bytes as JSON.
// Call it before Settle.
func (j Job) Answer(value any) error {
	text, err := encode("result of job "+j.Kind, value, MaxResult)
	if err != nil {
		return err
	}
	j.try.mu.Lock()
	defer j.try.mu.Unlock()
	j.try.result = text
	return nil
}

// bounded gives a text that both databases store and that has at most limit bytes.
func bounded(text string, limit int) string {
	text = strings.ReplaceAll(text, "\x00", "")
	if len(text) > limit {
		text = text[:limit]
	}
	return strings.ToValidUTF8(text, "")
}
