package importer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"ashna/engine/db"
	"ashna/engine/record"
	"ashna/kit/fault"
)

// step is some rows on their way, parsed while the step before is written.
type step struct {
	rows []raw
	made []record.ImportRow
	end  bool
	err  error
}

// run reads ahead in one goroutine and writes in this one.
func (im *Importer) run(ctx context.Context, p *plan, run Run, rows reader, progress func(Run)) (Run, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	steps := make(chan step, ahead)
	go im.parse(ctx, p, run.Rows, rows, steps)
	for s := range steps {
		if s.err != nil {
			return im.ended(ctx, run, s.err)
		}
		next, err := im.write(ctx, p, run, s)
		if err != nil {
			return run, err
		}
		run = next
		if progress != nil {
			progress(run)
		}
		if run.State == Done {
			return run, nil
		}
	}
	return run, fault.Wrap(fault.Unavailable, "error.timeout", context.Cause(ctx))
}

// ended says whether a reading error is the fault of the file, which ends the run, or of the moment.
func (im *Importer) ended(ctx context.Context, run Run, err error) (Run, error) {
	if fault.Of(err) != nil && !errors.Is(err, context.Canceled) {
		return im.fail(ctx, run, err)
	}
	return run, err
}

// parse reads steps of rows and prepares them, skipping those that were written before.
func (im *Importer) parse(ctx context.Context, p *plan, skip int64, rows reader, steps chan<- step) {
	defer close(steps)
	for {
		s := step{}
		for len(s.rows) < stepRows && s.err == nil {
			r, err := rows.next()
			if errors.Is(err, io.EOF) {
				s.end = true
				break
			}
			if err != nil {
				s.err = err
				break
			}
			if r.number > skip {
				s.rows = append(s.rows, r)
			}
		}
		s.made = im.prepare(p, s.rows)
		select {
		case steps <- s:
		case <-ctx.Done():
			return
		}
		if s.end || s.err != nil {
			return
		}
	}
}

func (im *Importer) prepare(p *plan, rows []raw) []record.ImportRow {
	made := make([]record.ImportRow, len(rows))
	for i, r := range rows {
		patch := make(record.Patch, len(p.targets))
		var links []record.ImportLink
		for j, t := range p.targets {
			v := r.values[j]
			if _, skip := v.(absent); skip || t.field == "" {
				continue
			}
			switch {
			case t.part != "":
				setPart(patch, t, v)
			case t.by == nil:
				patch[t.field] = v
			case v != nil && v != "":
				links = append(links, record.ImportLink{Field: t.field, By: t.by, Text: fmt.Sprint(v)})
			}
		}
		made[i] = im.engine.PrepareImport(p.who, p.entity, int(r.number), patch, p.match, links)
	}
	return made
}

// setPart puts one part of an address with the others of the row.
func setPart(patch record.Patch, t target, v any) {
	parts, ok := patch[t.field].(map[string]any)
	if !ok {
		parts = map[string]any{}
		patch[t.field] = parts
	}
	parts[t.part] = v
}

// errDry undoes the transaction of a dry run.
var errDry = errors.New("dry run")

// write brings one step in: all rows at once, and one by one when one of them fails. The place in the file moves in the same transaction.
func (im *Importer) write(ctx context.Context, p *plan, run Run, s step) (Run, error) {
	var next Run
	var results []record.ImportResult
	made, tries := s.made, 0
	attempt := func(each bool) error {
		return im.engine.Write(ctx, p.who, p.via, func(tx *record.Tx) error {
			if tries++; tries > 1 { // rules may have changed the drafts of the try before
				made = im.prepare(p, s.rows)
			}
			var err error
			if results, err = im.rows(ctx, tx, p, made, each); err != nil {
				return err
			}
			next = count(run, s, results)
			if p.spec.DryRun {
				return errDry
			}
			return im.keep(ctx, tx.DB(), next, s, results)
		})
	}
	err := errors.New("rows with faults")
	if clean(made) {
		err = attempt(false)
	}
	if err != nil && !errors.Is(err, errDry) && !lasting(err) {
		err = attempt(true)
	}
	if errors.Is(err, errDry) {
		err = im.engine.DB().Write(ctx, func(tx *db.Tx) error { return im.keep(ctx, tx, next, s, results) })
	}
	if err != nil {
		return run, err
	}
	return next, nil
}

// clean says whether nothing is known to be wrong with any row.
func clean(made []record.ImportRow) bool {
	for _, m := range made {
		if len(m.Draft.Faults()) > 0 {
			return false
		}
	}
	return true
}

// lasting says whether trying the rows one by one would not help.
func lasting(err error) bool {
	switch fault.KindOf(err) {
	case fault.Unavailable, fault.Full, fault.Unauthenticated:
		return true
	}
	return errors.Is(err, context.Canceled)
}

func (im *Importer) rows(ctx context.Context, tx *record.Tx, p *plan, made []record.ImportRow, each bool) ([]record.ImportResult, error) {
	if each {
		return tx.Import(ctx, p.who, p.entity, p.match, made)
	}
	return tx.ImportAll(ctx, p.who, p.entity, p.match, made)
}

func count(run Run, s step, results []record.ImportResult) Run {
	for _, r := range results {
		switch {
		case r.Err != nil:
			run.Failed++
		case r.Created:
			run.Created++
		default:
			run.Updated++
		}
	}
	if n := len(s.rows); n > 0 {
		run.Rows = s.rows[n-1].number
	}
	if s.end {
		run.State = Done
	}
	return run
}

// keep writes the place in the file and the rows that were left out.
func (im *Importer) keep(ctx context.Context, tx *db.Tx, run Run, s step, results []record.ImportResult) error {
	kept := run.Failed
	var rows [][]any
	for i, r := range results {
		if r.Err == nil || kept > maxErrors {
			continue
		}
		faults, err := json.Marshal(fault.All(r.Err))
		if err != nil {
			return fmt.Errorf("write import error: %w", err)
		}
		cells, err := json.Marshal(s.rows[i].cells)
		if err != nil {
			return fmt.Errorf("write import error: %w", err)
		}
		rows = append(rows, []any{int64(run.ID), s.rows[i].number, string(faults), string(cells)})
	}
	if err := tx.Insert(ctx, "import_error", []string{"run", "line", "faults", "cells"}, rows); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "UPDATE import_run SET state = $1, line = $2, created = $3, updated = $4, failed = $5, changed_at = $6 WHERE id = $7",
		run.State, run.Rows, run.Created, run.Updated, run.Failed, im.engine.Clock().Now().UnixMicro(), int64(run.ID))
	return err
}
