package snomedtest

import "github.com/nhskit/nhskit/snomed/sctid"

// anchor is a concept with its real identifier and, below it, an invented
// hierarchy of a given size.
type anchor struct {
	id     sctid.ID
	under  sctid.ID // the anchor above it, 0 for the root
	deep   bool     // hangs somewhere below under, not directly
	size   int      // descendants and self at scale 1
	tag    string   // semantic tag of what is below
	name   string
	source byte // who issues what is below: i(nternational), c(linical UK), d(rug UK), m(ixed)
}

// The identifiers that generation refers to by name.
const (
	rootConcept     sctid.ID = 138875005
	clinicalFinding sctid.ID = 404684003
	disease         sctid.ID = 64572001
	bodyStructure   sctid.ID = 123037004
	procedure       sctid.ID = 71388002
	pharmaProduct   sctid.ID = 373873005
	medicinal       sctid.ID = 763158003
	substance       sctid.ID = 105590001
	organism        sctid.ID = 410607006
	qualifier       sctid.ID = 362981000
	observable      sctid.ID = 363787002
	situation       sctid.ID = 243796009
	physicalObject  sctid.ID = 260787004
	modelComponent  sctid.ID = 900000000000441003
	ukProduct       sctid.ID = 10363601000001109
	ukActualProduct sctid.ID = 10364001000001104 // the concept with the most interval runs
	edema           sctid.ID = 79654002
	lungDisorder    sctid.ID = 19829001
	pulmonaryValve  sctid.ID = 39057004
)

// anchors lists the hierarchies from the top; an anchor follows the one it is
// under. The sizes of the first nine are published; the others fill up to the
// published total.
var anchors = []anchor{
	{rootConcept, 0, false, 838955, "", "Invented CT Concept", 'i'},
	{clinicalFinding, rootConcept, false, 137834, "finding", "Clinical finding", 'm'},
	{disease, clinicalFinding, false, 92718, "disorder", "Disease", 'm'},
	{73211009, disease, true, 127, "disorder", "Sweet condition", 'i'},
	{195967001, disease, true, 129, "disorder", "Wheezing condition", 'i'},
	{lungDisorder, disease, true, 3100, "disorder", "Lung condition", 'i'},
	{90979004, lungDisorder, true, 4, "disorder", "Throat condition", 'i'},
	{procedure, rootConcept, false, 71560, "procedure", "Procedure", 'm'},
	{bodyStructure, rootConcept, false, 43647, "body structure", "Body structure", 'i'},
	{edema, bodyStructure, true, 90, "morphologic abnormality", "Swelling shape", 'i'},
	{pulmonaryValve, bodyStructure, true, 60, "body structure", "Valve part", 'i'},
	{pharmaProduct, rootConcept, false, 232007, "product", "Pharmaceutical or biologic product", 'd'},
	{ukProduct, pharmaProduct, false, 5, "product", "National product", 'd'},
	{ukActualProduct, ukProduct, false, 1, "product", "Actual national product", 'd'},
	{medicinal, pharmaProduct, false, 108527, "medicinal product", "Medicinal product", 'd'},
	{substance, rootConcept, false, 38000, "substance", "Substance", 'm'},
	{organism, rootConcept, false, 41000, "organism", "Organism", 'i'},
	{qualifier, rootConcept, false, 24000, "qualifier value", "Qualifier value", 'm'},
	{observable, rootConcept, false, 32000, "observable entity", "Observable entity", 'm'},
	{situation, rootConcept, false, 24000, "situation", "Situation with explicit context", 'm'},
	{physicalObject, rootConcept, false, 98000, "physical object", "Physical object", 'd'},
	{419891008, rootConcept, false, 31000, "record artifact", "Record artifact", 'c'},
	{48176007, rootConcept, false, 12000, "social concept", "Social context", 'c'},
	{272379006, rootConcept, false, 12000, "event", "Event", 'm'},
	{308916002, rootConcept, false, 9000, "environment", "Environment or location", 'c'},
	{123038009, rootConcept, false, 3000, "specimen", "Specimen", 'i'},
	{254291000, rootConcept, false, 4000, "staging scale", "Staging and scales", 'm'},
	{78621006, rootConcept, false, 400, "physical force", "Physical force", 'i'},
	{370115009, rootConcept, false, 0, "special concept", "Special concept", 'i'}, // takes what is left
	{modelComponent, rootConcept, false, 0, "foundation metadata concept", "Model component", 'i'},
}

