// Package importer brings files of records in: CSV and JSON lines of any size, in steps that are each on disk before the next begins, so
// that a run goes on where it stopped, whatever stopped it.
package importer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/engine/record"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

// Spec says what to bring in and how. A column without a place in Map goes to the field of its name.
type Spec struct {
	Object string            `json:"object"`          // plural name
	Format string            `json:"format"`          // csv or jsonl
	Map    map[string]string `json:"map,omitempty"`   // column of the file to field; "company.name" finds a link by a field of its target; "" leaves a column out
	Match  string            `json:"match,omitempty"` // field that finds an existing record; none: every row makes one
	DryRun bool              `json:"dry_run,omitempty"`
}

// Run is one import and how far it is.
type Run struct {
	ID      ident.ID `json:"id"`
	Spec    Spec     `json:"spec"`
	State   string   `json:"state"` // running, done, failed
	Rows    int64    `json:"rows"`  // read so far
	Created int64    `json:"created"`
	Updated int64    `json:"updated"`
	Failed  int64    `json:"failed"`
	Resumed bool     `json:"resumed,omitempty"`
	Problem string   `json:"problem,omitempty"` // why a run failed as a whole
}

// RowError is a row that was left out, with the reasons.
type RowError struct {
	Row    int64      `json:"row"`
	Faults fault.List `json:"faults"`
	Values []string   `json:"values"` // the row as it came, to be mended and brought in again; none of a row that is long or cannot be read
}

// States of a run.
const (
	Running = "running"
	Done    = "done"
	Failed  = "failed"
)

// Limits of an import.
const (
	stepRows   = 500      // rows of one transaction
	stepBytes  = 4 << 20  // of the rows of one transaction, as they came
	stepsAhead = 2        // steps that are prepared while one is written
	maxErrors  = 10_000   // rows in the error list; more are counted only
	maxKept    = 64 << 10 // bytes of a row in the error list; of a longer one only the number and the reasons are kept
	maxLine    = 1 << 20  // bytes of one row
	maxCells   = 1_000    // columns
)

// Tables makes the tables of imports.
func Tables(d *db.Dialect) []string {
	return []string{
		`CREATE TABLE import_run (id ` + d.Key + `, mark ` + d.Text + ` NOT NULL, spec ` + d.Text + ` NOT NULL, state ` + d.Text + ` NOT NULL, line ` + d.Int +
			` NOT NULL, created ` + d.Int + ` NOT NULL, updated ` + d.Int + ` NOT NULL, failed ` + d.Int + ` NOT NULL, problem ` + d.Text +
			`, actor ` + d.Int + ` NOT NULL, started_at ` + d.Int + ` NOT NULL, changed_at ` + d.Int + ` NOT NULL)`,
		`CREATE UNIQUE INDEX import_run_by_mark ON import_run (mark) WHERE state = '` + Running + `'`,
		`CREATE TABLE import_error (run ` + d.Int + ` NOT NULL, line ` + d.Int + ` NOT NULL, faults ` + d.Text + ` NOT NULL, cells ` + d.Text +
			` NOT NULL, PRIMARY KEY (run, line))`,
	}
}

// Importer runs imports on one workspace.
type Importer struct {
	engine *record.Engine
}

// New makes an importer.
func New(e *record.Engine) *Importer { return &Importer{engine: e} }

// Import runs a spec over a file from its beginning, or from where an unfinished run of the same file and spec by the same person stopped.
// Progress is called after each step. The answer says how it ended; an error means that the run stopped on the way and can go on.
func (im *Importer) Import(ctx context.Context, who *access.Viewer, via change.Via, spec Spec, file io.ReadSeeker, progress func(Run)) (Run, error) {
	mark, err := fingerprint(who, spec, file)
	if err != nil {
		return Run{}, err
	}
	run, err := im.Begin(ctx, who, spec, mark)
	if err != nil {
		return run, err
	}
	return im.Continue(ctx, who, via, run, file, progress)
}

// Begin checks a spec and notes a run that Continue carries out. With a mark it finds the unfinished run that has the mark already; a dry run
// always begins anew.
func (im *Importer) Begin(ctx context.Context, who *access.Viewer, spec Spec, mark string) (Run, error) {
	if _, err := im.plan(who, spec); err != nil {
		return Run{}, err
	}
	if spec.DryRun {
		mark = ""
	}
	return im.begin(ctx, who, spec, mark)
}

// Continue reads the file from its beginning and writes the rows that the run has not written yet. When the rights of the person or the
// catalog change on the way, the rest is brought in as they are then. A run that something else continues meanwhile is a Conflict.
func (im *Importer) Continue(ctx context.Context, who *access.Viewer, via change.Via, run Run, file io.ReadSeeker, progress func(Run)) (Run, error) {
	p, err := im.plan(who, run.Spec)
	if err != nil {
		return im.ended(ctx, run, err)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return run, fmt.Errorf("read import file: %w", err)
	}
	rows, err := open(run.Spec.Format, file)
	if err == nil {
		err = p.header(rows.columns())
	}
	if err != nil {
		return im.ended(ctx, run, err)
	}
	p.via = via
	return im.run(ctx, p, run, rows, progress)
}

