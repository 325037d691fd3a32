package r4

// NHSNumberSystem is the identifier system of NHS numbers.
const NHSNumberSystem = "https://fhir.nhs.uk/Id/nhs-number"

// FindExtension returns the first extension with a URL, or nil. The pointer
// leads into the slice.
func FindExtension(extensions []Extension, url string) *Extension {
	for i := range extensions {
		if extensions[i].URL == url {
			return &extensions[i]
		}
	}
	return nil
}

// SetExtension gives the extension with a URL a value, adding the extension if
// there is none, and returns the slice. Further extensions with that URL stay.
func SetExtension(extensions []Extension, url string, value Value) []Extension {
	if e := FindExtension(extensions, url); e != nil {
		e.Value = value
		return extensions
	}
	return append(extensions, Extension{URL: url, Value: value})
}

// FindCompanion returns the id and extensions of a primitive by its element's
// name, and its index where it repeats; nil if it has none.
func FindCompanion(companions []Companion, element string, index int) *Companion {
	return companionOf(companions, element, index)
}

// FindIdentifier returns the first identifier of a system, or nil. The pointer
// leads into the slice.
func FindIdentifier(identifiers []Identifier, system string) *Identifier {
	for i := range identifiers {
		if identifiers[i].System == system {
			return &identifiers[i]
		}
	}
	return nil
}

// FindCoding returns the first coding of a system, or nil; also for a nil
// concept. The pointer leads into the concept.
func FindCoding(concept *CodeableConcept, system string) *Coding {
	if concept == nil {
		return nil
	}
	for i := range concept.Coding {
		if concept.Coding[i].System == system {
			return &concept.Coding[i]
		}
	}
	return nil
}
