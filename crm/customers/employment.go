package customers

import (
	"context"
	"slices"

	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/kit/fault"
)

// employment says that a person works or worked at a company. It stays when the person leaves, so that history does. One job of a person
// at most is the main one; its company is the one that the person shows.
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

const maxJobs = 1_000 // jobs of one person that the rules look at

// readJob refuses a job that ends before it begins, takes a job that has ended for no main one, and makes the first present job of a
// person the main one unless somebody said that it is not.
func readJob(ctx context.Context, tx *record.Tx, d *record.Draft) error {
	if d.New.Deleted() {
		return nil
	}
	if !d.New.Empty("since") && !d.New.Empty("until") && d.New.Int("until") < d.New.Int("since") {
		d.Refuse("until", "employment.rules.dates")
		return nil
	}
	if !current(tx, d.New) {
		if d.New.Int("main") == 1 {
			d.Set("main", int64(0))
		}
		return nil
	}
	if !d.Created() || !d.New.Empty("main") {
		return nil
	}
	jobs, err := jobsOf(ctx, tx, d)
	if err != nil || slices.ContainsFunc(jobs, isMain) {
		return err
	}
	d.Set("main", int64(1))
	return nil
}

// current says whether a job is held today; one without dates is.
func current(tx *record.Tx, job *record.Record) bool {
	today := tx.Today()
	return (job.Empty("since") || job.Int("since") <= today) && (job.Empty("until") || job.Int("until") >= today)
}

// jobsOf reads the other live jobs of the person of a job, oldest first.
func jobsOf(ctx context.Context, tx *record.Tx, d *record.Draft) ([]*record.Record, error) {
	jobs, err := tx.Find(ctx, d.Entity(), "person", int64(d.New.Link("person")), maxJobs)
	return slices.DeleteFunc(jobs, func(job *record.Record) bool { return job.ID() == d.New.ID() }), err
}

func isMain(job *record.Record) bool { return job != nil && !job.Deleted() && job.Int("main") == 1 }

// keepMainJob lets a person have one main job at most, and shows its company on the person.
func keepMainJob(ctx context.Context, tx *record.Tx, d *record.Draft) error {
	if isMain(d.Old) == isMain(d.New) {
		return nil
	}
	system := tx.System()
	people, _ := system.Catalog.Object(person.Name)
	who, err := tx.Get(ctx, system, people, d.New.Link("person"))
	if fault.Is(err, fault.NotFound) {
		return nil // it goes with its person
	}
	if err != nil {
		return err
	}
	jobs, err := jobsOf(ctx, tx, d)
	if err != nil {
		return err
	}
	if isMain(d.New) {
		return takeOver(ctx, tx, d, who, jobs)
	}
	return giveUp(ctx, tx, d, who, jobs)
}

// takeOver makes a job the only main one. A job that comes back from the recycle bin does not push out the one that took its place.
func takeOver(ctx context.Context, tx *record.Tx, d *record.Draft, who *record.Record, jobs []*record.Record) error {
	if d.Old != nil && d.Old.Deleted() && slices.ContainsFunc(jobs, isMain) {
		return setMain(ctx, tx, d.New, false)
	}
	if err := tx.SetDerived(ctx, who, map[string][]any{"company": {int64(d.New.Link("company"))}}); err != nil {
		return err
	}
	for _, job := range jobs {
		if !isMain(job) {
			continue
		}
		if err := setMain(ctx, tx, job, false); err != nil {
			return err
		}
	}
	return nil
}

// giveUp shows no company any more, unless another job is the main one, or becomes it because this one ended or was deleted.
func giveUp(ctx context.Context, tx *record.Tx, d *record.Draft, who *record.Record, jobs []*record.Record) error {
	if slices.ContainsFunc(jobs, isMain) {
		return nil
	}
	if d.New.Deleted() || !current(tx, d.New) {
		if next := newest(tx, jobs); next != nil {
			return setMain(ctx, tx, next, true)
		}
	}
	return tx.SetDerived(ctx, who, map[string][]any{"company": {nil}})
}

// newest is the present job that began last; nil when there is none.
func newest(tx *record.Tx, jobs []*record.Record) *record.Record {
	var found *record.Record
	for _, job := range jobs {
		if current(tx, job) && (found == nil || job.Int("since") >= found.Int("since")) {
			found = job
		}
	}
	return found
}

func setMain(ctx context.Context, tx *record.Tx, job *record.Record, main bool) error {
	_, err := tx.Update(ctx, tx.System(), job.Entity, job.ID(), record.Patch{"main": main}, 0)
	return err
}
