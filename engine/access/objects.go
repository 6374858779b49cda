package access

import "ashna/engine/meta"

// ObjectAssignment is the object that gives a role to a user.
const ObjectAssignment = "assignment"

// Codes of the roles that every workspace has.
const (
	RoleOwner         = "owner"         // everything, also who is an owner
	RoleAdministrator = "administrator" // everything but owners
	RoleManager       = "manager"       // sees all, changes what belongs to the team and below
	RoleMember        = "member"        // sees the team's, changes the own
	RoleViewer        = "viewer"        // sees all, changes nothing
)

// Objects are the people and their order: users, teams, branches and roles. They are records like all others, with history, search and
// rights; only those who may manage users write them.
func Objects() []meta.Object {
	return []meta.Object{user, team, branch, role, assignment}
}

var user = meta.Object{
	Name: meta.ObjectUser, Plural: "users", Title: "name", Icon: "user", Internal: true, Small: true, Sort: "name",
	Fields: []meta.Field{
		{Name: "name", Kind: meta.TextKind{Max: 120}, Required: true, Search: true},
		{Name: "email", Kind: meta.EmailKind{}, Required: true, Unique: true, Search: true},
		{Name: "title", Kind: meta.TextKind{Max: 120}},
		{Name: "phone", Kind: meta.PhoneKind{}},
		{Name: "active", Kind: meta.BoolKind{}, Default: "true", Index: true},
		{Name: "roles", Kind: meta.ManyKind{Through: ObjectAssignment, Near: "member", Far: "role"}},
		{Name: "language", Kind: meta.ChoiceKind{Options: options("en", "fa", "az")}},
		{Name: "calendar", Kind: meta.ChoiceKind{Options: options("gregorian", "jalali")}},
		{Name: "digits", Kind: meta.ChoiceKind{Options: options("latin", "persian", "arabic")}},
		{Name: "zone", Kind: meta.TextKind{Max: 60}},
		{Name: "week_start", Kind: meta.ChoiceKind{Options: options("saturday", "sunday", "monday")}},
	},
}

var team = meta.Object{
	Name: meta.ObjectTeam, Plural: "teams", Title: "name", Icon: "users", Internal: true, Small: true, Sort: "name",
	Fields: []meta.Field{
		{Name: "name", Kind: meta.TextKind{Max: 120}, Required: true, Search: true},
		{Name: "parent", Kind: meta.RefKind{To: meta.ObjectTeam, Inverse: "subteams", Acyclic: true}},
		{Name: "manager", Kind: meta.RefKind{To: meta.ObjectUser, Inverse: "managed_teams", OnDelete: meta.Clear}},
		{Name: "description", Kind: meta.TextKind{Max: 500}},
	},
}

var branch = meta.Object{
	Name: meta.ObjectBranch, Plural: "branches", Title: "name", Icon: "building", Internal: true, Small: true, Sort: "name",
	Fields: []meta.Field{
		{Name: "name", Kind: meta.TextKind{Max: 120}, Required: true, Search: true},
		{Name: "address", Kind: meta.AddressKind{}},
		{Name: "phone", Kind: meta.PhoneKind{}},
	},
}

var role = meta.Object{
	Name: meta.ObjectRole, Plural: "roles", Title: "name", Icon: "shield", Internal: true, Small: true, Sort: "name",
	Fields: []meta.Field{
		{Name: "name", Kind: meta.TextKind{Max: 120}, Required: true, Search: true},
		{Name: "code", Kind: meta.TextKind{Max: 60, Pattern: "[a-z][a-z0-9_]*"}, Required: true, Unique: true, Fixed: true},
		{Name: "rights", Kind: meta.JSONKind{}, Required: true},
		{Name: "description", Kind: meta.TextKind{Max: 500}},
	},
}

var assignment = meta.Object{
	Name: ObjectAssignment, Plural: "assignments", Icon: "key", Internal: true, Small: true, NoTimeline: true,
	Unique: [][]string{{"member", "role"}},
	Fields: []meta.Field{
		{Name: "member", Kind: meta.RefKind{To: meta.ObjectUser, Inverse: "assignments", OnDelete: meta.Cascade}, Required: true, Fixed: true},
		{Name: "role", Kind: meta.RefKind{To: meta.ObjectRole, Inverse: "assignments", OnDelete: meta.Restrict}, Required: true, Fixed: true},
	},
}

func options(codes ...string) []meta.Option {
	list := make([]meta.Option, len(codes))
	for i, code := range codes {
		list[i] = meta.Option{Code: code}
	}
	return list
}
