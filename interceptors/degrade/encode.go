package degrade

import (
	"slices"

	"google.golang.org/protobuf/proto"

	degradev1 "github.com/afloat-go/afloat/proto/afloat/degrade/v1"
)

// MaxTrailerBytes bounds the markers in a trailer or in the details of a
// status. Many peers allow 8 KiB for all headers together and fail the whole
// call if there is more. In base64, which gRPC uses on the wire,
// MaxTrailerBytes is a third of that and leaves room for others.
const MaxTrailerBytes = 2 << 10

// Proto returns the report as a message, nil if nothing is known.
func (r Report) Proto() *degradev1.Degradation {
	if !r.known {
		return nil
	}
	d := &degradev1.Degradation{Truncated: r.truncated, DroppedCount: uint32(r.dropped)} //nolint:gosec // in range
	for _, m := range r.markers {
		d.Fields = append(d.Fields, m.proto())
	}
	return d
}

// capped returns the report in at most size bytes. To save room, it first
// merges the markers of single elements, then drops what is for operators, then
// the names of elements, then the least severe markers. Dropped markers are
// counted.
func (r Report) capped(size int) *degradev1.Degradation {
	d := r.Proto()
	for _, shrink := range []func(Report) Report{Report.collapsed, Report.stripped, Report.unnamed} {
		if proto.Size(d) <= size {
			return d
		}
		r = shrink(r)
		d = r.Proto()
	}
	if proto.Size(d) <= size {
		return d
	}
	return r.worst(size)
}

// collapsed merges the markers of single values of a map.
func (r Report) collapsed() Report {
	return r.mapped(func(m Marker) Marker {
		steps, err := parse(m.Path)
		if n := len(steps) - 1; err == nil && n > 0 && steps[n].kind == keyStep {
			m.Path, m.Keys, m.Count = Elements(format(steps[:n])), []string{steps[n].name}, 1
		}
		return m
	})
}

// stripped leaves out what is for operators.
func (r Report) stripped() Report {
	return r.mapped(func(m Marker) Marker {
		m.Source = Source{}
		return m
	})
}

// unnamed leaves out the names of elements. Their count stays.
func (r Report) unnamed() Report {
	return r.mapped(func(m Marker) Marker {
		m.Keys = nil
		return m
	})
}

func (r Report) mapped(change func(Marker) Marker) Report {
	changed := make([]Marker, len(r.markers))
	for i, m := range r.markers {
		changed[i] = change(m)
	}
	r.markers = normal(changed)
	return r
}

// worst returns as many markers as fit into size bytes, the worst first.
func (r Report) worst(size int) *degradev1.Degradation {
	markers := slices.Clone(r.markers)
	slices.SortStableFunc(markers, func(a, b Marker) int { return b.State.severity() - a.State.severity() })
	d := &degradev1.Degradation{Truncated: true}
	room := size - proto.Size(&degradev1.Degradation{Truncated: true, DroppedCount: 1<<32 - 1})
	dropped := r.dropped
	for _, m := range markers {
		f := m.proto()
		// Its tag, its length and itself.
		need := proto.Size(&degradev1.Degradation{Fields: []*degradev1.FieldDegradation{f}})
		if need > room {
			dropped = plus(dropped, m.fields())
			continue
		}
		room -= need
		d.Fields = append(d.Fields, f)
	}
	d.DroppedCount = uint32(dropped) //nolint:gosec // in range
	return d
}
