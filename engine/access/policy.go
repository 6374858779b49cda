package access

import (
	"maps"
	"slices"

	"ashna/kit/ident"
)

// Person is what the policy knows of a user.
type Person struct {
	ID     ident.ID
	Name   string
	Email  string
	Active bool
	Team   ident.ID
	Branch ident.ID
	Roles  []ident.ID
	Habits Habits
}

// Habits are how a person counts time: what "this month" and "today" are in a filter of theirs. Empty ones are those of the workspace.
type Habits struct {
	Calendar  string // gregorian or jalali
	Zone      string // IANA name
	WeekStart string // saturday, sunday or monday
}

// RoleData is a role as the policy knows it.
type RoleData struct {
	ID     ident.ID
	Code   string
	Rights Rights
}

// Data is everything the policy is made of.
type Data struct {
	People []Person
	Teams  map[ident.ID]ident.ID // team to parent, 0 for none
	Roles  []RoleData
}

// Policy is who is who at one moment. It never changes; a new one replaces it when users, teams, roles or memberships change, which
// touches no record.
type Policy struct {
	Version int64
	people  map[ident.ID]*Person
	roles   map[ident.ID]*RoleData
	parents map[ident.ID]ident.ID
	below   map[ident.ID][]int64 // each team with the teams under it, sorted
}

// NewPolicy makes a policy. A circle among the teams, which the rules of the team object refuse, ends at the first repetition.
func NewPolicy(version int64, d Data) *Policy {
	p := &Policy{
		Version: version, people: make(map[ident.ID]*Person, len(d.People)), roles: make(map[ident.ID]*RoleData, len(d.Roles)),
		parents: maps.Clone(d.Teams), below: make(map[ident.ID][]int64, len(d.Teams)),
	}
	for _, u := range d.People {
		u.Roles = slices.Clone(u.Roles)
		p.people[u.ID] = &u
	}
	for _, r := range d.Roles {
		p.roles[r.ID] = &r
	}
	for team := range d.Teams {
		for _, above := range p.above(team) {
			p.below[above] = append(p.below[above], int64(team))
		}
	}
	for _, list := range p.below {
		slices.Sort(list)
	}
	return p
}

const maxTeamDepth = 64

// above gives a team and those above it.
func (p *Policy) above(team ident.ID) []ident.ID {
	var list []ident.ID
	for team != 0 && len(list) < maxTeamDepth && !slices.Contains(list, team) {
		list = append(list, team)
		team = p.parents[team]
	}
	return list
}

// Person finds a user, also one who is not active.
func (p *Policy) Person(id ident.ID) (*Person, bool) {
	u, ok := p.people[id]
	return u, ok
}

// ByEmail finds a user whose address match accepts, also one who is not active. It asks about each user, in no order.
func (p *Policy) ByEmail(match func(email string) bool) (*Person, bool) {
	for _, u := range p.people {
		if match(u.Email) {
			return u, true
		}
	}
	return nil, false
}

// RoleByCode finds a role.
func (p *Policy) RoleByCode(code string) (*RoleData, bool) {
	for _, r := range p.roles {
		if r.Code == code {
			return r, true
		}
	}
	return nil, false
}

// HasRole says whether a user, active or not, has a role with the code.
func (p *Policy) HasRole(user ident.ID, code string) bool {
	u, ok := p.people[user]
	return ok && slices.ContainsFunc(u.Roles, func(id ident.ID) bool {
		r, ok := p.roles[id]
		return ok && r.Code == code
	})
}

// CountRole says how many active users have a role with the code.
func (p *Policy) CountRole(code string) int {
	n := 0
	for id, u := range p.people {
		if u.Active && p.HasRole(id, code) {
			n++
		}
	}
	return n
}
