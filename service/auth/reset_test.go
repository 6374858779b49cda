package auth

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ashna/engine/db"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

const nextPassword = Secret("harbour pencil 7 fog")

func (w *world) reset(user ident.ID) Secret {
	w.t.Helper()
	var token Secret
	w.write(func(ctx context.Context, tx *db.Tx) (err error) {
		token, err = w.ResetToken(ctx, tx, Caller{User: 77}, user)
		return err
	})
	w.shown = append(w.shown, token)
	return token
}

func TestReset(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		ctx := context.Background()
		sara := w.user("sara@example.org", goodPassword)
		s := w.mustSignIn("sara@example.org", goodPassword, "")
		w.failures("sara@example.org", home, 20)
		token := w.reset(sara)
		w.expectEvents("reset_issued")
		if !w.valid(s) {
			t.Error("asking for a new password ended the session")
		}
		if who, err := w.ResetUser(ctx, token); err != nil || who.ID != sara || who.Email != "sara@example.org" {
			t.Errorf("the token is of %+v, %v", who, err)
		}
		for password, key := range map[Secret]string{"short": "auth.password_short", "sara@example.org": "auth.password_common"} {
			_, err := w.ResetPassword(ctx, from(home), token, password)
			expect(t, err, fault.Invalid, key)
		}
		user, err := w.ResetPassword(ctx, from(home), token, nextPassword)
		if err != nil || user != sara {
			t.Fatalf("reset of %s: %v", user, err)
		}
		w.expectEvents("password_set", "reset_used")
		if w.valid(s) {
			t.Error("the session outlived the password")
		}
		w.mustSignIn("sara@example.org", nextPassword, "") // although home was locked
		_, err = w.ResetPassword(ctx, from(home), token, nextPassword)
		expect(t, err, fault.Unauthenticated, "auth.token_expired")
	})
}

func TestResetIsVoid(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		ctx := context.Background()
		sara, omid := w.user("sara@example.org", goodPassword), w.user("omid@example.org", goodPassword)
		back := func() { w.change(sara, "active", 1); w.change(sara, "deleted", 0) }
		for name, spoil := range map[string]func(){
			"an hour":     func() { w.clock.Advance(time.Hour) },
			"clock back":  func() { w.clock.Advance(-time.Second) },
			"newer token": func() { w.reset(sara) },
			"password":    func() { w.setPassword(sara, goodPassword) },
			"factor on":   func() { w.enrol(sara) },
			"factor off": func() {
				w.write(func(ctx context.Context, tx *db.Tx) error { return w.DisableTOTP(ctx, tx, Caller{}, sara) })
			},
			"not active": func() { w.change(sara, "active", 0) },
			"deleted":    func() { w.change(sara, "deleted", 3) },
			"removed": func() {
				w.write(func(ctx context.Context, tx *db.Tx) error { return w.Forget(ctx, tx, Caller{}, sara) })
			},
			"session mine": nil,
		} {
			token := w.reset(sara)
			if _, err := w.ResetUser(ctx, token); err != nil {
				t.Errorf("%s: not valid at first: %v", name, err)
			}
			if spoil == nil {
				token = w.mustSignIn("omid@example.org", goodPassword, "").Token
			} else {
				spoil()
			}
			_, err := w.ResetUser(ctx, token)
			expect(t, err, fault.Unauthenticated, "auth.token_expired")
			_, err = w.ResetPassword(ctx, from(home), token, nextPassword)
			expect(t, err, fault.Unauthenticated, "auth.token_expired")
			back()
		}
		other := w.reset(omid)
		w.setPassword(sara, goodPassword)
		if _, err := w.ResetUser(ctx, other); err != nil {
			t.Errorf("a change of another user spoiled the token: %v", err)
		}
		w.change(sara, "active", 0)
		for _, user := range []ident.ID{sara, 99} {
			err := w.tryWrite(func(ctx context.Context, tx *db.Tx) error {
				_, err := w.ResetToken(ctx, tx, Caller{}, user)
				return err
			})
			expect(t, err, fault.NotFound, "error.not_found")
		}
	})
}

