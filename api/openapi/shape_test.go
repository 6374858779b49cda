package openapi

import (
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"time"
)

// fits holds a decoded JSON value to a schema of the document and says what is wrong; a word of JSON Schema that it does not know is an
// error, so that no schema is passed without a look.
func fits(schemas node, schema node, v any) error {
	for word, rule := range schema {
		if err := obeys(schemas, schema, word, rule, v); err != nil {
			return err
		}
	}
	return nil
}

// obeys holds a value to one word of a schema.
func obeys(schemas, schema node, word string, rule, v any) error {
	switch word {
	case "description":
		return nil
	case "$ref":
		name := strings.TrimPrefix(rule.(string), "#/components/schemas/")
		target, ok := schemas[name].(node)
		if !ok {
			return fmt.Errorf("no schema %s", name)
		}
		return fits(schemas, target, v)
	case "anyOf":
		var last error
		for _, one := range rule.([]any) {
			if last = fits(schemas, one.(node), v); last == nil {
				return nil
			}
		}
		return fmt.Errorf("none of the choices: %w", last)
	case "type":
		names, many := rule.([]any)
		if !many {
			names = []any{rule}
		}
		if !slices.ContainsFunc(names, func(name any) bool { return isA(name.(string), v) }) {
			return fmt.Errorf("%v is no %v", v, names)
		}
	case "enum":
		if !slices.Contains(rule.([]any), v) {
			return fmt.Errorf("%v is not among %v", v, rule)
		}
	case "pattern":
		if s, ok := v.(string); ok && !regexp.MustCompile(rule.(string)).MatchString(s) {
			return fmt.Errorf("%q does not match %s", s, rule)
		}
	case "format":
		layout := map[any]string{"date": time.DateOnly, "date-time": time.RFC3339Nano}[rule]
		if s, ok := v.(string); ok {
			if _, err := time.Parse(layout, s); err != nil {
				return err
			}
		}
	case "items":
		list, _ := v.([]any)
		for i, item := range list {
			if err := fits(schemas, rule.(node), item); err != nil {
				return fmt.Errorf("%d: %w", i, err)
			}
		}
	case "properties", "required", "additionalProperties":
		return members(schemas, schema, word, v)
	default:
		return fmt.Errorf("the test does not know %s", word)
	}
	return nil
}

// members holds the members of an object to the three words about them.
func members(schemas, schema node, word string, v any) error {
	object, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	properties, _ := schema["properties"].(node)
	switch word {
	case "required":
		for _, name := range schema["required"].([]any) {
			if _, there := object[name.(string)]; !there {
				return fmt.Errorf("%s is missing", name)
			}
		}
		return nil
	case "properties":
		for name, of := range properties {
			if value, there := object[name]; there {
				if err := fits(schemas, of.(node), value); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
			}
		}
		return nil
	}
	for name, value := range object {
		if properties[name] != nil {
			continue
		}
		rest, isSchema := schema["additionalProperties"].(node)
		if !isSchema {
			return fmt.Errorf("%s is one too many", name)
		}
		if err := fits(schemas, rest, value); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// isA says whether a decoded value is of a type of JSON Schema.
func isA(name string, v any) bool {
	switch v := v.(type) {
	case nil:
		return name == "null"
	case bool:
		return name == "boolean"
	case string:
		return name == "string"
	case []any:
		return name == "array"
	case map[string]any:
		return name == "object"
	case json.Number:
		r, ok := new(big.Rat).SetString(v.String())
		return ok && (name == "number" || name == "integer" && r.IsInt())
	}
	return false
}

// decoded reads JSON with numbers as they are written.
func decoded(raw string) any {
	d := json.NewDecoder(strings.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		panic(fmt.Sprintf("not JSON: %q: %v", raw, err))
	}
	return v
}
