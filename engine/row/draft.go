package row

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"ashna/engine/access"
	"ashna/engine/meta"
	"ashna/kit/fault"
	"ashna/kit/ident"
	"ashna/kit/text"
)

// Patch is what came in: values by field name, as JSON or a CSV file has them. A field that is not in it stays as it is; an empty value
// empties it.
type Patch map[string]any

// Draft is a record on its way into the database: how it was, how it shall be, and what is wrong with it.
type Draft struct {
	Old    *Record // nil for a new record
	New    *Record
	Links  map[*meta.Attr][]any // ids that links fields are to have
	faults fault.List
	made   bool // by a rule, with Tx.Make
}

// Created says whether the record is new.
func (d *Draft) Created() bool { return d.Old == nil }

// Made says whether the draft is of a new record that another rule makes with Tx.Make.
func (d *Draft) Made() bool { return d.made }

// Entity is the object of the record.
func (d *Draft) Entity() *meta.Entity { return d.New.Entity }

// Changed says whether a field gets another value.
func (d *Draft) Changed(field string) bool {
	a, ok := d.New.Entity.Attr(field)
	return ok && a.Width > 0 && d.Differs(a)
}

// Differs says whether a field gets another value.
func (d *Draft) Differs(a *meta.Attr) bool {
	if d.Old == nil {
		return !EmptySlots(a, d.New.Slots)
	}
	return !Same(a, d.Old, d.New)
}

// Set gives a field its slots, as rules do; fields that are written by rules only are allowed. A name that is no field, or a wrong count of
// slots, is a defect of the rule: the save fails with an Internal fault that names the field.
func (d *Draft) Set(field string, slots ...any) {
	a, ok := d.New.Entity.Attr(field)
	if !ok || a.Part != nil || len(slots) != a.Width {
		err := fmt.Errorf("a rule sets %s.%s to %d slots, which do not fit", d.New.Entity.Name, field, len(slots))
		d.faults = append(d.faults, fault.Wrap(fault.Internal, "error.internal", err).In(field))
		return
	}
	copy(d.New.Slots[a.At:], slots)
}

// Copy gives a draft of a new record that can be saved without a trace in this one, so that a transaction may run again.
func (d *Draft) Copy() *Draft {
	return &Draft{Old: d.Old, New: d.New.Clone(), Links: d.Links, faults: slices.Clone(d.faults), made: d.made}
}

// Refuse adds a fault of a field; the record is not saved.
func (d *Draft) Refuse(field, key string, pairs ...any) {
	d.faults = append(d.faults, fault.At(field, key, pairs...))
}

// Apply takes over a patch, as far as the viewer may write it, and notes every bad field.
func (d *Draft) Apply(env *meta.Env, who *access.Viewer, patch Patch) {
	for _, name := range slices.Sorted(maps.Keys(patch)) {
		a, known := d.New.Entity.Attr(name)
		if !known || a.Part != nil || !who.Readable(a) {
			d.faults = append(d.faults, Unknown(d.New.Entity, who, name))
			continue
		}
		if err := d.write(env, who, a, patch[name]); err != nil {
			if one := fault.Of(err); one != nil {
				d.faults = append(d.faults, one.In(name))
			} else {
				d.faults.Add(err)
			}
		}
	}
}

func (d *Draft) write(env *meta.Env, who *access.Viewer, a *meta.Attr, v any) error {
	if !who.Writable(a) || !keepsValue(a) || d.Old != nil && ownedByParent(a) {
		return d.echoed(env, a, v)
	}
	slots, err := a.Kind.Parse(env, v)
	if err != nil {
		return err
	}
	if a.Kind.Type() == "links" {
		if d.Links == nil {
			d.Links = map[*meta.Attr][]any{}
		}
		d.Links[a] = slots
		return nil
	}
	if a.System && slots[0] == nil && a.Kind.Columns()[0].Storage == meta.Int {
		slots[0] = int64(0)
	}
	fixed := a.Fixed && d.Old != nil && !slices.Equal(d.New.Slots[a.At:a.At+a.Width], slots)
	copy(d.New.Slots[a.At:], slots)
	if fixed {
		return fault.New(fault.Invalid, "value.read_only")
	}
	return nil
}

// keepsValue says whether a field has a value of its own that comes from outside.
func keepsValue(a *meta.Attr) bool { return len(a.Columns) > 0 || a.Kind.Type() == "links" }

// ownedByParent says whether a field says who a part belongs to, which its parent decides.
func ownedByParent(a *meta.Attr) bool {
	return a.Entity.ParentVia != nil && (a.Name == meta.FieldOwner || a.Name == meta.FieldTeam || a.Name == meta.FieldBranch)
}

// echoed lets a client send back what it read: a field that nobody writes may come in unchanged.
func (d *Draft) echoed(env *meta.Env, a *meta.Attr, v any) error {
	if d.Old != nil && a.Width > 0 {
		if raw, err := json.Marshal(v); err == nil && string(raw) == string(d.Old.AppendField(nil, a)) {
			return nil
		}
	}
	if d.Old != nil && a.Width == 1 {
		slots, err := a.Kind.Parse(env, v)
		if err == nil && len(slots) == 1 && slots[0] == d.Old.Slots[a.At] {
			return nil
		}
	}
	return fault.New(fault.Invalid, "value.read_only")
}

