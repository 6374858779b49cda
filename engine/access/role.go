package access

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

	"ashna/kit/fault"
)

// Scope says which rows a right holds for.
type Scope string

// The scopes. Each but None includes the records that a person owns.
const (
	None   Scope = ""       // no row
	Own    Scope = "own"    // rows that the person owns
	Team   Scope = "team"   // and rows of the person's team and the teams below
	Branch Scope = "branch" // and rows of the person's branch
	All    Scope = "all"    // every row
)

// FieldRight says what a role may do with a field.
type FieldRight string

// The rights on a field, lowest first.
const (
	Hidden   FieldRight = "hidden"
	ReadOnly FieldRight = "read"
	Edit     FieldRight = "edit"
)

// Platform permissions: what a role may manage besides records.
const (
	Users    = "users"    // users, teams, branches, roles
	Catalog  = "catalog"  // objects, fields and rules
	Settings = "settings" // languages, currencies, rates, mail
	Log      = "log"      // the whole log, sign-ins included
	Jobs     = "jobs"     // running and failed jobs
	Backups  = "backups"  // backup and restore
)

// Permissions lists the platform permissions.
func Permissions() []string { return []string{Users, Catalog, Settings, Log, Jobs, Backups} }

// Wildcard stands for every object or field that a role does not name.
const Wildcard = "*"

// Grant is what a role allows on one object.
type Grant struct {
	Rights map[Right]Scope       `json:"rights"`
	Fields map[string]FieldRight `json:"fields,omitempty"` // fields that differ from Edit, sensitive ones that differ from Hidden; the wildcard names sensitive ones too
}

// Rights is what a role allows.
type Rights struct {
	Objects  map[string]Grant `json:"objects"`
	Platform []string         `json:"platform,omitempty"`
}

// maxRights is the size of a role's rights in bytes, as the field that keeps them has it.
const maxRights = 64 << 10

// ParseRights reads the rights of a role from JSON and checks every word of them: all that is wrong is reported at once, as a
// fault.List with places like "company.read". A scope may be written "none". Objects, fields and actions are not looked up, because
// they come and go while a role stays.
func ParseRights(text string) (Rights, error) {
	var r Rights
	if len(text) > maxRights {
		return r, fault.New(fault.Invalid, "value.too_long", "max", maxRights)
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return Rights{}, fault.Wrap(fault.Invalid, "value.json", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Rights{}, fault.New(fault.Invalid, "value.json")
	}
	var faults fault.List
	for _, name := range slices.Sorted(maps.Keys(r.Objects)) {
		faults = append(faults, r.Objects[name].check(name)...)
	}
	for _, p := range r.Platform {
		if !slices.Contains(Permissions(), p) {
			faults = append(faults, fault.At("platform", "value.choice", "value", p))
		}
	}
	if len(faults) > 0 {
		return Rights{}, faults
	}
	return r, nil
}

// check looks at the words of a grant, and writes the scope "none" as the program has it.
func (g Grant) check(object string) (faults fault.List) {
	for _, right := range slices.Sorted(maps.Keys(g.Rights)) {
		scope := g.Rights[right]
		switch {
		case scope == "none":
			g.Rights[right] = None
		case right == "" || !slices.Contains([]Scope{None, Own, Team, Branch, All}, scope):
			faults = append(faults, fault.At(object+"."+string(right), "value.choice", "value", string(scope)))
		}
	}
	for _, field := range slices.Sorted(maps.Keys(g.Fields)) {
		if fr := g.Fields[field]; rank(fr) == 0 {
			faults = append(faults, fault.At(object+"."+field, "value.choice", "value", string(fr)))
		}
	}
	return faults
}

// String writes the rights as ParseRights reads them.
func (r Rights) String() string {
	text, err := json.Marshal(r)
	if err != nil {
		return "{}"
	}
	return string(text)
}

// Shipped gives the rights of the roles that every workspace has, by code.
func Shipped() map[string]Rights {
	every := func(read, create, change, remove, export, in, act Scope) map[string]Grant {
		return map[string]Grant{Wildcard: {
			Rights: map[Right]Scope{Read: read, Create: create, Update: change, Delete: remove, Export: export, Import: in, Wildcard: act},
		}}
	}
	full := func() map[string]Grant {
		all := every(All, All, All, All, All, All, All)
		all[Wildcard] = Grant{Rights: all[Wildcard].Rights, Fields: map[string]FieldRight{Wildcard: Edit}}
		return all
	}
	return map[string]Rights{
		RoleOwner:         {Objects: full(), Platform: Permissions()},
		RoleAdministrator: {Objects: full(), Platform: Permissions()},
		RoleManager:       {Objects: every(All, All, Team, Team, All, All, Team)},
		RoleMember:        {Objects: every(Team, Own, Own, Own, None, None, Own)},
		RoleViewer:        {Objects: every(All, None, None, None, None, None, None)},
	}
}
