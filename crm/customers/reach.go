package customers

import (
	"context"
	"slices"

	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

// contactPoint is one way to reach a person or a company. The fields e-mail and phone of those show the main points of their kinds: what
// changes on one side changes on the other, whoever writes it.
var contactPoint = meta.Object{
	Name: "contact_point", Plural: "contact_points", Title: "value", Icon: "at-sign", Parent: "of", NoTimeline: true, SearchWhere: "not main",
	Fields: []meta.Field{
		{Name: "of", Kind: meta.AnyRefKind{To: []string{"person", "company"}, Inverse: "contact_points"}, Required: true, Fixed: true},
		{Name: "kind", Kind: meta.ChoiceKind{Options: choice(kindPhone, kindMobile, "fax", kindEmail, "url", "telegram", "whatsapp", "instagram", "eitaa",
			"bale", "linkedin", "x", "other")}, Required: true},
		{Name: "value", Kind: meta.TextKind{Max: 300}, Required: true, Search: true},
		{Name: "normal", Kind: meta.TextKind{Max: 600}, Derived: true, Index: true},
		{Name: "extension", Kind: meta.TextKind{Max: 20}},
		{Name: "label", Kind: meta.TextKind{Max: 60}},
		{Name: "main", Kind: meta.BoolKind{}},
		{Name: "status", Kind: meta.ChoiceKind{Options: choice("unverified", "ok", "bounced", "dead", "wrong_person")}, Default: "unverified"},
		{Name: "verified_at", Kind: meta.DateTimeKind{}},
	},
}

const maxPoints = 200 // contact points of one person or company that the rules look at

// readPoint brings the value to its form, refuses one that its owner has already, and makes the first of its kind the main one unless
// somebody said that it is not.
func readPoint(ctx context.Context, tx *record.Tx, d *record.Draft) error {
	if d.Made() || d.New.Deleted() || d.New.Empty("value") || !d.Changed("value") && !d.Changed("kind") {
		return nil
	}
	kind := d.New.Text("kind")
	c, err := readChannel(kind, d.New.Text("value"), tx.Country())
	if one := fault.Of(err); one != nil {
		d.Refuse("value", one.Key)
		return nil
	}
	if err != nil {
		return err
	}
	d.Set("value", c.value)
	d.Set("normal", c.normal)
	if c.extension != "" && d.New.Empty("extension") {
		d.Set("extension", c.extension)
	}
	return amongOthers(ctx, tx, d)
}

// amongOthers looks at a point beside those that its owner has.
func amongOthers(ctx context.Context, tx *record.Tx, d *record.Draft) error {
	_, owner := d.New.Target("of")
	others, err := tx.Find(ctx, d.Entity(), "of", int64(owner), maxPoints)
	if err != nil {
		return err
	}
	kind := d.New.Text("kind")
	first := fieldOf(kind) != ""
	for _, p := range others {
		if p.ID() == d.New.ID() {
			continue
		}
		if sameKind(p.Text("kind"), kind) && p.Text("normal") == d.New.Text("normal") {
			d.Refuse("value", "value.duplicate")
		}
		if fieldOf(p.Text("kind")) == fieldOf(kind) && p.Int("main") == 1 {
			first = false
		}
	}
	if first && d.Created() && d.New.Empty("main") {
		d.Set("main", int64(1))
	}
	return nil
}

// sameKind says whether two kinds are shown by one field, or are one.
func sameKind(a, b string) bool { return a == b || fieldOf(a) != "" && fieldOf(a) == fieldOf(b) }

// keepPoints makes, changes or demotes the main contact points when the fields e-mail and phone of a person or company change. A value
// that is no longer in the field stays as a point beside the main one.
func keepPoints(ctx context.Context, tx *record.Tx, d *record.Draft) error {
	if d.New.Deleted() {
		return nil
	}
	for _, field := range []string{"email", "phone"} {
		if !d.Changed(field) {
			continue
		}
		if err := keepPoint(ctx, tx, d, field); err != nil {
			return err
		}
	}
	return nil
}

func keepPoint(ctx context.Context, tx *record.Tx, d *record.Draft, field string) error {
	points, _ := tx.Who().Catalog.Object(contactPoint.Name)
	value := d.New.Text(field)
	kind, c := pointOf(field, value)
	if d.Old != nil {
		found, err := promote(ctx, tx, points, d.New.ID(), field, c)
		if err != nil || found {
			return err
		}
	}
	if value == "" {
		return nil
	}
	_, err := tx.Make(ctx, points, func(p *record.Draft) {
		p.Set("of", int64(d.New.ID()), d.Entity().Name)
		p.Set("kind", kind)
		p.Set("value", c.value)
		p.Set("normal", c.normal)
		p.Set("main", int64(1))
	})
	return err
}

// promote finds the point of an owner that has a value already and makes it the main one; the others that the field could show are
// demoted. It says whether there is such a point.
func promote(ctx context.Context, tx *record.Tx, points *meta.Entity, owner ident.ID, field string, c channel) (bool, error) {
	list, err := tx.Find(ctx, points, "of", int64(owner), maxPoints)
	if err != nil {
		return false, err
	}
	found := false
	for _, p := range list {
		if fieldOf(p.Text("kind")) != field {
			continue
		}
		is := !found && c.value != "" && p.Text("normal") == c.normal
		found = found || is
		patch := record.Patch{}
		if is != (p.Int("main") == 1) {
			patch["main"] = is
		}
		if is && p.Text("value") != c.value {
			patch["value"] = c.value
		}
		if len(patch) == 0 {
			continue
		}
		if _, err := tx.Update(ctx, tx.System(), points, p.ID(), patch, 0); err != nil {
			return false, err
		}
	}
	return found, nil
}

// showPoint shows the main contact point in the field of its person or company, and takes one out that is the main one no longer.
func showPoint(ctx context.Context, tx *record.Tx, d *record.Draft) error {
	before, now := shownIn(d.Old), shownIn(d.New)
	if d.Made() || before == "" && now == "" || !anyChanged(d, "main", "value", "kind", meta.FieldDeletedAt) {
		return nil
	}
	owner, live, err := ownerOf(ctx, tx, d.New)
	if err != nil || !live {
		return err // a point goes with its owner
	}
	if now != "" && tookItsPlace(owner, now, d) {
		_, err := tx.Update(ctx, tx.System(), d.Entity(), d.New.ID(), record.Patch{"main": false}, 0)
		return err
	}
	patch, err := fieldsAfter(ctx, tx, d, owner)
	if err != nil || len(patch) == 0 {
		return err
	}
	_, err = tx.Update(ctx, tx.System(), owner.Entity, owner.ID(), patch, 0)
	return err
}

// fieldsAfter gives the fields of an owner that have to change after one of its points did.
func fieldsAfter(ctx context.Context, tx *record.Tx, d *record.Draft, owner *record.Record) (record.Patch, error) {
	before, now := shownIn(d.Old), shownIn(d.New)
	patch := record.Patch{}
	if before != "" && before != now && shows(owner, before, d.Old) {
		value, err := successor(ctx, tx, d, before)
		if err != nil {
			return nil, err
		}
		patch[before] = value
	}
	if now != "" && owner.Text(now) != d.New.Text("value") {
		patch[now] = d.New.Text("value")
	}
	return patch, nil
}

func anyChanged(d *record.Draft, fields ...string) bool {
	return slices.ContainsFunc(fields, d.Changed)
}

// ownerOf reads the person or company of a contact point; live is false when that is deleted.
func ownerOf(ctx context.Context, tx *record.Tx, p *record.Record) (owner *record.Record, live bool, err error) {
	object, id := p.Target("of")
	entity, ok := tx.Who().Catalog.Object(object)
	if !ok {
		return nil, false, nil
	}
	owner, err = tx.Get(ctx, tx.System(), entity, id)
	if fault.Is(err, fault.NotFound) {
		return nil, false, nil
	}
	return owner, err == nil, err
}

// tookItsPlace says whether a point comes back from the recycle bin while the field shows another one.
func tookItsPlace(owner *record.Record, field string, d *record.Draft) bool {
	return d.Old != nil && d.Old.Deleted() && !owner.Empty(field) && !shows(owner, field, d.New)
}

// shownIn is the field that shows a point; empty when none does, or when there is no point.
func shownIn(p *record.Record) string {
	if p == nil || p.Deleted() || p.Int("main") != 1 {
		return ""
	}
	return fieldOf(p.Text("kind"))
}

// shows says whether the field of an owner has the value of a point.
func shows(owner *record.Record, field string, p *record.Record) bool {
	value := owner.Text(field)
	if value == "" {
		return false
	}
	_, c := pointOf(field, value)
	return c.normal == p.Text("normal")
}

// successor is what a field shows after its main point was deleted: the oldest usable point that is left. A point that was only demoted
// leaves the field empty.
func successor(ctx context.Context, tx *record.Tx, d *record.Draft, field string) (string, error) {
	if !d.New.Deleted() {
		return "", nil
	}
	_, owner := d.New.Target("of")
	list, err := tx.Find(ctx, d.Entity(), "of", int64(owner), maxPoints)
	if err != nil {
		return "", err
	}
	for _, p := range list {
		switch p.Text("status") {
		case "bounced", "dead", "wrong_person":
			continue
		}
		if p.ID() != d.New.ID() && fieldOf(p.Text("kind")) == field {
			return p.Text("value"), nil
		}
	}
	return "", nil
}
