// Package openapi describes the REST interface of a workspace as OpenAPI 3.1: its routes, and for each object the schemas of what is read
// and written, from the catalog.
package openapi

import (
	"strconv"
	"strings"

	"ashna/engine/access"
	"ashna/engine/meta"
)

// node is a part of a JSON document.
type node = map[string]any

// Route is one method of one address. {objects} in its pattern stands for the plural of an object, {action} for an action.
type Route struct {
	Method  string
	Pattern string
	Public  bool // nobody needs to be signed in
	Doc     Doc
}

// Options are what the description depends on besides the routes.
type Options struct {
	Version string
	Address string                    // of the workspace; empty: where the document came from
	Cookie  string                    // name of the session cookie
	Shown   func(e *meta.Entity) bool // which objects are in it
}

// Describe makes the document for a viewer.
func Describe(routes []Route, who *access.Viewer, o Options) map[string]any {
	paths, schemas := node{}, fixedSchemas()
	for _, rt := range routes {
		if !strings.Contains(rt.Pattern, "{objects}") {
			describeRoute(paths, rt, rt.Pattern, nil, nil)
		}
	}
	for _, e := range who.Catalog.Entities {
		if e.Object.Retired || !o.Shown(e) {
			continue
		}
		for _, rt := range routes {
			if strings.Contains(rt.Pattern, "{objects}") {
				describeObjectRoute(paths, rt, e)
			}
		}
		objectSchemas(schemas, who, e)
	}
	return node{
		"openapi": "3.1.0",
		"info": node{
			"title": "Ashna", "version": orElse(o.Version, "0"),
			"description": "Records, search, changes, files and administration of a workspace.",
		},
		"servers": []any{node{"url": orElse(strings.TrimSuffix(o.Address, "/"), "/")}},
		"paths":   paths,
		"components": node{
			"schemas": schemas,
			"securitySchemes": node{
				"token":   node{"type": "http", "scheme": "bearer"},
				"session": node{"type": "apiKey", "in": "cookie", "name": o.Cookie},
			},
		},
		"security": []any{node{"token": []any{}}, node{"session": []any{}}},
	}
}

// describeObjectRoute writes a route for one object, and for each of its actions where the route is for actions.
func describeObjectRoute(paths node, rt Route, e *meta.Entity) {
	pattern := strings.ReplaceAll(rt.Pattern, "{objects}", e.Plural)
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

func describeRoute(paths node, rt Route, pattern string, e *meta.Entity, a *meta.Action) {
	at, ok := paths[pattern].(node)
	if !ok {
		at = node{}
		paths[pattern] = at
	}
	d := rt.Doc
	words := strings.FieldsFunc(pattern, func(c rune) bool { return strings.ContainsRune("/{}._", c) })
	operation := node{
		"operationId": strings.ToLower(rt.Method) + "_" + strings.Join(words, "_"), "summary": d.Summary, "tags": []any{d.Tag},
		"responses": node{statusText(d): answerNode(d, e), "default": problemAnswer()},
	}
	if parameters := parameterNodes(d, pattern); len(parameters) > 0 {
		operation["parameters"] = parameters
	}
	if d.In != "" {
		needed := d.In != "@action" && d.In != "binary"
		operation["requestBody"] = node{"required": needed, "content": node{orElse(d.Media, "application/json"): node{"schema": bodySchema(d.In, e, a)}}}
	}
	if d.In == "@action" {
		operation["responses"].(node)["204"] = node{"description": "Done"}
	}
	if rt.Public {
		operation["security"] = []any{}
	}
	if len(d.Query) > 0 && d.Query[0] == "preview" {
		operation["responses"].(node)["200"] = node{"description": "The plan, or what it became", "content": jsonContent(node{"anyOf": []any{ref("plan"), ref("object")}})}
	}
	at[strings.ToLower(rt.Method)] = operation
}

func statusText(d Doc) string {
	switch {
	case d.Status != 0:
		return strconv.Itoa(d.Status)
	case d.Out == "":
		return "204"
	}
	return "200"
}

func answerNode(d Doc, e *meta.Entity) node {
	answer := node{"description": "Done"}
	switch {
	case d.Out == "":
	case d.Answers != "":
		answer["content"] = node{d.Answers: node{"schema": ref(d.Out)}}
	default:
		answer["content"] = jsonContent(ref(named(d.Out, e)))
	}
	if d.Out == "@" {
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
func parameterNodes(d Doc, pattern string) []any {
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
	add("query", d.Query)
	add("header", d.Header)
	return list
}

func orElse(given, otherwise string) string {
	if given != "" {
		return given
	}
	return otherwise
}
