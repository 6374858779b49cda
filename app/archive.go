package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"ashna/engine/db"
	"ashna/engine/record"
	"ashna/kit/fault"
	"ashna/service/backup"
)

// derived are the tables that a backup leaves out: they are made from the rest, or must not live on.
var derived = []string{"session", "attempt", "setup", "reset", "idempotency", "schema_version", "calendar_day", "search_entry", "search_range"}

// Backup writes the workspace, which goes on running, into one file.
func (w *Workspace) Backup(ctx context.Context, path string) (backup.Summary, error) {
	temporary := path + ".part"
	f, err := os.OpenFile(temporary, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return backup.Summary{}, fmt.Errorf("make backup file: %w", err)
	}
	summary, err := w.backupTo(ctx, f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return summary, errors.Join(err, os.Remove(temporary))
	}
	return summary, os.Rename(temporary, path)
}

func (w *Workspace) backupTo(ctx context.Context, to io.Writer) (backup.Summary, error) {
	var tables []backup.Table
	err := w.DB.Read(ctx, func(q db.Querier) error {
		columns, err := db.Columns(ctx, q)
		for name := range columns {
			if !slices.Contains(derived, name) {
				tables = append(tables, backup.Table{Name: name})
			}
		}
		return err
	})
	if err != nil {
		return backup.Summary{}, err
	}
	items, err := record.Items(ctx, w.DB)
	if err != nil {
		return backup.Summary{}, err
	}
	slices.SortFunc(tables, func(a, b backup.Table) int { return strings.Compare(a.Name, b.Name) })
	return backup.Write(ctx, w.DB, w.Files, to, backup.Info{
		Program: w.Config.Version, Schema: strconv.Itoa(record.SchemaVersion), Created: w.Config.Clock.Now(), Tables: tables, Extra: items,
	})
}

// Restore reads a backup into a place where there is nothing yet.
func Restore(ctx context.Context, c Config, path string) (backup.Summary, error) {
	f, err := os.Open(path)
	if err != nil {
		return backup.Summary{}, fmt.Errorf("read backup: %w", err)
	}
	defer func() { _ = f.Close() }()
	if err := empty(c); err != nil {
		return backup.Summary{}, err
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return backup.Summary{}, fmt.Errorf("make data folder: %w", err)
	}
	before := marked(c.Data)
	if err := os.WriteFile(marker(c.Data), nil, 0o600); err != nil {
		return backup.Summary{}, fmt.Errorf("mark the data folder: %w", err)
	}
	c.restoring = true
	w, err := Open(ctx, c)
	if err != nil {
		return backup.Summary{}, err
	}
	defer func() { _ = w.Close() }()
	summary, err := w.restoreFrom(ctx, f)
	if refused := fault.Of(err); refused != nil && refused.Key == keyNotEmpty && !before {
		return summary, errors.Join(err, os.Remove(marker(c.Data))) // the workspace that is there was not touched, and goes on
	}
	if err != nil {
		return summary, err
	}
	return summary, os.Remove(marker(c.Data))
}

func (w *Workspace) restoreFrom(ctx context.Context, f io.Reader) (backup.Summary, error) {
	_, summary, err := backup.Read(ctx, f, backup.Target{
		Open: func(ctx context.Context, m backup.Manifest) (*db.DB, error) {
			return w.DB, w.Engine.MakeRoom(ctx, m.Extra)
		},
		Files: w.Files,
	})
	if err != nil {
		return summary, err
	}
	return summary, w.Engine.Rebuild(ctx)
}

// empty refuses a place where there is a workspace.
func empty(c Config) error {
	if c.Database != "" {
		return nil // the tables themselves are asked
	}
	if _, err := os.Stat(filepath.Join(c.Data, db.FileName)); err == nil {
		return fmt.Errorf("%s holds a workspace already: restore into an empty folder with --data", c.Data)
	}
	return nil
}

// keyNotEmpty is the refusal to restore into a workspace that has users.
const keyNotEmpty = "backup.not_empty"

// marked says whether a restore into a folder did not come to its end.
func marked(data string) bool {
	_, err := os.Stat(marker(data))
	return err == nil
}

// marker is the file that says that a restore did not come to its end.
func marker(data string) string { return filepath.Join(data, "restore.unfinished") }

// unfinished refuses a folder in which a restore was interrupted: half of the data would look like all of it.
func (w *Workspace) unfinished() error {
	if !w.Config.restoring && marked(w.Config.Data) {
		return fmt.Errorf("a restore into %s did not come to its end: remove the folder and restore again", w.Config.Data)
	}
	return nil
}

// beforeUpgrade writes a backup of a database that an older program made, before its tables are changed.
func (w *Workspace) beforeUpgrade(from, to int) error {
	if err := os.MkdirAll(w.Config.Data, 0o700); err != nil {
		return fmt.Errorf("make data folder: %w", err)
	}
	path := filepath.Join(w.Config.Data, fmt.Sprintf("before-upgrade-%d-to-%d-%s.ashna", from, to, w.Config.Clock.Now().UTC().Format("20060102T150405")))
	w.Config.Log.Info("backup before upgrade", slog.String("file", path))
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("make backup file: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	_, err = w.backupTo(ctx, f)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
