// Package record is the engine: the only way a record is read or written. It tells the story of each write in one place (load, rights,
// patch, rules, validation, save, log) and puts the rights of the viewer into every read.
package record

import (
	"ashna/engine/access"
	"ashna/engine/meta"
	"ashna/kit/formula"
	"ashna/kit/ident"
)

// Record is one record of an object: a slot for each value, in the order of the object's fields.
type Record struct {
	Entity *meta.Entity
	Slots  []any
	Many   map[string][]any // ids behind the fields of kind links, where they were asked for
}

func newRecord(e *meta.Entity) *Record {
	r := &Record{Entity: e, Slots: make([]any, e.Slots)}
	for _, slot := range []int{
		meta.SlotID, meta.SlotVersion, meta.SlotCreatedAt, meta.SlotCreatedBy, meta.SlotChangedAt, meta.SlotChangedBy,
		meta.SlotOwner, meta.SlotTeam, meta.SlotBranch, meta.SlotDeleted,
	} {
		r.Slots[slot] = int64(0)
	}
	return r
}

func (r *Record) clone() *Record {
	return &Record{Entity: r.Entity, Slots: append([]any(nil), r.Slots...), Many: r.Many}
}

func (r *Record) number(slot int) int64 {
	n, _ := r.Slots[slot].(int64)
	return n
}

// ID is the key of the record.
func (r *Record) ID() ident.ID { return ident.ID(r.number(meta.SlotID)) }

// Version counts the saves of the record, from 1.
func (r *Record) Version() int64 { return r.number(meta.SlotVersion) }

// Deleted says whether the record was deleted and can be restored.
func (r *Record) Deleted() bool { return r.number(meta.SlotDeleted) != 0 }

// Owner is the user that the record belongs to, 0 for nobody.
func (r *Record) Owner() ident.ID { return ident.ID(r.number(meta.SlotOwner)) }

// Get gives the slots of a field; nil when the object has no such field or it is computed at each read and was not asked for.
func (r *Record) Get(field string) []any {
	a, ok := r.Entity.Attr(field)
	if !ok || a.Width == 0 {
		return nil
	}
	return r.Slots[a.At : a.At+a.Width]
}

// Text gives a field that is kept as one text; empty when it is empty.
func (r *Record) Text(field string) string {
	if slots := r.Get(field); len(slots) > 0 {
		s, _ := slots[0].(string)
		return s
	}
	return ""
}

// Int gives a field that is kept as a number: also days, moments, yes and no; 0 when it is empty.
func (r *Record) Int(field string) int64 {
	if slots := r.Get(field); len(slots) > 0 {
		n, _ := slots[0].(int64)
		return n
	}
	return 0
}

// Link gives the target of a link; 0 when it is empty.
func (r *Record) Link(field string) ident.ID { return ident.ID(r.Int(field)) }

// Target gives the object and the key that a link to any of several objects leads to.
func (r *Record) Target(field string) (object string, id ident.ID) {
	slots := r.Get(field)
	if len(slots) != 2 {
		return "", 0
	}
	object, _ = slots[1].(string)
	n, _ := slots[0].(int64)
	return object, ident.ID(n)
}

// Empty says whether a field has no value.
func (r *Record) Empty(field string) bool {
	a, ok := r.Entity.Attr(field)
	return !ok || emptySlots(a, r.Slots)
}

// Title is what the record is called.
func (r *Record) Title() string {
	a := r.Entity.TitleAttr
	if a.Width == 0 {
		return r.ID().String()
	}
	return a.Kind.Text(r.Slots[a.At : a.At+a.Width])
}

func (r *Record) owned(share int) access.Owned {
	return access.Owned{Owner: r.number(meta.SlotOwner), Team: r.number(meta.SlotTeam), Branch: r.number(meta.SlotBranch), Share: share}
}

// emptySlots says whether a field has no value; owner, team and branch are kept as 0 for nobody.
func emptySlots(a *meta.Attr, slots []any) bool {
	for _, v := range slots[a.At : a.At+a.Width] {
		if v != nil && !(a.System && v == int64(0)) {
			return false
		}
	}
	return true
}

// Same says whether a field has the same value in two records of one object.
func Same(a *meta.Attr, x, y *Record) bool {
	for i := a.At; i < a.At+a.Width; i++ {
		if x.Slots[i] != y.Slots[i] {
			return false
		}
	}
	return true
}

// AppendJSON writes the record as the API shows it: the given fields in their order.
func (r *Record) AppendJSON(dst []byte, fields []*meta.Attr) []byte {
	dst = append(dst, '{')
	for i, a := range fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '"')
		dst = append(dst, a.Name...)
		dst = append(dst, '"', ':')
		dst = r.appendField(dst, a)
	}
	return append(dst, '}')
}

// Cell gives a field as one cell of a CSV file.
func (r *Record) Cell(a *meta.Attr) string {
	if _, many := a.Kind.(meta.ManyKind); many {
		return a.Kind.Text(r.Many[a.Name])
	}
	slots := r.Slots[a.At : a.At+a.Width]
	if a.System && slots[0] == int64(0) {
		return ""
	}
	return a.Kind.Text(slots)
}

func (r *Record) appendField(dst []byte, a *meta.Attr) []byte {
	if _, many := a.Kind.(meta.ManyKind); many {
		return a.Kind.AppendJSON(dst, r.Many[a.Name])
	}
	slots := r.Slots[a.At : a.At+a.Width]
	if a.Name == meta.FieldDeletedAt && slots[0] == int64(0) {
		return append(dst, "null"...)
	}
	return a.Kind.AppendJSON(dst, slots)
}

// values gives the record to formulas.
func (r *Record) values() formula.Record {
	out := formula.Record{ID: int64(r.ID()), Values: make([]formula.Value, len(r.Slots))}
	for _, a := range r.Entity.Fields {
		if a.Width > 0 {
			out.Values[a.At] = valueOf(a, r.Slots[a.At])
		}
		for i, part := range a.Parts() {
			out.Values[part.At] = valueOf(part, r.Slots[a.At+i])
		}
	}
	return out
}

// valuesOf gives some fields of the record to a formula that reads no others.
func (r *Record) valuesOf(fields []*meta.Attr) formula.Record {
	out := formula.Record{ID: int64(r.ID()), Values: make([]formula.Value, len(r.Slots))}
	for _, a := range fields {
		out.Values[a.At] = valueOf(a, r.Slots[a.At])
	}
	return out
}

func valueOf(a *meta.Attr, v any) formula.Value {
	switch v := v.(type) {
	case int64:
		if a.System && v == 0 && a.Name != meta.FieldVersion {
			return formula.Value{}
		}
		return formula.Whole(v)
	case string:
		return formula.Value{Ok: true, Text: a.KeyOf(v), Raw: v}
	}
	return formula.Value{}
}

// slotOf turns the answer of a formula into a slot.
func slotOf(v formula.Value, storage meta.Storage) any {
	switch {
	case !v.Ok:
		return nil
	case storage == meta.Text:
		if v.Raw == "" {
			return v.Text
		}
		return v.Raw
	}
	return v.Int
}
