// Package app puts a workspace together: the database, the engine with the modules that there are, and the services around it. It is what the
// commands and the server work with.
package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"ashna/crm/customers"
	"ashna/engine/db"
	"ashna/engine/job"
	"ashna/engine/record"
	"ashna/kit/clock"
	"ashna/kit/fault"
	"ashna/kit/i18n"
	"ashna/kit/ident"
	"ashna/module"
	"ashna/service/auth"
	"ashna/service/files"
	"ashna/service/importer"
	"ashna/service/people"
)

// Config says which workspace to open and how.
type Config struct {
	Data      string        // folder of the SQLite file and of the stored files
	Database  string        // postgres://…; empty for SQLite in Data
	Serve     bool          // this process is the server of the folder
	Language  string        // of a new workspace: en, fa or az
	Version   string        // of the program
	Wait      time.Duration // how long a caller waits for the database before it hears that it is away; 30 s unless given
	Log       *slog.Logger
	Proxies   []netip.Prefix // peers that are believed when they say for whom they ask
	Clock     clock.Clock    // the clock of the machine unless given
	restoring bool
}

// modules are the capabilities of the product, in the order in which they are shown.
func modules() []module.Module {
	return []module.Module{customers.Module()}
}

// Workspace is one open workspace.
type Workspace struct {
	Config  Config
	DB      *db.DB
	Engine  *record.Engine
	Auth    *auth.Auth
	Files   *files.Store
	Jobs    *job.Queue
	Imports *importer.Importer
	Bundle  *i18n.Bundle
}

// Open connects to a workspace, making or upgrading it where that is needed.
func Open(ctx context.Context, c Config) (*Workspace, error) {
	if c.Clock == nil {
		c.Clock = clock.System()
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Language != "" && !slices.Contains(i18n.Languages(), c.Language) {
		return nil, fault.At("language", "value.choice", "value", c.Language)
	}
	w := &Workspace{Config: c}
	if err := w.open(ctx); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

func (w *Workspace) open(ctx context.Context) error {
	list := modules()
	if err := module.Check(list); err != nil {
		return err
	}
	bundle, err := texts(list)
	if err != nil {
		return fmt.Errorf("read the texts: %w", err)
	}
	w.Bundle = bundle
	if err := w.unfinished(); err != nil {
		return err
	}
	if w.DB, err = db.Open(ctx, db.Config{Dir: w.Config.Data, URL: w.Config.Database, Serve: w.Config.Serve, Wait: w.Config.Wait}); err != nil {
		return err
	}
	if w.Files, err = files.Open(w.Config.Data, w.Config.Clock); err != nil {
		return err
	}
	ids := ident.NewSource(w.Config.Clock, ident.RandomNode())
	options := module.Options(list, record.Options{
		DB: w.DB, Clock: w.Config.Clock, IDs: ids, Log: w.Config.Log, Tables: serviceTables, Language: w.Config.Language,
		Rules: people.Rules(), Purged: []func(context.Context, *record.Tx, string, ident.ID) error{purgeFiles},
	})
	if w.Engine, err = record.Open(ctx, options, w.beforeUpgrade); err != nil {
		return err
	}
	w.Auth = auth.New(w.DB, w.Config.Clock, auth.Options{Issuer: "Ashna", IDs: ids, Log: w.Config.Log})
	w.Imports = importer.New(w.Engine)
	return w.queue(ids)
}

// serviceTables are the tables that live beside the records.
func serviceTables(d *db.Dialect) []string {
	return slices.Concat(job.Tables(d), auth.Tables(d), files.Tables(d), importer.Tables(d))
}

// purgeFiles takes the attachments of a record that is removed for good away.
func purgeFiles(ctx context.Context, tx *record.Tx, object string, id ident.ID) error {
	var list []files.File
	list, err := files.Of(ctx, tx.DB(), object, id)
	if err != nil {
		return err
	}
	for _, f := range list {
		if err := files.Purge(ctx, tx.DB(), f.ID); err != nil {
			return err
		}
	}
	return nil
}

// texts joins the words of the house and those of the modules.
func texts(list []module.Module) (*i18n.Bundle, error) {
	sources := []fs.FS{i18n.House()}
	for _, m := range list {
		if m.Locale != nil {
			sources = append(sources, m.Locale)
		}
	}
	return i18n.New(sources...)
}

// Close ends the workspace.
func (w *Workspace) Close() error {
	var err error
	if w.Files != nil {
		err = w.Files.Close()
	}
	if w.DB != nil {
		err = errors.Join(err, w.DB.Close())
	}
	return err
}

// Housekeeping jobs.
const (
	sweepEvery = time.Hour
	filesGrace = 24 * time.Hour
)

type nothing struct{}

// queue makes the queue of jobs with the kinds of the house.
func (w *Workspace) queue(ids *ident.Source) error {
	registry := job.NewRegistry()
	sweep := job.Kind[nothing]{Name: "house.sweep", Timeout: 10 * time.Minute, Run: w.sweep}
	if err := job.Register(registry, sweep); err != nil {
		return err
	}
	if err := job.Register(registry, w.importKind()); err != nil {
		return err
	}
	if err := job.Every(registry, "house.sweep", job.Schedule{Every: sweepEvery}, sweep, nothing{}); err != nil {
		return err
	}
	queue, err := job.New(w.DB, registry, job.Settings{
		IDs: ids, Clock: w.Config.Clock, Log: w.Config.Log, Alone: w.Config.Serve && w.Config.Database == "",
	})
	w.Jobs = queue
	return err
}

// sweep removes what has had its time: answers to repeated requests, ended sessions, shares, and contents that no row names.
func (w *Workspace) sweep(ctx context.Context, _ job.Job, _ nothing) error {
	if err := w.Engine.Sweep(ctx); err != nil {
		return err
	}
	if _, err := w.Auth.Sweep(ctx); err != nil {
		return err
	}
	_, err := files.Collect(ctx, w.DB, w.Files, w.Config.Clock.Now().Add(-filesGrace))
	return err
}
