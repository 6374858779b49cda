package meta

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"ashna/kit/fault"
	"ashna/kit/formula"
)

func str(name string) Field { return Field{Name: name, Kind: TextKind{}} }

func of(name string, kind Kind) Field { return Field{Name: name, Kind: kind} }

func ref(name, to string) Field { return Field{Name: name, Kind: RefKind{To: to}} }

// world is a small business: companies, deals with items, people, notes on anything.
func world() Sources {
	amount := Field{Name: "amount", Kind: MoneyKind{}}
	return Sources{
		Version:  7,
		Settings: formula.Settings{BaseScale: 2},
		Objects: []Object{
			{Name: "user", Plural: "users", Internal: true, Fields: []Field{str("name")}},
			{Name: "team", Plural: "teams", Internal: true, Fields: []Field{str("name")}},
			{Name: "branch", Plural: "branches", Internal: true, Fields: []Field{str("name")}},
			{Name: "company", Plural: "companies", Title: "name", Sort: "-changed_at,name", Fields: []Field{
				{Name: "name", Kind: TextKind{}, Required: true}, of("address", AddressKind{}), of("credit", MoneyKind{}),
				of("kind", ChoiceKind{Options: testOptions}), of("tags", TagsKind{}),
				of("revenue", RollupKind{List: "deals", Function: Sum, Field: "amount", Where: "stage = 'won'"}),
				of("deal_count", RollupKind{List: "deals", Function: Count}),
				of("rich", FormulaKind{Source: "revenue > 1000", Result: BoolKind{}}),
				{Name: "phone", Kind: PhoneKind{}, RequiredWhen: "kind = 'won'"},
			}, Views: []View{{Name: "mine", Filter: "owner = me()", Sort: "name", Columns: []string{"name", "owner.name", "address_city"}, Group: "kind"}},
				Unique: [][]string{{"name", "kind"}}},
			{Name: "deal", Plural: "deals", Fields: []Field{
				str("name"), amount, of("stage", ChoiceKind{Options: testOptions}), {Name: "company", Kind: RefKind{To: "company"}, Required: true},
				of("twice", FormulaKind{Source: "amount * 2", Result: MoneyKind{}}),
				of("age", FormulaKind{Source: "today() - closes_on", Result: NumberKind{}}), of("closes_on", DateKind{}),
				of("from", FormulaKind{Source: "company.name", Result: TextKind{}}),
				of("label", FormulaKind{Source: "lower(name)", Result: TextKind{}}),
			}, Rules: []Rule{{Name: "no_back", Where: "old.stage = 'won'", Must: "stage = 'won'", Field: "stage"}},
				Actions: []Action{{Name: "win", Input: []Field{of("reason", TextKind{Pattern: "[a-z]+"})}}}},
			{Name: "item", Plural: "items", Parent: "deal", Fields: []Field{
				{Name: "deal", Kind: RefKind{To: "deal"}, Required: true}, of("quantity", NumberKind{Decimals: 2}), of("price", MoneyKind{}),
			}},
			{Name: "note", Plural: "notes", Fields: []Field{of("text", LongTextKind{}), of("about", AnyRefKind{To: []string{"company", "deal"}})}},
			{Name: "person", Plural: "people", Fields: []Field{str("name"), of("companies", ManyKind{Through: "job_at", Near: "person", Far: "company"})}},
			{Name: "job_at", Plural: "jobs_at", Fields: []Field{ref("person", "person"), ref("company", "company"), str("role")}},
		},
	}
}

