package nhsnumber

// IsIHI reports whether s is written like an Individual Health Identifier of
// the Republic of Ireland: 18 digits, spaces between them allowed, of which
// the eighth to seventeenth are a valid number of the range 800 to 859. The
// rest is not checked and the package does no more with an IHI than this.
func IsIHI(s string) bool {
	var digits [18]byte
	k := 0
	for i := range len(s) {
		switch {
		case s[i] == ' ' && k > 0:
		case s[i]-'0' > 9 || k == len(digits):
			return false
		default:
			digits[k] = s[i]
			k++
		}
	}
	if k != len(digits) {
		return false
	}
	n, v := fast(view(digits[7:17]))
	return v == accepted && n.Scheme() == SchemeIHI
}
