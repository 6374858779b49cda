package meta

import (
	"regexp"
	"slices"
	"strings"

	"ashna/kit/fault"
	"ashna/kit/formula"
)

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

const maxName = 40

// reserved are the words that formulas, addresses and the database keep for themselves.
var reserved = []string{
	"and", "or", "not", "in", "is", "empty", "true", "false", "nil", "between", "contains", "record", "old", "me",
	"object", "objects", "changes", "search", "query", "imports", "exports", "live", "files", "tokens", "sessions", "catalog",
	"timeline", "batch", "job", "jobs", "reader", "epoch", "setting", "share", "follower", "number", "credential", "token", "session",
	"count", "sum", "any", "min", "max", "avg", "select", "table", "group", "order", "where", "from", "primary", "references",
	"default", "check", "unique", "user", "current_user", "analyze", "analyse", "all", "as", "asc", "desc", "both", "case", "cast", "collate", "column",
	"constraint", "create", "distinct", "do", "else", "end", "except", "for", "foreign", "grant", "having", "initially", "intersect", "into",
	"lateral", "leading", "limit", "localtime", "offset", "on", "only", "placing", "returning", "some", "symmetric", "then", "to",
	"trailing", "union", "using", "variadic", "when", "window", "with", "index", "values", "commit", "transaction", "delete", "update",
	"insert", "drop", "alter", "add", "if", "exists", "join", "natural", "left", "right", "inner", "outer", "cross", "rowid", "set",
}

// nameShaped accepts lower-case words joined by single underscores, 40 characters at most.
func nameShaped(s string) bool { return len(s) <= maxName && namePattern.MatchString(s) }

// validName accepts lower-case words joined by single underscores, 40 characters at most, that are no reserved word.
func validName(s string) bool {
	return nameShaped(s) && !slices.Contains(reserved, s) && !formula.Reserved(s)
}

// fields lays out the slots of an object.
func (c *compiler) fields(e *Entity) {
	if len(e.Object.Fields) > MaxFields {
		c.fail(fault.New(fault.Invalid, "catalog.too_many", "max", MaxFields), e.Name)
		return
	}
	for i, f := range systemFields() {
		a := &Attr{Field: f, Entity: e, At: i, Width: 1, Columns: []string{f.Name}, System: true, Stored: true}
		a.Key = a.keyColumn()
		e.Fields = append(e.Fields, a)
		e.byName[f.Name] = a
	}
	e.Slots = systemSlots
	taken := map[string]bool{}
	for _, f := range e.Object.Fields {
		c.field(e, f, taken)
	}
	c.title(e)
}

func (c *compiler) field(e *Entity, f Field, taken map[string]bool) {
	switch {
	case f.Kind == nil:
		c.fail(fault.New(fault.Invalid, "value.required"), e.Name, f.Name, "kind")
		return
	case !validName(f.Name) || strings.HasSuffix(f.Name, "_k") || strings.HasSuffix(f.Name, "_s"):
		c.fail(fault.New(fault.Invalid, "catalog.name_invalid", "name", f.Name), e.Name, f.Name)
		return
	case e.byName[f.Name] != nil || taken[f.Name]:
		c.fail(fault.New(fault.Conflict, "catalog.name_taken", "name", f.Name), e.Name, f.Name)
		return
	}
	if err := checkField(f); err != nil {
		c.fail(err, e.Name, f.Name)
		return
	}
	f.Kind = prepare(f.Kind)
	a := c.layout(e, f)
	if f.Unique && a.Key == "" {
		c.fail(fault.New(fault.Invalid, "value.type"), e.Name, f.Name, "unique")
	}
	for _, column := range a.Columns {
		if taken[column] || e.byName[column] != nil {
			c.fail(fault.New(fault.Conflict, "catalog.name_taken", "name", column), e.Name, f.Name)
			return
		}
		taken[column] = true
	}
	taken[f.Name] = true
	if f.Retired {
		_, computed := f.Kind.(FormulaKind)
		a.Stored = !computed
		e.Retired = append(e.Retired, a)
		return
	}
	e.Slots += a.Width
	e.Fields = append(e.Fields, a)
	e.byName[f.Name] = a
	c.parts(e, a)
}

// checkField looks at the settings of a field and of its kind.
func checkField(f Field) error {
	if k, ok := f.Kind.(Checker); ok {
		if err := k.Check(); err != nil {
			return err
		}
	}
	if err := checkLabels("labels", f.Labels, maxLabel); err != nil {
		return err
	}
	if err := checkLabels("help", f.Help, maxHelp); err != nil {
		return err
	}
	if err := checkWords("group", f.Group, maxLabel); err != nil {
		return err
	}
	switch f.Kind.(type) {
	case MoneyKind, PhoneKind, CodeKind: // what a default means depends on the workspace
		return nil
	}
	if f.Default == "" {
		return nil
	}
	if _, err := f.Kind.Parse(&Env{}, f.Default); err != nil {
		return fault.Of(err).In("default")
	}
	return nil
}

