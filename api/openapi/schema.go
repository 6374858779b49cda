package openapi

import (
	"maps"
	"slices"

	"ashna/engine/access"
	"ashna/engine/meta"
)

// Schemas that others are made of.
var (
	anything  = node{}
	text      = node{"type": "string"}
	whole     = node{"type": "integer"}
	yesNo     = node{"type": "boolean"}
	idText    = node{"type": "string", "pattern": "^[0-9a-z]{13}$"}
	maybeID   = node{"type": []any{"string", "null"}, "pattern": "^[0-9a-z]{13}$"}
	instant   = node{"type": "string", "format": "date-time"}
	maybeTime = node{"type": []any{"string", "null"}, "format": "date-time"}
)

// object is a schema of all the given properties and no others; every one of them comes unless it is named in maybe.
func object(properties node, maybe ...string) node {
	required := []any{}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if !slices.Contains(maybe, name) {
			required = append(required, name)
		}
	}
	return node{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}

func listOf(item node) node { return node{"type": "array", "items": item} }

// pageOf is the schema of a page; next is null on the last one.
func pageOf(item, next node) node { return object(node{"items": listOf(item), "next": next}) }

func mapOf(value node) node { return node{"type": "object", "additionalProperties": value} }

// fixedSchemas are those that depend on no object.
func fixedSchemas() node {
	s := node{
		"anything": anything, "binary": node{}, "text": text, "id": object(node{"id": idText}),
		"problem": object(node{
			"type": text, "title": text, "status": whole, "detail": text, "instance": text, "key": text, "params": node{"type": "object"},
			"fields": mapOf(object(node{"key": text, "message": text, "params": node{"type": "object"}}, "params")),
		}, "params"),
		"change": object(node{
			"seq": whole, "tx": whole, "at": instant, "actor": maybeID, "via": text, "cause": whole, "depth": whole, "object": text, "record": maybeID,
			"version": whole, "op": text, "fields": node{"type": "object"},
		}),
		"changes": pageOf(ref("change"), node{"type": []any{"integer", "null"}}),
		"hits":    pageOf(object(node{"object": text, "id": idText, "title": text}), maybeID),
		"share": object(node{
			"principal": idText, "level": text, "until": instant, "granted_by": maybeID, "granted_at": instant,
		}, "until"),
		"share.write": object(node{"level": node{"type": "string", "enum": []any{"read", "edit"}}, "until": maybeTime}, "until"),
		"shares":      pageOf(ref("share"), node{"type": "null"}),
		"file": object(node{
			"id": idText, "name": text, "type": text, "size": whole, "object": text, "record": idText, "created_at": instant, "created_by": maybeID,
		}),
		"files": pageOf(ref("file"), node{"type": "null"}),
		"plan":  object(node{"steps": listOf(text)}),
	}
	accountSchemas(s)
	platformSchemas(s)
	return s
}

func accountSchemas(s node) {
	s["session"] = object(node{"session": text, "user": idText, "expires": instant, "must_change": yesNo})
	s["login"] = object(node{"email": text, "password": text, "code": text}, "code")
	s["proof"] = object(node{"password": text, "code": text}, "code")
	s["password"] = object(node{"old": text, "password": text, "code": text}, "code")
	s["code"] = object(node{"code": text})
	s["enrolment"] = object(node{"key": text, "url": text})
	s["recovery"] = object(node{"recovery_codes": listOf(text)})
	s["setup"] = object(node{
		"token": text, "name": text, "email": text, "password": text, "language": text, "company": text, "country": text, "currency": text,
	}, "language", "company", "country", "currency")
	s["me"] = object(node{
		"id": idText, "name": text, "email": text, "team": maybeID, "branch": maybeID, "owner": yesNo, "roles": listOf(idText), "scopes": listOf(text),
		"permissions": listOf(text), "must_change": yesNo,
		"factors": object(node{"password": yesNo, "second": yesNo, "recovery_codes": whole}),
	})
	s["sessions"] = pageOf(object(node{
		"id": text, "created_at": instant, "seen_at": instant, "expires_at": instant, "ip": text, "agent": text, "current": yesNo,
	}), node{"type": "null"})
	s["tokens"] = pageOf(object(node{
		"id": idText, "name": text, "scopes": listOf(text), "networks": listOf(text), "created_at": instant, "expires_at": instant, "used_at": maybeTime,
	}), node{"type": "null"})
	s["token.write"] = object(node{"name": text, "scopes": listOf(text), "networks": listOf(text), "expires": maybeTime}, "networks", "expires")
	s["token.new"] = object(node{"id": idText, "token": text})
}

