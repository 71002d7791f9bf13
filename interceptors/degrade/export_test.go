package degrade

// FromProto reads what a peer sent of a response of type md.
var FromProto = reading{}.message

// FromMetadata reads what a peer sent beside a response of type md.
var FromMetadata = reading{}.beside

// Capped returns what is sent of r in at most size bytes.
var Capped = capped

// Fits reports whether r has at most size bytes as a message.
func Fits(r Report, size int) bool { return r.fits(size, full) }
