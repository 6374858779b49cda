package job

import (
	"context"
	"errors"
	"time"

	"ashna/engine/db"
)

const (
	// The statements of an outcome name the token of the try, so that one whose lease ran out changes nothing.
	laterJob = `UPDATE job SET state = -1, attempt = attempt - 1, token = 0, run_at = $1 WHERE id = $2 AND token = $3 AND cancel = 0`
	retryJob = `UPDATE job SET state = -1, token = 0, run_at = $1, error = $2 WHERE id = $3 AND token = $4 AND cancel = 0`
	againJob = `UPDATE job SET state = 0, attempt = attempt - 1, token = 0 WHERE id = $1 AND token = $2 AND cancel = 0`
	killJob  = `UPDATE job SET state = 2, token = 0, error = $1, done_at = $2, expires_at = $3 WHERE id = $4 AND token = $5`
	// A job that was cancelled while it ran ends here unless it succeeded.
	killCancelled = `UPDATE job SET state = 2, token = 0, error = $1, done_at = $2, expires_at = $3 WHERE id = $4 AND token = $5 AND cancel = 1`
)

// A verdict is what follows from the end of a try.
type verdict int

const (
	isVoid    verdict = iota // the job was settled by its handler, or is no longer ours: nothing to write
	isDone                   // success
	isStopped                // the process ends: run it again, the try does not count
	isLater                  // put off, the try does not count
	isDead                   // the last failure
	isRetried                // a failure before the last
)

func (t *try) verdict() verdict {
	cause := context.Cause(t.ctx)
	var later Later
	var give Give
	switch {
	case t.isSettled():
		return isVoid
	case t.err == nil:
		return isDone
	case errors.Is(cause, ErrLost):
		return isVoid
	case errors.Is(cause, ErrCancelled):
		return isDead
	case errors.Is(cause, ErrStopping):
		return isStopped
	case errors.As(t.err, &later):
		return isLater
	case errors.As(t.err, &give), t.job.Attempt >= t.job.Max:
		return isDead
	}
	return isRetried
}

// settle writes the outcomes of tries that ended. Successes of one claim go by one statement.
func (q *Queue) settle(ctx context.Context, tx *db.Tx, ended []*try, now int64) error {
	gone := map[int64][]int64{}
	for _, t := range ended {
		verdict := t.verdict()
		if verdict == isDone && t.kind.keep == 0 {
			gone[t.token] = append(gone[t.token], int64(t.job.ID))
			continue
		}
		if err := q.conclude(ctx, tx, t, verdict, now); err != nil {
			return err
		}
	}
	text := `DELETE FROM job WHERE token = $1 AND ` + tx.Dialect().InInts("id", 2)
	for token, ids := range gone {
		if err := tx.Later(ctx, text, token, tx.Dialect().Ints(ids)); err != nil {
			return err
		}
	}
	return nil
}

// conclude writes what became of one try.
func (q *Queue) conclude(ctx context.Context, tx *db.Tx, t *try, v verdict, now int64) error {
	id, expires := int64(t.job.ID), now+q.set.Retention.Microseconds()
	var err error
	switch v {
	case isVoid:
		return nil
	case isDone:
		return tx.Later(ctx, keepJob, t.keepArgs(now)...)
	case isDead:
		return tx.Later(ctx, killJob, t.errorText(), now, expires, id, t.token)
	case isStopped:
		err = tx.Later(ctx, againJob, id, t.token)
	case isLater:
		err = tx.Later(ctx, laterJob, now+t.putOff().Microseconds(), id, t.token)
	case isRetried:
		err = tx.Later(ctx, retryJob, now+q.backoff(t.job.Attempt).Microseconds(), t.errorText(), id, t.token)
	}
	if err != nil {
		return err
	}
	return tx.Later(ctx, killCancelled, ErrCancelled.Error(), now, expires, id, t.token)
}

func (t *try) errorText() string {
	if errors.Is(context.Cause(t.ctx), ErrCancelled) {
		return ErrCancelled.Error()
	}
	return bounded(t.err.Error(), MaxError)
}

func (t *try) putOff() time.Duration {
	var later Later
	errors.As(t.err, &later)
	return min(max(later.For, laterMin), laterMax)
}
