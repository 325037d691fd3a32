package dmd

import (
	"fmt"
	"math/bits"
	"strconv"
	"unicode/utf8"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// checkRecord compares the fields of the record at p with the schema.
func (s *Scanner) checkRecord(p int) {
	r, spec := &s.record, s.record.spec
	if missing := spec.required &^ r.set; missing != 0 {
		for ; missing != 0; missing &= missing - 1 {
			f := &spec.fields[bits.TrailingZeros32(missing)]
			if s.issues.room(CodeMissing) {
				s.list(Warning, CodeMissing, p, s.fieldPath(f), fmt.Errorf("%s is required", f.Tag))
			}
		}
	}
	for set := r.set; set != 0; set &= set - 1 {
		i := bits.TrailingZeros32(set)
		f, v := &spec.fields[i], r.values[i]
		code, err := checkValue(f, v)
		if err == nil {
			continue
		}
		if code == CodeID && f.Kind == KindCode {
			continue
		}
		if s.issues.room(code) {
			s.list(checkSeverity(code), code, s.place(v, p), s.fieldPath(f), err)
		}
	}
	if spec.many && r.Table == TableLOOKUP && s.section < len(spec.sections) && len(spec.sections[s.section].Tags) > 2 {
		// Lists whose codes are SNOMED CT identifiers have dates and former codes.
		if _, err := sctid.ParseBytes(r.values[lookupCD]); err != nil && s.issues.room(CodeID) {
			s.list(Error, CodeID, s.place(r.values[lookupCD], p), s.fieldPath(&spec.fields[lookupCD]), err)
		}
	}
}

// checkSeverity tells how bad a wrong value is: text that is too long or a code
// in an odd form can be used as it is.
func checkSeverity(c Code) Severity {
	if c == CodeLength || c == CodeGTIN {
		return Warning
	}
	return Error
}

// fieldPath names a field of the record being read: "VPI[12].UDFS".
func (s *Scanner) fieldPath(f *Field) string {
	return s.table.String() + "[" + strconv.Itoa(s.index[s.table]) + "]." + f.Tag
}

// place finds a value in the buffer, if it was not decoded, or else gives p. A
// value that is part of the buffer ends where the buffer ends, in capacity.
func (s *Scanner) place(v []byte, p int) int {
	if i := cap(s.buf) - cap(v); len(v) > 0 && i >= 0 && i < len(s.buf) && &s.buf[i] == &v[0] {
		return i
	}
	return p
}

// tooLarge is a value that has more digits or characters than its field may. It
// is worded only if it is listed.
type tooLarge struct{ f *Field }

func (e tooLarge) Error() string {
	switch e.f.Kind {
	case KindDecimal:
		return fmt.Sprintf("more than %d digits before or %d after the point", e.f.Digits, e.f.Decimals)
	case KindText:
		return fmt.Sprintf("more than %d characters", e.f.MaxLen)
	}
	return fmt.Sprintf("more than %d digits", e.f.MaxLen)
}

// checkValue compares a value with the kind of its field.
func checkValue(f *Field, v []byte) (Code, error) {
	switch f.Kind {
	case KindID:
		if _, err := sctid.ParseBytes(v); err != nil {
			return CodeID, err
		}
	case KindCode, KindFlag, KindInt:
		if len(v) == 0 {
			return CodeValue, problem("empty")
		}
		for i, c := range v {
			if c < '0' || c > '9' {
				if c == '-' && i == 0 && len(v) > 1 {
					return CodeRange, problem("below zero")
				}
				return CodeValue, problem("something that is not a digit")
			}
		}
		if f.MaxLen > 0 && len(v) > f.MaxLen {
			return CodeRange, tooLarge{f}
		}
	case KindDecimal:
		d, err := parseDecimal(v)
		switch {
		case err != nil:
			return CodeValue, err
		case d.Sign() < 0:
			return CodeRange, problem("below zero")
		case f.Digits > 0 && !d.fits(f.Digits, f.Decimals):
			return CodeRange, tooLarge{f}
		}
	case KindDate:
		if _, err := parseDate(v); err != nil {
			return CodeValue, err
		}
	case KindGTIN:
		if len(v) > 0 {
			if _, err := parseGTIN(v); err != nil {
				return CodeGTIN, err
			}
		}
	case KindText:
		if f.MaxLen > 0 && len(v) > f.MaxLen && utf8.RuneCount(v) > f.MaxLen {
			return CodeLength, tooLarge{f}
		}
	}
	return "", nil
}

// absolute returns the number without its sign.
func (d Decimal) absolute() Decimal {
	if d.coef < 0 {
		d.coef = -d.coef
	}
	return d
}

// fits reports whether a number has at most so many digits before the point and
// decimals behind it. The specification's "up to 10 digits and 3 decimal
// places" is read as 10 before and 3 behind.
func (d Decimal) fits(digits, decimals int) bool {
	d = d.Reduced()
	whole := d.absolute().coef
	for range d.scale {
		whole /= 10
	}
	limit := int64(1)
	for range min(digits, 18) {
		limit *= 10
	}
	return whole < limit && int(d.scale) <= decimals
}
