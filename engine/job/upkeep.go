package job

import (
	"context"
	"math"
	"time"

	"ashna/engine/db"
)

// beat names one lease.
type beat struct{ id, token int64 }

func (t *try) beat() beat { return beat{int64(t.job.ID), t.token} }

// keepUp extends the leases of running jobs, frees those that ran out, removes ended jobs whose time is over, and brings jobs home
// from lanes that nobody serves any more.
func (t *turn) keepUp(ctx context.Context, tx *db.Tx, running []*try) error {
	if t.first && t.queue.set.Alone {
		if err := tx.Later(ctx, `UPDATE job SET lease = 0 WHERE state = 1`); err != nil {
			return err
		}
	}
	if err := t.extend(ctx, tx, running); err != nil {
		return err
	}
	if err := t.freeExpired(ctx, tx); err != nil {
		return err
	}
	if err := tx.Later(ctx, `DELETE FROM job WHERE id IN (SELECT id FROM job WHERE state >= 2 AND expires_at <= $1 LIMIT $2)`, t.now, int64(purgeBatch)); err != nil {
		return err
	}
	args := []any{""}
	for _, name := range t.queue.limited {
		args = append(args, name)
	}
	return tx.Later(ctx, `UPDATE job SET lane = '' WHERE state = 0 AND lane NOT IN (`+marks(len(args), 1, "", "")+`)`, args...)
}

// extend gives each running try a new lease, and notes which ones got it and which are cancelled.
func (t *turn) extend(ctx context.Context, tx *db.Tx, running []*try) error {
	t.beats = map[beat]bool{}
	if len(running) == 0 {
		return nil
	}
	var ids, tokens []int64
	for _, r := range running {
		ids, tokens = append(ids, int64(r.job.ID)), append(tokens, r.token)
	}
	d := tx.Dialect()
	return db.Each(ctx, tx, `UPDATE job SET lease = $1 WHERE state = 1 AND `+d.InInts("id", 2)+` AND `+d.InInts("token", 3)+` RETURNING id, token, cancel`,
		[]any{t.now + leaseTime.Microseconds(), d.Ints(ids), d.Ints(tokens)}, func(row db.Row) error {
			t.beats[beat{row.Int(0), row.Int(1)}] = row.Int(2) == 1
			return nil
		})
}

// freeExpired takes jobs from workers that were silent for too long. A job that took its last try, or that is cancelled, is dead, so
// that one which kills its process does not do so for ever.
func (t *turn) freeExpired(ctx context.Context, tx *db.Tx) error {
	err := tx.Later(ctx, `UPDATE job SET state = 2, token = 0, error = CASE WHEN cancel = 1 THEN $1 ELSE $2 END, done_at = $3, expires_at = $4`+
		` WHERE state = 1 AND lease < $3 AND (cancel = 1 OR attempt >= max_attempts)`,
		ErrCancelled.Error(), errVanished.Error(), t.now, t.now+t.queue.set.Retention.Microseconds())
	if err != nil {
		return err
	}
	return tx.Later(ctx, `UPDATE job SET state = 0, token = 0, error = $1 WHERE state = 1 AND lease < $2`, errVanished.Error(), t.now)
}

// heed ends the contexts of tries that were cancelled or whose lease is gone.
func (l *loop) heed(running []*try, beats map[beat]bool) {
	for _, t := range running {
		cancelled, kept := beats[t.beat()]
		switch {
		case t.isSettled():
		case !kept:
			t.stop(ErrLost)
		case cancelled:
			t.stop(ErrCancelled)
		}
	}
}

// fire adds the jobs of schedules that are due and moves each to its next slot, in the transaction of the turn: so a slot runs once,
// and none is lost while nothing runs.
func (t *turn) fire(ctx context.Context, tx *db.Tx) error {
	t.slot = math.MaxInt64
	if len(t.queue.registry.schedules) == 0 {
		return nil
	}
	stored := map[string]slotRow{}
	err := db.Each(ctx, tx, `SELECT name, next_at, spec FROM schedule`, nil, func(row db.Row) error {
		stored[row.Text(0)] = slotRow{at: row.Int(1), spec: row.Text(2)}
		return nil
	})
	if err != nil {
		return err
	}
	for _, s := range t.queue.registry.schedules {
		row, known := stored[s.name]
		next, err := t.fireOne(ctx, tx, s, row, known)
		if err != nil {
			return err
		}
		t.slot = min(t.slot, next)
	}
	return nil
}

// slotRow is the row of a schedule.
type slotRow struct {
	at   int64
	spec string
}

// fireOne gives the next slot of a schedule after it did what is due now.
func (t *turn) fireOne(ctx context.Context, tx *db.Tx, s *scheduled, row slotRow, known bool) (int64, error) {
	next := s.at.Next(time.UnixMicro(t.now)).UnixMicro()
	switch {
	case !known:
		return next, tx.Later(ctx, `INSERT INTO schedule(name, next_at, spec) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, s.name, next, s.at.String())
	case row.at <= t.now:
		_, mine, err := db.One(ctx, tx, `SELECT name FROM schedule WHERE name = $1 AND next_at <= $2`+tx.Dialect().SkipLocked, s.name, t.now)
		if err != nil || !mine {
			return next, err
		}
		if _, _, err := t.queue.add(ctx, tx, s.kind, s.args, Options{Unique: "schedule/" + s.name}); err != nil {
			return 0, err
		}
	case row.spec == s.at.String() && row.at <= next+slotLead.Microseconds():
		return row.at, nil
	}
	return next, tx.Later(ctx, `UPDATE schedule SET next_at = $1, spec = $2 WHERE name = $3`, next, s.at.String(), s.name)
}
