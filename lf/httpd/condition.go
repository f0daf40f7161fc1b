package httpd

import (
	"time"

	"github.com/valyala/fasthttp"
)

// conditions are a request's conditions on a file (RFC 9110, 13).
type conditions struct {
	match, noneMatch               tags
	modifiedSince, unmodifiedSince time.Time // zero if absent or not a valid date; then they are ignored
	ranges                         []byte    // nil if absent, or if there are several Range fields
	ifRange                        []byte
	now                            time.Time
}

func conditionsOf(h *fasthttp.RequestHeader) conditions {
	c := conditions{match: tagsOf(h, "If-Match"), noneMatch: tagsOf(h, "If-None-Match"), now: time.Now()}
	date := func(name string) (at time.Time) {
		if value := h.PeekAll(name); len(value) == 1 {
			at, _ = parseDate(value[0], c.now)
		}
		return at
	}
	c.modifiedSince, c.unmodifiedSince = date("If-Modified-Since"), date("If-Unmodified-Since")
	if value := h.PeekAll("Range"); len(value) == 1 {
		c.ranges = value[0]
	}
	if value := h.PeekAll("If-Range"); len(value) > 0 {
		c.ifRange = value[0]
		if len(value) > 1 {
			c.ifRange = []byte{} // several validators: they match nothing
		}
	}
	return c
}

// unmet reports whether the request has conditions that a resource without
// validators does not meet, and then answers that. A resource without an entity
// tag matches "*" and no tag. Conditions are ignored if the answer is no success
// without them (RFC 9110, 13.2.1). A handler with effects calls it before them;
// for the others, handle calls it afterwards.
func (x *Exchange) unmet() bool {
	if !x.session.request.conditional || x.status/100 != 2 {
		return false
	}
	c := conditionsOf(&x.Request().Header)
	status := c.decide(validators{})
	if status == 0 {
		return false
	}
	x.close()
	if status == fasthttp.StatusNotModified && x.method&(get|head) != 0 {
		x.Answer(status, "", nil)
	} else {
		x.AnswerText(fasthttp.StatusPreconditionFailed, "the resource does not meet the request's conditions")
	}
	return true
}

func tagsOf(h *fasthttp.RequestHeader, name string) tags {
	lines := append([][]byte(nil), h.PeekAll(name)...) // PeekAll's result is valid until its next call
	return tags{len(lines) > 0, lines}
}

// decide evaluates the conditions for an existing file, in the order of RFC
// 9110, 13.2.2. It returns the status of the answer, or 0 to go on. The method
// must be GET or HEAD. Without a time of modification, conditions on it are
// ignored (13.1.3 and 13.1.4).
func (c *conditions) decide(v validators) int {
	switch {
	case c.match.given:
		if !c.match.matches(v.tag, true) {
			return fasthttp.StatusPreconditionFailed
		}
	case !c.unmodifiedSince.IsZero() && v.modified.After(c.unmodifiedSince):
		return fasthttp.StatusPreconditionFailed
	}
	switch {
	case c.noneMatch.given:
		if c.noneMatch.matches(v.tag, false) {
			return fasthttp.StatusNotModified
		}
	case !c.modifiedSince.IsZero() && !v.modified.IsZero() && !v.modified.After(c.modifiedSince):
		return fasthttp.StatusNotModified
	}
	return 0
}

// wantsRanges reports whether the Range field applies: there is no If-Range, or
// it matches the file. A date counts only as a strong validator: it must equal
// the time of modification, and that second must be over (RFC 9110, 13.1.5 and
// 8.8.2.2).
func (c *conditions) wantsRanges(v validators) bool {
	switch {
	case c.ranges == nil:
		return false
	case c.ifRange == nil:
		return true
	case quotedSize(view(c.ifRange)) > 0:
		return string(c.ifRange) == v.tag
	}
	at, ok := parseDate(c.ifRange, c.now)
	return ok && at.Equal(v.modified) && c.now.Sub(v.modified) >= time.Second
}
