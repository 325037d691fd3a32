package tofhir_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/tofhir"
)

// admission is an ITK-shaped ADT^A01 of about 2 kB.
const admission = "MSH|^~\\&|PAS|RX1|ROUTE|ROUTE|20240115143000||ADT^A01^ADT_A01|UK0001|P|2.4|||AL|NE|GBR|UNICODE UTF-8|EN||iTKv1.0\r" +
	"EVN||20240115142500|||U9900111^Stone^Ruth^^^Miss^^^RX1|20240115141500\r" +
	"PID|1||9990123454^^^NHS^NH~H0012345^^^RX1^MR~X7788990^^^RX1^PI||OAKES^MARGARET^JANE^^MRS^^L~OAKES^PEGGY^^^^^D||19480317|2|||12 ORCHARD CLOSE^MALTON^^NORTH YORKSHIRE^YO17 7AB^GBR^H~FLAT 3^4 HIGH STREET^YORK^^YO1 7AA^GBR^C||01653 000111^PRN^PH~07700900123^PRN^CP~margaret.oakes@example.org^NET^Internet|01904 000222^WPN^PH|EN|W|C22|||||A||||||||||NSTS01\r" +
	"PD1|||ORCHARD SURGERY^^B82999|G9912345^Hale^Peter^^^Dr^^^GMP\r" +
	"NK1|1|OAKES^DAVID^^^MR^^L|SPO^Spouse^HL70063|12 ORCHARD CLOSE^MALTON^^NORTH YORKSHIRE^YO17 7AB^GBR^H|01653 000222^PRN^PH\r" +
	"NK1|2|OAKES^SUSAN^^^MS^^L|CHD^Child^HL70063|7 MILL LANE^NORTON^^NORTH YORKSHIRE^YO17 9ZZ^GBR^H|01653 000333^PRN^PH~07700900456^PRN^CP\r" +
	"PV1|1|I|RX101-WARD7^BAY2^BED4^RX101|21|PRE00123^^^RX1^VN|RX101-ED^BAY1^T2^RX101|C9912345^Iyer^Anita^^^Dr^^^GMC|C9912346^Moss^Helen^^^Dr^^^GMC|C9912347^Okoro^David^^^Mr^^^GMC|300||||19|||C9912345^Iyer^Anita^^^Dr^^^GMC||V0098765^^^RX1^VN|||||||||||||||||||||||||20240115141500\r" +
	"PV2|||R07.4^Chest pain^I10||||||20240115|20240118|||Observe overnight\r" +
	"OBX|1|NM|8867-4^Heart rate^LN||88|/min^per minute^UCUM|60-100|N|||F|||20240115143500\r" +
	"OBX|2|NM|8310-5^Body temperature^LN||37.2|Cel^degree Celsius^UCUM|36-38|N|||F|||20240115143500\r" +
	"AL1|1|DA|91936005^Allergy to penicillin^SCT|MO|Rash|201005\r" +
	"AL1|2|FA|91935009^Allergy to peanut^SCT|SV|Wheeze\r" +
	"DG1|1||29857009^Chest pain^SCT|Chest pain|20240115141500|A\r" +
	"PR1|1||268400002^12 lead electrocardiogram^SCT|ECG|20240115144000\r" +
	"ZU1||2|C|20240115120000||300||||1\r"

// results is a pathology ORU^R01 with n results.
func results(n int) string {
	var b strings.Builder
	b.WriteString("MSH|^~\\&|LIMS|RX1|ROUTE|ROUTE|20240115143000||ORU^R01^ORU_R01|UK0008|P|2.5.1\r" +
		"PID|1||9990123527^^^NHS^NH~H0012345^^^RX1^MR||OAKES^MARGARET^J^^MRS^^L||19480317|2|||12 ORCHARD CLOSE^MALTON^^NORTH YORKSHIRE^YO17 7AB^GBR^H\r" +
		"PV1|1|O\r" +
		"ORC|RE|REQ7001^RX1|LAB9001^RX1||CM||||20240115090000|||C9912345^Iyer^Anita^^^Dr^^^GMC\r" +
		"OBR|1|REQ7001^RX1|LAB9001^RX1|26604007^Full blood count^SCT|||20240115083000|||||||||C9912345^Iyer^Anita^^^Dr^^^GMC||||||20240115113000||HM|F\r")
	for i := range n {
		fmt.Fprintf(&b, "OBX|%d|NM|10224310000001%02d^Haemoglobin concentration in blood^SCT||%d.%d|g/L^gram per litre^UCUM|120-160|N|||F|||20240115110000\r", i+1, i, 100+i, i%10)
	}
	b.WriteString("SPM|1|^LAB9001S&RX1||119297000^Blood specimen^SCT|||||||||||||20240115083000|20240115091500\r")
	return b.String()
}

func benchmarkConvert(b *testing.B, text string, opts ...tofhir.Option) {
	m, err := hl7v2.Parse([]byte(text))
	if err != nil {
		b.Fatal(err)
	}
	conv, err := tofhir.New(opts...)
	if err != nil {
		b.Fatal(err)
	}
	var out []byte
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		res, err := conv.ConvertAppend(out[:0], m)
		if err != nil {
			b.Fatal(err)
		}
		out = res.Bundle
	}
	b.ReportMetric(float64(len(out)), "B/bundle")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
}

func BenchmarkAdmission(b *testing.B) { benchmarkConvert(b, admission, tofhir.UK()) }
func BenchmarkAdmissionCounts(b *testing.B) {
	benchmarkConvert(b, admission, tofhir.UK(), tofhir.CountsOnly())
}
func BenchmarkResults20(b *testing.B)  { benchmarkConvert(b, results(20), tofhir.UK()) }
func BenchmarkResults400(b *testing.B) { benchmarkConvert(b, results(400), tofhir.UK()) }

// BenchmarkParse is the baseline: the message indexed and nothing more.
func BenchmarkParse(b *testing.B) {
	b.SetBytes(int64(len(admission)))
	b.ReportAllocs()
	data := []byte(admission)
	var m hl7v2.Message
	for b.Loop() {
		if err := (hl7v2.Parser{}).ParseInto(&m, data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tofhir.New(); err != nil {
			b.Fatal(err)
		}
	}
}
