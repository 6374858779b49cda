package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"ashna/engine/db"
)

func fuzzConfig(t testing.TB) db.Config { return db.Config{Dir: t.TempDir()} }

// catalogOf reads one object of the catalog as a caller sees it.
func (w *world) catalogOf(plural string, headers ...string) map[string]any {
	w.t.Helper()
	for _, o := range w.call("GET", "/objects", nil, headers...).want(w.t, 200).object(w.t)["objects"].([]any) {
		if one := o.(map[string]any); one["plural"] == plural {
			return one
		}
	}
	return nil
}

func fieldOf(object map[string]any, name string) map[string]any {
	list, _ := object["fields"].([]any)
	for _, f := range list {
		if one := f.(map[string]any); one["name"] == name {
			return one
		}
	}
	return nil
}

func TestCatalogAsOneMaySeeIt(t *testing.T) {
	w := onFile(t, nil)
	company := w.catalogOf("companies")
	if f := fieldOf(company, "secret"); f == nil || f["sensitive"] != true || f["writable"] != true {
		t.Errorf("the owner's secret %v", f)
	}
	if f := fieldOf(company, "score"); f["writable"] != false || f["derived"] != true {
		t.Errorf("score %v", f)
	}
	if lists := company["lists"].([]any); len(lists) != 3 || lists[0].(map[string]any)["name"] != "subsidiaries" {
		t.Errorf("lists %v", lists)
	}
	if actions := company["actions"].([]any); len(actions) != 2 {
		t.Errorf("actions %v", actions)
	}
	viewer := "Authorization: Bearer " + w.tokenOf(w.user("V", "v@example.org", "viewer"), "admin")
	seen := w.catalogOf("companies", viewer)
	rights := seen["rights"].(map[string]any)
	if fieldOf(seen, "secret") != nil || rights["read"] != true || rights["create"] != false || len(seen["rules"].([]any)) != 0 || len(seen["actions"].([]any)) != 1 {
		t.Errorf("a viewer sees %v", seen)
	}
	if w.catalogOf("roles", viewer) != nil {
		t.Error("a viewer sees the roles")
	}
	w.call("GET", "/companies?filter=secret+%3D+%22x%22", nil, viewer).want(t, 400)
	w.call("GET", "/companies?fields=secret", nil, viewer).problem(t, 400, "value.unknown_field", "fields.secret")
	w.call("GET", "/companies?sort=secret", nil, viewer).problem(t, 400, "value.unknown_field", "sort.secret")
}

// TestCustomObject makes an object with fields and a rule, uses it, retires it and brings it back.
func TestCustomObject(t *testing.T) {
	onEach(t, nil, func(t *testing.T, w *world) {
		plan := w.call("POST", "/catalog/objects?preview=true", `{"name":"c_visit","plural":"c_visits"}`).want(t, 200).object(t)
		if steps := plan["steps"].([]any); len(steps) == 0 || w.catalogOf("c_visits") != nil {
			t.Errorf("the plan is %v", steps)
		}
		made := w.call("POST", "/catalog/objects", `{"name":"c_visit","plural":"c_visits","labels":{"en":"Visit","fa":"بازدید","en.plural":"Visits"}}`).want(t, 201).object(t)
		if made["label"] != "Visit" || made["label_plural"] != "Visits" || made["custom"] != true {
			t.Errorf("made %v", made)
		}
		w.call("POST", "/catalog/objects/c_visits/fields", `{"name":"title","kind":{"type":"text","max":50},"required":true}`).want(t, 201)
		w.call("POST", "/catalog/objects/c_visits/fields", `{"name":"stars","kind":"rating"}`).want(t, 201)
		w.call("POST", "/catalog/objects/c_visits/rules", `{"name":"c_some","must":"stars > 0","field":"stars"}`).want(t, 201)
		w.call("POST", "/c_visits", `{"title":"A","stars":0}`).problem(t, 422, "value.rule", "stars")
		id := w.call("POST", "/c_visits", `{"title":"A","stars":4}`).want(t, 201).id(t)
		w.call("PATCH", "/catalog/objects/c_visits/fields/stars", `{"labels":{"en":"Stars"},"index":true}`).want(t, 200)
		// A rule keeps its fields: it goes first.
		w.call("POST", "/catalog/objects/c_visits/fields/stars/retire", nil).want(t, 422)
		w.call("POST", "/catalog/objects/c_visits/rules/c_some/retire", nil).want(t, 200)
		w.call("POST", "/catalog/objects/c_visits/fields/stars/retire", nil).want(t, 200)
		if got := w.call("GET", "/c_visits/"+id, nil).want(t, 200).object(t); got["stars"] != nil {
			t.Errorf("a retired field shows: %v", got)
		}
		w.call("POST", "/catalog/objects/c_visits/fields/stars/restore", nil).want(t, 200)
		if got := w.call("GET", "/c_visits/"+id, nil).want(t, 200).object(t); got["stars"] != json.Number("4") {
			t.Errorf("the value of a restored field is gone: %v", got)
		}
		w.call("POST", "/catalog/objects/c_visits/retire", nil).want(t, 200)
		w.call("GET", "/c_visits/"+id, nil).want(t, 404)
		w.call("POST", "/catalog/objects/c_visits/restore", nil).want(t, 200)
		w.call("GET", "/c_visits/"+id, nil).want(t, 200)
		w.call("PATCH", "/catalog/objects/nothing", `{}`).problem(t, 404, "value.unknown_object", "")
		w.call("PATCH", "/catalog/objects/c_visits/fields/nothing", `{}`).problem(t, 404, "error.not_found", "")
		member := "Authorization: Bearer " + w.tokenOf(w.user("M", "m@example.org", "member"), "admin")
		w.call("POST", "/catalog/objects", `{"name":"c_x","plural":"c_xs"}`, member).problem(t, 403, "error.denied", "")
		if !strings.Contains(string(w.call("GET", "/changes?after=0&limit=1000", nil).body), `"op":"schema"`) {
			t.Error("the log does not say that the catalog changed")
		}
	})
}

