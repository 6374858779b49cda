// Package enginetest gives tests a whole engine on each of the two databases, with a clock they set and people of every role.
package enginetest

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/kit/clock"
	"ashna/kit/ident"
	"ashna/testkit"
)

// Start is the time at which every test begins.
var Start = time.Date(2026, 3, 21, 8, 0, 0, 0, time.UTC)

// World is an engine with what a test needs around it.
type World struct {
	*testing.T
	Engine  *record.Engine
	DB      *db.DB
	Clock   *clock.Fake
	config  db.Config
	options record.Options
	engines int64 // that work on the database, this one included
}

// Everywhere runs a test on both databases, each in a workspace of its own.
func Everywhere(t *testing.T, o record.Options, do func(w *World)) {
	t.Run("sqlite", func(t *testing.T) { do(Open(t, db.Config{Dir: t.TempDir()}, o)) })
	t.Run("postgres", func(t *testing.T) {
		url, ok := testkit.PostgresURL(t)
		if !ok {
			t.Skip("PostgreSQL tests are off")
		}
		do(Open(t, db.Config{URL: url}, o))
	})
}

// Open makes a world over a database.
func Open(t *testing.T, c db.Config, o record.Options) *World {
	t.Helper()
	d, err := db.Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	w := &World{T: t, DB: d, Clock: clock.NewFake(Start), config: c, options: o, engines: 1}
	o.DB, o.Clock, o.Log = d, w.Clock, slog.New(slog.DiscardHandler)
	o.IDs = ident.NewSeeded(w.Clock, 1, 1)
	if o.Language == "" {
		o.Language = "en"
	}
	if w.Engine, err = record.Open(context.Background(), o, nil); err != nil {
		t.Fatal(err)
	}
	return w
}

// System is the viewer that may do everything.
func (w *World) System() *access.Viewer { return w.Engine.System(0) }

// Entity finds an object by its name.
func (w *World) Entity(name string) *meta.Entity {
	w.Helper()
	e, ok := w.Engine.Catalog().Object(name)
	if !ok {
		w.Fatalf("no object %s", name)
	}
	return e
}

// Try runs a transaction as a viewer and gives its error.
func (w *World) Try(who *access.Viewer, do func(tx *record.Tx) error) error {
	return w.Engine.Write(context.Background(), who, change.ViaAPI, do)
}

// Must runs a transaction that has to succeed.
func (w *World) Must(who *access.Viewer, do func(tx *record.Tx) error) {
	w.Helper()
	if err := w.Try(who, do); err != nil {
		w.Fatal(err)
	}
}

// Create makes a record that has to be valid.
func (w *World) Create(who *access.Viewer, object string, patch record.Patch) *record.Record {
	w.Helper()
	var made *record.Record
	w.Must(who, func(tx *record.Tx) (err error) {
		made, err = tx.Create(context.Background(), who, entityOf(who, object), patch)
		return err
	})
	return made
}

// Update changes a record; the change has to be valid.
func (w *World) Update(who *access.Viewer, r *record.Record, patch record.Patch) *record.Record {
	w.Helper()
	var now *record.Record
	w.Must(who, func(tx *record.Tx) (err error) {
		now, err = tx.Update(context.Background(), who, entityOf(who, r.Entity.Name), r.ID(), patch, 0)
		return err
	})
	return now
}

// Get reads a record that has to be there.
func (w *World) Get(who *access.Viewer, object string, id ident.ID) *record.Record {
	w.Helper()
	r, err := w.Engine.Get(context.Background(), who, entityOf(who, object), id, nil)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// List reads the ids and titles of a list.
func (w *World) List(who *access.Viewer, object, filter, sort string) []string {
	w.Helper()
	page, err := w.Engine.List(context.Background(), who, entityOf(who, object), record.Question{Filter: filter, Sort: sort})
	if err != nil {
		w.Fatal(err)
	}
	titles := []string{}
	for _, r := range page.Records {
		titles = append(titles, r.Title())
	}
	return titles
}

// Changes reads the whole log.
func (w *World) Changes() []change.Change {
	w.Helper()
	var list []change.Change
	err := w.DB.Read(context.Background(), func(q db.Querier) (err error) {
		list, err = change.Since(context.Background(), q, 0, 100_000)
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return list
}

// User makes a user with a role and gives what it may do.
func (w *World) User(email, role string, patch record.Patch) *access.Viewer {
	w.Helper()
	given, ok := w.Engine.Policy().RoleByCode(role)
	if !ok {
		w.Fatalf("no role %s", role)
	}
	all := record.Patch{"name": email, "email": email, "active": true, "roles": []any{given.ID.String()}}
	for k, v := range patch {
		all[k] = v
	}
	u := w.Create(w.System(), meta.ObjectUser, all)
	return w.Viewer(u.ID())
}

// Viewer gives what a user may do now.
func (w *World) Viewer(id ident.ID) *access.Viewer {
	w.Helper()
	v, err := w.Engine.Viewer(id, nil)
	if err != nil {
		w.Fatal(err)
	}
	return v
}

func entityOf(who *access.Viewer, object string) *meta.Entity {
	e, _ := who.Catalog.Object(object)
	return e
}
