package record

import (
	"context"
	"encoding/json"
	"time"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/engine/meta"
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
	search  searchQueue
	world   *world
}

// Write runs do in a transaction on behalf of a viewer, appends what changed to the log as the last statements, and returns when it is on
// disk. Do may run again, so it touches nothing but the transaction.
func (e *Engine) Write(ctx context.Context, who *access.Viewer, via change.Via, do func(*Tx) error) error {
	var t *Tx
	err := e.db.Write(ctx, func(tx *db.Tx) error {
		t = &Tx{engine: e, db: tx, who: who, via: via, now: e.clock.Now(), raised: map[string]bool{}, fresh: map[ident.ID]bool{}, known: map[int64]knownTarget{}}
		if err := do(t); err != nil {
			return t.explain(err)
		}
		return t.explain(t.finish(ctx))
	})
	if err != nil {
		return e.explain(who.Catalog, err)
	}
	if len(t.raised) > 0 {
		return e.reload(ctx)
	}
	return nil
}

// finish writes what was put off: the search index, the epochs, and the log as the last statement.
func (t *Tx) finish(ctx context.Context) error {
	if err := t.search.flush(ctx, t.db); err != nil {
		return err
	}
	for name := range t.raised {
		if err := raise(ctx, t.db, name); err != nil {
			return err
		}
	}
	for i := range t.changes {
		t.changes[i].Cause, t.changes[i].Depth = t.cause, t.depth
	}
	return change.Append(ctx, t.db, t.changes)
}

// Now is the time of the transaction.
func (t *Tx) Now() time.Time { return t.now }

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
func (t *Tx) SetDerived(ctx context.Context, r *Record, values map[string][]any) error {
	now := r.clone()
	var touched []*meta.Attr
	for _, a := range r.Entity.Fields {
		slots, ok := values[a.Name]
		if !ok || len(slots) != a.Width {
			continue
		}
		copy(now.Slots[a.At:], slots)
		if !Same(a, r, now) {
			touched = append(touched, a)
		}
	}
	if len(touched) == 0 {
		return nil
	}
	if err := t.update(ctx, now, touched); err != nil {
		return err
	}
	t.note(change.Change{Object: r.Entity.Name, Record: r.ID(), Version: r.Version(), Op: change.Derive, Fields: difference(r, now, touched)})
	t.index(now, r, touched)
	return t.rollUp(ctx, r, now)
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
