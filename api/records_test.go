package api

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestLifeOfARecord(t *testing.T) {
	onEach(t, nil, func(t *testing.T, w *world) {
		made := w.call("POST", "/companies", map[string]any{"name": "Ashna", "employees": 12, "amount": "5 USD"}).want(t, 201)
		if made.header.Get("ETag") != `"1"` || made.header.Get("Cache-Control") != "no-store" || made.header.Get("X-Request-Id") == "" ||
			made.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("headers %v", made.header)
		}
		path := "/companies/" + made.id(t)
		w.call("PATCH", path, `{"name":"Ashna 2"}`, `If-Match: "1"`).want(t, 200)
		stale := w.call("PATCH", path, `{"name":"x"}`, `If-Match: "1"`)
		if p := stale.problem(t, 412, "record.stale", ""); p["params"].(map[string]any)["version"] != json.Number("2") {
			t.Errorf("the present version is not told: %v", p)
		}
		w.call("PATCH", path, `{"name":"x"}`, "If-Match: 1").problem(t, 400, "request.if_match", "")
		w.call("DELETE", path, nil, `If-Match: "1"`).problem(t, 412, "record.stale", "")
		w.call("POST", path+"/purge", nil).problem(t, 409, "record.not_deleted", "")
		w.call("DELETE", path, nil, `If-Match: "2"`).want(t, 204)
		w.call("PATCH", path, `{"name":"x"}`).problem(t, 409, "record.deleted", "")
		if got := w.call("GET", "/companies?deleted=true", nil).want(t, 200).object(t); len(got["items"].([]any)) != 1 {
			t.Errorf("the recycle bin has %v", got)
		}
		if got := w.call("POST", path+"/restore", nil).want(t, 200); got.header.Get("ETag") != `"4"` || got.object(t)["deleted"] != nil {
			t.Errorf("restored: %s %s", got.header.Get("ETag"), got.body)
		}
		w.call("POST", path+"/rename", `{"to":"Third"}`).want(t, 200)
		if got := w.call("GET", path+"?fields=name", nil).want(t, 200); string(got.body) != `{"id":"`+made.id(t)+`","version":5,"name":"Third"}` {
			t.Errorf("fields: %s", got.body)
		}
		w.call("DELETE", path, nil).want(t, 204)
		w.call("POST", path+"/purge", nil).want(t, 204)
		w.call("GET", path, nil).problem(t, 404, "error.not_found", "")
		var ops []string
		for _, c := range w.call("GET", "/changes?after=0&limit=1000", nil).want(t, 200).object(t)["items"].([]any) {
			if one := c.(map[string]any); one["record"] == made.id(t) {
				ops = append(ops, one["op"].(string))
			}
		}
		if want := []string{"create", "update", "delete", "restore", "update", "delete", "purge"}; !slices.Equal(ops, want) {
			t.Errorf("changes %v, want %v", ops, want)
		}
	})
}

// TestComputedFields are shown where they were worked out, and left out of the answers to changes.
func TestComputedFields(t *testing.T) {
	w := onFile(t, nil)
	parent := w.company("Parent")
	made := w.call("POST", "/companies", map[string]any{"name": "Child", "parent": parent}).want(t, 201)
	if _, there := made.object(t)["parent_name"]; there {
		t.Errorf("a field that was not worked out is in %s", made.body)
	}
	for _, path := range []string{"/companies/" + made.id(t), "/companies/" + made.id(t) + "?fields=parent_name"} {
		if got := w.call("GET", path, nil).want(t, 200).object(t); got["parent_name"] != "Parent" {
			t.Errorf("%s: %v", path, got)
		}
	}
	list := w.call("GET", "/companies?fields=parent_name&sort=name", nil).want(t, 200).object(t)["items"].([]any)
	if list[0].(map[string]any)["parent_name"] != "Parent" {
		t.Errorf("list %v", list)
	}
}

func TestActions(t *testing.T) {
	w := onFile(t, nil)
	id := w.company("One")
	if got := w.call("POST", "/companies/tally", nil).want(t, 200); string(got.body) != `{"n":7}` {
		t.Errorf("tally: %s", got.body)
	}
	w.call("POST", "/companies/"+id+"/rename", `{}`).problem(t, 422, "value.required", "to")
	w.call("POST", "/companies/"+id+"/rename", `{"to":"a","x":1}`).problem(t, 422, "value.unknown_field", "x")
	w.call("POST", "/companies/"+id+"/tally", nil).problem(t, 404, "action.unknown", "")
	w.call("POST", "/companies/rename", nil).problem(t, 404, "action.unknown", "")
	w.call("POST", "/companies/nothing", nil).problem(t, 404, "action.unknown", "")
}

// TestPagesOfAList goes through lists in several orders with several sizes of page, and sees every record once.
func TestPagesOfAList(t *testing.T) {
	onEach(t, nil, func(t *testing.T, w *world) {
		const n = 57
		var operations []any
		for i := range n {
			operations = append(operations, map[string]any{"op": "create", "values": map[string]any{"name": fmt.Sprintf("C%02d", i), "employees": i % 5}})
		}
		w.call("POST", "/companies/batch", map[string]any{"atomic": true, "operations": operations}).want(t, 200)
		for _, sort := range []string{"", "name", "-name", "employees,-name", "-created_at"} {
			for _, limit := range []int{1, 10, 57, 1000} {
				seen, pages, cursor := map[string]bool{}, 0, ""
				for {
					q := url.Values{"sort": {sort}, "limit": {fmt.Sprint(limit)}, "fields": {"name"}}
					if cursor != "" {
						q.Set("cursor", cursor)
					}
					page := w.call("GET", "/companies?"+q.Encode(), nil).want(t, 200).object(t)
					for _, item := range page["items"].([]any) {
						seen[item.(map[string]any)["id"].(string)] = true
					}
					next, more := page["next"].(string)
					if pages++; !more || pages > n+1 {
						break
					}
					cursor = next
				}
				if want := (n + limit - 1) / limit; len(seen) != n || pages != want {
					t.Errorf("sort %q limit %d: %d records in %d pages, want %d", sort, limit, len(seen), pages, want)
				}
				if limit == 1 && testing.Short() {
					break
				}
			}
		}
		got := w.call("GET", "/companies?filter="+url.QueryEscape("employees = 3")+"&count=true&limit=2", nil).want(t, 200).object(t)
		if c := got["count"].(map[string]any); c["n"] != json.Number("11") || c["more"] != false || len(got["items"].([]any)) != 2 {
			t.Errorf("filtered: %v", got["count"])
		}
		other := got["next"].(string)
		w.call("GET", "/companies?sort=name&cursor="+other, nil).problem(t, 400, "request.cursor", "")
	})
}

