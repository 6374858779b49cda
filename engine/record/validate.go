package record

import (
	"context"
	"fmt"
	"strings"

	"ashna/engine/access"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/kit/fault"
	"ashna/kit/formula"
	"ashna/kit/ident"
)

// validate notes every bad field: required ones, links to what is not there, circles, rules of the catalog, and the scope of the viewer.
func (t *Tx) validate(ctx context.Context, who *access.Viewer, d *Draft) error {
	d.Required()
	if err := t.references(ctx, who, d); err != nil {
		return err
	}
	if err := t.circles(ctx, d); err != nil {
		return err
	}
	if err := t.checks(ctx, d); err != nil {
		return err
	}
	if err := t.inScope(ctx, who, d); err != nil {
		return err
	}
	return d.Faults().Or()
}

// inScope refuses a new record, or a part that moves to another parent, where the viewer may not make one.
func (t *Tx) inScope(ctx context.Context, who *access.Viewer, d *Draft) error {
	via := d.Entity().ParentVia
	moved := d.Old != nil && via != nil && !Same(via, d.Old, d.New)
	if who.System || d.Old != nil && !moved {
		return nil
	}
	rows := who.Rows(d.Entity(), access.Create)
	if moved {
		rows = who.Rows(d.Entity(), access.Update)
	}
	owned, err := t.ownedNow(ctx, d.New, rows)
	switch {
	case err != nil:
		return err
	case rows.Pass(owned):
	case via != nil && !d.Blamed(via.Name):
		d.Refuse(via.Name, "rights.scope")
	case via == nil:
		d.Refuse(meta.FieldOwner, "rights.scope")
	}
	return nil
}

// wantedLink is a link that a draft sets.
type wantedLink struct {
	field  string
	target *meta.Entity
	id     int64
}

// references checks in one statement that every new target exists, is not deleted and can be seen by the viewer. All three fail alike, so
// that a link does not tell what is hidden.
func (t *Tx) references(ctx context.Context, who *access.Viewer, d *Draft) error {
	links := t.newLinks(d)
	if err := t.know(ctx, links); err != nil {
		return err
	}
	for _, l := range links {
		target, found := t.known[l.id]
		found = found && target.entity.Name == l.target.Name
		if found {
			var err error
			if found, err = t.sees(ctx, who, l, target.owned); err != nil {
				return err
			}
		}
		switch {
		case !found:
			d.Refuse(l.field, "value.reference", "object", l.target.Name)
		case d.Entity().ParentVia != nil && d.Entity().ParentVia.Name == l.field:
			d.Belong(target.owned)
		}
	}
	return nil
}

// knownTarget is a live record that the transaction has seen, and who it belongs to.
type knownTarget struct {
	entity *meta.Entity
	owned  access.Owned
}

// know reads the targets that the transaction has not seen yet, and keeps them from being deleted before its end.
func (t *Tx) know(ctx context.Context, links []wantedLink) error {
	var b strings.Builder
	var args []any
	var asked []wantedLink
	for _, l := range links {
		if _, known := t.known[l.id]; known {
			continue
		}
		if len(asked) > 0 {
			b.WriteString(" UNION ALL ")
		}
		fmt.Fprintf(&b, "SELECT * FROM (SELECT %[1]d, owner, team, branch FROM %[2]s WHERE id = $%[3]d AND deleted = 0%[4]s) AS l%[3]d",
			len(asked), l.target.Table(), len(asked)+1, t.db.Dialect().LockLink)
		args = append(args, l.id)
		asked = append(asked, l)
	}
	if len(asked) == 0 {
		return nil
	}
	return db.Each(ctx, t.db, b.String(), args, func(r db.Row) error {
		l := asked[r.Int(0)]
		t.known[l.id] = knownTarget{l.target, access.Owned{Owner: r.Int(1), Team: r.Int(2), Branch: r.Int(3)}}
		return nil
	})
}

func (t *Tx) sees(ctx context.Context, who *access.Viewer, l wantedLink, o access.Owned) (bool, error) {
	rows := who.Rows(l.target, access.Read)
	if rows.Pass(o) {
		return true, nil
	}
	if len(rows.Principals) == 0 {
		return false, nil
	}
	share, err := t.engine.shareLevel(ctx, t.db, l.target, ident.ID(l.id), rows.Principals)
	o.Share = share
	return rows.Pass(o), err
}

// isLink says whether a field is kept as the key of another record.
func isLink(a *meta.Attr) bool {
	switch a.Kind.(type) {
	case meta.RefKind, meta.AnyRefKind:
		return true
	}
	return false
}

