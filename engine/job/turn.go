package job

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"ashna/engine/db"
	"ashna/kit/ident"
)

// turn is one transaction of the queue: it settles what ended, looks after leases, fires schedules, makes due what was planned, and
// claims what free workers can take. What it learns counts only when the transaction is committed.
type turn struct {
	*loop
	now     int64
	busy    map[string]int // running tries by kind
	free    int            // workers without a try
	claimed []*try
	beats   map[beat]bool // leases that were extended, to whether their job is cancelled
	upkeep  bool
	fires   bool
	next    int64 // the earliest planned instant, 0 when there is none
	slot    int64 // the next slot, when slots were read
}

// turn runs a turn and starts what it claimed.
func (l *loop) turn(ctx context.Context, stopping bool) error {
	var t turn
	running := l.queue.snapshot()
	err := l.queue.write(ctx, func(ctx context.Context, tx *db.Tx) error {
		t = l.newTurn(running, stopping)
		return t.do(ctx, tx, running)
	})
	if err != nil {
		return err
	}
	l.commit(ctx, &t, running)
	return nil
}

func (l *loop) newTurn(running []*try, stopping bool) turn {
	t := turn{loop: l, now: l.queue.micros(), busy: kindsOf(running)}
	t.upkeep = t.now >= l.upkeepAt
	if !stopping {
		t.free = l.queue.set.Workers - len(running)
		t.fires = t.now >= l.slotAt || t.upkeep
	}
	return t
}

func (t *turn) do(ctx context.Context, tx *db.Tx, running []*try) error {
	if err := t.queue.settle(ctx, tx, t.outcomes, t.now); err != nil {
		return err
	}
	if t.upkeep {
		if err := t.keepUp(ctx, tx, running); err != nil {
			return err
		}
	}
	if t.fires {
		if err := t.fire(ctx, tx); err != nil {
			return err
		}
	}
	if t.free <= 0 {
		return nil
	}
	if err := t.promote(ctx, tx); err != nil {
		return err
	}
	if err := t.claim(ctx, tx); err != nil || t.free <= 0 {
		return err
	}
	row, _, err := db.One(ctx, tx, `SELECT min(run_at) FROM job WHERE state = -1`)
	if err == nil {
		t.next = row.Int(0)
	}
	return err
}

// commit takes over what a committed turn did.
func (l *loop) commit(ctx context.Context, t *turn, running []*try) {
	l.report()
	l.outcomes = l.outcomes[:0]
	l.turns++
	l.hungry = t.free <= 0
	l.planned = t.next
	if t.upkeep {
		l.upkeepAt, l.first = t.now+beatEvery.Microseconds(), false
		l.heed(running, t.beats)
	}
	if t.fires {
		l.slotAt = t.slot
	}
	for _, c := range t.claimed {
		l.queue.start(ctx, c)
	}
}

// promote makes ready what was planned for now or earlier.
func (t *turn) promote(ctx context.Context, tx *db.Tx) error {
	return tx.Later(ctx, `WITH due AS MATERIALIZED (SELECT id FROM job WHERE state = -1 AND run_at <= $1 ORDER BY run_at LIMIT $2`+
		tx.Dialect().SkipLocked+`) UPDATE job SET state = 0 WHERE id IN (SELECT id FROM due)`, t.now, int64(promoteBatch))
}

// claim takes jobs lane by lane, beginning with another lane each time, so that no lane starves another.
func (t *turn) claim(ctx context.Context, tx *db.Tx) error {
	lanes, err := t.lanes(ctx, tx)
	if err != nil {
		return err
	}
	for i := range lanes {
		lane := lanes[(i+t.turns)%len(lanes)]
		n := t.free
		if lane != "" {
			n = min(n, t.room(lane))
		}
		if n <= 0 {
			continue
		}
		if err := t.claimLane(ctx, tx, lane, n); err != nil {
			return err
		}
	}
	slices.SortFunc(t.claimed, func(a, b *try) int {
		return cmp.Or(cmp.Compare(a.priority, b.priority), cmp.Compare(a.runAt, b.runAt), cmp.Compare(a.job.ID, b.job.ID))
	})
	return nil
}

