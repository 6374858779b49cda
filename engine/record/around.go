package record

import (
	"context"

	"ashna/engine/meta"
	"ashna/kit/calendar"
)

// Today is the day that it is in the workspace at the time of the transaction, in days since 1970, as dates are kept.
func (t *Tx) Today() int64 {
	return int64(calendar.DayOf(t.now, t.engine.state.Load().zone))
}

// Make saves a new record that follows from another one, for rules: fill sets its slots with Draft.Set, which nothing parses or checks
// beyond what every save does. The rules that run then hear from Draft.Made that the values come from the program.
func (t *Tx) Make(ctx context.Context, e *meta.Entity, fill func(*Draft)) (*Record, error) {
	who := t.System()
	d := &Draft{New: newRecord(e), made: true}
	fill(d)
	d.defaults(t.engine.state.Load().env, who)
	return t.save(ctx, who, d)
}

// Made says whether the draft is of a new record that another rule makes with Tx.Make.
func (d *Draft) Made() bool { return d.made }
