package record

import (
	"context"
	"encoding/json"
	"fmt"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/engine/setting"
	"ashna/kit/text"
)

// Settings are those of the workspace; people have their own for what they see.
type Settings = setting.Settings

// DefaultSettings are those of a new workspace, by language.
func DefaultSettings(language string) Settings { return setting.Default(language) }

// SaveSettings changes the settings of the workspace. The base currency cannot change once there are records with money.
func (e *Engine) SaveSettings(ctx context.Context, who *access.Viewer, s Settings) error {
	if err := who.Require(access.Settings); err != nil {
		return err
	}
	if err := s.Check(); err != nil {
		return err
	}
	if err := e.db.Write(ctx, func(tx *db.Tx) error { return e.saveSettings(ctx, tx, who, s) }); err != nil {
		return err
	}
	e.takeOver(ctx)
	return nil
}

// saveSettings writes the settings, and all order keys again when the language is another. No record is written meanwhile.
func (e *Engine) saveSettings(ctx context.Context, tx *db.Tx, who *access.Viewer, s Settings) error {
	if err := holdShape(ctx, tx, ""); err != nil {
		return err
	}
	before, err := setting.Read(ctx, tx)
	if err != nil {
		return err
	}
	if s.Currency != before.Currency {
		if err := setting.NoMoney(ctx, tx, e.Catalog()); err != nil {
			return err
		}
	}
	if s.Language != before.Language {
		if err := raise(ctx, tx, epochCatalog); err != nil {
			return err
		}
		if err := e.reorder(ctx, tx, text.NewCollation(s.Language).Key); err != nil {
			return fmt.Errorf("order anew: %w", err)
		}
	}
	value, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	old, err := json.Marshal(before)
	if err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	if err := setting.Write(ctx, tx, s); err != nil {
		return err
	}
	if err := raise(ctx, tx, epochSettings); err != nil {
		return err
	}
	c := e.changeOf(who, change.ViaSystem)
	c.Object, c.Op = "setting", change.Event
	c.Fields = json.RawMessage(`{"event":"settings","before":` + string(old) + `,"after":` + string(value) + `}`)
	return change.Append(ctx, tx, []change.Change{c})
}
