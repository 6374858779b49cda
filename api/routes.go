package api

import (
	"slices"

	"ashna/api/openapi"
	"ashna/engine/access"
)

// nowhere is the pattern of requests that no route takes.
const nowhere = "none"

// root is where the interface begins.
const root = "/api/v1"

// route is one method of one address: who may use it, what answers, and what OpenAPI says about it.
type route struct {
	method  string
	pattern string
	policy  policy
	do      handler
	long    bool               // it streams: no limit of time, and it takes no place among the requests that run
	limit   func(Limits) int64 // of the body, that of a record unless given
	doc     openapi.Doc
}

// name is what the numbers of the route are kept under.
func (rt *route) name() string {
	if rt.pattern == nowhere {
		return nowhere
	}
	return rt.method + " " + rt.pattern
}

// Limits of bodies; zero is that of a record.
func recordBody(Limits) int64  { return 0 }
func batchBody(l Limits) int64 { return l.Batch }
func fileBody(l Limits) int64  { return l.File + 1<<20 } // the parts of a form around it

// list is all routes, in the order of the documentation. Every route names its policy; what callers may do with records behind it, the
// engine decides by their roles.
func (s *server) list() []route {
	list := slices.Concat(s.recordRoutes(), s.readRoutes(), s.fileRoutes(), s.bulkRoutes(), s.personRoutes(), s.catalogRoutes(), s.platformRoutes())
	for i := range list {
		if list[i].limit == nil {
			list[i].limit = recordBody
		}
	}
	return list
}

// recordRoutes are those of one object.
func (s *server) recordRoutes() []route {
	const objects, one = root + "/{objects}", root + "/{objects}/{id}"
	return []route{
		{method: "GET", pattern: objects, policy: signedIn, do: s.listRecords, doc: openapi.List},
		{method: "POST", pattern: objects, policy: signedIn, do: s.createRecord, doc: openapi.Create},
		{method: "GET", pattern: one, policy: signedIn, do: s.getRecord, doc: openapi.Get},
		{method: "PATCH", pattern: one, policy: signedIn, do: s.updateRecord, doc: openapi.Update},
		{method: "DELETE", pattern: one, policy: signedIn, do: s.deleteRecord, doc: openapi.Delete},
		{method: "POST", pattern: one + "/restore", policy: signedIn, do: s.restoreRecord, doc: openapi.Restore},
		{method: "POST", pattern: one + "/purge", policy: signedIn, do: s.purgeRecord, doc: openapi.Purge},
		{method: "POST", pattern: objects + "/batch", policy: signedIn, do: s.batch, limit: batchBody, doc: openapi.Batch},
		{method: "POST", pattern: objects + "/{action}", policy: signedIn, do: s.act, doc: openapi.ObjectAction},
		{method: "POST", pattern: one + "/{action}", policy: signedIn, do: s.act, doc: openapi.Action},
		{method: "GET", pattern: one + "/timeline", policy: signedIn, do: s.timeline, doc: openapi.Timeline},
		{method: "GET", pattern: one + "/shares", policy: signedIn, do: s.shares, doc: openapi.Shares},
		{method: "PUT", pattern: one + "/shares/{principal}", policy: signedIn, do: s.share, doc: openapi.Share},
		{method: "DELETE", pattern: one + "/shares/{principal}", policy: signedIn, do: s.unshare, doc: openapi.Unshare},
		{method: "GET", pattern: one + "/files", policy: signedIn, do: s.listFiles, doc: openapi.Files},
		{method: "POST", pattern: one + "/files", policy: signedIn, do: s.upload, long: true, limit: fileBody, doc: openapi.Upload},
	}
}

// readRoutes go over all objects.
func (s *server) readRoutes() []route {
	return []route{
		{method: "GET", pattern: root + "/objects", policy: signedIn, do: s.catalog, doc: openapi.Catalog},
		{method: "GET", pattern: root + "/search", policy: signedIn, do: s.search, doc: openapi.Search},
		{method: "GET", pattern: root + "/changes", policy: signedIn, do: s.changes, doc: openapi.Changes},
		{method: "GET", pattern: LivePath, policy: signedIn, do: s.live, long: true, doc: openapi.Live},
	}
}

// fileRoutes serve what is attached, through the rights on the record.
func (s *server) fileRoutes() []route {
	return []route{
		{method: "GET", pattern: root + "/files/{id}", policy: signedIn, do: s.download, long: true, doc: openapi.Download},
		{method: "DELETE", pattern: root + "/files/{id}", policy: signedIn, do: s.removeFile, doc: openapi.RemoveFile},
	}
}

