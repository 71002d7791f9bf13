package markerfield_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/internal/markerfield"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	degradev1 "github.com/afloat-go/afloat/proto/afloat/degrade/v1"
)

// A response of many messages without markers is looked through without allocating for
// each, and one of messages deep within each other with what protobuf allocates to reach
// the next. Neither is copied. With one marker within the last of them it is.
func TestLookingForNestedMarkersIsCheap(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	const most, depth = 20_000, 5_000
	wide, deep, last := &testv1.GetProfileResponse{}, &testv1.GetProfileResponse{}, &testv1.Item{}
	for range most {
		wide.Items = append(wide.Items, &testv1.Item{Name: "n", Price: 1})
	}
	wide.Items = append(wide.Items, last)
	end := deep
	for range depth {
		end.Parent = &testv1.GetProfileResponse{Name: "n", Ranks: map[int32]string{1: "a"}}
		end = end.GetParent()
	}
	for name, m := range map[string]*testv1.GetProfileResponse{"wide": wide, "deep": deep} {
		want := float64(10)
		if name == "deep" {
			want += depth
		}
		if got := testing.AllocsPerRun(3, func() {
			if markerfield.WithoutNested(m) != proto.Message(m) {
				t.Errorf("%s: copied, but it has no markers", name)
			}
		}); got > want {
			t.Errorf("%s: %v allocations; want %v at most", name, got, want)
		}
	}
	marked := &degradev1.Degradation{Truncated: true}
	last.Seller, end.Degradation = &testv1.GetProfileResponse{Degradation: marked}, marked
	for name, m := range map[string]*testv1.GetProfileResponse{"wide": wide, "deep": deep} {
		clean, want := markerfield.WithoutNested(m), proto.CloneOf(m)
		if name == "wide" {
			want.GetItems()[most].GetSeller().Degradation = nil
		} else {
			last := want
			for last.GetParent() != nil {
				last = last.GetParent()
			}
			last.Degradation = nil
		}
		if !proto.Equal(clean, want) || clean == proto.Message(m) {
			t.Errorf("%s: not all markers are gone, or more than them", name)
		}
	}
}
