package nhsnumber

import (
	"bufio"
	"io"
	"strings"
)

// ReplaceWith writes what a function returns in place of each match, for
// example a pseudonym, instead of the mask "*** *** ****". It serves [Redact]
// and [RedactString].
func ReplaceWith(fn func(Match) string) TextOption {
	return func(o *textOptions) { o.replace = fn }
}

func (o *textOptions) text(m Match) string {
	if o.replace == nil {
		return mask
	}
	return o.replace(m)
}

// Redact copies a text from r to w, in constant memory, with every match of
// [Extract] masked and every other byte as it was. It returns how many were
// masked. What was written before an error stays written.
func Redact(w io.Writer, r io.Reader, opts ...TextOption) (masked int64, err error) {
	o := textOptionsOf(opts)
	out := bufio.NewWriterSize(w, chunkSize)
	err = scan(r, func(buf []byte, base int64, from, to int, m Match, found bool) error {
		if !found || m.Score < o.minScore {
			_, err := out.Write(buf[from:to])
			return err
		}
		masked++
		if _, err := out.Write(buf[from : m.Start-base]); err != nil {
			return err
		}
		_, err := out.WriteString(o.text(m))
		return err
	})
	if flushErr := out.Flush(); err == nil {
		err = flushErr
	}
	return masked, err
}

// RedactString is [Redact] on a text in memory.
func RedactString(text string, opts ...TextOption) string {
	o := textOptionsOf(opts)
	var b strings.Builder
	at := 0
	for m := range Find(text, opts...) {
		b.WriteString(text[at:m.Start])
		b.WriteString(o.text(m))
		at = int(m.End)
	}
	if at == 0 {
		return text
	}
	b.WriteString(text[at:])
	return b.String()
}
