package importer

import (
	"slices"
	"strings"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/meta"
	"ashna/kit/fault"
)

// target is where a column of the file goes. The zero value is nowhere.
type target struct {
	field   string
	part    string     // of an address
	by      *meta.Attr // of links that are found by a field of their target
	unnamed bool       // a column without a name: it must stay empty
}

// plan is a spec checked against the catalog and the rights of a person.
type plan struct {
	who       *access.Viewer
	via       change.Via
	entity    *meta.Entity
	match     *meta.Attr
	spec      Spec
	columns   []string
	targets   []target // of the columns, in their order
	addresses []string
}

func (im *Importer) plan(who *access.Viewer, spec Spec) (*plan, error) {
	entity, err := im.engine.Object(who, spec.Object)
	if err != nil {
		return nil, err
	}
	if !who.Can(entity, access.Import) {
		return nil, fault.New(fault.Denied, "error.denied")
	}
	p := &plan{who: who, entity: entity, spec: spec}
	if spec.Match == "" {
		return p, nil
	}
	a, ok := entity.Attr(spec.Match)
	switch {
	case !ok || !who.Readable(a):
		return nil, fault.At("match", "value.unknown_field", "field", spec.Match)
	case a.Part != nil || !lookedUp(a):
		return nil, fault.At("match", "import.mapping", "field", spec.Match)
	}
	p.match = a
	return p, nil
}

// lookedUp says whether records can be found by a text in a field.
func lookedUp(a *meta.Attr) bool {
	switch a.Kind.(type) {
	case meta.FormulaKind, meta.RollupKind:
		return false
	}
	return a.Stored && a.Key != "" && a.Kind.Columns()[0].Storage == meta.Text
}

// header maps the columns of the file: by the mapping, else by the name of a field. A column that goes nowhere is a fault, so that nothing is
// lost unseen; map it to "" to leave it out. Columns named like fields that only the program writes, such as the id and the version in an
// export, are left out by themselves.
func (p *plan) header(columns []string) error {
	var faults fault.List
	taken := map[string]bool{}
	for _, column := range columns {
		t, f := p.column(column)
		if f == nil && t.field != "" && !claim(taken, t) {
			f = fault.At(column, "import.column_twice", "column", column, "field", t.field)
		}
		if f != nil {
			faults = append(faults, f)
		}
		if t.part != "" && !slices.Contains(p.addresses, t.field) {
			p.addresses = append(p.addresses, t.field)
		}
		p.targets = append(p.targets, t)
	}
	for column := range p.spec.Map {
		if !slices.Contains(columns, column) {
			faults = append(faults, fault.At(column, "import.column_missing", "column", column))
		}
	}
	if p.match != nil && !taken[p.match.Name] && len(faults) == 0 {
		faults = append(faults, fault.At("match", "import.column_missing", "column", p.match.Name))
	}
	slices.SortStableFunc(faults, func(a, b *fault.Error) int { return strings.Compare(a.Field, b.Field) })
	p.columns = columns
	return faults.Or()
}

// claim takes a field, or a part of one, for a column; false when another has it, whole or in part.
func claim(taken map[string]bool, t target) bool {
	whole, part := t.field, t.field+"."+t.part
	if taken[whole] || taken[part] || t.part == "" && taken[t.field+"/"] {
		return false
	}
	if t.part == "" {
		taken[whole] = true
	} else {
		taken[part], taken[t.field+"/"] = true, true
	}
	return true
}

// column finds where one column goes.
func (p *plan) column(column string) (target, *fault.Error) {
	name, mapped := p.spec.Map[column]
	if !mapped {
		name = strings.TrimSpace(column)
	}
	if name == "" {
		return target{unnamed: !mapped}, nil
	}
	a, t, ok := p.target(name)
	switch {
	case !ok:
		return t, fault.At(column, "import.header", "column", column)
	case p.writes(a):
		return t, nil
	case mapped:
		return t, fault.At(column, "import.mapping", "column", column)
	}
	return target{}, nil
}

// writes says whether anybody writes a field from outside.
func (p *plan) writes(a *meta.Attr) bool {
	return access.NewSystem(p.who.Catalog, nil, 0).Writable(a)
}

// target finds the field that a name means, with the part of an address or the field of a link's target behind it.
func (p *plan) target(name string) (*meta.Attr, target, bool) {
	first, rest, deep := strings.Cut(name, ".")
	a, ok := p.entity.Attr(first)
	if !ok || !p.who.Readable(a) {
		return nil, target{}, false
	}
	if a.Part != nil {
		return a.Part, target{field: a.Part.Name, part: strings.TrimPrefix(a.Name, a.Part.Name+"_")}, !deep
	}
	if !deep {
		return a, target{field: first}, true
	}
	ref, isLink := a.Kind.(meta.RefKind)
	if !isLink {
		return nil, target{}, false
	}
	to, ok := p.who.Catalog.Object(ref.To)
	if !ok {
		return nil, target{}, false
	}
	by, ok := to.Attr(rest)
	if !ok || !p.who.Readable(by) || !lookedUp(by) {
		return nil, target{}, false
	}
	return a, target{field: first, by: by}, true
}
