package api

// doc is what OpenAPI says about a route. Schemas that begin with "@" are those of the object of the address.
type doc struct {
	summary string
	tag     string
	query   []string // parameters of the query, defined in queryParameters
	header  []string // parameters of the header
	in      string   // schema of the body; empty: none
	media   string   // of the body; application/json unless given
	out     string   // schema of the answer; empty: no content
	answers string   // media type of the answer; application/json unless given
	status  int      // of success; 200, or 204 without content, unless given
}

const (
	tagRecords  = "records"
	tagFiles    = "files"
	tagBulk     = "bulk"
	tagAccount  = "account"
	tagCatalog  = "catalog"
	tagPlatform = "platform"
	idempotent  = "Idempotency-Key"
	ifMatch     = "If-Match"
	multiForm   = "multipart/form-data"
	plainText   = "text/plain"
	anyMedia    = "*/*"
)

// The routes of one object.
var (
	docList = doc{
		summary: "A page of records", tag: tagRecords, out: "@page",
		query: []string{"filter", "sort", "fields", "limit", "cursor", "count", "deleted", "zone"},
	}
	docCreate       = doc{summary: "Make a record", tag: tagRecords, header: []string{idempotent}, in: "@create", out: "@", status: 201}
	docGet          = doc{summary: "One record", tag: tagRecords, query: []string{"fields"}, out: "@"}
	docUpdate       = doc{summary: "Change some fields", tag: tagRecords, header: []string{idempotent, ifMatch}, in: "@update", out: "@"}
	docDelete       = doc{summary: "Move to the recycle bin", tag: tagRecords, header: []string{idempotent, ifMatch}}
	docRestore      = doc{summary: "Bring back from the recycle bin", tag: tagRecords, header: []string{idempotent}, out: "@"}
	docPurge        = doc{summary: "Remove a deleted record for good", tag: tagRecords, header: []string{idempotent}}
	docBatch        = doc{summary: "Many changes, each with its result or all or nothing", tag: tagRecords, header: []string{idempotent}, in: "@batch", out: "@results"}
	docObjectAction = doc{summary: "An action on the object as a whole", tag: tagRecords, header: []string{idempotent}, in: "@action", out: "anything"}
	docAction       = doc{summary: "An action on a record", tag: tagRecords, header: []string{idempotent}, in: "@action", out: "anything"}
	docTimeline     = doc{summary: "What happened to a record, newest first", tag: tagRecords, query: []string{"before", "limit"}, out: "changes"}
	docShares       = doc{summary: "Who has a right on this record alone", tag: tagRecords, out: "shares"}
	docShare        = doc{summary: "Give a user, a team or a role a right on this record", tag: tagRecords, header: []string{idempotent}, in: "share.write", out: "share"}
	docUnshare      = doc{summary: "Take such a right away", tag: tagRecords, header: []string{idempotent}}
	docFiles        = doc{summary: "The files of a record", tag: tagFiles, out: "files"}
	docUpload       = doc{
		summary: "Attach a file: the body itself with its name in the query, or the part file of a form", tag: tagFiles, query: []string{"name"},
		header: []string{idempotent}, in: "binary", media: anyMedia, out: "file", status: 201,
	}
)

// The routes over all objects, of files and of bulk work.
var (
	docCatalog = doc{summary: "The objects as the caller may see them", tag: tagCatalog, out: "catalog"}
	docSearch  = doc{summary: "Find records of all objects by words", tag: tagRecords, query: []string{"q", "objects", "limit", "after"}, out: "hits"}
	docChanges = doc{summary: "The log after a seq; next is where to go on", tag: tagRecords, query: []string{"after", "limit"}, out: "changes"}
	docLive    = doc{
		summary: "What changes, as server-sent events; only object, record, op and seq", tag: tagRecords, query: []string{"after"}, out: "text",
		answers: "text/event-stream",
	}
	docDownload     = doc{summary: "The content of a file", tag: tagFiles, out: "binary", answers: anyMedia}
	docRemoveFile   = doc{summary: "Take a file off its record", tag: tagFiles, header: []string{idempotent}}
	docImport       = doc{summary: "Take a file of records in: the part spec before the part file", tag: tagBulk, in: "import.write", media: multiForm, out: "id", status: 202}
	docImportStatus = doc{summary: "How far an import is", tag: tagBulk, out: "import"}
	docImportErrors = doc{summary: "The rows that were left out", tag: tagBulk, query: []string{"after", "limit"}, out: "import.errors"}
	docExport       = doc{summary: "The records as a file", tag: tagBulk, query: []string{"format", "filter", "sort", "fields"}, out: "binary", answers: anyMedia}
)

