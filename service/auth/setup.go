package auth

import (
	"context"
	"crypto/subtle"
	"fmt"

	"ashna/engine/db"
	"ashna/kit/fault"
)

// Setup prepares the first start: when no user was ever made, it makes a one-time token with which the owner can be created, valid for a
// day, for the caller to print where only the operator sees it. An earlier token is void. Afterwards needed is false.
func (a *Auth) Setup(ctx context.Context) (token Secret, needed bool, err error) {
	if _, err := a.mustRing(ctx); err != nil {
		return "", false, err
	}
	token = newToken()
	err = a.db.Write(ctx, func(tx *db.Tx) error {
		some, err := a.o.Directory.Any(ctx, tx)
		if err != nil {
			return err
		}
		if needed = !some; !needed {
			_, err = tx.Exec(ctx, "DELETE FROM setup")
			return err
		}
		_, err = tx.Exec(ctx, "INSERT INTO setup (id, hash, expires_at) VALUES (1, $1, $2) ON CONFLICT (id) DO UPDATE SET hash = excluded.hash, expires_at = excluded.expires_at",
			digest(forSetup, token), a.now()+a.o.SetupLife.Microseconds())
		return err
	})
	if err != nil {
		return "", false, fmt.Errorf("prepare the first start: %w", err)
	}
	if !needed {
		return "", false, nil
	}
	return token, true, nil
}

// CheckSetup says whether a token would let the owner be created now, without using it. The refusals are those of UseSetup.
func (a *Auth) CheckSetup(ctx context.Context, token Secret) error {
	return a.db.Read(ctx, func(q db.Querier) error { return a.checkSetup(ctx, q, token, "") })
}

func (a *Auth) checkSetup(ctx context.Context, q db.Querier, token Secret, lock string) error {
	some, err := a.o.Directory.Any(ctx, q)
	if err != nil {
		return err
	}
	if some {
		return fault.New(fault.Conflict, "auth.setup_done")
	}
	row, found, err := db.One(ctx, q, "SELECT hash, expires_at FROM setup WHERE id = 1"+lock)
	if err != nil {
		return fmt.Errorf("read setup token: %w", err)
	}
	right := found && subtle.ConstantTimeCompare(row.Bytes(0), digest(forSetup, token)) == 1
	switch {
	case !right:
		return fault.New(fault.Unauthenticated, "auth.setup_token")
	case row.Int(1) <= a.now():
		return fault.New(fault.Unauthenticated, "auth.token_expired")
	}
	return nil
}

// UseSetup uses the token of the first start up, in the transaction that then creates the owner. Conflict "auth.setup_done" when a user
// exists; Unauthenticated "auth.setup_token" for a wrong token and "auth.token_expired" for one that is too old.
func (a *Auth) UseSetup(ctx context.Context, tx *db.Tx, by Caller, token Secret) error {
	if err := a.checkSetup(ctx, tx, token, tx.Dialect().Lock); err != nil {
		return err
	}
	n, err := tx.Exec(ctx, "DELETE FROM setup WHERE id = 1")
	if err != nil {
		return fmt.Errorf("use setup token: %w", err)
	}
	if n == 0 {
		return fault.New(fault.Unauthenticated, "auth.setup_token")
	}
	return a.note(ctx, tx, by, 0, event{Event: "setup_used"})
}
