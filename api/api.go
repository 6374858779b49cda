// Package api is the REST interface of a workspace: records, search, changes, files, sign-in and administration under /api/v1, the
// description of all of it as OpenAPI 3.1, and the addresses that operators watch.
//
// A handler parses the request, calls the engine or a service, and writes the answer, or returns its error; one adapter signs the caller
// in, holds the limits, asks the policy of the route, and turns errors into problem documents (RFC 9457) in the language of the reader.
package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"ashna/api/meter"
	"ashna/api/throttle"
	"ashna/engine/access"
	"ashna/engine/job"
	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/kit/fault"
	"ashna/kit/i18n"
	"ashna/kit/ident"
	"ashna/service/auth"
	"ashna/service/files"
)

// Deps is what the interface works with. Engine, Auth, Bundle and Log are needed; what is served by a part that is nil answers as absent.
type Deps struct {
	Engine    *record.Engine
	Auth      *auth.Auth
	Files     *files.Store
	FileRules files.Rules // what may be attached and shown; files.DefaultRules unless given
	Jobs      *job.Queue
	Imports   Importer
	Exports   Exporter
	Bundle    *i18n.Bundle
	Log       *slog.Logger
	Limits    Limits
	Version   string         // of the program, for OpenAPI and metrics
	BaseURL   string         // https://crm.example.org: the origin of the pages that may use the session cookie; empty: the host of the request
	Proxies   []netip.Prefix // peers whose X-Forwarded-For and X-Forwarded-Proto are believed
	Metrics   bool           // /metrics answers everybody, not only this machine and those who may read the log
}

// Limits bound what callers may use. A zero is the number named beside it.
type Limits struct {
	Record     int64         // bytes of a JSON body; 1 MiB
	Batch      int64         // bytes of the body of a batch; 16 MiB
	File       int64         // bytes of a file; files.MaxSize
	Rate       float64       // requests a second of one person; 200
	Burst      int           // requests at once of one person; 400
	GuestRate  float64       // requests a second of one address that is not signed in; 20
	GuestBurst int           // requests at once of such an address; 40
	Running    int           // requests that run at once; 512
	Streams    int           // live streams in all; 1,000
	OwnStreams int           // live streams of one person; 10
	Time       time.Duration // for one request that does not stream; 60 s
	Beat       time.Duration // between signs of life on a live stream; 15 s
	Watch      time.Duration // between looks whether a live stream may go on; 400 ms
}

func (l Limits) withDefaults() Limits {
	l.Record, l.Batch, l.File = orElse(l.Record, 1<<20), orElse(l.Batch, 16<<20), orElse(l.File, files.MaxSize)
	l.Rate, l.Burst = orElse(l.Rate, 200), orElse(l.Burst, 400)
	l.GuestRate, l.GuestBurst = orElse(l.GuestRate, 20), orElse(l.GuestBurst, 40)
	l.Running, l.Streams, l.OwnStreams = orElse(l.Running, 512), orElse(l.Streams, 1000), orElse(l.OwnStreams, 10)
	l.Time, l.Beat, l.Watch = orElse(l.Time, time.Minute), orElse(l.Beat, 15*time.Second), orElse(l.Watch, 400*time.Millisecond)
	return l
}

func orElse[T int | int64 | float64 | time.Duration](given, otherwise T) T {
	if given > 0 {
		return given
	}
	return otherwise
}

// Importer takes files of records in. Its refusals are faults.
type Importer interface {
	// Start begins an import and gives its key; the work goes on after it returned.
	Start(ctx context.Context, who *access.Viewer, entity *meta.Entity, spec ImportSpec) (ident.ID, error)
	// Status tells how far an import of the caller is.
	Status(ctx context.Context, who *access.Viewer, id ident.ID) (ImportStatus, error)
	// Errors gives the rows that were refused, after a row number, at most limit.
	Errors(ctx context.Context, who *access.Viewer, id ident.ID, after int64, limit int) ([]ImportError, error)
}

