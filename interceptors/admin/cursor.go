package admin

import (
	"encoding/base64"
	"encoding/json"
	"math"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// cursor is where a page begins: after a policy, or with a rule. The zero cursor is where
// the first page does.
type cursor struct {
	Side               policy.Side
	Target, Name, Kind string
	Match              string
	Shadow             bool
	// Same is how many policies with these very fields were shown.
	Same int
	// InRules: all policies were shown, and rules from the one of that number on follow.
	InRules bool
	Rule    int
}

// maxToken is how long a page token can be: names are bounded.
const maxToken = 64 << 10

// parseCursor reads a page token.
func parseCursor(token string) (c cursor, err error) {
	if token == "" {
		return c, nil
	}
	if len(token) > maxToken {
		return c, invalid("page_token", "%d bytes; must be one of a response", len(token))
	}
	data, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil {
		err = json.Unmarshal(data, &c)
	}
	if err != nil || c == (cursor{}) || c.Rule < 0 || c.Same < 0 {
		return cursor{}, invalid("page_token", "%.64q; must be one of a response", token)
	}
	return c, nil
}

// String returns the page token.
func (c cursor) String() string {
	data, err := json.Marshal(c)
	if err != nil {
		return "" // unreachable: there are only strings and numbers
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

// live returns a policy as the cursor names it.
func (c cursor) live() rules.Live {
	return rules.Live{Side: c.Side, Target: c.Target, Name: c.Name, Kind: c.Kind, Match: c.Match, Shadow: c.Shadow}
}

// isBefore reports whether the policy is not before the one that the cursor names.
func (c cursor) isBefore(l rules.Live) bool { return c == cursor{} || order(l, c.live()) >= 0 }

// like returns how many of the first policies were shown because they are like the one that
// the cursor names.
func (c cursor) like(all []rules.Live) (n int) {
	for n < len(all) && n < c.Same && order(all[n], c.live()) == 0 {
		n++
	}
	return n
}

// past returns the cursor after one more policy.
func (c cursor) past(l rules.Live) cursor {
	if c.Same > 0 && order(l, c.live()) == 0 {
		c.Same++
		return c
	}
	return cursor{Side: l.Side, Target: l.Target, Name: l.Name, Kind: l.Kind, Match: l.Match, Shadow: l.Shadow, Same: 1}
}

// count returns n as messages have it.
func count(n int) int32 { return int32(min(max(n, 0), math.MaxInt32)) }