func compiled(t *testing.T, s Sources) *Catalog {
	t.Helper()
	c, err := Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func entity(t *testing.T, c *Catalog, name string) *Entity {
	t.Helper()
	e, ok := c.Object(name)
	if !ok {
		t.Fatalf("no object %s", name)
	}
	return e
}

func attr(t *testing.T, e *Entity, name string) *Attr {
	t.Helper()
	a, ok := e.Attr(name)
	if !ok {
		t.Fatalf("no field %s.%s", e.Name, name)
	}
	return a
}

func TestCompileLaysOutRecords(t *testing.T) {
	s := world()
	// "from" is a word of SQL; the world has it to show that a name is refused in TestCompileRefuses.
	rename(&s, "deal", "from", "origin")
	c := compiled(t, s)
	if c.Version != 7 || c.Settings().BaseScale != 2 {
		t.Error("version or settings are lost")
	}
	company := entity(t, c, "company")
	if e, ok := c.Plural("companies"); !ok || e != company || company.Catalog() != c || company.Table() != "companies" {
		t.Error("the plural does not lead to the object")
	}
	if _, ok := c.Plural("company"); ok {
		t.Error("the singular is found as a plural")
	}
	at := 0
	columns := map[string]bool{}
	for _, a := range company.Fields {
		if a.At != at || a.Width != len(a.Columns) || a.Width != len(a.Kind.Columns()) {
			t.Errorf("%s is at %d with width %d, want at %d", a.Name, a.At, a.Width, at)
		}
		at += a.Width
		for _, column := range a.Columns {
			if columns[column] {
				t.Errorf("column %s twice", column)
			}
			columns[column] = true
		}
	}
	if at != company.Slots {
		t.Errorf("%d slots, want %d", company.Slots, at)
	}
	if id := company.Fields[SlotDeleted]; id.Name != FieldDeletedAt || !id.System || company.Fields[SlotOwner].Name != FieldOwner {
		t.Error("system fields are not where their slots say")
	}
	for name, want := range map[string][4]string{ // key, order, sort column, indexed
		"name": {"name_k", "name_s", "name_s", "true"}, "credit": {"credit", "", "credit", "false"}, "address": {"", "", "address_street", "false"},
		"address_city": {"address_city_k", "", "address_city_k", "false"}, "kind": {"kind", "", "kind", "false"}, "tags": {"tags", "", "tags", "false"},
		"phone": {"phone", "", "phone", "false"}, "owner": {"owner", "", "owner", "true"}, "id": {"id", "", "id", "false"},
		"created_by": {"created_by", "", "created_by", "false"}, "changed_at": {"changed_at", "", "changed_at", "true"},
	} {
		a := attr(t, company, name)
		if got := [4]string{a.Key, a.Order, a.SortColumn(), fmt.Sprint(a.Indexed())}; got != want {
			t.Errorf("%s: key, order, sort column, indexed = %q, want %q", name, got, want)
		}
	}
	if company.TitleAttr.Name != "name" || entity(t, c, "item").TitleAttr.Name != "id" || entity(t, c, "deal").TitleAttr.Name != "name" {
		t.Error("a title is wrong")
	}
	parts := attr(t, company, "address").Parts()
	if len(parts) != 5 || parts[1].Name != "address_city" || parts[1].ColumnStorage(0) != Text || parts[1].At != attr(t, company, "address").At+1 {
		t.Errorf("parts = %v", parts)
	}
	if attr(t, company, "name").Parts() != nil {
		t.Error("a text has parts")
	}
}

// rename gives a field of the world another name.
func rename(s *Sources, object, from, to string) {
	for i := range s.Objects {
		for j := range s.Objects[i].Fields {
			if s.Objects[i].Name == object && s.Objects[i].Fields[j].Name == from {
				s.Objects[i].Fields[j].Name = to
			}
		}
	}
}

func good() Sources {
	s := world()
	rename(&s, "deal", "from", "origin")
	return s
}

func TestCompileRelations(t *testing.T) {
	c := compiled(t, good())
	lists := func(e string) string {
		var names []string
		for _, l := range entity(t, c, e).Lists {
			names = append(names, l.Name+":"+l.Entity.Name+"."+l.Via.Name)
		}
		slices.Sort(names)
		return strings.Join(names, " ")
	}
	if got := lists("company"); got != "deals:deal.company jobs_at:job_at.company notes:note.about" {
		t.Errorf("lists of company: %s", got)
	}
	if got := lists("deal"); got != "items:item.deal notes:note.about" {
		t.Errorf("lists of deal: %s", got)
	}
	if got := lists("user"); got != "" {
		t.Errorf("system links make lists: %s", got)
	}
	if l, ok := entity(t, c, "deal").List("items"); !ok || l.Entity.Name != "item" {
		t.Error("list items is not found")
	}
	item := entity(t, c, "item")
	if item.ParentVia != attr(t, item, "deal") {
		t.Error("the parent is not the link")
	}
	targets := func(e, f string) string { return strings.Join(attr(t, entity(t, c, e), f).Targets(), " ") }
	if targets("note", "about") != "company deal" || targets("item", "deal") != "deal" || targets("item", "price") != "" {
		t.Error("targets are wrong")
	}

	s := good()
	s.Objects[6].Fields[1].Kind = AnyRefKind{}
	s.Objects = append(s.Objects, Object{Name: "visit", Plural: "visits", Fields: []Field{ref("first", "company"), ref("second", "company")}})
	c = compiled(t, s)
	if got := targets("note", "about"); got != "company deal item person job_at visit" {
		t.Errorf("any_link to all leads to %q", got)
	}
	if got := lists("company"); !strings.Contains(got, "visits:visit.first visits_second:visit.second") {
		t.Errorf("two links to one object: %s", got)
	}
}

func TestCompileDerived(t *testing.T) {
	c := compiled(t, good())
	company, deal := entity(t, c, "company"), entity(t, c, "deal")
	stored := map[string]bool{"twice": true, "age": false, "origin": false, "label": true}
	for name, want := range stored {
		if a := attr(t, deal, name); a.Stored != want || a.Answer == nil {
			t.Errorf("deal.%s: stored %v, answer %v", name, a.Stored, a.Answer)
		}
	}
	if a := attr(t, company, "rich"); !a.Stored {
		t.Error("a formula over a roll-up of its own record is not stored")
	}
	if attr(t, deal, "age").Sortable() || !attr(t, deal, "twice").Sortable() || attr(t, company, "tags").Sortable() {
		t.Error("sortable is wrong")
	}
	if label := attr(t, deal, "label"); label.Key != "label_k" || label.KeyOf("ŞƏ") != "şə" {
		t.Errorf("a computed text has key %q", label.Key)
	}
	revenue := attr(t, company, "revenue")
	if revenue.Answer == nil || revenue.Formula() != (formula.Type{Kind: formula.Number, Scale: 2, Money: true}) || len(company.Rollups) != 2 {
		t.Errorf("revenue: %v %v, %d roll-ups", revenue.Answer, revenue.Formula(), len(company.Rollups))
	}
	for kind, want := range map[Kind]string{
		revenue.Kind: "1200.50", attr(t, deal, "twice").Kind: "1200.50", attr(t, company, "deal_count").Kind: "120050",
	} {
		if got := string(kind.AppendJSON(nil, []any{int64(120050)})); got != want || kind.Text([]any{int64(120050)}) != want {
			t.Errorf("%s 120050 is written %s, want %s", kind.Type(), got, want)
		}
		if got := string(kind.AppendJSON(nil, []any{nil})); got != "null" || kind.Text([]any{nil}) != "" {
			t.Errorf("empty is written %s", got)
		}
	}
}

// The order of declaration does not matter: a roll-up over a formula, a formula over that roll-up, a roll-up over that formula.
func TestCompileChains(t *testing.T) {
	build := func(order []int) error {
		objects := []Object{
			{Name: "one", Plural: "ones", Fields: []Field{str("name"),
				of("total", RollupKind{List: "twos", Function: Sum, Field: "part"}), of("top", RollupKind{List: "twos", Function: Max, Field: "last"})}},
			{Name: "two", Plural: "twos", Fields: []Field{ref("one", "one"), of("sum3", RollupKind{List: "threes", Function: Average, Field: "double"}),
				of("part", FormulaKind{Source: "sum3 / 2", Result: NumberKind{Decimals: 2}}), of("last", RollupKind{List: "threes", Function: Max, Field: "day"})}},
			{Name: "three", Plural: "threes", Fields: []Field{ref("two", "two"), of("n", NumberKind{}), of("day", DateKind{}),
				of("double", FormulaKind{Source: "n * 2", Result: NumberKind{}})}},
		}
		var s Sources
		for _, i := range order {
			s.Objects = append(s.Objects, objects[i])
		}
		c, err := Compile(s)
		if err != nil {
			return err
		}
		one, _ := c.Object("one")
		if got := one.byName["total"].Formula(); got.Scale != 2 || one.byName["top"].Formula().Kind != formula.Date {
			return fmt.Errorf("total is %v", got)
		}
		two, _ := c.Object("two")
		if got := two.byName["sum3"].Formula(); got.Scale != 4 {
			return fmt.Errorf("an average is %v", got)
		}
		return nil
	}
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {1, 2, 0}} {
		if err := build(order); err != nil {
			t.Errorf("%v: %v", order, err)
		}
	}
}

