package pages

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/examples/shop/backend/store"
	"github.com/afloat-go/afloat/examples/shop/page"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/interceptors/degrade"
)

// truth is what pages are made of, by the ids of users. What a page says of itself
// is held against it.
type truth map[string]whole

// whole is a page with every part as it should be, and what the user has looked at,
// which stands in for products.
type whole struct {
	page   *shopv1.GetDashboardResponse
	viewed []*shopv1.Product
}

// newTruth reads the data.
func newTruth(data *store.Store) (truth, error) {
	ids, err := data.UserIDs()
	if err != nil {
		return nil, err
	}
	t := truth{}
	for _, id := range ids {
		user, err := data.User(id)
		series, err2 := data.Series(id)
		alerts, err3 := data.Alerts(id)
		entries, err4 := data.Activity(id, page.EntriesShown)
		products, err5 := data.Recommendations(id)
		viewed, err6 := data.Viewed(id)
		if err := errors.Join(err, err2, err3, err4, err5, err6); err != nil {
			return nil, err
		}
		t[id] = whole{viewed: viewed, page: &shopv1.GetDashboardResponse{
			User: user, Series: series, Alerts: alerts, Activity: entries, Products: products,
		}}
	}
	return t, nil
}

// judge returns what is wrong with what a user's page says of its parts: it must be what
// the page holds, and what it may say while a part suffers.
func (t truth) judge(userID string, h *home, s suffering) error {
	said, err := claims(h)
	if err != nil {
		return err
	}
	for _, part := range page.Parts() {
		if m := said[part]; !t.bestFor(userID, s).allows(part, m) {
			return fmt.Errorf("%s is %v (%v)", pathAtEdge(part), m.State, m.Reason)
		}
	}
	if !proto.Equal(h.GetDashboard(), t.made(userID, said)) {
		return fmt.Errorf("the page of %s does not hold what it says", userID)
	}
	return nil
}

// bestFor returns what a part may be on one user's page: a user who has looked at
// nothing yet is shown what everybody likes.
func (t truth) bestFor(userID string, s suffering) suffering {
	if s.part == page.Recommendations && len(t[userID].viewed) == 0 {
		s.as = []degrade.State{degrade.Defaulted}
	}
	return s
}

// made returns the page that says this of its parts.
func (t truth) made(userID string, said map[string]degrade.Marker) *shopv1.GetDashboardResponse {
	p := proto.CloneOf(t[userID].page)
	for part, m := range said {
		if m.State == degrade.Missing {
			field := p.ProtoReflect().Descriptor().Fields().ByTextName(page.Path(part))
			p.ProtoReflect().Clear(field)
		}
	}
	switch said[page.Recommendations].State { //nolint:exhaustive // any other is the same as without
	case degrade.Substituted:
		p.Products = t[userID].viewed
	case degrade.Defaulted:
		p.Products = page.Popular()
	}
	return p
}

// claims returns what a page says of each of its parts.
func claims(h *home) (map[string]degrade.Marker, error) {
	report := degrade.FromResponse(h)
	if !report.Known() {
		return nil, errors.New("the page says nothing of its parts")
	}
	said := map[string]degrade.Marker{}
	for _, part := range page.Parts() {
		said[part] = degrade.Marker{State: degrade.Intact}
	}
	for m := range report.Markers() {
		part, ok := partAt(m.Path)
		if !ok || m.Source != (degrade.Source{}) {
			return nil, fmt.Errorf("%q is %v, which is not for clients", m.Path, m.State)
		}
		said[part] = m
	}
	return said, nil
}

// partAt returns the part that a path at the edge leads to.
func partAt(path string) (string, bool) {
	for _, part := range page.Parts() {
		if pathAtEdge(part) == path {
			return part, true
		}
	}
	return "", false
}

// pathAtEdge returns the field of the edge's answer that holds a part.
func pathAtEdge(part string) string { return degrade.Join("dashboard", page.Path(part)) }
