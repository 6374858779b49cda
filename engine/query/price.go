package query

import (
	"ashna/engine/access"
	"ashna/engine/meta"
	"ashna/kit/formula"
)

// Counters know, roughly and from memory, how many rows there are. What they do not know or have wrong costs time, never an answer.
type Counters interface {
	// Live gives the number of live records of an object.
	Live(object string) (n int64, known bool)
	// Rows gives the number of live records with a key in a column: owner, team, branch, or an indexed field. The key is an int64, a
	// string, or nil for empty.
	Rows(object, column string, key any) (n int64, known bool)
	// Below gives the share of live records, from 0 to 1, whose value in a column of numbers is below a value.
	Below(object, column string, value int64) (share float64, known bool)
	// Shares gives how many records of an object are shared with any of the principals.
	Shares(object string, principals []int64) (n int64, known bool)
}

// What is assumed where no counter knows.
const (
	assumedLive   = 100_000
	assumedShares = 100
	assumedShare  = 0.1 // of the rows pass a filter; of the rows belong to a key
)

// unknown are the counters of a list that has none.
type unknown struct{}

// Live is not known.
func (unknown) Live(string) (int64, bool) { return 0, false }

// Rows is not known.
func (unknown) Rows(string, string, any) (int64, bool) { return 0, false }

// Below is not known.
func (unknown) Below(string, string, int64) (float64, bool) { return 0, false }

// Shares is not known.
func (unknown) Shares(string, []int64) (int64, bool) { return 0, false }

// estimates are the numbers that prices are made of.
type estimates struct {
	live    float64 // live records
	visible float64 // that the viewer may see, at least 1
	shares  float64 // of them by shares
	keys    float64 // owners, teams and branches whose rows the viewer may see
	share   float64 // of the rows that pass the filter, above 0
	filter  filtering
}

// filtering is the part of a filter that an index finds the rows of.
type filtering struct {
	index   *Index
	share   float64 // of the live rows that it finds
	grouped bool    // they come in the default order
}

// estimator reads the counters for one list.
type estimator struct {
	entity   *meta.Entity
	counters Counters
	env      *formula.Env
	indexes  []Index
	live     float64
}

func (m *estimator) estimate(rows access.Rows, filter *formula.Expr) estimates {
	m.live = assumedLive
	if n, known := m.counters.Live(m.entity.Name); known {
		m.live = float64(max(n, 1))
	}
	e := estimates{live: m.live, visible: m.live, share: 1}
	if !rows.All {
		m.rows(&e, rows)
	}
	if filter != nil {
		m.filter(&e, filter)
	}
	e.share = max(e.share, 1/e.live)
	return e
}

// rows adds up what the viewer may see.
func (m *estimator) rows(e *estimates, rows access.Rows) {
	e.visible = 0
	add := func(column string, keys ...int64) {
		e.keys += float64(len(keys))
		for _, k := range keys {
			e.visible += m.of(column, k) * m.live
		}
	}
	if rows.Me != 0 {
		add(meta.FieldOwner, rows.Me)
	}
	add(meta.FieldTeam, rows.Teams...)
	add(meta.FieldBranch, rows.Branches...)
	if len(rows.Principals) > 0 {
		e.shares = assumedShares
		if n, known := m.counters.Shares(m.entity.Name, rows.Principals); known {
			e.shares = float64(n)
		}
		e.visible += e.shares
	}
	e.visible = min(max(e.visible, 1), m.live)
}

// of gives the share of the rows with a key in a column.
func (m *estimator) of(column string, key any) float64 {
	if n, known := m.counters.Rows(m.entity.Name, column, key); known {
		return min(float64(n)/m.live, 1)
	}
	return assumedShare
}

// bounds is what a filter says about one field.
type bounds struct {
	attr      *meta.Attr
	low, high float64 // the share of rows below the range, and below its end
	known     bool    // the range was found in the counters
	ranged    bool
	equal     float64 // the share of rows with one of the values it may have
	single    bool    // it has one value
}

func (b bounds) share() float64 {
	s := b.equal
	switch {
	case b.ranged && b.known:
		s *= max(b.high-b.low, 0)
	case b.ranged:
		s *= assumedShare
	}
	return s
}

// filter looks at the parts of a filter that are joined by and.
func (m *estimator) filter(e *estimates, x *formula.Expr) {
	var fields []*bounds
	other := false
	for _, part := range conjuncts(x, nil) {
		if !m.bound(&fields, part) {
			other = true
		}
	}
	for _, b := range fields {
		share := b.share()
		e.share *= share
		index := m.indexOn(b.attr.Key)
		if index == nil || e.filter.index != nil && e.filter.share <= share {
			continue
		}
		e.filter = filtering{index, share, b.single && len(index.Columns) > 1 && index.Columns[1] == meta.FieldChangedAt}
	}
	if other {
		e.share *= assumedShare
	}
}

