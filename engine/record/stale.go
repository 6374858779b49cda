package record

import (
	"context"
	"errors"
	"strings"

	"ashna/engine/access"
	"ashna/engine/db"
	"ashna/engine/schema"
	"ashna/engine/setting"
	"ashna/kit/fault"
)

// ErrStale is inside the Unavailable fault of a write whose viewer has an older catalog than the database, where that matters: a formula,
// a roll-up, an order or the search is kept otherwise now. Nothing was written; Fresh tries again with the catalog as it is.
var ErrStale = errors.New("the catalog changed meanwhile")

// holdShape takes the lock between those who write records ("_shared") and those who change what every writer has to keep (""): a change
// of the catalog waits for writes that run, and they for it. A database with one writer needs none.
func holdShape(ctx context.Context, tx *db.Tx, mode string) error {
	if !tx.Dialect().Lateral {
		return nil
	}
	return tx.Later(ctx, "SELECT pg_advisory_xact_lock"+mode+"(4713, hashtext(current_schema()))")
}

// upToDate refuses a write under an older catalog that would leave something wrong. The lock of the shape is held, so the answer stays true
// until the commit.
func (t *Tx) upToDate(ctx context.Context, version int64) error {
	if version == t.who.Catalog.Version {
		return nil
	}
	settings, err := setting.Read(ctx, t.db)
	if err != nil {
		return err
	}
	now, err := t.engine.readCatalog(ctx, t.db, settings, version)
	if err != nil {
		return err
	}
	if settings.Language != t.sorts || !schema.KeptAlike(t.who.Catalog, now) {
		return fault.Wrap(fault.Unavailable, "catalog.stale", ErrStale)
	}
	return nil
}

// Fresh runs do for a viewer. When do meets a name that is unknown, or a catalog that changed meanwhile, the engine takes over what other
// processes changed; if that brings another catalog, do runs once more, with what the viewer may do now. Do must have no effect when it
// fails.
func (e *Engine) Fresh(ctx context.Context, who *access.Viewer, do func(who *access.Viewer) error) error {
	err := do(who)
	if err == nil || !perhapsStale(err) {
		return err
	}
	if e.Refresh(ctx) != nil || e.Catalog().Version == who.Catalog.Version {
		return err
	}
	again, renewed := e.System(who.User), error(nil)
	if !who.System {
		again, renewed = e.Viewer(who.User, who.Scopes())
	}
	if renewed != nil {
		return renewed
	}
	return do(again)
}

func perhapsStale(err error) bool {
	if errors.Is(err, ErrStale) {
		return true
	}
	for _, f := range fault.All(err) {
		switch {
		case f.Key == "value.unknown_field", f.Key == "value.unknown_object", strings.HasPrefix(f.Key, "formula.unknown"):
			return true
		}
	}
	return false
}
