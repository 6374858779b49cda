package access

import (
	"slices"
	"time"

	"ashna/engine/meta"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

// Viewer is a person, or the program itself, with everything it may do, compiled for one catalog and one policy. It never changes and
// may be kept as long as both stand.
type Viewer struct {
	User     ident.ID
	Name     string
	Team     ident.ID
	Branch   ident.ID
	Habits   Habits
	Zone     *time.Location // of the habits; nil is the zone of the workspace
	System   bool           // the program itself: everything is allowed
	Catalog  *meta.Catalog
	Policy   *Policy
	roles    []*RoleData
	grants   map[string]*compiled
	platform []string
	owner    bool
	scopes   []string
	key      string
}

// A viewer is what formulas and answers are masked by.
var _ meta.Mask = (*Viewer)(nil)

// NewSystem makes the viewer that stands for the program itself; actor is the user on whose behalf it works, or 0.
func NewSystem(c *meta.Catalog, p *Policy, actor ident.ID) *Viewer {
	v := &Viewer{System: true, User: actor, Catalog: c, Policy: p, owner: true, platform: Permissions(), key: keyAll}
	if p != nil {
		if u, ok := p.people[actor]; ok {
			v.Name, v.Team, v.Branch = u.Name, u.Team, u.Branch
		}
	}
	return v
}

// NewViewer compiles what an active user may do. Scopes are those of an API token ("read", "write", "companies:read", "admin"); none
// means all that the user may do. A user who is unknown or not active is refused as Unauthenticated.
func NewViewer(c *meta.Catalog, p *Policy, user ident.ID, scopes []string) (*Viewer, error) {
	u, ok := p.people[user]
	if !ok || !u.Active {
		return nil, fault.New(fault.Unauthenticated, "error.unauthenticated")
	}
	v := &Viewer{
		User: user, Name: u.Name, Team: u.Team, Branch: u.Branch, Catalog: c, Policy: p, scopes: slices.Clone(scopes),
		grants: make(map[string]*compiled, len(c.Entities)), Habits: u.Habits,
	}
	if zone, err := time.LoadLocation(u.Habits.Zone); err == nil && u.Habits.Zone != "" {
		v.Zone = zone
	}
	for _, id := range u.Roles {
		if r, ok := p.roles[id]; ok {
			v.roles = append(v.roles, r)
			v.owner = v.owner || r.Code == RoleOwner
			if v.full() {
				v.platform = append(v.platform, r.Rights.Platform...)
			}
		}
	}
	v.compile()
	v.key = v.maskKey()
	return v, nil
}

// Rows gives the rows of an object that the person has a right on. For an object whose rights follow a link they are conditions on
// the columns of the object at the end of the links.
func (v *Viewer) Rows(e *meta.Entity, right Right) Rows {
	if v.System {
		return Rows{All: true}
	}
	g := v.grants[e.Name]
	if g == nil {
		return Rows{}
	}
	if rows, ok := g.rows[right]; ok {
		return rows
	}
	switch right {
	case Read, Create, Update, Delete, Export, Import:
		return Rows{}
	}
	return g.rows[Wildcard] // actions that no role names
}

// Can says whether the person has the right on any row.
func (v *Viewer) Can(e *meta.Entity, right Right) bool { return !v.Rows(e, right).None() }

// Object says whether the person may see any record of an object.
func (v *Viewer) Object(e *meta.Entity) bool { return !e.Object.Retired && v.Can(e, Read) }

// Readable says whether the person may see a field.
func (v *Viewer) Readable(a *meta.Attr) bool { return v.field(a) > rank(Hidden) }

// Writable says whether the person may write a field from outside. Nobody writes what is derived or computed.
func (v *Viewer) Writable(a *meta.Attr) bool {
	return !a.Derived && !computed(a) && v.field(a) == rank(Edit)
}

func (v *Viewer) field(a *meta.Attr) int {
	if v.System {
		return rank(Edit)
	}
	if a.Part != nil {
		a = a.Part
	}
	g := v.grants[a.Entity.Name]
	if g == nil {
		return 0
	}
	return rank(g.fields[a.Name])
}

// Manages says whether the person has a platform permission.
func (v *Viewer) Manages(permission string) bool {
	return v.System || slices.Contains(v.platform, permission)
}

// IsOwner says whether the person is an owner of the workspace.
func (v *Viewer) IsOwner() bool { return v.owner }

// Scopes are those of the token the person came with.
func (v *Viewer) Scopes() []string { return v.scopes }

// Require gives a Denied fault unless the person has a platform permission.
func (v *Viewer) Require(permission string) error {
	if v.Manages(permission) {
		return nil
	}
	return fault.New(fault.Denied, "error.denied")
}
