package fhirpath

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// The string functions count in characters.

func stringContains(_ *evaluator, _ *expr, in, a, _, _ Value) Value {
	return boolValue(strings.Contains(in.str, a.str))
}

func stringStartsWith(_ *evaluator, _ *expr, in, a, _, _ Value) Value {
	return boolValue(strings.HasPrefix(in.str, a.str))
}

func stringEndsWith(_ *evaluator, _ *expr, in, a, _, _ Value) Value {
	return boolValue(strings.HasSuffix(in.str, a.str))
}

// runeIndex turns a byte index into a count of characters.
func runeIndex(s string, i int) Value {
	if i > 0 {
		i = utf8.RuneCountInString(s[:i])
	}
	return intValue(int64(i))
}

func stringIndexOf(_ *evaluator, _ *expr, in, a, _, _ Value) Value {
	return runeIndex(in.str, strings.Index(in.str, a.str))
}

func stringLastIndexOf(_ *evaluator, _ *expr, in, a, _, _ Value) Value {
	return runeIndex(in.str, strings.LastIndex(in.str, a.str))
}

func stringLength(_ *evaluator, _ *expr, in, _, _, _ Value) Value {
	return intValue(int64(utf8.RuneCountInString(in.str)))
}

func stringLower(_ *evaluator, _ *expr, in, _, _, _ Value) Value {
	return stringValue(strings.ToLower(in.str))
}

func stringUpper(_ *evaluator, _ *expr, in, _, _, _ Value) Value {
	return stringValue(strings.ToUpper(in.str))
}

func stringTrim(_ *evaluator, _ *expr, in, _, _, _ Value) Value {
	return stringValue(strings.TrimFunc(in.str, unicode.IsSpace))
}

// byteIndex returns where the n-th character begins; false beyond the end.
func byteIndex(s string, n int64) (int, bool) {
	if n > int64(len(s)) {
		return 0, false
	}
	i := 0
	for ; n > 0 && i < len(s); n-- {
		_, size := utf8.DecodeRuneInString(s[i:])
		i += size
	}
	return i, n == 0
}

func stringSubstring(_ *evaluator, e *expr, in, start, length, _ Value) Value {
	if start.IsZero() || start.num < 0 {
		return Value{}
	}
	i, ok := byteIndex(in.str, start.num)
	if !ok || i >= len(in.str) {
		return Value{}
	}
	rest := in.str[i:]
	if !length.IsZero() {
		if length.num <= 0 {
			return stringValue("")
		}
		if end, ok := byteIndex(rest, length.num); ok {
			rest = rest[:end]
		}
	}
	return stringValue(rest)
}

func stringReplace(ev *evaluator, e *expr, in, from, to, _ Value) Value {
	if n := strings.Count(in.str, from.str); !ev.fits(e, len(in.str)+n*(len(to.str)-len(from.str))) {
		return Value{}
	}
	return stringValue(strings.ReplaceAll(in.str, from.str, to.str))
}

// pattern is the regular expression of a match function. It is compiled when
// it is first used: some take longer than all else about an expression.
type pattern struct {
	text, flags string
	full        bool // anchored at both ends

	once sync.Once
	re   *regexp.Regexp
	err  error
}

// compiled returns the pattern as Go has it. A dot matches line ends too. It is
// safe for concurrent use.
func (p *pattern) compiled() (*regexp.Regexp, error) {
	p.once.Do(func() {
		mode := "s"
		for _, f := range p.flags {
			if (f == 'i' || f == 'm') && !strings.ContainsRune(mode, f) {
				mode += string(f)
			}
		}
		text := p.text
		if p.full {
			text = `\A(?:` + text + `)\z`
		}
		p.re, p.err = regexp.Compile("(?" + mode + ")" + text)
	})
	return p.re, p.err
}

func stringMatches(ev *evaluator, e *expr, in, pattern, flags, _ Value) Value {
	return matchString(ev, e, in, pattern, flags, false)
}

