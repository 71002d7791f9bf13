package dashboard

import (
	"context"
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc"

	dashboardv1 "github.com/afloat-go/afloat/examples/dashboard/proto/dashboard/v1"
)

// The parts of a page, which are also the names of the services they come from.
const (
	Users           = "users"
	Metrics         = "metrics"
	Alerts          = "alerts"
	Activity        = "activity"
	Recommendations = "recommendations"
)

// Parts returns all parts of a page, in the order in which it names those that
// are missing.
func Parts() []string {
	return []string{Users, Metrics, Alerts, Activity, Recommendations}
}

// entriesShown is how much of a user's activity a page has.
const entriesShown = 10

// page is a response under construction.
type page = dashboardv1.GetDashboardResponse

// source asks one service for one part. What it returns puts the part on the
// page.
type source func(ctx context.Context, userID string) (fill func(*page), err error)

// sourceOf returns the source of a part that is asked for over cc.
func sourceOf(part string, cc grpc.ClientConnInterface) (source, error) {
	switch part {
	case Users:
		return fromUsers(dashboardv1.NewUserServiceClient(cc)), nil
	case Metrics:
		return fromMetrics(dashboardv1.NewMetricsServiceClient(cc)), nil
	case Alerts:
		return fromAlerts(dashboardv1.NewAlertsServiceClient(cc)), nil
	case Activity:
		return fromActivity(dashboardv1.NewActivityServiceClient(cc)), nil
	case Recommendations:
		return fromRecommendations(dashboardv1.NewRecommendationsServiceClient(cc)), nil
	default:
		return nil, fmt.Errorf("dashboard: part = %q; must be one of %v", part, Parts())
	}
}

func fromUsers(c dashboardv1.UserServiceClient) source {
	return func(ctx context.Context, userID string) (func(*page), error) {
		got, err := c.GetUser(ctx, &dashboardv1.GetUserRequest{UserId: userID})
		return func(p *page) { p.User = got.GetUser() }, err
	}
}

func fromMetrics(c dashboardv1.MetricsServiceClient) source {
	return func(ctx context.Context, userID string) (func(*page), error) {
		got, err := c.ListSeries(ctx, &dashboardv1.ListSeriesRequest{UserId: userID})
		return func(p *page) { p.Series = got.GetSeries() }, err
	}
}

func fromAlerts(c dashboardv1.AlertsServiceClient) source {
	return func(ctx context.Context, userID string) (func(*page), error) {
		got, err := c.ListAlerts(ctx, &dashboardv1.ListAlertsRequest{UserId: userID})
		return func(p *page) { p.Alerts = got.GetAlerts() }, err
	}
}

func fromRecommendations(c dashboardv1.RecommendationsServiceClient) source {
	return func(ctx context.Context, userID string) (func(*page), error) {
		got, err := c.ListRecommendations(ctx, &dashboardv1.ListRecommendationsRequest{UserId: userID})
		return func(p *page) { p.Products = got.GetProducts() }, err
	}
}

// fromActivity reads a stream to its end. A stream that breaks off is no
// answer: the page shows all of the part or none of it.
func fromActivity(c dashboardv1.ActivityServiceClient) source {
	return func(ctx context.Context, userID string) (func(*page), error) {
		stream, err := c.TailActivity(ctx, &dashboardv1.TailActivityRequest{UserId: userID, Limit: entriesShown})
		if err != nil {
			return nil, err
		}
		var entries []*dashboardv1.Entry
		for {
			got, err := stream.Recv()
			switch {
			case errors.Is(err, io.EOF):
				return func(p *page) { p.Activity = entries }, nil
			case err != nil:
				return nil, err
			}
			entries = append(entries, got.GetEntry())
		}
	}
}