// The account of the caller.
var (
	docSetup        = doc{summary: "Make the owner of a new workspace", tag: tagAccount, in: "setup", out: "session", status: 201}
	docSignIn       = doc{summary: "Sign in with a password", tag: tagAccount, in: "login", out: "session", status: 201}
	docSignOut      = doc{summary: "Sign out", tag: tagAccount}
	docMe           = doc{summary: "Who the caller is", tag: tagAccount, out: "me"}
	docPassword     = doc{summary: "Choose a new password", tag: tagAccount, in: "password", out: "session"}
	docBeginTOTP    = doc{summary: "Begin with an authenticator app", tag: tagAccount, in: "proof", out: "enrolment"}
	docConfirmTOTP  = doc{summary: "Switch the second factor on", tag: tagAccount, in: "code", out: "recovery"}
	docDisableTOTP  = doc{summary: "Switch the second factor off", tag: tagAccount, in: "proof", out: "session"}
	docSessions     = doc{summary: "Where the person is signed in", tag: tagAccount, out: "sessions"}
	docEndSession   = doc{summary: "End a session", tag: tagAccount}
	docTokens       = doc{summary: "The API tokens of the person", tag: tagAccount, out: "tokens"}
	docCreateToken  = doc{summary: "Make an API token; its text is shown this once", tag: tagAccount, in: "token.write", out: "token.new", status: 201}
	docEndToken     = doc{summary: "End an API token", tag: tagAccount}
	docSettings     = doc{summary: "The settings of the workspace", tag: tagPlatform, out: "settings"}
	docSaveSettings = doc{summary: "Change some settings", tag: tagPlatform, header: []string{idempotent}, in: "settings.write", out: "settings"}
)

// The catalog and the platform.
var (
	docDeclareObject = doc{
		summary: "Add an object", tag: tagCatalog, query: []string{"preview"}, header: []string{idempotent}, in: "declaration", out: "object", status: 201,
	}
	docDeclareField = doc{
		summary: "Add a field", tag: tagCatalog, query: []string{"preview"}, header: []string{idempotent}, in: "declaration", out: "object", status: 201,
	}
	docDeclareRule = doc{
		summary: "Add a rule", tag: tagCatalog, query: []string{"preview"}, header: []string{idempotent}, in: "declaration", out: "object", status: 201,
	}
	docJobs      = doc{summary: "The jobs, the newest first", tag: tagPlatform, query: []string{"state", "kind", "after", "limit"}, out: "jobs"}
	docRetryJob  = doc{summary: "Let a dead job try again", tag: tagPlatform, header: []string{idempotent}}
	docCancelJob = doc{summary: "End a job", tag: tagPlatform, header: []string{idempotent}}
	docOpenAPI   = doc{summary: "This description", tag: tagPlatform, out: "anything"}
	docHealthz   = doc{summary: "Whether the process answers", tag: tagPlatform, out: "text", answers: plainText}
	docReadyz    = doc{summary: "Whether the database answers", tag: tagPlatform, out: "text", answers: plainText}
	docMetrics   = doc{summary: "Numbers for Prometheus", tag: tagPlatform, out: "text", answers: plainText}
)

// changing is the documentation of the change of what a route adds.
func (d doc) changing() doc {
	d.summary, d.status = "Change"+d.summary[len("Add"):], 0
	return d
}

// turning is the documentation of retiring and restoring it.
func (d doc) turning(verb string) doc {
	d.summary, d.status, d.in = verb+d.summary[len("Add"):], 0, ""
	return d
}

// queryParameters are the parameters of the query and the headers, with their schemas.
var queryParameters = map[string]struct{ schema, words string }{
	"filter":   {"string", "A formula: amount > 1000 and stage = \"won\""},
	"sort":     {"string", "Fields with commas between, a minus for descending: -amount,name"},
	"fields":   {"string", "Fields with commas between; id and version always come"},
	"limit":    {"integer", "How many at most"},
	"cursor":   {"string", "Where the page before ended: its next"},
	"count":    {"boolean", "Adds a capped count"},
	"deleted":  {"boolean", "The recycle bin"},
	"zone":     {"string", "The zone of relative dates, by its IANA name"},
	"before":   {"integer", "Only changes before this seq"},
	"after":    {"string", "What comes after this"},
	"q":        {"string", "Words and parts of words"},
	"objects":  {"string", "Plural names with commas between"},
	"name":     {"string", "The name of the file"},
	"format":   {"string", "csv or jsonl"},
	"preview":  {"boolean", "Only say what would be done"},
	"state":    {"string", "waiting, running, dead or done"},
	"kind":     {"string", "The kind of the jobs"},
	idempotent: {"string", "The same key gives the first answer again for 24 hours"},
	ifMatch:    {"string", "The ETag of the version that was read"},
}
