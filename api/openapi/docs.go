package openapi

// Doc is what OpenAPI says about a route. Schemas that begin with "@" are those of the object of the address.
type Doc struct {
	Summary string
	Tag     string
	Query   []string // parameters of the query, defined in queryParameters
	Header  []string // parameters of the header
	In      string   // schema of the body; empty: none
	Media   string   // of the body; application/json unless given
	Out     string   // schema of the answer; empty: no content
	Answers string   // media type of the answer; application/json unless given
	Status  int      // of success; 200, or 204 without content, unless given
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
	List = Doc{
		Summary: "A page of records", Tag: tagRecords, Out: "@page",
		Query: []string{"filter", "sort", "fields", "limit", "cursor", "count", "deleted", "zone"},
	}
	Create       = Doc{Summary: "Make a record", Tag: tagRecords, Header: []string{idempotent}, In: "@create", Out: "@", Status: 201}
	Get          = Doc{Summary: "One record", Tag: tagRecords, Query: []string{"fields"}, Out: "@"}
	Update       = Doc{Summary: "Change some fields", Tag: tagRecords, Header: []string{idempotent, ifMatch}, In: "@update", Out: "@"}
	Delete       = Doc{Summary: "Move to the recycle bin", Tag: tagRecords, Header: []string{idempotent, ifMatch}}
	Restore      = Doc{Summary: "Bring back from the recycle bin", Tag: tagRecords, Header: []string{idempotent}, Out: "@"}
	Purge        = Doc{Summary: "Remove a deleted record for good", Tag: tagRecords, Header: []string{idempotent}}
	Batch        = Doc{Summary: "Many changes, each with its result or all or nothing", Tag: tagRecords, Header: []string{idempotent}, In: "@batch", Out: "@results"}
	ObjectAction = Doc{Summary: "An action on the object as a whole", Tag: tagRecords, Header: []string{idempotent}, In: "@action", Out: "anything"}
	Action       = Doc{Summary: "An action on a record", Tag: tagRecords, Header: []string{idempotent}, In: "@action", Out: "anything"}
	Timeline     = Doc{Summary: "What happened to a record, newest first", Tag: tagRecords, Query: []string{"before", "limit"}, Out: "changes"}
	Shares       = Doc{Summary: "Who has a right on this record alone", Tag: tagRecords, Out: "shares"}
	Share        = Doc{Summary: "Give a user, a team or a role a right on this record", Tag: tagRecords, Header: []string{idempotent}, In: "share.write", Out: "share"}
	Unshare      = Doc{Summary: "Take such a right away", Tag: tagRecords, Header: []string{idempotent}}
	Files        = Doc{Summary: "The files of a record", Tag: tagFiles, Out: "files"}
	Upload       = Doc{
		Summary: "Attach a file: the body itself with its name in the query, or the part file of a form", Tag: tagFiles, Query: []string{"name"},
		Header: []string{idempotent}, In: "binary", Media: anyMedia, Out: "file", Status: 201,
	}
)

// The routes over all objects, of files and of bulk work.
var (
	Catalog = Doc{Summary: "The objects as the caller may see them", Tag: tagCatalog, Out: "catalog"}
	Search  = Doc{Summary: "Find records of all objects by words", Tag: tagRecords, Query: []string{"q", "objects", "limit", "after"}, Out: "hits"}
	Changes = Doc{Summary: "The log after a seq; next is where to go on", Tag: tagRecords, Query: []string{"after", "limit"}, Out: "changes"}
	Live    = Doc{
		Summary: "What changes, as server-sent events; only object, record, op and seq", Tag: tagRecords, Query: []string{"after"}, Out: "text",
		Answers: "text/event-stream",
	}
	Download     = Doc{Summary: "The content of a file", Tag: tagFiles, Out: "binary", Answers: anyMedia}
	RemoveFile   = Doc{Summary: "Take a file off its record", Tag: tagFiles, Header: []string{idempotent}}
	Import       = Doc{Summary: "Take a file of records In: the part spec before the part file", Tag: tagBulk, In: "import.write", Media: multiForm, Out: "id", Status: 202}
	ImportStatus = Doc{Summary: "How far an import is", Tag: tagBulk, Out: "import"}
	ImportErrors = Doc{Summary: "The rows that were left out", Tag: tagBulk, Query: []string{"after", "limit"}, Out: "import.errors"}
	Export       = Doc{Summary: "The records as a file", Tag: tagBulk, Query: []string{"format", "filter", "sort", "fields"}, Out: "binary", Answers: anyMedia}
)

