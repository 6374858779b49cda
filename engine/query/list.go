package query

import (
	"context"
	"fmt"
	"slices"

	"ashna/engine/access"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/kit/fault"
	"ashna/kit/formula"
)

// Limits of a page.
const (
	DefaultLimit = 50
	MaxLimit     = 1_000
)

// List asks for one page of the records of an object. Entity and Env are needed; the zero value of every other field is the ordinary
// case. A List is not changed.
type List struct {
	Entity   *meta.Entity
	Filter   *formula.Expr // a condition; nil lets all pass
	Source   string        // the text of the filter, which a cursor is bound to
	Sort     []Order       // last change first unless given; of deleted records the last deleted first
	Limit    int           // rows of a page, DefaultLimit unless given, at most MaxLimit
	After    string        // the cursor of the page before
	Rows     access.Rows   // what the viewer may see; the zero value is nothing
	Related  Visible       // which related records the filter and the computed fields may see; nil shows all
	Deleted  bool          // the deleted records, and only those
	Columns  []*meta.Attr  // the fields to read; nil reads all
	Counters Counters      // nil knows nothing
	Env      *formula.Env
	forced   choice // of tests
}

// Row is one record of a page: the values of the fields that were asked for, one for each of their columns, int64, string, []byte or
// nil, as they are stored. Computed fields have one value.
type Row struct {
	ID     int64
	Values []any
}

// Page is one page of a list.
type Page struct {
	Rows   []Row
	Next   string  // the cursor that the next page begins after; empty on the last page
	Shapes []Shape // how the rows were found, for those who watch; none when no statement was needed
}

// prepared is a list with everything that its statements need.
type prepared struct {
	List
	dialect   *db.Dialect
	sorting   sorting
	estimates estimates
	after     []any // the values of the keys in the cursor
	bound     [cursorHash]byte
	n         int // rows that are looked for: one more than the page has
}

// prepare checks a list. Faults are about the order and the cursor.
func (l List) prepare(d *db.Dialect) (*prepared, error) {
	if l.Entity == nil || l.Env == nil {
		return nil, fmt.Errorf("prepare list: it needs an object and an environment")
	}
	p := &prepared{List: l, dialect: d}
	if p.Limit <= 0 {
		p.Limit = DefaultLimit
	}
	p.Limit = min(p.Limit, MaxLimit)
	p.n = p.Limit + 1
	if p.Columns == nil {
		p.Columns = l.Entity.Fields
	}
	if p.Counters == nil {
		p.Counters = unknown{}
	}
	indexes := Indexes(l.Entity)
	var err error
	if p.sorting, err = sortingOf(l.Entity, l.Sort, indexes, l.Deleted); err != nil {
		return nil, err
	}
	p.bound = fingerprint(l.Entity.Name, l.Source, p.sorting, l.Deleted)
	if l.After != "" {
		if p.after, err = decodeCursor(p.bound, p.sorting.keys, l.After); err != nil {
			return nil, err
		}
	}
	m := estimator{entity: l.Entity, counters: p.Counters, env: l.Env, indexes: indexes}
	p.estimates = m.estimate(l.Rows, l.Filter)
	return p, nil
}

// Read reads a page. Faults are those of the filter, of the order (query.not_sortable), and request.cursor when the cursor belongs to
// another list.
func Read(ctx context.Context, q db.Querier, l List) (Page, error) {
	p, err := l.prepare(q.Dialect())
	if err != nil || l.Rows.None() {
		return Page{}, err
	}
	chosen := l.forced
	if chosen.first == "" {
		chosen = choose(p.estimates, p.sorting, l.Entity.Small || l.Deleted, p.filtered(), p.n)
	}
	if err := p.sortable(ctx, q, chosen); err != nil {
		return Page{}, err
	}
	page, err := p.run(ctx, q, chosen.first, chosen.window)
	if err != nil || chosen.first != ShapeWalk || p.complete(page, chosen) {
		return page, err
	}
	again, err := p.run(ctx, q, chosen.then, 0)
	again.Shapes = append(page.Shapes, again.Shapes...)
	return again, err
}

// maxSorted is how many records are read and sorted for one page of an order that no index serves.
const maxSorted = 50_000

