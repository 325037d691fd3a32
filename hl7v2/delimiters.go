package hl7v2

// Delimiters are the characters that MSH-1 and MSH-2 declare. A zero byte is
// a character that was not declared: it neither splits nor escapes.
type Delimiters struct {
	Field        byte // MSH-1, usually |
	Component    byte // usually ^
	Repetition   byte // usually ~
	Escape       byte // usually \
	Subcomponent byte // usually &
	Truncation   byte // usually #, from version 2.7 on; never splits
}

// Standard returns the delimiters that nearly every sender uses: |^~\& with
// no truncation character.
func Standard() Delimiters {
	return Delimiters{Field: '|', Component: '^', Repetition: '~', Escape: '\\', Subcomponent: '&'}
}

// Encoding returns the text of MSH-2, such as ^~\&.
func (d Delimiters) Encoding() string {
	var b [5]byte
	n := 0
	for _, c := range [...]byte{d.Component, d.Repetition, d.Escape, d.Subcomponent, d.Truncation} {
		if c == 0 {
			break
		}
		b[n] = c
		n++
	}
	return string(b[:n])
}

// standard reports whether the splitting characters are the usual ones, for
// which the index has a faster scan.
func (d Delimiters) standard() bool {
	return d.Field == '|' && d.Component == '^' && d.Repetition == '~' && d.Subcomponent == '&'
}

// readDelimiters reads MSH-1 and MSH-2 from a header segment that begins at
// data[at]. It returns the offset just behind MSH-2.
func readDelimiters(data []byte, at int) (d Delimiters, end int, problem Code) {
	if at+4 > len(data) {
		return d, at, CodeHeader
	}
	if rest := data[at+3:]; len(rest) > 5 && string(rest[:5]) == `|^~\&` && (rest[5] == '|' || rest[5] == '\r') {
		return Standard(), at + 8, ""
	}
	d.Field = data[at+3]
	if !delimiterAllowed(d.Field) {
		return d, at + 3, CodeHeader
	}
	end = at + 4
	for end < len(data) && data[end] != d.Field && data[end] != '\r' && data[end] != '\n' {
		end++
	}
	enc := data[at+4 : end]
	if len(enc) > 0 && len(enc) < 2 || len(enc) == 0 && end == len(data) {
		return d, at + 4, CodeHeader
	}
	// QUIRK: MSH-2 that went through a C or JSON escaper reads ^~\\& with two
	// backslashes (LinuxForHealth's sample_win.hl7); chapter 2.14.9.2 has one.
	if len(enc) >= 5 && enc[2] == enc[3] && delimiterAllowed(enc[4]) {
		enc = append(append(make([]byte, 0, len(enc)), enc[:3]...), enc[4:]...)
	}
	for i, to := range [...]*byte{&d.Component, &d.Repetition, &d.Escape, &d.Subcomponent} {
		if i < len(enc) {
			if !delimiterAllowed(enc[i]) || enc[i] == d.Field {
				return d, at + 4 + i, CodeEncodingCharacters
			}
			for _, earlier := range enc[:i] {
				if enc[i] == earlier {
					return d, at + 4 + i, CodeEncodingCharacters
				}
			}
			*to = enc[i]
		}
	}
	if len(enc) == 0 {
		return d, at + 4, CodeEncodingCharacters
	}
	if len(enc) > 4 && delimiterAllowed(enc[4]) && enc[4] != d.Field {
		d.Truncation = enc[4]
		for _, earlier := range enc[:4] {
			if enc[4] == earlier {
				d.Truncation = 0
			}
		}
	}
	return d, end, ""
}

// delimiterAllowed reports whether c can be a delimiter: visible ASCII that is
// neither a letter nor a digit nor the quotation mark of the null.
func delimiterAllowed(c byte) bool {
	return c > ' ' && c < 0x7f && c != '"' && !('0' <= c && c <= '9') && !('A' <= c && c <= 'Z') && !('a' <= c && c <= 'z')
}
