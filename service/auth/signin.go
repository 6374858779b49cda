package auth

import (
	"context"
	"fmt"

	"ashna/engine/db"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

// Login is what a person types to sign in.
type Login struct {
	Email    string
	Password Secret
	Code     Secret // of the authenticator app, or a recovery code; empty at first
}

// Proof is what a person who is signed in types to prove it once more.
type Proof struct {
	Password Secret
	Code     Secret
}

// The refusals of signing in. Which of the reasons it was is said to nobody but the log.
func wrong() error       { return fault.New(fault.Unauthenticated, "auth.wrong") }
func codeNeeded() error  { return fault.New(fault.Unauthenticated, "auth.second_factor") }
func codeRefused() error { return fault.New(fault.Unauthenticated, "auth.second_factor_wrong") }

// try is one attempt to prove an identity, as it gathers what it is about.
type try struct {
	password, code Secret
	person         Person
	known          bool // there is such a person
	cred           credential
	ticket         ticket
	rehash         string // the password at today's cost, when it was kept at another
}

// SignIn opens a session for who knows the password, and the code where a second factor is on.
//
// The refusals are Unauthenticated: "auth.wrong" whatever is wrong, be it that there is no such user; "auth.second_factor" after a right
// password without a code; "auth.second_factor_wrong". TooMany is "auth.locked" with the seconds to wait, or "error.too_many" when
// too many sign in at once. A session that the caller had before is not touched; its token is never taken over.
func (a *Auth) SignIn(ctx context.Context, by Caller, in Login) (Session, error) {
	by.User = 0
	key := emailKey(in.Email)
	t, err := a.prove(ctx, by, key, try{password: in.Password, code: in.Code}, func(q db.Querier) (Person, bool, error) {
		return a.o.Directory.ByEmail(ctx, q, key)
	})
	if err != nil {
		return Session{}, err
	}
	by.User = t.person.ID
	var opened Session
	err = a.settle(ctx, by, t, func(tx *db.Tx) error {
		opened, err = a.open(ctx, tx, by, t.person.ID)
		if err != nil {
			return err
		}
		return a.note(ctx, tx, by, t.person.ID, event{Event: "sign_in"})
	})
	return opened, err
}

// StepUp proves once more that the caller, who is signed in, is the person, before something grave is done. It ends the session with the token
// and opens a new one, whose Since is now. The refusals are those of SignIn.
func (a *Auth) StepUp(ctx context.Context, by Caller, token Secret, p Proof) (Session, error) {
	var opened Session
	err := a.again(ctx, by, p, func(tx *db.Tx) (err error) {
		n, err := tx.Exec(ctx, "DELETE FROM session WHERE hash = $1 AND user_id = $2", digest(forSession, token), int64(by.User))
		if err != nil {
			return fmt.Errorf("end session: %w", err)
		}
		if n == 0 {
			return unauthenticated()
		}
		tx.After(a.cache.clear)
		if opened, err = a.open(ctx, tx, by, by.User); err != nil {
			return err
		}
		return a.note(ctx, tx, by, by.User, event{Event: "step_up"})
	})
	return opened, err
}

// ChangePassword gives the caller a new password for the old one. All sessions end, and a new one is opened. Refusals are those of
// SignIn for the proof and those of Prepare for the new password.
func (a *Auth) ChangePassword(ctx context.Context, by Caller, p Proof, password Secret, known ...string) (Session, error) {
	prepared, err := a.Prepare(ctx, password, known...)
	if err != nil {
		return Session{}, err
	}
	var opened Session
	err = a.again(ctx, by, p, func(tx *db.Tx) (err error) {
		if err = a.SetPassword(ctx, tx, by, by.User, prepared); err != nil {
			return err
		}
		opened, err = a.open(ctx, tx, by, by.User)
		return err
	})
	return opened, err
}

// again proves the identity of a caller who is signed in, and does something in the same transaction.
func (a *Auth) again(ctx context.Context, by Caller, p Proof, do func(*db.Tx) error) error {
	var who Person
	err := a.db.Read(ctx, func(q db.Querier) (err error) {
		who, _, err = a.o.Directory.ByID(ctx, q, by.User)
		return err
	})
	if err != nil {
		return err
	}
	t, err := a.prove(ctx, by, emailKey(who.Email), try{password: p.Password, code: p.Code}, func(q db.Querier) (Person, bool, error) {
		return a.o.Directory.ByID(ctx, q, by.User)
	})
	if err != nil {
		return err
	}
	return a.settle(ctx, by, t, do)
}

// prove counts the try and looks at the password. It does the same work for everybody: what is said about users must not be readable
// from the time it takes either. It asks for the code once the password is right.
func (a *Auth) prove(ctx context.Context, by Caller, key string, t try, find func(db.Querier) (Person, bool, error)) (try, error) {
	ring, err := a.mustRing(ctx)
	if err != nil {
		return t, err
	}
	account := ring.account(key)
	if err := a.mayTry(ctx, account, by.IP); err != nil {
		return t, err
	}
	leave, err := a.hash.enter(ctx)
	if err != nil {
		return t, err
	}
	defer leave()
	if t.ticket, err = a.reserve(ctx, account, by.IP); err != nil {
		return t, err
	}
	err = a.db.Read(ctx, func(q db.Querier) (err error) {
		if t.person, t.known, err = find(q); err != nil {
			return err
		}
		t.cred, err = credentialOf(ctx, q, t.person.ID, false)
		return err
	})
	if err != nil {
		return t, err
	}
	right, err := a.compare(t)
	switch {
	case err != nil:
		return t, err
	case !right:
		return t, a.fail(ctx, by, t)
	case t.cred.on && t.code == "":
		return t, a.ask(ctx, t)
	}
	if a.hash.outdated(t.cred.hash) {
		t.rehash = a.hash.make(normal(t.password))
	}
	return t, nil
}

// compare hashes the password, once for everybody, and says whether it is that of a user who may sign in.
func (a *Auth) compare(t try) (bool, error) {
	kept, password := t.cred.hash, t.password
	if len(password) > maxPassword {
		kept, password = "", ""
	}
	if !t.known {
		kept = ""
	}
	right, err := a.hash.matches(kept, normal(password))
	if err != nil {
		return false, fmt.Errorf("check password of user %s: %w", t.person.ID, err)
	}
	return right && t.person.Active, nil
}

// fail writes a wrong password to the log. What was typed as an address is not written: it may be the password.
func (a *Auth) fail(ctx context.Context, by Caller, t try) error {
	err := a.db.Write(ctx, func(tx *db.Tx) error {
		return a.note(ctx, tx, by, t.person.ID, event{Event: "sign_in_failed", Reason: "password", Count: t.ticket.count})
	})
	if err != nil {
		return fmt.Errorf("write failed sign-in: %w", err)
	}
	return wrong()
}

// ask takes the try back, since nothing was wrong with it, and says that a code is needed.
func (a *Auth) ask(ctx context.Context, t try) error {
	err := a.db.Write(ctx, func(tx *db.Tx) error { return a.takeBack(ctx, tx, t.ticket, false) })
	if err != nil {
		return fmt.Errorf("take back a try: %w", err)
	}
	return codeNeeded()
}

// settle looks at the code, and does what the person proved the identity for, in one transaction: a code that was spent and what it was
// spent for are on disk together or not at all.
func (a *Auth) settle(ctx context.Context, by Caller, t try, do func(*db.Tx) error) error {
	var refusal error
	err := a.db.Write(ctx, func(tx *db.Tx) (err error) {
		if refusal, err = a.judge(ctx, tx, by, t); err != nil || refusal != nil {
			return err
		}
		if err := a.takeBack(ctx, tx, t.ticket, true); err != nil {
			return err
		}
		if t.rehash != "" {
			if _, err := tx.Exec(ctx, "UPDATE credential SET hash = $1 WHERE user_id = $2", t.rehash, int64(t.person.ID)); err != nil {
				return fmt.Errorf("renew hash of user %s: %w", t.person.ID, err)
			}
		}
		return do(tx)
	})
	if err != nil {
		return err
	}
	return refusal
}

// judge looks once more whether the credential is the one the password was checked against and the person may still sign in, and spends the code. A
// refusal is not an error, because what it counts must stay.
func (a *Auth) judge(ctx context.Context, tx *db.Tx, by Caller, t try) (refusal, err error) {
	user := t.person.ID
	by.User = 0
	cred, err := credentialOf(ctx, tx, user, true)
	if err != nil {
		return nil, err
	}
	who, found, err := a.o.Directory.ByID(ctx, tx, user)
	if err != nil {
		return nil, err
	}
	if !found || !who.Active || cred.generation != t.cred.generation {
		return wrong(), a.note(ctx, tx, by, user, event{Event: "sign_in_failed", Reason: "changed", Count: t.ticket.count})
	}
	if !cred.on {
		return nil, nil
	}
	return a.judgeCode(ctx, tx, by, t, cred)
}

func (a *Auth) judgeCode(ctx context.Context, tx *db.Tx, by Caller, t try, cred credential) (refusal, err error) {
	counter, counted, err := a.codeCounter(ctx, tx, t.ticket)
	if err != nil {
		return nil, err
	}
	now := a.now()
	if wait := counter.waiting(now); wait > 0 {
		return locked(wait), nil
	}
	how, err := a.spend(ctx, tx, cred, t.code)
	if err != nil {
		return nil, err
	}
	if how == "" {
		counter.count, counter.at = counter.count+1, now
		counter.until = now + delay(counter.count).Microseconds()
		refusal = codeRefused()
	} else {
		counter.count, counter.until = 0, 0
	}
	if counted {
		if err := saveAttempt(ctx, tx, counter); err != nil {
			return nil, err
		}
	}
	switch how {
	case "":
		err = a.note(ctx, tx, by, cred.user, event{Event: "sign_in_failed", Reason: "second_factor", Count: t.ticket.count})
	case byRecovery:
		err = a.note(ctx, tx, by, cred.user, event{Event: "recovery_used"})
	}
	return refusal, err
}

// Open opens a session for a user who proved the identity in another way, in the transaction of the caller: the owner at the first start, a
// person whose factors were changed. It does not look at passwords or second factors.
func (a *Auth) Open(ctx context.Context, tx *db.Tx, by Caller, user ident.ID) (Session, error) {
	opened, err := a.open(ctx, tx, by, user)
	if err != nil {
		return Session{}, err
	}
	return opened, a.note(ctx, tx, by, user, event{Event: "session_opened"})
}
