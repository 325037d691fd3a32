package uk

import (
	"testing"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/schema"
)

func parse(t testing.TB, text string) *hl7v2.Message {
	t.Helper()
	m, err := hl7v2.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// admission has a finding of no kind.
const admission = `MSH|^~\&|PAS|RXQ|ROUTE|ROUTE|20260714093105||ADT^A01^ADT_A01|1|P|2.4|||AL|NE|GBR|UNICODE UTF-8|EN||iTKv1.0` + "\r" +
	`EVN||20260714093000|||U9900417^Fairley^Moira^^^Mrs^^RXQ|20260714091500` + "\r" +
	`PID|1||9990042101^^^NHS^NH~D0048213^^^RXQ^MR||THISTLEWOOD^EDNA^ROSE^^MRS^^L||19411109|2|||7 TANNERY LANE^DUNMERE^^DORSET^DT99 4QX^GBR^H||01632 960417^PRN^PH~+447700900418^PRN^CP||EN|W|C22|||||A||||||||||NSTS01` + "\r" +
	`PD1|||TANNERY LANE SURGERY^^Y99417|G9900418^Okafor^Chidi^^^Dr^^^GMP` + "\r" +
	`NK1|1|THISTLEWOOD^ARTHUR^^^MR^^L|02|7 TANNERY LANE^DUNMERE^^DORSET^DT99 4QX^GBR^H|+441632960418^PRN^PH` + "\r" +
	`PV1|1|I|RXQ01-WARD3^BAY1^BED2^RXQ01|21|||C9900419^Banerjee^Meera^^^Miss^^^GMC|||300||||19|||||V0071204^^^RXQ^VN|||||||||||||||||19||||||||20260714091500` + "\r" +
	`AL1|1|DA|91936005^Allergy to penicillin^SCT|MO|Rash|199806` + "\r" +
	`ZU1|20260714085500|1|||300|300|||||||||||||||||||||01` + "\r"

func BenchmarkPatient(b *testing.B) {
	m := parse(b, admission)
	b.ReportAllocs()
	for b.Loop() {
		p := PatientOf(m)
		if _, state := p.NHSNumber(); state != Valid {
			b.Fatal(state)
		}
		if p.TraceStatus().State != Valid {
			b.Fatal()
		}
	}
}

// BenchmarkValidate compares the preset with the facts of the version alone.
func BenchmarkValidate(b *testing.B) {
	m := parse(b, admission)
	facts, preset := schema.Validator{}, Validator()
	for _, c := range []struct {
		name string
		v    *schema.Validator
	}{{"facts", &facts}, {"uk", &preset}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(admission)))
			for b.Loop() {
				c.v.Validate(m)
			}
		})
	}
	b.Run("uk rules", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			Check(m)
		}
	})
}
