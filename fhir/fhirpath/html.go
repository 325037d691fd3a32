package fhirpath

func narrativeProblem(s string) string { return "" }
