package ucum

// nearest returns the code most like an unknown symbol, or "" if none is near:
// one that differs in capitals, brackets and apostrophes only, or by one edit,
// alone or behind a prefix.
func (t *tables) nearest(symbol string, ci bool) string {
	if len(symbol) > 24 {
		return ""
	}
	var buf, other [64]byte
	want := bare(buf[:0], symbol)
	best := ""
	for i := range t.atoms {
		code := t.atoms[i].code
		if ci {
			code = t.atoms[i].ci
		}
		have := bare(other[:0], code)
		if len(have) > 0 && string(have) == string(want) {
			return code
		}
		if best != "" || len(code) > len(symbol)+2 {
			continue
		}
		// The same behind a prefix, as in mmHg, or with one edit.
		for n := 0; n <= 2 && n < len(symbol); n++ {
			same := len(have) < len(code) && len(want) >= n && string(want[n:]) == string(have)
			if !same && (len(symbol)-n < 2 || !oneEdit(symbol[n:], code)) {
				continue
			}
			if _, _, ok := t.symbol(symbol[:n]+code, ci); ok {
				best = symbol[:n] + code
				break
			}
		}
	}
	return best
}

// bare appends a code in small letters without brackets and apostrophes.
func bare(b []byte, code string) []byte {
	for i := range len(code) {
		switch c := code[i]; {
		case c == '[' || c == ']' || c == '\'':
		case 'A' <= c && c <= 'Z':
			b = append(b, c|0x20)
		default:
			b = append(b, c)
		}
	}
	return b
}

// oneEdit reports whether a and b differ by one inserted, deleted or replaced
// byte.
func oneEdit(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) == len(b) {
		return i < len(a) && a[i+1:] == b[i+1:]
	}
	return a[i:] == b[i+1:]
}
