package record

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"ashna/engine/access"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/engine/query"
	"ashna/engine/schema"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

func arg(n int) string { return "$" + strconv.Itoa(n) }

// layout is the texts of the statements over one object, made once for each catalog.
type layout struct {
	entity  *meta.Entity
	columns []string // the columns of a read, in the order of the slots
	slots   []int    // the slot of each
	selects string   // SELECT … FROM table
	insert  string
	found   []*meta.Attr // the fields that SearchWhere reads
	feeds   []feed       // the links whose targets have roll-ups over this object
}

// feed is a link to an object with roll-ups that go over the list the link makes.
type feed struct {
	via    *meta.Attr
	target *meta.Entity
}

// layout gives the statements of an object.
func (e *Engine) layout(entity *meta.Entity) *layout {
	s := e.state.Load()
	if l, ok := s.layouts.Load(entity); ok {
		return l.(*layout)
	}
	l := &layout{entity: entity}
	for _, a := range entity.Fields {
		if !a.Stored {
			continue
		}
		for i, column := range a.Columns {
			l.columns = append(l.columns, column)
			l.slots = append(l.slots, a.At+i)
		}
	}
	l.selects = "SELECT " + strings.Join(l.columns, ", ") + " FROM " + entity.Table()
	l.insert = db.InsertText(entity.Table(), schema.Columns(entity), 1)
	l.found, l.feeds = foundBy(entity), feedsOf(entity)
	s.layouts.Store(entity, l)
	return l
}

// foundBy gives the fields of a record that its SearchWhere reads.
func foundBy(entity *meta.Entity) []*meta.Attr {
	if entity.Found == nil {
		return nil
	}
	var list []*meta.Attr
	for _, use := range entity.Found.Fields() {
		if a, ok := entity.Attr(use.Field); ok && len(use.Hops) == 0 {
			list = append(list, a)
		}
	}
	return list
}

// feedsOf gives the links of an object whose targets have roll-ups over it.
func feedsOf(entity *meta.Entity) []feed {
	var list []feed
	for _, a := range entity.Fields {
		for _, target := range targets(a) {
			if listens(target, a) {
				list = append(list, feed{a, target})
			}
		}
	}
	return list
}

// record copies a row of selects into a record.
func (l *layout) record(row db.Row) *Record {
	r := &Record{Entity: l.entity, Slots: make([]any, l.entity.Slots)}
	for i, slot := range l.slots {
		r.Slots[slot] = row[i]
	}
	return r
}

// fetch reads one record, also a deleted one, without regard to rights; nil when there is none.
func (e *Engine) fetch(ctx context.Context, q db.Querier, entity *meta.Entity, id ident.ID, lock string) (*Record, error) {
	l := e.layout(entity)
	rows, err := q.Query(ctx, l.selects+" WHERE id = $1"+lock, int64(id))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	if !rows.Next() {
		return nil, rows.Err()
	}
	return l.record(rows.Row()), nil
}

// may checks a right on a record in memory. What one may not see is not found; what one sees but may not do is denied.
func (e *Engine) may(ctx context.Context, q db.Querier, who *access.Viewer, r *Record, right access.Right) error {
	passes := func(right access.Right) (bool, error) {
		rows := who.Rows(r.Entity, right)
		if rows.Pass(r.Owned(0)) {
			return true, nil
		}
		if len(rows.Principals) == 0 {
			return false, nil
		}
		level, err := e.shareLevel(ctx, q, r.Entity, r.ID(), rows.Principals)
		return rows.Pass(r.Owned(level)), err
	}
	ok, err := passes(right)
	if err != nil || ok {
		return err
	}
	if right == access.Read {
		return notFound()
	}
	sees, err := passes(access.Read)
	switch {
	case err != nil:
		return err
	case sees:
		return fault.New(fault.Denied, "error.denied")
	}
	return notFound()
}

// shareLevel is the highest level that a record is shared with any of some principals at.
func (e *Engine) shareLevel(ctx context.Context, q db.Querier, entity *meta.Entity, id ident.ID, principals []int64) (int, error) {
	text := "SELECT coalesce(max(level), 0) FROM record_share WHERE object = $1 AND record = $2 AND (until IS NULL OR until > $3) AND " +
		q.Dialect().InInts("principal", 4)
	row, _, err := db.One(ctx, q, text, entity.Name, int64(id), e.clock.Now().UnixMicro(), q.Dialect().Ints(principals))
	if err != nil {
		return 0, err
	}
	return int(row.Int(0)), nil
}

// explain turns errors of the database into faults of fields; the catalog knows which fields an index keeps unique.
func (t *Tx) explain(err error) error { return t.engine.explain(t.who.Catalog, err) }

func (e *Engine) explain(c *meta.Catalog, err error) error {
	var unique *db.UniqueError
	var reference *db.ReferenceError
	switch {
	case errors.As(err, &unique):
		return query.Duplicate(c, unique)
	case errors.As(err, &reference):
		return fault.Wrap(fault.Conflict, "record.in_use", err)
	}
	return err
}
