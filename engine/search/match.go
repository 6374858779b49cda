package search

// Matcher tests entries in memory against a question, as Find does in the database: for a viewer who may not see everything that an entry
// is found by. It may be used by one goroutine.
type Matcher struct {
	asked terms
	maker maker
}

// NewMatcher reads what a person typed.
func NewMatcher(question string) *Matcher { return &Matcher{asked: parse(question)} }

// Match says whether an entry has what is asked for. A question that asks for nothing matches nothing.
func (m *Matcher) Match(e *Entry) bool {
	if len(m.asked.clauses) == 0 && len(m.asked.letters) == 0 {
		return false
	}
	r := m.maker.row(e)
	return m.asked.fits(r.Words, r.Parts)
}
