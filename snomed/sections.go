package snomed

import "math/bits"

// The places of the directory of a store file.
const (
	secInfo      = iota // bytes: what the store was built from
	secTimes            // longs, ascending: effective times
	secModules          // longs, ascending
	secCodes            // longs, ascending: types, statuses and other metadata that rows have as codes
	secLanguages        // longs: language codes, packed into eight bytes
	secSpaces           // longs, ascending: namespaces and partitions of packed identifiers

	secConceptID   // longs by ordinal
	secIDSlots     // longs: the buckets of an idTable, each in one cache line
	secIDOverflow  // words: ordinals of what found its bucket full, by hash64
	secStatuses    // longs, ascending: definition statuses
	secInner       // words, two per 32 active concepts: which have descendants, how many have before them
	secClosure     // words, two per concept with descendants and two more: end of the first run, first extra run
	secRuns        // two per run
	secDescendants // number of descendants and self, of the concepts that have any
	secParentAt
	secParent
	secChildAt
	secChild

	secDescAt // first description of each ordinal
	secDescID
	secDescTime
	secDescModule
	secDescKind
	secDescSignificance
	secDescLanguage
	secDescActive
	secDescAccept // two bits per language reference set: 1 acceptable, 2 preferred
	secDescOrder  // rows in the order of identifiers
	secRecordAt   // bytes, words and bytes of a blockTable: fields, preferred term
	secRecordWide
	secRecords
	secBlockAt // of another: the other terms
	secBlockWide
	secBlocks
	secPieceSlots // bytes: pieceSlot for each piece
	secPieces     // bytes: the pieces that are too long for a slot
	secDialects   // longs: the language reference sets of secDescAccept

	secRelAt // first relationship of each ordinal
	secRelID
	secRelTarget
	secRelKind
	secRelChar
	secRelModifier
	secRelGroup
	secRelFlags
	secRelTime
	secRelModule
	secValueAt
	secValues    // texts of concrete values, in ascending order
	secReverse   // active inferred attribute rows by type, then target
	secReverseAt // words: where each type begins in secReverse

	secIdentAt
	secIdents
	secIdentScheme
	secIdentComponent
	secIdentTime
	secIdentModule
	secIdentActive

	secMemberTimes
	secMemberModules
	secRefsets // longs, refsetLongs per reference set in ascending order
	secRefs    // bytes: refs of the columns of reference sets
	secOthers  // longs: components that are neither concepts nor descriptions
	secMembershipAt
	secMembership // indexes of reference sets, by concept
	secHistoryTarget
	secHistoryRefset
	secHistoryRow

	secTokenAt
	secTokens      // folded words, ascending
	secTokenShared // bytes: how much of each token is that of the one before
	secTokenCount  // postings before each token
	secPostAt
	secPosts
	secRestPostAt
	secRestPosts  // postings of the documents that few searches look at
	secDocConcept // the concept of each document, best first, then of the rest, best first
	secDocScore   // the best score of each document
	secClassStart // words: the first token of each class, counted from class 1
	secSignatures // bytes: the classes of each document, ascending, and a zero
	secSignAt     // words: the signature of every signStep-th document
	secBonus      // by concept
	secPieceToken // the token of each piece, counted from 1, 0 for what is no word
	secPieceLength

	sections
)

// conceptFields lays out the number that the record of a concept begins with:
// the place of the fully specified name and of the preferred term among its
// descriptions, counted from 1, four bits each; then the codes of time, module
// and status, with as many bits as their tables need.
type conceptFields struct {
	module, status uint
	size           int // bytes
}

const (
	fieldNames = 8 // bits
	fieldTime  = fieldNames
)

func newConceptFields(times, modules, statuses int) conceptFields {
	f := conceptFields{module: fieldTime + uint(bits.Len(uint(times)))}
	f.status = f.module + uint(bits.Len(uint(modules)))
	f.size = (int(f.status) + bits.Len(uint(statuses)) + 7) / 8
	return f
}

// What secRefsets has of each reference set.
const (
	refsetID = iota
	refsetRows
	refsetActive
	refsetFirstRef
	refsetColumns
	refsetFlags
	refsetLongs
)

// Flags of a reference set.
const (
	refsetLanguage = 1 << iota
	refsetHistory
	refsetUUIDs
)

// The refs of a reference set come in this order, then columnRefs of each
// column.
const (
	refComponent = iota
	refActive
	refTime
	refModule
	refUUID
	fixedRefs
)

// The refs of a column: its type letter and name, the codes, and what the
// codes stand for.
const (
	colName = iota
	colCodes
	colA // longs of numbers, or ends of texts
	colB // texts, or places of compressed blocks
	colC // compressed blocks
	columnRefs
)
