package access

import (
	"slices"

	"ashna/engine/meta"
)

// compiled is what the roles of a person add up to on one object.
type compiled struct {
	rows   map[Right]Rows
	fields map[string]FieldRight // of every field; empty when the person may not read the object
}

// standard are the rights that every object has besides its actions.
var standard = []Right{Read, Create, Update, Delete, Export, Import}

// compile adds up the roles on every object, then takes away what a parent or a hidden field takes away.
func (v *Viewer) compile() {
	for _, e := range v.Catalog.Entities {
		if e.Internal {
			v.grants[e.Name] = v.internal(e)
		} else {
			v.grants[e.Name] = v.added(e)
		}
	}
	settled := map[*meta.Entity]bool{}
	for _, e := range v.Catalog.Entities {
		v.settle(e, settled)
	}
	v.hideComputed()
}

// internal gives everyone the names of users, teams and branches, and the rest to those who manage users.
func (v *Viewer) internal(e *meta.Entity) *compiled {
	g := &compiled{rows: map[Right]Rows{}, fields: map[string]FieldRight{}}
	manages := v.Manages(Users)
	for _, right := range append(slices.Clone(standard), Wildcard) {
		public := right == Read && (e.Name == meta.ObjectUser || e.Name == meta.ObjectTeam || e.Name == meta.ObjectBranch)
		if (manages || public) && v.token(e, right) {
			g.rows[right] = Rows{All: true}
		}
	}
	for _, a := range e.Fields {
		g.fields[a.Name] = Edit
		if a.Sensitive && !manages {
			g.fields[a.Name] = Hidden
		}
	}
	return g
}

// added adds up the roles on one object. A role that does not let its holders read the object lets them do nothing else with it.
func (v *Viewer) added(e *meta.Entity) *compiled {
	g := &compiled{rows: map[Right]Rows{}, fields: map[string]FieldRight{}}
	var grants []Grant
	for _, r := range v.roles {
		if grant, named := grantOf(e, r.Rights); named && grant.Rights[Read] != None {
			grants = append(grants, grant)
		}
	}
	for _, right := range named(grants) {
		rows := Rows{}
		for _, grant := range grants {
			if scope := grant.scope(right); scope != None && v.token(e, right) {
				rows = v.union(rows, scope)
			}
		}
		if level := shareLevel(e, right); level > 0 && !rows.All && !rows.None() {
			rows.Principals, rows.Level = v.principals(), level
		}
		g.rows[right] = rows
	}
	for _, grant := range grants {
		for _, a := range e.Fields {
			if fr := fieldRight(grant, a); rank(fr) > rank(g.fields[a.Name]) {
				g.fields[a.Name] = fr
			}
		}
	}
	return g
}

// named lists the rights that every object has and those that any of the grants speaks of, each once.
func named(grants []Grant) []Right {
	rights := append(slices.Clone(standard), Wildcard)
	for _, g := range grants {
		for right := range g.Rights {
			if !slices.Contains(rights, right) {
				rights = append(rights, right)
			}
		}
	}
	return rights
}

// scope is what a grant says about a right: an action that it does not name has the scope of the wildcard.
func (g Grant) scope(right Right) Scope {
	if s, ok := g.Rights[right]; ok || slices.Contains(standard, right) {
		return s
	}
	return g.Rights[Wildcard]
}

// grantOf finds what a role says about an object: by its name, else what follows from the object that decides its rights, else what
// it says about all objects.
func grantOf(e *meta.Entity, r Rights) (Grant, bool) { return grantAt(e, r, 0) }

func grantAt(e *meta.Entity, r Rights, depth int) (Grant, bool) {
	if g, ok := r.Objects[e.Name]; ok {
		return g, true
	}
	if parent := single(e); parent != nil && depth < meta.MaxParents {
		g, ok := grantAt(parent, r, depth+1)
		return followed(g), ok
	}
	g, ok := r.Objects[Wildcard]
	return g, ok
}

// single gives the object that decides the rights of another, when it is one.
func single(e *meta.Entity) *meta.Entity {
	if e.ParentVia == nil {
		return nil
	}
	link, ok := e.ParentVia.Kind.(meta.RefKind)
	if !ok {
		return nil
	}
	parent, _ := e.Catalog().Object(link.To)
	return parent
}

// followed is what a grant on a parent gives on what belongs to it: to change the parent is to make, change and delete its parts.
func followed(g Grant) Grant {
	change := g.Rights[Update]
	out := Grant{Rights: map[Right]Scope{
		Read: g.Rights[Read], Create: change, Update: change, Delete: change, Export: g.Rights[Export], Import: g.Rights[Import], Wildcard: change,
	}}
	if fr, ok := g.Fields[Wildcard]; ok {
		out.Fields = map[string]FieldRight{Wildcard: fr}
	}
	return out
}

