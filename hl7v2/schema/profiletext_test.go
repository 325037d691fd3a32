package schema

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/nhskit/nhskit/hl7v2"
	"golang.org/x/text/encoding/charmap"
)

// inUTF16 writes text as UTF-16 without a byte order mark.
func inUTF16(text string, order binary.AppendByteOrder) []byte {
	var out []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		out = order.AppendUint16(out, unit)
	}
	return out
}

func inCharmap(t *testing.T, text string, m *charmap.Charmap) []byte {
	t.Helper()
	out, err := m.NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// encodedProfile is a profile with a text outside ASCII before what is wrong
// with it: the usage Q, in line 4.
func encodedProfile(declaration, text string) string {
	return declaration + "<HL7v2xConformanceProfile HL7Version=\"2.4\"><MetaData Name=\"" + text + "\"/>\n<HL7v2xStaticDef MsgType=\"ADT\" EventType=\"A01\">\n" +
		"<Segment Name=\"MSH\" Usage=\"R\"/>\n<Segment Name=\"EVN\" LongName=\"" + text + "\" Usage=\"Q\"/>\n</HL7v2xStaticDef></HL7v2xConformanceProfile>"
}

// A profile is read in the encoding that its byte order mark or its declaration
// names, and offsets count in the bytes as they came.
func TestProfileEncodings(t *testing.T) {
	declared := func(name string) string { return "<?xml version='1.0' encoding='" + name + "'?>" }
	latin := func(m *charmap.Charmap, declaration, text string) []byte {
		return inCharmap(t, encodedProfile(declaration, text), m)
	}
	const wide = "Überweisung 𝒜"
	for _, c := range []struct {
		name  string
		data  []byte
		text  string // that the name of the profile is
		usage string // Usage=" as it stands in data
	}{
		{"nothing declared", []byte(encodedProfile("", wide)), wide, `Usage="Q`},
		{"UTF-8", []byte(encodedProfile(declared("utf-8"), wide)), wide, `Usage="Q`},
		{"UTF-8 with mark", []byte("\xef\xbb\xbf" + encodedProfile(declared("UTF-8"), wide)), wide, `Usage="Q`},
		{"US-ASCII", []byte(encodedProfile(declared("US-ASCII"), "Referral")), "Referral", `Usage="Q`},
		{"8859-1", latin(charmap.ISO8859_1, declared("ISO-8859-1"), "Überweisung"), "Überweisung", `Usage="Q`},
		{"8859-1 by another name", latin(charmap.ISO8859_1, `<?xml version = "1.0"  encoding = "latin1" standalone="no"?>`, "Überweisung"), "Überweisung", `Usage="Q`},
		{"a processing instruction first", []byte(encodedProfile("<?xml-stylesheet href='x' encoding='EBCDIC'?>", wide)), wide, `Usage="Q`},
		{"8859-15", latin(charmap.ISO8859_15, declared("iso-8859-15"), "5 € für"), "5 € für", `Usage="Q`},
		{"Windows-1252", latin(charmap.Windows1252, declared("windows-1252"), "“5 €” für"), "“5 €” für", `Usage="Q`},
		{"UTF-16LE with mark", append([]byte("\xff\xfe"), inUTF16(encodedProfile(declared("UTF-16"), wide), binary.LittleEndian)...), wide, "U\x00s\x00a\x00g\x00e\x00=\x00\"\x00Q"},
		{"UTF-16BE with mark", append([]byte("\xfe\xff"), inUTF16(encodedProfile(declared("utf-16"), wide), binary.BigEndian)...), wide, "\x00U\x00s\x00a\x00g\x00e\x00=\x00\"\x00Q"},
		{"UTF-16LE without mark", inUTF16(encodedProfile(declared("UTF-16LE"), wide), binary.LittleEndian), wide, "U\x00s\x00a\x00g\x00e\x00=\x00\"\x00Q"},
		{"UTF-16BE without mark", inUTF16(encodedProfile(declared("UTF-16BE"), wide), binary.BigEndian), wide, "\x00U\x00s\x00a\x00g\x00e\x00=\x00\"\x00Q"},
		{"UTF-16 with mark and no declaration", append([]byte("\xff\xfe"), inUTF16(encodedProfile("", wide), binary.LittleEndian)...), wide, "U\x00s\x00a\x00g\x00e\x00=\x00\"\x00Q"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, issues := ParseProfile(c.data)
			if len(issues) != 1 || issues[0].Code != CodeProfileDefinition || issues[0].Path != "EVN" {
				t.Fatalf("%v", issues)
			}
			i := issues[0]
			if want := strings.LastIndex(string(c.data), c.usage); int(i.Offset) != want {
				t.Errorf("offset %d, want %d", i.Offset, want)
			}
			line := `<Segment Name="EVN" LongName="` + c.text + `" `
			if i.Line != 4 || i.Col != len(line)+1 {
				t.Errorf("line %d, column %d, want 4, %d", i.Line, i.Col, len(line)+1)
			}
			good := slices.Clone(c.data)
			good[strings.LastIndex(string(good), c.usage)+len(c.usage)-1] = 'O'
			p := profileOf(t, good)
			if p.Name() != c.text {
				t.Errorf("the name is %q, want %q", p.Name(), c.text)
			}
			// What Lint finds is located in the same way: EVN is required.
			for _, i := range p.Lint(good) {
				if i.Path == "EVN" {
					tag := "<Segment Name=\"EVN\""
					switch {
					case c.usage[0] == 0:
						tag = string(inUTF16(tag, binary.BigEndian))
					case c.usage[1] == 0:
						tag = string(inUTF16(tag, binary.LittleEndian))
					}
					if want := strings.LastIndex(string(good), tag); int(i.Offset) != want || i.Line != 4 || i.Col != 1 {
						t.Errorf("%v: offset %d, %d:%d, want %d, 4:1", i, i.Offset, i.Line, i.Col, want)
					}
				}
			}
		})
	}
}

