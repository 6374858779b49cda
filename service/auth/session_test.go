package auth

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"ashna/engine/db"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

func TestSessionsEnd(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		w.user("sara@example.org", goodPassword)
		idle := w.mustSignIn("sara@example.org", goodPassword, "")
		w.clock.Advance(14*day - time.Second)
		if !w.valid(idle) {
			t.Error("it ended before it was idle for 14 days")
		}
		w.clock.Advance(14*day - time.Second)
		if !w.valid(idle) {
			t.Error("using it did not keep it")
		}
		w.clock.Advance(14 * day)
		if w.valid(idle) {
			t.Error("it was idle for 14 days and is still valid")
		}
		used := w.mustSignIn("sara@example.org", goodPassword, "")
		for range 89 {
			w.clock.Advance(day)
			if !w.valid(used) {
				t.Fatal("a session in use ended before its 90 days")
			}
		}
		w.clock.Advance(day)
		if w.valid(used) {
			t.Error("it is valid after 90 days")
		}
	})
}

func TestOddSessionTokens(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		sara := w.user("sara@example.org", goodPassword)
		s := w.mustSignIn("sara@example.org", goodPassword, "")
		api := w.token(TokenSpec{User: sara, Name: "x", Scopes: []string{"read"}})
		for _, odd := range []Secret{"", "x", newToken(), s.Token + "A", s.Token[1:], Secret(s.ID), api, s.Token[:42] + "\x00"} {
			_, err := w.Session(context.Background(), odd)
			expect(t, err, fault.Unauthenticated, "error.unauthenticated")
		}
	})
}

// TestOldGeneration puts a session and a reset token into the tables as they would be if ending them had been forgotten.
func TestOldGeneration(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		ctx := context.Background()
		sara := w.user("sara@example.org", goodPassword)
		s, token := w.mustSignIn("sara@example.org", goodPassword, ""), w.reset(sara)
		w.write(func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, "UPDATE credential SET generation = generation + 1 WHERE user_id = $1", int64(sara))
			return err
		})
		if w.valid(s) {
			t.Error("a session of an older generation is valid")
		}
		if list, err := w.Sessions(ctx, sara); len(list) != 0 || err != nil {
			t.Errorf("it is listed: %+v, %v", list, err)
		}
		_, err := w.ResetUser(ctx, token)
		expect(t, err, fault.Unauthenticated, "auth.token_expired")
		w.reset(sara)
		w.setPassword(sara, goodPassword)
		if n := w.count("reset"); n != 0 {
			t.Errorf("%d reset tokens outlived the password", n)
		}
	})
}

func TestSignOutAndRevoke(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		ctx := context.Background()
		sara, omid := w.user("sara@example.org", goodPassword), w.user("omid@example.org", goodPassword)
		var mine []Session
		for range 4 {
			w.clock.Advance(time.Minute)
			mine = append(mine, w.mustSignIn("sara@example.org", goodPassword, ""))
		}
		his := w.mustSignIn("omid@example.org", goodPassword, "")
		list, err := w.Sessions(ctx, sara)
		if err != nil || len(list) != 4 || list[0].ID != mine[3].ID || list[0].IP != home || list[0].Agent != "Browser 1" || !list[3].Created.Equal(start.Add(time.Minute)) {
			t.Fatalf("listed %+v, %v", list, err)
		}
		if err := w.SignOut(ctx, from(home), mine[0].Token); err != nil {
			t.Fatal(err)
		}
		w.expectEvents("sign_out")
		rows := len(w.log())
		if err := w.SignOut(ctx, from(home), mine[0].Token); err != nil || len(w.log()) != rows {
			t.Errorf("a second sign-out: %v", err)
		}
		for _, id := range []string{"", "x", his.ID, mine[0].ID, mine[1].ID + "A", "!"} {
			expect(t, w.Revoke(ctx, Caller{User: sara}, sara, id), fault.NotFound, "error.not_found")
		}
		if err := w.Revoke(ctx, Caller{User: sara}, sara, mine[1].ID); err != nil {
			t.Fatal(err)
		}
		w.expectEvents("session_revoked")
		w.write(func(ctx context.Context, tx *db.Tx) error {
			if n, err := w.RevokeAll(ctx, tx, Caller{User: sara}, sara, mine[2].ID); err != nil || n != 1 {
				t.Errorf("revoked %d, %v, want 1", n, err)
			}
			return nil
		})
		w.expectEvents("sessions_revoked")
		for i, want := range []bool{false, false, true, false} {
			if w.valid(mine[i]) != want {
				t.Errorf("session %d is valid: %v", i, !want)
			}
		}
		if !w.valid(his) {
			t.Error("the session of another ended too")
		}
		w.write(func(ctx context.Context, tx *db.Tx) error {
			if n, err := w.RevokeAll(ctx, tx, Caller{User: omid}, sara, ""); err != nil || n != 1 {
				t.Errorf("revoked %d, %v, want 1", n, err)
			}
			n, err := w.RevokeAll(ctx, tx, Caller{User: omid}, sara, "")
			if err != nil || n != 0 {
				t.Errorf("revoked %d, %v, want 0", n, err)
			}
			return nil
		})
		if w.valid(mine[2]) {
			t.Error("the last session is still valid")
		}
	})
}

