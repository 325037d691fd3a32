package rf2

import (
	"errors"
	"fmt"
	"strings"
)

// Kind is what the rows of a file are.
type Kind uint8

// The kinds of file.
const (
	Concept Kind = iota + 1
	Description
	TextDefinition
	Relationship
	StatedRelationship
	ConcreteValue
	Identifier
	Refset // members of reference sets, of any shape
)

// String returns the name of the kind as in file names.
func (k Kind) String() string {
	return [...]string{"unknown", "Concept", "Description", "TextDefinition", "Relationship", "StatedRelationship",
		"RelationshipConcreteValues", "Identifier", "Refset"}[min(k, Refset)]
}

// Layout is the columns of a file.
type Layout struct {
	Kind    Kind
	Name    string   // what the specification calls the file, "" for a shape it does not know
	Columns []string // header names in order
	// Types has one letter per column: c an identifier, i an integer, s a
	// text; u a member id, t a date, a an active flag.
	Types  string
	Clause string
}

// shape is a layout that the specification names.
type shape struct {
	kind    Kind
	content string // of the file name; * stands for anything
	summary string // how the summary begins
	name    string
	clause  string
	columns string
	types   string
}

const memberColumns = "id effectiveTime active moduleId refsetId referencedComponentId"

// shapes lists the terminology files, and those reference sets whose columns
// have names of their own. The first that fits decides.
var shapes = [...]shape{
	{Concept, "Concept", "", "concept", "4.2.1", "id effectiveTime active moduleId definitionStatusId", "ctacc"},
	{Description, "Description", "", "description", "4.2.2", "id effectiveTime active moduleId conceptId languageCode typeId term caseSignificanceId", "ctaccscsc"},
	{TextDefinition, "TextDefinition", "", "description", "4.2.2", "id effectiveTime active moduleId conceptId languageCode typeId term caseSignificanceId", "ctaccscsc"},
	{Relationship, "Relationship", "", "relationship", "4.2.3", "id effectiveTime active moduleId sourceId destinationId relationshipGroup typeId characteristicTypeId modifierId", "ctaccciccc"},
	{StatedRelationship, "StatedRelationship", "", "relationship", "4.2.3", "id effectiveTime active moduleId sourceId destinationId relationshipGroup typeId characteristicTypeId modifierId", "ctaccciccc"},
	{Identifier, "Identifier", "", "identifier", "4.2.4", "alternateIdentifier effectiveTime active moduleId identifierSchemeId referencedComponentId", "staccc"},
	{ConcreteValue, "RelationshipConcreteValues", "", "concrete value relationship", "4.2.6", "id effectiveTime active moduleId sourceId value relationshipGroup typeId characteristicTypeId modifierId", "ctaccsiccc"},
	{Refset, "Refset", "", "simple", "5.2.1.1", "", ""},
	{Refset, "iRefset", "", "ordered component", "5.2.1.5", "order", "i"},
	{Refset, "ciRefset", "DescriptionType", "description format", "5.2.4.3", "descriptionFormat descriptionLength", "ci"},
	{Refset, "ciRefset", "", "ordered association", "5.2.1.5", "targetComponentId order", "ci"},
	{Refset, "icRefset", "", "deprecated ordered", "5.2.1.8", "order linkedToId", "ic"},
	{Refset, "cRefset", "AttributeValue", "attribute value", "5.2.1.3", "valueId", "c"},
	{Refset, "cRefset", "Association", "association (historical)", "5.2.1.4", "targetComponentId", "c"},
	{Refset, "cRefset", "Language", "language", "5.2.2.1", "acceptabilityId", "c"},
	{Refset, "cRefset", "MRCMModuleScope", "MRCM module scope", "5.2.4.7", "mrcmRuleRefsetId", "c"},
	{Refset, "sRefset", "OWL", "OWL expression", "5.2.1.9", "owlExpression", "s"},
	{Refset, "sRefset", "SimpleMap", "simple map from", "5.2.3.1", "mapTarget", "s"},
	{Refset, "sRefset", "", "annotation (deprecated)", "5.2.1.6", "annotation", "s"},
	{Refset, "sRefset", "", "query specification", "5.2.1.7", "query", "s"},
	{Refset, "sRefset", "", "simple map to", "5.2.3.2", "mapSource", "s"},
	{Refset, "ssRefset", "ModuleDependency", "module dependency", "5.2.4.2", "sourceEffectiveTime targetEffectiveTime", "ss"},
	{Refset, "ssRefset", "", "postcoordinated expression", "5.2.1.10", "expression substrate", "ss"},
	{Refset, "ssRefset", "SimpleMapWithDescription", "simple map with description (custom)", "", "mapTarget mapTargetDescription", "ss"},
	{Refset, "scRefset", "", "simple map with correlation from", "5.2.3.6", "mapTarget correlationId", "sc"},
	{Refset, "scRefset", "", "simple map with correlation to", "5.2.3.7", "mapSource correlationId", "sc"},
	{Refset, "iissscRefset", "", "complex map", "5.2.3.3", "mapGroup mapPriority mapRule mapAdvice mapTarget correlationId", "iisssc"},
	{Refset, "iisssccRefset", "", "extended map", "5.2.3.3", "mapGroup mapPriority mapRule mapAdvice mapTarget correlationId mapCategoryId", "iissscc"},
	{Refset, "iisssciRefset", "", "UK extended map", "", "mapGroup mapPriority mapRule mapAdvice mapTarget correlationId mapBlock", "iisssci"},
	{Refset, "scccRefset", "", "map to with correlation and origin", "5.2.3.4", "mapSource attributeId correlationId contentOriginId", "sccc"},
	{Refset, "sscccRefset", "", "code to expression", "5.2.3.5", "mapSource expression definitionStatusId correlationId contentOriginId", "ssccc"},
	{Refset, "cciRefset", "RefsetDescriptor", "descriptor", "5.2.4.1", "attributeDescription attributeType attributeOrder", "cci"},
	{Refset, "sssssssRefset", "MRCMDomain", "MRCM domain", "5.2.4.4", "domainConstraint parentDomain proximalPrimitiveConstraint proximalPrimitiveRefinement domainTemplateForPrecoordination domainTemplateForPostcoordination guideURL", "sssssss"},
	{Refset, "cissccRefset", "MRCMAttributeDomain", "MRCM attribute domain", "5.2.4.5", "domainId grouped attributeCardinality attributeInGroupCardinality ruleStrengthId contentTypeId", "cisscc"},
	{Refset, "ssccRefset", "MRCMAttributeRange", "MRCM attribute range", "5.2.4.6", "rangeConstraint attributeRule ruleStrengthId contentTypeId", "sscc"},
	{Refset, "scsRefset", "", "component annotation", "5.2.4.8", "languageDialectCode typeId value", "scs"},
	{Refset, "sscsRefset", "", "member annotation", "5.2.4.9", "referencedMemberId languageDialectCode typeId value", "sscs"},
}

