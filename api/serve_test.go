package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ashna/kit/fault"
)

// serveWith answers one request with a handler of the test.
func (w *world) serveWith(do handler, headers ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	rt := &route{method: "POST", pattern: "/test", policy: public, do: do, limit: recordBody}
	req := httptest.NewRequest("POST", "http://example.org/test", strings.NewReader("{}"))
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	rec := httptest.NewRecorder()
	w.server.serve(rt, rec, req)
	return rec
}

// TestStatuses maps each kind of fault to its status, with what a client needs to go on.
func TestStatuses(t *testing.T) {
	w := onFile(t, nil)
	for _, c := range []struct {
		err     error
		headers string
		status  int
		retry   string
	}{
		{fault.New(fault.Invalid, "value.required"), "", 422, ""},
		{fault.New(fault.Invalid, "request.json"), "", 400, ""},
		{fault.New(fault.Unauthenticated, "auth.wrong"), "", 401, ""},
		{fault.New(fault.Denied, "error.denied"), "", 403, ""},
		{fault.New(fault.NotFound, "error.not_found"), "", 404, ""},
		{fault.New(fault.Conflict, "value.duplicate"), "", 409, ""},
		{fault.New(fault.Conflict, "record.stale"), "", 409, ""},
		{fault.New(fault.Conflict, "record.stale"), `If-Match: "1"`, 412, ""},
		{fault.New(fault.TooLarge, "error.too_large"), "", 413, ""},
		{fault.New(fault.TooMany, "auth.locked", "seconds", int64(30)), "", 429, "30"},
		{fault.New(fault.TooMany, "error.too_many"), "", 429, "2"},
		{fault.New(fault.Unavailable, "error.unavailable"), "", 503, "2"},
		{fault.New(fault.Full, "error.full"), "", 503, "60"},
		{fmt.Errorf("do: %w", context.DeadlineExceeded), "", 503, "2"},
		{errors.New("a defect with a secret"), "", 500, ""},
		{fault.List{fault.At("a", "value.required"), fault.At("b", "value.date")}, "", 422, ""},
		{fmt.Errorf("wrapped: %w", fault.New(fault.Denied, "error.denied")), "", 403, ""},
	} {
		rec := w.serveWith(func(http.ResponseWriter, *request) error { return c.err }, slices.DeleteFunc([]string{c.headers}, func(s string) bool { return s == "" })...)
		a := response{rec.Code, rec.Header(), rec.Body.Bytes()}
		key := "error.internal"
		if one := fault.Of(unwrapped(c.err)); one != nil {
			key = one.Key
		}
		a.problem(t, c.status, key, "")
		if a.header.Get("Retry-After") != c.retry || strings.Contains(string(a.body), "secret") {
			t.Errorf("%v: Retry-After %q, %s", c.err, a.header.Get("Retry-After"), a.body)
		}
	}
	if !strings.Contains(w.log.String(), "a defect with a secret") {
		t.Error("the defect is not in the log")
	}
}

// TestPanicsAreRecovered logs a panic once, and the next request is served.
func TestPanicsAreRecovered(t *testing.T) {
	w := onFile(t, nil)
	rec := w.serveWith(func(http.ResponseWriter, *request) error { panic("boom " + t.Name()) })
	response{rec.Code, rec.Header(), rec.Body.Bytes()}.problem(t, 500, "error.internal", "")
	if n := strings.Count(w.log.String(), "panic: boom"); n != 1 || !strings.Contains(w.log.String(), rec.Header().Get("X-Request-Id")) {
		t.Errorf("the panic is in the log %d times: %s", n, w.log)
	}
	w.call("GET", "/companies", nil).want(t, 200)
}