func TestCompileChecks(t *testing.T) {
	c := compiled(t, good())
	deal, company := entity(t, c, "deal"), entity(t, c, "company")
	if len(deal.Checks) != 1 || deal.Checks[0].Key != "deal.rules.no_back" || deal.Checks[0].Where == nil || deal.Checks[0].Must == nil {
		t.Errorf("checks of deal: %+v", deal.Checks)
	}
	if len(company.Checks) != 1 || company.Checks[0].Field != "phone" || company.Checks[0].Key != "value.required" || company.Checks[0].Must != nil {
		t.Errorf("checks of company: %+v", company.Checks)
	}
	if k := deal.Actions[0].Input[0].Kind.(TextKind); k.whole == nil {
		t.Error("the kinds of an action's input are not made ready")
	}
}

func TestCompileLeavesSourcesAlone(t *testing.T) {
	s := good()
	before, err := json.Marshal(s.Objects)
	if err != nil {
		t.Fatal(err)
	}
	s.Extensions = []Extension{{Object: "deal", Fields: []Field{str("extra")}, Actions: []Action{{Name: "lose"}}}}
	s.Items = []Item{{Object: "company", Field: &Field{Name: "name", Labels: map[string]string{"en": "X"}}}}
	for range 2 {
		compiled(t, s)
	}
	if after, _ := json.Marshal(s.Objects); string(after) != string(before) {
		t.Error("compiling changes what it compiles")
	}
}

