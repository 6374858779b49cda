package access

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"ashna/engine/meta"
	"ashna/kit/fault"
	"ashna/kit/formula"
	"ashna/kit/ident"
)

// People, teams, branches and roles of the tests. Teams: 10 is above 11, which is above 12; 20 stands alone.
const (
	ali, bahar, ceyda, dana             = ident.ID(1), ident.ID(2), ident.ID(3), ident.ID(4)
	north, northWest, northWestEnd      = ident.ID(10), ident.ID(11), ident.ID(12)
	south                               = ident.ID(20)
	tehran, baku                        = ident.ID(30), ident.ID(31)
	roleA, roleB, roleOwner, roleNobody = ident.ID(40), ident.ID(41), ident.ID(42), ident.ID(43)
)

func link(name, to string) meta.Field {
	return meta.Field{Name: name, Kind: meta.RefKind{To: to}, Required: true}
}

func words(name string) meta.Field { return meta.Field{Name: name, Kind: meta.TextKind{}} }

// catalog is a business with parents (item of deal, step of item, note of company or deal), computed fields over computed fields, a
// relation over an object between, and a sensitive field.
func catalog(t testing.TB) *meta.Catalog {
	t.Helper()
	number := meta.NumberKind{}
	shipped := append(Objects(), []meta.Object{
		{Name: "company", Plural: "companies", Fields: []meta.Field{
			words("name"), {Name: "secret", Kind: number, Sensitive: true}, {Name: "place", Kind: meta.AddressKind{}},
			{Name: "revenue", Kind: meta.RollupKind{List: "deals", Function: meta.Sum, Field: "amount"}},
			{Name: "won", Kind: meta.RollupKind{List: "deals", Function: meta.Count, Where: "stage > 2"}},
			{Name: "gone_count", Kind: meta.RollupKind{List: "gones", Function: meta.Count}},
			{Name: "rich", Kind: meta.FormulaKind{Source: "revenue > 10", Result: meta.BoolKind{}}},
			{Name: "hint", Kind: meta.FormulaKind{Source: "secret * 2", Result: number}},
			{Name: "people", Kind: meta.ManyKind{Through: "post", Near: "company", Far: "person"}},
		}},
		{Name: "deal", Plural: "deals", Fields: []meta.Field{
			words("name"), {Name: "amount", Kind: number}, {Name: "stage", Kind: number}, link("company", "company"),
			{Name: "of_company", Kind: meta.FormulaKind{Source: "company.name", Result: meta.TextKind{}}},
			{Name: "total", Kind: meta.RollupKind{List: "items", Function: meta.Sum, Field: "price"}},
			{Name: "score", Kind: number, Derived: true},
		}, Actions: []meta.Action{{Name: "win"}, {Name: "lose"}}},
		{Name: "item", Plural: "items", Parent: "deal", Fields: []meta.Field{link("deal", "deal"), {Name: "price", Kind: number}}, Actions: []meta.Action{{Name: "split"}}},
		{Name: "step", Plural: "steps", Parent: "item", Fields: []meta.Field{link("item", "item"), words("name")}},
		{Name: "note", Plural: "notes", Parent: "about", Fields: []meta.Field{
			{Name: "about", Kind: meta.AnyRefKind{To: []string{"company", "deal"}}, Required: true}, words("text")}},
		{Name: "person", Plural: "people", Fields: []meta.Field{words("name")}},
		{Name: "post", Plural: "posts", Fields: []meta.Field{link("company", "company"), link("person", "person")}},
		{Name: "rate", Plural: "rates", Internal: true, Fields: []meta.Field{words("name"), {Name: "key", Kind: meta.TextKind{}, Sensitive: true}}},
		{Name: "gone", Plural: "gones", Retired: true, Fields: []meta.Field{words("name"), link("company", "company")}},
	}...)
	c, err := meta.Compile(meta.Sources{
		Objects: shipped, Settings: formula.Settings{BaseScale: 2},
		Extensions: []meta.Extension{{Object: meta.ObjectUser, Fields: []meta.Field{{Name: "pin", Kind: number, Sensitive: true}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func object(t testing.TB, c *meta.Catalog, name string) *meta.Entity {
	t.Helper()
	e, ok := c.Object(name)
	if !ok {
		t.Fatalf("no object %s", name)
	}
	return e
}

// grant writes a grant in short: "read=all update=team amount:hidden".
func grant(text string) Grant {
	g := Grant{Rights: map[Right]Scope{}}
	for _, word := range strings.Fields(text) {
		if right, scope, ok := strings.Cut(word, "="); ok {
			g.Rights[Right(right)] = Scope(strings.TrimSuffix(scope, "none"))
			continue
		}
		field, fr, _ := strings.Cut(word, ":")
		if g.Fields == nil {
			g.Fields = map[string]FieldRight{}
		}
		g.Fields[field] = FieldRight(fr)
	}
	return g
}

func objects(pairs ...string) Rights {
	r := Rights{Objects: map[string]Grant{}}
	for i := 0; i < len(pairs); i += 2 {
		r.Objects[pairs[i]] = grant(pairs[i+1])
	}
	return r
}

func data(a, b Rights) Data {
	return Data{
		People: []Person{
			{ID: ali, Name: "Ali", Email: "ali@a.com", Active: true, Team: northWest, Branch: tehran, Roles: []ident.ID{roleA}},
			{ID: bahar, Active: true, Team: northWest, Branch: tehran, Roles: []ident.ID{roleA, roleB, roleB}},
			{ID: ceyda, Active: false, Team: northWest, Roles: []ident.ID{roleA}},
			{ID: dana, Active: true, Roles: []ident.ID{roleOwner, 999}},
		},
		Teams: map[ident.ID]ident.ID{north: 0, northWest: north, northWestEnd: northWest, south: 0},
		Roles: []RoleData{{roleA, "a", a}, {roleB, "b", b}, {roleOwner, RoleOwner, Shipped()[RoleOwner]}, {roleNobody, "nobody", Rights{}}},
	}
}

func viewer(t testing.TB, c *meta.Catalog, user ident.ID, a, b Rights, scopes ...string) *Viewer {
	t.Helper()
	v, err := NewViewer(c, NewPolicy(1, data(a, b)), user, scopes)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// show writes rows in short: "me teams=11,12 branches=30 shares=1,10,11,40/2".
func show(r Rows) string {
	if r.All {
		return "all"
	}
	var parts []string
	list := func(name string, ids []int64) {
		if len(ids) > 0 {
			parts = append(parts, name+"="+strings.ReplaceAll(strings.Trim(fmt.Sprint(ids), "[]"), " ", ","))
		}
	}
	if r.Me != 0 {
		parts = append(parts, "me")
	}
	list("teams", r.Teams)
	list("branches", r.Branches)
	list("shares", r.Principals)
	if len(r.Principals) > 0 {
		parts[len(parts)-1] += fmt.Sprint("/", r.Level)
	}
	return strings.Join(parts, " ")
}

func TestScopes(t *testing.T) {
	c := catalog(t)
	const mine, both = "shares=1,10,11,40", "shares=2,10,11,40,41"
	cases := []struct {
		user  ident.ID
		a, b  Rights
		right Right
		want  string
	}{
		{ali, objects("deal", "read=own"), Rights{}, Read, "me " + mine + "/1"},
		{ali, objects("deal", "read=team"), Rights{}, Read, "me teams=11,12 " + mine + "/1"},
		{ali, objects("deal", "read=branch"), Rights{}, Read, "me branches=30 " + mine + "/1"},
		{ali, objects("deal", "read=all"), Rights{}, Read, "all"},
		{ali, objects("deal", "read=none"), Rights{}, Read, ""},
		{ali, objects("deal", "read=all update=own"), Rights{}, Update, "me " + mine + "/2"},
		{ali, objects("deal", "read=all"), Rights{}, Update, ""},
		{ali, objects("deal", "read=all delete=team"), Rights{}, Delete, "me teams=11,12"},
		{ali, objects("deal", "read=own update=all"), Rights{}, Update, "me " + mine + "/1"},
		{ali, objects("deal", "read=own delete=all"), Rights{}, Delete, "me " + mine + "/1"},
		{ali, objects("deal", "read=team export=branch"), Rights{}, Export, "me"},
		{ali, objects("deal", "read=own create=all"), Rights{}, Create, "all"},
		{ali, objects("deal", "create=all update=all"), Rights{}, Create, ""},
		{ali, objects("deal", "update=all"), Rights{}, Update, ""},
		{ali, objects("company", "read=all"), Rights{}, Read, ""},
		{ali, objects("*", "read=own"), Rights{}, Read, "me " + mine + "/1"},
		{ali, objects("*", "read=all", "deal", "read=own"), Rights{}, Read, "me " + mine + "/1"},
		{bahar, objects("deal", "read=team"), objects("deal", "read=branch"), Read, "me teams=11,12 branches=30 " + both + "/1"},
		{bahar, objects("deal", "read=own"), objects("*", "read=all"), Read, "all"},
		{bahar, objects("deal", "read=all update=own"), objects("deal", "read=own update=team"), Update, "me teams=11,12 " + both + "/2"},
		{bahar, objects("deal", "read=own"), objects("deal", "update=all"), Update, ""},

		// Actions: a name beats the wildcard of its role, also when it says none; another role may still allow it.
		{ali, objects("deal", "read=all win=own *=all"), Rights{}, "win", "me"},
		{ali, objects("deal", "read=all win=none *=all"), Rights{}, "win", ""},
		{ali, objects("deal", "read=all win=none *=all"), Rights{}, "lose", "all"},
		{ali, objects("deal", "read=all win=own"), Rights{}, "lose", ""},
		{ali, objects("deal", "read=all *=all"), Rights{}, Delete, ""},
		{bahar, objects("deal", "read=all win=own"), objects("deal", "read=all *=all"), "win", "all"},
		{bahar, objects("deal", "read=all win=none *=all"), objects("deal", "read=all *=team"), "win", "me teams=11,12"},
	}
	for i, k := range cases {
		v := viewer(t, c, k.user, k.a, k.b)
		if got := show(v.Rows(object(t, c, "deal"), k.right)); got != k.want {
			t.Errorf("case %d: %s = %q, want %q", i, k.right, got, k.want)
		}
		if got := v.Can(object(t, c, "deal"), k.right); got != (k.want != "") {
			t.Errorf("case %d: Can = %v", i, got)
		}
	}
}

func TestPass(t *testing.T) {
	rows := Rows{Me: 1, Teams: []int64{11, 12}, Branches: []int64{30}, Principals: []int64{1, 40}, Level: ShareEdit}
	cases := []struct {
		row  Owned
		want bool
	}{
		{Owned{Owner: 1}, true}, {Owned{Owner: 2}, false}, {Owned{Team: 11}, true}, {Owned{Team: 12}, true}, {Owned{Team: 10}, false},
		{Owned{Branch: 30}, true}, {Owned{Branch: 31}, false}, {Owned{Share: ShareRead}, false}, {Owned{Share: ShareEdit}, true}, {Owned{}, false},
	}
	for _, c := range cases {
		if got := rows.Pass(c.row); got != c.want {
			t.Errorf("Pass(%+v) = %v", c.row, got)
		}
	}
	if (Rows{}).Pass(Owned{}) || (Rows{}).Pass(Owned{Share: ShareEdit}) || !(Rows{All: true}).Pass(Owned{}) || !(Rows{}).None() {
		t.Error("no rows pass something, or all do not")
	}
	if (Rows{Principals: []int64{1}}).Pass(Owned{}) {
		t.Error("a record that is not shared passes as shared")
	}
}

func TestParents(t *testing.T) {
	c := catalog(t)
	const mine = "shares=1,10,11,40"
	cases := []struct {
		rights Rights
		object string
		right  Right
		want   string
	}{
		{objects("deal", "read=team update=own"), "item", Read, "me teams=11,12 " + mine + "/1"},
		{objects("deal", "read=team update=own"), "item", Create, "me " + mine + "/2"},
		{objects("deal", "read=team update=own"), "item", Delete, "me " + mine + "/2"},
		{objects("deal", "read=team update=own"), "step", "anything", "me " + mine + "/2"},
		{objects("deal", "read=all create=all delete=all"), "item", Create, ""},
		{objects("deal", "read=all create=all delete=all"), "item", Delete, ""},
		{objects("*", "read=all update=team create=all"), "item", Create, "me teams=11,12 " + mine + "/2"},
		{objects("*", "read=all", "deal", "read=own"), "step", Read, "me " + mine + "/1"},
		{objects("deal", "read=own", "item", "read=all"), "item", Read, "me " + mine + "/1"},
		{objects("deal", "read=own update=own", "item", "read=all update=all create=all"), "item", Create, "me " + mine + "/2"},
		{objects("deal", "read=own update=all"), "item", Create, "me " + mine + "/1"},
		{objects("item", "read=all update=all"), "item", Read, ""},
		{objects("deal", "read=all update=all", "item", "read=own"), "item", Read, "me " + mine + "/1"},
		{objects("deal", "read=all update=all", "item", "read=none"), "item", Read, ""},
		{objects("deal", "read=all update=all", "item", "read=none"), "step", Read, ""},
		{objects("deal", "read=team", "item", "read=branch"), "item", Read, "me " + mine + "/1"},
		{objects("deal", "read=all update=all", "item", "read=all split=own"), "item", "split", "me " + mine + "/2"},

		// A note may be about a company or a deal: it is seen by who sees all of both, else as narrowly as the narrower.
		{objects("*", "read=all update=all create=all"), "note", Create, "all"},
		{objects("*", "read=all update=all create=all", "deal", "read=all"), "note", Create, ""},
		{objects("*", "read=all", "deal", "read=own"), "note", Read, "me " + mine + "/1"},
		{objects("note", "read=all", "deal", "read=all"), "note", Read, ""},
		{objects("note", "read=all", "deal", "read=all", "company", "read=all"), "note", Read, "all"},
	}
	for i, k := range cases {
		v := viewer(t, c, ali, k.rights, Rights{})
		if got := show(v.Rows(object(t, c, k.object), k.right)); got != k.want {
			t.Errorf("case %d: %s %s = %q, want %q", i, k.object, k.right, got, k.want)
		}
	}
}

// rights of fields, in short: "e" edit, "r" read, "-" hidden.
func fieldOf(t testing.TB, v *Viewer, name string) string {
	t.Helper()
	o, f, _ := strings.Cut(name, ".")
	a, ok := object(t, v.Catalog, o).Attr(f)
	if !ok {
		t.Fatalf("no field %s", name)
	}
	switch {
	case v.Writable(a) && !v.Readable(a):
		return "written but not read"
	case v.Writable(a):
		return "e"
	case v.Readable(a):
		return "r"
	}
	return "-"
}

func TestFields(t *testing.T) {
	c := catalog(t)
	cases := []struct {
		user ident.ID
		a, b Rights
		want string
	}{
		{ali, objects("*", "read=all"), Rights{}, "company.name=e company.secret=- company.hint=- company.revenue=r company.rich=r company.owner=e company.id=r deal.score=r"},
		{ali, objects("*", "read=all name:read secret:read"), Rights{}, "company.name=r company.secret=r company.hint=r deal.of_company=r"},
		{ali, objects("*", "read=all *:read"), Rights{}, "company.name=r company.secret=r company.owner=e"},
		{ali, objects("*", "read=all *:hidden name:read"), Rights{}, "company.name=r company.place=- company.place_city=- company.revenue=- company.owner=e"},
		{ali, objects("*", "read=all", "company", "read=all place:read owner:hidden"), Rights{}, "company.place_city=r company.place=r company.owner=e"},
		{ali, objects("company", "read=all"), Rights{}, "company.name=e company.revenue=- company.rich=- deal.name=- deal.id=- company.people=-"},
		{bahar, objects("company", "read=all name:hidden secret:read"), objects("company", "read=all name:read"), "company.name=r company.secret=r company.hint=r"},
		{bahar, objects("company", "read=all name:hidden"), objects("company", "update=all name:edit"), "company.name=-"},
		{bahar, objects("company", "read=all name:hidden"), objects("company", "read=own"), "company.name=e"},

		// Computed fields over hidden ones, also in several steps and over links.
		{ali, objects("*", "read=all", "deal", "read=all amount:hidden"), Rights{}, "company.revenue=- company.rich=- company.won=r"},
		{ali, objects("*", "read=all", "deal", "read=all stage:hidden"), Rights{}, "company.revenue=r company.won=-"},
		{ali, objects("*", "read=all", "deal", "read=all company:hidden"), Rights{}, "company.revenue=- company.won=- deal.of_company=-"},
		{ali, objects("*", "read=all", "company", "read=all name:hidden"), Rights{}, "deal.of_company=-"},
		{ali, objects("deal", "read=all"), Rights{}, "deal.of_company=-"},
		{ali, objects("*", "read=all", "deal", "read=own"), Rights{}, "company.revenue=- company.won=- company.rich=- deal.total=r"},
		{ali, objects("*", "read=own"), Rights{}, "company.revenue=- deal.total=r"},
		{ali, objects("*", "read=all", "item", "read=none"), Rights{}, "deal.total=-"},
		{ali, objects("*", "read=all", "item", "read=own"), Rights{}, "deal.total=-"},
		{ali, objects("*", "read=all", "item", "read=all price:hidden"), Rights{}, "deal.total=-"},
		{ali, objects("*", "read=all", "post", "read=none"), Rights{}, "company.people=-"},
		{ali, objects("*", "read=all", "post", "read=all person:hidden"), Rights{}, "company.people=-"},
		{ali, objects("*", "read=all"), Rights{}, "company.people=e user.name=e user.roles=- user.pin=- rate.name=- gone.name=e"},
		{dana, Rights{}, Rights{}, "company.secret=e company.hint=r company.revenue=r rate.key=e user.roles=e user.pin=e deal.score=r company.gone_count=-"},
	}
	for i, k := range cases {
		v := viewer(t, c, k.user, k.a, k.b)
		for _, pair := range strings.Fields(k.want) {
			name, want, _ := strings.Cut(pair, "=")
			if got := fieldOf(t, v, name); got != want {
				t.Errorf("case %d: %s is %q, want %q", i, name, got, want)
			}
		}
	}
}

func TestInternalObjects(t *testing.T) {
	c := catalog(t)
	cases := []struct {
		name   string
		rights Rights
		scopes []string
		want   map[string]string // object and right to rows
	}{
		{"nobody", Rights{}, nil, map[string]string{"user read": "all", "team read": "all", "branch read": "all", "role read": "", "assignment read": "", "rate read": "", "user update": "", "rate update": ""}},
		{"wildcard", objects("*", "read=all update=all *=all"), nil, map[string]string{"role read": "", "user update": "", "user disable": ""}},
		{"named", objects("role", "read=all update=all", "user", "update=all"), nil, map[string]string{"role read": "", "role update": "", "user update": ""}},
		{"users", Rights{Platform: []string{Users}}, nil, map[string]string{"role read": "all", "role update": "all", "user delete": "all", "user disable": "all", "rate import": "all"}},
		{"other permission", Rights{Platform: []string{Catalog, Settings}}, nil, map[string]string{"role read": "", "user update": ""}},
		{"token", Rights{Platform: []string{Users}}, []string{"read", "write"}, map[string]string{"user read": "all", "user update": "", "role read": ""}},
		{"token of another object", Rights{}, []string{"deals:read"}, map[string]string{"user read": ""}},
		{"admin token", Rights{Platform: []string{Users}}, []string{"admin"}, map[string]string{"user update": "all"}},
	}
	for _, k := range cases {
		v := viewer(t, c, ali, k.rights, Rights{}, k.scopes...)
		for place, want := range k.want {
			o, right, _ := strings.Cut(place, " ")
			if got := show(v.Rows(object(t, c, o), Right(right))); got != want {
				t.Errorf("%s: %s = %q, want %q", k.name, place, got, want)
			}
		}
	}
}

func TestTokens(t *testing.T) {
	c := catalog(t)
	full := objects("*", "read=all create=all update=all delete=all export=all import=all *=all")
	all := []Right{Read, Create, Update, Delete, Export, Import, "win"}
	cases := []struct {
		scopes string
		deal   string // rights on deals
		person string // rights on people
	}{
		{"", "read create update delete export import win", "read create update delete export import win"},
		{"read", "read", "read"},
		{"write", "read create update delete win", "read create update delete win"},
		{"deals:read", "read", ""},
		{"deals:write", "read create update delete win", ""},
		{"read deals:write", "read create update delete win", "read"},
		{"read export", "read export", "read export"},
		{"export", "", ""},
		{"import", "", ""},
		{"write import", "read create update delete import win", "read create update delete import win"},
		{"admin", "read create update delete export import win", "read create update delete export import win"},
		{"deals:admin", "read create update delete export import win", ""},
		{"deal:read", "", ""},
		{"nonsense", "", ""},
		{":read", "", ""},
		{"READ", "", ""},
	}
	for _, k := range cases {
		v := viewer(t, c, ali, full, Rights{}, strings.Fields(k.scopes)...)
		for name, want := range map[string]string{"deal": k.deal, "person": k.person} {
			var got []string
			for _, right := range all {
				if v.Can(object(t, c, name), right) {
					got = append(got, string(right))
				}
			}
			if strings.Join(got, " ") != want {
				t.Errorf("token %q on %s: %q, want %q", k.scopes, name, got, want)
			}
		}
		if got := strings.Join(v.Scopes(), " "); got != k.scopes {
			t.Errorf("scopes are %q", got)
		}
	}
	if viewer(t, c, ali, Rights{Platform: []string{Jobs}}, Rights{}, "write").Manages(Jobs) {
		t.Error("a token of narrow scope manages the platform")
	}
}

func TestViewers(t *testing.T) {
	c, p := catalog(t), NewPolicy(3, data(objects("deal", "read=all"), Rights{Platform: []string{Log}}))
	for _, id := range []ident.ID{ceyda, 99, 0} {
		if _, err := NewViewer(c, p, id, nil); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("user %d: %v", id, err)
		}
	}
	v, err := NewViewer(c, p, ali, nil)
	if err != nil || v.Name != "Ali" || v.Team != northWest || v.Branch != tehran || v.IsOwner() || v.System {
		t.Errorf("viewer = %+v, %v", v, err)
	}
	if err := v.Require(Log); !fault.Is(err, fault.Denied) {
		t.Errorf("Require: %v", err)
	}
	b, _ := NewViewer(c, p, bahar, nil)
	if b.Require(Log) != nil || b.Manages(Users) {
		t.Error("the permissions of a second role are wrong")
	}
	o, _ := NewViewer(c, p, dana, nil)
	if !o.IsOwner() || !o.Manages(Backups) || o.Object(object(t, c, "gone")) {
		t.Error("an owner is not one, or sees what is retired")
	}
	s := NewSystem(c, p, ali)
	if !s.System || s.Name != "Ali" || !s.Rows(object(t, c, "role"), Delete).All || !s.Manages(Users) || s.Require(Log) != nil || fieldOf(t, s, "company.secret") != "e" {
		t.Error("the program may not do everything")
	}
	if NewSystem(c, nil, 0).User != 0 {
		t.Error("nobody is somebody")
	}
}

func TestPolicy(t *testing.T) {
	d := data(Rights{}, Rights{})
	p := NewPolicy(5, d)
	d.People[0].Name, d.People[0].Roles[0], d.Teams[northWest] = "changed", roleOwner, south
	if u, ok := p.Person(ali); !ok || u.Name != "Ali" || u.Roles[0] != roleA || !slices.Equal(p.above(northWest), []ident.ID{northWest, north}) {
		t.Error("a policy changes with what it was made of")
	}
	if _, ok := p.Person(99); ok || p.Version != 5 {
		t.Error("an unknown person is known")
	}
	if u, ok := p.ByEmail(func(s string) bool { return s == "ali@a.com" }); !ok || u.ID != ali {
		t.Error("an address leads to nobody")
	}
	if _, ok := p.ByEmail(func(string) bool { return false }); ok {
		t.Error("no address leads to somebody")
	}
	if r, ok := p.RoleByCode("b"); !ok || r.ID != roleB {
		t.Error("a role is not found")
	}
	if _, ok := p.RoleByCode("z"); ok {
		t.Error("a role is found that is not there")
	}
	if !p.HasRole(dana, RoleOwner) || p.HasRole(ali, RoleOwner) || p.HasRole(99, "a") || !p.HasRole(ceyda, "a") {
		t.Error("who has which role is wrong")
	}
	if p.CountRole("a") != 2 || p.CountRole(RoleOwner) != 1 || p.CountRole("nobody") != 0 {
		t.Error("roles are counted wrongly; those who are not active do not count")
	}
}

func TestTeamTrees(t *testing.T) {
	// A circle: each of its teams sees the others once. A chain deeper than the limit is cut, never widened.
	teams := map[ident.ID]ident.ID{1: 2, 2: 3, 3: 1, 4: 4, 5: 77}
	for i := range ident.ID(100) {
		teams[1000+i] = 1000 + i - 1
	}
	p := NewPolicy(1, Data{Teams: teams})
	for team, want := range map[ident.ID][]int64{1: {1, 2, 3}, 2: {1, 2, 3}, 4: {4}, 5: {5}, 77: {5}, 1099: {1099}} {
		if got := p.below[team]; !slices.Equal(got, want) {
			t.Errorf("below %d: %v, want %v", team, got, want)
		}
	}
	if n := len(p.below[1000]); n != maxTeamDepth {
		t.Errorf("%d teams below the top of a deep chain", n)
	}
}

func TestCovers(t *testing.T) {
	c := catalog(t)
	all := "read=all create=all update=all delete=all export=all import=all *=all"
	cases := []struct {
		name   string
		mine   Rights
		role   RoleData
		scopes []string
		want   bool
	}{
		{"nothing", Rights{}, RoleData{Rights: Rights{}}, nil, true},
		{"the same in all rows", objects("*", all), RoleData{Rights: objects("*", "read=own")}, nil, true},
		{"all against own", objects("*", "read=own"), RoleData{Rights: objects("*", "read=own")}, nil, false},
		{"another right", objects("deal", "read=all"), RoleData{Rights: objects("deal", "read=own delete=own")}, nil, false},
		{"an action", objects("deal", "read=all win=all"), RoleData{Rights: objects("deal", "read=own lose=own")}, nil, false},
		{"an action by the wildcard", objects("deal", "read=all win=none *=all"), RoleData{Rights: objects("deal", "read=own *=own")}, nil, true},
		{"an action the wildcard does not cover", objects("deal", "read=all win=none *=all"), RoleData{Rights: objects("deal", "read=own win=own")}, nil, false},
		{"a sensitive field", objects("*", all), RoleData{Rights: objects("company", "read=own secret:read")}, nil, false},
		{"a sensitive field of mine", objects("*", all+" secret:read"), RoleData{Rights: objects("company", "read=own secret:read")}, nil, true},
		{"a field to edit", objects("*", all+" name:read"), RoleData{Rights: objects("company", "read=own")}, nil, false},
		{"objects of tomorrow", objects("company", all, "deal", all, "item", all, "step", all, "note", all, "person", all, "post", all, "gone", all), RoleData{Rights: objects("*", "read=own")}, nil, false},
		{"an object of tomorrow by name", objects("company", all), RoleData{Rights: objects("c_visit", "read=own")}, nil, false},
		{"an object of tomorrow that mine covers", objects("*", all), RoleData{Rights: objects("c_visit", "read=own")}, nil, true},
		{"the platform", objects("*", all), RoleData{Rights: Rights{Platform: []string{Log}}}, nil, false},
		{"the platform of mine", Rights{Platform: []string{Log, Users}}, RoleData{Rights: Rights{Platform: []string{Log}}}, nil, true},
		{"owners", objects("*", all), RoleData{Code: RoleOwner}, nil, false},
		{"a token", objects("*", all), RoleData{Rights: objects("*", "read=own")}, []string{"read"}, false},
		{"an admin token", objects("*", all), RoleData{Rights: objects("*", "read=own")}, []string{"admin"}, true},
	}
	for _, k := range cases {
		if got := viewer(t, c, ali, k.mine, Rights{}, k.scopes...).Covers(&k.role); got != k.want {
			t.Errorf("%s: %v", k.name, got)
		}
	}
	owners := &RoleData{Code: RoleOwner, Rights: Shipped()[RoleOwner]}
	if !viewer(t, c, dana, Rights{}, Rights{}).Covers(owners) || viewer(t, c, dana, Rights{}, Rights{}, "write").Covers(owners) || !NewSystem(c, nil, 0).Covers(owners) {
		t.Error("an owner does not cover owners, or a narrow token of one does")
	}
}

func TestKey(t *testing.T) {
	c := catalog(t)
	key := func(user ident.ID, a, b Rights, scopes ...string) string {
		return viewer(t, c, user, a, b, scopes...).Key()
	}
	everything := key(dana, Rights{}, Rights{})
	if everything == NewSystem(c, nil, 0).Key() {
		t.Error("the program sees counts of retired objects, an owner does not, under one key")
	}
	bare, err := meta.Compile(meta.Sources{Objects: Objects()})
	if err != nil {
		t.Fatal(err)
	}
	if viewer(t, bare, dana, Rights{}, Rights{}).Key() != NewSystem(bare, nil, 0).Key() {
		t.Error("an owner and the program see the same under two keys")
	}
	readAll := objects("*", "read=all")
	a := key(ali, readAll, Rights{})
	if a == everything || len(a) != 32 {
		t.Errorf("key = %q", a)
	}
	same := []string{
		key(bahar, readAll, Rights{}), key(ali, objects("*", "read=all update=own *=all"), Rights{}), key(ali, readAll, Rights{}, "read"),
		key(ali, objects("*", "read=all name:read"), Rights{}), key(bahar, readAll, objects("deal", "read=all amount:hidden")),
	}
	for i, k := range same {
		if k != a {
			t.Errorf("same %d: two viewers who see the same have two keys", i)
		}
	}
	seen := map[string]int{a: -1, everything: -2}
	for i, r := range []Rights{
		{}, objects("*", "read=own"), objects("*", "read=all secret:read"), objects("*", "read=all", "deal", "read=all amount:hidden"), objects("*", "read=all", "deal", "read=all stage:hidden"),
		objects("*", "read=all", "person", "read=none"), objects("*", "read=all", "note", "read=none"), objects("*", "read=all", "deal", "read=none"), objects("deal", "read=all"), objects("company", "read=all"),
	} {
		k := key(ali, r, Rights{})
		if other, taken := seen[k]; taken {
			t.Errorf("viewers %d and %d see different things under one key", i, other)
		}
		seen[k] = i
	}
}

func TestParseRights(t *testing.T) {
	r, err := ParseRights(`{"objects":{"deal":{"rights":{"read":"all","update":"none","win":"own"},"fields":{"amount":"hidden"}}},"platform":["users"]}`)
	if err != nil || r.Objects["deal"].Rights[Update] != None || r.Objects["deal"].Fields["amount"] != Hidden || r.Platform[0] != Users {
		t.Errorf("rights = %+v, %v", r, err)
	}
	for text, want := range map[string]string{
		``:                         " value.json",
		`[]`:                       " value.json",
		`{"objects":{}} {}`:        " value.json",
		`{"colour":1}`:             " value.json",
		`{"platform":["fly"]}`:     "platform value.choice",
		strings.Repeat(" ", 1<<17): " value.too_long",
		`{"objects":{"b":{"rights":{"read":"most"},"fields":{"x":"glimpse"}},"a":{"rights":{"":"all"}}},"platform":["fly"]}`: "a. value.choice b.read value.choice b.x value.choice platform value.choice",
	} {
		_, err := ParseRights(text)
		var got []string
		for _, f := range fault.All(err) {
			got = append(got, f.Field+" "+f.Key)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%.60s: %q, want %q", text, got, want)
		}
	}
}

func TestShippedRoles(t *testing.T) {
	c := catalog(t)
	want := map[string][2]string{ // rows of read and update of deals for Ali
		RoleOwner: {"all", "all"}, RoleAdministrator: {"all", "all"}, RoleManager: {"all", "me teams=11,12 shares=1,10,11,40/2"},
		RoleMember: {"me teams=11,12 shares=1,10,11,40/1", "me shares=1,10,11,40/2"}, RoleViewer: {"all", ""},
	}
	shipped := Shipped()
	for code, rights := range shipped {
		again, err := ParseRights(rights.String())
		if err != nil || again.String() != rights.String() {
			t.Errorf("%s is written %s and not read back: %v", code, rights, err)
		}
		v := viewer(t, c, ali, again, Rights{})
		deal := object(t, c, "deal")
		if got := [2]string{show(v.Rows(deal, Read)), show(v.Rows(deal, Update))}; got != want[code] {
			t.Errorf("%s: %q, want %q", code, got, want[code])
		}
		if sees := fieldOf(t, v, "company.secret") != "-"; sees != (code == RoleOwner || code == RoleAdministrator) {
			t.Errorf("%s sees what is sensitive: %v", code, sees)
		}
	}
	if len(shipped) != len(want) {
		t.Errorf("%d roles", len(shipped))
	}
	shipped[RoleOwner].Objects[Wildcard].Rights[Read] = None
	if shipped[RoleAdministrator].Objects[Wildcard].Rights[Read] != All || Shipped()[RoleOwner].Objects[Wildcard].Rights[Read] != All {
		t.Error("two roles share their rights")
	}
}

func BenchmarkNewViewer(b *testing.B) {
	c, p := catalog(b), NewPolicy(1, data(Shipped()[RoleMember], Shipped()[RoleManager]))
	for b.Loop() {
		if _, err := NewViewer(c, p, bahar, nil); err != nil {
			b.Fatal(err)
		}
	}
}
