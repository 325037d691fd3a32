package hl7v2

import "errors"

var errTooDeep = errors.New("the data type needs one more level of components than the message has there")

// The composite data types, with the components of version 2.8.2. Earlier
// versions have a prefix of them, or other uses of the same places, which the
// comments name. Composite parts are embedded by value; all are comparable.
//
// Lacks, where a type has it, names the parts without which a receiver cannot
// tell what the value means.

// HD names a system, an organisation or an assigner.
type HD struct {
	Namespace, UniversalID, UniversalIDType Text
}

func (x *HD) components(c *codec) { c.text(&x.Namespace, &x.UniversalID, &x.UniversalIDType) }

// Lacks names what is missing: the id, or the type of a universal id.
func (x HD) Lacks() []string {
	switch {
	case absent(x.Namespace) && absent(x.UniversalID):
		return []string{"namespace or universal id"}
	case !absent(x.UniversalID) && absent(x.UniversalIDType):
		return []string{"universal id type"}
	}
	return nil
}

// EI identifies an entity, such as an order.
type EI struct {
	ID, Namespace, UniversalID, UniversalIDType Text
}

func (x *EI) components(c *codec) { c.text(&x.ID, &x.Namespace, &x.UniversalID, &x.UniversalIDType) }

// Lacks names what is missing.
func (x EI) Lacks() []string {
	return lacks(x.ID, "id", T(x.Namespace.text+x.UniversalID.text), "namespace or universal id")
}

// EIP is a pair of identifiers: the placer's and the filler's.
type EIP struct{ Placer, Filler EI }

func (x *EIP) components(c *codec) { c.composite(&x.Placer, &x.Filler) }

// CX is an identifier of a person or account with who assigned it.
type CX struct {
	ID, CheckDigit, CheckDigitScheme Text
	Authority                        HD
	Type                             Text // table 0203: NH, MR, ...
	Facility                         HD
	Effective, Expires               Text
	Jurisdiction, Agency             CWE
	SecurityCheck, SecurityCheckCode Text
}

func (x *CX) components(c *codec) {
	c.text(&x.ID, &x.CheckDigit, &x.CheckDigitScheme)
	c.composite(&x.Authority)
	c.text(&x.Type)
	c.composite(&x.Facility)
	c.text(&x.Effective, &x.Expires)
	c.composite(&x.Jurisdiction, &x.Agency)
	c.text(&x.SecurityCheck, &x.SecurityCheckCode)
}

// Lacks names what is missing: a receiver needs the authority or the type to
// know whose number it is.
func (x CX) Lacks() []string {
	return lacks(x.ID, "id", T(x.Authority.Namespace.text+x.Authority.UniversalID.text), "assigning authority", x.Type, "identifier type")
}

// FN is a family name. Before 2.3 it was plain text, which is its first part.
type FN struct {
	Surname, OwnPrefix, Own, PartnerPrefix, Partner Text
}

func (x *FN) components(c *codec) {
	c.text(&x.Surname, &x.OwnPrefix, &x.Own, &x.PartnerPrefix, &x.Partner)
}

// DR is a range of time.
type DR struct{ Start, End Text }

func (x *DR) components(c *codec) { c.text(&x.Start, &x.End) }

// XPN is the name of a person; PN of the early versions is its beginning.
type XPN struct {
	Family                         FN
	Given, Further, Suffix, Prefix Text
	Degree, Type, Representation   Text
	Context                        CWE
	Validity                       DR // withdrawn in 2.7
	Assembly, Effective, Expires   Text
	ProfessionalSuffix, CalledBy   Text
}

func (x *XPN) components(c *codec) {
	c.composite(&x.Family)
	c.text(&x.Given, &x.Further, &x.Suffix, &x.Prefix, &x.Degree, &x.Type, &x.Representation)
	c.composite(&x.Context, &x.Validity)
	c.text(&x.Assembly, &x.Effective, &x.Expires, &x.ProfessionalSuffix, &x.CalledBy)
}

// Lacks names what is missing.
func (x XPN) Lacks() []string { return lacks(x.Family.Surname, "family name", x.Given, "given name") }

// SAD is the first line of an address; before 2.5 it was plain text.
type SAD struct{ Line, Street, Number Text }

