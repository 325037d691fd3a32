package fhirpath

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// narrativeProblem checks the XHTML of a Narrative: one div with elements and
// attributes of HTML 4.0 chapters 7 to 11 and 15, a, img and style, no active
// content, and some text or image. It returns what is wrong, "" for nothing.
func narrativeProblem(s string) string {
	d := xml.NewDecoder(strings.NewReader(s))
	d.Entity = htmlEntities()
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
	switch {
	case name == "xmlns" || a.Name.Space == "xmlns":
		return ""
	case a.Name.Space == "xml" || a.Name.Space == "http://www.w3.org/XML/1998/namespace":
		if name == "lang" || name == "space" {
			return ""
		}
	case a.Name.Space != "":
	case listed(htmlAttributes, name):
		return ""
	case element == "a" && listed(" href name rel rev charset type hreflang target accesskey tabindex ", name):
		if name == "href" && strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Value)), "javascript:") {
			return "a link that is a script"
		}
		return ""
	case element == "img" && listed(" src alt longdesc height width ismap usemap ", name):
		return ""
	case strings.HasPrefix(element, "t") && listed(" abbr axis border cellpadding cellspacing char charoff colspan frame headers height nowrap rowspan rules scope summary valign ", name):
		return ""
	case strings.HasPrefix(element, "col") && listed(" span char charoff valign ", name):
		return ""
	case listed(" ol ul li dl ", element) && listed(" type start value compact ", name):
		return ""
	case listed(" blockquote q ins del ", element) && listed(" cite datetime ", name):
		return ""
	case element == "map" && name == "name":
		return ""
	case element == "area" && listed(" shape coords href alt nohref tabindex accesskey ", name):
		return ""
	case listed(" hr br pre ", element) && listed(" size noshade clear xml:space ", name):
		return ""
	}
	return "an attribute that is not allowed"
}

// htmlElements and htmlAttributes are the elements, and the attributes that
// any of them may have, between blanks.
const (
	htmlElements = " div p h1 h2 h3 h4 h5 h6 span br hr pre em strong b i u s strike del ins dfn code samp kbd var cite abbr acronym blockquote q sub sup tt big small bdo address " +
		"ul ol li dl dt dd table caption thead tfoot tbody colgroup col tr th td a img map area style center font "
	htmlAttributes = " title style class id lang dir align width bgcolor color face size "
)

// listed reports whether a word is in a list of words between blanks.
func listed(list, word string) bool {
	return word != "" && !strings.Contains(word, " ") && strings.Contains(list, " "+word+" ")
}

// htmlEntities are the entities that XHTML adds to those of XML. FHIR forbids
// them in stored form, but for those of the Latin-1 set that occur in
// practice.
func htmlEntities() map[string]string {
	return map[string]string{"nbsp": "\u00a0", "copy": "©", "reg": "®", "deg": "°", "micro": "µ", "middot": "·", "ndash": "–", "mdash": "—", "hellip": "…", "lsquo": "‘", "rsquo": "’", "ldquo": "“", "rdquo": "”", "times": "×", "frac12": "½", "sup2": "²", "sup3": "³", "plusmn": "±"}
}
