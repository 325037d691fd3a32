// Package fhir reads, checks and writes HL7 FHIR resources, in JSON and XML,
// at the speed of a scanner and without losing a digit, an order or a
// position. FHIR is the standard in which health systems exchange records.
//
// # Reading
//
// Parse reads a resource by its definitions and lists what contradicts them:
//
//	tree, err := fhir.Parse(data)                  // lenient: err only for what cannot be read
//	for _, issue := range tree.Issues() { ... }    // located: path, offset, line, column
//
//	tree, err = fhir.Parse(data, fhir.Strict())    // err for any finding of severity Error
//
// A Parser keeps its options and is the one to use for many inputs. Releasing
// trees makes the next parse allocate next to nothing.
//
// # The tree
//
// A Tree is one flat array of small nodes over the text. A Node is an element:
// its name, type, definition, value, position and location are all there, and
// so are its parent and children.
//
//	root := tree.Root()                            // Patient
//	given := tree.NameID("given")
//	for name := range root.Named("name") {
//		c := name.Cursor()
//		for g, ok := c.NextNamed(given); ok; g, ok = c.NextNamed(given) {
//			fmt.Println(g.Path(), g.Value())   // Patient.name[0].given[1] ...
//		}
//	}
//
// The shape is the same for JSON and XML:
//
//   - Repetitions are siblings with an Index; there are no array nodes.
//   - An element that is a choice of types has the element's name ("value")
//     and the chosen type; Key gives the name as written ("valueQuantity").
//   - A primitive is one node with a value, children (id and extensions), or
//     both, however the format spreads them ("birthDate" and "_birthDate").
//   - A resource within another (contained, in a Bundle, in Parameters) is a
//     node with the element's name and the resource's own type.
//   - Narrative is one primitive that holds the XHTML as written.
//   - What the definitions do not know has a name and a value but no type, and
//     an issue.
//
// Builder makes a tree without a text; AppendJSON and AppendXML write one.
//
// # Many records
//
// Parser.NDJSON and Parser.Bundle read exports and bundles of any size record
// by record, in bounded memory, on as many goroutines as asked for, in order.
// A bad record is a Record with an error, not the end. Index finds what the
// references within a bundle or resource mean.
//
// # Primitive values
//
// Decimal keeps its digits; Date, DateTime and Time keep their precision and
// zone as written, and compare with three outcomes: before or after, equal,
// unknown. Base64 decodes as it is read.
//
// # Definitions
//
// Definitions are tables that are read in place: types with their properties,
// the elements of every structure, constraints, bindings, the value sets and
// code systems that required and extensible bindings need, search parameters.
// R4 is embedded and costs nothing at start.
//
// # Packages and profiles
//
// Profiles come in packages, which are files, folders or a package cache; what
// they define is found by its canonical URL, with or without a version. A
// Library generates the snapshot of a profile from its differential, says what
// the differential does wrong, and makes tables of its own: of UK Core over R4,
// or of another release of FHIR.
//
//	core, err := fhir.OpenPackage("uk.core.r4.tgz", fhir.PackageLimits{})
//	library := fhir.NewLibrary(core)
//	snapshot, err := library.Snapshot("https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient")
//	definitions, left, err := library.Definitions()
//	tree, err := fhir.Parse(data, fhir.With(definitions))
//
// # Limits
//
// Size, depth, digits and more are limited by default, see Limits. XML with a
// document type is refused. Nothing is ever fetched.
package fhir
