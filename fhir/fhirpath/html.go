package fhirpath

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// narrativeProblem checks the XHTML of a Narrative: one div with elements and
// attributes that FHIR allows, no entities but those of XML, no active content,
// and some text or image. It returns what is wrong, "" for nothing.
func narrativeProblem(s string) string {
	d := xml.NewDecoder(strings.NewReader(s))
	depth, content := 0, false
	for {
		tok, err := d.Token()
		switch {
		case errors.Is(err, io.EOF):
			switch {
			case depth != 0:
				return "an element is not closed"
			case !content:
				return "there is neither text nor an image"
			}
			return ""
		case err != nil:
			return "not well-formed"
		}
		switch t := tok.(type) {
		case xml.StartElement:
			if depth++; depth == 1 && t.Name.Local != "div" {
				return "the outermost element is not div"
			}
			if t.Name.Space != "" && t.Name.Space != "http://www.w3.org/1999/xhtml" {
				return "an element outside of XHTML"
			}
			if !listed(htmlElements, t.Name.Local) {
				return "an element that is not allowed"
			}
			content = content || t.Name.Local == "img"
			for _, a := range t.Attr {
				if problem := attributeProblem(t.Name.Local, a); problem != "" {
					return problem
				}
			}
		case xml.EndElement:
			depth--
		case xml.CharData:
			text := strings.TrimSpace(string(t))
			if depth == 0 && text != "" {
				return "text outside of the div"
			}
			content = content || strings.Trim(text, "\u00a0") != ""
		case xml.Directive, xml.ProcInst:
			return "a directive or processing instruction"
		}
	}
}

// attributeProblem checks one attribute.
func attributeProblem(element string, a xml.Attr) string {
	name := a.Name.Local
	switch space := a.Name.Space; {
	case name == "xmlns" || space == "xmlns":
		return ""
	case space == "xml" || space == "http://www.w3.org/XML/1998/namespace":
		if name == "lang" || name == "space" && element == "pre" {
			return ""
		}
	case space == "" && (name == "href" || name == "src") && isScript(a.Value):
		return "a link that is a script"
	case space == "" && listed(" id class style title lang dir ", name):
		return ""
	case space == "":
		for _, h := range htmlAttributes {
			if listed(h.elements, element) && listed(h.attributes, name) {
				return ""
			}
		}
	}
	return "an attribute that is not allowed"
}

// isScript reports whether a URL is a script, as browsers read it: they leave
// out white space and control characters.
func isScript(url string) bool {
	scheme, _, ok := strings.Cut(url, ":")
	scheme = strings.ToLower(strings.Map(func(r rune) rune {
		if r <= ' ' {
			return -1
		}
		return r
	}, scheme))
	return ok && (scheme == "javascript" || scheme == "vbscript")
}

// htmlElements are the elements that a Narrative may have, between blanks:
// those of HTML 4.0 chapters 7 to 11, without section 4 of chapter 9 (ins, del),
// and 15, with links and images, and without those that HTML calls deprecated.
const htmlElements = " div span h1 h2 h3 h4 h5 h6 address bdo" +
	" em strong dfn code samp kbd var cite abbr acronym blockquote q sub sup p br pre" +
	" ul ol li dl dt dd" +
	" table caption thead tfoot tbody colgroup col tr th td" +
	" tt i b big small hr a img map area "

// htmlAttributes are the attributes that HTML 4.0 gives these elements beyond
// those of all.
var htmlAttributes = [...]struct{ elements, attributes string }{
	{" div p h1 h2 h3 h4 h5 h6 caption hr table img ", " align "},
	{" blockquote q ", " cite "},
	{" br ", " clear "},
	{" hr ", " noshade size width "},
	{" pre ", " width "},
	{" ul ol li ", " type "},
	{" ul ol dl ", " compact "},
	{" ol ", " start "},
	{" li ", " value "},
	{" table ", " summary width border frame rules cellspacing cellpadding "},
	{" table tr th td ", " bgcolor "},
	{" thead tfoot tbody colgroup col tr th td ", " align char charoff valign "},
	{" colgroup col ", " span width "},
	{" th td ", " abbr axis headers scope rowspan colspan nowrap width height "},
	{" a ", " name href hreflang type rel rev charset shape coords tabindex accesskey "},
	{" img ", " src alt longdesc name height width usemap ismap border hspace vspace "},
	{" map ", " name "},
	{" area ", " shape coords href nohref alt tabindex accesskey "},
}

// listed reports whether a word is in a list of words between blanks.
func listed(list, word string) bool {
	return word != "" && !strings.Contains(word, " ") && strings.Contains(list, " "+word+" ")
}
