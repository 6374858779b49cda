package record

import (
	"context"
	"strings"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/engine/row"
	"ashna/engine/schema"
	"ashna/engine/setting"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

// Create makes a record: patch, defaults, rules, validation, save, log.
func (t *Tx) Create(ctx context.Context, who *access.Viewer, e *meta.Entity, patch Patch) (*Record, error) {
	if err := t.engine.mayCreate(who, e); err != nil {
		return nil, err
	}
	return t.save(ctx, who, t.engine.Draft(who, e, patch))
}

func (e *Engine) mayCreate(who *access.Viewer, entity *meta.Entity) error {
	return e.mayDo(who, entity, access.Create)
}

// mayDo checks a right on an object as a whole. An object that the viewer knows nothing of is not there.
func (e *Engine) mayDo(who *access.Viewer, entity *meta.Entity, right access.Right) error {
	switch {
	case who.Can(entity, right):
		return nil
	case visibleObject(who, entity):
		return fault.New(fault.Denied, "error.denied")
	}
	return fault.New(fault.NotFound, "value.unknown_object", "object", entity.Plural)
}

// Draft prepares a new record outside a transaction: it parses and checks everything that needs no database. What is wrong comes out when
// it is saved.
func (e *Engine) Draft(who *access.Viewer, entity *meta.Entity, patch Patch) *Draft {
	d := &Draft{New: row.New(entity)}
	env := e.state.Load().env
	d.Apply(env, who, patch)
	d.Defaults(env, who)
	return d
}

// Update changes a record as the patch says. A version other than 0 must be the present one.
func (t *Tx) Update(ctx context.Context, who *access.Viewer, e *meta.Entity, id ident.ID, patch Patch, version int64) (*Record, error) {
	old, err := t.load(ctx, who, e, id, access.Update)
	if err != nil {
		return nil, err
	}
	return t.change(ctx, who, old, patch, version)
}

// change patches a record that is loaded and locked.
func (t *Tx) change(ctx context.Context, who *access.Viewer, old *Record, patch Patch, version int64) (*Record, error) {
	if version != 0 && version != old.Version() {
		return nil, fault.New(fault.Conflict, "record.stale", "version", old.Version())
	}
	d := &Draft{Old: old, New: old.Clone()}
	d.Apply(t.engine.state.Load().env, who, patch)
	d.Moved(who.Policy, patch)
	return t.save(ctx, who, d)
}

// Make saves a new record that follows from another one, for rules: fill sets its slots with Draft.Set, which nothing parses or checks
// beyond what every save does. The rules that run then hear from Draft.Made that the values come from the program.
func (t *Tx) Make(ctx context.Context, e *meta.Entity, fill func(*Draft)) (*Record, error) {
	who := t.System()
	d := row.Make(e)
	fill(d)
	d.Defaults(t.engine.state.Load().env, who)
	return t.save(ctx, who, d)
}

// Save writes a draft and gives the record as it is now; the draft of a new record stays as it was. Each step may note faults; all of them
// come back at once and nothing is written.
func (t *Tx) Save(ctx context.Context, who *access.Viewer, d *Draft) (*Record, error) {
	if d.Old == nil {
		d = d.Copy()
	}
	return t.save(ctx, who, d)
}

// save is Save for a draft that nobody else holds.
func (t *Tx) save(ctx context.Context, who *access.Viewer, d *Draft) (*Record, error) {
	if err := t.enter(); err != nil {
		return nil, err
	}
	defer t.leave()
	if err := t.before(ctx, d); err != nil {
		return nil, err
	}
	d.KeepOwned()
	if err := t.validate(ctx, who, d); err != nil {
		return nil, err
	}
	if err := t.number(ctx, d); err != nil {
		return nil, err
	}
	if err := t.compute(ctx, d); err != nil {
		return nil, err
	}
	links, err := t.linksOf(ctx, d)
	if err != nil {
		return nil, err
	}
	touched := append(d.Touched(), links...)
	if d.Old != nil && len(touched) == 0 {
		return d.New, nil
	}
	d.Stamp(t.now.UnixMicro(), t.who.User, t.engine.NextID)
	if err := t.store(ctx, d, touched); err != nil {
		return nil, err
	}
	t.log(d, touched)
	if err := t.settle(ctx, who, d, touched); err != nil {
		return nil, err
	}
	return d.New, nil
}

// before runs the rules that may still change the draft.
func (t *Tx) before(ctx context.Context, d *Draft) error {
	for _, r := range t.engine.rules {
		if r.Before == nil || r.Object != "*" && r.Object != d.Entity().Name {
			continue
		}
		if err := r.Before(ctx, t, d); err != nil {
			return err
		}
	}
	return nil
}

// settle does what follows a save: links, children, roll-ups, search, and the rules that see the saved record.
func (t *Tx) settle(ctx context.Context, who *access.Viewer, d *Draft, touched []*meta.Attr) error {
	if err := t.saveMany(ctx, who, d, touched); err != nil {
		return err
	}
	if err := t.inherit(ctx, d); err != nil {
		return err
	}
	t.index(d.New, d.Old, touched)
	t.raiseFor(d.Entity())
	for _, r := range t.engine.rules {
		if r.After == nil || r.Object != "*" && r.Object != d.Entity().Name {
			continue
		}
		if err := r.After(ctx, t, d); err != nil {
			return err
		}
	}
	return t.rollUp(ctx, d.Old, d.New)
}

// raiseFor makes every process load again what is kept in memory of an object.
func (t *Tx) raiseFor(e *meta.Entity) {
	switch e.Name {
	case meta.ObjectUser, meta.ObjectTeam, meta.ObjectBranch, meta.ObjectRole, access.ObjectAssignment:
		t.raised[epochPolicy] = true
	case setting.ObjectRate:
		t.raised[epochSettings] = true
	}
}

// store writes the row: all columns of a new record, the touched ones of an old.
func (t *Tx) store(ctx context.Context, d *Draft, touched []*meta.Attr) error {
	e := d.Entity()
	if d.Old == nil {
		return t.db.Later(ctx, t.engine.layout(e).insert, schema.Row(e, d.New.Slots, t.order)...)
	}
	version, _ := e.Attr(meta.FieldVersion)
	changedAt, _ := e.Attr(meta.FieldChangedAt)
	changedBy, _ := e.Attr(meta.FieldChangedBy)
	return t.update(ctx, d.New, append([]*meta.Attr{version, changedAt, changedBy}, touched...))
}

// update writes some fields of a record.
func (t *Tx) update(ctx context.Context, r *Record, fields []*meta.Attr) error {
	delete(t.known, int64(r.ID()))
	var b strings.Builder
	b.WriteString("UPDATE " + r.Entity.Table() + " SET ")
	var args []any
	n := 0
	for _, a := range fields {
		for _, column := range schema.FieldColumns(a) {
			if n++; n > 1 {
				b.WriteString(", ")
			}
			b.WriteString(column + " = " + arg(n))
		}
		args = schema.AppendField(args, a, r.Slots, t.order)
	}
	b.WriteString(" WHERE id = " + arg(n+1))
	return t.db.Later(ctx, b.String(), append(args, int64(r.ID()))...)
}

// log notes what changed, before and after.
func (t *Tx) log(d *Draft, touched []*meta.Attr) {
	op := change.Update
	if d.Old == nil {
		op = change.Create
	}
	t.note(change.Change{Object: d.Entity().Name, Record: d.New.ID(), Version: d.New.Version(), Op: op, Fields: row.Difference(d.Old, d.New, touched)})
}

// load reads a record and locks it until the end of the transaction. Who may not see it hears that it is not there.
func (t *Tx) load(ctx context.Context, who *access.Viewer, e *meta.Entity, id ident.ID, right access.Right) (*Record, error) {
	lock := t.db.Dialect().Lock
	if right == access.Delete {
		lock = t.db.Dialect().LockFirm
	}
	r, err := t.engine.fetch(ctx, t.db, e, id, lock)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, notFound()
	}
	if err := t.engine.may(ctx, t.db, who, r, right); err != nil {
		return nil, err
	}
	switch {
	case r.Deleted() && !who.Can(e, access.Delete):
		return nil, notFound()
	case r.Deleted():
		return nil, fault.New(fault.Conflict, "record.deleted")
	}
	return r, nil
}

// Get reads a record inside the transaction, with what was written in it before.
func (t *Tx) Get(ctx context.Context, who *access.Viewer, e *meta.Entity, id ident.ID) (*Record, error) {
	r, err := t.engine.fetch(ctx, t.db, e, id, "")
	if err != nil {
		return nil, err
	}
	if r == nil || r.Deleted() {
		return nil, notFound()
	}
	return r, t.engine.may(ctx, t.db, who, r, access.Read)
}

// Find reads the live records of an object whose field has a value, oldest first, at most limit: for rules, without regard to rights.
func (t *Tx) Find(ctx context.Context, e *meta.Entity, field string, value any, limit int) ([]*Record, error) {
	a, ok := e.Attr(field)
	if !ok || a.Key == "" {
		return nil, fault.New(fault.Internal, "error.internal")
	}
	l := t.engine.layout(e)
	var list []*Record
	err := db.Each(ctx, t.db, l.selects+" WHERE "+a.Key+" = $1 AND deleted = 0 ORDER BY id LIMIT $2", []any{value, int64(limit)}, func(row db.Row) error {
		list = append(list, l.record(row))
		return nil
	})
	return list, err
}

func notFound() error { return fault.New(fault.NotFound, "error.not_found") }
