package auth

import (
	"context"
	"fmt"

	"ashna/engine/db"
	"ashna/kit/codes"
	"ashna/kit/ident"
)

// Person is what signing in must know of a user.
type Person struct {
	ID     ident.ID
	Email  string
	Active bool // may sign in; a deleted user is not found at all
}

// Directory finds the users of the workspace. Keys of addresses are those of codes.EmailKey.
type Directory interface {
	// ByEmail finds the user with the key of an address.
	ByEmail(ctx context.Context, q db.Querier, key string) (p Person, found bool, err error)
	// ByID finds a user.
	ByID(ctx context.Context, q db.Querier, user ident.ID) (p Person, found bool, err error)
	// Any says whether any user was ever made, also one who is deleted or not active.
	Any(ctx context.Context, q db.Querier) (bool, error)
}

// Users gives the directory that reads the table of users.
func Users() Directory { return userTable{} }

type userTable struct{}

// ByEmail finds a user who is not deleted.
func (userTable) ByEmail(ctx context.Context, q db.Querier, key string) (Person, bool, error) {
	return person(ctx, q, `SELECT id, email, active FROM users WHERE email_k = $1 AND deleted = 0`, key)
}

// ByID finds a user who is not deleted.
func (userTable) ByID(ctx context.Context, q db.Querier, user ident.ID) (Person, bool, error) {
	return person(ctx, q, `SELECT id, email, active FROM users WHERE id = $1 AND deleted = 0`, int64(user))
}

// Any looks for a row.
func (userTable) Any(ctx context.Context, q db.Querier) (bool, error) {
	_, found, err := db.One(ctx, q, `SELECT id FROM users LIMIT 1`)
	if err != nil {
		return false, fmt.Errorf("look for users: %w", err)
	}
	return found, nil
}

func person(ctx context.Context, q db.Querier, text string, arg any) (Person, bool, error) {
	row, found, err := db.One(ctx, q, text, arg)
	if err != nil {
		return Person{}, false, fmt.Errorf("find user: %w", err)
	}
	if !found {
		return Person{}, false, nil
	}
	return Person{ID: ident.ID(row.Int(0)), Email: row.Text(1), Active: row.Int(2) == 1}, true, nil
}

// maxEmail bounds what is read as an e-mail address, in bytes; nothing longer is one.
const maxEmail = 1_000

// emailKey gives the key of what somebody typed as an address. What is too long to be one gets a key that no user has.
func emailKey(typed string) string {
	if len(typed) > maxEmail {
		return ""
	}
	return codes.EmailKey(typed)
}