func (x *SAD) components(c *codec) { c.text(&x.Line, &x.Street, &x.Number) }

// XAD is an address; AD of the early versions is its beginning.
type XAD struct {
	Street                                    SAD
	Other, City, State, Postcode, Country     Text
	Type, Geographic, County, CensusTract     Text
	Representation                            Text
	Validity                                  DR // withdrawn in 2.7
	Effective, Expires                        Text
	ExpirationReason                          CWE
	Temporary, Bad, Usage, Addressee, Comment Text
	Preference                                Text
	Protection                                CWE
	Identifier                                EI
}

func (x *XAD) components(c *codec) {
	c.composite(&x.Street)
	c.text(&x.Other, &x.City, &x.State, &x.Postcode, &x.Country, &x.Type, &x.Geographic, &x.County, &x.CensusTract, &x.Representation)
	c.composite(&x.Validity)
	c.text(&x.Effective, &x.Expires)
	c.composite(&x.ExpirationReason)
	c.text(&x.Temporary, &x.Bad, &x.Usage, &x.Addressee, &x.Comment, &x.Preference)
	c.composite(&x.Protection, &x.Identifier)
}

// XTN is a telephone number or electronic address. TN of the early versions is
// Number alone; in it UK numbers come as +44 or 0 and whatever else.
type XTN struct {
	Number, Use, Equipment, Email            Text
	Country, Area, Local, Extension, Comment Text
	ExtensionPrefix, SpeedDial, Unformatted  Text
	Effective, Expires                       Text
	ExpirationReason, Protection             CWE
	Shared                                   EI
	Preference                               Text
}

func (x *XTN) components(c *codec) {
	c.text(&x.Number, &x.Use, &x.Equipment, &x.Email, &x.Country, &x.Area, &x.Local, &x.Extension, &x.Comment, &x.ExtensionPrefix, &x.SpeedDial, &x.Unformatted, &x.Effective, &x.Expires)
	c.composite(&x.ExpirationReason, &x.Protection, &x.Shared)
	c.text(&x.Preference)
}

// Lacks names what is missing: any of the four places for an address.
func (x XTN) Lacks() []string {
	return lacks(T(x.Number.text+x.Email.text+x.Local.text+x.Unformatted.text), "number or address")
}

// XCN is a person with an identifier: a clinician, an operator. CN of the
// early versions is its beginning.
type XCN struct {
	ID                                               Text
	Family                                           FN
	Given, Further, Suffix, Prefix, Degree           Text
	SourceTable                                      CWE
	Authority                                        HD
	NameType, CheckDigit, CheckDigitScheme, IDType   Text
	Facility                                         HD
	Representation                                   Text
	Context                                          CWE
	Validity                                         DR // withdrawn in 2.7
	Assembly, Effective, Expires, ProfessionalSuffix Text
	Jurisdiction, Agency                             CWE
	SecurityCheck, SecurityCheckCode                 Text
}

func (x *XCN) components(c *codec) {
	c.text(&x.ID)
	c.composite(&x.Family)
	c.text(&x.Given, &x.Further, &x.Suffix, &x.Prefix, &x.Degree)
	c.composite(&x.SourceTable, &x.Authority)
	c.text(&x.NameType, &x.CheckDigit, &x.CheckDigitScheme, &x.IDType)
	c.composite(&x.Facility)
	c.text(&x.Representation)
	c.composite(&x.Context, &x.Validity)
	c.text(&x.Assembly, &x.Effective, &x.Expires, &x.ProfessionalSuffix)
	c.composite(&x.Jurisdiction, &x.Agency)
	c.text(&x.SecurityCheck, &x.SecurityCheckCode)
}

// Lacks names what is missing: an id needs its authority, and without an id
// there must be a name.
func (x XCN) Lacks() []string {
	if absent(x.ID) {
		return lacks(x.Family.Surname, "id or family name")
	}
	return lacks(T(x.Authority.Namespace.text+x.Authority.UniversalID.text+x.SourceTable.Code.text), "assigning authority")
}

// XON is an organisation. ID is the number of before 2.5, Identifier its
// successor.
type XON struct {
	Name                             Text
	NameType                         CWE
	ID, CheckDigit, CheckDigitScheme Text
	Authority                        HD
	IDType                           Text
	Facility                         HD
	Representation, Identifier       Text
}

