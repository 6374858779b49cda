package app

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ashna/api"
	"ashna/engine/access"
	"ashna/kit/clock"
	"ashna/kit/ident"
	"ashna/service/auth"
)

var generous = api.Limits{Rate: 1e6, Burst: 1e6, GuestRate: 1e6, GuestBurst: 1e6}

// serving runs the server until the test ends and gives its address. Stop ends it earlier and gives its error.
func (p *place) serving(w *Workspace) (base string, stop func() error) {
	p.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	addresses, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- w.Serve(ctx, "127.0.0.1:0", generous, func(a string) { addresses <- a }) }()
	done := false
	stop = func() error {
		if done {
			return nil
		}
		done = true
		cancel()
		return <-ended
	}
	p.Cleanup(func() { _ = stop() })
	select {
	case base = <-addresses:
		return base, stop
	case err := <-ended:
		done = true
		p.Fatalf("the server did not start: %v", err)
	}
	return "", stop
}

// call sends a request with a token and gives status and body.
func (p *place) call(method, address, token, contentType string, body io.Reader) (int, string) {
	p.Helper()
	r, err := http.NewRequestWithContext(p.Context(), method, address, body)
	p.must(err)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	answer, err := http.DefaultClient.Do(r)
	p.must(err)
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	p.must(err)
	return answer.StatusCode, string(text)
}

// A server answers, does the imports that are sent to it as jobs, and ends when it is told to.
func TestServe(t *testing.T) {
	onEach(t, func(p *place) {
		p.Serve, p.Clock = true, clock.System()
		w := p.open()
		_, err := w.AddUser(t.Context(), "admin@example.org", "", access.RoleAdministrator)
		p.must(err)
		secret, err := w.CreateToken(t.Context(), "admin@example.org", "test", []string{"admin"})
		p.must(err)
		token := secret.Reveal()
		base, stop := p.serving(w)
		if status, text := p.call("GET", base+"/healthz", "", "", nil); status != 200 {
			t.Errorf("health %d %s", status, text)
		}
		if status, _ := p.call("GET", base+"/api/v1/companies", "", "", nil); status != 401 {
			t.Errorf("without a token: %d", status)
		}
		id := p.upload(base, token, `{"object":"companies","match":"domain"}`, "companies.csv", "name,domain\nAraz,araz.example\n,nobody.example\n")
		status := p.await(base, token, id)
		if status.State != "done" || status.Created != 1 || status.Failed != 1 {
			t.Errorf("import %+v", status)
		}
		if _, text := p.call("GET", base+"/api/v1/imports/"+id+"/errors", token, "", nil); !strings.Contains(text, "nobody.example") {
			t.Errorf("rows left out: %s", text)
		}
		lines := p.upload(base, token, `{"object":"people","format":"jsonl"}`, "people.txt", `{"name":"Reza"}`+"\n"+`{"name":"Sara"}`+"\n")
		if status := p.await(base, token, lines); status.State != "done" || status.Created != 2 {
			t.Errorf("lines in a file of another name: %+v", status)
		}
		if list, _ := os.ReadDir(filepath.Join(p.Data, importFolder)); len(list) != 0 {
			t.Errorf("%d files are left in the folder of imports", len(list))
		}
		code, text := p.call("GET", base+"/api/v1/exports/companies?format=csv&fields=name,domain", token, "", nil)
		if rows := without(p.table(text), 2); code != 200 || fmt.Sprint(rows) != "[[name domain] [Araz araz.example]]" {
			t.Errorf("export %d %q", code, text)
		}
		if code, _ := p.call("GET", base+"/api/v1/exports/companies?format=csv&fields=colour", token, "", nil); code/100 != 4 {
			t.Errorf("an export of a field that is not there: %d", code)
		}
		if err := stop(); err != nil {
			t.Errorf("the server ends with %v", err)
		}
		if _, err := http.Get(base + "/healthz"); err == nil {
			t.Error("it answers still")
		}
	})
}

// upload sends an import and gives its id.
func (p *place) upload(base, token, spec, name, content string) string {
	p.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	p.must(form.WriteField("spec", spec))
	part, err := form.CreateFormFile("file", name)
	p.must(err)
	_, _ = io.WriteString(part, content)
	p.must(form.Close())
	code, text := p.call("POST", base+"/api/v1/imports", token, form.FormDataContentType(), &body)
	var answer struct{ ID string }
	if err := json.Unmarshal([]byte(text), &answer); err != nil || code != 202 {
		p.Fatalf("upload: %d %s", code, text)
	}
	return answer.ID
}

// await asks until an import is over.
func (p *place) await(base, token, id string) (s struct {
	State                    string
	Created, Updated, Failed int64
}) {
	p.Helper()
	for range 600 {
		code, text := p.call("GET", base+"/api/v1/imports/"+id, token, "", nil)
		if err := json.Unmarshal([]byte(text), &s); err != nil || code != 200 {
			p.Fatalf("import: %d %s", code, text)
		}
		if s.State != "running" {
			return s
		}
		time.Sleep(50 * time.Millisecond)
	}
	p.Fatalf("the import does not end: %+v", s)
	return s
}

func TestServeRefuses(t *testing.T) {
	p := onFile(t)
	w := p.open()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	p.must(err)
	defer func() { _ = taken.Close() }()
	for _, listen := range []string{taken.Addr().String(), "nowhere", "127.0.0.1:99999", "192.0.2.1:1"} {
		err := w.Serve(t.Context(), listen, generous, func(string) { t.Errorf("%s answers", listen) })
		p.wantError(err, "listen on "+listen)
	}
}

