// Package people holds the rules about users and roles: what a role may say, who may give it, and that a workspace never loses its last
// owner.
package people

import (
	"context"

	"ashna/engine/access"
	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

// Rules are the rules of users, roles and who has which.
func Rules() []record.Rule {
	return []record.Rule{
		{Name: "people.role", Object: meta.ObjectRole, Before: checkRole},
		{Name: "people.grant", Object: access.ObjectAssignment, Before: checkGrant},
		{Name: "people.user", Object: meta.ObjectUser, Before: checkUser},
	}
}

// checkRole refuses rights with unknown words, changes of the owner's role, and rights that the writer does not have.
func checkRole(_ context.Context, tx *record.Tx, d *record.Draft) error {
	if d.Old != nil && d.Old.Text("code") == access.RoleOwner && (d.Changed("rights") || d.Changed(meta.FieldDeletedAt)) {
		return fault.New(fault.Denied, "rights.shipped")
	}
	rights, err := access.ParseRights(d.New.Text("rights"))
	if err != nil {
		one := fault.Of(err)
		d.Refuse("rights", one.Key, "value", one.Params["value"], "field", one.Field)
		return nil
	}
	if d.Changed("rights") && !tx.Who().Covers(&access.RoleData{Code: d.New.Text("code"), Rights: rights}) {
		return fault.New(fault.Denied, "rights.grant")
	}
	return nil
}

// checkGrant refuses to give or take a role with rights that the giver does not have, and to take away the last owner.
func checkGrant(ctx context.Context, tx *record.Tx, d *record.Draft) error {
	system := tx.System()
	roles, _ := system.Catalog.Object(meta.ObjectRole)
	role, err := tx.Get(ctx, system, roles, d.New.Link("role"))
	if fault.Is(err, fault.NotFound) {
		return nil // the check of links says so
	}
	if err != nil {
		return err
	}
	rights, err := access.ParseRights(role.Text("rights"))
	if err != nil {
		return err
	}
	if !tx.Who().Covers(&access.RoleData{Code: role.Text("code"), Rights: rights}) {
		return fault.New(fault.Denied, "rights.grant")
	}
	if role.Text("code") == access.RoleOwner && d.New.Deleted() {
		return lastOwner(ctx, tx, d.New.Link("member"))
	}
	return nil
}

// checkUser refuses to switch off or delete the last owner or oneself, and keeps owners from all but owners.
func checkUser(ctx context.Context, tx *record.Tx, d *record.Draft) error {
	if d.Old == nil {
		return nil
	}
	id := d.New.ID()
	off := d.New.Deleted() || d.New.Int("active") != 1
	owner, err := isOwner(ctx, tx, id)
	if err != nil {
		return err
	}
	if owner && !tx.Who().IsOwner() && !tx.Who().System {
		return fault.New(fault.Denied, "rights.grant")
	}
	if !off || d.Old.Int("active") != 1 && !d.New.Deleted() {
		return nil
	}
	if id == tx.Who().User && !tx.Who().System {
		return fault.New(fault.Conflict, "rights.self")
	}
	if owner {
		return lastOwner(ctx, tx, id)
	}
	return nil
}

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

// lastOwner refuses when no other active owner is left.
func lastOwner(ctx context.Context, tx *record.Tx, without ident.ID) error {
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
