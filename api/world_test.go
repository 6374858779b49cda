package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/engine/job"
	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/kit/clock"
	"ashna/kit/i18n"
	"ashna/kit/ident"
	"ashna/service/auth"
	"ashna/service/files"
	"ashna/testkit"
)

const (
	ownerMail = "owner@example.org"
	password  = "violet kettle 51 moss"
)

// world is a workspace that is served, with its owner.
type world struct {
	t      testing.TB
	db     *db.DB
	engine *record.Engine
	auth   *auth.Auth
	files  *files.Store
	jobs   *job.Queue
	server *server
	http   *httptest.Server
	log    *journal
	owner  ident.ID
	token  string // of the owner, with all rights

	contract *contract // holds every answer to the description, where a test asks for it
}

// journal keeps what was logged.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// onEach runs a test on both databases.
func onEach(t *testing.T, adjust func(*Deps), test func(t *testing.T, w *world)) {
	t.Run("sqlite", func(t *testing.T) { test(t, newWorld(t, db.Config{Dir: t.TempDir()}, adjust)) })
	t.Run("postgres", func(t *testing.T) {
		url, ok := testkit.PostgresURL(t)
		if !ok {
			t.Skip("PostgreSQL tests are off")
		}
		test(t, newWorld(t, db.Config{URL: url}, adjust))
	})
}

// onFile runs a test on a file alone: for what no database can make different.
func onFile(t *testing.T, adjust func(*Deps)) *world {
	return newWorld(t, db.Config{Dir: t.TempDir()}, adjust)
}

// newWorld opens a workspace, makes an owner and serves it.
func newWorld(t testing.TB, c db.Config, adjust func(*Deps)) *world {
	t.Helper()
	w := openWorld(t, c, adjust)
	w.owner = w.user("Owner", ownerMail, access.RoleOwner)
	w.token = w.tokenOf(w.owner, "admin")
	return w
}

// openWorld opens a workspace and serves it. Limits are generous unless the test sets them.
func openWorld(t testing.TB, c db.Config, adjust func(*Deps)) *world {
	t.Helper()
	ctx := t.Context()
	w := &world{t: t, log: &journal{}}
	log := slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelInfo}))
	var err error
	w.db, err = db.Open(context.WithoutCancel(ctx), c)
	w.must(err)
	t.Cleanup(func() { _ = w.db.Close() })
	w.files, err = files.Open(t.TempDir(), clock.System())
	w.must(err)
	t.Cleanup(func() { _ = w.files.Close() })
	ids := ident.NewSource(clock.System(), ident.RandomNode())
	tables := func(d *db.Dialect) []string { return slices.Concat(auth.Tables(d), files.Tables(d), job.Tables(d)) }
	w.engine, err = record.Open(ctx, record.Options{
		DB: w.db, Clock: clock.System(), IDs: ids, Log: log, Objects: testObjects(), Actions: testActions(), Tables: tables, Rules: testRules(),
	}, nil)
	w.must(err)
	w.auth = auth.New(w.db, clock.System(), auth.Options{IDs: ids, Log: log, Cost: auth.Cost{Memory: 8, Passes: 1, Lanes: 1}})
	w.jobs, err = job.New(w.db, job.NewRegistry(), job.Settings{IDs: ids, Clock: clock.System(), Log: log})
	w.must(err)
	bundle, err := i18n.New(i18n.House())
	w.must(err)
	d := Deps{
		Engine: w.engine, Auth: w.auth, Files: w.files, Jobs: w.jobs, Bundle: bundle, Log: log, Version: "1.2.3",
		Limits: Limits{Rate: 1e6, Burst: 1e6, GuestRate: 1e6, GuestBurst: 1e6, Watch: 50 * time.Millisecond},
	}
	if adjust != nil {
		adjust(&d)
	}
	w.server, err = newServer(d)
	w.must(err)
	w.http = httptest.NewServer(w.server)
	t.Cleanup(w.http.Close)
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// user makes a user with a role and the password of all tests.
func (w *world) user(name, mail, role string) ident.ID {
	w.t.Helper()
	system := w.engine.System(0)
	users, _ := system.Catalog.Object(meta.ObjectUser)
	given, ok := w.engine.Policy().RoleByCode(role)
	if !ok {
		w.t.Fatalf("no role %s", role)
	}
	prepared, err := w.auth.Prepare(w.t.Context(), password)
	w.must(err)
	var id ident.ID
	w.must(w.engine.Write(w.t.Context(), system, change.ViaSystem, func(tx *record.Tx) error {
		one, err := tx.Create(w.t.Context(), system, users, record.Patch{"name": name, "email": mail, "roles": []any{given.ID.String()}})
		if err != nil {
			return err
		}
		id = one.ID()
		if err := tx.DB().Flush(w.t.Context()); err != nil {
			return err
		}
		return w.auth.SetPassword(w.t.Context(), tx.DB(), auth.Caller{}, id, prepared)
	}))
	return id
}

