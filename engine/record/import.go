package record

import (
	"context"
	"fmt"
	"maps"
	"slices"
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
	Parts  []string   // addresses of which the row has some parts only: the others of a record that exists stay
	faults fault.List // of links
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

// PrepareImport parses and checks a row. Match is the field that finds an existing record, nil for new records only. A row that does not
// have the field, or has it empty, is about no record that exists; a default of the field does not count.
func (e *Engine) PrepareImport(who *access.Viewer, entity *meta.Entity, number int, patch Patch, match *meta.Attr, links []ImportLink) ImportRow {
	row := ImportRow{Number: number, Patch: patch, Draft: e.Draft(who, entity, patch)}
	env := e.state.Load().env
	if match != nil {
		row.Key = keyOf(env, match, patch, row.Draft)
	}
	for _, l := range links {
		row.want(env, who, l)
	}
	return row
}

// keyOf gives the comparison key of what a row has for a field, also when the viewer may only read the field.
func keyOf(env *meta.Env, match *meta.Attr, patch Patch, d *Draft) string {
	in, given := patch[match.Name]
	if !given {
		return ""
	}
	s, ok := d.New.Slots[match.At].(string)
	if !ok {
		slots, err := match.Kind.Parse(env, in)
		if err != nil || len(slots) == 0 {
			return ""
		}
		if s, ok = slots[0].(string); !ok {
			return ""
		}
	}
	return match.KeyOf(s)
}

// want takes a link over with its text in the form that the field of the target keeps: a telephone number may be written in any way.
func (r *ImportRow) want(env *meta.Env, who *access.Viewer, l ImportLink) {
	if a, ok := r.Draft.Entity().Attr(l.Field); !ok || !who.Writable(a) {
		r.Refuse(fault.At(l.Field, "value.read_only"))
		return
	}
	slots, err := l.By.Kind.Parse(env, l.Text)
	if one := fault.Of(err); one != nil {
		r.Refuse(one.In(l.Field))
		return
	}
	if text, ok := slots[0].(string); ok && err == nil {
		l.Text = text
		r.Links = append(r.Links, l)
	}
}

// Refuse notes what is wrong with a row, whether it makes a record or changes one.
func (r *ImportRow) Refuse(f *fault.Error) {
	r.faults = append(r.faults, f)
	r.Draft.Blame(f)
}

// Import writes rows: those whose key is found change the record, others make one. Each row passes rights, rules, validation and log like
// any other write. A row that fails is left out and says why; the transaction goes on.
func (t *Tx) Import(ctx context.Context, who *access.Viewer, e *meta.Entity, match *meta.Attr, rows []ImportRow) ([]ImportResult, error) {
	rows, known, err := t.startImport(ctx, who, e, match, rows)
	if err != nil {
		return nil, err
	}
	results := make([]ImportResult, len(rows))
	for i, row := range rows {
		results[i] = ImportResult{Number: row.Number}
		var now *Record
		err := t.Try(ctx, func() (err error) {
			now, err = t.importOne(ctx, who, e, row, known[row.Key])
			return err
		})
		switch {
		case err == nil:
			results[i].took(now, row, known)
		case len(fault.All(err)) == 0 || fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Full):
			return nil, err
		default:
			results[i].Err = err
		}
	}
	return results, nil
}

// took notes the record that came of a row, so that a later row with the same key finds it.
func (r *ImportResult) took(now *Record, row ImportRow, known map[string]*Record) {
	r.Record = now.ID()
	r.Created = row.Key == "" || known[row.Key] == nil
	if row.Key != "" {
		known[row.Key] = now
	}
}

// startImport checks the right to import, finds what the rows are about and what they link to. It gives rows of its own: the transaction
// may run again with those it got.
func (t *Tx) startImport(ctx context.Context, who *access.Viewer, e *meta.Entity, match *meta.Attr, rows []ImportRow) ([]ImportRow, map[string]*Record, error) {
	if err := t.engine.mayDo(who, e, access.Import); err != nil {
		return nil, nil, err
	}
	rows = slices.Clone(rows)
	for i := range rows {
		rows[i].Patch, rows[i].Draft = maps.Clone(rows[i].Patch), rows[i].Draft.Copy()
	}
	known, err := t.matches(ctx, who, e, match, rows)
	if err != nil {
		return nil, nil, err
	}
	return rows, known, t.resolve(ctx, who, rows)
}

