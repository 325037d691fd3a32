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
	look := t.symbol
	if ci {
		look = t.symbolCI
	}
	best := ""
	for i := range t.atoms {
		a := &t.atoms[i]
		code := a.code
		if ci {
			code = a.ci
		}
		if have := strings.ToLower(plain.Replace(code)); have != "" {
			if have == want {
				return code
			}
			// A prefix before a unit that lacks its brackets, as in mmHg.
			if rest := len(want) - len(have); rest > 0 && rest <= 2 && strings.HasSuffix(want, have) {
				if full := symbol[:rest] + code; best == "" {
					if _, _, ok := look(full); ok {
						best = full
					}
				}
			}
		}
		if best == "" && len(symbol) > 1 && oneEdit(symbol, code) {
			best = code
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
