package record

import (
	"context"
	"fmt"
	"strings"

	"ashna/engine/access"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

// ImportRow is one row of a bulk import, prepared outside the transaction.
type ImportRow struct {
	Number int    // of the row in its source, from 1
	Patch  Patch  // as it came
	Draft  *Draft // what it is as a new record
	Key    string // comparison key of the match field; empty: always a new record
	Links  []ImportLink
}

// ImportLink is a link of a row that names its target by another field than the id.
type ImportLink struct {
	Field string     // the link
	By    *meta.Attr // the field of the target that the text is looked up in
	Text  string     // as it came
}

// ImportResult is what became of a row.
type ImportResult struct {
	Number  int
	Created bool
	Record  ident.ID
	Err     error // faults of the row; nothing of it was written
}

// PrepareImport parses and checks a row. Match is the field that finds an existing record, nil for new records only.
func (e *Engine) PrepareImport(who *access.Viewer, entity *meta.Entity, number int, patch Patch, match *meta.Attr, links []ImportLink) ImportRow {
	row := ImportRow{Number: number, Patch: patch, Draft: e.Draft(who, entity, patch), Links: links}
	if match != nil {
		if s, ok := row.Draft.New.Slots[match.At].(string); ok {
			row.Key = match.KeyOf(s)
		}
	}
	return row
}

// Import writes rows: those whose key is found change the record, others make one. Each row passes rights, rules, validation and log like
// any other write. A row that fails is left out and says why; the transaction goes on.
func (t *Tx) Import(ctx context.Context, who *access.Viewer, e *meta.Entity, match *meta.Attr, rows []ImportRow) ([]ImportResult, error) {
	results := make([]ImportResult, len(rows))
	known, err := t.matches(ctx, e, match, rows)
	if err != nil {
		return nil, err
	}
	if err := t.resolve(ctx, who, rows); err != nil {
		return nil, err
	}
	for i := range rows {
		results[i] = ImportResult{Number: rows[i].Number}
		err := t.Try(ctx, func() error { return t.importOne(ctx, who, e, &rows[i], known, &results[i]) })
		if err == nil {
			continue
		}
		if len(fault.All(err)) == 0 || fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Full) {
			return nil, err
		}
		results[i] = ImportResult{Number: rows[i].Number, Err: err}
	}
	return results, nil
}

// ImportAll writes rows like Import but stops at the first that fails, which undoes all: the fast way for rows that are expected to be
// right.
func (t *Tx) ImportAll(ctx context.Context, who *access.Viewer, e *meta.Entity, match *meta.Attr, rows []ImportRow) ([]ImportResult, error) {
	results := make([]ImportResult, len(rows))
	known, err := t.matches(ctx, e, match, rows)
	if err != nil {
		return nil, err
	}
	if err := t.resolve(ctx, who, rows); err != nil {
		return nil, err
	}
	for i := range rows {
		results[i] = ImportResult{Number: rows[i].Number}
		if err := t.importOne(ctx, who, e, &rows[i], known, &results[i]); err != nil {
			return nil, err
		}
	}
	return results, t.db.Flush(ctx)
}

func (t *Tx) importOne(ctx context.Context, who *access.Viewer, e *meta.Entity, row *ImportRow, known map[string]*Record, out *ImportResult) error {
	if old := known[row.Key]; old != nil && row.Key != "" {
		if err := t.engine.may(ctx, t.db, who, old, access.Update); err != nil {
			return err
		}
		now, err := t.change(ctx, who, old, row.Patch, 0)
		if err != nil {
			return err
		}
		known[row.Key], out.Record = now, now.ID()
		return nil
	}
	if err := t.engine.mayCreate(who, e); err != nil {
		return err
	}
	now, err := t.Save(ctx, who, row.Draft)
	if err != nil {
		return err
	}
	if row.Key != "" {
		known[row.Key] = now
	}
	out.Record, out.Created = now.ID(), true
	return nil
}

const lookupBatch = 256 // keys of one statement

