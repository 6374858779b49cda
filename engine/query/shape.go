package query

import (
	"fmt"
	"strings"

	"ashna/engine/meta"
)

// statement writes one statement of a list.
type statement struct {
	list   *prepared
	b      *Builder
	filter Where // over the alias t, empty when all pass
}

// newStatement compiles what all shapes share. Loose filters are not entered by an index.
func (p *prepared) newStatement(loose bool) (*statement, error) {
	s := &statement{list: p, b: NewBuilder(p.dialect)}
	if p.Filter != nil {
		w, err := Condition(p.Entity, p.Filter, Options{Builder: s.b, Alias: "t", Visible: p.Related, loose: loose})
		if err != nil {
			return nil, err
		}
		s.filter = w
	}
	return s, nil
}

// joined puts and between the conditions that are not empty.
func joined(conditions ...string) string {
	var list []string
	for _, c := range conditions {
		if c != "" {
			list = append(list, c)
		}
	}
	return strings.Join(list, " AND ")
}

// any puts or between conditions; empty for none.
func either(conditions []string) string {
	if len(conditions) < 2 {
		return strings.Join(conditions, "")
	}
	return "(" + strings.Join(conditions, " OR ") + ")"
}

// restricted says whether who may see a row is told by its own columns.
func (p *prepared) restricted() bool { return !p.Rows.All }

// write writes the statement of a shape.
func (p *prepared) write(shape Shape, window int) (string, *Builder, error) {
	s, err := p.newStatement(shape == ShapeStart && p.estimates.filter.index != nil || shape == ShapeAll)
	if err != nil {
		return "", nil, err
	}
	page := ""
	switch {
	case p.Deleted:
		page = s.plain("t.deleted > 0", false, bare("t"))
	case shape == ShapeStart:
		page = s.start()
	case shape == ShapeMerge:
		page = s.merge()
	case shape == ShapeWalk && p.sorting.exact:
		page = s.walk(window)
	case shape == ShapeWalk:
		page = s.walkTies(window)
	case shape == ShapeFilter && !(p.estimates.filter.grouped && p.sorting.byChange()):
		page = s.plain("t.deleted = 0", true, loose("t", p.dialect))
	default:
		page = s.plain("t.deleted = 0", true, bare("t"))
	}
	text, err := s.records(page)
	return text, s.b, err
}

// records reads the rows of a page. The rows come with the values of the keys in front.
func (s *statement) records(page string) (string, error) {
	p := s.list
	g := newGenerator(p.Entity, Options{Builder: s.b, Alias: "d", Visible: p.Related})
	var columns []string
	for _, a := range p.Columns {
		columns = append(columns, s.columns(g, a)...)
	}
	if g.err != nil {
		return "", g.err
	}
	selected := strings.Join(append([]string{p.sorting.names("page.")}, columns...), ", ")
	return fmt.Sprintf("WITH %s SELECT %s FROM page JOIN %s AS d ON d.id = page.%s%s%s",
		page, selected, Table(p.Entity), p.sorting.id(), g.root.text(), p.sorting.byNames("page.")), nil
}

// columns lists what is read of a field.
func (s *statement) columns(g *generator, a *meta.Attr) []string {
	if !a.Stored && a.Answer != nil {
		if isText(a.Answer.Type) {
			return []string{g.typed(a.Answer)}
		}
		return []string{g.value(a.Answer)}
	}
	list := make([]string, len(a.Columns))
	for i, c := range a.Columns {
		list[i] = "d." + c
	}
	return list
}

// from is the table with what the filter joins.
func (s *statement) from() string { return Table(s.list.Entity) + " AS t" + s.filter.Joins }

// start finds the visible rows by scope, each once, and sorts their keys.
func (s *statement) start() string {
	p := s.list
	scopes := []string{""}
	if p.restricted() {
		scopes = apart(atoms(p.Entity, p.Rows, "t", s.b, false))
	}
	after := either(p.sorting.after(s.b, loose("t", p.dialect), p.after))
	branches := make([]string, len(scopes))
	for i, scope := range scopes {
		where := joined("t.deleted = 0", scope, after, s.filter.Text)
		branches[i] = "SELECT " + p.sorting.columns("t") + " FROM " + s.from() + " WHERE " + where
	}
	return fmt.Sprintf("v AS MATERIALIZED (%s), page AS MATERIALIZED (SELECT %s FROM v%s LIMIT %d)",
		strings.Join(branches, " UNION ALL "), p.sorting.names(""), p.sorting.byNames(""), p.n)
}

// merge takes the first rows of each scope from its index, which is in the order.
func (s *statement) merge() string {
	p := s.list
	before := ""
	var branches []string
	for i, a := range atoms(p.Entity, p.Rows, "t", s.b, false) {
		z := fmt.Sprintf("z%d", i)
		switch {
		case a.column == meta.FieldID: // few rows, found by their ids and sorted
			order := loose("t", p.dialect)
			after := either(p.sorting.after(s.b, order, p.after))
			branches = append(branches, fmt.Sprintf("SELECT * FROM (%s) AS %s", s.few(joined(a.text, after), before, p.sorting.by(order)), z))
		case p.dialect.Lateral && a.key != "":
			scope, order := s.oneKey(a.column, a.key)
			branches = append(branches, fmt.Sprintf("SELECT * FROM (%s) AS %s", s.few(scope, before, order), z))
		case p.dialect.Lateral:
			scope, order := s.oneKey(a.column, "g.key")
			branches = append(branches, fmt.Sprintf("SELECT %s.* FROM %s CROSS JOIN LATERAL (%s) AS %s",
				z, p.dialect.Unnest("g", a.arg), s.few(scope, before, order), z))
		default:
			after := either(p.sorting.after(s.b, bare("t"), p.after))
			branches = append(branches, fmt.Sprintf("SELECT * FROM (%s) AS %s", s.few(joined(a.text, after), before, p.sorting.by(bare("t"))), z))
		}
		before += " AND " + a.not
	}
	return fmt.Sprintf("v AS MATERIALIZED (%s), page AS MATERIALIZED (SELECT %s FROM v%s LIMIT %d)",
		strings.Join(branches, " UNION ALL "), p.sorting.names(""), p.sorting.byNames(""), p.n)
}

