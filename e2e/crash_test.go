package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ashna/engine/db"
)

// Kills of one run.
const (
	kills     = 4
	soakKills = 25
	rowsEach  = 3_000 // rows of one import: about as much as it does in a round
)

// TestCrash kills the server, and sometimes the import beside it, while clients write.
func TestCrash(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) { crash(t, p, kills) })
}

// TestSoakCrash is TestCrash with more kills.
func TestSoakCrash(t *testing.T) {
	if os.Getenv("ASHNA_SOAK") == "" {
		t.Skip("ASHNA_SOAK is not set")
	}
	everywhere(t, func(t *testing.T, p place) { crash(t, p, soakKills) })
}

// wreck is a workspace that is killed again and again.
type wreck struct {
	*testing.T
	place
	chance *rand.Rand
	crew   *crew
	files  []*importFile // the last is at work
	server *server
	client *client
	token  string
}

func crash(t *testing.T, p place, kills int) {
	x := &wreck{T: t, place: p, chance: seeded(t)}
	x.crew, x.token = newCrew(x.chance), p.open(t)
	x.start()
	for n := range kills {
		x.round(n)
	}
	runs := 0
	for _, f := range x.files {
		if report := f.finish(t, p); report.Created != int64(f.rows) || report.Updated != 0 || report.Failed != 0 {
			t.Errorf("the import of %d rows ended with %+v", f.rows, report)
		}
		runs += f.runs
	}
	x.crew.verify(t, x.client, true)
	imported(t, p, len(x.files)*rowsEach)
	checked := p.check(t)
	x.server.stop(t)
	acked, refused, slowest := x.crew.total()
	t.Logf("%d kills, %d writes acknowledged, %d refused, slowest %v, %d runs of %d imports, %d changes in the log",
		kills, acked, refused, slowest, runs, len(x.files), checked.Changes)
	if acked < 20*kills {
		t.Errorf("%d writes were acknowledged: that is too few to show anything", acked)
	}
}

// readyTime is how long a start after a kill may take.
const readyTime = 5 * time.Second

func (x *wreck) start() {
	x.Helper()
	x.server = x.serve(x)
	if x.server.took > readyTime {
		x.Errorf("ready after %v, want %v at most", x.server.took, readyTime)
	}
	x.client = x.server.as(x, x.token)
}

// round lets everybody write, kills the server at some moment, and looks at what is left.
func (x *wreck) round(n int) {
	file := x.importing()
	stop := make(chan struct{})
	wait := x.crew.work(x, x.client, stop, false)
	time.Sleep(between(x.chance, 50*time.Millisecond, 1200*time.Millisecond))
	if x.chance.IntN(2) == 0 {
		file.kill()
	}
	x.server.kill()
	killed := time.Now()
	close(stop)
	wait()
	if x.chance.IntN(4) == 0 { // and once more while it starts
		again := spawn(x, x.on("serve", "--listen", "127.0.0.1:0")...)
		time.Sleep(between(x.chance, time.Millisecond, 300*time.Millisecond))
		again.kill()
	}
	x.start()
	x.quiet(x, killed)
	x.crew.verify(x, x.client, false)
	if n%4 == 0 {
		x.check(x)
	}
}

// importing gives the import that is at work: it goes on with the file whose import was killed, or begins the next one.
func (x *wreck) importing() *importFile {
	if n := len(x.files); n == 0 || x.files[n-1].done() {
		x.files = append(x.files, newImportFile(x, n*rowsEach, rowsEach))
	}
	file := x.files[len(x.files)-1]
	if !file.running() {
		file.start(x, x.place)
	}
	return file
}

// quiet waits until the database has ended what was begun before a moment: a commit that was sent is done also when nobody listens any
// more.
func (p place) quiet(t testing.TB, before time.Time) {
	t.Helper()
	if p.url == "" {
		return
	}
	const held = "SELECT count(*) FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation JOIN pg_stat_activity AS a ON a.pid = l.pid " +
		"WHERE c.relnamespace = current_schema()::regnamespace AND a.xact_start < to_timestamp($1::bigint / 1000000.0)"
	for range 200 {
		if ask(t, p, held, before.UnixMicro()) == 0 {
			return
		}
		time.Sleep(pause)
	}
	t.Error("transactions of lost connections go on")
}

