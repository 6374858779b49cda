package auth

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/kit/clock"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

func TestSignIn(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		sara := w.user("Sara@Example.org", goodPassword)
		s := w.mustSignIn(" sara@example.ORG ", goodPassword, "")
		if s.User != sara || !plausible(s.Token) || s.MustChange || !s.Expires.Equal(start.Add(90*day)) {
			t.Errorf("got %+v", s)
		}
		who, err := w.Session(context.Background(), s.Token)
		if err != nil || who.User != sara || who.ID != s.ID || !who.Since.Equal(start) || who.MustChange {
			t.Errorf("the session says %+v, %v", who, err)
		}
		w.expectEvents("password_set", "sign_in")
		log := w.log()
		last := log[len(log)-1]
		if last.Actor != sara || last.Record != sara || last.Via != change.ViaUI || last.At != start.UnixMicro() {
			t.Errorf("the log says %+v", last)
		}
		if want := `{"event":"sign_in","ip":"198.51.100.7","agent":"Browser 1"}`; string(last.Fields) != want {
			t.Errorf("the log says %s, want %s", last.Fields, want)
		}
		if again := w.mustSignIn("sara@example.org", goodPassword, ""); again.Token == s.Token || again.ID == s.ID {
			t.Error("two sessions have one token")
		}
	})
}

// TestRefusalsAreAlike holds every way to be refused to the same answer, the same number of hashes and the same rows written.
func TestRefusalsAreAlike(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		w.user("sara@example.org", goodPassword)
		w.change(w.user("left@example.org", goodPassword), "active", 0)
		w.change(w.user("gone@example.org", goodPassword), "deleted", 5)
		w.user("new@example.org", "")
		for i, in := range []Login{
			{Email: "sara@example.org", Password: "violet kettle 51 mosS"},
			{Email: "sara@example.org", Password: ""},
			{Email: "sara@example.org", Password: Secret(strings.Repeat("x", 2_000_000))},
			{Email: "sara@example.org", Password: "violet\xff\x00"},
			{Email: "sara@example.org", Password: "nonsense again", Code: "123456"},
			{Email: "nobody@example.org", Password: goodPassword},
			{Email: "left@example.org", Password: goodPassword},
			{Email: "gone@example.org", Password: goodPassword},
			{Email: "new@example.org", Password: goodPassword},
			{Email: "new@example.org", Password: ""},
			{Email: "", Password: goodPassword},
			{Email: "no address", Password: goodPassword},
			{Email: "\x00\xff", Password: goodPassword},
			{Email: strings.Repeat("x@", 1_000_000), Password: goodPassword},
			{Email: "' OR 1=1 --", Password: goodPassword},
		} {
			name := fmt.Sprintf("%d %.30q %.30q", i, in.Email, in.Password.Reveal())
			hashes, rows := w.hash.work.Load(), len(w.log())
			_, err := w.SignIn(context.Background(), from(fmt.Sprintf("198.51.%d.7", i)), in)
			expect(t, err, fault.Unauthenticated, "auth.wrong")
			if f := fault.Of(err); f == nil || f.Field != "" || f.Params != nil || f.Err != nil {
				t.Errorf("%s: the refusal says more: %+v", name, f)
			}
			if n := w.hash.work.Load() - hashes; n != 1 {
				t.Errorf("%s: %d hashes, want 1", name, n)
			}
			if n := len(w.log()) - rows; n != 1 {
				t.Errorf("%s: %d rows in the log, want 1", name, n)
			}
			w.expectEvents("sign_in_failed:password")
		}
		if n := w.count("session"); n != 0 {
			t.Errorf("%d sessions were opened", n)
		}
	})
}

func TestFailuresInTheLog(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		sara := w.user("sara@example.org", goodPassword)
		for _, c := range []struct {
			email string
			user  ident.ID
		}{{"sara@example.org", sara}, {"my password by mistake", 0}} {
			if _, err := w.signIn(c.email, "wrong one here", "", home); err == nil {
				t.Fatal("signed in")
			}
			log := w.log()
			last := log[len(log)-1]
			want := `{"event":"sign_in_failed","reason":"password","count":1,"ip":"198.51.100.7","agent":"Browser 1"}`
			if last.Record != c.user || last.Actor != 0 || string(last.Fields) != want {
				t.Errorf("%s: the log says %s of %s by %s", c.email, last.Fields, last.Record, last.Actor)
			}
		}
	})
}