func platformSchemas(s node) {
	settings := node{
		"name": text, "language": text, "country": text, "currency": text, "calendar": text, "zone": text, "week_start": text, "base_url": text,
	}
	s["settings"] = object(settings)
	s["settings.write"] = node{"type": "object", "properties": settings, "additionalProperties": false}
	s["jobs"] = pageOf(object(node{
		"id": idText, "kind": text, "state": text, "cancelled": yesNo, "run_at": instant, "attempt": whole, "max": whole, "actor": maybeID, "error": text,
		"done": whole, "total": whole, "note": text, "result": anything, "ended_at": maybeTime,
	}), maybeID)
	s["import"] = object(node{
		"id": idText, "object": text, "state": text, "rows": whole, "created": whole, "updated": whole, "failed": whole, "dry_run": yesNo, "problem": text,
	})
	s["import.write"] = object(node{"spec": object(node{
		"object": text, "format": text, "map": mapOf(text), "match": text, "dry_run": yesNo,
	}, "format", "map", "match", "dry_run"), "file": node{}})
	s["import.errors"] = pageOf(object(node{"row": whole, "values": listOf(text), "fields": mapOf(object(node{
		"key": text, "message": text, "params": node{"type": "object"},
	}, "params"))}), node{"type": []any{"integer", "null"}})
	field := object(node{
		"name": text, "label": text, "help": text, "kind": node{"type": "object"}, "required": yesNo, "unique": yesNo, "writable": yesNo, "derived": yesNo,
		"fixed": yesNo, "search": yesNo, "sensitive": yesNo, "system": yesNo, "custom": yesNo, "retired": yesNo, "group": text, "default": text,
		"group_label": text, "options": listOf(object(node{"code": text, "label": text, "retired": yesNo})),
	}, "help", "group", "default", "group_label", "options")
	s["field"] = field
	s["object"] = object(node{
		"name": text, "plural": text, "label": text, "label_plural": text, "label_new": text, "icon": text, "title": text, "sort": text, "parent": text, "custom": yesNo,
		"internal": yesNo, "retired": yesNo, "description": text, "rights": mapOf(yesNo), "fields": listOf(ref("field")),
		"lists":   listOf(object(node{"name": text, "object": text, "via": text})),
		"actions": listOf(object(node{"name": text, "label": text, "object": yesNo, "reads": yesNo, "input": listOf(ref("field"))})),
		"rules":   listOf(node{"type": "object"}), "views": listOf(node{"type": "object"}),
	})
	s["catalog"] = object(node{"version": whole, "objects": listOf(ref("object"))})
	s["declaration"] = node{"type": "object", "description": "An object, a field or a rule, with the settings to be set."}
}

