package auth

import (
	"context"
	"fmt"

	"ashna/engine/db"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

// ResetToken makes a token with which a user can choose a password without knowing the old one: a new user, or one who forgot it. It is used
// once, at most an hour later, and is void when any factor of the user changes before, or a newer one is made. NotFound without
// such an active user.
func (a *Auth) ResetToken(ctx context.Context, tx *db.Tx, by Caller, user ident.ID) (Secret, error) {
	if err := a.mustBeActive(ctx, tx, user); err != nil {
		return "", err
	}
	if err := ensureCredential(ctx, tx, user, a.now()); err != nil {
		return "", err
	}
	cred, err := credentialOf(ctx, tx, user, true)
	if err != nil {
		return "", err
	}
	if _, err := tx.Exec(ctx, "DELETE FROM reset WHERE user_id = $1", int64(user)); err != nil {
		return "", fmt.Errorf("end reset tokens of user %s: %w", user, err)
	}
	token := newToken()
	_, err = tx.Exec(ctx, "INSERT INTO reset (hash, user_id, generation, expires_at) VALUES ($1, $2, $3, $4)",
		digest(forReset, token), int64(user), cred.generation, a.now()+a.o.ResetLife.Microseconds())
	if err != nil {
		return "", fmt.Errorf("make reset token of user %s: %w", user, err)
	}
	return token, a.note(ctx, tx, by, user, event{Event: "reset_issued"})
}

// ResetUser says whose password a token would set, without using it; Unauthenticated "auth.token_expired" when it is not valid.
func (a *Auth) ResetUser(ctx context.Context, token Secret) (Person, error) {
	var who Person
	err := a.db.Read(ctx, func(q db.Querier) (err error) {
		who, err = a.resetUser(ctx, q, token)
		return err
	})
	return who, err
}

func (a *Auth) resetUser(ctx context.Context, q db.Querier, token Secret) (Person, error) {
	expired := fault.New(fault.Unauthenticated, "auth.token_expired")
	if !plausible(token) {
		return Person{}, expired
	}
	row, found, err := db.One(ctx, q, "SELECT r.user_id, r.expires_at FROM reset r JOIN credential c ON c.user_id = r.user_id AND c.generation = r.generation WHERE r.hash = $1",
		digest(forReset, token))
	if err != nil {
		return Person{}, fmt.Errorf("read reset token: %w", err)
	}
	if !found || row.Int(1) <= a.now() || row.Int(1) > a.now()+maxReset.Microseconds() {
		return Person{}, expired
	}
	who, found, err := a.o.Directory.ByID(ctx, q, ident.ID(row.Int(0)))
	if err != nil {
		return Person{}, err
	}
	if !found || !who.Active {
		return Person{}, expired
	}
	return who, nil
}

// UseReset uses a token up and sets the password. It signs nobody in and leaves the second factor as it is. Unauthenticated
// "auth.token_expired" when the token is not valid.
func (a *Auth) UseReset(ctx context.Context, tx *db.Tx, by Caller, token Secret, p Prepared) (ident.ID, error) {
	who, err := a.resetUser(ctx, tx, token)
	if err != nil {
		return 0, err
	}
	n, err := tx.Exec(ctx, "DELETE FROM reset WHERE hash = $1", digest(forReset, token))
	if err != nil {
		return 0, fmt.Errorf("use reset token: %w", err)
	}
	if n == 0 {
		return 0, fault.New(fault.Unauthenticated, "auth.token_expired")
	}
	if err := a.SetPassword(ctx, tx, by, who.ID, p); err != nil {
		return 0, err
	}
	return who.ID, a.note(ctx, tx, by, who.ID, event{Event: "reset_used"})
}

// ResetPassword is the whole way of a person who brings a token and a new password: it looks at the password, then uses the token. The
// refusals are those of UseReset and of Prepare.
func (a *Auth) ResetPassword(ctx context.Context, by Caller, token, password Secret) (ident.ID, error) {
	who, err := a.ResetUser(ctx, token)
	if err != nil {
		return 0, err
	}
	prepared, err := a.Prepare(ctx, password, who.Email)
	if err != nil {
		return 0, err
	}
	err = a.db.Write(ctx, func(tx *db.Tx) error {
		_, err := a.UseReset(ctx, tx, by, token, prepared)
		return err
	})
	if err != nil {
		return 0, err
	}
	return who.ID, nil
}

// Sweep removes what is over: sessions, tokens, counters. It is called now and then, at least once a day, and says how many rows it removed.
func (a *Auth) Sweep(ctx context.Context) (int64, error) {
	var removed int64
	err := a.db.Write(ctx, func(tx *db.Tx) error {
		removed = 0
		now := a.now()
		for _, s := range []struct {
			text   string
			before int64
		}{
			{"DELETE FROM session WHERE expires_at <= $1", now},
			{"DELETE FROM session WHERE seen_at <= $1", now - a.o.Idle.Microseconds()},
			{"DELETE FROM reset WHERE expires_at <= $1", now},
			{"DELETE FROM setup WHERE expires_at <= $1", now},
			{"DELETE FROM token WHERE expires_at <= $1", now - keepExpired.Microseconds()},
			{"DELETE FROM attempt WHERE at <= $1 AND good <= $1", now - restTime.Microseconds()},
		} {
			n, err := tx.Exec(ctx, s.text, s.before)
			if err != nil {
				return err
			}
			removed += n
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("sweep: %w", err)
	}
	return removed, nil
}
