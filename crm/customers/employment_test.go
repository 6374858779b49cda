package customers

import (
	"slices"
	"testing"
	"time"

	"ashna/engine/record"
	"ashna/kit/fault"
	"ashna/testkit/enginetest"
)

func keyOf(err error) string {
	if one := fault.Of(err); one != nil {
		return one.Key
	}
	return ""
}

// office is a person and three companies.
type office struct {
	*enginetest.World
	person    *record.Record
	companies map[string]*record.Record
}

func newOffice(w *enginetest.World) *office {
	o := &office{w, w.Create(w.System(), "person", record.Patch{"name": "Nigar"}), map[string]*record.Record{}}
	for _, name := range []string{"A", "B", "C"} {
		o.companies[name] = w.Create(w.System(), "company", record.Patch{"name": name})
	}
	return o
}

// hire makes a job at a company.
func (o *office) hire(at string, patch record.Patch) *record.Record {
	o.Helper()
	all := record.Patch{"person": o.person.ID().String(), "company": o.companies[at].ID().String(), "title": "at " + at}
	for k, v := range patch {
		all[k] = v
	}
	return o.Create(o.System(), "employment", all)
}

// at checks the company that the person shows and the jobs that are main.
func (o *office) at(company string, main ...string) {
	o.Helper()
	got := ""
	id := o.Get(o.System(), "person", o.person.ID()).Link("company")
	for name, c := range o.companies {
		if c.ID() == id {
			got = name
		}
	}
	if got != company {
		o.Errorf("the person shows company %q, want %q", got, company)
	}
	same(o.World, "main jobs", titles(o.World, "employment", "main"), main...)
}

func TestOneMainJob(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		o := newOffice(w)
		s := w.System()
		a := o.hire("A", nil)
		o.at("A", "at A") // the first job is the main one unless somebody says otherwise
		b := o.hire("B", nil)
		o.at("A", "at A")
		w.Update(s, b, record.Patch{"main": true})
		o.at("B", "at B")
		o.hire("C", record.Patch{"main": true})
		o.at("C", "at C")
		w.Update(s, a, record.Patch{"main": true})
		o.at("A", "at A")
		w.Update(s, a, record.Patch{"main": false})
		o.at("")
		versions(w)
		other := newOffice(w)
		other.hire("A", record.Patch{"main": false})
		other.at("")
	})
}

func TestJobsBeginAndEnd(t *testing.T) {
	everywhere(t, func(w *enginetest.World) { // it is 21 March 2026
		o := newOffice(w)
		s := w.System()
		o.hire("C", record.Patch{"since": "2010-01-01", "until": "2015-12-31", "main": true})
		o.at("") // history shows no company
		o.hire("C", record.Patch{"since": "2027-01-01", "title": "later"})
		o.at("")
		a := o.hire("A", record.Patch{"since": "2020-01-01"})
		o.hire("B", record.Patch{"since": "2022-01-01"})
		o.at("A", "at A")
		w.Update(s, a, record.Patch{"until": "2026-03-21"}) // the last day is a day at work
		o.at("A", "at A")
		w.Update(s, a, record.Patch{"until": "2026-03-20"})
		o.at("B", "at B")
		refused(w, update(w, a, record.Patch{"until": "2019-12-31"}), "until employment.rules.dates")
		refused(w, update(w, a, record.Patch{"since": "2026-04-01"}), "until employment.rules.dates")
		other := w.Create(s, "person", record.Patch{"name": "Other"})
		refused(w, update(w, a, record.Patch{"person": other.ID().String()}), "person value.read_only")
		versions(w)
	})
}

func TestTwoJobsAtOneCompany(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		o := newOffice(w)
		a := o.hire("A", record.Patch{"title": "first"})
		b := o.hire("A", record.Patch{"title": "second", "main": true})
		o.at("A", "second")
		remove(w, b)
		o.at("A", "first")
		remove(w, a)
		o.at("")
	})
}

func TestJobsGoWithTheirPerson(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		o := newOffice(w)
		o.hire("A", nil)
		o.hire("B", nil)
		start := len(w.Changes())
		remove(w, o.person)
		same(w, "jobs of a deleted person", titles(w, "employment", ""))
		restore(w, o.person)
		o.at("A", "at A")
		ops(w, "nothing but deletions and returns", start, "delete person", "delete employment", "delete employment",
			"restore person", "restore employment", "restore employment")
		versions(w)
	})
}