// objectSchemas writes the schemas of one object: as it is read, made and changed.
func objectSchemas(schemas node, who *access.Viewer, e *meta.Entity) {
	read, write, needed := node{}, node{}, []any{}
	for _, a := range e.Fields {
		if !who.Readable(a) || a.Part != nil {
			continue
		}
		read[a.Name] = readSchema(a.Kind)
		if !who.Writable(a) {
			continue
		}
		write[a.Name] = writeSchema(a.Kind)
		if a.Required && a.Default == "" && !a.Derived {
			needed = append(needed, a.Name)
		}
	}
	read[meta.FieldID], read[meta.FieldVersion] = idText, whole
	name := func(part string) string { return named(part, e) }
	create := node{"type": "object", "properties": write, "required": needed, "additionalProperties": false}
	update := node{"type": "object", "properties": write, "additionalProperties": false}
	schemas[name("@")] = node{
		"type": "object", "properties": read, "required": []any{meta.FieldID, meta.FieldVersion}, "additionalProperties": false,
	}
	schemas[name("@create")], schemas[name("@update")] = create, update
	schemas[name("@page")] = object(node{
		"items": listOf(ref(name("@"))), "next": node{"type": []any{"string", "null"}}, "count": object(node{"n": whole, "more": yesNo}),
	}, "count")
	schemas[name("@batch")] = object(node{"atomic": yesNo, "operations": node{"type": "array", "items": object(node{
		"op": node{"type": "string", "enum": []any{"create", "update", "delete"}}, "id": idText, "version": whole, "values": ref(name("@update")),
	}, "id", "version", "values")}}, "atomic")
	schemas[name("@results")] = object(node{"results": listOf(object(node{
		"status": whole, "record": ref(name("@")), "problem": ref("problem"),
	}, "record", "problem"))})
}

// writeSchema is a kind as it is written: as it is read, or as the text of a cell.
func writeSchema(k meta.Kind) node {
	read := readSchema(k)
	if kinds, ok := read["type"].([]any); ok && kinds[0] == "string" && read["enum"] == nil && read["pattern"] == nil && read["format"] == nil {
		return read
	}
	return node{"anyOf": []any{read, node{"type": []any{"string", "number", "object", "null"}}}}
}

// readSchema is a kind as answers show it. Every field can be empty, which is null.
func readSchema(k meta.Kind) node {
	switch k := k.(type) {
	case meta.NumberKind:
		return numberSchema(k.Decimals)
	case meta.PercentKind:
		return numberSchema(2)
	case meta.RatingKind, meta.DurationKind:
		return numberSchema(0)
	case meta.BoolKind:
		return maybe("boolean")
	case meta.DateKind:
		return node{"type": []any{"string", "null"}, "format": "date"}
	case meta.DateTimeKind:
		return maybeTime
	case meta.MoneyKind:
		return node{
			"type": []any{"object", "null"}, "properties": node{"amount": text, "currency": text}, "required": []any{"amount", "currency"},
			"additionalProperties": false,
		}
	case meta.ChoiceKind:
		return node{"type": []any{"string", "null"}, "enum": append(codesOf(k.Options), nil)}
	case meta.MultiChoiceKind:
		return node{"type": []any{"array", "null"}, "items": node{"type": "string", "enum": codesOf(k.Options)}}
	case meta.TagsKind:
		return node{"type": []any{"array", "null"}, "items": text}
	case meta.RefKind, meta.FileKind:
		return maybeID
	case meta.ManyKind:
		return listOf(idText)
	}
	return restSchema(k)
}

func restSchema(k meta.Kind) node {
	switch k := k.(type) {
	case meta.AnyRefKind:
		return node{"type": []any{"object", "null"}, "properties": node{"object": text, "id": idText}, "additionalProperties": false}
	case meta.AddressKind:
		return node{"type": []any{"object", "null"}, "additionalProperties": text}
	case meta.GeoKind:
		return node{"type": []any{"object", "null"}, "properties": node{"lat": node{"type": "number"}, "lon": node{"type": "number"}}, "additionalProperties": false}
	case meta.FormulaKind:
		return answerSchema(k.Result)
	case meta.RollupKind:
		return answerSchema(k.Result)
	case meta.JSONKind:
		return anything
	}
	return maybe("string")
}

// answerSchema is a computed value: an amount is a number of the base currency.
func answerSchema(k meta.Kind) node {
	if _, ok := k.(meta.MoneyKind); ok || k == nil {
		return maybe("number")
	}
	return readSchema(k)
}

func maybe(kind string) node { return node{"type": []any{kind, "null"}} }

func numberSchema(decimals int) node {
	if decimals == 0 {
		return maybe("integer")
	}
	return maybe("number")
}

func codesOf(options []meta.Option) []any {
	list := make([]any, len(options))
	for i, o := range options {
		list[i] = o.Code
	}
	return list
}