// TestRevocationReachesOtherProcesses has a second service over the same database, which hears nothing of what the first revokes.
func TestRevocationReachesOtherProcesses(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		ctx := context.Background()
		sara := w.user("sara@example.org", goodPassword)
		other := New(w.db, w.clock, Options{Cost: cheap})
		for name, end := range map[string]func(Session){
			"sign out": func(s Session) { _ = w.SignOut(ctx, from(home), s.Token) },
			"revoke":   func(s Session) { _ = w.Revoke(ctx, Caller{}, sara, s.ID) },
			"password": func(Session) { w.setPassword(sara, goodPassword) },
			"active":   func(Session) { w.change(sara, "active", 0) },
			"deleted":  func(Session) { w.change(sara, "active", 1); w.change(sara, "deleted", 1) },
		} {
			w.change(sara, "active", 1)
			w.change(sara, "deleted", 0)
			s := w.mustSignIn("sara@example.org", goodPassword, "")
			if _, err := other.Session(ctx, s.Token); err != nil {
				t.Fatal(err)
			}
			end(s)
			w.clock.Advance(cacheTime)
			if _, err := other.Session(ctx, s.Token); !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("%s: a second later the session is accepted: %v", name, err)
			}
		}
	})
}

func TestCache(t *testing.T) {
	c, now := newCache(), start
	a, b := digest(forSession, "a"), digest(forSession, "b")
	_, _, epoch := c.get(a, now)
	c.put(a, Identity{User: 1}, now, epoch)
	if who, found, _ := c.get(a, now.Add(cacheTime-1)); !found || who.User != 1 {
		t.Error("it is forgotten too early")
	}
	for name, at := range map[string]time.Time{"later": now.Add(cacheTime), "clock set back": now.Add(-1)} {
		if _, found, _ := c.get(a, at); found {
			t.Errorf("%s: it is still there", name)
		}
	}
	if _, found, _ := c.get(b, now); found {
		t.Error("another session is found")
	}
	c.clear()
	c.put(a, Identity{User: 1}, now, epoch)
	if _, found, _ := c.get(a, now); found {
		t.Error("what was read before the clearing was put in after it")
	}
	_, _, epoch = c.get(a, now)
	for i := range cacheSize + 10 {
		c.put(digest(forSession, Secret(fmt.Sprint(i))), Identity{}, now, epoch)
	}
	if len(c.entries) > cacheSize {
		t.Errorf("%d sessions are kept, the limit is %d", len(c.entries), cacheSize)
	}
}

