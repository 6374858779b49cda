package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ashna/engine/access"
	"ashna/engine/record"
	"ashna/kit/fault"
	"ashna/service/importer"
)

func TestExplain(t *testing.T) {
	list := fault.List{fault.At("email", "value.required"), fault.At("role", "value.choice", "value", "emperor")}
	for _, c := range []struct {
		name string
		err  error
		want []string
		not  []string
	}{
		{"an error of a program", errors.New("disk on fire"), []string{"disk on fire"}, nil},
		{"a fault", fault.New(fault.Denied, "error.denied"), nil, []string{"error.denied"}},
		{"a fault deep inside", fmt.Errorf("restore: %w", fault.New(fault.Conflict, "backup.not_empty")), []string{"empty workspace"}, []string{"backup.not_empty", "restore:"}},
		{"a field", fault.At("email", "value.required"), []string{"email: "}, []string{"value.required"}},
		{"several", list, []string{"email: ", "\n", "role: ", "emperor"}, []string{"value."}},
		{"a defect among faults", append(slices.Clone(list), fault.Wrap(fault.Internal, "error.internal", errors.New("row 7 is odd"))), []string{"row 7 is odd"}, nil},
		{"a cause that is for logs", fault.Wrap(fault.Unavailable, "error.timeout", errors.New("secret of the server")), nil, []string{"secret"}},
	} {
		got := Explain(c.err)
		if got == "" {
			t.Errorf("%s: no word", c.name)
		}
		for _, part := range c.want {
			if !strings.Contains(got, part) {
				t.Errorf("%s: %q lacks %q", c.name, got, part)
			}
		}
		for _, part := range c.not {
			if strings.Contains(got, part) {
				t.Errorf("%s: %q says %q", c.name, got, part)
			}
		}
	}
}

func TestExit(t *testing.T) {
	var exit Exit
	if err := fmt.Errorf("check: %w", Exit(3)); !errors.As(err, &exit) || exit != 3 || exit.Error() != "exit status 3" {
		t.Errorf("exit %v", exit)
	}
}

const threeCompanies = "name,domain,lifecycle\nAraz,araz.example,customer\nKür,kur.example,prospect\n«نمونه»,,former\n"

func TestImportAndExport(t *testing.T) {
	onEach(t, func(p *place) {
		w := p.open()
		report := p.bring(w, "companies", threeCompanies)
		if report.State != importer.Done || report.Rows != 3 || report.Created != 3 || report.Failed != 0 || report.Errors != "" {
			t.Errorf("report %+v", report)
		}
		var out bytes.Buffer
		n, err := w.ExportFile(t.Context(), ExportOrder{Object: "companies", Format: "csv", Sort: "name", Fields: []string{"name", "domain", "lifecycle"}, Out: &out})
		p.must(err)
		rows := without(p.table(out.String()), 2) // every export names its records: id and version
		want := p.table(threeCompanies)
		slices.SortFunc(rows[1:], func(a, b []string) int { return strings.Compare(a[0], b[0]) })
		slices.SortFunc(want[1:], func(a, b []string) int { return strings.Compare(a[0], b[0]) })
		if n != 3 || fmt.Sprint(rows) != fmt.Sprint(want) {
			t.Errorf("%d records came out as %v, want %v", n, rows, want)
		}
		path := filepath.Join(t.TempDir(), "customers.jsonl")
		n, err = w.ExportFile(t.Context(), ExportOrder{Object: "companies", Format: "jsonl", Filter: `lifecycle = "customer"`, Fields: []string{"name"}, File: path})
		p.must(err)
		var one map[string]any
		if err := json.Unmarshal([]byte(p.read(path)), &one); err != nil || n != 1 || one["name"] != "Araz" || len(one) != 3 {
			t.Errorf("%d, %v, %v", n, one, err)
		}
	})
}

// without leaves the first columns out.
func without(rows [][]string, n int) [][]string {
	for i := range rows {
		rows[i] = rows[i][n:]
	}
	return rows
}