func (x *XON) components(c *codec) {
	c.text(&x.Name)
	c.composite(&x.NameType)
	c.text(&x.ID, &x.CheckDigit, &x.CheckDigitScheme)
	c.composite(&x.Authority)
	c.text(&x.IDType)
	c.composite(&x.Facility)
	c.text(&x.Representation, &x.Identifier)
}

// Lacks names what is missing.
func (x XON) Lacks() []string {
	id := T(x.ID.text + x.Identifier.text)
	if absent(id) {
		return lacks(x.Name, "name or identifier")
	}
	return lacks(T(x.Authority.Namespace.text+x.Authority.UniversalID.text), "assigning authority")
}

// CWE is a coded value with up to two translations. CE, CNE, CF, ID and IS
// read as it: they are its beginning.
type CWE struct {
	Code, Text, System                                  Text
	AltCode, AltText, AltSystem                         Text
	SystemVersion, AltSystemVersion, Original           Text
	SecondCode, SecondText, SecondSystem, SecondVersion Text
	SystemOID, ValueSetOID, ValueSetVersion             Text
	AltSystemOID, AltValueSetOID, AltValueSetVersion    Text
	SecondOID, SecondValueSetOID, SecondValueSetVersion Text
}

func (x *CWE) components(c *codec) {
	c.text(&x.Code, &x.Text, &x.System, &x.AltCode, &x.AltText, &x.AltSystem, &x.SystemVersion, &x.AltSystemVersion, &x.Original,
		&x.SecondCode, &x.SecondText, &x.SecondSystem, &x.SecondVersion, &x.SystemOID, &x.ValueSetOID, &x.ValueSetVersion,
		&x.AltSystemOID, &x.AltValueSetOID, &x.AltValueSetVersion, &x.SecondOID, &x.SecondValueSetOID, &x.SecondValueSetVersion)
}

// Lacks names what is missing: a code needs its system, and without a code
// there must be text.
func (x CWE) Lacks() []string {
	if absent(x.Code) {
		return lacks(T(x.Text.text+x.Original.text+x.AltCode.text), "code or text")
	}
	return lacks(T(x.System.text+x.SystemOID.text), "coding system")
}

// PL is a place in a hospital.
type PL struct {
	PointOfCare, Room, Bed, Facility HD
	Status, Type                     Text
	Building, Floor                  HD
	Description                      Text
	Comprehensive                    EI
	Authority                        HD
}

func (x *PL) components(c *codec) {
	c.composite(&x.PointOfCare, &x.Room, &x.Bed, &x.Facility)
	c.text(&x.Status, &x.Type)
	c.composite(&x.Building, &x.Floor)
	c.text(&x.Description)
	c.composite(&x.Comprehensive, &x.Authority)
}

// SN is a structured number: a comparison (< 0.1), a range (100 - 200), a
// ratio (1 : 128) or a class (2 +).
type SN struct {
	Comparator, First, Separator, Second Text
}

func (x *SN) components(c *codec) { c.text(&x.Comparator, &x.First, &x.Separator, &x.Second) }

// Lacks names what is missing.
func (x SN) Lacks() []string {
	if absent(x.First) {
		return []string{"number"}
	}
	if !absent(x.Second) && absent(x.Separator) {
		return []string{"separator or suffix"}
	}
	return nil
}

// ED is data that is embedded in a message; WriteTo decodes it.
type ED struct {
	Source                  HD
	Type, Subtype, Encoding Text // Encoding is A, Hex or Base64
	data                    Value
}

func (x *ED) components(c *codec) {
	c.composite(&x.Source)
	c.text(&x.Type, &x.Subtype, &x.Encoding)
	if c.m == nil {
		x.data = c.child().Leaf()
	}
}

// Lacks names what is missing.
func (x ED) Lacks() []string {
	return lacks(x.Type, "type of data", x.Encoding, "encoding")
}

// RP points to data that is kept elsewhere.
type RP struct {
	Pointer       Text
	Application   HD
	Type, Subtype Text
}

