package query

import (
	"slices"

	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/kit/fault"
)

// Duplicate names the fields of a unique index that a save ran into.
func Duplicate(c *meta.Catalog, u *db.UniqueError) error {
	for _, entity := range c.Entities {
		for _, i := range Indexes(entity) {
			same := u.Index != "" && i.Name == u.Index || u.Index == "" && entity.Table() == u.Table && slices.Equal(i.Columns, u.Columns)
			if !i.Unique || !same {
				continue
			}
			var list fault.List
			for _, column := range i.Columns {
				if a := attrOf(entity, column); a != nil {
					list = append(list, &fault.Error{Kind: fault.Conflict, Key: "value.duplicate", Field: a.Name, Params: fault.Params{"field": a.Name}, Err: u})
				}
			}
			if len(list) > 0 {
				return list
			}
		}
	}
	return fault.Wrap(fault.Conflict, "value.duplicate", u)
}

func attrOf(entity *meta.Entity, column string) *meta.Attr {
	for _, a := range entity.Fields {
		if a.Key == column || len(a.Columns) > 0 && a.Columns[0] == column {
			return a
		}
	}
	return nil
}
