package api

import (
	"encoding/json"
	"fmt"
	"net/http"

	"ashna/api/openapi"
	"ashna/engine/access"
	"ashna/engine/meta"
)

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
func (s *server) describe(who *access.Viewer, guest bool) map[string]any {
	list := make([]openapi.Route, len(s.routes))
	for i, rt := range s.routes {
		list[i] = openapi.Route{Method: rt.method, Pattern: rt.pattern, Public: rt.policy.name == public.name, Doc: rt.doc}
	}
	return openapi.Describe(list, who, openapi.Options{Version: s.Version, Address: s.BaseURL, Cookie: cookieSecure, Shown: func(e *meta.Entity) bool {
		return sees(who, e) && !(guest && e.Object.Custom)
	}})
}