// Unknown is the fault for a name that is no field, and for a field that the viewer may not see.
func Unknown(e *meta.Entity, who *access.Viewer, name string) *fault.Error {
	return fault.At(name, "value.unknown_field", "field", name, "near", near(e, who, name))
}

// Defaults fills a new record: defaults of the fields, the owner and, after the owner, team and branch.
func (d *Draft) Defaults(env *meta.Env, who *access.Viewer) {
	for _, a := range d.New.Entity.Fields {
		if a.Default == "" || a.Width == 0 || !EmptySlots(a, d.New.Slots) {
			continue
		}
		if slots, err := a.Kind.Parse(env, a.Default); err == nil {
			copy(d.New.Slots[a.At:], slots)
		}
	}
	if !d.New.Entity.Internal {
		if d.New.Owner() == 0 {
			d.New.Slots[meta.SlotOwner] = int64(who.User)
		}
		d.followOwner(who.Policy)
	}
}

// followOwner gives the record team and branch of its owner, unless it has its own.
func (d *Draft) followOwner(p *access.Policy) {
	if p == nil {
		return
	}
	person, ok := p.Person(d.New.Owner())
	if !ok {
		return
	}
	if d.New.Number(meta.SlotTeam) == 0 {
		d.New.Slots[meta.SlotTeam] = int64(person.Team)
	}
	if d.New.Number(meta.SlotBranch) == 0 {
		d.New.Slots[meta.SlotBranch] = int64(person.Branch)
	}
}

// Moved gives the record team and branch of its new owner when the patch names only the owner.
func (d *Draft) Moved(p *access.Policy, patch Patch) {
	if d.Old == nil || !d.Changed(meta.FieldOwner) {
		return
	}
	_, team := patch[meta.FieldTeam]
	_, branch := patch[meta.FieldBranch]
	if !team {
		d.New.Slots[meta.SlotTeam] = int64(0)
	}
	if !branch {
		d.New.Slots[meta.SlotBranch] = int64(0)
	}
	d.followOwner(p)
}

// Belong gives the record owner, team and branch of its parent, which decide who sees it.
func (d *Draft) Belong(o access.Owned) {
	d.New.Slots[meta.SlotOwner], d.New.Slots[meta.SlotTeam], d.New.Slots[meta.SlotBranch] = o.Owner, o.Team, o.Branch
}

// Required notes every required field that is empty.
func (d *Draft) Required() {
	for _, a := range d.New.Entity.Fields {
		if a.Required && a.Width > 0 && !a.Derived && EmptySlots(a, d.New.Slots) && !d.Blamed(a.Name) {
			d.Refuse(a.Name, "value.required")
		}
	}
}

// Blamed says whether something is wrong with a field already.
func (d *Draft) Blamed(field string) bool {
	return slices.ContainsFunc(d.faults, func(f *fault.Error) bool { return f.Field == field })
}

// Stamp writes the fields that every save sets.
func (d *Draft) Stamp(now int64, actor ident.ID, id func() ident.ID) {
	s := d.New.Slots
	if d.Old == nil {
		if d.New.ID() == 0 {
			s[meta.SlotID] = int64(id())
		}
		s[meta.SlotVersion], s[meta.SlotCreatedAt], s[meta.SlotCreatedBy] = int64(1), now, int64(actor)
	} else {
		s[meta.SlotVersion] = d.Old.Version() + 1
	}
	s[meta.SlotChangedAt], s[meta.SlotChangedBy] = now, int64(actor)
}

// Touched lists the fields that get another value, without those that every save sets.
func (d *Draft) Touched() []*meta.Attr {
	var list []*meta.Attr
	for _, a := range d.New.Entity.Fields {
		if a.Width == 0 || a.System && a.Derived {
			continue
		}
		if d.Old == nil && !EmptySlots(a, d.New.Slots) || d.Old != nil && !Same(a, d.Old, d.New) {
			list = append(list, a)
		}
	}
	return list
}

// KeepOwned takes back what a rule did to owner, team and branch of a part: they are those of its parent.
func (d *Draft) KeepOwned() {
	if d.Old == nil || d.Entity().ParentVia == nil {
		return
	}
	for _, slot := range []int{meta.SlotOwner, meta.SlotTeam, meta.SlotBranch} {
		d.New.Slots[slot] = d.Old.Slots[slot]
	}
}

// Blame notes something that is wrong with the record.
func (d *Draft) Blame(f *fault.Error) { d.faults = append(d.faults, f) }

// Make begins a new record that a rule makes.
func Make(e *meta.Entity) *Draft { return &Draft{New: New(e), made: true} }

// Faults are what is wrong with a draft so far.
func (d *Draft) Faults() fault.List { return d.faults }

func near(e *meta.Entity, who *access.Viewer, name string) string {
	best, found := 4, ""
	for _, a := range e.Fields {
		if !who.Readable(a) {
			continue
		}
		if d := text.Distance(a.Name, name); d < best {
			best, found = d, a.Name
		}
	}
	return found
}
