package app

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"ashna/engine/change"
	"ashna/kit/fault"
	"ashna/kit/i18n"
	"ashna/service/exporter"
	"ashna/service/importer"
)

// Exit ends the program with a status and without a further word.
type Exit int

// Error is for programs that print it all the same.
func (e Exit) Error() string { return "exit status " + strconv.Itoa(int(e)) }

// Explain writes an error as sentences: faults in English with the fields they blame, other errors as they are.
func Explain(err error) string {
	bundle, bad := texts(modules())
	faults := fault.All(err)
	if bad != nil || len(faults) == 0 {
		return err.Error()
	}
	p := bundle.For(i18n.DefaultLocale(i18n.English))
	var lines []string
	for _, f := range faults {
		if f.Kind == fault.Internal {
			return err.Error()
		}
		line := p.Fault(f)
		if f.Field != "" {
			line = f.Field + ": " + line
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n       ")
}

// ImportOrder is an import as the command line asks for it.
type ImportOrder struct {
	Object, File  string
	Mapping       string // JSON file
	Match, Format string
	DryRun        bool
	As            string
	Errors        string
	Progress      func(line string)
}

// ImportReport tells how an import ended.
type ImportReport struct {
	importer.Run
	Errors string `json:"errors,omitempty"` // file of the rows that were left out
}

// ImportFile brings a file in and writes the rows that were left out beside it.
func (w *Workspace) ImportFile(ctx context.Context, o ImportOrder) (ImportReport, error) {
	spec := importer.Spec{Object: o.Object, Format: o.Format, Match: o.Match, DryRun: o.DryRun}
	if spec.Format == "" {
		spec.Format = strings.TrimPrefix(strings.ToLower(filepath.Ext(o.File)), ".")
	}
	if o.Mapping != "" {
		text, err := os.ReadFile(o.Mapping)
		if err != nil {
			return ImportReport{}, fmt.Errorf("read mapping: %w", err)
		}
		if err := json.Unmarshal(text, &spec.Map); err != nil {
			return ImportReport{}, fmt.Errorf("read mapping %s: it is one JSON object, column to field: %w", o.Mapping, err)
		}
	}
	who, err := w.Person(o.As)
	if err != nil {
		return ImportReport{}, err
	}
	f, err := os.Open(o.File)
	if err != nil {
		return ImportReport{}, fmt.Errorf("read import file: %w", err)
	}
	defer func() { _ = f.Close() }()
	run, err := w.Imports.Import(ctx, who, change.ViaCommand, spec, f, func(r importer.Run) {
		o.Progress(fmt.Sprintf("%d rows: %d new, %d changed, %d left out", r.Rows, r.Created, r.Updated, r.Failed))
	})
	report := ImportReport{Run: run}
	if err == nil && run.Failed > 0 {
		report.Errors = o.Errors
		if report.Errors == "" {
			report.Errors = o.File + ".errors.csv"
		}
		err = w.writeErrors(ctx, run, f, report.Errors)
	}
	return report, err
}

// writeErrors writes row number, reasons and the row itself, so that it can be mended and brought in again.
func (w *Workspace) writeErrors(ctx context.Context, run importer.Run, source io.ReadSeeker, path string) error {
	if _, err := source.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read import file: %w", err)
	}
	columns, err := importer.Columns(run.Spec.Format, source)
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write error file: %w", err)
	}
	out := csv.NewWriter(f)
	_ = out.Write(append([]string{"row", "reasons"}, columns...))
	printer := w.Bundle.For(i18n.DefaultLocale(w.Engine.Settings().Language))
	after := int64(0)
	for {
		list, err := w.Imports.Errors(ctx, run.ID, after, 1_000)
		if err != nil || len(list) == 0 {
			out.Flush()
			return errors.Join(err, out.Error(), f.Close())
		}
		for _, e := range list {
			after = e.Row
			var reasons []string
			for _, one := range e.Faults {
				reasons = append(reasons, strings.TrimPrefix(one.Field+": "+printer.Fault(one), ": "))
			}
			cells := []string{strconv.FormatInt(e.Row, 10), strings.Join(reasons, " ")}
			for _, v := range e.Values {
				cells = append(cells, exporter.Guard(v))
			}
			_ = out.Write(cells)
		}
	}
}

// ExportOrder is an export as the command line asks for it.
type ExportOrder struct {
	Object, Format, Filter, Sort string
	Fields                       []string
	File                         string // Out unless given
	As                           string
	Out                          io.Writer
}

// ExportFile writes a list and says how many records it has.
func (w *Workspace) ExportFile(ctx context.Context, o ExportOrder) (int64, error) {
	who, err := w.Person(o.As)
	if err != nil {
		return 0, err
	}
	spec := exporter.Spec{Object: o.Object, Format: o.Format, Filter: o.Filter, Sort: o.Sort, Fields: o.Fields}
	if o.File == "" {
		return exporter.Export(ctx, w.Engine, who, change.ViaCommand, spec, o.Out)
	}
	if _, _, err := exporter.Check(w.Engine, who, spec); err != nil {
		return 0, err
	}
	f, err := os.Create(o.File)
	if err != nil {
		return 0, fmt.Errorf("write export file: %w", err)
	}
	n, err := exporter.Export(ctx, w.Engine, who, change.ViaCommand, spec, f)
	return n, errors.Join(err, f.Close())
}
