package auth

import (
	"context"
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/kit/clock"
	"ashna/kit/codes"
	"ashna/kit/fault"
	"ashna/kit/ident"
	"ashna/testkit"
)

// start is the moment at which every test begins: in the middle of a step of one-time codes.
var start = time.Date(2026, 3, 20, 9, 0, 10, 0, time.UTC)

// cheap hashes fast; the rules do not depend on the cost.
var cheap = Cost{Memory: 8, Passes: 1, Lanes: 1}

const goodPassword = Secret("violet kettle 51 moss")

// world is a workspace with the service over it, on one database.
type world struct {
	*Auth
	t     testing.TB
	clock *clock.Fake
	ids   *ident.Source
	shown []Secret // everything that was shown or typed, which the log must not hold
}

// onEach runs a test on both databases.
func onEach(t *testing.T, o Options, test func(t *testing.T, w *world)) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, newWorld(t, db.Config{Dir: t.TempDir()}, o))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		if url, ok := testkit.PostgresURL(t); ok {
			test(t, newWorld(t, db.Config{URL: url}, o))
		}
	})
}

func newWorld(t testing.TB, c db.Config, o Options) *world {
	t.Helper()
	ctx := context.Background()
	d, err := db.Open(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	dialect := d.Dialect()
	tables := slices.Concat(change.Tables(dialect), Tables(dialect), []string{
		`CREATE TABLE users (id ` + dialect.Key + `, name ` + dialect.Text + `, email ` + dialect.Text + `, email_k ` + dialect.Text + `, active ` + dialect.Int +
			`, deleted ` + dialect.Int + ` NOT NULL)`,
	})
	err = d.Write(ctx, func(tx *db.Tx) error {
		for _, text := range tables {
			if _, err := tx.Exec(ctx, text); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	fake := clock.NewFake(start)
	if o.Cost == (Cost{}) {
		o.Cost = cheap
	}
	w := &world{Auth: New(d, fake, o), t: t, clock: fake, ids: ident.NewSeeded(fake, 1, 7)}
	t.Cleanup(w.checkLog)
	return w
}

// checkLog looks for secrets in the log, and for a chain that does not hold.
func (w *world) checkLog() {
	for _, c := range w.log() {
		for _, s := range w.shown {
			if s != "" && strings.Contains(string(c.Fields), s.Reveal()) {
				w.t.Errorf("the log holds a secret: %s", c.Fields)
			}
		}
	}
	w.read(func(ctx context.Context, q db.Querier) error {
		broken, _, err := change.Verify(ctx, q)
		if len(broken) > 0 {
			w.t.Errorf("the log is broken: %v", broken)
		}
		return err
	})
}

func (w *world) read(do func(ctx context.Context, q db.Querier) error) {
	w.t.Helper()
	ctx := context.Background()
	if err := w.db.Read(ctx, func(q db.Querier) error { return do(ctx, q) }); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) log() []change.Change {
	w.t.Helper()
	var list []change.Change
	w.read(func(ctx context.Context, q db.Querier) (err error) {
		list, err = change.Since(ctx, q, 0, 100_000)
		return err
	})
	return list
}

// events gives the names of the events in the log, with the reason after a colon.
func (w *world) events() []string {
	var names []string
	for _, c := range w.log() {
		var e event
		if err := json.Unmarshal(c.Fields, &e); err != nil || c.Op != change.Event || c.Object != "user" {
			w.t.Errorf("odd row %s %s %s: %v", c.Op, c.Object, c.Fields, err)
		}
		if e.Reason != "" {
			e.Event += ":" + e.Reason
		}
		names = append(names, e.Event)
	}
	return names
}

// expectEvents compares the end of the log.
func (w *world) expectEvents(want ...string) {
	w.t.Helper()
	got := w.events()
	if len(got) < len(want) || !slices.Equal(got[len(got)-len(want):], want) {
		w.t.Errorf("the log ends with %v, want %v", got[max(0, len(got)-len(want)):], want)
	}
}

// user makes an active user, with a password unless it is empty.
func (w *world) user(email string, password Secret) ident.ID {
	w.t.Helper()
	id := w.ids.Next()
	w.write(func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO users (id, name, email, email_k, active, deleted) VALUES ($1, $2, $3, $4, 1, 0)`, int64(id), email, email, codes.EmailKey(email))
		return err
	})
	if password != "" {
		w.setPassword(id, password)
	}
	return id
}

func (w *world) setPassword(user ident.ID, password Secret) {
	w.t.Helper()
	w.shown = append(w.shown, password)
	p, err := w.Prepare(context.Background(), password)
	if err != nil {
		w.t.Fatal(err)
	}
	w.write(func(ctx context.Context, tx *db.Tx) error { return w.SetPassword(ctx, tx, Caller{}, user, p) })
}

// change sets a column of a user.
func (w *world) change(user ident.ID, column string, value int64) {
	w.t.Helper()
	w.write(func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE users SET `+column+` = $1 WHERE id = $2`, value, int64(user))
		return err
	})
}

func (w *world) tryWrite(do func(ctx context.Context, tx *db.Tx) error) error {
	ctx := context.Background()
	return w.db.Write(ctx, func(tx *db.Tx) error { return do(ctx, tx) })
}

func (w *world) write(do func(ctx context.Context, tx *db.Tx) error) {
	w.t.Helper()
	if err := w.tryWrite(do); err != nil {
		w.t.Fatal(err)
	}
}

// count gives the number of rows of a table.
func (w *world) count(table string) int64 {
	w.t.Helper()
	var n int64
	w.read(func(ctx context.Context, q db.Querier) error {
		row, _, err := db.One(ctx, q, "SELECT count(*) FROM "+table)
		n = row.Int(0)
		return err
	})
	return n
}

// from is a caller at an address.
func from(ip string) Caller { return Caller{IP: netip.MustParseAddr(ip), Agent: "Browser 1"} }

const home = "198.51.100.7"

// signIn signs in from an address, with a code when one is given.
func (w *world) signIn(email string, password Secret, code Secret, ip string) (Session, error) {
	s, err := w.SignIn(context.Background(), from(ip), Login{Email: email, Password: password, Code: code})
	if err == nil {
		w.shown = append(w.shown, s.Token)
	}
	return s, err
}

// mustSignIn signs in from home.
func (w *world) mustSignIn(email string, password, code Secret) Session {
	w.t.Helper()
	s, err := w.signIn(email, password, code, home)
	if err != nil {
		w.t.Fatalf("sign in %s: %v", email, err)
	}
	return s
}

// valid says whether a session is accepted; any error but a refusal fails the test.
func (w *world) valid(s Session) bool {
	w.t.Helper()
	who, err := w.Session(context.Background(), s.Token)
	if err == nil && who.User != s.User {
		w.t.Errorf("the session of %s is taken for one of %s", s.User, who.User)
	}
	if err != nil {
		expect(w.t, err, fault.Unauthenticated, "error.unauthenticated")
	}
	return err == nil
}

// expect compares a refusal.
func expect(t testing.TB, err error, kind fault.Kind, key string) {
	t.Helper()
	if f := fault.Of(err); f == nil || f.Kind != kind || f.Key != key {
		t.Errorf("got %v, want %v %s", err, kind, key)
	}
}

// enrol switches the second factor of a user on and gives the secret of the app and the recovery codes. The step of the code is spent, so
// the clock moves on by two steps.
func (w *world) enrol(user ident.ID) (Enrolment, []Secret) {
	w.t.Helper()
	by := from(home)
	by.User = user
	e, err := w.BeginTOTP(context.Background(), by)
	if err != nil {
		w.t.Fatal(err)
	}
	recovery, s, err := w.ConfirmTOTP(context.Background(), by, w.code(e))
	if err != nil {
		w.t.Fatal(err)
	}
	w.shown = append(w.shown, e.Key, e.URL, s.Token)
	w.shown = append(w.shown, recovery...)
	w.clock.Advance(time.Minute)
	return e, recovery
}
