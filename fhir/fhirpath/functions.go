package fhirpath

// functionID names the functions that the compiler knows itself.
type functionID uint8

const (
	fScalar   functionID = iota // one item in, one out: function.scalar
	fConvert                    // one item in, one out: function.conv
	fConverts                   // whether function.conv finds a value
	fEmpty
	fExists
	fAll
	fAllTrue
	fAnyTrue
	fAllFalse
	fAnyFalse
	fSubsetOf
	fSupersetOf
	fCount
	fDistinct
	fIsDistinct
	fWhere
	fSelect
	fRepeat
	fRepeatAll
	fOfType
	fCoalesce
	fSingle
	fFirst
	fLast
	fTail
	fSkip
	fTake
	fIntersect
	fExclude
	fUnion
	fCombine
	fIif
	fNot
	fIs
	fAs
	fType
	fChildren
	fDescendants
	fTrace
	fDefineVariable
	fAggregate
	fSum
	fMin
	fMax
	fAvg
	fSort
	fJoin
	fSplit
	fToChars
	fExtension
	fHasValue
	fGetValue
	fResolve
	fElementDefinition
	fSlice
	fCheckModifiers
	fConformsTo
	fMemberOf
	fSubsumes
	fSubsumedBy
	fHTMLChecks
	fNow
	fToday
	fTimeOfDay
	fTerminology // of %terminologies
	fFactory     // of %factory
)

// scalarFunc computes a function of one item with up to three arguments. An
// absent argument is the zero Value; the result is the zero Value for the
// empty collection.
type scalarFunc func(ev *evaluator, e *expr, in, a, b, c Value) Value

// function describes a function to the checker and the compiler.
type function struct {
	name     string
	id       functionID
	min, max int8
	in       kinds // what the input must be; 0 for anything
	args     kinds // what scalar arguments must be; 0 for anything
	out      kinds // what a scalar function returns; 0 for as its input
	lambda   bool  // arguments are evaluated for each item
	optional bool  // an empty argument is as if it were absent
	scalar   scalarFunc
	conv     func(Value) Value // of fConvert and fConverts
}

