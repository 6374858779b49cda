package importer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/kit/fault"
	"ashna/kit/i18n"
	"ashna/testkit/enginetest"
)

// The objects of the tests: people who work for companies.
var (
	firm = meta.Object{Name: "firm", Plural: "firms", Title: "name", Fields: []meta.Field{
		{Name: "name", Kind: meta.TextKind{}, Required: true, Index: true},
		{Name: "phone", Kind: meta.PhoneKind{}, Index: true},
		{Name: "heads", Kind: meta.RollupKind{List: "staff", Function: meta.Count}},
		{Name: "secret", Kind: meta.TextKind{}, Index: true, Sensitive: true},
	}}
	human = meta.Object{Name: "human", Plural: "humans", Title: "name", Fields: []meta.Field{
		{Name: "name", Kind: meta.TextKind{}, Required: true, Search: true},
		{Name: "email", Kind: meta.EmailKind{}, Index: true, Search: true},
		{Name: "code", Kind: meta.TextKind{}, Unique: true},
		{Name: "phone", Kind: meta.PhoneKind{}, Search: true},
		{Name: "level", Kind: meta.ChoiceKind{Options: []meta.Option{{Code: "low"}, {Code: "high"}}}, Default: "low"},
		{Name: "nick", Kind: meta.TextKind{}, Index: true, Default: "nobody"},
		{Name: "score", Kind: meta.NumberKind{}},
		{Name: "double", Kind: meta.FormulaKind{Source: "score + score", Result: meta.NumberKind{}}},
		{Name: "tags", Kind: meta.TagsKind{}},
		{Name: "home", Kind: meta.AddressKind{}},
		{Name: "firm", Kind: meta.RefKind{To: "firm", Inverse: "staff", OnDelete: meta.Clear}},
		{Name: "given", Kind: meta.RefKind{To: "firm", Inverse: "givers", OnDelete: meta.Clear}, Derived: true},
		{Name: "notes", Kind: meta.LongTextKind{}},
		{Name: "secret", Kind: meta.TextKind{}, Index: true, Sensitive: true},
	}}
)

// world is a workspace with an importer.
type world struct {
	*enginetest.World
	im *Importer
}

func options(rules ...record.Rule) record.Options {
	return record.Options{Objects: []meta.Object{firm, human}, Rules: rules, Tables: Tables}
}

// everywhere runs a test on both databases.
func everywhere(t *testing.T, do func(w *world), rules ...record.Rule) {
	t.Parallel()
	enginetest.Everywhere(t, options(rules...), func(w *enginetest.World) { do(&world{w, New(w.Engine)}) })
}

// lite runs a test on SQLite, where what it is about is no matter of the database.
func lite(t *testing.T, do func(w *world), rules ...record.Rule) {
	t.Parallel()
	w := enginetest.Open(t, db.Config{Dir: t.TempDir()}, options(rules...))
	do(&world{w, New(w.Engine)})
}

// bring imports a file of people for the program itself.
func (w *world) bring(text string, spec Spec) (Run, error) {
	w.Helper()
	return w.bringAs(w.System(), text, spec)
}

func (w *world) bringAs(who *access.Viewer, text string, spec Spec) (Run, error) {
	w.Helper()
	if spec.Object == "" {
		spec.Object = "humans"
	}
	if spec.Format == "" {
		spec.Format = "csv"
	}
	return w.im.Import(context.Background(), who, change.ViaImport, spec, strings.NewReader(text), nil)
}

// must imports a file that has to come to its end.
func (w *world) must(text string, spec Spec) Run {
	w.Helper()
	run, err := w.bring(text, spec)
	if err != nil || run.State != Done {
		w.Fatalf("%+v: %v", run, err)
	}
	return run
}

// people lists the records of an object as "field=value" lines, in the order of their names.
func (w *world) table(object string, fields ...string) []string {
	w.Helper()
	entity := w.Entity(object)
	var lines []string
	q := record.Question{Sort: "name,id", Limit: 1_000}
	for {
		page, err := w.Engine.List(context.Background(), w.System(), entity, q)
		if err != nil {
			w.Fatal(err)
		}
		for _, r := range page.Records {
			cells := make([]string, len(fields))
			for i, name := range fields {
				a, _ := entity.Attr(name)
				cells[i] = r.Cell(a)
			}
			lines = append(lines, strings.Join(cells, " | "))
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return lines
		}
	}
}

