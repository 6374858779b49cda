package access

import (
	"slices"
	"strings"

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
	System   bool // the program itself: everything is allowed
	Catalog  *meta.Catalog
	Policy   *Policy
	grants   map[string]*compiled
	platform []string
	owner    bool
	scopes   []string
}

// compiled is what the roles of a person add up to on one object.
type compiled struct {
	rows   map[Right]Rows
	fields map[string]FieldRight
}

// NewSystem makes the viewer that stands for the program itself; actor is the user on whose behalf it works, or 0.
func NewSystem(c *meta.Catalog, p *Policy, actor ident.ID) *Viewer {
	v := &Viewer{System: true, User: actor, Catalog: c, Policy: p, owner: true, platform: Permissions()}
	if p != nil {
		if u, ok := p.people[actor]; ok {
			v.Name, v.Team, v.Branch = u.Name, u.Team, u.Branch
		}
	}
	return v
}

// NewViewer compiles what an active user may do. Scopes are those of an API token ("read", "write", "companies:read", "admin"); none
// means all that the user may do.
func NewViewer(c *meta.Catalog, p *Policy, user ident.ID, scopes []string) (*Viewer, error) {
	u, ok := p.people[user]
	if !ok || !u.Active {
		return nil, fault.New(fault.Unauthenticated, "error.unauthenticated")
	}
	v := &Viewer{
		User: user, Name: u.Name, Team: u.Team, Branch: u.Branch, Catalog: c, Policy: p, scopes: scopes,
		grants: make(map[string]*compiled, len(c.Entities)),
	}
	var roles []*RoleData
	for _, id := range u.Roles {
		if r, ok := p.roles[id]; ok {
			roles = append(roles, r)
			v.owner = v.owner || r.Code == RoleOwner
			if len(scopes) == 0 || slices.Contains(scopes, "admin") {
				v.platform = append(v.platform, r.Rights.Platform...)
			}
		}
	}
	for _, e := range c.Entities {
		if e.Internal {
			v.grants[e.Name] = v.internal(e)
			continue
		}
		v.grants[e.Name] = v.compile(e, roles)
	}
	v.inherit(c)
	return v, nil
}

// internal gives everyone the names of users, teams and branches, and the rest to those who manage users.
func (v *Viewer) internal(e *meta.Entity) *compiled {
	g := &compiled{rows: map[Right]Rows{}, fields: map[string]FieldRight{Wildcard: Edit}}
	if e.Name == meta.ObjectUser || e.Name == meta.ObjectTeam || e.Name == meta.ObjectBranch {
		if v.token(e, Read) {
			g.rows[Read] = Rows{All: true}
		}
	}
	if slices.Contains(v.platform, Users) {
		for _, right := range []Right{Read, Create, Update, Delete, Export, Import, Wildcard} {
			if v.token(e, right) {
				g.rows[right] = Rows{All: true}
			}
		}
	}
	return g
}

// compile adds up the roles on one object.
func (v *Viewer) compile(e *meta.Entity, roles []*RoleData) *compiled {
	g := &compiled{rows: map[Right]Rows{}, fields: map[string]FieldRight{}}
	for _, r := range roles {
		grant, named := grantOf(e, r.Rights)
		if !named || grant.Rights[Read] == None {
			continue
		}
		for right, scope := range grant.Rights {
			if scope != None && v.token(e, right) {
				g.rows[right] = v.union(g.rows[right], scope)
			}
		}
		for _, a := range e.Fields {
			if fr := fieldRight(grant, a); rank(fr) > rank(g.fields[a.Name]) {
				g.fields[a.Name] = fr
			}
		}
	}
	shared := v.principals(roles)
	for _, right := range []Right{Read, Update} {
		if rows, may := g.rows[right]; may && !rows.All {
			rows.Principals, rows.Level = shared, shareLevel(right)
			g.rows[right] = rows
		}
	}
	return g
}

// grantOf finds what a role says about an object: by its name, by that of its parent, or for all.
func grantOf(e *meta.Entity, r Rights) (Grant, bool) {
	if g, ok := r.Objects[e.Name]; ok {
		return g, true
	}
	if e.ParentVia != nil {
		if ref, ok := e.ParentVia.Kind.(meta.RefKind); ok {
			if g, ok := r.Objects[ref.To]; ok {
				return Grant{Rights: g.Rights}, true
			}
		}
	}
	g, ok := r.Objects[Wildcard]
	return g, ok
}

func fieldRight(g Grant, a *meta.Attr) FieldRight {
	if fr, ok := g.Fields[a.Name]; ok && !a.System {
		return fr
	}
	if a.System {
		return Edit
	}
	if fr, ok := g.Fields[Wildcard]; ok {
		return fr
	}
	if a.Sensitive {
		return Hidden
	}
	return Edit
}

func rank(fr FieldRight) int {
	return slices.Index([]FieldRight{"", Hidden, ReadOnly, Edit}, fr)
}

func shareLevel(right Right) int {
	if right == Read {
		return ShareRead
	}
	return ShareEdit
}

