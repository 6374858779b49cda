package formula

import "slices"

// Hop is one step from a record to related ones.
type Hop struct {
	Object string // the object that has the link field
	Field  string // the link field
	Back   bool   // from the record pointed at to the records of Object that point at it, as a list does
}

// Use is a field that a formula reads, and how it gets there from the record it belongs to. No hops is the record itself.
type Use struct {
	Object string
	Field  string
	Hops   []Hop
}

func (u Use) equal(v Use) bool {
	return u.Object == v.Object && u.Field == v.Field && slices.Equal(u.Hops, v.Hops)
}

// Fields gives every field the formula reads, once for each way to it, in the order of reading. The links on the way and the link fields
// of lists are among them; "old" counts as the record itself. A change of one of them may change the value of the formula for the
// records from which the hops lead to the changed one.
func (e *Expr) Fields() []Use {
	var u uses
	u.expr(e)
	return u.found
}

// uses collects. frames holds how each level is reached.
type uses struct {
	found  []Use
	frames [MaxNested + 1][]Hop
}

func (u *uses) add(use Use) {
	if !slices.ContainsFunc(u.found, use.equal) {
		u.found = append(u.found, use)
	}
}

func (u *uses) expr(e *Expr) {
	if e == nil {
		return
	}
	if e.Op == OpPath {
		u.path(e)
	}
	for _, a := range e.Args {
		u.expr(a)
	}
	if l := e.Loop; l != nil {
		way := append(u.path(l.Base), Hop{Object: l.List.Object, Field: l.List.Field, Back: true})
		u.add(Use{Object: l.List.Object, Field: l.List.Field, Hops: way})
		u.frames[l.Level] = way
		u.expr(l.Where)
		u.expr(l.What)
	}
}

// path adds the fields of a path and gives the way to the record its last field belongs to. The id, which never changes, is no use.
func (u *uses) path(e *Expr) []Hop {
	way := slices.Clone(u.frames[max(e.Level, 0)])
	for i, s := range e.Steps {
		if s.Field.Index != IDIndex {
			u.add(Use{Object: s.Object, Field: s.Field.Name, Hops: slices.Clone(way)})
		}
		if i < len(e.Steps)-1 {
			way = append(way, Hop{Object: s.Object, Field: s.Field.Name})
		}
	}
	return way
}
