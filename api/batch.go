package api

import (
	"fmt"
	"net/http"
	"strconv"

	"ashna/api/strict"
	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

// maxOperations is how many operations a batch has at most.
const maxOperations = 1_000

// operation is one change of a batch.
type operation struct {
	op      string
	id      ident.ID
	version int64
	values  record.Patch
}

// batch does many changes of one object in one transaction: all or nothing, or each for itself with a result of its own.
func (s *server) batch(w http.ResponseWriter, r *request) error {
	entity, err := r.object()
	if err != nil {
		return err
	}
	in, err := r.change()
	if err != nil {
		return err
	}
	f := strict.NewForm(in)
	atomic := f.Yes("atomic")
	listed, _ := f.Take("operations")
	list, ok := listed.([]any)
	if !ok {
		f.Refuse("operations", "value.required")
	}
	if err := f.End(); err != nil {
		return err
	}
	if len(list) > maxOperations {
		return fault.At("operations", "value.too_many", "max", maxOperations)
	}
	return r.once(w, func(tx *record.Tx) (record.Answer, error) {
		body, err := s.operations(r, tx, entity, list, atomic)
		return record.Answer{Status: http.StatusOK, Body: body}, err
	})
}

// operations runs the changes in their order and writes {"results": […]}.
func (s *server) operations(r *request, tx *record.Tx, entity *meta.Entity, list []any, atomic bool) ([]byte, error) {
	dst := []byte(`{"results":[`)
	for i, raw := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		var done record.Answer
		run := func() (err error) {
			done, err = s.operate(r, tx, entity, raw)
			return err
		}
		var err error
		if atomic {
			err = run()
		} else {
			err = tx.Try(r.Context(), run)
		}
		switch {
		case err != nil && (atomic || !refused(err)):
			return nil, within(err, "operations."+strconv.Itoa(i))
		case err != nil:
			dst = fmt.Appendf(dst, `{"status":%d,"problem":`, r.statusOf(fault.Of(err)))
			dst = r.appendProblem(dst, err)
		case len(done.Body) == 0:
			dst = fmt.Appendf(dst, `{"status":%d`, done.Status)
		default:
			dst = fmt.Appendf(dst, `{"status":%d,"record":%s`, done.Status, done.Body)
		}
		dst = append(dst, '}')
	}
	return append(dst, "]}"...), nil
}

// within puts the place of an operation in front of the fields that its refusal names.
func within(err error, place string) error {
	if !refused(err) {
		return err
	}
	var list fault.List
	for _, f := range fault.All(err) {
		list = append(list, f.In(place))
	}
	return list
}

// operate runs one change.
func (s *server) operate(r *request, tx *record.Tx, entity *meta.Entity, raw any) (record.Answer, error) {
	o, err := readOperation(raw)
	if err != nil {
		return record.Answer{}, err
	}
	switch o.op {
	case "create":
		one, err := tx.Create(r.Context(), r.who, entity, o.values)
		if err != nil {
			return record.Answer{}, err
		}
		return s.show(r, http.StatusCreated, one)
	case "update":
		one, err := tx.Update(r.Context(), r.who, entity, o.id, o.values, o.version)
		if err != nil {
			return record.Answer{}, err
		}
		return s.show(r, http.StatusOK, one)
	}
	return noContent, tx.Delete(r.Context(), r.who, entity, o.id, o.version)
}

// readOperation checks the form of one change; what it says about the record is for the engine to check.
func readOperation(raw any) (operation, error) {
	in, ok := raw.(map[string]any)
	if !ok {
		return operation{}, fault.New(fault.Invalid, "value.type", "want", "object")
	}
	f := strict.NewForm(in)
	o := operation{op: f.Needed("op"), version: f.Number("version")}
	id := f.Text("id")
	values, given := f.Take("values")
	if given {
		v, isObject := values.(map[string]any)
		if !isObject {
			f.Refuse("values", "value.type", "want", "object")
		}
		o.values = v
	}
	var err error
	switch o.op {
	case "":
	case "create":
		if id != "" {
			f.Refuse("id", "value.read_only")
		}
	case "update", "delete":
		if o.id, err = ident.Parse(id); err != nil {
			f.Refuse("id", "value.id")
		}
	default:
		f.Refuse("op", "value.choice", "value", strict.Name(o.op))
	}
	if o.op == "delete" && given {
		f.Refuse("values", "value.unknown_field", "field", "values")
	}
	return o, f.End()
}