// A file that came out goes in again, and comes out the same, whatever is in its cells.
func TestRoundTripOfFiles(t *testing.T) {
	p := onFile(t)
	w := p.open()
	hostile := []string{"=1+1", "+9", "-x", "@cmd", "'quoted", `"`, "a,b", "a;b\tc", "two\nlines", "‏کاراکترهای نامرئی\u200c", "ŞƏHLA", "NULL", "\\N", "<b>&amp;</b>", "🚚", "true", "0x1F"}
	for i, word := range hostile {
		p.create(w, "company", record.Patch{"name": fmt.Sprintf("%s %d", word, i), "description": word})
	}
	for _, format := range []string{"csv", "jsonl"} {
		q := onFile(t)
		other := q.open()
		path := filepath.Join(t.TempDir(), "all."+format)
		fields := []string{"name", "description"}
		n, err := w.ExportFile(t.Context(), ExportOrder{Object: "companies", Format: format, Sort: "id", Fields: fields, File: path})
		p.must(err)
		if n != int64(len(hostile)) {
			t.Errorf("%d of %d came out", n, len(hostile))
		}
		report, err := other.ImportFile(t.Context(), ImportOrder{Object: "companies", File: path, Mapping: p.file("map.json", `{"id":"","version":""}`), Progress: func(string) {}})
		q.must(err)
		if report.Created != n || report.Failed != 0 {
			t.Fatalf("%s: %+v", format, report)
		}
		again := filepath.Join(t.TempDir(), "again."+format)
		_, err = other.ExportFile(t.Context(), ExportOrder{Object: "companies", Format: format, Sort: "id", Fields: fields, File: again})
		q.must(err)
		ids := regexp.MustCompile(`(?m)^(\{"id":")?[0-9a-z]{13}`)
		if first, second := ids.ReplaceAllString(p.read(path), ""), ids.ReplaceAllString(p.read(again), ""); first != second {
			t.Errorf("%s: it came out as\n%s\nand then as\n%s", format, first, second)
		}
	}
}

// Rows that are left out lie beside the file, with reasons, ready to be mended and brought in again.
func TestRowsLeftOut(t *testing.T) {
	onEach(t, func(p *place) {
		p.Language = "az"
		w := p.open()
		path := p.file("in.csv", "name,email,birth_date\nReza,reza@example.org,1990-01-02\n=cmd(),not an address,1990-01-02\nSara,sara@example.org,31.31.31\n,late@example.org,\n")
		order := ImportOrder{Object: "people", File: path, Progress: func(string) {}}
		report, err := w.ImportFile(t.Context(), order)
		p.must(err)
		if report.Created != 1 || report.Failed != 3 || report.Errors != path+".errors.csv" {
			t.Fatalf("report %+v", report)
		}
		rows := p.table(p.read(report.Errors))
		if len(rows) != 4 || fmt.Sprint(rows[0]) != "[row reasons name email birth_date]" {
			t.Fatalf("rows left out: %q", rows)
		}
		for i, want := range []struct{ row, field, name string }{{"2", "email: ", "'=cmd()"}, {"3", "birth_date: ", "Sara"}, {"4", "name: ", ""}} {
			got := rows[i+1]
			if !strings.HasPrefix(got[0], want.row) && got[0] == "" || !strings.Contains(got[1], want.field) || got[2] != want.name {
				t.Errorf("row %q, want %+v", got, want)
			}
			if strings.Contains(got[1], "value.") {
				t.Errorf("the reason %q is a key", got[1])
			}
		}
		mended := strings.NewReplacer("not an address", "cmd@example.org", "31.31.31", "1990-05-06", "4,", "4,").Replace(p.read(report.Errors))
		mapping := p.file("map.json", `{"row":"","reasons":""}`)
		order.File, order.Mapping, order.Errors = p.file("mended.csv", mended), mapping, filepath.Join(t.TempDir(), "still.csv")
		report, err = w.ImportFile(t.Context(), order)
		p.must(err)
		if report.Created != 2 || report.Failed != 1 || report.Errors != order.Errors || len(p.table(p.read(order.Errors))) != 2 {
			t.Errorf("after mending: %+v", report)
		}
		if got := p.titles(w, "person"); !slices.Contains(got, "=cmd()") {
			t.Errorf("the guard of a cell stayed in its value: %q", got)
		}
	})
}

