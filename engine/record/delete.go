package record

import (
	"context"
	"fmt"
	"strings"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/engine/row"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

const maxCascade = 10_000 // records that go with one

// Delete puts a record into the recycle bin, with those that belong to it. Links that say so are cleared; others refuse the deletion
// while live records use them.
func (t *Tx) Delete(ctx context.Context, who *access.Viewer, e *meta.Entity, id ident.ID, version int64) error {
	r, err := t.load(ctx, who, e, id, access.Delete)
	if err != nil {
		return err
	}
	if version != 0 && version != r.Version() {
		return fault.New(fault.Conflict, "record.stale", "version", r.Version())
	}
	return t.remove(ctx, r, t.now.UnixMicro())
}

// remove deletes a loaded record and then what goes with it; all of them carry the same moment, so that restoring brings back just those.
func (t *Tx) remove(ctx context.Context, r *Record, at int64) error {
	if err := t.enter(); err != nil {
		return err
	}
	defer t.leave()
	d := &Draft{Old: r, New: r.Clone()}
	d.New.Slots[meta.SlotDeleted] = at
	if err := t.before(ctx, d); err != nil {
		return err
	}
	if err := d.Faults().Or(); err != nil {
		return err
	}
	if err := t.mark(ctx, d, change.Delete); err != nil {
		return err
	}
	for _, list := range r.Entity.Lists {
		if err := t.release(ctx, list, r, at); err != nil {
			return err
		}
	}
	return nil
}

// mark writes the deletion or the return of one record.
func (t *Tx) mark(ctx context.Context, d *Draft, op change.Op) error {
	d.Stamp(t.now.UnixMicro(), t.who.User, t.engine.NextID)
	var fields []*meta.Attr
	for _, name := range []string{meta.FieldVersion, meta.FieldChangedAt, meta.FieldChangedBy, meta.FieldDeletedAt} {
		a, _ := d.Entity().Attr(name)
		fields = append(fields, a)
	}
	if err := t.update(ctx, d.New, fields); err != nil {
		return err
	}
	t.note(change.Change{
		Object: d.Entity().Name, Record: d.New.ID(), Version: d.New.Version(), Op: op, Fields: row.Difference(d.Old, d.New, fields[3:]),
	})
	t.index(d.New, d.Old, nil)
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

// release handles the records that link to one that is deleted.
func (t *Tx) release(ctx context.Context, list meta.List, r *Record, at int64) error {
	k, ok := list.Via.Kind.(meta.RefKind)
	onDelete := meta.Cascade
	if ok {
		onDelete = k.OnDelete
	}
	if onDelete == meta.Restrict {
		return t.refuseUsed(ctx, list, r)
	}
	linked, err := t.Find(ctx, list.Entity, list.Via.Name, int64(r.ID()), maxCascade+1)
	if err != nil {
		return err
	}
	if len(linked) > maxCascade {
		return fault.New(fault.Conflict, "record.in_use")
	}
	for _, other := range linked {
		switch {
		case onDelete == meta.Cascade:
			err = t.remove(ctx, other, at)
		case list.Via.Derived:
			err = t.SetDerived(ctx, other, map[string][]any{list.Via.Name: make([]any, list.Via.Width)})
		default:
			_, err = t.change(ctx, t.System(), other, Patch{list.Via.Name: nil}, 0)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *Tx) refuseUsed(ctx context.Context, list meta.List, r *Record) error {
	text := "SELECT count(*) FROM (SELECT 1 FROM " + list.Entity.Table() + " WHERE " + list.Via.Columns[0] + " = $1 AND deleted = 0 LIMIT 1000) AS x"
	row, _, err := db.One(ctx, t.db, text, int64(r.ID()))
	if err != nil {
		return err
	}
	switch n := row.Int(0); {
	case n == 0:
		return nil
	case t.who.Rows(list.Entity, access.Read).All:
		return fault.New(fault.Conflict, "record.in_use", "object", list.Entity.Name, "n", n)
	}
	return fault.New(fault.Conflict, "record.in_use") // how many there are is not for everybody
}

// Restore brings a deleted record back, with the records that went with it. Links to records that are gone for good come back empty.
func (t *Tx) Restore(ctx context.Context, who *access.Viewer, e *meta.Entity, id ident.ID) (*Record, error) {
	r, err := t.engine.fetch(ctx, t.db, e, id, t.db.Dialect().LockFirm)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, notFound()
	}
	if err := t.engine.may(ctx, t.db, who, r, access.Delete); err != nil {
		return nil, err
	}
	if !r.Deleted() {
		return nil, fault.New(fault.Conflict, "record.not_deleted")
	}
	return t.revive(ctx, r)
}

func (t *Tx) revive(ctx context.Context, r *Record) (*Record, error) {
	if err := t.enter(); err != nil {
		return nil, err
	}
	defer t.leave()
	at := r.Number(meta.SlotDeleted)
	d := &Draft{Old: r, New: r.Clone()}
	d.New.Slots[meta.SlotDeleted] = int64(0)
	if err := t.parentsLive(ctx, d); err != nil {
		return nil, err
	}
	if err := t.mark(ctx, d, change.Restore); err != nil {
		return nil, err
	}
	for _, list := range r.Entity.Lists {
		gone, err := t.goneTogether(ctx, list, r.ID(), at)
		if err != nil {
			return nil, err
		}
		for _, other := range gone {
			if _, err := t.revive(ctx, other); err != nil && !waits(err) {
				return nil, err
			}
		}
	}
	if len(r.Entity.Rollups) == 0 {
		return d.New, nil
	}
	if err := t.derive(ctx, r.Entity, r.ID()); err != nil {
		return nil, err
	}
	return t.engine.fetch(ctx, t.db, r.Entity, r.ID(), "")
}

// waits says whether a record could not come back because something else that it needs is deleted: it stays where it is, and does not keep
// the others from coming back.
func waits(err error) bool {
	one := fault.Of(err)
	return one != nil && one.Key == "value.reference_deleted"
}

// parentsLive refuses to restore a record whose required link leads to a deleted one, which comes first, or to one that is gone for good.
func (t *Tx) parentsLive(ctx context.Context, d *Draft) error {
	for _, a := range d.Entity().Fields {
		if a.System || !a.Required || len(a.Targets()) == 0 {
			continue
		}
		object, id := row.LinkOf(a, d.New)
		target, ok := d.Entity().Catalog().Object(object)
		if ok && id != 0 {
			_, live, err := db.One(ctx, t.db, "SELECT 1 FROM "+target.Table()+" WHERE id = $1 AND deleted = 0", int64(id))
			if err != nil {
				return err
			}
			if live {
				continue
			}
		}
		return fault.New(fault.Conflict, "value.reference_deleted", "field", a.Name).In(a.Name)
	}
	return nil
}

// goneTogether finds records that were deleted in the same moment as one that they link to. What belongs to it is found whenever it was
// deleted, for the moment 0.
func (t *Tx) goneTogether(ctx context.Context, list meta.List, id ident.ID, at int64) ([]*Record, error) {
	l := t.engine.layout(list.Entity)
	var gone []*Record
	text := l.selects + " WHERE " + list.Via.Columns[0] + " = $1 AND (deleted = $2 OR $2 = 0) AND deleted > 0 ORDER BY id LIMIT " + fmt.Sprint(maxCascade)
	err := db.Each(ctx, t.db, text, []any{int64(id), at}, func(row db.Row) error {
		gone = append(gone, l.record(row))
		return nil
	})
	return gone, err
}

// Purge removes a deleted record for good, with the deleted records that belong to it or were deleted with it. Its history stays, with the
// values it had; links of other deleted records to it are cleared.
func (t *Tx) Purge(ctx context.Context, who *access.Viewer, e *meta.Entity, id ident.ID) error {
	if err := t.enter(); err != nil {
		return err
	}
	defer t.leave()
	r, err := t.engine.fetch(ctx, t.db, e, id, t.db.Dialect().LockFirm)
	if err != nil {
		return err
	}
	if r == nil {
		return notFound()
	}
	if err := t.engine.may(ctx, t.db, who, r, access.Delete); err != nil {
		return err
	}
	if !r.Deleted() {
		return fault.New(fault.Conflict, "record.not_deleted")
	}
	for _, list := range r.Entity.Lists {
		if err := t.purgeLinks(ctx, list, r); err != nil {
			return err
		}
	}
	if err := t.erase(ctx, e, id); err != nil {
		return err
	}
	t.note(change.Change{Object: e.Name, Record: id, Version: r.Version() + 1, Op: change.Purge, Fields: []byte("{}")})
	t.raiseFor(e)
	return nil
}

// purgeLinks removes the deleted records of a list that go with a record, and clears the links of the other deleted ones.
func (t *Tx) purgeLinks(ctx context.Context, list meta.List, r *Record) error {
	if err := t.refuseUsed(ctx, list, r); err != nil {
		return err
	}
	at := r.Number(meta.SlotDeleted)
	if list.Entity.ParentVia == list.Via {
		at = 0
	}
	for {
		gone, err := t.goneTogether(ctx, list, r.ID(), at)
		if err != nil {
			return err
		}
		if len(gone) == 0 {
			break
		}
		for _, other := range gone {
			if err := t.Purge(ctx, t.System(), other.Entity, other.ID()); err != nil {
				return err
			}
		}
	}
	via := list.Via
	text := "UPDATE " + list.Entity.Table() + " SET " + strings.Join(via.Columns, " = NULL, ") + " = NULL WHERE " + via.Columns[0] + " = $1 AND deleted > 0"
	return t.db.Later(ctx, text, int64(r.ID()))
}

// erase removes the row of a record and what is kept beside it.
func (t *Tx) erase(ctx context.Context, e *meta.Entity, id ident.ID) error {
	for _, text := range []string{
		"DELETE FROM record_share WHERE object = $2 AND record = $1", "DELETE FROM follower WHERE object = $2 AND record = $1",
	} {
		if err := t.db.Later(ctx, text, int64(id), e.Name); err != nil {
			return err
		}
	}
	for _, do := range t.engine.purged {
		if err := do(ctx, t, e.Name, id); err != nil {
			return err
		}
	}
	t.search.Remove(int64(id))
	return t.db.Later(ctx, "DELETE FROM "+e.Table()+" WHERE id = $1", int64(id))
}