func TestPasswordIsHashedAnewAtAnotherCost(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		sara := w.user("sara@example.org", goodPassword)
		before := w.credential(sara)
		w.hash.cost = Cost{Memory: 16, Passes: 2, Lanes: 1}
		first := w.mustSignIn("sara@example.org", goodPassword, "")
		after := w.credential(sara)
		if after.hash == before.hash || w.hash.outdated(after.hash) {
			t.Errorf("the hash is still %s", after.hash)
		}
		if after.generation != before.generation || !w.valid(first) {
			t.Error("a new hash of the same password ended sessions")
		}
		hashes := w.hash.work.Load()
		w.mustSignIn("sara@example.org", goodPassword, "")
		if n := w.hash.work.Load() - hashes; n != 1 || w.credential(sara).hash != after.hash {
			t.Errorf("%d hashes with the cost unchanged, want 1", n)
		}
		_, err := w.signIn("sara@example.org", "violet kettle 51 mosS", "", home)
		expect(t, err, fault.Unauthenticated, "auth.wrong")
	})
}

func (w *world) credential(user ident.ID) credential {
	w.t.Helper()
	var c credential
	w.read(func(ctx context.Context, q db.Querier) (err error) {
		c, err = credentialOf(ctx, q, user, false)
		return err
	})
	return c
}

func TestSetPasswordEndsSessions(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		sara, omid := w.user("sara@example.org", goodPassword), w.user("omid@example.org", goodPassword)
		s, other := w.mustSignIn("sara@example.org", goodPassword, ""), w.mustSignIn("omid@example.org", goodPassword, "")
		if !w.valid(s) || !w.valid(other) {
			t.Fatal("the sessions are not valid")
		}
		w.setPassword(sara, "harbour pencil 7 fog")
		if w.valid(s) {
			t.Error("the session outlived the password")
		}
		if !w.valid(other) {
			t.Error("the session of another user ended too")
		}
		_, err := w.signIn("sara@example.org", goodPassword, "", home)
		expect(t, err, fault.Unauthenticated, "auth.wrong")
		w.mustSignIn("sara@example.org", "harbour pencil 7 fog", "")
		if g := w.credential(sara).generation; g != 2 {
			t.Errorf("generation %d, want 2", g)
		}
		if password, second, codes, err := w.Factors(context.Background(), omid); !password || second || codes != 0 || err != nil {
			t.Errorf("factors %v %v %d %v", password, second, codes, err)
		}
	})
}

func TestSetPasswordNeedsPreparation(t *testing.T) {
	w := newWorld(t, db.Config{Dir: t.TempDir()}, Options{MinPassword: 3})
	sara := w.user("sara@example.org", "")
	err := w.tryWrite(func(ctx context.Context, tx *db.Tx) error { return w.SetPassword(ctx, tx, Caller{}, sara, Prepared{}) })
	if err == nil {
		t.Error("no password was set as a password")
	}
	_, err = w.Prepare(context.Background(), "k9wv3nr")
	expect(t, err, fault.Invalid, "auth.password_short")
	if f := fault.Of(err); f != nil && f.Params["min"] != leastLength {
		t.Errorf("options allow a password of %v characters", f.Params["min"])
	}
	if _, err = w.Prepare(context.Background(), "sara@example.org", "sara@example.org"); err == nil {
		t.Error("the address is accepted as a password")
	}
	if n := w.hash.work.Load(); n != 0 {
		t.Errorf("%d hashes for passwords that are refused", n)
	}
}

func TestRequireChange(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		sara := w.user("sara@example.org", goodPassword)
		s := w.mustSignIn("sara@example.org", goodPassword, "")
		must := func(want bool) {
			t.Helper()
			if who, err := w.Session(context.Background(), s.Token); err != nil || who.MustChange != want {
				t.Errorf("must change: %v, %v, want %v", who.MustChange, err, want)
			}
		}
		must(false)
		w.write(func(ctx context.Context, tx *db.Tx) error { return w.RequireChange(ctx, tx, Caller{}, sara) })
		must(true)
		s = w.mustSignIn("sara@example.org", goodPassword, "")
		if !s.MustChange {
			t.Error("the new session does not say that the password must be changed")
		}
		changed, err := w.ChangePassword(context.Background(), Caller{User: sara, IP: from(home).IP}, Proof{Password: goodPassword}, "harbour pencil 7 fog", "sara@example.org")
		if err != nil || changed.MustChange {
			t.Fatalf("change: %+v, %v", changed, err)
		}
		w.shown = append(w.shown, changed.Token, "harbour pencil 7 fog")
		if w.valid(s) || !w.valid(changed) {
			t.Error("after the change the old session is valid, or the new one is not")
		}
		s = changed
		must(false)
		w.expectEvents("password_change_required", "sign_in", "password_set")
	})
}