// sortable refuses an order that no index serves over more records than a page may cost. What the counters believe is counted before
// anybody is refused.
func (p *prepared) sortable(ctx context.Context, q db.Querier, c choice) error {
	rows, asked := 0.0, p.List
	switch c.first {
	case ShapeStart:
		rows, asked.Filter = p.estimates.visible, nil
	case ShapeFilter:
		rows = p.estimates.filter.share * p.estimates.live
	}
	if _, known := p.Counters.Live(p.Entity.Name); !known || p.sorting.walk != nil || p.Entity.Small || p.Deleted || rows <= maxSorted {
		return nil
	}
	total, err := Count(ctx, q, asked, maxSorted)
	if err != nil || !total.More {
		return err
	}
	field := p.sorting.keys[0].column
	if len(p.Sort) > 0 {
		field = p.Sort[0].Attr.Name
	}
	return fault.At("sort", keyNoIndex, "field", field, "max", maxSorted)
}

// filtered says whether rows are tested by more than the rights in their own columns.
func (p *prepared) filtered() bool {
	return p.Filter != nil
}

// complete says whether a walk surely found all it was asked for.
func (p *prepared) complete(page Page, chosen choice) bool {
	untested := p.Rows.All && !p.filtered() && p.sorting.exact && chosen.window >= p.n
	return page.Next != "" || untested || chosen.then == ""
}

// run runs the statement of a shape.
func (p *prepared) run(ctx context.Context, q db.Querier, shape Shape, window int) (Page, error) {
	page := Page{Shapes: []Shape{shape}}
	text, b, err := p.write(shape, window)
	if err != nil {
		return page, err
	}
	keys := len(p.sorting.keys)
	var last []any
	err = db.Each(ctx, q, text, b.Args(p.Env), func(r db.Row) error {
		if len(page.Rows) == p.Limit {
			page.Next = encodeCursor(p.bound, last)
			return nil
		}
		values := owned(r)
		last = values[:keys]
		page.Rows = append(page.Rows, Row{ID: r.Int(keys - 1), Values: values[keys:]})
		return nil
	})
	if err != nil {
		return Page{}, fmt.Errorf("list %s: %w", p.Entity.Name, err)
	}
	return page, nil
}

// owned copies a row, which is valid for a moment only.
func owned(r db.Row) []any {
	values := slices.Clone([]any(r))
	for i, v := range values {
		if data, ok := v.([]byte); ok {
			values[i] = slices.Clone(data)
		}
	}
	return values
}

// Get reads the records with the given ids that the viewer may see: live ones, or deleted ones when the list asks for those. They come in
// the order of their ids; filter, order, limit and cursor of the list are not looked at. Ids beyond MaxLimit are a fault.
func Get(ctx context.Context, q db.Querier, l List, ids []int64) ([]Row, error) {
	if len(ids) > MaxLimit {
		return nil, fault.New(fault.TooLarge, "value.too_many", "max", MaxLimit)
	}
	if len(ids) == 0 || l.Rows.None() {
		return nil, nil
	}
	l.Filter, l.Source, l.Limit, l.After = nil, "", MaxLimit, ""
	id, _ := l.Entity.Attr(meta.FieldID)
	l.Sort = []Order{{Attr: id}}
	p, err := l.prepare(q.Dialect())
	if err != nil {
		return nil, err
	}
	s := &statement{list: p, b: NewBuilder(p.dialect)}
	base := "t.deleted = 0"
	if l.Deleted {
		base = "t.deleted > 0"
	}
	where := joined(base, s.b.InInts("t.id", ids), VisibleRows(l.Entity, l.Rows, "t", s.b))
	text, err := s.records(fmt.Sprintf("page AS MATERIALIZED (SELECT t.id AS k1 FROM %s AS t WHERE %s)", Table(l.Entity), where))
	if err != nil {
		return nil, err
	}
	var rows []Row
	err = db.Each(ctx, q, text, s.b.Args(l.Env), func(r db.Row) error {
		values := owned(r)
		rows = append(rows, Row{ID: r.Int(0), Values: values[1:]})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", l.Entity.Name, err)
	}
	return rows, nil
}