// rejects lists the rows that were left out as "row: field key …; value, value".
func (w *world) rejects(run Run) []string {
	w.Helper()
	list, err := w.im.Errors(context.Background(), run.ID, 0, 1_000)
	if err != nil {
		w.Fatal(err)
	}
	var lines []string
	for _, e := range list {
		lines = append(lines, fmt.Sprintf("%d: %s <%s>", e.Row, e.Faults.Error(), strings.Join(e.Values, ",")))
	}
	return lines
}

func (w *world) same(what string, got, want []string) {
	w.Helper()
	if !slices.Equal(got, want) {
		w.Errorf("%s:\n  %s\nwant\n  %s", what, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// counts is rows, created, updated, failed.
func counts(r Run) [4]int64 { return [4]int64{r.Rows, r.Created, r.Updated, r.Failed} }

func TestRowsBecomeRecords(t *testing.T) {
	everywhere(t, func(w *world) {
		run := w.must("name,email,phone,level,score,tags,notes\n"+
			"Reza,Reza@Example.com,+98 912 123 4567,High,7,VIP;vip;Gold,\"two\nlines, \"\"quoted\"\"\"\n"+
			"سارا,,,,,,\n", Spec{})
		if counts(run) != [4]int64{2, 2, 0, 0} {
			t.Errorf("%+v", run)
		}
		w.same("people", w.table("human", "name", "email", "phone", "level", "score", "double", "tags", "notes"), []string{
			"Reza | Reza@example.com | +989121234567 | high | 7 | 14 | gold;vip | two\nlines, \"quoted\"",
			"سارا |  |  | low |  |  |  | ",
		})
		creates := 0
		for _, c := range w.Changes() {
			if c.Object == "human" && c.Op == change.Create && c.Via == change.ViaImport {
				creates++
			}
		}
		hits, _, err := w.Engine.Search(context.Background(), w.System(), "سارا", nil, 10, 0)
		if creates != 2 || err != nil || len(hits) != 1 {
			t.Errorf("%d creations in the log, %d found: %v", creates, len(hits), err)
		}
		again, err := w.im.Status(context.Background(), w.System(), run.ID)
		if err != nil || counts(again) != counts(run) || again.State != Done || again.Spec.Object != "humans" {
			t.Errorf("status %+v: %v", again, err)
		}
	})
}

func TestMatchedRowsChangeRecords(t *testing.T) {
	everywhere(t, func(w *world) {
		w.must("name,email,score,tags\nReza,reza@example.com,1,old\nSara,sara@example.com,2,\n", Spec{})
		before := len(w.Changes())
		run := w.must("email,name,score,tags\nREZA@example.com,,5,\nnew@example.com,New,6,\n,Nobody,7,\n", Spec{Match: "email"})
		if counts(run) != [4]int64{3, 2, 1, 0} {
			t.Errorf("%+v", run)
		}
		w.same("people", w.table("human", "name", "email", "score", "tags"), []string{
			"New | new@example.com | 6 | ", "Nobody |  | 7 | ", "Reza | REZA@example.com | 5 | old", "Sara | sara@example.com | 2 | ",
		})
		if n := len(w.Changes()) - before; n != 3 {
			t.Errorf("%d rows in the log", n)
		}
	})
}

func TestEmptyCellsAndNulls(t *testing.T) {
	everywhere(t, func(w *world) {
		full := `{"name":"A","email":"a@example.com","score":1,"phone":"+989121234567","tags":["x"]}` + "\n"
		w.must(full, Spec{Format: "jsonl"})
		w.must("name,email,score,phone,tags\nA,a@example.com,,  ,\u00a0\n", Spec{Match: "email"})
		w.same("empty cells", w.table("human", "score", "phone", "tags"), []string{"1 | +989121234567 | x"})
		w.must(`{"email":"a@example.com"}`, Spec{Format: "jsonl", Match: "email"})
		w.same("absent names", w.table("human", "score", "phone", "tags"), []string{"1 | +989121234567 | x"})
		w.must(`{"email":"a@example.com","score":null,"phone":"","tags":[]}`, Spec{Format: "jsonl", Match: "email"})
		w.same("nulls", w.table("human", "name", "score", "phone", "tags"), []string{"A |  |  | "})
	})
}

func TestTheSameFileTwice(t *testing.T) {
	everywhere(t, func(w *world) {
		file := people(700)
		w.must(file, Spec{Match: "email"})
		log := w.Changes()
		table := w.table("human", "id", "version", "name", "email", "changed_at")
		run := w.must(file, Spec{Match: "email"})
		if counts(run) != [4]int64{700, 0, 700, 0} {
			t.Errorf("%+v", run)
		}
		if n := len(w.Changes()); n != len(log) {
			t.Errorf("%d rows in the log, %d before", n, len(log))
		}
		w.same("people", w.table("human", "id", "version", "name", "email", "changed_at"), table)
	})
}

// people makes a file of n different people.
func people(n int) string {
	var b strings.Builder
	b.WriteString("name,email,code,score,tags\n")
	for i := range n {
		fmt.Fprintf(&b, "Person %04d,p%d@example.com,c%d,%d,\"t%d;all\"\n", i, i, i, i, i%7)
	}
	return b.String()
}

func TestOneKeyTwiceInAFile(t *testing.T) {
	everywhere(t, func(w *world) {
		run := w.must("name,email,score\nA,a@example.com,1\nB,A@example.com,2\n", Spec{Match: "email"})
		if counts(run) != [4]int64{2, 1, 1, 0} {
			t.Errorf("%+v", run)
		}
		w.same("people", w.table("human", "name", "email", "score"), []string{"B | A@example.com | 2"})
		// The first of three fails, so the second makes the record.
		run = w.must("name,email,score\nC,c@example.com,x\nD,c@example.com,2\nE,c@example.com,\n", Spec{Match: "email"})
		if counts(run) != [4]int64{3, 1, 1, 1} {
			t.Errorf("%+v", run)
		}
		w.same("people", w.table("human", "name", "score"), []string{"B | 2", "E | 2"})
	})
}

func TestADefaultMatchesNothing(t *testing.T) {
	lite(t, func(w *world) {
		w.must("name,nick\nA,nobody\n", Spec{})
		run := w.must("name,nick\nB,\nC,\nD,nobody\n", Spec{Match: "nick"})
		if counts(run) != [4]int64{3, 2, 1, 0} {
			t.Errorf("%+v", run)
		}
		w.same("people", w.table("human", "name", "nick"), []string{"B | nobody", "C | nobody", "D | nobody"})
	})
}

func TestBadRowsAreLeftOut(t *testing.T) {
	everywhere(t, func(w *world) {
		w.must("name,code\nFirst,c1\n", Spec{})
		run := w.must("name,code,score,level,email\n"+
			"A,c2,1,low,\n"+ // row 1
			",c3,x,odd,no\n"+ // four reasons
			"B,c1,2,,\n"+ // taken
			"C,c4,3,,\n"+
			"D,c4,4,,\n"+ // taken within the file
			"E,c5,5,,,\n"+ // an empty cell beyond
			"F,c6,6,,,more\n"+ // a full one
			"G\n"+ // short
			"H,c7,\"7\",,\n", Spec{})
		if counts(run) != [4]int64{9, 5, 0, 4} {
			t.Errorf("%+v", run)
		}
		w.same("people", w.table("human", "name", "code", "score"), []string{"A | c2 | 1", "C | c4 | 3", "E | c5 | 5", "First | c1 | ", "G |  | ", "H | c7 | 7"})
		w.same("rejects", w.rejects(run), []string{
			"2: email: value.email; level: value.choice value=odd; score: value.number; name: value.required <,c3,x,odd,no>",
			"3: code: value.duplicate field=code <B,c1,2,,>",
			"5: code: value.duplicate field=code <D,c4,4,,>",
			"7: import.cell_beyond value=more <F,c6,6,,,more>",
		})
		page, err := w.im.Errors(context.Background(), run.ID, 2, 1)
		if err != nil || len(page) != 1 || page[0].Row != 3 || page[0].Faults[0].Kind != fault.Conflict {
			t.Errorf("one after the second: %+v %v", page, err)
		}
	})
}

// TestReasonsHaveWords shows that a reason that was kept reads like one that was not.
func TestReasonsHaveWords(t *testing.T) {
	lite(t, func(w *world) {
		b, err := i18n.New(i18n.House())
		if err != nil {
			t.Fatal(err)
		}
		run := w.must("name,phone\n"+strings.Repeat("x", 1_500)+",1\n", Spec{})
		list, err := w.im.Errors(context.Background(), run.ID, 0, 10)
		if err != nil || len(list) != 1 {
			t.Fatalf("%v %v", list, err)
		}
		p := b.For(i18n.DefaultLocale(i18n.English))
		kept, fresh := p.Fault(list[0].Faults[0]), p.Fault(fault.At("name", "value.too_long", "max", 200))
		if kept != fresh {
			t.Errorf("%q, want %q", kept, fresh)
		}
	})
}

func TestAddressesInParts(t *testing.T) {
	everywhere(t, func(w *world) {
		w.must("name,email,home_city,home_street,home_country\nA,a@example.com,Baku,Nizami 5,az\nB,b@example.com,,,\n", Spec{})
		w.same("new", w.table("human", "name", "home_city", "home_street", "home_country"), []string{"A | Baku | Nizami 5 | AZ", "B |  |  | "})
		w.must("email,home_city\na@example.com,Ganja\nb@example.com,Shaki\n", Spec{Match: "email"})
		w.same("one part", w.table("human", "name", "home_city", "home_street", "home_country"), []string{"A | Ganja | Nizami 5 | AZ", "B | Shaki |  | "})
		w.must(`{"email":"a@example.com","home_street":null}`, Spec{Format: "jsonl", Match: "email"})
		w.same("null part", w.table("human", "name", "home_city", "home_street"), []string{"A | Ganja | ", "B | Shaki | "})
		run := w.must("name,home_country\nC,Iran\n", Spec{})
		w.same("rejects", w.rejects(run), []string{"1: home.country: value.country <C,Iran>"})
		w.must(`{"email":"a@example.com","home":{"street":"S"}}`, Spec{Format: "jsonl", Match: "email"})
		w.same("whole", w.table("human", "name", "home_city", "home_street"), []string{"A |  | S", "B | Shaki | "})
	})
}

func TestLinksByAFieldOfTheTarget(t *testing.T) {
	everywhere(t, func(w *world) {
		acme := w.Create(w.System(), "firm", record.Patch{"name": "Acme", "phone": "+989121234567"})
		w.Create(w.System(), "firm", record.Patch{"name": "Twin"})
		w.Create(w.System(), "firm", record.Patch{"name": "twin"})
		gone := w.Create(w.System(), "firm", record.Patch{"name": "Gone"})
		w.Must(w.System(), func(tx *record.Tx) error {
			return tx.Delete(context.Background(), w.System(), w.Entity("firm"), gone.ID(), 0)
		})
		run := w.must("name,email,firm.name\nA,a@example.com,ACME\nB,b@example.com,\nC,,None\nD,,Twin\nE,,Gone\n", Spec{})
		w.same("people", w.table("human", "name", "firm"), []string{"A | " + acme.ID().String(), "B | "})
		w.same("rejects", w.rejects(run), []string{
			"3: firm: import.link_missing value=None <C,,None>", "4: firm: import.link_many n=2 value=Twin <D,,Twin>", "5: firm: import.link_missing value=Gone <E,,Gone>",
		})
		run = w.must("email,firm.phone\nb@example.com,0098 912 123 4567\na@example.com,12\n", Spec{Match: "email"})
		w.same("by telephone", w.table("human", "name", "firm"), []string{"A | " + acme.ID().String(), "B | " + acme.ID().String()})
		if counts(run) != [4]int64{2, 0, 1, 1} {
			t.Errorf("%+v %v", run, w.rejects(run))
		}
		if got := w.table("firm", "name", "heads")[0]; got != "Acme | 2" {
			t.Errorf("roll-up %s", got)
		}
		// A link that is not found stops a row that would change a record as well.
		run = w.must("email,score,firm.name\na@example.com,9,None\n", Spec{Match: "email"})
		w.same("rejects", w.rejects(run), []string{"1: firm: import.link_missing value=None <a@example.com,9,None>"})
		w.must(`{"email":"a@example.com","firm.name":null}`+"\n"+`{"email":"b@example.com","firm.name":""}`, Spec{Format: "jsonl", Match: "email"})
		w.same("emptied", w.table("human", "name", "firm", "score"), []string{"A |  | ", "B |  | "})
		run = w.must(`{"name":"X","firm.name":{"a":1}}`+"\n"+`{"name":"Y","firm.name":"a\u0000b"}`+"\n"+`{"name":"Z","firm.name":true}`, Spec{Format: "jsonl"})
		if counts(run) != [4]int64{3, 0, 0, 3} {
			t.Errorf("odd links: %+v", run)
		}
	})
}

func TestSpecsThatAreRefused(t *testing.T) {
	lite(t, func(w *world) {
		for _, c := range []struct {
			name, file string
			spec       Spec
			want       string
		}{
			{"object", "name\n", Spec{Object: "things"}, "value.unknown_object object=things"},
			{"format", "name\n", Spec{Format: "xlsx"}, "format: value.choice value=xlsx"},
			{"unknown column", "name,odd\n", Spec{}, "odd: import.header column=odd"},
			{"several", "odd,name,Odd\n", Spec{}, "Odd: import.header column=Odd; odd: import.header column=odd"},
			{"twice", "name,name\n", Spec{}, "name: import.column_twice column=name field=name"},
			{"twice by mapping", "name,title\n", Spec{Map: map[string]string{"title": "name"}}, "title: import.column_twice column=title field=name"},
			{"link twice", "firm,firm.name\n", Spec{}, "firm.name: import.column_twice column=firm.name field=firm"},
			{"part and whole", "home_city,home\n", Spec{}, "home: import.column_twice column=home field=home"},
			{"whole and part", "home,home_city\n", Spec{}, "home_city: import.column_twice column=home_city field=home"},
			{"part twice", "a,home_city\n", Spec{Map: map[string]string{"a": "home_city"}}, "home_city: import.column_twice column=home_city field=home"},
			{"mapped column missing", "name\n", Spec{Map: map[string]string{"x": "email"}}, "x: import.column_missing column=x"},
			{"derived", "name,x\n", Spec{Map: map[string]string{"x": "double"}}, "x: import.mapping column=x"},
			{"written by rules", "name,x\n", Spec{Map: map[string]string{"x": "given.name"}}, "x: import.mapping column=x"},
			{"no link", "name.name\n", Spec{}, "name.name: import.header column=name.name"},
			{"no field of the target", "firm.odd\n", Spec{}, "firm.odd: import.header column=firm.odd"},
			{"roll-up of the target", "firm.heads\n", Spec{}, "firm.heads: import.header column=firm.heads"},
			{"part of a part", "home_city.x\n", Spec{}, "home_city.x: import.header column=home_city.x"},
			{"match", "name\n", Spec{Match: "odd"}, "match: value.unknown_field field=odd"},
			{"match by a number", "name,score\n", Spec{Match: "score"}, "match: import.mapping field=score"},
			{"match by long text", "name,notes\n", Spec{Match: "notes"}, "match: import.mapping field=notes"},
			{"match by a part", "name,home_city\n", Spec{Match: "home_city"}, "match: import.mapping field=home_city"},
			{"match by a link", "name,firm\n", Spec{Match: "firm"}, "match: import.mapping field=firm"},
			{"match without a column", "name\n", Spec{Match: "email"}, "match: import.column_missing column=email"},
			{"empty", "", Spec{}, "import.empty"},
			{"white", "\n\n  \n", Spec{}, "import.empty"},
			{"mark only", "\ufeff", Spec{}, "import.empty"},
			{"empty lines", "", Spec{Format: "jsonl"}, "import.empty"},
			{"columns", strings.Repeat("a,", 10_000) + "a\n", Spec{}, "value.too_many max=1000"},
		} {
			run, err := w.bring(c.file, c.spec)
			if err == nil || err.Error() != c.want {
				t.Errorf("%s: %v, want %s", c.name, err, c.want)
			}
			if run.ID != 0 {
				kept, err := w.im.Status(context.Background(), w.System(), run.ID)
				if err != nil || kept.State != Failed || kept.Problem != c.want {
					t.Errorf("%s: kept as %+v: %v", c.name, kept, err)
				}
			}
		}
		if n := len(w.table("human", "name")); n != 0 {
			t.Errorf("%d people", n)
		}
	})
}

func TestColumnsThatGoNowhere(t *testing.T) {
	lite(t, func(w *world) {
		run := w.must("id,version,changed_at,double, Name ,old,,\n0h3abc,9,x,y,A,gone,,\n1,1,1,1,B,,,\n2,2,2,2,C,,x,\n",
			Spec{Map: map[string]string{" Name ": "name", "old": ""}})
		w.same("people", w.table("human", "name", "version"), []string{"A | 1", "B | 1"})
		w.same("rejects", w.rejects(run), []string{"3: import.cell_beyond value=x <2,2,2,2,C,,x,>"})
		run = w.must("name,score\n", Spec{})
		if counts(run) != [4]int64{} || run.State != Done {
			t.Errorf("a head only: %+v", run)
		}
		run = w.must(`{"name":"J","":""}`, Spec{Format: "jsonl", Map: map[string]string{"": ""}})
		if counts(run) != [4]int64{1, 1, 0, 0} {
			t.Errorf("a name without letters: %+v", run)
		}
	})
}

func TestADryRunWritesNothing(t *testing.T) {
	everywhere(t, func(w *world) {
		w.must(people(3), Spec{})
		before := w.dump()
		file := people(600) + "Bad,x,,,\n"
		run := w.must(file, Spec{Match: "email", DryRun: true})
		if counts(run) != [4]int64{601, 597, 3, 1} {
			t.Errorf("%+v", run)
		}
		w.same("rejects", w.rejects(run), []string{"601: email: value.email <Bad,x,,,>"})
		w.same("tables", w.dump(), before)
		again := w.must(file, Spec{Match: "email", DryRun: true})
		if again.Resumed || again.ID == run.ID {
			t.Error("a dry run began where another ended")
		}
		run = w.must(file, Spec{Match: "email"})
		if counts(run) != [4]int64{601, 597, 3, 1} {
			t.Errorf("in earnest: %+v", run)
		}
	})
}

// dump reads every row of every table but those of imports.
func (w *world) dump() []string {
	w.Helper()
	var lines []string
	err := w.DB.Read(context.Background(), func(q db.Querier) error {
		columns, err := db.Columns(context.Background(), q)
		if err != nil {
			return err
		}
		for table := range columns {
			if strings.HasPrefix(table, "import_") || strings.HasPrefix(table, "sqlite_") || strings.Contains(table, "words") {
				continue
			}
			err := db.Each(context.Background(), q, "SELECT * FROM "+table, nil, func(r db.Row) error {
				lines = append(lines, fmt.Sprint(table, r))
				return nil
			})
			if err != nil {
				return fmt.Errorf("read %s: %w", table, err)
			}
		}
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
	slices.Sort(lines)
	return lines
}

func TestStatusIsOnesOwn(t *testing.T) {
	everywhere(t, func(w *world) {
		manager := w.User("manager@example.com", access.RoleManager, nil)
		other := w.User("other@example.com", access.RoleManager, nil)
		admin := w.User("admin@example.com", access.RoleAdministrator, nil)
		run, err := w.bringAs(w.Viewer(manager.User), "name\nA\n", Spec{})
		if err != nil {
			t.Fatal(err)
		}
		for who, want := range map[*access.Viewer]bool{manager: true, other: false, admin: true, w.System(): true} {
			_, err := w.im.Status(context.Background(), who, run.ID)
			if got := err == nil; got != want || err != nil && !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: %v", who.Name, err)
			}
		}
		if _, err := w.im.Status(context.Background(), w.System(), 12); !fault.Is(err, fault.NotFound) {
			t.Errorf("no run: %v", err)
		}
	})
}

func TestAFileThatCannotBeRead(t *testing.T) {
	lite(t, func(w *world) {
		broken := errors.New("the disk is gone")
		for at := range 12 {
			f := &flaky{file: strings.NewReader(people(5_000)), left: at, err: broken}
			run, err := w.im.Import(context.Background(), w.System(), change.ViaImport, Spec{Object: "humans", Format: "csv", Match: "email"}, f, nil)
			if !errors.Is(err, broken) || run.State == Failed {
				t.Errorf("break %d: %+v %v", at, run, err)
			}
		}
		run := w.must(people(5_000), Spec{Match: "email"})
		if !run.Resumed || run.Rows != 5_000 || len(w.table("human", "name")) != 5_000 {
			t.Errorf("afterwards: %+v", run)
		}
	})
}

// flaky is a file that breaks after some reads.
type flaky struct {
	file *strings.Reader
	left int
	err  error
}

func (f *flaky) Read(p []byte) (int, error) {
	if f.left == 0 {
		return 0, f.err
	}
	f.left--
	return f.file.Read(p)
}

func (f *flaky) Seek(to int64, whence int) (int64, error) { return f.file.Seek(to, whence) }
