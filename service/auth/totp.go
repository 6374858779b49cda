package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"ashna/engine/db"
	"ashna/kit/fault"
	"ashna/kit/ident"
	"ashna/kit/text"
)

const (
	stepSeconds   = 30
	codeDigits    = 6
	appBytes      = 20 // of the secret of an authenticator app, as RFC 4226 recommends
	recoveryCodes = 10
	recoveryBytes = 10 // of chance in a recovery code: 16 letters
	recoveryGroup = 4  // letters between its hyphens
	// A code that was used in a step further ahead than this was used before the clock was set back.
	stepsAhead = 20
)

// Ways to spend a code.
const (
	byApp      = "app"
	byRecovery = "recovery"
)

// Enrolment is what an authenticator app needs to know.
type Enrolment struct {
	Key Secret // for typing: base 32
	URL Secret // otpauth://…, for a picture
}

// BeginTOTP makes a secret for the caller's authenticator app. Nothing changes until ConfirmTOTP shows that the app has it; beginning anew
// forgets the secret before.
func (a *Auth) BeginTOTP(ctx context.Context, by Caller) (Enrolment, error) {
	ring, err := a.mustRing(ctx)
	if err != nil {
		return Enrolment{}, err
	}
	secret := make([]byte, appBytes)
	_, _ = rand.Read(secret) // it never fails: see crypto/rand
	var email string
	err = a.db.Write(ctx, func(tx *db.Tx) error {
		who, found, err := a.o.Directory.ByID(ctx, tx, by.User)
		if err != nil {
			return err
		}
		if !found {
			return missing()
		}
		email = who.Email
		if err := ensureCredential(ctx, tx, by.User, a.now()); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "UPDATE credential SET totp_pending = $1 WHERE user_id = $2", ring.seal(by.User, secret), int64(by.User))
		return err
	})
	if err != nil {
		return Enrolment{}, fmt.Errorf("begin second factor of user %s: %w", by.User, err)
	}
	key := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
	return Enrolment{Key: Secret(key), URL: a.provisioning(email, key)}, nil
}

// provisioning spells the address that authenticator apps read from a picture.
func (a *Auth) provisioning(email, key string) Secret {
	query := url.Values{"secret": {key}, "issuer": {a.o.Issuer}, "algorithm": {"SHA1"}, "digits": {strconv.Itoa(codeDigits)}, "period": {strconv.Itoa(stepSeconds)}}
	spaces := strings.ReplaceAll(query.Encode(), "+", "%20") // some apps show a plus where a form would have a space
	address := url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + a.o.Issuer + ":" + email, RawQuery: spaces}
	return Secret(address.String())
}

// ConfirmTOTP switches the second factor of the caller on, or to another app, for a code of the app that BeginTOTP made a secret for. It
// gives the recovery codes, which are shown this once, and a new session, because all others end. A wrong code is refused with
// Invalid "auth.second_factor_wrong" at the field "code"; NotFound when nothing was begun.
func (a *Auth) ConfirmTOTP(ctx context.Context, by Caller, code Secret) ([]Secret, Session, error) {
	ring, err := a.mustRing(ctx)
	if err != nil {
		return nil, Session{}, err
	}
	codes, hashes := newRecovery(ring, by.User)
	var opened Session
	err = a.db.Write(ctx, func(tx *db.Tx) error {
		cred, err := credentialOf(ctx, tx, by.User, true)
		if err != nil {
			return err
		}
		if len(cred.pending) == 0 {
			return missing()
		}
		secret, err := ring.open(by.User, cred.pending)
		if err != nil {
			return err
		}
		step, ok, err := a.matchStep(secret, digitsOf(code))
		if err != nil {
			return err
		}
		if !ok {
			return fault.At("code", "auth.second_factor_wrong")
		}
		_, err = tx.Exec(ctx, "UPDATE credential SET totp_secret = $1, totp_pending = NULL, totp_step = $2, totp_on = 1, recovery = $3 WHERE user_id = $4",
			cred.pending, step, hashes, int64(by.User))
		if err != nil {
			return fmt.Errorf("switch on second factor of user %s: %w", by.User, err)
		}
		if err := a.bump(ctx, tx, by.User); err != nil {
			return err
		}
		if opened, err = a.open(ctx, tx, by, by.User); err != nil {
			return err
		}
		return a.note(ctx, tx, by, by.User, event{Event: "second_factor_on"})
	})
	if err != nil {
		return nil, Session{}, err
	}
	return codes, opened, nil
}

// DisableTOTP switches the second factor of a user off, and forgets app and recovery codes. All sessions of the user end.
func (a *Auth) DisableTOTP(ctx context.Context, tx *db.Tx, by Caller, user ident.ID) error {
	_, err := tx.Exec(ctx, "UPDATE credential SET totp_secret = NULL, totp_pending = NULL, totp_on = 0, recovery = '' WHERE user_id = $1", int64(user))
	if err != nil {
		return fmt.Errorf("switch off second factor of user %s: %w", user, err)
	}
	if err := a.bump(ctx, tx, user); err != nil {
		return err
	}
	return a.note(ctx, tx, by, user, event{Event: "second_factor_off"})
}

