package query

import (
	"fmt"
	"strings"

	"ashna/engine/db"
	"ashna/engine/meta"
)

// Rollup writes the subquery of one roll-up field over the record whose id is the text id, such as an argument.
func Rollup(a *meta.Attr, id string, b *Builder) (string, error) {
	k := a.Kind.(meta.RollupKind)
	list, _ := a.Entity.List(k.List)
	w, err := Condition(list.Entity, a.Answer, Options{Builder: b, Alias: "t"})
	if err != nil {
		return "", err
	}
	where := "t." + list.Via.Columns[0] + " = " + id + " AND t.deleted = 0"
	if w.Text != "" {
		where += " AND " + w.Text
	}
	value := "count(*)"
	if k.Function != meta.Count {
		field, _ := list.Entity.Attr(k.Field)
		value = aggregate(k, field, b.Dialect())
	}
	return "(SELECT " + value + " FROM " + list.Entity.Table() + " AS t" + w.Joins + " WHERE " + where + ")", nil
}

func aggregate(k meta.RollupKind, field *meta.Attr, d *db.Dialect) string {
	column := "t." + field.Columns[0]
	switch k.Function {
	case meta.Min:
		return "min(" + column + ")"
	case meta.Max:
		return "max(" + column + ")"
	}
	sum := fmt.Sprintf(d.Sum, column)
	if k.Function == meta.Sum {
		return sum
	}
	up, down := "1", "1" // from the decimals of the field to those of the answer
	if digits := averageScale - field.Formula().Scale; !field.Formula().Money {
		up += strings.Repeat("0", max(digits, 0))
		down += strings.Repeat("0", max(-digits, 0))
	}
	scaled := fmt.Sprintf(d.Clamp, fmt.Sprintf(d.Wide, sum)+" * "+up)
	return "CASE WHEN count(" + column + ") > 0 THEN " + scaled + " / (count(" + column + ") * " + down + ") END"
}