// matches finds the records that rows are about, by the key of the match field, and locks them.
func (t *Tx) matches(ctx context.Context, e *meta.Entity, match *meta.Attr, rows []ImportRow) (map[string]*Record, error) {
	known := make(map[string]*Record, len(rows))
	if match == nil {
		return known, nil
	}
	var keys []string
	for _, row := range rows {
		if row.Key != "" {
			keys = append(keys, row.Key)
		}
	}
	l := t.engine.layout(e)
	err := lookup(ctx, t.db, keys, l.selects+" WHERE deleted = 0 AND "+match.Key+" IN (%s)", t.db.Dialect().Lock, func(r db.Row) {
		found := l.record(r)
		s, _ := found.Slots[match.At].(string)
		known[match.KeyOf(s)] = found
	})
	return known, err
}

// lookup runs a statement over texts in batches of one size, so that it is prepared once.
func lookup(ctx context.Context, q db.Querier, keys []string, text, tail string, do func(db.Row)) error {
	if len(keys) == 0 {
		return nil
	}
	marks := make([]string, lookupBatch)
	for i := range marks {
		marks[i] = arg(i + 1)
	}
	text = fmt.Sprintf(text, strings.Join(marks, ", ")) + tail
	for start := 0; start < len(keys); start += lookupBatch {
		args := make([]any, lookupBatch)
		for i := range args {
			args[i] = keys[min(start+i, len(keys)-1)]
		}
		err := db.Each(ctx, q, text, args, func(r db.Row) error {
			do(r)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// resolve finds the targets of links that are named by a text, all of one field in one statement. A text that no visible record has, or
// more than one, leaves a fault in the draft of its row.
func (t *Tx) resolve(ctx context.Context, who *access.Viewer, rows []ImportRow) error {
	wanted := map[*meta.Attr][]string{}
	for _, row := range rows {
		for _, l := range row.Links {
			wanted[l.By] = append(wanted[l.By], l.By.KeyOf(l.Text))
		}
	}
	found := map[*meta.Attr]map[string][]ident.ID{}
	for by, keys := range wanted {
		list, err := t.targetsByKey(ctx, who, by, keys)
		if err != nil {
			return err
		}
		found[by] = list
	}
	for i := range rows {
		for _, l := range rows[i].Links {
			t.link(&rows[i], l, found[l.By][l.By.KeyOf(l.Text)])
		}
	}
	return nil
}

func (t *Tx) targetsByKey(ctx context.Context, who *access.Viewer, by *meta.Attr, keys []string) (map[string][]ident.ID, error) {
	l := t.engine.layout(by.Entity)
	list := map[string][]ident.ID{}
	rows := who.Rows(by.Entity, access.Read)
	err := lookup(ctx, t.db, keys, l.selects+" WHERE deleted = 0 AND "+by.Key+" IN (%s)", "", func(row db.Row) {
		r := l.record(row)
		s, _ := r.Slots[by.At].(string)
		key := by.KeyOf(s)
		if rows.Pass(r.owned(0)) && (len(list[key]) == 0 || list[key][len(list[key])-1] != r.ID()) {
			list[key] = append(list[key], r.ID())
		}
	})
	return list, err
}

func (t *Tx) link(row *ImportRow, l ImportLink, targets []ident.ID) {
	switch len(targets) {
	case 0:
		row.Draft.Refuse(l.Field, "import.link_missing", "value", l.Text)
	case 1:
		id := targets[0]
		row.Patch[l.Field] = id.String()
		if a, ok := row.Draft.Entity().Attr(l.Field); ok && a.Width == 1 {
			row.Draft.New.Slots[a.At] = int64(id)
		} else {
			row.Draft.Set(l.Field, int64(id), l.By.Entity.Name)
		}
	default:
		row.Draft.Refuse(l.Field, "import.link_many", "value", l.Text, "n", len(targets))
	}
}

// Faults are what is wrong with a draft so far.
func (d *Draft) Faults() fault.List { return d.faults }
