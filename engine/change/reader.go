package change

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"ashna/engine/db"
)

// Match says which changes a reader wants; none of a list means all.
type Match struct {
	Objects []string
	Ops     []Op
}

// Wants says whether a change is among them.
func (m Match) Wants(c Change) bool {
	return (len(m.Objects) == 0 || slices.Contains(m.Objects, c.Object)) && (len(m.Ops) == 0 || slices.Contains(m.Ops, c.Op))
}

// Reader reacts to changes. Its place in the log is kept in the database and moves in the transaction of what it does, so each change is
// done once, also after a crash; should a transaction be run again, Do sees its changes again.
type Reader struct {
	Name  string
	Match Match
	Do    func(ctx context.Context, tx *db.Tx, changes []Change) error
}

const (
	batchSize  = 500
	retryAfter = time.Second
	idlePoll   = 5 * time.Second
)

// Follow runs a reader until ctx ends: at once after commits of this process or another, and every few seconds in any case. A failure is
// logged and tried again; the reader does not move past a change it could not do.
func Follow(ctx context.Context, d *db.DB, r Reader, log *slog.Logger) {
	signals, stop := d.Committed()
	defer stop()
	for {
		n, err := Step(ctx, d, r)
		wait := idlePoll
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			log.Error("follow the log", "reader", r.Name, "err", err)
			wait = retryAfter
		case n == batchSize:
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		case <-signals:
			timer.Stop()
		}
	}
}

// Step takes one batch of changes and says how many it read. A reader that is new begins at the end of the log.
func Step(ctx context.Context, d *db.DB, r Reader) (int, error) {
	var seq int64
	var changes []Change
	err := d.Read(ctx, func(q db.Querier) error {
		row, found, err := db.One(ctx, q, "SELECT seq FROM reader WHERE name = $1", r.Name)
		if err != nil {
			return err
		}
		if !found {
			seq = -1
			return nil
		}
		seq = row.Int(0)
		changes, err = Since(ctx, q, seq, batchSize)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("read log for %s: %w", r.Name, err)
	}
	if seq < 0 {
		return 0, Begin(ctx, d, r.Name)
	}
	if len(changes) == 0 {
		return 0, nil
	}
	wanted := slices.DeleteFunc(slices.Clone(changes), func(c Change) bool { return !r.Match.Wants(c) })
	err = d.Write(ctx, func(tx *db.Tx) error { return move(ctx, tx, r, seq, changes[len(changes)-1].Seq, wanted) })
	if err != nil {
		return 0, fmt.Errorf("react as %s: %w", r.Name, err)
	}
	return len(changes), nil
}

// move does the work and takes the place forward, unless another process did so meanwhile.
func move(ctx context.Context, tx *db.Tx, r Reader, from, to int64, wanted []Change) error {
	n, err := tx.Exec(ctx, "UPDATE reader SET seq = $1 WHERE name = $2 AND seq = $3", to, r.Name, from)
	if err != nil || n == 0 || len(wanted) == 0 {
		return err
	}
	return r.Do(ctx, tx, wanted)
}

// Begin puts a reader that has no place yet at the end of the log.
func Begin(ctx context.Context, d *db.DB, name string) error {
	return d.Write(ctx, func(tx *db.Tx) error {
		last, err := Last(ctx, tx)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "INSERT INTO reader (name, seq) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", name, last)
		return err
	})
}
