package openapi

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"ashna/engine/access"
	"ashna/engine/meta"
	"ashna/kit/formula"
	"ashna/kit/ident"
)

// routes are one route for every Doc of the package, under addresses like those of the interface.
func routes() []Route {
	const objects, one = "/v1/{objects}", "/v1/{objects}/{id}"
	list := []Route{
		{"GET", objects, false, List}, {"POST", objects, false, Create}, {"GET", one, false, Get}, {"PATCH", one, false, Update}, {"DELETE", one, false, Delete},
		{"POST", one + "/restore", false, Restore}, {"POST", one + "/purge", false, Purge}, {"POST", objects + "/batch", false, Batch},
		{"POST", objects + "/{action}", false, ObjectAction}, {"POST", one + "/{action}", false, Action}, {"GET", one + "/timeline", false, Timeline},
		{"GET", one + "/shares", false, Shares}, {"PUT", one + "/shares/{principal}", false, Share}, {"DELETE", one + "/shares/{principal}", false, Unshare},
		{"GET", one + "/files", false, Files}, {"POST", one + "/files", false, Upload}, {"GET", "/v1/exports/{objects}", false, Export},
	}
	plain := map[string]Doc{
		"GET objects": Catalog, "GET search": Search, "GET changes": Changes, "GET live": Live, "GET files/{id}": Download, "DELETE files/{id}": RemoveFile,
		"POST imports": Import, "GET imports/{id}": ImportStatus, "GET imports/{id}/errors": ImportErrors, "POST session": SignIn, "POST setup": Setup, "DELETE session": SignOut,
		"GET me": Me, "POST me/password": Password, "POST me/totp": BeginTOTP, "POST me/totp/confirm": ConfirmTOTP, "POST me/totp/disable": DisableTOTP,
		"GET me/sessions": Sessions, "DELETE me/sessions/{id}": EndSession, "GET me/tokens": Tokens, "POST me/tokens": CreateToken, "DELETE me/tokens/{id}": EndToken,
		"GET settings": Settings, "PATCH settings": SaveSettings, "GET jobs": Jobs, "POST jobs/{id}/retry": RetryJob, "POST jobs/{id}/cancel": CancelJob,
		"GET openapi.json": OpenAPI, "GET healthz": Healthz, "GET readyz": Readyz, "GET metrics": Metrics, "POST catalog/objects": DeclareObject,
		"POST catalog/objects/{object}/fields": DeclareField, "POST catalog/objects/{object}/rules": DeclareRule,
		"PATCH catalog/objects/{object}": DeclareObject.Changing(), "POST catalog/objects/{object}/retire": DeclareObject.Turning("Retire"),
		"PATCH catalog/objects/{object}/fields/{field}": DeclareField.Changing(), "POST catalog/objects/{object}/rules/{rule}/restore": DeclareRule.Turning("Restore"),
	}
	for _, key := range slices.Sorted(maps.Keys(plain)) {
		method, path, _ := strings.Cut(key, " ")
		list = append(list, Route{method, "/v1/" + path, path == "healthz" || path == "setup", plain[key]})
	}
	return list
}

