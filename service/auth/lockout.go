package auth

import (
	"context"
	"fmt"
	"math"
	"net/netip"
	"time"

	"ashna/engine/db"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

// Failures are counted for the pair of an account and a network, and for a network alone, never for an account alone: whoever fails
// elsewhere locks nobody out. Accounts that do not exist are counted like the others. Each try is counted as a failure before the
// password is looked at, so that many at once are no way around, and taken back when it was none.
//
// A pair has a few free failures; then each costs twice the waiting of the one before, and after a hundred the pair rests until it is forgotten,
// the password is set anew, or an administrator unlocks it. A network has a hundred failures and gets one back each minute; a pair that signed in
// lately does not count for its network and is not stopped by it, so that colleagues behind one address are safe from each other.
const (
	freeFailures    = 5
	firstDelay      = 15 * time.Second
	longestDelay    = time.Hour
	mostFailures    = 100
	restTime        = 90 * day // also how long a pair that signed in is known, and after which counts are forgotten
	networkFailures = 100
	networkRefill   = time.Minute
	clockSlack      = time.Minute // a count that is so far in the future was made before the clock was set back
)

// attempt is one counter.
type attempt struct {
	key             string
	count           int64
	until, at, good int64 // µs; good is the last time that signing in worked
}

// ticket is one try that was let in.
type ticket struct {
	pair, network, codes string // keys; network is empty when the pair is known there
	count                int64  // failures of the pair, with this one
}

// network gives the part of an address that one customer has.
func network(ip netip.Addr) string {
	bits := 64
	if ip = ip.Unmap().WithZone(""); ip.Is4() {
		bits = 24
	}
	prefix, err := ip.Prefix(bits)
	if err != nil || !prefix.IsValid() {
		return "none"
	}
	return prefix.String()
}

// The keys of counters.
func pairKey(account string, ip netip.Addr) string { return "p:" + account + ":" + network(ip) }
func networkKey(ip netip.Addr) string              { return "n:" + network(ip) }
func codeKey(account string) string                { return "c:" + account }

// delay is how long a pair waits after its n-th failure in a row.
func delay(n int64) time.Duration {
	switch {
	case n < freeFailures:
		return 0
	case n >= mostFailures:
		return restTime
	}
	doublings := min(n-freeFailures, 10)
	return min(firstDelay<<doublings, longestDelay)
}

// familiar says whether signing in worked for the pair lately.
func (t attempt) familiar(now int64) bool { return t.good > 0 && now-t.good < restTime.Microseconds() }

// waiting is how long the pair has to wait.
func (t attempt) waiting(now int64) time.Duration {
	if t.at > now+clockSlack.Microseconds() {
		return 0
	}
	return max(0, time.Duration(t.until-now)*time.Microsecond)
}

// drained is the counter of a network with the failures forgotten that time gave back.
func (t attempt) drained(now int64) attempt {
	back := (now - t.at) / networkRefill.Microseconds()
	if back >= t.count || back < 0 {
		t.count, t.at = 0, now
		return t
	}
	t.count, t.at = t.count-back, t.at+back*networkRefill.Microseconds()
	return t
}

func locked(wait time.Duration) error {
	return fault.New(fault.TooMany, "auth.locked", "seconds", int64(math.Ceil(wait.Seconds())))
}

// lockedNow gives the refusal of a pair and its network at this moment, or nil.
func lockedNow(pair, net attempt, now int64) error {
	if wait := pair.waiting(now); wait > 0 {
		return locked(wait)
	}
	if !pair.familiar(now) && net.drained(now).count >= networkFailures {
		return locked(networkRefill)
	}
	return nil
}

const selectAttempt = "SELECT count, until, at, good FROM attempt WHERE key = $1"

func readAttempt(ctx context.Context, q db.Querier, key, text string) (attempt, error) {
	row, found, err := db.One(ctx, q, text, key)
	if err != nil || !found {
		return attempt{key: key}, err
	}
	return attempt{key, row.Int(0), row.Int(1), row.Int(2), row.Int(3)}, nil
}

// lockAttempt reads a counter and keeps others from it until the transaction ends.
func lockAttempt(ctx context.Context, tx *db.Tx, key string) (attempt, error) {
	const insert = "INSERT INTO attempt (key, count, until, at, good) VALUES ($1, 0, 0, 0, 0) ON CONFLICT (key) DO NOTHING"
	if _, err := tx.Exec(ctx, insert, key); err != nil {
		return attempt{}, fmt.Errorf("make counter: %w", err)
	}
	t, err := readAttempt(ctx, tx, key, selectAttempt+tx.Dialect().Lock)
	if err != nil {
		return attempt{}, fmt.Errorf("lock counter: %w", err)
	}
	return t, nil
}

func saveAttempt(ctx context.Context, tx *db.Tx, t attempt) error {
	_, err := tx.Exec(ctx, "UPDATE attempt SET count = $1, until = $2, at = $3, good = $4 WHERE key = $5", t.count, t.until, t.at, t.good, t.key)
	if err != nil {
		return fmt.Errorf("save counter: %w", err)
	}
	return nil
}

// mayTry refuses early and cheaply who is locked out: before a place in the line for hashing is taken.
func (a *Auth) mayTry(ctx context.Context, account string, ip netip.Addr) error {
	var refusal error
	err := a.db.Read(ctx, func(q db.Querier) error {
		pair, err := readAttempt(ctx, q, pairKey(account, ip), selectAttempt)
		if err != nil {
			return err
		}
		net, err := readAttempt(ctx, q, networkKey(ip), selectAttempt)
		refusal = lockedNow(pair, net, a.now())
		return err
	})
	if err != nil {
		return fmt.Errorf("read counters: %w", err)
	}
	return refusal
}

// reserve counts a try as a failure, or refuses it.
func (a *Auth) reserve(ctx context.Context, account string, ip netip.Addr) (ticket, error) {
	var t ticket
	err := a.db.Write(ctx, func(tx *db.Tx) error {
		pair, err := lockAttempt(ctx, tx, pairKey(account, ip))
		if err != nil {
			return err
		}
		net, err := lockAttempt(ctx, tx, networkKey(ip))
		if err != nil {
			return err
		}
		now := a.now()
		if err := lockedNow(pair, net, now); err != nil {
			return err
		}
		t = ticket{pair: pair.key, codes: codeKey(account), count: pair.count + 1}
		if !pair.familiar(now) {
			t.network = net.key
			net = net.drained(now)
			net.count++
			if err := saveAttempt(ctx, tx, net); err != nil {
				return err
			}
		}
		pair.count, pair.at, pair.until = t.count, now, now+delay(t.count).Microseconds()
		return saveAttempt(ctx, tx, pair)
	})
	return t, err
}

// takeBack undoes what reserve counted, for a try that was no failure. When it also signed somebody in, the pair starts anew and is known.
func (a *Auth) takeBack(ctx context.Context, tx *db.Tx, t ticket, signedIn bool) error {
	pair, err := lockAttempt(ctx, tx, t.pair)
	if err != nil {
		return err
	}
	pair.count, pair.until = max(pair.count-1, 0), 0
	if signedIn {
		pair.count, pair.good = 0, a.now()
	}
	if err := saveAttempt(ctx, tx, pair); err != nil || t.network == "" {
		return err
	}
	net, err := lockAttempt(ctx, tx, t.network)
	if err != nil {
		return err
	}
	net.count = max(net.count-1, 0)
	return saveAttempt(ctx, tx, net)
}

// codeCounter gives the counter of wrong codes that came from networks where the account is not known. Only who has the password gets so
// far, so it keeps that person from trying all codes from many networks, and nobody else from anything. ok is false
// where the account is known: there the pair's counter is enough.
func (a *Auth) codeCounter(ctx context.Context, tx *db.Tx, t ticket) (counter attempt, ok bool, err error) {
	if t.network == "" {
		return attempt{}, false, nil
	}
	counter, err = lockAttempt(ctx, tx, t.codes)
	return counter, true, err
}

// Unlock lets a user try again from everywhere, and forgets nothing else.
func (a *Auth) Unlock(ctx context.Context, tx *db.Tx, by Caller, user ident.ID) error {
	if err := a.unlock(ctx, tx, user); err != nil {
		return err
	}
	return a.note(ctx, tx, by, user, event{Event: "unlocked"})
}

func (a *Auth) unlock(ctx context.Context, tx *db.Tx, user ident.ID) error {
	who, found, err := a.o.Directory.ByID(ctx, tx, user)
	if err != nil || !found {
		return err
	}
	ring, err := a.ring(ctx, tx)
	if err != nil || ring == nil {
		return err
	}
	account := ring.account(emailKey(who.Email))
	from, to := "p:"+account+":", "p:"+account+";"
	_, err = tx.Exec(ctx, "UPDATE attempt SET count = 0, until = 0 WHERE key >= $1 AND key < $2 OR key = $3", from, to, codeKey(account))
	if err != nil {
		return fmt.Errorf("unlock user %s: %w", user, err)
	}
	return nil
}
