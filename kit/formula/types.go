package formula

import "ashna/kit/calendar"

// Kind says what sort of value a type holds.
type Kind uint8

// The kinds of value. Every kind is stored as an int64 or a text, the same on both databases.
const (
	Unknown Kind = iota // the type of a part that is at fault; never in a checked tree
	Empty               // the literal empty before it meets a type
	Quoted              // a quoted text before it meets a type: it becomes a text, date, moment or link
	Bool                // 0 or 1
	Text                // the text as typed and its comparison key
	Number              // an int64 scaled by ten to the power of Type.Scale
	Date                // days since 1970-01-01
	Moment              // microseconds since 1970-01-01 00:00 UTC
	Link                // the id of a record
	Set                 // several texts as one text of keys with bars around them: "|vip|tehran|"
)

const (
	wordEmpty  Word = "formula.kind.empty"
	wordBool   Word = "formula.kind.bool"
	wordText   Word = "formula.kind.text"
	wordNumber Word = "formula.kind.number"
	wordMoney  Word = "formula.kind.money"
	wordDate   Word = "formula.kind.date"
	wordMoment Word = "formula.kind.moment"
	wordLink   Word = "formula.kind.link"
	wordSet    Word = "formula.kind.set"
)

var kindWords = [...]Word{Unknown: wordEmpty, Empty: wordEmpty, Quoted: wordText, Bool: wordBool, Text: wordText, Number: wordNumber,
	Date: wordDate, Moment: wordMoment, Link: wordLink, Set: wordSet}

// Type is the type of a field or of a part of a formula. Types are comparable with ==.
type Type struct {
	Kind   Kind
	Scale  int    // decimals of a Number, 0 to 8
	Money  bool   // a Number that is an amount in the base currency
	To     string // the object a Link points to; "" when it may point to any of several
	Choice bool   // a Text whose key is the code of the choice itself
}

// Word names the type for a message.
func (t Type) Word() Word {
	if t.Kind == Number && t.Money {
		return wordMoney
	}
	if int(t.Kind) >= len(kindWords) {
		return wordEmpty
	}
	return kindWords[t.Kind]
}

func (t Type) ordered() bool { return t.Kind == Number || t.Kind == Date || t.Kind == Moment }

// fits says whether values of two types may be compared or take each other's place; scale and money are looked at apart.
func (t Type) fits(u Type) bool {
	return t.Kind == u.Kind && (t.Kind != Link || t.To == u.To || t.To == "" || u.To == "")
}

// IDIndex is the Index of the field "id", which every object has without the schema saying so.
const IDIndex = -1

// UserObject is the object that me() links to.
const UserObject = "user"

// Field is a field as a formula sees it.
type Field struct {
	Name    string
	Type    Type
	Index   int      // the place of the value in Record.Values; IDIndex for the id
	Choices []string // the codes of a choice or a set of choices; nil accepts any text
}

// List is an inverse relation: the records of Object whose link Field points to the record that has the list.
type List struct {
	Object string
	Field  string
}

// Schema is the catalog as the author of a formula may see it. What is hidden from the author is simply not there.
type Schema interface {
	// Field gives a field of an object; the field "id" is never asked for.
	Field(object, name string) (Field, bool)
	// List gives an inverse relation of an object.
	List(object, name string) (List, bool)
	// Names gives the names of the visible fields and lists of an object.
	Names(object string) []string
}

// Settings are what a formula means in one workspace.
type Settings struct {
	BaseScale int                             // decimals of the base currency: what round() leaves of an amount
	Calendar  calendar.Calendar               // of year(), month(), day(), startOfMonth(), startOfYear() and within() unless they say
	Old       bool                            // the name "old" is the record as it was before the change
	ParseID   func(text string) (int64, bool) // reads the text form of an id; nil refuses ids in formulas
}

// Want says what a formula must give. The zero Want is a condition.
type Want struct {
	any   bool
	value bool
	typ   Type
}

// Condition wants a yes or no.
func Condition() Want { return Want{} }

// AnyValue takes a value of any type; a quoted text alone is a Text.
func AnyValue() Want { return Want{any: true} }

// Of wants a value of a type, as a computed field of that type does: a number is rounded half away from zero to the type's Scale.
func Of(t Type) Want { return Want{value: true, typ: t} }