func TestSettings(t *testing.T) {
	w := onFile(t, nil)
	w.call("PATCH", "/settings", `{"zone":"Nowhere","country":"x"}`).problem(t, 422, "value.choice", "zone")
	w.call("PATCH", "/settings", `{"colour":"red"}`).problem(t, 422, "value.unknown_field", "colour")
	if got := w.call("PATCH", "/settings", `{"name":"Ashna","zone":"Asia/Baku"}`).want(t, 200).object(t); got["name"] != "Ashna" || got["zone"] != "Asia/Baku" || got["language"] != "en" {
		t.Errorf("settings %v", got)
	}
	w.company("One", "amount", "5 USD")
	w.call("PATCH", "/settings", `{"currency":"AZN"}`).problem(t, 422, "catalog.in_use", "currency")
	viewer := "Authorization: Bearer " + w.tokenOf(w.user("V", "v@example.org", "viewer"), "admin")
	w.call("GET", "/settings", nil, viewer).want(t, 200)
	w.call("PATCH", "/settings", `{"name":"X"}`, viewer).problem(t, 403, "error.denied", "")
}

// TestShares gives somebody a right on one record, and takes it away.
func TestShares(t *testing.T) {
	onEach(t, nil, func(t *testing.T, w *world) {
		path := "/companies/" + w.company("One")
		member := w.user("M", "m@example.org", "member")
		as := "Authorization: Bearer " + w.tokenOf(member, "admin")
		w.call("GET", path, nil, as).want(t, 404)
		share := path + "/shares/" + member.String()
		w.call("PUT", share, `{"level":"own"}`).problem(t, 422, "value.choice", "level")
		w.call("PUT", share, `{"level":"read","until":"2001-01-01T00:00:00Z"}`).problem(t, 422, "value.min", "until")
		w.call("PUT", path+"/shares/0000000000001", `{"level":"read"}`).problem(t, 422, "value.reference", "principal")
		w.call("PUT", share, `{"level":"read"}`).want(t, 200)
		w.call("GET", path, nil, as).want(t, 200)
		w.call("PATCH", path, `{"name":"x"}`, as).problem(t, 403, "error.denied", "")
		w.call("PUT", share, `{"level":"edit"}`).want(t, 200)
		w.call("PATCH", path, `{"name":"x"}`, as).want(t, 200)
		if got := w.call("GET", path+"/shares", nil).want(t, 200).object(t)["items"].([]any); len(got) != 1 || got[0].(map[string]any)["level"] != "edit" {
			t.Errorf("shares %v", got)
		}
		w.call("DELETE", share, nil).want(t, 204)
		w.call("GET", path, nil, as).want(t, 404)
	})
}

func TestSearchAndTimeline(t *testing.T) {
	onEach(t, nil, func(t *testing.T, w *world) {
		id := w.company("Khazar Maritime", "secret", "hush")
		w.call("POST", "/samples", `{"text_field":"khazar too"}`).want(t, 201)
		for range 3 {
			w.call("PATCH", "/companies/"+id, `{"employees":1}`)
			w.call("PATCH", "/companies/"+id, `{"employees":2}`).want(t, 200)
		}
		if got := w.call("GET", "/search?q=khazar", nil).want(t, 200).object(t)["items"].([]any); len(got) != 2 {
			t.Errorf("found %v", got)
		}
		got := w.call("GET", "/search?q=khazar&objects=companies", nil).want(t, 200).object(t)["items"].([]any)
		if len(got) != 1 || got[0].(map[string]any)["title"] != "Khazar Maritime" || got[0].(map[string]any)["object"] != "companies" {
			t.Errorf("found %v", got)
		}
		w.call("GET", "/search", nil).problem(t, 400, "value.required", "q")
		w.call("GET", "/search?q=a&objects=nothing", nil).problem(t, 400, "value.unknown_object", "objects")
		var seen []string
		next := "0"
		for range 20 {
			page := w.call("GET", "/companies/"+id+"/timeline?limit=2&before="+next, nil).want(t, 200).object(t)
			for _, c := range page["items"].([]any) {
				seen = append(seen, string(c.(map[string]any)["seq"].(json.Number)))
			}
			if page["next"] == nil {
				break
			}
			next = string(page["next"].(json.Number))
		}
		if len(seen) != 7 {
			t.Errorf("timeline of %d: %v", len(seen), seen)
		}
		viewer := "Authorization: Bearer " + w.tokenOf(w.user("V", "v@example.org", "viewer"), "admin")
		if body := string(w.call("GET", "/companies/"+id+"/timeline", nil, viewer).want(t, 200).body); strings.Contains(body, "hush") || strings.Contains(body, "secret") {
			t.Errorf("the timeline tells a secret: %s", body)
		}
		if body := string(w.call("GET", "/changes?after=0", nil, viewer).want(t, 200).body); strings.Contains(body, "hush") {
			t.Errorf("the changes tell a secret: %s", body)
		}
		if n := w.with(http.DefaultClient, "GET", "/changes", nil); n.status != 401 {
			t.Errorf("the log for nobody: %d", n.status)
		}
	})
}