func TestAddress(t *testing.T) {
	for _, c := range []struct {
		at   net.Addr
		want string
	}{
		{&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80}, "http://127.0.0.1:80"},
		{&net.TCPAddr{IP: net.IPv4zero, Port: 8080}, "http://localhost:8080"},
		{&net.TCPAddr{IP: net.IPv6unspecified, Port: 8080}, "http://localhost:8080"},
		{&net.TCPAddr{IP: net.IPv6loopback, Port: 8080}, "http://[::1]:8080"},
		{&net.UnixAddr{Name: "/run/ashna", Net: "unix"}, "/run/ashna"},
	} {
		if got := address(c.at); got != c.want {
			t.Errorf("%v is %q, want %q", c.at, got, c.want)
		}
	}
}

// The word for the first start is there until somebody can sign in.
func TestSetupToken(t *testing.T) {
	onEach(t, func(p *place) {
		w := p.open()
		one, err := w.SetupToken(t.Context())
		p.must(err)
		p.must(w.Auth.CheckSetup(t.Context(), auth.Secret(one)))
		_, err = w.AddUser(t.Context(), "owner@example.org", "", access.RoleOwner)
		p.must(err)
		if two, err := w.SetupToken(t.Context()); err != nil || two != "" {
			t.Errorf("with an owner there is still %q, %v", two, err)
		}
		if err := w.Auth.CheckSetup(t.Context(), auth.Secret(one)); err == nil {
			t.Error("a second owner can be made with the word of the first")
		}
	})
}

func TestUploadBounds(t *testing.T) {
	p := onFile(t)
	w := p.open()
	i := imports{w}
	if err := i.keep(7, io.MultiReader(strings.NewReader("begun"), broken{})); err == nil {
		t.Error("half a file is taken for a whole one")
	}
	if list, _ := os.ReadDir(filepath.Join(p.Data, importFolder)); len(list) != 0 {
		t.Error("half a file is left")
	}
	p.must(i.keep(7, strings.NewReader("whole")))
	if err := i.keep(7, strings.NewReader("again")); err == nil || p.read(w.importPath(7)) != "whole" {
		t.Errorf("a file is written over: %v", err)
	}
}

// broken is a connection that goes away.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestSpread(t *testing.T) {
	if got := spread(nil); got != (Latency{}) {
		t.Errorf("of nothing: %+v", got)
	}
	var times []time.Duration
	for i := range 1_000 {
		times = append(times, time.Duration(i+1)*time.Millisecond)
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(times), func(i, j int) { times[i], times[j] = times[j], times[i] })
	if got, want := spread(times), (Latency{N: 1_000, P50: 501, P95: 951, P99: 991, Max: 1_000}); got != want {
		t.Errorf("spread %+v, want %+v", got, want)
	}
	if got := spread(times[:1]); got.P50 != got.Max || got.N != 1 {
		t.Errorf("of one: %+v", got)
	}
}

func TestBenchAddresses(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"postgres://u@h/db", "postgres://u@h/db?schema=s"},
		{"postgres://u@h/db?sslmode=disable", "postgres://u@h/db?schema=s&sslmode=disable"},
		{"postgres://u@h/db?schema=live", "postgres://u@h/db?schema=s"},
		{"://", "://"},
	} {
		if got := withSchema(c.in, "s"); got != c.want {
			t.Errorf("%s becomes %s, want %s", c.in, got, c.want)
		}
	}
	ids, err := idsOf([]byte(`{"items":[{"id":"0pv20cr03bcff"},{"id":"0pv20cr03e43h"}],"next":null}`))
	if err != nil || !slices.Equal(ids, []string{"0pv20cr03bcff", "0pv20cr03e43h"}) {
		t.Errorf("ids %v, %v", ids, err)
	}
	if _, err := idsOf([]byte(`<html>`)); err == nil {
		t.Error("a page is taken for a list")
	}
}

// The files of the bench come in as they are: every row of every file is a record.
func TestBenchFiles(t *testing.T) {
	p := onFile(t)
	w := p.open()
	owner := p.user(w, "owner@example.org", access.RoleMember)
	r := rand.New(rand.NewPCG(1, 2))
	fill := map[string]func(*bufio.Writer){
		"companies":   func(out *bufio.Writer) { benchCompanies(out, r, 20, []ident.ID{owner}) },
		"people":      func(out *bufio.Writer) { benchPeople(out, r, 100, []ident.ID{owner}) },
		"employments": func(out *bufio.Writer) { benchEmployments(out, r, 100, 20) },
	}
	for _, object := range []string{"companies", "people", "employments"} {
		path := filepath.Join(t.TempDir(), object+".csv")
		p.must(writeFile(path, fill[object]))
		rows, err := csv.NewReader(strings.NewReader(p.read(path))).ReadAll()
		p.must(err)
		order := ImportOrder{Object: object, File: path, Progress: func(string) {}}
		if object == "employments" {
			order.Mapping = p.file("map.json", `{"person":"person.email","company":"company.domain"}`)
		}
		report, err := w.ImportFile(t.Context(), order)
		p.must(err)
		if report.Created != int64(len(rows)-1) || report.Failed != 0 || report.Created == 0 {
			t.Errorf("%s: %+v", object, report)
		}
	}
	if err := writeFile(filepath.Join(t.TempDir(), "no", "folder.csv"), fill["people"]); err == nil {
		t.Error("a file in no folder")
	}
}

// Where the system tells, a process has memory and has worked; where there is no process, it has none.
func TestMeasures(t *testing.T) {
	const nobody = 1 << 30
	if residentMiB(nobody) != 0 || cpuOf(nobody) != 0 {
		t.Error("a process that is not there has memory or time")
	}
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("the system does not tell")
	}
	if residentMiB(os.Getpid()) == 0 {
		t.Error("this process has no memory")
	}
}
