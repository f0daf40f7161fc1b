package httpd

import (
	"fmt"
	"math"
	"strings"
)

// byteRange is a part of a file. first and last are offsets of bytes that
// belong to it.
type byteRange struct{ first, last int64 }

func (r byteRange) size() int64 { return r.last - r.first + 1 }

// of returns the value of Content-Range for a file of size bytes.
func (r byteRange) of(size int64) string {
	return fmt.Sprintf("bytes %d-%d/%d", r.first, r.last, size)
}

// unsatisfied returns the value of Content-Range for a 416.
func unsatisfied(size int64) string { return fmt.Sprintf("bytes */%d", size) }

// mostRanges is the largest number of ranges of one request. More would cost
// the server more than the whole file (RFC 9110, 17.15).
const mostRanges = 16

// parseRanges reads a Range field for a file of size bytes (RFC 9110, 14.1). It
// returns those ranges that the file has, in the order of the field; none means
// 416. It returns false if the field must be ignored: it is malformed, has
// another unit, too many ranges or ranges that overlap, or asks for a suffix of
// an empty file.
func parseRanges(value []byte, size int64) (ranges []byteRange, ok bool) {
	unit, set, found := strings.Cut(view(value), "=")
	if !found || !strings.EqualFold(unit, "bytes") {
		return nil, false
	}
	specs := 0
	for spec := range strings.SplitSeq(set, ",") {
		if spec = strings.Trim(spec, " \t"); spec == "" {
			continue // an empty element of a list (RFC 9110, 5.6.1.2)
		}
		if specs++; specs > mostRanges {
			return nil, false
		}
		r, has, ok := parseRange(spec, size)
		if !ok {
			return nil, false
		}
		if !has {
			continue
		}
		for _, other := range ranges {
			if r.first <= other.last && other.first <= r.last {
				return nil, false
			}
		}
		ranges = append(ranges, r)
	}
	return ranges, specs > 0
}

// parseRange reads one range. has reports whether the file contains any of it.
func parseRange(spec string, size int64) (r byteRange, has, ok bool) {
	from, to, found := strings.Cut(spec, "-")
	if !found {
		return r, false, false
	}
	if from == "" {
		n, ok := position(to)
		if n > 0 && size == 0 {
			return r, false, false // it could be satisfied, but no Content-Range can express it
		}
		return byteRange{max(size-n, 0), size - 1}, n > 0, ok
	}
	first, ok := position(from)
	last := int64(math.MaxInt64)
	if ok && to != "" {
		last, ok = position(to)
		ok = ok && (first <= last)
	}
	return byteRange{first, min(last, size-1)}, first < size, ok
}

// position reads a decimal number. A number that is too large becomes a very
// large one.
func position(digits string) (n int64, ok bool) {
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return 0, false
		}
		if n > (math.MaxInt64-9)/10 {
			n = math.MaxInt64 / 10 // every further digit leaves it there
			continue
		}
		n = n*10 + int64(c-'0')
	}
	return n, digits != ""
}
