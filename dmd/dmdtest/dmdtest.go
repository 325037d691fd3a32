package dmdtest

import (
	"archive/zip"
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/nhskit/nhskit/dmd"
	"github.com/nhskit/nhskit/snomed/sctid"
)

// Namespace is the namespace of all identifiers: one that is not issued.
const Namespace = "9999999"

// Config says what to make. The zero value makes nothing; New gives a small
// release.
type Config struct {
	AMPPs    int    // actual packs; the other levels follow in the proportions of the real dictionary
	Seed     uint64 // other seeds give other products
	Date     dmd.Date
	Revision int  // 0 for the first release, 1 for that of the week after
	Faults   bool // with records that are wrong
}

// New returns the configuration of a release with a share of the real
// dictionary's size: at scale 1 it has 150,000 actual packs and about 270 MB of
// XML.
func New(scale float64, seed uint64) Config {
	return Config{AMPPs: max(int(150_000*scale), 20), Seed: seed, Date: dmd.NewDate(2026, 11, 2)}
}

// Counts says how many products of each level a configuration gives.
type Counts struct{ VTMs, VMPs, AMPs, VMPPs, AMPPs int }

// Counts returns the sizes of the release.
func (c Config) Counts() Counts {
	n := c.AMPPs
	return Counts{VTMs: max(n*29/1500, 3), VMPs: max(n*24/150, 8), AMPs: max(n*140/150, 12), VMPPs: max(n*38/150, 10), AMPPs: n}
}

// Changes says what the release of Revision 1 has different from that of
// Revision 0.
type Changes struct {
	Prices   int    // actual packs with another price
	Renamed  int    // virtual products with another name
	Removed  int    // actual packs that are gone
	Replaced string // former identifier of the virtual product that got another
	By       string // its identifier now
	Referrer int    // records of other tables that name it
}

// WriteDir writes the release as a folder of files, with the supplementary files
// in folders of their own.
func (c Config) WriteDir(dir string) error {
	return c.eachFile(func(name string, write func(io.Writer) error) error {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		f, err := os.Create(path)
		if err != nil {
			return err
		}
		if err := write(f); err != nil {
			f.Close()
			return err
		}
		return f.Close()
	})
}

// WriteZip writes the release as one zip, in which the bar codes and the
// supplementary files lie in zips of their own, as TRUD ships them.
func (c Config) WriteZip(w io.Writer) error {
	z := zip.NewWriter(w)
	err := c.eachFile(func(name string, write func(io.Writer) error) error {
		if strings.Contains(name, "gtin") || strings.Contains(name, "/") {
			var inner bytes.Buffer
			iz := zip.NewWriter(&inner)
			f, err := iz.Create(filepath.Base(name))
			if err == nil {
				err = write(f)
			}
			if err == nil {
				err = iz.Close()
			}
			if err != nil {
				return err
			}
			f, err = z.Create(strings.TrimSuffix(strings.ReplaceAll(name, "/", "-"), ".xml") + ".zip")
			if err == nil {
				_, err = f.Write(inner.Bytes())
			}
			return err
		}
		f, err := z.Create(name)
		if err != nil {
			return err
		}
		return write(f)
	})
	if err != nil {
		return err
	}
	return z.Close()
}

// Files returns the release as a map from names to contents, for
// testing/fstest.MapFS and the like.
func (c Config) Files() (map[string][]byte, error) {
	out := make(map[string][]byte)
	err := c.eachFile(func(name string, write func(io.Writer) error) error {
		var b bytes.Buffer
		err := write(&b)
		out[name] = b.Bytes()
		return err
	})
	return out, err
}

// eachFile hands each file of the release to fn.
func (c Config) eachFile(fn func(name string, write func(io.Writer) error) error) error {
	g := newGen(c)
	for _, f := range []struct {
		folder, kind string
		write        func(*out)
	}{
		{"", "lookup", g.lookup}, {"", "ingredient", g.ingredient}, {"", "vtm", g.vtm}, {"", "vmp", g.vmps},
		{"", "amp", g.amps}, {"", "vmpp", g.vmpps}, {"", "ampp", g.ampps}, {"", "gtin", g.gtins},
		{"", "bnf", g.bnf}, {"HISTORIC_CODES/", "history", g.history}, {"VTM_INGREDIENTS/", "vtm_ing", g.vtmIngredients},
	} {
		err := fn(f.folder+dmd.FileName(f.kind, g.date), func(w io.Writer) error {
			o := &out{Writer: bufio.NewWriterSize(w, 256<<10)}
			f.write(o)
			return o.Flush()
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// ID returns the identifier of the i-th record of a kind: the products of any
// release of this package.
func ID(k dmd.Kind, i int) sctid.ID { return newID(int(k), i) }

// newID numbers identifiers so that those of different kinds never meet. Every
// third has 18 digits, more than a floating-point number holds.
func newID(kind, i int) sctid.ID {
	item := uint64(i)*16 + uint64(kind) + 1
	if i%3 == 2 {
		item += 50_000_000
	}
	id, err := sctid.New(sctid.Concept, Namespace, item)
	if err != nil {
		panic(fmt.Sprintf("dmdtest: no identifier %d of kind %d: %v", i, kind, err))
	}
	return id
}

// out writes XML.
type out struct {
	*bufio.Writer
	indent string
	flat   bool // everything on one line
	buf    []byte
}

func (o *out) root(kind, root string) {
	fmt.Fprintf(o, `<?xml version="1.0" encoding="utf-8" ?>`+"\n"+`<%s xsi:noNamespaceSchemaLocation="%s.xsd" xmlns="" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">`, root, kind)
	o.newLine()
	o.WriteString("<!-- Synthetic release; no product is real -->")
}

func (o *out) newLine() {
	if !o.flat {
		o.WriteByte('\n')
		o.WriteString(o.indent)
	}
}

func (o *out) open(tag string) {
	o.newLine()
	o.WriteString("<" + tag + ">")
	o.indent += "    "
}

func (o *out) close(tag string) {
	o.indent = o.indent[:len(o.indent)-4]
	o.newLine()
	o.WriteString("</" + tag + ">")
}

// end closes the root element.
func (o *out) end(root string) {
	o.indent = ""
	o.newLine()
	o.WriteString("</" + root + ">\n")
}

// field writes an element; an empty value is left out.
func (o *out) field(tag, value string) {
	if value == "" {
		return
	}
	o.newLine()
	o.WriteByte('<')
	o.WriteString(tag)
	o.WriteByte('>')
	if strings.ContainsAny(value, "&<>") {
		value = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(value)
	}
	o.WriteString(value)
	o.WriteString("</")
	o.WriteString(tag)
	o.WriteByte('>')
}

func (o *out) id(tag string, id sctid.ID) {
	o.buf, _ = id.AppendText(o.buf[:0])
	o.field(tag, string(o.buf))
}

// record writes a record of fields given as tag and value in turn.
func (o *out) record(tag string, fields ...string) {
	o.open(tag)
	for i := 0; i+1 < len(fields); i += 2 {
		o.field(fields[i], fields[i+1])
	}
	o.close(tag)
}