// few selects the first rows of one scope that no scope before it has.
func (s *statement) few(scope, before, order string) string {
	p := s.list
	return fmt.Sprintf("SELECT %s FROM %s WHERE %s%s%s LIMIT %d",
		p.sorting.columns("t"), s.from(), joined("t.deleted = 0", scope, s.filter.Text), before, order, p.n)
}

// oneKey restricts a scope column to one key, and gives the order. The key is written as a range and stands first in the order, so that
// only the index of the scope is in it: the planner would walk the index by change to its end for a key that has no rows.
func (s *statement) oneKey(column, key string) (scope, order string) {
	p := s.list
	first := p.sorting.keys[0]
	c := "t." + column
	direction := " ASC"
	low, high := c+" >= "+key, c+" <= "+key
	if first.desc {
		direction = " DESC"
		low, high = high, low
	}
	if p.after != nil { // from the cursor on, in one range of the index
		low = fmt.Sprintf("(%s, t.%s, t.id)%s(%s, %s, %s)", c, first.column, first.after(), key, bindKey(s.b, p.after[0]), bindKey(s.b, p.after[1]))
	}
	order = strings.TrimPrefix(p.sorting.by(bare("t")), " ORDER BY ")
	return joined(low, high), " ORDER BY " + c + direction + ", " + order
}

// window reads so many entries of an index, in the order and from the cursor on. When the cursor leaves two ranges, the second follows
// the first, and so does its part of the window.
func (s *statement) window(columns, order, outside string, ranges []string, entries int) string {
	if len(ranges) == 0 {
		ranges = []string{""}
	}
	parts := make([]string, len(ranges))
	for i, r := range ranges {
		parts[i] = fmt.Sprintf("SELECT %s, t.id, t.owner, t.team, t.branch FROM %s AS t WHERE %s%s LIMIT %d",
			columns, Table(s.list.Entity), joined("t.deleted = 0", r), order, entries)
	}
	if len(parts) == 1 {
		return parts[0]
	}
	for i, part := range parts {
		parts[i] = fmt.Sprintf("SELECT * FROM (%s) AS w%d", part, i)
	}
	return strings.Join(parts, " UNION ALL ") + fmt.Sprintf("%s LIMIT %d", outside, entries)
}

// visible is the check of who may see the rows of a window.
func (s *statement) visible(alias string, loose bool) string {
	if !s.list.restricted() {
		return ""
	}
	return either(texts(atoms(s.list.Entity, s.list.Rows, alias, s.b, loose)))
}

// walk reads a window of the index that is in the order, and reads rows only to test the filter.
func (s *statement) walk(entries int) string {
	p := s.list
	inner := s.window(p.sorting.columns("t"), p.sorting.by(bare("t")), p.sorting.byNames(""), p.sorting.after(s.b, bare("t"), p.after), entries)
	from := "(" + inner + ") AS x"
	if s.filter.Text != "" {
		from += " JOIN " + Table(p.Entity) + " AS t ON t.id = x.id" + s.filter.Joins
	}
	where := joined(s.visible("x", false), s.filter.Text)
	if where != "" {
		where = " WHERE " + where
	}
	return fmt.Sprintf("page AS MATERIALIZED (SELECT %s FROM %s%s%s LIMIT %d)",
		p.sorting.names("x."), from, where, p.sorting.byNames("x."), p.n)
}

// walkTies reads a window of an index that is in the order of the first key only. Of the last value in a full window there may be more
// rows outside, so those are left out.
func (s *statement) walkTies(entries int) string {
	p := s.list
	first := p.sorting.keys[0]
	inner := s.window("t."+first.column+" AS w", " ORDER BY t."+first.column+first.direction(), " ORDER BY w"+first.direction(),
		p.sorting.notBefore(s.b, "t", p.after), entries)
	last := first
	last.desc = !last.desc
	where := joined(s.visible("x", false), either(p.sorting.after(s.b, bare("t"), p.after)), s.filter.Text,
		fmt.Sprintf("((SELECT count(*) FROM win) < %d OR %s)", entries, first.before("x.w", "(SELECT w FROM edge)")))
	return fmt.Sprintf("win AS MATERIALIZED (%s), edge AS MATERIALIZED (SELECT w FROM win ORDER BY w%s LIMIT 1), "+
		"page AS MATERIALIZED (SELECT %s FROM win AS x JOIN %s AS t ON t.id = x.id%s WHERE %s%s LIMIT %d)",
		inner, last.direction(), p.sorting.columns("t"), Table(p.Entity), s.filter.Joins, where, p.sorting.by(bare("t")), p.n)
}

// plain leaves it to the filter or to the order which index is used: the rights never lead to one, the order only when it is bare.
func (s *statement) plain(base string, looseRights bool, order columnOf) string {
	p := s.list
	where := joined(base, either(p.sorting.after(s.b, order, p.after)), s.visible("t", looseRights), s.filter.Text)
	return fmt.Sprintf("page AS MATERIALIZED (SELECT %s FROM %s WHERE %s%s LIMIT %d)",
		p.sorting.columns("t"), s.from(), where, p.sorting.by(order), p.n)
}
