// Package custom says what may be added to a catalog, and changed in it, while the program runs: nothing that would lose data or break what
// ships.
package custom

import (
	"slices"
	"strings"

	"ashna/engine/meta"
	"ashna/kit/fault"
)

// Parts of the catalog that are made while the program runs.
const (
	partObject = "object"
	partField  = "field"
	partRule   = "rule"
)

// Prefix begins the name of every field and rule that is added to the catalog while the program runs, so that a later version of the
// program never collides with it.
const Prefix = "c_"

// Replace gives the items with one put in the place of its earlier form.
func Replace(items []meta.Item, item meta.Item, part, name string) []meta.Item {
	out := slices.Clone(items)
	for i := range out {
		if p, n := identify(&out[i]); p == part && n == name && out[i].Object == item.Object {
			out[i] = item
			return out
		}
	}
	return append(out, item)
}

func identify(item *meta.Item) (part, name string) {
	switch {
	case item.Define != nil:
		item.Object = item.Define.Name
		return partObject, item.Define.Name
	case item.Field != nil:
		return partField, item.Field.Name
	case item.Rule != nil:
		return partRule, item.Rule.Name
	}
	return "", ""
}

// Check says what an item is about and refuses what would lose data or break what ships.
func Check(c *meta.Catalog, item *meta.Item) (part, name string, err error) {
	part, name = identify(item)
	entity, exists := c.Object(item.Object)
	switch {
	case part == "":
		return "", "", fault.New(fault.Invalid, "request.body")
	case part == partObject:
		item.Define.Custom = !exists || entity.Object.Custom
		return part, name, checkObject(entity, item.Define)
	case !exists || entity.Internal:
		return "", "", fault.New(fault.NotFound, "value.unknown_object", "object", item.Object)
	case part == partRule:
		return part, name, checkCustomName(name, slices.ContainsFunc(entity.Rules, func(r meta.Rule) bool { return r.Name == name }), "name")
	}
	return part, name, checkField(entity, item.Field)
}

func checkObject(old *meta.Entity, o *meta.Object) error {
	if old == nil {
		if len(o.Fields) > 0 || o.Parent != "" {
			return fault.At("fields", "value.read_only")
		}
		return nil
	}
	if old.Internal || o.Plural != old.Plural {
		return fault.At("plural", "catalog.shipped")
	}
	return nil
}

func checkCustomName(name string, exists bool, field string) error {
	if !exists && !strings.HasPrefix(name, Prefix) {
		return fault.At(field, "catalog.prefix", "prefix", Prefix)
	}
	return nil
}

// checkField refuses a new name without the prefix and another kind for a field that holds values.
func checkField(entity *meta.Entity, f *meta.Field) error {
	old := declared(entity, f.Name)
	if old == nil {
		f.Custom = true
		if f.Kind == nil {
			return fault.At("kind", "value.required")
		}
		return checkCustomName(f.Name, entity.Object.Custom, "name")
	}
	f.Custom = old.Custom
	if f.Kind == nil {
		f.Kind = old.Kind
	}
	if f.Kind.Type() != old.Kind.Type() {
		return fault.At("kind", "catalog.kind_change")
	}
	if !old.Custom && f.Retired {
		return fault.At("retired", "catalog.shipped")
	}
	return sameStorage(old.Kind, f.Kind)
}

// sameStorage refuses a change of settings after which stored values would mean something else.
func sameStorage(old, now meta.Kind) error {
	a, isNumber := old.(meta.NumberKind)
	b, _ := now.(meta.NumberKind)
	if isNumber && a.Decimals != b.Decimals {
		return fault.At("kind", "catalog.kind_change")
	}
	x, isLink := old.(meta.RefKind)
	y, _ := now.(meta.RefKind)
	if isLink && x.To != y.To {
		return fault.At("kind", "catalog.kind_change")
	}
	if missing := missingOptions(optionsOf(old), optionsOf(now)); missing != "" {
		return fault.At("kind.options", "catalog.option_gone", "value", missing)
	}
	return nil
}

func optionsOf(k meta.Kind) []meta.Option {
	switch k := k.(type) {
	case meta.ChoiceKind:
		return k.Options
	case meta.MultiChoiceKind:
		return k.Options
	}
	return nil
}

// missingOptions names an option that is gone: options are retired, not removed, because records use them.
func missingOptions(old, now []meta.Option) string {
	for _, o := range old {
		if !slices.ContainsFunc(now, func(n meta.Option) bool { return n.Code == o.Code }) {
			return o.Code
		}
	}
	return ""
}

func declared(entity *meta.Entity, name string) *meta.Field {
	for i := range entity.Object.Fields {
		if entity.Object.Fields[i].Name == name {
			return &entity.Object.Fields[i]
		}
	}
	return nil
}