// ImportSpec says what to import. Body is read before Start returns.
type ImportSpec struct {
	Name   string            // of the file
	Format string            // csv or jsonl
	Map    map[string]string // from column to field; columns that it lacks are matched by name
	Match  string            // the field that tells whether a record exists; empty: all rows are new
	DryRun bool              // only looks
	Body   io.Reader
}

// ImportStatus is how far an import is.
type ImportStatus struct {
	ID      ident.ID `json:"id"`
	Object  string   `json:"object"` // plural name
	State   string   `json:"state"`  // waiting, running, done or failed
	Rows    int64    `json:"rows"`   // read so far
	Created int64    `json:"created"`
	Updated int64    `json:"updated"`
	Failed  int64    `json:"failed"`
	DryRun  bool     `json:"dry_run"`
	Problem string   `json:"problem"` // why it failed as a whole, empty otherwise
}

// ImportError is one row that was left out.
type ImportError struct {
	Row    int64 // from 1, without the header
	Faults fault.List
	Values []string // the row as it came
}

// Exporter writes records out.
type Exporter interface {
	// Check refuses a question before anything is written, and names the content type and the name of the file.
	Check(who *access.Viewer, entity *meta.Entity, spec ExportSpec) (contentType, name string, err error)
	// Write streams the records.
	Write(ctx context.Context, who *access.Viewer, entity *meta.Entity, spec ExportSpec, w io.Writer) error
}

// ExportSpec says what to export.
type ExportSpec struct {
	Format string // csv or jsonl
	Filter string
	Sort   string
	Fields []string // none: all that the caller may see
}

// server serves the routes of one workspace.
type server struct {
	Deps
	mux       *http.ServeMux
	routes    []*route
	byName    map[string]*route // by method and pattern
	people    *throttle.Throttle
	guests    *throttle.Throttle
	slots     chan struct{}
	streams   *streams
	buffers   sync.Pool
	watched   *meter.Meter
	origin    *http.CrossOriginProtection
	openapis  sync.Map // openapiKey to []byte
	described atomic.Int64
}

// New makes the handler. It fails when a part is missing or a route has no policy.
func New(d Deps) (http.Handler, error) {
	if d.Engine == nil || d.Auth == nil || d.Bundle == nil || d.Log == nil {
		return nil, errors.New("make api: the engine, auth, bundle or log is missing")
	}
	s, err := newServer(d)
	if err != nil {
		return nil, fmt.Errorf("make api: %w", err)
	}
	return s, nil
}

func newServer(d Deps) (*server, error) {
	d.Limits = d.Limits.withDefaults()
	if d.FileRules.Inline == nil && d.FileRules.Accept == nil {
		d.FileRules = files.DefaultRules()
	}
	s := &server{
		Deps: d, mux: http.NewServeMux(), byName: map[string]*route{}, watched: meter.New(), origin: http.NewCrossOriginProtection(),
		people: throttle.New(machine(), d.Limits.Rate, d.Limits.Burst), guests: throttle.New(machine(), d.Limits.GuestRate, d.Limits.GuestBurst),
		slots: make(chan struct{}, d.Limits.Running), streams: newStreams(d.Limits.Streams, d.Limits.OwnStreams),
	}
	s.buffers.New = func() any { return new(bytes.Buffer) }
	if d.BaseURL != "" {
		if err := s.origin.AddTrustedOrigin(originOf(d.BaseURL)); err != nil {
			return nil, err
		}
	}
	return s, s.mount(s.list())
}

// mount gives each route its adapter. A route without a policy is a defect that must not serve.
func (s *server) mount(list []route) error {
	for i := range list {
		rt := &list[i]
		if rt.policy.allow == nil || rt.do == nil {
			return fmt.Errorf("mount %s %s: it declares no policy", rt.method, rt.pattern)
		}
		name := rt.method + " " + rt.pattern
		if s.byName[name] != nil {
			return fmt.Errorf("mount %s: it is there twice", name)
		}
		s.byName[name] = rt
		s.routes = append(s.routes, rt)
		s.mux.Handle(name, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serve(rt, w, r) }))
	}
	return nil
}
