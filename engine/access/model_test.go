package access

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"ashna/engine/meta"
	"ashna/kit/ident"
)

// The model decides one question at a time, from the words of the roles: why may the person do this with that record? A reason is "all",
// "own", "team", "branch" or "share"; without one the answer is no. It knows nothing of Rows.
type model struct {
	catalog *meta.Catalog
	person  Person
	parents map[ident.ID]ident.ID
	roles   []Rights
}

type reasons map[string]bool

// both keeps the reasons that hold on either side.
func both(a, b reasons) reasons {
	switch {
	case a["all"]:
		return b
	case b["all"]:
		return a
	}
	out := reasons{}
	for why := range a {
		if b[why] {
			out[why] = true
		}
	}
	return out
}

func (m model) parent(name string) string {
	e, _ := m.catalog.Object(name)
	if e.Parent == "" {
		return ""
	}
	a, _ := e.Attr(e.Parent)
	return a.Kind.(meta.RefKind).To
}

// says is the scope that a role gives, by the name of the object, else by that of its parent, else by the wildcard.
func (m model) says(role Rights, name string, right Right) Scope {
	usual := right == Read || right == Create || right == Update || right == Delete || right == Export || right == Import
	g, named := role.Objects[name]
	if up := m.parent(name); !named && up != "" {
		if right != Read && right != Export && right != Import {
			right = Update
		}
		return m.says(role, up, right)
	}
	if !named {
		g = role.Objects["*"]
	}
	if scope, told := g.Rights[right]; told || usual {
		return scope
	}
	return g.Rights["*"]
}

func (m model) under(team, top ident.ID) bool {
	for range 70 {
		if team == 0 || team == top {
			return team != 0
		}
		team = m.parents[team]
	}
	return false
}

// why gives the reasons for a right on a record; of a part, row holds the columns of the record that decides its rights.
func (m model) why(name string, right Right, row Owned) reasons {
	found, given := reasons{}, false
	for _, role := range m.roles {
		if m.says(role, name, Read) == None {
			continue
		}
		scope := m.says(role, name, right)
		given = given || scope != None
		found["all"] = found["all"] || scope == All
		found["own"] = found["own"] || scope != None && row.Owner == int64(m.person.ID)
		found["team"] = found["team"] || scope == Team && m.person.Team != 0 && m.under(ident.ID(row.Team), m.person.Team)
		found["branch"] = found["branch"] || scope == Branch && row.Branch != 0 && row.Branch == int64(m.person.Branch)
	}
	up := m.parent(name)
	need := map[Right]int{Read: 1, Update: 2, Export: 9, Import: 9}[right]
	if need == 0 {
		need = 9
		if up != "" {
			need = 2
		}
	}
	found["share"] = given && row.Share >= need
	maps.DeleteFunc(found, func(_ string, holds bool) bool { return !holds })
	if up != "" {
		above := Update
		if right == Read || right == Export || right == Import {
			above = right
		}
		found = both(found, m.why(up, above, row))
	}
	if right != Read && right != Create && right != Import {
		found = both(found, m.why(name, Read, row))
	}
	return found
}

// reads says whether the person reads any record at all: without that nothing else is allowed.
func (m model) reads(name string) bool {
	probe := []Owned{{}, {Owner: int64(m.person.ID)}, {Share: 2}, {Team: int64(m.person.Team)}, {Branch: int64(m.person.Branch)}}
	return slices.ContainsFunc(probe, func(row Owned) bool { return len(m.why(name, Read, row)) > 0 })
}

var (
	tried = []string{"company", "deal", "item", "step", "person"}
	asked = []Right{Read, Create, Update, Delete, Export, Import, "win", "split", "other"}
)

func randomRights(r *rand.Rand) Rights {
	scopes := []Scope{None, Own, Team, Branch, All, All}
	out := Rights{Objects: map[string]Grant{}}
	for _, name := range append([]string{Wildcard}, tried...) {
		if r.IntN(2) == 0 {
			continue
		}
		g := Grant{Rights: map[Right]Scope{Read: scopes[1+r.IntN(5)]}, Fields: map[string]FieldRight{}}
		for _, right := range append([]Right{Wildcard}, asked...) {
			if r.IntN(3) > 0 {
				g.Rights[right] = scopes[r.IntN(len(scopes))]
			}
		}
		for _, field := range []string{"name", "amount", "secret", "stage", "deal", Wildcard} {
			if r.IntN(4) == 0 {
				g.Fields[field] = []FieldRight{Hidden, ReadOnly, Edit}[r.IntN(3)]
			}
		}
		out.Objects[name] = g
	}
	return out
}