func (x *RP) components(c *codec) {
	c.text(&x.Pointer)
	c.composite(&x.Application)
	c.text(&x.Type, &x.Subtype)
}

// Lacks names what is missing.
func (x RP) Lacks() []string {
	return lacks(x.Pointer, "pointer", T(x.Application.Namespace.text+x.Application.UniversalID.text), "application", x.Type, "type of data")
}

// TS is a time stamp. Precision is the deprecated letter of before 2.5.
type TS struct{ Time, Precision Text }

func (x *TS) components(c *codec) { c.text(&x.Time, &x.Precision) }

// CQ is a quantity with its unit.
type CQ struct {
	Quantity Text
	Units    CWE
}

func (x *CQ) components(c *codec) {
	c.text(&x.Quantity)
	c.composite(&x.Units)
}

// Lacks names what is missing.
func (x CQ) Lacks() []string {
	return lacks(x.Quantity, "quantity", T(x.Units.Code.text+x.Units.Text.text), "units")
}

// NR is a range of numbers.
type NR struct{ Low, High Text }

func (x *NR) components(c *codec) { c.text(&x.Low, &x.High) }

// MO is an amount of money.
type MO struct{ Amount, Currency Text }

func (x *MO) components(c *codec) { c.text(&x.Amount, &x.Currency) }

// MSG is the type of a message, MSH-9.
type MSG struct{ Code, Event, Structure Text }

func (x *MSG) components(c *codec) { c.text(&x.Code, &x.Event, &x.Structure) }

// PT is the processing of a message, MSH-11.
type PT struct{ ID, Mode Text }

func (x *PT) components(c *codec) { c.text(&x.ID, &x.Mode) }

// VID is the version of a message, MSH-12.
type VID struct {
	Version                            Text
	Internationalization, Localization CWE
}

func (x *VID) components(c *codec) {
	c.text(&x.Version)
	c.composite(&x.Internationalization, &x.Localization)
}

// ERL is the place of an error, ERR-2.
type ERL struct{ Segment, Sequence, Field, Repetition, Component, Subcomponent Text }

func (x *ERL) components(c *codec) {
	c.text(&x.Segment, &x.Sequence, &x.Field, &x.Repetition, &x.Component, &x.Subcomponent)
}

// DLN is a driving licence.
type DLN struct{ Number, Issuer, Expires Text }

func (x *DLN) components(c *codec) { c.text(&x.Number, &x.Issuer, &x.Expires) }

// FC is a class of patients for charging.
type FC struct {
	Class     CWE
	Effective Text
}

func (x *FC) components(c *codec) {
	c.composite(&x.Class)
	c.text(&x.Effective)
}

// DLD is where and when a patient was discharged to.
type DLD struct {
	Location  CWE
	Effective Text
}

func (x *DLD) components(c *codec) {
	c.composite(&x.Location)
	c.text(&x.Effective)
}

// CNN is a person with an identifier, in one component: part of NDL.
type CNN struct {
	ID, Family, Given, Further, Suffix, Prefix, Degree, SourceTable Text
	Namespace, UniversalID, UniversalIDType                         Text
}

func (x *CNN) components(c *codec) {
	c.text(&x.ID, &x.Family, &x.Given, &x.Further, &x.Suffix, &x.Prefix, &x.Degree, &x.SourceTable, &x.Namespace, &x.UniversalID, &x.UniversalIDType)
}

// NDL is a person with a time and a place: OBR-32 to OBR-35.
type NDL struct {
	Name                          CNN
	Start, End                    Text
	PointOfCare, Room, Bed        Text
	Facility                      HD
	Status, Type, Building, Floor Text
}

func (x *NDL) components(c *codec) {
	c.composite(&x.Name)
	c.text(&x.Start, &x.End, &x.PointOfCare, &x.Room, &x.Bed)
	c.composite(&x.Facility)
	c.text(&x.Status, &x.Type, &x.Building, &x.Floor)
}

func absent(t Text) bool { return t.State() == Absent }

// lacks returns the names of those texts that are absent.
func lacks(parts ...any) []string {
	var out []string
	for i := 0; i+1 < len(parts); i += 2 {
		if absent(parts[i].(Text)) {
			out = append(out, parts[i+1].(string))
		}
	}
	return out
}
