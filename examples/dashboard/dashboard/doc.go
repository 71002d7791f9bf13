// Package dashboard is the service that puts a page together from five others.
// It shows what afloat does in such a service: its connections carry a guard, made
// from rules in a few lines, and a plan says how a page is made of five sources.
//
// GetDashboard asks all five at once and answers within its own deadline. Without
// the user there is no page, but an old copy of the user will do. In place of
// recommendations a page shows what everybody likes, and any other part may be
// missing; the page then says so and why. A part behind an open circuit is known
// to be missing at once, so that the page does not wait for it.
package dashboard
