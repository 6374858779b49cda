package access

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

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
	Fields map[string]FieldRight `json:"fields,omitempty"` // fields that differ from Edit; sensitive fields differ from Hidden
}

// Rights is what a role allows.
type Rights struct {
	Objects  map[string]Grant `json:"objects"`
	Platform []string         `json:"platform,omitempty"`
}

// ParseRights reads the rights of a role and checks every word of them.
func ParseRights(text string) (Rights, error) {
	var r Rights
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return r, fault.Wrap(fault.Invalid, "value.json", err)
	}
	for name, g := range r.Objects {
		for right, scope := range g.Rights {
			if right == "" || !slices.Contains([]Scope{None, "none", Own, Team, Branch, All}, scope) {
				return r, fault.At(name+"."+string(right), "value.choice", "value", string(scope))
			}
			if scope == "none" {
				g.Rights[right] = None
			}
		}
		for field, fr := range g.Fields {
			if !slices.Contains([]FieldRight{Hidden, ReadOnly, Edit}, fr) {
				return r, fault.At(name+"."+field, "value.choice", "value", string(fr))
			}
		}
	}
	for _, p := range r.Platform {
		if !slices.Contains(Permissions(), p) {
			return r, fault.At("platform", "value.choice", "value", p)
		}
	}
	return r, nil
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
	full := every(All, All, All, All, All, All, All)
	full[Wildcard] = Grant{Rights: full[Wildcard].Rights, Fields: map[string]FieldRight{Wildcard: Edit}}
	return map[string]Rights{
		RoleOwner:         {Objects: maps.Clone(full), Platform: Permissions()},
		RoleAdministrator: {Objects: maps.Clone(full), Platform: Permissions()},
		RoleManager:       {Objects: every(All, All, Team, Team, All, All, Team)},
		RoleMember:        {Objects: every(Team, Own, Own, Own, None, None, Own)},
		RoleViewer:        {Objects: every(All, None, None, None, None, None, None)},
	}
}