// ImportAll writes rows like Import but stops at the first that fails, which undoes all: the fast way for rows that are expected to be
// right.
func (t *Tx) ImportAll(ctx context.Context, who *access.Viewer, e *meta.Entity, match *meta.Attr, rows []ImportRow) ([]ImportResult, error) {
	rows, known, err := t.startImport(ctx, who, e, match, rows)
	if err != nil {
		return nil, err
	}
	results := make([]ImportResult, len(rows))
	for i, row := range rows {
		now, err := t.importOne(ctx, who, e, row, known[row.Key])
		if err != nil {
			return nil, err
		}
		results[i].Number = row.Number
		results[i].took(now, row, known)
	}
	return results, t.db.Flush(ctx)
}

// importOne writes one row into the record that it is about, or makes one.
func (t *Tx) importOne(ctx context.Context, who *access.Viewer, e *meta.Entity, row ImportRow, old *Record) (*Record, error) {
	if old == nil || row.Key == "" {
		if err := t.engine.mayCreate(who, e); err != nil {
			return nil, err
		}
		return t.Save(ctx, who, row.Draft)
	}
	if err := t.engine.may(ctx, t.db, who, old, access.Update); err != nil {
		return nil, err
	}
	if err := row.faults.Or(); err != nil {
		return nil, err
	}
	for _, field := range row.Parts {
		row.Patch[field] = completed(old, field, row.Patch[field])
	}
	return t.change(ctx, who, old, row.Patch, 0)
}

// completed gives the parts of an address that a row has together with those that the record has beside.
func completed(old *Record, field string, in any) any {
	given, ok := in.(map[string]any)
	a, known := old.Entity.Attr(field)
	if !ok || !known {
		return in
	}
	all := make(map[string]any, len(meta.AddressParts))
	for i, part := range meta.AddressParts {
		if s, ok := old.Slots[a.At+i].(string); ok {
			all[part] = s
		}
	}
	maps.Copy(all, given)
	return all
}

const lookupBatch = 256 // keys of one statement

// matches finds the records that rows are about, by the key of the match field, and locks them. Of several the oldest counts; one that the
// viewer may not see is none.
func (t *Tx) matches(ctx context.Context, who *access.Viewer, e *meta.Entity, match *meta.Attr, rows []ImportRow) (map[string]*Record, error) {
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
	var found []*Record
	err := lookup(ctx, t.db, keys, l.selects+" WHERE deleted = 0 AND "+match.Key+" IN (%s) ORDER BY id", t.db.Dialect().Lock, func(r db.Row) {
		found = append(found, l.record(r))
	})
	for _, r := range found {
		s, _ := r.Slots[match.At].(string)
		key := match.KeyOf(s)
		switch err := t.engine.may(ctx, t.db, who, r, access.Read); {
		case fault.Is(err, fault.NotFound):
		case err != nil:
			return nil, err
		case known[key] == nil:
			known[key] = r
		}
	}
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
	owned := map[ident.ID]access.Owned{}
	err := lookup(ctx, t.db, keys, l.selects+" WHERE deleted = 0 AND "+by.Key+" IN (%s)", "", func(row db.Row) {
		r := l.record(row)
		s, _ := r.Slots[by.At].(string)
		key := by.KeyOf(s)
		if !slices.Contains(list[key], r.ID()) {
			list[key] = append(list[key], r.ID())
			owned[r.ID()] = r.Owned(0)
		}
	})
	if err != nil || rows.All {
		return list, err
	}
	for key, ids := range list {
		var seen []ident.ID
		for _, id := range ids {
			ok, err := t.sees(ctx, who, wantedLink{target: by.Entity, id: int64(id)}, owned[id])
			if err != nil {
				return nil, err
			}
			if ok {
				seen = append(seen, id)
			}
		}
		list[key] = seen
	}
	return list, nil
}

func (t *Tx) link(row *ImportRow, l ImportLink, targets []ident.ID) {
	switch len(targets) {
	case 0:
		row.Refuse(fault.At(l.Field, "import.link_missing", "value", l.Text))
	case 1:
		id := targets[0]
		if a, ok := row.Draft.Entity().Attr(l.Field); ok && a.Width == 1 {
			row.Patch[l.Field] = id.String()
			row.Draft.Set(l.Field, int64(id))
		} else {
			row.Patch[l.Field] = l.By.Entity.Name + ":" + id.String()
			row.Draft.Set(l.Field, int64(id), l.By.Entity.Name)
		}
	default:
		row.Refuse(fault.At(l.Field, "import.link_many", "value", l.Text, "n", len(targets)))
	}
}