// newLinks lists the links that the draft sets or changes.
func (t *Tx) newLinks(d *Draft) []wantedLink {
	var links []wantedLink
	for _, a := range d.Entity().Fields {
		if !isLink(a) || a.System && a.Derived || !d.Differs(a) {
			continue
		}
		id, _ := d.New.Slots[a.At].(int64)
		name := ""
		switch k := a.Kind.(type) {
		case meta.RefKind:
			name = k.To
		case meta.AnyRefKind:
			name, _ = d.New.Slots[a.At+1].(string)
		}
		if id == 0 || name == "" {
			continue
		}
		target, ok := t.who.Catalog.Object(name)
		if !ok {
			d.Refuse(a.Name, "value.unknown_object", "object", name)
			continue
		}
		links = append(links, wantedLink{a.Name, target, id})
	}
	return links
}

const maxHierarchy = 1_000

// circles refuses a link of a hierarchy that leads back to the record.
func (t *Tx) circles(ctx context.Context, d *Draft) error {
	if d.Old == nil {
		return nil
	}
	for _, a := range d.Entity().Fields {
		ref, ok := a.Kind.(meta.RefKind)
		if !ok || !ref.Acyclic || !d.Changed(a.Name) {
			continue
		}
		parent := d.New.Link(a.Name)
		if parent == 0 {
			continue
		}
		if err := t.lockObject(ctx, d.Entity()); err != nil {
			return err
		}
		column, table := a.Columns[0], d.Entity().Table()
		text := "WITH RECURSIVE up(id, n) AS (SELECT $1" + t.intCast() + ", 0 UNION ALL SELECT t." + column + ", up.n + 1 FROM " + table +
			" AS t JOIN up ON t.id = up.id WHERE t." + column + " IS NOT NULL AND up.n < " + fmt.Sprint(maxHierarchy) +
			") SELECT count(*), coalesce(max(n), 0) FROM up WHERE id = $2 OR n = " + fmt.Sprint(maxHierarchy)
		row, _, err := db.One(ctx, t.db, text, int64(parent), int64(d.New.ID()))
		if err != nil {
			return err
		}
		if row.Int(0) > 0 {
			d.Refuse(a.Name, "value.cycle")
		}
	}
	return nil
}

// intCast gives the first argument of a recursive statement the type of a key where the database cannot tell.
func (t *Tx) intCast() string {
	return strings.TrimPrefix(t.db.Dialect().CastInt, "$%d")
}

// checks runs the validation rules and conditional requirements of the catalog.
func (t *Tx) checks(ctx context.Context, d *Draft) error {
	checks := d.Entity().Checks
	if len(checks) == 0 {
		return nil
	}
	env := t.engine.formulaEnv(t.who, nil)
	env.World = t.related(ctx)
	if d.Old != nil {
		env.Old = d.Old.Values()
	}
	r := d.New.Values()
	for _, c := range checks {
		ok, err := holds(c, env, r, d)
		if err != nil {
			return err
		}
		if !ok && !d.Blamed(c.Field) {
			d.Blame(&fault.Error{
				Kind: fault.Invalid, Key: c.Key, Field: c.Field, Params: fault.Params{"rule": c.Name, "labels": c.Labels},
			})
		}
	}
	return t.world.err
}

func holds(c meta.Check, env *formula.Env, r formula.Record, d *Draft) (bool, error) {
	if c.Where != nil {
		applies, err := c.Where.Holds(env, r)
		if err != nil || !applies {
			return true, err
		}
	}
	if c.Must == nil {
		return !d.New.Empty(c.Field), nil
	}
	return c.Must.Holds(env, r)
}

// world gives formulas the records around the one they belong to, read in the transaction.
type world struct {
	ctx context.Context
	tx  *Tx
	got map[int64]formula.Record
	err error
}

func (t *Tx) related(ctx context.Context) *world {
	t.world = &world{ctx: ctx, tx: t, got: map[int64]formula.Record{}}
	return t.world
}

// Get reads a related record once.
func (w *world) Get(object string, id int64) (formula.Record, bool) {
	if r, ok := w.got[id]; ok {
		return r, r.ID != 0
	}
	entity, ok := w.tx.who.Catalog.Object(object)
	if !ok {
		return formula.Record{}, false
	}
	r, err := w.tx.engine.fetch(w.ctx, w.tx.db, entity, ident.ID(id), "")
	if err != nil {
		w.err = err
	}
	if err != nil || r == nil || r.Deleted() {
		w.got[id] = formula.Record{}
		return formula.Record{}, false
	}
	w.got[id] = r.Values()
	return w.got[id], true
}

const maxInverse = 10_000

// Inverse reads the records whose link points to one.
func (w *world) Inverse(object, field string, id int64) []formula.Record {
	entity, ok := w.tx.who.Catalog.Object(object)
	if !ok {
		return nil
	}
	list, err := w.tx.Find(w.ctx, entity, field, id, maxInverse)
	if err != nil {
		w.err = err
		return nil
	}
	records := make([]formula.Record, len(list))
	for i, r := range list {
		records[i] = r.Values()
	}
	return records
}
