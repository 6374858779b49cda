package app

import (
	"bytes"
	"encoding/csv"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/kit/clock"
	"ashna/kit/fault"
	"ashna/kit/ident"
	"ashna/testkit"
)

var spring = time.Date(2026, 3, 21, 8, 0, 0, 0, time.UTC)

// place is where a test may open workspaces.
type place struct {
	*testing.T
	Config
	time *clock.Fake
	log  *bytes.Buffer
}

// placeOn gives an empty place on a database; ok is false where PostgreSQL tests are off.
func placeOn(t *testing.T, database string) (p *place, ok bool) {
	t.Helper()
	p = &place{T: t, time: clock.NewFake(spring), log: &bytes.Buffer{}}
	p.Config = Config{Data: filepath.Join(t.TempDir(), "data"), Clock: p.time, Version: "9.9.9", Log: slog.New(slog.NewTextHandler(p.log, nil))}
	if database == "postgres" {
		p.Database, ok = testkit.PostgresURL(t)
		return p, ok
	}
	return p, true
}

var databases = []string{"sqlite", "postgres"}

// onEach runs a test on both databases.
func onEach(t *testing.T, test func(p *place)) {
	for _, name := range databases {
		t.Run(name, func(t *testing.T) {
			p, ok := placeOn(t, name)
			if !ok {
				t.Skip("PostgreSQL tests are off")
			}
			test(p)
		})
	}
}

// onFile gives a place on SQLite, for what no database can make different.
func onFile(t *testing.T) *place {
	p, _ := placeOn(t, "sqlite")
	return p
}

// open opens the workspace of the place until the test ends.
func (p *place) open() *Workspace {
	p.Helper()
	w, err := Open(p.Context(), p.Config)
	p.must(err)
	p.Cleanup(func() { _ = w.Close() })
	return w
}

func (p *place) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

// wantFault checks kind, key and field of a refusal.
func (p *place) wantFault(err error, kind fault.Kind, key, field string) {
	p.Helper()
	f := fault.Of(err)
	if f == nil || f.Kind != kind || f.Key != key || f.Field != field {
		p.Errorf("got %v, want %v %s of the field %q", err, kind, key, field)
	}
}

// wantError checks an error by a part of its text.
func (p *place) wantError(err error, part string) {
	p.Helper()
	if err == nil || !strings.Contains(err.Error(), part) {
		p.Errorf("got %v, want an error about %q", err, part)
	}
}

// file writes a file beside the data and gives its path.
func (p *place) file(name, content string) string {
	p.Helper()
	path := filepath.Join(p.TempDir(), name)
	p.must(os.WriteFile(path, []byte(content), 0o600))
	return path
}

// read gives the content of a file.
func (p *place) read(path string) string {
	p.Helper()
	text, err := os.ReadFile(path)
	p.must(err)
	return string(text)
}

// table reads a CSV text.
func (p *place) table(text string) [][]string {
	p.Helper()
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff"))).ReadAll()
	p.must(err)
	return rows
}

// create makes a record with all rights.
func (p *place) create(w *Workspace, object string, patch record.Patch) *record.Record {
	p.Helper()
	var made *record.Record
	who := w.Engine.System(0)
	e, ok := who.Catalog.Object(object)
	if !ok {
		p.Fatalf("no object %s", object)
	}
	p.must(w.Engine.Write(p.Context(), who, change.ViaCommand, func(tx *record.Tx) (err error) {
		made, err = tx.Create(p.Context(), who, e, patch)
		return err
	}))
	return made
}

// titles lists the titles of all records of an object, by name.
func (p *place) titles(w *Workspace, object string) []string {
	p.Helper()
	who := w.Engine.System(0)
	e, _ := who.Catalog.Object(object)
	page, err := w.Engine.List(p.Context(), who, e, record.Question{Sort: "name", Limit: 1_000})
	p.must(err)
	list := []string{}
	for _, r := range page.Records {
		list = append(list, r.Title())
	}
	return list
}