// room is how many more jobs of a kind with a limit may run.
func (t *turn) room(kind string) int { return t.queue.registry.kinds[kind].limit - t.busy[kind] }

// lanes gives the lanes with ready jobs that this process may run.
func (t *turn) lanes(ctx context.Context, tx *db.Tx) ([]string, error) {
	if len(t.queue.limited) == 0 {
		return []string{""}, nil
	}
	return t.queue.waitingLanes(ctx, tx)
}

// waitingLanes gives the lanes with ready jobs: that without a name, and those of the kinds with a limit.
func (q *Queue) waitingLanes(ctx context.Context, r db.Querier) ([]string, error) {
	args := []any{""}
	for _, name := range q.limited {
		args = append(args, name)
	}
	var lanes []string
	err := db.Each(ctx, r, `SELECT column1 FROM (VALUES `+marks(len(args), 1, "(", ")")+`) AS l WHERE EXISTS (SELECT 1 FROM job WHERE state = 0 AND lane = column1)`,
		args, func(row db.Row) error {
			lanes = append(lanes, row.Text(0))
			return nil
		})
	return lanes, err
}

// marks spells n arguments from the first on, each between two texts: "($1), ($2)".
func marks(n, first int, before, after string) string {
	list := make([]string, n)
	for i := range list {
		list[i] = before + "$" + strconv.Itoa(first+i) + after
	}
	return strings.Join(list, ", ")
}

// claimLane takes up to n jobs of a lane under one new token. Jobs over the limit of their kind, which were added by a process that
// knew no limit, move to their lane instead.
func (t *turn) claimLane(ctx context.Context, tx *db.Tx, lane string, n int) error {
	token := int64(t.queue.set.IDs.Next())
	var over []*try
	err := db.Each(ctx, tx, `WITH picked AS MATERIALIZED (SELECT id FROM job WHERE state = 0 AND lane = $1 ORDER BY priority, run_at LIMIT $2`+
		tx.Dialect().SkipLocked+`) UPDATE job SET state = 1, attempt = attempt + 1, token = $3, lease = $4 WHERE id IN (SELECT id FROM picked)`+
		` RETURNING id, kind, args, attempt, max_attempts, actor, priority, run_at`,
		[]any{lane, int64(n), token, t.now + leaseTime.Microseconds()}, func(row db.Row) error {
			c := t.read(row, token)
			if c.kind != nil && c.kind.limit > 0 && t.room(c.kind.name) <= 0 {
				over = append(over, c)
				return nil
			}
			t.busy[c.job.Kind]++
			t.free--
			t.claimed = append(t.claimed, c)
			return nil
		})
	if err != nil {
		return err
	}
	for _, c := range over {
		err := tx.Later(ctx, `UPDATE job SET state = 0, attempt = attempt - 1, token = 0, lane = $1 WHERE id = $2`, c.kind.lane(), int64(c.job.ID))
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *turn) read(row db.Row, token int64) *try {
	name := row.Text(1)
	return &try{
		job:  Job{ID: ident.ID(row.Int(0)), Kind: name, Attempt: int(row.Int(3)), Max: int(row.Int(4)), Actor: ident.ID(row.Int(5))},
		kind: t.queue.registry.kinds[name], args: row.Text(2), token: token, priority: row.Int(6), runAt: row.Int(7),
	}
}

// report tells the log and the metrics what became of the tries that were settled.
func (l *loop) report() {
	set := l.queue.set
	for _, t := range l.outcomes {
		set.Observe(t.job.Kind, l.queue.time.now().Sub(t.began), t.err)
		switch {
		case t.kind == nil:
			set.Log.Warn("job of an unknown kind put off", "kind", t.job.Kind, "job", t.job.ID.String())
		case t.err != nil && t.isSettled():
			set.Log.Warn("job failed after it was settled", "kind", t.job.Kind, "job", t.job.ID.String(), "err", t.err)
		case t.verdict() == isDead:
			set.Log.Error("job is dead", "kind", t.job.Kind, "job", t.job.ID.String(), "attempt", t.job.Attempt, "err", t.err)
		}
	}
}
