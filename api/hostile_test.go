package api

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// endless gives so many bytes and remembers how many were taken.
type endless struct{ left, taken int64 }

func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), e.left)
	for i := range p[:n] {
		p[i] = ' '
	}
	e.left, e.taken = e.left-n, e.taken+n
	return int(n), nil
}

// TestHostileBodies sends what must be refused: each with a problem, a field where there is one, and nothing changed.
func TestHostileBodies(t *testing.T) {
	onEach(t, nil, func(t *testing.T, w *world) {
		a := w.company("A", "code", "one")
		b := w.company("B", "parent", a)
		gone := w.company("Gone")
		w.call("DELETE", "/companies/"+gone, nil).want(t, 204)
		w.call("PATCH", "/companies/"+a, `{"name":"A2"}`).want(t, 200)
		before := w.state()
		long := strings.Repeat("x", 1_000_000)
		for _, c := range []struct {
			name, method, path, body, key, field string
			status                               int
		}{
			{"unknown field", "POST", "/companies", `{"name":"a","nome":1}`, "value.unknown_field", "nome", 422},
			{"wrong type", "POST", "/companies", `{"name":{"a":1}}`, "value.type", "name", 422},
			{"no number", "POST", "/companies", `{"name":"a","employees":"many"}`, "value.number", "employees", 422},
			{"derived", "POST", "/companies", `{"name":"a","score":1}`, "value.read_only", "score", 422},
			{"unknown currency", "POST", "/companies", `{"name":"a","amount":{"amount":"1","currency":"ZZZ"}}`, "value.currency", "amount", 422},
			{"missing", "POST", "/companies", `{}`, "value.required", "name", 422},
			{"rule", "POST", "/companies", `{"name":"a","employees":-1}`, "value.rule", "employees", 422},
			{"unknown object", "POST", "/unknowns", `{"name":"a"}`, "value.unknown_object", "", 404},
			{"broken JSON", "POST", "/companies", `{"name":"a"`, "request.json", "", 400},
			{"text behind", "POST", "/companies", `{"name":"a"}{"name":"b"}`, "request.json", "", 400},
			{"name twice", "POST", "/companies", `{"name":"a","name":"b"}`, "request.repeated", "name", 400},
			{"too deep", "POST", "/companies", `{"name":` + strings.Repeat("[", 100), "request.too_deep", "", 400},
			{"an array", "POST", "/companies", `[{"name":"a"}]`, "request.object", "", 400},
			{"nothing", "POST", "/companies", ``, "request.body", "", 400},
			{"NUL", "POST", "/companies", `{"name":"a\u0000b"}`, "value.text_invalid", "name", 422},
			{"raw NUL", "POST", "/companies", "{\"name\":\"a\x00b\"}", "value.text_invalid", "name", 422},
			{"half a character", "POST", "/companies", `{"name":"a\ud800b"}`, "value.text_invalid", "name", 422},
			{"no UTF-8", "POST", "/companies", "{\"name\":\"a\xffb\"}", "value.text_invalid", "name", 422},
			{"1 MB in a name", "POST", "/companies", `{"name":"` + long + `"}`, "value.too_long", "name", 422},
			{"1 MB of a name", "POST", "/companies", `{"` + long + `":1}`, "value.unknown_field", long, 422},
			{"more than 1 MiB", "POST", "/companies", `{"name":"` + long + long + `"}`, "error.too_large", "", 413},
			{"cycle", "PATCH", "/companies/" + a, `{"parent":"` + b + `"}`, "value.cycle", "parent", 422},
			{"its own parent", "PATCH", "/companies/" + a, `{"parent":"` + a + `"}`, "value.cycle", "parent", 422},
			{"deleted reference", "PATCH", "/companies/" + a, `{"parent":"` + gone + `"}`, "value.reference", "parent", 422},
			{"no reference", "PATCH", "/companies/" + a, `{"parent":"0000000000001"}`, "value.reference", "parent", 422},
			{"no id", "PATCH", "/companies/" + a, `{"parent":"x"}`, "value.id", "parent", 422},
			{"duplicate", "PATCH", "/companies/" + b, `{"code":"ONE"}`, "value.duplicate", "code", 409},
			{"another id", "PATCH", "/companies/" + a, `{"id":"` + b + `"}`, "value.read_only", "id", 422},
			{"another version", "PATCH", "/companies/" + a, `{"version":7}`, "value.read_only", "version", 422},
			{"a parameter", "POST", "/companies?dry=1", `{"name":"a"}`, "request.parameter", "dry", 400},
			{"million nodes", "POST", "/catalog/objects/companies/rules", `{"name":"c_big","must":"employees = 1` + strings.Repeat(" or 1=1", 100_000) + `"}`, "formula.too_long", "company.c_big.must", 422},
			{"unknown setting", "POST", "/catalog/objects", `{"name":"c_x","plural":"c_xs","colour":1}`, "value.unknown_field", "colour", 422},
			{"no prefix", "POST", "/catalog/objects/companies/fields", `{"name":"mine","kind":"text"}`, "catalog.prefix", "name", 422},
			{"no kind", "POST", "/catalog/objects/companies/fields", `{"name":"c_mine"}`, "value.required", "kind", 422},
			{"another kind", "PATCH", "/catalog/objects/companies/fields/name", `{"kind":"number"}`, "catalog.kind_change", "kind", 422},
			{"another name", "PATCH", "/catalog/objects/companies/fields/name", `{"name":"c_other"}`, "value.read_only", "name", 422},
			{"retire a shipped field", "POST", "/catalog/objects/companies/fields/name/retire", ``, "catalog.shipped", "retired", 422},
			{"there already", "POST", "/catalog/objects/companies/fields", `{"name":"code","kind":"text"}`, "catalog.name_taken", "name", 409},
		} {
			got := w.call(c.method, c.path, c.body)
			if p := got.problem(t, c.status, c.key, ""); false || p == nil {
				continue
			}
			if c.field != "" && len(c.field) < 60 {
				got.problem(t, c.status, c.key, c.field)
			}
			if c.name == "rule" && !strings.Contains(string(got.body), "Never below zero.") {
				t.Errorf("the words of the rule are missing: %s", got.body)
			}
			if len(got.body) > 4000 {
				t.Errorf("%s: the problem has %d bytes", c.name, len(got.body))
			}
		}
		w.call("POST", "/companies", `name=a`, "Content-Type: application/x-www-form-urlencoded").problem(t, 415, "request.media_type", "")
		w.call("GET", "/companies?filter="+url.QueryEscape(strings.Repeat("(", 5000)), nil).want(t, 400)
		if w.state() != before {
			t.Error("something changed")
		}
	})
}

