// Package access answers who may see and do what. Roles, teams, branches and shares are compiled into plain values that a statement or
// a check in memory can test: which rows, which fields, which actions. It runs no statements itself.
package access

import "slices"

// Right is one thing that a role allows on an object.
type Right string

// The rights on an object. Each action of the object is a right of its own name.
const (
	Read   Right = "read"
	Create Right = "create"
	Update Right = "update"
	Delete Right = "delete"
	Export Right = "export"
	Import Right = "import"
)

// Levels of a share.
const (
	ShareRead = 1
	ShareEdit = 2
)

// Rows is what a viewer may see of an object, as a disjunction of conditions on the columns owner, team, branch and id. The zero value
// is no row at all.
type Rows struct {
	All        bool    // every row: the rest does not matter
	Me         int64   // rows whose owner is this user; 0: not by owner
	Teams      []int64 // rows of these teams, sorted
	Branches   []int64 // rows of these branches, sorted
	Principals []int64 // rows shared with any of these users, teams and roles, sorted
	Level      int     // lowest level of a share that counts
}

// None says whether no row can pass.
func (r Rows) None() bool {
	return !r.All && r.Me == 0 && len(r.Teams) == 0 && len(r.Branches) == 0 && len(r.Principals) == 0
}

// Owned is what the check in memory looks at.
type Owned struct {
	Owner, Team, Branch int64
	Share               int // highest level that the record is shared with the viewer at, 0 for none
}

// Pass says whether a row is among them.
func (r Rows) Pass(o Owned) bool {
	switch {
	case r.All:
		return true
	case r.Me != 0 && o.Owner == r.Me:
		return true
	case o.Team != 0 && contains(r.Teams, o.Team), o.Branch != 0 && contains(r.Branches, o.Branch):
		return true
	}
	return len(r.Principals) > 0 && o.Share >= max(r.Level, ShareRead)
}

// within gives the rows that are among limit as well. Where a team and a branch cross, which a disjunction cannot say, it gives fewer.
func (r Rows) within(limit Rows) Rows {
	switch {
	case limit.All:
		return r
	case r.All:
		return limit
	}
	out := Rows{Teams: common(r.Teams, limit.Teams), Branches: common(r.Branches, limit.Branches)}
	if r.Me == limit.Me {
		out.Me = r.Me
	}
	if shared := common(r.Principals, limit.Principals); len(shared) > 0 {
		out.Principals, out.Level = shared, max(r.Level, limit.Level)
	}
	return out
}

// covers says whether every row of others is surely among r.
func (r Rows) covers(others Rows) bool {
	switch {
	case r.All:
		return true
	case others.All:
		return false
	}
	return (others.Me == 0 || r.Me == others.Me) && subset(others.Teams, r.Teams) && subset(others.Branches, r.Branches) &&
		subset(others.Principals, r.Principals) && (len(others.Principals) == 0 || r.Level <= others.Level)
}

// common gives what two sorted lists have in common, sorted.
func common(a, b []int64) []int64 {
	var out []int64
	for _, x := range a {
		if contains(b, x) {
			out = append(out, x)
		}
	}
	return out
}

func subset(part, whole []int64) bool { return len(common(part, whole)) == len(part) }

// merge gives the members of two lists, sorted and each once.
func merge(a, b []int64) []int64 {
	out := append(slices.Clone(a), b...)
	slices.Sort(out)
	return slices.Compact(out)
}

func contains(sorted []int64, x int64) bool {
	_, found := slices.BinarySearch(sorted, x)
	return found
}
