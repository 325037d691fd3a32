package nhsnumber

import (
	"strings"
	"unicode/utf8"
)

// contextOf judges the text before a number at i. It reports false where the
// number is part of something longer, else what the nearest telling word adds
// to the score.
func contextOf(text string, i int) (score int, ok bool) {
	start := max(0, i-before)
	head := text[start:i]
	if head == "" {
		return 0, true
	}
	r, size := utf8.DecodeLastRuneInString(head)
	previous := byte(0)
	if len(head) > size {
		previous = head[len(head)-size-1]
	}
	switch {
	case r == '+' || r == '.' && previous-'0' <= 9 || isDash(r) && previous-'0' <= 9:
		return 0, false // +9434765919, 1.9434765919, 12-9434765919
	case isWordRune(r) && !namesNumber(head):
		return 0, false
	case countryCode(head):
		return 0, false
	}
	return nearestWord(head), true
}

// namesNumber reports whether a label is written without a space before the
// number: NHS9434765919, NHSNo9434765919.
func namesNumber(head string) bool {
	at := len(head)
	for at > 0 && head[at-1]|0x20 >= 'a' && head[at-1]|0x20 <= 'z' {
		at--
	}
	if at > 0 && head[at-1]-'0' <= 9 || at > 0 && head[at-1] >= utf8.RuneSelf {
		return false
	}
	switch strings.ToLower(head[at:]) {
	case "nhs", "chi", "hcn", "no", "nhsno", "nhsnumber", "nhsnum", "chino", "hsc":
		return true
	}
	return false
}

// countryCode reports whether the number goes on a telephone number that
// began with a plus sign: +44 207 946 0958, +44 (0)207 946 0958.
func countryCode(head string) bool {
	for k := len(head) - 1; k >= 0 && k >= len(head)-10; k-- {
		switch c := head[k]; {
		case c == '+':
			return true
		case c-'0' <= 9 || c == ' ' || c == '(' || c == ')' || c == '-' || c == '.':
		default:
			return false
		}
	}
	return false
}

// What the nearest telling word is worth.
const (
	patientWord = 40
	otherWord   = -30
)

// nearestWord walks the words of head backwards on its line and returns what
// the first telling one is worth.
func nearestWord(head string) int {
	if at := strings.LastIndexAny(head, "\r\n"); at >= 0 {
		head = head[at+1:]
	}
	for end := len(head); end > 0; {
		for end > 0 && !isLetter(head[end-1]) {
			end--
		}
		start := end
		for start > 0 && isLetter(head[start-1]) {
			start--
		}
		if start == end {
			break
		}
		if worth := wordWorth(head[start:end]); worth != 0 {
			return worth
		}
		end = start
	}
	return 0
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '&' }

// wordWorth judges one word without allocating.
func wordWorth(word string) int {
	if len(word) > 16 {
		word = word[:16]
	}
	var lower [16]byte
	for k := range len(word) {
		lower[k] = word[k] | 0x20
		if word[k] == '&' {
			lower[k] = '&'
		}
	}
	w := string(lower[:len(word)])
	switch w {
	case "chi", "hsc", "hcn", "h&c", "pid", "patient", "patients":
		return patientWord
	case "tel", "telephone", "phone", "mobile", "mob", "fax", "call", "called", "sms", "bleep", "order", "invoice", "gtin", "isbn", "barcode", "account":
		return otherWord
	}
	if strings.HasPrefix(w, "nhs") {
		return patientWord
	}
	return 0
}
