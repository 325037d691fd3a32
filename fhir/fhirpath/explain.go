package fhirpath

type explainer struct{}
type record struct{}

func (c *compiler) recorded(e *expr, t truth) truth { return t }
