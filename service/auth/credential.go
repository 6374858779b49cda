package auth

import (
	"context"
	"errors"
	"fmt"

	"ashna/engine/db"
	"ashna/kit/ident"
)

// credential is what a user proves an identity with. The zero credential is that of a user who has none yet.
type credential struct {
	user       ident.ID
	hash       string // empty: no password
	generation int64  // grows with every change of a factor; sessions and reset tokens of an older one are void
	secret     []byte // of the authenticator app, encrypted
	pending    []byte // of an app that is not confirmed yet, encrypted
	on         bool   // a second factor is asked for
	recovery   string // hashes of the recovery codes, one in a line
	mustChange bool   // the password is to be changed before anything else
}

// credentialOf reads the credential of a user. With lock it stays as it is until the transaction ends.
func credentialOf(ctx context.Context, q db.Querier, user ident.ID, lock bool) (credential, error) {
	text := "SELECT hash, generation, totp_secret, totp_pending, totp_on, recovery, must_change FROM credential WHERE user_id = $1"
	if lock {
		text += q.Dialect().Lock
	}
	row, found, err := db.One(ctx, q, text, int64(user))
	if err != nil {
		return credential{}, fmt.Errorf("read credential of user %s: %w", user, err)
	}
	c := credential{user: user}
	if found {
		c.hash, c.generation, c.secret, c.pending = row.Text(0), row.Int(1), row.Bytes(2), row.Bytes(3)
		c.on, c.recovery, c.mustChange = row.Int(4) == 1, row.Text(5), row.Int(6) == 1
	}
	return c, nil
}

// ensureCredential makes sure that a user has a row.
func ensureCredential(ctx context.Context, tx *db.Tx, user ident.ID, now int64) error {
	_, err := tx.Exec(ctx, "INSERT INTO credential (user_id, hash, changed_at, generation, totp_step, totp_on, recovery, must_change) "+
		"VALUES ($1, '', $2, 0, 0, 0, '', 0) ON CONFLICT (user_id) DO NOTHING", int64(user), now)
	if err != nil {
		return fmt.Errorf("make credential of user %s: %w", user, err)
	}
	return nil
}

// bump makes everything void that rests on the credential as it was: all sessions and all tokens for a new password.
func (a *Auth) bump(ctx context.Context, tx *db.Tx, user ident.ID) error {
	for _, text := range []string{
		"UPDATE credential SET generation = generation + 1 WHERE user_id = $1",
		"DELETE FROM session WHERE user_id = $1",
		"DELETE FROM reset WHERE user_id = $1",
	} {
		if _, err := tx.Exec(ctx, text, int64(user)); err != nil {
			return fmt.Errorf("end sessions of user %s: %w", user, err)
		}
	}
	tx.After(a.cache.clear)
	return nil
}

// Prepared is a password that passed the policy and is hashed. The zero Prepared is refused.
type Prepared struct{ hash string }

// Prepare checks a new password and hashes it, outside of any transaction because that takes long. Known are words about the person
// that must not make up the password: the e-mail address, the name. Refusals blame the field "password" ("auth.password_short",
// "auth.password_common", "value.too_long", "value.text_invalid"); TooMany when too many wait to hash.
func (a *Auth) Prepare(ctx context.Context, password Secret, known ...string) (Prepared, error) {
	if err := check(password, a.o.MinPassword, known); err != nil {
		return Prepared{}, err
	}
	leave, err := a.hash.enter(ctx)
	if err != nil {
		return Prepared{}, err
	}
	defer leave()
	return Prepared{a.hash.make(normal(password))}, nil
}

// SetPassword gives a user a password. All sessions of the user end; open a new one with Open for who stays signed in. Locks of
// the account are lifted; the second factor stays as it is, and so do API tokens.
func (a *Auth) SetPassword(ctx context.Context, tx *db.Tx, by Caller, user ident.ID, p Prepared) error {
	if p.hash == "" {
		return errors.New("set password: it was not prepared")
	}
	if err := ensureCredential(ctx, tx, user, a.now()); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "UPDATE credential SET hash = $1, changed_at = $2, must_change = 0 WHERE user_id = $3", p.hash, a.now(), int64(user))
	if err != nil {
		return fmt.Errorf("set password of user %s: %w", user, err)
	}
	if err := a.bump(ctx, tx, user); err != nil {
		return err
	}
	if err := a.unlock(ctx, tx, user); err != nil {
		return err
	}
	return a.note(ctx, tx, by, user, event{Event: "password_set"})
}

// RequireChange makes a user choose a new password: identities and sessions say MustChange until SetPassword is called.
func (a *Auth) RequireChange(ctx context.Context, tx *db.Tx, by Caller, user ident.ID) error {
	if err := ensureCredential(ctx, tx, user, a.now()); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "UPDATE credential SET must_change = 1 WHERE user_id = $1", int64(user)); err != nil {
		return fmt.Errorf("require a new password of user %s: %w", user, err)
	}
	tx.After(a.cache.clear)
	return a.note(ctx, tx, by, user, event{Event: "password_change_required"})
}

// Forget removes everything that lets a user sign in, for a user who is purged.
func (a *Auth) Forget(ctx context.Context, tx *db.Tx, by Caller, user ident.ID) error {
	for _, table := range []string{"credential", "session", "token", "reset"} {
		if _, err := tx.Exec(ctx, "DELETE FROM "+table+" WHERE user_id = $1", int64(user)); err != nil {
			return fmt.Errorf("forget user %s: %w", user, err)
		}
	}
	tx.After(a.cache.clear)
	return a.note(ctx, tx, by, user, event{Event: "credentials_removed"})
}
