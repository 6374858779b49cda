package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"strings"
	"sync"
	"testing"
	"time"

	"ashna/engine/access"
	"ashna/engine/db"
	"ashna/engine/job"
	"ashna/engine/meta"
	"ashna/kit/clock"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

// fakeImports is an importer that keeps what it was given.
type fakeImports struct {
	mu   sync.Mutex
	spec ImportSpec
	text string
	who  ident.ID
}

const importID = ident.ID(1 << 40)

func (f *fakeImports) Start(_ context.Context, who *access.Viewer, entity *meta.Entity, spec ImportSpec) (ident.ID, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	raw, err := io.ReadAll(spec.Body)
	f.spec, f.text, f.who = spec, string(raw), who.User
	if err == nil && !who.Can(entity, access.Import) {
		err = fault.New(fault.Denied, "error.denied")
	}
	return importID, err
}

func (f *fakeImports) Status(_ context.Context, who *access.Viewer, id ident.ID) (ImportStatus, error) {
	if who.User != f.who || id != importID {
		return ImportStatus{}, fault.New(fault.NotFound, "error.not_found")
	}
	return ImportStatus{ID: id, Object: "companies", State: "done", Rows: 2, Created: 1, Failed: 1}, nil
}

func (f *fakeImports) Errors(_ context.Context, _ *access.Viewer, _ ident.ID, after int64, limit int) ([]ImportError, error) {
	list := []ImportError{{Row: 2, Faults: fault.List{fault.At("name", "value.required")}, Values: []string{"", "x"}}}
	if after >= 2 || limit < 1 {
		return nil, nil
	}
	return list, nil
}

// fakeExports writes lines, and fails in the middle when the filter says so.
type fakeExports struct{}

func (fakeExports) Check(who *access.Viewer, entity *meta.Entity, spec ExportSpec) (string, string, error) {
	if spec.Format != "csv" && spec.Format != "jsonl" {
		return "", "", fault.At("format", "value.choice", "value", spec.Format)
	}
	if !who.Can(entity, access.Export) {
		return "", "", fault.New(fault.Denied, "error.denied")
	}
	return "text/csv; charset=utf-8", entity.Plural + ".csv", nil
}

func (fakeExports) Write(_ context.Context, _ *access.Viewer, entity *meta.Entity, spec ExportSpec, w io.Writer) error {
	for i := range 3 {
		if _, err := fmt.Fprintf(w, "%s,%d\n", entity.Name, i); err != nil {
			return err
		}
	}
	if spec.Sort == "employees" {
		return errors.New("the middle of an export broke")
	}
	return nil
}

func withBulk(d *Deps) { d.Imports, d.Exports = &fakeImports{}, fakeExports{} }

// importForm is the body of an import, and its content type.
func importForm(spec, file string) (*bytes.Buffer, string) {
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	_ = m.WriteField("spec", spec)
	part, _ := m.CreateFormFile("file", "list.csv")
	_, _ = io.WriteString(part, file)
	_ = m.Close()
	return &b, m.FormDataContentType()
}

func TestImports(t *testing.T) {
	imports := &fakeImports{}
	w := onFile(t, func(d *Deps) { d.Imports = imports; d.Limits.File = 1 << 20 })
	body, kind := importForm(`{"object":"companies","match":"code","dry_run":true,"map":{"Firma":"name"}}`, "Firma\nA\n")
	res := w.call("POST", "/imports", body, "Content-Type: "+kind).want(t, 202)
	if imports.text != "Firma\nA\n" || !imports.spec.DryRun || imports.spec.Match != "code" || imports.spec.Map["Firma"] != "name" ||
		imports.spec.Name != "list.csv" || res.header.Get("Location") != "/api/v1/imports/"+res.id(t) {
		t.Errorf("%+v %q %v", imports.spec, imports.text, res.header)
	}
	got := w.call("GET", "/imports/"+res.id(t)+"/errors", nil).want(t, 200)
	if want := `"fields":{"name":{"key":"value.required","message":"Fill in this field."}}`; !strings.Contains(string(got.body), want) {
		t.Errorf("errors %s", got.body)
	}
	other := w.tokenOf(w.user("O", "o@example.org", "viewer"), "admin")
	w.call("GET", "/imports/"+res.id(t), nil, "Authorization: Bearer "+other).problem(t, 404, "error.not_found", "")
	body, kind = importForm(`{"object":"companies"}`, "name\n")
	w.call("POST", "/imports", body, "Content-Type: "+kind, "Authorization: Bearer "+other).problem(t, 403, "error.denied", "")
	for spec, key := range map[string]string{`{"object":"x"}`: "value.unknown_object", `{"objct":"x"}`: "value.required"} {
		body, kind = importForm(spec, "")
		if got := w.call("POST", "/imports", body, "Content-Type: "+kind); got.status/100 != 4 || !strings.Contains(string(got.body), key) {
			t.Errorf("%s: %d %s", spec, got.status, got.body)
		}
	}
	w.call("POST", "/imports", `{"object":"companies"}`).problem(t, 415, "request.media_type", "")
	body, kind = importForm(`{"object":"companies"}`, strings.Repeat("x", 3<<20))
	w.call("POST", "/imports", body, "Content-Type: "+kind).problem(t, 413, "error.too_large", "")
}