func conjuncts(x *formula.Expr, list []*formula.Expr) []*formula.Expr {
	if x.Op != formula.OpAnd {
		return append(list, x)
	}
	return conjuncts(x.Args[1], conjuncts(x.Args[0], list))
}

func (m *estimator) indexOn(column string) *Index {
	for i := range m.indexes {
		if x := &m.indexes[i]; x.Columns[0] == column && x.Where == whereLive && (len(x.Columns) > 1 || x.Unique) {
			return x
		}
	}
	return nil
}

// bound notes what one part says about a field of the record; false when it says nothing that an index could serve.
func (m *estimator) bound(fields *[]*bounds, x *formula.Expr) bool {
	left := x
	if len(x.Args) > 0 {
		left = x.Args[0]
	}
	if x.Op == formula.OpEqual && left.Fixed() {
		left = x.Args[1]
	}
	attr := m.own(left)
	if attr == nil || attr.Key == "" {
		return false
	}
	b := boundsOf(fields, attr)
	switch x.Op {
	case formula.OpPath:
		b.equal, b.single = b.equal*m.of(attr.Key, int64(1)), true
	case formula.OpIsEmpty:
		b.equal, b.single = b.equal*m.of(attr.Key, m.empty(attr)), true
	case formula.OpEqual, formula.OpIn:
		return m.values(b, x, left)
	case formula.OpLess, formula.OpLessOrEqual, formula.OpGreater, formula.OpGreaterOrEqual, formula.OpBetween, formula.OpWithin:
		return m.ranges(b, x)
	case formula.OpStartsWith:
		b.ranged = true
	default:
		b.equal *= assumedShare
		return false
	}
	return true
}

func boundsOf(fields *[]*bounds, attr *meta.Attr) *bounds {
	for _, b := range *fields {
		if b.attr == attr {
			return b
		}
	}
	b := &bounds{attr: attr, high: 1, equal: 1, known: true}
	*fields = append(*fields, b)
	return b
}

// own gives the field when a formula is one of the record itself that has a column.
func (m *estimator) own(x *formula.Expr) *meta.Attr {
	if x.Op != formula.OpPath || x.Level != 0 || len(x.Steps) != 1 {
		return nil
	}
	a, ok := m.entity.Attr(x.Steps[0].Field.Name)
	if !ok || !a.Stored {
		return nil
	}
	return a
}

func (m *estimator) empty(a *meta.Attr) any {
	if zero(a) {
		return int64(0)
	}
	return nil
}

// values notes that a field has one of fixed values.
func (m *estimator) values(b *bounds, x, field *formula.Expr) bool {
	share, n := 0.0, 0
	for _, v := range x.Args {
		if v == field {
			continue
		}
		if !v.Fixed() || v.Type.Kind != field.Type.Kind {
			return false
		}
		n++
		share += m.of(b.attr.Key, m.keyOf(b.attr, v))
	}
	b.equal, b.single = b.equal*min(share, 1), n == 1
	return true
}

func (m *estimator) keyOf(a *meta.Attr, x *formula.Expr) any {
	v := x.At(m.env)
	switch {
	case !v.Ok:
		return m.empty(a)
	case isText(x.Type):
		return v.Text
	}
	return v.Int
}

// ranges notes that a field is before or after fixed values.
func (m *estimator) ranges(b *bounds, x *formula.Expr) bool {
	for _, bound := range x.Args[1:] {
		if !bound.Fixed() {
			return false
		}
	}
	b.ranged = true
	switch x.Op {
	case formula.OpLess, formula.OpLessOrEqual:
		b.high = min(b.high, m.below(b, x.Args[0], x.Args[1], 0))
	case formula.OpGreater, formula.OpGreaterOrEqual:
		b.low = max(b.low, m.below(b, x.Args[0], x.Args[1], 1))
	default:
		b.low = max(b.low, m.below(b, x.Args[0], x.Args[1], 1))
		b.high = min(b.high, m.below(b, x.Args[0], x.Args[2], 0))
	}
	return true
}

// below gives the share of rows before a fixed value. No row is before or after an empty one: none is the share that leaves no row.
func (m *estimator) below(b *bounds, field, bound *formula.Expr, none float64) float64 {
	v := bound.At(m.env)
	if !v.Ok {
		return none
	}
	at := v.Int
	if field.Type.Kind == formula.Moment && bound.Type.Kind == formula.Date {
		at, _ = m.env.DayBounds(v.Int)
	}
	share, known := m.counters.Below(m.entity.Name, b.attr.Key, at)
	if !known {
		b.known = false
		return 1 - none
	}
	return share
}
