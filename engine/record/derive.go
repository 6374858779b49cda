package record

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ashna/engine/access"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/engine/query"
	"ashna/engine/row"
	"ashna/kit/calendar"
	"ashna/kit/formula"
	"ashna/kit/ident"
)

// compute fills the formula fields that are kept in a column.
func (t *Tx) compute(_ context.Context, d *Draft) error {
	return t.engine.computeStored(t.who, d.New)
}

func (e *Engine) computeStored(who *access.Viewer, r *Record) error {
	var values formula.Record
	var env *formula.Env
	for _, a := range r.Entity.Fields {
		k, ok := a.Kind.(meta.FormulaKind)
		if !ok || !a.Stored || a.Answer == nil {
			continue
		}
		if env == nil {
			values, env = r.Values(), e.formulaEnv(who, nil)
		}
		v, err := a.Answer.Eval(env, values)
		if err != nil {
			return fmt.Errorf("compute %s.%s: %w", r.Entity.Name, a.Name, err)
		}
		r.Slots[a.At] = row.SlotOf(v, k.Columns()[0].Storage)
	}
	return nil
}

// number gives a new record its running numbers. The row of the sequence is locked until the end of the transaction, so no number is
// given twice and none is lost by a failure.
func (t *Tx) number(ctx context.Context, d *Draft) error {
	if d.Old != nil {
		return nil
	}
	for _, a := range d.Entity().Fields {
		k, ok := a.Kind.(meta.NumberingKind)
		if !ok || d.New.Slots[a.At] != nil {
			continue
		}
		year := 0
		if strings.Contains(k.Prefix, "{year}") {
			s := t.engine.Settings()
			year, _, _ = calendar.DayOf(t.now, s.Location()).YMD(s.Months())
		}
		row, _, err := db.One(ctx, t.db, "INSERT INTO numbering (object, field, year, next) VALUES ($1, $2, $3, $4) "+
			"ON CONFLICT (object, field, year) DO UPDATE SET next = numbering.next + 1 RETURNING next",
			d.Entity().Name, a.Name, int64(year), max(k.Start, 1))
		if err != nil {
			return err
		}
		d.New.Slots[a.At] = k.Number(row.Int(0), year)
	}
	return nil
}

// rollUp refreshes the roll-ups of the records that a changed record links to, or linked to before.
func (t *Tx) rollUp(ctx context.Context, old, now *Record) error {
	for _, f := range t.engine.layout(now.Entity).feeds {
		for _, id := range linked(f.via, f.target, old, now) {
			if err := t.derive(ctx, f.target, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// targets are the objects that a link may lead to.
func targets(a *meta.Attr) []*meta.Entity {
	var names []string
	switch k := a.Kind.(type) {
	case meta.RefKind:
		if !a.System {
			names = []string{k.To}
		}
	case meta.AnyRefKind:
		names = k.To
	}
	var list []*meta.Entity
	for _, name := range names {
		if target, ok := a.Entity.Catalog().Object(name); ok {
			list = append(list, target)
		}
	}
	return list
}

// listens says whether a roll-up of the target goes over the list that a link makes.
func listens(target *meta.Entity, via *meta.Attr) bool {
	return slices.ContainsFunc(target.Rollups, func(a *meta.Attr) bool {
		list, ok := target.List(a.Kind.(meta.RollupKind).List)
		return ok && list.Via == via
	})
}

// linked gives the targets before and after, each once.
func linked(a *meta.Attr, target *meta.Entity, records ...*Record) []ident.ID {
	var ids []ident.ID
	for _, r := range records {
		if r == nil {
			continue
		}
		id := ident.ID(r.Number(a.At))
		if a.Width == 2 && r.Slots[a.At+1] != target.Name {
			id = 0
		}
		if id != 0 && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// derive computes the roll-ups and formulas of one record again and writes what changed. The record is locked before its list is read, so
// that of two transactions the later one sees what the earlier did. A deleted record waits until it is restored.
func (t *Tx) derive(ctx context.Context, e *meta.Entity, id ident.ID) error {
	if err := t.enter(); err != nil {
		return err
	}
	defer t.leave()
	old, err := t.engine.fetch(ctx, t.db, e, id, t.db.Dialect().Lock)
	if err != nil || old == nil || old.Deleted() {
		return err
	}
	now := old.Clone()
	if err := t.readRollups(ctx, now); err != nil {
		return err
	}
	if err := t.engine.computeStored(t.who, now); err != nil {
		return err
	}
	_, err = t.follow(ctx, old, now)
	return err
}

// readRollups computes all roll-ups of a record in one statement.
func (t *Tx) readRollups(ctx context.Context, r *Record) error {
	b := query.NewBuilder(t.db.Dialect())
	id := b.Int(int64(r.ID()))
	var parts []string
	for _, a := range r.Entity.Rollups {
		text, err := query.Rollup(a, id, b)
		if err != nil {
			return err
		}
		parts = append(parts, text)
	}
	row, _, err := db.One(ctx, t.db, "SELECT "+strings.Join(parts, ", "), b.Args(t.engine.formulaEnv(t.who, nil))...)
	if err != nil {
		return err
	}
	for i, a := range r.Entity.Rollups {
		r.Slots[a.At] = row[i]
	}
	return nil
}
