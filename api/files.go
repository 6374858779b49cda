package api

import (
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"time"

	"ashna/engine/access"
	"ashna/engine/db"
	"ashna/engine/record"
	"ashna/kit/fault"
	"ashna/kit/ident"
	"ashna/service/files"
)

// fileAnswer is a file as the interface shows it.
type fileAnswer struct {
	ID        ident.ID  `json:"id"`
	Name      string    `json:"name"`
	Type      string    `json:"type"`
	Size      int64     `json:"size"`
	Object    string    `json:"object"`
	Record    ident.ID  `json:"record"`
	CreatedAt time.Time `json:"created_at"`
	CreatedBy ident.ID  `json:"created_by"`
}

func fileOf(f files.File) fileAnswer {
	return fileAnswer{f.ID, f.Name, f.Type, f.Size, f.Object, f.Record, f.CreatedAt, f.CreatedBy}
}

func (s *server) hasFiles() error {
	if s.Files == nil {
		return fault.New(fault.Unavailable, "error.unavailable")
	}
	return nil
}

// upload attaches a file to a record: the body itself with its name in the query, or the part "file" of a form. It is streamed to the
// disk, and named by a row when it is there.
func (s *server) upload(w http.ResponseWriter, r *request) error {
	entity, id, err := r.record()
	if err != nil {
		return err
	}
	p := r.parameters("name")
	if err := p.end(); err != nil {
		return err
	}
	if err := s.hasFiles(); err != nil {
		return err
	}
	// Who may not change the record hears it before the upload.
	if err := s.Engine.May(r.Context(), r.who, entity, id, access.Update); err != nil {
		return err
	}
	content, name, err := fileIn(r, p.text("name"))
	if err != nil {
		return err
	}
	stored, err := s.Files.Put(r.Context(), content, s.Limits.File)
	if err != nil {
		return unwrapped(err)
	}
	kind := files.Refine(stored.Type, name)
	if err := s.FileRules.Check(kind); err != nil {
		return err
	}
	return r.onceOf(w, []byte(stored.Hash+name), func(tx *record.Tx) (record.Answer, error) {
		if _, err := tx.Lock(r.Context(), r.who, entity, id, access.Update); err != nil {
			return record.Answer{}, err
		}
		f, err := files.Add(r.Context(), tx.DB(), files.File{
			ID: s.Engine.NextID(), Hash: stored.Hash, Name: name, Type: kind, Size: stored.Size, Object: entity.Name, Record: id,
			CreatedAt: tx.Now(), CreatedBy: r.user,
		})
		if err != nil {
			return record.Answer{}, err
		}
		if err := noteFile(tx, "file_added", f); err != nil {
			return record.Answer{}, err
		}
		body, err := json.Marshal(fileOf(f))
		return record.Answer{Status: http.StatusCreated, Body: body}, err
	})
}

// fileIn finds the content and the name of a file in a request.
func fileIn(r *request, name string) (io.Reader, string, error) {
	media, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if media != "multipart/form-data" {
		if name == "" {
			return nil, "", fault.At("name", "value.required")
		}
		return r.Body, name, nil
	}
	part, err := partNamed(multipart.NewReader(r.Body, params["boundary"]), "file")
	if err != nil {
		return nil, "", err
	}
	if name == "" {
		name = part.FileName()
	}
	return part, name, nil
}

// maxParts bounds how many parts of a form are looked at.
const maxParts = 20

func partNamed(form *multipart.Reader, name string) (*multipart.Part, error) {
	for range maxParts {
		part, err := form.NextPart()
		if err != nil {
			if one := unwrapped(err); fault.Of(one) != nil {
				return nil, one
			}
			return nil, fault.Wrap(fault.Invalid, "request.body", err)
		}
		if part.FormName() == name {
			return part, nil
		}
	}
	return nil, fault.At(name, "value.required")
}

// noteFile writes to the log that a record got or lost a file.
func noteFile(tx *record.Tx, event string, f files.File) error {
	fields, err := json.Marshal(map[string]any{"event": event, "file": f.ID, "name": f.Name})
	if err != nil {
		return err
	}
	tx.Event(f.Object, f.Record, fields)
	return nil
}

// listFiles answers with the files of a record.
func (s *server) listFiles(w http.ResponseWriter, r *request) error {
	entity, id, err := r.record()
	if err != nil {
		return err
	}
	if err := r.parameters().end(); err != nil {
		return err
	}
	if err := s.Engine.May(r.Context(), r.who, entity, id, access.Read); err != nil {
		return err
	}
	list := []fileAnswer{}
	err = s.Engine.DB().Read(r.Context(), func(q db.Querier) error {
		found, err := files.Of(r.Context(), q, entity.Name, id)
		for _, f := range found {
			list = append(list, fileOf(f))
		}
		return err
	})
	if err != nil {
		return err
	}
	return replyJSON(w, http.StatusOK, page{Items: list})
}

// file finds a file whose record the caller has a right on. What one may not see is not there.
func (s *server) file(r *request, right access.Right) (files.File, error) {
	id, err := r.key("id")
	if err != nil {
		return files.File{}, err
	}
	var f files.File
	err = s.Engine.DB().Read(r.Context(), func(q db.Querier) (err error) {
		f, err = files.Get(r.Context(), q, id)
		return err
	})
	if err != nil {
		return f, err
	}
	missing := fault.New(fault.NotFound, "file.missing")
	entity, known := r.who.Catalog.Object(f.Object)
	if !known || !f.Deleted.IsZero() || !r.who.Object(entity) {
		return f, missing
	}
	if a, ok := entity.Attr(f.Field); f.Field != "" && (!ok || !r.who.Readable(a)) {
		return f, missing
	}
	err = s.Engine.May(r.Context(), r.who, entity, f.Record, right)
	if fault.Is(err, fault.NotFound) {
		return f, missing
	}
	return f, err
}

// download sends a file. Browsers save it, except types that are safe to show, and never run anything of it.
func (s *server) download(w http.ResponseWriter, r *request) error {
	if err := s.hasFiles(); err != nil {
		return err
	}
	if err := r.parameters().end(); err != nil {
		return err
	}
	f, err := s.file(r, access.Read)
	if err != nil {
		return err
	}
	content, _, err := s.Files.Open(f.Hash)
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }()
	h := w.Header()
	h.Set("Content-Type", f.Type)
	h.Set("Content-Disposition", files.Header(f.Name, s.FileRules.Disposition(f.Type)))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("ETag", `"`+f.Hash+`"`)
	if strings.HasPrefix(f.Type, "text/") {
		h.Set("Content-Type", f.Type+"; charset=utf-8")
	}
	http.ServeContent(w, r.Request, "", f.CreatedAt, content)
	return nil
}

// removeFile takes a file off its record.
func (s *server) removeFile(w http.ResponseWriter, r *request) error {
	if _, err := r.nothing(); err != nil {
		return err
	}
	f, err := s.file(r, access.Update)
	if err != nil {
		return err
	}
	entity, _ := r.who.Catalog.Object(f.Object)
	return r.once(w, func(tx *record.Tx) (record.Answer, error) {
		if _, err := tx.Lock(r.Context(), r.who, entity, f.Record, access.Update); err != nil {
			return record.Answer{}, err
		}
		if err := files.Delete(r.Context(), tx.DB(), f.ID, tx.Now()); err != nil {
			return record.Answer{}, err
		}
		return noContent, noteFile(tx, "file_removed", f)
	})
}
