package meta

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"ashna/kit/fault"
	"ashna/kit/formula"
)

// laid is what a field of a kind is in a record and for lists: its columns, keys and the way it is sorted and indexed.
type laid struct {
	columns, key, order string
	sortable, indexed   bool // without options
	kind                formula.Kind
}

// layouts are those of a field "x" of every type of kind.
var layouts = map[string]laid{
	"text": {"x", "x_k", "", true, false, formula.Text}, "long_text": {"x", "", "", false, false, formula.Text}, "rich_text": {"x", "", "", false, false, formula.Text},
	"number": {"x", "x", "", true, false, formula.Number}, "percent": {"x", "x", "", true, false, formula.Number}, "rating": {"x", "x", "", true, false, formula.Number},
	"duration": {"x", "x", "", true, false, formula.Number}, "bool": {"x", "x", "", true, false, formula.Bool}, "date": {"x", "x", "", true, false, formula.Date},
	"datetime": {"x", "x", "", true, false, formula.Moment}, "money": {"x x_minor x_currency x_rate", "x", "", true, false, formula.Number},
	"choice": {"x", "x", "", true, false, formula.Text}, "multi_choice": {"x", "x", "", false, false, formula.Set}, "tags": {"x", "x", "", false, false, formula.Set},
	"link": {"x", "x", "", true, true, formula.Link}, "user": {"x", "x", "", true, true, formula.Link}, "links": {"", "", "", false, false, formula.Unknown},
	"any_link": {"x x_object", "x", "", false, true, formula.Link}, "file": {"x", "x", "", false, false, formula.Link}, "image": {"x", "x", "", false, false, formula.Link},
	"email": {"x", "x_k", "", true, false, formula.Text}, "phone": {"x", "x", "", true, false, formula.Text}, "url": {"x", "x_k", "", true, false, formula.Text},
	"national_id": {"x", "x_k", "", true, false, formula.Text}, "economic_code": {"x", "x_k", "", true, false, formula.Text}, "iban": {"x", "x_k", "", true, false, formula.Text},
	"domain": {"x", "x_k", "", true, false, formula.Text}, "autonumber": {"x", "x_k", "", true, false, formula.Text}, "geo": {"x_lat x_lon", "", "", false, false, formula.Unknown},
	"address": {"x_street x_city x_region x_postal_code x_country", "", "", false, false, formula.Unknown}, "json": {"x", "", "", false, false, formula.Unknown},
	"formula": {"x", "x", "", true, false, formula.Number}, "rollup": {"x", "x", "", true, false, formula.Number},
}

// oneField compiles an object "thing" that has a name, a field x of the kind, and what kinds link to.
func oneField(t *testing.T, f Field) (*Entity, *Attr) {
	t.Helper()
	f.Name = "x"
	s := good()
	switch k := f.Kind.(type) {
	case RollupKind:
		k.List = "parts"
		f.Kind = k
	case ManyKind:
		f.Kind = ManyKind{Through: "part", Near: "thing", Far: "company"}
	}
	s.Objects = append(s.Objects, Object{Name: "thing", Plural: "things", Fields: []Field{str("name"), f}},
		Object{Name: "part", Plural: "parts", Fields: []Field{ref("thing", "thing"), ref("company", "company")}})
	e := entity(t, compiled(t, s), "thing")
	return e, attr(t, e, "x")
}

func TestLayoutOfEveryKind(t *testing.T) {
	kinds := sampleKinds()
	for _, name := range KindTypes() {
		want, ok := layouts[name]
		if !ok {
			t.Errorf("the layout of %s is not in the table", name)
			continue
		}
		e, a := oneField(t, Field{Kind: kinds[name]})
		got := laid{strings.Join(a.Columns, " "), a.Key, a.Order, a.Sortable(), a.Indexed(), a.Formula().Kind}
		if got != want {
			t.Errorf("%s is laid out %+v, want %+v", name, got, want)
		}
		for i := range a.Columns {
			if a.ColumnStorage(i) != a.Kind.Columns()[i].Storage {
				t.Errorf("%s: column %d is kept otherwise than the kind says", name, i)
			}
		}
		if e.Slots != e.Fields[len(e.Fields)-1].At+a.Width || a.Width != len(a.Columns) || a.At != attr(t, e, "name").At+1 {
			t.Errorf("%s is at %d with width %d of %d slots", name, a.At, a.Width, e.Slots)
		}
		if want.columns == "" {
			continue
		}
		if got := a.SortColumn(); got != want.key && (want.key != "" || got != a.Columns[0]) {
			t.Errorf("%s is sorted by %s", name, got)
		}
	}
}

