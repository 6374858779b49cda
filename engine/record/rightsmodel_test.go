package record_test

import (
	"encoding/json"
	"slices"
	"strings"

	"ashna/kit/ident"
)

// The model answers one question at a time, from the texts of the roles: may this person do that with this record? It keeps a set of reasons
// as bits: all rows, own ones, those of the team, of the branch, shared ones.
type reason uint8

const (
	byAll reason = 1 << iota
	byOwner
	byTeam
	byBranch
	byReadShare // a share of any level is enough
	byEditShare // a share for changing is
)

// modelPerson is somebody, with the roles as they were written.
type modelPerson struct {
	id, team, branch ident.ID
	roles            []modelRole
	scopes           []string // of a token; none: everything
}

type modelRole struct {
	Objects map[string]struct {
		Rights map[string]string `json:"rights"`
	} `json:"objects"`
}

func parseRole(text string) (r modelRole) {
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		panic(err)
	}
	return r
}

// modelRecord is a record: who it belongs to, and what is shared of it with the person who is asked about.
type modelRecord struct {
	owner, team, branch ident.ID
	read, edit          bool
}

// rightsModel knows the tree of teams, from a team to the one above it.
type rightsModel struct{ above map[ident.ID]ident.ID }

func both(a, b reason) reason {
	switch {
	case a&byAll != 0:
		return b
	case b&byAll != 0:
		return a
	}
	return a & b
}

// written is what a role says about a right on an object. A part says what its whole says: to change the whole is to do anything with it.
func written(r modelRole, object, right string) string {
	if grant, named := r.Objects[object]; named {
		if scope, ok := grant.Rights[right]; ok || !isAction(right) {
			return scope
		}
		return grant.Rights["*"]
	}
	if object == "purchase" {
		return written(r, "account", ofWhole(right))
	}
	if _, named := r.Objects["*"]; named && object != "*" {
		return written(r, "*", right)
	}
	return ""
}

func isAction(right string) bool {
	return !slices.Contains([]string{"read", "create", "update", "delete", "export", "import"}, right)
}

func ofWhole(right string) string {
	if right == "read" || right == "export" || right == "import" {
		return right
	}
	return "update"
}

// token says whether the token that the person came with allows a right.
func (p modelPerson) token(object, right string) bool {
	need := "write"
	if right == "read" || right == "export" || right == "import" {
		need = right
	}
	for _, s := range p.scopes {
		word, at := s, true
		if o, rest, named := strings.Cut(s, ":"); named {
			word, at = rest, o == object+"s"
		}
		if at && (word == "admin" || word == need || word == "write" && need == "read") {
			return true
		}
	}
	return len(p.scopes) == 0
}

// granted are the reasons that the roles give for a right, before what other rights take away.
func (m rightsModel) granted(p modelPerson, object, right string) (reasons reason) {
	if !p.token(object, right) {
		return 0
	}
	for _, r := range p.roles {
		if s := written(r, object, "read"); s == "" || s == "none" {
			continue
		}
		switch written(r, object, right) {
		case "all":
			reasons |= byAll
		case "team":
			reasons |= byOwner | byTeam
		case "branch":
			reasons |= byOwner | byBranch
		case "own":
			reasons |= byOwner
		}
	}
	if reasons == 0 || reasons&byAll != 0 {
		return reasons
	}
	switch {
	case right == "read":
		reasons |= byReadShare | byEditShare
	case right == "update", object == "purchase" && right != "export" && right != "import":
		reasons |= byEditShare
	}
	return reasons
}

// reasons are those of a right in the end: a part needs the right on its whole as well, and nobody changes what he does not see.
func (m rightsModel) reasons(p modelPerson, object, right string) reason {
	got := m.granted(p, object, right)
	if object == "purchase" {
		got = both(got, m.reasons(p, "account", ofWhole(right)))
	}
	if right == "read" {
		return got
	}
	read := m.reasons(p, object, "read")
	switch {
	case read == 0:
		return 0
	case right == "create", right == "import":
		return got
	}
	return both(got, read)
}

// may says whether any of the reasons holds for the record.
func (m rightsModel) may(p modelPerson, object, right string, r modelRecord) bool {
	got := m.reasons(p, object, right)
	return got&byAll != 0 || got&byOwner != 0 && r.owner == p.id || got&byTeam != 0 && m.under(p.team, r.team) ||
		got&byBranch != 0 && p.branch != 0 && r.branch == p.branch || got&byReadShare != 0 && r.read || got&byEditShare != 0 && r.edit
}

func (m rightsModel) under(top, team ident.ID) bool {
	for team != 0 && top != 0 {
		if team == top {
			return true
		}
		team = m.above[team]
	}
	return false
}

// outcome is what a call is expected to end with.
type outcome string

const (
	works    outcome = "works"
	hidden   outcome = "not found"
	forbids  outcome = "denied"
	rejected outcome = "refused"
)

// onRecord is the outcome of something that is done with a record.
func (m rightsModel) onRecord(p modelPerson, object, right string, r modelRecord) outcome {
	switch {
	case m.may(p, object, right, r):
		return works
	case m.may(p, object, "read", r):
		return forbids
	}
	return hidden
}

// onObject is the outcome of making something, of which the record says who it would belong to.
func (m rightsModel) onObject(p modelPerson, object, right string, r modelRecord) outcome {
	switch {
	case m.reasons(p, object, right) == 0 && m.reasons(p, object, "read") == 0 && m.reasons(p, object, "create") == 0:
		return hidden
	case m.reasons(p, object, right) == 0:
		return forbids
	case m.may(p, object, right, r):
		return works
	}
	return rejected
}
