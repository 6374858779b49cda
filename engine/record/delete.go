package record

import (
	"context"
	"fmt"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/engine/meta"
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

// remove deletes a loaded record and what goes with it; all of them carry the same moment, so that restoring brings back just those.
func (t *Tx) remove(ctx context.Context, r *Record, at int64) error {
	if err := t.enter(); err != nil {
		return err
	}
	defer t.leave()
	d := &Draft{Old: r, New: r.clone()}
	d.New.Slots[meta.SlotDeleted] = at
	if err := t.before(ctx, d); err != nil {
		return err
	}
	if err := d.faults.Or(); err != nil {
		return err
	}
	for _, list := range r.Entity.Lists {
		if err := t.release(ctx, list, r, at); err != nil {
			return err
		}
	}
	return t.mark(ctx, d, change.Delete)
}

// mark writes the deletion or the return of one record.
func (t *Tx) mark(ctx context.Context, d *Draft, op change.Op) error {
	d.stamp(t.now.UnixMicro(), t.who.User, t.engine.NextID)
	var fields []*meta.Attr
	for _, name := range []string{meta.FieldVersion, meta.FieldChangedAt, meta.FieldChangedBy, meta.FieldDeletedAt} {
		a, _ := d.Entity().Attr(name)
		fields = append(fields, a)
	}
	if err := t.update(ctx, d.New, fields); err != nil {
		return err
	}
	t.note(change.Change{
		Object: d.Entity().Name, Record: d.New.ID(), Version: d.New.Version(), Op: op, Fields: difference(d.Old, d.New, fields[3:]),
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
		return fault.New(fault.Conflict, "record.in_use", "object", list.Entity.Name, "n", len(linked))
	}
	for _, other := range linked {
		if onDelete == meta.Cascade {
			err = t.remove(ctx, other, at)
		} else {
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
	if n := row.Int(0); n > 0 {
		return fault.New(fault.Conflict, "record.in_use", "object", list.Entity.Name, "n", n)
	}
	return nil
}

// Restore brings a deleted record back, with the records that went with it. Links to records that are gone for good come back empty.
func (t *Tx) Restore(ctx context.Context, who *access.Viewer, e *meta.Entity, id ident.ID) (*Record, error) {
	r, err := t.engine.fetch(ctx, t.db, e, id, t.db.Dialect().Lock)
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
	at := r.number(meta.SlotDeleted)
	d := &Draft{Old: r, New: r.clone()}
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
			if _, err := t.revive(ctx, other); err != nil {
				return nil, err
			}
		}
	}
	return d.New, nil
}

// parentsLive refuses to restore a record whose required link leads to a deleted one: that one comes first.
func (t *Tx) parentsLive(ctx context.Context, d *Draft) error {
	for _, a := range d.Entity().Fields {
		k, ok := a.Kind.(meta.RefKind)
		if !ok || a.System || !a.Required || d.New.number(a.At) == 0 {
			continue
		}
		target, ok := d.Entity().Catalog().Object(k.To)
		if !ok {
			continue
		}
		_, live, err := db.One(ctx, t.db, "SELECT 1 FROM "+target.Table()+" WHERE id = $1 AND deleted = 0", d.New.number(a.At))
		if err != nil {
			return err
		}
		if !live {
			return fault.New(fault.Conflict, "value.reference_deleted", "field", a.Name).In(a.Name)
		}
	}
	return nil
}

// goneTogether finds the records that were deleted in the same moment because they belonged to one.
func (t *Tx) goneTogether(ctx context.Context, list meta.List, id ident.ID, at int64) ([]*Record, error) {
	l := t.engine.layout(list.Entity)
	var gone []*Record
	text := l.selects + " WHERE " + list.Via.Columns[0] + " = $1 AND deleted = $2 AND deleted > 0 ORDER BY id LIMIT " + fmt.Sprint(maxCascade)
	err := db.Each(ctx, t.db, text, []any{int64(id), at}, func(row db.Row) error {
		gone = append(gone, l.record(row))
		return nil
	})
	return gone, err
}

// Purge removes a deleted record for good. Its history stays, with the values it had; links of other deleted records to it are cleared.
func (t *Tx) Purge(ctx context.Context, who *access.Viewer, e *meta.Entity, id ident.ID) error {
	r, err := t.engine.fetch(ctx, t.db, e, id, t.db.Dialect().Lock)
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
		if err := t.refuseUsed(ctx, list, r); err != nil {
			return err
		}
		gone, err := t.goneTogether(ctx, list, id, r.number(meta.SlotDeleted))
		if err != nil {
			return err
		}
		for _, other := range gone {
			if err := t.Purge(ctx, t.System(), other.Entity, other.ID()); err != nil {
				return err
			}
		}
		if err := t.db.Later(ctx, "UPDATE "+list.Entity.Table()+" SET "+list.Via.Columns[0]+" = NULL WHERE "+list.Via.Columns[0]+" = $1 AND deleted > 0",
			int64(id)); err != nil {
			return err
		}
	}
	for _, text := range []string{
		"DELETE FROM record_share WHERE record = $1", "DELETE FROM follower WHERE record = $1", "DELETE FROM " + e.Table() + " WHERE id = $1",
	} {
		if err := t.db.Later(ctx, text, int64(id)); err != nil {
			return err
		}
	}
	for _, do := range t.engine.purged {
		if err := do(ctx, t, e.Name, id); err != nil {
			return err
		}
	}
	t.search.remove(id)
	t.note(change.Change{Object: e.Name, Record: id, Version: r.Version() + 1, Op: change.Purge, Fields: []byte("{}")})
	t.raiseFor(e)
	return nil
}
