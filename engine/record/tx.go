package record

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/engine/row"
	"ashna/engine/search"
	"ashna/kit/calendar"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

const (
	maxDepth   = 8       // saves inside saves
	maxChanges = 100_000 // changes of one transaction
)

// Tx is a transaction over records. Everything written in it is saved together with its rows of the log, or not at all.
type Tx struct {
	engine  *Engine
	db      *db.Tx
	who     *access.Viewer
	via     change.Via
	cause   int64
	depth   int
	nested  int
	now     time.Time
	changes []change.Change
	raised  map[string]bool
	fresh   map[ident.ID]bool // records made in this transaction
	known   map[int64]knownTarget
	shared  bool // a share was given in this transaction
	search  search.Queue
	order   func(string) []byte // makes order keys
	sorts   string              // the language of the order keys
	world   *world
}

// Write runs do in a transaction on behalf of a viewer, appends what changed to the log as the last statements, and returns when it is on
// disk. Do may run again, so it touches nothing but the transaction. When the catalog of the viewer is so old that the write would leave
// something wrong, nothing is written and the error is an Unavailable fault with ErrStale inside; see Fresh.
func (e *Engine) Write(ctx context.Context, who *access.Viewer, via change.Via, do func(*Tx) error) error {
	var t *Tx
	err := e.db.Write(ctx, func(tx *db.Tx) error {
		t = e.newTx(tx, who, via)
		if err := holdShape(ctx, tx, "_shared"); err != nil {
			return err
		}
		if err := do(t); err != nil {
			return t.explain(err)
		}
		return t.explain(t.finish(ctx))
	})
	if err != nil {
		return e.explain(who.Catalog, err)
	}
	if len(t.raised) > 0 {
		e.takeOver(ctx)
	}
	return nil
}

func (e *Engine) newTx(tx *db.Tx, who *access.Viewer, via change.Via) *Tx {
	s := e.state.Load()
	return &Tx{
		engine: e, db: tx, who: who, via: via, now: e.clock.Now(),
		order: s.order.Key, sorts: s.settings.Language,
		raised: map[string]bool{}, fresh: map[ident.ID]bool{}, known: map[int64]knownTarget{},
	}
}

// finish writes what was put off: the search index, the epochs, and the log as the last statement.
func (t *Tx) finish(ctx context.Context) error {
	if err := t.search.Flush(ctx, t.db); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(t.raised)) {
		if err := raise(ctx, t.db, name); err != nil {
			return err
		}
	}
	for i := range t.changes {
		t.changes[i].Cause, t.changes[i].Depth = t.cause, t.depth
	}
	return change.AppendIf(ctx, t.db, t.changes, "SELECT value FROM epoch WHERE name = '"+epochCatalog+"'", func(version int64) error {
		return t.upToDate(ctx, version)
	})
}

// Now is the time of the transaction.
func (t *Tx) Now() time.Time { return t.now }

// Today is the day that it is in the workspace at the time of the transaction, in days since 1970, as dates are kept.
func (t *Tx) Today() int64 {
	return int64(calendar.DayOf(t.now, t.engine.state.Load().zone))
}

// DB is the transaction of the database, for services that keep tables of their own.
func (t *Tx) DB() *db.Tx { return t.db }

// Who is the viewer that the transaction runs for.
func (t *Tx) Who() *access.Viewer { return t.who }

// Via is the way in.
func (t *Tx) Via() change.Via { return t.via }

// System is the viewer to use for what the program itself does in the transaction.
func (t *Tx) System() *access.Viewer {
	return access.NewSystem(t.who.Catalog, t.who.Policy, t.who.User)
}

// Fresh says whether a record was made in this transaction.
func (t *Tx) Fresh(id ident.ID) bool { return t.fresh[id] }

// Country is that of the workspace: phone numbers and codes are read as there.
func (t *Tx) Country() string { return t.engine.Settings().Country }

// SetDerived writes fields of a record that only the program writes, without a new version: what they show follows from another change.
// Formulas over them follow. A name that is no field, or a wrong count of slots, is an error.
func (t *Tx) SetDerived(ctx context.Context, r *Record, values map[string][]any) error {
	now := r.Clone()
	for name, slots := range values {
		a, ok := r.Entity.Attr(name)
		if !ok || a.Part != nil || len(slots) != a.Width {
			return fmt.Errorf("set %s.%s: %d slots do not fit", r.Entity.Name, name, len(slots))
		}
		copy(now.Slots[a.At:], slots)
	}
	if err := t.engine.computeStored(t.who, now); err != nil {
		return err
	}
	_, err := t.follow(ctx, r, now)
	return err
}

// follow writes what differs between two states of a record without a new version, notes it, and lets roll-ups follow. It says whether
// anything differs.
func (t *Tx) follow(ctx context.Context, old, now *Record) (bool, error) {
	var touched []*meta.Attr
	for _, a := range now.Entity.Fields {
		if a.Stored && a.Width > 0 && !Same(a, old, now) {
			touched = append(touched, a)
		}
	}
	if len(touched) == 0 {
		return false, nil
	}
	if err := t.update(ctx, now, touched); err != nil {
		return true, err
	}
	t.note(change.Change{Object: now.Entity.Name, Record: now.ID(), Version: now.Version(), Op: change.Derive, Fields: row.Difference(old, now, touched)})
	t.index(now, old, touched)
	return true, t.rollUp(ctx, old, now)
}

// Event notes something that changed no record.
func (t *Tx) Event(object string, id ident.ID, fields json.RawMessage) {
	t.note(change.Change{Object: object, Record: id, Op: change.Event, Fields: fields})
}

func (t *Tx) note(c change.Change) {
	c.At, c.Actor, c.Via = t.now.UnixMicro(), t.who.User, t.via
	t.changes = append(t.changes, c)
}

// enter bounds how deep rules may save from within a save.
func (t *Tx) enter() error {
	if t.nested++; t.nested > maxDepth || len(t.changes) > maxChanges {
		return fault.New(fault.Invalid, "record.too_deep", "max", maxDepth)
	}
	return nil
}

func (t *Tx) leave() { t.nested-- }

// lockObject keeps two transactions from changing the shape of one tree at once, where several write.
func (t *Tx) lockObject(ctx context.Context, e *meta.Entity) error {
	if !t.db.Dialect().Lateral {
		return nil
	}
	return t.db.Later(ctx, "SELECT pg_advisory_xact_lock(4712, hashtext(current_schema() || $1))", e.Name)
}
