package api

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// contract is the description that the server gives out, as a reader of it that is not ours understands it.
type contract struct {
	doc  *openapi3.T
	seen map[string]bool // operations that answered with success
}

func newContract(t testing.TB, raw []byte) *contract {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		t.Fatalf("read the description: %v", err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		t.Fatalf("the description is not valid: %v", err)
	}
	return &contract{doc, map[string]bool{}}
}

// route finds the operation of an address: the path with the most fixed parts wins, as the specification says.
func (c *contract) route(method, path string) *routers.Route {
	var best *routers.Route
	fixed := -1
	for template, item := range c.doc.Paths.Map() {
		a, b := strings.Split(template, "/"), strings.Split(path, "/")
		same, n := len(a) == len(b), 0
		for i := range min(len(a), len(b)) {
			switch {
			case a[i] == b[i]:
				n++
			case !strings.HasPrefix(a[i], "{"):
				same = false
			}
		}
		if op := item.GetOperation(method); same && op != nil && n > fixed {
			fixed, best = n, &routers.Route{Spec: c.doc, Path: template, PathItem: item, Method: method, Operation: op}
		}
	}
	return best
}

// check holds one answer to the description.
func (c *contract) check(req *http.Request, res *http.Response, body []byte) error {
	route := c.route(req.Method, req.URL.Path)
	if route == nil {
		if res.StatusCode < 400 {
			return fmt.Errorf("%s %s is not described", req.Method, req.URL.Path)
		}
		return nil
	}
	err := openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, Route: route},
		Status:                 res.StatusCode, Header: res.Header, Body: io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{ExcludeResponseBody: described(route, res)},
	})
	if err == nil && res.StatusCode < 300 {
		c.seen[route.Operation.OperationID] = true
	}
	return err
}

// described says whether the body is of a kind that only the length could be said of.
func described(route *routers.Route, res *http.Response) bool {
	answer := route.Operation.Responses.Status(res.StatusCode)
	return answer != nil && answer.Value.Content.Get("*/*") != nil && answer.Value.Content.Get("application/json") == answer.Value.Content.Get("*/*")
}

func TestDescriptionIsValidForEveryViewer(t *testing.T) {
	w := onFile(t, nil)
	viewer := w.tokenOf(w.user("V", "v@example.org", "viewer"), "read")
	guest := w.with(http.DefaultClient, "GET", "/api/openapi.json", nil).want(t, 200)
	owner := w.call("GET", "/api/openapi.json", nil).want(t, 200)
	limited := w.with(http.DefaultClient, "GET", "/api/openapi.json", nil, "Authorization: Bearer "+viewer).want(t, 200)
	for _, raw := range [][]byte{guest.body, owner.body, limited.body} {
		newContract(t, raw)
	}
	if !bytes.Contains(owner.body, []byte(`"secret"`)) || bytes.Contains(limited.body, []byte(`"secret"`)) {
		t.Error("the description shows a field to who may not see it, or hides it from the owner")
	}
	if again := w.call("GET", "/api/openapi.json", nil); !bytes.Equal(again.body, owner.body) {
		t.Error("the description is not the same twice")
	}
	w.call("POST", "/catalog/objects", `{"name":"c_visit","plural":"c_visits"}`).want(t, 201)
	if !bytes.Contains(w.call("GET", "/api/openapi.json", nil).body, []byte("/api/v1/c_visits")) {
		t.Error("a new object is not described")
	}
	if bytes.Contains(w.with(http.DefaultClient, "GET", "/api/openapi.json", nil).body, []byte("c_visit")) {
		t.Error("a guest hears of a custom object")
	}
}

// TestDescriptionCoversEveryRoute compares the list of routes with the operations of the description.
func TestDescriptionCoversEveryRoute(t *testing.T) {
	w := onFile(t, nil)
	c := newContract(t, w.call("GET", "/api/openapi.json", nil).body)
	for _, rt := range w.server.routes {
		path := strings.ReplaceAll(rt.pattern, "{objects}", "companies")
		switch {
		case strings.HasSuffix(path, "{id}/{action}"):
			path = strings.ReplaceAll(path, "{action}", "rename")
		case strings.HasSuffix(path, "{action}"):
			path = strings.ReplaceAll(path, "{action}", "tally")
		}
		item := c.doc.Paths.Find(path)
		if item == nil || item.GetOperation(rt.method) == nil {
			t.Errorf("%s %s is not described", rt.method, path)
		}
	}
	ids := map[string]bool{}
	for path, item := range c.doc.Paths.Map() {
		for method, op := range item.Operations() {
			if ids[op.OperationID] || op.Summary == "" {
				t.Errorf("%s %s has no summary, or another's id %s", method, path, op.OperationID)
			}
			ids[op.OperationID] = true
		}
	}
}

// TestAnswersKeepTheContract calls every route and holds each answer, of success and of refusal, to the description.
func TestAnswersKeepTheContract(t *testing.T) {
	onEach(t, withBulk, func(t *testing.T, w *world) {
		w.contract = newContract(t, w.call("GET", "/api/openapi.json", nil).body)
		w.walk(t)
		var missing []string
		for path, item := range w.contract.doc.Paths.Map() {
			for method, op := range item.Operations() {
				general := strings.Contains(path, "/companies") || !strings.HasPrefix(path, root) || slices.Contains([]string{"me", "session", "files", "catalog", "jobs", "imports"}, strings.Split(path, "/")[3])
				if general && !w.contract.seen[op.OperationID] && op.OperationID != "get_api_v1_live" && op.OperationID != "post_api_v1_setup" {
					missing = append(missing, method+" "+path)
				}
			}
		}
		slices.Sort(missing)
		if len(missing) > 0 {
			t.Errorf("no answer of these was checked:\n%s", strings.Join(missing, "\n"))
		}
	})
}

