// Package xml writes HL7 v2 messages in their XML encoding (HL7 Version 2 XML
// Encoding Syntax) and reads it back.
//
//	data, err := xml.Marshal(message)      // <ADT_A01 xmlns="urn:hl7-org:v2xml"><MSH>...
//	message, err := xml.Unmarshal(data)    // a message in the usual encoding (ER7)
//
// The elements are those of the message's version: the structure and its
// groups, segments, fields (PID.3), components by their data type (CX.1) and
// subcomponents (HD.1). What the version does not know is written too, by
// number: nothing of the message is lost but the choice of delimiters between
// messages that mean the same, such as empty fields at the end of a segment.
//
// Escape sequences for characters become the characters; those for formatting,
// local ones and hexadecimal data become <escape V=".br"/>.
//
// A document type is refused, and no entity but XML's own is expanded. A text
// that is not UTF-8 in the message is in XML; MSH-18 of what is read back then
// says so.
package xml
