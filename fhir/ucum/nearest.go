package ucum

import "strings"

// nearest returns the code most like an unknown symbol, or "" if none is near:
// one that differs in capitals or brackets only, or by one edit.
func (t *tables) nearest(symbol string, ci bool) string {
	if len(symbol) > 24 {
		return ""
	}
	plain := strings.NewReplacer("[", "", "]", "", "'", "")
	want := strings.ToLower(plain.Replace(symbol))
	best := ""
	for i := range t.atoms {
		code := t.atoms[i].code
		if ci {
			code = t.atoms[i].ci
		}
		bare := plain.Replace(code)
		have := strings.ToLower(bare)
		if have != "" && have == want {
			return code
		}
		// The same behind a prefix, as in mmHg, or with one edit.
		for n := 0; n <= 2 && n < len(symbol) && best == ""; n++ {
			full := symbol[:n] + code
			same := bare != code && strings.EqualFold(plain.Replace(symbol[n:]), bare)
			if !same && (len(symbol)-n < 2 || !oneEdit(symbol[n:], code)) {
				continue
			}
			if _, _, ok := t.symbol(full, ci); ok {
				best = full
			}
		}
	}
	return best
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
