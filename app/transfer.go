package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"ashna/api"
	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/engine/job"
	"ashna/engine/meta"
	"ashna/kit/fault"
	"ashna/kit/ident"
	"ashna/service/exporter"
	"ashna/service/importer"
)

// imports runs uploaded files as jobs. The file waits in the data folder until its run is over.
type imports struct{ w *Workspace }

const (
	importFolder = "imports"
	importTime   = 24 * time.Hour
	maxUpload    = 2 << 30 // bytes
)

// importArgs is the job of one import.
type importArgs struct {
	Run    ident.ID `json:"run"`
	Scopes []string `json:"scopes,omitempty"`
}

func (w *Workspace) importKind() job.Kind[importArgs] {
	return job.Kind[importArgs]{Name: "import.run", Timeout: importTime, Max: 5, Limit: 1, Run: w.runImport}
}

func (w *Workspace) importPath(id ident.ID) string {
	return filepath.Join(w.Config.Data, importFolder, id.String())
}

// Start keeps the file and puts the import into the queue.
func (i imports) Start(ctx context.Context, who *access.Viewer, entity *meta.Entity, spec api.ImportSpec) (ident.ID, error) {
	run, err := i.w.Imports.Begin(ctx, who, importer.Spec{Object: entity.Plural, Format: spec.Format, Map: spec.Map, Match: spec.Match, DryRun: spec.DryRun}, "")
	if err != nil {
		return 0, err
	}
	if err := i.keep(run.ID, spec.Body); err != nil {
		return 0, err
	}
	err = i.w.DB.Write(ctx, func(tx *db.Tx) error {
		_, _, err := job.Add(ctx, tx, i.w.Jobs, i.w.importKind(), importArgs{Run: run.ID, Scopes: who.Scopes()}, job.Options{Actor: who.User})
		return err
	})
	return run.ID, err
}

func (i imports) keep(id ident.ID, body io.Reader) error {
	path := i.w.importPath(id)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("keep import file: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("keep import file: %w", err)
	}
	n, err := io.Copy(f, io.LimitReader(body, maxUpload+1))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil && n > maxUpload {
		err = fault.New(fault.TooLarge, "file.too_large", "max", int64(maxUpload))
	}
	if err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// runImport carries an import out, from where it stopped if it did. It runs with the rights that the person has now.
func (w *Workspace) runImport(ctx context.Context, j job.Job, args importArgs) error {
	who, err := w.Engine.Viewer(j.Actor, args.Scopes)
	if err != nil {
		return job.Give{Err: err}
	}
	run, err := w.Imports.Status(ctx, who, args.Run)
	if err != nil || run.State != importer.Running {
		return err
	}
	f, err := os.Open(w.importPath(args.Run))
	if err != nil {
		return job.Give{Err: fmt.Errorf("read import file: %w", err)}
	}
	defer func() { _ = f.Close() }()
	run, err = w.Imports.Continue(ctx, who, change.ViaImport, run, f, func(r importer.Run) { _ = j.Progress(ctx, r.Rows, 0, "") })
	if run.State == importer.Running {
		return err
	}
	return os.Remove(w.importPath(args.Run))
}

// Status tells how far an import of the caller is.
func (i imports) Status(ctx context.Context, who *access.Viewer, id ident.ID) (api.ImportStatus, error) {
	run, err := i.w.Imports.Status(ctx, who, id)
	if err != nil {
		return api.ImportStatus{}, err
	}
	return api.ImportStatus{
		ID: id, Object: run.Spec.Object, State: run.State, Rows: run.Rows, Created: run.Created,
		Updated: run.Updated, Failed: run.Failed, DryRun: run.Spec.DryRun, Problem: run.Problem,
	}, nil
}

// Errors gives the rows that were refused.
func (i imports) Errors(ctx context.Context, who *access.Viewer, id ident.ID, after int64, limit int) ([]api.ImportError, error) {
	if _, err := i.w.Imports.Status(ctx, who, id); err != nil {
		return nil, err
	}
	list, err := i.w.Imports.Errors(ctx, id, after, limit)
	out := make([]api.ImportError, len(list))
	for n, e := range list {
		out[n] = api.ImportError{Row: e.Row, Faults: e.Faults, Values: e.Values}
	}
	return out, err
}

// exports writes lists for the API.
type exports struct{ w *Workspace }

func exportSpec(entity *meta.Entity, s api.ExportSpec) exporter.Spec {
	return exporter.Spec{Object: entity.Plural, Format: s.Format, Filter: s.Filter, Sort: s.Sort, Fields: s.Fields}
}

// Check refuses a question before anything is written.
func (e exports) Check(who *access.Viewer, entity *meta.Entity, spec api.ExportSpec) (contentType, name string, err error) {
	if _, _, err := exporter.Check(e.w.Engine, who, exportSpec(entity, spec)); err != nil {
		return "", "", err
	}
	contentType = "text/csv; charset=utf-8"
	if spec.Format == "jsonl" {
		contentType = "application/jsonl"
	}
	return contentType, entity.Plural + "." + spec.Format, nil
}

// Write streams the records.
func (e exports) Write(ctx context.Context, who *access.Viewer, entity *meta.Entity, spec api.ExportSpec, to io.Writer) error {
	_, err := exporter.Export(ctx, e.w.Engine, who, change.ViaAPI, exportSpec(entity, spec), to)
	return err
}