func fieldRight(g Grant, a *meta.Attr) FieldRight {
	if a.System {
		return Edit
	}
	if fr, ok := g.Fields[a.Name]; ok {
		return fr
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
	switch fr {
	case Hidden:
		return 1
	case ReadOnly:
		return 2
	case Edit:
		return 3
	}
	return 0
}

// shareLevel is the level of a share that a right needs, 0 when shares do not give it. A share of a record gives its parts as well.
func shareLevel(e *meta.Entity, right Right) int {
	switch right {
	case Read:
		return ShareRead
	case Update:
		return ShareEdit
	case Export, Import:
		return 0
	}
	if e.ParentVia != nil {
		return ShareEdit
	}
	return 0
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

// principals are those whose shares count for the person: the person, the team and those above it, the roles.
func (v *Viewer) principals() []int64 {
	list := []int64{int64(v.User)}
	for _, team := range v.Policy.above(v.Team) {
		list = append(list, int64(team))
	}
	for _, r := range v.roles {
		list = append(list, int64(r.ID))
	}
	return merge(list, nil)
}

// settle takes away what the rest of the catalog takes away: what belongs to a parent is limited to what the person may do with that
// parent, with all of them when there are several; nobody changes or takes out what he does not see; and the fields of an object that
// nobody reads are hidden. Parents come first; the catalog has no circle of them.
func (v *Viewer) settle(e *meta.Entity, done map[*meta.Entity]bool) {
	if done[e] {
		return
	}
	done[e] = true
	g := v.grants[e.Name]
	if e.ParentVia != nil {
		for _, name := range e.ParentVia.Targets() {
			if parent, ok := v.Catalog.Object(name); ok {
				v.settle(parent, done)
				g.limit(v.grants[name])
			}
		}
	}
	read := g.rows[Read]
	for right, rows := range g.rows {
		switch {
		case read.None():
			g.rows[right] = Rows{}
		case right != Create && right != Import:
			g.rows[right] = rows.within(read)
		}
	}
	if read.None() {
		clear(g.fields)
	}
}

func (g *compiled) limit(parent *compiled) {
	for right, rows := range g.rows {
		g.rows[right] = rows.within(parent.rows[above(right)])
	}
}

// above is the right on a parent that a right on its parts needs.
func above(right Right) Right {
	switch right {
	case Read, Export, Import:
		return right
	}
	return Update
}

// hideComputed hides formulas that read a hidden field, roll-ups over records that the person may not see all of, and relations over
// an object that the person may not see. One may read another, so it goes on until nothing changes.
func (v *Viewer) hideComputed() {
	var open []*meta.Attr
	for _, e := range v.Catalog.Entities {
		for _, a := range e.Fields {
			if _, many := a.Kind.(meta.ManyKind); (many || computed(a)) && v.Readable(a) {
				open = append(open, a)
			}
		}
	}
	for before := -1; before != len(open); {
		before = len(open)
		open = slices.DeleteFunc(open, func(a *meta.Attr) bool {
			if v.answers(a) {
				return false
			}
			v.grants[a.Entity.Name].fields[a.Name] = Hidden
			return true
		})
	}
}

// computed says whether the value of a field is worked out from others.
func computed(a *meta.Attr) bool {
	switch a.Kind.(type) {
	case meta.FormulaKind, meta.RollupKind:
		return true
	}
	return false
}

// answers says whether the person may see everything that a computed field or a relation tells of.
func (v *Viewer) answers(a *meta.Attr) bool {
	switch k := a.Kind.(type) {
	case meta.FormulaKind:
		return v.readsAll(a)
	case meta.RollupKind:
		list, ok := a.Entity.List(k.List)
		return ok && v.seesAll(a.Entity, list) && v.readsAll(a) && (k.Field == "" || v.readableName(list.Entity, k.Field))
	case meta.ManyKind:
		through, ok := v.Catalog.Object(k.Through)
		return ok && v.readableName(through, k.Near) && v.readableName(through, k.Far)
	}
	return true
}

// seesAll says whether whoever sees a record sees every record of one of its lists.
func (v *Viewer) seesAll(e *meta.Entity, list meta.List) bool {
	if !v.readableName(list.Entity, list.Via.Name) {
		return false
	}
	listed := v.Rows(list.Entity, Read)
	return listed.All || list.Entity.ParentVia == list.Via && single(list.Entity) == e && listed.covers(v.Rows(e, Read))
}

func (v *Viewer) readableName(e *meta.Entity, field string) bool {
	a, ok := e.Attr(field)
	return ok && v.Object(e) && v.Readable(a)
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