// union widens rows by a scope.
func (v *Viewer) union(rows Rows, s Scope) Rows {
	if rows.All || s == All {
		return Rows{All: true}
	}
	rows.Me = int64(v.User)
	switch s {
	case Team:
		rows.Teams = merge(rows.Teams, v.Policy.below[v.Team])
	case Branch:
		if v.Branch != 0 {
			rows.Branches = merge(rows.Branches, []int64{int64(v.Branch)})
		}
	}
	return rows
}

func merge(a, b []int64) []int64 {
	out := append(slices.Clone(a), b...)
	slices.Sort(out)
	return slices.Compact(out)
}

// principals are those whose shares count for the person: the person, the team and those above it, the roles.
func (v *Viewer) principals(roles []*RoleData) []int64 {
	list := []int64{int64(v.User)}
	for _, team := range v.Policy.above(v.Team) {
		list = append(list, int64(team))
	}
	for _, r := range roles {
		list = append(list, int64(r.ID))
	}
	slices.Sort(list)
	return list
}

// inherit limits what belongs to a parent of several objects to what the person may do with all of them, and hides computed fields that
// read what is hidden.
func (v *Viewer) inherit(c *meta.Catalog) {
	for _, e := range c.Entities {
		if e.ParentVia == nil {
			continue
		}
		if any_, ok := e.ParentVia.Kind.(meta.AnyRefKind); ok {
			for _, to := range any_.To {
				v.limit(e.Name, to)
			}
		}
	}
	for _, e := range c.Entities {
		v.hideComputed(e)
	}
}

// limit takes away from an object the rights that the person does not have on its parent.
func (v *Viewer) limit(child, parent string) {
	g, above := v.grants[child], v.grants[parent]
	for right, rows := range g.rows {
		if above == nil {
			delete(g.rows, right)
			continue
		}
		limit, may := above.rows[right]
		if right == Create || right == Delete || right == Wildcard {
			limit, may = above.rows[Update], len(above.rows) > 0
		}
		switch {
		case !may || limit.None():
			delete(g.rows, right)
		case !limit.All && rows.All:
			g.rows[right] = limit
		}
	}
}

// hideComputed hides formulas that read a hidden field, and roll-ups over records that the person may not see all of.
func (v *Viewer) hideComputed(e *meta.Entity) {
	g := v.grants[e.Name]
	for _, a := range e.Fields {
		switch k := a.Kind.(type) {
		case meta.RollupKind:
			list, ok := e.List(k.List)
			if !ok || !v.seesAll(e, list) || !v.readsAll(a) || k.Field != "" && !v.readableName(list.Entity, k.Field) {
				g.fields[a.Name] = Hidden
			}
		case meta.FormulaKind:
			if !v.readsAll(a) {
				g.fields[a.Name] = Hidden
			}
		}
	}
}

// seesAll says whether whoever sees a record sees every record of one of its lists.
func (v *Viewer) seesAll(e *meta.Entity, list meta.List) bool {
	return v.Rows(list.Entity, Read).All || list.Entity.ParentVia == list.Via
}

func (v *Viewer) readableName(e *meta.Entity, field string) bool {
	a, ok := e.Attr(field)
	return ok && v.Readable(a)
}

func (v *Viewer) readsAll(a *meta.Attr) bool {
	if a.Answer == nil {
		return true
	}
	for _, use := range a.Answer.Fields() {
		e, ok := v.Catalog.Object(use.Object)
		if !ok || use.Field != meta.FieldID && !v.readableName(e, use.Field) {
			return false
		}
	}
	return true
}

// token says whether the scopes of the token allow a right on an object.
func (v *Viewer) token(e *meta.Entity, right Right) bool {
	if len(v.scopes) == 0 {
		return true
	}
	need := "write"
	switch right {
	case Read:
		need = "read"
	case Export, Import:
		need = string(right)
	}
	return slices.ContainsFunc(v.scopes, func(s string) bool {
		object, word, named := strings.Cut(s, ":")
		if !named {
			word = s
		} else if object != e.Plural {
			return false
		}
		return word == need || word == "write" && need == "read" || word == "admin"
	})
}

// Rows gives the rows of an object that the person has a right on.
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

// Writable says whether the person may write a field from outside.
func (v *Viewer) Writable(a *meta.Attr) bool { return !a.Derived && v.field(a) == rank(Edit) }

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
	fr, ok := g.fields[a.Name]
	if !ok {
		fr = g.fields[Wildcard]
	}
	if a.System && fr == "" {
		fr = Edit
	}
	return rank(fr)
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

// Covers says whether the person has at least the rights of a role, so that granting it gives away nothing more.
func (v *Viewer) Covers(r *RoleData) bool {
	if v.System || v.owner {
		return true
	}
	if r.Code == RoleOwner {
		return false
	}
	for _, p := range r.Rights.Platform {
		if !v.Manages(p) {
			return false
		}
	}
	for _, e := range v.Catalog.Entities {
		grant, named := grantOf(e, r.Rights)
		if !named || e.Internal {
			continue
		}
		for right, scope := range grant.Rights {
			if scope != None && !v.Rows(e, right).All {
				return false
			}
		}
	}
	return true
}
