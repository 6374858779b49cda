package record_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/kit/fault"
	"ashna/kit/ident"
	"ashna/testkit/enginetest"
)

// cell is one record of the matrix with its part, and what is shared of it with whom.
type cell struct {
	account, gone, purchase *record.Record
	owner, team, branch     ident.ID
	shares                  map[ident.ID]string // a person or a team to a level
}

// matrix is a company: teams in a tree, branches, people of random roles, and records of many owners.
type matrix struct {
	*enginetest.World
	model  rightsModel
	people []modelPerson
	cells  []*cell
	checks int
}

var errUndo = errors.New("undo")

func TestRightsMatrix(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		m := &matrix{World: w, model: rightsModel{above: map[ident.ID]ident.ID{}}}
		m.build(rand.New(rand.NewPCG(7, 7)), 14)
		before := w.Hash()
		for _, p := range m.people {
			m.person(p)
			if w.Hash() != before {
				w.Fatalf("%+v changed the database", p)
			}
		}
		if m.checks < 2_000 {
			w.Errorf("only %d cells were tried", m.checks)
		}
	})
}

// build makes the company.
func (m *matrix) build(r *rand.Rand, people int) {
	sys := m.System()
	var teams, branches []ident.ID
	for i := range 4 {
		patch := record.Patch{"name": fmt.Sprint("Team ", i)}
		if i == 1 || i == 2 {
			patch["parent"] = teams[i-1].String()
		}
		team := m.Create(sys, meta.ObjectTeam, patch).ID()
		if i == 1 || i == 2 {
			m.model.above[team] = teams[i-1]
		}
		teams = append(teams, team)
	}
	for i := range 2 {
		branches = append(branches, m.Create(sys, meta.ObjectBranch, record.Patch{"name": fmt.Sprint("Branch ", i)}).ID())
	}
	scopes := []string{"none", "own", "team", "branch", "all", "all"}
	for i := range people {
		p := modelPerson{team: teams[i%4], branch: branches[i%2]}
		var roles []ident.ID
		for j := range 1 + r.IntN(2) {
			text := randomRole(r, scopes)
			roles = append(roles, m.Role(fmt.Sprintf("r_%d_%d", i, j), text))
			p.roles = append(p.roles, parseRole(text))
		}
		p.id = m.Member(fmt.Sprintf("p%d@example.com", i), record.Patch{"team": p.team.String(), "branch": p.branch.String()}, roles...).User
		m.people = append(m.people, p)
		if i%4 == 3 {
			p.scopes = [][]string{{"read"}, {"accounts:write"}, {"write", "export"}, {"purchases:read", "accounts:import"}}[r.IntN(4)]
			m.people = append(m.people, p)
		}
	}
	for i := range 10 {
		m.cells = append(m.cells, m.cell(i, r, teams, branches))
	}
}

// randomRole writes a role that names both objects, one of them, or all.
func randomRole(r *rand.Rand, scopes []string) string {
	rights := func() string {
		out := map[string]string{}
		for _, right := range []string{"read", "create", "update", "delete", "export", "import", "touch", "*"} {
			if s := scopes[r.IntN(len(scopes))]; right != "touch" || r.IntN(2) == 0 {
				out[right] = s
			}
		}
		if r.IntN(4) > 0 && out["read"] == "none" {
			out["read"] = "team"
		}
		text, _ := json.Marshal(out)
		return string(text)
	}
	switch r.IntN(4) {
	case 0:
		return fmt.Sprintf(`{"objects":{"*":{"rights":%s}}}`, rights())
	case 1:
		return fmt.Sprintf(`{"objects":{"account":{"rights":%s},"purchase":{"rights":%s}}}`, rights(), rights())
	case 2:
		return fmt.Sprintf(`{"objects":{"*":{"rights":%s},"purchase":{"rights":%s}}}`, rights(), rights())
	}
	return fmt.Sprintf(`{"objects":{"account":{"rights":%s}}}`, rights())
}

