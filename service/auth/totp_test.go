package auth

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ashna/engine/db"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

func TestEnrolment(t *testing.T) {
	onEach(t, Options{Issuer: "Acme & Sons"}, func(t *testing.T, w *world) {
		ctx := context.Background()
		sara := w.user("sara@example.org", goodPassword)
		before := w.mustSignIn("sara@example.org", goodPassword, "")
		by := from(home)
		by.User = sara
		_, _, err := w.ConfirmTOTP(ctx, by, "123456")
		expect(t, err, fault.NotFound, "error.not_found")
		old, err := w.BeginTOTP(ctx, by)
		if err != nil {
			t.Fatal(err)
		}
		e, err := w.BeginTOTP(ctx, by)
		if err != nil {
			t.Fatal(err)
		}
		w.shown = append(w.shown, e.Key, e.URL)
		link, err := url.Parse(e.URL.Reveal())
		if err != nil || link.Scheme != "otpauth" || link.Host != "totp" || link.Path != "/Acme & Sons:sara@example.org" || link.Query().Get("secret") != e.Key.Reveal() ||
			link.Query().Get("issuer") != "Acme & Sons" {
			t.Errorf("the address is %s, %v", e.URL.Reveal(), err)
		}
		if key, err := keyBytes(e); err != nil || len(key) != appBytes || e.Key == old.Key {
			t.Errorf("the key is %x, %v", key, err)
		}
		for _, wrong := range []Secret{"", "12345", "1234567", "abcdef", w.code(old), Secret(strings.Repeat("1", 1_000))} {
			_, _, err := w.ConfirmTOTP(ctx, by, wrong)
			expect(t, err, fault.Invalid, "auth.second_factor_wrong")
			if f := fault.Of(err); f != nil && f.Field != "code" {
				t.Errorf("the field %q is blamed", f.Field)
			}
		}
		if !w.valid(before) {
			t.Error("nothing is confirmed, yet the session ended")
		}
		codes, s, err := w.ConfirmTOTP(ctx, by, w.code(e))
		if err != nil {
			t.Fatal(err)
		}
		w.shown = append(append(w.shown, s.Token), codes...)
		w.expectEvents("second_factor_on")
		if w.valid(before) || !w.valid(s) {
			t.Error("a new factor must end all sessions but the new one")
		}
		if password, second, left, err := w.Factors(ctx, sara); !password || !second || left != recoveryCodes || len(codes) != recoveryCodes || err != nil {
			t.Errorf("factors %v %v %d, %d codes, %v", password, second, left, len(codes), err)
		}
		_, _, err = w.ConfirmTOTP(ctx, by, w.code(e))
		expect(t, err, fault.NotFound, "error.not_found")
		_, err = w.BeginTOTP(ctx, Caller{User: 99})
		expect(t, err, fault.NotFound, "error.not_found")
		cred := w.credential(sara)
		if key, _ := keyBytes(e); strings.Contains(string(cred.secret), string(key)) || strings.Contains(cred.recovery, codes[0].Reveal()) {
			t.Error("secrets are kept as they are")
		}
	})
}

func TestSecondFactor(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		sara := w.user("sara@example.org", goodPassword)
		e, _ := w.enrol(sara)
		for range 20 { // asking for the code is no failure
			_, err := w.signIn("sara@example.org", goodPassword, "", home)
			expect(t, err, fault.Unauthenticated, "auth.second_factor")
		}
		_, err := w.signIn("sara@example.org", "surely not this", w.code(e), home)
		expect(t, err, fault.Unauthenticated, "auth.wrong")
		_, err = w.signIn("sara@example.org", goodPassword, "000000", home)
		expect(t, err, fault.Unauthenticated, "auth.second_factor_wrong")
		w.expectEvents("sign_in_failed:password", "sign_in_failed:second_factor")
		if w.count("session") != 1 { // that of the enrolment
			t.Error("a session was opened without a code")
		}
		used := w.code(e)
		w.mustSignIn("sara@example.org", goodPassword, used)
		_, err = w.signIn("sara@example.org", goodPassword, used, home)
		expect(t, err, fault.Unauthenticated, "auth.second_factor_wrong")
		w.clock.Advance(30 * time.Second)
		spaced := Secret(" " + w.code(e).Reveal()[:3] + " " + w.code(e).Reveal()[3:])
		w.mustSignIn("sara@example.org", goodPassword, spaced)
		w.clock.Advance(30 * time.Second)
		persian := strings.Map(func(r rune) rune { return r - '0' + '۰' }, w.code(e).Reveal())
		w.mustSignIn("sara@example.org", goodPassword, Secret(persian))
	})
}

