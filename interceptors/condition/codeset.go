package condition

import (
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc/codes"
)

// numCodes is how many status codes there are.
const numCodes = codes.Unauthenticated + 1

// codeSet is a set of status codes.
type codeSet uint32

const (
	allCodes codeSet = 1<<numCodes - 1
	onlyOK   codeSet = 1 << codes.OK
)

// setOf returns the set of a code.
func setOf(c codes.Code) codeSet { return 1 << (c & 31) } //nolint:mnd // no shift beyond the set

// nameOf returns the name of a code as rules files have it, such as "NOT_FOUND".
func nameOf(c codes.Code) string { return code.Code(c).String() } //nolint:gosec // there are few codes