func TestChangePasswordNeedsTheOldOne(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		sara := w.user("sara@example.org", goodPassword)
		s := w.mustSignIn("sara@example.org", goodPassword, "")
		by := from(home)
		by.User = sara
		_, err := w.ChangePassword(context.Background(), by, Proof{Password: "not the old one"}, "harbour pencil 7 fog")
		expect(t, err, fault.Unauthenticated, "auth.wrong")
		_, err = w.ChangePassword(context.Background(), by, Proof{Password: goodPassword}, "password12")
		expect(t, err, fault.Invalid, "auth.password_common")
		w.enrol(sara)
		_, err = w.ChangePassword(context.Background(), by, Proof{Password: goodPassword}, "harbour pencil 7 fog")
		expect(t, err, fault.Unauthenticated, "auth.second_factor")
		if w.valid(s) {
			t.Error("the session outlived the new factor")
		}
		by.User = 0
		_, err = w.ChangePassword(context.Background(), by, Proof{Password: goodPassword}, "harbour pencil 7 fog")
		expect(t, err, fault.Unauthenticated, "auth.wrong")
		w.shown = append(w.shown, "harbour pencil 7 fog", "not the old one")
	})
}

func TestStepUp(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		sara := w.user("sara@example.org", goodPassword)
		w.user("omid@example.org", goodPassword)
		s, other := w.mustSignIn("sara@example.org", goodPassword, ""), w.mustSignIn("omid@example.org", goodPassword, "")
		w.clock.Advance(time.Hour)
		by := from(home)
		by.User = sara
		_, err := w.StepUp(context.Background(), by, s.Token, Proof{Password: "guess the first"})
		expect(t, err, fault.Unauthenticated, "auth.wrong")
		if !w.valid(s) {
			t.Error("a wrong proof ended the session")
		}
		_, err = w.StepUp(context.Background(), by, other.Token, Proof{Password: goodPassword})
		expect(t, err, fault.Unauthenticated, "error.unauthenticated")
		fresh, err := w.StepUp(context.Background(), by, s.Token, Proof{Password: goodPassword})
		if err != nil {
			t.Fatal(err)
		}
		w.shown = append(w.shown, fresh.Token, "guess the first")
		if w.valid(s) || !w.valid(fresh) || !w.valid(other) {
			t.Error("stepping up must end the old session and no other")
		}
		who, err := w.Session(context.Background(), fresh.Token)
		if err != nil || !who.Since.Equal(start.Add(time.Hour)) {
			t.Errorf("the identity was proved at %v, %v", who.Since, err)
		}
		w.expectEvents("sign_in_failed:password", "step_up")
	})
}

// TestCredentialChangesUnderTheFeet changes a password, or the user, between the look at the password and the session.
func TestCredentialChangesUnderTheFeet(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		sara := w.user("sara@example.org", goodPassword)
		for name, change := range map[string]func(){
			"password": func() { w.setPassword(sara, goodPassword) },
			"active":   func() { w.change(sara, "active", 0) },
		} {
			ring, err := w.mustRing(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			key := emailKey("sara@example.org")
			tried, err := w.prove(context.Background(), from(home), key, try{password: goodPassword}, func(q db.Querier) (Person, bool, error) {
				return Users().ByEmail(context.Background(), q, key)
			})
			if err != nil || ring == nil {
				t.Fatal(err)
			}
			change()
			err = w.settle(context.Background(), from(home), tried, func(*db.Tx) error {
				t.Errorf("%s: signed in although it changed", name)
				return nil
			})
			expect(t, err, fault.Unauthenticated, "auth.wrong")
			w.expectEvents("sign_in_failed:changed")
			w.change(sara, "active", 1)
		}
	})
}

// gate is a directory that counts how many look for users at once.
type gate struct {
	Directory
	inside, most atomic.Int64
}

func (g *gate) ByEmail(ctx context.Context, q db.Querier, key string) (Person, bool, error) {
	g.most.Store(max(g.most.Load(), g.inside.Add(1)))
	defer g.inside.Add(-1)
	return g.Directory.ByEmail(ctx, q, key)
}

func TestManySignInsAtOnce(t *testing.T) {
	doors := &gate{Directory: Users()}
	w := newWorld(t, db.Config{Dir: t.TempDir()}, Options{Directory: doors, Hashers: 2, HashWait: time.Minute})
	w.user("sara@example.org", goodPassword)
	var group sync.WaitGroup
	var in atomic.Int64
	for i := range 200 {
		group.Go(func() {
			_, err := w.SignIn(context.Background(), from(fmt.Sprintf("10.0.%d.1", i)), Login{Email: "sara@example.org", Password: goodPassword})
			if err != nil {
				t.Error(err)
				return
			}
			in.Add(1)
		})
	}
	group.Wait()
	if in.Load() != 200 || doors.most.Load() > 2 {
		t.Errorf("%d signed in, %d hashed at once, want 200 and at most 2", in.Load(), doors.most.Load())
	}
	if n := w.count("session"); n != mostSessions {
		t.Errorf("%d sessions of one user, the limit is %d", n, mostSessions)
	}
}

