package record

import (
	"context"
	"encoding/json"
	"fmt"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/engine/query"
	"ashna/engine/schema"
	"ashna/engine/search"
	"ashna/engine/setting"
)

// SchemaVersion is the version of the tables that this program works with.
const SchemaVersion = 1

// migrations are the tables that no object has. They only grow: a change is a new entry at the end.
func (e *Engine) migrations() []db.Migration {
	return []db.Migration{
		{Version: SchemaVersion, Name: "ground", Statements: e.ground},
	}
}

func (e *Engine) ground(d *db.Dialect) []string {
	list := []string{
		`CREATE TABLE epoch (name ` + d.Text + ` PRIMARY KEY, value ` + d.Int + ` NOT NULL)`,
		`INSERT INTO epoch (name, value) VALUES ('catalog', 1), ('policy', 1), ('settings', 1)`,
		`CREATE TABLE setting (name ` + d.Text + ` PRIMARY KEY, value ` + d.Text + ` NOT NULL)`,
		`CREATE TABLE catalog_item (id ` + d.Key + `, object ` + d.Text + ` NOT NULL, part ` + d.Text + ` NOT NULL, name ` + d.Text +
			` NOT NULL, body ` + d.Text + ` NOT NULL, version ` + d.Int + ` NOT NULL, UNIQUE (object, part, name))`,
		`CREATE TABLE record_share (object ` + d.Text + ` NOT NULL, principal ` + d.Int + ` NOT NULL, record ` + d.Int + ` NOT NULL, until ` + d.Int +
			`, level ` + d.Int + ` NOT NULL, granted_by ` + d.Int + ` NOT NULL, granted_at ` + d.Int + ` NOT NULL, PRIMARY KEY (object, principal, record))`,
		`CREATE INDEX record_share_by_record ON record_share (object, record)`,
		`CREATE TABLE follower (object ` + d.Text + ` NOT NULL, member ` + d.Int + ` NOT NULL, record ` + d.Int +
			` NOT NULL, PRIMARY KEY (object, member, record))`,
		`CREATE TABLE idempotency (id ` + d.Text + ` PRIMARY KEY, at ` + d.Int + ` NOT NULL, request ` + d.Text + ` NOT NULL, status ` + d.Int +
			` NOT NULL, answer ` + d.Text + `)`,
		`CREATE INDEX idempotency_by_at ON idempotency (at)`,
		`CREATE TABLE numbering (object ` + d.Text + ` NOT NULL, field ` + d.Text + ` NOT NULL, year ` + d.Int + ` NOT NULL, next ` + d.Int +
			` NOT NULL, PRIMARY KEY (object, field, year))`,
		`CREATE TABLE calendar_day (day ` + d.Key + `, gy ` + d.Int + ` NOT NULL, gm ` + d.Int + ` NOT NULL, gd ` + d.Int + ` NOT NULL, jy ` + d.Int +
			` NOT NULL, jm ` + d.Int + ` NOT NULL, jd ` + d.Int + ` NOT NULL)`,
	}
	list = append(list, change.Tables(d)...)
	list = append(list, search.Tables(d)...)
	if e.tables != nil {
		list = append(list, e.tables(d)...)
	}
	return list
}

// sync brings the tables of the objects to the catalog, under the lock of the catalog so that processes that start together do not race.
func (e *Engine) sync(ctx context.Context) error {
	return e.db.Write(ctx, func(tx *db.Tx) error {
		if err := holdShape(ctx, tx, ""); err != nil {
			return err
		}
		settings, err := setting.Read(ctx, tx)
		if err != nil {
			return err
		}
		catalog, err := e.readCatalog(ctx, tx, settings, 0)
		if err != nil {
			return err
		}
		return e.shape(ctx, tx, catalog)
	})
}

// shape makes what the catalog wants and the database does not have.
func (e *Engine) shape(ctx context.Context, tx *db.Tx, c *meta.Catalog) error {
	found, err := schema.Inspect(ctx, tx)
	if err != nil {
		return err
	}
	return schema.Apply(ctx, tx, schema.Plan(tx.Dialect(), found, c, func(entity *meta.Entity) []schema.Index {
		return wantedIndexes(entity, tx.Dialect())
	}))
}

func wantedIndexes(entity *meta.Entity, d *db.Dialect) []schema.Index {
	var list []schema.Index
	for _, i := range query.Indexes(entity) {
		list = append(list, schema.Index{Name: i.Name, Text: i.Create(entity, d)})
	}
	return list
}

// seed fills what a new workspace starts with: the days of the calendars and the shipped roles.
func (e *Engine) seed(ctx context.Context) error {
	if e.Policy() != nil {
		if _, ok := e.Policy().RoleByCode(access.RoleOwner); ok {
			return nil
		}
	}
	if err := e.seedSettings(ctx); err != nil {
		return fmt.Errorf("write the first settings: %w", err)
	}
	if err := e.db.Write(ctx, func(tx *db.Tx) error { return setting.SeedDays(ctx, tx) }); err != nil {
		return fmt.Errorf("fill calendar: %w", err)
	}
	who := e.System(0)
	entity, _ := who.Catalog.Object(meta.ObjectRole)
	err := e.Write(ctx, who, change.ViaSystem, func(tx *Tx) error {
		if err := lockSeed(ctx, tx.db); err != nil {
			return err
		}
		shipped := access.Shipped()
		for _, code := range []string{access.RoleOwner, access.RoleAdministrator, access.RoleManager, access.RoleMember, access.RoleViewer} {
			if err := tx.db.Flush(ctx); err != nil {
				return err
			}
			_, found, err := db.One(ctx, tx.db, "SELECT 1 FROM roles WHERE code = $1 AND deleted = 0", code)
			if err != nil || found {
				return err
			}
			if _, err := tx.Create(ctx, who, entity, Patch{"code": code, "name": code, "rights": json.RawMessage(shipped[code].String())}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("make the shipped roles: %w", err)
	}
	return e.reload(ctx)
}

// lockSeed lets one process at a time make the shipped roles.
func lockSeed(ctx context.Context, tx *db.Tx) error {
	_, err := tx.Exec(ctx, "UPDATE epoch SET value = value WHERE name = $1", epochPolicy)
	return err
}

// seedSettings writes the settings of a new workspace by its language.
func (e *Engine) seedSettings(ctx context.Context) error {
	return e.db.Write(ctx, func(tx *db.Tx) error {
		if err := setting.WriteFirst(ctx, tx, DefaultSettings(e.language)); err != nil {
			return err
		}
		return raise(ctx, tx, epochSettings)
	})
}