func TestSeenIsWrittenRarely(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		sara := w.user("sara@example.org", goodPassword)
		s := w.mustSignIn("sara@example.org", goodPassword, "")
		seen := func() time.Duration {
			list, err := w.Sessions(context.Background(), sara)
			if err != nil || len(list) != 1 {
				t.Fatalf("listed %+v, %v", list, err)
			}
			return list[0].Seen.Sub(start)
		}
		for _, c := range []struct{ at, want time.Duration }{
			{time.Second, 0}, {4*time.Minute + 59*time.Second, 0}, {5 * time.Minute, 5 * time.Minute}, {9 * time.Minute, 5 * time.Minute}, {time.Hour, time.Hour},
		} {
			w.clock.Set(start.Add(c.at))
			if !w.valid(s) {
				t.Fatal("it ended")
			}
			if got := seen(); got != c.want {
				t.Errorf("used after %v, seen after %v, want %v", c.at, got, c.want)
			}
		}
	})
}

// TestClockThatWasWrong opens a session while the clock is a year ahead: when it is set right, the session lives on, and not forever.
func TestClockThatWasWrong(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		w.user("sara@example.org", goodPassword)
		w.clock.Advance(365 * day)
		s := w.mustSignIn("sara@example.org", goodPassword, "")
		w.clock.Set(start)
		if !w.valid(s) {
			t.Error("it died with the clock set right")
		}
		days := 0
		for ; days < 200; days++ {
			w.clock.Advance(day)
			if !w.valid(s) {
				break
			}
		}
		if days != 89 {
			t.Errorf("it lived %d days after the clock was set right, want less than 90", days)
		}
		w.clock.Set(start)
		w.user("zahra@example.org", goodPassword)
		back := w.mustSignIn("zahra@example.org", goodPassword, "")
		w.clock.Advance(10 * day)
		before := w.valid(back)
		w.clock.Advance(-9 * day)
		if !before || !w.valid(back) {
			t.Error("nine days back ended the session")
		}
		w.clock.Advance(14 * day)
		if w.valid(back) {
			t.Error("it was idle for 14 days since the clock was set right, and is valid")
		}
		w.clock.Set(start)
		w.user("omid@example.org", goodPassword)
		idle := w.mustSignIn("omid@example.org", goodPassword, "")
		w.clock.Advance(-time.Hour)
		if !w.valid(idle) {
			t.Error("an hour back ended the session")
		}
	})
}

// TestSessionOutlivesNoSpace shows that a session is accepted when it cannot be written that it was used.
func TestSessionOutlivesNoSpace(t *testing.T) {
	w := newWorld(t, db.Config{Dir: t.TempDir()}, Options{})
	w.user("sara@example.org", goodPassword)
	s := w.mustSignIn("sara@example.org", goodPassword, "")
	w.write(func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, "CREATE TRIGGER full BEFORE UPDATE ON session BEGIN SELECT raise(ABORT, 'full'); END")
		return err
	})
	w.clock.Advance(time.Hour)
	if !w.valid(s) {
		t.Error("it is refused because nothing can be written")
	}
}

// machine is a model of sessions: a few users, and every session that was ever opened with what the rules say about it.
type machine struct {
	w        *world
	r        *rand.Rand
	users    []ident.ID
	emails   []string
	active   []bool
	sessions []*modelled
}

type modelled struct {
	Session
	user          int
	open          bool
	seen, expires time.Time
}

// TestSessionsAgainstModel plays a random history and compares, after each step, what the service and the model say about some sessions.
func TestSessionsAgainstModel(t *testing.T) {
	onEach(t, Options{Idle: 10 * time.Hour, Absolute: 3 * day}, func(t *testing.T, w *world) { play(w, 600, 10) })
}

// TestSoakSessions plays a history of a hundred thousand steps.
func TestSoakSessions(t *testing.T) {
	if os.Getenv("ASHNA_SOAK") == "" {
		t.Skip("ASHNA_SOAK is not set")
	}
	onEach(t, Options{Idle: 10 * time.Hour, Absolute: 3 * day}, func(t *testing.T, w *world) { play(w, 100_000, 11) })
}

// play runs the service and the model side by side.
func play(w *world, steps int, seed uint64) {
	m := &machine{w: w, r: rand.New(rand.NewPCG(9, seed))}
	for i := range 3 {
		m.emails = append(m.emails, fmt.Sprintf("user%d@example.org", i))
		m.users = append(m.users, w.user(m.emails[i], goodPassword))
		m.active = append(m.active, true)
	}
	for i := range steps {
		m.step()
		m.compare(3)
		if i%500 == 0 { // sessions that ended long ago would hide the others
			m.compare(len(m.sessions))
			m.sessions = slices.DeleteFunc(m.sessions, func(s *modelled) bool { return !s.open })
		}
		if w.t.Failed() {
			return
		}
	}
}

