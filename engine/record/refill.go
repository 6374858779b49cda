package record

import (
	"context"
	"slices"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/engine/meta"
)

// fillKeys fills what a change of the catalog asks for about records that are there already: order keys of a text that lists are now
// ordered by, stored formulas and roll-ups with all that follow from them, and the search index of a field that is now searched or no more.
func (e *Engine) fillKeys(ctx context.Context, tx *db.Tx, before, after *meta.Catalog, order func(string) []byte) error {
	rounds, reindex := toFill(before, after)
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

// maxRounds bounds values that follow from values that follow from others.
const maxRounds = 12

// toFill lists, in rounds that follow from each other, the fields of each object whose columns have to be filled, and the objects that have
// to be put into the search index again.
func toFill(before, after *meta.Catalog) (rounds []map[*meta.Entity][]*meta.Attr, reindex map[*meta.Entity]bool) {
	first, reindex := map[*meta.Entity][]*meta.Attr{}, map[*meta.Entity]bool{}
	done := map[*meta.Attr]bool{}
	for _, entity := range after.Entities {
		old, existed := before.Object(entity.Name)
		if !existed {
			continue
		}
		for _, a := range entity.Fields {
			if mustFill(old, a) {
				first[entity] = append(first[entity], a)
				done[a] = true
			}
		}
		reindex[entity] = searched(old) != searched(entity)
	}
	for next := first; len(next) > 0 && len(rounds) < maxRounds; {
		rounds = append(rounds, next)
		next = following(after, next, done)
	}
	return rounds, reindex
}

// mustFill says whether a change of the catalog leaves the columns of a field behind.
func mustFill(old *meta.Entity, a *meta.Attr) bool {
	was, had := old.Attr(a.Name)
	if !had {
		i := slices.IndexFunc(old.Retired, func(r *meta.Attr) bool { return r.Name == a.Name })
		return isComputed(a) || i >= 0 && a.Order != "" && old.Retired[i].Order == ""
	}
	return isComputed(a) && !sameKind(was.Kind, a.Kind) || a.Order != "" && was.Order == ""
}

// searched names what an object is found by.
func searched(e *meta.Entity) string {
	text := e.SearchWhere
	for _, a := range e.Fields {
		if a.Search {
			text += "\n" + a.Name
		}
	}
	return text
}

// following lists the stored computed fields that read any of some fields and were not listed before.
func following(c *meta.Catalog, changed map[*meta.Entity][]*meta.Attr, done map[*meta.Attr]bool) map[*meta.Entity][]*meta.Attr {
	next := map[*meta.Entity][]*meta.Attr{}
	for _, entity := range c.Entities {
		for _, a := range entity.Fields {
			if isComputed(a) && !done[a] && slices.ContainsFunc(sources(a), func(s *meta.Attr) bool { return slices.Contains(changed[s.Entity], s) }) {
				next[entity] = append(next[entity], a)
			}
		}
	}
	for _, list := range next {
		for _, a := range list {
			done[a] = true
		}
	}
	return next
}

// sources are the fields that a stored computed field is worked out from.
func sources(a *meta.Attr) []*meta.Attr {
	var list []*meta.Attr
	c := a.Entity.Catalog()
	if k, ok := a.Kind.(meta.RollupKind); ok {
		if over, ok := a.Entity.List(k.List); ok && k.Field != "" {
			if field, ok := over.Entity.Attr(k.Field); ok {
				list = append(list, field)
			}
		}
	}
	if a.Answer == nil {
		return list
	}
	for _, use := range a.Answer.Fields() {
		if e, ok := c.Object(use.Object); ok {
			if field, ok := e.Attr(use.Field); ok {
				list = append(list, field)
			}
		}
	}
	return list
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
		if err := t.search.flush(ctx, tx); err != nil {
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
		t.search.remove(r.ID())
	default:
		t.search.put(entryOf(r, nil))
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