// known is a metadata concept with its real identifier.
type known struct {
	id, parent sctid.ID
	name       string
}

// Metadata identifiers.
const (
	moduleCore      sctid.ID = 900000000000207008
	moduleModel     sctid.ID = 900000000000012004
	moduleEdition   sctid.ID = 83821000000107
	moduleClinical  sctid.ID = 999000011000000103
	moduleRefsets   sctid.ID = 999000031000000106
	moduleDrug      sctid.ID = 999000011000001104
	typeFSN         sctid.ID = 900000000000003001
	typeSynonym     sctid.ID = 900000000000013009
	typeDefinition  sctid.ID = 900000000000550004
	statusPrimitive sctid.ID = 900000000000074008
	statusDefined   sctid.ID = 900000000000073002
	caseInitial     sctid.ID = 900000000000020002
	caseInsensitive sctid.ID = 900000000000448009
	caseSensitive   sctid.ID = 900000000000017005
	preferred       sctid.ID = 900000000000548007
	acceptable      sctid.ID = 900000000000549004
	isA             sctid.ID = 116680003
	charInferred    sctid.ID = 900000000000011006
	charStated      sctid.ID = 900000000000010007
	charAdditional  sctid.ID = 900000000000227009
	modifierSome    sctid.ID = 900000000000451002
	langGB          sctid.ID = 900000000000508004
	langUS          sctid.ID = 900000000000509007
	langUKClinical  sctid.ID = 999001261000000100
	langUKPharmacy  sctid.ID = 999000691000001104
	refsetRoot      sctid.ID = 900000000000455006
	historicalRoot  sctid.ID = 900000000000522004
	refsetOWLAxiom  sctid.ID = 733073007
	refsetOWLOnto   sctid.ID = 762103008
	refsetDescr     sctid.ID = 900000000000456007
	refsetModDep    sctid.ID = 900000000000534007
	refsetDescType  sctid.ID = 900000000000538005
	refsetConceptIn sctid.ID = 900000000000489007
	refsetDescIn    sctid.ID = 900000000000490003
	refsetCTV3      sctid.ID = 900000000000497000
	refsetICDO      sctid.ID = 446608001
	refsetICD10Int  sctid.ID = 447562003
	refsetICD10UK   sctid.ID = 999002271000000101
	refsetOPCS      sctid.ID = 1891651000000103
	refsetOPCSOld   sctid.ID = 1126441000000105
	refsetReadV2    sctid.ID = 999002721000000108
	refsetReadV3    sctid.ID = 999002731000000105
	refsetEmergency sctid.ID = 991411000000109
	attrRoot        sctid.ID = 410662002
	attrConcrete    sctid.ID = 762706009
	assocSameAs     sctid.ID = 900000000000527005
	assocReplacedBy sctid.ID = 900000000000526001
	assocWasA       sctid.ID = 900000000000528000
	assocPossEquiv  sctid.ID = 900000000000523009
	assocMovedTo    sctid.ID = 900000000000524003
	assocMovedFrom  sctid.ID = 900000000000525002
	assocAlternativ sctid.ID = 900000000000530003
	assocPartEquiv  sctid.ID = 1186924009
	assocPossRepl   sctid.ID = 1186921001
	mapCorrelation  sctid.ID = 447561005
	mapCategory     sctid.ID = 447637006
	mapCategoryCtx  sctid.ID = 447639009
)

