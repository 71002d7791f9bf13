package interceptors

import (
	"strings"
	"sync/atomic"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/internal/outside"
	"github.com/afloat-go/afloat/interceptors/misuse"
)

// surroundings looks at what stands around a guard, with the first calls of each
// connection or server: gRPC does not say it when they are made. Several calls, because
// the same guard may stand twice around one. The zero value has seen none. It must not be
// copied.
type surroundings struct {
	// known is the connection that was looked at enough, last the one before.
	known, last atomic.Pointer[grpc.ClientConn]
	// looks counts those at last, all those at any.
	looks, all atomic.Int32
}

// The bounds of looks: at one connection, and where calls of several take turns.
const (
	maxLooks    = 8
	maxAllLooks = 16 * maxLooks
)

// at looks at the connection of a call, unless that is known, or all looks have been taken:
// where calls of several connections take turns, they only read from then on.
func (s *surroundings) at(cc *grpc.ClientConn) {
	if s.known.Load() != cc && s.all.Load() < maxAllLooks {
		s.look(cc)
	}
}

// look tells of other guards around this one, and of retries around each other.
func (s *surroundings) look(cc *grpc.ClientConn) {
	if s.last.Swap(cc) != cc {
		s.looks.Store(0)
	}
	if s.looks.Add(1) >= maxLooks {
		s.known.Store(cc)
	}
	if s.all.Add(1) > maxAllLooks {
		return
	}
	if outside.Count(isClientGuard) > 1 {
		misuse.Note(misuse.Misuse{Kind: misuse.GuardedTwice, Where: "connection to " + cc.Target()})
	}
	if outside.Count(outside.IsRetry) > 1 {
		misuse.Note(misuse.Misuse{Kind: misuse.RetriedTwice, Where: "connection to " + cc.Target()})
	}
}

// atServer looks for other guards around that of a server.
func (s *surroundings) atServer(method string) {
	if s.looks.Load() >= maxLooks || s.looks.Add(1) > maxLooks {
		return
	}
	if outside.Count(isServerGuard) > 1 {
		misuse.Note(misuse.Misuse{Kind: misuse.GuardedTwice, Where: "server of " + method})
	}
}

// own is how the runtime names what is in this package.
const own = "github.com/afloat-go/afloat/interceptors."

// isClientGuard reports whether a function is the guard of a client's calls.
func isClientGuard(function string) bool {
	return strings.HasPrefix(function, own+"UnaryClientInterceptor.") || strings.HasPrefix(function, own+"StreamClientInterceptor.")
}

// isServerGuard reports whether a function is the guard of a server's calls.
func isServerGuard(function string) bool {
	return strings.HasPrefix(function, own+"UnaryServerInterceptor.") || strings.HasPrefix(function, own+"StreamServerInterceptor.")
}