func TestExtensions(t *testing.T) {
	s := good()
	s.Extensions = []Extension{
		{Object: "deal", Fields: []Field{of("score", NumberKind{}), ref("partner", "company")}, Rules: []Rule{{Name: "scored", Must: "score >= 0"}}, Actions: []Action{{Name: "rate"}}},
		{Object: "company", Fields: []Field{of("best", RollupKind{List: "deals", Function: Max, Field: "score"})}},
	}
	c := compiled(t, s)
	deal := entity(t, c, "deal")
	attr(t, deal, "score")
	if len(deal.Checks) != 2 || len(deal.Actions) != 2 {
		t.Errorf("%d checks and %d actions", len(deal.Checks), len(deal.Actions))
	}
	if _, ok := entity(t, c, "company").List("deals_partner"); !ok {
		t.Error("a link of an extension has no list")
	}
}

// Each case spoils the world in one way and names the place and the key of the fault.
func TestCompileRefuses(t *testing.T) {
	add := func(object string, fields ...Field) func(*Sources) {
		return func(s *Sources) { s.Extensions = append(s.Extensions, Extension{Object: object, Fields: fields}) }
	}
	objects := func(list ...Object) func(*Sources) {
		return func(s *Sources) { s.Objects = append(s.Objects, list...) }
	}
	rule := func(r ...Rule) func(*Sources) {
		return func(s *Sources) { s.Extensions = append(s.Extensions, Extension{Object: "deal", Rules: r}) }
	}
	action := func(a ...Action) func(*Sources) {
		return func(s *Sources) { s.Extensions = append(s.Extensions, Extension{Object: "deal", Actions: a}) }
	}
	company := func(change func(*Object)) func(*Sources) { return func(s *Sources) { change(&s.Objects[3]) } }
	many := func(n int) (fields []Field) {
		for i := range n {
			fields = append(fields, str(fmt.Sprintf("f%d", i)))
		}
		return fields
	}
	cases := []struct {
		spoil func(*Sources)
		want  string
	}{
		{add("deal", str("from")), "deal.from catalog.name_invalid"},
		{add("deal", str("Amount")), "deal.Amount catalog.name_invalid"},
		{add("deal", str("a__b")), "deal.a__b catalog.name_invalid"},
		{add("deal", str("id")), "deal.id catalog.name_invalid"},
		{add("deal", str("empty")), "deal.empty catalog.name_invalid"},
		{add("deal", str("x_k")), "deal.x_k catalog.name_invalid"},
		{add("deal", str("x_s")), "deal.x_s catalog.name_invalid"},
		{add("deal", str(strings.Repeat("a", 41))), "deal." + strings.Repeat("a", 41) + " catalog.name_invalid"},
		{add("deal", str("version")), "deal.version catalog.name_taken"},
		{add("deal", str("name")), "deal.name catalog.name_taken"},
		{add("deal", str("amount_minor")), "deal.amount_minor catalog.name_taken"},
		{add("deal", str("x_currency"), of("x", MoneyKind{})), "deal.x catalog.name_taken"},
		{add("company", str("address_city")), "company.address_city catalog.name_taken"},
		{add("company", str("home_city"), of("home", AddressKind{})), "company.home catalog.name_taken"},
		{add("deal", Field{Name: "x"}), "deal.x.kind value.required"},
		{add("deal", of("x", ChoiceKind{})), "deal.x.options value.required"},
		{add("deal", many(MaxFields)...), "deal catalog.too_many"},
		{add("lost", str("x")), "lost value.unknown_object"},
		{add("deal", Field{Name: "x", Kind: NumberKind{}, Default: "abc"}), "deal.x.default value.number"},
		{add("deal", Field{Name: "x", Kind: MoneyKind{}, Default: "5"}), ""},
		{add("deal", Field{Name: "x", Kind: TextKind{}, Labels: map[string]string{"en": strings.Repeat("x", 201)}}), "deal.x.labels value.too_long"},
		{add("deal", Field{Name: "x", Kind: LongTextKind{}, Unique: true}), "deal.x.unique value.type"},
		{add("deal", Field{Name: "x", Kind: EmailKind{}, Unique: true, Sort: true}), ""},
		{objects(Object{Name: "deal", Plural: "dealings"}), "deal catalog.name_taken"},
		{objects(Object{Name: "sale", Plural: "deals"}), "sale catalog.name_taken"},
		{objects(Object{Name: "deals", Plural: "sales"}), "deals catalog.name_taken"},
		{objects(Object{Name: "sheep", Plural: "sheep"}), "sheep catalog.name_invalid"},
		{objects(Object{Name: "order", Plural: "orders"}), ""},
		{objects(Object{Name: "worker", Plural: "jobs"}), "worker catalog.name_invalid"},
		{objects(make([]Object, 0, 1)...), ""},
		{add("deal", ref("x", "lost")), "deal.x.to value.unknown_object"},
		{add("deal", of("x", AnyRefKind{To: []string{"company", "lost"}})), "deal.x.to value.unknown_object"},
		{add("deal", of("x", RefKind{To: "company", Inverse: "name"})), "deal.x.inverse catalog.name_taken"},
		{add("deal", of("x", RefKind{To: "company", Inverse: "deals"})), "deal.x.inverse catalog.name_taken"},
		{add("deal", of("x", RefKind{To: "company", Inverse: "No"})), "deal.x.inverse catalog.name_invalid"},
		{add("deal", of("x", RefKind{To: "company", Inverse: "old"})), "deal.x.inverse catalog.name_invalid"},
		{add("deal", of("x", ManyKind{Through: "lost"})), "deal.x.through value.unknown_object"},
		{add("deal", of("x", ManyKind{Through: "job_at", Near: "company", Far: "person"})), "deal.x.near value.unknown_field"},
		{add("person", of("x", ManyKind{Through: "job_at", Near: "person", Far: "role"})), "person.x.far value.unknown_field"},
		{objects(Object{Name: "part", Plural: "parts", Parent: "deal"}), "part.parent value.unknown_field"},
		{objects(Object{Name: "part", Plural: "parts", Parent: "name", Fields: []Field{{Name: "name", Kind: TextKind{}, Required: true}}}), "part.parent value.type"},
		{objects(Object{Name: "part", Plural: "parts", Parent: "deal", Fields: []Field{ref("deal", "deal")}}), "part.parent value.required"},
		{objects(Object{Name: "part", Plural: "parts", Parent: "above", Fields: []Field{{Name: "above", Kind: RefKind{To: "part"}, Required: true}}}), "part.parent value.cycle"},
		{add("company", of("x", RollupKind{List: "sales", Function: Count})), "company.x.list formula.unknown_list"},
		{add("company", of("x", RollupKind{List: "deals", Function: Sum, Field: "lost"})), "company.x.field value.unknown_field"},
		{add("company", of("x", RollupKind{List: "deals", Function: Sum, Field: "name"})), "company.x.field formula.needs"},
		{add("company", of("x", RollupKind{List: "deals", Function: Sum, Field: "closes_on"})), "company.x.field formula.needs"},
		{add("company", of("x", RollupKind{List: "deals", Function: Min, Field: "closes_on"})), ""},
		{add("company", of("x", RollupKind{List: "deals", Function: Max, Field: "company"})), "company.x.field formula.needs"},
		{add("company", of("x", RollupKind{List: "deals", Function: Sum, Field: "age"})), "company.x.field value.unknown_field"},
		{add("company", of("x", RollupKind{List: "deals", Function: Count, Where: "closes_on < today()"})), "company.x.where formula.own_fields"},
		{add("company", of("x", RollupKind{List: "deals", Function: Count, Where: "company.name = 'x'"})), "company.x.where formula.own_fields"},
		{add("company", of("x", RollupKind{List: "deals", Function: Count, Where: "age > 3"})), "company.x.where formula.own_fields"},
		{add("company", of("x", RollupKind{List: "deals", Function: Count, Where: "amount >"})), "company.x.where formula.unexpected_end"},
		{add("company", ref("above", "company"), of("x", RollupKind{List: "companies", Function: Sum, Field: "x"})), "company.x formula.computed"},
		{add("company", ref("above", "company"), of("x", RollupKind{List: "companies", Function: Sum, Field: "y"}), of("y", FormulaKind{Source: "x + 1", Result: NumberKind{}})), "company.x formula.computed"},
		{add("deal", of("x", FormulaKind{Source: "twice + amount", Result: MoneyKind{}})), "deal.x.formula formula.computed"},
		{add("item", of("x", FormulaKind{Source: "deal.twice", Result: MoneyKind{}})), "item.x.formula formula.computed"},
		{add("deal", of("x", FormulaKind{Source: "amount + name", Result: MoneyKind{}})), "deal.x.formula formula.types"},
		{add("deal", of("x", FormulaKind{Source: "amount", Result: TextKind{}})), "deal.x.formula formula.wrong_result"},
		{add("deal", of("x", FormulaKind{Source: "1"})), "deal.x.result value.required"},
		{add("deal", Field{Name: "x", Kind: TextKind{}, RequiredWhen: "nothing = 1"}), "deal.x.required_when formula.unknown_field"},
		{rule(Rule{Name: "r", Must: "lost = 1"}), "deal.r.must formula.unknown_field"},
		{rule(Rule{Name: "r", Must: "amount"}), "deal.r.must formula.needs_condition"},
		{rule(Rule{Name: "r"}), "deal.r.must value.required"},
		{rule(Rule{Name: "r", Must: "amount > 0", Field: "lost"}), "deal.r.field value.unknown_field"},
		{rule(Rule{Name: "r", Must: "amount > 0", Where: "old.amount <"}), "deal.r.where formula.unexpected_end"},
		{rule(Rule{Name: "no_back", Must: "amount > 0"}), "deal.no_back catalog.name_taken"},
		{rule(Rule{Name: "No", Must: "amount > 0"}), "deal.No catalog.name_invalid"},
		{rule(Rule{Name: "r", Retired: true, Must: "lost = 1"}), ""},
		{rule(make([]Rule, MaxRules)...), "deal catalog.too_many"},
		{action(Action{Name: "export"}), "deal.actions.export catalog.name_invalid"},
		{action(Action{Name: "win"}), "deal.actions.win catalog.name_taken"},
		{action(Action{Name: "ask", Input: []Field{{Name: "x"}}}), "deal.actions.ask.x.kind value.required"},
		{action(Action{Name: "ask", Input: []Field{str("x"), str("x")}}), "deal.actions.ask.x catalog.name_taken"},
		{action(Action{Name: "ask", Input: []Field{of("x", ChoiceKind{})}}), "deal.actions.ask.x.options value.required"},
		{company(func(o *Object) { o.Title = "lost" }), "company.title value.unknown_field"},
		{company(func(o *Object) { o.Sort = "name,-lost" }), "company.sort value.unknown_field"},
		{company(func(o *Object) { o.Sort = "tags" }), "company.sort value.unknown_field"},
		{company(func(o *Object) { o.Unique = [][]string{{"name", "lost"}} }), "company.unique value.unknown_field"},
		{company(func(o *Object) { o.Unique = [][]string{{"address"}} }), "company.unique value.unknown_field"},
		{company(func(o *Object) { o.Views = []View{{Name: "v", Filter: "lost = 1"}} }), "company.views.v.filter formula.unknown_field"},
		{company(func(o *Object) { o.Views = []View{{Name: "v", Columns: []string{"lost.name"}}} }), "company.views.v value.unknown_field"},
		{company(func(o *Object) { o.Views = []View{{Name: "v", Sort: "lost"}} }), "company.views.v.sort value.unknown_field"},
	}
	for i, c := range cases {
		s := good()
		c.spoil(&s)
		catalog, err := Compile(s)
		var got []string
		for _, f := range fault.All(err) {
			got = append(got, f.Field+" "+f.Key)
		}
		if c.want == "" && err != nil || c.want != "" && !slices.Contains(got, c.want) {
			t.Errorf("case %d: faults %q, want %q", i, got, c.want)
		}
		if (catalog == nil) != (err != nil) {
			t.Errorf("case %d: a catalog and a fault, or neither", i)
		}
	}
}

