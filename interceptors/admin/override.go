package admin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/internal/excerpt"
	"github.com/afloat-go/afloat/interceptors/internal/names"
	"github.com/afloat-go/afloat/interceptors/override"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	adminv1 "github.com/afloat-go/afloat/proto/afloat/admin/v1"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// nobody stands for the author while it is not known.
const nobody = "nobody"

// commandOf returns what is to be done, but for its end. The override of a trip or a reset is
// a command alone.
func commandOf(r *adminv1.OverrideRequest, author string) override.Override {
	begin := r.GetBegin()
	return config.OverrideOf(&policyv1.Override{
		Scope: r.GetScope(), Action: begin.GetAction(), Places: begin.GetPlaces(), Reason: r.GetReason(), Author: author,
	}, begin.GetFor().AsDuration())
}

// checkCommand reports all that is wrong with a request.
func checkCommand(r *adminv1.OverrideRequest) error {
	var err error
	switch o := commandOf(r, nobody); r.GetCommand().(type) {
	case *adminv1.OverrideRequest_Begin_:
		if d := r.GetBegin().GetFor(); d != nil && d.CheckValid() != nil {
			return invalid("for", "%v; must be in [1s, 24h]", d)
		}
		err = o.Check()
	case *adminv1.OverrideRequest_Trip_, *adminv1.OverrideRequest_Reset_:
		err = o.Command.Check()
	case *adminv1.OverrideRequest_End_:
		if r.GetScope() != nil {
			return invalid("scope", "set; must be left out: the id says which override ends")
		}
		return nil
	default:
		return invalid("command", "none; must be begin, end, trip or reset")
	}
	if err != nil {
		return status.Error(codes.InvalidArgument, err.Error())
	}
	return nil
}

// authorise returns who makes a change.
func authorise(ctx context.Context, r *adminv1.OverrideRequest, a Authoriser) (author string, err error) {
	if a == nil {
		return "", status.Error(codes.PermissionDenied, "admin: nobody may change anything: the program gives no authoriser")
	}
	author, err = a(ctx, r)
	switch {
	case err == nil && author != "":
		const most = 200
		return names.Shown(excerpt.Within(author, most)), nil
	case err == nil:
		return "", status.Error(codes.PermissionDenied, "admin: the authoriser names nobody")
	}
	if _, ok := status.FromError(err); ok {
		return "", err
	}
	return "", status.Error(codes.PermissionDenied, "admin: "+err.Error())
}

// logRefused logs a change that was refused.
func logRefused(ctx context.Context, l *slog.Logger, r *adminv1.OverrideRequest, err error) {
	attrs := []slog.Attr{slog.String("command", wordOf(r)), slog.Any("error", err)}
	if r.GetScope() != nil {
		attrs = append(attrs, slog.String("scope", config.ScopeOf(r.GetScope()).String()), slog.String("reason", r.GetReason()))
	}
	if p, ok := peer.FromContext(ctx); ok && p.Addr != nil {
		attrs = append(attrs, slog.String("peer", p.Addr.String()))
	}
	l.LogAttrs(ctx, slog.LevelWarn, "a change by hand was refused", attrs...)
}

// wordOf returns what is to be done in a word.
func wordOf(r *adminv1.OverrideRequest) string {
	switch r.GetCommand().(type) {
	case *adminv1.OverrideRequest_Begin_:
		return policy.Action(r.GetBegin().GetAction()).String() //nolint:gosec // it was checked
	case *adminv1.OverrideRequest_End_:
		return "end"
	case *adminv1.OverrideRequest_Trip_:
		return "trip"
	default:
		return "reset"
	}
}

// steer does what is to be done.
func steer(set *config.Set, r *adminv1.OverrideRequest, author string) (*adminv1.OverrideResponse, error) {
	s, o := set.Rules().Steering(), commandOf(r, author)
	meant := s.Matching(o.Scope)
	var err error
	switch r.GetCommand().(type) {
	case *adminv1.OverrideRequest_Begin_:
		o, err = s.Override(o)
	case *adminv1.OverrideRequest_End_:
		o, err = s.End(r.GetEnd().GetId(), author)
	case *adminv1.OverrideRequest_Trip_:
		o.Policies, err = s.Trip(o.Command)
	default:
		o.Policies, err = s.Reset(o.Command)
	}
	switch {
	case errors.Is(err, rules.ErrNoOverride):
		return nil, status.Error(codes.NotFound, err.Error())
	case errors.Is(err, rules.ErrTooMany):
		return nil, status.Error(codes.ResourceExhausted, err.Error())
	case err != nil:
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	m := &adminv1.OverrideResponse{Policies: count(o.Policies), Names: namesOf(meant, r)}
	if o.ID != "" {
		m.Override = config.OverrideMessage(o)
	}
	return m, nil
}

// dryRun tells for which policies something would be done.
func dryRun(set *config.Set, r *adminv1.OverrideRequest) (*adminv1.OverrideResponse, error) {
	s := set.Rules().Steering()
	if end := r.GetEnd(); end != nil {
		for _, o := range s.InForce() {
			if o.ID == end.GetId() {
				return &adminv1.OverrideResponse{Override: config.OverrideMessage(o), Policies: count(o.Policies)}, nil
			}
		}
		return nil, status.Error(codes.NotFound, rules.ErrNoOverride.Error())
	}
	meant := s.Matching(commandOf(r, nobody).Scope)
	n := 0
	for _, l := range meant {
		if does(l, r) {
			n++
		}
	}
	return &adminv1.OverrideResponse{Policies: count(n), Names: namesOf(meant, r)}, nil
}

// does reports whether a policy would do what is to be done.
func does(l rules.Live, r *adminv1.OverrideRequest) (ok bool) {
	switch r.GetCommand().(type) {
	case *adminv1.OverrideRequest_Trip_:
		_, ok = l.Policy.(policy.Tripper)
	case *adminv1.OverrideRequest_Reset_:
		_, ok = l.Policy.(policy.Resetter)
	default:
		_, ok = l.Policy.(policy.Overridable)
		switch r.GetBegin().GetAction() {
		case policyv1.Action_ACTION_FORCE_OPEN, policyv1.Action_ACTION_FORCE_CLOSED:
			_, ok = l.Policy.(policy.Tripper)
		case policyv1.Action_ACTION_SET_PLACES:
			ok = ok && l.Kind == "bulkhead"
		default:
		}
	}
	return ok
}

// namesOf returns the names of some policies that do what is to be done.
func namesOf(all []rules.Live, r *adminv1.OverrideRequest) (some []string) {
	const most = 20
	for _, l := range all {
		if len(some) < most && does(l, r) && r.GetEnd() == nil {
			some = append(some, utf8(nameOf(l)))
		}
	}
	return some
}

// nameOf returns what people call a policy.
func nameOf(l rules.Live) string {
	kind, target := l.Kind, ""
	if kind == "" {
		kind = "policy"
	}
	if l.Target != "" {
		target = " at " + l.Target
	}
	return fmt.Sprintf("%s %s%s", kind, l.Name, target)
}