func TestCodesOfNeighbouringSteps(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		sara := w.user("sara@example.org", goodPassword)
		e, _ := w.enrol(sara)
		at := w.clock.Now()
		late, code, soon := w.codeAt(e, at.Add(-30*time.Second)), w.codeAt(e, at), w.codeAt(e, at.Add(30*time.Second))
		tooLate, tooSoon := w.codeAt(e, at.Add(-60*time.Second)), w.codeAt(e, at.Add(60*time.Second))
		for _, c := range []struct {
			code Secret
			ok   bool
		}{{tooLate, false}, {tooSoon, false}, {late, true}, {late, false}, {soon, true}, {code, false}, {soon, false}} {
			if _, err := w.signIn("sara@example.org", goodPassword, c.code, home); (err == nil) != c.ok {
				t.Errorf("a code of %v: %v, want accepted: %v", c, err, c.ok)
			}
			w.write(func(ctx context.Context, tx *db.Tx) error { return w.Unlock(ctx, tx, Caller{}, sara) })
		}
	})
}

func (w *world) codeAt(e Enrolment, at time.Time) Secret {
	now := w.clock.Now()
	defer w.clock.Set(now)
	w.clock.Set(at)
	return w.code(e)
}

// TestClockSetBackTakesCodes enrols while the clock is a year ahead; when it is set right, codes are taken again, each once.
func TestClockSetBackTakesCodes(t *testing.T) {
	w := newWorld(t, db.Config{Dir: t.TempDir()}, Options{})
	w.clock.Advance(365 * day)
	sara := w.user("sara@example.org", goodPassword)
	e, _ := w.enrol(sara)
	w.clock.Set(start)
	w.mustSignIn("sara@example.org", goodPassword, w.code(e))
	_, err := w.signIn("sara@example.org", goodPassword, w.code(e), home)
	expect(t, err, fault.Unauthenticated, "auth.second_factor_wrong")
}

// TestOneCodeOneSession brings one code a hundred times at once, from a hundred networks.
func TestOneCodeOneSession(t *testing.T) {
	onEach(t, Options{HashWait: time.Minute}, func(t *testing.T, w *world) {
		sara := w.user("sara@example.org", goodPassword)
		e, recovery := w.enrol(sara)
		for name, code := range map[string]Secret{"app": w.code(e), "recovery": recovery[3]} {
			var group sync.WaitGroup
			var in atomic.Int64
			for i := range 100 {
				group.Go(func() {
					_, err := w.SignIn(context.Background(), from(fmt.Sprintf("10.%d.%d.1", len(name), i)), Login{Email: "sara@example.org", Password: goodPassword, Code: code})
					if err == nil {
						in.Add(1)
					} else if kind := fault.KindOf(err); kind != fault.Unauthenticated && kind != fault.TooMany {
						t.Errorf("%s: %v", name, err)
					}
				})
			}
			group.Wait()
			if in.Load() != 1 {
				t.Errorf("%s: one code opened %d sessions", name, in.Load())
			}
			w.write(func(ctx context.Context, tx *db.Tx) error { return w.Unlock(ctx, tx, Caller{}, sara) })
		}
	})
}

// TestSpendIsAtomic calls the statement itself a hundred times at once, without locks and counters before it.
func TestSpendIsAtomic(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		sara := w.user("sara@example.org", goodPassword)
		e, recovery := w.enrol(sara)
		for _, code := range []Secret{w.code(e), recovery[0]} {
			cred := w.credential(sara)
			var group sync.WaitGroup
			var spent atomic.Int64
			for range 100 {
				group.Go(func() {
					var way string
					err := w.tryWrite(func(ctx context.Context, tx *db.Tx) (err error) {
						way, err = w.spend(ctx, tx, cred, code)
						return err
					})
					if err != nil {
						t.Error(err)
					} else if way != "" {
						spent.Add(1)
					}
				})
			}
			group.Wait()
			if spent.Load() != 1 {
				t.Errorf("a code was spent %d times", spent.Load())
			}
		}
	})
}

// TestCodesAreNotGuessedFromEverywhere has somebody who knows the password guess codes from many networks.
func TestCodesAreNotGuessedFromEverywhere(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		sara := w.user("sara@example.org", goodPassword)
		e, _ := w.enrol(sara)
		w.mustSignIn("sara@example.org", goodPassword, w.code(e))
		looked := 0
		for i := range 30 {
			_, err := w.signIn("sara@example.org", goodPassword, "000000", fmt.Sprintf("10.9.%d.1", i))
			if fault.Is(err, fault.Unauthenticated) {
				looked++
			} else {
				expect(t, err, fault.TooMany, "auth.locked")
			}
		}
		if looked != freeFailures {
			t.Errorf("%d codes were looked at, want %d", looked, freeFailures)
		}
		next := w.codeAt(e, w.clock.Now().Add(30*time.Second))
		w.mustSignIn("sara@example.org", goodPassword, next) // at home nothing is locked
		w.clock.Advance(2 * time.Hour)
		if _, err := w.signIn("sara@example.org", goodPassword, w.code(e), "192.0.2.9"); err != nil {
			t.Errorf("on a journey: %v", err)
		}
	})
}

