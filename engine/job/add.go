package job

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"ashna/engine/db"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

const insertJob = `INSERT INTO job(id, kind, args, state, lane, run_at, priority, attempt, max_attempts, lease, token, cancel, actor, done, total, note, uniq)
 VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, 0, 0, 0, $9, 0, 0, '', $10)`

// The condition must read as that of the index job_unique does.
const insertUnique = insertJob + ` ON CONFLICT (kind, uniq) WHERE uniq IS NOT NULL AND state < 2 DO NOTHING`

// uniqueTries bounds how often an equal job may vanish between the refusal and the look at it.
const uniqueTries = 5

// Add puts a job into the caller's transaction and gives its key: rolled back, there is no job. With Options.Unique, when an equal job
// waits or runs already, nothing is added: then the bool is false and the key is that of the other. An equal job that runs may have
// read its data before the caller changed it; a handler that must not miss the change reads and settles in one transaction.
//
// Refused are a kind that is not registered, arguments over MaxArgs ("job.args_too_long", TooLarge) and options out of range.
func Add[A any](ctx context.Context, tx *db.Tx, q *Queue, k Kind[A], args A, o Options) (ident.ID, bool, error) {
	known := q.registry.kinds[k.Name]
	if known == nil {
		return 0, false, fmt.Errorf("add job: the kind %q is not registered", k.Name)
	}
	if err := o.check(); err != nil {
		return 0, false, fmt.Errorf("add job %s: %w", k.Name, err)
	}
	text, err := encode("arguments of job "+k.Name, args, MaxArgs)
	if errors.Is(err, errTooLong) {
		return 0, false, fault.Wrap(fault.TooLarge, "job.args_too_long", err, "max", MaxArgs)
	}
	if err != nil {
		return 0, false, err
	}
	id, added, err := q.add(ctx, tx, known, text, o)
	if err != nil {
		return 0, false, fmt.Errorf("add job %s: %w", k.Name, err)
	}
	return id, added, nil
}

func (o Options) check() error {
	switch {
	case o.Priority < -MaxPriority || o.Priority > MaxPriority:
		return fmt.Errorf("priority %d is out of range", o.Priority)
	case len(o.Unique) > MaxUnique || strings.ContainsRune(o.Unique, 0) || strings.ToValidUTF8(o.Unique, "") != o.Unique:
		return fmt.Errorf("unique text %.20q is too long or not text", o.Unique)
	case o.Actor < 0:
		return fmt.Errorf("actor %d is no key", o.Actor)
	}
	return nil
}

// add inserts the row. The queue of this process hears of it when the transaction is committed; others are told by the database.
func (q *Queue) add(ctx context.Context, tx *db.Tx, k *kind, args string, o Options) (ident.ID, bool, error) {
	now, at, state := q.micros(), o.At.UnixMicro(), ready
	if o.At.IsZero() || at <= now {
		at = now
	} else {
		state = planned
	}
	id := q.set.IDs.Next()
	values := []any{int64(id), k.name, args, int64(state), k.lane(), at, int64(o.Priority), int64(k.max), int64(o.Actor), nil}
	if o.Unique == "" {
		tx.After(q.Poke)
		return id, true, tx.Later(ctx, insertJob, values...)
	}
	values[len(values)-1] = o.Unique
	for range uniqueTries {
		n, err := tx.Exec(ctx, insertUnique, values...)
		if err != nil {
			return 0, false, err
		}
		if n == 1 {
			tx.After(q.Poke)
			return id, true, nil
		}
		row, found, err := db.One(ctx, tx, `SELECT id FROM job WHERE kind = $1 AND uniq = $2 AND uniq IS NOT NULL AND state < 2`, k.name, o.Unique)
		if err != nil {
			return 0, false, err
		}
		if found {
			return ident.ID(row.Int(0)), false, nil
		}
	}
	return 0, false, fault.New(fault.Unavailable, "error.unavailable")
}