// TestEndlessBody sends 100 MiB, announced and not: the answer comes long before the end.
func TestEndlessBody(t *testing.T) {
	w := onFile(t, nil)
	before := w.state()
	for _, announced := range []bool{true, false} {
		for _, path := range []string{"/companies", "/companies/batch", "/session", "/imports"} {
			in := &endless{left: 100 << 20}
			req := w.request("POST", path, io.Reader(in), "Authorization: Bearer "+w.token)
			if announced {
				req.ContentLength = 100 << 20
			}
			began := time.Now()
			res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
			if err == nil {
				if _ = res.Body.Close(); res.StatusCode != 413 && (announced || path != "/imports") {
					t.Errorf("%s announced %v: %d", path, announced, res.StatusCode)
				}
			} else if !strings.Contains(err.Error(), "broken pipe") && !strings.Contains(err.Error(), "reset") {
				t.Errorf("%s: %v", path, err)
			}
			most := int64(60 << 20)
			if announced { // what lies in the buffers of the machine at most
				most = 12 << 20
			}
			if took := time.Since(began); took > 5*time.Second || in.taken > most {
				t.Errorf("%s took %v and %d bytes", path, took, in.taken)
			}
		}
	}
	if w.state() != before {
		t.Error("something changed")
	}
}

func TestIdempotency(t *testing.T) {
	onEach(t, nil, func(t *testing.T, w *world) {
		key := "Idempotency-Key: first"
		one := w.call("POST", "/companies", `{"name":"A"}`, key).want(t, 201)
		two := w.call("POST", "/companies", `{"name":"A"}`, key).want(t, 201)
		if string(one.body) != string(two.body) || two.header.Get("Idempotency-Replayed") != "true" || two.header.Get("ETag") != `"1"` || one.header.Get("Idempotency-Replayed") != "" {
			t.Errorf("%s %v, then %s %v", one.body, one.header, two.body, two.header)
		}
		w.call("POST", "/companies", `{"name":"B"}`, key).problem(t, 409, "request.idempotency_mismatch", "")
		w.call("POST", "/samples", `{"name":"A"}`, key).problem(t, 409, "request.idempotency_mismatch", "")
		// A refusal is not kept: the same key may succeed later.
		w.call("POST", "/companies", `{"nome":"A"}`, "Idempotency-Key: second").want(t, 422)
		w.call("POST", "/companies", `{"name":"C"}`, "Idempotency-Key: second").want(t, 201)
		for _, bad := range []string{strings.Repeat("k", 201), "a b", "ü"} {
			w.call("POST", "/companies", `{"name":"D"}`, "Idempotency-Key: "+bad).problem(t, 400, "request.idempotency_key", "")
		}
		// Somebody else has keys of his own.
		other := "Authorization: Bearer " + w.tokenOf(w.user("M", "m@example.org", "manager"), "write")
		w.call("POST", "/companies", `{"name":"A"}`, key, other).want(t, 201)
		path := "/companies/" + one.id(t)
		for range 2 {
			w.call("DELETE", path, nil, "Idempotency-Key: third").want(t, 204)
		}
		for range 2 {
			w.call("POST", "/catalog/objects/companies/fields", `{"name":"c_once","kind":"text"}`, "Idempotency-Key: fourth")
			w.call("PATCH", "/settings", `{"name":"X"}`, "Idempotency-Key: fifth").want(t, 200)
		}
		w.call("PATCH", "/settings", `{"name":"Y"}`, "Idempotency-Key: fifth").problem(t, 409, "request.idempotency_mismatch", "")
	})
}

// TestOneKeyAtOnce sends one request many times at once: it is done once and all hear the same.
func TestOneKeyAtOnce(t *testing.T) {
	onEach(t, nil, func(t *testing.T, w *world) {
		const n = 12
		bodies := make([]string, n)
		var group sync.WaitGroup
		for i := range n {
			group.Go(func() {
				got := w.call("POST", "/companies", `{"name":"Same"}`, "Idempotency-Key: at-once")
				bodies[i] = fmt.Sprint(got.status, string(got.body))
			})
		}
		group.Wait()
		for _, b := range bodies {
			if b != bodies[0] || !strings.HasPrefix(b, "201") {
				t.Errorf("%s, another heard %s", b, bodies[0])
			}
		}
		if got := w.call("GET", "/companies", nil).object(t)["items"].([]any); len(got) != 1 {
			t.Errorf("%d records", len(got))
		}
	})
}
