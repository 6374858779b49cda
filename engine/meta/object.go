package meta

// Object declares one kind of record: a company, a person, a deal. What ships is a Go literal; a custom object is the same struct read
// from JSON while the program runs.
type Object struct {
	Name        string            `json:"name"`                 // singular: "company"
	Plural      string            `json:"plural"`               // names the table of the API: "companies"
	Labels      map[string]string `json:"labels,omitempty"`     // custom objects: label by language, and "fa.plural" and the like
	Icon        string            `json:"icon,omitempty"`       // name of an icon
	Title       string            `json:"title,omitempty"`      // the field that names a record; the first text field unless given
	Fields      []Field           `json:"fields,omitempty"`     //
	Unique      [][]string        `json:"unique,omitempty"`     // several fields that together occur once among live records
	Rules       []Rule            `json:"rules,omitempty"`      // validation rules
	Parent      string            `json:"parent,omitempty"`     // a required link whose target decides who may see and change this
	Views       []View            `json:"views,omitempty"`      // shipped views
	Actions     []Action          `json:"-"`                    // named operations
	Sort        string            `json:"sort,omitempty"`       // default order of lists, "-changed_at" unless given
	Small       bool              `json:"small,omitempty"`      // never more than some thousand records: fewer indexes
	Internal    bool              `json:"-"`                    // part of the platform (users, roles): only administrators write it
	Custom      bool              `json:"custom,omitempty"`     // made while the program runs
	Retired     bool              `json:"retired,omitempty"`    // hidden, with its records kept
	NoTimeline  bool              `json:"noTimeline,omitempty"` // its changes show on the records it links to, not on a page of its own
	Description string            `json:"description,omitempty"`
	SearchWhere string            `json:"search_where,omitempty"` // only records for which this holds are found by the search; all unless given
}

// Field declares one field of an object. The zero value of every option is the ordinary case.
type Field struct {
	Name         string            `json:"name"`
	Kind         Kind              `json:"-"`
	Labels       map[string]string `json:"labels,omitempty"`
	Help         map[string]string `json:"help,omitempty"`
	Required     bool              `json:"required,omitempty"`
	RequiredWhen string            `json:"required_when,omitempty"` // a condition under which the field must not be empty
	Default      string            `json:"default,omitempty"`       // text as a CSV cell has it
	Unique       bool              `json:"unique,omitempty"`        // once among live records, by its key
	Index        bool              `json:"index,omitempty"`         // filters and sorts on it are served by an index
	Sort         bool              `json:"sort,omitempty"`          // a text that lists are ordered by: keeps an order key of the language
	Search       bool              `json:"search,omitempty"`        // found by the full-text search
	Derived      bool              `json:"derived,omitempty"`       // written by rules and actions, never from outside
	Fixed        bool              `json:"fixed,omitempty"`         // written once, when the record is made
	Group        string            `json:"group,omitempty"`         // section of the record page
	Retired      bool              `json:"retired,omitempty"`       // hidden, with its values kept
	Custom       bool              `json:"custom,omitempty"`        // made while the program runs
	Sensitive    bool              `json:"sensitive,omitempty"`     // roles read it only when they name it
}

// Rule is a condition that every saved record meets. Formulas may read the record as it was under the name old.
type Rule struct {
	Name    string            `json:"name"`
	Where   string            `json:"where,omitempty"` // the rule holds only where this is true; always unless given
	Must    string            `json:"must"`            // the condition
	Field   string            `json:"field,omitempty"` // the field at fault
	Labels  map[string]string `json:"labels,omitempty"`
	Retired bool              `json:"retired,omitempty"`
}

// View is a saved way to look at an object.
type View struct {
	Name    string   `json:"name"`
	Type    string   `json:"type,omitempty"` // list unless given; board, calendar
	Filter  string   `json:"filter,omitempty"`
	Sort    string   `json:"sort,omitempty"`
	Columns []string `json:"columns,omitempty"`
	Group   string   `json:"group,omitempty"`
}

// Action declares a named operation on one record, or on the object as a whole. What it does is a function of the module that
// declares it.
type Action struct {
	Name   string  // "merge"
	Icon   string  //
	Input  []Field // what it asks for
	Object bool    // on the object as a whole, without a record
	Reads  bool    // changes nothing: the right to read is enough
}

// Extension adds fields, rules and actions of one module to an object of another.
type Extension struct {
	Object  string
	Fields  []Field
	Rules   []Rule
	Actions []Action
}

// Item is one thing that was made or changed while the program runs, as the catalog table keeps it.
type Item struct {
	Object string  `json:"object"`
	Define *Object `json:"define,omitempty"` // a custom object, without fields
	Field  *Field  `json:"field,omitempty"`  // a custom field, or an overlay of a shipped one
	Rule   *Rule   `json:"rule,omitempty"`   // a custom rule
}

// Names of the fields that every record has. They stand first, in this order.
const (
	FieldID         = "id"
	FieldVersion    = "version"
	FieldCreatedAt  = "created_at"
	FieldCreatedBy  = "created_by"
	FieldChangedAt  = "changed_at"
	FieldChangedBy  = "changed_by"
	FieldOwner      = "owner"
	FieldTeam       = "team"
	FieldBranch     = "branch"
	FieldSource     = "source"
	FieldExternalID = "external_id"
	FieldDeletedAt  = "deleted"
)

// Slots of the fields that every record has.
const (
	SlotID = iota
	SlotVersion
	SlotCreatedAt
	SlotCreatedBy
	SlotChangedAt
	SlotChangedBy
	SlotOwner
	SlotTeam
	SlotBranch
	SlotSource
	SlotExternalID
	SlotDeleted
	systemSlots
)

// Names of the objects of the platform that every other object links to.
const (
	ObjectUser   = "user"
	ObjectTeam   = "team"
	ObjectBranch = "branch"
	ObjectRole   = "role"
)

// systemFields are the fields that every record has. Owner, team and branch are kept as 0 for nobody, so that the exclusions of the
// rights predicate lose no rows; the catalog shows 0 as empty.
func systemFields() []Field {
	return []Field{
		{Name: FieldID, Kind: RefKind{}, Derived: true},
		{Name: FieldVersion, Kind: NumberKind{}, Derived: true},
		{Name: FieldCreatedAt, Kind: DateTimeKind{}, Derived: true, Index: true},
		{Name: FieldCreatedBy, Kind: RefKind{To: ObjectUser}, Derived: true},
		{Name: FieldChangedAt, Kind: DateTimeKind{}, Derived: true, Index: true},
		{Name: FieldChangedBy, Kind: RefKind{To: ObjectUser}, Derived: true},
		{Name: FieldOwner, Kind: RefKind{To: ObjectUser}},
		{Name: FieldTeam, Kind: RefKind{To: ObjectTeam}},
		{Name: FieldBranch, Kind: RefKind{To: ObjectBranch}},
		{Name: FieldSource, Kind: TextKind{Max: 100}, Fixed: true},
		{Name: FieldExternalID, Kind: TextKind{Max: 200}, Fixed: true},
		{Name: FieldDeletedAt, Kind: DateTimeKind{}, Derived: true},
	}
}
