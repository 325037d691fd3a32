package fhir

// The methods of this file read a node's value as the Go type of its FHIR
// type. Their errors are ErrSyntax.

// Bool returns the value of a boolean.
func (n Node) Bool() (bool, error) {
	switch n.Value() {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, ErrSyntax
}

// Int returns the value of an integer of any of FHIR's integer types.
func (n Node) Int() (int64, error) {
	s := unsigned(n.Value())
	if !isNumber(s) || len(s) > 20 {
		return 0, ErrSyntax
	}
	d := Decimal{s}
	c, scale, ok := d.Parts()
	if !ok || scale != 0 {
		return 0, ErrSyntax
	}
	return c, nil
}

// Decimal returns the value of a decimal, or of an integer as one. It shares
// memory with the source.
func (n Node) Decimal() (Decimal, error) {
	s := n.Value()
	if !isNumber(s) {
		return Decimal{}, ErrSyntax
	}
	return Decimal{s}, nil
}

// Date returns the value of a date.
func (n Node) Date() (Date, error) { return ParseDate(n.Value()) }

// DateTime returns the value of a dateTime, an instant or a date.
func (n Node) DateTime() (DateTime, error) { return ParseDateTime(n.Value()) }

// Time returns the value of a time.
func (n Node) Time() (Time, error) { return ParseTime(n.Value()) }

// Base64 returns the value of a base64Binary. It shares memory with the
// source.
func (n Node) Base64() (Base64, error) { return ParseBase64(n.Value()) }

// ValidPrimitive reports whether text is a value of a primitive type of the
// definitions ("id", "uri", "dateTime"), by the regular language that the
// standard gives for it. It is false for other types.
func (d *Definitions) ValidPrimitive(typeName, text string) bool {
	id := d.t.FindType(typeName)
	prim := d.t.TypePrimitive(id)
	return prim != 0 && checkValue(prim, text) == ""
}