func randomRow(r *rand.Rand) Owned {
	from := func(ids ...ident.ID) int64 { return int64(ids[r.IntN(len(ids))]) }
	return Owned{
		Owner: from(0, ali, bahar, dana), Team: from(0, north, northWest, northWestEnd, south), Branch: from(0, tehran, baku),
		Share: []int{0, 0, 0, ShareRead, ShareEdit}[r.IntN(5)],
	}
}

// Roles × objects × rights × records: what the compiled rows let pass is what the model finds a reason for.
func TestRowsAgainstModel(t *testing.T) {
	c := catalog(t)
	r := rand.New(rand.NewPCG(3, 14))
	cells, passed := 0, 0
	for cells < 150_000 {
		d := data(randomRights(r), randomRights(r))
		p := NewPolicy(1, d)
		person := d.People[r.IntN(2)]
		v, err := NewViewer(c, p, person.ID, nil)
		if err != nil {
			t.Fatal(err)
		}
		m := model{catalog: c, person: person, parents: d.Teams, roles: []Rights{d.Roles[0].Rights}}
		if person.ID == bahar {
			m.roles = append(m.roles, d.Roles[1].Rights)
		}
		for _, name := range tried {
			reads := m.reads(name)
			for range 12 {
				row := randomRow(r)
				for _, right := range asked {
					got := v.Rows(object(t, c, name), right).Pass(row)
					want := reads && len(m.why(name, right, row)) > 0
					if got != want {
						t.Fatalf("%s %s %+v by %+v: %v, the model says %v (%v)", right, name, row, m.roles, got, want, m.why(name, right, row))
					}
					cells++
					if got {
						passed++
					}
				}
			}
		}
	}
	if passed < cells/10 || passed > cells*9/10 {
		t.Errorf("%d of %d cells pass: the matrix says little", passed, cells)
	}
}

// lessen takes one permission of a role down: a scope or a field right becomes narrower. It says whether there was one.
func lessen(r *rand.Rand, rights Rights) bool {
	names := slices.Sorted(maps.Keys(rights.Objects))
	if len(names) == 0 {
		return false
	}
	g := rights.Objects[names[r.IntN(len(names))]]
	if fields := slices.Sorted(maps.Keys(g.Fields)); len(fields) > 0 && r.IntN(2) == 0 {
		f := fields[r.IntN(len(fields))]
		down := map[FieldRight]FieldRight{Edit: ReadOnly, ReadOnly: Hidden}[g.Fields[f]]
		if down == "" {
			return false
		}
		g.Fields[f] = down
		return true
	}
	told := slices.Sorted(maps.Keys(g.Rights))
	right := told[r.IntN(len(told))]
	below := map[Scope][]Scope{All: {Team, Branch, Own, None}, Team: {Own, None}, Branch: {Own, None}, Own: {None}}[g.Rights[right]]
	if len(below) == 0 {
		return false
	}
	g.Rights[right] = below[r.IntN(len(below))]
	return true
}