// An index and an order key come only where the field has something to compare, and asking for them changes nothing else.
func TestOptionsOfEveryKind(t *testing.T) {
	kinds := sampleKinds()
	for name, want := range layouts {
		_, plain := oneField(t, Field{Kind: kinds[name]})
		_, indexed := oneField(t, Field{Kind: kinds[name], Index: true})
		_, sorted := oneField(t, Field{Kind: kinds[name], Sort: true})
		keyed := strings.HasSuffix(want.key, "_k")
		if indexed.Indexed() != (want.key != "" || want.indexed) {
			t.Errorf("%s with an index: %v", name, indexed.Indexed())
		}
		if (sorted.Order == "x_s") != keyed || !keyed && sorted.Order != "" || keyed && sorted.SortColumn() != "x_s" || sorted.Indexed() != (keyed || want.indexed) {
			t.Errorf("%s that lists are ordered by: order %q, indexed %v", name, sorted.Order, sorted.Indexed())
		}
		if sorted.Key != plain.Key || indexed.Key != plain.Key || !slices.Equal(sorted.Columns, plain.Columns) {
			t.Errorf("%s: options change the columns or the key", name)
		}
		s := good()
		s.Extensions = []Extension{{Object: "deal", Fields: []Field{{Name: "x", Kind: kinds[name], Unique: true}}}}
		_, err := Compile(s)
		refused := slices.ContainsFunc(fault.All(err), func(f *fault.Error) bool { return f.Field == "deal.x.unique" })
		if refused != (want.key == "") {
			t.Errorf("a unique %s: %v", name, err)
		}
	}
}

// Two fields of any two kinds share no column, and a field that would take a column of another is refused whichever comes first.
func TestColumnsAreOfOneField(t *testing.T) {
	kinds := sampleKinds()
	for name, want := range layouts {
		for _, column := range strings.Fields(want.columns) {
			if column == "x" {
				continue
			}
			for _, fields := range [][]Field{{of("x", kinds[name]), str(column)}, {str(column), of("x", kinds[name])}} {
				s := good()
				s.Extensions = []Extension{{Object: "deal", Fields: fields}}
				_, err := Compile(s)
				if one := fault.Of(err); one == nil || one.Key != "catalog.name_taken" || one.Field != "deal."+fields[1].Name {
					t.Errorf("%s beside %s: %v", name, column, err)
				}
			}
		}
	}
}

// A retired field keeps its columns, so that no other field can take them, and no slot.
func TestRetiredFieldsKeepTheirColumns(t *testing.T) {
	for name, kind := range sampleKinds() {
		s := good()
		e := entity(t, compiled(t, s), "deal")
		s.Extensions = []Extension{{Object: "deal", Fields: []Field{{Name: "x", Kind: kind, Retired: true}}}}
		with := entity(t, compiled(t, s), "deal")
		if with.Slots != e.Slots || len(with.Fields) != len(e.Fields) || len(with.Retired) != 1 || with.byName["x"] != nil || with.byName["x_city"] != nil {
			t.Errorf("a retired %s has slots or is found", name)
		}
		for _, column := range with.Retired[0].Columns {
			s.Extensions = append(s.Extensions[:1:1], Extension{Object: "deal", Fields: []Field{str(column)}})
			if _, err := Compile(s); fault.Of(err) == nil || fault.Of(err).Key != "catalog.name_taken" {
				t.Errorf("%s: the column %s of a retired field is taken: %v", name, column, err)
			}
		}
	}
}

// Names are lower-case words with single underscores between, of ASCII, and no words of the languages around.
func TestNames(t *testing.T) {
	for _, name := range []string{"a", "z9", "a_b", "a1_2b", "name_of_the_thing", "c_visit", strings.Repeat("a", maxName), "label", "stage", "amount"} {
		if !validName(name) || !nameShaped(name) {
			t.Errorf("%s is refused", name)
		}
	}
	for _, name := range []string{"", "_", "_a", "a_", "a__b", "9a", "A", "aB", "a-b", "a b", "a.b", "é", "نام", "a\n", "a\x00", strings.Repeat("a", maxName+1), "a'b", "a\"b", "ə", "а"} {
		if validName(name) || nameShaped(name) {
			t.Errorf("%q is taken", name)
		}
	}
	for _, name := range reserved {
		if !nameShaped(name) || validName(name) {
			t.Errorf("the reserved word %s is a name, or none that could be one", name)
		}
	}
	if slices.Contains(reserved, "") || len(slices.Compact(slices.Sorted(slices.Values(reserved)))) != len(reserved) {
		t.Error("a reserved word is empty or stands twice")
	}
	for c := range rune(0x250) {
		shaped := c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
		if nameShaped("a"+string(c)+"b") != (shaped || c == '_') || nameShaped("a"+string(c)) != shaped || nameShaped(string(c)+"a") != (c >= 'a' && c <= 'z') {
			t.Errorf("the character %q in a name", c)
		}
	}
}

// A field of every reserved name is refused at its place, and does not stop the look at the rest.
func TestReservedFieldNames(t *testing.T) {
	s := good()
	var fields []Field
	for _, name := range reserved {
		fields = append(fields, str(name))
	}
	s.Extensions = []Extension{{Object: "deal", Fields: append(fields, str("Last"))}}
	_, err := Compile(s)
	got := map[string]bool{}
	for _, f := range fault.All(err) {
		if f.Key != "catalog.name_invalid" || "deal."+fmt.Sprint(f.Params["name"]) != f.Field {
			t.Errorf("%v", f)
		}
		got[f.Field] = true
	}
	if len(got) != len(reserved)+1 || !got["deal.Last"] {
		t.Errorf("%d of %d names are refused", len(got), len(reserved)+1)
	}
}

