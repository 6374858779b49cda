package record

import (
	"ashna/engine/meta"
	"ashna/engine/row"
)

// index notes that a record is to be found, found otherwise, or found no more.
func (t *Tx) index(now, old *Record, touched []*meta.Attr) {
	switch {
	case !row.Searchable(now.Entity):
	case now.Deleted(), !t.found(now):
		if old == nil {
			return
		}
		t.search.Remove(int64(now.ID()))
	case old == nil:
		t.search.Add(row.Entry(now, nil))
	case old.Deleted() || now.Entity.Found != nil || row.AffectsSearch(touched):
		t.search.Put(row.Entry(now, nil))
	}
}

// found says whether the object lets the record be found.
func (t *Tx) found(r *Record) bool {
	if r.Entity.Found == nil {
		return true
	}
	ok, err := r.Entity.Found.Holds(t.engine.formulaEnv(t.who, nil), r.ValuesOf(t.engine.layout(r.Entity).found))
	return ok || err != nil
}
