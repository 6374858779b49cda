// Package meter counts requests and writes numbers as Prometheus reads them.
package meter

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// bounds are the upper ends of the buckets of a latency histogram, in seconds.
var bounds = [...]float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}

// histogram counts how long the requests of one route took.
type histogram struct {
	counts [len(bounds) + 1]int64
	sum    float64
	n      int64
}

// Meter counts what was answered, by route and status. Routes are those of the list, so their number is bounded.
type Meter struct {
	mu       sync.Mutex
	statuses map[string]map[int]int64
	times    map[string]*histogram
}

// New makes a meter.
func New() *Meter {
	return &Meter{statuses: map[string]map[int]int64{}, times: map[string]*histogram{}}
}

// Note counts one request; no status is that of success.
func (m *Meter) Note(name string, status int, took time.Duration) {
	if status == 0 {
		status = http.StatusOK
	}
	seconds := took.Seconds()
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

// Write writes the counts as Prometheus reads them.
func (m *Meter) Write(b *strings.Builder) {
	m.mu.Lock()
	defer m.mu.Unlock()
	Head(b, "ashna_http_requests_total", "counter", "Requests by route and status.")
	for _, name := range slices.Sorted(maps.Keys(m.statuses)) {
		for _, status := range slices.Sorted(maps.Keys(m.statuses[name])) {
			fmt.Fprintf(b, "ashna_http_requests_total{route=%q,status=\"%d\"} %d\n", name, status, m.statuses[name][status])
		}
	}
	Head(b, "ashna_http_request_seconds", "histogram", "Time of requests by route.")
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

// Head writes what a number is about.
func Head(b *strings.Builder, name, kind, help string) {
	fmt.Fprintf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

// Gauge writes one number.
func Gauge(b *strings.Builder, name, help string, value any) {
	Head(b, name, "gauge", help)
	fmt.Fprintf(b, "%s %v\n", name, value)
}
