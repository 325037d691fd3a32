package facts

// Structure is a StructureDefinition as a Builder takes it, with the elements
// of its snapshot.
type Structure struct {
	URL, Version, Name, Type, Base string
	Kind                           string // primitive-type, complex-type, resource, logical
	Constraint                     bool
	Abstract                       bool
	Contexts                       [][2]string // where an extension may appear: kind, expression
	Elements                       []Element
}

// Element is an ElementDefinition as a Builder takes it.
type Element struct {
	Path, SliceName                string
	Min                            int
	Max, BaseMax, BasePath         string
	Types                          []TypeRef
	ContentReference               string
	ValueSet, Strength             string
	Rules                          []Constraint
	Modifier, Summary, MustSupport bool
	Representation                 []string
	Fixed, Pattern                 Value
	MinValue, MaxValue             Value
	MaxLength                      int
	Slicing                        *Slicing
	Conditions                     []string
}

// TypeRef is a type of an element with the profiles it must meet and, for
// references, the profiles of its target.
type TypeRef struct {
	Code              string // the FHIR type: "string" for what the definitions call System.String
	Profiles, Targets []string
}

// Constraint is an invariant of an element.
type Constraint struct {
	Key, Severity, Expression string
	BestPractice              bool
}

// Value is a value within a definition: its type and compact JSON text.
type Value struct{ Type, JSON string }

// Slicing says how a repeating element is cut into slices.
type Slicing struct {
	Discriminators [][2]string // type, path
	Ordered        bool
	Rules          string // open, closed, openAtEnd
}
