package query

import (
	"context"
	"fmt"
	"strings"

	"ashna/engine/db"
)

// Limits of a count.
const (
	CountCap    = 10_000  // what a count that nobody limits goes to
	examinedCap = 100_000 // rows that are read to count by a filter that no index serves
)

// Total is how many records a list has. More says that there are more than N, or may be.
type Total struct {
	N    int64
	More bool
}

// Count counts the records of a list up to a cap, CountCap unless given; its order, cursor and limit are not looked at. Where no index
// serves the filter, it gives up after reading many rows and says what it found so far.
func Count(ctx context.Context, q db.Querier, l List, limit int) (Total, error) {
	if limit <= 0 {
		limit = CountCap
	}
	l.Sort, l.After = nil, ""
	p, err := l.prepare(q.Dialect())
	if err != nil || l.Rows.None() {
		return Total{}, err
	}
	text, b, err := p.countText(limit)
	if err != nil {
		return Total{}, err
	}
	row, _, err := db.One(ctx, q, text, b.Args(l.Env)...)
	if err != nil {
		return Total{}, fmt.Errorf("count %s: %w", l.Entity.Name, err)
	}
	n := row.Int(0)
	return Total{N: min(n, int64(limit)), More: n > int64(limit) || row.Int(1) > examinedCap}, nil
}

// countText writes the cheapest statement that counts: its columns are the count and how many rows were examined, where that is limited.
func (p *prepared) countText(limit int) (string, *Builder, error) {
	e := p.estimates
	byFilter := e.filter.index != nil && priceEntry*e.filter.share*e.live < priceRow*e.visible
	s, err := p.newStatement(p.filtered() && e.filter.index != nil && !byFilter)
	if err != nil {
		return "", nil, err
	}
	switch {
	case p.Deleted:
		return s.countPlain("t.deleted > 0", false, limit), s.b, nil
	case byFilter:
		return s.countPlain("t.deleted = 0", true, limit), s.b, nil
	case p.filtered() && e.filter.index == nil && e.visible > examinedCap:
		return s.countSome(limit), s.b, nil
	}
	return s.countScopes(limit), s.b, nil
}

// countPlain counts what a filter finds.
func (s *statement) countPlain(base string, loose bool, limit int) string {
	where := joined(base, s.visible("t", loose), s.filter.Text)
	return fmt.Sprintf("SELECT count(*), 0 FROM (SELECT 1 FROM %s WHERE %s LIMIT %d) AS x", s.from(), where, limit+1)
}

// countScopes counts the visible rows of each scope, each row once.
func (s *statement) countScopes(limit int) string {
	p := s.list
	scopes := []string{""}
	if p.restricted() {
		scopes = apart(atoms(p.Entity, p.Rows, "t", s.b, false))
	}
	for i, scope := range scopes {
		scopes[i] = "SELECT 1 FROM " + s.from() + " WHERE " + joined("t.deleted = 0", scope, s.filter.Text)
	}
	return fmt.Sprintf("SELECT count(*), 0 FROM (SELECT * FROM (%s) AS v LIMIT %d) AS x", strings.Join(scopes, " UNION ALL "), limit+1)
}

// countSome counts among the first visible rows only.
func (s *statement) countSome(limit int) string {
	p := s.list
	return fmt.Sprintf("WITH win AS MATERIALIZED (SELECT t.id FROM %s AS t WHERE %s LIMIT %d) "+
		"SELECT (SELECT count(*) FROM (SELECT 1 FROM win JOIN %s AS t ON t.id = win.id%s WHERE %s LIMIT %d) AS x), (SELECT count(*) FROM win)",
		Table(p.Entity), joined("t.deleted = 0", s.visible("t", false)), examinedCap+1, Table(p.Entity), s.filter.Joins, s.filter.Text, limit+1)
}
