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

// becomeOwner does what the first start does with its token: the owner is made in the same transaction.
func (w *world) becomeOwner(token Secret, id ident.ID) (Session, error) {
	p, err := w.Prepare(context.Background(), goodPassword, "owner@example.org")
	if err != nil {
		return Session{}, err
	}
	var s Session
	err = w.tryWrite(func(ctx context.Context, tx *db.Tx) error {
		if err := w.UseSetup(ctx, tx, from(home), token); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO users (id, name, email, email_k, active, deleted) VALUES ($1, 'x', 'owner@example.org', 'owner@example.org', 1, 0)`, int64(id))
		if err != nil {
			return err
		}
		if err := w.SetPassword(ctx, tx, from(home), id, p); err != nil {
			return err
		}
		s, err = w.Open(ctx, tx, from(home), id)
		return err
	})
	return s, err
}

func (w *world) setup() Secret {
	w.t.Helper()
	token, needed, err := w.Setup(context.Background())
	if err != nil || !needed || !plausible(token) {
		w.t.Fatalf("setup: needed %v, %v", needed, err)
	}
	w.shown = append(w.shown, token)
	return token
}

func TestSetup(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		ctx := context.Background()
		expect(t, w.CheckSetup(ctx, ""), fault.Unauthenticated, "auth.setup_token")
		first := w.setup()
		second := w.setup()
		for _, odd := range []Secret{"", "x", first, newToken(), newAPIToken()} {
			_, err := w.becomeOwner(odd, 1)
			expect(t, err, fault.Unauthenticated, "auth.setup_token")
			expect(t, w.CheckSetup(ctx, odd), fault.Unauthenticated, "auth.setup_token")
		}
		w.clock.Advance(day)
		_, err := w.becomeOwner(second, 1)
		expect(t, err, fault.Unauthenticated, "auth.token_expired")
		third := w.setup()
		w.clock.Advance(day - time.Second)
		if err := w.CheckSetup(ctx, third); err != nil {
			t.Errorf("checking: %v", err)
		}
		s, err := w.becomeOwner(third, 1)
		if err != nil || !w.valid(s) {
			t.Fatalf("the owner: %v", err)
		}
		w.shown = append(w.shown, s.Token)
		w.expectEvents("setup_used", "password_set", "session_opened")
		_, err = w.becomeOwner(third, 2)
		expect(t, err, fault.Conflict, "auth.setup_done")
		expect(t, w.CheckSetup(ctx, third), fault.Conflict, "auth.setup_done")
		for _, change := range []func(){func() {}, func() { w.change(1, "active", 0) }, func() { w.change(1, "deleted", 1) }} {
			change()
			if token, needed, err := w.Setup(ctx); token != "" || needed || err != nil {
				t.Errorf("with an owner a setup is needed: %v, %v", needed, err)
			}
		}
		if w.count("setup") != 0 {
			t.Error("a token is left")
		}
	})
}

func TestSetupThatFailsCanBeTriedAgain(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		token := w.setup()
		err := w.tryWrite(func(ctx context.Context, tx *db.Tx) error {
			if err := w.UseSetup(ctx, tx, from(home), token); err != nil {
				return err
			}
			return errDown
		})
		if err == nil {
			t.Fatal("it did not fail")
		}
		if _, err := w.becomeOwner(token, 1); err != nil {
			t.Errorf("the second time: %v", err)
		}
	})
}

func TestOneOwnerOnly(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		token := w.setup()
		var group sync.WaitGroup
		var owners atomic.Int64
		for i := range 20 {
			group.Go(func() {
				if _, err := w.becomeOwner(token, ident.ID(i+1)); err == nil {
					owners.Add(1)
				} else if kind := fault.KindOf(err); kind != fault.Unauthenticated && kind != fault.Conflict {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if owners.Load() != 1 || w.count("users") != 1 {
			t.Errorf("one token made %d owners", owners.Load())
		}
	})
}

// TestNoDefaultAccount tries the accounts that other systems ship with on a new workspace.
func TestNoDefaultAccount(t *testing.T) {
	w := newWorld(t, db.Config{Dir: t.TempDir()}, Options{})
	w.setup()
	for i, email := range []string{"admin", "admin@example.com", "root", "owner", "user@example.com", "", "system"} {
		for _, password := range []Secret{"admin", "password", "", "changeme"} {
			_, err := w.signIn(email, password, "", "10.0."+string(rune('0'+i))+".1")
			expect(t, err, fault.Unauthenticated, "auth.wrong")
		}
	}
	if w.count("users")+w.count("credential")+w.count("session")+w.count("token") != 0 {
		t.Error("a new workspace has an account")
	}
}

func TestWorkspaceSecret(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		ctx := context.Background()
		var group sync.WaitGroup
		rings := make([]*keyring, 10)
		for i := range rings {
			group.Go(func() {
				var err error
				if rings[i], err = New(w.db, w.clock, Options{}).mustRing(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		for _, ring := range rings {
			if ring == nil || ring.account("x") != rings[0].account("x") {
				t.Fatal("two processes have two secrets")
			}
		}
		if w.count("secret") != 1 {
			t.Errorf("%d secrets", w.count("secret"))
		}
		again, err := w.mustRing(ctx)
		if err != nil || again.account("x") != rings[0].account("x") {
			t.Errorf("another secret after a start: %v", err)
		}
	})
}
