// Package access answers who may see and do what. Roles, teams, branches and shares are compiled into plain values that a statement or
// a check in memory can test: which rows, which fields, which actions. It runs no statements itself.
package access

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

func contains(sorted []int64, x int64) bool {
	lo, hi := 0, len(sorted)
	for lo < hi {
		mid := (lo + hi) / 2
		if sorted[mid] < x {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo < len(sorted) && sorted[lo] == x
}
