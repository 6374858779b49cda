package customers

import (
	"context"

	"ashna/engine/meta"
	"ashna/engine/record"
)

// employment says that a person works or worked at a company. It stays when the person leaves, so that history does.
var employment = meta.Object{
	Name: "employment", Plural: "employments", Title: "title", Icon: "briefcase", Parent: "person", NoTimeline: true,
	Fields: []meta.Field{
		{Name: "person", Kind: meta.RefKind{To: "person", OnDelete: meta.Cascade}, Required: true, Fixed: true},
		{Name: "company", Kind: meta.RefKind{To: "company", OnDelete: meta.Cascade}, Required: true, Fixed: true},
		{Name: "title", Kind: meta.TextKind{Max: 150}},
		{Name: "department", Kind: meta.TextKind{Max: 100}},
		{Name: "buying_role", Kind: meta.ChoiceKind{Options: choice("decision_maker", "economic_buyer", "technical_buyer", "user_buyer", "champion",
			"influencer", "gatekeeper", "blocker", "legal", "other")}, Index: true},
		{Name: "since", Kind: meta.DateKind{}},
		{Name: "until", Kind: meta.DateKind{}},
		{Name: "main", Kind: meta.BoolKind{}},
		{Name: "description", Kind: meta.LongTextKind{Max: 2_000}},
	},
}

// orderDates refuses a job that ends before it begins.
func orderDates(_ context.Context, _ *record.Tx, d *record.Draft) error {
	if !d.New.Empty("since") && !d.New.Empty("until") && d.New.Int("until") < d.New.Int("since") {
		d.Refuse("until", "employment.rules.dates")
	}
	return nil
}

const maxJobs = 1_000

// keepPrimaryJob lets a person have one main job at most, and shows its company on the person.
func keepPrimaryJob(ctx context.Context, tx *record.Tx, d *record.Draft) error {
	if !d.Changed("main") && !d.Changed(meta.FieldDeletedAt) && !d.Changed("until") {
		return nil
	}
	system := tx.System()
	owner := d.New.Link("person")
	main := d.New.Int("main") == 1 && !d.New.Deleted()
	if main {
		jobs, err := tx.Find(ctx, d.Entity(), "person", int64(owner), maxJobs)
		if err != nil {
			return err
		}
		for _, job := range jobs {
			if job.ID() == d.New.ID() || job.Int("main") != 1 {
				continue
			}
			if _, err := tx.Update(ctx, system, d.Entity(), job.ID(), record.Patch{"main": false}, 0); err != nil {
				return err
			}
		}
	}
	people, _ := system.Catalog.Object(person.Name)
	who, err := tx.Get(ctx, system, people, owner)
	if err != nil {
		return err
	}
	at := who.Link("company")
	switch {
	case main && at != d.New.Link("company"):
		at = d.New.Link("company")
	case !main && d.Old != nil && d.Old.Int("main") == 1 && at == d.New.Link("company"):
		at = 0
	default:
		return nil
	}
	return tx.SetDerived(ctx, who, map[string][]any{"company": {link(int64(at))}})
}

// link gives a key as a slot: nothing for none.
func link(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}
