package record

import (
	"context"
	"encoding/json"
	"fmt"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/custom"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/engine/schema"
	"ashna/engine/setting"
	"ashna/kit/text"
)

// CustomPrefix begins the name of every field and rule that is added to the catalog while the program runs, so that a later version of the
// program never collides with it.
const CustomPrefix = custom.Prefix

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
	settings, err := setting.Read(ctx, tx)
	if err != nil {
		return err
	}
	before, err := e.compile(settings, items, row.Int(0)-1)
	if err != nil {
		return err
	}
	part, name, err := custom.Check(before, &item)
	if err != nil {
		return err
	}
	body, err := json.Marshal(item)
	if err != nil {
		return fmt.Errorf("write catalog: %w", err)
	}
	after, err := e.compile(settings, custom.Replace(items, item, part, name), row.Int(0))
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
		part, name, err := custom.Check(e.Catalog(), &item)
		if err != nil {
			return err
		}
		after, err := e.compile(e.Settings(), custom.Replace(items, item, part, name), e.Catalog().Version+1)
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