// cell makes records of one owner, and shares every third of them.
func (m *matrix) cell(i int, r *rand.Rand, teams, branches []ident.ID) *cell {
	sys := m.System()
	p := m.people[r.IntN(len(m.people))]
	c := &cell{owner: p.id, team: p.team, branch: p.branch, shares: map[ident.ID]string{}}
	patch := record.Patch{"owner": p.id.String()}
	if i%4 == 1 { // the record stays with the team when people change theirs
		c.team, c.branch = teams[r.IntN(4)], branches[r.IntN(2)]
		patch["team"], patch["branch"] = c.team.String(), c.branch.String()
	}
	patch["name"] = fmt.Sprintf("cell%d", i)
	c.account = m.Create(sys, "account", patch)
	patch["name"] = fmt.Sprintf("gone%d", i)
	c.gone = m.Create(sys, "account", patch)
	c.purchase = m.Create(sys, "purchase", record.Patch{"account": id(c.account), "words": fmt.Sprintf("part%d", i)})
	for j := range i % 3 {
		to := []ident.ID{m.people[r.IntN(len(m.people))].id, teams[r.IntN(4)]}[j]
		level := []string{"read", "edit"}[r.IntN(2)]
		c.shares[to] = level
		m.Must(sys, func(tx *record.Tx) error {
			for _, a := range []*record.Record{c.account, c.gone} {
				if err := tx.Share(ctx, sys, a.Entity, a.ID(), record.Share{Principal: to, Level: level}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	m.Delete(sys, c.gone)
	return c
}

// seen is a cell as the model sees it for a person.
func (m *matrix) seen(p modelPerson, c *cell) modelRecord {
	r := modelRecord{owner: c.owner, team: c.team, branch: c.branch}
	for to, level := range c.shares {
		if to == p.id || m.model.under(to, p.team) {
			r.read = true
			r.edit = r.edit || level == "edit"
		}
	}
	return r
}

// expect compares what came of a call with the model.
func (m *matrix) expect(p modelPerson, what string, err error, want outcome) {
	m.Helper()
	m.checks++
	got := works
	switch {
	case err == nil:
	case fault.Is(err, fault.NotFound):
		got = hidden
	case fault.Is(err, fault.Denied):
		got = forbids
	case fault.Is(err, fault.Invalid):
		got = rejected
	default:
		got = outcome(err.Error())
	}
	if got != want {
		m.Errorf("%s: %s, want %s (%v)\nroles %v token %v", what, got, want, err, p.roles, p.scopes)
	}
}

// write does something for real when it has to fail, and undoes it when it has to work.
func (m *matrix) write(p modelPerson, who *access.Viewer, what string, want outcome, do func(tx *record.Tx) error) {
	m.Helper()
	err := m.Try(who, func(tx *record.Tx) error {
		if err := do(tx); err != nil || want != works {
			return err
		}
		return errUndo
	})
	if errors.Is(err, errUndo) {
		err = nil
	}
	m.expect(p, what, err, want)
}

// person tries everything as one person.
func (m *matrix) person(p modelPerson) {
	who, err := m.Engine.Viewer(p.id, p.scopes)
	if err != nil {
		m.Fatal(err)
	}
	account, _ := who.Catalog.Object("account")
	m.lists(p, who)
	own := modelRecord{owner: p.id, team: p.team, branch: p.branch}
	m.write(p, who, "create", m.model.onObject(p, "account", "create", own), func(tx *record.Tx) error {
		_, err := tx.Create(ctx, who, account, record.Patch{"name": "new"})
		return err
	})
	m.imports(p, who, account, own)
	for i, c := range m.cells {
		r := m.seen(p, c)
		m.reads(p, who, c, r)
		m.writes(p, who, c, r)
		m.parts(p, who, c, r)
		forOther := m.model.onObject(p, "account", "create", modelRecord{owner: c.owner, team: c.team, branch: c.branch})
		m.write(p, who, fmt.Sprint("create for the owner of ", i), forOther, func(tx *record.Tx) error {
			_, err := tx.Create(ctx, who, account, record.Patch{
				"name": "new", "owner": c.owner.String(), "team": c.team.String(), "branch": c.branch.String(),
			})
			return err
		})
	}
}

// imports: whoever may import still makes only what he may make.
func (m *matrix) imports(p modelPerson, who *access.Viewer, account *meta.Entity, own modelRecord) {
	want := m.model.onObject(p, "account", "import", own)
	if want == works || want == rejected {
		want = m.model.onObject(p, "account", "create", own)
	}
	m.write(p, who, "import", want, func(tx *record.Tx) error {
		row := m.Engine.PrepareImport(who, account, 1, record.Patch{"name": "imported"}, nil, nil)
		results, err := tx.Import(ctx, who, account, nil, []record.ImportRow{row})
		if err == nil {
			err = results[0].Err
		}
		return err
	})
}

// lists compares lists, counts, exports, the bin, the search and the feed with the model.
func (m *matrix) lists(p modelPerson, who *access.Viewer) {
	compare := func(what string, got []ident.ID, want func(c *cell) (ident.ID, bool)) {
		m.Helper()
		m.checks += len(m.cells)
		var expected []ident.ID
		for _, c := range m.cells {
			if id, ok := want(c); ok {
				expected = append(expected, id)
			}
		}
		slices.Sort(got)
		slices.Sort(expected)
		if got = slices.Compact(got); !slices.Equal(got, expected) {
			m.Errorf("%s: %d records, want %d\nroles %v token %v", what, len(got), len(expected), p.roles, p.scopes)
		}
	}
	for _, object := range []string{"account", "purchase"} {
		e, _ := who.Catalog.Object(object)
		live := func(c *cell) *record.Record {
			if object == "account" {
				return c.account
			}
			return c.purchase
		}
		for _, right := range []access.Right{access.Read, access.Export} {
			page, err := m.Engine.List(ctx, who, e, record.Question{Right: right, Count: true, Limit: 500})
			if err != nil || page.Total.N != int64(len(page.Records)) {
				m.Errorf("list %s: %v, total %v of %d", object, err, page.Total, len(page.Records))
			}
			compare(fmt.Sprint(right, " list of ", object), idsOf(page.Records), func(c *cell) (ident.ID, bool) {
				return live(c).ID(), m.model.may(p, object, string(right), m.seen(p, c))
			})
		}
		hits, _, err := m.Engine.Search(ctx, who, map[string]string{"account": "cel", "purchase": "par"}[object], []*meta.Entity{e}, 100, 0)
		if err != nil {
			m.Error(err)
		}
		var found []ident.ID
		for _, h := range hits {
			found = append(found, h.ID)
		}
		compare("search "+object, found, func(c *cell) (ident.ID, bool) {
			return live(c).ID(), m.model.may(p, object, "read", m.seen(p, c))
		})
	}
	account, _ := who.Catalog.Object("account")
	bin, err := m.Engine.List(ctx, who, account, record.Question{Deleted: true, Limit: 500})
	if err != nil {
		m.Error(err)
	}
	compare("bin", idsOf(bin.Records), func(c *cell) (ident.ID, bool) {
		return c.gone.ID(), m.model.reasons(p, "account", "delete") != 0 && m.model.may(p, "account", "read", m.seen(p, c))
	})
	changes, _, err := m.Engine.Changes(ctx, who, 0, 10_000)
	if err != nil {
		m.Error(err)
	}
	var told []ident.ID
	for _, c := range changes {
		if c.Object == "account" && c.Op == change.Create {
			told = append(told, c.Record)
		}
	}
	told = slices.DeleteFunc(told, func(id ident.ID) bool {
		return slices.ContainsFunc(m.cells, func(c *cell) bool { return c.gone.ID() == id })
	})
	compare("feed", told, func(c *cell) (ident.ID, bool) { return c.account.ID(), m.model.may(p, "account", "read", m.seen(p, c)) })
}

func idsOf(list []*record.Record) []ident.ID {
	var out []ident.ID
	for _, r := range list {
		out = append(out, r.ID())
	}
	return out
}

// reads compares the ways to read one record.
func (m *matrix) reads(p modelPerson, who *access.Viewer, c *cell, r modelRecord) {
	for object, one := range map[string]*record.Record{"account": c.account, "purchase": c.purchase} {
		e, _ := who.Catalog.Object(object)
		want := m.model.onRecord(p, object, "read", r)
		_, err := m.Engine.Get(ctx, who, e, one.ID(), nil)
		m.expect(p, "get "+object, err, want)
		_, err = m.Engine.Timeline(ctx, who, e, one.ID(), 0, 10)
		m.expect(p, "timeline "+object, err, want)
		_, err = m.Engine.Shares(ctx, who, e, one.ID())
		m.expect(p, "shares "+object, err, want)
		for _, right := range []access.Right{access.Update, access.Delete} {
			m.expect(p, fmt.Sprint("may ", right, " ", object), m.Engine.May(ctx, who, e, one.ID(), right), m.model.onRecord(p, object, string(right), r))
		}
	}
}

// writes compares the ways to change one record.
func (m *matrix) writes(p modelPerson, who *access.Viewer, c *cell, r modelRecord) {
	e, _ := who.Catalog.Object("account")
	act := func(name string) func(tx *record.Tx) error {
		return func(tx *record.Tx) error {
			_, err := tx.Act(ctx, who, e, c.account.ID(), name, nil)
			return err
		}
	}
	calls := []struct {
		what, right string
		do          func(tx *record.Tx) error
	}{
		{"update", "update", func(tx *record.Tx) error {
			_, err := tx.Update(ctx, who, e, c.account.ID(), record.Patch{"score": 5}, 0)
			return err
		}},
		{"delete", "delete", func(tx *record.Tx) error { return tx.Delete(ctx, who, e, c.account.ID(), 0) }},
		{"restore", "delete", func(tx *record.Tx) error {
			_, err := tx.Restore(ctx, who, e, c.gone.ID())
			return err
		}},
		{"purge", "delete", func(tx *record.Tx) error { return tx.Purge(ctx, who, e, c.gone.ID()) }},
		{"share", "update", func(tx *record.Tx) error {
			return tx.Share(ctx, who, e, c.account.ID(), record.Share{Principal: m.people[0].id, Level: "edit"})
		}},
		{"unshare", "update", func(tx *record.Tx) error { return tx.Unshare(ctx, who, e, c.account.ID(), m.people[0].id) }},
		{"touch", "touch", act("touch")},
		{"peek", "read", act("peek")},
	}
	for _, call := range calls {
		m.write(p, who, call.what, m.model.onRecord(p, "account", call.right, r), call.do)
	}
}

// parts compares what can be done with what belongs to a record.
func (m *matrix) parts(p modelPerson, who *access.Viewer, c *cell, r modelRecord) {
	e, _ := who.Catalog.Object("purchase")
	want := m.model.onObject(p, "purchase", "create", r)
	if want == works && !m.model.may(p, "account", "read", r) {
		want = rejected
	}
	m.write(p, who, "create a part", want, func(tx *record.Tx) error {
		_, err := tx.Create(ctx, who, e, record.Patch{"account": id(c.account), "amount": 1})
		return err
	})
	m.write(p, who, "update a part", m.model.onRecord(p, "purchase", "update", r), func(tx *record.Tx) error {
		_, err := tx.Update(ctx, who, e, c.purchase.ID(), record.Patch{"amount": 9}, 0)
		return err
	})
	m.write(p, who, "delete a part", m.model.onRecord(p, "purchase", "delete", r), func(tx *record.Tx) error {
		return tx.Delete(ctx, who, e, c.purchase.ID(), 0)
	})
}