// user makes a user with a role and gives its id.
func (p *place) user(w *Workspace, email, role string) ident.ID {
	p.Helper()
	given, ok := w.Engine.Policy().RoleByCode(role)
	if !ok {
		p.Fatalf("no role %s", role)
	}
	return p.create(w, meta.ObjectUser, record.Patch{"name": email, "email": email, "active": true, "roles": []any{given.ID.String()}}).ID()
}

// export gives all records of an object as CSV.
func (p *place) export(w *Workspace, object string, fields ...string) string {
	p.Helper()
	var out bytes.Buffer
	_, err := w.ExportFile(p.Context(), ExportOrder{Object: object, Format: "csv", Fields: fields, Out: &out})
	p.must(err)
	return out.String()
}

// bring imports a CSV text with all rights.
func (p *place) bring(w *Workspace, object, text string) ImportReport {
	p.Helper()
	report, err := w.ImportFile(p.Context(), ImportOrder{Object: object, File: p.file("in.csv", text), Progress: func(string) {}})
	p.must(err)
	return report
}

// damage changes the database behind the program's back.
func (p *place) damage(w *Workspace, statements ...string) {
	p.Helper()
	p.must(w.DB.Write(p.Context(), func(tx *db.Tx) error {
		for _, text := range statements {
			if _, err := tx.Exec(p.Context(), text); err != nil {
				return err
			}
		}
		return nil
	}))
}

// reader is a role that may not bring files in nor take them out, for what rights forbid.
const reader = access.RoleViewer

func TestOpen(t *testing.T) {
	onEach(t, func(p *place) {
		p.Language = "fa"
		w := p.open()
		if got := w.Engine.Settings().Language; got != "fa" {
			t.Errorf("a new workspace speaks %q", got)
		}
		p.create(w, "company", record.Patch{"name": "Araz"})
		catalog := len(w.Engine.Catalog().Entities)
		p.must(w.Close())
		p.Language = "az"
		again := p.open()
		if got := again.Engine.Settings().Language; got != "fa" {
			t.Errorf("opened again as az the workspace speaks %q: the language is of new workspaces only", got)
		}
		if got := p.titles(again, "company"); len(got) != 1 || got[0] != "Araz" {
			t.Errorf("opened again it has %v", got)
		}
		if len(again.Engine.Catalog().Entities) != catalog {
			t.Error("opened again the catalog is another")
		}
	})
}

func TestOpenRefuses(t *testing.T) {
	cases := []struct {
		name   string
		change func(p *place)
		want   string
	}{
		{"a file in the place of the folder", func(p *place) { p.Data = p.file("data", "not a folder") }, "data"},
		{"another kind of database", func(p *place) { p.Database = "mysql://localhost/crm" }, "mysql"},
		{"an address that is none", func(p *place) { p.Database = "postgres://%zz" }, "postgres"},
		{"a schema with a quote", func(p *place) { p.Database = "postgres://localhost/crm?schema=" + url.QueryEscape(`a";--`) }, "schema"},
		{"a language that is not spoken", func(p *place) { p.Language = "tlh" }, "language"},
		{"a restore that was interrupted", func(p *place) {
			p.must(os.MkdirAll(p.Data, 0o700))
			p.must(os.WriteFile(marker(p.Data), nil, 0o600))
		}, "did not come to its end"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := onFile(t)
			c.change(p)
			w, err := Open(t.Context(), p.Config)
			if w != nil {
				t.Error("it opened all the same")
				_ = w.Close()
			}
			p.wantError(err, c.want)
		})
	}
}

// A second server of the same folder would fight the first one over the file.
func TestOneServerOfAFolder(t *testing.T) {
	p := onFile(t)
	p.Serve = true
	first := p.open()
	if w, err := Open(t.Context(), p.Config); err == nil {
		_ = w.Close()
		t.Fatal("a second server opened the same folder")
	}
	p.Serve = false
	w := p.open() // a command beside the server
	p.create(w, "company", record.Patch{"name": "Araz"})
	if got := p.titles(first, "company"); len(got) != 1 {
		t.Errorf("the server sees %v of what a command wrote", got)
	}
}

func TestCloseTwiceAndHalfOpen(t *testing.T) {
	w := &Workspace{}
	if err := w.Close(); err != nil {
		t.Errorf("a workspace that never opened does not close: %v", err)
	}
}
