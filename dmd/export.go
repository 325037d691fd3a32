package dmd

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"
)

// WriteCSV writes a table as comma-separated values (RFC 4180) with a header of
// tags. All values are text as in the release; an absent field and an empty one
// look the same. Fields that the schema does not know are left out.
func (s *Store) WriteCSV(w io.Writer, t Table) error {
	b := bufio.NewWriter(w)
	line := make([]byte, 0, 512)
	for i, f := range t.Fields() {
		if i > 0 {
			line = append(line, ',')
		}
		line = append(line, f.Tag...)
	}
	b.Write(append(line, "\r\n"...))
	for r := range s.Records(t) {
		line = line[:0]
		for i := range r.spec.fields {
			if i > 0 {
				line = append(line, ',')
			}
			line = appendCSV(line, r.Bytes(i))
		}
		if _, err := b.Write(append(line, "\r\n"...)); err != nil {
			return err
		}
	}
	return b.Flush()
}

func appendCSV(b, v []byte) []byte {
	if !strings.ContainsAny(string(v), ",\"\r\n") && (len(v) == 0 || v[0] != ' ' && v[len(v)-1] != ' ') {
		return append(b, v...)
	}
	b = append(b, '"')
	for _, c := range v {
		if c == '"' {
			b = append(b, '"')
		}
		b = append(b, c)
	}
	return append(b, '"')
}

// WriteNDJSON writes every record of the given tables, or of all, as one JSON
// object a line: "table" and then each field as a string by its tag. Identifiers
// are strings, as all else.
func (s *Store) WriteNDJSON(w io.Writer, tables ...Table) error {
	if len(tables) == 0 {
		tables = Tables()
	}
	b := bufio.NewWriter(w)
	var line []byte
	for _, t := range tables {
		for r := range s.Records(t) {
			line = r.AppendJSON(line[:0])
			if _, err := b.Write(append(line, '\n')); err != nil {
				return err
			}
		}
	}
	return b.Flush()
}

// AppendJSON appends the record as an object of strings: "table" and each field
// by its tag, also those that the schema does not know.
func (r *Record) AppendJSON(b []byte) []byte {
	b = append(b, `{"table":`...)
	b = appendJSONString(b, r.spec.name)
	for tag, v := range r.Fields() {
		b = appendMember(b, tag, v)
	}
	return append(b, '}')
}

// SQLOptions says how to speak to a database.
type SQLOptions struct {
	Prefix      string                  // of table names, such as "dmd_"
	Placeholder func(n int) string      // of the n-th argument, from 1; nil for "?"
	Batch       int                     // rows of a transaction; 0 for 10,000
	Progress    func(t Table, rows int) // after each batch; may be nil
}