// metadata lists the concepts of the model, parents first.
var metadata = []known{
	{106237007, modelComponent, "Linkage concept"},
	{attrRoot, 106237007, "Concept model attribute"},
	{762705008, attrRoot, "Concept model object attribute"},
	{attrConcrete, attrRoot, "Concept model data attribute"},
	{isA, 106237007, "Is a"},
	{900000000000454005, modelComponent, "Foundation metadata concept"},
	{refsetRoot, 900000000000454005, "Reference set"},
	{900000000000443000, modelComponent, "Module"},
	{900000000000442005, modelComponent, "Core metadata concept"},
	{moduleCore, 900000000000443000, "Invented core module"},
	{moduleModel, 900000000000443000, "Invented model component module"},
	{moduleEdition, 900000000000443000, "Invented national edition module"},
	{moduleClinical, 900000000000443000, "Invented national clinical module"},
	{moduleRefsets, 900000000000443000, "Invented national reference set module"},
	{moduleDrug, 900000000000443000, "Invented national drug module"},
	{moduleExtra, 900000000000443000, "Invented supplement module"},
	{typeFSN, 900000000000442005, "Fully specified name"},
	{typeSynonym, 900000000000442005, "Synonym"},
	{typeDefinition, 900000000000442005, "Definition"},
	{statusPrimitive, 900000000000442005, "Primitive"},
	{statusDefined, 900000000000442005, "Defined"},
	{caseInitial, 900000000000442005, "Only initial character case insensitive"},
	{caseInsensitive, 900000000000442005, "Case insensitive"},
	{caseSensitive, 900000000000442005, "Case sensitive"},
	{preferred, 900000000000454005, "Preferred"},
	{acceptable, 900000000000454005, "Acceptable"},
	{charInferred, 900000000000442005, "Inferred relationship"},
	{charStated, 900000000000442005, "Stated relationship"},
	{charAdditional, 900000000000442005, "Additional relationship"},
	{modifierSome, 900000000000442005, "Some"},
	{mapCorrelation, 900000000000442005, "Correlation not specified"},
	{mapCategory, 900000000000442005, "Map source concept is properly classified"},
	{mapCategoryCtx, 900000000000442005, "Map is context dependent"},
	{900000000000506000, refsetRoot, "Language type reference set"},
	{langGB, 900000000000506000, "British English"},
	{langUS, 900000000000506000, "American English"},
	{langUKClinical, 900000000000506000, "National language, clinical part"},
	{langUKPharmacy, 900000000000506000, "National language, pharmacy part"},
	{historicalRoot, refsetRoot, "Historical association"},
	{assocSameAs, historicalRoot, "SAME AS association"},
	{assocReplacedBy, historicalRoot, "REPLACED BY association"},
	{assocWasA, historicalRoot, "WAS A association"},
	{assocPossEquiv, historicalRoot, "POSSIBLY EQUIVALENT TO association"},
	{assocMovedTo, historicalRoot, "MOVED TO association"},
	{assocMovedFrom, historicalRoot, "MOVED FROM association"},
	{assocAlternativ, historicalRoot, "ALTERNATIVE association"},
	{assocPartEquiv, historicalRoot, "PARTIALLY EQUIVALENT TO association"},
	{assocPossRepl, historicalRoot, "POSSIBLY REPLACED BY association"},
	{refsetOWLAxiom, refsetRoot, "OWL axiom"},
	{refsetOWLOnto, refsetRoot, "OWL ontology"},
	{734147008, 900000000000454005, "Invented ontology header"},
	{refsetDescr, refsetRoot, "Reference set descriptor"},
	{refsetModDep, refsetRoot, "Module dependency"},
	{refsetDescType, refsetRoot, "Description type"},
	{refsetConceptIn, refsetRoot, "Concept inactivation indicator"},
	{refsetDescIn, refsetRoot, "Description inactivation indicator"},
	{refsetCTV3, refsetRoot, "Map to old codes"},
	{refsetICDO, refsetRoot, "Map to tumour codes"},
	{refsetICD10Int, refsetRoot, "Map to disease codes"},
	{refsetICD10UK, refsetRoot, "National map to disease codes"},
	{refsetOPCS, refsetRoot, "National map to procedure codes"},
	{refsetOPCSOld, refsetRoot, "Superseded national map to procedure codes"},
	{refsetReadV2, refsetRoot, "Map to first legacy codes"},
	{refsetReadV3, refsetRoot, "Map to second legacy codes"},
	{refsetEmergency, refsetRoot, "Emergency diagnoses"},
	{900000000000481005, 900000000000454005, "Concept inactivation value"},
	{900000000000482003, 900000000000481005, "Duplicate"},
	{900000000000483008, 900000000000481005, "Outdated"},
	{900000000000484002, 900000000000481005, "Ambiguous"},
	{900000000000485001, 900000000000481005, "Erroneous"},
	{900000000000487009, 900000000000481005, "Moved elsewhere"},
	{900000000000457003, 900000000000454005, "Reference set attribute"},
	{900000000000461009, 900000000000457003, "Concept type component"},
	{900000000000465000, 900000000000457003, "String"},
	{900000000000476001, 900000000000457003, "Integer"},
	{900000000000505001, 900000000000457003, "Map target"},
	{900000000000519001, 900000000000457003, "Annotation"},
	{900000000000533001, 900000000000457003, "Association target component"},
	{900000000000511003, 900000000000457003, "Acceptability"},
}

