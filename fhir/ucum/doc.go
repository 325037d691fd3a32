// Package ucum reads, checks, compares and converts units of the Unified Code
// for Units of Measure (UCUM 2.2): mg/dL, 10*9/L, mm[Hg], Cel.
//
// All arithmetic is exact: a unit is a rational number (and a power of pi)
// times powers of the seven base units, so a conversion there and back gives
// the number one started from, and [in_i] is 2.54 cm with no rounding.
//
//	u, err := ucum.Parse("mg/dL")
//	v, err := ucum.Convert(big.NewRat(90, 1), u, ucum.MustParse("g/L")) // 9/10
//	u.Name()                                                            // (milligram) / (deciliter)
//
// Special units, whose scale does not start at zero or is logarithmic (Cel,
// [degF], [pH], B[SPL], ...), convert by their function: exactly where it is
// affine, to 60 significant digits where it is not. They stand alone but for
// prefixes and numeric factors; as a factor among other units ("Cel/min") they
// parse but have no value (clause 22). Arbitrary units such as [IU] or [CFU]
// are commensurable with themselves only, whatever their number.
//
// Annotations in braces carry no meaning and are ignored by every operation
// but [Unit.String]. Codes longer than 1,024 bytes, parentheses deeper than
// 64, and exponents beyond 127 are refused; see [Limits].
//
// Clause numbers in findings are those of the UCUM specification. This
// package contains facts of the UCUM table and specification
// (http://unitsofmeasure.org), copyright 1999-2024 Regenstrief Institute,
// Inc. All rights reserved; see the NOTICE file for the terms.
package ucum
