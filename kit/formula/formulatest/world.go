package formulatest

import (
	"math/rand/v2"

	"ashna/kit/formula"
)

// World is random records of a schema in memory. It implements formula.World: a deleted record is not found and is in no list.
type World struct {
	records map[string][]formula.Record
	inverse map[string]map[int64][]formula.Record
}

// deletedEvery is how often a record is deleted.
const deletedEvery = 6

// Deleted says whether the record with the id is deleted: every sixth. It keeps its row in a database.
func Deleted(id int64) bool { return id%deletedEvery == 0 }

// NewWorld makes random records: sizes says how many of each object, with the ids 1, 2, 3 and on. Links to an object that is not in
// sizes are empty; a link to any object points to ids of the first object by name.
func NewWorld(r *rand.Rand, schema formula.Schema, sizes map[string]int) *World {
	w := &World{records: map[string][]formula.Record{}, inverse: map[string]map[int64][]formula.Record{}}
	for _, object := range sorted(sizes) {
		for id := range int64(sizes[object]) {
			w.add(object, record(r, schema, object, id+1, sizes), Fields(schema, object))
		}
	}
	return w
}

// record makes one record.
func record(r *rand.Rand, schema formula.Schema, object string, id int64, sizes map[string]int) formula.Record {
	var values []formula.Value
	for _, f := range Fields(schema, object) {
		for len(values) <= f.Index {
			values = append(values, formula.Value{})
		}
		to := f.Type.To
		if to == "" {
			to = sorted(sizes)[0]
		}
		values[f.Index] = Value(r, f, ids(sizes[to]))
	}
	return formula.Record{ID: id, Values: values}
}

func (w *World) add(object string, r formula.Record, fields []formula.Field) {
	w.records[object] = append(w.records[object], r)
	if Deleted(r.ID) {
		return
	}
	for _, f := range fields {
		if v := r.Values[f.Index]; f.Type.Kind == formula.Link && v.Ok {
			key := object + "." + f.Name
			if w.inverse[key] == nil {
				w.inverse[key] = map[int64][]formula.Record{}
			}
			w.inverse[key][v.Int] = append(w.inverse[key][v.Int], r)
		}
	}
}

func ids(n int) []int64 {
	list := make([]int64, n)
	for i := range list {
		list[i] = int64(i) + 1
	}
	return list
}

// Records gives all records of an object by id, the deleted ones too.
func (w *World) Records(object string) []formula.Record { return w.records[object] }

// Get gives a record that is not deleted.
func (w *World) Get(object string, id int64) (formula.Record, bool) {
	all := w.records[object]
	if id < 1 || id > int64(len(all)) || Deleted(id) {
		return formula.Record{}, false
	}
	return all[id-1], true
}

// Inverse gives the records of an object, not deleted, whose field links to id.
func (w *World) Inverse(object, field string, id int64) []formula.Record {
	return w.inverse[object+"."+field][id]
}
