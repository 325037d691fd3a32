package dmd

import (
	"bufio"
	"bytes"
	"io"
	"iter"
)

// FileWriter writes one file of a release: records grouped in their sections,
// in the layout of the published schema.
type FileWriter struct {
	w       *bufio.Writer
	file    string
	root    string
	section []byte // the open section
	ampp    []byte // the open pack of the bar code file
	started bool
	buf     []byte
}

// NewFileWriter writes the kind of file that a table's records belong to. The
// version is that of the schema file named in the root element, such as "2_3";
// "" leaves it out.
func NewFileWriter(w io.Writer, t Table, version string) *FileWriter {
	fw := &FileWriter{w: bufio.NewWriterSize(w, 64<<10), file: t.File(), root: t.Root()}
	fw.w.WriteString("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<" + fw.root + ` xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"`)
	if version != "" {
		fw.w.WriteString(` xsi:noNamespaceSchemaLocation="` + t.File() + "_v" + version + `.xsd"`)
	}
	fw.w.WriteString(">\n")
	return fw
}

// Write appends a record. Records of one section must follow each other, in the
// order of the schema; those of a section that comes again open it again.
func (fw *FileWriter) Write(r *Record) error {
	spec := r.spec
	b := fw.buf[:0]
	name, tag := []byte(spec.sections[0].Name), spec.sections[0].Record
	tags := spec.sections[0].Tags
	if spec.many {
		name, tag, tags = r.values[0], "INFO", spec.sections[0].Tags
		for i := range spec.sections {
			if s := &spec.sections[i]; s.Name == string(name) {
				tag, tags = s.Record, s.Tags
			}
		}
	}
	gtin := r.Table == TableGTIN
	if !fw.started || !bytes.Equal(name, fw.section) {
		b = fw.closeSection(b)
		fw.section = append(fw.section[:0], name...)
		if len(name) > 0 {
			b = append(append(append(b, " <"...), name...), ">\n"...)
		}
		fw.started = true
	}
	if gtin {
		if id := r.values[gtinAMPPID]; fw.ampp == nil || !bytes.Equal(id, fw.ampp) {
			b = fw.closeAMPP(b)
			b = append(b, "  <AMPP>"...)
			if r.set>>gtinAMPPID&1 != 0 {
				b = appendElement(b, "AMPPID", id)
			}
			fw.ampp = append(fw.ampp[:0:0], id...)
			if fw.ampp == nil {
				fw.ampp = []byte{}
			}
		}
		tags = tags[1:]
	}
	b = append(append(append(b, "  <"...), tag...), '>')
	for _, t := range tags {
		if i := spec.fieldIndex(t); r.set>>i&1 != 0 {
			b = appendElement(b, t, r.values[i])
		}
	}
	for i, f := range spec.fields { // what the section does not list, but was there
		if r.set>>i&1 != 0 && f.Tag != "LIST" && !(gtin && i == gtinAMPPID) && !contains(tags, f.Tag) {
			b = appendElement(b, f.Tag, r.values[i])
		}
	}
	for _, e := range r.extra {
		b = appendElement(b, string(e.tag), e.value)
	}
	b = append(append(append(b, "</"...), tag...), ">\n"...)
	fw.buf = b
	_, err := fw.w.Write(b)
	return err
}

func contains(tags []string, tag string) bool {
	for _, t := range tags {
		if t == tag {
			return true
		}
	}
	return false
}

func (fw *FileWriter) closeAMPP(b []byte) []byte {
	if fw.ampp != nil {
		b = append(b, "  </AMPP>\n"...)
		fw.ampp = nil
	}
	return b
}

func (fw *FileWriter) closeSection(b []byte) []byte {
	b = fw.closeAMPP(b)
	if fw.started && len(fw.section) > 0 {
		b = append(append(append(b, " </"...), fw.section...), ">\n"...)
	}
	return b
}

// Close ends the file. It does not close the writer below.
func (fw *FileWriter) Close() error {
	fw.w.Write(fw.closeSection(nil))
	fw.w.WriteString("</" + fw.root + ">\n")
	return fw.w.Flush()
}

// appendElement appends a field with its text escaped.
func appendElement(b []byte, tag string, v []byte) []byte {
	b = append(append(append(b, '<'), tag...), '>')
	start := 0
	for i, c := range v {
		var esc string
		switch c {
		case '&':
			esc = "&amp;"
		case '<':
			esc = "&lt;"
		case '>':
			esc = "&gt;"
		case '\r':
			esc = "&#13;"
		default:
			continue
		}
		b = append(append(b, v[start:i]...), esc...)
		start = i + 1
	}
	b = append(b, v[start:]...)
	return append(append(append(b, "</"...), tag...), '>')
}

// fileVersion is the version of the published schema of each kind of file.
func fileVersion(file string) string {
	switch file {
	case "gtin":
		return "2_0"
	case "bnf", "history", "vtm_ing":
		return "1_0"
	}
	return "2_3"
}

// FileName returns the name a file of a kind has in the release of a day:
// f_vmp2_3260821.xml.
func FileName(kind string, date Date) string {
	b := append([]byte("f_"), kind...)
	b = append(b, fileVersion(kind)...)
	for _, n := range []int{int(date & 31), int(date >> 5 & 15), int(date>>9) % 100} {
		b = appendUint(b, uint64(n), 2)
	}
	return string(append(b, ".xml"...))
}

// writeFile writes one kind of file from records.
func writeFile(w io.Writer, kind string, tables []Table, records func(Table) iter.Seq[*Record]) error {
	fw := NewFileWriter(w, tables[0], fileVersion(kind))
	for _, t := range tables {
		for r := range records(t) {
			if err := fw.Write(r); err != nil {
				return err
			}
		}
	}
	return fw.Close()
}
