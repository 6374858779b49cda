package enginetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

// Again opens the same database a second time, as another process would, with an engine that makes other ids and shares the clock.
func (w *World) Again() *World {
	w.Helper()
	d, err := db.Open(context.Background(), w.config)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = d.Close() })
	w.engines++
	other := &World{T: w.T, DB: d, Clock: w.Clock, config: w.config, options: w.options, engines: w.engines}
	o := w.options
	o.DB, o.Clock, o.Log, o.IDs = d, w.Clock, slog.New(slog.DiscardHandler), ident.NewSeeded(w.Clock, uint16(w.engines), uint64(w.engines))
	if other.Engine, err = record.Open(context.Background(), o, nil); err != nil {
		w.Fatal(err)
	}
	return other
}

// Role makes a role with rights as JSON and gives its id.
func (w *World) Role(code, rights string) ident.ID {
	w.Helper()
	r := w.Create(w.System(), meta.ObjectRole, record.Patch{"code": code, "name": code, "rights": json.RawMessage(rights)})
	return r.ID()
}

// Member makes a user with roles by their ids and gives what it may do.
func (w *World) Member(email string, patch record.Patch, roles ...ident.ID) *access.Viewer {
	w.Helper()
	ids := make([]any, len(roles))
	for i, id := range roles {
		ids[i] = id.String()
	}
	all := record.Patch{"name": email, "email": email, "active": true, "roles": ids}
	maps.Copy(all, patch)
	return w.Viewer(w.Create(w.System(), meta.ObjectUser, all).ID())
}

// Delete puts a record into the recycle bin; it has to work.
func (w *World) Delete(who *access.Viewer, r *record.Record) {
	w.Helper()
	w.Must(who, func(tx *record.Tx) error {
		return tx.Delete(context.Background(), who, entityOf(who, r.Entity.Name), r.ID(), 0)
	})
}

// Restore brings a record back; it has to work.
func (w *World) Restore(who *access.Viewer, r *record.Record) *record.Record {
	w.Helper()
	var back *record.Record
	w.Must(who, func(tx *record.Tx) (err error) {
		back, err = tx.Restore(context.Background(), who, entityOf(who, r.Entity.Name), r.ID())
		return err
	})
	return back
}

// Change changes the catalog and gives the error.
func (w *World) Change(item meta.Item) error {
	return w.Engine.ChangeCatalog(context.Background(), w.System(), change.ViaAPI, item)
}

// MustChange changes the catalog; it has to work.
func (w *World) MustChange(item meta.Item) {
	w.Helper()
	if err := w.Change(item); err != nil {
		w.Fatal(err)
	}
}

// Log writes the changes after a seq as "op object {fields}", one a line.
func (w *World) Log(after int64) []string {
	w.Helper()
	var lines []string
	for _, c := range w.Changes() {
		if c.Seq > after {
			lines = append(lines, fmt.Sprintf("%s %s %s", c.Op, c.Object, c.Fields))
		}
	}
	return lines
}

// Last gives the seq at the end of the log.
func (w *World) Last() int64 {
	w.Helper()
	list := w.Changes()
	if len(list) == 0 {
		return 0
	}
	return list[len(list)-1].Seq
}

// Hash gives a digest of everything that the database keeps, but the days of the calendars and the tables of the search.
func (w *World) Hash() string {
	w.Helper()
	var sum [sha256.Size]byte
	err := w.DB.Snapshot(context.Background(), func(q db.Querier) error {
		tables, err := db.Columns(context.Background(), q)
		if err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(tables)) {
			if name == "calendar_day" || strings.HasPrefix(name, "search") {
				continue
			}
			err := db.Each(context.Background(), q, "SELECT * FROM "+name, nil, func(r db.Row) error {
				one := sha256.Sum256(fmt.Appendf(nil, "%s %q", name, []any(r)))
				for i := range sum { // rows come in any order
					sum[i] += one[i]
				}
				return nil
			})
			if err != nil {
				return fmt.Errorf("read %s: %w", name, err)
			}
		}
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
	return hex.EncodeToString(sum[:])
}

// Faults writes what is wrong with something as "field key", sorted; an error that is no fault stands as it is.
func Faults(err error) []string {
	var list []string
	for _, f := range fault.All(err) {
		list = append(list, strings.TrimSpace(f.Field+" "+f.Key))
	}
	if err != nil && len(list) == 0 {
		list = append(list, err.Error())
	}
	slices.Sort(list)
	return list
}