// TestLanguages asks for refusals in each language, by the header, by what the person chose, and by the workspace.
func TestLanguages(t *testing.T) {
	w := onFile(t, nil)
	path := "/companies/0000000000001"
	for header, want := range map[string]string{
		"fa": "پیدا نشد", "az": "Tapılmadı", "en": "Not found", "de": "Not found", "fa-IR,en;q=0.5": "پیدا نشد", "en;q=0.1, az;q=0.9": "Tapılmadı", "xx;q=zz, *": "Not found",
	} {
		got := w.call("GET", path, nil, "Accept-Language: "+header)
		if got.object(t)["title"] != want {
			t.Errorf("%q: %s", header, got.body)
		}
	}
	w.call("PATCH", "/users/"+w.owner.String(), `{"language":"az"}`).want(t, 200)
	if got := w.call("GET", path, nil); got.object(t)["title"] != "Tapılmadı" || got.header.Get("Content-Language") != "az" {
		t.Errorf("chosen: %s", got.body)
	}
	w.call("PATCH", "/settings", `{"language":"fa"}`).want(t, 200)
	if got := w.with(http.DefaultClient, "GET", path, nil); got.object(t)["title"] != "وارد نشده‌اید" {
		t.Errorf("workspace: %s", got.body)
	}
	if got := w.call("GET", "/objects", nil, "Accept-Language: fa"); !strings.Contains(string(got.body), `"plural":"companies"`) {
		t.Errorf("catalog: %s", got.body)
	}
}

func TestRates(t *testing.T) {
	w := onFile(t, func(d *Deps) {
		d.Limits.Rate, d.Limits.Burst, d.Limits.GuestRate, d.Limits.GuestBurst = 0.001, 5, 0.001, 3
	})
	count := func(do func() response) (served int, last response) {
		for range 20 {
			if last = do(); last.status != 429 {
				served++
			}
		}
		return served, last
	}
	n, last := count(func() response { return w.call("GET", "/me", nil) })
	last.problem(t, 429, "error.too_many", "")
	if n != 5 || last.header.Get("Retry-After") == "" {
		t.Errorf("%d requests of a person were served, Retry-After %q", n, last.header.Get("Retry-After"))
	}
	other := "Authorization: Bearer " + w.tokenOf(w.user("V", "v@example.org", "viewer"), "admin")
	if n, _ := count(func() response { return w.call("GET", "/me", nil, other) }); n != 5 {
		t.Errorf("%d requests of another person were served", n)
	}
	guest := func(address, token string) response {
		req := httptest.NewRequest("GET", "http://example.org/api/openapi.json", nil)
		if req.RemoteAddr = address; token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		rec := w.recorded(req)
		return response{rec.Code, rec.Header(), rec.Body.Bytes()}
	}
	if n, _ := count(func() response { return guest("203.0.113.5:1", "") }); n != 3 {
		t.Errorf("%d requests of an address were served", n)
	}
	if n, _ := count(func() response { return guest("203.0.113.6:1", "wrong") }); n != 3 {
		t.Errorf("%d tries with a wrong token were answered", n)
	}
	if n, _ := count(func() response { return guest("[2001:db8::1]:1", "") }); n != 3 {
		t.Errorf("%d requests of an IPv6 address were served", n)
	}
	if got := guest("[2001:db8::2]:1", ""); got.status != 429 {
		t.Error("its neighbour has a share of its own")
	}
}

// TestBusy fills every place and asks for one more.
func TestBusy(t *testing.T) {
	w := onFile(t, func(d *Deps) { d.Limits.Running = 2 })
	release := make(chan struct{})
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			w.serveWith(func(http.ResponseWriter, *request) error { <-release; return nil })
		})
	}
	w.until(func() bool { return len(w.server.slots) == 2 })
	got := w.call("GET", "/me", nil)
	if got.problem(t, 503, "error.unavailable", ""); got.header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After %q", got.header.Get("Retry-After"))
	}
	close(release)
	group.Wait()
	w.call("GET", "/me", nil).want(t, 200)
}