// CreateSQL returns the statement that makes a table: text for identifiers, codes
// and names, integers for prices, decimals for strengths, dates as text. Every
// column may be NULL, for a record without a field that the schema requires is
// reported on reading and kept. It keeps to what SQLite, PostgreSQL, MySQL and SQL
// Server share; decimals are exact in all of these but SQLite, which keeps 15
// digits of them.
func (t Table) CreateSQL(prefix string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE %s%s (", prefix, strings.ToLower(t.String()))
	for i, f := range t.Fields() {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(sqlName(f.Tag) + " " + sqlType(&f))
	}
	b.WriteString(")")
	return b.String()
}

// sqlName gives a column a name that is no keyword: DESC and the like get an
// underscore.
func sqlName(tag string) string {
	name := strings.ToLower(tag)
	switch name {
	case "desc", "list", "dt":
		return name + "_"
	}
	return name
}

func sqlType(f *Field) string {
	switch f.Kind {
	case KindID:
		return "VARCHAR(18)"
	case KindCode:
		return "VARCHAR(18)"
	case KindFlag:
		return "VARCHAR(4)"
	case KindInt:
		return "INTEGER"
	case KindDecimal:
		if f.Digits > 0 {
			return fmt.Sprintf("DECIMAL(%d,%d)", f.Digits+f.Decimals, f.Decimals)
		}
		return "DECIMAL(18,6)"
	case KindDate:
		return "VARCHAR(10)"
	case KindGTIN:
		return "VARCHAR(14)"
	}
	return fmt.Sprintf("VARCHAR(%d)", maxText)
}

// maxText is how many characters of text a column holds: more than any field
// should have, since longer ones are reported on reading and kept.
const maxText = 1000

// fitsSQL reports whether a column can hold a value. No text of a database may have
// a zero byte, which text fields have lost on reading.
func fitsSQL(f *Field, v []byte) bool {
	if bytes.IndexByte(v, 0) >= 0 {
		return false
	}
	switch f.Kind {
	case KindID, KindCode:
		return len(v) <= 18
	case KindFlag:
		return len(v) <= 4
	case KindInt:
		d, err := parseDecimal(v)
		return err == nil && d.scale == 0 && d.coef >= math.MinInt32 && d.coef <= math.MaxInt32
	case KindDecimal:
		d, err := parseDecimal(v)
		digits, decimals := f.Digits, f.Decimals
		if digits == 0 {
			digits, decimals = 12, 6
		}
		return err == nil && d.fits(digits, decimals)
	case KindDate:
		_, err := parseDate(v)
		return err == nil
	case KindGTIN:
		return len(v) <= 14
	}
	return utf8.RuneCount(v) <= maxText
}

// IndexSQL returns the statements that make the indexes of a table: one for each
// column of identifiers, former ones and those of related records with them, and of
// bar codes, but for those of entries of look-up lists.
func (t Table) IndexSQL(prefix string) []string {
	var out []string
	for _, f := range t.Fields() {
		if _, isTerm := cutList(f.Refers); isTerm || f.Kind != KindID && f.Kind != KindGTIN {
			continue
		}
		name := prefix + strings.ToLower(t.String())
		out = append(out, fmt.Sprintf("CREATE INDEX %s_%s ON %s (%s)", name, strings.ToLower(f.Tag), name, sqlName(f.Tag)))
	}
	return out
}

// InsertSQL returns the statement that inserts one row.
func (t Table) InsertSQL(prefix string, placeholder func(n int) string) string {
	if placeholder == nil {
		placeholder = func(int) string { return "?" }
	}
	var columns, values []string
	for i, f := range t.Fields() {
		columns = append(columns, sqlName(f.Tag))
		values = append(values, placeholder(i+1))
	}
	return fmt.Sprintf("INSERT INTO %s%s (%s) VALUES (%s)", prefix, strings.ToLower(t.String()), strings.Join(columns, ", "), strings.Join(values, ", "))
}

// ExportSQL makes the tables in a database and fills them, in transactions of
// many rows, and then makes their indexes. Values are passed as text. Absent fields
// are NULL, and so are those whose value the column cannot hold, such as a price
// that is no number: reading has reported them. Fields that the schema does not
// know are left out. The caller brings the driver.
func (s *Store) ExportSQL(ctx context.Context, db *sql.DB, o SQLOptions) error {
	for t := range Table(numTables) {
		if _, err := db.ExecContext(ctx, t.CreateSQL(o.Prefix)); err != nil {
			return fmt.Errorf("dmd: creating %s: %w", t, err)
		}
		if err := s.exportTable(ctx, db, t, o); err != nil {
			return fmt.Errorf("dmd: filling %s: %w", t, err)
		}
		for _, index := range t.IndexSQL(o.Prefix) {
			if _, err := db.ExecContext(ctx, index); err != nil {
				return fmt.Errorf("dmd: indexing %s: %w", t, err)
			}
		}
	}
	return nil
}

func (s *Store) exportTable(ctx context.Context, db *sql.DB, t Table, o SQLOptions) (err error) {
	var tx *sql.Tx
	var stmt *sql.Stmt
	defer func() {
		if tx != nil {
			tx.Rollback()
		}
	}()
	commit := func(rows int) error {
		if tx == nil {
			return nil
		}
		if err := stmt.Close(); err != nil {
			return err
		}
		err := tx.Commit()
		tx = nil
		if err == nil && o.Progress != nil {
			o.Progress(t, rows)
		}
		return err
	}
	rows := 0
	args := make([]any, len(t.Fields()))
	for r := range s.Records(t) {
		if tx == nil {
			if tx, err = db.BeginTx(ctx, nil); err != nil {
				return err
			}
			if stmt, err = tx.PrepareContext(ctx, t.InsertSQL(o.Prefix, o.Placeholder)); err != nil {
				return err
			}
		}
		for i := range args {
			args[i] = nil
			if v := r.Bytes(i); v != nil && fitsSQL(&r.spec.fields[i], v) {
				args[i] = string(v)
			}
		}
		if _, err := stmt.ExecContext(ctx, args...); err != nil {
			return err
		}
		if rows++; rows%or(o.Batch, 10_000) == 0 {
			if err := commit(rows); err != nil {
				return err
			}
		}
	}
	return commit(rows)
}

// WriteSQL writes a script of the same statements, with the values in it as
// standard SQL quotes them. MySQL reads it in its mode NO_BACKSLASH_ESCAPES.
func (s *Store) WriteSQL(w io.Writer, prefix string) error {
	b := bufio.NewWriter(w)
	var line []byte
	for t := range Table(numTables) {
		fmt.Fprintf(b, "%s;\n", t.CreateSQL(prefix))
		head := t.InsertSQL(prefix, nil)
		head = head[:strings.Index(head, " VALUES (")+len(" VALUES (")]
		for r := range s.Records(t) {
			line = append(line[:0], head...)
			for i, f := range r.spec.fields {
				if i > 0 {
					line = append(line, ", "...)
				}
				line = appendSQL(line, r.Bytes(i), &f)
			}
			if _, err := b.Write(append(line, ");\n"...)); err != nil {
				return err
			}
		}
		for _, index := range t.IndexSQL(prefix) {
			fmt.Fprintf(b, "%s;\n", index)
		}
	}
	return b.Flush()
}

// appendSQL appends a literal: numbers bare, all else quoted, NULL for what the
// column cannot hold.
func appendSQL(b, v []byte, f *Field) []byte {
	if v == nil || !fitsSQL(f, v) {
		return append(b, "NULL"...)
	}
	if f.Kind == KindInt || f.Kind == KindDecimal {
		d, _ := parseDecimal(v)
		b, _ = d.AppendText(b)
		return b
	}
	b = append(b, '\'')
	for _, c := range v {
		if c == '\'' {
			b = append(b, '\'')
		}
		b = append(b, c)
	}
	return append(b, '\'')
}