// ResolveLayout returns the columns of a file from its name and its header
// line, without end of line. The terminology files must have exactly the
// header of the specification. A reference set must have the six columns that
// all have, and as many more as its content element has letters; their names
// are taken from the header, so that shapes of other origin can be read.
func ResolveLayout(name FileName, header string) (Layout, error) {
	columns := strings.Split(header, "\t")
	pattern, isRefset := strings.CutSuffix(name.Content, "Refset")
	if !isRefset {
		for i := range shapes {
			s := &shapes[i]
			if s.kind == Refset || s.content != name.Content {
				continue
			}
			l := Layout{s.kind, s.name, strings.Fields(s.columns), s.types, s.clause}
			return l, sameColumns(l.Columns, columns)
		}
		return Layout{}, errors.New("the content of the file is not known: " + name.Content)
	}
	if strings.Trim(pattern, "cis") != "" {
		return Layout{}, fmt.Errorf("the pattern %q of the file name has letters other than c, i and s", pattern)
	}
	base := strings.Fields(memberColumns)
	if len(columns) < len(base) {
		return Layout{}, sameColumns(base, columns)
	}
	if err := sameColumns(base, columns[:len(base)]); err != nil {
		return Layout{}, err
	}
	rest := columns[len(base):]
	for i := range shapes {
		s := &shapes[i]
		if s.kind == Refset && s.content == name.Content && strings.HasPrefix(name.Summary, s.summary) && s.columns == strings.Join(rest, " ") {
			return Layout{Refset, s.name, columns, "utaccc" + s.types, s.clause}, nil
		}
	}
	if len(rest) != len(pattern) {
		return Layout{}, fmt.Errorf("the header has %d columns behind the common six, the pattern %q of the file name asks for %d", len(rest), pattern, len(pattern))
	}
	for i, c := range rest {
		if c == "" {
			return Layout{}, fmt.Errorf("column %d has no name", len(base)+i+1)
		}
	}
	return Layout{Refset, "", columns, "utaccc" + pattern, "5.1"}, nil
}

// conceptColumns returns the columns that identify a concept and nothing else:
// in terminology files all but the row's own identifier and what an alternate
// identifier is of; in members the module and the reference set. The others
// of a member may be components of any kind.
func (l *Layout) conceptColumns() (columns []int) {
	for i := 1; i < len(l.Types); i++ {
		switch {
		case l.Types[i] != 'c', l.Kind == Refset && i > 4, l.Kind == Identifier && i == 5:
		default:
			columns = append(columns, i)
		}
	}
	return columns
}

// sameColumns says where a header differs from what it must be.
func sameColumns(want, got []string) error {
	for i, c := range want {
		if i >= len(got) {
			return fmt.Errorf("column %d, %s, is missing", i+1, c)
		}
		if got[i] != c {
			return &columnError{i + 1, fmt.Errorf("column %d must be %s", i+1, c)}
		}
	}
	if len(got) > len(want) {
		return &columnError{len(want) + 1, fmt.Errorf("column %d is one too many", len(want)+1)}
	}
	return nil
}

// columnError is an error about one column.
type columnError struct {
	col int
	err error
}

func (e *columnError) Error() string { return e.err.Error() }
