package access

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"ashna/engine/meta"
)

// scopeAdmin is the scope of a token that takes nothing away from its user.
const scopeAdmin = "admin"

// full says whether the person came with all rights: without a token, or with one that takes nothing away.
func (v *Viewer) full() bool { return len(v.scopes) == 0 || slices.Contains(v.scopes, scopeAdmin) }

// token says whether the scopes of the token allow a right on an object.
func (v *Viewer) token(e *meta.Entity, right Right) bool {
	if v.full() {
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
		return word == need || word == "write" && need == "read" || word == scopeAdmin
	})
}

// keyAll is the key of a mask that hides nothing.
const keyAll = "all"

// Key is a short stable text that names what the viewer as a mask hides. Two viewers of one catalog have the same key when, and only
// when, they may see the same objects and fields.
func (v *Viewer) Key() string { return v.key }

// maskKey lists what is hidden, and digests the list so that two lists do not meet.
func (v *Viewer) maskKey() string {
	digest, hidden := sha256.New(), false
	note := func(name string) {
		hidden = true
		digest.Write([]byte(name + "\n"))
	}
	for _, e := range v.Catalog.Entities {
		switch {
		case e.Object.Retired: // nobody sees it
		case !v.Object(e):
			note(e.Name)
		default:
			for _, a := range e.Fields {
				if !v.Readable(a) {
					note(e.Name + "." + a.Name)
				}
			}
		}
	}
	if !hidden {
		return keyAll
	}
	return hex.EncodeToString(digest.Sum(nil)[:16])
}

// Covers says whether the person has at least the rights of a role, so that granting it gives away nothing more. Rights on objects that
// are not in the catalog now, but may be later, count as well.
func (v *Viewer) Covers(r *RoleData) bool {
	if v.System || v.owner && v.full() {
		return true
	}
	if r.Code == RoleOwner || !v.full() {
		return false
	}
	for _, p := range r.Rights.Platform {
		if !v.Manages(p) {
			return false
		}
	}
	for _, e := range v.Catalog.Entities {
		if grant, named := grantOf(e, r.Rights); named && !e.Internal && !v.coversGrant(e, grant) {
			return false
		}
	}
	for name, grant := range r.Rights.Objects {
		if _, known := v.Catalog.Object(name); !known && !v.coversName(name, grant) {
			return false
		}
	}
	return true
}

// coversGrant compares a grant with what the person has on the object, rows and fields.
func (v *Viewer) coversGrant(e *meta.Entity, g Grant) bool {
	if g.Rights[Read] == None {
		return true
	}
	for _, right := range named([]Grant{g}) {
		if g.scope(right) != None && !v.Rows(e, right).All {
			return false
		}
	}
	return !slices.ContainsFunc(e.Fields, func(a *meta.Attr) bool {
		return !computed(a) && v.field(a) < rank(fieldRight(g, a)) && fieldRight(g, a) != Hidden
	})
}

// coversName compares a grant on an object that is not in the catalog, or on all objects, with each role of the person.
func (v *Viewer) coversName(name string, g Grant) bool {
	for right, scope := range g.Rights {
		if scope != None && !slices.ContainsFunc(v.roles, func(r *RoleData) bool {
			own, ok := r.Rights.Objects[name]
			if !ok {
				own = r.Rights.Objects[Wildcard]
			}
			return own.scope(right) == All
		}) {
			return false
		}
	}
	return true
}
