package formula

import (
	"slices"

	"ashna/kit/fault"
)

// Key is one message this package can give: the key in the locale files, its parameters besides "column", and the sentence in English
// as a model for translators.
type Key struct {
	Name   string
	Params []string
	Model  string
}

// Word is a parameter of a message that is itself a key of the locale files: the name of a kind of value.
type Word string

// MessageKey gives the key to translate.
func (w Word) MessageKey() string { return string(w) }

// The keys of the faults. Every fault has "column": characters from the start of the source, the first being 1.
const (
	keyNothing         = "formula.nothing"
	keyTooLong         = "formula.too_long"
	keyTooDeep         = "formula.too_deep"
	keyTooManyParts    = "formula.too_many_parts"
	keyTooManyMembers  = "formula.too_many_members"
	keyTooManyLists    = "formula.too_many_lists"
	keyTooNested       = "formula.too_nested"
	keyTooManySteps    = "formula.too_many_steps"
	keyTooManyDecimals = "formula.too_many_decimals"
	keyTooLarge        = "formula.number_too_large"
	keyTooMuchWork     = "formula.too_much_work"
	keyNotText         = "formula.not_text"
	keyCharacter       = "formula.character"
	keyUnexpected      = "formula.unexpected"
	keyUnexpectedEnd   = "formula.unexpected_end"
	keyUnclosedText    = "formula.unclosed_text"
	keyOpenBracket     = "formula.open_bracket"
	keyChained         = "formula.chained"
	keyListPlace       = "formula.list_place"
	keyInNeeds         = "formula.in_needs_list"
	keyExpected        = "formula.expected"
	keyUnknownField    = "formula.unknown_field"
	keyNearField       = "formula.unknown_field_near"
	keyUnknownList     = "formula.unknown_list"
	keyUnknownFunction = "formula.unknown_function"
	keyNearFunction    = "formula.unknown_function_near"
	keyUnknownChoice   = "formula.unknown_choice"
	keyIsList          = "formula.is_list"
	keyNotList         = "formula.not_list"
	keyNeedsList       = "formula.needs_list"
	keyNotLink         = "formula.not_link"
	keyAnyLink         = "formula.any_link"
	keyArguments       = "formula.arguments"
	keyNeeds           = "formula.needs"
	keyNeedsCondition  = "formula.needs_condition"
	keyNeedsField      = "formula.needs_field"
	keyNeedsFixed      = "formula.needs_fixed"
	keyFixedDay        = "formula.fixed_day"
	keyFixedDays       = "formula.fixed_days"
	keyFixedPlaces     = "formula.fixed_places"
	keyNoOrder         = "formula.no_order"
	keyTypes           = "formula.types"
	keyMoneyAndNumber  = "formula.money_and_number"
	keyMoneyTimesMoney = "formula.money_times_money"
	keyNumberByMoney   = "formula.number_by_money"
	keyWholeNumbers    = "formula.whole_numbers"
	keyEmptyOperand    = "formula.empty_operand"
	keyNotDate         = "formula.not_date"
	keyNotID           = "formula.not_id"
	keyNotMember       = "formula.not_member"
	keyUseHas          = "formula.use_has"
	keyPartOfMoment    = "formula.part_of_moment"
	keyCalendar        = "formula.calendar"
	keyPeriod          = "formula.period"
	keyWrongResult     = "formula.wrong_result"
)

