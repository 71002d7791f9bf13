package degrade

import degradev1 "github.com/afloat-go/afloat/proto/afloat/degrade/v1"

// Respell parses a path and spells it anew.
func Respell(path string) (string, error) {
	steps, err := parse(path)
	return format(steps), err
}

// KnownPart is what is left of a path of a peer with newer messages.
var KnownPart = knownPart

// FromProto reads what a peer sent of a response of type md.
var FromProto = fromProto

// FromMetadata reads what a peer sent beside a response of type md.
var FromMetadata = fromMetadata

// Capped is what is sent of r in at most size bytes.
func Capped(r Report, size int) *degradev1.Degradation { return r.capped(size) }