func TestCompanyIsDeleted(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		o := newOffice(w)
		s := w.System()
		o.hire("A", nil)
		b := o.hire("B", record.Patch{"main": true})
		sub := w.Create(s, "company", record.Patch{"name": "Sub", "parent": o.companies["B"].ID().String()})
		remove(w, o.companies["B"])
		o.at("A", "at A")
		if !w.Get(s, "company", sub.ID()).Empty("parent") {
			t.Error("a subsidiary keeps a parent that is deleted")
		}
		restore(w, o.companies["B"])
		o.at("A", "at A") // another job took its place
		same(w, "jobs", titles(w, "employment", ""), "at A", "at B")
		w.Update(s, b, record.Patch{"main": true})
		remove(w, o.companies["A"])
		o.at("B", "at B")
		versions(w)
	})
}

func TestPersonComesBackAfterTheCompanyIsGone(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		o := newOffice(w)
		o.hire("A", nil)
		o.hire("B", nil)
		remove(w, o.person)
		remove(w, o.companies["A"])
		restore(w, o.person)
		same(w, "jobs at companies that are there", titles(w, "employment", ""), "at B")
		o.at("")
		restore(w, o.companies["A"])
		versions(w)
	})
}

func TestCompanyHierarchy(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		s := w.System()
		o := newOffice(w)
		a, b, c := o.companies["A"], o.companies["B"], o.companies["C"]
		w.Update(s, b, record.Patch{"parent": a.ID().String()})
		w.Update(s, c, record.Patch{"parent": b.ID().String()})
		refused(w, update(w, a, record.Patch{"parent": c.ID().String()}), "parent value.cycle")
		refused(w, update(w, a, record.Patch{"parent": a.ID().String()}), "parent value.cycle")
		same(w, "subsidiaries", titles(w, "company", `any(subsidiaries, name = "C")`), "B")
	})
}

func TestCustomerNumbers(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		s := w.System()
		var got []string
		for i := range 6 {
			if i%2 == 1 { // a refusal after the number was taken leaves no gap
				refused(w, create(w, s, "company", record.Patch{"name": "bad", "phone": "1"}), "phone value.phone")
				continue
			}
			got = append(got, w.Create(s, "company", record.Patch{"name": "good"}).Text("customer_number"))
		}
		same(w, "numbers", got, "C-000001", "C-000002", "C-000003")
		w.Must(s, func(tx *record.Tx) error { return nil })
		slices.Sort(got)
		same(w, "search", found(w, "C-000002"), "good")
	})
}

func TestWhatFollowsForACompany(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		s := w.System()
		text := func(r *record.Record, field string) string {
			a, _ := r.Entity.Attr(field)
			return r.Cell(a)
		}
		c := w.Create(s, "company", record.Patch{"name": "A", "website": "https://www.Alborz.example/fa", "lifecycle": "customer"})
		if c.Text("domain") != "alborz.example" || !c.Empty("lifecycle_since") || !c.Empty("customer_since") {
			t.Errorf("domain %q, since %q", c.Text("domain"), text(c, "lifecycle_since"))
		}
		c = w.Update(s, c, record.Patch{"website": "other.example"})
		if c.Text("domain") != "alborz.example" {
			t.Errorf("domain %q", c.Text("domain"))
		}
		c = w.Update(s, c, record.Patch{"lifecycle": "former"})
		if text(c, "lifecycle_since") != "2026-03-21" || !c.Empty("customer_since") {
			t.Errorf("since %q", text(c, "lifecycle_since"))
		}
		w.Clock.Advance(48 * time.Hour)
		c = w.Update(s, c, record.Patch{"lifecycle": "customer"})
		if text(c, "lifecycle_since") != "2026-03-23" || text(c, "customer_since") != "2026-03-23" {
			t.Errorf("since %q, customer since %q", text(c, "lifecycle_since"), text(c, "customer_since"))
		}
		c = w.Update(s, c, record.Patch{"lifecycle": "former", "lifecycle_since": "2026-01-01"})
		if text(c, "lifecycle_since") != "2026-01-01" || text(c, "customer_since") != "2026-03-23" {
			t.Errorf("since %q, customer since %q", text(c, "lifecycle_since"), text(c, "customer_since"))
		}
		refused(w, create(w, s, "company", record.Patch{"name": "B", "domain": "no domain", "iban": "IR1", "economic_code": "1"}),
			"domain value.domain", "economic_code value.company_id", "iban value.iban")
	})
}
