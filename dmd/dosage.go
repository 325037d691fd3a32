package dmd

// Amount is a number with a unit as a FHIR Quantity has it. Value is only
// meaningful if HasValue is set.
type Amount struct {
	Value    Decimal
	HasValue bool
	Unit     string // in words: "milligram"
	System   string
	Code     string
}

// Range is two amounts, of which either may be missing.
type Range struct{ Low, High *Amount }

// Ratio is an amount per another.
type Ratio struct{ Numerator, Denominator *Amount }

// Concept is a coded meaning as a FHIR CodeableConcept has it.
type Concept struct {
	Codings []Coding
	Text    string
}

// Coding is a code of a system with its text.
type Coding struct{ System, Code, Display string }

// Dosage is one dosage instruction: what FHIR R4 calls Dosage, without
// extensions. Numbers keep their digits, so that 1.50 stays 1.50.
type Dosage struct {
	Sequence int // 0 if there is none
	Text     string
	Method   *Concept

	DoseType     *Concept // calculated or ordered
	DoseQuantity *Amount
	DoseRange    *Range
	RateRatio    *Ratio
	RateRange    *Range
	RateQuantity *Amount

	Timing *Timing
	Route  *Concept
	Site   *Concept

	AsNeeded    bool
	AsNeededFor *Concept

	MaxPerPeriod         *Ratio
	MaxPerAdministration *Amount
	MaxPerLifetime       *Amount

	Additional []Concept
	Patient    string
}

// Timing is when a dose is taken.
type Timing struct {
	Events []string // dates or times

	BoundsDuration *Amount
	BoundsRange    *Range
	BoundsStart    string
	BoundsEnd      string

	Count, CountMax         *Decimal
	Duration, DurationMax   *Decimal
	DurationUnit            string
	Frequency, FrequencyMax *Decimal
	Period, PeriodMax       *Decimal
	PeriodUnit              string
	Days                    []string
	Times                   []string
	When                    []string
	Offset                  *Decimal // minutes
	Code                    *Concept
}
