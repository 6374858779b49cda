package api

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/kit/fault"
)

// bounds are the upper ends of the buckets of a latency histogram, in seconds.
var bounds = [...]float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}

// histogram counts how long the requests of one route took.
type histogram struct {
	counts [len(bounds) + 1]int64
	sum    float64
	n      int64
}

// watched counts what was answered, by route and status. Routes are those of the list, so their number is bounded.
type watched struct {
	mu       sync.Mutex
	statuses map[string]map[int]int64
	times    map[string]*histogram
}

func newWatched() *watched {
	return &watched{statuses: map[string]map[int]int64{}, times: map[string]*histogram{}}
}

// note counts one request.
func (m *watched) note(rt *route, status int, took time.Duration) {
	if status == 0 {
		status = http.StatusOK
	}
	name, seconds := rt.method+" "+rt.pattern, took.Seconds()
	if rt.pattern == nowhere {
		name = nowhere
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.statuses[name] == nil {
		m.statuses[name], m.times[name] = map[int]int64{}, &histogram{}
	}
	m.statuses[name][status]++
	h := m.times[name]
	at, _ := slices.BinarySearch(bounds[:], seconds)
	h.counts[at]++
	h.sum += seconds
	h.n++
}

// write writes the counts as Prometheus reads them.
func (m *watched) write(b *strings.Builder) {
	m.mu.Lock()
	defer m.mu.Unlock()
	head(b, "ashna_http_requests_total", "counter", "Requests by route and status.")
	for _, name := range slices.Sorted(maps.Keys(m.statuses)) {
		for _, status := range slices.Sorted(maps.Keys(m.statuses[name])) {
			fmt.Fprintf(b, "ashna_http_requests_total{route=%q,status=\"%d\"} %d\n", name, status, m.statuses[name][status])
		}
	}
	head(b, "ashna_http_request_seconds", "histogram", "Time of requests by route.")
	for _, name := range slices.Sorted(maps.Keys(m.times)) {
		h, sum := m.times[name], int64(0)
		for i, bound := range bounds {
			sum += h.counts[i]
			fmt.Fprintf(b, "ashna_http_request_seconds_bucket{route=%q,le=%q} %d\n", name, strconv.FormatFloat(bound, 'g', -1, 64), sum)
		}
		fmt.Fprintf(b, "ashna_http_request_seconds_bucket{route=%q,le=\"+Inf\"} %d\n", name, h.n)
		fmt.Fprintf(b, "ashna_http_request_seconds_sum{route=%q} %g\nashna_http_request_seconds_count{route=%q} %d\n", name, h.sum, name, h.n)
	}
}

func head(b *strings.Builder, name, kind, help string) {
	fmt.Fprintf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

func gauge(b *strings.Builder, name, help string, value any) {
	head(b, name, "gauge", help)
	fmt.Fprintf(b, "%s %v\n", name, value)
}

// healthz says that the process answers.
func (s *server) healthz(w http.ResponseWriter, _ *request) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err := w.Write([]byte("ok\n"))
	return err
}

// readyTime is how long the database may take to answer before the process is not ready.
const readyTime = 5 * time.Second

// readyz says that the database answers.
func (s *server) readyz(w http.ResponseWriter, r *request) error {
	ctx, cancel := context.WithTimeout(r.Context(), readyTime)
	defer cancel()
	err := s.Engine.DB().Read(ctx, func(q db.Querier) error {
		_, _, err := db.One(ctx, q, "SELECT 1")
		return err
	})
	if err != nil {
		return fault.Wrap(fault.Unavailable, "error.unavailable", err)
	}
	return s.healthz(w, r)
}

// metrics writes what operators watch, as Prometheus reads it. It holds numbers only.
func (s *server) metrics(w http.ResponseWriter, r *request) error {
	var b strings.Builder
	head(&b, "ashna_build_info", "gauge", "The version that runs.")
	fmt.Fprintf(&b, "ashna_build_info{version=%q} 1\n", s.Version)
	s.watched.write(&b)
	gauge(&b, "ashna_http_running", "Requests that run now.", len(s.slots))
	gauge(&b, "ashna_live_streams", "Live streams that are open.", s.streams.count())
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	gauge(&b, "go_goroutines", "Goroutines.", runtime.NumGoroutine())
	gauge(&b, "go_memstats_heap_alloc_bytes", "Bytes of the heap in use.", memory.HeapAlloc)
	gauge(&b, "go_memstats_sys_bytes", "Bytes from the system.", memory.Sys)
	gauge(&b, "go_gc_cycles_total", "Garbage collections.", memory.NumGC)
	up := 1
	if err := s.stored(r.Context(), &b); err != nil {
		up = 0
	}
	gauge(&b, "ashna_database_up", "Whether the database answers.", up)
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, err := w.Write([]byte(b.String()))
	return err
}

// stored writes what the database tells: the log, its readers, and the jobs.
func (s *server) stored(ctx context.Context, b *strings.Builder) error {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	began := machine().Now()
	err := s.Engine.DB().Read(ctx, func(q db.Querier) error {
		last, err := change.Last(ctx, q)
		if err != nil {
			return err
		}
		gauge(b, "ashna_database_wait_seconds", "Time until a connection answered.", machine().Now().Sub(began).Seconds())
		gauge(b, "ashna_log_seq", "The last change.", last)
		head(b, "ashna_reader_lag", "gauge", "Changes that a reader of the log has before it.")
		return db.Each(ctx, q, "SELECT name, seq FROM reader ORDER BY name LIMIT 1000", nil, func(row db.Row) error {
			fmt.Fprintf(b, "ashna_reader_lag{reader=%q} %d\n", row.Text(0), max(0, last-row.Int(1)))
			return nil
		})
	})
	if err != nil || s.Jobs == nil {
		return err
	}
	counts, err := s.Jobs.Counts(ctx)
	if err != nil {
		return err
	}
	head(b, "ashna_jobs", "gauge", "Jobs by state.")
	for _, c := range []struct {
		state string
		n     int64
	}{{"ready", counts.Ready}, {"planned", counts.Planned}, {"running", counts.Running}, {"dead", counts.Dead}} {
		fmt.Fprintf(b, "ashna_jobs{state=%q} %d\n", c.state, c.n)
	}
	gauge(b, "ashna_jobs_oldest_seconds", "How long the oldest ready job has been due.", counts.OldestAge.Seconds())
	return nil
}
