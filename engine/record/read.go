package record

import (
	"context"
	"slices"
	"strings"
	"time"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/engine/query"
	"ashna/engine/row"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

// Question asks for a page of the records of an object.
type Question struct {
	Filter  string         // a formula
	Sort    string         // "-amount,name"
	Fields  []*meta.Attr   // nil: all that the viewer may see, without links fields
	Limit   int            // 50 unless given, at most 1,000
	Cursor  string         // where the page before ended
	Count   bool           // adds a capped count
	Deleted bool           // the recycle bin
	Right   access.Right   // read unless given
	Zone    *time.Location // of relative dates; the workspace's unless given
}

// Page is one page of records.
type Page struct {
	Fields  []*meta.Attr
	Records []*Record
	Next    string // empty on the last page
	Total   *query.Total
}

// Fields gives the fields of an object that a viewer may see, by name or all of them but links fields, which are there only by name.
func (e *Engine) Fields(who *access.Viewer, entity *meta.Entity, names []string) ([]*meta.Attr, error) {
	if len(names) == 0 {
		fields := make([]*meta.Attr, 0, len(entity.Fields))
		for _, a := range entity.Fields {
			if who.Readable(a) && a.Kind.Type() != "links" {
				fields = append(fields, a)
			}
		}
		return fields, nil
	}
	var faults fault.List
	fields := make([]*meta.Attr, 0, len(names)+2)
	for _, name := range slices.Concat([]string{meta.FieldID, meta.FieldVersion}, names) {
		a, ok := entity.Attr(name)
		if !ok || a.Part != nil || !who.Readable(a) {
			faults = append(faults, row.Unknown(entity, who, name).In("fields"))
			continue
		}
		if !slices.Contains(fields, a) {
			fields = append(fields, a)
		}
	}
	return fields, faults.Or()
}

// List reads a page of what the viewer may see.
func (e *Engine) List(ctx context.Context, who *access.Viewer, entity *meta.Entity, q Question) (Page, error) {
	if q.Right == "" {
		q.Right = access.Read
	}
	page := Page{Fields: q.Fields}
	var err error
	if page.Fields == nil {
		if page.Fields, err = e.Fields(who, entity, nil); err != nil {
			return page, err
		}
	}
	l, err := e.list(who, entity, q, page.Fields)
	if err != nil {
		return page, err
	}
	err = e.db.Read(ctx, func(r db.Querier) error {
		found, err := query.Read(ctx, r, l)
		if err != nil {
			return err
		}
		page.Next, page.Records = found.Next, recordsOf(entity, l.Columns, found.Rows)
		if q.Count {
			total, err := query.Count(ctx, r, l, 0)
			if err != nil {
				return err
			}
			page.Total = &total
		}
		return e.readMany(ctx, r, who, page.Fields, page.Records)
	})
	return page, err
}

// list compiles a question.
func (e *Engine) list(who *access.Viewer, entity *meta.Entity, q Question, fields []*meta.Attr) (query.List, error) {
	l := query.List{
		Entity: entity, Source: q.Filter, Limit: q.Limit, After: q.Cursor, Rows: who.Rows(entity, q.Right), Deleted: q.Deleted,
		Columns: columnsOf(fields), Counters: e.counters, Env: e.viewerEnv(who, q.Zone), Related: related(who),
	}
	if q.Deleted && !who.Can(entity, access.Delete) {
		l.Rows = access.Rows{}
	}
	var err error
	if l.Filter, err = e.filter(who, entity, q.Filter); err != nil {
		return l, within(err, "filter")
	}
	sort := q.Sort
	if sort == "" {
		sort = entity.Sort
	}
	l.Sort, err = orders(who, entity, sort)
	return l, err
}

// within puts every fault of an error inside a part of the request.
func within(err error, part string) error {
	var list fault.List
	for _, f := range fault.All(err) {
		list = append(list, f.In(part))
	}
	if len(list) == 0 {
		return err
	}
	return list
}

func related(who *access.Viewer) query.Visible {
	if who.System {
		return nil
	}
	return query.ByRows(func(e *meta.Entity) access.Rows { return who.Rows(e, access.Read) })
}

// columnsOf leaves out the fields that have no column of their own to read.
func columnsOf(fields []*meta.Attr) []*meta.Attr {
	id := slices.IndexFunc(fields, func(a *meta.Attr) bool { return a.Name == meta.FieldID })
	out := make([]*meta.Attr, 0, len(fields)+1)
	if id < 0 && len(fields) > 0 {
		a, _ := fields[0].Entity.Attr(meta.FieldID)
		out = append(out, a)
	}
	for _, a := range fields {
		if a.Width > 0 {
			out = append(out, a)
		}
	}
	return out
}

// orders reads "-amount,name".
func orders(who *access.Viewer, entity *meta.Entity, sort string) ([]query.Order, error) {
	if sort == "" {
		return nil, nil
	}
	var list []query.Order
	for _, name := range strings.Split(sort, ",") {
		name, desc := strings.CutPrefix(strings.TrimSpace(name), "-")
		a, ok := entity.Attr(name)
		if !ok || !who.Readable(a) {
			return nil, row.Unknown(entity, who, name).In("sort")
		}
		list = append(list, query.Order{Attr: a, Desc: desc})
	}
	return list, nil
}

// recordsOf turns rows into records: the values stand in the order of the fields that were read.
func recordsOf(entity *meta.Entity, fields []*meta.Attr, rows []query.Row) []*Record {
	list := make([]*Record, len(rows))
	for i, row := range rows {
		r := &Record{Entity: entity, Slots: make([]any, entity.Slots)}
		at := 0
		for _, a := range fields {
			at += copy(r.Slots[a.At:a.At+a.Width], row.Values[at:])
		}
		r.Slots[meta.SlotID] = row.ID
		list[i] = r
	}
	return list
}

// readMany fills the links fields that were asked for, one statement a field, as far as the viewer may see the records between.
func (e *Engine) readMany(ctx context.Context, q db.Querier, who *access.Viewer, fields []*meta.Attr, records []*Record) error {
	for _, a := range fields {
		k, ok := a.Kind.(meta.ManyKind)
		if !ok || len(records) == 0 {
			continue
		}
		through, _ := a.Entity.Catalog().Object(k.Through)
		ids := make([]int64, len(records))
		byID := make(map[int64]*Record, len(records))
		for i, r := range records {
			ids[i] = int64(r.ID())
			byID[ids[i]] = r
			if r.Many == nil {
				r.Many = map[string][]any{}
			}
		}
		b := query.NewBuilder(q.Dialect())
		text := "SELECT t." + k.Near + ", t." + k.Far + " FROM " + through.Table() + " AS t WHERE t.deleted = 0 AND " + b.InInts("t."+k.Near, ids)
		if visible := query.VisibleRows(through, who.Rows(through, access.Read), "t", b); visible != "" {
			text += " AND " + visible
		}
		err := db.Each(ctx, q, text+" ORDER BY t.id", b.Args(e.formulaEnv(who, nil)), func(row db.Row) error {
			r := byID[row.Int(0)]
			r.Many[a.Name] = append(r.Many[a.Name], row[1])
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Get reads one record. Fields nil are all that the viewer may see; what it may not see is empty.
func (e *Engine) Get(ctx context.Context, who *access.Viewer, entity *meta.Entity, id ident.ID, fields []*meta.Attr) (*Record, error) {
	var found *Record
	err := e.db.Read(ctx, func(q db.Querier) (err error) {
		found, err = e.get(ctx, q, who, entity, id, fields)
		return err
	})
	return found, err
}

func (e *Engine) get(ctx context.Context, q db.Querier, who *access.Viewer, entity *meta.Entity, id ident.ID, fields []*meta.Attr) (*Record, error) {
	r, err := e.fetch(ctx, q, entity, id, "")
	if err != nil {
		return nil, err
	}
	if r == nil || r.Deleted() && !who.Can(entity, access.Delete) {
		return nil, notFound()
	}
	if err := e.may(ctx, q, who, r, access.Read); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(entity.Fields, func(a *meta.Attr) bool { return !a.Stored && (fields == nil || slices.Contains(fields, a)) }) {
		if err := e.readComputed(ctx, q, who, r); err != nil {
			return nil, err
		}
	}
	if fields == nil {
		fields = slices.DeleteFunc(slices.Clone(entity.Fields), func(a *meta.Attr) bool { return !who.Readable(a) })
	}
	r.Hide(who)
	return r, e.readMany(ctx, q, who, fields, []*Record{r})
}

// readComputed fills the fields that have no column.
func (e *Engine) readComputed(ctx context.Context, q db.Querier, who *access.Viewer, r *Record) error {
	var computed []*meta.Attr
	for _, a := range r.Entity.Fields {
		if !a.Stored && a.Width > 0 && who.Readable(a) {
			computed = append(computed, a)
		}
	}
	if len(computed) == 0 {
		return nil
	}
	l := query.List{
		Entity: r.Entity, Rows: access.Rows{All: true}, Deleted: r.Deleted(), Columns: computed, Env: e.formulaEnv(who, nil), Related: related(who),
	}
	rows, err := query.Get(ctx, q, l, []int64{int64(r.ID())})
	if err != nil || len(rows) == 0 {
		return err
	}
	for i, a := range computed {
		r.Slots[a.At] = rows[0].Values[i]
	}
	return nil
}

// Timeline gives what happened to a record, newest first, as far as the viewer may see the fields.
func (e *Engine) Timeline(ctx context.Context, who *access.Viewer, entity *meta.Entity, id ident.ID, before int64, limit int) ([]change.Change, error) {
	var list []change.Change
	err := e.db.Read(ctx, func(q db.Querier) (err error) {
		if _, err = e.get(ctx, q, who, entity, id, []*meta.Attr{}); err != nil {
			return err
		}
		list, err = change.Of(ctx, q, id, before, limit)
		return err
	})
	for i := range list {
		list[i].Fields = row.Mask(who, entity, list[i])
	}
	return list, err
}