func TestExports(t *testing.T) {
	w := onFile(t, withBulk)
	got := w.call("GET", "/exports/companies", nil).want(t, 200)
	if string(got.body) != "company,0\ncompany,1\ncompany,2\n" || got.header.Get("Content-Disposition") != "attachment; filename=companies.csv" {
		t.Errorf("%v %s", got.header, got.body)
	}
	w.call("GET", "/exports/companies?format=pdf", nil).problem(t, 400, "value.choice", "format")
	w.call("GET", "/exports/companies?filter=nope+%3D+1", nil).want(t, 400)
	viewer := w.tokenOf(w.user("V", "v@example.org", "viewer"), "admin")
	w.call("GET", "/exports/companies", nil, "Authorization: Bearer "+viewer).problem(t, 403, "error.denied", "")
	// An export that breaks in the middle is cut off, so that nobody takes a part for the whole.
	req := w.request("GET", "/exports/companies?sort=employees", nil, "Authorization: Bearer "+w.token)
	res, err := w.http.Client().Do(req)
	if err == nil {
		_, err = io.ReadAll(res.Body)
		_ = res.Body.Close()
	}
	if err == nil {
		t.Error("a broken export ended as if it were whole")
	}
	if !strings.Contains(w.log.String(), "the middle of an export broke") {
		t.Error("nobody was told of the broken export")
	}
}

// addJobs makes a job that is dead and one that waits.
func (w *world) addJobs(t *testing.T) (deadJob, waiting string) {
	t.Helper()
	registry := job.NewRegistry()
	kind := job.Kind[json.RawMessage]{Name: "test.job", Run: func(context.Context, job.Job, json.RawMessage) error { return nil }}
	w.must(job.Register(registry, kind))
	q, err := job.New(w.db, registry, job.Settings{IDs: ident.NewSource(clock.System(), 7), Clock: clock.System()})
	w.must(err)
	w.must(w.db.Write(t.Context(), func(tx *db.Tx) error {
		a, _, err := job.Add(t.Context(), tx, q, kind, json.RawMessage(`1`), job.Options{At: time.Now().Add(time.Hour)})
		if err != nil {
			return err
		}
		b, _, err := job.Add(t.Context(), tx, q, kind, json.RawMessage(`2`), job.Options{At: time.Now().Add(time.Hour)})
		if err != nil {
			return err
		}
		deadJob, waiting = a.String(), b.String()
		return q.Cancel(t.Context(), tx, a)
	}))
	return deadJob, waiting
}

func TestJobs(t *testing.T) {
	w := onFile(t, nil)
	deadJob, waiting := w.addJobs(t)
	list := w.call("GET", "/jobs?limit=1", nil).want(t, 200).object(t)
	if items := list["items"].([]any); len(items) != 1 || items[0].(map[string]any)["id"] != waiting || list["next"] != waiting {
		t.Errorf("first page %v", list)
	}
	if got := w.call("GET", "/jobs?after="+waiting, nil).object(t)["items"].([]any); len(got) != 1 || got[0].(map[string]any)["state"] != "dead" {
		t.Errorf("second page %v", got)
	}
	w.call("GET", "/jobs?state=asleep", nil).problem(t, 400, "value.choice", "state")
	w.call("POST", "/jobs/"+waiting+"/retry", nil).problem(t, 409, "job.not_dead", "")
	w.call("POST", "/jobs/"+deadJob+"/retry", nil, "Idempotency-Key: k").want(t, 204)
	if got := w.call("POST", "/jobs/"+deadJob+"/retry", nil, "Idempotency-Key: k").want(t, 204); got.header.Get("Idempotency-Replayed") != "true" {
		t.Error("the second try was not an answer from memory")
	}
	w.call("POST", "/jobs/"+deadJob+"/cancel", nil).want(t, 204)
	w.call("POST", "/jobs/"+importID.String()+"/cancel", nil).problem(t, 404, "job.unknown", "")
	member := w.tokenOf(w.user("M", "m@example.org", "member"), "admin")
	w.call("GET", "/jobs", nil, "Authorization: Bearer "+member).problem(t, 403, "error.denied", "")
}
