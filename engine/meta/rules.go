package meta

import (
	"slices"
	"strings"

	"ashna/kit/fault"
	"ashna/kit/formula"
)

// checks compiles validation rules and conditional requirements.
func (c *compiler) checks(e *Entity) {
	if len(e.Object.Rules) > MaxRules {
		c.fail(fault.New(fault.Invalid, "catalog.too_many", "max", MaxRules), e.Name)
		return
	}
	settings := c.catalog.settings
	settings.Old = true
	compile := func(source string, place ...string) *formula.Expr {
		if source == "" {
			return nil
		}
		return c.expr(e.Name, source, formula.Condition(), settings, place...)
	}
	seen := map[string]bool{}
	for _, r := range e.Object.Rules {
		if r.Retired || !c.rule(e, r, seen) {
			continue
		}
		e.Checks = append(e.Checks, Check{
			Name: r.Name, Field: r.Field, Key: ruleKey(e, r), Labels: r.Labels,
			Where: compile(r.Where, e.Name, r.Name, "where"), Must: compile(r.Must, e.Name, r.Name, "must"),
		})
	}
	e.Found = compile(e.SearchWhere, e.Name, "search_where")
	for _, a := range e.Fields {
		if a.RequiredWhen != "" {
			e.Checks = append(e.Checks, Check{
				Name: a.Name, Field: a.Name, Key: "value.required", Where: compile(a.RequiredWhen, e.Name, a.Name, "required_when"),
			})
		}
	}
}

// rule looks at the settings of a rule.
func (c *compiler) rule(e *Entity, r Rule, seen map[string]bool) bool {
	var err error
	place := ""
	switch {
	case !nameShaped(r.Name):
		err = fault.New(fault.Invalid, "catalog.name_invalid", "name", r.Name)
	case seen[r.Name]:
		err = fault.New(fault.Conflict, "catalog.name_taken", "name", r.Name)
	case r.Must == "":
		err, place = fault.New(fault.Invalid, "value.required"), "must"
	case r.Field != "" && e.byName[r.Field] == nil:
		err, place = fault.New(fault.Invalid, "value.unknown_field", "field", r.Field), "field"
	default:
		err = checkLabels("labels", r.Labels, maxHelp)
	}
	seen[r.Name] = true
	c.fail(err, placed(e.Name, r.Name, place)...)
	return err == nil
}

// placed leaves out the parts of a place that are empty.
func placed(parts ...string) []string {
	return slices.DeleteFunc(parts, func(s string) bool { return s == "" })
}

// ruleKey names the message of a rule: a key of the locale files for shipped rules, the general one for custom rules, which bring
// their own words.
func ruleKey(e *Entity, r Rule) string {
	if len(r.Labels) > 0 || strings.HasPrefix(r.Name, customPrefix) {
		return "value.rule"
	}
	return e.Name + ".rules." + r.Name
}

// settings checks what an object says about itself besides its fields.
func (c *compiler) settings(e *Entity) {
	c.fail(checkLabels("labels", e.Labels, maxLabel), e.Name)
	c.fail(checkWords("description", e.Description, maxHelp), e.Name)
	c.sort(e, e.Sort, e.Name, "sort")
	for _, group := range e.Unique {
		for _, name := range group {
			if a := e.byName[name]; a == nil || !a.Stored || a.Key == "" {
				c.fail(fault.New(fault.Invalid, "value.unknown_field", "field", name), e.Name, "unique")
			}
		}
	}
	for _, view := range e.Views {
		c.view(e, view)
	}
	c.actions(e)
}

// sort checks an order such as "-amount,name".
func (c *compiler) sort(e *Entity, order string, place ...string) {
	if order == "" {
		return
	}
	for _, name := range strings.Split(order, ",") {
		name = strings.TrimPrefix(strings.TrimSpace(name), "-")
		if a := e.byName[name]; a == nil || !a.Sortable() {
			c.fail(fault.New(fault.Invalid, "value.unknown_field", "field", name), place...)
		}
	}
}

// view checks the names and the filter of a shipped view. A column may be a path over links, of which the first step is checked.
func (c *compiler) view(e *Entity, v View) {
	place := e.Name + ".views." + v.Name
	c.sort(e, v.Sort, place, "sort")
	if v.Filter != "" {
		c.expr(e.Name, v.Filter, formula.Condition(), c.catalog.settings, place, "filter")
	}
	names := slices.Clone(v.Columns)
	if v.Group != "" {
		names = append(names, v.Group)
	}
	for _, name := range names {
		if first, _, _ := strings.Cut(name, "."); e.byName[first] == nil {
			c.fail(fault.New(fault.Invalid, "value.unknown_field", "field", name), place)
		}
	}
}

// notActions are names that rights and addresses keep for themselves.
var notActions = []string{"read", "create", "update", "delete", "export", "import", "timeline", "batch"}

// actions checks the names and the input of actions, and makes the kinds of the input ready.
func (c *compiler) actions(e *Entity) {
	seen := map[string]bool{}
	for i, action := range e.Actions {
		switch {
		case !nameShaped(action.Name) || slices.Contains(notActions, action.Name):
			c.fail(fault.New(fault.Invalid, "catalog.name_invalid", "name", action.Name), e.Name, "actions", action.Name)
		case seen[action.Name]:
			c.fail(fault.New(fault.Conflict, "catalog.name_taken", "name", action.Name), e.Name, "actions", action.Name)
		}
		seen[action.Name] = true
		action.Input = slices.Clone(action.Input)
		names := map[string]bool{}
		for j, f := range action.Input {
			place := []string{e.Name, "actions", action.Name, f.Name}
			switch {
			case f.Kind == nil:
				c.fail(fault.New(fault.Invalid, "value.required"), append(place, "kind")...)
				continue
			case !nameShaped(f.Name):
				c.fail(fault.New(fault.Invalid, "catalog.name_invalid", "name", f.Name), place...)
			case names[f.Name]:
				c.fail(fault.New(fault.Conflict, "catalog.name_taken", "name", f.Name), place...)
			default:
				c.fail(checkField(f), place...)
			}
			names[f.Name] = true
			action.Input[j].Kind = prepare(f.Kind)
		}
		e.Object.Actions[i] = action
	}
}
