package record

import (
	"context"
	"slices"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/engine/row"
	"ashna/engine/schema"
)

// fillKeys fills what a change of the catalog asks for about records that are there already: order keys of a text that lists are now
// ordered by, stored formulas and roll-ups with all that follow from them, and the search index of a field that is now searched or no more.
func (e *Engine) fillKeys(ctx context.Context, tx *db.Tx, before, after *meta.Catalog, order func(string) []byte) error {
	rounds, reindex := schema.ToFill(before, after)
	for i := 0; i < len(rounds) || i == 0; i++ {
		for _, entity := range after.Entities {
			var fields []*meta.Attr
			if i < len(rounds) {
				fields = rounds[i][entity]
			}
			again := i == 0 && reindex[entity]
			if len(fields) == 0 && !again {
				continue
			}
			if err := e.refill(ctx, tx, entity, fields, again, order); err != nil {
				return err
			}
		}
	}
	return nil
}

const refillBatch = 1_000

// refill computes fields of all records of an object again, in batches by key.
func (e *Engine) refill(ctx context.Context, tx *db.Tx, entity *meta.Entity, fields []*meta.Attr, reindex bool, order func(string) []byte) error {
	t := e.newTx(tx, access.NewSystem(entity.Catalog(), e.Policy(), 0), change.ViaSystem)
	t.order = order
	l := e.layout(entity)
	last := int64(0)
	for {
		var batch []*Record
		err := db.Each(ctx, tx, l.selects+" WHERE id > $1 ORDER BY id LIMIT $2", []any{last, int64(refillBatch)}, func(row db.Row) error {
			batch = append(batch, l.record(row))
			return nil
		})
		if err != nil || len(batch) == 0 {
			return err
		}
		for _, r := range batch {
			last = int64(r.ID())
			if err := t.refillOne(ctx, r, fields, reindex); err != nil {
				return err
			}
		}
		if err := t.search.Flush(ctx, tx); err != nil {
			return err
		}
	}
}

func (t *Tx) refillOne(ctx context.Context, r *Record, fields []*meta.Attr, reindex bool) error {
	if slices.ContainsFunc(fields, func(a *meta.Attr) bool { return a.Kind.Type() == "rollup" }) {
		if err := t.readRollups(ctx, r); err != nil {
			return err
		}
	}
	if err := t.engine.computeStored(t.who, r); err != nil {
		return err
	}
	switch {
	case !reindex:
	case r.Deleted() || !t.found(r):
		t.search.Remove(int64(r.ID()))
	default:
		t.search.Put(row.Entry(r, nil))
	}
	if len(fields) == 0 {
		return nil
	}
	return t.update(ctx, r, fields)
}

// reorder writes all order keys again, in another language.
func (e *Engine) reorder(ctx context.Context, tx *db.Tx, order func(string) []byte) error {
	for _, entity := range e.Catalog().Entities {
		var ordered []*meta.Attr
		for _, a := range entity.Fields {
			if a.Order != "" {
				ordered = append(ordered, a)
			}
		}
		if len(ordered) == 0 {
			continue
		}
		if err := e.refill(ctx, tx, entity, ordered, false, order); err != nil {
			return err
		}
	}
	return nil
}
