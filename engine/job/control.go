package job

import (
	"context"
	"errors"
	"fmt"

	"ashna/engine/db"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

// Cancel ends a job in the caller's transaction: one that waits is dead at once; of one that runs, here or in another process, the
// context ends with ErrCancelled after the commit, in another process within seconds. It is dead when its handler returns an error,
// and done when that succeeds nevertheless. A job that is absent is refused as NotFound ("job.unknown"), one that ended as Conflict ("job.ended").
func (q *Queue) Cancel(ctx context.Context, tx *db.Tx, id ident.ID) error {
	state, err := lockState(ctx, tx, id)
	if err != nil {
		return fmt.Errorf("cancel job %s: %w", id, err)
	}
	now := q.micros()
	switch state {
	case planned, ready:
		return tx.Later(ctx, `UPDATE job SET state = 2, cancel = 1, error = $1, done_at = $2, expires_at = $3 WHERE id = $4`,
			ErrCancelled.Error(), now, now+q.set.Retention.Microseconds(), int64(id))
	case running:
		tx.After(func() { q.stopJob(id, ErrCancelled) })
		return tx.Later(ctx, `UPDATE job SET cancel = 1 WHERE id = $1`, int64(id))
	}
	return fault.New(fault.Conflict, "job.ended")
}

// Revive makes a dead job ready with all its tries. It is refused when the job is absent (NotFound, "job.unknown"), not dead
// (Conflict, "job.not_dead"), or unique and an equal one waits or runs (Conflict, "job.equal_waits").
func (q *Queue) Revive(ctx context.Context, tx *db.Tx, id ident.ID) error {
	state, err := lockState(ctx, tx, id)
	if err != nil {
		return fmt.Errorf("revive job %s: %w", id, err)
	}
	if state != dead {
		return fault.New(fault.Conflict, "job.not_dead")
	}
	now := q.micros()
	_, err = tx.Exec(ctx, `UPDATE job SET state = 0, attempt = 0, cancel = 0, error = NULL, done_at = NULL, expires_at = NULL, run_at = $1,`+
		` done = 0, total = 0, note = '' WHERE id = $2`, now, int64(id))
	var taken *db.UniqueError
	if errors.As(err, &taken) {
		return fault.Wrap(fault.Conflict, "job.equal_waits", err)
	}
	if err != nil {
		return fmt.Errorf("revive job %s: %w", id, err)
	}
	tx.After(q.Poke)
	return nil
}

// Discard removes a job that is dead or done, before its time. It is refused when the job is absent (NotFound, "job.unknown"), and
// when it still waits or runs (Conflict, "job.not_ended"): cancel it first.
func (q *Queue) Discard(ctx context.Context, tx *db.Tx, id ident.ID) error {
	state, err := lockState(ctx, tx, id)
	if err != nil {
		return fmt.Errorf("discard job %s: %w", id, err)
	}
	if state != dead && state != done {
		return fault.New(fault.Conflict, "job.not_ended")
	}
	return tx.Later(ctx, `DELETE FROM job WHERE id = $1`, int64(id))
}

// lockState gives the state of a job, which stays until the end of the transaction.
func lockState(ctx context.Context, tx *db.Tx, id ident.ID) (int, error) {
	row, found, err := db.One(ctx, tx, `SELECT state FROM job WHERE id = $1`+tx.Dialect().Lock, int64(id))
	if err != nil {
		return 0, err
	}
	if !found {
		return 0, fault.New(fault.NotFound, "job.unknown")
	}
	return int(row.Int(0)), nil
}
