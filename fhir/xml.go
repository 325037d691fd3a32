package fhir

func (r *reader) xml(i int) { r.fail(i, CodeSyntax, "XML") }

func appendXMLUnescaped(dst []byte, s string) []byte { return append(dst, s...) }
