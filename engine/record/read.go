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
	"ashna/engine/search"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

// Question asks for a page of the records of an object.
type Question struct {
	Filter  string         // a formula
	Sort    string         // "-amount,name"
	Fields  []*meta.Attr   // nil: all that the viewer may see and that are kept in columns
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

// Fields gives the fields of an object that a viewer may see, by name or all of them. Computed fields without a column are there only by
// name.
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
			faults = append(faults, unknownField(entity, who, name).In("fields"))
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
		return e.readMany(ctx, r, page.Fields, page.Records)
	})
	return page, err
}

// list compiles a question.
func (e *Engine) list(who *access.Viewer, entity *meta.Entity, q Question, fields []*meta.Attr) (query.List, error) {
	l := query.List{
		Entity: entity, Source: q.Filter, Limit: q.Limit, After: q.Cursor, Rows: who.Rows(entity, access.Read), Deleted: q.Deleted,
		Columns: columnsOf(fields), Counters: e.counters, Env: e.formulaEnv(who, q.Zone), Related: related(who),
	}
	if q.Right != access.Read {
		l.Rows = narrower(l.Rows, who.Rows(entity, q.Right))
	}
	if q.Deleted && !who.Can(entity, access.Delete) {
		l.Rows = access.Rows{}
	}
	var err error
	if l.Filter, err = e.filter(who, entity, q.Filter); err != nil {
		return l, fault.Of(err).In("filter")
	}
	sort := q.Sort
	if sort == "" {
		sort = entity.Sort
	}
	l.Sort, err = orders(who, entity, sort)
	return l, err
}

// narrower gives the smaller of two sets of rows: whoever may export all still exports only what may be seen.
func narrower(read, other access.Rows) access.Rows {
	if other.All {
		return read
	}
	if read.All {
		return other
	}
	if len(other.Teams) == 0 && len(other.Branches) == 0 {
		return other
	}
	return read
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
			return nil, unknownField(entity, who, name).In("sort")
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

// readMany fills the links fields that were asked for, one statement a field.
func (e *Engine) readMany(ctx context.Context, q db.Querier, fields []*meta.Attr, records []*Record) error {
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
		text := "SELECT " + k.Near + ", " + k.Far + " FROM " + through.Table() + " WHERE deleted = 0 AND " + q.Dialect().InInts(k.Near, 1) + " ORDER BY id"
		err := db.Each(ctx, q, text, []any{q.Dialect().Ints(ids)}, func(row db.Row) error {
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

// Get reads one record. Fields nil are all that the viewer may see.
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
		fields = entity.Fields
	}
	return r, e.readMany(ctx, q, fields, []*Record{r})
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
		list[i].Fields = maskFields(who, entity, list[i])
	}
	return list, err
}

// Hit is one record that a search found.
type Hit struct {
	Entity *meta.Entity
	ID     ident.ID
	Title  string
}

// Search finds records by words and fragments, newest first, among all objects or some.
func (e *Engine) Search(ctx context.Context, who *access.Viewer, words string, objects []*meta.Entity, limit int, after ident.ID) ([]Hit, ident.ID, error) {
	question := search.Question{Text: words, Limit: limit, After: int64(after)}
	for _, entity := range who.Catalog.Entities {
		if who.Object(entity) && (len(objects) == 0 || slices.Contains(objects, entity)) {
			question.Objects = append(question.Objects, entity.Name)
		}
	}
	if len(question.Objects) == 0 {
		return nil, 0, nil
	}
	titles := map[int64]Hit{}
	check := func(ctx context.Context, q db.Querier, object string, ids []int64) (map[int64]bool, error) {
		return e.visibleHits(ctx, q, who, object, ids, titles)
	}
	var out []Hit
	var next int64
	err := e.db.Read(ctx, func(q db.Querier) error {
		hits, n, err := search.Find(ctx, q, question, check)
		next = n
		for _, h := range hits {
			out = append(out, titles[h.ID])
		}
		return err
	})
	return out, ident.ID(next), err
}

// visibleHits asks the records themselves which of them the viewer may see, and takes their titles along. Nobody finds a record by a field
// that is hidden from him: of such objects only the title is searched.
func (e *Engine) visibleHits(ctx context.Context, q db.Querier, who *access.Viewer, object string, ids []int64, titles map[int64]Hit) (map[int64]bool, error) {
	entity, ok := who.Catalog.Object(object)
	if !ok {
		return nil, nil
	}
	l := query.List{Entity: entity, Rows: who.Rows(entity, access.Read), Columns: []*meta.Attr{entity.TitleAttr}, Env: e.formulaEnv(who, nil)}
	rows, err := query.Get(ctx, q, l, ids)
	if err != nil {
		return nil, err
	}
	seen := make(map[int64]bool, len(rows))
	for _, r := range rows {
		seen[r.ID] = true
		title := ""
		if who.Readable(entity.TitleAttr) {
			title = entity.TitleAttr.Kind.Text(r.Values)
		}
		titles[r.ID] = Hit{Entity: entity, ID: ident.ID(r.ID), Title: title}
	}
	return seen, nil
}
