package db

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
)

// Migration is one step of the tables from one version to the next.
type Migration struct {
	Version    int    // above that of the step before it, from 1
	Name       string // a few words for the log
	Statements func(*Dialect) []string
}

// NewerError says that a database was made by a program that is newer than this one. Nothing was touched.
type NewerError struct {
	Database, Program int    // the versions of the tables
	Name              string // of the database's last step
	Needs             string // the version of the program that made it
}

// Error says which program to use.
func (e *NewerError) Error() string {
	return fmt.Sprintf("the database has version %d (%s), and this program knows only versions up to %d: use the program of version %s, which made it, or a later one",
		e.Database, e.Name, e.Program, e.Needs)
}

// A table of the versions that a database went through. The last one is its version.
const (
	versionTable = "CREATE TABLE IF NOT EXISTS schema_version (version %s, name %s NOT NULL, at %s NOT NULL, program %s NOT NULL)"
	versionLast  = "SELECT version, name, program FROM schema_version ORDER BY version DESC LIMIT 1"
	versionAdd   = "INSERT INTO schema_version (version, name, at, program) VALUES ($1, $2, $3, $4)"
)

// Migrate brings the tables to the version of the last step of list, forward only, each step in a transaction of its own with the row that
// records it; at is in µs since 1970. One process migrates at a time, and others wait for it. A database that already has something is
// handed to before, once, ahead of the first step: it makes a backup, and its error stops everything. Nothing happens to a database
// that is current, and a newer one is refused with a NewerError.
func Migrate(ctx context.Context, d *DB, list []Migration, before func(from, to int) error) error {
	last := 0
	for _, m := range list {
		if m.Version <= last || m.Statements == nil {
			return fmt.Errorf("migrate: step %d (%s) after step %d is not in order, or is empty", m.Version, m.Name, last)
		}
		last = m.Version
	}
	if current, err := version(ctx, d, last); err != nil || current == last {
		return err
	}
	return d.driver.alone(ctx, func() error {
		if err := makeVersions(ctx, d); err != nil {
			return err
		}
		current, err := version(ctx, d, last)
		if err != nil || current == last {
			return err
		}
		if current > 0 && before != nil {
			if err := before(current, last); err != nil {
				return fmt.Errorf("prepare the step from version %d to %d: %w", current, last, err)
			}
		}
		for _, m := range list {
			if m.Version <= current {
				continue
			}
			if err := step(ctx, d, m, current); err != nil {
				return fmt.Errorf("migrate to version %d (%s): %w", m.Version, m.Name, err)
			}
			current = m.Version
		}
		return nil
	})
}

func makeVersions(ctx context.Context, d *DB) error {
	return d.Write(ctx, func(tx *Tx) error {
		s := tx.Dialect()
		_, err := tx.Exec(ctx, fmt.Sprintf(versionTable, s.Key, s.Text, s.Int, s.Text))
		return err
	})
}

// version gives the version of a database, 0 of an empty one.
func version(ctx context.Context, d *DB, known int) (int, error) {
	current := 0
	err := d.Read(ctx, func(q Querier) error {
		there, err := hasTable(ctx, q, "schema_version")
		if err != nil || !there {
			return err
		}
		row, found, err := One(ctx, q, versionLast)
		if err != nil || !found {
			return err
		}
		current = int(row.Int(0))
		if current > known {
			return &NewerError{Database: current, Program: known, Name: row.Text(1), Needs: row.Text(2)}
		}
		return nil
	})
	return current, err
}

// hasTable says whether the workspace has a table.
func hasTable(ctx context.Context, q Querier, name string) (bool, error) {
	text := "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = $1"
	if q.Dialect() == postgresDialect {
		text = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = $1"
	}
	row, _, err := One(ctx, q, text, name)
	if err != nil {
		return false, err
	}
	return row.Int(0) > 0, nil
}

// step runs one migration. It looks at the version once more inside the transaction, in case the lock was lost with a connection.
func step(ctx context.Context, d *DB, m Migration, from int) error {
	return d.Write(ctx, func(tx *Tx) error {
		row, found, err := One(ctx, tx, versionLast)
		if err != nil {
			return err
		}
		if found && int(row.Int(0)) != from || !found && from != 0 {
			return errors.New("another process migrates the database at the same time")
		}
		for _, text := range m.Statements(tx.Dialect()) {
			if _, err := tx.Exec(ctx, text); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, versionAdd, m.Version, m.Name, d.clock.Now().UnixMicro(), programVersion())
		return err
	})
}

// programVersion is that of the running program, as the build knows it.
func programVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(unknown)"
}
