package e2e

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestHelp checks what the program says about itself, and its exit status.
func TestHelp(t *testing.T) {
	commands := []string{"serve", "import", "export", "user", "token", "backup", "restore", "check", "bench"}
	help := run(t, "help")
	for _, c := range commands {
		if !strings.Contains(help.out, "ashna "+c) {
			t.Errorf("help does not tell of %s", c)
		}
		if r := run(t, c, "-h"); r.status != 0 || !strings.Contains(r.err, "ashna "+c) || !strings.Contains(r.err, "-data") {
			t.Errorf("%s -h: status %d, %s", c, r.status, r.err)
		}
		if r := run(t, c, "--no-such-flag"); r.status != 2 {
			t.Errorf("%s with a flag that is none: status %d", c, r.status)
		}
	}
	for _, x := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"help"}, 0, ""}, {nil, 2, "Use: ashna"}, {[]string{"version"}, 0, ""}, {[]string{"frobnicate"}, 1, "frobnicate"},
		{[]string{"import", "people"}, 2, "OBJECT FILE"}, {[]string{"user", "remove", "x@example.com"}, 1, "user add"},
	} {
		if r := run(t, x.args...); r.status != x.status || !strings.Contains(r.err, x.says) {
			t.Errorf("ashna %v: status %d, want %d; %q, want %q in it", x.args, r.status, x.status, r.err, x.says)
		}
	}
}

// TestUsersAndTokens makes people and tokens, and checks what they open.
func TestUsersAndTokens(t *testing.T) {
	p := place{data: t.TempDir()}
	p.open(t)
	password := strings.TrimSpace(must(t, p.on("user", "add", "reader@example.com", "--role", "viewer", "--name", "Reader")...))
	reader := strings.TrimSpace(must(t, p.on("token", "create", "reader@example.com")...))
	narrow := strings.TrimSpace(must(t, p.on("token", "create", owner, "--scope", "read")...))
	for _, x := range []struct {
		args []string
		says string
	}{
		{[]string{"user", "add", "no address"}, "email"}, {[]string{"user", "add", "x@example.com", "--role", "emperor"}, "role"},
		{[]string{"token", "create", "nobody@example.com"}, "email"}, {[]string{"token", "create", owner, "--scope", "every thing"}, "scopes"},
	} {
		if r := run(t, p.on(x.args...)...); r.status != 1 || !strings.Contains(r.err, x.says) {
			t.Errorf("%v: status %d, %q, want %q in it", x.args, r.status, r.err, x.says)
		}
	}
	s := p.serve(t)
	for token, want := range map[string][2]int{reader: {200, 403}, narrow: {200, 403}, "ashna_none": {401, 401}, password: {401, 401}} {
		c := s.as(t, token)
		read, err := c.send(context.Background(), "GET", "/people", nil)
		write, bad := c.send(context.Background(), "POST", "/people", []byte(`{"name": "X"}`))
		if err != nil || bad != nil || read.status != want[0] || write.status != want[1] {
			t.Errorf("a token: reading %v, writing %v, want %v", read, write, want)
		}
	}
	guest := s.as(t, "")
	sign := func(secret string) int {
		a, err := post(guest, "/session", fmt.Sprintf(`{"email": "reader@example.com", "password": %q}`, secret))
		if err != nil {
			t.Error(err)
		}
		return a.status
	}
	if good, bad := sign(password), sign(password+"x"); good >= 300 || bad != http.StatusUnauthorized {
		t.Errorf("signing in with the one-time password: %d, with another: %d", good, bad)
	}
}

// TestImport brings a file with faults in: looked at first, then in truth, then with the faults mended.
func TestImport(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		p.open(t)
		folder := t.TempDir()
		file, mapping, faults := filepath.Join(folder, "in.csv"), filepath.Join(folder, "map.json"), filepath.Join(folder, "faults.csv")
		put(t, file, "\ufeffName;Mail;Stage;Note\nآیدا;aida@example.com;customer;x\nBad;no address;customer;x\n\"Quoted; \"\"one\"\"\";q@example.com;;x\nWorse;w@example.com;emperor;x\n")
		put(t, mapping, `{"Name": "name", "Mail": "email", "Stage": "lifecycle", "Note": ""}`)
		args := p.on("import", "people", file, "--map", mapping, "--match", "email", "--errors", faults)
		for _, dry := range []bool{true, false} {
			all := args
			if dry {
				all = append(slices.Clone(args), "--dry-run")
			}
			r := run(t, all...)
			var report importReport
			if err := json.Unmarshal([]byte(r.out), &report); err != nil || r.status != 1 || report.Created != 2 || report.Failed != 2 || report.Rows != 4 {
				t.Fatalf("import (dry %v): status %d, %+v, %v\n%s", dry, r.status, report, err, r.err)
			}
			if n := len(p.export(t, "people")); n != map[bool]int{true: 0, false: 2}[dry] {
				t.Errorf("%d people after the import (dry %v)", n, dry)
			}
			errorFile(t, faults)
		}
		text, _ := os.ReadFile(faults)
		mended := strings.NewReplacer("no address", "good@example.com", "emperor", "former").Replace(string(text))
		put(t, file, mended)
		put(t, mapping, `{"row": "", "reasons": "", "Name": "name", "Mail": "email", "Stage": "lifecycle", "Note": ""}`)
		for round, want := range []importReport{{Created: 2}, {Updated: 2}} {
			var report importReport
			if err := json.Unmarshal([]byte(must(t, args...)), &report); err != nil || report.Created != want.Created || report.Updated != want.Updated {
				t.Errorf("import of the mended rows, round %d: %+v %v", round, report, err)
			}
		}
		if n := len(p.export(t, "people")); n != 4 {
			t.Errorf("%d people at the end", n)
		}
		put(t, mapping, `{"Name": "name"}`)
		if r := run(t, args...); r.status != 1 || !strings.Contains(r.err, "Mail") {
			t.Errorf("a column that goes nowhere: status %d, %s", r.status, r.err)
		}
	})
}

