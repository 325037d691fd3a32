package fhir

// Limits bound what a parser accepts. In each field zero means the default
// and a negative value means no limit, as far as the tree can address it.
type Limits struct {
	Size   int // bytes of one input: 1 GiB (2 GiB is the most a tree can hold)
	Depth  int // nested elements and arrays: 128
	Value  int // bytes of one primitive value: 64 MiB
	Digits int // digits of one number: 1000
	Nodes  int // nodes of one tree: 64 Mi
	Names  int // distinct names that the definitions do not know: 4096
	Issues int // findings that are kept: 1000
}

// The defaults of Limits.
const (
	defaultSize   = 1 << 30
	defaultDepth  = 128
	defaultValue  = 64 << 20
	defaultDigits = 1000
	defaultNodes  = 64 << 20
	defaultNames  = 4096
	defaultIssues = 1000
)

// withDefaults resolves zero and negative fields.
func (l Limits) withDefaults() Limits {
	set := func(v *int, def, most int) {
		switch {
		case *v == 0:
			*v = def
		case *v < 0 || *v > most:
			*v = most
		}
	}
	set(&l.Size, defaultSize, 1<<31-16)
	set(&l.Depth, defaultDepth, 1<<20)
	set(&l.Value, defaultValue, 1<<31-16)
	set(&l.Digits, defaultDigits, 1<<31-16)
	set(&l.Nodes, defaultNodes, 1<<31-16)
	set(&l.Names, defaultNames, 1<<15)
	set(&l.Issues, defaultIssues, 1<<31-16)
	return l
}

// Option changes how a Parser reads.
type Option func(*config)

// config is what the options set.
type config struct {
	defs   *Definitions
	limits Limits
	strict bool
	format Format
	as     string
	plain  bool
}

// Format is an encoding of resources.
type Format uint8

// The formats. Auto tells them apart by the first character.
const (
	Auto Format = iota
	JSON
	XML
	Built // of a tree that a Builder made, not read from text
)

// With sets the definitions to read by; R4 is the default.
func With(d *Definitions) Option { return func(c *config) { c.defs = d } }

// WithLimits sets the limits.
func WithLimits(l Limits) Option { return func(c *config) { c.limits = l } }

// Strict refuses inputs with findings of severity Error. Without it they are
// read as well as they can be, and the tree lists them.
func Strict() Option { return func(c *config) { c.strict = true } }

// In sets the format, for inputs where it is known.
func In(f Format) Option { return func(c *config) { c.format = f } }

// As reads the input as a value of a data type ("Dosage"), rather than as a
// resource.
func As(typeName string) Option { return func(c *config) { c.as = typeName } }

// Plain reads JSON as it comes, without definitions: any names, any values.
// With it a resource is still read by its definition where the input has a
// known resourceType.
func Plain() Option { return func(c *config) { c.plain = true } }