// walk uses every route once with success, and some with refusals.
func (w *world) walk(t *testing.T) {
	id, other := w.company("One", "code", "A", "employees", 3), w.company("Two")
	path := "/companies/" + id
	for _, c := range []struct {
		method, path, body string
	}{
		{"GET", "/companies?count=true&fields=name,amount", ""}, {"GET", "/samples", ""}, {"GET", path, ""}, {"GET", "/companies/nope", ""},
		{"POST", "/companies", `{"nome":1,"employees":"x","amount":{"amount":"1","currency":"ZZZ"}}`}, {"PATCH", path, `{"name":"Eins","amount":"5 USD"}`},
		{"POST", "/companies/batch", `{"operations":[{"op":"create","values":{"name":"Three"}},{"op":"create","values":{}}]}`},
		{"POST", path + "/rename", `{"to":"Uno"}`}, {"POST", "/companies/tally", ""}, {"GET", path + "/timeline", ""},
		{"PUT", path + "/shares/" + w.user("F", "f@example.org", "member").String(), `{"level":"read"}`}, {"GET", path + "/shares", ""},
		{"GET", "/objects", ""}, {"GET", "/search?q=uno", ""}, {"GET", "/changes?after=0", ""}, {"GET", "/me", ""}, {"GET", "/settings", ""},
		{"PATCH", "/settings", `{"name":"House"}`}, {"PATCH", "/settings", `{"zone":"Nowhere"}`}, {"GET", "/jobs", ""},
		{"GET", "/exports/companies?format=csv", ""}, {"GET", "/api/openapi.json", ""}, {"GET", "/healthz", ""}, {"GET", "/readyz", ""}, {"GET", "/metrics", ""},
		{"DELETE", "/companies/" + other, ""}, {"POST", "/companies/" + other + "/restore", ""}, {"DELETE", "/companies/" + other, ""},
		{"POST", "/companies/" + other + "/purge", ""},
		{"POST", "/catalog/objects?preview=true", `{"name":"c_a","plural":"c_as"}`}, {"POST", "/catalog/objects", `{"name":"c_a","plural":"c_as"}`},
		{"PATCH", "/catalog/objects/c_as", `{"icon":"star"}`}, {"POST", "/catalog/objects/c_as/retire", ""}, {"POST", "/catalog/objects/c_as/restore", ""},
		{"POST", "/catalog/objects/companies/fields", `{"name":"c_f","kind":"text"}`},
		{"PATCH", "/catalog/objects/companies/fields/c_f", `{"labels":{"en":"F"}}`},
		{"POST", "/catalog/objects/companies/fields/c_f/retire", ""}, {"POST", "/catalog/objects/companies/fields/c_f/restore", ""},
		{"POST", "/catalog/objects/companies/rules", `{"name":"c_r","must":"employees < 1000","field":"employees"}`},
		{"PATCH", "/catalog/objects/companies/rules/c_r", `{"must":"employees < 2000"}`},
		{"POST", "/catalog/objects/companies/rules/c_r/retire", ""}, {"POST", "/catalog/objects/companies/rules/c_r/restore", ""},
		{"POST", "/catalog/objects/companies/fields", `{"name":"x","kind":"text"}`},
	} {
		w.call(c.method, c.path, c.body)
	}
	w.walkFiles(t, path)
	w.walkAccount(t)
	w.walkBulk(t, path)
}

func (w *world) walkFiles(t *testing.T, path string) {
	file := w.call("POST", path+"/files?name=a.txt", "hello").want(t, 201).id(t)
	w.call("GET", path+"/files", nil).want(t, 200)
	w.call("GET", "/files/"+file, nil).want(t, 200)
	w.call("DELETE", "/files/"+file, nil).want(t, 204)
	var shares struct{ Items []struct{ Principal string } }
	w.call("GET", path+"/shares", nil).into(t, &shares)
	w.call("DELETE", path+"/shares/"+shares.Items[0].Principal, nil).want(t, 204)
}

func (w *world) walkBulk(t *testing.T, _ string) {
	body, kind := importForm(`{"object":"companies"}`, "name\nA\n")
	id := w.call("POST", "/imports", body, "Content-Type: "+kind).want(t, 202).id(t)
	w.call("GET", "/imports/"+id, nil).want(t, 200)
	w.call("GET", "/imports/"+id+"/errors", nil).want(t, 200)
	dead, waiting := w.addJobs(t)
	w.call("GET", "/jobs", nil).want(t, 200)
	w.call("POST", "/jobs/"+dead+"/retry", nil).want(t, 204)
	w.call("POST", "/jobs/"+waiting+"/cancel", nil).want(t, 204)
}

// recorded makes an answer of a handler that is called without a network.
func (w *world) recorded(req *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	w.server.ServeHTTP(rec, req)
	return rec
}