// errorFile checks the rows that were left out: their numbers, the reasons in words, and the cells as they came.
func errorFile(t *testing.T, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("error file: %v %v", rows, err)
	}
	if !slices.Equal(rows[0], []string{"row", "reasons", "Name", "Mail", "Stage", "Note"}) {
		t.Errorf("header %v", rows[0])
	}
	for i, want := range [][3]string{{"2", "email", "Bad"}, {"4", "lifecycle", "Worse"}} {
		row := rows[i+1]
		if row[0] != want[0] || !strings.Contains(row[1], want[1]+": ") || row[2] != want[2] {
			t.Errorf("row %q, want number %s, a reason about %s, name %s", row, want[0], want[1], want[2])
		}
	}
}

// TestImportResumes kills an import again and again: in the end each row is there once.
func TestImportResumes(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		chance := seeded(t)
		p.open(t)
		f := newImportFile(t, 0, 3_000)
		for range 4 {
			if f.done() {
				break
			}
			f.start(t, p)
			time.Sleep(between(chance, 200*time.Millisecond, 700*time.Millisecond))
			f.kill()
		}
		if !f.done() {
			f.child = nil
		}
		report := f.finish(t, p)
		if report.Created != int64(f.rows) || report.Rows != int64(f.rows) {
			t.Errorf("the last report is %+v", report)
		}
		imported(t, p, f.rows)
		p.check(t)
	})
}

// transferred are the fields of a person that make sense in another workspace.
const transferred = "name,salutation,first_name,middle_name,last_name,nickname,job_title,department,email,phone,lifecycle,gender,birth_date,language," +
	"do_not_call,interests,tags,description"

// TestExportImport exports people, and imports them into an empty workspace: both hold the same.
func TestExportImport(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		token := p.open(t)
		s := p.serve(t)
		c := s.as(t, token)
		for _, person := range []string{
			`{"name": "A plain one"}`,
			`{"first_name": "سارا", "last_name": "اکبری", "email": "sara@example.com", "phone": "+989121234567", "birth_date": "1990-03-21", "lifecycle": "customer"}`,
			`{"name": "B \"quoted\", with; marks", "nickname": "=1+1", "description": "two\nlines, \"and\" more\n", "tags": ["a b", "c,d", "ə"], "do_not_call": true}`,
			`{"name": "C -1", "job_title": "@home", "description": "' begins", "interests": ["x"], "gender": "female", "language": "az"}`,
			`{"name": "D", "description": "'=quoted before a sign"}`,
		} {
			c.make(t, "people", person)
		}
		s.stop(t)
		for _, format := range []string{"csv", "jsonl"} {
			folder := t.TempDir()
			first := filepath.Join(folder, "first."+format)
			to := place{data: filepath.Join(folder, "data")}
			mapping := filepath.Join(folder, "map.json")
			put(t, mapping, `{"id": "", "version": ""}`)
			must(t, p.on("export", "people", "--format", format, "--fields", transferred, "--sort", "name", "--out", first)...)
			must(t, to.on("import", "people", first, "--map", mapping, "--quiet")...)
			a, b := content(t, p), content(t, to)
			if a != b {
				t.Errorf("%s: exported\n%s\nand after the import\n%s", format, a, b)
			}
		}
	})
}

// content gives the people of a place, without the keys and versions that each workspace gives itself.
func content(t testing.TB, p place) string {
	t.Helper()
	var out []string
	for _, line := range p.export(t, "people", "--fields", transferred, "--sort", "name") {
		var one map[string]any
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatal(err)
		}
		delete(one, "id")
		delete(one, "version")
		out = append(out, string(encoded(one)))
	}
	return strings.Join(out, "\n")
}