// step does one random thing to the service and to the model.
func (m *machine) step() {
	m.w.t.Helper()
	ctx, u := context.Background(), m.r.IntN(len(m.users))
	by := Caller{User: m.users[u], IP: from(home).IP}
	var s *modelled
	if len(m.sessions) > 0 {
		s = m.sessions[m.r.IntN(len(m.sessions))]
	}
	switch n := m.r.IntN(100); {
	case n < 40 || s == nil:
		m.signIn(u)
	case n < 60:
		m.w.clock.Advance(time.Duration(m.r.Int64N(int64(2 * time.Hour))))
	case n < 72:
		if err := m.w.SignOut(ctx, by, s.Token); err != nil {
			m.w.t.Error(err)
		}
		s.open = false
	case n < 82:
		err := m.w.Revoke(ctx, by, by.User, s.ID)
		if found := s.open && s.user == u; found != (err == nil) {
			m.w.t.Errorf("revoke: %v, the model says %v", err, found)
		}
		s.open = s.open && s.user != u
	case n < 86:
		m.w.write(func(ctx context.Context, tx *db.Tx) error {
			_, err := m.w.RevokeAll(ctx, tx, by, by.User, s.ID)
			return err
		})
		m.endAll(u, s)
	case n < 89:
		m.w.setPassword(by.User, goodPassword)
		m.endAll(u, nil)
	case n < 94:
		m.active[u] = !m.active[u]
		value := int64(0)
		if m.active[u] {
			value = 1
		}
		m.w.change(by.User, "active", value)
		m.w.clock.Advance(cacheTime)
	case n < 97:
		m.stepUp(u, s)
	default:
		if _, err := m.w.Sweep(ctx); err != nil {
			m.w.t.Error(err)
		}
		for _, s := range m.sessions {
			s.open = s.open && m.alive(s)
		}
	}
}

func (m *machine) signIn(u int) {
	s, err := m.w.signIn(m.emails[u], goodPassword, "", home)
	if (err == nil) != m.active[u] && !fault.Is(err, fault.TooMany) {
		m.w.t.Errorf("sign in: %v, the model says active %v", err, m.active[u])
	}
	if err == nil {
		m.add(u, s)
	}
}

func (m *machine) add(u int, s Session) {
	now := m.w.clock.Now()
	m.sessions = append(m.sessions, &modelled{s, u, true, now, now.Add(m.w.o.Absolute)})
}

func (m *machine) stepUp(u int, s *modelled) {
	by := from(home)
	by.User = m.users[u]
	fresh, err := m.w.StepUp(context.Background(), by, s.Token, Proof{Password: goodPassword})
	if err == nil && (!s.open || s.user != u || !m.active[u]) {
		m.w.t.Errorf("stepped up with the session of %d as %d", s.user, u)
	}
	if err == nil {
		s.open = false
		m.add(u, fresh)
	}
}

func (m *machine) endAll(u int, except *modelled) {
	for _, s := range m.sessions {
		s.open = s.open && (s.user != u || s == except)
	}
}

func (m *machine) alive(s *modelled) bool {
	now := m.w.clock.Now()
	return now.Before(s.expires) && now.Sub(s.seen) < m.w.o.Idle
}

// compare looks at some sessions.
func (m *machine) compare(n int) {
	m.w.t.Helper()
	for range min(n, len(m.sessions)) {
		s := m.sessions[m.r.IntN(len(m.sessions))]
		want := s.open && m.active[s.user] && m.alive(s)
		if got := m.w.valid(s.Session); got != want {
			m.w.t.Errorf("a session of user %d is valid: %v; the model says open %v, active %v, alive %v", s.user, got, s.open, m.active[s.user], m.alive(s))
		}
		if want && m.w.clock.Now().Sub(s.seen) >= seenEvery {
			s.seen = m.w.clock.Now()
		}
	}
}
