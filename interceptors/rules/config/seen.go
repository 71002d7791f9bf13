package config

import "bytes"

// seen is the state of the file at the last look.
type seen struct {
	look uint64
	data []byte
	err  error
}

// sees notes the present state of the file, and reports whether it is
// unchanged.
func (s *seen) sees(look uint64, data []byte, err error) (same bool) {
	now := seen{look, data, err}
	if err != nil {
		now.data = nil
	}
	same = bytes.Equal(now.data, s.data) && (err == nil) == (s.err == nil) && (err == nil || err.Error() == s.err.Error())
	*s = now
	return same
}