// layout gives a field its slots and columns.
func (c *compiler) layout(e *Entity, f Field) *Attr {
	a := &Attr{Field: f, Entity: e, At: e.Slots, Stored: true}
	for _, column := range f.Kind.Columns() {
		a.Columns = append(a.Columns, f.Name+column.Suffix)
	}
	a.Width = len(a.Columns)
	a.Key = a.keyColumn()
	if f.Sort && a.keyed() {
		a.Order = f.Name + "_s"
	}
	return a
}

// keyed says whether the field is a text that is compared by a key beside it.
func (a *Attr) keyed() bool { return a.Key != "" && a.Key != a.Columns[0] }

// keyColumn is the column that the field is compared by; none for texts of several lines and for values in parts.
func (a *Attr) keyColumn() string {
	if len(a.Columns) == 0 {
		return ""
	}
	kind := a.Kind
	if f, ok := kind.(FormulaKind); ok {
		kind = f.Result
	}
	if _, ok := kind.(Keyed); ok {
		return a.Columns[0] + "_k"
	}
	if t := kind.Formula(); t.Kind == formula.Text && !t.Choice || t.Kind == formula.Unknown {
		return ""
	}
	return a.Columns[0]
}

// parts makes the parts of an address fields of their own for formulas, filters and sorting.
func (c *compiler) parts(e *Entity, a *Attr) {
	if _, ok := a.Kind.(AddressKind); !ok {
		return
	}
	for i, name := range a.Columns {
		part := &Attr{
			Field:  Field{Name: name, Kind: TextKind{Max: maxPart}, Index: a.Index && strings.HasSuffix(name, "_city"), Sensitive: a.Sensitive},
			Entity: e, At: a.At + i, Width: 1, Columns: []string{name}, Key: name + "_k", Part: a, Stored: true,
		}
		e.byName[name] = part
	}
}

// title finds the field that names a record.
func (c *compiler) title(e *Entity) {
	if a, ok := e.byName[e.Title]; ok {
		e.TitleAttr = a
	} else {
		if e.Title != "" {
			c.fail(fault.New(fault.Invalid, "value.unknown_field", "field", e.Title), e.Name, "title")
		}
		for _, a := range e.Fields {
			if _, isText := a.Kind.(TextKind); isText && !a.System {
				e.TitleAttr = a
				break
			}
		}
	}
	if e.TitleAttr == nil {
		e.TitleAttr = e.byName[FieldID]
		return
	}
	if e.TitleAttr.keyed() && e.TitleAttr.Part == nil {
		e.TitleAttr.Sort = true
		e.TitleAttr.Order = e.TitleAttr.Columns[0] + "_s"
	}
}

// Parts gives the parts of an address field, in the order of its slots; none for other kinds.
func (a *Attr) Parts() []*Attr {
	if _, ok := a.Kind.(AddressKind); !ok {
		return nil
	}
	parts := make([]*Attr, len(a.Columns))
	for i, name := range a.Columns {
		parts[i] = a.Entity.byName[name]
	}
	return parts
}

// Sortable says whether lists can be ordered by the field.
func (a *Attr) Sortable() bool {
	if !a.Stored || len(a.Columns) == 0 {
		return false
	}
	switch a.Kind.(type) {
	case LongTextKind, RichTextKind, AddressKind, GeoKind, JSONKind, TagsKind, MultiChoiceKind, FileKind, AnyRefKind:
		return false
	}
	return true
}

// SortColumn is the column that lists are ordered by: the order key of the language where there is one, else the comparison key.
func (a *Attr) SortColumn() string {
	switch {
	case a.Order != "":
		return a.Order
	case a.Key != "":
		return a.Key
	}
	return a.Columns[0]
}

// ColumnStorage gives the storage of the i-th column.
func (a *Attr) ColumnStorage(i int) Storage {
	if a.Part != nil {
		return Text
	}
	return a.Kind.Columns()[i].Storage
}

// Indexed says whether an index serves filters and sorts on the field.
func (a *Attr) Indexed() bool {
	if !a.Stored || a.Key == "" {
		return false
	}
	switch a.Kind.(type) {
	case RefKind:
		return a.Name != FieldID && a.Name != FieldCreatedBy && a.Name != FieldChangedBy
	case AnyRefKind:
		return true
	}
	return a.Index || a.Unique || a == a.Entity.TitleAttr || a.Order != "" && a.Sort
}

// KeyOf gives the comparison key of a stored text of the field.
func (a *Attr) KeyOf(s string) string {
	kind := a.Kind
	if f, ok := kind.(FormulaKind); ok {
		kind = f.Result
	}
	if k, ok := kind.(Keyed); ok {
		return k.Key(s)
	}
	return s
}
