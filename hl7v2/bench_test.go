package hl7v2

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"strings"
	"testing"
)

// The messages of the benchmarks: an admission of about 1 kB and a report of
// about 10 kB, in the shapes of NHS senders, with invented people.
var (
	benchADT = []byte(strings.Join([]string{
		`MSH|^~\&|PAS|RXX^NHS TRUST^ODS|TIE|RXX|20250102030405||ADT^A01^ADT_A01|MSG00000001|P|2.4|||AL|NE|GBR|UNICODE UTF-8|EN||ITKv1.0`,
		`EVN|A01|20250102030405||01|USER7^Kaur^Jas^^^Ms^^^RXX|20250102030000`,
		`PID|1||9991234567^^^NHS^NH~4032813^^^RXX^MR~A0012345^^^QEAE^AN||PATEL^ASHA^JANE^^MRS^^L~SHAH^ASHA^^^^^M||19800229|F|||12 ACACIA AVENUE^^LEEDS^^LS1 4AP^GBR^H||^PRN^PH^^^0113^4960000~^NET^Internet^asha@example.org||EN|M|C22||||||A|LEEDS|||||||N|NSTS01`,
		`PD1|||ACACIA SURGERY^^B86001^^^ODS^^^B86001|G9999981^SMITH^JOHN^^^DR^^^GMC`,
		`NK1|1|PATEL^RAJ^^^MR|SPOUSE^Spouse^HL70063|12 ACACIA AVENUE^^LEEDS^^LS1 4AP||^PRN^PH^^^0113^4960001`,
		`PV1|1|I|WARD7^BAY2^BED4^RXX^^BED^MAIN|21||||C3456789^Darwin^Samuel^^^Dr^^^GMC|||300||||19|||||V123456^^^RXX^VN|||||||||||||||||||||||||20250102030000`,
		`PV2||1|^Chest pain|||||20250102|2`,
		`AL1|1|DA|7980^Penicillin^L|MO|Rash|20100101`,
		`ZU1|20250101|1|C||300|300||N|8|A|||||||||||||||||01`, ""}, "\r"))
	benchORU = benchReport()
	benchED  = benchDocument(5_200_000)
)

func benchReport() []byte {
	var b bytes.Buffer
	b.WriteString("MSH|^~\\&|LIMS^2.16.840.1.113883.2.1.8.1.5.999^ISO|CAV^7A4BV^L|EPR|RXX|20250102102527+0000||ORU^R01^ORU_R01|U15|P|2.5.1|||AL|NE||UNICODE UTF-8\r")
	b.WriteString("PID|||403281375^^^154^PI~9991202226^^^NHS^NH||PATEL^ASHA^^^Mrs||19800229|F\rPV1||O\rORC|RE|||||||||||C3456789^Darwin^Samuel^^^Dr^^^GMC\r")
	for i := 1; b.Len() < 10_200; i++ {
		if i%20 == 1 {
			fmt.Fprintf(&b, "OBR|%d|P1|F%d|26604007^Full blood count^SCT^423..00^FBC^RC|||20250102093000+0000|||||||||C3456789^Darwin^Samuel^^^Dr^^^GMC||||||20250102102417+0000|||F\r", i/20+1, i)
		}
		fmt.Fprintf(&b, "OBX|%d|NM|1022431000000105^Haemoglobin estimation^SCT^423..00^Haemoglobin^RC||%d|g/L^g/L^UCUM|115-165|N|||F|||20250102093000+0000\r", i, 100+i)
		if i%7 == 0 {
			fmt.Fprintf(&b, "NTE|%d|L|Specimen slightly haemolysed; result may be affected\\.br\\Please repeat\r", i)
		}
	}
	return b.Bytes()
}

func benchDocument(size int) []byte {
	var b bytes.Buffer
	b.WriteString("MSH|^~\\&|LIMS|RXX|EPR|RXX|20250102||ORU^R01^ORU_R01|D1|P|2.5.1\rPID|||9991202226^^^NHS^NH\rOBX|1|ED|PDF^Report^L||LIMS^IM^PDF^Base64^")
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	x := uint32(1)
	for range size {
		x = x*1664525 + 1013904223
		b.WriteByte(alphabet[x>>26])
	}
	b.WriteString("||||||F\rNTE|1||end\r")
	return b.Bytes()
}