// fingerprint tells one file with one spec by one person from another.
func fingerprint(who *access.Viewer, spec Spec, file io.ReadSeeker) (string, error) {
	h := sha256.New()
	text, err := json.Marshal(spec)
	if err != nil {
		return "", fmt.Errorf("read import spec: %w", err)
	}
	fmt.Fprintf(h, "%d %s ", who.User, text)
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return "", fmt.Errorf("read import file: %w", err)
	}
	if _, err := io.Copy(h, file); err != nil {
		return "", fmt.Errorf("read import file: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// begin finds the unfinished run of the same file or makes a new one.
func (im *Importer) begin(ctx context.Context, who *access.Viewer, spec Spec, mark string) (Run, error) {
	run := Run{ID: im.engine.NextID(), Spec: spec, State: Running}
	if mark == "" {
		mark = run.ID.String()
	}
	text, err := json.Marshal(spec)
	if err != nil {
		return run, fmt.Errorf("write import spec: %w", err)
	}
	now := im.engine.Clock().Now().UnixMicro()
	err = im.engine.DB().Write(ctx, func(tx *db.Tx) error {
		row, found, err := db.One(ctx, tx, "SELECT id, line, created, updated, failed FROM import_run WHERE mark = $1 AND state = $2 ORDER BY id DESC LIMIT 1", mark, Running)
		if err != nil {
			return err
		}
		if found {
			run.ID, run.Rows, run.Created, run.Updated, run.Failed = ident.ID(row.Int(0)), row.Int(1), row.Int(2), row.Int(3), row.Int(4)
			run.Resumed = true
			return nil
		}
		_, err = tx.Exec(ctx, "INSERT INTO import_run (id, mark, spec, state, line, created, updated, failed, actor, started_at, changed_at) "+
			"VALUES ($1, $2, $3, $4, 0, 0, 0, 0, $5, $6, $7)", int64(run.ID), mark, string(text), Running, int64(who.User), now, now)
		return err
	})
	var twice *db.UniqueError
	if errors.As(err, &twice) { // somebody began the same at the same moment
		return run, fault.Wrap(fault.Conflict, "import.taken", errTaken)
	}
	return run, err
}

// errTaken is inside the fault of a run that something else carries on.
var errTaken = errors.New("the run is carried on elsewhere")

// ended says whether an error is the fault of the file or of the spec, which ends the run, or of the moment, after which it can go on.
func (im *Importer) ended(ctx context.Context, run Run, cause error) (Run, error) {
	if fault.Of(cause) == nil || passing(cause) {
		return run, cause
	}
	run.State, run.Problem = Failed, cause.Error()
	err := im.engine.DB().Write(context.WithoutCancel(ctx), func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE import_run SET state = $1, problem = $2, changed_at = $3 WHERE id = $4",
			Failed, run.Problem, im.engine.Clock().Now().UnixMicro(), int64(run.ID))
		return err
	})
	return run, errors.Join(cause, err)
}

// passing says whether an error is one of the moment.
func passing(err error) bool {
	switch fault.KindOf(err) {
	case fault.Internal, fault.Unavailable, fault.Full, fault.TooMany:
		return true
	}
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errTaken)
}

// Status reads a run of a person; those who manage jobs see all.
func (im *Importer) Status(ctx context.Context, who *access.Viewer, id ident.ID) (Run, error) {
	var run Run
	err := im.engine.DB().Read(ctx, func(q db.Querier) error {
		row, found, err := db.One(ctx, q, "SELECT spec, state, line, created, updated, failed, problem, actor FROM import_run WHERE id = $1", int64(id))
		if err != nil {
			return err
		}
		if !found || ident.ID(row.Int(7)) != who.User && !who.Manages(access.Jobs) {
			return fault.New(fault.NotFound, "error.not_found")
		}
		run = Run{ID: id, State: row.Text(1), Rows: row.Int(2), Created: row.Int(3), Updated: row.Int(4), Failed: row.Int(5), Problem: row.Text(6)}
		return json.Unmarshal([]byte(row.Text(0)), &run.Spec)
	})
	return run, err
}

// Errors reads the rows that a run left out, in their order, after a row number, at most 10,000. It asks for no right: Status does.
func (im *Importer) Errors(ctx context.Context, id ident.ID, after int64, limit int) ([]RowError, error) {
	var list []RowError
	err := im.engine.DB().Read(ctx, func(q db.Querier) error {
		text := "SELECT line, faults, cells FROM import_error WHERE run = $1 AND line > $2 ORDER BY line LIMIT $3"
		return db.Each(ctx, q, text, []any{int64(id), after, int64(min(limit, maxErrors))}, func(r db.Row) error {
			e := RowError{Row: r.Int(0)}
			if err := json.Unmarshal([]byte(r.Text(1)), &e.Faults); err != nil {
				return fmt.Errorf("read import error: %w", err)
			}
			if err := json.Unmarshal([]byte(r.Text(2)), &e.Values); err != nil {
				return fmt.Errorf("read import error: %w", err)
			}
			list = append(list, e)
			return nil
		})
	})
	return list, err
}
