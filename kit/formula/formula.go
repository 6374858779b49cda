// Package formula is the one language of the house for filters, rights, validation rules, scores, conditions and computed fields.
//
// A formula is read by Parse into a tree of Nodes, typed by Check against a Schema into a tree of Exprs, and then either evaluated in
// memory by Eval or compiled to SQL by a higher floor from the exported Expr tree. Both must give the same answer; what an answer is
// in the odd cases (empty values, overflow, days of a zone) is said in the comments of the Ops.
//
// Conditions have two values, never three: `not c` is the exact opposite of c. Equality is true of two empty values; every other
// comparison with an empty value is false. Arithmetic that leaves its range is empty. There are no floats, no loops besides the list
// functions, and every limit is a constant of this file, so that the work of any source is bounded.
package formula

// The limits of one formula. A source, tree or evaluation beyond them is refused with a fault that names the limit.
const (
	MaxSource   = 4000      // bytes of a source
	MaxParts    = 300       // nodes of a parsed tree
	MaxDepth    = 40        // operands inside each other, brackets included
	MaxPath     = 4         // names of a path, "record" and "old" not counted
	MaxMembers  = 200       // values in a list after "in"
	MaxLists    = 8         // list functions in one formula
	MaxNested   = 3         // list functions inside each other
	MaxDecimals = 6         // decimals of a number as written
	MaxScale    = 8         // decimals of a product
	MaxDays     = 100_000   // days in daysAgo() and daysAhead()
	MaxFaults   = 20        // faults CheckAll reports
	MaxRelated  = 1_000_000 // related records one evaluation may visit
)

// Compile parses a source and checks it: Parse, then Check.
func Compile(schema Schema, object, source string, want Want, settings Settings) (*Expr, error) {
	n, err := Parse(source)
	if err != nil {
		return nil, err
	}
	return Check(schema, object, n, want, settings)
}