// business is a catalog with a field of every kind, with actions, a hidden object and a retired one.
func business(t *testing.T) *meta.Catalog {
	t.Helper()
	var every []meta.Field
	for _, name := range meta.KindTypes() {
		k, err := meta.UnmarshalKind(json.RawMessage(`"` + name + `"`))
		switch name {
		case "formula", "rollup", "links", "link", "any_link":
			continue
		case "choice":
			k = meta.ChoiceKind{Options: options}
		case "multi_choice":
			k = meta.MultiChoiceKind{Options: options}
		}
		if err != nil && k == nil {
			t.Fatal(err)
		}
		every = append(every, meta.Field{Name: "a_" + name, Kind: k})
	}
	text := func(name string) meta.Field { return meta.Field{Name: name, Kind: meta.TextKind{}} }
	to := func(name, object string) meta.Field {
		return meta.Field{Name: name, Kind: meta.RefKind{To: object}, Required: true}
	}
	objects := append(access.Objects(), []meta.Object{
		{Name: "company", Plural: "companies", Fields: append(every, text("name"), meta.Field{Name: "secret", Kind: meta.NumberKind{}, Sensitive: true},
			meta.Field{Name: "people", Kind: meta.ManyKind{Through: "post", Near: "company", Far: "person"}}, meta.Field{Name: "about", Kind: meta.AnyRefKind{}},
			meta.Field{Name: "deals_won", Kind: meta.RollupKind{List: "deals", Function: meta.Count}},
			meta.Field{Name: "rich", Kind: meta.FormulaKind{Source: "deals_won > 10", Result: meta.BoolKind{}}})},
		{Name: "deal", Plural: "deals", Fields: []meta.Field{
			{Name: "name", Kind: meta.TextKind{}, Required: true}, to("company", "company"), {Name: "stage", Kind: meta.ChoiceKind{Options: options}, Required: true, Default: "new"},
			{Name: "score", Kind: meta.NumberKind{}, Derived: true, Required: true}, {Name: "amount", Kind: meta.MoneyKind{}}, {Name: "gone", Kind: meta.TextKind{}, Retired: true},
		}, Actions: []meta.Action{
			{Name: "win", Input: []meta.Field{{Name: "reason", Kind: meta.TextKind{}, Required: true}, {Name: "day", Kind: meta.DateKind{}}}},
			{Name: "lose"}, {Name: "tally", Object: true, Reads: true, Input: []meta.Field{{Name: "stage", Kind: meta.ChoiceKind{Options: options}}}},
		}},
		{Name: "person", Plural: "people", Fields: []meta.Field{text("name")}},
		{Name: "post", Plural: "posts", Fields: []meta.Field{to("company", "company"), to("person", "person")}},
		{Name: "vault", Plural: "vaults", Fields: []meta.Field{text("name")}},
		{Name: "past", Plural: "pasts", Retired: true, Fields: []meta.Field{text("name")}},
	}...)
	c, err := meta.Compile(meta.Sources{Objects: objects, Settings: formula.Settings{BaseScale: 2}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// described is the document for the program itself, with all but the vault.
func described(t *testing.T, who *access.Viewer) node {
	t.Helper()
	return Describe(routes(), who, Options{Version: "1.2", Address: "https://crm.example.org/", Cookie: "ashna", Shown: func(e *meta.Entity) bool { return e.Name != "vault" }})
}

func system(t *testing.T) *access.Viewer {
	t.Helper()
	return access.NewSystem(business(t), nil, 0)
}

// at goes down a document by names.
func at(t *testing.T, doc node, names ...string) node {
	t.Helper()
	for i, name := range names {
		next, ok := doc[name].(node)
		if !ok {
			t.Fatalf("no %s", strings.Join(names[:i+1], " > "))
		}
		doc = next
	}
	return doc
}

// operations calls visit for each operation of a document.
func operations(t *testing.T, doc node, visit func(method, path string, op node)) {
	t.Helper()
	for path, item := range at(t, doc, "paths") {
		for method, op := range item.(node) {
			visit(method, path, op.(node))
		}
	}
}

func TestDescribeHasEveryRouteOfEveryObject(t *testing.T) {
	who := system(t)
	doc := described(t, who)
	want := map[string]bool{}
	for _, rt := range routes() {
		if !strings.Contains(rt.Pattern, "{objects}") {
			want[rt.Method+" "+rt.Pattern] = true
			continue
		}
		for _, e := range who.Catalog.Entities {
			if e.Object.Retired || e.Name == "vault" {
				continue
			}
			path := strings.Replace(rt.Pattern, "{objects}", e.Plural, 1)
			if !strings.Contains(path, "{action}") {
				want[rt.Method+" "+path] = true
				continue
			}
			for _, a := range e.Actions {
				if a.Object == !strings.Contains(path, "{id}") {
					want[rt.Method+" "+strings.Replace(path, "{action}", a.Name, 1)] = true
				}
			}
		}
	}
	ids := map[string]string{}
	operations(t, doc, func(method, path string, op node) {
		key := strings.ToUpper(method) + " " + path
		if !want[key] {
			t.Errorf("%s is described, but is no route", key)
		}
		delete(want, key)
		id := op["operationId"].(string)
		if other, twice := ids[id]; twice || id == "" || strings.ContainsAny(id, "/{}. ") {
			t.Errorf("%s and %s have the id %q", key, other, id)
		}
		ids[id] = key
		if op["summary"] == "" || len(op["tags"].([]any)) != 1 || op["tags"].([]any)[0] == "" {
			t.Errorf("%s has no summary or no tag: %v", key, op)
		}
	})
	for key := range want {
		t.Errorf("%s is not described", key)
	}
	if len(ids) < 150 {
		t.Errorf("only %d operations", len(ids))
	}
}

// Every reference leads to a schema, and every schema is used by somebody.
func TestDescribeReferences(t *testing.T) {
	doc := described(t, system(t))
	schemas := at(t, doc, "components", "schemas")
	used := map[string]bool{}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case node:
			if to, ok := v["$ref"].(string); ok {
				name, local := strings.CutPrefix(to, "#/components/schemas/")
				if _, there := schemas[name]; !local || !there || len(v) != 1 {
					t.Errorf("%v leads nowhere", v)
				}
				used[name] = true
			}
			for _, part := range v {
				walk(part)
			}
		case []any:
			for _, part := range v {
				walk(part)
			}
		}
	}
	walk(doc)
	for name := range schemas {
		if !used[name] {
			t.Errorf("nobody uses the schema %s", name)
		}
	}
	if raw, err := json.Marshal(doc); err != nil || len(raw) < 20_000 {
		t.Errorf("a document of %d bytes, %v", len(raw), err)
	}
}

// Every name of an address is a parameter of it, other parameters have words and a type, and none is named twice.
func TestDescribeParameters(t *testing.T) {
	operations(t, described(t, system(t)), func(method, path string, op node) {
		var inPath []string
		seen := map[string]bool{}
		list, _ := op["parameters"].([]any)
		for _, p := range list {
			p := p.(node)
			name := p["name"].(string)
			if seen[name] {
				t.Errorf("%s %s has %s twice", method, path, name)
			}
			seen[name] = true
			kind := at(t, p, "schema")["type"]
			switch p["in"] {
			case "path":
				inPath = append(inPath, "{"+name+"}")
				if p["required"] != true || kind != "string" {
					t.Errorf("%s %s: %v", method, path, p)
				}
			case "query", "header":
				if p["description"] == "" || p["required"] == true || !slices.Contains([]any{"string", "integer", "boolean"}, kind) {
					t.Errorf("%s %s: %v", method, path, p)
				}
			default:
				t.Errorf("%s %s: a parameter in %v", method, path, p["in"])
			}
		}
		var want []string
		for _, piece := range strings.Split(path, "/") {
			if strings.HasPrefix(piece, "{") {
				want = append(want, piece)
			}
		}
		if !slices.Equal(inPath, want) {
			t.Errorf("%s %s has the parameters %q", method, path, inPath)
		}
		if _, ok := op["parameters"]; ok && len(list) == 0 {
			t.Errorf("%s %s: an empty list of parameters", method, path)
		}
	})
}

func TestDescribeAnswers(t *testing.T) {
	doc := described(t, system(t))
	operations(t, doc, func(method, path string, op node) {
		problem := at(t, op, "responses", "default", "content", "application/problem+json", "schema")
		if problem["$ref"] != "#/components/schemas/problem" {
			t.Errorf("%s %s refuses with %v", method, path, problem)
		}
		for status, answer := range at(t, op, "responses") {
			_, hasContent := answer.(node)["content"]
			if answer.(node)["description"] == "" || hasContent == (status == "204") || status != "default" && len(status) != 3 {
				t.Errorf("%s %s: %s is %v", method, path, status, answer)
			}
		}
		if body, ok := op["requestBody"].(node); ok {
			content := at(t, body, "content")
			if method == "get" || len(content) != 1 {
				t.Errorf("%s %s has the body %v", method, path, content)
			}
		}
	})
	for _, c := range []struct{ method, path, status, media, schema string }{
		{"get", "/v1/deals", "200", "application/json", "record.deal.page"}, {"post", "/v1/deals", "201", "application/json", "record.deal"},
		{"get", "/v1/deals/{id}", "200", "application/json", "record.deal"}, {"patch", "/v1/deals/{id}", "200", "application/json", "record.deal"},
		{"delete", "/v1/deals/{id}", "204", "", ""}, {"post", "/v1/deals/batch", "200", "application/json", "record.deal.results"},
		{"get", "/v1/deals/{id}/timeline", "200", "application/json", "changes"}, {"post", "/v1/deals/{id}/files", "201", "application/json", "file"},
		{"post", "/v1/imports", "202", "application/json", "id"}, {"get", "/v1/live", "200", "text/event-stream", "text"}, {"get", "/v1/exports/deals", "200", "*/*", "binary"},
		{"get", "/v1/healthz", "200", "text/plain", "text"}, {"post", "/v1/session", "201", "application/json", "session"}, {"post", "/v1/deals/{id}/win", "204", "", ""},
		{"patch", "/v1/catalog/objects/{object}", "200", "application/json", ""}, {"post", "/v1/catalog/objects", "201", "application/json", "object"},
	} {
		answer := at(t, doc, "paths", c.path, c.method, "responses", c.status)
		if c.media == "" {
			if _, ok := answer["content"]; ok {
				t.Errorf("%s %s: %v has content", c.method, c.path, answer)
			}
			continue
		}
		schema := at(t, answer, "content", c.media, "schema")
		if c.schema != "" && schema["$ref"] != "#/components/schemas/"+c.schema {
			t.Errorf("%s %s answers %v, want %s", c.method, c.path, schema, c.schema)
		}
	}
	for path, want := range map[string]bool{"/v1/deals/{id}": true, "/v1/deals": false} {
		if _, ok := at(t, doc, "paths", path, "get", "responses", "200")["headers"]; ok != want {
			t.Errorf("%s says its version: %v", path, ok)
		}
	}
}

func TestDescribeBodies(t *testing.T) {
	doc := described(t, system(t))
	for _, c := range []struct {
		method, path, media string
		required            bool
		schema              string
	}{
		{"post", "/v1/deals", "application/json", true, "record.deal.create"}, {"patch", "/v1/deals/{id}", "application/json", true, "record.deal.update"},
		{"post", "/v1/deals/batch", "application/json", true, "record.deal.batch"}, {"put", "/v1/deals/{id}/shares/{principal}", "application/json", true, "share.write"},
		{"post", "/v1/deals/{id}/files", "*/*", false, "binary"}, {"post", "/v1/imports", "multipart/form-data", true, "import.write"}, {"post", "/v1/deals/{id}/win", "application/json", false, ""},
	} {
		body := at(t, doc, "paths", c.path, c.method, "requestBody")
		schema := at(t, body, "content", c.media, "schema")
		if body["required"] != c.required || c.schema != "" && schema["$ref"] != "#/components/schemas/"+c.schema {
			t.Errorf("%s %s takes %v", c.method, c.path, body)
		}
	}
	input := func(path string) node {
		return at(t, doc, "paths", path, "post", "requestBody", "content", "application/json", "schema")
	}
	win := input("/v1/deals/{id}/win")
	if !reflect.DeepEqual(win["required"], []any{"reason"}) || win["additionalProperties"] != false || !slices.Equal(slices.Sorted(maps.Keys(at(t, win, "properties"))), []string{"day", "reason"}) {
		t.Errorf("win takes %v", win)
	}
	if lose := input("/v1/deals/{id}/lose"); len(at(t, lose, "properties")) != 0 || !reflect.DeepEqual(lose["required"], []any{}) {
		t.Errorf("lose takes %v", lose)
	}
	for body, want := range map[string]bool{`{"stage":"won"}`: true, `{}`: true, `{"stage":{}}`: true, `{"stage":[]}`: false, `{"stage":true}`: false, `{"step":"won"}`: false} {
		if err := fits(nil, input("/v1/deals/tally"), decoded(body)); (err == nil) != want {
			t.Errorf("tally of %s: %v", body, err)
		}
	}
	for _, path := range []string{"/v1/catalog/objects/{object}/retire", "/v1/deals/{id}/restore", "/v1/me/sessions/{id}"} {
		for _, op := range at(t, doc, "paths", path) {
			if _, ok := op.(node)["requestBody"]; ok {
				t.Errorf("%s takes a body", path)
			}
		}
	}
}

// Public routes ask for nobody, the others for a token or a session, as the document says once.
func TestDescribeSecurity(t *testing.T) {
	doc := described(t, system(t))
	schemes := at(t, doc, "components", "securitySchemes")
	var named []string
	for _, one := range doc["security"].([]any) {
		for name := range one.(node) {
			named = append(named, name)
		}
	}
	slices.Sort(named)
	if !slices.Equal(named, slices.Sorted(maps.Keys(schemes))) || at(t, schemes, "session")["name"] != "ashna" {
		t.Errorf("security %v of the schemes %v", named, schemes)
	}
	operations(t, doc, func(method, path string, op node) {
		own, open := op["security"]
		if want := path == "/v1/healthz" || path == "/v1/setup"; open != want || open && len(own.([]any)) != 0 {
			t.Errorf("%s %s: security %v", method, path, own)
		}
	})
	if doc["openapi"] != "3.1.0" || at(t, doc, "info")["version"] != "1.2" || !reflect.DeepEqual(doc["servers"], []any{node{"url": "https://crm.example.org"}}) {
		t.Errorf("openapi %v, info %v, servers %v", doc["openapi"], doc["info"], doc["servers"])
	}
	bare := Describe(nil, system(t), Options{Shown: func(*meta.Entity) bool { return false }})
	if at(t, bare, "info")["version"] != "0" || !reflect.DeepEqual(bare["servers"], []any{node{"url": "/"}}) || len(at(t, bare, "paths")) != 0 {
		t.Errorf("a bare document: %v %v", bare["info"], bare["servers"])
	}
	for name := range at(t, bare, "components", "schemas") {
		if strings.HasPrefix(name, "record.") {
			t.Errorf("%s is described though nothing is shown", name)
		}
	}
}

// The catalog decides what is in a document, and the document is the same for the same viewer.
func TestDescribeIsRepeatable(t *testing.T) {
	who := system(t)
	first, err := json.Marshal(described(t, who))
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := json.Marshal(described(t, who)); string(again) != string(first) {
		t.Error("two descriptions differ")
	}
	for _, word := range []string{"vault", "/pasts", "record.past", `"gone"`, "{objects}", "{action}"} {
		if strings.Contains(string(first), word) {
			t.Errorf("%s is in the document", word)
		}
	}
}

const (
	roleID = ident.ID(40)
	userID = ident.ID(1)
)

// person is a viewer with one role.
func person(t *testing.T, c *meta.Catalog, objects map[string]access.Grant) *access.Viewer {
	t.Helper()
	policy := access.NewPolicy(1, access.Data{
		People: []access.Person{{ID: userID, Active: true, Roles: []ident.ID{roleID}}}, Roles: []access.RoleData{{ID: roleID, Code: "r", Rights: access.Rights{Objects: objects}}},
	})
	v, err := access.NewViewer(c, policy, userID, nil)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// A viewer's document has the fields that the viewer may read, and takes those that the viewer may write.
func TestDescribeShowsWhatTheViewerSees(t *testing.T) {
	c := business(t)
	all := func(fields map[string]access.FieldRight) access.Grant {
		return access.Grant{Rights: map[access.Right]access.Scope{access.Read: access.All, access.Create: access.All, access.Update: access.All}, Fields: fields}
	}
	who := person(t, c, map[string]access.Grant{
		"company": all(map[string]access.FieldRight{"a_email": access.Hidden, "a_phone": access.ReadOnly}), "deal": all(map[string]access.FieldRight{"name": access.Hidden}),
	})
	schemas := at(t, described(t, who), "components", "schemas")
	for _, name := range []string{"company", "deal", "post"} {
		e, _ := c.Object(name)
		read, create, update := at(t, schemas, "record."+name), at(t, schemas, "record."+name+".create"), at(t, schemas, "record."+name+".update")
		var needed []any
		for _, a := range e.Fields {
			_, shown := at(t, read, "properties")[a.Name]
			always := a.Name == meta.FieldID || a.Name == meta.FieldVersion
			if shown != (who.Readable(a) || always) {
				t.Errorf("%s.%s is shown: %v", name, a.Name, shown)
			}
			_, taken := at(t, create, "properties")[a.Name]
			if taken != who.Writable(a) || taken && !shown {
				t.Errorf("%s.%s is taken: %v", name, a.Name, taken)
			}
			if taken && a.Required && a.Default == "" {
				needed = append(needed, a.Name)
			}
		}
		if got := create["required"].([]any); len(got) != len(needed) || len(got) > 0 && !reflect.DeepEqual(got, needed) {
			t.Errorf("%s needs %v, want %v", name, got, needed)
		}
		if _, ok := update["required"]; ok || !reflect.DeepEqual(update["properties"], create["properties"]) {
			t.Errorf("%s: an update needs %v", name, update["required"])
		}
		if !reflect.DeepEqual(read["required"], []any{"id", "version"}) || read["additionalProperties"] != false || create["additionalProperties"] != false || update["additionalProperties"] != false {
			t.Errorf("%s: %v", name, read["required"])
		}
	}
	company := func(kind string) node { return at(t, schemas, "record.company"+kind, "properties") }
	for field, want := range map[string][2]bool{
		"a_email": {false, false}, "a_phone": {true, false}, "a_text": {true, true}, "secret": {false, false}, "owner": {true, true}, "created_at": {true, false},
		"a_address": {true, true}, "a_address_city": {false, false}, "id": {true, false},
	} {
		_, shown := company("")[field]
		_, taken := company(".create")[field]
		if [2]bool{shown, taken} != want {
			t.Errorf("company.%s: shown %v, taken %v, want %v", field, shown, taken, want)
		}
	}
}

// The system sees everything, but what is worked out is never taken.
func TestDescribeTakesNothingComputed(t *testing.T) {
	schemas := at(t, described(t, system(t)), "components", "schemas")
	create, read := at(t, schemas, "record.company.create", "properties"), at(t, schemas, "record.company", "properties")
	for _, name := range []string{"deals_won", "rich", "id", "version", "created_by", "changed_at", "deleted"} {
		if create[name] != nil || read[name] == nil {
			t.Errorf("%s is taken, or not shown", name)
		}
	}
	deal := at(t, schemas, "record.deal.create")
	if !reflect.DeepEqual(deal["required"], []any{"name", "company"}) || at(t, deal, "properties")["score"] != nil {
		t.Errorf("a deal needs %v", deal["required"])
	}
}

// The envelopes of records take what the interface gives and takes, and nothing else.
func TestEnvelopes(t *testing.T) {
	schemas := at(t, described(t, system(t)), "components", "schemas")
	record := `{"id":"` + someID + `","version":1,"name":"A"}`
	problem := `{"type":"t","title":"t","status":422,"detail":"","instance":"","key":"k","fields":{"name":{"key":"k","message":"m"}}}`
	for _, c := range []struct {
		schema, body string
		ok           bool
	}{
		{"record.deal", record, true}, {"record.deal", `{"id":"` + someID + `"}`, false}, {"record.deal", `{"id":"5","version":1}`, false}, {"record.deal", `{"id":"` + someID + `","version":1,"x":1}`, false},
		{"record.deal.page", `{"items":[` + record + `],"next":null}`, true}, {"record.deal.page", `{"items":[],"next":"c","count":{"n":5,"more":true}}`, true},
		{"record.deal.page", `{"items":[]}`, false}, {"record.deal.page", `{"items":[{}],"next":null}`, false}, {"record.deal.page", `{"items":[],"next":5}`, false},
		{"record.deal.create", `{"name":"A","company":"` + someID + `"}`, true}, {"record.deal.create", `{"name":"A"}`, false}, {"record.deal.update", `{}`, true},
		{"record.deal.update", `{"stage":"won","amount":12.5}`, true}, {"record.deal.update", `{"stage":true}`, false}, {"record.deal.update", `{"rank":1}`, false},
		{"record.deal.batch", `{"operations":[{"op":"delete","id":"` + someID + `","version":3},{"op":"create","values":{"name":"x"}}],"atomic":true}`, true},
		{"record.deal.batch", `{"operations":[{"op":"merge"}]}`, false}, {"record.deal.batch", `{}`, false}, {"record.deal.batch", `{"operations":[{"id":"` + someID + `"}]}`, false},
		{"record.deal.results", `{"results":[{"status":201,"record":` + record + `},{"status":422,"problem":` + problem + `}]}`, true}, {"record.deal.results", `{"results":[{}]}`, false},
		{"problem", problem, true}, {"problem", `{"type":"t"}`, false}, {"share.write", `{"level":"read"}`, true}, {"share.write", `{"level":"own"}`, false}, {"share.write", `{"level":"edit","until":null}`, true},
		{"token.write", `{"name":"n","scopes":["read"]}`, true}, {"token.write", `{"name":"n"}`, false}, {"settings.write", `{"zone":"Asia/Baku"}`, true}, {"settings.write", `{"moon":"full"}`, false},
		{"login", `{"email":"a","password":"b"}`, true}, {"login", `{"email":"a"}`, false}, {"id", `{"id":"` + someID + `"}`, true}, {"id", `{"id":null}`, false}, {"plan", `{"steps":["a"]}`, true},
		{"changes", `{"items":[],"next":null}`, true}, {"changes", `{"items":[],"next":"5"}`, false}, {"files", `{"items":[],"next":"5"}`, false},
		{"import.errors", `{"items":[{"row":2,"values":["a"],"fields":{"name":{"key":"k","message":"m","params":{"max":5}}}}],"next":7}`, true},
	} {
		if err := fits(schemas, at(t, schemas, c.schema), decoded(c.body)); (err == nil) != c.ok {
			t.Errorf("%s of %s: %v", c.schema, c.body, err)
		}
	}
}

// Changing and turning a declaration keep the rest of its documentation, and leave the first as it was.
func TestDocsOfChanges(t *testing.T) {
	before := DeclareField
	changed, retired := DeclareField.Changing(), DeclareField.Turning("Retire")
	if changed.Summary != "Change a field" || changed.Status != 0 || changed.In != "declaration" || changed.Out != "object" || !slices.Equal(changed.Query, []string{"preview"}) {
		t.Errorf("changing: %+v", changed)
	}
	if retired.Summary != "Retire a field" || retired.Status != 0 || retired.In != "" || retired.Out != "object" || !slices.Equal(retired.Header, before.Header) {
		t.Errorf("turning: %+v", retired)
	}
	if !reflect.DeepEqual(DeclareField, before) {
		t.Error("the documentation of adding was changed")
	}
	for name := range queryParameters {
		if p := queryParameters[name]; p.words == "" || p.schema == "" {
			t.Errorf("%s has no words or no type", name)
		}
	}
}

func TestNamesOfSchemas(t *testing.T) {
	e, _ := business(t).Object("deal")
	for schema, want := range map[string]string{"@": "record.deal", "@page": "record.deal.page", "file": "file", "import.write": "import.write"} {
		if got := named(schema, e); got != want {
			t.Errorf("named(%s) = %s, want %s", schema, got, want)
		}
	}
	for _, c := range []struct {
		doc  Doc
		want string
	}{{Doc{}, "204"}, {Doc{Out: "id"}, "200"}, {Doc{Out: "id", Status: 202}, "202"}, {Doc{Status: 205}, "205"}} {
		if got := statusText(c.doc); got != c.want {
			t.Errorf("%+v answers %s, want %s", c.doc, got, c.want)
		}
	}
}
