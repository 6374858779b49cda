package db

import (
	"strconv"
	"strings"
)

// InsertText is the statement that inserts n rows, whose arguments are the values row by row.
func InsertText(table string, columns []string, n int) string {
	var b strings.Builder
	b.Grow(32 + len(table) + (n*6+12)*len(columns))
	b.WriteString("INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES ")
	arg := 0
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('(')
		for j := range columns {
			if j > 0 {
				b.WriteString(", ")
			}
			arg++
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(arg))
		}
		b.WriteByte(')')
	}
	return b.String()
}