func TestTooManyObjects(t *testing.T) {
	var s Sources
	for i := range MaxObjects + 1 {
		s.Objects = append(s.Objects, Object{Name: fmt.Sprintf("o%d", i), Plural: fmt.Sprintf("os%d", i)})
	}
	if _, err := Compile(s); err == nil || fault.Of(err).Key != "catalog.too_many" {
		t.Errorf("%d objects: %v", MaxObjects+1, err)
	}
}

// A chain of parents may have MaxParents links and no more.
func TestParentChains(t *testing.T) {
	for n := range MaxParents + 2 {
		s := Sources{Objects: []Object{{Name: "o0", Plural: "os0"}}}
		for i := 1; i <= n; i++ {
			s.Objects = append(s.Objects, Object{Name: fmt.Sprintf("o%d", i), Plural: fmt.Sprintf("os%d", i), Parent: "up",
				Fields: []Field{{Name: "up", Kind: RefKind{To: fmt.Sprintf("o%d", i-1)}, Required: true}}})
		}
		if _, err := Compile(s); (err == nil) != (n <= MaxParents) {
			t.Errorf("a chain of %d parents: %v", n, err)
		}
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	s := good()
	s.Extensions = []Extension{{Object: "deal", Fields: []Field{
		str("Bad"), ref("x", "lost"), of("y", FormulaKind{Source: "nothing + other_thing", Result: NumberKind{}}), of("z", ChoiceKind{}),
	}, Rules: []Rule{{Name: "r"}}}, {Object: "lost"}}
	_, err := Compile(s)
	var got []string
	for _, f := range fault.All(err) {
		got = append(got, f.Field+" "+f.Key)
	}
	for _, want := range []string{
		"deal.Bad catalog.name_invalid", "deal.x.to value.unknown_object", "deal.z.options value.required", "deal.r.must value.required",
		"lost value.unknown_object",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("no %q among %q", want, got)
		}
	}
	unknown := 0
	for _, line := range got {
		if strings.HasPrefix(line, "deal.y.formula formula.unknown_field") {
			unknown++
		}
	}
	if unknown != 2 {
		t.Errorf("%d unknown fields of one formula are reported, want 2: %q", unknown, got)
	}
}

