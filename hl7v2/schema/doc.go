// Package schema holds what each version of HL7 v2 from 2.1 to 2.8.2 says of
// its segments, fields, data types, tables, message structures and trigger
// events, as facts to look up, and checks messages by them and by conformance
// profiles.
//
//	v, ok := schema.Lookup("2.4")
//	pid, ok := v.Segment("PID")
//	field, ok := pid.Field(3)              // CX, required, repeats
//	id, ok := v.StructureOf("ADT", "A28")  // ADT_A05
//	m, err := v.New(schema.Header{...})    // a new message, with the segments that it must have
//	pv2, err := v.Add(m, "PV2")            // and another, at its place in the structure
//
// A message is put into the groups of its structure by Group, and its fields
// are read by the standard's names and types through views:
//
//	g, issues := v.Group(m, schema.Keep)
//	for observation := range g.Root().All("OBSERVATION") {
//		obx := observation.View("OBX")
//		value, ok := obx.Named("Observation Value")  // its Type is what OBX-2 names
//	}
//
// Validator checks a whole message. What two parties have agreed beyond the
// standard is a Profile, in the XML of HL7 or in a JSON form of this package
// whose conditions can be checked; Lint says where it widens the standard:
//
//	profile, issues := schema.ParseProfile(data)
//	issues = (&schema.Validator{Profile: profile}).Validate(m)
//
// The facts were generated from two open libraries and checked against a
// third; disagreements.csv has one line for each point on which the sources
// differ, with the votes, the decision and its reason. No version stands in
// for another. They lie in the binary (1.9 MB for all versions) and are used
// in place: looking something up allocates nothing, and only the pages of the
// versions in use are ever touched.
//
// What is not here: table values before 2.3.1 and in 2.7.1, and lengths after
// 2.7.1, for which no open source was found; such tables and lengths read as
// unknown, never as empty. From 2.7 on a length is a guide and not a limit.
//
// All values are immutable and safe for concurrent use; a zero value of the
// facts holds nothing.
package schema
