package record

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"ashna/engine/access"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

// Share is the right of a person, a team or a role on one record.
type Share struct {
	Principal ident.ID   `json:"principal"`
	Level     string     `json:"level"` // read or edit
	Until     *time.Time `json:"until,omitempty"`
	GrantedBy ident.ID   `json:"granted_by"`
	GrantedAt time.Time  `json:"granted_at"`
}

var shareLevels = map[string]int{"read": access.ShareRead, "edit": access.ShareEdit}

// Share gives a right on one record, with those that belong to it, until a moment or for good. Whoever may change a record may share it.
func (t *Tx) Share(ctx context.Context, who *access.Viewer, e *meta.Entity, id ident.ID, s Share) error {
	r, err := t.load(ctx, who, e, id, access.Update)
	if err != nil {
		return err
	}
	level, ok := shareLevels[s.Level]
	if !ok {
		return fault.At("level", "value.choice", "value", s.Level)
	}
	if err := t.principal(ctx, s.Principal); err != nil {
		return err
	}
	var until any
	if s.Until != nil {
		if !s.Until.After(t.now) {
			return fault.At("until", "value.min", "min", t.now.Format(time.RFC3339))
		}
		until = s.Until.UnixMicro()
	}
	t.shared = true
	err = t.family(ctx, r, func(object string, record ident.ID) error {
		return t.db.Later(ctx, "INSERT INTO record_share (object, principal, record, until, level, granted_by, granted_at) VALUES ($1, $2, $3, $4, $5, $6, $7) "+
			"ON CONFLICT (object, principal, record) DO UPDATE SET until = excluded.until, level = excluded.level",
			object, int64(s.Principal), int64(record), until, int64(level), int64(t.who.User), t.now.UnixMicro())
	})
	if err != nil {
		return err
	}
	return t.shareEvent(e, id, "share", s)
}

// Unshare takes a right on one record away.
func (t *Tx) Unshare(ctx context.Context, who *access.Viewer, e *meta.Entity, id, principal ident.ID) error {
	r, err := t.load(ctx, who, e, id, access.Update)
	if err != nil {
		return err
	}
	err = t.family(ctx, r, func(object string, record ident.ID) error {
		return t.db.Later(ctx, "DELETE FROM record_share WHERE object = $1 AND principal = $2 AND record = $3", object, int64(principal), int64(record))
	})
	if err != nil {
		return err
	}
	return t.shareEvent(e, id, "unshare", Share{Principal: principal})
}

func (t *Tx) shareEvent(e *meta.Entity, id ident.ID, event string, s Share) error {
	fields, err := json.Marshal(map[string]any{"event": event, "principal": s.Principal, "level": s.Level, "until": s.Until})
	if err != nil {
		return fmt.Errorf("log share: %w", err)
	}
	t.Event(e.Name, id, fields)
	return nil
}

// principal checks that a share goes to a user, a team or a role.
func (t *Tx) principal(ctx context.Context, id ident.ID) error {
	_, found, err := db.One(ctx, t.db, "SELECT 1 FROM users WHERE id = $1 AND deleted = 0 UNION ALL SELECT 1 FROM teams WHERE id = $1 AND deleted = 0 "+
		"UNION ALL SELECT 1 FROM roles WHERE id = $1 AND deleted = 0", int64(id))
	if err != nil {
		return err
	}
	if !found {
		return fault.At("principal", "value.reference", "object", meta.ObjectUser)
	}
	return nil
}

// Shares lists who has a right on a record besides those whose roles give it.
func (e *Engine) Shares(ctx context.Context, who *access.Viewer, entity *meta.Entity, id ident.ID) ([]Share, error) {
	if _, err := e.Get(ctx, who, entity, id, nil); err != nil {
		return nil, err
	}
	list := []Share{}
	err := e.db.Read(ctx, func(q db.Querier) error {
		text := "SELECT principal, level, until, granted_by, granted_at FROM record_share WHERE object = $1 AND record = $2 ORDER BY granted_at, principal LIMIT 1000"
		return db.Each(ctx, q, text, []any{entity.Name, int64(id)}, func(r db.Row) error {
			s := Share{Principal: ident.ID(r.Int(0)), Level: "read", GrantedBy: ident.ID(r.Int(3)), GrantedAt: time.UnixMicro(r.Int(4)).UTC()}
			if r.Int(1) == access.ShareEdit {
				s.Level = "edit"
			}
			if r[2] != nil {
				until := time.UnixMicro(r.Int(2)).UTC()
				s.Until = &until
			}
			list = append(list, s)
			return nil
		})
	})
	return list, err
}
