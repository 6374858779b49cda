// Package people holds the rules about users and roles: what a role may say, who may give it, and that a workspace never loses its last
// owner.
package people

import (
	"context"
	"fmt"

	"ashna/engine/access"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

// Rules are the rules of users, roles and who has which. They hold for restoring a record as for making it: what is in the recycle bin was
// given by people who may have had more rights.
func Rules() []record.Rule {
	return []record.Rule{
		{Name: "people.role", Object: meta.ObjectRole, Before: checkRole, After: restored(checkRole)},
		{Name: "people.grant", Object: access.ObjectAssignment, Before: checkGrant, After: restored(checkGrant)},
		{Name: "people.user", Object: meta.ObjectUser, Before: checkUser, After: restored(checkUser)},
	}
}

type check = func(ctx context.Context, tx *record.Tx, d *record.Draft) error

// restored runs a check when a record comes back from the recycle bin, which Before does not see.
func restored(do check) check {
	return func(ctx context.Context, tx *record.Tx, d *record.Draft) error {
		if d.Old == nil || !d.Old.Deleted() || d.New.Deleted() {
			return nil
		}
		if err := do(ctx, tx, d); err != nil {
			return err
		}
		return d.Faults().Or()
	}
}

// checkRole refuses rights with unknown words, changes of the owner's role, and to give rights that the writer does not have or to take
// them from others.
func checkRole(_ context.Context, tx *record.Tx, d *record.Draft) error {
	who := tx.Who()
	if d.Old != nil && d.Old.Text("code") == access.RoleOwner && (!who.IsOwner() || d.Changed("rights") || d.New.Deleted()) {
		return fault.New(fault.Denied, "rights.shipped")
	}
	rights, err := access.ParseRights(d.New.Text("rights"))
	if err != nil {
		for _, f := range fault.All(err) {
			d.Refuse("rights", f.Key, "value", f.Params["value"], "field", f.Field)
		}
		return nil
	}
	if !d.Changed("rights") && d.Old != nil && d.Old.Deleted() == d.New.Deleted() {
		return nil
	}
	if !covers(who, d.New, rights) {
		return fault.New(fault.Denied, "rights.grant")
	}
	if d.Old == nil {
		return nil
	}
	before, err := access.ParseRights(d.Old.Text("rights"))
	if err == nil && !covers(who, d.Old, before) {
		return fault.New(fault.Denied, "rights.grant")
	}
	return nil
}

// covers says whether a person has all that a role gives.
func covers(who *access.Viewer, role *record.Record, rights access.Rights) bool {
	return who.Covers(&access.RoleData{Code: role.Text("code"), Rights: rights})
}

// checkGrant refuses to give or take a role with rights that the giver does not have, and to take away the last owner.
func checkGrant(ctx context.Context, tx *record.Tx, d *record.Draft) error {
	code, ok, err := mayGive(ctx, tx, d.New.Link("role"))
	switch {
	case fault.Is(err, fault.NotFound):
		return nil // the check of links says so
	case err != nil:
		return err
	case !ok:
		return fault.New(fault.Denied, "rights.grant")
	case code == access.RoleOwner && d.New.Deleted():
		return lastOwner(ctx, tx, d.New.Link("member"))
	}
	return nil
}

// mayGive says which role an id is and whether the person of the transaction has all that the role gives.
func mayGive(ctx context.Context, tx *record.Tx, role ident.ID) (code string, ok bool, err error) {
	system := tx.System()
	roles, _ := system.Catalog.Object(meta.ObjectRole)
	r, err := tx.Get(ctx, system, roles, role)
	if err != nil {
		return "", false, err
	}
	rights, err := access.ParseRights(r.Text("rights"))
	if err != nil {
		return "", false, err
	}
	return r.Text("code"), covers(tx.Who(), r, rights), nil
}

// checkUser refuses to switch off or delete the last owner or oneself. Only owners change owners, and whoever changes what lets another
// user in (address, active, deleted) must have all that the user's roles give: else a new address would be a way to those rights.
func checkUser(ctx context.Context, tx *record.Tx, d *record.Draft) error {
	if d.Old == nil {
		return nil // who creates a user gives roles, which are checked
	}
	id, who := d.New.ID(), tx.Who()
	owner, err := isOwner(ctx, tx, id)
	if err != nil {
		return err
	}
	if owner && !who.IsOwner() {
		return fault.New(fault.Denied, "rights.grant")
	}
	self, wasIn, in := id == who.User && !who.System, admitted(d.Old), admitted(d.New)
	if !self && (wasIn != in || d.Changed("email")) {
		if err := coversUser(ctx, tx, id); err != nil {
			return err
		}
	}
	if in || !wasIn {
		return nil
	}
	if self {
		return fault.New(fault.Conflict, "rights.self")
	}
	if owner {
		return lastOwner(ctx, tx, id)
	}
	return nil
}

// admitted says whether a user may sign in.
func admitted(user *record.Record) bool { return !user.Deleted() && user.Int("active") == 1 }

// coversUser refuses unless the person of the transaction has all that the roles of a user give.
func coversUser(ctx context.Context, tx *record.Tx, user ident.ID) error {
	assignments, _ := tx.Who().Catalog.Object(access.ObjectAssignment)
	given, err := tx.Find(ctx, assignments, "member", int64(user), maxRoles)
	if err != nil {
		return err
	}
	for _, a := range given {
		_, ok, err := mayGive(ctx, tx, a.Link("role"))
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		if err == nil && !ok {
			return fault.New(fault.Denied, "rights.grant")
		}
	}
	return nil
}

const maxRoles = 1_000 // of one user

const maxOwners = 1_000

// owners gives the users who have the role of owners.
func owners(ctx context.Context, tx *record.Tx) ([]ident.ID, error) {
	system := tx.System()
	roles, _ := system.Catalog.Object(meta.ObjectRole)
	found, err := tx.Find(ctx, roles, "code", access.RoleOwner, 1)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	assignments, _ := system.Catalog.Object(access.ObjectAssignment)
	given, err := tx.Find(ctx, assignments, "role", int64(found[0].ID()), maxOwners)
	if err != nil {
		return nil, err
	}
	list := make([]ident.ID, len(given))
	for i, a := range given {
		list[i] = a.Link("member")
	}
	return list, nil
}

func isOwner(ctx context.Context, tx *record.Tx, user ident.ID) (bool, error) {
	list, err := owners(ctx, tx)
	for _, id := range list {
		if id == user {
			return true, err
		}
	}
	return false, err
}

// lastOwner refuses when no other active owner is left. It holds the role of owners until the end of the transaction, so that of two owners
// who go at once the second stays.
func lastOwner(ctx context.Context, tx *record.Tx, without ident.ID) error {
	roles, _ := tx.Who().Catalog.Object(meta.ObjectRole)
	text := "SELECT id FROM " + roles.Table() + " WHERE code = $1" + tx.DB().Dialect().Lock
	if _, _, err := db.One(ctx, tx.DB(), text, access.RoleOwner); err != nil {
		return fmt.Errorf("hold the role of owners: %w", err)
	}
	list, err := owners(ctx, tx)
	if err != nil {
		return err
	}
	system := tx.System()
	users, _ := system.Catalog.Object(meta.ObjectUser)
	for _, id := range list {
		if id == without {
			continue
		}
		u, err := tx.Get(ctx, system, users, id)
		if err == nil && u.Int("active") == 1 {
			return nil
		}
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	return fault.New(fault.Conflict, "rights.last_owner")
}
