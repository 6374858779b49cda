package meter

import (
	"strings"
	"testing"
	"time"
)

func TestWrite(t *testing.T) {
	m := New()
	for _, took := range []time.Duration{0, time.Millisecond, 2 * time.Millisecond, time.Hour} {
		m.Note("GET /a", 200, took)
	}
	m.Note("GET /a", 0, 0)
	m.Note("GET /a", 404, 0)
	m.Note(`GET /"b"`, 200, 0)
	var b strings.Builder
	m.Write(&b)
	Gauge(&b, "up", "Whether it is.", 1)
	for _, want := range []string{
		`ashna_http_requests_total{route="GET /a",status="200"} 5`, `ashna_http_requests_total{route="GET /a",status="404"} 1`,
		`ashna_http_requests_total{route="GET /\"b\"",status="200"} 1`,
		`ashna_http_request_seconds_bucket{route="GET /a",le="0.001"} 4`, `ashna_http_request_seconds_bucket{route="GET /a",le="0.0025"} 5`,
		`ashna_http_request_seconds_bucket{route="GET /a",le="10"} 5`, `ashna_http_request_seconds_bucket{route="GET /a",le="+Inf"} 6`,
		`ashna_http_request_seconds_count{route="GET /a"} 6`, "# TYPE up gauge\nup 1\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in\n%s", want, b.String())
		}
	}
	if n := strings.Count(b.String(), "# TYPE ashna_http_requests_total"); n != 1 {
		t.Errorf("a head stands there %d times", n)
	}
}
