package record

import (
	"context"
	"fmt"

	"ashna/engine/access"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/engine/row"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

const familyBatch = 500 // records that are read at once

// inherit gives the records below a record its owner, team and branch, which decide who sees them, and what is shared with whom.
func (t *Tx) inherit(ctx context.Context, d *Draft) error {
	if d.Old == nil {
		return t.adopt(ctx, d)
	}
	via := d.Entity().ParentVia
	if via != nil && !Same(via, d.Old, d.New) {
		if err := t.family(ctx, d.New, func(object string, id ident.ID) error { return t.shareAnew(ctx, d, object, id) }); err != nil {
			return err
		}
	}
	if !d.Changed(meta.FieldOwner) && !d.Changed(meta.FieldTeam) && !d.Changed(meta.FieldBranch) {
		return nil
	}
	return t.handDown(ctx, d.New)
}

// handDown writes owner, team and branch of a record into all that belong to it, at any depth, deleted ones too: they may come back.
func (t *Tx) handDown(ctx context.Context, parent *Record) error {
	if err := t.enter(); err != nil {
		return err
	}
	defer t.leave()
	return t.children(ctx, parent, func(old *Record) error {
		now := old.Clone()
		for _, slot := range []int{meta.SlotOwner, meta.SlotTeam, meta.SlotBranch} {
			now.Slots[slot] = parent.Slots[slot]
		}
		if changed, err := t.follow(ctx, old, now); err != nil || !changed {
			return err
		}
		return t.handDown(ctx, now)
	})
}

// children calls do with each record that belongs to one, deleted ones too, in the order of their ids, and locks them.
func (t *Tx) children(ctx context.Context, r *Record, do func(*Record) error) error {
	for _, list := range r.Entity.Lists {
		if list.Entity.ParentVia != list.Via {
			continue
		}
		l := t.engine.layout(list.Entity)
		text := l.selects + " WHERE " + list.Via.Columns[0] + " = $1 AND id > $2 ORDER BY id LIMIT " + fmt.Sprint(familyBatch) + t.db.Dialect().Lock
		for last, more := int64(0), true; more; {
			var batch []*Record
			err := db.Each(ctx, t.db, text, []any{int64(r.ID()), last}, func(row db.Row) error {
				batch = append(batch, l.record(row))
				return nil
			})
			if err != nil {
				return err
			}
			for _, c := range batch {
				last = int64(c.ID())
				if err := do(c); err != nil {
					return err
				}
			}
			more = len(batch) == familyBatch
		}
	}
	return nil
}

// family calls do with a record and those that belong to it, at any depth. The catalog bounds the depth.
func (t *Tx) family(ctx context.Context, r *Record, do func(object string, id ident.ID) error) error {
	if err := do(r.Entity.Name, r.ID()); err != nil {
		return err
	}
	return t.children(ctx, r, func(c *Record) error { return t.family(ctx, c, do) })
}

// adopt gives a new record that belongs to a parent the shares of that parent; owner, team and branch it has already. A parent made in the
// same transaction has none, unless one was given in it.
func (t *Tx) adopt(ctx context.Context, d *Draft) error {
	t.fresh[d.New.ID()] = true
	t.known[int64(d.New.ID())] = knownTarget{d.Entity(), d.New.Owned(0)}
	_, id := d.New.Parent()
	if id == 0 || t.fresh[id] && !t.shared {
		return nil
	}
	return t.copyShares(ctx, d, d.Entity().Name, d.New.ID())
}

// shareAnew takes what was shared through the parent before, and gives what is shared of the parent now.
func (t *Tx) shareAnew(ctx context.Context, d *Draft, object string, id ident.ID) error {
	if err := t.db.Later(ctx, "DELETE FROM record_share WHERE object = $1 AND record = $2", object, int64(id)); err != nil {
		return err
	}
	return t.copyShares(ctx, d, object, id)
}

// copyShares gives a record what is shared of the parent of a draft.
func (t *Tx) copyShares(ctx context.Context, d *Draft, object string, id ident.ID) error {
	from, parent := d.New.Parent()
	return t.db.Later(ctx, "INSERT INTO record_share (object, principal, record, until, level, granted_by, granted_at) "+
		"SELECT $1, s.principal, $2"+t.intCast()+", s.until, s.level, s.granted_by, s.granted_at FROM record_share AS s "+
		"WHERE s.object = $3 AND s.record = $4 ON CONFLICT (object, principal, record) DO NOTHING", object, int64(id), from, int64(parent))
}

// ownedNow is who a record belongs to, with the level that its parent is shared at with a viewer: what the check of a part asks.
func (t *Tx) ownedNow(ctx context.Context, r *Record, rows access.Rows) (access.Owned, error) {
	object, id := r.Parent()
	if id == 0 || len(rows.Principals) == 0 || rows.Pass(r.Owned(0)) {
		return r.Owned(0), nil
	}
	parent, ok := t.who.Catalog.Object(object)
	if !ok {
		return r.Owned(0), nil
	}
	level, err := t.engine.shareLevel(ctx, t.db, parent, id, rows.Principals)
	return r.Owned(level), err
}

// linksOf reads the ids behind the links fields that a draft sets, and gives the fields that change. The ids before are left in Old, those
// after in New.
func (t *Tx) linksOf(ctx context.Context, d *Draft) ([]*meta.Attr, error) {
	if len(d.Links) == 0 {
		return nil, nil
	}
	var changed []*meta.Attr
	for _, a := range d.Entity().Fields {
		wanted, set := d.Links[a]
		if !set {
			continue
		}
		have, err := t.between(ctx, a, d)
		if err != nil {
			return nil, err
		}
		k := a.Kind.(meta.ManyKind)
		ids := make([]any, len(have))
		for i, r := range have {
			ids[i] = int64(r.Link(k.Far))
		}
		if row.SameMembers(ids, wanted) {
			continue
		}
		changed = append(changed, a)
		if d.Old != nil {
			d.Old.SetMany(a, ids)
		}
		d.New.SetMany(a, wanted)
	}
	return changed, nil
}

// inField blames a field for what went wrong behind it.
func inField(err error, field string) error {
	var list fault.List
	for _, f := range fault.All(err) {
		blamed := *f
		blamed.Field = field
		list = append(list, &blamed)
	}
	if len(list) == 0 {
		return err
	}
	return list
}

// between reads the records of the object between that link to the record of a draft.
func (t *Tx) between(ctx context.Context, a *meta.Attr, d *Draft) ([]*Record, error) {
	if d.Old == nil {
		return nil, nil
	}
	k := a.Kind.(meta.ManyKind)
	through, ok := a.Entity.Catalog().Object(k.Through)
	if !ok {
		return nil, fmt.Errorf("links %s.%s: no object %s", a.Entity.Name, a.Name, k.Through)
	}
	return t.Find(ctx, through, k.Near, int64(d.New.ID()), maxInverse)
}

// saveMany writes the links fields of a draft: the object between gets a record for each new id and loses those that are gone.
func (t *Tx) saveMany(ctx context.Context, who *access.Viewer, d *Draft, fields []*meta.Attr) error {
	for _, a := range fields {
		if _, set := d.Links[a]; !set {
			continue
		}
		k := a.Kind.(meta.ManyKind)
		have, err := t.between(ctx, a, d)
		if err != nil {
			return err
		}
		missing := map[ident.ID]bool{}
		for _, id := range d.Links[a] {
			missing[ident.ID(id.(int64))] = true
		}
		for _, r := range have {
			if far := r.Link(k.Far); missing[far] {
				delete(missing, far)
			} else if err := t.Delete(ctx, who, r.Entity, r.ID(), 0); err != nil {
				return inField(err, a.Name)
			}
		}
		through, _ := a.Entity.Catalog().Object(k.Through)
		for _, id := range d.Links[a] {
			far := ident.ID(id.(int64))
			if !missing[far] {
				continue
			}
			if _, err := t.Create(ctx, who, through, Patch{k.Near: d.New.ID().String(), k.Far: far.String()}); err != nil {
				return inField(err, a.Name)
			}
		}
	}
	return nil
}