// functions are the functions of the language and of FHIR, by name.
var functions = [...]function{
	{name: "abs", in: kindsNumber | kindsQty, scalar: mathAbs},
	{name: "aggregate", id: fAggregate, min: 1, max: 2, lambda: true},
	{name: "all", id: fAll, min: 1, max: 1, lambda: true, out: kindsBoolean},
	{name: "allFalse", id: fAllFalse, out: kindsBoolean},
	{name: "allTrue", id: fAllTrue, out: kindsBoolean},
	{name: "anyFalse", id: fAnyFalse, out: kindsBoolean},
	{name: "anyTrue", id: fAnyTrue, out: kindsBoolean},
	{name: "as", id: fAs, min: 1, max: 1},
	{name: "avg", id: fAvg, in: kindsNumber | kindsQty},
	{name: "ceiling", in: kindsNumber | kindsQty, out: kindsNumber | kindsQty, scalar: mathCeiling},
	{name: "checkModifiers", id: fCheckModifiers, min: 0, max: 100},
	{name: "children", id: fChildren},
	{name: "coalesce", id: fCoalesce, min: 1, max: 100},
	{name: "combine", id: fCombine, min: 1, max: 2},
	{name: "comparable", min: 1, max: 1, in: kindsQty | kindsNumber, args: kindsQty | kindsNumber, out: kindsBoolean, scalar: quantityComparable},
	{name: "conformsTo", id: fConformsTo, min: 1, max: 1, out: kindsBoolean},
	{name: "contains", min: 1, max: 1, in: kindsString, args: kindsString, out: kindsBoolean, scalar: stringContains},
	{name: "convertsToBoolean", id: fConverts, out: kindsBoolean, conv: toBoolean},
	{name: "convertsToDate", id: fConverts, out: kindsBoolean, conv: toDate},
	{name: "convertsToDateTime", id: fConverts, out: kindsBoolean, conv: toDateTime},
	{name: "convertsToDecimal", id: fConverts, out: kindsBoolean, conv: toDecimal},
	{name: "convertsToInteger", id: fConverts, out: kindsBoolean, conv: toInteger},
	{name: "convertsToLong", id: fConverts, out: kindsBoolean, conv: toLong},
	{name: "convertsToQuantity", max: 1, out: kindsBoolean, scalar: convertsToQuantity},
	{name: "convertsToString", id: fConverts, out: kindsBoolean, conv: toText},
	{name: "convertsToTime", id: fConverts, out: kindsBoolean, conv: toTime},
	{name: "count", id: fCount, out: kindsInteger},
	{name: "dateOf", in: kindsDates, out: kindsDate, scalar: datePart},
	{name: "dayOf", in: kindsDates, out: kindsInteger, scalar: datePart},
	{name: "decode", min: 1, max: 1, in: kindsString, args: kindsString, out: kindsString, scalar: stringDecode},
	{name: "defineVariable", id: fDefineVariable, min: 1, max: 2},
	{name: "descendants", id: fDescendants},
	{name: "difference", min: 2, max: 2, in: kindsDates | kindsTime, args: kindsDates | kindsTime | kindsString, out: kindsInteger | kindsLong, scalar: dateDifference},
	{name: "distinct", id: fDistinct},
	{name: "duration", min: 2, max: 2, in: kindsDates | kindsTime, args: kindsDates | kindsTime | kindsString, out: kindsInteger | kindsLong, scalar: dateDuration},
	{name: "elementDefinition", id: fElementDefinition},
	{name: "empty", id: fEmpty, out: kindsBoolean},
	{name: "encode", min: 1, max: 1, in: kindsString, args: kindsString, out: kindsString, scalar: stringEncode},
	{name: "endsWith", min: 1, max: 1, in: kindsString, args: kindsString, out: kindsBoolean, scalar: stringEndsWith},
	{name: "escape", min: 1, max: 1, in: kindsString, args: kindsString, out: kindsString, scalar: stringEscape},
	{name: "exclude", id: fExclude, min: 1, max: 1},
	{name: "exists", id: fExists, max: 1, lambda: true, out: kindsBoolean},
	{name: "exp", in: kindsNumber, out: kindsDecimal, scalar: mathExp},
	{name: "extension", id: fExtension, min: 1, max: 1},
	{name: "first", id: fFirst},
	{name: "floor", in: kindsNumber | kindsQty, out: kindsNumber | kindsQty, scalar: mathFloor},
	{name: "getValue", id: fGetValue},
	{name: "hasValue", id: fHasValue, out: kindsBoolean},
	{name: "highBoundary", max: 1, in: kindsNumber | kindsQty | kindsDates | kindsTime, args: kindsInteger, scalar: highBoundary},
	{name: "hourOf", in: kindsDates | kindsTime, out: kindsInteger, scalar: datePart},
	{name: "htmlChecks", id: fHTMLChecks, out: kindsBoolean},
	{name: "htmlChecks1", id: fHTMLChecks, out: kindsBoolean},
	{name: "htmlChecks2", id: fHTMLChecks, out: kindsBoolean},
	{name: "iif", id: fIif, min: 2, max: 3},
	{name: "indexOf", min: 1, max: 1, in: kindsString, args: kindsString, out: kindsInteger, scalar: stringIndexOf},
	{name: "intersect", id: fIntersect, min: 1, max: 1},
	{name: "is", id: fIs, min: 1, max: 1, out: kindsBoolean},
	{name: "isDistinct", id: fIsDistinct, out: kindsBoolean},
	{name: "join", id: fJoin, max: 1, in: kindsString, args: kindsString, out: kindsString},
	{name: "last", id: fLast},
	{name: "lastIndexOf", min: 1, max: 1, in: kindsString, args: kindsString, out: kindsInteger, scalar: stringLastIndexOf},
	{name: "length", in: kindsString, out: kindsInteger, scalar: stringLength},
	{name: "ln", in: kindsNumber, out: kindsDecimal, scalar: mathLn},
	{name: "log", min: 1, max: 1, in: kindsNumber, args: kindsNumber, out: kindsDecimal, scalar: mathLog},
	{name: "lowBoundary", max: 1, in: kindsNumber | kindsQty | kindsDates | kindsTime, args: kindsInteger, scalar: lowBoundary},
	{name: "lower", in: kindsString, out: kindsString, scalar: stringLower},
	{name: "matches", min: 1, max: 2, in: kindsString, args: kindsString, out: kindsBoolean, scalar: stringMatches},
	{name: "matchesFull", min: 1, max: 2, in: kindsString, args: kindsString, out: kindsBoolean, scalar: stringMatchesFull},
	{name: "max", id: fMax},
	{name: "memberOf", id: fMemberOf, min: 1, max: 1, out: kindsBoolean},
	{name: "millisecondOf", in: kindsDates | kindsTime, out: kindsInteger, scalar: datePart},
	{name: "min", id: fMin},
	{name: "minuteOf", in: kindsDates | kindsTime, out: kindsInteger, scalar: datePart},
	{name: "monthOf", in: kindsDates, out: kindsInteger, scalar: datePart},
	{name: "not", id: fNot, out: kindsBoolean},
	{name: "now", id: fNow, out: kindsMoment},
	{name: "ofType", id: fOfType, min: 1, max: 1},
	{name: "power", min: 1, max: 1, in: kindsNumber, args: kindsNumber, out: kindsNumber, scalar: mathPower},
	{name: "precision", in: kindsNumber | kindsDates | kindsTime | kindsQty, out: kindsInteger, scalar: valuePrecision},
	{name: "repeat", id: fRepeat, min: 1, max: 1, lambda: true},
	{name: "repeatAll", id: fRepeatAll, min: 1, max: 1, lambda: true},
	{name: "replace", min: 2, max: 2, in: kindsString, args: kindsString, out: kindsString, scalar: stringReplace},
	{name: "replaceMatches", min: 2, max: 3, in: kindsString, args: kindsString, out: kindsString, scalar: stringReplaceMatches},
	{name: "resolve", id: fResolve},
	{name: "round", max: 1, in: kindsNumber | kindsQty, args: kindsInteger, out: kindsNumber | kindsQty, scalar: mathRound},
	{name: "secondOf", in: kindsDates | kindsTime, out: kindsInteger, scalar: datePart},
	{name: "select", id: fSelect, min: 1, max: 1, lambda: true},
	{name: "single", id: fSingle},
	{name: "skip", id: fSkip, min: 1, max: 1},
	{name: "slice", id: fSlice, min: 2, max: 2},
	{name: "sort", id: fSort, max: 100, lambda: true},
	{name: "split", id: fSplit, min: 1, max: 1, in: kindsString, args: kindsString, out: kindsString},
	{name: "sqrt", in: kindsNumber, out: kindsDecimal, scalar: mathSqrt},
	{name: "startsWith", min: 1, max: 1, in: kindsString, args: kindsString, out: kindsBoolean, scalar: stringStartsWith},
	{name: "subsetOf", id: fSubsetOf, min: 1, max: 1, out: kindsBoolean},
	{name: "substring", min: 1, max: 2, in: kindsString, args: kindsInteger | kindsLong, out: kindsString, scalar: stringSubstring, optional: true},
	{name: "subsumedBy", id: fSubsumedBy, min: 1, max: 1, out: kindsBoolean},
	{name: "subsumes", id: fSubsumes, min: 1, max: 1, out: kindsBoolean},
	{name: "sum", id: fSum, in: kindsNumber | kindsQty},
	{name: "supersetOf", id: fSupersetOf, min: 1, max: 1, out: kindsBoolean},
	{name: "tail", id: fTail},
	{name: "take", id: fTake, min: 1, max: 1},
	{name: "timeOf", in: kindsDates, out: kindsTime, scalar: datePart},
	{name: "timeOfDay", id: fTimeOfDay, out: kindsTime},
	{name: "timezoneOffsetOf", in: kindsDates, out: kindsDecimal, scalar: datePart},
	{name: "toBoolean", id: fConvert, out: kindsBoolean, conv: toBoolean},
	{name: "toChars", id: fToChars, in: kindsString, out: kindsString},
	{name: "toDate", id: fConvert, out: kindsDate, conv: toDate},
	{name: "toDateTime", id: fConvert, out: kindsMoment, conv: toDateTime},
	{name: "toDecimal", id: fConvert, out: kindsDecimal, conv: toDecimal},
	{name: "toInteger", id: fConvert, out: kindsInteger, conv: toInteger},
	{name: "toLong", id: fConvert, out: kindsLong, conv: toLong},
	{name: "toQuantity", max: 1, out: kindsQty, scalar: convertToQuantity},
	{name: "toString", id: fConvert, out: kindsString, conv: toText},
	{name: "toTime", id: fConvert, out: kindsTime, conv: toTime},
	{name: "today", id: fToday, out: kindsDate},
	{name: "trace", id: fTrace, min: 1, max: 2},
	{name: "trim", in: kindsString, out: kindsString, scalar: stringTrim},
	{name: "truncate", in: kindsNumber | kindsQty, out: kindsNumber | kindsQty, scalar: mathTruncate},
	{name: "type", id: fType},
	{name: "unescape", min: 1, max: 1, in: kindsString, args: kindsString, out: kindsString, scalar: stringUnescape},
	{name: "union", id: fUnion, min: 1, max: 1},
	{name: "upper", in: kindsString, out: kindsString, scalar: stringUpper},
	{name: "where", id: fWhere, min: 1, max: 1, lambda: true},
	{name: "yearOf", in: kindsDates, out: kindsInteger, scalar: datePart},
}

// findFunction returns the function with a name, nil if there is none.
func findFunction(name string) *function {
	lo, hi := 0, len(functions)
	for lo < hi {
		mid := (lo + hi) / 2
		switch f := &functions[mid]; {
		case f.name == name:
			return f
		case f.name < name:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return nil
}
