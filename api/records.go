package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"ashna/api/strict"
	"ashna/engine/access"
	"ashna/engine/meta"
	"ashna/engine/query"
	"ashna/engine/record"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

// flushAt is how much of an answer is gathered before it is sent.
const flushAt = 64 << 10

// listRecords answers with a page of records.
func (s *server) listRecords(w http.ResponseWriter, r *request) error {
	entity, err := r.object()
	if err != nil {
		return err
	}
	q, err := s.question(r, entity)
	if err != nil {
		return err
	}
	page, err := s.Engine.List(r.Context(), r.who, entity, q)
	if err != nil {
		return err
	}
	return s.writePage(w, page)
}

// question reads what a list asks for.
func (s *server) question(r *request, entity *meta.Entity) (record.Question, error) {
	p := r.parameters("filter", "sort", "fields", "limit", "cursor", "count", "deleted", "zone")
	q := record.Question{
		Filter: p.text("filter"), Sort: p.text("sort"), Cursor: p.text("cursor"), Count: p.yes("count"), Deleted: p.yes("deleted"),
		Limit: int(p.number("limit", query.DefaultLimit, 1, query.MaxLimit)),
	}
	if name := p.text("zone"); name != "" {
		zone, err := time.LoadLocation(name)
		if err != nil || name == "Local" {
			p.refuse("zone", "value.choice", "value", strict.Name(name))
		}
		q.Zone = zone
	}
	var err error
	if q.Fields, err = s.Engine.Fields(r.who, entity, p.list("fields")); err != nil {
		p.faults.Add(err)
	}
	return q, p.end()
}

// writePage streams {"items", "next", "count"}.
func (s *server) writePage(w http.ResponseWriter, page record.Page) error {
	buffer := s.buffer()
	defer s.buffers.Put(buffer)
	w.Header().Set("Content-Type", "application/json")
	buffer.WriteString(`{"items":[`)
	for i, one := range page.Records {
		if i > 0 {
			buffer.WriteByte(',')
		}
		buffer.Write(one.AppendJSON(buffer.AvailableBuffer(), page.Fields))
		if buffer.Len() >= flushAt {
			if _, err := buffer.WriteTo(w); err != nil {
				return err
			}
		}
	}
	buffer.WriteString(`],"next":`)
	buffer.Write(appendCursor(buffer.AvailableBuffer(), page.Next))
	if page.Total != nil {
		buffer.Write(appendTotal(buffer.AvailableBuffer(), page.Total))
	}
	buffer.WriteByte('}')
	_, err := buffer.WriteTo(w)
	return err
}

// buffer gives an empty buffer; it goes back to the pool afterwards.
func (s *server) buffer() *bytes.Buffer {
	buffer := s.buffers.Get().(*bytes.Buffer)
	buffer.Reset()
	return buffer
}

func appendCursor(dst []byte, next string) []byte {
	if next == "" {
		return append(dst, "null"...)
	}
	return meta.AppendText(dst, next)
}

func appendTotal(dst []byte, t *query.Total) []byte {
	dst = append(dst, `,"count":{"n":`...)
	dst = strconv.AppendInt(dst, t.N, 10)
	dst = append(dst, `,"more":`...)
	dst = strconv.AppendBool(dst, t.More)
	return append(dst, '}')
}

// getRecord answers with one record.
func (s *server) getRecord(w http.ResponseWriter, r *request) error {
	entity, id, err := r.record()
	if err != nil {
		return err
	}
	p := r.parameters("fields")
	fields, err := s.Engine.Fields(r.who, entity, p.list("fields"))
	if err != nil {
		p.faults.Add(err)
	}
	if err := p.end(); err != nil {
		return err
	}
	one, err := s.Engine.Get(r.Context(), r.who, entity, id, fields)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, one.AppendJSON(nil, fields))
}

// kept gives the fields that a change answers with: those that the viewer may see, without the ones that are worked out at each read.
func (s *server) kept(r *request, entity *meta.Entity) ([]*meta.Attr, error) {
	fields, err := s.Engine.Fields(r.who, entity, nil)
	return slices.DeleteFunc(fields, func(a *meta.Attr) bool { return !a.Stored }), err
}

// createRecord makes a record.
func (s *server) createRecord(w http.ResponseWriter, r *request) error {
	entity, err := r.object()
	if err != nil {
		return err
	}
	values, err := r.change()
	if err != nil {
		return err
	}
	return r.once(w, func(tx *record.Tx) (record.Answer, error) {
		one, err := tx.Create(r.Context(), r.who, entity, values)
		if err != nil {
			return record.Answer{}, err
		}
		return s.show(r, http.StatusCreated, one)
	})
}