// The account of the caller.
var (
	Setup        = Doc{Summary: "Make the owner of a new workspace", Tag: tagAccount, In: "setup", Out: "session", Status: 201}
	SignIn       = Doc{Summary: "Sign in with a password", Tag: tagAccount, In: "login", Out: "session", Status: 201}
	SignOut      = Doc{Summary: "Sign out", Tag: tagAccount}
	Me           = Doc{Summary: "Who the caller is", Tag: tagAccount, Out: "me"}
	Password     = Doc{Summary: "Choose a new password", Tag: tagAccount, In: "password", Out: "session"}
	BeginTOTP    = Doc{Summary: "Begin with an authenticator app", Tag: tagAccount, In: "proof", Out: "enrolment"}
	ConfirmTOTP  = Doc{Summary: "Switch the second factor on", Tag: tagAccount, In: "code", Out: "recovery"}
	DisableTOTP  = Doc{Summary: "Switch the second factor off", Tag: tagAccount, In: "proof", Out: "session"}
	Sessions     = Doc{Summary: "Where the person is signed in", Tag: tagAccount, Out: "sessions"}
	EndSession   = Doc{Summary: "End a session", Tag: tagAccount}
	Tokens       = Doc{Summary: "The API tokens of the person", Tag: tagAccount, Out: "tokens"}
	CreateToken  = Doc{Summary: "Make an API token; its text is shown this once", Tag: tagAccount, In: "token.write", Out: "token.new", Status: 201}
	EndToken     = Doc{Summary: "End an API token", Tag: tagAccount}
	Settings     = Doc{Summary: "The settings of the workspace", Tag: tagPlatform, Out: "settings"}
	SaveSettings = Doc{Summary: "Change some settings", Tag: tagPlatform, Header: []string{idempotent}, In: "settings.write", Out: "settings"}
)

// The catalog and the platform.
var (
	DeclareObject = Doc{
		Summary: "Add an object", Tag: tagCatalog, Query: []string{"preview"}, Header: []string{idempotent}, In: "declaration", Out: "object", Status: 201,
	}
	DeclareField = Doc{
		Summary: "Add a field", Tag: tagCatalog, Query: []string{"preview"}, Header: []string{idempotent}, In: "declaration", Out: "object", Status: 201,
	}
	DeclareRule = Doc{
		Summary: "Add a rule", Tag: tagCatalog, Query: []string{"preview"}, Header: []string{idempotent}, In: "declaration", Out: "object", Status: 201,
	}
	Jobs      = Doc{Summary: "The jobs, the newest first", Tag: tagPlatform, Query: []string{"state", "kind", "after", "limit"}, Out: "jobs"}
	RetryJob  = Doc{Summary: "Let a dead job try again", Tag: tagPlatform, Header: []string{idempotent}}
	CancelJob = Doc{Summary: "End a job", Tag: tagPlatform, Header: []string{idempotent}}
	OpenAPI   = Doc{Summary: "This description", Tag: tagPlatform, Out: "anything"}
	Healthz   = Doc{Summary: "Whether the process answers", Tag: tagPlatform, Out: "text", Answers: plainText}
	Readyz    = Doc{Summary: "Whether the database answers", Tag: tagPlatform, Out: "text", Answers: plainText}
	Metrics   = Doc{Summary: "Numbers for Prometheus", Tag: tagPlatform, Out: "text", Answers: plainText}
)

// Changing is the documentation of the change of what a route adds.
func (d Doc) Changing() Doc {
	d.Summary, d.Status = "Change"+d.Summary[len("Add"):], 0
	return d
}

// Turning is the documentation of retiring and restoring it.
func (d Doc) Turning(verb string) Doc {
	d.Summary, d.Status, d.In = verb+d.Summary[len("Add"):], 0, ""
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
