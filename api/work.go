package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"time"

	"ashna/api/strict"
	"ashna/engine/db"
	"ashna/engine/job"
	"ashna/engine/record"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

// jobAnswer is a job as the interface shows it.
type jobAnswer struct {
	ID        ident.ID        `json:"id"`
	Kind      string          `json:"kind"`
	State     job.State       `json:"state"`
	Cancelled bool            `json:"cancelled"`
	RunAt     time.Time       `json:"run_at"`
	Attempt   int             `json:"attempt"`
	Max       int             `json:"max"`
	Actor     ident.ID        `json:"actor"`
	Error     string          `json:"error"`
	Done      int64           `json:"done"`
	Total     int64           `json:"total"`
	Note      string          `json:"note"`
	Result    json.RawMessage `json:"result"`
	EndedAt   *time.Time      `json:"ended_at"`
}

func jobOf(e job.Entry) jobAnswer {
	a := jobAnswer{
		ID: e.ID, Kind: e.Kind, State: e.State, Cancelled: e.Cancelled, RunAt: e.RunAt, Attempt: e.Attempt, Max: e.Max, Actor: e.Actor, Error: e.Error,
		Done: e.Done, Total: e.Total, Note: e.Note, Result: e.Result,
	}
	if !e.EndedAt.IsZero() {
		a.EndedAt = &e.EndedAt
	}
	return a
}

func absentPart() error { return fault.New(fault.Unavailable, "error.unavailable") }

// listJobs answers with the jobs, the newest first.
func (s *server) listJobs(w http.ResponseWriter, r *request) error {
	if s.Jobs == nil {
		return absentPart()
	}
	p := r.parameters("state", "kind", "after", "limit")
	limit := int(p.number("limit", job.DefaultLimit, 1, job.MaxLimit))
	filter := job.Filter{State: job.State(p.text("state")), Kind: p.text("kind"), After: p.id("after"), Limit: limit}
	if err := p.end(); err != nil {
		return err
	}
	found, err := s.Jobs.List(r.Context(), filter)
	if err != nil {
		return err
	}
	list := make([]jobAnswer, len(found))
	for i, e := range found {
		list[i] = jobOf(e)
	}
	var next *ident.ID
	if len(list) == limit {
		next = &list[limit-1].ID
	}
	return replyJSON(w, http.StatusOK, map[string]any{"items": list, "next": next})
}

// retryJob makes a dead job try again.
func (s *server) retryJob(w http.ResponseWriter, r *request) error {
	return s.turnJob(w, r, (*job.Queue).Revive)
}

// cancelJob ends a job that waits or runs.
func (s *server) cancelJob(w http.ResponseWriter, r *request) error {
	return s.turnJob(w, r, (*job.Queue).Cancel)
}

func (s *server) turnJob(w http.ResponseWriter, r *request, turn func(*job.Queue, context.Context, *db.Tx, ident.ID) error) error {
	if s.Jobs == nil {
		return absentPart()
	}
	id, err := r.key("id")
	if err != nil {
		return err
	}
	if _, err := r.nothing(); err != nil {
		return err
	}
	return r.once(w, func(tx *record.Tx) (record.Answer, error) {
		return noContent, turn(s.Jobs, r.Context(), tx.DB(), id)
	})
}

// startImport takes a file of records in: a form with the part "spec" (JSON: object, format, map, match, dry_run) before the part "file".
func (s *server) startImport(w http.ResponseWriter, r *request) error {
	if s.Imports == nil {
		return absentPart()
	}
	if err := r.unkeyed(); err != nil {
		return err
	}
	media, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if media != "multipart/form-data" {
		return fault.New(fault.Invalid, "request.media_type")
	}
	form := multipart.NewReader(r.Body, params["boundary"])
	object, spec, err := s.importSpec(form)
	if err != nil {
		return err
	}
	entity, err := s.Engine.Object(r.who, object)
	if err != nil {
		return fault.Of(err).In("object")
	}
	file, err := partNamed(form, "file")
	if err != nil {
		return err
	}
	spec.Name, spec.Body = file.FileName(), file
	if spec.Format == "" {
		spec.Format = formatOf(spec.Name)
	}
	id, err := s.Imports.Start(r.Context(), r.who, entity, spec)
	if err != nil {
		return unwrapped(err)
	}
	w.Header().Set("Location", "/api/v1/imports/"+id.String())
	return replyJSON(w, http.StatusAccepted, map[string]any{"id": id})
}