// change reads the values of a record to be written; the query is empty.
func (r *request) change() (record.Patch, error) {
	if err := r.parameters().end(); err != nil {
		return nil, err
	}
	values, err := r.values()
	return record.Patch(values), err
}

// show is the answer that shows a record that was written.
func (s *server) show(r *request, status int, one *record.Record) (record.Answer, error) {
	fields, err := s.kept(r, one.Entity)
	if err != nil {
		return record.Answer{}, err
	}
	return record.Answer{Status: status, Body: one.AppendJSON(nil, fields)}, nil
}

// updateRecord changes some fields of a record.
func (s *server) updateRecord(w http.ResponseWriter, r *request) error {
	entity, id, err := r.record()
	if err != nil {
		return err
	}
	version, err := r.version()
	if err != nil {
		return err
	}
	values, err := r.change()
	if err != nil {
		return err
	}
	return r.once(w, func(tx *record.Tx) (record.Answer, error) {
		one, err := tx.Update(r.Context(), r.who, entity, id, values, version)
		if err != nil {
			return record.Answer{}, err
		}
		return s.show(r, http.StatusOK, one)
	})
}

var noContent = record.Answer{Status: http.StatusNoContent}

// deleteRecord moves a record to the recycle bin.
func (s *server) deleteRecord(w http.ResponseWriter, r *request) error {
	entity, id, err := r.bare()
	if err != nil {
		return err
	}
	version, err := r.version()
	if err != nil {
		return err
	}
	return r.once(w, func(tx *record.Tx) (record.Answer, error) {
		return noContent, tx.Delete(r.Context(), r.who, entity, id, version)
	})
}

// bare gives the object and the key of a request that says nothing else.
func (r *request) bare() (*meta.Entity, ident.ID, error) {
	entity, id, err := r.record()
	if err != nil {
		return nil, 0, err
	}
	if _, err := r.nothing(); err != nil {
		return nil, 0, err
	}
	return entity, id, r.parameters().end()
}

// nothing refuses a body that says something.
func (r *request) nothing() (map[string]any, error) {
	in, err := r.optional()
	if err != nil {
		return nil, err
	}
	return in, strict.NewForm(in).End()
}

// restoreRecord brings a record back from the recycle bin.
func (s *server) restoreRecord(w http.ResponseWriter, r *request) error {
	entity, id, err := r.bare()
	if err != nil {
		return err
	}
	return r.once(w, func(tx *record.Tx) (record.Answer, error) {
		one, err := tx.Restore(r.Context(), r.who, entity, id)
		if err != nil {
			return record.Answer{}, err
		}
		return s.show(r, http.StatusOK, one)
	})
}

// purgeRecord removes a deleted record for good.
func (s *server) purgeRecord(w http.ResponseWriter, r *request) error {
	entity, id, err := r.bare()
	if err != nil {
		return err
	}
	return r.once(w, func(tx *record.Tx) (record.Answer, error) {
		return noContent, tx.Purge(r.Context(), r.who, entity, id)
	})
}

// act runs an action on a record, or on the object as a whole when the address names none.
func (s *server) act(w http.ResponseWriter, r *request) error {
	entity, err := r.object()
	if err != nil {
		return err
	}
	var id ident.ID
	if r.PathValue("id") != "" {
		if id, err = r.key("id"); err != nil {
			return err
		}
	}
	name := r.PathValue("action")
	known := slices.ContainsFunc(entity.Actions, func(a meta.Action) bool { return a.Name == name && a.Object == (id == 0) })
	if !known {
		return fault.New(fault.NotFound, "action.unknown", "action", strict.Name(name))
	}
	if err := r.parameters().end(); err != nil {
		return err
	}
	input, err := r.optional()
	if err != nil {
		return err
	}
	return r.once(w, func(tx *record.Tx) (record.Answer, error) {
		out, err := tx.Act(r.Context(), r.who, entity, id, name, record.Patch(input))
		if err != nil {
			return record.Answer{}, err
		}
		return s.outcome(r, out)
	})
}

// outcome is the answer of an action: a record, something else as JSON, or nothing.
func (s *server) outcome(r *request, out any) (record.Answer, error) {
	switch v := out.(type) {
	case nil:
		return noContent, nil
	case *record.Record:
		if v == nil {
			return noContent, nil
		}
		if !r.who.Can(v.Entity, access.Read) {
			return noContent, nil
		}
		return s.show(r, http.StatusOK, v)
	}
	body, err := json.Marshal(out)
	return record.Answer{Status: http.StatusOK, Body: body}, err
}
