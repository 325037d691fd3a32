//go:build race

package tofhir_test

const raceEnabled = true