// formatOf tells the format of a file by its name, where the request does not.
func formatOf(name string) string {
	if strings.HasSuffix(strings.ToLower(name), ".jsonl") {
		return "jsonl"
	}
	return "csv"
}

// importSpec reads the part that says what to import.
func (s *server) importSpec(parts *multipart.Reader) (string, ImportSpec, error) {
	part, err := partNamed(parts, "spec")
	if err != nil {
		return "", ImportSpec{}, err
	}
	body, err := io.ReadAll(io.LimitReader(part, s.Limits.Record+1))
	if err != nil {
		return "", ImportSpec{}, fault.Wrap(fault.Invalid, "request.body", err)
	}
	if int64(len(body)) > s.Limits.Record {
		return "", ImportSpec{}, tooLarge(s.Limits.Record)
	}
	in, err := strict.Object(body)
	if err != nil {
		return "", ImportSpec{}, err
	}
	f := strict.NewForm(in)
	spec := ImportSpec{Format: f.Text("format"), Match: f.Text("match"), DryRun: f.Yes("dry_run"), Map: f.Names("map")}
	object := f.Needed("object")
	return object, spec, f.End()
}

// importStatus answers with how far an import is.
func (s *server) importStatus(w http.ResponseWriter, r *request) error {
	status, err := s.importOf(r)
	if err != nil {
		return err
	}
	return replyJSON(w, http.StatusOK, status)
}

// importOf finds an import of the caller.
func (s *server) importOf(r *request) (ImportStatus, error) {
	if s.Imports == nil {
		return ImportStatus{}, absentPart()
	}
	id, err := r.key("id")
	if err != nil {
		return ImportStatus{}, err
	}
	return s.Imports.Status(r.Context(), r.who, id)
}

// importErrors answers with the rows that were left out, each with what is wrong in its fields.
func (s *server) importErrors(w http.ResponseWriter, r *request) error {
	p := r.parameters("after", "limit")
	after, limit := p.number("after", 0, 0, math.MaxInt64), p.number("limit", defaultChanges, 1, maxChanges)
	if err := p.end(); err != nil {
		return err
	}
	status, err := s.importOf(r)
	if err != nil {
		return err
	}
	list, err := s.Imports.Errors(r.Context(), r.who, status.ID, after, int(limit))
	if err != nil {
		return err
	}
	next := []byte("null")
	if len(list) == int(limit) {
		next = strconv.AppendInt(nil, list[len(list)-1].Row, 10)
	}
	return reply(w, http.StatusOK, items(list, r.appendRow, next))
}

func (r *request) appendRow(dst []byte, e ImportError) []byte {
	values, err := json.Marshal(append([]string{}, e.Values...))
	if err != nil {
		values = []byte("[]")
	}
	dst = fmt.Appendf(dst, `{"row":%d,"values":%s`, e.Row, values)
	return append(r.appendFields(dst, e.Faults), '}')
}

// export streams the records of an object as a file.
func (s *server) export(w http.ResponseWriter, r *request) error {
	if s.Exports == nil {
		return absentPart()
	}
	entity, err := r.object()
	if err != nil {
		return err
	}
	p := r.parameters("format", "filter", "sort", "fields")
	spec := ExportSpec{Format: orText(p.text("format"), "csv"), Filter: p.text("filter"), Sort: p.text("sort"), Fields: p.list("fields")}
	if err := p.end(); err != nil {
		return err
	}
	kind, name, err := s.Exports.Check(r.who, entity, spec)
	if err != nil {
		return err
	}
	// The first page is asked for before the answer begins, so that a filter that is wrong is a problem and not half a file.
	if _, err := s.Engine.List(r.Context(), r.who, entity, record.Question{Filter: spec.Filter, Sort: spec.Sort, Limit: 1}); err != nil {
		return err
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	return s.Exports.Write(r.Context(), r.who, entity, spec, &steady{w: w, r: r})
}

// steady writes a long answer: whoever stops reading is left behind after a while.
type steady struct {
	w http.ResponseWriter
	r *request
}

// patience is how long a client may take for one piece of a long answer.
const patience = 30 * time.Second

// Write sends one piece.
func (s *steady) Write(p []byte) (int, error) {
	if err := s.r.Context().Err(); err != nil {
		return 0, err
	}
	_ = http.NewResponseController(s.w).SetWriteDeadline(machine().Now().Add(patience)) // writers of tests have none
	return s.w.Write(p)
}
