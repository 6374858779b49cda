package auth

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"

	"ashna/engine/db"
	"ashna/kit/ident"
)

const (
	seenEvery    = 5 * time.Minute // at most so often it is written that a session was used
	mostSessions = 100             // of one user; the oldest give way
)

// Session is a session that was just opened.
type Session struct {
	Token      Secret // for the cookie; it is shown this once and kept as a hash
	ID         string // names the session in lists
	User       ident.ID
	Expires    time.Time // at the latest
	MustChange bool      // the person must choose a new password before anything else
}

// Identity is who a session stands for.
type Identity struct {
	User       ident.ID
	ID         string    // names the session in lists
	Since      time.Time // when the person proved the identity for the last time
	MustChange bool      // the person must choose a new password before anything else
}

// SessionInfo is one line of the list of a user's sessions.
type SessionInfo struct {
	ID      string
	Created time.Time
	Seen    time.Time // a few minutes rough
	Expires time.Time
	IP      string
	Agent   string
}

func sessionID(hash []byte) string { return base64.RawURLEncoding.EncodeToString(hash) }

// open makes a session of the generation that the user's credential has now.
func (a *Auth) open(ctx context.Context, tx *db.Tx, by Caller, user ident.ID) (Session, error) {
	cred, err := credentialOf(ctx, tx, user, false)
	if err != nil {
		return Session{}, err
	}
	token, now := newToken(), a.now()
	hash, expires := digest(forSession, token), now+a.o.Absolute.Microseconds()
	_, err = tx.Exec(ctx, "INSERT INTO session (hash, user_id, created_at, seen_at, expires_at, ip, agent, generation) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		hash, int64(user), now, now, expires, by.address(), by.agent(), cred.generation)
	if err != nil {
		return Session{}, fmt.Errorf("open session of user %s: %w", user, err)
	}
	_, err = tx.Exec(ctx, "DELETE FROM session WHERE hash IN (SELECT hash FROM session WHERE user_id = $1 ORDER BY created_at DESC, hash LIMIT 1000000 OFFSET $2)",
		int64(user), int64(mostSessions))
	if err != nil {
		return Session{}, fmt.Errorf("end oldest sessions of user %s: %w", user, err)
	}
	tx.After(a.cache.clear)
	return Session{Token: token, ID: sessionID(hash), User: user, Expires: moment(expires), MustChange: cred.mustChange}, nil
}

// stored is a session as the table keeps it.
type stored struct {
	who           Identity
	seen, expires int64
}

// Session says who is signed in with a token. What is not known, ended, expired, not used for too long, of an older generation, or of a
// user who may not sign in any more is refused with Unauthenticated, at the latest a second after it became so.
func (a *Auth) Session(ctx context.Context, token Secret) (Identity, error) {
	if !plausible(token) {
		return Identity{}, unauthenticated()
	}
	now := a.clock.Now()
	hash := digest(forSession, token)
	who, found, epoch := a.cache.get(hash, now)
	if found {
		return who, nil
	}
	var s stored
	err := a.db.Read(ctx, func(q db.Querier) (err error) {
		s, err = a.readSession(ctx, q, hash)
		return err
	})
	if err != nil {
		return Identity{}, err
	}
	if now.UnixMicro() >= s.expires || now.UnixMicro()-s.seen >= a.o.Idle.Microseconds() {
		return Identity{}, unauthenticated()
	}
	a.cache.put(hash, s.who, now, epoch)
	a.touch(ctx, hash, s, now.UnixMicro())
	return s.who, nil
}

func (a *Auth) readSession(ctx context.Context, q db.Querier, hash []byte) (stored, error) {
	row, found, err := db.One(ctx, q, "SELECT s.user_id, s.created_at, s.seen_at, s.expires_at, coalesce(c.must_change, 0) FROM session s "+
		"LEFT JOIN credential c ON c.user_id = s.user_id WHERE s.hash = $1 AND s.generation = coalesce(c.generation, 0)", hash)
	if err != nil {
		return stored{}, fmt.Errorf("read session: %w", err)
	}
	if !found {
		return stored{}, unauthenticated()
	}
	user := ident.ID(row.Int(0))
	who, found, err := a.o.Directory.ByID(ctx, q, user)
	if err != nil {
		return stored{}, err
	}
	if !found || !who.Active {
		return stored{}, unauthenticated()
	}
	return stored{
		who:  Identity{User: user, ID: sessionID(hash), Since: moment(row.Int(1)), MustChange: row.Int(4) == 1},
		seen: row.Int(2), expires: row.Int(3),
	}, nil
}

// touch writes now and then that the session was used. When the clock was set back it also takes the end with it, so that no session lives
// forever. A failure is only logged: with a full disk people must still be able to read.
func (a *Auth) touch(ctx context.Context, hash []byte, s stored, now int64) {
	expires := min(s.expires, now+a.o.Absolute.Microseconds())
	if now >= s.seen && now-s.seen < seenEvery.Microseconds() && expires == s.expires {
		return
	}
	err := a.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE session SET seen_at = $1, expires_at = $2 WHERE hash = $3 AND seen_at = $4", now, expires, hash, s.seen)
		return err
	})
	if err != nil {
		a.o.Log.WarnContext(ctx, "write that a session was used", "user", s.who.User, "err", err)
	}
}