// ask runs a query that gives one number.
func ask(t testing.TB, p place, text string, args ...any) int64 {
	t.Helper()
	n := int64(0)
	err := inside(p, func(d *db.DB) error {
		return d.Read(context.Background(), func(q db.Querier) error {
			row, _, err := db.One(context.Background(), q, text, args...)
			if err == nil && len(row) > 0 {
				n = row.Int(0)
			}
			return err
		})
	})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return n
}

// inside opens the database of a place behind the back of the program.
func inside(p place, do func(*db.DB) error) error {
	d, err := db.Open(context.Background(), db.Config{Dir: p.data, URL: p.url, Readers: 1})
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	return do(d)
}

// importFile is a file of people and its import, which goes on whatever happens to it.
type importFile struct {
	path, mapping string
	rows          int
	child         *child
	runs          int
}

// importReport is what the command import prints.
type importReport struct {
	State                          string
	Rows, Created, Updated, Failed int64
	Resumed                        bool
	Errors                         string
}

// newImportFile makes a file of people with the numbers from first on.
func newImportFile(t testing.TB, first, rows int) *importFile {
	t.Helper()
	f := &importFile{path: filepath.Join(t.TempDir(), "people.csv"), rows: rows}
	f.mapping = filepath.Join(filepath.Dir(f.path), "map.json")
	var b strings.Builder
	b.WriteString("Given,Family,Mail,Mobile,Stage\n")
	for i := first; i < first+rows; i++ {
		fmt.Fprintf(&b, "Row,%06d,%s,+98935%07d,former\n", i, importEmail(i), i)
	}
	put(t, f.path, b.String())
	put(t, f.mapping, `{"Given": "first_name", "Family": "last_name", "Mail": "email", "Mobile": "phone", "Stage": "lifecycle"}`)
	return f
}

func importEmail(i int) string { return fmt.Sprintf("row-%06d@import.example.com", i) }

// put writes a file.
func put(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (f *importFile) args(p place) []string {
	return p.on("import", "people", f.path, "--map", f.mapping, "--match", "email", "--quiet")
}

// start begins the import, or goes on with it.
func (f *importFile) start(t testing.TB, p place) {
	t.Helper()
	f.runs++
	f.child = spawn(t, f.args(p)...)
}

func (f *importFile) running() bool { return f.child != nil && f.child.running() }

func (f *importFile) kill() {
	if f.child != nil {
		f.child.kill()
	}
}

// done says whether the import came to its end.
func (f *importFile) done() bool {
	_, ok := f.report()
	return ok
}

// report gives the report of an import that came to its end.
func (f *importFile) report() (importReport, bool) {
	var report importReport
	if f.child == nil || f.child.running() {
		return report, false
	}
	err := json.Unmarshal([]byte(f.child.out.String()), &report)
	return report, err == nil && report.State == "done"
}

// finish runs the import until it is done, and gives its last report.
func (f *importFile) finish(t testing.TB, p place) importReport {
	t.Helper()
	for range 3 {
		if f.child == nil {
			f.start(t, p)
		}
		f.child.wait(t, commandTime)
		if report, done := f.report(); done {
			return report
		}
		f.child = nil
	}
	t.Fatalf("the import of %s did not come to its end", f.path)
	return importReport{}
}

// imported checks that each of the first rows is one person with its contact point.
func imported(t testing.TB, p place, rows int) {
	t.Helper()
	people := map[string]int{}
	for _, line := range p.export(t, "people", "--filter", `lifecycle = "former"`, "--fields", "email,name") {
		var one struct{ Email, Name string }
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatal(err)
		}
		people[one.Email]++
	}
	points := map[string]int{}
	for _, line := range p.export(t, "contact_points", "--filter", `kind = "email"`, "--fields", "value") {
		var one struct{ Value string }
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatal(err)
		}
		points[one.Value]++
	}
	if len(people) != rows {
		t.Errorf("%d people came from %d rows", len(people), rows)
	}
	for i := range rows {
		if e := importEmail(i); people[e] != 1 || points[e] != 1 {
			t.Fatalf("%s: %d people and %d contact points, want one each", e, people[e], points[e])
		}
	}
}
