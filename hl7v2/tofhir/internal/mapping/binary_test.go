package mapping

import (
	"reflect"
	"testing"
	"testing/fstest"
)

const twoHeaders = "banner\nheader\n"

func testFiles() fstest.MapFS {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(twoHeaders + s)} }
	return fstest.MapFS{
		"datatypes/CX[Identifier].csv": file(`1,CX.1,,,,,,,,value` + "\n" + `5,CX.5,,,,,,,,type.coding.code,,,,,,Kinds` + "\n"),
		"segments/PID[Patient].csv":    file(`3,PID-3,,CX,,-1,IF PID-3 VALUED,,,identifier[1],,,,,CX[identifier],,` + "\n" + `0,PID,,,,,,,,active,,,,,,,"""true"""` + "\n"),
		"codesystems/Kinds.csv":        {Data: []byte("HL7 v2,,,,,,FHIR\nCode,Text,Code System,A,B,C,Code,,Display,Code System\nMR,Record,HL70203,,,,MR,,Medical record,urn:x\n")},
		"messages/ADT_A01.csv":         file("1,ADT_A01.PID,PID,Patient,1,1,,,,Patient[1],PID[Patient],,,\n2,ADT_A01.G,[{,--- G begin,0,-1\n2.1,ADT_A01.G.PV1,PV1,Visit,1,1,,,,Encounter[1],PV1[Encounter],Encounter[1].subject.reference=Patient[1].id,,\n2.2,/ADT_A01.G,}],--- G end\n"),
		"segments/PV1[Encounter].csv":  file("2,PV1-2,,,,,,,,status,,,,,,Kinds,\n"),
	}
}

func testProgram(t *testing.T) *Program {
	t.Helper()
	tables, err := ReadTables(testFiles(), false, false)
	if err != nil {
		t.Fatal(err)
	}
	p, _, err := Compile(tables)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestBinaryRoundTrip(t *testing.T) {
	p := testProgram(t)
	b := p.Append(nil)
	got, err := Decode(string(b))
	if err != nil {
		t.Fatal(err)
	}
	if string(got.Append(nil)) != string(b) {
		t.Error("a decoded program does not give the same bytes")
	}
	if !reflect.DeepEqual(got.Rows, p.Rows) || !reflect.DeepEqual(got.Conds, p.Conds) || !reflect.DeepEqual(got.Positions, p.Positions) {
		t.Error("a decoded program differs")
	}
	for n := range b {
		if _, err := Decode(string(b[:n])); err == nil {
			t.Fatalf("the first %d of %d bytes were accepted", n, len(b))
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(magic)
	f.Fuzz(func(t *testing.T, s string) {
		p, err := Decode(s)
		if (p == nil) != (err != nil) {
			t.Fatal(p, err)
		}
	})
}
