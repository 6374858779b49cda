package customers

import (
	"context"
	"slices"
	"testing"

	"ashna/engine/record"
	"ashna/module"
	"ashna/testkit/enginetest"
)

func everywhere(t *testing.T, do func(w *enginetest.World)) {
	enginetest.Everywhere(t, module.Options([]module.Module{Module()}, record.Options{}), do)
}

func TestPersonAndContactPoints(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		admin := w.User("admin@example.com", "administrator", nil)
		p := w.Create(admin, "person", record.Patch{"first_name": "رضا", "last_name": "کریمی", "email": "Reza@Example.com", "phone": "+989121234567"})
		if p.Title() != "رضا کریمی" {
			t.Errorf("name %q", p.Title())
		}
		if got := w.List(admin, "contact_point", "", "value"); !slices.Equal(got, []string{"+989121234567", "Reza@example.com"}) {
			t.Errorf("contact points %v", got)
		}
		w.Update(admin, p, record.Patch{"email": "new@example.com"})
		if got := w.List(admin, "contact_point", "main", "value"); !slices.Equal(got, []string{"+989121234567", "new@example.com"}) {
			t.Errorf("main contact points %v", got)
		}
		c := w.Create(admin, "company", record.Patch{"name": "Ashna Systems", "annual_revenue": map[string]any{"amount": "12.50", "currency": "USD"}})
		w.Create(admin, "employment", record.Patch{"person": p.ID().String(), "company": c.ID().String(), "main": true, "buying_role": "champion"})
		if got := w.Get(admin, "person", p.ID()).Link("company"); got != c.ID() {
			t.Errorf("company of the person %v", got)
		}
		if got := w.List(admin, "company", `any(employments, buying_role = "champion")`, ""); len(got) != 1 {
			t.Errorf("companies with a champion: %v", got)
		}
		hits, _, err := w.Engine.Search(context.Background(), admin, "kar رض", nil, 10, 0)
		_ = hits
		if err != nil {
			t.Fatal(err)
		}
		hits, _, err = w.Engine.Search(context.Background(), admin, "رضا", nil, 10, 0)
		if err != nil || len(hits) != 1 {
			t.Errorf("search: %v %v", hits, err)
		}
	})
}
