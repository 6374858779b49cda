package app

import (
	"context"
	"fmt"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/kit/codes"
	"ashna/kit/fault"
	"ashna/kit/ident"
	"ashna/service/auth"
)

// AddUser makes a user with a role and gives a one-time password, which must be changed at the first sign-in. For an address that is known
// already it sets a new one-time password and gives the role too.
func (w *Workspace) AddUser(ctx context.Context, email, name, role string) (auth.Secret, error) {
	canonical, err := codes.Email(email)
	if err != nil {
		return "", fault.Of(err).In("email")
	}
	given, ok := w.Engine.Policy().RoleByCode(role)
	if !ok {
		return "", fault.At("role", "value.choice", "value", role)
	}
	password := auth.NewPassword()
	prepared, err := w.Auth.Prepare(ctx, password)
	if err != nil {
		return "", err
	}
	if name == "" {
		name = canonical
	}
	who := w.Engine.System(0)
	err = w.Engine.Write(ctx, who, change.ViaCommand, func(tx *record.Tx) error {
		users, _ := who.Catalog.Object(meta.ObjectUser)
		user, err := findUser(ctx, tx, users, canonical)
		if err != nil {
			return err
		}
		if user == nil {
			user, err = tx.Create(ctx, who, users, record.Patch{"name": name, "email": canonical, "active": true})
		}
		if err != nil {
			return err
		}
		if err := giveRole(ctx, tx, user.ID(), given.ID); err != nil {
			return err
		}
		by := auth.Caller{Via: change.ViaCommand}
		if err := w.Auth.SetPassword(ctx, tx.DB(), by, user.ID(), prepared); err != nil {
			return err
		}
		return w.Auth.RequireChange(ctx, tx.DB(), by, user.ID())
	})
	return password, err
}

func findUser(ctx context.Context, tx *record.Tx, users *meta.Entity, email string) (*record.Record, error) {
	found, err := tx.Find(ctx, users, "email", codes.EmailKey(email), 1)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

func giveRole(ctx context.Context, tx *record.Tx, user, role ident.ID) error {
	system := tx.System()
	assignments, _ := system.Catalog.Object(access.ObjectAssignment)
	have, err := tx.Find(ctx, assignments, "member", int64(user), 100)
	if err != nil {
		return err
	}
	for _, a := range have {
		if a.Link("role") == role {
			return nil
		}
	}
	_, err = tx.Create(ctx, system, assignments, record.Patch{"member": user.String(), "role": role.String()})
	return err
}

// CreateToken makes an API token for a user.
func (w *Workspace) CreateToken(ctx context.Context, email, name string, scopes []string) (auth.Secret, error) {
	var token auth.Secret
	who := w.Engine.System(0)
	err := w.Engine.Write(ctx, who, change.ViaCommand, func(tx *record.Tx) error {
		users, _ := who.Catalog.Object(meta.ObjectUser)
		user, err := findUser(ctx, tx, users, email)
		if err != nil {
			return err
		}
		if user == nil {
			return fault.At("email", "value.reference", "object", meta.ObjectUser)
		}
		token, _, err = w.Auth.CreateToken(ctx, tx.DB(), auth.Caller{Via: change.ViaCommand}, auth.TokenSpec{User: user.ID(), Name: name, Scopes: scopes})
		return err
	})
	return token, err
}

// Person gives what a user may do, for commands that work on behalf of one; the program itself for an empty address.
func (w *Workspace) Person(email string) (*access.Viewer, error) {
	if email == "" {
		return w.Engine.System(0), nil
	}
	key := codes.EmailKey(email)
	p, ok := w.Engine.Policy().ByEmail(func(e string) bool { return codes.EmailKey(e) == key })
	if !ok {
		return nil, fmt.Errorf("no user has the address %s", email)
	}
	return w.Engine.Viewer(p.ID, nil)
}