func TestBusySignInCountsNothing(t *testing.T) {
	w := newWorld(t, db.Config{Dir: t.TempDir()}, Options{Hashers: 1, HashWait: time.Millisecond})
	w.user("sara@example.org", goodPassword)
	leave, err := w.hash.enter(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		_, err := w.signIn("sara@example.org", goodPassword, "", home)
		expect(t, err, fault.TooMany, "error.too_many")
	}
	leave()
	w.mustSignIn("sara@example.org", goodPassword, "")
	if n := w.count("attempt"); n != 2 {
		t.Errorf("%d counters, want that of the pair and that of the network", n)
	}
}

var errDown = errors.New("down")

// broken is a directory that cannot be reached.
type broken struct{}

func (broken) ByEmail(context.Context, db.Querier, string) (Person, bool, error) {
	return Person{}, false, errDown
}
func (broken) ByID(context.Context, db.Querier, ident.ID) (Person, bool, error) {
	return Person{}, false, errDown
}
func (broken) Any(context.Context, db.Querier) (bool, error) { return false, errDown }

// TestErrorsAreNoRefusals shows that what could not be looked up is an error, not "wrong" and not "right".
func TestErrorsAreNoRefusals(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, db.Config{Dir: t.TempDir()}, Options{})
	sara := w.user("sara@example.org", goodPassword)
	s := w.mustSignIn("sara@example.org", goodPassword, "")
	var token Secret
	w.write(func(ctx context.Context, tx *db.Tx) (err error) {
		token, _, err = w.CreateToken(ctx, tx, Caller{}, TokenSpec{User: sara, Name: "x", Scopes: []string{"read"}})
		return err
	})
	w.shown = append(w.shown, token)
	w.o.Directory = broken{}
	w.cache.clear()
	calls := map[string]func() error{
		"sign in": func() error { _, err := w.signIn("sara@example.org", goodPassword, "", home); return err },
		"session": func() error { _, err := w.Session(ctx, s.Token); return err },
		"token":   func() error { _, err := w.Token(ctx, token, netip.Addr{}); return err },
		"setup":   func() error { _, _, err := w.Setup(ctx); return err },
		"check":   func() error { return w.CheckSetup(ctx, token) },
		"change":  func() error { _, err := w.ChangePassword(ctx, Caller{User: sara}, Proof{}, goodPassword); return err },
		"begin":   func() error { _, err := w.BeginTOTP(ctx, Caller{User: sara}); return err },
		"reset": func() error {
			return w.tryWrite(func(ctx context.Context, tx *db.Tx) error {
				_, err := w.ResetToken(ctx, tx, Caller{}, sara)
				return err
			})
		},
		"unlock": func() error {
			return w.tryWrite(func(ctx context.Context, tx *db.Tx) error { return w.Unlock(ctx, tx, Caller{}, sara) })
		},
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, errDown) || fault.Of(err) != nil {
			t.Errorf("%s: got %v, want the error itself", name, err)
		}
	}
}

// TestNothingWithoutTheLog shows that a row that cannot be written to the log undoes what it was about.
func TestNothingWithoutTheLog(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		sara := w.user("sara@example.org", goodPassword)
		w.o.Record = func(context.Context, *db.Tx, ...change.Change) error { return errDown }
		if _, err := w.signIn("sara@example.org", goodPassword, "", home); !errors.Is(err, errDown) {
			t.Errorf("sign in: %v", err)
		}
		err := w.tryWrite(func(ctx context.Context, tx *db.Tx) error {
			_, _, err := w.CreateToken(ctx, tx, Caller{}, TokenSpec{User: sara, Name: "x", Scopes: []string{"read"}})
			return err
		})
		if !errors.Is(err, errDown) {
			t.Errorf("token: %v", err)
		}
		if w.count("session") != 0 || w.count("token") != 0 {
			t.Error("a session or a token was made without a row in the log")
		}
	})
}

func TestOptions(t *testing.T) {
	c := clock.NewFake(start)
	o := Options{ResetLife: 5 * day, MinPassword: 1, Issuer: " A:B "}.withDefaults(c)
	if o.ResetLife != time.Hour || o.MinPassword != leastLength || o.Issuer != "A B" || o.Idle != 14*day || o.Absolute != 90*day {
		t.Errorf("got %+v", o)
	}
	if o := (Options{ResetLife: time.Minute, MinPassword: 15}).withDefaults(c); o.ResetLife != time.Minute || o.MinPassword != 15 || o.Issuer != "Ashna" {
		t.Errorf("got %+v", o)
	}
	if (Cost{}).orDefault() != (Cost{64 << 10, 3, 1}) {
		t.Errorf("the ordinary cost is %+v", Cost{}.orDefault())
	}
}