// bulkRoutes move many records at once.
func (s *server) bulkRoutes() []route {
	return []route{
		{method: "POST", pattern: root + "/imports", policy: signedIn, do: s.startImport, long: true, limit: fileBody, doc: openapi.Import},
		{method: "GET", pattern: root + "/imports/{id}", policy: signedIn, do: s.importStatus, doc: openapi.ImportStatus},
		{method: "GET", pattern: root + "/imports/{id}/errors", policy: signedIn, do: s.importErrors, doc: openapi.ImportErrors},
		{method: "GET", pattern: root + "/exports/{objects}", policy: signedIn, do: s.export, long: true, doc: openapi.Export},
	}
}

// personRoutes concern the account of the caller.
func (s *server) personRoutes() []route {
	const me = root + "/me"
	return []route{
		{method: "POST", pattern: root + "/setup", policy: public, do: s.setup, doc: openapi.Setup},
		{method: "POST", pattern: root + "/session", policy: public, do: s.signIn, doc: openapi.SignIn},
		{method: "DELETE", pattern: root + "/session", policy: renewing, do: s.signOut, doc: openapi.SignOut},
		{method: "GET", pattern: me, policy: known, do: s.me, doc: openapi.Me},
		{method: "POST", pattern: me + "/password", policy: renewing, do: s.changePassword, doc: openapi.Password},
		{method: "POST", pattern: me + "/totp", policy: session, do: s.beginTOTP, doc: openapi.BeginTOTP},
		{method: "POST", pattern: me + "/totp/confirm", policy: session, do: s.confirmTOTP, doc: openapi.ConfirmTOTP},
		{method: "POST", pattern: me + "/totp/disable", policy: session, do: s.disableTOTP, doc: openapi.DisableTOTP},
		{method: "GET", pattern: me + "/sessions", policy: personal, do: s.listSessions, doc: openapi.Sessions},
		{method: "DELETE", pattern: me + "/sessions/{id}", policy: personal, do: s.endSession, doc: openapi.EndSession},
		{method: "GET", pattern: me + "/tokens", policy: personal, do: s.listTokens, doc: openapi.Tokens},
		{method: "POST", pattern: me + "/tokens", policy: personal, do: s.createToken, doc: openapi.CreateToken},
		{method: "DELETE", pattern: me + "/tokens/{id}", policy: personal, do: s.endToken, doc: openapi.EndToken},
	}
}

// catalogRoutes change what records are made of.
func (s *server) catalogRoutes() []route {
	const objects, one = root + "/catalog/objects", root + "/catalog/objects/{object}"
	allowed := permission(access.Catalog)
	retire, restore := map[string]any{"retired": true}, map[string]any{"retired": false}
	list := []route{{method: "POST", pattern: objects, policy: allowed, do: s.declare(objectPart()), doc: openapi.DeclareObject}}
	for _, p := range []struct {
		at  string
		new string
		of  part
		doc openapi.Doc
	}{
		{at: one, of: objectPart(), doc: openapi.DeclareObject},
		{at: one + "/fields/{field}", new: one + "/fields", of: fieldPart(), doc: openapi.DeclareField},
		{at: one + "/rules/{rule}", new: one + "/rules", of: rulePart(), doc: openapi.DeclareRule},
	} {
		if p.new != "" {
			list = append(list, route{method: "POST", pattern: p.new, policy: allowed, do: s.declare(p.of), doc: p.doc})
		}
		list = append(list,
			route{method: "PATCH", pattern: p.at, policy: allowed, do: s.redeclare(p.of, nil), doc: p.doc.Changing()},
			route{method: "POST", pattern: p.at + "/retire", policy: allowed, do: s.redeclare(p.of, retire), doc: p.doc.Turning("Retire")},
			route{method: "POST", pattern: p.at + "/restore", policy: allowed, do: s.redeclare(p.of, restore), doc: p.doc.Turning("Restore")},
		)
	}
	return list
}

// platformRoutes are for administrators, operators and programs that read the description.
func (s *server) platformRoutes() []route {
	return []route{
		{method: "GET", pattern: root + "/settings", policy: signedIn, do: s.getSettings, doc: openapi.Settings},
		{method: "PATCH", pattern: root + "/settings", policy: permission(access.Settings), do: s.saveSettings, doc: openapi.SaveSettings},
		{method: "GET", pattern: root + "/jobs", policy: permission(access.Jobs), do: s.listJobs, doc: openapi.Jobs},
		{method: "POST", pattern: root + "/jobs/{id}/retry", policy: permission(access.Jobs), do: s.retryJob, doc: openapi.RetryJob},
		{method: "POST", pattern: root + "/jobs/{id}/cancel", policy: permission(access.Jobs), do: s.cancelJob, doc: openapi.CancelJob},
		{method: "GET", pattern: "/api/openapi.json", policy: public, do: s.openapi, doc: openapi.OpenAPI},
		{method: "GET", pattern: "/healthz", policy: public, do: s.healthz, doc: openapi.Healthz},
		{method: "GET", pattern: "/readyz", policy: public, do: s.readyz, doc: openapi.Readyz},
		{method: "GET", pattern: "/metrics", policy: operator, do: s.metrics, doc: openapi.Metrics},
	}
}
