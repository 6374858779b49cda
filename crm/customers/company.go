package customers

import (
	"context"

	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/kit/codes"
)

// company is an organisation that buys, may buy or bought.
var company = meta.Object{
	Name: "company", Plural: "companies", Title: "name", Icon: "building-2",
	Fields: []meta.Field{
		{Name: "name", Kind: meta.TextKind{Max: 200}, Required: true, Search: true, Sort: true},
		{Name: "legal_name", Kind: meta.TextKind{Max: 300}, Search: true},
		{Name: "name_en", Kind: meta.TextKind{Max: 200}, Search: true},
		{Name: "relation", Kind: meta.MultiChoiceKind{Options: choice(
			"customer", "prospect", "partner", "reseller", "supplier", "competitor", "investor", "analyst", "press", "integrator", "other")}},
		{Name: "lifecycle", Kind: meta.ChoiceKind{Options: choice("prospect", "customer", "former")}, Index: true, Default: "prospect"},
		{Name: "lifecycle_since", Kind: meta.DateKind{}},
		{Name: "industry", Kind: meta.ChoiceKind{Options: industries}, Index: true},
		{Name: "size", Kind: meta.ChoiceKind{Options: choice("1_10", "11_50", "51_200", "201_500", "501_1000", "1000_plus")}},
		{Name: "annual_revenue", Kind: meta.MoneyKind{Positive: true}, Group: "business"},
		{Name: "ownership", Kind: meta.ChoiceKind{Options: choice("public", "private", "subsidiary", "state", "cooperative", "other")}, Group: "business"},
		{Name: "parent", Kind: meta.RefKind{To: "company", Inverse: "subsidiaries", OnDelete: meta.Clear, Acyclic: true}},
		{Name: "website", Kind: meta.URLKind{}},
		{Name: "domain", Kind: meta.CodeKind{Scheme: meta.Domain}, Search: true, Index: true},
		{Name: "other_domains", Kind: meta.TagsKind{}, Search: true},
		{Name: "email", Kind: meta.EmailKind{}, Search: true, Index: true},
		{Name: "phone", Kind: meta.PhoneKind{}, Search: true, Index: true},
		{Name: "billing_address", Kind: meta.AddressKind{}, Index: true, Group: "address"},
		{Name: "shipping_address", Kind: meta.AddressKind{}, Group: "address"},
		{Name: "location", Kind: meta.GeoKind{}, Group: "address"},
		{Name: "economic_code", Kind: meta.CodeKind{Scheme: meta.EconomicCode}, Search: true, Group: "ids"},
		{Name: "registration_no", Kind: meta.TextKind{Max: 40}, Search: true, Group: "ids"},
		{Name: "registered_on", Kind: meta.DateKind{}, Group: "ids"},
		{Name: "tax_id", Kind: meta.TextKind{Max: 40}, Group: "ids"},
		{Name: "iban", Kind: meta.CodeKind{Scheme: meta.IBAN}, Sensitive: true, Group: "ids"},
		{Name: "customer_number", Kind: meta.NumberingKind{Prefix: "C-", Digits: 6}, Search: true, Group: "ids"},
		{Name: "customer_since", Kind: meta.DateKind{}},
		{Name: "rating", Kind: meta.RatingKind{}},
		{Name: "ideal_customer", Kind: meta.BoolKind{}},
		{Name: "support_owner", Kind: meta.RefKind{To: meta.ObjectUser, Inverse: "supported_companies", OnDelete: meta.Clear}},
		{Name: "credit_limit", Kind: meta.MoneyKind{Positive: true}, Group: "business"},
		{Name: "tags", Kind: meta.TagsKind{}, Search: true},
		{Name: "logo", Kind: meta.FileKind{Image: true}},
		{Name: "description", Kind: meta.LongTextKind{}},
	},
	Views: []meta.View{
		{Name: "all", Columns: []string{"name", "lifecycle", "industry", "phone", "email", "owner", "changed_at"}},
		{Name: "mine", Filter: "owner = me()", Columns: []string{"name", "lifecycle", "industry", "phone", "email", "changed_at"}},
		{Name: "customers", Filter: `lifecycle = "customer"`, Sort: "name", Columns: []string{"name", "industry", "size", "phone", "owner"}},
	},
}

var industries = choice("agriculture", "automotive", "banking", "chemicals", "construction", "consulting", "consumer_goods", "education", "electronics",
	"energy", "engineering", "entertainment", "fashion", "food", "government", "health", "hospitality", "insurance", "investment", "legal", "logistics",
	"machinery", "manufacturing", "marketing", "media", "mining", "nonprofit", "oil_gas", "pharmaceuticals", "real_estate", "retail", "security",
	"services", "software", "sports", "telecom", "textile", "tourism", "transport", "utilities", "water", "wholesale", "other")

// knowCompany fills in what follows from something else, where nobody said it: the domain from the website, and the days on which a company
// of this workspace changed its place in the lifecycle.
func knowCompany(_ context.Context, tx *record.Tx, d *record.Draft) error {
	if d.Changed("website") && d.New.Empty("domain") && !d.Changed("domain") {
		if domain, err := codes.Domain(d.New.Text("website")); err == nil && domain != "" {
			d.Set("domain", domain)
		}
	}
	if d.Created() || !d.Changed("lifecycle") {
		return nil
	}
	if !d.Changed("lifecycle_since") && !d.New.Empty("lifecycle") {
		d.Set("lifecycle_since", tx.Today())
	}
	if d.New.Text("lifecycle") == "customer" && d.New.Empty("customer_since") {
		d.Set("customer_since", tx.Today())
	}
	return nil
}