// SignOut ends the session of a token. A session that is not there is no error.
func (a *Auth) SignOut(ctx context.Context, by Caller, token Secret) error {
	hash := digest(forSession, token)
	return a.db.Write(ctx, func(tx *db.Tx) error {
		row, found, err := db.One(ctx, tx, "SELECT user_id FROM session WHERE hash = $1", hash)
		if err != nil || !found {
			return err
		}
		n, err := tx.Exec(ctx, "DELETE FROM session WHERE hash = $1", hash)
		if err != nil || n == 0 {
			return err
		}
		tx.After(a.cache.clear)
		user := ident.ID(row.Int(0))
		by.User = user
		return a.note(ctx, tx, by, user, event{Event: "sign_out"})
	})
}

// Sessions lists the sessions of a user that can still be used, the one used last first.
func (a *Auth) Sessions(ctx context.Context, user ident.ID) ([]SessionInfo, error) {
	var list []SessionInfo
	err := a.db.Read(ctx, func(q db.Querier) error {
		list = nil
		cred, err := credentialOf(ctx, q, user, false)
		if err != nil {
			return err
		}
		now := a.now()
		return db.Each(ctx, q, "SELECT hash, created_at, seen_at, expires_at, ip, agent FROM session WHERE user_id = $1 AND expires_at > $2 AND seen_at > $3 "+
			"AND generation = $4 ORDER BY seen_at DESC, hash", []any{int64(user), now, now - a.o.Idle.Microseconds(), cred.generation}, func(r db.Row) error {
			list = append(list, SessionInfo{sessionID(r.Bytes(0)), moment(r.Int(1)), moment(r.Int(2)), moment(r.Int(3)), r.Text(4), r.Text(5)})
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list sessions of user %s: %w", user, err)
	}
	return list, nil
}

// Revoke ends one session of a user, by its ID; NotFound when the user has none with it.
func (a *Auth) Revoke(ctx context.Context, by Caller, user ident.ID, id string) error {
	hash, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil || sessionID(hash) != id {
		return missing()
	}
	return a.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, "DELETE FROM session WHERE hash = $1 AND user_id = $2", hash, int64(user))
		if err != nil {
			return fmt.Errorf("revoke session of user %s: %w", user, err)
		}
		if n == 0 {
			return missing()
		}
		tx.After(a.cache.clear)
		return a.note(ctx, tx, by, user, event{Event: "session_revoked"})
	})
}

// RevokeAll ends all sessions of a user but the one with the ID except, which may be empty, and says how many it ended. Call it
// also when a user is no longer active: the sessions are refused then, and would come back with the user.
func (a *Auth) RevokeAll(ctx context.Context, tx *db.Tx, by Caller, user ident.ID, except string) (int64, error) {
	keep, err := base64.RawURLEncoding.DecodeString(except)
	if err != nil {
		return 0, missing()
	}
	n, err := tx.Exec(ctx, "DELETE FROM session WHERE user_id = $1 AND hash <> $2", int64(user), keep)
	if err != nil {
		return 0, fmt.Errorf("revoke sessions of user %s: %w", user, err)
	}
	if n == 0 {
		return 0, nil
	}
	tx.After(a.cache.clear)
	return n, a.note(ctx, tx, by, user, event{Event: "sessions_revoked", Count: n})
}
