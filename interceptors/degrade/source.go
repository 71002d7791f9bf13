package degrade

import (
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/afloat-go/afloat/interceptors/internal/names"
	"github.com/afloat-go/afloat/interceptors/policy"
	degradev1 "github.com/afloat-go/afloat/proto/afloat/degrade/v1"
)

// Source says where a marker comes from.
type Source struct {
	// Name is the source that was asked, as its plan names it.
	Name string
	// Origin is the source that failed first, perhaps several services away.
	Origin string
	// Code is the status code that the source ended with, UNKNOWN for a number that is
	// none.
	Code codes.Code
	// Elapsed is how long the source took.
	Elapsed time.Duration
	// Hops is how many services the marker has passed through, at most [MaxHops].
	Hops int
	// Fallback is the name of the fallback that answered instead, if one did.
	Fallback string
}

// sound returns the source as it can be sent.
func (s Source) sound() Source {
	s.Name, s.Origin, s.Fallback = cut(s.Name), cut(s.Origin), cut(s.Fallback)
	s.Hops, s.Elapsed, s.Code = min(max(s.Hops, 0), MaxHops), max(s.Elapsed, 0), policy.StandardCode(s.Code)
	return s
}

// sourceOf reads a source off the wire.
func sourceOf(info *degradev1.SourceInfo) Source {
	return Source{
		Name:     cut(info.GetSource()),
		Origin:   cut(info.GetOrigin()),
		Code:     policy.StandardCode(codes.Code(max(0, info.GetCode()))),
		Elapsed:  positive(info.GetElapsed()),
		Hops:     int(min(info.GetHops(), MaxHops)),
		Fallback: cut(info.GetFallback()),
	}
}

// proto returns the source on the wire, nil for the zero Source.
func (s Source) proto() *degradev1.SourceInfo {
	if s == (Source{}) {
		return nil
	}
	info := &degradev1.SourceInfo{
		Source:   s.Name,
		Origin:   s.Origin,
		Code:     int32(s.Code),  //nolint:gosec // codes are small
		Hops:     uint32(s.Hops), //nolint:gosec // in range
		Fallback: s.Fallback,
	}
	if s.Elapsed > 0 {
		info.Elapsed = durationpb.New(s.Elapsed)
	}
	return info
}

// cut shortens a name to what is fit to be shown.
func cut(name string) string {
	if len(name) > maxNameBytes {
		name = strings.Clone(name[:maxNameBytes]) // lets the rest go
	}
	return strings.Map(func(r rune) rune {
		if names.Drives(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, ""))
}