func TestImportOrders(t *testing.T) {
	p := onFile(t)
	w := p.open()
	p.user(w, "viewer@example.org", reader)
	p.user(w, "admin@example.org", access.RoleAdministrator)
	p.bring(w, "companies", threeCompanies)
	csv := p.file("in.CSV", "Firm,Site\nAraz MMC,araz.example\nNew,new.example\n")
	mapping := p.file("map.json", `{"Firm":"name","Site":"domain"}`)
	cases := []struct {
		name                      string
		order                     ImportOrder
		created, updated, skipped int64
		bad                       string // part of the error
	}{
		{name: "a dry run", order: ImportOrder{Object: "companies", File: csv, Mapping: mapping, Match: "domain", DryRun: true}, created: 1, updated: 1},
		{name: "matched", order: ImportOrder{Object: "companies", File: csv, Mapping: mapping, Match: "domain", As: "admin@example.org"}, created: 1, updated: 1},
		{name: "matched again", order: ImportOrder{Object: "companies", File: csv, Mapping: mapping, Match: "domain"}, updated: 2},
		{name: "no such object", order: ImportOrder{Object: "unicorns", File: csv, Mapping: mapping}, bad: "object"},
		{name: "no such file", order: ImportOrder{Object: "companies", File: csv + "x"}, bad: "no such file"},
		{name: "no such mapping", order: ImportOrder{Object: "companies", File: csv, Mapping: mapping + "x"}, bad: "read mapping"},
		{name: "a mapping that is a list", order: ImportOrder{Object: "companies", File: csv, Mapping: p.file("m.json", `["name"]`)}, bad: "column to field"},
		{name: "no such field to match", order: ImportOrder{Object: "companies", File: csv, Mapping: mapping, Match: "colour"}, bad: "match: "},
		{name: "an unknown format", order: ImportOrder{Object: "companies", File: p.file("in.xlsx", "PK")}, bad: "xlsx"},
		{name: "who may not", order: ImportOrder{Object: "companies", File: csv, Mapping: mapping, As: "viewer@example.org"}, bad: "error.denied"},
		{name: "nobody", order: ImportOrder{Object: "companies", File: csv, As: "ghost@example.org"}, bad: "ghost@example.org"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			before := p.export(w, "companies", "id", "name")
			said := ""
			c.order.Progress = func(line string) { said = line }
			report, err := w.ImportFile(t.Context(), c.order)
			if c.bad != "" {
				if err == nil && report.State != importer.Failed {
					t.Fatalf("it ran: %+v", report)
				}
				if text := fmt.Sprint(err, report.Problem); !strings.Contains(text, c.bad) {
					t.Errorf("%s does not say %q", text, c.bad)
				}
				if after := p.export(w, "companies", "id", "name"); after != before {
					t.Errorf("records changed:\n%s\n%s", before, after)
				}
				return
			}
			p.must(err)
			if report.Created != c.created || report.Updated != c.updated || report.Failed != c.skipped {
				t.Errorf("report %+v", report)
			}
			if want := fmt.Sprintf("%d rows: %d new, %d changed", report.Rows, c.created, c.updated); !strings.HasPrefix(said, want) {
				t.Errorf("said %q, want %q", said, want)
			}
			if after := p.export(w, "companies", "id", "name"); (after == before) != (c.order.DryRun || c.created == 0) {
				t.Errorf("records before and after:\n%s\n%s", before, after)
			}
		})
	}
}

// An order that is refused leaves no file, and no file that was there before loses its content.
func TestExportRefuses(t *testing.T) {
	p := onFile(t)
	w := p.open()
	p.user(w, "viewer@example.org", reader)
	p.bring(w, "companies", threeCompanies)
	for name, o := range map[string]ExportOrder{
		"no such object": {Object: "unicorns", Format: "csv"},
		"no such field":  {Object: "companies", Format: "csv", Fields: []string{"colour"}},
		"no such format": {Object: "companies", Format: "docx"},
		"nobody":         {Object: "companies", Format: "csv", As: "ghost@example.org"},
		"who may not":    {Object: "companies", Format: "csv", As: "viewer@example.org"},
	} {
		o.File = p.file("old.csv", "what was there")
		if n, err := w.ExportFile(t.Context(), o); err == nil || n != 0 {
			t.Errorf("%s: %d, %v", name, n, err)
		}
		if got := p.read(o.File); got != "what was there" {
			t.Errorf("%s: the file has become %q", name, got)
		}
	}
	o := ExportOrder{Object: "companies", Format: "csv", Filter: "lifecycle =", Out: &bytes.Buffer{}}
	if _, err := w.ExportFile(t.Context(), o); !fault.Is(err, fault.Invalid) {
		t.Errorf("a filter that is none: %v", err)
	}
	o.Filter, o.File = "", filepath.Join(t.TempDir(), "no", "folder.csv")
	if _, err := w.ExportFile(t.Context(), o); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file in no folder: %v", err)
	}
}
