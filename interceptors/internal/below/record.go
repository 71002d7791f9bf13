package below

import (
	"bytes"
	"context"
	"reflect"
	"slices"
	"strings"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/afloat-go/afloat/interceptors/internal/connecterror"
)

// Key is the key under which a context has its *[Record].
type Key struct{}

// MaxErrors is how many different errors a [Record] holds.
const MaxErrors = 64

// Record is the errors that came from below while one request was answered. It is safe
// for concurrent use. The zero Record is empty and ready. It must not be copied.
type Record struct {
	mu   sync.Mutex
	errs []error
	// full: there were more errors than are held, so any error may be one of them.
	full bool
}

// Note notes that a guarded call made under ctx returns err, and returns err. It does
// nothing for nil, or if ctx has no [Record].
func Note(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if r, ok := ctx.Value(Key{}).(*Record); ok {
		r.add(err)
	}
	return err
}

// add holds one more error, unless an equal one is held.
func (r *Record) add(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.full, slices.ContainsFunc(r.errs, func(held error) bool { return same(held, err) }):
	case len(r.errs) == MaxErrors:
		r.full, r.errs = true, nil
	default:
		r.errs = append(r.errs, err)
	}
}

// Covers reports whether err came from below, or something in it did: an error in its
// tree is one of the record, or the status of one has the text or a detail of one of
// the record, as copies of a status have, or holds all that a status of the record says
// as an error.
func (r *Record) Covers(err error) bool {
	r.mu.Lock()
	errs, full := r.errs, r.full
	r.mu.Unlock()
	if full || len(errs) == 0 {
		return full
	}
	var parts []part // made when the first status is met
	return Any(err, func(node error) bool {
		if slices.ContainsFunc(errs, func(held error) bool { return same(held, node) }) {
			return true
		}
		s, ok := node.(interface{ GRPCStatus() *status.Status })
		if !ok {
			return false
		}
		if parts == nil {
			parts = partsOf(errs)
		}
		return slices.ContainsFunc(parts, part{details: details(s.GRPCStatus()), texts: [2]string{s.GRPCStatus().Message()}}.shared)
	})
}

// grpcError is the type of errors that gRPC makes of a status.
var grpcError = reflect.TypeOf(status.Error(codes.Unknown, "")) //nolint:gochecknoglobals // a constant

// same reports whether two errors are one, or equal statuses.
func same(a, b error) bool {
	kind := reflect.TypeOf(a)
	if kind != reflect.TypeOf(b) {
		return false
	}
	if equal, ok := a.(interface{ Is(target error) bool }); ok && kind == grpcError {
		return equal.Is(b)
	}
	return reflect.ValueOf(a).Comparable() && reflect.ValueOf(b).Comparable() && a == b //nolint:errorlint // identity is meant
}

// part is what a copy of an error may share with it.
type part struct {
	texts   [2]string // of its status, and its own
	details []*anypb.Any
}

// partsOf returns what copies of errors may share with them.
func partsOf(errs []error) []part {
	parts := make([]part, len(errs))
	for i, err := range errs {
		s, ok := connecterror.Status(err)
		if !ok {
			s = status.Convert(err)
		}
		parts[i] = part{[2]string{s.Message(), err.Error()}, details(s)}
	}
	return parts
}

// within reports whether a text has in it what gRPC makes of the status of p.
// Other texts may be as short as "EOF", which says nothing where it is within another.
func (p part) within(text string) bool {
	said := p.texts[1]
	return strings.HasPrefix(said, "rpc error: code = ") && strings.Contains(text, said)
}

// details returns those of a status.
func details(s *status.Status) []*anypb.Any { return s.Proto().GetDetails() }

// shared reports whether a copy has the text, or one of the details, of an original.
func (p part) shared(original part) bool {
	text := p.texts[0]
	if text != "" && slices.Contains(original.texts[:], text) || original.within(text) {
		return true
	}
	return slices.ContainsFunc(p.details, func(a *anypb.Any) bool {
		return slices.ContainsFunc(original.details, func(b *anypb.Any) bool {
			return a.GetTypeUrl() == b.GetTypeUrl() && bytes.Equal(a.GetValue(), b.GetValue())
		})
	})
}
