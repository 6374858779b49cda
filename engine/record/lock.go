package record

import (
	"context"

	"ashna/engine/access"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/kit/ident"
)

// Lock reads a record on which the viewer has a right and keeps it as it is until the end of the transaction, for services that keep
// something beside it. What the viewer may not see is NotFound, what it may not do Denied, and a deleted record Conflict.
func (t *Tx) Lock(ctx context.Context, who *access.Viewer, e *meta.Entity, id ident.ID, right access.Right) (*Record, error) {
	return t.load(ctx, who, e, id, right)
}

// May says whether a viewer has a right on a record, deleted ones included for those who may delete: nil, NotFound when it may not see
// it, or Denied.
func (e *Engine) May(ctx context.Context, who *access.Viewer, entity *meta.Entity, id ident.ID, right access.Right) error {
	return e.db.Read(ctx, func(q db.Querier) error {
		r, err := e.fetch(ctx, q, entity, id, "")
		if err != nil {
			return err
		}
		if r == nil || r.Deleted() && !who.Can(entity, access.Delete) {
			return notFound()
		}
		return e.may(ctx, q, who, r, right)
	})
}
