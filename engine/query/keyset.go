package query

import (
	"strings"

	"ashna/engine/db"
	"ashna/engine/meta"
)

// columnOf writes the column of a key.
type columnOf func(key) string

// bare writes the columns of a table as they are.
func bare(alias string) columnOf {
	return func(k key) string { return alias + "." + k.column }
}

// loose writes the columns of a table, but for the id, so that no index on them is used.
func loose(alias string, d *db.Dialect) columnOf {
	return func(k key) string {
		if k.column == meta.FieldID {
			return alias + "." + k.column
		}
		return loosen(alias+"."+k.column, k.storage, d)
	}
}

// after gives the conditions of the rows that follow the row with these values: ranges that share no row, the second wholly after the
// first. Each of them can be walked by an index that is in the order. No values give no conditions.
func (s *sorting) after(b *Builder, write columnOf, values []any) []string {
	if values == nil {
		return nil
	}
	first := s.keys[0]
	column := write(first)
	single := true // the keys can be compared as one row
	for i, k := range s.keys {
		single = single && k.desc == first.desc && (i == 0 || !k.empty)
	}
	if !single {
		return []string{s.afterEach(b, write, values)}
	}
	if values[0] == nil {
		ranges := []string{column + " IS NULL AND " + s.afterRow(b, write, values, 1)}
		if !first.desc {
			ranges = append(ranges, column+" IS NOT NULL")
		}
		return ranges
	}
	ranges := []string{s.afterRow(b, write, values, 0)}
	if first.desc && first.empty {
		ranges = append(ranges, column+" IS NULL")
	}
	return ranges
}

// afterRow compares the keys from one on as a row; none of them is empty.
func (s *sorting) afterRow(b *Builder, write columnOf, values []any, from int) string {
	var columns, bound []string
	for i := from; i < len(s.keys); i++ {
		columns = append(columns, write(s.keys[i]))
		bound = append(bound, bindKey(b, values[i]))
	}
	return "(" + strings.Join(columns, ", ") + ")" + s.keys[0].after() + "(" + strings.Join(bound, ", ") + ")"
}

// afterEach says in full that the first key differs and is after, or is equal and the second differs, and so on.
func (s *sorting) afterEach(b *Builder, write columnOf, values []any) string {
	var options []string
	equal := ""
	for i, k := range s.keys {
		column := write(k)
		bound := ""
		if values[i] != nil {
			bound = bindKey(b, values[i])
		}
		if later := k.later(column, bound); later != "" {
			options = append(options, "("+equal+later+")")
		}
		if bound == "" {
			equal += column + " IS NULL AND "
		} else {
			equal += column + " = " + bound + " AND "
		}
	}
	return "(" + strings.Join(options, " OR ") + ")"
}

// later writes that a column is after a bound value, or after an empty one; empty when nothing is.
func (k key) later(column, bound string) string {
	switch {
	case bound == "" && k.desc:
		return ""
	case bound == "":
		return column + " IS NOT NULL"
	case k.desc && k.empty:
		return "(" + column + " < " + bound + " OR " + column + " IS NULL)"
	}
	return column + k.after() + bound
}

// notBefore bounds the first key, so that a walk by it can begin near the cursor: ranges as of after, with the ties of the cursor.
func (s *sorting) notBefore(b *Builder, alias string, values []any) []string {
	if values == nil {
		return nil
	}
	k := s.keys[0]
	column := alias + "." + k.column
	if values[0] == nil {
		ranges := []string{column + " IS NULL"}
		if !k.desc {
			ranges = append(ranges, column+" IS NOT NULL")
		}
		return ranges
	}
	ranges := []string{column + k.after()[:2] + "= " + bindKey(b, values[0])}
	if k.desc && k.empty {
		ranges = append(ranges, column+" IS NULL")
	}
	return ranges
}

func bindKey(b *Builder, v any) string {
	switch v := v.(type) {
	case int64:
		return b.Int(v)
	case string:
		return b.Text(v)
	case []byte:
		return b.bytes(v)
	}
	return "NULL"
}

// before writes that a column is before another value in the order of the key, either of which may be empty.
func (k key) before(column, other string) string {
	op := " < "
	if k.desc {
		op = " > "
	}
	switch {
	case !k.empty:
		return column + op + other
	case k.desc:
		return "(" + column + op + other + " OR (" + other + " IS NULL AND " + column + " IS NOT NULL))"
	}
	return "(" + column + op + other + " OR (" + column + " IS NULL AND " + other + " IS NOT NULL))"
}