func TestRecoveryCodes(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		ctx := context.Background()
		sara, omid := w.user("sara@example.org", goodPassword), w.user("omid@example.org", goodPassword)
		_, codes := w.enrol(sara)
		_, others := w.enrol(omid)
		seen := map[Secret]bool{}
		for i, code := range codes {
			if len(code) != 19 || strings.Count(code.Reveal(), "-") != 3 || seen[code] {
				t.Errorf("recovery code %q", code.Reveal())
			}
			seen[code] = true
			typed := code
			if i%2 == 1 {
				typed = Secret(" " + strings.ToUpper(strings.ReplaceAll(code.Reveal(), "-", " ")) + " ")
			}
			w.mustSignIn("sara@example.org", goodPassword, typed)
			_, err := w.signIn("sara@example.org", goodPassword, code, home)
			expect(t, err, fault.Unauthenticated, "auth.second_factor_wrong")
			if _, _, left, _ := w.Factors(ctx, sara); left != recoveryCodes-1-i {
				t.Errorf("%d codes are left after %d", left, i+1)
			}
		}
		w.expectEvents("recovery_used", "sign_in", "sign_in_failed:second_factor")
		_, err := w.signIn("sara@example.org", goodPassword, others[0], home)
		expect(t, err, fault.Unauthenticated, "auth.second_factor_wrong")
		fresh, err := w.RenewRecovery(ctx, Caller{User: omid})
		if err != nil {
			t.Fatal(err)
		}
		w.shown = append(w.shown, fresh...)
		_, err = w.signIn("omid@example.org", goodPassword, others[0], home)
		expect(t, err, fault.Unauthenticated, "auth.second_factor_wrong")
		w.mustSignIn("omid@example.org", goodPassword, fresh[9])
		zahra := w.user("zahra@example.org", goodPassword)
		_, err = w.RenewRecovery(ctx, Caller{User: zahra})
		expect(t, err, fault.NotFound, "error.not_found")
	})
}

func TestDisable(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		sara, admin := w.user("sara@example.org", goodPassword), w.user("admin@example.org", goodPassword)
		e, codes := w.enrol(sara)
		s := w.mustSignIn("sara@example.org", goodPassword, w.code(e))
		w.write(func(ctx context.Context, tx *db.Tx) error { return w.DisableTOTP(ctx, tx, Caller{User: admin}, sara) })
		w.expectEvents("second_factor_off")
		if log := w.log(); log[len(log)-1].Actor != admin || log[len(log)-1].Record != sara {
			t.Error("the log does not say who did it to whom")
		}
		if w.valid(s) {
			t.Error("the session outlived the factor")
		}
		w.mustSignIn("sara@example.org", goodPassword, "")
		w.mustSignIn("sara@example.org", goodPassword, codes[0]) // a code that nobody asked for is not looked at
		if c := w.credential(sara); c.on || c.secret != nil || c.pending != nil || c.recovery != "" {
			t.Errorf("something of the factor is left: %+v", c)
		}
	})
}

// TestFactorOfAnotherUser moves the encrypted secret of one user to another: it must not open there.
func TestFactorOfAnotherUser(t *testing.T) {
	w := newWorld(t, db.Config{Dir: t.TempDir()}, Options{})
	sara, omid := w.user("sara@example.org", goodPassword), w.user("omid@example.org", goodPassword)
	w.enrol(sara)
	mine, _ := w.enrol(omid)
	w.write(func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE credential SET totp_secret = (SELECT totp_secret FROM credential WHERE user_id = $1) WHERE user_id = $2", int64(omid), int64(sara))
		return err
	})
	_, err := w.signIn("sara@example.org", goodPassword, w.code(mine), home)
	if err == nil || fault.Of(err) != nil {
		t.Errorf("got %v, want an error that is no refusal", err)
	}
}

func TestCodesAsTyped(t *testing.T) {
	for typed, want := range map[Secret]string{
		"123456": "123456", " 123 456 ": "123456", "۱۲۳۴۵۶": "123456", "١٢٣٤٥٦": "123456", "12345a": "", "": "", "12-34": "", Secret(strings.Repeat("1", 101)): "",
	} {
		if got := digitsOf(typed); got != want {
			t.Errorf("digitsOf(%q) = %q, want %q", typed.Reveal(), got, want)
		}
	}
	for typed, want := range map[Secret]string{"AB-CD ef": "abcdef", "O0-iIlL": "001111", Secret(strings.Repeat("a", 101)): ""} {
		if got := lettersOf(typed); got != want {
			t.Errorf("lettersOf(%q) = %q, want %q", typed.Reveal(), got, want)
		}
	}
	ring, err := newKeyring(make([]byte, secretBytes))
	if err != nil {
		t.Fatal(err)
	}
	codes, hashes := newRecovery(ring, ident.ID(5))
	for i, h := range strings.Fields(hashes) {
		if ring.recoveryHash(5, lettersOf(codes[i])) != h {
			t.Errorf("recovery code %d does not match its hash", i)
		}
	}
}