func TestOperations(t *testing.T) {
	w := onFile(t, nil)
	w.company("One")
	w.call("GET", "/companies/nope", nil).want(t, 404)
	w.call("GET", "/nowhere/at/all/x", nil).want(t, 404)
	for path, want := range map[string]string{"/healthz": "ok\n", "/readyz": "ok\n"} {
		if got := w.with(http.DefaultClient, "GET", path, nil).want(t, 200); string(got.body) != want {
			t.Errorf("%s: %q", path, got.body)
		}
	}
	text := string(w.with(http.DefaultClient, "GET", "/metrics", nil).want(t, 200).body)
	for _, want := range []string{
		`ashna_build_info{version="1.2.3"} 1`, `ashna_http_requests_total{route="POST /api/v1/{objects}",status="201"} 1`,
		`ashna_http_requests_total{route="GET /api/v1/{objects}/{id}",status="404"} 1`, `ashna_http_requests_total{route="none",status="404"} 1`,
		`ashna_http_request_seconds_bucket{route="POST /api/v1/{objects}",le="+Inf"} 1`, "ashna_log_seq ", "ashna_database_up 1",
		`ashna_jobs{state="ready"} 0`, "go_goroutines ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	for _, secret := range []string{"ashna_0", w.token, ownerMail} {
		if strings.Contains(text, secret) {
			t.Errorf("metrics hold %s", secret)
		}
	}
	req := httptest.NewRequest("GET", "http://example.org/metrics", nil)
	req.RemoteAddr = "203.0.113.5:1"
	if got := w.recorded(req); got.Code != 401 {
		t.Errorf("a stranger gets metrics: %d", got.Code)
	}
	req.RemoteAddr = "127.0.0.1:1"
	req.Header.Set("X-Forwarded-For", "203.0.113.5")
	if got := w.recorded(req); got.Code != 401 {
		t.Errorf("a stranger behind a proxy gets metrics: %d", got.Code)
	}
	req.Header.Set("Authorization", "Bearer "+w.token)
	if got := w.recorded(req); got.Code != 200 {
		t.Errorf("the owner gets no metrics: %d", got.Code)
	}
	w.must(w.db.Close())
	w.with(http.DefaultClient, "GET", "/readyz", nil).problem(t, 503, "error.unavailable", "")
	w.with(http.DefaultClient, "GET", "/healthz", nil).want(t, 200)
	if got := w.with(http.DefaultClient, "GET", "/metrics", nil).want(t, 200); !strings.Contains(string(got.body), "ashna_database_up 0") {
		t.Error("metrics say that the database is up")
	}
	got := w.call("GET", "/companies", nil)
	if got.problem(t, 503, "error.unavailable", ""); got.header.Get("Retry-After") == "" {
		t.Error("nobody says when to come again")
	}
}

// TestSlowHandlersEnd holds a request to its time.
func TestSlowHandlersEnd(t *testing.T) {
	w := onFile(t, func(d *Deps) { d.Limits.Time = 30 * time.Millisecond })
	rec := w.serveWith(func(_ http.ResponseWriter, r *request) error {
		<-r.Context().Done()
		return fmt.Errorf("wait: %w", r.Context().Err())
	})
	response{rec.Code, rec.Header(), rec.Body.Bytes()}.problem(t, 503, "error.timeout", "")
}

// FuzzQuery sends any query to a list: the answer is a page or a refusal, never a defect.
func FuzzQuery(f *testing.F) {
	w := newWorld(f, fuzzConfig(f), nil)
	w.company("One", "employees", 3)
	for _, seed := range []string{
		"", "limit=5&sort=-name,employees&fields=name&count=true", "filter=name+%3D+%22One%22+and+employees+in+1..5", "cursor=AAAA", "zone=Asia/Baku&filter=created_at+%3E+daysAgo(3)",
		"deleted=true&filter=parent.name+contains+%22x%22", "%zz", "filter=%00", "sort=,,-", "fields=,id,id",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		req := httptest.NewRequest("GET", "http://example.org/api/v1/companies", nil)
		req.URL.RawQuery = query
		req.Header.Set("Authorization", "Bearer "+w.token)
		if rec := w.recorded(req); rec.Code != 200 && rec.Code != 400 && rec.Code != 413 {
			t.Fatalf("%q: %d %s\n%s", query, rec.Code, rec.Body, w.log)
		}
	})
}
