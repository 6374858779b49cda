package api

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"time"

	"ashna/api/meter"
	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/kit/fault"
)

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
	meter.Head(&b, "ashna_build_info", "gauge", "The version that runs.")
	fmt.Fprintf(&b, "ashna_build_info{version=%q} 1\n", s.Version)
	s.watched.Write(&b)
	meter.Gauge(&b, "ashna_http_running", "Requests that run now.", len(s.slots))
	meter.Gauge(&b, "ashna_live_streams", "Live streams that are open.", s.streams.count())
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	meter.Gauge(&b, "go_goroutines", "Goroutines.", runtime.NumGoroutine())
	meter.Gauge(&b, "go_memstats_heap_alloc_bytes", "Bytes of the heap in use.", memory.HeapAlloc)
	meter.Gauge(&b, "go_memstats_sys_bytes", "Bytes from the system.", memory.Sys)
	meter.Gauge(&b, "go_gc_cycles_total", "Garbage collections.", memory.NumGC)
	up := 1
	if err := s.stored(r.Context(), &b); err != nil {
		up = 0
	}
	meter.Gauge(&b, "ashna_database_up", "Whether the database answers.", up)
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
		meter.Gauge(b, "ashna_database_wait_seconds", "Time until a connection answered.", machine().Now().Sub(began).Seconds())
		meter.Gauge(b, "ashna_log_seq", "The last change.", last)
		meter.Head(b, "ashna_reader_lag", "gauge", "Changes that a reader of the log has before it.")
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
	meter.Head(b, "ashna_jobs", "gauge", "Jobs by state.")
	for _, c := range []struct {
		state string
		n     int64
	}{{"ready", counts.Ready}, {"planned", counts.Planned}, {"running", counts.Running}, {"dead", counts.Dead}} {
		fmt.Fprintf(b, "ashna_jobs{state=%q} %d\n", c.state, c.n)
	}
	meter.Gauge(b, "ashna_jobs_oldest_seconds", "How long the oldest ready job has been due.", counts.OldestAge.Seconds())
	return nil
}
