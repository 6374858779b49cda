package record

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/engine/schema"
	"ashna/kit/fault"
	"ashna/kit/text"
)

// Parts of the catalog that are made while the program runs.
const (
	partObject = "object"
	partField  = "field"
	partRule   = "rule"
)

// CustomPrefix begins the name of every field and rule that is added to the catalog while the program runs, so that a later version of the
// program never collides with it.
const CustomPrefix = "c_"

func readItems(ctx context.Context, q db.Querier) ([]meta.Item, error) {
	var items []meta.Item
	err := db.Each(ctx, q, "SELECT body FROM catalog_item ORDER BY id", nil, func(r db.Row) error {
		var item meta.Item
		if err := json.Unmarshal([]byte(r.Text(0)), &item); err != nil {
			return fmt.Errorf("read catalog: %w", err)
		}
		items = append(items, item)
		return nil
	})
	return items, err
}

// ChangeCatalog adds or changes one custom object, field or rule, or a shipped one as far as that is allowed: tables, catalog and log in one
// transaction, while others read and write. The names of custom fields and rules begin with "c_". Unique values that occur twice already are
// a Conflict.
func (e *Engine) ChangeCatalog(ctx context.Context, who *access.Viewer, via change.Via, item meta.Item) error {
	if err := who.Require(access.Catalog); err != nil {
		return err
	}
	err := e.db.Write(ctx, func(tx *db.Tx) error { return e.changeCatalog(ctx, tx, who, via, item) })
	if err != nil {
		return e.explain(who.Catalog, err)
	}
	e.takeOver(ctx)
	return nil
}

// changeCatalog takes the lock of the catalog, so that changes of two processes follow each other and both stay.
func (e *Engine) changeCatalog(ctx context.Context, tx *db.Tx, who *access.Viewer, via change.Via, item meta.Item) error {
	if err := holdShape(ctx, tx, ""); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "UPDATE epoch SET value = value + 1 WHERE name = $1", epochCatalog); err != nil {
		return err
	}
	row, _, err := db.One(ctx, tx, "SELECT value FROM epoch WHERE name = $1", epochCatalog)
	if err != nil {
		return err
	}
	items, err := readItems(ctx, tx)
	if err != nil {
		return err
	}
	settings, err := readSettings(ctx, tx)
	if err != nil {
		return err
	}
	before, err := e.compile(settings, items, row.Int(0)-1)
	if err != nil {
		return err
	}
	part, name, err := checkItem(before, &item)
	if err != nil {
		return err
	}
	body, err := json.Marshal(item)
	if err != nil {
		return fmt.Errorf("write catalog: %w", err)
	}
	after, err := e.compile(settings, replaceItem(items, item, part, name), row.Int(0))
	if err != nil {
		return err
	}
	if err := e.shape(ctx, tx, after); err != nil {
		return err
	}
	if err := e.fillKeys(ctx, tx, before, after, text.NewCollation(settings.Language).Key); err != nil {
		return err
	}
	if err := tx.Later(ctx, "INSERT INTO catalog_item (id, object, part, name, body, version) VALUES ($1, $2, $3, $4, $5, $6) "+
		"ON CONFLICT (object, part, name) DO UPDATE SET body = excluded.body, version = excluded.version",
		int64(e.ids.Next()), item.Object, part, name, string(body), row.Int(0)); err != nil {
		return err
	}
	c := e.changeOf(who, via)
	c.Object, c.Op, c.Version = item.Object, change.Schema, row.Int(0)
	c.Fields = json.RawMessage(`{"part":"` + part + `","name":"` + name + `","after":` + string(body) + `}`)
	return change.Append(ctx, tx, []change.Change{c})
}

// replaceItem gives the items with one put in the place of its earlier form.
func replaceItem(items []meta.Item, item meta.Item, part, name string) []meta.Item {
	out := slices.Clone(items)
	for i := range out {
		if p, n := identify(&out[i]); p == part && n == name && out[i].Object == item.Object {
			out[i] = item
			return out
		}
	}
	return append(out, item)
}

func identify(item *meta.Item) (part, name string) {
	switch {
	case item.Define != nil:
		item.Object = item.Define.Name
		return partObject, item.Define.Name
	case item.Field != nil:
		return partField, item.Field.Name
	case item.Rule != nil:
		return partRule, item.Rule.Name
	}
	return "", ""
}

