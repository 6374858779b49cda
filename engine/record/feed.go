package record

import (
	"context"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/engine/row"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

// Changes gives the changes after a seq that the viewer may see, oldest first, and the seq to go on from. A change of a record that is
// hidden from the viewer is passed over; the seq goes on.
func (e *Engine) Changes(ctx context.Context, who *access.Viewer, after int64, limit int) ([]change.Change, int64, error) {
	var out []change.Change
	next := after
	err := e.db.Read(ctx, func(q db.Querier) error {
		list, err := change.Since(ctx, q, after, limit)
		if err != nil {
			return err
		}
		seen := map[ident.ID]bool{}
		for _, c := range list {
			next = c.Seq
			ok, err := e.seesChange(ctx, q, who, c, seen)
			if err != nil {
				return err
			}
			if entity, known := who.Catalog.Object(c.Object); ok && known {
				c.Fields = row.Mask(who, entity, c)
			}
			if ok {
				out = append(out, c)
			}
		}
		return nil
	})
	return out, next, err
}

// seesChange says whether a viewer may see a change: that of a record it may see, or one of the platform when it manages the log.
func (e *Engine) seesChange(ctx context.Context, q db.Querier, who *access.Viewer, c change.Change, seen map[ident.ID]bool) (bool, error) {
	if who.System || who.Manages(access.Log) && who.IsOwner() {
		return true, nil
	}
	if c.Op == change.Event || c.Op == change.Schema {
		return who.Manages(access.Log), nil
	}
	entity, ok := who.Catalog.Object(c.Object)
	if !ok || !who.Object(entity) {
		return false, nil
	}
	if who.Rows(entity, access.Read).All {
		return true, nil
	}
	if ok, known := seen[c.Record]; known {
		return ok, nil
	}
	r, err := e.fetch(ctx, q, entity, c.Record, "")
	if err != nil {
		return false, err
	}
	if r == nil {
		seen[c.Record] = false
		return false, nil
	}
	err = e.may(ctx, q, who, r, access.Read)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return false, err
	}
	seen[c.Record] = err == nil
	return err == nil, nil
}
