package degrade

// FromProto reads what a peer sent of a response of type md.
var FromProto = reading{}.message

// FromMetadata reads what a peer sent beside a response of type md.
var FromMetadata = reading{}.beside

// Capped returns what is sent of r in at most size bytes.
var Capped = capped