// TestMoneyIsWrittenInWholeUnits holds a number beside an amount to mean units of the base currency, not its smallest parts.
func TestMoneyIsWrittenInWholeUnits(t *testing.T) {
	c, err := Compile(Sources{
		Objects:  []Object{{Name: "deal", Plural: "deals", Fields: []Field{{Name: "name", Kind: TextKind{}}, {Name: "amount", Kind: MoneyKind{}}}}},
		Settings: formula.Settings{BaseScale: 2},
	})
	if err != nil {
		t.Fatal(err)
	}
	e, _ := c.Object("deal")
	a, _ := e.Attr("amount")
	values := make([]formula.Value, e.Slots)
	values[a.At] = formula.Whole(120_000)
	for source, want := range map[string]bool{
		"amount = 1200": true, "amount = 1200.00": true, "amount = 120000": false, "amount > 1199.99": true, "amount / 2 = 600": true, "amount * 2 = 2400": true,
	} {
		x, err := formula.Compile(c.Schema(nil), "deal", source, formula.Condition(), c.Settings())
		if err != nil {
			t.Fatal(source, err)
		}
		if got, err := x.Holds(&formula.Env{}, formula.Record{ID: 1, Values: values}); err != nil || got != want {
			t.Errorf("%s: %v %v, want %v", source, got, err, want)
		}
	}
}
