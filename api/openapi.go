package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"ashna/engine/access"
	"ashna/engine/meta"
)

// node is a part of a JSON document.
type node = map[string]any

// openapiKey names a description: of a catalog, as somebody may see it.
type openapiKey struct {
	version int64
	mask    string
	user    string
}

// maxOpenapis is how many descriptions are kept.
const maxOpenapis = 100

// openapi answers with the description of the interface: of the objects that the caller may see, or of those that ship when nobody is
// signed in.
func (s *server) openapi(w http.ResponseWriter, r *request) error {
	if err := r.parameters().end(); err != nil {
		return err
	}
	who := r.who
	if who == nil {
		who = s.Engine.System(0)
	}
	key := openapiKey{who.Catalog.Version, who.Key(), r.user.String()}
	if body, ok := s.openapis.Load(key); ok {
		return reply(w, http.StatusOK, body.([]byte))
	}
	body, err := json.Marshal(s.describe(who, r.who == nil))
	if err != nil {
		return fmt.Errorf("describe the interface: %w", err)
	}
	if s.described.Add(1) > maxOpenapis {
		s.openapis.Clear()
		s.described.Store(1)
	}
	s.openapis.Store(key, body)
	return reply(w, http.StatusOK, body)
}

// describe makes the document for a viewer; only what ships is in it for a guest.
func (s *server) describe(who *access.Viewer, guest bool) node {
	paths, schemas := node{}, fixedSchemas()
	for _, rt := range s.routes {
		if !strings.Contains(rt.pattern, "{objects}") {
			describeRoute(paths, rt, rt.pattern, nil, nil)
		}
	}
	for _, e := range who.Catalog.Entities {
		if e.Object.Retired || guest && e.Object.Custom || !sees(who, e) {
			continue
		}
		for _, rt := range s.routes {
			if strings.Contains(rt.pattern, "{objects}") {
				describeObjectRoute(paths, rt, e)
			}
		}
		objectSchemas(schemas, who, e)
	}
	return node{
		"openapi": "3.1.0",
		"info": node{
			"title": "Ashna", "version": orText(s.Version, "0"),
			"description": "Records, search, changes, files and administration of a workspace.",
		},
		"servers": []any{node{"url": orText(strings.TrimSuffix(s.BaseURL, "/"), "/")}},
		"paths":   paths,
		"components": node{
			"schemas": schemas,
			"securitySchemes": node{
				"token":   node{"type": "http", "scheme": "bearer"},
				"session": node{"type": "apiKey", "in": "cookie", "name": cookieSecure},
			},
		},
		"security": []any{node{"token": []any{}}, node{"session": []any{}}},
	}
}

// describeObjectRoute writes a route for one object, and for each of its actions where the route is for actions.
func describeObjectRoute(paths node, rt *route, e *meta.Entity) {
	pattern := strings.ReplaceAll(rt.pattern, "{objects}", e.Plural)
	if !strings.Contains(pattern, "{action}") {
		describeRoute(paths, rt, pattern, e, nil)
		return
	}
	for i, a := range e.Actions {
		if a.Object != strings.Contains(pattern, "{id}") {
			describeRoute(paths, rt, strings.ReplaceAll(pattern, "{action}", a.Name), e, &e.Actions[i])
		}
	}
}

func describeRoute(paths node, rt *route, pattern string, e *meta.Entity, a *meta.Action) {
	at, ok := paths[pattern].(node)
	if !ok {
		at = node{}
		paths[pattern] = at
	}
	d := rt.doc
	words := strings.FieldsFunc(pattern, func(c rune) bool { return strings.ContainsRune("/{}._", c) })
	operation := node{
		"operationId": strings.ToLower(rt.method) + "_" + strings.Join(words, "_"), "summary": d.summary, "tags": []any{d.tag},
		"responses": node{statusText(d): answerNode(d, e), "default": problemAnswer()},
	}
	if parameters := parameterNodes(d, pattern); len(parameters) > 0 {
		operation["parameters"] = parameters
	}
	if d.in != "" {
		needed := d.in != "@action" && d.in != "binary"
		operation["requestBody"] = node{"required": needed, "content": node{orText(d.media, "application/json"): node{"schema": bodySchema(d.in, e, a)}}}
	}
	if d.in == "@action" {
		operation["responses"].(node)["204"] = node{"description": "Done"}
	}
	if rt.policy.name == public.name {
		operation["security"] = []any{}
	}
	if rt.pattern == root+"/catalog/objects" || len(d.query) > 0 && d.query[0] == "preview" {
		operation["responses"].(node)["200"] = node{"description": "The plan, or what it became", "content": jsonContent(node{"anyOf": []any{ref("plan"), ref("object")}})}
	}
	at[strings.ToLower(rt.method)] = operation
}

func statusText(d doc) string {
	switch {
	case d.status != 0:
		return strconv.Itoa(d.status)
	case d.out == "":
		return "204"
	}
	return "200"
}

func answerNode(d doc, e *meta.Entity) node {
	answer := node{"description": "Done"}
	switch {
	case d.out == "":
	case d.answers != "":
		answer["content"] = node{d.answers: node{"schema": ref(d.out)}}
	default:
		answer["content"] = jsonContent(ref(named(d.out, e)))
	}
	if d.out == "@" {
		answer["headers"] = node{"ETag": node{"schema": node{"type": "string"}, "description": "The version, for If-Match"}}
	}
	return answer
}

func jsonContent(schema node) node { return node{"application/json": node{"schema": schema}} }

func problemAnswer() node {
	return node{"description": "What was wrong", "content": node{"application/problem+json": node{"schema": ref("problem")}}}
}

func ref(name string) node { return node{"$ref": "#/components/schemas/" + name} }

// named gives the name of a schema: "@page" of a company is "company.page".
func named(schema string, e *meta.Entity) string {
	part, own := strings.CutPrefix(schema, "@")
	switch {
	case !own:
		return schema
	case part == "":
		return "record." + e.Name
	}
	return "record." + e.Name + "." + part
}

func bodySchema(schema string, e *meta.Entity, a *meta.Action) node {
	if a == nil {
		return ref(named(schema, e))
	}
	properties, required := node{}, []any{}
	for _, f := range a.Input {
		properties[f.Name] = writeSchema(f.Kind)
		if f.Required {
			required = append(required, f.Name)
		}
	}
	return node{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}

// parameterNodes are those of the address, the query and the headers.
func parameterNodes(d doc, pattern string) []any {
	var list []any
	for _, piece := range strings.Split(pattern, "/") {
		if name, ok := strings.CutPrefix(piece, "{"); ok {
			list = append(list, node{"name": strings.TrimSuffix(name, "}"), "in": "path", "required": true, "schema": node{"type": "string"}})
		}
	}
	add := func(place string, names []string) {
		for _, name := range names {
			p := queryParameters[name]
			list = append(list, node{"name": name, "in": place, "description": p.words, "schema": node{"type": p.schema}})
		}
	}
	add("query", d.query)
	add("header", d.header)
	return list
}