// Taking a permission away never shows more: no row, no right, no field. Computed fields are left out, because fewer records can mean
// that all that is left is seen; TestComputedFields holds them.
func TestLessNeverShowsMore(t *testing.T) {
	c := catalog(t)
	r := rand.New(rand.NewPCG(2, 71))
	lessened := 0
	for lessened < 1_500 {
		a, b := randomRights(r), randomRights(r)
		before := viewer(t, c, bahar, a, b)
		if !lessen(r, a) {
			continue
		}
		lessened++
		after := viewer(t, c, bahar, a, b)
		for _, e := range c.Entities {
			for _, right := range append([]Right{Wildcard}, asked...) {
				if was, is := before.Rows(e, right), after.Rows(e, right); !was.covers(is) {
					t.Fatalf("%s %s: %s before, %s after", right, e.Name, show(was), show(is))
				}
			}
			for _, f := range e.Fields {
				_, many := f.Kind.(meta.ManyKind)
				if !computed(f) && !many && (after.Readable(f) && !before.Readable(f) || after.Writable(f) && !before.Writable(f)) {
					t.Fatalf("%s.%s: more than before", e.Name, f.Name)
				}
			}
		}
		if narrow := viewer(t, c, bahar, a, b, "read", "deals:write"); !slices.ContainsFunc(c.Entities, func(e *meta.Entity) bool { return narrow.Can(e, Read) }) {
			t.Fatal("a token that reads reads nothing, not even who is who")
		} else {
			for _, e := range c.Entities {
				for _, right := range asked {
					if !after.Rows(e, right).covers(narrow.Rows(e, right)) {
						t.Fatalf("a token may do more than its user: %s %s", right, e.Name)
					}
				}
			}
		}
	}
}

// A computed field is readable only where everything it is worked out from is, and nobody writes one.
func TestComputedFields(t *testing.T) {
	c := catalog(t)
	r := rand.New(rand.NewPCG(16, 18))
	from := map[string][]string{
		"company.revenue": {"deal.amount", "deal.company"}, "company.won": {"deal.stage", "deal.company"}, "company.rich": {"company.revenue", "deal.amount"},
		"company.hint": {"company.secret"}, "deal.of_company": {"deal.company", "company.name"}, "deal.total": {"item.price", "item.deal"},
		"company.people": {"post.company", "post.person"},
	}
	shown := map[string]int{}
	for range 2_000 {
		v := viewer(t, c, bahar, randomRights(r), randomRights(r))
		for name, sources := range from {
			right := fieldOf(t, v, name)
			if right == "-" {
				continue
			}
			shown[name]++
			if right == "e" && name != "company.people" {
				t.Fatalf("%s can be written", name)
			}
			for _, source := range sources {
				if fieldOf(t, v, source) == "-" {
					t.Fatalf("%s is shown, %s is not", name, source)
				}
			}
		}
		if fieldOf(t, v, "company.revenue") != "-" && !v.Rows(object(t, c, "deal"), Read).All {
			t.Fatal("a sum over deals that are not all seen")
		}
		if deals, items := v.Rows(object(t, c, "deal"), Read), v.Rows(object(t, c, "item"), Read); fieldOf(t, v, "deal.total") != "-" && !items.covers(deals) {
			t.Fatalf("a sum over items that are not all seen: deals %s, items %s", show(deals), show(items))
		}
	}
	for name := range from {
		if shown[name] == 0 {
			t.Errorf("%s is never shown: the test says nothing about it", name)
		}
	}
}

// Rows as sets: within is never more than either side, and covers never says yes wrongly.
func TestRowsAsSets(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 8))
	some := func(ids ...int64) (list []int64) {
		for _, id := range ids {
			if r.IntN(2) == 0 {
				list = append(list, id)
			}
		}
		return list
	}
	random := func() Rows {
		if r.IntN(6) == 0 {
			return Rows{All: true}
		}
		rows := Rows{Teams: some(10, 11, 12, 20), Branches: some(30, 31)}
		if r.IntN(2) == 0 {
			rows.Me = int64(ali)
		}
		if r.IntN(2) == 0 {
			rows.Principals, rows.Level = []int64{1, 40}, 1+r.IntN(2)
		}
		return rows
	}
	covered := 0
	for range 3_000 {
		a, b := random(), random()
		in := a.within(b)
		covers := a.covers(b)
		if covers {
			covered++
		}
		if !a.covers(in) || !b.covers(in) || !a.covers(a) {
			t.Fatalf("%s within %s = %s", show(a), show(b), show(in))
		}
		for range 20 {
			row := randomRow(r)
			if in.Pass(row) && !(a.Pass(row) && b.Pass(row)) {
				t.Fatalf("%+v passes %s but not both %s and %s", row, show(in), show(a), show(b))
			}
			if covers && b.Pass(row) && !a.Pass(row) {
				t.Fatalf("%s does not cover %s", show(a), show(b))
			}
		}
	}
	if covered == 0 {
		t.Error("no rows cover others")
	}
}