func stringMatchesFull(ev *evaluator, e *expr, in, pattern, flags, _ Value) Value {
	return matchString(ev, e, in, pattern, flags, true)
}

func matchString(ev *evaluator, e *expr, in, pattern, flags Value, full bool) Value {
	re := ev.regexp(e, pattern.str, flags.str, full)
	if re == nil {
		return Value{}
	}
	return boolValue(re.MatchString(in.str))
}

// template translates a substitution, in which $1 and ${name} are groups and
// a backslash quotes, to that of package regexp.
func template(s string) string {
	if strings.IndexByte(s, '$') < 0 && strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			i++
			if s[i] == '$' {
				b.WriteByte('$')
			}
			b.WriteByte(s[i])
		case c == '$' && i+1 < len(s) && isDigit(s[i+1]):
			end := i + 1
			for end < len(s) && isDigit(s[end]) {
				end++
			}
			b.WriteString("${" + s[i+1:end] + "}")
			i = end - 1
		case c == '$' && (i+1 == len(s) || s[i+1] != '{'):
			b.WriteString("$$")
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func stringReplaceMatches(ev *evaluator, e *expr, in, pattern, to, flags Value) Value {
	if pattern.str == "" {
		return in
	}
	re := ev.regexp(e, pattern.str, flags.str, false)
	if re == nil {
		return Value{}
	}
	repl := template(to.str)
	if most := len(in.str) + (len(in.str)+1)*len(repl); most <= ev.x.limits.Bytes {
		return stringValue(re.ReplaceAllString(in.str, repl))
	}
	// Mostly there are fewer matches than characters.
	var out []byte
	end := 0
	for _, m := range re.FindAllStringSubmatchIndex(in.str, -1) {
		out = re.ExpandString(append(out, in.str[end:m[0]]...), repl, in.str, m)
		if end = m[1]; !ev.fits(e, len(out)) {
			return Value{}
		}
	}
	if !ev.fits(e, len(out)+len(in.str)-end) {
		return Value{}
	}
	return stringValue(string(append(out, in.str[end:]...)))
}

func stringEncode(_ *evaluator, _ *expr, in, format, _, _ Value) Value {
	switch format.str {
	case "hex":
		return stringValue(hex.EncodeToString([]byte(in.str)))
	case "base64":
		return stringValue(base64.StdEncoding.EncodeToString([]byte(in.str)))
	case "urlbase64":
		return stringValue(base64.URLEncoding.EncodeToString([]byte(in.str)))
	}
	return Value{}
}

func stringDecode(_ *evaluator, _ *expr, in, format, _, _ Value) Value {
	var b []byte
	var err error
	switch format.str {
	case "hex":
		b, err = hex.DecodeString(in.str)
	case "base64":
		b, err = base64.StdEncoding.DecodeString(in.str)
	case "urlbase64":
		b, err = base64.URLEncoding.DecodeString(in.str)
	default:
		return Value{}
	}
	if err != nil || !utf8.Valid(b) {
		return Value{}
	}
	return stringValue(string(b))
}

func stringEscape(_ *evaluator, _ *expr, in, target, _, _ Value) Value {
	switch target.str {
	case "html":
		return stringValue(htmlEscaper().Replace(in.str))
	case "json":
		var b strings.Builder
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if enc.Encode(in.str) != nil {
			return Value{}
		}
		s := strings.TrimSuffix(b.String(), "\n")
		return stringValue(s[1 : len(s)-1])
	}
	return Value{}
}

func htmlEscaper() *strings.Replacer {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;")
}

func stringUnescape(_ *evaluator, _ *expr, in, target, _, _ Value) Value {
	switch target.str {
	case "html":
		return stringValue(html.UnescapeString(in.str))
	case "json":
		var s string
		if json.Unmarshal([]byte(`"`+in.str+`"`), &s) != nil {
			return Value{}
		}
		return stringValue(s)
	}
	return Value{}
}
