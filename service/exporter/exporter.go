// Package exporter writes lists of records as files: CSV and JSON lines, streaming, as far as the viewer may see and export.
package exporter

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/kit/fault"
	"ashna/kit/text"
)

// Spec says what to write and how.
type Spec struct {
	Object string   // plural name
	Format string   // csv or jsonl
	Filter string   // a formula; none: all
	Sort   string   // "id" unless given
	Fields []string // none: all that the viewer may see
}

const pageRows = 1_000

// Formats are the formats that Export writes; nobody changes the list.
var Formats = []string{"csv", "jsonl"}

// Check says whether a viewer may export as the spec asks, before the first byte is written.
func Check(e *record.Engine, who *access.Viewer, s Spec) (*meta.Entity, []*meta.Attr, error) {
	entity, err := e.Object(who, s.Object)
	if err != nil {
		return nil, nil, err
	}
	if !who.Can(entity, access.Export) {
		return nil, nil, fault.New(fault.Denied, "error.denied")
	}
	if !slices.Contains(Formats, s.Format) {
		return nil, nil, fault.At("format", "value.choice", "value", s.Format)
	}
	fields, err := e.Fields(who, entity, s.Fields)
	return entity, fields, err
}

// Export writes the records of an object and says how many. It reads page by page, so that memory does not grow with the list. It notes in
// the log who took how much of what, also when it ends on the way: what was written may have been read.
func Export(ctx context.Context, e *record.Engine, who *access.Viewer, via change.Via, s Spec, to io.Writer) (int64, error) {
	entity, fields, err := Check(e, who, s)
	if err != nil {
		return 0, err
	}
	x := export{engine: e, who: who, entity: entity, fields: fields, spec: s}
	n, err := x.stream(ctx, to)
	if err != nil && n == 0 {
		return 0, err
	}
	event := map[string]any{"event": "export", "filter": s.Filter, "format": s.Format, "rows": n}
	if err != nil {
		event["stopped"] = true
	}
	return n, errors.Join(err, x.note(context.WithoutCancel(ctx), via, event))
}

// export is one export on its way.
type export struct {
	engine *record.Engine
	who    *access.Viewer
	entity *meta.Entity
	fields []*meta.Attr
	spec   Spec
}

// note writes an event into the log.
func (x export) note(ctx context.Context, via change.Via, event map[string]any) error {
	fields, err := json.Marshal(event)
	if err != nil {
		return fmt.Errorf("log export: %w", err)
	}
	return x.engine.Write(ctx, x.who, via, func(tx *record.Tx) error {
		tx.Event(x.entity.Name, 0, fields)
		return nil
	})
}

// stream writes page after page and says how many records it gave away.
func (x export) stream(ctx context.Context, to io.Writer) (int64, error) {
	out := bufio.NewWriterSize(to, 1<<16)
	w, err := newWriter(x.spec.Format, out, x.fields)
	if err != nil {
		return 0, err
	}
	q := record.Question{Filter: x.spec.Filter, Sort: x.spec.Sort, Fields: x.fields, Limit: pageRows, Right: access.Export}
	if q.Sort == "" {
		q.Sort = meta.FieldID
	}
	for n := int64(0); ; {
		page, err := x.engine.List(ctx, x.who, x.entity, q)
		if err != nil {
			return n, err
		}
		for _, r := range page.Records {
			if err := w.write(r); err != nil {
				return n, fmt.Errorf("write export: %w", err)
			}
			n++
		}
		if err := errors.Join(w.flush(), out.Flush()); err != nil {
			return n, fmt.Errorf("write export: %w", err)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return n, nil
		}
	}
}

// writer writes records in one format.
type writer interface {
	write(r *record.Record) error
	flush() error
}

func newWriter(format string, out *bufio.Writer, fields []*meta.Attr) (writer, error) {
	if format == "jsonl" {
		return &lines{out: out, fields: fields}, nil
	}
	table := &table{out: csv.NewWriter(out), fields: fields}
	head := make([]string, len(fields))
	for i, a := range fields {
		head[i] = a.Name
	}
	if err := table.out.Write(head); err != nil {
		return nil, fmt.Errorf("write export: %w", err)
	}
	return table, nil
}

// lines writes one JSON object a line.
type lines struct {
	out    *bufio.Writer
	fields []*meta.Attr
	buf    []byte
}

func (l *lines) write(r *record.Record) error {
	l.buf = append(r.AppendJSON(l.buf[:0], l.fields), '\n')
	_, err := l.out.Write(l.buf)
	return err
}

func (l *lines) flush() error { return nil }

// table writes RFC 4180. A cell that a spreadsheet would run as a formula gets a quote before it, which an import takes off again.
type table struct {
	out    *csv.Writer
	fields []*meta.Attr
	cells  []string
}

func (t *table) write(r *record.Record) error {
	t.cells = t.cells[:0]
	for _, a := range t.fields {
		t.cells = append(t.cells, Guard(r.Cell(a)))
	}
	return t.out.Write(t.cells)
}

func (t *table) flush() error {
	t.out.Flush()
	return t.out.Error()
}

// Guard gives a text as a cell that no spreadsheet runs as a formula; an import gives it back exactly. See text.GuardCell.
func Guard(cell string) string { return text.GuardCell(cell) }
