package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"ashna/engine/db"
	"ashna/kit/fault"
)

// Verify reads an archive to its end and checks every byte of it, in little memory. A damaged or incomplete one is Invalid, one of a newer format
// a Conflict; errors of r come back wrapped.
func Verify(ctx context.Context, r io.Reader) (Manifest, Summary, error) {
	s, err := open(r)
	if err != nil {
		return Manifest{}, Summary{}, err
	}
	sum, err := s.walk(ctx, visitor{rows: func(Table, [][]any) error { return nil }})
	return s.manifest, sum, err
}

// Read loads an archive into an empty workspace. All rows come in one transaction, which is committed after the last byte of the archive was
// checked: when Read fails, no row is there. Contents may be, which no row names; they are collected like those of a failed upload. Refused are
// a damaged archive (Invalid), and with Conflict one of a newer format, a place that has rows, and one that lacks a table or column.
func Read(ctx context.Context, r io.Reader, to Target) (Manifest, Summary, error) {
	s, err := open(r)
	if err != nil {
		return Manifest{}, Summary{}, err
	}
	d, err := to.Open(ctx, s.manifest)
	if err != nil {
		return s.manifest, Summary{}, fmt.Errorf("open the place to restore into: %w", err)
	}
	var sum Summary
	begun := false
	err = d.Write(ctx, func(tx *db.Tx) error {
		if begun { // what was read is gone
			return errors.New("the database gave up the transaction of the backup")
		}
		begun = true
		sum, err = load(ctx, tx, s, to)
		return err
	})
	if err != nil {
		return s.manifest, Summary{}, fmt.Errorf("restore backup: %w", err)
	}
	return s.manifest, sum, nil
}

func load(ctx context.Context, tx *db.Tx, s *source, to Target) (sum Summary, err error) {
	if err := checkPlace(ctx, tx, s.manifest.Tables); err != nil {
		return Summary{}, err
	}
	v := visitor{rows: func(t Table, rows [][]any) error { return tx.Insert(ctx, t.Name, t.Columns, rows) }}
	if to.Files != nil {
		v.file = func(hash string, size int64, r io.Reader) error { return to.Files.Receive(ctx, hash, size, r) }
	}
	names := make([]string, len(s.manifest.Tables))
	for i, t := range s.manifest.Tables {
		names[i] = t.Name
	}
	err = db.WithoutReferences(ctx, tx, names, func() (err error) {
		sum, err = s.walk(ctx, v)
		return err
	})
	if err == nil && to.Finish != nil {
		err = to.Finish(ctx, tx)
	}
	return sum, err
}

// checkPlace refuses a place that lacks a table or a column, or has rows.
func checkPlace(ctx context.Context, tx *db.Tx, tables []Table) error {
	have, err := db.Columns(ctx, tx)
	if err != nil {
		return fmt.Errorf("list tables: %w", err)
	}
	for _, t := range tables {
		if have[t.Name] == nil {
			return fault.New(fault.Conflict, "backup.shape", "what", t.Name)
		}
		for _, c := range t.Columns {
			if !slices.Contains(have[t.Name], c) {
				return fault.New(fault.Conflict, "backup.shape", "what", t.Name+"."+c)
			}
		}
		_, found, err := db.One(ctx, tx, "SELECT 1 FROM "+t.Name+" LIMIT 1")
		if err != nil {
			return fmt.Errorf("look into table %s: %w", t.Name, err)
		}
		if found {
			return fault.New(fault.Conflict, "backup.not_empty")
		}
	}
	return nil
}
