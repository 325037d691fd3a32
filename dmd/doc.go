// Package dmd reads, queries and compares releases of dm+d, the dictionary of
// medicines and devices that names every product an NHS prescription in England
// can ask for.
//
// A release has five levels of product: the therapeutic moiety (VTM,
// "Paracetamol"), the virtual product (VMP, "Paracetamol 500mg tablets"), the
// actual product of a supplier (AMP), and the packs of both (VMPP, AMPP). Around
// them lie ingredients with strengths, forms, routes, prices, bar codes, legal
// status and the look-up lists that explain the codes.
//
// Build a store from a release as it is distributed, a folder or a zip with zips
// inside, and save it as one file that opens in milliseconds:
//
//	rel, err := dmd.OpenRelease("nhsbsa_dmd.zip")
//	store, report, err := dmd.Build(ctx, rel)
//	err = store.Save("dmd.store")
//
//	store, err := dmd.Open("dmd.store")
//	p, ok := store.Product(id)                        // by identifier
//	packs := store.GTIN("05012617019844", date)       // by bar code, on a day
//	hits := store.Search("amox 250 cap")              // by what people type
//	p.VMPs(), p.AMPs(), p.AMPPs(), p.Strengths()      // up and down the levels
//
// Ask whether a product may be prescribed, with the rule and the field each
// answer rests on; say a dose in words; find the products that make up a dose:
//
//	v := dmd.DefaultRules().Check(p, date)
//	text, err := dmd.DoseText(dmd.StyleEPS, dosages)
//	options := store.DoseToProducts(vtm, dose, dmd.DoseFilter{})
//
// Every number that doses or money depend on is exact: strengths and quantities
// are [Decimal] values, doses are fractions. Identifiers are text in all JSON.
// Look-up lists come with the release and are never compiled in.
//
// A Store is immutable and safe for concurrent use. Reading is tolerant: a bad
// record is an [Issue] with its file, line and field, and the rest is still
// read. XML with a document type is refused, and archives are limited in depth,
// ratio and size.
//
// What is not here, or not as sure as the rest: Style2025 follows a summary of the
// guide and not its examples; the default rules follow published meanings of the
// fields and not the implementation guide's own pseudo code, and are data that the
// deployer reviews and changes; months and days are not compared in a dosage; no
// interactions, allergies or dose limits are checked. Clinical safety stays with
// whoever deploys it.
//
// The layout is that of the NHSBSA technical specification, release 2 version
// 3.1, and of the schema files of version 2.3 (GTIN: 2.0). dm+d itself is not
// part of this package: releases come from TRUD.
package dmd