func (w *world) tokenOf(user ident.ID, scopes ...string) string {
	w.t.Helper()
	var text auth.Secret
	w.must(w.db.Write(w.t.Context(), func(tx *db.Tx) (err error) {
		text, _, err = w.auth.CreateToken(w.t.Context(), tx, auth.Caller{}, auth.TokenSpec{User: user, Name: "test", Scopes: scopes})
		return err
	}))
	return text.Reveal()
}

// testObjects are the objects of the tests: a hierarchy with rules and unique values, and one with a field of every kind.
func testObjects() []meta.Object {
	return []meta.Object{
		{
			Name: "company", Plural: "companies", Title: "name", Sort: "name",
			Fields: []meta.Field{
				{Name: "name", Kind: meta.TextKind{Max: 200}, Required: true, Search: true, Sort: true},
				{Name: "code", Kind: meta.TextKind{Max: 40}, Unique: true},
				{Name: "parent", Kind: meta.RefKind{To: "company", Inverse: "subsidiaries", Acyclic: true}},
				{Name: "amount", Kind: meta.MoneyKind{}, Index: true},
				{Name: "employees", Kind: meta.NumberKind{}, Index: true},
				{Name: "secret", Kind: meta.TextKind{}, Sensitive: true},
				{Name: "score", Kind: meta.NumberKind{}, Derived: true},
				{Name: "parent_name", Kind: meta.FormulaKind{Source: "parent.name", Result: meta.TextKind{}}},
			},
			Rules:   []meta.Rule{{Name: "positive", Must: "employees is empty or employees >= 0", Field: "employees", Labels: map[string]string{"en": "Never below zero."}}},
			Actions: []meta.Action{{Name: "rename", Input: []meta.Field{{Name: "to", Kind: meta.TextKind{}, Required: true}}}, {Name: "tally", Object: true, Reads: true}},
		},
		{Name: "sample", Plural: "samples", Title: "text_field", Fields: everyKind()},
	}
}

// testRules break on a company that is called "defect".
func testRules() []record.Rule {
	return []record.Rule{{Name: "test.break", Object: "company", Before: func(_ context.Context, _ *record.Tx, d *record.Draft) error {
		if d.New.Text("name") == "defect" {
			return errors.New("a defect in a rule")
		}
		return nil
	}}}
}

func testActions() []record.Action {
	return []record.Action{
		{Object: "company", Name: "rename", Do: func(ctx context.Context, tx *record.Tx, c record.Call) (any, error) {
			return tx.Update(ctx, tx.Who(), c.Record.Entity, c.Record.ID(), record.Patch{"name": c.Input["to"][0]}, 0)
		}},
		{Object: "company", Name: "tally", Do: func(context.Context, *record.Tx, record.Call) (any, error) {
			return map[string]int{"n": 7}, nil
		}},
	}
}

// response is what came back.
type response struct {
	status int
	header http.Header
	body   []byte
}

// call sends a request as the owner, or as somebody else with the headers "Name: value" that the test gives.
func (w *world) call(method, path string, body any, headers ...string) response {
	w.t.Helper()
	return w.with(http.DefaultClient, method, path, body, append([]string{"Authorization: Bearer " + w.token}, headers...)...)
}

// request makes a request. A path without /api is one of the interface.
func (w *world) request(method, path string, body any, headers ...string) *http.Request {
	w.t.Helper()
	var in io.Reader
	switch v := body.(type) {
	case nil:
	case string:
		in = strings.NewReader(v)
	case []byte:
		in = bytes.NewReader(v)
	case io.Reader:
		in = v
	default:
		raw, err := json.Marshal(v)
		w.must(err)
		in = bytes.NewReader(raw)
	}
	if !strings.HasPrefix(path, "/api/") && path != "/healthz" && path != "/readyz" && path != "/metrics" {
		path = root + path
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.http.URL+path, in)
	w.must(err)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if req.Header.Del(name); value != "" {
			req.Header.Set(name, value)
		}
	}
	return req
}