// attributes are the types with real identifiers, the commonest first, and
// where their values lie.
var attributes = []struct {
	id     sctid.ID
	domain sctid.ID
	values sctid.ID
	name   string
}{
	{363698007, clinicalFinding, bodyStructure, "Finding site"},
	{116676008, clinicalFinding, bodyStructure, "Associated morphology"},
	{260686004, procedure, qualifier, "Method"},
	{405813007, procedure, bodyStructure, "Procedure site direct"},
	{127489000, pharmaProduct, substance, "Has active ingredient"},
	{411116001, pharmaProduct, qualifier, "Has manufactured dose form"},
	{8653101000001104, pharmaProduct, substance, "Has excipient"},
	{246075003, clinicalFinding, organism, "Causative agent"},
	{363714003, clinicalFinding, observable, "Interprets"},
	{363713009, clinicalFinding, qualifier, "Has interpretation"},
	{370135005, clinicalFinding, qualifier, "Pathological process"},
	{246454002, clinicalFinding, qualifier, "Occurrence"},
	{42752001, clinicalFinding, clinicalFinding, "Due to"},
	{47429007, clinicalFinding, clinicalFinding, "Associated with"},
	{272741003, bodyStructure, qualifier, "Laterality"},
	{363701004, procedure, substance, "Direct substance"},
	{424226004, procedure, physicalObject, "Using device"},
	{246090004, situation, clinicalFinding, "Associated finding"},
	{363589002, situation, procedure, "Associated procedure"},
	{246093002, observable, substance, "Component"},
	{704319004, observable, bodyStructure, "Inheres in"},
	{370132008, observable, qualifier, "Scale type"},
}

// concreteAttributes are the types whose values are numbers, strings or
// booleans.
var concreteAttributes = []struct {
	id   sctid.ID
	name string
}{
	{1142135004, "Has presentation strength numerator value"},
	{1142136003, "Has presentation strength denominator value"},
	{1142137007, "Has concentration strength numerator value"},
	{1142138002, "Has concentration strength denominator value"},
	{1142139005, "Count of base of active ingredient"},
	{1142140007, "Count of active ingredient"},
	{1142141006, "Count of base and modification pair"},
	{1142143009, "Count of clinical drug type"},
}
