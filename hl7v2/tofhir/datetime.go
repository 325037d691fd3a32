package tofhir

import (
	"bytes"
	"time"

	"github.com/nhskit/nhskit/hl7v2/tofhir/internal/mapping"
)

// appendTime writes a v2 date and time as a FHIR primitive of the same
// precision. A time without an offset is taken to be in loc and gets the
// offset that held there then. An instant has milliseconds.
func appendTime(dst, text []byte, prim mapping.Prim, loc *time.Location) ([]byte, bool) {
	text = bytes.TrimSpace(text)
	if len(text) >= 10 && text[4] == '-' && text[7] == '-' { // already as FHIR writes it
		compact := make([]byte, 0, len(text))
		for i, b := range text {
			if (b == '-' || b == ':') && (i < 19 || b == ':') || b == 'T' {
				continue
			}
			compact = append(compact, b)
		}
		text = compact
	}
	var offset []byte
	if i := bytes.IndexAny(text, "+-"); i >= 0 {
		text, offset = text[:i], text[i:]
		if len(offset) != 5 || !digits(offset[1:]) {
			return dst, false
		}
		if h, m := two(offset[1:]), two(offset[3:]); h > 14 || m > 59 || h == 14 && m > 0 {
			return dst, false
		}
	}
	main, frac, point := bytes.Cut(text, []byte("."))
	if !digits(main) || !digits(frac) || point && len(frac) == 0 || len(frac) > 9 {
		return dst, false
	}
	if prim == mapping.Time {
		if len(main) != 4 && len(main) != 6 {
			return dst, false
		}
		if two(main) > 23 || two(main[2:]) > 59 {
			return dst, false
		}
		return appendClock(dst, main, frac, false), true
	}
	n := len(main)
	if n != 4 && n != 6 && n != 8 && n != 10 && n != 12 && n != 14 || point && n != 14 {
		return dst, false
	}
	year, month, day := 100*two(main)+two(main[2:]), 1, 1
	if year == 0 {
		return dst, false
	}
	if n >= 6 {
		month = two(main[4:])
	}
	if n >= 8 {
		day = two(main[6:])
	}
	if month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return dst, false
	}
	if prim == mapping.Instant && n < 8 {
		return dst, false
	}
	dst = append(dst, main[:4]...)
	if n >= 6 {
		dst = append(append(dst, '-'), main[4:6]...)
	}
	if n >= 8 {
		dst = append(append(dst, '-'), main[6:8]...)
	}
	if prim == mapping.Date || n <= 8 && prim == mapping.DateTime {
		return dst, true
	}
	clock := main[8:]
	hour, minute, second := 0, 0, 0
	if len(clock) >= 2 {
		hour = two(clock)
	}
	if len(clock) >= 4 {
		minute = two(clock[2:])
	}
	if len(clock) >= 6 {
		second = two(clock[4:])
	}
	if hour > 23 || minute > 59 || second > 59 {
		return dst, false
	}
	dst = append(dst, 'T')
	dst = appendClock(dst, clock, frac, prim == mapping.Instant)
	if offset != nil {
		return append(append(append(dst, offset[:3]...), ':'), offset[3:]...), true
	}
	_, east := time.Date(year, time.Month(month), day, hour, minute, second, 0, loc).Zone()
	sign := byte('+')
	if east < 0 {
		sign, east = '-', -east
	}
	return appendTwo(append(appendTwo(append(dst, sign), east/3600), ':'), east%3600/60), true
}

// appendClock writes hh[mm[ss]] as hh:mm:ss with its fraction.
func appendClock(dst, clock, frac []byte, millis bool) []byte {
	for i := 0; i < 6; i += 2 {
		if i > 0 {
			dst = append(dst, ':')
		}
		if i+2 <= len(clock) {
			dst = append(dst, clock[i:i+2]...)
		} else {
			dst = append(dst, "00"...)
		}
	}
	if len(frac) > 0 || millis {
		dst = append(append(dst, '.'), frac...)
		for n := len(frac); millis && n < 3; n++ {
			dst = append(dst, '0')
		}
	}
	return dst
}

func two(b []byte) int { return int(b[0]-'0')*10 + int(b[1]-'0') }

func appendTwo(dst []byte, n int) []byte { return append(dst, byte('0'+n/10%10), byte('0'+n%10)) }

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}
