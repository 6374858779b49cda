package importer

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"ashna/engine/db"
	"ashna/engine/record"
	"ashna/kit/fault"
	"ashna/kit/text"
)

// step is some rows on their way, prepared while the step before is written.
type step struct {
	plan *plan
	rows []raw // that can be read
	bad  []raw // that cannot
	made []record.ImportRow
	last int64 // number of the last row
	end  bool
	err  error // why reading stopped; the rows before it are in the step
}

// run reads ahead in one goroutine and writes in this one.
func (im *Importer) run(ctx context.Context, p *plan, run Run, rows reader, progress func(Run)) (Run, error) {
	ahead, stop := context.WithCancel(ctx)
	var now atomic.Pointer[plan]
	now.Store(p)
	steps := make(chan step, stepsAhead)
	var reading sync.WaitGroup
	reading.Go(func() { im.read(ahead, &now, run.Rows, rows, steps) })
	defer reading.Wait()
	defer stop()
	for s := range steps {
		p, err := im.present(now.Load())
		if err != nil {
			return im.ended(ctx, run, err)
		}
		if now.Store(p); s.plan != p {
			s.plan, s.made = p, im.prepare(p, s.rows)
		}
		next, err := im.write(ctx, run, s)
		if err != nil {
			return run, err
		}
		run = next
		if progress != nil {
			progress(run)
		}
		if s.err != nil {
			return im.ended(ctx, run, s.err)
		}
		if run.State == Done {
			return run, nil
		}
	}
	return run, fault.Wrap(fault.Unavailable, "error.timeout", context.Cause(ctx))
}

// present gives the plan with the rights and the catalog of this moment.
func (im *Importer) present(p *plan) (*plan, error) {
	if p.who.Policy == im.engine.Policy() && p.who.Catalog == im.engine.Catalog() {
		return p, nil
	}
	who := im.engine.System(p.who.User)
	if !p.who.System {
		var err error
		if who, err = im.engine.Viewer(p.who.User, p.who.Scopes()); err != nil {
			return nil, err
		}
	}
	now, err := im.plan(who, p.spec)
	if err != nil {
		return nil, err
	}
	now.via = p.via
	return now, now.header(p.columns)
}

// read reads steps of rows and prepares them, passing over those that were written before. It ends after the last one or with ctx.
func (im *Importer) read(ctx context.Context, now *atomic.Pointer[plan], skip int64, rows reader, steps chan<- step) {
	defer close(steps)
	for more := true; more; {
		s := readStep(ctx, skip, rows)
		skip = s.last
		s.plan = now.Load()
		s.made = im.prepare(s.plan, s.rows)
		more = !s.end && s.err == nil
		select {
		case steps <- s:
		case <-ctx.Done():
			return
		}
	}
}

// readStep reads the rows of one step after a row: not too many and not too much.
func readStep(ctx context.Context, after int64, rows reader) step {
	s := step{last: after}
	for size := 0; len(s.rows)+len(s.bad) < stepRows && size < stepBytes && s.err == nil; {
		r, err := rows.next()
		switch {
		case errors.Is(err, io.EOF):
			s.end = true
			return s
		case err != nil:
			s.err = err
		case r.number <= after:
			s.err = ctx.Err()
		case r.bad != nil:
			s.bad, s.last = append(s.bad, r), r.number
		default:
			s.rows, s.last = append(s.rows, r), r.number
			size += r.size
		}
	}
	return s
}

// prepare makes drafts of rows. What is wrong with a row shows when it is written.
func (im *Importer) prepare(p *plan, rows []raw) []record.ImportRow {
	made := make([]record.ImportRow, len(rows))
	for i := range rows {
		patch := make(record.Patch, len(p.targets))
		var links []record.ImportLink
		var odd []*fault.Error
		for j := range p.targets {
			v, given := rows[i].value(j)
			if !given {
				continue
			}
			link, f := p.put(patch, &p.targets[j], v)
			if f != nil {
				odd = append(odd, f)
			}
			if link.By != nil {
				links = append(links, link)
			}
		}
		made[i] = im.engine.PrepareImport(p.who, p.entity, int(rows[i].number), patch, p.match, links)
		made[i].Parts = p.addresses
		for _, f := range odd {
			made[i].Refuse(f)
		}
	}
	return made
}

// put gives the value of a column to the field it goes to. A link by a field of its target is looked up later.
func (p *plan) put(patch record.Patch, t *target, v any) (record.ImportLink, *fault.Error) {
	switch {
	case t.unnamed:
		return record.ImportLink{}, fault.New(fault.Invalid, "import.cell_beyond", "value", text.Truncate(plain(v), 60))
	case t.field == "":
	case t.part != "":
		setPart(patch, t, v)
	case t.by == nil:
		patch[t.field] = v
	case v == nil || v == "":
		patch[t.field] = nil
	default:
		s := plain(v)
		if s == "" {
			return record.ImportLink{}, fault.At(t.field, "value.type", "want", "text")
		}
		return record.ImportLink{Field: t.field, By: t.by, Text: s}, nil
	}
	return record.ImportLink{}, nil
}