// System fields are what their slots say, in every object, and cannot be declared again.
func TestSystemFields(t *testing.T) {
	c := compiled(t, good())
	slots := map[string]int{
		FieldID: SlotID, FieldVersion: SlotVersion, FieldCreatedAt: SlotCreatedAt, FieldCreatedBy: SlotCreatedBy, FieldChangedAt: SlotChangedAt, FieldChangedBy: SlotChangedBy,
		FieldOwner: SlotOwner, FieldTeam: SlotTeam, FieldBranch: SlotBranch, FieldSource: SlotSource, FieldExternalID: SlotExternalID, FieldDeletedAt: SlotDeleted,
	}
	if len(slots) != systemSlots || len(systemFields()) != systemSlots {
		t.Fatalf("%d slots, %d fields", len(slots), len(systemFields()))
	}
	for _, e := range c.Entities {
		for name, at := range slots {
			a := attr(t, e, name)
			if a.At != at || e.Fields[at] != a || !a.System || !a.Stored || a.Entity != e || a.Width != 1 || a.Custom {
				t.Errorf("%s.%s is at %d: %+v", e.Name, name, a.At, a.Field)
			}
			written := name == FieldOwner || name == FieldTeam || name == FieldBranch || name == FieldSource || name == FieldExternalID
			if a.Derived == written || a.Fixed != (name == FieldSource || name == FieldExternalID) {
				t.Errorf("%s.%s: derived %v, fixed %v", e.Name, name, a.Derived, a.Fixed)
			}
		}
		for _, a := range e.Fields[systemSlots:] {
			if a.System {
				t.Errorf("%s.%s is a system field", e.Name, a.Name)
			}
		}
	}
	for name := range slots {
		s := good()
		s.Extensions = []Extension{{Object: "deal", Fields: []Field{str(name)}}}
		if _, err := Compile(s); err == nil {
			t.Errorf("%s is declared twice", name)
		}
	}
}

// The parts of an address are texts at the slots of the address, as sensitive as it is, and found by name only.
func TestPartsOfAddresses(t *testing.T) {
	for _, sensitive := range []bool{false, true} {
		e, a := oneField(t, Field{Kind: AddressKind{}, Sensitive: sensitive, Index: true})
		parts := a.Parts()
		if len(parts) != len(AddressParts) {
			t.Fatalf("%d parts", len(parts))
		}
		for i, part := range parts {
			if part.Name != "x_"+AddressParts[i] || part.At != a.At+i || part.Part != a || part.Sensitive != sensitive || part.Entity != e || part.Key != part.Name+"_k" || !part.Stored {
				t.Errorf("part %d is %+v", i, part.Field)
			}
			if part.Indexed() != (AddressParts[i] == "city") || !part.Sortable() || part.SortColumn() != part.Key || slices.Contains(e.Fields, part) {
				t.Errorf("%s: indexed %v, sorted by %s", part.Name, part.Indexed(), part.SortColumn())
			}
			if found, ok := e.Attr(part.Name); !ok || found != part || part.KeyOf("BAKI") != "baki" {
				t.Errorf("%s is not found", part.Name)
			}
		}
	}
}

// The title is the named field, or else the first line of text, or else the id; it has an order key where texts have one.
func TestTitles(t *testing.T) {
	for _, c := range []struct {
		title  string
		fields []Field
		want   string
		order  string
	}{
		{"", nil, FieldID, ""}, {"", []Field{of("n", NumberKind{}), str("b"), str("a")}, "b", "b_s"}, {"a", []Field{str("b"), str("a")}, "a", "a_s"},
		{"n", []Field{str("b"), of("n", NumberKind{})}, "n", ""}, {"", []Field{of("mail", EmailKind{}), of("long", LongTextKind{})}, FieldID, ""},
		{"mail", []Field{of("mail", EmailKind{})}, "mail", "mail_s"}, {"code", []Field{of("code", NumberingKind{})}, "code", "code_s"}, {"phone", []Field{of("phone", PhoneKind{})}, "phone", ""},
		{"f", []Field{str("b"), of("f", FormulaKind{Source: "lower(b)", Result: TextKind{}})}, "f", "f_s"}, {"at_city", []Field{of("at", AddressKind{})}, "at_city", ""},
		{"", []Field{{Name: "former", Kind: TextKind{}, Retired: true}, str("b")}, "b", "b_s"},
	} {
		s := good()
		s.Objects = append(s.Objects, Object{Name: "thing", Plural: "things", Title: c.title, Fields: c.fields})
		title := entity(t, compiled(t, s), "thing").TitleAttr
		if title.Name != c.want || title.Order != c.order || title.Sort != (c.order != "") {
			t.Errorf("the title %q of %d fields is %s with the order key %q", c.title, len(c.fields), title.Name, title.Order)
		}
	}
}
