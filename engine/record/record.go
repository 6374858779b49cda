// Package record is the engine: the only way a record is read or written. It tells the story of each write in one place (load, rights,
// patch, rules, validation, save, log) and puts the rights of the viewer into every read.
package record

import (
	"ashna/engine/meta"
	"ashna/engine/row"
)

// Record is one record of an object: a slot for each value, in the order of the object's fields.
type Record = row.Record

// Draft is a record on its way into the database: how it was, how it shall be, and what is wrong with it.
type Draft = row.Draft

// Patch is what came in: values by field name, as JSON or a CSV file has them. A field that is not in it stays as it is; an empty value
// empties it.
type Patch = row.Patch

// Same says whether a field has the same value in two records of one object.
func Same(a *meta.Attr, x, y *Record) bool { return row.Same(a, x, y) }
