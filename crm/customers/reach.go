package customers

import (
	"context"

	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/kit/codes"
	"ashna/kit/fault"
	"ashna/kit/phone"
	"ashna/kit/text"
)

// contactPoint is one way to reach a person or a company.
var contactPoint = meta.Object{
	Name: "contact_point", Plural: "contact_points", Title: "value", Icon: "at-sign", Parent: "of", NoTimeline: true, SearchWhere: "not main",
	Fields: []meta.Field{
		{Name: "of", Kind: meta.AnyRefKind{To: []string{"person", "company"}, Inverse: "contact_points"}, Required: true, Fixed: true},
		{Name: "kind", Kind: meta.ChoiceKind{Options: choice("phone", "mobile", "fax", "email", "url", "telegram", "whatsapp", "instagram", "eitaa",
			"bale", "linkedin", "x", "other")}, Required: true},
		{Name: "value", Kind: meta.TextKind{Max: 300}, Required: true, Search: true},
		{Name: "normal", Kind: meta.TextKind{Max: 300}, Derived: true, Index: true},
		{Name: "extension", Kind: meta.TextKind{Max: 20}},
		{Name: "label", Kind: meta.TextKind{Max: 60}},
		{Name: "main", Kind: meta.BoolKind{}},
		{Name: "status", Kind: meta.ChoiceKind{Options: choice("unverified", "ok", "bounced", "dead", "wrong_person")}, Default: "unverified"},
		{Name: "verified_at", Kind: meta.DateTimeKind{}},
	},
}

// normalise brings a value to the form in which equal values are equal.
func normalise(_ context.Context, tx *record.Tx, d *record.Draft) error {
	if !d.Changed("value") && !d.Changed("kind") {
		return nil
	}
	value := d.New.Text("value")
	normal, err := normalForm(d.New.Text("kind"), value, tx.Country())
	if one := fault.Of(err); one != nil {
		d.Refuse("value", one.Key)
		return nil
	}
	if err != nil {
		return err
	}
	d.Set("normal", slot(normal))
	return nil
}

func normalForm(kind, value, country string) (string, error) {
	switch kind {
	case "phone", "mobile", "fax":
		n, err := phone.Parse(value, country)
		return n.E164, err
	case "email":
		canonical, err := codes.Email(value)
		return codes.EmailKey(canonical), err
	case "url":
		return codes.URL(value)
	}
	return text.Key(value), nil
}

func slot(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// reach is how the fields e-mail and phone of a person or company are kept as contact points.
var reach = []struct {
	field string
	kinds []string // the first is the kind of a new one
}{
	{"email", []string{"email"}},
	{"phone", []string{"mobile", "phone"}},
}

const maxPoints = 200

// keepContactPoints makes, changes or demotes the main contact points when the fields e-mail and phone change.
func keepContactPoints(ctx context.Context, tx *record.Tx, d *record.Draft) error {
	if d.New.Deleted() {
		return nil
	}
	points, _ := tx.Who().Catalog.Object(contactPoint.Name)
	for _, r := range reach {
		if !d.Changed(r.field) {
			continue
		}
		if err := keepOne(ctx, tx, d, points, r.field, r.kinds); err != nil {
			return err
		}
	}
	return nil
}

func keepOne(ctx context.Context, tx *record.Tx, d *record.Draft, points *meta.Entity, field string, kinds []string) error {
	value := d.New.Text(field)
	system := tx.System()
	if d.Old != nil {
		list, err := tx.Find(ctx, points, "of", int64(d.New.ID()), maxPoints)
		if err != nil {
			return err
		}
		done, err := promote(ctx, tx, list, kinds, value)
		if err != nil || done {
			return err
		}
	}
	if value == "" {
		return nil
	}
	of := map[string]any{"object": d.Entity().Name, "id": d.New.ID().String()}
	_, err := tx.Create(ctx, system, points, record.Patch{"of": of, "kind": kinds[0], "value": value, "main": true})
	return err
}

// promote finds the contact point that has the value already and makes it the main one; others of its kinds are demoted.
func promote(ctx context.Context, tx *record.Tx, list []*record.Record, kinds []string, value string) (bool, error) {
	system := tx.System()
	found := false
	for _, p := range list {
		if !contains(kinds, p.Text("kind")) {
			continue
		}
		is := value != "" && sameValue(p, value)
		if is == (p.Int("main") == 1) {
			found = found || is
			continue
		}
		if _, err := tx.Update(ctx, system, p.Entity, p.ID(), record.Patch{"main": is}, 0); err != nil {
			return false, err
		}
		found = found || is
	}
	return found, nil
}

func sameValue(p *record.Record, value string) bool {
	return p.Text("value") == value || p.Text("normal") == value || p.Text("normal") == codes.EmailKey(value)
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// keepPrimaryPoint shows the main contact point in the field of its person or company.
func keepPrimaryPoint(ctx context.Context, tx *record.Tx, d *record.Draft) error {
	if !d.Changed("main") && !d.Changed("value") && !d.Changed(meta.FieldDeletedAt) {
		return nil
	}
	field := fieldOf(d.New.Text("kind"))
	object, id := d.New.Target("of")
	wasMain := d.Old != nil && d.Old.Int("main") == 1
	main := d.New.Int("main") == 1 && !d.New.Deleted()
	if field == "" || tx.Fresh(id) || !main && !(wasMain && d.New.Deleted()) {
		return nil
	}
	system := tx.System()
	entity, ok := system.Catalog.Object(object)
	if !ok {
		return nil
	}
	patch := record.Patch{field: nil}
	if main {
		patch[field] = d.New.Text("value")
	}
	_, err := tx.Update(ctx, system, entity, id, patch, 0)
	if fault.Is(err, fault.Conflict) || fault.Is(err, fault.NotFound) {
		return nil // the owner is on its way out too
	}
	return err
}

func fieldOf(kind string) string {
	for _, r := range reach {
		if contains(r.kinds, kind) {
			return r.field
		}
	}
	return ""
}