// RenewRecovery gives the caller new recovery codes; the old ones are void. NotFound when the second factor is off.
func (a *Auth) RenewRecovery(ctx context.Context, by Caller) ([]Secret, error) {
	ring, err := a.mustRing(ctx)
	if err != nil {
		return nil, err
	}
	codes, hashes := newRecovery(ring, by.User)
	err = a.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, "UPDATE credential SET recovery = $1 WHERE user_id = $2 AND totp_on = 1", hashes, int64(by.User))
		if err != nil {
			return fmt.Errorf("renew recovery codes of user %s: %w", by.User, err)
		}
		if n == 0 {
			return missing()
		}
		return a.note(ctx, tx, by, by.User, event{Event: "recovery_renewed"})
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// Factors says whether a user has a password, whether a second factor is on, and how many recovery codes are left.
func (a *Auth) Factors(ctx context.Context, user ident.ID) (password, second bool, recovery int, err error) {
	err = a.db.Read(ctx, func(q db.Querier) error {
		cred, err := credentialOf(ctx, q, user, false)
		password, second, recovery = cred.hash != "", cred.on, len(strings.Fields(cred.recovery))
		return err
	})
	return password, second, recovery, err
}

// spend uses a code up and says which way it was, empty when it is wrong or was used before. The credential is locked by the caller, and the
// statement itself compares and sets, so that a code is taken once however many bring it.
func (a *Auth) spend(ctx context.Context, tx *db.Tx, cred credential, code Secret) (way string, err error) {
	ring, err := a.ring(ctx, tx)
	if err != nil {
		return "", err
	}
	if ring == nil {
		return "", fmt.Errorf("check second factor of user %s: the workspace secret is gone", cred.user)
	}
	digits := digitsOf(code)
	if len(digits) != codeDigits {
		return a.spendRecovery(ctx, tx, ring, cred, code)
	}
	secret, err := ring.open(cred.user, cred.secret)
	if err != nil {
		return "", err
	}
	step, ok, err := a.matchStep(secret, digits)
	if err != nil || !ok {
		return "", err
	}
	n, err := tx.Exec(ctx, "UPDATE credential SET totp_step = $1 WHERE user_id = $2 AND totp_on = 1 AND (totp_step < $1 OR totp_step > $3)",
		step, int64(cred.user), step+stepsAhead)
	if err != nil {
		return "", fmt.Errorf("spend code of user %s: %w", cred.user, err)
	}
	if n == 0 {
		return "", nil
	}
	return byApp, nil
}

// matchStep finds the step, of this moment and those beside it, whose code was typed.
func (a *Auth) matchStep(secret []byte, digits string) (step int64, ok bool, err error) {
	if len(digits) != codeDigits {
		return 0, false, nil
	}
	key := base32.StdEncoding.EncodeToString(secret)
	now := a.clock.Now().Unix() / stepSeconds
	for s := now - 1; s <= now+1; s++ {
		want, err := hotp.GenerateCodeCustom(key, uint64(s), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err != nil {
			return 0, false, fmt.Errorf("make one-time code: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(digits)) == 1 {
			step, ok = s, true
		}
	}
	return step, ok, nil
}

// maxCode bounds what is read as a code, in bytes.
const maxCode = 100

// digitsOf gives a code of an app as it was meant: ASCII digits without spaces. Anything else comes out with another length.
func digitsOf(code Secret) string {
	if len(code) > maxCode {
		return ""
	}
	digits := strings.Join(strings.Fields(text.Digits(string(code))), "")
	if strings.Trim(digits, "0123456789") != "" {
		return ""
	}
	return digits
}

// newRecovery makes recovery codes and what is kept of them.
func newRecovery(ring *keyring, user ident.ID) ([]Secret, string) {
	codes, hashes := make([]Secret, recoveryCodes), make([]string, recoveryCodes)
	for i := range codes {
		random := make([]byte, recoveryBytes)
		_, _ = rand.Read(random) // it never fails: see crypto/rand
		letters := spell(random)
		hashes[i] = ring.recoveryHash(user, letters)
		var groups []string
		for group := range slices.Chunk([]byte(letters), recoveryGroup) {
			groups = append(groups, string(group))
		}
		codes[i] = Secret(strings.Join(groups, "-"))
	}
	return codes, strings.Join(hashes, "\n")
}

// lettersOf gives a recovery code as it was meant: small letters, without hyphens and spaces, and with the letters that tokens do not have
// taken for those they look like.
func lettersOf(code Secret) string {
	if len(code) > maxCode {
		return ""
	}
	return strings.NewReplacer("-", "", " ", "", "o", "0", "i", "1", "l", "1").Replace(strings.ToLower(text.Digits(string(code))))
}

func (a *Auth) spendRecovery(ctx context.Context, tx *db.Tx, ring *keyring, cred credential, code Secret) (string, error) {
	hash := ring.recoveryHash(cred.user, lettersOf(code))
	hashes := strings.Fields(cred.recovery)
	i := slices.Index(hashes, hash)
	if i < 0 {
		return "", nil
	}
	left := strings.Join(slices.Delete(hashes, i, i+1), "\n")
	n, err := tx.Exec(ctx, "UPDATE credential SET recovery = $1 WHERE user_id = $2 AND recovery = $3", left, int64(cred.user), cred.recovery)
	if err != nil {
		return "", fmt.Errorf("spend recovery code of user %s: %w", cred.user, err)
	}
	if n == 0 {
		return "", nil
	}
	return byRecovery, nil
}
