// Package consent decides whether one disclosure of one patient's data may
// happen in England: under which rule, on whose recorded choice, with which
// obligations, as things stood at a time, and what the requester may be told.
//
// It joins the layers that apply at once: the common law duty of confidence
// and its bases, the UK GDPR, the national data opt-out with its exemptions,
// Type 1 opt-outs, the Summary Care Record, GP Connect, confidentiality flags
// in PDS, proxies, breaking the glass, explicit consent and local opt-outs.
//
//	engine := consent.New(store, consent.WithOptOuts(set), consent.WithParameters(p))
//	d := engine.Decide(ctx, consent.Request{
//		Subject: number, Action: consent.Disclose, Purposes: []consent.Purpose{consent.Research},
//		Basis: consent.Regulation5, Data: data, AsAt: at,
//	})
//	if d.Permitted() { ... }          // the only method by which to let anything happen
//	log(d.Reasons(), d.Obligations()) // for those who apply the policy
//	reply(d.Public())                 // for the requester: it gives nothing away
//
// # How it decides
//
// The rules are data: dated, versioned, with a citation each (PolicyFile shows
// them, ParsePolicy reads yours). Rules that deny override rules that permit,
// and where no rule permits the answer is no. Everything is three-valued: what
// is not known is the set of what may be, so an answer that depended on an
// unknown is Indeterminate, and learning more never flips one that did not.
// Errors of a store or a source are Indeterminate too. There is no way to make
// a permitting Decision but an Engine's, and the zero Decision denies.
//
// A Record is bitemporal, and so is a question: AsAt is the instant it is
// about, KnownAt that up to which recorded facts may be used. No rule reads a
// clock.
//
// # Limits
//
// A decision records a claim and its evidence; whether the claim is true, and
// whether to disclose, stays with the data controller. What no source was
// found for is not a rule but a parameter without a default (Parameters): how
// old a check for opt-outs may be, and when additional information in the
// Summary Care Record moved to implied consent. Without it decisions that need
// it are Indeterminate. Screening programmes and CQC inspections are not
// encoded. The code for the withdrawal of a Type 1 opt-out was not found in a
// published list; check it against a current release.
//
// Sub-packages: optout holds the national opt-outs and cleans files, audit
// logs decisions, fhirconsent evaluates FHIR Consents and redacts resources,
// consenttest has generators and a test for stores.
package consent