// scanDelimiters is the baseline: it does no more than record the positions
// of six delimiters, a word at a time.
func scanDelimiters(dst []uint32, data []byte) []uint32 {
	patterns := [...]uint64{'|' * ones, '^' * ones, '~' * ones, '&' * ones, '\\' * ones, '\r' * ones}
	dst = dst[:0]
	i := 0
	for ; i+8 <= len(data); i += 8 {
		w := binary.LittleEndian.Uint64(data[i:])
		t := ^uint64(0)
		for _, p := range patterns {
			x := w ^ p
			t &= (x&low7 + low7) | x
		}
		for hits := ^t & highs; hits != 0; hits &= hits - 1 {
			dst = append(dst, uint32(i+bits.TrailingZeros64(hits)>>3))
		}
	}
	for ; i < len(data); i++ {
		switch data[i] {
		case '|', '^', '~', '&', '\\', '\r':
			dst = append(dst, uint32(i))
		}
	}
	return dst
}

// scanStandard is a harder baseline: positions only, with the matching that
// the index itself uses.
func scanStandard(dst []uint32, data []byte) []uint32 {
	dst = dst[:0]
	i := 0
	for ; i+8 <= len(data); i += 8 {
		for hits := matchStandard(binary.LittleEndian.Uint64(data[i:])); hits != 0; hits &= hits - 1 {
			dst = append(dst, uint32(i+bits.TrailingZeros64(hits)>>3))
		}
	}
	return dst
}

func benchmarkMessages(b *testing.B, run func(b *testing.B, data []byte)) {
	for _, c := range []struct {
		name string
		data []byte
	}{{"ADT", benchADT}, {"ORU", benchORU}, {"ED", benchED}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.data)))
			b.ReportAllocs()
			run(b, c.data)
		})
	}
}

func BenchmarkIndexReuse(b *testing.B) {
	benchmarkMessages(b, func(b *testing.B, data []byte) {
		var m Message
		for b.Loop() {
			if err := (Parser{}).ParseInto(&m, data); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkIndexFresh(b *testing.B) {
	benchmarkMessages(b, func(b *testing.B, data []byte) {
		for b.Loop() {
			if _, err := Parse(data); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkIndexOtherDelimiters(b *testing.B) {
	benchmarkMessages(b, func(b *testing.B, data []byte) {
		data = bytes.ReplaceAll(data, []byte("|"), []byte("$"))
		var m Message
		for b.Loop() {
			if err := (Parser{}).ParseInto(&m, data); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkBaselineScan(b *testing.B) {
	benchmarkMessages(b, func(b *testing.B, data []byte) {
		dst := make([]uint32, 0, len(data))
		for b.Loop() {
			dst = scanDelimiters(dst, data)
		}
	})
}

func BenchmarkBaselineScanStandard(b *testing.B) {
	benchmarkMessages(b, func(b *testing.B, data []byte) {
		dst := make([]uint32, 0, len(data))
		for b.Loop() {
			dst = scanStandard(dst, data)
		}
	})
}

func BenchmarkHeader(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		h, err := ReadHeader(benchADT)
		if code, _, _ := h.Type(); err != nil || len(code) != 3 || len(h.ControlID()) == 0 {
			b.Fatal(err)
		}
	}
}

func BenchmarkUnescapePlain(b *testing.B) {
	benchmarkText(b, func(d Delimiters, text []byte) []byte { out, _ := d.Unescape(text); return out })
}

func BenchmarkEscapePlain(b *testing.B) {
	benchmarkText(b, Delimiters.EscapeText)
}

func benchmarkText(b *testing.B, run func(Delimiters, []byte) []byte) {
	d := Standard()
	for _, n := range []int{16, 256, 4096, 1 << 20} {
		text := bytes.Repeat([]byte("Chest clear. "), n/13+1)[:n]
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.SetBytes(int64(n))
			b.ReportAllocs()
			for b.Loop() {
				run(d, text)
			}
		})
	}
}

func BenchmarkSetAndEncode(b *testing.B) {
	b.ReportAllocs()
	var m Message
	out := make([]byte, 0, 2*len(benchADT))
	for b.Loop() {
		if err := (Parser{}).ParseInto(&m, benchADT); err != nil {
			b.Fatal(err)
		}
		if err := m.Set("PID-5.1", "SMITH-JONES"); err != nil {
			b.Fatal(err)
		}
		out = m.AppendTo(out[:0])
	}
}
