package db

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Dialect holds every difference of the two databases that the makers of statements need.
type Dialect struct {
	Name string
	// Types of columns.
	Key, Int, Text, Bytes string
	// TextOrder makes a text expression compare by bytes.
	TextOrder string
	// Is and IsNot compare so that two empty values are equal.
	Is, IsNot string
	// Contains and EndsWith are conditions over a text expression and an argument; the second takes the count of characters.
	Contains, EndsWith string
	// Wide makes an operand of arithmetic wide enough not to stop the statement; Clamp takes a result at or beyond ±(2^63−1) to
	// empty; Narrow takes a wide result that is known to fit back to 64 bits.
	Wide, Clamp, Narrow string
	// Divide and Modulo take two operands; by zero is empty.
	Divide, Modulo string
	// Sum adds up the numbers of a column without overflow on the way: 0 of nothing, empty at or beyond ±2^62.
	Sum string
	// Cast gives an argument its type where the database cannot infer it: text, int, bytes.
	CastText, CastInt, CastBytes string
	// EmptyFirst is written after a column of an index that may be empty, so that empty values are the smallest.
	EmptyFirst string
	// Least and Greatest are the functions for the lower and the higher of two values.
	Least, Greatest string
	// Lateral says that a few rows for each key need a lateral join; otherwise IN with an order and a limit does it.
	Lateral bool
	// Lock is appended to a SELECT to lock its row against other writers until the end of the transaction; others may link to it. LockFirm
	// keeps others from linking to it as well; LockLink keeps the row of a link's target from being locked firmly.
	Lock, LockFirm, LockLink string
	// LateReferences says that a link is declared after its table was made.
	LateReferences bool
	// TableOptions end the statement that makes a table of records.
	TableOptions string
	listColumns  string
	listIndexes  string
	// SkipLocked is appended to a SELECT to lock its rows, leaving out those that another transaction holds.
	SkipLocked string
	// Search keeps and asks the index of words.
	Search Search
}

// Ints gives the argument that stands for a list of keys in the condition of InInts.
func (d *Dialect) Ints(list []int64) any {
	if d.Lateral {
		if list == nil {
			return []int64{}
		}
		return list
	}
	text, err := json.Marshal(list)
	if err != nil || list == nil {
		return "[]"
	}
	return string(text)
}

// InInts is the condition that an expression is one of a list of keys, the argument with the given number.
func (d *Dialect) InInts(expression string, arg int) string {
	if d.Lateral {
		return fmt.Sprintf("%s = ANY($%d::bigint[])", expression, arg)
	}
	return fmt.Sprintf("%s IN (SELECT value FROM json_each($%d))", expression, arg)
}

// Unnest is a table with one column named key: the list of keys that is the argument with the given number.
func (d *Dialect) Unnest(alias string, arg int) string {
	if d.Lateral {
		return fmt.Sprintf("unnest($%d::bigint[]) AS %s(key)", arg, alias)
	}
	return fmt.Sprintf("(SELECT value AS key FROM json_each($%d)) AS %s", arg, alias)
}

// Quote writes a literal text into a statement; only texts of the catalog come here, never values.
func Quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

var sqliteDialect = &Dialect{
	Search: sqliteSearch,
	Name:   "sqlite",
	Key:    "INTEGER PRIMARY KEY", Int: "INTEGER", Text: "TEXT", Bytes: "BLOB",
	Is: "IS", IsNot: "IS NOT",
	Contains: "instr(%s, %s) > 0", EndsWith: "substr(%s, -%d) = %s",
	Wide: "%s", Narrow: "%s",
	Clamp:  "nullif(nullif(nullif(cast(%s AS integer), 9223372036854775807), -9223372036854775807), -9223372036854775808)",
	Divide: "%s / %s", Modulo: "%s %% %s",
	Sum: "CASE WHEN coalesce(sum(%[1]s >> 32), 0) + (coalesce(sum(%[1]s & 4294967295), 0) >> 32) BETWEEN -1073741824 AND 1073741823 THEN " +
		"nullif(coalesce(sum(%[1]s >> 32), 0) * 4294967296 + coalesce(sum(%[1]s & 4294967295), 0), -4611686018427387904) END",
	CastText: "$%d", CastInt: "$%d", CastBytes: "$%d",
	Least: "min", Greatest: "max",
	listColumns: liteColumns, listIndexes: liteIndexes,
}

var postgresDialect = &Dialect{
	Search: postgresSearch,
	Name:   "postgres",
	Key:    "bigint PRIMARY KEY", Int: "bigint", Text: `text COLLATE "C"`, Bytes: "bytea",
	Is: "IS NOT DISTINCT FROM", IsNot: "IS DISTINCT FROM",
	Contains: "strpos(%s, %s) > 0", EndsWith: "right(%s, %d) = %s",
	Wide: "(%s)::numeric", Narrow: "(%s)::bigint",
	// greatest and least skip empty operands, so that an empty one becomes the limit, which is taken to empty.
	Clamp:  "nullif(nullif(greatest(least(%s, 9223372036854775807), -9223372036854775807), 9223372036854775807), -9223372036854775807)::bigint",
	Divide: "div(%s, nullif(%s, 0))", Modulo: "mod(%s, nullif(%s, 0))",
	Sum:      "CASE WHEN abs(coalesce(sum(%[1]s::numeric), 0)) < 4611686018427387904 THEN coalesce(sum(%[1]s::numeric), 0)::bigint END",
	CastText: `$%d::text COLLATE "C"`, CastInt: "$%d::bigint", CastBytes: "$%d::bytea", EmptyFirst: " NULLS FIRST",
	Least: "least", Greatest: "greatest", Lateral: true, Lock: " FOR NO KEY UPDATE", LockFirm: " FOR UPDATE", LockLink: " FOR KEY SHARE", SkipLocked: " FOR UPDATE SKIP LOCKED",
	LateReferences: true, TableOptions: " WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02)",
	listColumns: pgColumns, listIndexes: pgIndexes,
}
