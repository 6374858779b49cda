package customers

import (
	"context"

	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/kit/fault"
)

// person is a human that the company deals with.
var person = meta.Object{
	Name: "person", Plural: "people", Title: "name", Icon: "user-round",
	Fields: []meta.Field{
		{Name: "name", Kind: meta.TextKind{Max: 310}, Required: true, Search: true, Sort: true},
		{Name: "salutation", Kind: meta.ChoiceKind{Options: choice("mr", "ms", "mrs", "miss", "dr", "prof", "eng")}},
		{Name: "first_name", Kind: meta.TextKind{Max: 100}},
		{Name: "middle_name", Kind: meta.TextKind{Max: 100}},
		{Name: "last_name", Kind: meta.TextKind{Max: 100}},
		{Name: "nickname", Kind: meta.TextKind{Max: 100}, Search: true},
		{Name: "company", Kind: meta.RefKind{To: "company", Inverse: "people", OnDelete: meta.Clear}, Derived: true},
		{Name: "job_title", Kind: meta.TextKind{Max: 150}, Search: true},
		{Name: "department", Kind: meta.TextKind{Max: 100}},
		{Name: "reports_to", Kind: meta.RefKind{To: "person", Inverse: "reports", OnDelete: meta.Clear, Acyclic: true}},
		{Name: "email", Kind: meta.EmailKind{}, Search: true, Index: true},
		{Name: "phone", Kind: meta.PhoneKind{}, Search: true, Index: true},
		{Name: "lifecycle", Kind: meta.ChoiceKind{Options: choice("prospect", "customer", "former")}, Index: true, Default: "prospect"},
		{Name: "gender", Kind: meta.ChoiceKind{Options: choice("female", "male", "other")}, Group: "personal"},
		{Name: "birth_date", Kind: meta.DateKind{}, Group: "personal"},
		{Name: "national_id", Kind: meta.CodeKind{Scheme: meta.NationalID}, Search: true, Sensitive: true, Group: "personal"},
		{Name: "language", Kind: meta.ChoiceKind{Options: choice("en", "fa", "az", "tr", "ru", "ar", "other")}, Group: "contact"},
		{Name: "preferred_channel", Kind: meta.ChoiceKind{Options: choice("phone", "mobile", "email", "sms", "whatsapp", "telegram", "eitaa", "bale", "letter")}, Group: "contact"},
		{Name: "do_not_call", Kind: meta.BoolKind{}, Group: "contact"},
		{Name: "do_not_email", Kind: meta.BoolKind{}, Group: "contact"},
		{Name: "do_not_sms", Kind: meta.BoolKind{}, Group: "contact"},
		{Name: "address", Kind: meta.AddressKind{}, Index: true, Group: "address"},
		{Name: "interests", Kind: meta.TagsKind{}, Group: "personal"},
		{Name: "referred_by", Kind: meta.AnyRefKind{To: []string{"person", "company"}, Inverse: "referrals"}},
		{Name: "tags", Kind: meta.TagsKind{}, Search: true},
		{Name: "photo", Kind: meta.FileKind{Image: true}},
		{Name: "description", Kind: meta.LongTextKind{}},
	},
	Views: []meta.View{
		{Name: "all", Columns: []string{"name", "company", "job_title", "phone", "email", "owner", "changed_at"}},
		{Name: "mine", Filter: "owner = me()", Columns: []string{"name", "company", "job_title", "phone", "email", "changed_at"}},
	},
}

// nameOf keeps the full name in step with its parts, as long as it was in step: a full name that somebody wrote otherwise stays, and so
// does the last one when all parts are emptied.
func nameOf(_ context.Context, _ *record.Tx, d *record.Draft) error {
	parts := d.Changed("first_name") || d.Changed("middle_name") || d.Changed("last_name")
	if !parts || d.Changed("name") {
		return nil
	}
	if d.Old != nil && d.Old.Text("name") != fullName(d.Old) {
		return nil
	}
	if name := fullName(d.New); name != "" {
		d.Set("name", name)
	}
	return nil
}

// fullName joins the parts in the order in which English, Persian and Azerbaijani say them.
func fullName(r *record.Record) string {
	name := ""
	for _, field := range []string{"first_name", "middle_name", "last_name"} {
		s := r.Text(field)
		if name != "" && s != "" {
			name += " "
		}
		name += s
	}
	return name
}

// forgetCompany takes the company out of a person who comes back from the recycle bin when the company is there no longer.
func forgetCompany(ctx context.Context, tx *record.Tx, d *record.Draft) error {
	if d.Old == nil || !d.Old.Deleted() || d.New.Deleted() || d.New.Empty("company") {
		return nil
	}
	companies, _ := tx.Who().Catalog.Object(company.Name)
	_, err := tx.Get(ctx, tx.System(), companies, d.New.Link("company"))
	if fault.Is(err, fault.NotFound) {
		return tx.SetDerived(ctx, d.New, map[string][]any{"company": {nil}})
	}
	return err
}
