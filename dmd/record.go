package dmd

import "iter"

// Record is one record of a release as read: the text of its fields, decoded
// but otherwise as it was. It is valid until the next one is read; Clone keeps
// one.
type Record struct {
	Table  Table
	Offset int64 // of the record's first byte in the file, -1 from a store
	Line   int   // of that byte, 1-based, 0 from a store
	spec   *tableSpec
	set    uint32
	values [maxFields][]byte
	extra  []extraField
}

// maxFields is how many fields the widest table may have; a test holds the
// schema to it.
const maxFields = 26

// extraField is an element of a record that the schema does not know.
type extraField struct{ tag, value []byte }

// Get returns the text of a field by its tag, and whether it is there, which an
// empty one is. Fields that the schema does not know are found as well.
func (r *Record) Get(tag string) (string, bool) {
	if i := r.spec.fieldIndex(tag); i >= 0 {
		if r.set>>i&1 == 0 {
			return "", false
		}
		return string(r.values[i]), true
	}
	for _, e := range r.extra {
		if string(e.tag) == tag {
			return string(e.value), true
		}
	}
	return "", false
}

// Bytes returns the text of the i-th field of the table, or nil if it is
// absent. The slice is valid until the next record is read.
func (r *Record) Bytes(i int) []byte {
	if i < 0 || i >= maxFields || r.set>>i&1 == 0 {
		return nil
	}
	if r.values[i] == nil {
		return []byte{} // there, and empty
	}
	return r.values[i]
}

// Fields yields the fields that are there, by tag, in the order of the schema,
// and then those that the schema does not know, as they were written.
func (r *Record) Fields() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for i := range r.spec.fields {
			if r.set>>i&1 != 0 && !yield(r.spec.fields[i].Tag, r.values[i]) {
				return
			}
		}
		for _, e := range r.extra {
			if !yield(string(e.tag), e.value) {
				return
			}
		}
	}
}

// Clone returns a copy that stays valid.
func (r *Record) Clone() *Record {
	c := *r
	size := 0
	for _, v := range r.values {
		size += len(v)
	}
	buf := make([]byte, 0, size)
	for i, v := range r.values {
		if r.set>>i&1 != 0 {
			start := len(buf)
			buf = append(buf, v...)
			c.values[i] = buf[start:len(buf):len(buf)]
		}
	}
	c.extra = make([]extraField, len(r.extra))
	for i, e := range r.extra {
		c.extra[i] = extraField{append([]byte(nil), e.tag...), append([]byte(nil), e.value...)}
	}
	return &c
}

func (r *Record) reset(t Table, spec *tableSpec, offset int64) {
	r.Table, r.spec, r.Offset, r.Line, r.set = t, spec, offset, 0, 0
	r.extra = r.extra[:0]
}

func (r *Record) put(i int, v []byte) {
	r.values[i] = v
	r.set |= 1 << i
}

// encode appends the stored form of the record.
func (r *Record) encode(b []byte) []byte {
	set := uint64(r.set)
	if len(r.extra) > 0 {
		set |= 1 << len(r.spec.fields)
	}
	b = appendUvarint(b, set)
	for i := range r.spec.fields {
		if r.set>>i&1 != 0 {
			b = appendValue(b, r.values[i])
		}
	}
	if len(r.extra) > 0 {
		b = appendUvarint(b, uint64(len(r.extra)))
		for _, e := range r.extra {
			b = appendValue(b, e.tag)
			b = appendValue(b, e.value)
		}
	}
	return b
}

// decode fills the record from its stored form; the text is appended to buf,
// which is returned for reuse.
func (r *Record) decode(t Table, enc row, buf []byte) []byte {
	r.reset(t, t.spec(), -1)
	set, n := uvarint(enc)
	b := []byte(enc[n:])
	next := func() []byte {
		start := len(buf)
		buf, b = appendValueText(buf, b)
		return buf[start:len(buf):len(buf)]
	}
	for i := range r.spec.fields {
		if set>>i&1 != 0 {
			r.put(i, next())
		}
	}
	if set>>len(r.spec.fields)&1 != 0 {
		count, n := uvarint(b)
		b = b[n:]
		for ; count > 0 && len(b) > 0; count-- {
			r.extra = append(r.extra, extraField{next(), next()})
		}
	}
	return buf
}

func appendUvarint(b []byte, v uint64) []byte {
	for ; v >= 0x80; v >>= 7 {
		b = append(b, byte(v)|0x80)
	}
	return append(b, byte(v))
}