// checkItem says what an item is about and refuses what would lose data or break what ships.
func checkItem(c *meta.Catalog, item *meta.Item) (part, name string, err error) {
	part, name = identify(item)
	entity, exists := c.Object(item.Object)
	switch {
	case part == "":
		return "", "", fault.New(fault.Invalid, "request.body")
	case part == partObject:
		item.Define.Custom = !exists || entity.Object.Custom
		return part, name, checkObject(entity, item.Define)
	case !exists || entity.Internal:
		return "", "", fault.New(fault.NotFound, "value.unknown_object", "object", item.Object)
	case part == partRule:
		return part, name, checkCustomName(name, slices.ContainsFunc(entity.Rules, func(r meta.Rule) bool { return r.Name == name }), "name")
	}
	return part, name, checkField(entity, item.Field)
}

func checkObject(old *meta.Entity, o *meta.Object) error {
	if old == nil {
		if len(o.Fields) > 0 || o.Parent != "" {
			return fault.At("fields", "value.read_only")
		}
		return nil
	}
	if old.Internal || o.Plural != old.Plural {
		return fault.At("plural", "catalog.shipped")
	}
	return nil
}

func checkCustomName(name string, exists bool, field string) error {
	if !exists && !strings.HasPrefix(name, CustomPrefix) {
		return fault.At(field, "catalog.prefix", "prefix", CustomPrefix)
	}
	return nil
}

// checkField refuses a new name without the prefix and another kind for a field that holds values.
func checkField(entity *meta.Entity, f *meta.Field) error {
	old := declared(entity, f.Name)
	if old == nil {
		f.Custom = true
		if f.Kind == nil {
			return fault.At("kind", "value.required")
		}
		return checkCustomName(f.Name, entity.Object.Custom, "name")
	}
	f.Custom = old.Custom
	if f.Kind == nil {
		f.Kind = old.Kind
	}
	if f.Kind.Type() != old.Kind.Type() {
		return fault.At("kind", "catalog.kind_change")
	}
	if !old.Custom && f.Retired {
		return fault.At("retired", "catalog.shipped")
	}
	return sameStorage(old.Kind, f.Kind)
}

// sameStorage refuses a change of settings after which stored values would mean something else.
func sameStorage(old, now meta.Kind) error {
	a, isNumber := old.(meta.NumberKind)
	b, _ := now.(meta.NumberKind)
	if isNumber && a.Decimals != b.Decimals {
		return fault.At("kind", "catalog.kind_change")
	}
	x, isLink := old.(meta.RefKind)
	y, _ := now.(meta.RefKind)
	if isLink && x.To != y.To {
		return fault.At("kind", "catalog.kind_change")
	}
	if missing := missingOptions(optionsOf(old), optionsOf(now)); missing != "" {
		return fault.At("kind.options", "catalog.option_gone", "value", missing)
	}
	return nil
}

func optionsOf(k meta.Kind) []meta.Option {
	switch k := k.(type) {
	case meta.ChoiceKind:
		return k.Options
	case meta.MultiChoiceKind:
		return k.Options
	}
	return nil
}

// missingOptions names an option that is gone: options are retired, not removed, because records use them.
func missingOptions(old, now []meta.Option) string {
	for _, o := range old {
		if !slices.ContainsFunc(now, func(n meta.Option) bool { return n.Code == o.Code }) {
			return o.Code
		}
	}
	return ""
}

func declared(entity *meta.Entity, name string) *meta.Field {
	for i := range entity.Object.Fields {
		if entity.Object.Fields[i].Name == name {
			return &entity.Object.Fields[i]
		}
	}
	return nil
}

func sameKind(a, b meta.Kind) bool {
	x, errX := meta.MarshalKind(a)
	y, errY := meta.MarshalKind(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// Preview gives the statements that a change of the catalog would run, in words, without running them.
func (e *Engine) Preview(ctx context.Context, who *access.Viewer, item meta.Item) ([]string, error) {
	if err := who.Require(access.Catalog); err != nil {
		return nil, err
	}
	var words []string
	err := e.db.Read(ctx, func(q db.Querier) error {
		items, err := readItems(ctx, q)
		if err != nil {
			return err
		}
		part, name, err := checkItem(e.Catalog(), &item)
		if err != nil {
			return err
		}
		after, err := e.compile(e.Settings(), replaceItem(items, item, part, name), e.Catalog().Version+1)
		if err != nil {
			return err
		}
		found, err := schema.Inspect(ctx, q)
		if err != nil {
			return err
		}
		plan := schema.Plan(q.Dialect(), found, after, func(x *meta.Entity) []schema.Index { return wantedIndexes(x, q.Dialect()) })
		for _, s := range plan {
			words = append(words, s.Words)
		}
		return nil
	})
	return words, err
}
