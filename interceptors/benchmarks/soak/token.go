package main

import (
	"fmt"
	"strconv"
	"strings"
)

// token is a value that says who made it, what it is, and for whom.
type token struct {
	origin string // the name of the backend
	what   string // as in "account"
	key    string // of an element
	call   uint64
	user   string
	nonce  uint64 // different for each attempt
}

// String returns the token as it is sent.
func (t token) String() string {
	return fmt.Sprintf("%s|%s|%s|%d|%s|%d", t.origin, t.what, t.key, t.call, t.user, t.nonce)
}

// parseToken reads what String wrote.
func parseToken(text string) (t token, err error) {
	parts := strings.Split(text, "|")
	if len(parts) != 6 {
		return token{}, fmt.Errorf("%q is no value of a backend", text)
	}
	t = token{origin: parts[0], what: parts[1], key: parts[2], user: parts[4]}
	if t.call, err = strconv.ParseUint(parts[3], 10, 64); err != nil {
		return token{}, err
	}
	t.nonce, err = strconv.ParseUint(parts[5], 10, 64)
	return t, err
}
