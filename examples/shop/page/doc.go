// Package page is the service that puts a page together from five others, with
// a sixth to stand in for one. It shows what afloat does in such a service: its
// connections carry a guard, made from rules in a few lines, and a plan says how a
// page is made of its sources.
//
// GetDashboard asks all five at once and answers within its own deadline. Without
// the user there is no page, but an old copy of the user will do. In place of
// recommendations a page shows what the user has looked at, which another service
// knows, and in place of that what everybody likes, which is at hand. Any other part
// may be missing. The page says so and why. A part behind an open circuit is known
// to be missing at once, so that the page does not wait for it.
package page
