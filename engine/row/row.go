// Package row is one record in memory, as it is and as it shall be: its slots, what of it somebody may see, what changed, and what is wrong
// with it. It reads and writes no database.
package row

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

// New gives an empty record.
func New(e *meta.Entity) *Record {
	r := &Record{Entity: e, Slots: make([]any, e.Slots)}
	for _, slot := range []int{
		meta.SlotID, meta.SlotVersion, meta.SlotCreatedAt, meta.SlotCreatedBy, meta.SlotChangedAt, meta.SlotChangedBy,
		meta.SlotOwner, meta.SlotTeam, meta.SlotBranch, meta.SlotDeleted,
	} {
		r.Slots[slot] = int64(0)
	}
	return r
}

// Clone gives a record that can be changed apart from this one.
func (r *Record) Clone() *Record {
	return &Record{Entity: r.Entity, Slots: append([]any(nil), r.Slots...), Many: r.Many}
}

// Number gives a slot that is a number, 0 when it is empty.
func (r *Record) Number(slot int) int64 {
	n, _ := r.Slots[slot].(int64)
	return n
}

// ID is the key of the record.
func (r *Record) ID() ident.ID { return ident.ID(r.Number(meta.SlotID)) }

// Version counts the saves of the record, from 1.
func (r *Record) Version() int64 { return r.Number(meta.SlotVersion) }

// Deleted says whether the record was deleted and can be restored.
func (r *Record) Deleted() bool { return r.Number(meta.SlotDeleted) != 0 }

// Owner is the user that the record belongs to, 0 for nobody.
func (r *Record) Owner() ident.ID { return ident.ID(r.Number(meta.SlotOwner)) }

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
	return !ok || EmptySlots(a, r.Slots)
}

// Title is what the record is called.
func (r *Record) Title() string {
	a := r.Entity.TitleAttr
	if a.Width == 0 {
		return r.ID().String()
	}
	return a.Kind.Text(r.Slots[a.At : a.At+a.Width])
}

// Owned is who the record belongs to, with the level that it is shared at.
func (r *Record) Owned(share int) access.Owned {
	return access.Owned{Owner: r.Number(meta.SlotOwner), Team: r.Number(meta.SlotTeam), Branch: r.Number(meta.SlotBranch), Share: share}
}

// EmptySlots says whether a field has no value; owner, team and branch are kept as 0 for nobody.
func EmptySlots(a *meta.Attr, slots []any) bool {
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
		dst = r.AppendField(dst, a)
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

// AppendField writes one field as the API shows it.
func (r *Record) AppendField(dst []byte, a *meta.Attr) []byte {
	if _, many := a.Kind.(meta.ManyKind); many {
		return a.Kind.AppendJSON(dst, r.Many[a.Name])
	}
	slots := r.Slots[a.At : a.At+a.Width]
	if a.Name == meta.FieldDeletedAt && slots[0] == int64(0) {
		return append(dst, "null"...)
	}
	return a.Kind.AppendJSON(dst, slots)
}

// Values gives the record to formulas.
func (r *Record) Values() formula.Record {
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

// ValuesOf gives some fields of the record to a formula that reads no others.
func (r *Record) ValuesOf(fields []*meta.Attr) formula.Record {
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

// SlotOf turns the answer of a formula into a slot.
func SlotOf(v formula.Value, storage meta.Storage) any {
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

// Parent gives the object and the id of the record that this one belongs to; id 0 when it belongs to none.
func (r *Record) Parent() (object string, id ident.ID) {
	if r.Entity.ParentVia == nil {
		return "", 0
	}
	return LinkOf(r.Entity.ParentVia, r)
}

// LinkOf gives the object and the id that a link of a record leads to; id 0 when it is empty.
func LinkOf(a *meta.Attr, r *Record) (object string, id ident.ID) {
	id = ident.ID(r.Number(a.At))
	if ref, ok := a.Kind.(meta.RefKind); ok {
		return ref.To, id
	}
	object, _ = r.Slots[a.At+1].(string)
	return object, id
}

// SetMany notes the ids behind a links field.
func (r *Record) SetMany(a *meta.Attr, ids []any) {
	many := map[string][]any{a.Name: ids}
	for name, other := range r.Many {
		if name != a.Name {
			many[name] = other
		}
	}
	r.Many = many
}

// Hide empties the fields that a viewer may not see.
func (r *Record) Hide(who *access.Viewer) {
	for _, a := range r.Entity.Fields {
		if !who.Readable(a) {
			clear(r.Slots[a.At : a.At+a.Width])
		}
	}
}

// ShownTitle is the title as far as a viewer may see it.
func (r *Record) ShownTitle(who *access.Viewer) string {
	if !who.Readable(r.Entity.TitleAttr) {
		return ""
	}
	return r.Title()
}

// Difference writes {"field": [before, after]}.
func Difference(old, now *Record, fields []*meta.Attr) []byte {
	dst := append(make([]byte, 0, 64*len(fields)), '{')
	for i, a := range fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '"')
		dst = append(dst, a.Name...)
		dst = append(dst, '"', ':', '[')
		if old == nil {
			dst = append(dst, "null"...)
		} else {
			dst = old.AppendField(dst, a)
		}
		dst = append(dst, ',')
		dst = now.AppendField(dst, a)
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

// SameMembers says whether two lists have the same members, in any order.
func SameMembers(a, b []any) bool {
	count := map[any]int{}
	for _, x := range a {
		count[x]++
	}
	for _, x := range b {
		count[x]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}
