// Package mapping reads HL7's "v2-to-FHIR" mapping tables, and tables of the
// same columns, and compiles them to one Program: interned strings, target
// paths as short lists of steps, conditions as trees over positions, message
// structures as trees of groups. A Program has a compact binary form.
package mapping
