package app

import (
	"context"
	"fmt"

	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/engine/schema"
	"ashna/service/files"
)

// Finding is one thing that is wrong with a workspace.
type Finding struct {
	Where string `json:"where"`
	What  string `json:"what"`
}

// Report is what a check found, and how much it looked at.
type Report struct {
	Changes  int64     `json:"changes"`
	Files    int64     `json:"files"`
	Findings []Finding `json:"findings"`
}

func (r *Report) add(where, format string, args ...any) {
	r.Findings = append(r.Findings, Finding{where, fmt.Sprintf(format, args...)})
}

const maxFindings = 1_000

// Check looks at the whole workspace: the database itself, links that lead nowhere, the tables against the catalog, the chain of the log,
// and the stored files.
func (w *Workspace) Check(ctx context.Context) (Report, error) {
	r := Report{Findings: []Finding{}}
	err := w.DB.Snapshot(ctx, func(q db.Querier) error {
		for _, part := range []func(context.Context, db.Querier, *Report) error{w.checkDatabase, w.checkTables, w.checkLog, w.checkFiles} {
			if err := part(ctx, q, &r); err != nil {
				return err
			}
			if len(r.Findings) > maxFindings {
				break
			}
		}
		return nil
	})
	return r, err
}

func (w *Workspace) checkDatabase(ctx context.Context, q db.Querier, r *Report) error {
	found, err := db.Integrity(ctx, q)
	for _, what := range found {
		r.add("database", "%s", what)
	}
	return err
}

// checkTables compares the tables with the catalog.
func (w *Workspace) checkTables(ctx context.Context, q db.Querier, r *Report) error {
	found, err := schema.Inspect(ctx, q)
	if err != nil {
		return err
	}
	for _, e := range w.Engine.Catalog().Entities {
		have := map[string]bool{}
		for _, c := range found.Columns[e.Table()] {
			have[c] = true
		}
		for _, c := range schema.Columns(e) {
			if !have[c] {
				r.add("table "+e.Table(), "the column %s is missing", c)
			}
		}
	}
	return nil
}

func (w *Workspace) checkLog(ctx context.Context, q db.Querier, r *Report) error {
	broken, rows, err := change.Verify(ctx, q)
	r.Changes = rows
	for _, b := range broken {
		r.add("log", "%d: %s", b.Seq, b.Reason)
	}
	return err
}

// checkFiles reads every stored file that a row names, and looks for those that no row does.
func (w *Workspace) checkFiles(ctx context.Context, q db.Querier, r *Report) error {
	named := map[string]bool{}
	err := w.Files.Named(ctx, q, func(hash string, _ int64) error {
		named[hash] = true
		r.Files++
		if err := w.Files.Check(ctx, hash); err != nil {
			r.add("file "+hash, "%v", err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	grace := w.Config.Clock.Now().Add(-filesGrace)
	return w.Files.Walk(ctx, func(c files.Content) error {
		if !named[c.Hash] && c.Placed.Before(grace) {
			r.add("file "+c.Hash, "no record names it; it is removed by the next sweep")
		}
		return nil
	})
}
