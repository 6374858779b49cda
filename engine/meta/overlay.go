package meta

import (
	"slices"
	"strings"

	"ashna/kit/fault"
)

// customPrefix starts the names of what is made while the program runs, so that a later version of the program can ship any other name.
const customPrefix = "c_"

// apply merges one thing that was made at run time: a custom object or field, a change to a shipped one, a rule.
func (c *compiler) apply(item Item) {
	if item.Define != nil {
		c.define(*item.Define)
		return
	}
	e := c.entity(item.Object)
	if e == nil {
		return
	}
	if item.Field != nil {
		c.customField(e, *item.Field)
	}
	if item.Rule != nil {
		c.customRule(e, *item.Rule)
	}
}

func (c *compiler) define(o Object) {
	old := c.catalog.byName[o.Name]
	switch {
	case old != nil && old.Internal && o.Retired:
		c.fail(fault.New(fault.Invalid, "catalog.shipped"), o.Name, "retired")
	case old != nil:
		old.Object = overlayObject(old.Object, o)
	case !strings.HasPrefix(o.Name, customPrefix) || !strings.HasPrefix(o.Plural, customPrefix):
		c.fail(fault.New(fault.Invalid, "catalog.name_invalid", "name", o.Name), o.Name)
	default:
		o.Custom = true
		c.add(o)
	}
}

func (c *compiler) customField(e *Entity, f Field) {
	i := slices.IndexFunc(e.Object.Fields, func(x Field) bool { return x.Name == f.Name })
	switch {
	case i >= 0:
		merged, err := overlayField(e.Object.Fields[i], f)
		c.fail(err, e.Name, f.Name, "kind")
		e.Object.Fields[i] = merged
	case !e.Custom && !strings.HasPrefix(f.Name, customPrefix):
		c.fail(fault.New(fault.Invalid, "catalog.name_invalid", "name", f.Name), e.Name, f.Name)
	default:
		f.Custom = true
		e.Object.Fields = append(e.Object.Fields, f)
	}
}

// customRule adds a rule. Of a shipped rule it can change the words, and retire it.
func (c *compiler) customRule(e *Entity, r Rule) {
	i := slices.IndexFunc(e.Object.Rules, func(x Rule) bool { return x.Name == r.Name })
	custom := strings.HasPrefix(r.Name, customPrefix)
	switch {
	case i >= 0 && custom:
		e.Object.Rules[i] = r
	case i >= 0:
		e.Object.Rules[i].Labels, e.Object.Rules[i].Retired = r.Labels, r.Retired
	case !custom:
		c.fail(fault.New(fault.Invalid, "catalog.name_invalid", "name", r.Name), e.Name, r.Name)
	default:
		e.Object.Rules = append(e.Object.Rules, r)
	}
}

// overlayObject takes over what may change while the program runs: everything about a custom object but its names and fields; labels,
// icon, title, description and more uniqueness about a shipped one, and whether it is retired.
func overlayObject(old, change Object) Object {
	if old.Custom {
		change.Name, change.Plural, change.Custom = old.Name, old.Plural, true
		change.Fields, change.Rules, change.Actions = old.Fields, old.Rules, old.Actions
		return change
	}
	old.Labels, old.Retired = change.Labels, change.Retired
	old.Icon = given(change.Icon, old.Icon)
	old.Title = given(change.Title, old.Title)
	old.Description = given(change.Description, old.Description)
	old.Unique = slices.Clone(old.Unique)
	for _, group := range change.Unique {
		if !slices.ContainsFunc(old.Unique, func(g []string) bool { return slices.Equal(g, group) }) {
			old.Unique = append(old.Unique, group)
		}
	}
	return old
}

func given(change, old string) string {
	if change != "" {
		return change
	}
	return old
}

// overlayField takes over what may change about a field: everything of a custom one but how its values are kept; of a shipped one its
// labels, options, requirement, default, index and search. A shipped field never becomes less strict, and keeps its options.
func overlayField(old, change Field) (Field, error) {
	if old.Custom {
		change.Custom = true
		if change.Kind == nil {
			change.Kind = old.Kind
		}
		if !sameStorage(old.Kind, change.Kind) {
			return old, fault.New(fault.Invalid, "catalog.kind_change")
		}
		return change, nil
	}
	old.Labels, old.Help = change.Labels, change.Help
	old.Group = given(change.Group, old.Group)
	old.Required = old.Required || change.Required
	old.RequiredWhen = given(change.RequiredWhen, old.RequiredWhen)
	old.Default = given(change.Default, old.Default)
	old.Index, old.Search = old.Index || change.Index, old.Search || change.Search
	switch shipped := old.Kind.(type) {
	case ChoiceKind:
		if k, ok := change.Kind.(ChoiceKind); ok {
			old.Kind = ChoiceKind{Options: overlayOptions(shipped.Options, k.Options)}
		}
	case MultiChoiceKind:
		if k, ok := change.Kind.(MultiChoiceKind); ok {
			old.Kind = MultiChoiceKind{Options: overlayOptions(shipped.Options, k.Options)}
		}
	}
	return old, nil
}

// sameStorage says whether values kept by one kind mean the same to another.
func sameStorage(old, change Kind) bool {
	if old == nil || change == nil {
		return old == change
	}
	if old.Type() != change.Type() || old.Formula() != change.Formula() || !slices.Equal(old.Columns(), change.Columns()) {
		return false
	}
	before, isFormula := old.(FormulaKind)
	if after, ok := change.(FormulaKind); ok && isFormula && before.Result != nil && after.Result != nil {
		return before.Result.Type() == after.Result.Type()
	}
	return true
}

// overlayOptions takes over the order, words and retirement of options, and new ones; those that ship and are not named stay at the end.
func overlayOptions(shipped, change []Option) []Option {
	merged := slices.Clone(change)
	for _, o := range shipped {
		if !slices.ContainsFunc(change, func(x Option) bool { return x.Code == o.Code }) {
			merged = append(merged, o)
		}
	}
	return merged
}