var keyTable = []Key{
	{keyNothing, nil, "The formula is empty."},
	{keyTooLong, []string{"max"}, "The formula is longer than {max} bytes."},
	{keyTooDeep, []string{"max"}, "The formula is nested deeper than {max}."},
	{keyTooManyParts, []string{"max"}, "The formula has more than {max} parts."},
	{keyTooManyMembers, []string{"max"}, "A list may have at most {max} values."},
	{keyTooManyLists, []string{"max"}, "At most {max} list functions fit in one formula."},
	{keyTooNested, []string{"max"}, "At most {max} list functions may stand inside each other."},
	{keyTooManySteps, []string{"max"}, "A path may have at most {max} steps."},
	{keyTooManyDecimals, []string{"max"}, "More than {max} decimals: round first."},
	{keyTooLarge, []string{"text"}, "The number {text} is too large."},
	{keyTooMuchWork, []string{"max"}, "The formula looks at more than {max} related records."},
	{keyNotText, nil, "The formula is not readable text (UTF-8)."},
	{keyCharacter, []string{"text"}, "The character {text} has no meaning here."},
	{keyUnexpected, []string{"text"}, "{text} was not expected here."},
	{keyUnexpectedEnd, nil, "Something is missing at the end."},
	{keyUnclosedText, nil, "This text is not closed."},
	{keyOpenBracket, []string{"at"}, "The bracket at column {at} is open."},
	{keyChained, []string{"op"}, "Comparisons cannot be chained: join them with and."},
	{keyListPlace, nil, "A list belongs after in."},
	{keyInNeeds, nil, "A list like [\"a\", \"b\"] or a range like 1 .. 5 belongs after in."},
	{keyExpected, []string{"want", "text"}, "{want} was expected before {text}."},
	{keyUnknownField, []string{"object", "field"}, "{object} has no field {field}."},
	{keyNearField, []string{"object", "field", "near"}, "{object} has no field {field}, did you mean {near}?"},
	{keyUnknownList, []string{"object", "list"}, "{object} has no list {list}."},
	{keyUnknownFunction, []string{"name"}, "There is no function {name}()."},
	{keyNearFunction, []string{"name", "near"}, "There is no function {name}(), did you mean {near}()?"},
	{keyUnknownChoice, []string{"field", "value"}, "{value} is not a choice of {field}."},
	{keyIsList, []string{"field"}, "{field} is a list: use any(), count() or sum() with it."},
	{keyNotList, []string{"field"}, "{field} is not a list."},
	{keyNeedsList, []string{"name"}, "The name of a list belongs first in {name}()."},
	{keyNotLink, []string{"field", "kind"}, "Only a link has fields; {field} is a {kind}."},
	{keyAnyLink, []string{"field"}, "{field} may point to several kinds of records, so its fields cannot be used."},
	{keyArguments, []string{"name", "min", "max", "n"}, "{name}() takes {min} to {max} values, not {n}."},
	{keyNeeds, []string{"name", "want", "kind"}, "{name} needs a {want}, this is a {kind}."},
	{keyNeedsCondition, []string{"kind"}, "A condition is needed here, this is a {kind}."},
	{keyNeedsField, []string{"name"}, "{name} needs a field."},
	{keyNeedsFixed, []string{"name"}, "A fixed value belongs after {name}."},
	{keyFixedDay, nil, "A moment can only be compared with a fixed day."},
	{keyFixedDays, []string{"name", "max"}, "{name}() takes a whole number of days up to {max}."},
	{keyFixedPlaces, []string{"max"}, "round() takes a fixed number of decimals from 0 to {max}."},
	{keyNoOrder, []string{"kind", "op"}, "A {kind} has no order: {op} does not apply."},
	{keyTypes, []string{"left", "right", "op"}, "A {left} and a {right} cannot stand together in {op}."},
	{keyMoneyAndNumber, []string{"op"}, "Money and a plain number cannot stand together in {op}."},
	{keyMoneyTimesMoney, nil, "Money times money means nothing."},
	{keyNumberByMoney, nil, "A number divided by money means nothing."},
	{keyWholeNumbers, []string{"op"}, "{op} needs whole numbers."},
	{keyEmptyOperand, []string{"op"}, "Empty cannot be calculated with."},
	{keyNotDate, []string{"text"}, "{text} is not a date, write it as 2026-03-21."},
	{keyNotID, []string{"text"}, "{text} is not the id of a record."},
	{keyNotMember, []string{"text"}, "{text} cannot be a value of a set."},
	{keyUseHas, []string{"op"}, "Use has() with a set: {op} does not apply."},
	{keyPartOfMoment, []string{"name"}, "{name}() needs a date without time: use within() or compare with dates."},
	{keyCalendar, []string{"name"}, "The calendar is \"jalali\" or \"gregorian\"."},
	{keyPeriod, []string{"text"}, "{text} is not a period: today, yesterday, tomorrow, or this, last, next with week, month, quarter, year."},
	{keyWrongResult, []string{"want", "kind"}, "A {want} is needed here, the formula gives a {kind}."},
	{string(wordEmpty), nil, "empty value"},
	{string(wordBool), nil, "yes or no"},
	{string(wordText), nil, "text"},
	{string(wordNumber), nil, "number"},
	{string(wordMoney), nil, "amount of money"},
	{string(wordDate), nil, "date"},
	{string(wordMoment), nil, "date with time"},
	{string(wordLink), nil, "link"},
	{string(wordSet), nil, "set of values"},
}

// Keys lists every message key this package uses, for translators and for the test of the locale files. The names that start with
// "formula.kind." are the kinds of values, which appear as Word parameters of the others.
func Keys() []Key { return slices.Clone(keyTable) }

// refuse makes an Invalid fault at a column.
func refuse(column int, key string, pairs ...any) *fault.Error {
	return fault.New(fault.Invalid, key, append([]any{"column", column}, pairs...)...)
}
