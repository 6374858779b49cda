package record

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/engine/row"
	"ashna/engine/search"
	"ashna/kit/fault"
)

// Items gives what was added to the catalog of a workspace while the program ran, as JSON: a backup carries it, so that a restore can make
// the tables.
func Items(ctx context.Context, d *db.DB) (json.RawMessage, error) {
	var items []meta.Item
	err := d.Read(ctx, func(q db.Querier) (err error) {
		items, err = readItems(ctx, q)
		return err
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(items)
}

// keptTables are not emptied to make room: they belong to the program, not to the workspace.
var keptTables = []string{"schema_version", "calendar_day"}

// MakeRoom empties a workspace that was just made and gives it the tables of a catalog with the given items, so that the rows of a backup can
// be written into it. A workspace that has users is refused.
func (e *Engine) MakeRoom(ctx context.Context, raw json.RawMessage) error {
	var items []meta.Item
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &items); err != nil {
			return fmt.Errorf("read the catalog of the backup: %w", err)
		}
	}
	return e.db.Write(ctx, func(tx *db.Tx) error {
		_, used, err := db.One(ctx, tx, "SELECT 1 FROM users LIMIT 1")
		if err != nil {
			return err
		}
		if used {
			return fault.New(fault.Conflict, "backup.not_empty")
		}
		tables, err := db.Columns(ctx, tx)
		if err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(tables)) {
			if slices.Contains(keptTables, name) {
				continue
			}
			if err := tx.Later(ctx, "DELETE FROM "+name); err != nil {
				return err
			}
		}
		catalog, err := e.compile(e.Settings(), items, 1)
		if err != nil {
			return err
		}
		return e.shape(ctx, tx, catalog)
	})
}

// Rebuild loads everything again after rows were written past the engine, and makes what a backup leaves out: the search index.
func (e *Engine) Rebuild(ctx context.Context) error {
	e.loading.Lock()
	err := e.load(ctx, nil)
	e.loading.Unlock()
	if err != nil {
		return err
	}
	for _, entity := range e.Catalog().Entities {
		if !row.Searchable(entity) {
			continue
		}
		if err := e.reindexAll(ctx, entity); err != nil {
			return fmt.Errorf("index %s: %w", entity.Plural, err)
		}
	}
	return nil
}

const rebuildBatch = 2_000

func (e *Engine) reindexAll(ctx context.Context, entity *meta.Entity) error {
	who := access.NewSystem(entity.Catalog(), e.Policy(), 0)
	l := e.layout(entity)
	last := int64(0)
	for {
		n := 0
		err := e.db.Write(ctx, func(tx *db.Tx) error {
			n = 0
			t := &Tx{engine: e, db: tx, who: who, via: change.ViaSystem, now: e.clock.Now()}
			var entries []search.Entry
			next := last
			err := db.Each(ctx, tx, l.selects+" WHERE id > $1 AND deleted = 0 ORDER BY id LIMIT $2", []any{last, int64(rebuildBatch)}, func(found db.Row) error {
				r := l.record(found)
				n++
				next = int64(r.ID())
				if t.found(r) {
					entries = append(entries, row.Entry(r, nil))
				}
				return nil
			})
			if err != nil {
				return err
			}
			tx.After(func() { last = next })
			return search.Put(ctx, tx, entries)
		})
		if err != nil || n == 0 {
			return err
		}
	}
}
