package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"ashna/api/strict"
	"ashna/engine/change"
	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/kit/fault"
)

// part is one kind of thing that administrators change: an object, a field or a rule. Place finds what the address names in the catalog;
// item makes the change from it.
type part struct {
	place func(r *request, entity *meta.Entity) (any, error)
	item  func(entity *meta.Entity, body []byte) (meta.Item, error)
}

// The three parts. What is new has no place yet.
func objectPart() part {
	return part{
		place: func(_ *request, e *meta.Entity) (any, error) {
			o := e.Object
			o.Fields, o.Rules, o.Actions, o.Views = nil, nil, nil, e.Views
			return o, nil
		},
		item: func(_ *meta.Entity, body []byte) (meta.Item, error) {
			var o meta.Object
			err := decodeStrict(body, &o)
			return meta.Item{Object: o.Name, Define: &o}, err
		},
	}
}

func fieldPart() part {
	return part{
		place: func(r *request, e *meta.Entity) (any, error) {
			for _, f := range e.Object.Fields {
				if f.Name == r.PathValue("field") {
					return f, nil
				}
			}
			return nil, fault.New(fault.NotFound, "error.not_found")
		},
		item: func(e *meta.Entity, body []byte) (meta.Item, error) {
			var f meta.Field
			err := decodeStrict(body, &f)
			return meta.Item{Object: e.Name, Field: &f}, err
		},
	}
}

func rulePart() part {
	return part{
		place: func(r *request, e *meta.Entity) (any, error) {
			for _, rule := range e.Object.Rules {
				if rule.Name == r.PathValue("rule") {
					return rule, nil
				}
			}
			return nil, fault.New(fault.NotFound, "error.not_found")
		},
		item: func(e *meta.Entity, body []byte) (meta.Item, error) {
			var rule meta.Rule
			err := decodeStrict(body, &rule)
			return meta.Item{Object: e.Name, Rule: &rule}, err
		},
	}
}

// decodeStrict reads a declaration that was checked to be JSON; settings that do not exist are refused with their name.
func decodeStrict(body []byte, into any) error {
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil || fault.Of(err) != nil {
		return err
	}
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return &fault.Error{Kind: fault.Invalid, Key: "value.type", Field: strict.Name(wrong.Field), Err: err}
	}
	if _, name, ok := strings.Cut(err.Error(), "unknown field "); ok {
		name = strict.Name(strings.Trim(name, `"`))
		return &fault.Error{Kind: fault.Invalid, Key: "value.unknown_field", Field: name, Params: fault.Params{"field": name}, Err: err}
	}
	return fault.Wrap(fault.Invalid, "value.json", err)
}

// declare adds an object, a field or a rule.
func (s *server) declare(p part) handler {
	return func(w http.ResponseWriter, r *request) error {
		preview, err := r.preview()
		if err != nil {
			return err
		}
		if _, err := r.values(); err != nil {
			return err
		}
		entity, err := s.declaredObject(r)
		if err != nil {
			return err
		}
		item, err := p.item(entity, r.body)
		if err != nil {
			return err
		}
		if taken(entity, r.who.Catalog, item) {
			return fault.New(fault.Conflict, "catalog.name_taken").In("name")
		}
		return s.changeCatalog(w, r, item, preview, http.StatusCreated)
	}
}

// taken says whether what is to be added is there already; changing it is another request.
func taken(e *meta.Entity, c *meta.Catalog, item meta.Item) bool {
	switch {
	case item.Define != nil:
		_, known := c.Object(item.Define.Name)
		return known
	case item.Field != nil:
		for _, f := range e.Object.Fields {
			if f.Name == item.Field.Name {
				return true
			}
		}
		return false
	}
	for _, rule := range e.Object.Rules {
		if rule.Name == item.Rule.Name {
			return true
		}
	}
	return false
}

// declaredObject gives the object that the address names, also a retired one; nil where the address names none.
func (s *server) declaredObject(r *request) (*meta.Entity, error) {
	plural := r.PathValue("object")
	if plural == "" {
		return nil, nil
	}
	entity, ok := r.who.Catalog.Plural(plural)
	if !ok {
		return nil, fault.New(fault.NotFound, "value.unknown_object", "object", strict.Name(plural))
	}
	return entity, nil
}

// preview reads whether only the plan is wanted.
func (r *request) preview() (bool, error) {
	p := r.parameters("preview")
	yes := p.yes("preview")
	return yes, p.end()
}

// redeclare changes some settings of an object, a field or a rule. What turns is fixed when the address says it: retire and restore.
func (s *server) redeclare(p part, turns map[string]any) handler {
	return func(w http.ResponseWriter, r *request) error {
		preview, err := r.preview()
		if err != nil {
			return err
		}
		changes := turns
		if turns == nil {
			if changes, err = r.values(); err != nil {
				return err
			}
		} else if _, err := r.nothing(); err != nil {
			return err
		}
		entity, err := s.declaredObject(r)
		if err != nil {
			return err
		}
		old, err := p.place(r, entity)
		if err != nil {
			return err
		}
		body, err := merged(old, changes)
		if err != nil {
			return err
		}
		item, err := p.item(entity, body)
		if err != nil {
			return err
		}
		return s.changeCatalog(w, r, item, preview, http.StatusOK)
	}
}

// merged puts changes over a declaration: a name with null takes its setting away. Names never change, because records and formulas use
// them.
func merged(old any, changes map[string]any) ([]byte, error) {
	raw, err := json.Marshal(old)
	if err != nil {
		return nil, err
	}
	var all map[string]any
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	if err := d.Decode(&all); err != nil {
		return nil, err
	}
	for name, v := range changes {
		if was, there := all[name]; name == "name" || name == "plural" || name == "custom" {
			if !there || was != v {
				return nil, fault.At(name, "value.read_only")
			}
		}
		if all[name] = v; v == nil {
			delete(all, name)
		}
	}
	return json.Marshal(all)
}

// changeCatalog applies one change, or says what it would do.
func (s *server) changeCatalog(w http.ResponseWriter, r *request, item meta.Item, preview bool, status int) error {
	if preview {
		steps, err := s.Engine.Preview(r.Context(), r.who, item)
		if err != nil {
			return err
		}
		return replyJSON(w, http.StatusOK, map[string]any{"steps": append([]string{}, steps...)})
	}
	return r.onceBeside(w, func(ctx context.Context) (record.Answer, error) {
		if err := s.Engine.ChangeCatalog(ctx, r.who, change.ViaAPI, item); err != nil {
			return record.Answer{}, err
		}
		who, err := s.Engine.Viewer(r.user, r.scopes)
		if err != nil {
			return record.Answer{}, err
		}
		entity, ok := who.Catalog.Object(item.Object)
		if !ok {
			return record.Answer{}, fault.New(fault.NotFound, "error.not_found")
		}
		return record.Answer{Status: status, Body: appendObject(nil, r.words(), who, entity)}, nil
	})
}