// plain gives texts and numbers as texts, and nothing for the rest.
func plain(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// setPart puts one part of an address with the others of the row.
func setPart(patch record.Patch, t *target, v any) {
	parts, ok := patch[t.field].(map[string]any)
	if !ok {
		parts = map[string]any{}
		patch[t.field] = parts
	}
	parts[t.part] = v
}

// errDry undoes the transaction of a dry run.
var errDry = errors.New("dry run")

// write brings one step in: all rows at once, and one by one when one of them fails. The place in the file moves in the same transaction. A
// dry run undoes each step, so it does not see what the steps before it would have made.
func (im *Importer) write(ctx context.Context, run Run, s step) (Run, error) {
	var next Run
	var out []reject
	attempt := func(write func(*record.Tx) ([]record.ImportResult, error)) error {
		return im.engine.Write(ctx, s.plan.who, s.plan.via, func(tx *record.Tx) error {
			results, err := write(tx)
			if err != nil {
				return err
			}
			next, out = count(run, s, results)
			if run.Spec.DryRun {
				return errDry
			}
			return im.keep(ctx, tx.DB(), run, next, out)
		})
	}
	p := s.plan
	err := errFaults
	if clean(s.made) {
		err = attempt(func(tx *record.Tx) ([]record.ImportResult, error) {
			return tx.ImportAll(ctx, p.who, p.entity, p.match, s.made)
		})
	}
	if err != nil && !errors.Is(err, errDry) && (errors.Is(err, errFaults) || !passing(err)) {
		err = attempt(func(tx *record.Tx) ([]record.ImportResult, error) {
			return tx.Import(ctx, p.who, p.entity, p.match, s.made)
		})
	}
	if errors.Is(err, errDry) {
		err = im.engine.DB().Write(ctx, func(tx *db.Tx) error { return im.keep(ctx, tx, run, next, out) })
	}
	if err != nil {
		return run, err
	}
	return next, nil
}

// errFaults stands for rows that are known to be wrong before they are written.
var errFaults = errors.New("rows with faults")

// clean says whether nothing is known to be wrong with any row.
func clean(made []record.ImportRow) bool {
	for i := range made {
		if len(made[i].Draft.Faults()) > 0 {
			return false
		}
	}
	return true
}

// reject is a row that was left out.
type reject struct {
	row *raw
	err error
}

// count adds the outcome of a step to a run, and lists the rows that were left out in their order.
func count(run Run, s step, results []record.ImportResult) (Run, []reject) {
	var out []reject
	for i, r := range results {
		switch {
		case r.Err != nil:
			out = append(out, reject{&s.rows[i], r.Err})
		case r.Created:
			run.Created++
		default:
			run.Updated++
		}
	}
	for i := range s.bad {
		out = append(out, reject{&s.bad[i], s.bad[i].bad})
	}
	slices.SortFunc(out, func(a, b reject) int { return cmp.Compare(a.row.number, b.row.number) })
	run.Failed += int64(len(out))
	run.Rows = s.last
	if s.end {
		run.State = Done
	}
	return run, out
}

// keep writes the place in the file and the rows that were left out. It refuses when the run is no longer where it was read: then something
// else carries it on.
func (im *Importer) keep(ctx context.Context, tx *db.Tx, before, run Run, out []reject) error {
	n, err := tx.Exec(ctx, "UPDATE import_run SET state = $1, line = $2, created = $3, updated = $4, failed = $5, changed_at = $6 "+
		"WHERE id = $7 AND line = $8 AND state = $9",
		run.State, run.Rows, run.Created, run.Updated, run.Failed, im.engine.Clock().Now().UnixMicro(), int64(run.ID), before.Rows, Running)
	if err != nil {
		return err
	}
	if n != 1 {
		return fault.Wrap(fault.Conflict, "import.taken", errTaken)
	}
	var rows [][]any
	for _, r := range out[:min(int64(len(out)), max(maxErrors-before.Failed, 0))] {
		faults, err := json.Marshal(fault.All(r.err))
		if err != nil {
			return fmt.Errorf("write import error: %w", err)
		}
		cells, err := json.Marshal(r.row.shown())
		if err != nil {
			return fmt.Errorf("write import error: %w", err)
		}
		rows = append(rows, []any{int64(run.ID), r.row.number, string(faults), string(cells)})
	}
	return tx.Insert(ctx, "import_error", []string{"run", "line", "faults", "cells"}, rows)
}