func (w *world) with(client *http.Client, method, path string, body any, headers ...string) response {
	w.t.Helper()
	req := w.request(method, path, body, headers...)
	res, err := client.Do(req)
	w.must(err)
	raw, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	w.must(err)
	if w.contract != nil {
		if err := w.contract.check(req, res, raw); err != nil {
			w.t.Errorf("%s %s answered %d %s: %v", method, path, res.StatusCode, raw, err)
		}
	}
	return response{res.StatusCode, res.Header, raw}
}

// browser is a client that keeps cookies.
func (w *world) browser() *http.Client {
	jar, err := cookiejar.New(nil)
	w.must(err)
	return &http.Client{Jar: jar}
}

// into reads the answer into a value.
func (a response) into(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
}

// object reads the answer as a JSON object.
func (a response) object(t testing.TB) map[string]any {
	t.Helper()
	var v map[string]any
	d := json.NewDecoder(bytes.NewReader(a.body))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	return v
}

// want fails unless the status is as expected.
func (a response) want(t testing.TB, status int) response {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	return a
}

// problem fails unless the answer is a problem with a key, and with a field where one is named.
func (a response) problem(t testing.TB, status int, key, field string) map[string]any {
	t.Helper()
	p := a.want(t, status).object(t)
	if a.header.Get("Content-Type") != "application/problem+json" || p["type"] != "urn:ashna:problem:"+fmt.Sprint(p["key"]) || p["detail"] == "" || p["title"] == "" {
		t.Fatalf("this is no problem document: %s %s", a.header.Get("Content-Type"), a.body)
	}
	if strings.Contains(string(a.body), `"[`) {
		t.Errorf("a text is missing: %s", a.body)
	}
	found, at := p["key"], p
	if field != "" {
		fields, _ := p["fields"].(map[string]any)
		at, _ = fields[field].(map[string]any)
		found = at["key"]
		if at["message"] == "" {
			t.Errorf("field %s has no message: %s", field, a.body)
		}
	}
	if found != key {
		t.Fatalf("key %v at %q, want %s: %s", found, field, key, a.body)
	}
	return p
}

// id gives the key of the record in the answer.
func (a response) id(t testing.TB) string {
	t.Helper()
	id, _ := a.object(t)["id"].(string)
	if len(id) != ident.Length {
		t.Fatalf("no id: %d %s", a.status, a.body)
	}
	return id
}

// company makes a company and gives its key.
func (w *world) company(name string, more ...any) string {
	w.t.Helper()
	values := map[string]any{"name": name}
	for i := 0; i+1 < len(more); i += 2 {
		values[more[i].(string)] = more[i+1]
	}
	return w.call("POST", "/companies", values).want(w.t, http.StatusCreated).id(w.t)
}

// unchanging are tables whose rows say when something was used, not what is there.
var unchanging = []string{"token", "session", "attempt", "secret", "epoch"}

// state digests every row of the workspace.
func (w *world) state() string {
	w.t.Helper()
	h := sha256.New()
	w.must(w.db.Snapshot(w.t.Context(), func(q db.Querier) error {
		columns, err := db.Columns(w.t.Context(), q)
		if err != nil {
			return err
		}
		var tables []string
		for table := range columns {
			if !slices.Contains(unchanging, table) && !strings.Contains(table, "search_") && !strings.HasPrefix(table, "sqlite_") {
				tables = append(tables, table)
			}
		}
		slices.Sort(tables)
		for _, table := range tables {
			fmt.Fprintln(h, table)
			var rows []string
			list := slices.Sorted(slices.Values(columns[table]))
			err := db.Each(w.t.Context(), q, "SELECT "+strings.Join(list, ", ")+" FROM "+table, nil, func(r db.Row) error {
				rows = append(rows, fmt.Sprint([]any(r)...))
				return nil
			})
			if err != nil {
				return fmt.Errorf("%s: %w", table, err)
			}
			slices.Sort(rows)
			fmt.Fprintln(h, rows)
		}
		return nil
	}))
	return hex.EncodeToString(h.Sum(nil))
}

// fresh is a workspace beside this one, on the same kind of database, in which nobody was ever made.
func (w *world) fresh() *world {
	w.t.Helper()
	c := db.Config{Dir: w.t.TempDir()}
	if w.db.Dialect().Lateral {
		c.URL, _ = testkit.PostgresURL(w.t)
		c.Dir = ""
	}
	return openWorld(w.t, c, nil)
}
