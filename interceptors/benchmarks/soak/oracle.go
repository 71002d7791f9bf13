package main

import (
	"slices"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/degrade"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// oracle compares what a caller got with what was done for its call.
type oracle struct {
	*breaches

	call   *call
	report degrade.Report
}

// expect checks the state of a field. Of a report that had to be cut, only what it says
// is known.
func (o oracle) expect(path string, want degrade.State, why string) {
	got := o.report.State(path)
	if got == want || got == degrade.Unknown && o.report.Truncated() && want == degrade.Intact {
		return
	}
	o.add("markers", "call %d: %q is %v, want %v, because %s; the report: %v", o.call.id, path, got, want, why, o.markers())
}

// markers returns the first few markers.
func (o oracle) markers() []degrade.Marker {
	all := slices.Collect(o.report.Markers())
	return all[:min(len(all), 8)]
}

// value reads a value, which must be the user's own. It returns what the backend did, and
// whether it was for another call.
func (o oracle) value(text string) (d deed, old, ok bool) {
	t, err := parseToken(text)
	if err != nil {
		o.add("users", "call %d: %v", o.call.id, err)
		return d, false, false
	}
	if t.user != o.call.user {
		o.add("users", "call %d of %s got %q, a value of %s", o.call.id, o.call.user, text, t.user)
		return d, false, false
	}
	if t.call != o.call.id {
		return deed{made: t}, true, true
	}
	if d, ok = o.call.deedOf(t); !ok {
		o.add("markers", "call %d got %q, which nobody made", o.call.id, text)
	}
	return d, false, ok
}

// page checks a page for which n profiles were asked for.
func (o oracle) page(p *testv1.GetPageResponse, n int) {
	if !o.report.Known() {
		o.add("markers", "call %d: nothing is known of a page", o.call.id)
		return
	}
	o.account(p.GetAccount())
	o.banner("GetPage", "banner", p.GetBanner())
	o.profiles(p.GetProfiles(), n)
	for m := range o.report.Markers() {
		if m.Source != (degrade.Source{}) {
			o.add("edge", "call %d: the edge tells the source of %q: %+v", o.call.id, m.Path, m.Source)
		}
	}
}

// account checks the account, for which there are two backends, former answers and a
// fixed value.
func (o oracle) account(a *testv1.GetAccountResponse) {
	switch {
	case a == nil && o.report.State("account") == degrade.Missing:
		o.excused("GetPage", "account")
		return
	case a == nil:
		o.absent("account", "account")
		return
	case a.GetPlan() == fixedPlan:
		o.expect("account", degrade.Defaulted, "it has the fixed value")
		return
	}
	d, old, ok := o.value(a.GetPlan())
	switch {
	case !ok:
	case d.made.origin == "b":
		o.expect("account", degrade.Substituted, "the second backend made it")
	case old:
		o.expect("account", degrade.Stale, "a former call made it")
	case d.stale:
		o.expect("account.plan", degrade.Stale, "the backend said so")
		o.expect("account", degrade.Partial, "its plan is stale")
	default:
		o.expect("account", degrade.Intact, "it is as the backend made it")
	}
}

// banner checks a text of which the response of a plan has a copy.
func (o oracle) banner(plan, path, text string) {
	if text == "" {
		if o.report.State(path) == degrade.Missing {
			o.excused(plan, path)
		} else {
			o.absent("plain", path)
		}
		return
	}
	d, old, ok := o.value(text)
	switch {
	case !ok:
	case old:
		o.add("markers", "call %d: %q is of a former call, and there is no store for it", o.call.id, path)
	case d.stale:
		o.expect(path, degrade.Partial, "the response that it is from is stale in part")
	default:
		o.expect(path, degrade.Intact, "it is as the backend made it")
	}
}

// excused checks that a missing field is one whose source did not answer in time.
func (o oracle) excused(plan, path string) {
	if e, ok := o.call.endOf(plan + " " + path); ok && e.Err == nil && !e.Abandoned {
		o.add("markers", "call %d: %q is missing, but its source answered in time", o.call.id, path)
	}
}

// absent checks that a field that is empty without a mark is one that there is none of.
func (o oracle) absent(what, path string) {
	if o.call.answered(what, codes.NotFound) == 0 {
		o.expect(path, degrade.Missing, "it is empty, and no backend said that there is none")
	}
}

// profiles checks the profiles of a page that asked for n.
func (o oracle) profiles(all []*testv1.GetProfileResponse, n int) {
	const path = "profiles"
	old, stale, last := 0, 0, -1
	for _, p := range all {
		d, former, ok := o.value(p.GetName())
		if !ok {
			return
		}
		at := slices.Index(keysOf(&testv1.GetPageRequest{Id: "40"}), d.made.key)
		if at <= last {
			o.add("markers", "call %d: the profile %q is out of order, or there twice", o.call.id, d.made.key)
		}
		last = at
		switch {
		case former:
			old++
		case d.stale:
			stale++
		}
	}
	none := o.call.answered("profile", codes.NotFound)
	if len(all) == 0 && n > 0 && o.report.State(path) == degrade.Missing {
		return
	}
	gone := o.counted(path+"[*]", degrade.Missing)
	if most := n - len(all); gone > most || gone < most-none {
		o.add("markers", "call %d: %d profiles of %d arrived, at most %d are none, %d are marked missing: %v", o.call.id, len(all), n, none, gone, o.markers())
	}
	// What the elements' own reports say is united, without a count.
	if got := o.counted(path+"[*]", degrade.Stale); got > 0 != (old > 0) {
		o.add("markers", "call %d: %d profiles are of former calls, %d are marked stale: %v", o.call.id, old, got, o.markers())
	}
	if got := o.counted(path+"[*].name", degrade.Stale); got > 0 != (stale > 0) {
		o.add("markers", "call %d: %d names are stale, %d are marked: %v", o.call.id, stale, got, o.markers())
	}
}

// counted returns how many elements the markers at the path count.
func (o oracle) counted(path string, s degrade.State) (n int) {
	for m := range o.report.Markers() {
		if m.Path == path && m.State == s {
			n += max(m.Count, 1)
		}
	}
	return n
}

// plain checks a response of which one half is of a hostile backend.
func (o oracle) plain(p *testv1.GetPlainResponse) {
	if !o.report.Known() {
		o.add("markers", "call %d: nothing is known of a plain response", o.call.id)
		return
	}
	if o.report.Len() > 500 {
		o.add("markers", "call %d: %d markers in a trailer", o.call.id, o.report.Len())
	}
	o.banner("GetPlain", "text", p.GetText())
	if p.GetProfile() == nil && o.report.State("profile") == degrade.Intact && o.call.answered("hostile", codes.NotFound) == 0 {
		o.add("markers", "call %d: the profile is not there, and is not marked", o.call.id)
	}
}

// name checks a name that was passed through.
func (o oracle) name(text string) {
	d, old, ok := o.value(text)
	switch {
	case !ok:
	case old:
		o.expect("name", degrade.Stale, "a former call made it")
	case d.stale:
		o.expect("name", degrade.Stale, "the backend said so")
	default:
		o.expect("name", degrade.Intact, "it is as the backend made it")
	}
}

// failed checks an error: its code is one that something in the run explains, and its
// text is not that of a backend.
func (o oracle) failed(err error) {
	code := status.Code(err)
	switch code {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.ResourceExhausted, codes.Aborted:
	default:
		if o.call.answered("", code) == 0 {
			o.add("errors", "call %d: %v, which nobody said", o.call.id, err)
		}
	}
	if strings.Contains(err.Error(), innerHost) {
		o.add("edge", "call %d: the edge tells what is behind it: %.200v", o.call.id, err)
	}
	if r := policy.ReasonOf(err); r != "" && policy.IsRejection(err) && r != policy.ReasonFaultInjected && r.Code() != code {
		o.add("errors", "call %d: refused for %s, with %v", o.call.id, r, code)
	}
}