func TestQueriesThatAreRefused(t *testing.T) {
	w := onFile(t, nil)
	w.company("One")
	w.call("GET", "/companies", nil).want(t, 200)
	for _, c := range []struct {
		query, key, field string
	}{
		{"limt=1", "request.parameter", "limt"},
		{"limit=0", "value.min", "limit"},
		{"limit=1001", "request.limit", "limit"},
		{"limit=x", "value.number", "limit"},
		{"limit=1&limit=2", "request.repeated", "limit"},
		{"count=maybe", "value.bool", "count"},
		{"zone=Nowhere/Land", "value.choice", "zone"},
		{"zone=Local", "value.choice", "zone"},
		{"zone=../../etc/passwd", "value.choice", "zone"},
		{"fields=nothing", "value.unknown_field", "fields.nothing"},
		{"sort=nothing", "value.unknown_field", "sort.nothing"},
		{"filter=nothing+%3D+1", "formula.unknown_field_near", ""},
		{"filter=" + strings.Repeat("%28", 500), "", ""},
		{"filter=%00", "value.text_invalid", "filter"},
		{"filter=%ff", "value.text_invalid", "filter"},
		{"cursor=abc", "request.cursor", ""},
		{"%zz", "request.query", ""},
		{"a;b", "request.query", ""},
	} {
		got := w.call("GET", "/companies?"+c.query, nil)
		if c.key == "" || strings.HasPrefix(c.key, "formula.") {
			got.want(t, 400)
			continue
		}
		got.problem(t, 400, c.key, c.field)
	}
	w.call("GET", "/companies?filter="+strings.Repeat("a", maxQuery), nil).want(t, 413)
	w.call("GET", "/companies?filter="+url.QueryEscape(strings.Repeat("1+", 30_000)), nil).want(t, 413)
	w.call("GET", "/nothing", nil).problem(t, 404, "value.unknown_object", "")
	w.call("GET", "/companies/zzz", nil).problem(t, 404, "error.not_found", "")
	w.call("GET", "/a/b/c/d/e", nil).problem(t, 404, "request.path", "")
	if got := w.call("PUT", "/companies", nil); got.want(t, 405).header.Get("Allow") != "GET, POST" {
		t.Errorf("Allow %q", got.header.Get("Allow"))
	}
}

func TestBatch(t *testing.T) {
	onEach(t, nil, func(t *testing.T, w *world) {
		id := w.company("Old", "code", "A")
		body := func(atomic bool) map[string]any {
			return map[string]any{"atomic": atomic, "operations": []any{
				map[string]any{"op": "create", "values": map[string]any{"name": "New"}},
				map[string]any{"op": "create", "values": map[string]any{"name": "Twin", "code": "A"}},
				map[string]any{"op": "update", "id": id, "version": 1, "values": map[string]any{"employees": 5}},
				map[string]any{"op": "update", "id": id, "version": 1, "values": map[string]any{"employees": 6}},
				map[string]any{"op": "create", "values": map[string]any{"nome": "x"}},
				map[string]any{"op": "fly"},
				map[string]any{"op": "delete", "id": id},
			}}
		}
		before := w.state()
		w.call("POST", "/companies/batch", body(true)).problem(t, 409, "value.duplicate", "")
		if w.state() != before {
			t.Error("all or nothing left something")
		}
		got := w.call("POST", "/companies/batch", body(false)).want(t, 200).object(t)
		var statuses []string
		for _, r := range got["results"].([]any) {
			statuses = append(statuses, fmt.Sprint(r.(map[string]any)["status"]))
		}
		if want := "201 409 200 409 422 422 204"; strings.Join(statuses, " ") != want {
			t.Errorf("statuses %v, want %s: %v", statuses, want, got)
		}
		if count := w.call("GET", "/companies?count=true", nil).object(t)["count"].(map[string]any); count["n"] != json.Number("1") {
			t.Errorf("%v companies are left", count["n"])
		}
		// A defect of one is no refusal that the others could go on beside.
		before = w.state()
		w.call("POST", "/companies/batch", `{"operations":[{"op":"create","values":{"name":"a"}},{"op":"create","values":{"name":"defect"}}]}`).problem(t, 500, "error.internal", "")
		if w.state() != before {
			t.Error("a batch that broke left something")
		}
		p := w.call("POST", "/companies/batch", `{"atomic":true,"operations":[{"op":"create","values":{"name":"a"}},{"op":"create","values":{}}]}`)
		p.problem(t, 422, "value.required", "operations.1.name")
		many := make([]any, maxOperations+1)
		for i := range many {
			many[i] = map[string]any{"op": "create", "values": map[string]any{"name": "x"}}
		}
		w.call("POST", "/companies/batch", map[string]any{"operations": many}).problem(t, 422, "value.too_many", "operations")
	})
}