func TestResetDoesNotPassTheSecondFactor(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		sara := w.user("sara@example.org", goodPassword)
		e, _ := w.enrol(sara)
		sessions := w.count("session")
		if _, err := w.ResetPassword(context.Background(), from(home), w.reset(sara), nextPassword); err != nil {
			t.Fatal(err)
		}
		if sessions != 1 || w.count("session") != 0 {
			t.Error("a reset must end sessions and open none")
		}
		_, err := w.signIn("sara@example.org", nextPassword, "", home)
		expect(t, err, fault.Unauthenticated, "auth.second_factor")
		w.mustSignIn("sara@example.org", nextPassword, w.code(e))
	})
}

func TestResetIsUsedOnce(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		sara := w.user("sara@example.org", "") // who is new has no password at all
		token := w.reset(sara)
		p, err := w.Prepare(context.Background(), nextPassword)
		if err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		var used atomic.Int64
		for range 30 {
			group.Go(func() {
				err := w.tryWrite(func(ctx context.Context, tx *db.Tx) error {
					_, err := w.UseReset(ctx, tx, from(home), token, p)
					return err
				})
				if err == nil {
					used.Add(1)
				} else if !fault.Is(err, fault.Unauthenticated) {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if used.Load() != 1 {
			t.Errorf("the token was used %d times", used.Load())
		}
		w.mustSignIn("sara@example.org", nextPassword, "")
	})
}

func TestForget(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		sara, omid := w.user("sara@example.org", goodPassword), w.user("omid@example.org", goodPassword)
		for _, user := range []ident.ID{sara, omid} {
			w.token(TokenSpec{User: user, Name: "x", Scopes: []string{"read"}})
			w.reset(user)
		}
		s := w.mustSignIn("sara@example.org", goodPassword, "")
		other := w.mustSignIn("omid@example.org", goodPassword, "")
		w.write(func(ctx context.Context, tx *db.Tx) error { return w.Forget(ctx, tx, Caller{}, sara) })
		w.expectEvents("credentials_removed")
		if w.valid(s) || !w.valid(other) {
			t.Error("forgetting must end the sessions of this user and of no other")
		}
		for _, table := range []string{"credential", "session", "token", "reset"} {
			if n := w.count(table); n != 1 {
				t.Errorf("%d rows in %s, want that of the other user", n, table)
			}
		}
		_, err := w.signIn("sara@example.org", goodPassword, "", home)
		expect(t, err, fault.Unauthenticated, "auth.wrong")
	})
}

func TestSweep(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		sweep := func(want int64) {
			t.Helper()
			if n, err := w.Sweep(context.Background()); n != want || err != nil {
				t.Errorf("swept %d, %v, want %d", n, err, want)
			}
		}
		w.setup()
		sara := w.user("sara@example.org", goodPassword)
		w.mustSignIn("sara@example.org", goodPassword, "")
		w.failures("nobody@example.org", "203.0.113.5", 3)
		w.token(TokenSpec{User: sara, Name: "x", Scopes: []string{"read"}})
		w.reset(sara)
		sweep(0)
		w.clock.Advance(time.Hour)
		sweep(1) // the reset token
		w.clock.Advance(23 * time.Hour)
		sweep(1) // the setup token
		w.clock.Advance(13 * day)
		sweep(1) // the session, which nobody used
		w.clock.Advance(76 * day)
		sweep(4) // the counters of two pairs and two networks
		w.clock.Advance(29 * day)
		sweep(0)
		w.clock.Advance(day)
		sweep(1) // the API token, a month after it expired
		if n := w.count("credential"); n != 1 {
			t.Errorf("%d credentials are left, want 1", n)
		}
	})
}