// What cannot be read in its encoding is an error where it stands; a declaration
// that the bytes disprove is a warning.
func TestProfileEncodingProblems(t *testing.T) {
	declared := func(name string) string { return "<?xml version='1.0' encoding='" + name + "'?>" }
	good := func(declaration string) string {
		return strings.Replace(encodedProfile(declaration, "x"), `"Q"`, `"O"`, 1)
	}
	for _, c := range []struct {
		name, data string
		at         string // what the issue is at
		read       bool
	}{
		{"unknown encoding", good(declared("EBCDIC-CP-GB")), "EBCDIC", false},
		{"no encoding", good(declared("")), "'?>", false},
		{"UTF-32", "\xff\xfe\x00\x00" + good(""), "\xff\xfe", false},
		{"UTF-32 the other way", "\x00\x00\xfe\xff" + good(""), "\x00\x00\xfe\xff", false},
		{"not UTF-8", strings.Replace(good(""), `"x"`, "\"\xfcx\"", 1), "\xfcx", false},
		{"not UTF-8 though declared", strings.Replace(good(declared("UTF-8")), `"x"`, "\"\xfcx\"", 1), "\xfcx", false},
		{"not ASCII", strings.Replace(good(declared("US-ASCII")), `"x"`, "\"\xfcx\"", 1), "\xfcx", false},
		{"half a character of UTF-16", "\xff\xfe" + string(inUTF16(good(""), binary.LittleEndian)) + "\x20", "\x20", false},
		{"a surrogate alone", strings.Replace("\xff\xfe"+string(inUTF16(good(""), binary.LittleEndian)), "x\x00", "\x01\xd8", 1), "\x01\xd8", false},
		{"UTF-16 declared", good(declared("utf-16")), "utf-16", true},
		{"8859-1 declared behind a mark", "\xef\xbb\xbf" + strings.Replace(good(declared("ISO-8859-1")), `"x"`, `"ü"`, 1), "ISO", true},
		{"the other order declared", string(inUTF16(good(declared("UTF-16BE")), binary.LittleEndian)), "U\x00T\x00F", true},
		{"JSON that is not UTF-8", strings.Replace(smallJSON, `"2.5.1"`, "\"2.5.1\",\"name\":\"\xfc\"", 1), "\xfc", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, issues := ParseProfile([]byte(c.data))
			if len(issues) != 1 || issues[0].Code != CodeProfileSyntax || (issues[0].Severity == hl7v2.Warning) != c.read || (p != nil) != c.read {
				t.Fatalf("%v", issues)
			}
			want := strings.Index(c.data, c.at)
			if c.at == "\x20" {
				want = len(c.data) - 1
			}
			if i := issues[0]; int(i.Offset) != want || i.Line < 1 || i.Col < 1 {
				t.Errorf("%v: offset %d, want %d", i, i.Offset, want)
			}
		})
	}
}

// The encodings of one byte to a character are those of their tables.
func TestProfileEncodingsAsTables(t *testing.T) {
	for _, c := range []struct {
		name string
		m    *charmap.Charmap
	}{{"ISO-8859-1", charmap.ISO8859_1}, {"ISO-8859-15", charmap.ISO8859_15}, {"windows-1252", charmap.Windows1252}} {
		data := "<?xml version='1.0' encoding='" + c.name + "'?>"
		for b := 0x80; b < 0x100; b++ {
			data += string([]byte{byte(b)})
		}
		text, problem := decodeProfile([]byte(data))
		if problem != nil {
			t.Fatal(problem.err)
		}
		runes := []rune(string(text.text[len(text.text)-utf8Len(text.text, 128):]))
		for k, r := range runes {
			if want := c.m.DecodeByte(byte(0x80 + k)); r != want {
				t.Errorf("%s %#x: %U, want %U", c.name, 0x80+k, r, want)
			}
		}
	}
}

// utf8Len is how many bytes the last n characters have.
func utf8Len(text []byte, n int) int {
	size := 0
	for range n {
		_, w := utf8.DecodeLastRune(text[:len(text)-size])
		size += w
	}
	return size
}
