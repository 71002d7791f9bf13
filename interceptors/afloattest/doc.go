// Package afloattest helps to test services that use afloat: what they answer while the
// services that they need fail, hang or slow down.
//
//   - [Serve] runs a server in memory, guarded on both sides as in production, and
//     returns a connection to it.
//   - A [Script] says what the server does with calls: it fails them, hangs, takes its time
//     or ends streams, always or at given calls.
//   - A [Conn] is a test double of a connection, without any server. What it says of its
//     responses arrives as a server's markers do.
//   - [WantComplete], [WantMarkers], [WantState] and [WantReason] check what came of it.
//
// All of it works within a testing/synctest bubble, in which time is virtual: a test of a
// timeout of a minute takes no time, and what is left behind fails the test. Servers,
// connections and scripts must be made in the bubble.
//
//	func TestPageWithoutItsBanner(t *testing.T) {
//		synctest.Test(t, func(t *testing.T) {
//			script := afloattest.NewScript(t)
//			script.Always(pb.Banners_GetBanner_FullMethodName, afloattest.Hang())
//			cc := afloattest.Serve(t, func(s grpc.ServiceRegistrar) {
//				pb.RegisterBannersServer(s, banners{})
//			}, afloattest.WithScript(script))
//			…
//			afloattest.WantState(t, report, "banner", degrade.Missing)
//		})
//	}
//
// Mocks that a generator made of a client's interface, instead of a connection, hand out
// markers with degrade.Deliver. Policies of one's own are checked by package policytest.
package afloattest
