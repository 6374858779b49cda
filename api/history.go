package api

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"ashna/api/strict"
	"ashna/engine/change"
	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

// Pages of the log.
const (
	defaultChanges = 100
	maxChanges     = 1_000
	maxHits        = 100
	defaultHits    = 20
)

// appendChange writes one row of the log.
func appendChange(dst []byte, c change.Change) []byte {
	dst = fmt.Appendf(dst, `{"seq":%d,"tx":%d,"at":"%s","actor":`, c.Seq, c.Tx, time.UnixMicro(c.At).UTC().Format(time.RFC3339Nano))
	dst = appendID(dst, c.Actor)
	dst = fmt.Appendf(dst, `,"via":"%s","cause":%d,"depth":%d,"object":`, c.Via, c.Cause, c.Depth)
	dst = meta.AppendText(dst, c.Object)
	dst = append(dst, `,"record":`...)
	dst = appendID(dst, c.Record)
	dst = fmt.Appendf(dst, `,"version":%d,"op":"%s","fields":`, c.Version, c.Op)
	if len(c.Fields) == 0 {
		return append(dst, "{}}"...)
	}
	return append(append(dst, c.Fields...), '}')
}

func appendID(dst []byte, id ident.ID) []byte {
	if id == 0 {
		return append(dst, "null"...)
	}
	return append(append(append(dst, '"'), id.String()...), '"')
}

// items writes {"items": […], "next": …}, with next as it is given.
func items[T any](list []T, one func([]byte, T) []byte, next []byte) []byte {
	dst := []byte(`{"items":[`)
	for i, item := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = one(dst, item)
	}
	return append(append(append(dst, `],"next":`...), next...), '}')
}

// timeline answers with what happened to a record, newest first.
func (s *server) timeline(w http.ResponseWriter, r *request) error {
	entity, id, err := r.record()
	if err != nil {
		return err
	}
	p := r.parameters("before", "limit")
	before, limit := p.number("before", 0, 0, math.MaxInt64), p.number("limit", defaultChanges, 1, maxChanges)
	if err := p.end(); err != nil {
		return err
	}
	list, err := s.Engine.Timeline(r.Context(), r.who, entity, id, before, int(limit))
	if err != nil {
		return err
	}
	next := []byte("null")
	if len(list) == int(limit) {
		next = strconv.AppendInt(nil, list[len(list)-1].Seq, 10)
	}
	return reply(w, http.StatusOK, items(list, appendChange, next))
}

// changes answers with the log after a seq, as far as the caller may see it; next is where to go on, also when the page is empty.
func (s *server) changes(w http.ResponseWriter, r *request) error {
	p := r.parameters("after", "limit")
	after, limit := p.number("after", 0, 0, math.MaxInt64), p.number("limit", defaultChanges, 1, maxChanges)
	if err := p.end(); err != nil {
		return err
	}
	list, next, err := s.Engine.Changes(r.Context(), r.who, after, int(limit))
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, items(list, appendChange, strconv.AppendInt(nil, next, 10)))
}

// search finds records of all objects by words.
func (s *server) search(w http.ResponseWriter, r *request) error {
	p := r.parameters("q", "objects", "limit", "after")
	words, limit, after := p.text("q"), p.number("limit", defaultHits, 1, maxHits), p.id("after")
	if words == "" {
		p.refuse("q", "value.required")
	}
	var objects []*meta.Entity
	for _, plural := range p.list("objects") {
		entity, err := s.Engine.Object(r.who, plural)
		if err != nil {
			p.refuse("objects", "value.unknown_object", "object", strict.Name(plural))
			continue
		}
		objects = append(objects, entity)
	}
	if err := p.end(); err != nil {
		return err
	}
	hits, next, err := s.Engine.Search(r.Context(), r.who, words, objects, int(limit), after)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, items(hits, appendHit, appendID(nil, next)))
}

func appendHit(dst []byte, h record.Hit) []byte {
	dst = append(dst, `{"object":`...)
	dst = meta.AppendText(dst, h.Entity.Plural)
	dst = append(dst, `,"id":`...)
	dst = appendID(dst, h.ID)
	dst = append(dst, `,"title":`...)
	return append(meta.AppendText(dst, h.Title), '}')
}

// shares answers with who has a right on a record of its own.
func (s *server) shares(w http.ResponseWriter, r *request) error {
	entity, id, err := r.record()
	if err != nil {
		return err
	}
	if err := r.parameters().end(); err != nil {
		return err
	}
	list, err := s.Engine.Shares(r.Context(), r.who, entity, id)
	if err != nil {
		return err
	}
	return replyJSON(w, http.StatusOK, page{Items: list})
}

// page is a list that has no more pages.
type page struct {
	Items any     `json:"items"`
	Next  *string `json:"next"`
}

// replyJSON answers with a value that is not a record.
func replyJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	return reply(w, status, body)
}

// share gives a user, a team or a role a right on one record.
func (s *server) share(w http.ResponseWriter, r *request) error {
	entity, id, err := r.record()
	if err != nil {
		return err
	}
	principal, err := r.key("principal")
	if err != nil {
		return err
	}
	in, err := r.change()
	if err != nil {
		return err
	}
	f := strict.NewForm(in)
	given := record.Share{Principal: principal, Level: f.Needed("level"), Until: f.Moment("until")}
	if err := f.End(); err != nil {
		return err
	}
	return r.once(w, func(tx *record.Tx) (record.Answer, error) {
		if err := tx.Share(r.Context(), r.who, entity, id, given); err != nil {
			return record.Answer{}, err
		}
		given.GrantedBy, given.GrantedAt = r.user, tx.Now()
		body, err := json.Marshal(given)
		return record.Answer{Status: http.StatusOK, Body: body}, err
	})
}

// unshare takes such a right away.
func (s *server) unshare(w http.ResponseWriter, r *request) error {
	entity, id, err := r.bare()
	if err != nil {
		return err
	}
	principal, err := ident.Parse(r.PathValue("principal"))
	if err != nil {
		return fault.New(fault.NotFound, "error.not_found")
	}
	return r.once(w, func(tx *record.Tx) (record.Answer, error) {
		return noContent, tx.Unshare(r.Context(), r.who, entity, id, principal)
	})
}
